//! The two forward passes, without their normalisations.

use crate::mask::{self, Bits};
use crate::schedule::shown_from;
use crate::shared::{MISSING, Mode, Sample, Work, flags, halted};

use super::products::{Term, combine};
use super::{Memory, Real, tapped};

/// A run with a larger loss has diverged, as in `shaders/loss.wgsl`.
const LARGEST_LOSS: f32 = 1e10;

/// `packed[tap · kI + i, o] = weights[tap · inputs + list_in[i], list_out[o]]`, then the rows after the taps, and 0 beyond kO.
pub fn pack_weights<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    for l in 0..memory.layers().len() {
        let layer = memory.params.layers[l];
        let (from, to) = (memory.list(z, layer.group_in as usize).to_vec(), memory.list(z, layer.group_out as usize).to_vec());
        let taps = (0..layer.taps).flat_map(|tap| from.iter().map(move |input| tap * layer.inputs + input));
        let rows = taps.chain((0..layer.extra).map(|row| layer.taps * layer.inputs + row));
        for (r, row) in rows.enumerate() {
            let at = memory.packed_row(work, z, l, r);
            memory.packed_weights[at..at + to.len().next_multiple_of(4)].fill(F::ZERO);
            for (o, output) in to.iter().enumerate() {
                memory.packed_weights[at + o] = memory.weights[(layer.first_weight + row * layer.outputs + output) as usize];
            }
        }
    }
}

/// The batch's kept features, normalised and augmented; then a row of ones if the next layer has biases.
pub fn gather_inputs<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let params = memory.params;
    let (pixels, images) = ((work.operation.height_out * work.operation.width_out) as usize, memory.images());
    let kept = memory.kept(z, 0);
    let row_cells = pixels * images;
    let first = memory.state.next as usize * params.batch_size as usize;
    for (r, unit) in memory.list(z, 0).to_vec().into_iter().enumerate() {
        // In a compacted network, the unit's number in the whole network says which feature it is.
        let unit = if memory.group(0).gated == 1 { memory.numbers[unit as usize] } else { unit };
        for b in 0..images {
            let slot = first + b;
            let sample = memory.batch_rows.get(slot).copied().filter(|sample| b < params.batch_size as usize && sample.row != MISSING);
            for p in 0..pixels {
                let shown = |sample: Sample| {
                    let from = shown_from(&params, sample.view, unit * pixels as u32 + p as u32)? as usize;
                    let byte = memory.features(if params.streamed == 1 { slot } else { sample.row as usize })[from];
                    Some(f64::from(params.scale) * f64::from(byte) + memory.shifts[from].wide())
                };
                memory.at_mut(work.output)[r * row_cells + p * images + b] = F::of(sample.and_then(shown).unwrap_or(0.0));
            }
        }
    }
    if work.has(flags::ONES) {
        memory.at_mut(work.output)[kept * row_cells..][..row_cells].fill(F::ONE);
    }
}

/// `out[o, q, b] = Σ packed[tap, i, o] in[i, q · stride + tap − padding, b]`, with relu if the map is rectified; then a row of ones if the next layer
/// has biases.
pub fn convolve<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let (l, images) = (op.layer as usize, memory.images());
    let layer = memory.params.layers[l];
    let (kept_in, kept_out) = (memory.kept(z, op.group_in as usize), memory.kept(z, op.group_out as usize));
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, op.height_out * op.width_out);
    // The input of the bias is the row of ones after the kept rows.
    let inputs = kept_in + usize::from(layer.extra == 1);
    // One buffer is read while another is written: the written one is moved out meanwhile.
    let mut output = std::mem::take(&mut memory.values[work.output.buffer]);
    let mut terms = Vec::new();
    for q in 0..pixels {
        terms.clear();
        for tap in 0..layer.taps {
            let Some(p) = tapped(&op, q, tap) else { continue };
            terms.extend(
                (0..inputs).map(|i| Term {
                    weight: memory.packed_row(work, z, l, tap as usize * kept_in + i),
                    value: (i * pixels_in + p) * images,
                }),
            );
        }
        let at = |o: usize| work.output.first + (o * pixels as usize + q as usize) * images;
        combine(&terms, (&memory.packed_weights, 1), memory.at(work.input), [kept_out, images], |o, b, sums| {
            for (slot, &sum) in output[at(o) + b..].iter_mut().zip(sums) {
                *slot = if work.has(flags::RECTIFIED) { sum.rectified() } else { sum };
            }
        });
        if work.has(flags::ONES) {
            output[at(kept_out)..][..images].fill(F::ONE);
        }
    }
    memory.values[work.output.buffer] = output;
}

/// The maximum or the mean over windows side by side; then a row of ones if the next layer has biases.
pub fn pool<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let (images, window) = (memory.images(), op.kernel);
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, op.height_out * op.width_out);
    let kept = memory.kept(z, op.group_out as usize);
    for r in 0..kept + usize::from(work.has(flags::ONES)) {
        for q in 0..pixels {
            for b in 0..images {
                let value_at = |k: u32| {
                    let (row, column) = (q / op.width_out * window + k / window, q % op.width_out * window + k % window);
                    memory.at(work.input)[(r * pixels_in + (row * op.width_in + column) as usize) * images + b].wide()
                };
                let value = if r == kept {
                    1.0
                } else if work.has(flags::MEAN) {
                    (0..window * window).map(value_at).sum::<f64>() / f64::from(window * window)
                } else {
                    (0..window * window).map(value_at).fold(f64::NEG_INFINITY, f64::max)
                };
                memory.at_mut(work.output)[(r * pixels as usize + q as usize) * images + b] = F::of(value);
            }
        }
    }
}

/// `out = m · in`; then a row of ones if the next layer has biases.
pub fn gate<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let cells = (op.height_out * op.width_out) as usize * memory.images();
    let g = op.group_out as usize;
    let kept = memory.kept(z, g);
    for r in 0..kept {
        let unit = (memory.group(g).first_unit + memory.list(z, g)[r]) as usize;
        let is_open = mask::split(Bits(memory.units[unit]).kept())[z];
        for cell in r * cells..(r + 1) * cells {
            // The value of a unit that is off is not read, whatever it is.
            memory.at_mut(work.output)[cell] = if is_open { memory.at(work.input)[cell] } else { F::ZERO };
        }
    }
    if work.has(flags::ONES) {
        memory.at_mut(work.output)[kept * cells..][..cells].fill(F::ONE);
    }
}

/// Both losses, the gradient of the logits under m, and the scheduled values for the following kernels.
pub fn loss<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let params = memory.params;
    let slot = memory.state.next as usize;
    let classes = params.groups[params.group_count as usize - 1].size as usize;
    let images = memory.images();
    let mut sums = [0.0f64; 2];
    let mut correct = [0u32; 2];
    for z in 0..params.masks as usize {
        let read = z * classes * images;
        for b in 0..images {
            let in_batch = b < params.batch_size as usize;
            let row = if in_batch { memory.batch_rows[slot * params.batch_size as usize + b].row } else { MISSING };
            let logits: Vec<f64> = (0..classes).map(|c| memory.at(work.output)[read + c * images + b].wide()).collect();
            let mut gradient = vec![0.0; classes.next_multiple_of(4)];
            if row != MISSING {
                let label = memory.label(row as usize);
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
                    memory.at_mut(work.d_output)[c * images + b] = F::of(*value);
                }
            }
        }
    }
    let mut means = sums.map(|sum| (sum / f64::from(params.batch_size)) as f32);
    if params.masks == 1 {
        means[1] = means[0];
    }
    if memory.state.halted & halted::OVERFLOWED != 0 {
        return;
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
    if params.mode == Mode::Train as u32 && state.halted != 0 {
        return;
    }
    (state.slot, state.next, state.step) = (slot as u32, slot as u32 + 1, now.step);
    (state.loss, state.probe_loss) = (means[0], means[1]);
    (state.learning_rate, state.scores_rate, state.budget) = (now.learning_rate, now.scores_rate, now.budget);
    (state.first_correction, state.second_correction) = (now.first_correction, now.second_correction);
    if params.mode == Mode::Train as u32 && !means.iter().all(|mean| mean.is_finite() && *mean < LARGEST_LOSS) {
        state.halted = halted::DIVERGED;
    }
}
