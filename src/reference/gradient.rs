//! The backward pass under m and the weights' step.

use crate::shared::flags;

use super::{Memory, Work, tapped};

/// The gradient of a pooling: of a maximum to the first pixel of the window that has it, of a mean to all alike.
pub fn d_pool(memory: &mut Memory, work: &Work) {
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
                    let d = memory.gradients[work.d_output][(r * pixels_out + q) * images + b];
                    let value_at = |k: u32| {
                        let pixel = (window_row * window + k / window) * op.width_in + window_column * window + k % window;
                        memory.maps[work.input][(r * pixels_in + pixel as usize) * images + b]
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
                memory.write_gradient(work, work.input, work.d_input, at, value);
            }
        }
    }
    memory.close_gradient(work.d_input, kept, pixels_in * images);
}

/// `d_scores[u] = Σ in d_out`, the gradient at the mask itself, and `d_in = m · d_out`.
pub fn d_gate(memory: &mut Memory, work: &Work) {
    let op = work.operation;
    let cells = (op.height_in * op.width_in) as usize * memory.images();
    let g = op.group_in as usize;
    let kept = memory.kept(0, g);
    for r in 0..kept {
        let unit = (memory.group(g).first_unit + memory.list(0, g)[r]) as usize;
        let is_open = memory.units[unit] >> 2 & 1 == 1;
        let mut sum = 0.0;
        for at in r * cells..(r + 1) * cells {
            let d = memory.gradients[work.d_output][at];
            sum += memory.maps[work.input][at] * d;
            if !work.has(flags::LAST) {
                memory.write_gradient(work, work.input, work.d_input, at, if is_open { d } else { 0.0 });
            }
        }
        memory.d_scores[unit] = sum;
    }
    if !work.has(flags::LAST) {
        memory.close_gradient(work.d_input, kept, cells);
    }
}

/// The gradient at a sum is that at the shortcut, for the units that the shortcut keeps.
pub fn d_shortcut(memory: &mut Memory, work: &Work) {
    let op = work.operation;
    let cells = (op.height_out * op.width_out) as usize * memory.images();
    for r in 0..memory.kept(0, op.group_out as usize) {
        let row = memory.joins[memory.list_start(0, op.group_out as usize) + r][1];
        if row == crate::shared::ABSENT {
            continue;
        }
        for cell in 0..cells {
            let value = memory.gradients[work.d_output][r * cells + cell];
            memory.write_gradient(work, work.shortcut, work.d_shortcut, row as usize * cells + cell, value);
        }
    }
    memory.close_gradient(work.d_shortcut, memory.kept(0, op.group_shortcut as usize), cells);
}

/// `d_in[i, p, b] = Σ packed[tap, i, o] d_out[o, q, b]` over the taps and outputs that p was read for.
pub fn d_activations(memory: &mut Memory, work: &Work) {
    let op = work.operation;
    let (l, images) = (op.layer as usize, memory.images());
    let (kept_in, kept_out) = (memory.kept(0, op.group_in as usize), memory.kept(0, op.group_out as usize));
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, op.height_out * op.width_out);
    let mut sums = vec![0.0; kept_in * pixels_in * images];
    for q in 0..pixels {
        for tap in 0..memory.params.layers[l].taps {
            let Some(p) = tapped(&op, q, tap) else { continue };
            for i in 0..kept_in {
                let row = memory.packed_row(0, l, tap as usize * kept_in + i);
                for o in 0..kept_out {
                    let d = (o * pixels as usize + q as usize) * images;
                    for b in 0..images {
                        sums[(i * pixels_in + p) * images + b] += memory.packed_weights[row + o] * memory.gradients[work.d_output][d + b];
                    }
                }
            }
        }
    }
    for (at, sum) in sums.into_iter().enumerate() {
        memory.write_gradient(work, work.input, work.d_input, at, sum);
    }
    memory.close_gradient(work.d_input, kept_in, pixels_in * images);
}

/// Into how many parts the gradient of layer `l` is cut, and the floats of a part; as in `shaders/splits.wgsl`.
fn split_count(memory: &Memory, l: usize) -> (usize, usize) {
    let layer = memory.params.layers[l];
    let kept_out = memory.kept(0, layer.group_out as usize);
    let rows = memory.tap_rows(0, l) + usize::from(layer.extra == 1);
    let (tile, strip) = (memory.tile as usize, memory.strip as usize);
    let down = rows.next_multiple_of(4).div_ceil(tile);
    let across = kept_out.next_multiple_of(4).div_ceil(tile);
    let tiles = across * down.next_multiple_of(down.clamp(1, strip));
    let floats = (memory.tap_rows(0, l) + layer.extra as usize) * kept_out.next_multiple_of(4);
    let most = (layer.pixels as usize).min(layer.room as usize / floats.max(1));
    ((memory.enough as usize / tiles.max(1)).clamp(1, most), floats)
}

/// `d_weights[tap, i, o] = Σ in[i, q · stride + tap − padding, b] d_out[o, q, b]`, in parts over the pixels q; for a layer of one pixel the
/// square of its norm too, however it is split.
pub fn d_weights(memory: &mut Memory, work: &Work) {
    let op = work.operation;
    let (l, images) = (op.layer as usize, memory.images());
    let layer = memory.params.layers[l];
    let (kept_in, kept_out) = (memory.kept(0, op.group_in as usize), memory.kept(0, op.group_out as usize));
    let inputs = kept_in + usize::from(layer.extra == 1);
    let columns = kept_out.next_multiple_of(4);
    let pixels_in = (op.height_in * op.width_in) as usize;
    let (parts, floats) = split_count(memory, l);
    let mut square = 0.0;
    for part in 0..parts {
        let pixels = part * layer.pixels as usize / parts..(part + 1) * layer.pixels as usize / parts;
        for tap in 0..layer.taps {
            for i in 0..inputs {
                for o in 0..columns {
                    let mut sum = 0.0;
                    for q in pixels.clone().filter(|_| o < kept_out) {
                        let Some(p) = tapped(&op, q as u32, tap) else { continue };
                        let (x, d) = ((i * pixels_in + p) * images, (o * layer.pixels as usize + q) * images);
                        sum += (0..images).map(|b| memory.maps[work.input][x + b] * memory.gradients[work.d_output][d + b]).sum::<f64>();
                    }
                    let row = tap as usize * kept_in + i;
                    memory.d_weights[layer.first_gradient as usize + part * floats + row * columns + o] = sum;
                    square += sum * sum;
                }
            }
        }
    }
    if layer.pixels == 1 {
        let first = op.first_square as usize;
        let next = memory.next_square(first);
        memory.squares[first..next].fill(0.0);
        memory.squares[first] = square;
    }
}

/// The parts of each layer's gradient become their sum, whose square goes to the front of `squares`.
pub fn sum_gradients(memory: &mut Memory) {
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
            let sum: f64 = (0..parts).map(|part| memory.d_weights[first + part * floats]).sum();
            memory.d_weights[first] = sum;
            square += sum * sum;
        }
    }
    let next = memory.next_square(0);
    memory.squares[..next].fill(0.0);
    memory.squares[0] = square;
}

/// `v ← μ v + clip_scale d_weights + decay w`, `w ← w − rate v`: for kept weights alone.
pub fn update_weights(memory: &mut Memory) {
    let (params, state) = (memory.params, memory.state);
    if state.halted == 1 {
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
                let gradient = memory.d_weights[layer.first_gradient as usize + r * to.len().next_multiple_of(4) + c];
                let w = memory.weights[at];
                let v = f64::from(params.momentum) * memory.velocity[at]
                    + f64::from(state.clip_scale) * gradient
                    + f64::from(params.weight_decay) * w;
                memory.velocity[at] = v;
                memory.weights[at] = w - f64::from(state.learning_rate) * v;
            }
        }
    }
}
