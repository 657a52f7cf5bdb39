//! The reference kernels compared with other computations: finite differences, an enumeration of every mask, the definition of the projection.

use super::*;
use crate::mask::{self, Bits};
use crate::model::{self, Image, Model, Places};
use crate::random::{Stream, Threefry};
use crate::schedule::plain;
use crate::shared::{ABSENT, effects, terms};

/// Rows of the data set for the batches below.
const ROWS: u32 = 16;

/// Bytes, four a word.
fn words(mut bytes: Vec<u8>) -> Vec<u32> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytemuck::pod_collect_to_vec(&bytes)
}

/// A network in memory with random weights, data and one batch, and poison wherever a reference should write.
fn network(model: &Model, batch_size: u32, seed: u32) -> Memory {
    let params = Params { seed, learn_scores: 1, alpha: 0.5, scale: 1.0 / 80.0, ..model.params(batch_size) };
    let classes = model.groups.last().unwrap().size;
    let mut random = Threefry::new(seed, Stream::Data, 0);
    let mut uniform = |low: f64, high: f64| low + (high - low) * f64::from(random.unit_interval());
    let (units, weights, rows) = (model.units() as usize, model.weights() as usize, model.rows() as usize);
    let images = params.batch_stride as usize;
    let places = Places::of(model).buffers;
    Memory {
        params,
        state: State::default(),
        schedule: vec![Step {
            step: 5,
            learning_rate: 1.0,
            scores_rate: 0.0,
            budget: units as f32,
            first_correction: 0.5,
            second_correction: 0.25,
        }],
        batch_rows: plain((0..batch_size).map(|_| uniform(0.0, f64::from(ROWS)) as u32)),
        records: vec![Record::default()],
        scores: (0..units).map(|_| uniform(0.3, 0.9)).collect(),
        score_state: vec![[0.0; 4]; units],
        d_scores: vec![f64::NAN; units],
        d_masks: vec![f64::NAN; units],
        information: vec![f64::NAN; units],
        pins: model.prices().into_iter().map(f64::from).collect(),
        numbers: (0..units as u32).collect(),
        units: vec![0xdead_0000; units],
        lists: vec![0xdead_0000; 2 * rows],
        rows: vec![0xdead_0000; 2 * rows],
        counts: vec![0xdead_0000; 2 * MOST_GROUPS],
        sources: model.sources(),
        joins: vec![[0xdead_0000; 2]; 2 * rows],
        weights: (0..weights).map(|_| uniform(-0.8, 0.8)).collect(),
        velocity: vec![0.0; weights],
        packed_weights: vec![f64::NAN; model.packed() as usize],
        d_weights: vec![f64::NAN; model.gradient_floats() as usize],
        // Two for each layer.
        squares: vec![f64::NAN; 2 * model.layers.len()],
        square_starts: (0..model.layers.len() as u32).map(|layer| 2 * layer).collect(),
        statistics: Vec::new(),
        d_statistics: Vec::new(),
        running: Vec::new(),
        inputs: words((0..ROWS * model.groups[0].size).map(|_| uniform(0.0, 256.0) as u8).collect()),
        labels: words((0..ROWS).map(|_| uniform(0.0, f64::from(classes)) as u8).collect()),
        shifts: (0..model.groups[0].size).map(|_| uniform(-2.0, -1.0)).collect(),
        values: places.iter().map(|of| vec![f64::NAN; (1 + usize::from(of.is_logits)) * of.floats as usize * images]).collect(),
        enough: 1024,
        tile: [8; 2],
        strip: 1,
    }
}

/// The masked network as whole matrices with zeros for units that are off. Nothing here is compacted or shared with the reference kernels. Returns
/// the loss and every pre-activation of a kept hidden unit.
fn masked_loss(memory: &Memory, kept: &[Vec<bool>], weights: &[f64]) -> (f64, Vec<f64>) {
    let params = &memory.params;
    let groups = params.group_count as usize;
    let (mut sum, mut hidden) = (0.0, Vec::new());
    for &Sample { row, .. } in &memory.batch_rows {
        let inputs = params.groups[0].size as usize;
        let byte = |i: usize| f64::from(memory.features(row as usize)[i]);
        let mut x: Vec<f64> = (0..inputs).map(|i| f64::from(params.scale) * byte(i) + memory.shifts[i]).collect();
        for l in 0..groups - 1 {
            let layer = params.layers[l];
            let weight = |i: usize, o: usize| weights[layer.first_weight as usize + i * layer.outputs as usize + o];
            let on = |i: usize| f64::from(u8::from(kept[l][i]));
            let z: Vec<f64> = (0..layer.outputs as usize)
                .map(|o| weight(layer.inputs as usize, o) + x.iter().enumerate().map(|(i, x)| on(i) * x * weight(i, o)).sum::<f64>())
                .collect();
            let last = l + 2 == groups;
            if !last {
                hidden.extend(z.iter().zip(&kept[l + 1]).filter(|&(_, &kept)| kept).map(|(z, _)| *z));
            }
            x = if last { z } else { z.into_iter().map(|z| z.max(0.0)).collect() };
        }
        let total: f64 = x.iter().map(|z| z.exp()).sum();
        sum += total.ln() - x[memory.label(row as usize)];
    }
    (sum / memory.batch_rows.len() as f64, hidden)
}

/// `[group][unit]`, which units mask `z` keeps.
fn kept_units(memory: &Memory, z: usize) -> Vec<Vec<bool>> {
    let groups = 0..memory.params.group_count as usize;
    groups.map(|g| (0..memory.group(g).size).map(|unit| memory.list(z, g).contains(&unit)).collect()).collect()
}

/// Every reference of a fully connected network's step, in the order of the engine; map `l` is the input of layer `l`.
fn step(model: &Model, memory: &mut Memory) {
    let (layers, images, places) = (model.layers.len(), memory.images(), Places::of(model));
    let at = |place: model::Place| Place { buffer: place.buffer, first: place.first as usize * images };
    let gradient = |map: usize| places.gradients[map].map(at).unwrap_or_default();
    let work = |l: usize, flags: u32, mask: u32| Work {
        operation: Operation {
            layer: l as u32,
            group_in: l as u32,
            group_out: l as u32 + 1,
            height_in: 1,
            width_in: 1,
            height_out: 1,
            width_out: 1,
            kernel: 1,
            stride: 1,
            flags,
            mask,
            apart_out: if l + 1 == layers { model.groups[layers].size * images as u32 / 4 } else { 0 },
            first_square: 2 * l as u32,
            ..Operation::default()
        },
        input: at(places.forward[l]),
        output: at(places.forward[l + 1]),
        shortcut: at(places.forward[l + 1]),
        d_input: gradient(l),
        d_output: gradient(l + 1),
        d_shortcut: Place::default(),
    };
    let hidden = |map: usize| if map > 0 && map < layers { flags::RECTIFIED } else { 0 };
    let ones = |map: usize| if map < layers { flags::ONES } else { 0 };
    run("sample", &Work::default(), 2, memory);
    for mask in [1, 0] {
        run("pack_weights", &work(0, 0, mask), 1, memory);
        let mut inputs = Work { output: at(places.forward[0]), ..work(0, flags::ONES, mask) };
        inputs.operation.apart_out = 0;
        run("gather_inputs", &inputs, 1, memory);
        for l in 0..layers {
            run("convolve", &work(l, hidden(l + 1) | ones(l + 1), mask), 1, memory);
        }
    }
    run("loss", &work(layers - 1, 0, 0), 1, memory);
    for l in (0..layers).rev() {
        run("d_weights", &work(l, 0, 0), 1, memory);
        if l > 0 {
            run("d_activations", &work(l, hidden(l), 0), 1, memory);
        }
    }
    run("update_scores", &Work::default(), 1, memory);
    run("update_weights", &Work::default(), 1, memory);
}

#[test]
fn weight_gradients_agree_with_finite_differences_of_the_masked_network() {
    /// Half the distance between the two evaluations of a difference.
    const H: f64 = 1e-5;
    for (name, inputs, classes, gate_inputs, batch_size, seed) in [
        ("mlp-7-5", 6, 4, true, 3, 1),
        ("mlp-9", 5, 3, false, 5, 2),
        ("mlp-6-5-4", 4, 2, true, 2, 3),
        ("mlp", 7, 3, true, 6, 4),
        ("mlp-1", 3, 2, true, 1, 6),
    ] {
        let model = Model::new(name, Image::flat(inputs), classes, gate_inputs).unwrap();
        let mut memory = network(&model, batch_size, seed);
        let before = memory.weights.clone();
        // With rate 1 and no momentum, decay or clip, the step is the gradient.
        step(&model, &mut memory);
        let kept = kept_units(&memory, 0);
        assert!(kept.iter().flatten().any(|kept| !kept), "{name}: a mask that keeps everything shows little");
        let (loss, hidden) = masked_loss(&memory, &kept, &before);
        assert!((loss - f64::from(memory.records[0].loss)).abs() < 1e-6 * loss, "{name}: {loss} and {}", memory.records[0].loss);
        let probe_loss = masked_loss(&memory, &kept_units(&memory, 1), &before).0;
        assert!((probe_loss - f64::from(memory.records[0].probe_loss)).abs() < 1e-6 * probe_loss, "{name}: {probe_loss} under the probe");
        // A pre-activation near 0 would change its sign between the two evaluations and make the difference useless.
        let nearest = hidden.iter().map(|z| z.abs()).fold(f64::INFINITY, f64::min);
        assert!(nearest > 1e-3, "{name}: a pre-activation of {nearest} is too near to 0; choose another seed");

        let mut norm = 0.0;
        for (at, (before_weight, after)) in before.iter().zip(&memory.weights).enumerate() {
            let loss_at = |shift: f64| {
                let mut weights = before.clone();
                weights[at] += shift;
                masked_loss(&memory, &kept, &weights).0
            };
            let difference = (loss_at(H) - loss_at(-H)) / (2.0 * H);
            let gradient = before_weight - after;
            assert!((gradient - difference).abs() < 1e-8, "{name}, weight {at}: {gradient} and by differences {difference}");
            norm += difference * difference;
        }
        let recorded = f64::from(memory.records[0].gradient_norm);
        assert!((norm.sqrt() - recorded).abs() < 1e-6 * recorded, "{name}: the norm is {recorded}, by differences {}", norm.sqrt());
    }
}

#[test]
fn weights_between_units_that_are_off_have_no_gradient_and_do_not_move() {
    let model = Model::new("mlp-12-9", Image::flat(10), 3, true).unwrap();
    let mut memory = network(&model, 4, 8);
    (memory.params.momentum, memory.params.weight_decay) = (0.9, 5e-4);
    memory.velocity.iter_mut().zip(0..).for_each(|(velocity, index)| *velocity = 0.01 + f64::from(index) * 1e-4);
    let before = memory.clone();
    step(&model, &mut memory);
    let kept = kept_units(&memory, 0);
    let (mut frozen, mut moved) = (0, 0);
    for (l, layer) in model.layers.iter().enumerate() {
        for input in 0..=layer.inputs as usize {
            for output in 0..layer.outputs as usize {
                let at = layer.first_weight as usize + input * layer.outputs as usize + output;
                let same = memory.weights[at] == before.weights[at] && memory.velocity[at] == before.velocity[at];
                let on = kept[l].get(input).copied().unwrap_or(true) && kept[l + 1][output];
                assert_eq!(same, !on, "layer {l}, weight ({input}, {output})");
                if on { moved += 1 } else { frozen += 1 }
            }
        }
    }
    assert!(frozen > 20 && moved > 20, "{frozen} frozen, {moved} moved");
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

#[test]
fn the_scores_step_ends_within_the_budget_and_records_it() {
    let model = Model::new("mlp-12-9", Image::flat(10), 3, true).unwrap();
    for (optimizer, budget) in [(0, 4.0), (1, 4.0), (0, 0.0), (1, 31.0), (0, 31.0)] {
        let mut memory = network(&model, 4, 11);
        memory.params.optimizer = optimizer;
        let now = Step { step: 5, scores_rate: 0.2, budget, first_correction: 0.1, second_correction: 0.001, ..Step::default() };
        memory.schedule[0] = now;
        let before = memory.scores.clone();
        step(&model, &mut memory);
        let record = memory.records[0];
        assert!(memory.scores.iter().all(|s| (0.0..=1.0).contains(s)));
        assert!(sum(&memory.scores) <= f64::from(budget) + 1e-9, "{} over {budget}", sum(&memory.scores));
        assert!((sum(&memory.scores) - f64::from(record.sum_scores)).abs() < 1e-5);
        assert_eq!(record.threshold > 0.0, budget < 31.0, "v is {} with K = {budget}", record.threshold);
        assert_ne!(before, memory.scores);
        assert!(memory.d_scores.iter().any(|&g| g != 0.0) && memory.d_scores.iter().all(|g| g.is_finite()));
    }
}

#[test]
fn a_group_without_a_drawn_unit_keeps_its_highest_score_without_changing_the_draw() {
    let model = Model::new("mlp-5", Image::flat(4), 2, true).unwrap();
    let mut memory = network(&model, 2, 3);
    memory.scores = vec![0.0; 9];
    memory.scores[2] = 1e-9;
    sample(&mut memory);
    assert_eq!((memory.list(0, 0), memory.list(1, 0)), (&[2][..], &[2][..]));
    assert_eq!((memory.list(0, 1), memory.kept(0, 2)), (&[0][..], 2), "ties go to the first unit; classes are never gated");
    assert_eq!(memory.units, [0, 0, 0b1100, 0, 0b1100, 0, 0, 0, 0]);
    let row = |unit: usize| memory.rows[memory.group(0).first_row as usize + unit];
    assert_eq!((0..4).map(row).collect::<Vec<_>>(), [ABSENT, ABSENT, 0, ABSENT], "the place of each unit in the list");
}

#[test]
fn a_loss_that_is_not_finite_halts_before_anything_is_changed() {
    let model = Model::new("mlp-7-5", Image::flat(6), 4, true).unwrap();
    for spoil in [f64::INFINITY, f64::NAN, 1e30] {
        let mut memory = network(&model, 3, 1);
        memory.schedule[0].scores_rate = 0.1;
        memory.weights.iter_mut().for_each(|weight| *weight *= spoil);
        let before = memory.clone();
        step(&model, &mut memory);
        assert_eq!((memory.state.halted, memory.state.step), (1, 5), "the state says which step it was");
        assert_eq!((&memory.scores, &memory.score_state, &memory.velocity), (&before.scores, &before.score_state, &before.velocity));
        assert!(memory.weights.iter().zip(&before.weights).all(|(after, before)| after.to_bits() == before.to_bits()));
    }
}

#[test]
fn a_gradient_too_large_to_be_measured_halts_before_a_weight_is_changed() {
    let model = Model::new("mlp-7-5", Image::flat(6), 4, true).unwrap();
    let mut memory = network(&model, 3, 1);
    memory.scores.fill(1.0);
    memory.weights.iter_mut().for_each(|weight| *weight *= 1e10);
    // Saturated and wrong: the gradient of a correct answer would be 0.
    for label in bytemuck::cast_slice_mut::<u32, u8>(&mut memory.labels) {
        *label = (*label + 1) % 4;
    }
    let before = memory.clone();
    step(&model, &mut memory);
    assert!(memory.records[0].loss.is_finite() && memory.state.halted == 1, "{:?}", memory.records[0]);
    assert_eq!((memory.weights, memory.velocity), (before.weights, before.velocity));
}

/// dL/dm by finite differences: the loss with the unit's outgoing weights scaled, which is what a mask between 0 and 1 does.
#[test]
fn derivatives_at_masks_agree_with_finite_differences_and_between_their_forms() {
    const H: f64 = 1e-5;
    let model = Model::new("mlp-7-5", Image::flat(6), 4, true).unwrap();
    let mut memory = network(&model, 3, 1);
    memory.params.effects = effects::CONTROL;
    let before = memory.weights.clone();
    step(&model, &mut memory);
    run("d_masks", &Work::default(), 1, &mut memory);
    let kept = kept_units(&memory, 0);
    for (g, group) in model.groups.iter().enumerate().filter(|(_, group)| group.gated) {
        let layer = &model.layers[g];
        for unit in (0..group.size).filter(|&unit| kept[g][unit as usize]) {
            let loss_at = |factor: f64| {
                let mut weights = before.clone();
                let first = (layer.first_weight + unit * layer.outputs) as usize;
                weights[first..first + layer.outputs as usize].iter_mut().for_each(|weight| *weight *= factor);
                masked_loss(&memory, &kept, &weights).0
            };
            let difference = (loss_at(1.0 + H) - loss_at(1.0 - H)) / (2.0 * H);
            let found = memory.d_masks[(group.first_unit + unit) as usize];
            assert!((found - difference).abs() < 1e-8, "{}, unit {unit}: {found} and by differences {difference}", group.name);
        }
    }
    // The sum over a hidden unit's own weights and bias is the same.
    let by_reading = memory.d_masks.clone();
    for g in 1..=2 {
        memory.params.groups[g].mask_terms = (g as u32 - 1) * 4 + terms::OWN;
    }
    run("d_masks", &Work::default(), 1, &mut memory);
    for (unit, (reading, own)) in by_reading.iter().zip(&memory.d_masks).enumerate() {
        assert!((reading - own).abs() < 1e-12 || reading.is_nan() && own.is_nan(), "unit {unit}: {reading} and {own}");
    }
}

#[test]
fn effects_follow_the_units_that_are_kept_and_no_others() {
    let model = Model::new("mlp-12-9", Image::flat(10), 3, true).unwrap();
    for (kind, rate) in [(effects::CONTROL, 0.1), (effects::FISHER, 0.2)] {
        let mut memory = network(&model, 4, 8);
        (memory.params.effects, memory.params.effect_rate) = (kind, rate as f32);
        let rate = f64::from(memory.params.effect_rate);
        memory.score_state = vec![[0.5, 0.25, -0.75, 3.0]; memory.scores.len()];
        step(&model, &mut memory);
        let before = memory.score_state.clone();
        run("d_masks", &Work::default(), 1, &mut memory);
        let mut changed = 0;
        for (unit, (now, then)) in memory.score_state.iter().zip(&before).enumerate() {
            if !mask::split(Bits(memory.units[unit]).kept())[0] {
                assert_eq!((now, memory.d_masks[unit].is_nan()), (then, true), "unit {unit} is off");
                continue;
            }
            let g = memory.d_masks[unit];
            let half = 0.5 * 4.0 * g * g;
            let expected =
                if kind == effects::FISHER { -0.75 + f64::max(rate, 0.25) * (0.75 - half) } else { -0.75 + rate * (g - half + 0.75) };
            assert!((now[2] - expected).abs() < 1e-12 && now[3] == 4.0 && now[..2] == then[..2], "unit {unit}: {now:?}, not {expected}");
            changed += 1;
        }
        assert!(changed > 5 && changed < memory.scores.len());
        // Nothing changes in a halted run.
        let before = memory.score_state.clone();
        memory.state.halted = 1;
        run("d_masks", &Work::default(), 1, &mut memory);
        assert_eq!(memory.score_state, before);
    }
}

#[test]
fn with_prices_a_step_ends_within_the_budget_on_either_side_of_it() {
    let model = Model::new("mlp-12-9", Image::flat(10), 3, true).unwrap().with_prices(0.3);
    let priced = |scores: &[f64]| scores.iter().zip(model.prices()).map(|(s, price)| s * f64::from(price)).sum::<f64>();
    for budget in [6.0, 28.0] {
        let mut memory = network(&model, 4, 11);
        (memory.params.fill_budget, memory.params.optimizer) = (1, 1);
        memory.scores[3] = 0.0;
        // Pinned units count at their prices and do not move.
        for (unit, score) in [(0, 1.0), (11, 0.0), (30, 1.0)] {
            (memory.scores[unit], memory.pins[unit]) = (score, -memory.pins[unit]);
        }
        memory.schedule[0] = Step { step: 5, scores_rate: 0.01, budget, ..Step::default() };
        step(&model, &mut memory);
        assert!((priced(&memory.scores) - f64::from(budget)).abs() < 1e-6, "{} of {budget}", priced(&memory.scores));
        assert!((f64::from(memory.records[0].sum_scores) - f64::from(budget)).abs() < 1e-5);
        assert_eq!((memory.scores[0], memory.scores[11], memory.scores[30]), (1.0, 0.0, 1.0));
        assert_eq!(memory.records[0].threshold < 0.0, budget > 20.0);
        assert!(memory.scores[3] < 0.01 && memory.scores.iter().all(|s| (0.0..=1.0).contains(s)));
    }
}

#[test]
fn scores_that_use_less_than_the_budget_are_raised_to_it() {
    let model = Model::new("mlp-12-9", Image::flat(10), 3, true).unwrap();
    let mut memory = network(&model, 4, 11);
    (memory.params.fill_budget, memory.params.optimizer) = (1, 1);
    memory.scores[3] = 0.0;
    memory.schedule[0] = Step { step: 5, scores_rate: 0.01, budget: 28.0, ..Step::default() };
    step(&model, &mut memory);
    assert!((sum(&memory.scores) - 28.0).abs() < 1e-9, "{}", sum(&memory.scores));
    assert!(memory.records[0].threshold < 0.0 && memory.scores[3] == 0.0, "a score of 0 is not raised");
    assert!(memory.scores.iter().all(|s| (0.0..=1.0).contains(s)));
}
