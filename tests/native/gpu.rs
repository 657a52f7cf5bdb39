//! The engine on this machine's adapter: kernels compared with their references, whole runs with the CPU, and the promises about a run.
//!
//! Without an adapter the tests fail with its name; nothing is skipped.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Instant;

use pollster::block_on;

use lacuna::check::{self, Report};
use lacuna::config::{Config, Estimator, MethodName, RateSchedule, SETTINGS, Schedule, ScoresOptimizer};
use lacuna::device::Machine;
use lacuna::device::{Adapter, Gpu, Product, TABLE};
use lacuna::engine::{DataBuffers, Engine, MASKS};
use lacuna::mask;

use lacuna::model::{Image, Model, Passes};
use lacuna::random::{Stream, Threefry, draw};
use lacuna::reference::{self, Memory};
use lacuna::schedule::{BLOCK, step_at, view};
use lacuna::shared::{Sample, State, Step};
use lacuna::snapshot::Snapshot;
use lacuna::speed::DenseBaseline;
use lacuna::trainer::{DataShape, StepPart, TrainError, Trainer};

use crate::adapter::machine;
use crate::small_set::{Data, data, images};

impl Data {
    /// Mean cross-entropy and correct answers over `rows` under the units `kept` (`[U]`): whole matrices in f64, nothing compacted.
    fn dense(&self, model: &Model, weights: &[f32], kept: &[bool], rows: impl Iterator<Item = u32>) -> (f64, u32) {
        let (mut sum, mut right, mut count) = (0.0, 0, 0);
        // Each feature is shifted by its mean over the first rows of the training set.
        let (width, first) = (self.shape.inputs as usize, self.shape.train_rows.min(BLOCK));
        let total = |i: usize| (0..first as usize).map(|row| f64::from(self.inputs[row * width + i])).sum::<f64>();
        let means: Vec<f64> = (0..width).map(|i| total(i) / f64::from(first)).collect();
        for row in rows {
            let bytes = &self.inputs[(row * self.shape.inputs) as usize..][..self.shape.inputs as usize];
            let mut x: Vec<f64> =
                bytes.iter().zip(&means).map(|(&byte, mean)| (f64::from(byte) - mean) / 255.0 / f64::from(self.shape.deviation)).collect();
            for (l, layer) in model.layers.iter().enumerate() {
                let from = &model.groups[l];
                let on = |i: usize| !from.gated || kept[from.first_unit as usize + i];
                let weight = |i: usize, o: usize| f64::from(weights[layer.first_weight as usize + i * layer.outputs as usize + o]);
                let z = (0..layer.outputs as usize).map(|o| {
                    let sum: f64 = (0..x.len()).filter(|&i| on(i)).map(|i| x[i] * weight(i, o)).sum();
                    let z = sum + weight(layer.inputs as usize, o);
                    if l + 1 == model.layers.len() { z } else { z.max(0.0) }
                });
                x = z.collect();
            }
            let label = usize::from(self.labels[row as usize]);
            let highest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            sum += x.iter().map(|z| (z - highest).exp()).sum::<f64>().ln() + highest - x[label];
            // Of equal logits, as with every hidden unit off, the first counts.
            right += u32::from(x.iter().position(|&z| z == highest) == Some(label));
            count += 1;
        }
        (sum / f64::from(count), right)
    }
}

/// Adds the unit with the highest score to every gated group that keeps none.
fn with_one_a_group(model: &Model, scores: &[f32], mut kept: Vec<bool>) -> Vec<bool> {
    mask::keep_one_of_each_group(model, scores, &mut kept);
    kept
}

/// `[U]` the mask that the CPU draws.
fn drawn(seed: u32, stream: Stream, counter: u32, scores: &[f32]) -> Vec<bool> {
    scores.iter().zip(0..).map(|(&score, unit)| draw(seed, stream, counter, unit, score)).collect()
}

fn floats(run: &Trainer, name: &str) -> Vec<f32> {
    block_on(run.engine().read(run.engine().buffers.get(name).unwrap())).unwrap()
}

fn integers(run: &Trainer, name: &str) -> Vec<u32> {
    block_on(run.engine().read(run.engine().buffers.get(name).unwrap())).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// All tensors that a run passes from step to step, as bits.
fn tensors(run: &Trainer) -> Vec<(&'static str, Vec<u32>)> {
    ["scores", "score_state", "weights", "velocity"].map(|name| (name, integers(run, name))).to_vec()
}

fn step(run: &mut Trainer) -> Snapshot {
    block_on(run.advance(1)).unwrap()
}

/// A small run whose schedule falls to its end.
fn annealed() -> Config {
    Config { model: "mlp-23-3".to_owned(), gate_inputs: true, keep_ratio: 0.15, steps: 150, batch_size: 14, seed: 5, ..Config::default() }
}

/// The kernels and grids of a GPU on any adapter: on machines without a GPU the tests run in software, and would not test these.
fn machine_as_a_gpu() -> Rc<Machine> {
    let mut gpu = block_on(Gpu::open(None, None)).unwrap();
    gpu.adapter.software = false;
    Machine::of_gpu(gpu)
}

/// Every kernel in every variant that the adapter can run.
fn are_all_compared(reports: &[Report], adapter: &Adapter) {
    let found: BTreeSet<String> = reports.iter().map(Report::name).collect();
    let expected = TABLE.iter().flat_map(|entry| {
        let variants =
            Product::of(entry.name).map(|product| product.possible(adapter).map(|index| product.variants()[index].name).collect());
        variants.unwrap_or_else(|| vec![""]).into_iter().map(|variant| format!("{} {variant}", entry.name).trim_end().to_owned())
    });
    assert_eq!(found, expected.collect());
}

#[test]
fn every_kernel_of_a_gpu_agrees_with_its_reference() {
    let machine = machine_as_a_gpu();
    let scenes = block_on(check::check(&machine, true, |_, _, _| {})).unwrap();
    let reports = check::by_kernel(&scenes);
    are_all_compared(&reports, &machine.adapter);
    let failed: Vec<_> = reports.iter().filter(|report| !report.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_kernel_agrees_with_its_reference_on_this_adapter() {
    let machine = machine();
    let mut reported = Vec::new();
    let scenes = block_on(check::check(&machine, false, |scene, done, of| reported.push((scene.scene.clone(), done, of)))).unwrap();
    assert_eq!(reported, scenes.iter().zip(1..).map(|(scene, done)| (scene.scene.clone(), done, scenes.len())).collect::<Vec<_>>());
    assert!(scenes.iter().all(|scene| scene.passed() && !scene.kernels.is_empty()));
    let reports = check::by_kernel(&scenes);
    assert_eq!(reports.iter().map(|report| report.kernel).collect::<Vec<_>>(), TABLE.iter().map(|entry| entry.name).collect::<Vec<_>>());
    let failed: Vec<_> = reports.iter().filter(|report| !report.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(reports.iter().all(|report| report.dispatches > 0 && report.worst.is_finite()));
}

#[test]
fn a_run_repeats_bit_for_bit_for_any_grouping_of_steps_into_submits() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let run = |submits: &[u32]| {
        let mut run = data.start(&machine, annealed());
        let (mut records, mut turn) = (Vec::new(), 0);
        let mut last = Snapshot::default();
        while run.step() < run.steps() {
            last = block_on(run.advance(submits[turn % submits.len()])).unwrap();
            records.extend_from_slice(bytemuck::cast_slice::<_, u32>(&last.records));
            turn += 1;
        }
        (records, bits(&last.scores), integers(&run, "units"), tensors(&run))
    };
    let (once, again) = (run(&[1]), run(&[1]));
    assert!(once == again, "the same run gave other bits");
    for submits in [&[64][..], &[7, 1, 20, 3]] {
        let grouped = run(submits);
        assert!(once.0 == grouped.0, "records differ for submits of {submits:?}");
        assert!(once.1 == grouped.1 && once.2 == grouped.2 && once.3 == grouped.3, "tensors differ for submits of {submits:?}");
    }
    assert_ne!(once.0, {
        let mut other = data.start(&machine, Config { seed: 6, ..annealed() });
        let records = block_on(other.advance(64)).unwrap().records;
        bytemuck::cast_slice::<_, u32>(&records).to_vec()
    });
}

#[test]
fn a_whole_run_stays_within_its_budget_with_the_masks_of_the_cpu_and_a_unit_in_every_group() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    // Under a budget that is filled no group goes without a draw for long.
    let mut run = data.start(&machine, Config { fill_budget: false, control_variate: false, ..annealed() });
    let model = run.model.clone();
    let units = model.units() as usize;
    let mut scores = block_on(run.snapshot()).unwrap().scores;
    let (mut forced, mut active) = (0, 0);
    while run.step() < run.steps() {
        let number = run.step();
        let snapshot = step(&mut run);
        let record = snapshot.records[0];
        let budget = step_at(&run.config, model.units(), number, run.steps()).budget;
        assert_eq!((snapshot.budget, snapshot.step, record.step), (budget, number + 1, number));

        let sum: f64 = snapshot.scores.iter().map(|&score| f64::from(score)).sum();
        let limit = f64::from(budget) * (1.0 + 1e-6);
        assert!(sum <= limit && f64::from(record.sum_scores) <= limit, "step {number}: {sum} or {} over {budget}", record.sum_scores);
        assert!((sum - snapshot.sum_scores).abs() < 1e-9 && (sum - f64::from(record.sum_scores)).abs() < 1e-5 * sum);
        assert!(snapshot.scores.iter().all(|score| (0.0..=1.0).contains(score)), "step {number}: a score outside [0, 1]");
        if record.threshold > 0.0 {
            active += 1;
            assert!(sum > f64::from(budget) * (1.0 - 1e-5), "step {number}: the projection left {sum} of {budget}");
        }

        let drawn = [Stream::Mask, Stream::Probe].map(|stream| drawn(run.config.seed, stream, number, &scores));
        let kept = drawn.clone().map(|drawn| with_one_a_group(&model, &scores, drawn));
        forced += u32::from(drawn != kept);
        let expected: Vec<u8> = (0..units).map(|unit| u8::from(kept[0][unit]) | u8::from(kept[1][unit]) << 1).collect();
        assert_eq!(snapshot.mask, expected, "masks of step {number}");
        let words: Vec<u32> = (0..units)
            .map(|unit| {
                let bit = |mask: &[bool], at: u32| u32::from(mask[unit]) << at;
                bit(&drawn[0], 0) | bit(&drawn[1], 1) | bit(&kept[0], 2) | bit(&kept[1], 3)
            })
            .collect();
        assert_eq!(integers(&run, "units")[..units], words, "draws and kept units of step {number}");
        for (counted, recorded, kept) in [(&snapshot.kept, &record.kept, &kept[0]), (&snapshot.probe_kept, &record.probe_kept, &kept[1])] {
            for (g, group) in model.groups.iter().enumerate() {
                let of_group = || &kept[group.first_unit as usize..(group.first_unit + group.size) as usize];
                let count = if group.gated { of_group().iter().filter(|&&kept| kept).count() as u32 } else { group.size };
                assert!(count > 0 && counted[g] == count && recorded[g] == count, "step {number}, {}: {count}", group.name);
            }
        }
        scores = snapshot.scores;
    }
    assert!(forced > 5, "the rule that a group keeps a unit was needed {forced} times");
    assert!(active > 75, "the projection was needed {active} times");
    assert!(step_at(&run.config, model.units(), run.steps(), run.steps()).budget < 0.16 * model.units() as f32);
}

/// Every buffer in the form of the references, at the beginning of a submit.
fn memory(run: &Trainer) -> Memory {
    Memory { state: State::default(), ..block_on(check::memory(run.engine())).unwrap() }
}

/// Gives a run room for all units, so that its places are those of the reference's memory in every step.
fn make_room(run: &mut Trainer) {
    run.fit_memory(&vec![1.0; run.model.units() as usize]).unwrap();
}

/// Runs the references of the lines of a training step, up to the line named `end`.
fn references(run: &Trainer, end: &str, reference: &mut Memory) {
    for dispatch in run.engine().training_step().into_iter().take_while(|dispatch| dispatch.line.name != end) {
        reference::run(dispatch.line.name, &dispatch.work, dispatch.masks, reference);
    }
}

#[test]
fn a_run_on_the_gpu_equals_the_run_of_its_references() {
    let (machine, data) = (machine(), data(101, 0, 23, 5));
    for (estimator, alpha, gate_inputs) in
        [(Estimator::TwoSided, 0.5, true), (Estimator::OneSided, 0.75, false), (Estimator::Plain, 1.0, true)]
    {
        let config = Config {
            model: "mlp-17-9".to_owned(),
            gate_inputs,
            keep_ratio: 0.4,
            anneal_fraction: 0.3,
            steps: 24,
            batch_size: 11,
            learning_rate: 0.02,
            clip_norm: 0.5,
            estimator,
            alpha,
            ..Config::default()
        };
        let mut run = data.start(&machine, config);
        make_room(&mut run);
        let mut reference = memory(&run);
        let units = run.model.units() as usize;
        let mut worst = 0.0f64;
        while run.step() < run.steps() {
            make_room(&mut run);
            let number = run.step();
            reference.state.next = 0;
            reference.schedule[0] = step_at(&run.config, run.model.units(), number, run.steps());
            reference.batch_rows[..11].copy_from_slice(&run.batch(number));
            references(&run, "", &mut reference);
            let found = step(&mut run);
            // Rounding changes about one draw in a million. The masks of this run agree, so everything else can be compared.
            assert_eq!(integers(&run, "units")[..units], reference.units[..units], "{estimator:?}, step {number}");
            let (expected, found) = (reference.records[0], found.records[0]);
            for (name, expected, found) in [
                ("loss", expected.loss, found.loss),
                ("probe loss", expected.probe_loss, found.probe_loss),
                ("gradient norm", expected.gradient_norm, found.gradient_norm),
            ] {
                let error = f64::from((expected - found).abs() / expected);
                worst = worst.max(error);
                assert!(error < 1e-4, "{estimator:?}, step {number}, {name}: {found}, by the references {expected}");
            }
            assert_eq!((expected.kept, expected.probe_kept, expected.correct), (found.kept, found.probe_kept, found.correct));
        }
        for (name, expected, found) in [
            ("scores", &reference.scores, floats(&run, "scores")),
            ("weights", &reference.weights, floats(&run, "weights")),
            ("velocity", &reference.velocity, floats(&run, "velocity")),
        ] {
            let error = expected.iter().zip(&found).map(|(a, &b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
            assert!(error < 2e-4, "{estimator:?}: after the run, {name} differ by {error}");
        }
        println!("{estimator:?}: losses and norms of 24 steps agree to {worst:.1e}");
    }
}

#[test]
fn a_step_leaves_the_weights_of_units_that_are_off_bit_for_bit_and_moves_the_others() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    for gate_inputs in [true, false] {
        let config = Config { keep_ratio: 0.5, schedule: Schedule::Constant, gate_inputs, ..annealed() };
        let mut run = data.start(&machine, config);
        for _ in 0..6 {
            block_on(run.advance(3)).unwrap();
            let before = [floats(&run, "weights"), floats(&run, "velocity")];
            let snapshot = step(&mut run);
            let after = [floats(&run, "weights"), floats(&run, "velocity")];
            let (mut frozen, mut moved, mut kept_weights) = (0, 0, 0);
            for (l, layer) in run.model.layers.iter().enumerate() {
                let kept = |g: usize, unit: u32| {
                    let group = &run.model.groups[g];
                    !group.gated || unit >= group.size || snapshot.mask[(group.first_unit + unit) as usize] & 1 == 1
                };
                for at in 0..layer.weights() {
                    let (input, output, index) = (at / layer.outputs, at % layer.outputs, (layer.first_weight + at) as usize);
                    let same = |which: usize| before[which][index].to_bits() == after[which][index].to_bits();
                    if kept(l, input) && kept(l + 1, output) {
                        kept_weights += 1;
                        moved += u32::from(!same(0) && !same(1));
                    } else {
                        frozen += 1;
                        assert!(same(0) && same(1), "layer {l}, weight ({input}, {output}) of a unit that is off");
                    }
                }
            }
            assert!(frozen > 50, "{frozen} weights were off");
            // A weight without a gradient has only its decay, which may be lost in rounding.
            assert!(moved * 10 > kept_weights * 9, "{moved} of {kept_weights} kept weights moved");
        }
    }
}

fn advance_until_it_diverges(run: &mut Trainer, submit: u32) -> (TrainError, Vec<(&'static str, Vec<u32>)>) {
    let mut before = tensors(run);
    loop {
        assert!(run.step() < run.steps(), "the run was to diverge");
        match block_on(run.advance(submit)) {
            Ok(_) => before = tensors(run),
            Err(error) => return (error, before),
        }
    }
}

#[test]
fn a_run_that_diverges_stops_with_an_error_and_its_weights_do_not_change() {
    let (machine, data) = (machine(), data(203, 31, 19, 4));
    let config = Config {
        model: "mlp-23-11".to_owned(),
        learning_rate: 10.0,
        clip_norm: 0.0,
        momentum: 0.99,
        rate_schedule: RateSchedule::Constant,
        steps: 400,
        ..annealed()
    };
    let mut run = data.start(&machine, config.clone());
    let (error, before) = advance_until_it_diverges(&mut run, 1);
    let TrainError::Diverged { step: at, .. } = error else { panic!("{error}") };
    assert_eq!(at, run.step());
    for words in [format!("diverged at step {at}"), "learning_rate".to_owned(), "clip_norm".to_owned()] {
        assert!(error.to_string().contains(&words), "{error}");
    }
    let after = tensors(&run);
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        assert!(before == after, "{name} changed in step {at}, which diverged");
        assert!(after.iter().all(|&bits| f32::from_bits(bits).is_finite()), "{name} has a value that is not finite");
    }
    // It can still be evaluated.
    let evaluation = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
    assert_eq!(evaluation.images, 31);
    assert!((0.0..=1.0).contains(&evaluation.decided) && evaluation.loss > 0.0);
    assert_eq!(block_on(run.advance(1)).unwrap_err(), error);
    assert_eq!(tensors(&run), after, "an advance after the end changed something");

    // With many steps a submit, those after the halt must not change anything either.
    let mut grouped = data.start(&machine, config);
    let (grouped_error, _) = advance_until_it_diverges(&mut grouped, 64);
    assert_eq!(grouped_error.to_string(), error.to_string());
    assert_eq!(tensors(&grouped), after);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_before_anything_is_changed() {
    let (machine, data) = (machine(), data(203, 31, 19, 4));
    for spoil in [f32::INFINITY, f32::NAN] {
        let mut run = data.start(&machine, annealed());
        block_on(run.advance(20)).unwrap();
        let weights: Vec<f32> = floats(&run, "weights").iter().map(|weight| weight * spoil).collect();
        run.engine().write(&run.engine().buffers.weights, &weights);
        let before = tensors(&run);
        // The halt comes at the first step of a submit of many.
        let error = block_on(run.advance(64)).unwrap_err();
        assert!(matches!(error, TrainError::Diverged { step: 20, loss, .. } if !loss.is_finite()), "{error}");
        assert_eq!(tensors(&run), before, "weights times {spoil}");
        assert_eq!(block_on(run.advance(1)).unwrap_err().to_string(), error.to_string());
    }
}

/// A step in which the pass under m′ runs before the one under m, in the same memory, and one in which both run together.
#[test]
fn passes_side_by_side_compute_the_same_bits_as_one_after_the_other() {
    let machine = machine();
    let flat = || data(60, 0, 21, 4);
    let pictures = || images(60, 0, (3, 8, 8), 4, false);
    let sets: [(&str, bool, Data); 4] =
        [("mlp-13-9", true, flat()), ("mlp-13-9", false, flat()), ("cnn-6-5", true, pictures()), ("resnet8", false, pictures())];
    for (name, gate_inputs, set) in sets {
        let config = Config {
            model: name.to_owned(),
            gate_inputs,
            keep_ratio: 0.5,
            batch_size: 10,
            schedule: Schedule::Constant,
            ..Config::default()
        };
        let run = set.start(&machine, config.clone());
        let own = run.engine();
        let schedule: Vec<Step> = (0..6).map(|step| step_at(&config, run.model.units(), step, 6)).collect();
        let samples: Vec<Sample> = (0..60).map(|row| Sample { row, view: view(config.seed, 0, row) }).collect();
        let ends = [true, false].map(|side_by_side| {
            let passes = if side_by_side { Passes::SideBySide } else { Passes::InTurn };
            let model = Model { passes, ..own.network().clone() };
            let rows = DataBuffers::new(&machine, set.shape.train_rows, set.shape.inputs, true).unwrap();
            let mut engine = Engine::new(&machine, &model, own.params, MASKS, &rows, own.variants).unwrap();
            assert_eq!(engine.training_step().iter().any(|dispatch| dispatch.masks == 2 && dispatch.line.name == "convolve"), side_by_side);
            for buffer in ["inputs", "labels", "shifts", "scores", "score_state", "pins", "weights", "velocity", "running"] {
                engine.copy(own.buffers.get(buffer).unwrap(), engine.buffers.get(buffer).unwrap());
            }
            let outcome = block_on(engine.train(&schedule, &samples)).unwrap();
            assert!(outcome.records.iter().any(|record| record.loss != record.probe_loss), "{name}: two masks");
            let weights: Vec<f32> = block_on(engine.read(&engine.buffers.weights)).unwrap();
            (outcome.records, bits(&outcome.scores), outcome.units, bits(&weights))
        });
        assert!(ends[0] == ends[1], "{name}, gate_inputs {gate_inputs}");
    }
}

#[test]
fn a_second_pass_runs_beside_the_first_while_it_is_small() {
    let of = |name: &str, batch_size: u32, keep_ratio: f64| {
        let model = Model::new(name, Image { channels: 3, height: 32, width: 32 }, 10, false).unwrap();
        model.with_passes(2, batch_size).drawn_at(keep_ratio).is_side_by_side()
    };
    assert_eq!([1.0, 0.5, 0.1].map(|keep| of("mlp-1024-1024", 128, keep)), [false, false, true]);
    assert!(of("mlp-512-256", 32, 0.3) && of("cnn-8-6", 8, 0.5));
    assert!(!of("mlp-4096-4096", 1, 0.3) && !of("resnet20", 128, 0.1) && !of("vgg16", 128, 0.05));
    let model = Model::new("mlp-16", Image { channels: 1, height: 1, width: 8 }, 2, false).unwrap();
    assert!(!model.with_passes(1, 1).is_side_by_side(), "a step with one pass needs no memory for a second one");
}

/// The passes of this run do not fit side by side at its start, and do at its end.
#[test]
fn a_run_whose_passes_come_together_has_the_numbers_of_one_whose_passes_do_not() {
    let (machine, set) = (machine(), data(64, 0, 784, 4));
    let config =
        Config { model: "mlp-2048".to_owned(), batch_size: 16, keep_ratio: 0.1, keep_start: 0.999, steps: 24, ..Config::default() };
    let is_joined = |run: &Trainer| run.engine().network().is_side_by_side();
    let ends = [true, false].map(|may_join| {
        let mut run = set.start(&machine, config.clone());
        let mut joined = vec![is_joined(&run)];
        while run.step() < run.steps() {
            let steps = 4.min(run.steps() - run.step());
            block_on(run.advance(steps)).unwrap();
            if !may_join {
                // With room for everything.
                run.fit_memory(&vec![1.0; run.model.units() as usize]).unwrap();
            }
            joined.push(is_joined(&run));
        }
        assert_eq!((joined[0], joined.contains(&true)), (false, may_join), "{joined:?}");
        (bits(&floats(&run, "scores")), bits(&floats(&run, "weights")))
    });
    assert!(ends[0] == ends[1]);
}

/// A second mask takes none: both passes run side by side. A control variate takes one.
#[test]
fn a_step_of_a_network_of_three_layers_takes_at_most_15_dispatches() {
    let (machine, data) = (machine(), data(20, 0, 12, 3));
    for (method, gate_inputs) in
        [(MethodName::Vrpge, true), (MethodName::Vrpge, false), (MethodName::Dense, false), (MethodName::Static, true)]
    {
        let config = Config { model: "mlp-9-7".to_owned(), method, gate_inputs, batch_size: 5, ..Config::default() };
        let run = data.start(&machine, config);
        let names: Vec<&str> = run.engine().training_step().iter().map(|dispatch| dispatch.line.name).collect();
        let most = if method == MethodName::Vrpge { 15 } else { 14 };
        assert!(names.len() <= most, "{method:?}: {} dispatches, {names:?}", names.len());
    }
}

#[test]
fn with_frozen_weights_the_mean_of_each_estimator_is_the_enumerated_gradient() {
    const STEPS: usize = 2000;
    const SCORES: [f32; 8] = [0.5, 0.3, 0.02, 0.8, 0.6, 0.15, 0.9, 0.4];
    let (machine, data) = (machine(), data(24, 0, 4, 3));
    // Rates of 0 and a budget for every unit freeze the run. With a training set of one batch, every step's loss depends on its mask alone.
    let config = Config {
        model: "mlp-4".to_owned(),
        gate_inputs: true,
        keep_ratio: 1.0,
        fill_budget: false,
        control_variate: false,
        schedule: Schedule::Constant,
        learning_rate: 0.0,
        scores_rate: 0.0,
        batch_size: 24,
        steps: 1_000_000,
        ..Config::default()
    };
    // Weights after dense training: the loss then depends strongly on the mask.
    let mut dense = data.start(&machine, Config { method: MethodName::Dense, learning_rate: 0.1, weight_decay: 0.0, ..config.clone() });
    for _ in 0..4 {
        block_on(dense.advance(64)).unwrap();
    }
    let mut run = data.start(&machine, config);
    run.engine().write(&run.engine().buffers.weights, &floats(&dense, "weights"));
    run.engine().write(&run.engine().buffers.scores, &SCORES);
    let units = SCORES.len();

    // The loss under each of the 256 masks, by the references. If a mask leaves a group empty, the forward pass keeps its highest score.
    let mut reference = memory(&run);
    reference.batch_rows[..24].copy_from_slice(&run.batch(0));
    let masks = 1usize << units;
    let losses: Vec<f64> = (0..masks)
        .map(|mask| {
            let kept = with_one_a_group(&run.model, &SCORES, (0..units).map(|unit| mask >> unit & 1 == 1).collect());
            reference.state = State::default();
            for (score, kept) in reference.scores.iter_mut().zip(kept) {
                *score = f64::from(u8::from(kept));
            }
            references(&run, "update_scores", &mut reference);
            f64::from(reference.records[0].loss)
        })
        .collect();
    let probability = |mask: usize| -> f64 {
        (0..units).map(|unit| if mask >> unit & 1 == 1 { f64::from(SCORES[unit]) } else { 1.0 - f64::from(SCORES[unit]) }).product()
    };
    let gradient: Vec<f64> = (0..units)
        .map(|unit| {
            let with = (0..masks).filter(|mask| mask >> unit & 1 == 1);
            with.map(|mask| probability(mask) / f64::from(SCORES[unit]) * (losses[mask] - losses[mask & !(1 << unit)])).sum()
        })
        .collect();

    let mut variances = Vec::new();
    for (estimator, alpha, steps) in [
        ("two-sided", 0.5, STEPS),
        ("one-sided", 0.5, STEPS),
        ("plain", 0.5, STEPS),
        ("two-sided", 0.0, STEPS / 2),
        ("one-sided", 1.0, STEPS / 2),
    ] {
        run.change("estimator", estimator).unwrap();
        run.change("alpha", &f64::to_string(&alpha)).unwrap();
        let mut samples = vec![Vec::with_capacity(steps); units];
        for _ in 0..steps {
            step(&mut run);
            for (samples, g) in samples.iter_mut().zip(floats(&run, "d_scores")) {
                samples.push(f64::from(g));
            }
        }
        let mut significant = 0;
        let variance: Vec<f64> = (0..units)
            .map(|unit| {
                let s = f64::from(SCORES[unit]);
                let mean = samples[unit].iter().sum::<f64>() / steps as f64;
                let variance = samples[unit].iter().map(|g| (g - mean) * (g - mean)).sum::<f64>() / (steps - 1) as f64;
                let error = (variance / steps as f64).sqrt();
                let expected = (s * (1.0 - s)).powf(alpha) * gradient[unit];
                println!(
                    "{estimator} {alpha} unit {unit} s {s:.3}: {mean:.4} +- {error:.4}, expected {expected:.4}, variance {variance:.4}"
                );
                assert!(
                    (mean - expected).abs() < 4.0 * error,
                    "{estimator}, alpha {alpha}, unit {unit}: {mean} +- {error}, expected {expected}"
                );
                significant += u32::from(expected.abs() > 6.0 * error);
                variance
            })
            .collect();
        assert!(significant >= 1, "{estimator}, alpha {alpha}: no mean is far enough from 0 to tell a wrong factor");
        variances.push(variance);
    }
    assert_eq!(floats(&run, "scores")[..units], SCORES, "the scores must not change");
    let [two_sided, one_sided, plain, raw, full] = &variances[..] else { unreachable!("five settings") };
    for unit in 0..units {
        assert!(two_sided[unit] < one_sided[unit] && one_sided[unit] < plain[unit], "unit {unit}");
    }
    let unlikely = 2;
    assert!(raw[unlikely] > 20.0 * two_sided[unlikely] && full[unlikely] < 0.1 * one_sided[unlikely], "variances at s = 0.02");
}

#[test]
fn a_fixed_mask_does_not_change_and_takes_one_forward_pass() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    for method in [MethodName::Static, MethodName::Dense] {
        let mut run = data.start(&machine, Config { method, keep_ratio: 0.4, ..annealed() });
        assert!(run.engine().training_step().iter().all(|dispatch| dispatch.masks == 1), "{method:?} forwards one mask");
        let scores = floats(&run, "scores");
        assert!(scores.iter().all(|&score| score == 0.0 || score == 1.0));
        let before = floats(&run, "weights");
        while run.step() < run.steps() {
            let snapshot = block_on(run.advance(40)).unwrap();
            assert!(!snapshot.probed && snapshot.records.iter().all(|record| record.probe_loss == record.loss));
            let kept = scores.iter().take(snapshot.mask.len()).map(|&score| score == 1.0);
            assert!(snapshot.mask.iter().map(|bits| bits & 1 == 1).eq(kept), "{method:?}: the mask is that of the scores");
        }
        assert_eq!(bits(&floats(&run, "scores")), bits(&scores), "{method:?}: the scores moved");
        assert!(floats(&run, "score_state").chunks_exact(4).all(|of_unit| of_unit[..2] == [0.0, 0.0]));
        assert_ne!(before, floats(&run, "weights"));
    }
}

#[test]
fn dense_is_the_network_with_everything_kept() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = |method| Config { method, keep_ratio: 1.0, keep_start: 1.0, ..annealed() };
    let mut dense = data.start(&machine, config(MethodName::Dense));
    let mut whole = data.start(&machine, config(MethodName::Static));
    let everything = vec![true; dense.model.units() as usize];
    for _ in 0..30 {
        let rows: Vec<u32> = dense.batch(dense.step()).iter().map(|sample| sample.row).collect();
        let (loss, right) = data.dense(&dense.model, &floats(&dense, "weights"), &everything, rows.into_iter());
        let record = step(&mut dense).records[0];
        assert!((f64::from(record.loss) - loss).abs() < 1e-5 * loss, "{} and {loss}", record.loss);
        assert_eq!(record.correct, right);
        assert_eq!(step(&mut whole).records[0], record, "a static mask of everything is dense");
    }
    assert_eq!(tensors(&dense), tensors(&whole));
}

#[test]
fn the_selected_mask_is_the_best_of_the_draws_and_fine_tuning_trains_only_its_weights() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = Config { keep_ratio: 0.4, select_masks: 6, finetune_epochs: 2, finetune_rate: 0.01, steps: 60, ..annealed() };
    let mut run = data.start(&machine, config);
    while run.step() < run.steps() {
        block_on(run.advance(64)).unwrap();
    }
    let units = run.model.units() as usize;
    let (scores, weights) = (floats(&run, "scores")[..units].to_vec(), floats(&run, "weights"));
    assert!(scores.iter().any(|&score| score > 0.05 && score < 0.95), "a run that has decided everything has nothing to select");
    // An evaluation during the run must not change what is drawn.
    let mut reported = Vec::new();
    let evaluation = block_on(run.select_mask(100, |done, of| reported.push((done, of)))).unwrap();
    assert_eq!(reported, (1..=6).map(|mask| (mask * 100, 600)).collect::<Vec<_>>());

    let candidates: Vec<(f64, Vec<bool>)> = (0..6)
        .map(|index| {
            let drawn = drawn(run.config.seed, Stream::Evaluation, u32::MAX - index, &scores);
            let kept = with_one_a_group(&run.model, &scores, drawn);
            (data.dense(&run.model, &weights, &kept, (0..100).map(|row| row * 203 / 100)).0, kept)
        })
        .collect();
    let best = candidates.iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert!(candidates.iter().all(|(_, kept)| *kept == best.1) || candidates.iter().any(|(loss, _)| *loss > best.0 * 1.001));
    let expected: Vec<f32> = best.1.iter().map(|&kept| f32::from(u8::from(kept))).collect();
    assert_eq!(
        floats(&run, "scores")[..units],
        expected,
        "losses of the draws: {:?}",
        candidates.iter().map(|(loss, _)| loss).collect::<Vec<_>>()
    );
    assert!((evaluation.sampled_loss - best.0).abs() < 1e-4 * best.0, "{} and {}", evaluation.sampled_loss, best.0);
    assert_eq!(bits(&floats(&run, "weights")), bits(&weights), "the selection trains nothing");

    assert_eq!(run.finetune_steps(), 2 * (203 / 14));
    let end = run.steps() + run.finetune_steps();
    while run.step() < end {
        let snapshot = block_on(run.finetune(10)).unwrap();
        assert!(!snapshot.probed && snapshot.mask.iter().zip(&best.1).all(|(bits, &kept)| (bits & 1 == 1) == kept));
    }
    assert_eq!(floats(&run, "scores")[..units], expected, "fine-tuning moved the scores");
    let after = floats(&run, "weights");
    let moved = after.iter().zip(&weights).filter(|(after, before)| after != before).count();
    assert!(moved > 0 && moved < after.len(), "{moved} of {} weights moved", after.len());
    assert!(block_on(run.finetune(10)).unwrap().records.is_empty(), "the run is over");
}

#[test]
fn a_new_keep_ratio_applies_from_the_next_step_on_and_a_fixed_setting_is_refused() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, Config { keep_ratio: 0.6, schedule: Schedule::Constant, ..annealed() });
    block_on(run.advance(10)).unwrap();
    let units = f64::from(run.model.units());
    for keep_ratio in [0.2, 0.5, 0.05] {
        run.change("keep_ratio", &f64::to_string(&keep_ratio)).unwrap();
        let snapshot = step(&mut run);
        assert!((f64::from(snapshot.budget) - keep_ratio * units).abs() < 1e-5 * units);
        assert!(snapshot.sum_scores <= f64::from(snapshot.budget) * (1.0 + 1e-6), "{} over {}", snapshot.sum_scores, snapshot.budget);
    }
    for setting in SETTINGS.iter().filter(|setting| !setting.live) {
        let value = run.config.get(setting.name).unwrap();
        let before = run.config.clone();
        let message = run.change(setting.name, &value).unwrap_err().to_string();
        assert!(message.contains(setting.name) && message.contains("restart"), "{message}");
        assert_eq!(run.config, before);
    }
    for (name, value, words) in [("alpha", "2", "from 0 to 1"), ("momentum", "abc", "a number"), ("magic", "1", "no setting")] {
        let message = run.change(name, value).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    step(&mut run);

    for method in [MethodName::Static, MethodName::Dense] {
        let mut fixed = data.start(&machine, Config { method, ..annealed() });
        let message = fixed.change("keep_ratio", "0.1").unwrap_err().to_string();
        assert!(message.contains("fixed") && message.contains(method.name()) && message.contains("restart"), "{message}");
        fixed.change("learning_rate", "0.05").unwrap();
        step(&mut fixed);
    }
}

#[test]
fn a_live_change_of_every_other_setting_reaches_the_kernels() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let run = |change: Option<(&str, &str)>| {
        let mut run = data.start(&machine, Config { keep_ratio: 0.5, ..annealed() });
        block_on(run.advance(10)).unwrap();
        if let Some((name, value)) = change {
            run.change(name, value).unwrap();
        }
        block_on(run.advance(3)).unwrap();
        tensors(&run)
    };
    let unchanged = run(None);
    let values = [
        ("keep_ratio", "0.1"),
        ("estimator", "plain"),
        ("alpha", "0.9"),
        ("scores_rate", "0.2"),
        ("pins", "3on,40off"),
        ("learning_rate", "0.01"),
        ("momentum", "0.1"),
        ("weight_decay", "0.5"),
        ("clip_norm", "0.01"),
    ];
    let live: Vec<&str> = SETTINGS.iter().filter(|setting| setting.live).map(|setting| setting.name).collect();
    assert_eq!(live, values.map(|(name, _)| name), "each live setting is tried here");
    for (name, value) in values {
        assert!(run(Some((name, value))) != unchanged, "{name} changed nothing");
    }
}

#[test]
fn accuracy_equals_that_of_the_cpu_also_with_an_incomplete_last_batch() {
    let (machine, data) = (machine(), data(203, 45, 19, 4));
    let mut run = data.start(&machine, Config { keep_ratio: 0.4, steps: 90, ..annealed() });
    block_on(run.advance(64)).unwrap();
    let units = run.model.units() as usize;
    let (scores, weights) = (floats(&run, "scores")[..units].to_vec(), floats(&run, "weights"));
    let decided = mask::decided(&run.model, &scores, step_at(&run.config, units as u32, 63, 90).budget.into());
    let cases = [(203..248, 45), (203..248, 45), (0..203, 203), (203..248, 14), (203..248, 1), (7..36, 500), (0..203, 100)];
    for (turn, (rows, most)) in cases.into_iter().enumerate() {
        // Fewer than all are evenly spread.
        let count = most.min(rows.end - rows.start);
        // One submit and several give the same, and report each.
        let (batch, several) = (run.config.batch_size, turn % 2 == 1);
        run.batches_a_submit = if several { 1 } else { u32::MAX };
        let mut reported = Vec::new();
        let found = block_on(run.evaluate_rows(rows.clone(), most, |done, of| reported.push((done, of)))).unwrap();
        let first = if several { 1 } else { count.div_ceil(batch) };
        assert_eq!(reported, (first..=count.div_ceil(batch)).map(|batches| ((batches * batch).min(count), count)).collect::<Vec<_>>());
        let seen = || (0..count).map(|index| rows.start + index * (rows.end - rows.start) / count);
        let (loss, right) = data.dense(&run.model, &weights, &decided, seen());
        assert_eq!(found.images, count);
        assert!((found.decided - f64::from(right) / f64::from(count)).abs() < 1e-12, "{} and {right} of {count}", found.decided);
        assert!((found.loss - loss).abs() < 1e-5 * loss.max(0.1), "{} and {loss}", found.loss);
        let sample = with_one_a_group(&run.model, &scores, drawn(run.config.seed, Stream::Evaluation, turn as u32 + 1, &scores));
        let (loss, right) = data.dense(&run.model, &weights, &sample, seen());
        assert!((found.sampled - f64::from(right) / f64::from(count)).abs() < 1e-12, "{} and {right} of {count}", found.sampled);
        assert!((found.sampled_loss - loss).abs() < 1e-5 * loss.max(0.1), "{} and {loss}", found.sampled_loss);
    }
    let all = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
    assert_eq!(all.images, 45, "no more rows than there are");
    assert_eq!(run.step(), 64);
}

#[test]
fn neither_an_evaluation_nor_a_measurement_of_speed_changes_the_run() {
    let (machine, data) = (machine(), data(203, 45, 19, 4));
    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64() * 1e3;
    for (method, optimizer) in [(MethodName::Vrpge, "adam"), (MethodName::Vrpge, "sgd"), (MethodName::Static, "adam")] {
        let mut config = Config { method, keep_ratio: 0.4, ..annealed() };
        config.set("scores_optimizer", optimizer).unwrap();
        let mut undisturbed = data.start(&machine, config.clone());
        let mut disturbed = data.start(&machine, config);
        for run in [&mut undisturbed, &mut disturbed] {
            block_on(run.advance(30)).unwrap();
        }
        let before = tensors(&disturbed);
        block_on(disturbed.evaluate(45, |_, _| {})).unwrap();
        assert_eq!(tensors(&disturbed), before, "an evaluation changed the run");
        let speed = block_on(DenseBaseline::new(&disturbed).unwrap().measure(&mut disturbed, &clock)).unwrap();
        assert!(speed.step_ms > 0.0 && speed.dense_ms > 0.0 && speed.predicted > 0.0, "{speed:?}");
        assert_eq!(tensors(&disturbed), before, "a measurement of speed changed the run");
        for _ in 0..3 {
            let (expected, found) = (block_on(undisturbed.advance(7)).unwrap(), block_on(disturbed.advance(7)).unwrap());
            assert_eq!(expected, found);
        }
        assert_eq!(tensors(&undisturbed), tensors(&disturbed));
    }
}

#[test]
fn a_stopped_test_or_measurement_ends_after_the_current_submit_and_does_not_change_the_run() {
    let (machine, data) = (machine(), data(203, 45, 19, 4));
    let start = || data.start(&machine, annealed());
    let (mut undisturbed, mut disturbed) = (start(), start());
    for run in [&mut undisturbed, &mut disturbed] {
        block_on(run.advance(30)).unwrap();
    }
    let before = tensors(&disturbed);
    let stop = Rc::clone(&disturbed.stop);

    disturbed.batches_a_submit = 1;
    let mut submits = 0;
    let tested = block_on(disturbed.evaluate(45, |_, _| {
        submits += 1;
        stop.set(true);
    }));
    assert!(matches!(tested, Err(TrainError::Stopped)), "{tested:?}");
    assert_eq!(submits, 1);

    stop.set(false);
    let ticks = Cell::new(0);
    let clock = || {
        ticks.set(ticks.get() + 1);
        stop.set(ticks.get() >= 5);
        f64::from(ticks.get())
    };
    let measured = block_on(DenseBaseline::new(&disturbed).unwrap().measure(&mut disturbed, &clock));
    assert!(matches!(measured, Err(TrainError::Stopped)), "{measured:?}");
    // A submit is timed between two ticks: the current one ends, the next one does not begin.
    assert_eq!(ticks.get(), 6);

    stop.set(false);
    assert_eq!(tensors(&disturbed), before);
    for _ in 0..3 {
        assert_eq!(block_on(undisturbed.advance(7)).unwrap(), block_on(disturbed.advance(7)).unwrap());
    }
}

#[test]
fn training_waits_for_rows_that_are_loading() {
    let (machine, data) = (machine(), data(5000, 0, 19, 4));
    let mut run = data.start(&machine, Config { batch_size: 500, steps: 30, ..annealed() });
    run.set_rows_ready(0);
    assert_eq!((run.steps_possible(64), block_on(run.advance(64)).unwrap().records.len()), (0, 0));
    // The first epoch needs only the first 4096 rows for its first eight steps.
    run.set_rows_ready(4096);
    assert_eq!(block_on(run.advance(64)).unwrap().records.len(), 8);
    run.set_rows_ready(5000);
    assert_eq!(block_on(run.advance(64)).unwrap().records.len(), 22, "and no more steps than the run has");
}

#[test]
fn a_run_that_cannot_start_says_why() {
    let machine = machine();
    let refusal = |config: Config, shape: DataShape| Trainer::new(&machine, config, shape).unwrap_err().to_string();
    let shape = data(20, 0, 12, 3).shape;
    assert!(
        refusal(annealed(), DataShape { train_rows: 13, ..shape.clone() })
            .contains("batch_size 14 is larger than the training set of 13 rows")
    );
    assert!(refusal(Config { model: "cnn".to_owned(), ..annealed() }, shape.clone()).contains("\"cnn\" cannot be read"));
    assert!(refusal(Config { model: "mlp".to_owned(), gate_inputs: false, ..annealed() }, shape.clone()).contains("nothing can be masked"));
    let huge = DataShape { inputs: 1 << 20, width: 1 << 20, train_rows: 1 << 20, ..shape };
    let message = refusal(Config { gate_inputs: false, ..annealed() }, huge);
    assert!(message.contains("MiB"), "{message}");
}

#[test]
fn a_snapshot_is_of_the_last_step_also_after_an_evaluation_or_a_measurement() {
    let (machine, data) = (machine(), data(203, 31, 19, 4));
    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64() * 1e3;
    let mut run = data.start(&machine, Config { keep_ratio: 0.3, ..annealed() });
    let step = block_on(run.advance(9)).unwrap();
    block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
    block_on(run.measure(2, 1, &clock, false)).unwrap();
    run.change("keep_ratio", "0.1").unwrap();
    let later = block_on(run.snapshot()).unwrap();
    assert_eq!((&later.mask, &later.scores, later.budget), (&step.mask, &step.scores, step.budget));
}

/// Small networks with every kind of operation, each on images whose size its poolings do not divide.
fn pictured() -> Vec<(Config, Data)> {
    let config = |model: &str, gate_inputs, seed| Config {
        model: model.to_owned(),
        gate_inputs,
        keep_ratio: 0.5,
        schedule: Schedule::Constant,
        steps: 40,
        batch_size: 6,
        learning_rate: 0.05,
        seed,
        ..Config::default()
    };
    vec![
        (config("cnn-6-7", true, 3), images(60, 9, (2, 7, 7), 4, true)),
        (config("resnet8", false, 4), images(60, 9, (3, 5, 5), 3, false)),
        (config("wrn-10-1", false, 5), images(60, 9, (1, 6, 6), 3, true)),
    ]
}

#[test]
fn a_run_of_convolutions_on_the_gpu_equals_the_run_of_its_references() {
    let machine = machine();
    for (config, data) in pictured() {
        // Not Adam, which divides a score's gradient by its size: one that is nearly 0 after a subtraction has few exact digits.
        let mut run = data.start(&machine, Config { clip_norm: 1.0, scores_optimizer: ScoresOptimizer::Sgd, ..config });
        make_room(&mut run);
        let mut reference = memory(&run);
        let (units, name) = (run.model.units() as usize, run.model.name.clone());
        for _ in 0..5 {
            make_room(&mut run);
            let number = run.step();
            reference.state.next = 0;
            reference.schedule[0] = step_at(&run.config, run.model.units(), number, run.steps());
            reference.batch_rows[..6].copy_from_slice(&run.batch(number));
            references(&run, "", &mut reference);
            let found = step(&mut run);
            assert_eq!(integers(&run, "units")[..units], reference.units[..units], "{name}, step {number}");
            let (expected, found) = (reference.records[0], found.records[0]);
            for (what, expected, found) in [
                ("loss", expected.loss, found.loss),
                ("probe loss", expected.probe_loss, found.probe_loss),
                ("gradient norm", expected.gradient_norm, found.gradient_norm),
            ] {
                assert!((expected - found).abs() < 5e-4 * expected, "{name}, step {number}, {what}: {found}, by the references {expected}");
            }
            assert_eq!((expected.kept, expected.probe_kept), (found.kept, found.probe_kept));
        }
        for (what, expected, found) in [
            ("scores", &reference.scores, floats(&run, "scores")),
            ("weights", &reference.weights, floats(&run, "weights")),
            ("running", &reference.running.as_flattened().to_vec(), floats(&run, "running")),
        ] {
            let error = expected.iter().zip(&found).map(|(a, &b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
            assert!(error < 2e-6, "{name}: after the run, {what} differ by {error}");
        }
    }
}

#[test]
fn gradients_of_whole_networks_agree_with_finite_differences() {
    /// Half the distance between the two evaluations of a difference.
    const H: f64 = 1e-6;
    let machine = machine();
    for (config, data) in pictured() {
        // With rate 1 and no momentum, decay or clip, the step is the gradient.
        let config = Config { momentum: 0.0, weight_decay: 0.0, clip_norm: 0.0, ..config };
        let mut run = data.start(&machine, config);
        let mut random = Threefry::new(11, Stream::Data, 1);
        let mut start = memory(&run);
        // Shifts of 0 would give rectified values of exactly 0 where a channel is constant.
        for weight in &mut start.weights {
            *weight += 0.1 * f64::from(random.unit_interval()) - 0.05;
        }
        start.schedule[0] = Step { learning_rate: 1.0, ..step_at(&run.config, run.model.units(), 0, run.steps()) };
        start.batch_rows[..6].copy_from_slice(&run.batch(0));
        let loss = |memory: &Memory| {
            let (images, logits) = (memory.params.batch_stride as usize, &memory.values[run.engine().logits_buffer()]);
            let classes = run.model.groups.last().unwrap().size as usize;
            let one = |b: usize| {
                let z: Vec<f64> = (0..classes).map(|c| logits[c * images + b]).collect();
                z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[memory.label(memory.batch_rows[b].row as usize)]
            };
            (0..6).map(one).sum::<f64>() / 6.0
        };
        let mut stepped = start.clone();
        references(&run, "", &mut stepped);
        let gradient: Vec<f64> = start.weights.iter().zip(&stepped.weights).map(|(before, after)| before - after).collect();
        let scale = gradient.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        let (mut compared, mut moved) = (0, 0);
        for layer in &run.model.layers {
            for _ in 0..24 {
                let at = (layer.first_weight + (random.unit_interval() * layer.weights() as f32) as u32) as usize;
                let at_shift = |shift: f64| {
                    let mut memory = start.clone();
                    memory.weights[at] += shift;
                    references(&run, "loss", &mut memory);
                    loss(&memory)
                };
                let difference = (at_shift(H) - at_shift(-H)) / (2.0 * H);
                let error = (gradient[at] - difference).abs();
                assert!(error < 1e-6 * scale + 1e-8, "{}, weight {at}: {} and by differences {difference}", run.model.name, gradient[at]);
                compared += 1;
                moved += u32::from(gradient[at] != 0.0);
            }
        }
        assert!(moved * 8 > compared && moved < compared, "{moved} of {compared} weights had a gradient");
        step(&mut run);
    }
}

#[test]
fn a_compacted_run_continues_like_a_whole_one() {
    let machine = machine();
    let small = data(203, 45, 19, 4);
    let mut cases = pictured();
    cases.push((Config { steps: 150, ..annealed() }, small));
    for (config, data) in cases {
        let config = Config { keep_ratio: 0.3, anneal_fraction: 0.3, schedule: Schedule::Cubic, scores_rate: 0.2, ..config };
        let (mut whole, mut compacted) = (data.start(&machine, config.clone()), data.start(&machine, config));
        let half = whole.steps() / 2;
        while whole.step() < half {
            let most = half - whole.step();
            assert_eq!(block_on(whole.advance(most)).unwrap(), block_on(compacted.advance(most)).unwrap());
        }
        let name = whole.model.name.clone();
        let (units, left) = block_on(compacted.compact()).unwrap();
        assert_eq!((units, left), (whole.model.units(), compacted.model.units()));
        assert!(left < units, "{name}: nothing was dropped");
        assert!(compacted.model.bytes(6, 2).total() < whole.model.bytes(6, 2).total());
        let (before, after) =
            (block_on(whole.evaluate(u32::MAX, |_, _| {})).unwrap(), block_on(compacted.evaluate(u32::MAX, |_, _| {})).unwrap());
        assert!((before.loss - after.loss).abs() < 1e-5 * before.loss, "{name}: {} and {} after", before.loss, after.loss);
        assert!((before.sampled_loss - after.sampled_loss).abs() < 1e-5 * before.sampled_loss);
        assert_eq!(block_on(whole.snapshot()).unwrap().mask, block_on(compacted.snapshot()).unwrap().mask);
        for _ in 0..10 {
            let (expected, found) = (step(&mut whole), step(&mut compacted));
            assert_eq!((&expected.mask, &expected.kept), (&found.mask, &found.kept), "{name}: the same draws");
            let (expected, found) = (expected.records[0], found.records[0]);
            assert!((expected.loss - found.loss).abs() < 1e-3 * expected.loss, "{name}: loss {} and {}", expected.loss, found.loss);
            assert!((expected.sum_scores - found.sum_scores).abs() < 1e-3 * expected.sum_scores);
        }
        assert_eq!(block_on(compacted.compact()).unwrap().0, left);
    }
}

#[test]
fn a_streamed_set_gives_the_same_run_as_a_resident_one() {
    let machine = machine();
    for (config, data) in pictured() {
        let mut resident = data.start(&machine, config.clone());
        let mut streamed = Trainer::streaming(&machine, config, data.shape.clone()).unwrap();
        streamed.load(0, &data.inputs, &data.labels);
        streamed.set_rows_ready(data.shape.train_rows);
        for most in [1, 7, 20] {
            assert_eq!(block_on(resident.advance(most)).unwrap(), block_on(streamed.advance(most)).unwrap());
        }
        assert_eq!(tensors(&resident), tensors(&streamed));
        assert_eq!(block_on(resident.evaluate(u32::MAX, |_, _| {})).unwrap(), block_on(streamed.evaluate(u32::MAX, |_, _| {})).unwrap());
    }
}

#[test]
fn the_weights_and_statistics_of_a_channel_that_is_off_do_not_change() {
    let machine = machine();
    for (config, data) in pictured() {
        let mut run = data.start(&machine, config);
        block_on(run.advance(5)).unwrap();
        let state = |run: &Trainer| ["weights", "velocity", "running"].map(|name| integers(run, name));
        let before = state(&run);
        let snapshot = step(&mut run);
        let after = state(&run);
        let kept = run.model.kept_units(&snapshot.mask.iter().map(|bits| bits & 1 == 1).collect::<Vec<_>>());
        let (mut rests, mut moves) = (0, 0);
        for layer in &run.model.layers {
            let [from, to] = layer.groups;
            for at in 0..layer.weights() {
                let (row, output) = (at / layer.outputs, (at % layer.outputs) as usize);
                let input = (row < layer.taps * layer.inputs).then(|| (row % layer.inputs) as usize);
                let on = kept[to][output] && input.is_none_or(|input| kept[from][input]);
                let same = [0, 1].iter().all(|&which| {
                    let index = (layer.first_weight + at) as usize;
                    before[which][index] == after[which][index]
                });
                assert!(on || same, "{}: weight {at} of a layer to {} moved", run.model.name, run.model.groups[to].name);
                if same { rests += 1 } else { moves += 1 }
            }
            if layer.is_normalised() {
                for (unit, &on) in kept[to].iter().enumerate() {
                    let index = 2 * (layer.first_statistic as usize + unit);
                    let same = before[2][index..index + 2] == after[2][index..index + 2];
                    assert_eq!(same, !on, "{}: statistics of unit {unit} of {}", run.model.name, run.model.groups[to].name);
                }
            }
        }
        assert!(rests > 100 && moves > 100, "{rests} weights rest and {moves} move");
    }
}

/// A run of any method, in which masks are chosen several times, on a small network.
fn short(method: MethodName, model: &str, gate_inputs: bool) -> Config {
    Config {
        method,
        model: model.to_owned(),
        gate_inputs,
        keep_ratio: 0.4,
        steps: 12,
        batch_size: 14,
        structure_every: 4,
        learning_rate: 0.02,
        seed: 3,
        ..Config::default()
    }
}

#[test]
fn a_step_in_parts_equals_a_whole_step_bit_for_bit() {
    use StepPart::{Backward, Choose, Gradient, Losses, Project, Sample, Weights};
    let machine = machine();
    for (data, model, gate_inputs) in [(data(203, 20, 19, 4), "mlp-23-3", true), (images(90, 10, (2, 7, 7), 4, false), "cnn-4-5", false)] {
        for &method in MethodName::ALL {
            let label = format!("{} on {model}", method.name());
            let mut whole = data.start(&machine, short(method, model, gate_inputs));
            let mut parts = data.start(&machine, short(method, model, gate_inputs));
            while whole.step() < whole.steps() {
                let number = whole.step();
                let expected = step(&mut whole);
                let mut taken = Vec::new();
                let found = loop {
                    let done = block_on(parts.next_part()).unwrap().expect("there is a step to take");
                    taken.push(done.part);
                    let units = parts.whole.units() as usize;
                    match done.part {
                        Gradient => assert_eq!(bits(&done.values)[..units], integers(&parts, "d_scores")[..units], "{label}: g"),
                        Project => {
                            let sum: f64 = done.snapshot.scores.iter().map(|&s| f64::from(s)).sum();
                            assert!(sum <= f64::from(done.snapshot.budget) * (1.0 + 1e-6), "{label}, step {number}");
                            let v = done.snapshot.records[0].threshold;
                            // A score of 0 is not raised.
                            let moved = |&s: &f32| if v < 0.0 && s <= 0.0 { 0.0 } else { (s - v).clamp(0.0, 1.0) };
                            let clamped: Vec<f32> = done.stepped.iter().map(moved).collect();
                            assert_eq!(bits(&clamped), bits(&done.snapshot.scores), "{label}: the projection is a shift and a clamp");
                            assert_eq!(done.before.len(), units);
                        }
                        Weights => assert!(done.values.iter().any(|&moved| moved > 0.0), "{label}: nothing moved"),
                        _ => assert!(done.values.is_empty() && done.stepped.is_empty(), "{label}"),
                    }
                    // Sometimes interrupted in the middle: a snapshot, an evaluation and a whole step finish it.
                    match (number % 4, done.part) {
                        (1, Sample) => break block_on(parts.advance(64)).unwrap(),
                        (2, Backward) => {
                            block_on(parts.snapshot()).unwrap();
                            block_on(parts.evaluate(10, |_, _| {})).unwrap();
                            break block_on(parts.snapshot()).unwrap();
                        }
                        _ if done.left.is_empty() => break done.snapshot,
                        _ => {}
                    }
                };
                assert_eq!((found.step, parts.step()), (expected.step, expected.step), "{label}");
                if number % 4 != 2 {
                    let records = |snapshot: &Snapshot| bytemuck::cast_slice::<_, u32>(&snapshot.records).to_vec();
                    assert!(records(&found) == records(&expected), "{label}, step {number}: the record");
                }
                assert_eq!((bits(&found.scores), &found.mask), (bits(&expected.scores), &expected.mask), "{label}, step {number}");
                assert!(tensors(&parts) == tensors(&whole), "{label}, step {number}: {taken:?}");
                assert_eq!(parts.cost(), whole.cost(), "{label}");
                if number % 4 == 0 {
                    // The step at which fisher chooses its mask.
                    let chosen = (parts.config.anneal_fraction * f64::from(parts.steps())).ceil() as u32;
                    let rest: &[StepPart] = match method {
                        MethodName::Fisher if number < chosen => &[Sample, Losses, Backward, Gradient, Project, Weights],
                        MethodName::Ste => &[Sample, Losses, Backward, Gradient, Project, Weights],
                        MethodName::Vrpge | MethodName::Reinforce => &[Sample, Losses, Gradient, Project, Backward, Weights],
                        _ => &[Sample, Losses, Backward, Weights],
                    };
                    let chooses = match method {
                        MethodName::Magnitude | MethodName::FisherPruning => number < 8,
                        MethodName::Fisher => number == chosen,
                        MethodName::Set | MethodName::Rigl => number > 0 && number < 9,
                        MethodName::Snip => number == 0,
                        _ => false,
                    };
                    let expected: Vec<StepPart> = chooses.then_some(Choose).into_iter().chain(rest.iter().copied()).collect();
                    assert_eq!(taken, expected, "{label}, step {number}");
                }
            }
            assert!(block_on(parts.next_part()).unwrap().is_none(), "{label}: the run is over");
        }
    }
}

#[test]
fn a_change_during_a_step_applies_from_the_next_step_on() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = short(MethodName::Vrpge, "mlp-23-3", true);
    let (mut whole, mut parts) = (data.start(&machine, config.clone()), data.start(&machine, config));
    step(&mut whole);
    for part in [StepPart::Sample, StepPart::Losses] {
        assert_eq!(block_on(parts.next_part()).unwrap().unwrap().part, part);
    }
    for run in [&mut whole, &mut parts] {
        for (name, value) in [("alpha", "0.9"), ("learning_rate", "0.5"), ("keep_ratio", "0.3"), ("pins", "3on")] {
            run.change(name, value).unwrap();
        }
    }
    assert_eq!((whole.change("momentum", "0.8").unwrap(), parts.change("momentum", "0.8").unwrap()), (1, 1), "both from the next step on");
    block_on(parts.advance(1)).unwrap();
    assert!(tensors(&parts) == tensors(&whole));
    let (expected, found) = (step(&mut whole), step(&mut parts));
    assert_eq!(bits(&found.scores), bits(&expected.scores));
    assert!(found.scores[3] == 1.0 && tensors(&parts) == tensors(&whole));
}

#[test]
fn a_run_in_parts_diverges_at_the_same_step_as_a_whole_one() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = Config { learning_rate: 10.0, clip_norm: 0.0, steps: 200, ..short(MethodName::Vrpge, "mlp-23-3", true) };
    let (mut whole, mut parts) = (data.start(&machine, config.clone()), data.start(&machine, config));
    // A weight so large that products of gradients overflow.
    for run in [&whole, &parts] {
        let mut weights = floats(run, "weights");
        for weight in &mut weights {
            *weight *= 1e18;
        }
        run.engine().write(&run.engine().buffers.weights, &weights);
    }
    let expected = block_on(whole.advance(1)).unwrap_err();
    let found = loop {
        if let Err(error) = block_on(parts.next_part()) {
            break error;
        }
    };
    assert!(matches!(found, TrainError::Diverged { .. }));
    assert_eq!(format!("{found}"), format!("{expected}"));
    assert!(tensors(&parts) == tensors(&whole), "weights and scores of a stopped run are valid");
    assert!(block_on(parts.next_part()).is_err());
}

#[test]
fn pinned_scores_do_not_change_and_the_others_stay_within_the_budget() {
    let (machine, data) = (machine(), data(203, 20, 19, 4));
    for method in [MethodName::Vrpge, MethodName::Reinforce, MethodName::Ste] {
        let pins = "0on,7on,19off,20on,44off";
        let config = Config { method, pins: pins.to_owned(), scores_rate: 0.2, steps: 60, ..annealed() };
        let mut run = data.start(&machine, config.clone());
        let pinned = [(0, 1.0), (7, 1.0), (19, 0.0), (20, 1.0), (44, 0.0)];
        let (units, label) = (f64::from(run.whole.units()), method.name());
        let mut scores = block_on(run.snapshot()).unwrap().scores;
        while run.step() < run.steps() {
            let sum: f64 = scores.iter().map(|&s| f64::from(s)).sum();
            let number = run.step();
            let budget = f64::from(step_at(&run.config, run.whole.units(), number.saturating_sub(1), run.steps()).budget);
            assert!(sum <= budget * (1.0 + 1e-6), "{label}, before step {number}: {sum} of {budget}");
            let snapshot = step(&mut run);
            for (unit, score) in pinned {
                assert_eq!(snapshot.scores[unit], score, "{label}, step {number}, unit {unit}");
                let mask = if method == MethodName::Vrpge { 3 } else { 1 };
                assert_eq!(snapshot.mask[unit] & mask, if score == 1.0 { mask } else { 0 }, "{label}, step {number}, unit {unit}");
            }
            scores = snapshot.scores;
        }
        assert!(scores.iter().map(|&s| f64::from(s)).sum::<f64>() <= 0.15 * units * (1.0 + 1e-6));
        assert!(
            scores.iter().enumerate().any(|(unit, &s)| s > 0.5 && pinned.iter().all(|(pin, _)| *pin != unit)),
            "{label}: others are kept too"
        );

        // The same link gives the same run.
        let mut again = data.start(&machine, config);
        while again.step() < again.steps() {
            block_on(again.advance(64)).unwrap();
        }
        assert!(tensors(&again) == tensors(&run), "{label}");
    }
}

#[test]
fn a_unit_can_be_pinned_and_unpinned_during_a_run() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, Config { schedule: Schedule::Constant, ..annealed() });
    block_on(run.advance(10)).unwrap();
    let before = block_on(run.snapshot()).unwrap();
    let open = |unit: usize| before.scores[unit].min(1.0 - before.scores[unit]);
    let unit = (0..45).max_by(|&a, &b| open(a).total_cmp(&open(b))).unwrap();
    assert!(open(unit) > 0.1, "one is undecided");
    run.change("pins", &format!("{unit}on")).unwrap();
    let pinned = block_on(run.snapshot()).unwrap();
    assert_eq!((pinned.scores[unit], pinned.step), (1.0, 10));
    assert!(pinned.sum_scores <= f64::from(pinned.budget) * (1.0 + 1e-6), "the other scores are lowered at once");
    run.change("pins", &format!("{unit}off")).unwrap();
    assert_eq!(step(&mut run).scores[unit], 0.0);
    run.change("pins", "").unwrap();
    let free = block_on(run.snapshot()).unwrap();
    assert!((free.scores[unit] - before.scores[unit]).abs() < 0.05, "{} was {}", free.scores[unit], before.scores[unit]);
    assert!(free.sum_scores <= f64::from(free.budget) * (1.0 + 1e-6));
    assert_ne!(step(&mut run).scores[unit], 0.0, "it learns again");

    for (pins, words) in
        [("45on", "0 to 44"), ("1on,2on,3on,4on,5on,6on,7on", "allows 6 of 45"), ("1on,1off", "twice"), ("1", "as in 12on")]
    {
        let config = run.config.clone();
        let error = run.change("pins", pins).unwrap_err().to_string();
        assert!(error.contains(words), "{pins}: {error}");
        assert_eq!(run.config, config);
    }
    run.change("pins", "1on,2on,3on,4on,5on,6on").unwrap();
    assert!(run.change("keep_ratio", "0.1").unwrap_err().to_string().contains("pinned on"));
    for method in [MethodName::Static, MethodName::Rigl, MethodName::Dense] {
        let config = Config { method, pins: "1on".to_owned(), ..annealed() };
        let error = Trainer::new(&machine, config, data.shape.clone()).unwrap_err().to_string();
        assert!(error.contains("choose vrpge, reinforce, ste or fisher"), "{error}");
    }
    // The dense baseline of a measurement has no scores to pin.
    let mut baseline = DenseBaseline::new(&run).unwrap();
    block_on(baseline.measure(&mut run, &|| 0.0)).unwrap();
}

#[test]
fn only_the_last_pins_between_two_steps_matter() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = Config { schedule: Schedule::Constant, ..annealed() };
    let (mut wavering, mut straight) = (data.start(&machine, config.clone()), data.start(&machine, config));
    for run in [&mut wavering, &mut straight] {
        block_on(run.advance(10)).unwrap();
    }
    for pins in ["1on,2on", "1off", ""] {
        wavering.change("pins", pins).unwrap();
        block_on(wavering.snapshot()).unwrap();
    }
    assert_eq!(bits(&step(&mut wavering).scores), bits(&step(&mut straight).scores), "nothing is pinned, nothing was");
    for pins in ["4on,5off", "6on"] {
        wavering.change("pins", pins).unwrap();
        block_on(wavering.snapshot()).unwrap();
    }
    straight.change("pins", "6on").unwrap();
    assert_eq!(bits(&step(&mut wavering).scores), bits(&step(&mut straight).scores));
    // A pin that was set after the checkpoint is applied when the run continues.
    let state = block_on(straight.checkpoint()).unwrap();
    let mut restored = data.start(&machine, straight.config.clone());
    for run in [&mut straight, &mut restored] {
        run.change("pins", "6on,8on").unwrap();
    }
    restored.restore(state).unwrap();
    assert_eq!(bits(&step(&mut restored).scores), bits(&step(&mut straight).scores));
}

#[test]
fn a_unit_is_pinned_at_once_after_the_keep_ratio_was_raised() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, Config { schedule: Schedule::Constant, keep_ratio: 0.03, ..annealed() });
    block_on(run.advance(5)).unwrap();
    run.change("keep_ratio", "0.5").unwrap();
    run.change("pins", "1on,2on,3on").unwrap();
    let snapshot = block_on(run.snapshot()).unwrap();
    assert_eq!(snapshot.scores[1..4], [1.0; 3]);
    assert!(snapshot.scores.iter().any(|&score| score > 0.0 && score < 1.0), "the new budget is used");
}

#[test]
fn a_keep_ratio_that_changes_after_a_pin_gives_the_result_of_both_at_once() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let config = Config { schedule: Schedule::Constant, ..annealed() };
    let (mut wavering, mut straight) = (data.start(&machine, config.clone()), data.start(&machine, config));
    for run in [&mut wavering, &mut straight] {
        block_on(run.advance(10)).unwrap();
        run.change("pins", "4on,7on").unwrap();
    }
    block_on(wavering.snapshot()).unwrap();
    for run in [&mut wavering, &mut straight] {
        run.change("keep_ratio", "0.45").unwrap();
    }
    assert_eq!(bits(&step(&mut wavering).scores), bits(&step(&mut straight).scores));
}

#[test]
fn a_submit_ends_where_units_are_dropped_and_a_dropped_unit_cannot_be_pinned_on() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, Config { compact: true, finetune_epochs: 1, ..annealed() });
    let (epoch, mut drops) = (run.steps_per_epoch(), 0);
    assert!(epoch < 64 && !run.is_compact_due());
    while run.step() < run.steps() {
        let left = epoch - run.step() % epoch;
        let done = block_on(run.advance(64)).unwrap().records.len() as u32;
        assert_eq!(done, left.min(run.steps() - (run.step() - done)));
        assert_eq!(run.is_compact_due(), run.step() < run.steps());
        if run.is_compact_due() {
            drops += 1;
            block_on(run.compact()).unwrap();
        }
    }
    assert_eq!(drops, run.steps().div_ceil(epoch) - 1);
    let gone = (0..run.whole.units()).find(|unit| !run.numbers().contains(unit)).expect("the budget leaves some out");
    let error = run.change("pins", &format!("{gone}on")).unwrap_err().to_string();
    assert!(error.contains(&format!("unit {gone} was dropped from memory")), "{error}");

    // The final selection is counted, and scores that are not trained bring nothing back.
    let before = run.cost();
    let evaluation = block_on(run.select_mask(100, |_, _| {})).unwrap();
    let dense = run.whole.multiply_adds(&run.whole.sizes(), None).forward;
    let images = u64::from(run.config.select_masks * evaluation.images.next_multiple_of(run.config.batch_size));
    let cost = run.cost();
    assert_eq!((cost.forward, cost.backward), (before.forward, before.backward));
    assert!((1..=2 * images * dense).contains(&(cost.structure - before.structure)), "{cost:?}");
    let kept = block_on(run.snapshot()).unwrap().scores.iter().filter(|&&score| score == 1.0).count();
    assert_eq!(block_on(run.compact()).unwrap().1 as usize, kept);
}

#[test]
fn a_unit_that_is_pinned_off_is_not_dropped_and_can_come_back() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, Config { pins: "5off".to_owned(), ..annealed() });
    while run.step() < 120 {
        block_on(run.advance(64)).unwrap();
    }
    let (before, after) = block_on(run.compact()).unwrap();
    assert!(after < before && run.numbers().contains(&5));
    assert_eq!(step(&mut run).scores[5], 0.0);
    run.change("pins", "").unwrap();
    assert!(block_on(run.snapshot()).unwrap().scores[5] > 0.0);
}

#[test]
fn the_cost_of_a_unit_is_a_difference_of_losses_and_does_not_change_the_run() {
    let (machine, data) = (machine(), data(203, 0, 19, 4));
    let mut run = data.start(&machine, annealed());
    let mut other = data.start(&machine, annealed());
    for run in [&mut run, &mut other] {
        block_on(run.advance(30)).unwrap();
    }
    let snapshot = block_on(run.snapshot()).unwrap();
    let (model, weights) = (run.model.clone(), floats(&run, "weights"));
    let mut compared = 0;
    for unit in [0, 3, 20, 25, 40] {
        let Ok(cost) = block_on(run.unit_cost(unit, 6)) else { continue };
        let differences: Vec<f64> = (30..36)
            .map(|number| {
                let rows: Vec<u32> = run.batch(number).iter().map(|sample| sample.row).collect();
                let loss = |on: bool| {
                    let mut kept: Vec<bool> = snapshot.mask.iter().map(|bits| bits & 1 != 0).collect();
                    kept[unit as usize] = on;
                    data.dense(&model, &weights, &kept, rows.iter().copied()).0
                };
                loss(true) - loss(false)
            })
            .collect();
        let mean = differences.iter().sum::<f64>() / 6.0;
        let error = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 5.0 / 6.0).sqrt();
        assert!(
            (cost.difference - mean).abs() < 1e-5 && (cost.error - error).abs() < 1e-5,
            "unit {unit}: {cost:?}, by the CPU {mean} ± {error}"
        );
        assert_eq!(cost.batches, 6);
        assert!((cost.on - cost.off - cost.difference).abs() < 1e-9);
        compared += 1;
    }
    assert!(compared >= 3);
    assert!(block_on(run.unit_cost(45, 6)).unwrap_err().to_string().contains("no such unit"));
    assert!(tensors(&run) == tensors(&other));
    assert_eq!(bits(&step(&mut run).scores), bits(&step(&mut other).scores));
    assert!(tensors(&run) == tensors(&other), "the run continues unchanged");
}
