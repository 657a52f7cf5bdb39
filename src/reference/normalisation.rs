//! Batch normalisation (Ioffe and Szegedy 2015) of kept units, forward and backward, and the sums of residual networks.

use crate::shared::{ABSENT, Mode, Work, flags};

use super::{Memory, Real};

const EPSILON: f64 = 1e-5;
/// Share of the old running statistics after a step.
const MEMORY: f64 = 0.9;

/// Cells of the batch's images, empty columns left out.
fn cells<F: Real>(memory: &Memory<F>, pixels: usize) -> impl Iterator<Item = usize> + use<F> {
    let (images, batch) = (memory.images(), memory.params.batch_size as usize);
    (0..pixels).flat_map(move |p| (0..batch).map(move |b| p * images + b))
}

impl<F: Real> Memory<F> {
    /// The place of the statistics of row `row` of an operation's layer under mask `z`.
    fn statistic(&self, z: usize, work: &Work, row: usize) -> usize {
        z * self.params.statistics as usize + self.params.layers[work.operation.layer as usize].first_statistic as usize + row
    }

    /// Mean, scale / deviation and shift of row `row` of an operation's layer under mask `z`.
    fn affine(&self, work: &Work, z: usize, row: usize) -> (f64, f64, f64) {
        let [mean, variance] = self.statistics[self.statistic(z, work, row)].map(F::wide);
        let (l, taps) = (work.operation.layer as usize, self.tap_rows(z, work.operation.layer as usize));
        let parameter = |extra: usize| self.packed_weights[self.packed_row(work, z, l, taps + extra) + row].wide();
        (mean, parameter(0) / (variance + EPSILON).sqrt(), parameter(1))
    }

    /// Rows of the branch and of the shortcut from which row `r` of the written group comes.
    fn joined(&self, work: &Work, z: usize, r: usize) -> [Option<usize>; 2] {
        if !work.has(flags::JOINED) {
            return [Some(r), None];
        }
        let rows = self.joins[self.list_start(z, work.operation.group_out as usize) + r];
        rows.map(|row| (row != ABSENT).then_some(row as usize))
    }
}

/// Mean and variance of each kept unit over the batch and all pixels, or the running ones for an evaluation.
pub fn statistics<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let pixels = (op.height_in * op.width_in) as usize;
    for row in 0..memory.kept(z, op.group_in as usize) {
        let at = memory.statistic(z, work, row);
        if memory.params.mode == Mode::Evaluate as u32 {
            let unit = memory.list(z, op.group_in as usize)[row] as usize;
            memory.statistics[at] = memory.running[memory.statistic(0, work, unit)];
            continue;
        }
        let first = row * pixels * memory.images();
        let values: Vec<f64> = cells(memory, pixels).map(|cell| memory.at(work.input)[first + cell].wide()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64;
        memory.statistics[at] = [mean, variance].map(F::of);
    }
}

/// `out = relu(scale · (in − mean) / √(variance + ε) + shift + shortcut)`, each part if the flags ask for it; then a row of ones.
pub fn normalise<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let row_cells = (op.height_out * op.width_out) as usize * memory.images();
    let kept = memory.kept(z, op.group_out as usize);
    for r in 0..kept {
        let [branch, shortcut] = memory.joined(work, z, r);
        let (read, added) = (branch.map(|row| row * row_cells), shortcut.map(|row| row * row_cells));
        // The value, its mean, its factor, and the number added.
        let affine = branch.filter(|_| work.has(flags::NORMALISE)).map(|row| memory.affine(work, z, row));
        for cell in 0..row_cells {
            let mut value = read.map_or(0.0, |first| memory.at(work.input)[first + cell].wide());
            if let Some((mean, scale, shift)) = affine {
                value = scale * (value - mean) + shift;
            }
            if let Some(first) = added {
                value += memory.at(work.shortcut)[first + cell].wide();
            }
            let value = if work.has(flags::RECTIFIED) { value.max(0.0) } else { value };
            memory.at_mut(work.output)[r * row_cells + cell] = F::of(value);
        }
    }
    if work.has(flags::ONES) {
        memory.at_mut(work.output)[kept * row_cells..][..row_cells].fill(F::ONE);
    }
}

/// `d_shift = Σ d`, `d_scale = Σ d x` with the normalised x, for each kept unit.
pub fn d_statistics<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (l, row_cells) = (op.layer as usize, (op.height_in * op.width_in) as usize * memory.images());
    let layer = memory.params.layers[l];
    let kept = memory.kept(0, op.group_in as usize);
    let columns = kept.next_multiple_of(4);
    let scales = layer.first_gradient as usize + memory.tap_rows(0, l) * columns;
    for r in 0..memory.kept(0, op.group_out as usize) {
        let [Some(row), _] = memory.joined(work, 0, r) else { continue };
        let at = memory.statistic(0, work, row);
        let [mean, variance] = memory.statistics[at].map(F::wide);
        let deviation = (variance + EPSILON).sqrt();
        let (mut d_shift, mut d_scale) = (0.0, 0.0);
        for cell in 0..row_cells {
            let d = memory.at(work.d_output)[r * row_cells + cell].wide();
            d_shift += d;
            d_scale += d * (memory.at(work.input)[row * row_cells + cell].wide() - mean) / deviation;
        }
        memory.d_statistics[at] = [d_shift, d_scale].map(F::of);
        memory.d_weights[scales + row] = F::of(d_scale);
        memory.d_weights[scales + columns + row] = F::of(d_shift);
        memory.squares[op.first_square as usize + row] = F::of(d_shift * d_shift + d_scale * d_scale);
    }
    memory.squares[op.first_square as usize + kept..][..layer.outputs as usize - kept].fill(F::ZERO);
}

/// The Fisher information of the mask of each kept unit, from the gradient of each image: see `shaders/information.wgsl`.
pub fn information<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (pixels, images) = ((op.height_in * op.width_in) as usize, memory.images());
    let (g, batch) = (op.group_in as usize, memory.params.batch_size as usize);
    for r in 0..memory.kept(0, op.group_out as usize) {
        let [Some(row), _] = memory.joined(work, 0, r) else { continue };
        let (mean, factor, shift) = if work.has(flags::NORMALISE) { memory.affine(work, 0, row) } else { (0.0, 1.0, 0.0) };
        let derivative = |b: usize| {
            let at = |row: usize, q: usize| (row * pixels + q) * images + b;
            let term =
                |q: usize| memory.at(work.d_output)[at(r, q)].wide() * (factor * (memory.at(work.input)[at(row, q)].wide() - mean) + shift);
            (0..pixels).map(term).sum::<f64>()
        };
        let squares: f64 = (0..batch).map(|b| derivative(b).powi(2)).sum();
        let unit = memory.group(g).first_unit + memory.list(0, g)[row];
        memory.information[unit as usize] = F::of(batch as f64 * squares);
    }
}

/// `d_in = scale / deviation · (d − (d_shift + x d_scale) / n)`, or d without a normalisation.
pub fn d_normalise<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (pixels, images) = ((op.height_out * op.width_out) as usize, memory.images());
    let row_cells = pixels * images;
    let count = pixels as f64 * f64::from(memory.params.batch_size);
    for r in 0..memory.kept(0, op.group_out as usize) {
        let [Some(row), _] = memory.joined(work, 0, r) else { continue };
        // The other terms of the formula.
        let normalised = work.has(flags::NORMALISE).then(|| {
            let at = memory.statistic(0, work, row);
            let ([mean, variance], sums) = (memory.statistics[at].map(F::wide), memory.d_statistics[at].map(F::wide));
            let taps = memory.tap_rows(0, op.layer as usize);
            let scale = memory.packed_weights[memory.packed_row(work, 0, op.layer as usize, taps) + row].wide();
            (mean, (variance + EPSILON).sqrt(), scale, sums)
        });
        for cell in 0..row_cells {
            let mut value = memory.at(work.d_output)[r * row_cells + cell].wide();
            if let Some((mean, deviation, scale, [d_shift, d_scale])) = normalised {
                let x = (memory.at(work.input)[row * row_cells + cell].wide() - mean) / deviation;
                let inside = cell % images < memory.params.batch_size as usize;
                value = if inside { scale / deviation * (value - (d_shift + x * d_scale) / count) } else { 0.0 };
            }
            memory.write_gradient(work, work.input, work.d_input, row * row_cells + cell, F::of(value));
        }
    }
    memory.close_gradient(work.d_input, memory.kept(0, op.group_in as usize), row_cells);
}

/// Moves the running statistics of the units that m keeps a tenth of the way to the batch's, with the unbiased variance of the batch.
pub fn update_statistics<F: Real>(memory: &mut Memory<F>) {
    if memory.state.halted != 0 {
        return;
    }
    for l in 0..memory.layers().len() {
        let layer = memory.params.layers[l];
        if layer.extra != 2 {
            continue;
        }
        let n = f64::from(layer.pixels * memory.params.batch_size);
        for (row, unit) in memory.list(0, layer.group_out as usize).to_vec().into_iter().enumerate() {
            let [mean, variance] = memory.statistics[layer.first_statistic as usize + row].map(F::wide);
            let running = &mut memory.running[(layer.first_statistic + unit) as usize];
            let [running_mean, running_variance] = running.map(F::wide);
            let variance = variance * n / (n - 1.0).max(1.0);
            *running = [MEMORY * running_mean + (1.0 - MEMORY) * mean, MEMORY * running_variance + (1.0 - MEMORY) * variance].map(F::of);
        }
    }
}
