//! The twins against what does not use them: finite differences, enumeration of every mask, the definition of a projection.

use proptest::prelude::*;

use super::*;
use crate::model::{Image, Model};
use crate::random::{Stream, Threefry};
use crate::schedule::plain;
use crate::shared::ABSENT;

/// Rows of the data set that the batches below are taken from.
const ROWS: u32 = 16;

/// Bytes, four a word.
fn words(mut bytes: Vec<u8>) -> Vec<u32> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytemuck::pod_collect_to_vec(&bytes)
}

/// A network in memory with random weights, data and one batch; poison wherever a twin is to write.
fn network(model: &Model, batch_size: u32, seed: u32) -> Memory {
    let params = Params { seed, learn_scores: 1, alpha: 0.5, scale: 1.0 / 80.0, ..model.params(batch_size) };
    let classes = model.groups.last().unwrap().size;
    let mut random = Threefry::new(seed, Stream::Data, 0);
    let mut uniform = |low: f64, high: f64| low + (high - low) * f64::from(random.unit_interval());
    let (units, weights, rows) = (model.units() as usize, model.weights() as usize, model.rows() as usize);
    let images = params.batch_stride as usize;
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
        moments: vec![0.0; 2 * units],
        d_scores: vec![f64::NAN; units],
        pins: vec![0; units],
        numbers: (0..units as u32).collect(),
        units: vec![0xdead_0000; units],
        lists: vec![0xdead_0000; 2 * rows],
        rows: vec![0xdead_0000; 2 * rows],
        counts: vec![0xdead_0000; 2 * MOST_GROUPS],
        sources: model.sources(),
        joins: vec![[0xdead_0000; 2]; 2 * rows],
        weights: (0..weights).map(|_| uniform(-0.8, 0.8)).collect(),
        velocity: vec![0.0; weights],
        packed_weights: vec![f64::NAN; 2 * model.packed() as usize],
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
        maps: model.maps.iter().map(|map| vec![f64::NAN; 2 * model.map_floats(map) as usize * images]).collect(),
        gradients: model.gradient_buffers().iter().map(|&floats| vec![f64::NAN; floats as usize * images]).collect(),
        enough: 1024,
        tile: 8,
        strip: 1,
    }
}

/// The masked network spelled out with whole matrices, zeros where a unit is off; nothing here is compacted or shared with the twins.
/// Gives the loss and every pre-activation of a kept hidden unit.
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

/// `[group][unit]`, what mask `z` keeps.
fn kept_units(memory: &Memory, z: usize) -> Vec<Vec<bool>> {
    let groups = 0..memory.params.group_count as usize;
    groups.map(|g| (0..memory.group(g).size).map(|unit| memory.list(z, g).contains(&unit)).collect()).collect()
}

/// Every twin of a fully connected network's step in its order, as the engine's list has it; map `l` is what layer `l` reads.
fn step(model: &Model, memory: &mut Memory) {
    let layers = model.layers.len();
    let work = |l: usize, flags: u32| Work {
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
            first_square: 2 * l as u32,
            ..Operation::default()
        },
        input: l,
        output: l + 1,
        shortcut: l + 1,
        d_input: model.maps[l].gradient.unwrap_or(0),
        d_output: model.maps[l + 1].gradient.unwrap(),
        d_shortcut: 0,
    };
    let hidden = |map: usize| if map > 0 && map < layers { flags::RECTIFIED } else { 0 };
    let ones = |map: usize| if map < layers { flags::ONES } else { 0 };
    run("sample", &Work::default(), 2, memory);
    run("pack_weights", &Work::default(), 2, memory);
    run("gather_inputs", &work(0, flags::ONES), 2, memory);
    for l in 0..layers {
        run("convolve", &work(l, hidden(l + 1) | ones(l + 1)), 2, memory);
    }
    run("loss", &work(layers - 1, 0), 1, memory);
    for l in (0..layers).rev() {
        run("d_weights", &work(l, 0), 1, memory);
        if l > 0 {
            run("d_activations", &work(l, hidden(l)), 1, memory);
        }
    }
    run("update_scores", &Work::default(), 1, memory);
    run("update_weights", &Work::default(), 1, memory);
}

#[test]
fn weight_gradients_agree_with_finite_differences_of_the_masked_network() {
    /// Half the distance of the two evaluations of a difference.
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
        // Rate 1 with neither momentum, decay nor clip: the step is the gradient.
        step(&model, &mut memory);
        let kept = kept_units(&memory, 0);
        assert!(kept.iter().flatten().any(|kept| !kept), "{name}: a mask that keeps everything shows little");
        let (loss, hidden) = masked_loss(&memory, &kept, &before);
        assert!((loss - f64::from(memory.records[0].loss)).abs() < 1e-6 * loss, "{name}: {loss} and {}", memory.records[0].loss);
        let probe_loss = masked_loss(&memory, &kept_units(&memory, 1), &before).0;
        assert!((probe_loss - f64::from(memory.records[0].probe_loss)).abs() < 1e-6 * probe_loss, "{name}: {probe_loss} under the probe");
        // A pre-activation near 0 would change sides between the two evaluations, and the difference would mean nothing.
        let nearest = hidden.iter().map(|z| z.abs()).fold(f64::INFINITY, f64::min);
        assert!(nearest > 1e-3, "{name}: a pre-activation of {nearest} is too near to the kink; choose another seed");

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

/// A loss of six units with a mean of about 6 and effects of unequal strength, pairwise ones among them; unit 0's is the weakest.
fn toy_loss(mask: usize) -> f64 {
    const ALONE: [f64; 6] = [0.9, 4.0, -3.8, 3.2, -4.4, 3.0];
    let centred = |unit: usize| f64::from((mask >> unit & 1) as u32) - 0.5;
    let alone: f64 = (0..6).map(|unit| ALONE[unit] * centred(unit)).sum();
    let pairs: f64 = (0..6)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| f64::from(((a * 7 + b * 5) % 11) as u32) / 11.0 * centred(a) * centred(b))
        .sum();
    6.0 + alone + pairs
}

/// The probability of a mask of six units.
fn probability(scores: &[f64; 6], mask: usize) -> f64 {
    scores.iter().enumerate().map(|(unit, s)| if mask >> unit & 1 == 1 { *s } else { 1.0 - s }).product()
}

/// ∂E[L]/∂s of each unit: what the mask with the unit costs on average, less the one without.
fn exact_gradient(scores: &[f64; 6]) -> [f64; 6] {
    std::array::from_fn(|unit| {
        let others = |mask: &usize| mask >> unit & 1 == 1;
        (0..64usize)
            .filter(others)
            .map(|mask| probability(scores, mask) / scores[unit] * (toy_loss(mask) - toy_loss(mask & !(1 << unit))))
            .sum()
    })
}

/// Mean and variance of each unit's g over all pairs of masks.
fn enumerate(estimator: u32, alpha: f64, scores: &[f64; 6]) -> ([f64; 6], [f64; 6]) {
    let (mut mean, mut square) = ([0.0; 6], [0.0; 6]);
    for mask in 0..64 {
        for probe in 0..64 {
            let weight = probability(scores, mask) * probability(scores, probe);
            for unit in 0..6 {
                let bit = |mask: usize| f64::from((mask >> unit & 1) as u32);
                let g = structure_gradient(estimator, alpha, scores[unit], bit(mask), bit(probe), toy_loss(mask), toy_loss(probe));
                mean[unit] += weight * g;
                square[unit] += weight * g * g;
            }
        }
    }
    let variance = std::array::from_fn(|unit| square[unit] - mean[unit] * mean[unit]);
    (mean, variance)
}

const TWO_SIDED: u32 = 0;
const ONE_SIDED: u32 = 1;
const PLAIN: u32 = 2;

#[test]
fn every_estimator_has_the_preconditioned_gradient_as_its_mean_over_all_pairs_of_masks() {
    for scores in [[0.5; 6], [0.01, 0.2, 0.37, 0.5, 0.85, 0.999], [0.001, 0.9, 0.6, 0.3, 0.999, 0.45]] {
        let gradient = exact_gradient(&scores);
        for estimator in [TWO_SIDED, ONE_SIDED, PLAIN] {
            for alpha in [0.0, 0.5, 0.75, 1.0] {
                let (mean, _) = enumerate(estimator, alpha, &scores);
                for unit in 0..6 {
                    let s = scores[unit];
                    let expected = (s * (1.0 - s)).powf(alpha) * gradient[unit];
                    assert!(
                        (mean[unit] - expected).abs() < 1e-10,
                        "estimator {estimator}, alpha {alpha}, unit {unit} at {s}: mean {} and H^alpha grad {expected}",
                        mean[unit]
                    );
                }
            }
        }
    }
}

#[test]
fn variances_follow_the_published_table() {
    let columns = [
        ("two-sided, 0", TWO_SIDED, 0.0),
        ("two-sided, 1/2", TWO_SIDED, 0.5),
        ("two-sided, 1", TWO_SIDED, 1.0),
        ("one-sided, 1/2", ONE_SIDED, 0.5),
        ("plain, 1/2", PLAIN, 0.5),
    ];
    println!("variance of g of one unit, the others at 1/2, by enumeration");
    println!("{:>8} {}", "s", columns.map(|(name, ..)| format!("{name:>15}")).join(" "));
    let rows = [0.5, 0.01, 0.001].map(|s| {
        let scores = [s, 0.5, 0.5, 0.5, 0.5, 0.5];
        let row = columns.map(|(_, estimator, alpha)| enumerate(estimator, alpha, &scores).1[0]);
        println!("{s:>8} {}", row.map(|variance| format!("{variance:>15.4}")).join(" "));
        (s, row)
    });
    let near = |value: f64, expected: f64, share: f64| (value / expected - 1.0).abs() < share;
    let (_, half) = rows[0];
    for (s, [zero, flat, one, one_sided, plain]) in rows {
        let spread = 0.25 / (s * (1.0 - s));
        assert!(near(zero, half[0] * spread, 0.03), "alpha 0 grows like 1/(s(1-s)): {zero} at {s}, {} at 1/2", half[0]);
        assert!(near(flat, half[1], 0.03), "alpha 1/2 stays: {flat} at {s}, {} at 1/2", half[1]);
        assert!(near(one, half[2] / spread, 0.03), "alpha 1 falls like s(1-s): {one} at {s}, {} at 1/2", half[2]);
        assert!(near(one_sided, 2.0 * flat, 0.03), "two-sided is half of one-sided: {flat} and {one_sided} at {s}");
        assert!(plain > 1.2 * one_sided && near(plain, 3.0 * flat, 0.2), "the second sample cuts about three times: {plain} at {s}");
    }
}

#[test]
fn a_decided_unit_has_no_gradient() {
    for estimator in [TWO_SIDED, ONE_SIDED, PLAIN] {
        for alpha in [0.0, 0.5, 1.0] {
            for s in [0.0, 2f64.powi(-25), 1.0] {
                assert_eq!(structure_gradient(estimator, alpha, s, 1.0, 0.0, 3.0, 1.0), 0.0, "estimator {estimator}, s {s}");
            }
        }
    }
}

fn clamped(scores: &[f64], v: f64) -> Vec<f64> {
    scores.iter().map(|s| (s - v).clamp(0.0, 1.0)).collect()
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// Scores as an optimiser's step leaves them, beyond both ends; coarse ones have ties.
fn stepped_scores() -> impl Strategy<Value = Vec<f64>> {
    let fine = prop::collection::vec(-0.6f64..1.6, 1..120);
    let coarse = prop::collection::vec((-4i32..=12).prop_map(|eighths| f64::from(eighths) / 8.0), 1..120);
    prop_oneof![fine, coarse]
}

proptest! {
    #[test]
    fn the_projection_is_the_nearest_feasible_point(scores in stepped_scores(), share in 0.0f64..1.2, other in any::<u32>()) {
        let units = scores.len();
        let budget = share * units as f64;
        let v = project(&scores, budget);
        let nearest = clamped(&scores, v);
        prop_assert!(v >= 0.0);
        prop_assert!(sum(&nearest) <= budget + 1e-9, "{} over {budget}", sum(&nearest));
        if sum(&clamped(&scores, 0.0)) > budget {
            prop_assert!((sum(&nearest) - budget).abs() < 1e-9, "an active budget is used up: {} of {budget}", sum(&nearest));
        } else {
            prop_assert_eq!(v, 0.0);
        }
        // The conditions of Karush, Kuhn and Tucker: a coordinate between the ends moved by v, one at an end by what takes it there.
        for (s, p) in scores.iter().zip(&nearest) {
            if *p > 0.0 && *p < 1.0 {
                prop_assert!((s - p - v).abs() < 1e-12);
            } else if *p == 0.0 {
                prop_assert!(*s <= v);
            } else {
                prop_assert!(*s >= 1.0 + v);
            }
        }
        // A projection's own property, with any other feasible point q: (s - p)(q - p) <= 0.
        let mut random = Threefry::new(other, Stream::Data, 0);
        let free: Vec<f64> = scores.iter().map(|_| f64::from(random.unit_interval())).collect();
        let scale = (budget / sum(&free).max(1e-12)).min(1.0);
        let angle: f64 = scores.iter().zip(&nearest).zip(&free).map(|((s, p), q)| (s - p) * (q * scale - p)).sum();
        prop_assert!(angle <= 1e-9, "a feasible point lies nearer: {angle}");
    }

    #[test]
    fn the_threshold_rises_as_the_budget_falls_and_keeps_the_order(scores in stepped_scores(), a in 0.0f64..1.0, b in 0.0f64..1.0) {
        let units = scores.len() as f64;
        let (small, large) = (a.min(b) * units, a.max(b) * units);
        prop_assert!(project(&scores, small) >= project(&scores, large) - 1e-12);
        let projected = clamped(&scores, project(&scores, small));
        for i in 0..scores.len() {
            for j in 0..i {
                prop_assert!(scores[i] < scores[j] || projected[i] >= projected[j]);
            }
        }
    }

    #[test]
    fn a_budget_of_all_units_changes_nothing_and_one_of_none_leaves_nothing(scores in stepped_scores(), more in 0.0f64..5.0) {
        prop_assert_eq!(project(&scores, scores.len() as f64 + more), 0.0);
        let nothing = clamped(&scores, project(&scores, 0.0));
        prop_assert!(nothing.iter().all(|&s| s.abs() < 1e-12), "{nothing:?}");
    }

    #[test]
    fn what_is_feasible_stays(scores in prop::collection::vec(0.0f64..=1.0, 1..120), more in 0.0f64..1.0) {
        let budget = sum(&scores) + more + 1e-9;
        prop_assert_eq!(project(&scores, budget), 0.0);
        prop_assert_eq!(clamped(&scores, 0.0), scores);
    }

    #[test]
    fn ties_share_the_budget_alike(score in 0.05f64..1.5, units in 1usize..200, share in 0.0f64..1.0) {
        let scores = vec![score; units];
        let budget = share * sum(&clamped(&scores, 0.0));
        let projected = clamped(&scores, project(&scores, budget));
        for p in &projected {
            prop_assert!((p - budget / units as f64).abs() < 1e-9, "{p} instead of {}", budget / units as f64);
        }
    }
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
fn a_group_of_which_nothing_was_drawn_keeps_its_highest_score_and_says_so_apart_from_the_draw() {
    let model = Model::new("mlp-5", Image::flat(4), 2, true).unwrap();
    let mut memory = network(&model, 2, 3);
    memory.scores = vec![0.0; 9];
    memory.scores[2] = 1e-9;
    sample(&mut memory);
    assert_eq!((memory.list(0, 0), memory.list(1, 0)), (&[2][..], &[2][..]));
    assert_eq!((memory.list(0, 1), memory.kept(0, 2)), (&[0][..], 2), "ties go to the first unit; classes are never gated");
    assert_eq!(memory.units, [0, 0, 0b1100, 0, 0b1100, 0, 0, 0, 0]);
    let row = |unit: usize| memory.rows[memory.group(0).first_row as usize + unit];
    assert_eq!((0..4).map(row).collect::<Vec<_>>(), [ABSENT, ABSENT, 0, ABSENT], "where each unit stands in the list");
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
        assert_eq!((&memory.scores, &memory.moments, &memory.velocity), (&before.scores, &before.moments, &before.velocity));
        assert!(memory.weights.iter().zip(&before.weights).all(|(after, before)| after.to_bits() == before.to_bits()));
    }
}

#[test]
fn a_gradient_too_large_to_be_measured_halts_before_a_weight_is_changed() {
    let model = Model::new("mlp-7-5", Image::flat(6), 4, true).unwrap();
    let mut memory = network(&model, 3, 1);
    memory.scores.fill(1.0);
    memory.weights.iter_mut().for_each(|weight| *weight *= 1e10);
    // Saturated and wrong: a right answer would have no gradient.
    for label in bytemuck::cast_slice_mut::<u32, u8>(&mut memory.labels) {
        *label = (*label + 1) % 4;
    }
    let before = memory.clone();
    step(&model, &mut memory);
    assert!(memory.records[0].loss.is_finite() && memory.state.halted == 1, "{:?}", memory.records[0]);
    assert_eq!((memory.weights, memory.velocity), (before.weights, before.velocity));
}
