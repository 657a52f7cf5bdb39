//! The behaviour of each method on this machine's adapter: budgets, gradients at the masks, and the cost of a step.

use pollster::block_on;

use lacuna::check;
use lacuna::config::{Config, Estimator, MethodName, Schedule};
use lacuna::engine::MASKS;
use lacuna::methods::{highest, method};
use lacuna::model::{Bytes, Extra, Model};
use lacuna::random::{Stream, Threefry};
use lacuna::reference::{self, Memory};
use lacuna::schedule::{plain, step_at};
use lacuna::shared::{MISSING, Sample, State, part};
use lacuna::trainer::{Trainer, tensors_of};

use crate::adapter::machine;
use crate::small_set::{Data, images};

/// 80 images to train on and 10 to test on, of four classes.
fn pictures(image: (u32, u32, u32)) -> Data {
    images(80, 10, image, 4, false)
}

/// A fully connected network with gated inputs, and a convolutional one.
fn networks() -> [(Config, Data); 3] {
    let config = |model: &str, gate_inputs| Config {
        model: model.to_owned(),
        gate_inputs,
        keep_ratio: 0.4,
        keep_start: 0.999,
        batch_size: 16,
        steps: 40,
        structure_every: 5,
        learning_rate: 0.02,
        seed: 3,
        ..Config::default()
    };
    [
        (config("mlp-17-9", true), pictures((1, 1, 14))),
        (config("cnn-4-5", false), pictures((2, 7, 7))),
        (config("mobilenet-2", false), pictures((2, 7, 7))),
    ]
}

fn floats(run: &Trainer, name: &str) -> Vec<f32> {
    block_on(run.engine().read(run.engine().buffers.get(name).unwrap())).unwrap()
}

fn scores(run: &Trainer) -> Vec<f32> {
    floats(run, "scores")[..run.model.units() as usize].to_vec()
}

#[test]
fn every_method_trains_and_none_exceeds_its_budget_at_any_step() {
    let machine = machine();
    for (config, data) in networks() {
        for &name in MethodName::ALL {
            let label = format!("{} on {}", name.name(), config.model);
            let mut run = data.start(&machine, Config { method: name, ..config.clone() });
            let units = run.whole.units();
            let mut losses = Vec::new();
            while run.step() < run.steps() {
                let step = run.step();
                let snapshot = block_on(run.advance(1)).unwrap();
                let record = snapshot.records[0];
                losses.push(f64::from(record.loss));
                let groups = run.model.groups.iter().zip(record.kept);
                let gated: Vec<u32> = groups.filter(|(group, _)| group.gated).map(|(_, kept)| kept).collect();
                assert!(gated.iter().all(|&kept| kept > 0), "{label}, step {step}: {gated:?}");
                let annealed = step_at(&run.config, units, step, run.steps()).budget;
                let fixed = (run.config.keep_ratio * f64::from(units)) as f32;
                let sum: u32 = gated.iter().sum();
                match name {
                    // Drawn masks are within the budget on average; their probabilities always are.
                    MethodName::Vrpge | MethodName::Reinforce | MethodName::Ste => {
                        assert!(snapshot.sum_scores <= f64::from(annealed) * (1.0 + 1e-6), "{label}, step {step}");
                    }
                    // After its choice the mask is exact.
                    MethodName::Fisher if run.engine().params.learn_scores == part::LEARN => {
                        assert!(snapshot.sum_scores <= f64::from(annealed) * (1.0 + 1e-6), "{label}, step {step}");
                    }
                    MethodName::Magnitude | MethodName::Fisher | MethodName::FisherPruning => {
                        assert!(sum as f32 <= annealed, "{label}, step {step}: {sum} of {annealed}");
                    }
                    MethodName::Set | MethodName::Rigl | MethodName::Snip | MethodName::Static => {
                        assert!(sum as f32 <= fixed, "{label}, step {step}: {sum} of {fixed}");
                    }
                    MethodName::SmallDense => assert_eq!(sum, run.model.units(), "{label}"),
                    MethodName::Dense => assert_eq!(sum, units, "{label}"),
                }
            }
            let cost = run.cost();
            match name {
                MethodName::Dense => assert_eq!(cost.near_dense, cost.total(), "{label}"),
                MethodName::Ste => assert!(cost.near_dense == cost.total() && cost.structure == 0, "{label}: {cost:?}"),
                MethodName::Static | MethodName::Set => assert_eq!(cost.near_dense, 0, "{label}: {cost:?}"),
                MethodName::SmallDense => {}
                MethodName::Rigl | MethodName::Snip => {
                    assert!(cost.near_dense >= cost.structure && cost.structure > 0, "{label}: {cost:?}");
                }
                // They start with everything kept.
                _ => assert!(0 < cost.near_dense && cost.near_dense < cost.total(), "{label}: {cost:?}"),
            }
            let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
            println!("{label}: loss {:.3} to {:.3}", mean(&losses[..8]), mean(&losses[32..]));
            assert!(losses.iter().all(|loss| loss.is_finite()), "{label}");
            let evaluation = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
            assert_eq!(evaluation.images, 10);
            assert!(matches!(name, MethodName::SmallDense) || run.model.units() == units);
        }
    }
}

#[test]
fn the_memory_of_a_run_is_predicted_exactly() {
    let machine = machine();
    for (config, data) in networks() {
        let whole = Model::new(&config.model, data.shape.image(), data.shape.classes, config.gate_inputs).unwrap();
        let stated = |config: &Config| Bytes::of(&tensors_of(config, &whole, data.shape.train_rows), config.batch_size);
        let dense = stated(&Config { method: MethodName::Dense, ..config.clone() });
        assert_eq!(dense, whole.bytes(config.batch_size, 1), "a dense run stores the values of one mask");
        for &name in MethodName::ALL {
            let label = format!("{} on {}", name.name(), config.model);
            let config = Config { method: name, ..config.clone() };
            let mut run = data.start(&machine, config.clone());
            assert_eq!(run.memory(), stated(&config), "{label}");
            assert_eq!(run.bytes(), run.memory().total(), "{label}");
            let saving = Model { saves_memory: true, ..whole.clone() };
            let first = run.bytes();
            // A copy that ranks units computes all of them.
            let most = [&run.model, &saving.with_gates()].map(|model| model.bytes(config.batch_size, MASKS).total());
            while run.step() < run.steps() {
                block_on(run.advance(8)).unwrap();
                let bytes = run.memory();
                assert!(bytes.total() <= most.iter().sum(), "{label}, step {}", run.step());
                assert_eq!(bytes.optimiser, stated(&config).optimiser, "{label}, step {}", run.step());
                if name.facts().keeps_all || name.facts().computes_all {
                    assert_eq!(bytes, stated(&config), "{label}, step {}: nothing more is allocated during the run", run.step());
                }
            }
            match name {
                MethodName::Vrpge | MethodName::Reinforce | MethodName::Fisher => {
                    let expected = whole.clone().with_passes(name.facts().forwards, config.batch_size).drawn_at(config.budget().at_first());
                    assert_eq!(first, expected.bytes(config.batch_size, MASKS).total(), "{label}");
                    assert!(run.bytes() <= first, "{label}: the memory does not grow with a falling budget");
                }
                // The values before and after each gate.
                MethodName::Ste => assert_eq!(first, whole.with_gates().bytes(config.batch_size, MASKS).total(), "{label}"),
                MethodName::Dense => assert_eq!(first, dense.total(), "{label}"),
                MethodName::SmallDense => {
                    assert_eq!(first, run.model.bytes(config.batch_size, 1).total(), "{label}");
                    assert!(first < dense.total(), "{label}");
                }
                MethodName::Static | MethodName::Set | MethodName::FisherPruning => assert!(first < dense.total(), "{label}"),
                MethodName::Rigl | MethodName::Snip | MethodName::Magnitude => {}
            }
        }
        // A run that ends before the first choice has no copy.
        let short = Config { method: MethodName::Rigl, steps: config.structure_every, ..config.clone() };
        assert_eq!(stated(&short), stated(&Config { method: MethodName::Static, ..short.clone() }));
        assert_eq!(data.start(&machine, short.clone()).memory(), stated(&short));
    }
}

#[test]
fn a_copy_that_is_no_longer_needed_is_not_counted() {
    let machine = machine();
    let [(config, data), ..] = networks();
    let of = |method| Config { method, compact: true, ..config.clone() };
    let mut snip = data.start(&machine, of(MethodName::Snip));
    let both = snip.bytes();
    block_on(snip.advance(8)).unwrap();
    assert!(snip.bytes() < both, "the chosen mask needs less room, and the copy is still there");
    let (before, after) = block_on(snip.compact()).unwrap();
    assert!(after < before);
    assert_eq!(snip.memory(), snip.engine().network().bytes(config.batch_size, 1), "the copy is dropped with the units");
    let kept = block_on(snip.checkpoint()).unwrap();
    let mut again = data.start(&machine, of(MethodName::Snip));
    again.restore(kept).unwrap();
    assert_eq!(again.memory(), snip.memory());
}

/// Evaluations of a network with buffers for one mask equal those with buffers for two, where the second mask is sampled.
#[test]
fn masks_that_are_decided_are_evaluated_once_with_the_same_numbers() {
    let machine = machine();
    for (config, data) in networks() {
        for &name in MethodName::ALL {
            let label = format!("{} on {}", name.name(), config.model);
            let mut run = data.start(&machine, Config { method: name, ..config.clone() });
            block_on(run.advance(12)).unwrap();
            let found = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
            let is_decided = scores(&run).iter().all(|score| [0.0, 1.0].contains(score));
            assert_eq!(run.engine().masks, name.facts().masks(), "{label}");
            assert!(is_decided || run.engine().masks == MASKS, "{label}: scores between 0 and 1 need two masks");
            if run.engine().masks == 1 {
                assert_eq!((found.loss, found.decided), (found.sampled_loss, found.sampled), "{label}");
                assert!(run.engine().evaluation_step().iter().all(|dispatch| dispatch.masks == 1), "{label}");
            }
            let (rows, batch) = (data.shape.test_rows, config.batch_size);
            let mut both = run.evaluator(rows, batch).unwrap();
            block_on(run.update_evaluator(&mut both)).unwrap();
            let first = (data.shape.train_rows * data.shape.inputs) as usize;
            let padded = |bytes: &[u8]| [bytes, &[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()]].concat();
            both.write(&both.buffers.inputs, &padded(&data.inputs[first..]));
            both.write(&both.buffers.labels, &padded(&data.labels[data.shape.train_rows as usize..]));
            let images = plain((0..batch).map(|image| if image < rows { image } else { MISSING }));
            let record = block_on(both.evaluate(1, &images)).unwrap().records[0];
            let mean = |loss: f32| f64::from(loss) * f64::from(batch) / f64::from(rows);
            assert_eq!((mean(record.loss), record.correct), (found.loss, (found.decided * f64::from(rows)).round() as u32), "{label}");
            if is_decided {
                assert_eq!((record.probe_loss, record.probe_correct), (record.loss, record.correct), "{label}");
            }
        }
    }
}

/// Changes every weight a little: where a bias is 0 and nothing before it is kept, the input of a relu is exactly 0, where it has no derivative.
fn shift_weights(run: &Trainer) {
    let mut random = Threefry::new(23, Stream::Data, 1);
    let moved: Vec<f32> = floats(run, "weights").into_iter().map(|weight| weight + 0.1 * random.unit_interval() - 0.05).collect();
    run.engine().write(&run.engine().buffers.weights, &moved);
}

/// Mean cross-entropy of the fully connected network of `run` on a batch, with its gated units multiplied by `gates` (`[U]`): whole matrices in f64.
fn gated_loss(run: &Trainer, data: &Data, weights: &[f32], gates: &[f64], batch: &[Sample]) -> f64 {
    let (model, width, first) = (&run.model, data.shape.inputs as usize, data.shape.train_rows as usize);
    let means: Vec<f64> =
        (0..width).map(|i| (0..first).map(|row| f64::from(data.inputs[row * width + i])).sum::<f64>() / first as f64).collect();
    let mut sum = 0.0;
    for sample in batch {
        let bytes = &data.inputs[sample.row as usize * width..][..width];
        let mut x: Vec<f64> =
            bytes.iter().zip(&means).map(|(&byte, mean)| (f64::from(byte) - mean) / 255.0 / f64::from(data.shape.deviation)).collect();
        for (l, layer) in model.layers.iter().enumerate() {
            let from = &model.groups[l];
            let gate = |i: usize| if from.gated { gates[from.first_unit as usize + i] } else { 1.0 };
            let weight = |i: usize, o: usize| f64::from(weights[layer.first_weight as usize + i * layer.outputs as usize + o]);
            let z = (0..layer.outputs as usize).map(|o| {
                let sum: f64 = (0..x.len()).map(|i| gate(i) * x[i] * weight(i, o)).sum();
                let z = sum + weight(layer.inputs as usize, o);
                if l + 1 == model.layers.len() { z } else { z.max(0.0) }
            });
            x = z.collect();
        }
        let highest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        sum += x.iter().map(|z| (z - highest).exp()).sum::<f64>().ln() + highest - x[usize::from(data.labels[sample.row as usize])];
    }
    sum / batch.len() as f64
}

/// `[U]` dL/dm of that network by finite differences.
fn differences(run: &Trainer, data: &Data, weights: &[f32], mask: &[f64], batch: &[Sample]) -> Vec<f64> {
    // So small that no relu changes in between.
    const H: f64 = 1e-8;
    let at = |unit: usize, shift: f64| {
        let mut gates = mask.to_vec();
        gates[unit] += shift;
        gated_loss(run, data, weights, &gates, batch)
    };
    (0..mask.len()).map(|unit| (at(unit, H) - at(unit, -H)) / (2.0 * H)).collect()
}

fn assert_close(label: &str, found: &[f64], expected: &[f64]) {
    let scale = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    assert!(scale > 1e-4, "{label}: there is a gradient");
    for (unit, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-4 * scale, "{label}, unit {unit}: {found}, by differences {expected}");
    }
}

/// Multiply-adds of a pass that ranks every unit of `run`: the network with gates, forward, and backward as far as the gates of the inputs.
fn ranking_work(run: &Trainer) -> u64 {
    let gated = run.model.with_gates();
    let (asked, dense) = (gated.multiply_adds(&gated.sizes(), None), run.model.multiply_adds(&run.model.sizes(), None));
    // The backward pass is longer than that of a dense step where the inputs have gates.
    assert_eq!((asked.forward, asked.backward > dense.backward), (dense.forward, run.model.groups[0].gated));
    assert!(asked.backward >= dense.backward);
    asked.total() * u64::from(run.config.batch_size)
}

#[test]
fn rigl_computes_the_gradient_at_every_mask_and_grows_the_highest() {
    let machine = machine();
    for (config, data) in networks() {
        let run = data.start(&machine, Config { method: MethodName::Rigl, ..config });
        shift_weights(&run);
        grows_the_highest(run, &data);
    }
}

fn grows_the_highest(mut run: Trainer, data: &Data) {
    let mut exchanges = 0;
    while run.step() < run.steps() {
        let step = run.step();
        let before = scores(&run);
        let (weights, cost) = (floats(&run, "weights"), run.cost());
        let chooses = method(MethodName::Rigl).chooses_before(&run.config.plan(), step, run.steps());
        let gates = if chooses { block_on(run.mask_gradients()).unwrap() } else { Vec::new() };
        assert_eq!(before, scores(&run), "computing gradients changes nothing");
        block_on(run.advance(1)).unwrap();
        let after = scores(&run);
        // Computed here, and by the run itself.
        let asked = if chooses { 2 * ranking_work(&run) } else { 0 };
        assert_eq!(run.cost().structure - cost.structure, asked, "step {step}");
        assert!(run.cost().near_dense - cost.near_dense >= asked, "step {step}: a dense pass is counted as one");
        if !chooses {
            assert_eq!(before, after, "step {step}");
            continue;
        }
        exchanges += 1;
        let batch = run.batch(step);
        let mask: Vec<f64> = before.iter().map(|&score| f64::from(score)).collect();
        // Convolutional networks are compared with their references below.
        if run.model.maps.iter().all(|map| map.pixels() == 1) {
            assert_close(&format!("step {step}"), &gates, &differences(&run, data, &weights, &mask, &batch));
        }
        let came: Vec<usize> = (0..before.len()).filter(|&unit| before[unit] == 0.0 && after[unit] == 1.0).collect();
        let gone = (0..before.len()).filter(|&unit| before[unit] == 1.0 && after[unit] == 0.0).count();
        assert_eq!(came.len(), gone, "step {step}");
        let least = came.iter().map(|&unit| gates[unit].abs()).fold(f64::INFINITY, f64::min);
        assert!((0..before.len()).all(|unit| before[unit] == 1.0 || came.contains(&unit) || gates[unit].abs() <= least), "step {step}");
    }
    assert_eq!(exchanges, 5);
}

#[test]
fn snip_keeps_the_most_sensitive_units_by_finite_differences() {
    let (machine, [(config, data), ..]) = (machine(), networks());
    let mut run = data.start(&machine, Config { method: MethodName::Snip, ..config });
    let (weights, batch) = (floats(&run, "weights"), run.batch(0));
    let sensitivity: Vec<f64> =
        differences(&run, &data, &weights, &vec![1.0; run.model.units() as usize], &batch).iter().map(|gate| gate.abs()).collect();
    let budget = (run.config.keep_ratio * f64::from(run.model.units())).floor();
    block_on(run.advance(1)).unwrap();
    assert_eq!(scores(&run), highest(&run.model, &sensitivity, budget));
    let cost = run.cost();
    assert_eq!(cost.structure, ranking_work(&run), "one dense pass over one batch");
    assert!(run.bytes() > run.model.bytes(16, 1).total(), "the dense copy is counted");
    while run.step() < run.steps() {
        block_on(run.advance(64)).unwrap();
    }
    assert_eq!((run.cost().structure, scores(&run)), (cost.structure, highest(&run.model, &sensitivity, budget)));
}

#[test]
fn snip_keeps_the_channels_that_the_dense_network_is_most_sensitive_to() {
    let (machine, [_, (config, data), _]) = (machine(), networks());
    let mut run = data.start(&machine, Config { method: MethodName::Snip, ..config });
    let sensitivity: Vec<f64> = block_on(run.mask_gradients()).unwrap().iter().map(|gate| gate.abs()).collect();
    let asked = run.cost();
    block_on(run.advance(1)).unwrap();
    let budget = (run.config.keep_ratio * f64::from(run.model.units())).floor();
    assert_eq!(scores(&run), highest(&run.model, &sensitivity, budget));
    assert_eq!(run.cost().structure, 2 * asked.structure, "computed here, and by the run itself");
}

/// `[U]` root mean square of the weights that lead to a unit; of an input, of those that lead away from it: computed unit by unit.
fn norms(run: &Trainer, weights: &[f32]) -> Vec<f64> {
    let mut norms = Vec::new();
    for (index, group) in run.model.groups.iter().enumerate().filter(|(_, group)| group.gated) {
        for unit in 0..group.size {
            let mut own = Vec::new();
            for layer in &run.model.layers {
                let at = |tap: u32, input: u32, output: u32| {
                    f64::from(weights[(layer.first_weight + (tap * layer.inputs + input) * layer.outputs + output) as usize])
                };
                if let Extra::Taps(taps) = layer.extra
                    && layer.groups[1] == index
                {
                    own.extend((0..taps).map(|tap| f64::from(weights[(layer.first_weight + tap * layer.outputs + unit) as usize])));
                }
                for tap in 0..layer.taps {
                    if layer.groups[1] == index {
                        own.extend((0..layer.inputs).map(|input| at(tap, input, unit)));
                    } else if layer.groups[0] == index && index == 0 {
                        own.extend((0..layer.outputs).map(|output| at(tap, unit, output)));
                    }
                }
            }
            norms.push((own.iter().map(|weight| weight * weight).sum::<f64>() / own.len() as f64).sqrt());
        }
    }
    norms
}

#[test]
fn the_units_with_the_smallest_norms_go_and_the_largest_are_kept() {
    let machine = machine();
    for (config, data) in networks() {
        for name in [MethodName::Magnitude, MethodName::Set, MethodName::Rigl] {
            let mut run = data.start(&machine, Config { method: name, ..config.clone() });
            let mut dropped = 0;
            while run.step() < run.steps() {
                let (step, before, norms) = (run.step(), scores(&run), norms(&run, &floats(&run, "weights")));
                block_on(run.advance(1)).unwrap();
                let after = scores(&run);
                let stayed: Vec<usize> = (0..before.len()).filter(|&unit| before[unit] == 1.0 && after[unit] == 1.0).collect();
                let gone: Vec<usize> = (0..before.len()).filter(|&unit| before[unit] == 1.0 && after[unit] == 0.0).collect();
                let largest_gone = gone.iter().map(|&unit| norms[unit]).fold(0.0, f64::max);
                for &unit in stayed.iter().filter(|&&unit| norms[unit] < largest_gone * (1.0 - 1e-9)) {
                    let group = run.model.gated().find(|group| (group.first_unit..group.first_unit + group.size).contains(&(unit as u32)));
                    let range = group.map(|group| group.first_unit as usize..(group.first_unit + group.size) as usize).unwrap();
                    let others = stayed.iter().filter(|other| range.contains(other)).count();
                    assert_eq!(
                        others, 1,
                        "{name:?} on {}, step {step}: unit {unit} is kept only if it is the last of its group",
                        config.model
                    );
                }
                dropped += gone.len();
            }
            assert!(dropped > 0, "{name:?} on {}", config.model);
        }
    }
}

#[test]
fn the_straight_through_gradient_is_that_of_the_gated_network_and_every_unit_is_computed() {
    let (machine, [(config, data), ..]) = (machine(), networks());
    let mut run = data.start(&machine, Config { method: MethodName::Ste, schedule: Schedule::Constant, ..config });
    shift_weights(&run);
    for step in 0..4 {
        let (weights, batch) = (floats(&run, "weights"), run.batch(step));
        let snapshot = block_on(run.advance(1)).unwrap();
        let units = run.model.units() as usize;
        let found: Vec<f64> = floats(&run, "d_scores")[..units].iter().map(|&gate| f64::from(gate)).collect();
        let mask: Vec<f64> = snapshot.mask.iter().map(|bits| f64::from(bits & 1)).collect();
        assert!(mask.contains(&0.0), "some units are off: {mask:?}");
        assert_close(&format!("step {step}"), &found, &differences(&run, &data, &weights, &mask, &batch));
        assert_eq!(snapshot.records[0].kept[..run.model.groups.len()], run.model.sizes(), "dense forward, dense backward");
    }
    assert_eq!(run.cost().forward, 4 * 16 * run.whole.multiply_adds(&run.whole.sizes(), None).forward);
}

/// Runs the references of the lines of a training step of `run`, up to the line named `end`.
fn references(run: &Trainer, end: &str, reference: &mut Memory) {
    for dispatch in run.engine().training_step().into_iter().take_while(|dispatch| dispatch.line.name != end) {
        reference::run(dispatch.line.name, &dispatch.work, dispatch.masks, reference);
    }
}

/// Mean cross-entropy of the references' logits.
fn loss_of(run: &Trainer, reference: &Memory) -> f64 {
    let (images, logits) = (reference.params.batch_stride as usize, &reference.values[run.engine().logits_buffer()]);
    let classes = run.model.groups.last().unwrap().size as usize;
    let one = |image: usize| {
        let z: Vec<f64> = (0..classes).map(|class| logits[class * images + image]).collect();
        let highest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        z.iter().map(|z| (z - highest).exp()).sum::<f64>().ln() + highest - z[reference.label(reference.batch_rows[image].row as usize)]
    };
    (0..16).map(one).sum::<f64>() / 16.0
}

#[test]
fn gradients_at_the_masks_of_convolutions_agree_with_differences_and_with_rigl() {
    const H: f64 = 1e-6;
    let (machine, [_, (config, data), _]) = (machine(), networks());
    // The network of ste, which has gates, is the reference; rigl uses a copy with the same weights under the same mask.
    let mut ste = data.start(&machine, Config { method: MethodName::Ste, ..config.clone() });
    let mut rigl = data.start(&machine, Config { method: MethodName::Rigl, ..config });
    let mask = scores(&rigl);
    let gates = block_on(rigl.mask_gradients()).unwrap();
    let mut start = Memory { state: State::default(), ..block_on(check::memory(ste.engine())).unwrap() };
    for (score, &kept) in start.scores.iter_mut().zip(&mask) {
        *score = f64::from(kept);
    }
    start.schedule[0] = step_at(&ste.config, ste.model.units(), 0, ste.steps());
    start.batch_rows[..16].copy_from_slice(&ste.batch(0));
    let model = ste.model.clone();
    // A gate of m equals a gate of 1 before weights that are m times as large.
    let loss = |unit: usize, m: f64| {
        let mut reference = start.clone();
        reference.scores[unit] = 1.0;
        let (g, group) = model
            .groups
            .iter()
            .enumerate()
            .find(|(_, group)| group.gated && (group.first_unit..group.first_unit + group.size).contains(&(unit as u32)))
            .unwrap();
        for layer in model.layers.iter().filter(|layer| layer.groups[0] == g) {
            for tap in 0..layer.taps {
                let row = tap * layer.inputs + unit as u32 - group.first_unit;
                for output in 0..layer.outputs {
                    reference.weights[(layer.first_weight + row * layer.outputs + output) as usize] *= m;
                }
            }
        }
        references(&ste, "loss", &mut reference);
        loss_of(&ste, &reference)
    };
    let mut expected = Vec::new();
    for (unit, &kept) in mask.iter().enumerate() {
        let m = f64::from(kept);
        // On one side of 0, because a negative gate would negate its images; the difference is still of second order.
        expected.push(if kept == 1.0 {
            (loss(unit, m + H) - loss(unit, m - H)) / (2.0 * H)
        } else {
            (4.0 * loss(unit, H) - loss(unit, 2.0 * H) - 3.0 * loss(unit, 0.0)) / (2.0 * H)
        });
    }
    assert!(mask.contains(&0.0) && mask.contains(&1.0));
    assert_close("convolutions", &gates, &expected);
}

#[test]
fn set_never_takes_back_at_once_what_it_drops() {
    let machine = machine();
    for (config, data) in networks() {
        let mut run = data.start(&machine, Config { method: MethodName::Set, ..config });
        let (mut exchanged, kept) = (0, scores(&run).iter().sum::<f32>());
        while run.step() < run.steps() {
            let before = scores(&run);
            block_on(run.advance(64)).unwrap();
            // A submit ends where masks are chosen, so there is at most one choice in between.
            let after = scores(&run);
            let gone = before.iter().zip(&after).filter(|&(&before, &after)| before > after).count();
            let came = before.iter().zip(&after).filter(|&(&before, &after)| before < after).count();
            assert_eq!((gone, after.iter().sum::<f32>()), (came, kept));
            exchanged += gone;
        }
        assert!(exchanged > 0);
        assert_eq!(run.cost().structure, 0);
    }
}

#[test]
fn reinforce_takes_one_forward_and_vrpge_two_of_either_side() {
    let machine = machine();
    for (config, data) in networks() {
        for (name, estimator) in
            [(MethodName::Reinforce, Estimator::Plain), (MethodName::Vrpge, Estimator::TwoSided), (MethodName::Vrpge, Estimator::OneSided)]
        {
            let schedule = Schedule::Constant;
            let mut run = data.start(&machine, Config { method: name, estimator, schedule, ..config.clone() });
            let start = scores(&run);
            let (groups, mut forward) = (run.model.groups.len(), 0);
            for _ in 0..6 {
                let record = block_on(run.advance(1)).unwrap().records[0];
                let probe = (name == MethodName::Vrpge).then_some(&record.probe_kept[..groups]);
                forward += 16 * run.model.multiply_adds(&record.kept[..groups], probe).forward;
            }
            assert_eq!(run.engine().params.masks, if name == MethodName::Vrpge { 2 } else { 1 });
            // The control variate takes dL/dm of the kept units.
            assert_eq!((run.cost().forward, run.cost().structure > 0), (forward, name == MethodName::Vrpge));
            assert_ne!(scores(&run), start, "{name:?}, {estimator:?}: the scores are trained");
        }
    }
}

#[test]
fn a_run_of_small_dense_executes_nearly_what_a_run_of_vrpge_executes() {
    let machine = machine();
    for (config, _) in networks() {
        // So wide that one unit more or less changes little.
        let data = if config.gate_inputs { pictures((1, 1, 14)) } else { pictures((2, 7, 7)) };
        let model = if config.gate_inputs { "mlp-96-64" } else { "cnn-96-96" };
        let executed = [MethodName::Vrpge, MethodName::SmallDense].map(|method| {
            let mut run = data.start(&machine, Config { method, model: model.to_owned(), ..config.clone() });
            while run.step() < run.steps() {
                block_on(run.advance(64)).unwrap();
            }
            run.cost().total() as f64
        });
        let ratio = executed[1] / executed[0];
        println!("{model}: {ratio:.3}");
        assert!((0.85..1.1).contains(&ratio), "{model}: {ratio}");
    }
}

#[test]
fn units_are_dropped_from_memory_only_by_methods_that_bring_none_back() {
    let machine = machine();
    for (config, data) in networks() {
        for &name in MethodName::ALL {
            let mut run = data.start(&machine, Config { method: name, ..config.clone() });
            while run.step() < run.steps() / 2 {
                block_on(run.advance(8)).unwrap();
            }
            let (before, after) = block_on(run.compact()).unwrap();
            match name {
                MethodName::Set | MethodName::Rigl | MethodName::Ste => assert_eq!(before, after, "{name:?}"),
                MethodName::Magnitude | MethodName::Snip | MethodName::Static => {
                    assert!(after < before, "{name:?}");
                    assert_eq!(run.bytes(), run.model.bytes(16, 1).total(), "{name:?}");
                }
                _ => {}
            }
            while run.step() < run.steps() {
                block_on(run.advance(8)).unwrap();
            }
        }
    }
}
