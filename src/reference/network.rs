//! The two forward passes.

use crate::shared::{MISSING, Mode};

use super::Memory;

/// Beyond this a run has diverged, as in `shaders/loss.wgsl`.
const LARGEST_LOSS: f32 = 1e10;

/// `packed[r, c] = weights[list_in[r], list_out[c]]`; row kI is the bias, the rest 0.
pub fn pack_weights(memory: &mut Memory, z: usize) {
    for l in 0..memory.layers() {
        let layer = memory.params.layers[l];
        for r in 0..memory.rows(z, l) {
            for c in 0..memory.rows(z, l + 1) {
                let input =
                    if r < memory.kept(z, l) { Some(memory.list(z, l)[r]) } else { (r == memory.kept(z, l)).then_some(layer.inputs) };
                let value = match (input, memory.list(z, l + 1).get(c)) {
                    (Some(input), Some(output)) => memory.weights[(layer.first_weight + input * layer.outputs + output) as usize],
                    _ => 0.0,
                };
                let at = memory.packed(z, l, r, c);
                memory.packed_weights[at] = value;
            }
        }
    }
}

/// The batch's kept features, normalised; then a row of ones, then zeros.
pub fn gather_inputs(memory: &mut Memory, z: usize) {
    let params = memory.params;
    for r in 0..memory.rows(z, 0) {
        for b in 0..params.batch_stride {
            let kept = memory.kept(z, 0);
            let row = if b < params.batch_size { memory.batch_rows[(memory.state.next * params.batch_size + b) as usize] } else { MISSING };
            let value = match memory.list(z, 0).get(r) {
                Some(_) if row == MISSING => 0.0,
                Some(&feature) => {
                    let byte = memory.inputs[(row * params.groups[0].size + feature) as usize];
                    f64::from(params.scale) * f64::from(byte) + memory.shifts[feature as usize]
                }
                None => f64::from(u8::from(r == kept)),
            };
            let at = memory.activation(z, 0, r) + b as usize;
            memory.activations[at] = value;
        }
    }
}

/// `out[o, b] = relu(Σᵢ packed[i, o] in[i, b])`; the classes without relu; then a row of ones, then zeros.
pub fn forward(memory: &mut Memory, z: usize, l: usize) {
    let params = memory.params;
    let z_in = if l == 0 && params.groups[0].gated == 0 { 0 } else { z };
    for o in 0..memory.rows(z, l + 1) {
        for b in 0..params.batch_stride as usize {
            let kept = memory.kept(z, l + 1);
            let value = if o < kept {
                let sum: f64 = (0..memory.rows(z, l))
                    .map(|i| memory.packed_weights[memory.packed(z, l, i, o)] * memory.activations[memory.activation(z_in, l, i) + b])
                    .sum();
                if l + 1 == memory.layers() { sum } else { sum.max(0.0) }
            } else {
                f64::from(u8::from(o == kept))
            };
            let at = memory.activation(z, l + 1, o) + b;
            memory.activations[at] = value;
        }
    }
}

/// Both losses, the gradient of the logits under m, and the schedule's row for the kernels that follow.
pub fn loss(memory: &mut Memory) {
    let params = memory.params;
    let slot = memory.state.next as usize;
    let last = memory.layers();
    let classes = params.groups[last].size as usize;
    let rows = memory.rows(0, last);
    let mut sums = [0.0f64; 2];
    let mut correct = [0u32; 2];
    for z in 0..params.masks as usize {
        for b in 0..params.batch_stride {
            let row = if b < params.batch_size { memory.batch_rows[slot * params.batch_size as usize + b as usize] } else { MISSING };
            let logit = |c: usize| memory.activations[memory.activation(z, last, c) + b as usize];
            let logits: Vec<f64> = (0..classes).map(logit).collect();
            let mut gradient = vec![0.0; rows];
            if row != MISSING {
                let label = memory.labels[row as usize] as usize;
                let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = logits.iter().map(|value| (value - highest).exp()).sum();
                sums[z] += total.ln() + highest - logits[label];
                correct[z] += u32::from(logits.iter().position(|&value| value == highest) == Some(label));
                for (c, value) in logits.iter().enumerate() {
                    let target = f64::from(u8::from(c == label));
                    gradient[c] = ((value - highest).exp() / total - target) / f64::from(params.batch_size);
                }
            }
            if z == 0 {
                for (c, value) in gradient.iter().enumerate() {
                    let at = memory.activation(0, last, c) + b as usize;
                    memory.d_activations[at] = *value;
                }
            }
        }
    }
    let mut means = sums.map(|sum| (sum / f64::from(params.batch_size)) as f32);
    if params.masks == 1 {
        means[1] = means[0];
    }
    let now = memory.schedule[slot];
    let record = &mut memory.records[slot];
    record.step = now.step;
    (record.loss, record.probe_loss) = (means[0], means[1]);
    (record.correct, record.probe_correct) = (correct[0], correct[1]);
    let groups = params.group_count as usize;
    let (kept, probe_kept) = memory.counts.split_at(crate::shared::MOST_GROUPS);
    record.kept[..groups].copy_from_slice(&kept[..groups]);
    record.probe_kept[..groups].copy_from_slice(&probe_kept[..groups]);
    let state = &mut memory.state;
    if params.mode == Mode::Train as u32 && state.halted == 1 {
        return;
    }
    (state.slot, state.next, state.step) = (slot as u32, slot as u32 + 1, now.step);
    (state.loss, state.probe_loss) = (means[0], means[1]);
    (state.learning_rate, state.scores_rate, state.budget) = (now.learning_rate, now.scores_rate, now.budget);
    (state.first_correction, state.second_correction) = (now.first_correction, now.second_correction);
    if params.mode == Mode::Train as u32 && !means.iter().all(|mean| mean.is_finite() && *mean < LARGEST_LOSS) {
        state.halted = 1;
    }
}
