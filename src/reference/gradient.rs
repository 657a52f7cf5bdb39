//! The backward pass under m and the weights' step.

use crate::mask::{self, Bits};
use crate::shared::{Work, flags};

use super::products::{Pair, Term, combine, correlate};
use super::{Memory, Real, tapped};

/// The gradient of a pooling: for a maximum it goes to the first pixel of the window that has it, for a mean to all alike.
pub fn d_pool<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (images, window) = (memory.images(), op.kernel);
    let (pixels_in, pixels_out) = ((op.height_in * op.width_in) as usize, (op.height_out * op.width_out) as usize);
    let kept = memory.kept(0, op.group_in as usize);
    for r in 0..kept {
        for p in 0..op.height_in * op.width_in {
            let (row, column) = (p / op.width_in, p % op.width_in);
            let (window_row, window_column) = (row / window, column / window);
            for b in 0..images {
                let at = (r * pixels_in + p as usize) * images + b;
                let mut value = 0.0;
                if window_row < op.height_out && window_column < op.width_out {
                    let q = (window_row * op.width_out + window_column) as usize;
                    let d = memory.at(work.d_output)[(r * pixels_out + q) * images + b].wide();
                    let value_at = |k: u32| {
                        let pixel = (window_row * window + k / window) * op.width_in + window_column * window + k % window;
                        memory.at(work.input)[(r * pixels_in + pixel as usize) * images + b].wide()
                    };
                    let values: Vec<f64> = (0..window * window).map(value_at).collect();
                    let own = row % window * window + column % window;
                    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    value = if work.has(flags::MEAN) {
                        d / f64::from(window * window)
                    } else if values.iter().position(|&value| value == highest) == Some(own as usize) {
                        d
                    } else {
                        0.0
                    };
                }
                memory.write_gradient(work, work.input, work.d_input, at, F::of(value));
            }
        }
    }
    memory.close_gradient(work.d_input, kept, pixels_in * images);
}

/// `d_scores[u] = Σ in d_out`, the gradient with respect to the mask, and `d_in = m · d_out`.
pub fn d_gate<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let cells = (op.height_in * op.width_in) as usize * memory.images();
    let g = op.group_in as usize;
    let kept = memory.kept(0, g);
    for r in 0..kept {
        let unit = (memory.group(g).first_unit + memory.list(0, g)[r]) as usize;
        let [is_open, _] = mask::split(Bits(memory.units[unit]).kept());
        let mut sum = 0.0;
        for at in r * cells..(r + 1) * cells {
            let d = memory.at(work.d_output)[at];
            sum += memory.at(work.input)[at].wide() * d.wide();
            if !work.has(flags::LAST) {
                memory.write_gradient(work, work.input, work.d_input, at, if is_open { d } else { F::ZERO });
            }
        }
        memory.d_scores[unit] = F::of(sum);
    }
    if !work.has(flags::LAST) {
        memory.close_gradient(work.d_input, kept, cells);
    }
}

/// The gradient at a shortcut equals that at the sum, for the units that the shortcut keeps.
pub fn d_shortcut<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let cells = (op.height_out * op.width_out) as usize * memory.images();
    for r in 0..memory.kept(0, op.group_out as usize) {
        let row = memory.joins[memory.list_start(0, op.group_out as usize) + r][1];
        if row == crate::shared::ABSENT {
            continue;
        }
        for cell in 0..cells {
            let value = memory.at(work.d_output)[r * cells + cell];
            memory.write_gradient(work, work.shortcut, work.d_shortcut, row as usize * cells + cell, value);
        }
    }
    memory.close_gradient(work.d_shortcut, memory.kept(0, op.group_shortcut as usize), cells);
}

/// `d_in[i, p, b] = Σ packed[tap, i, o] d_out[o, q, b]` over the taps and outputs that read p.
pub fn d_activations<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (l, images) = (op.layer as usize, memory.images());
    let (kept_in, kept_out) = (memory.kept(0, op.group_in as usize), memory.kept(0, op.group_out as usize));
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, op.height_out * op.width_out);
    let columns = kept_out.next_multiple_of(4);
    // For each pixel, the taps that read it and the output pixels for which they do.
    let mut readers = vec![Vec::new(); pixels_in];
    for q in 0..pixels {
        for tap in 0..memory.params.layers[l].taps {
            if let Some(p) = tapped(&op, q, tap) {
                readers[p].push((tap as usize, q as usize));
            }
        }
    }
    let mut terms = Vec::new();
    let mut sums = vec![F::ZERO; kept_in * images];
    for (p, readers) in readers.iter().enumerate() {
        terms.clear();
        for &(tap, q) in readers {
            let row = memory.packed_row(work, 0, l, tap * kept_in);
            terms.extend((0..kept_out).map(|o| Term { weight: row + o, value: (o * pixels as usize + q) * images }));
        }
        combine(&terms, (&memory.packed_weights, columns), memory.at(work.d_output), [kept_in, images], |i, b, values| {
            sums[i * images + b..][..values.len()].copy_from_slice(values);
        });
        for (at, &sum) in sums.iter().enumerate() {
            memory.write_gradient(work, work.input, work.d_input, (at / images * pixels_in + p) * images + at % images, sum);
        }
    }
    memory.close_gradient(work.d_input, kept_in, pixels_in * images);
}

/// The number of parts of the gradient of layer `l`, and the floats of a part; as in `shaders/shared/gradient_parts.wgsl`.
fn split_count<F: Real>(memory: &Memory<F>, l: usize) -> (usize, usize) {
    let layer = memory.params.layers[l];
    let kept_out = memory.kept(0, layer.group_out as usize);
    let rows = memory.tap_rows(0, l) + usize::from(layer.extra == 1);
    let ([high, wide], strip) = (memory.tile.map(|side| side as usize), memory.strip as usize);
    let down = rows.next_multiple_of(4).div_ceil(high);
    let across = kept_out.next_multiple_of(4).div_ceil(wide);
    let tiles = across * down.next_multiple_of(down.clamp(1, strip));
    let floats = (memory.tap_rows(0, l) + layer.extra as usize) * kept_out.next_multiple_of(4);
    let most = (layer.pixels as usize).min((layer.split as usize / floats.max(1)).max(1));
    ((memory.enough as usize / tiles.max(1)).clamp(1, most), floats)
}

/// `d_weights[tap, i, o] = Σ in[i, q · stride + tap − padding, b] d_out[o, q, b]`, in parts over the pixels q. For a layer of one pixel it also
/// writes the square of its norm.
pub fn d_weights<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (l, images) = (op.layer as usize, memory.images());
    let layer = memory.params.layers[l];
    let (kept_in, kept_out) = (memory.kept(0, op.group_in as usize), memory.kept(0, op.group_out as usize));
    let inputs = kept_in + usize::from(layer.extra == 1);
    let columns = kept_out.next_multiple_of(4);
    let pixels_in = (op.height_in * op.width_in) as usize;
    let (parts, floats) = split_count(memory, l);
    let mut square = 0.0;
    let mut pairs = Vec::new();
    let mut d_weights = std::mem::take(&mut memory.d_weights);
    for part in 0..parts {
        let pixels = part * layer.pixels as usize / parts..(part + 1) * layer.pixels as usize / parts;
        for tap in 0..layer.taps {
            pairs.clear();
            let tapped = pixels.clone().filter_map(|q| Some((q, tapped(&op, q as u32, tap)?)));
            pairs.extend(tapped.map(|(q, p)| Pair { value: p * images, gradient: q * images }));
            let first = layer.first_gradient as usize + part * floats + tap as usize * kept_in * columns;
            let rows = &mut d_weights[first..first + inputs * columns];
            rows.fill(F::ZERO);
            let values = (memory.at(work.input), pixels_in * images);
            let gradients = (memory.at(work.d_output), layer.pixels as usize * images);
            correlate(&pairs, values, gradients, [inputs, kept_out, images], |i, o, sum| {
                rows[i * columns + o] = sum;
                square += sum.wide() * sum.wide();
            });
        }
    }
    memory.d_weights = d_weights;
    if layer.pixels == 1 {
        let first = op.first_square as usize;
        let next = memory.next_square(first);
        memory.squares[first..next].fill(F::ZERO);
        memory.squares[first] = F::of(square);
    }
}

/// Adds up the parts of each layer's gradient, and writes the square of the sum to the front of `squares`.
pub fn sum_gradients<F: Real>(memory: &mut Memory<F>) {
    let mut square = 0.0;
    for l in 0..memory.layers().len() {
        let layer = memory.params.layers[l];
        if layer.taps == 0 || layer.pixels == 1 {
            continue;
        }
        let columns = memory.kept(0, layer.group_out as usize).next_multiple_of(4);
        let (parts, floats) = split_count(memory, l);
        for at in 0..(memory.tap_rows(0, l) + usize::from(layer.extra == 1)) * columns {
            let first = layer.first_gradient as usize + at;
            let sum: f64 = (0..parts).map(|part| memory.d_weights[first + part * floats].wide()).sum();
            memory.d_weights[first] = F::of(sum);
            square += sum * sum;
        }
    }
    let next = memory.next_square(0);
    memory.squares[..next].fill(F::ZERO);
    memory.squares[0] = F::of(square);
}

/// `v ← μ v + clip_scale d_weights + decay w`, `w ← w − rate v`, for kept weights only.
pub fn update_weights<F: Real>(memory: &mut Memory<F>) {
    let (params, state) = (memory.params, memory.state);
    if state.halted != 0 {
        return;
    }
    for l in 0..memory.layers().len() {
        let layer = params.layers[l];
        let from = memory.list(0, layer.group_in as usize).to_vec();
        let to = memory.list(0, layer.group_out as usize).to_vec();
        let taps = (0..layer.taps).flat_map(|tap| from.iter().map(move |input| tap * layer.inputs + input));
        for (r, row) in taps.chain((0..layer.extra).map(|row| layer.taps * layer.inputs + row)).enumerate() {
            for (c, output) in to.iter().enumerate() {
                let at = (layer.first_weight + row * layer.outputs + output) as usize;
                let gradient = memory.d_weights[layer.first_gradient as usize + r * to.len().next_multiple_of(4) + c].wide();
                let w = memory.weights[at].wide();
                let v = f64::from(params.momentum) * memory.velocity[at].wide()
                    + f64::from(state.clip_scale) * gradient
                    + f64::from(params.weight_decay) * w;
                memory.velocity[at] = F::of(v);
                memory.weights[at] = F::of(w - f64::from(state.learning_rate) * v);
            }
        }
    }
}
