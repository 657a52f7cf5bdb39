//! The reference of every kernel on the CPU: the same buffers, in code that can be compared with the paper. A kernel's reference is the function with
//! its name.
//!
//! In f64 it checks the kernels, in the tests and in `lacuna check`. In f32 it is the CPU engine, which trains without a GPU. Sums of products, in
//! `products`, use the floats of the buffers; everything else is computed in f64.

mod depthwise;
mod gradient;
mod network;
mod normalisation;
mod products;
mod structure;

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

use crate::shared::{Group, Layer, MOST_GROUPS, Operation, Params, Place, Record, Sample, State, Step, Work, flags};

pub use depthwise::{d_depthwise_activations, d_depthwise_weights, depthwise};
pub use gradient::{d_activations, d_gate, d_pool, d_shortcut, d_weights, sum_gradients, update_weights};
pub use network::{convolve, gate, gather_inputs, loss, pack_weights, pool};
pub use normalisation::{d_normalise, d_statistics, information, normalise, statistics, update_statistics};
pub use structure::{d_masks, list_all, sample, unite, update_scores};

/// The floats of a network's buffers: f64 for checks, f32 for the CPU engine.
pub trait Real: Copy + Default + Debug + PartialOrd + Into<f64> + Add<Output = Self> + Mul<Output = Self> + AddAssign + Sum {
    const ZERO: Self;
    const ONE: Self;

    /// The nearest one.
    fn of(value: f64) -> Self;

    fn wide(self) -> f64 {
        self.into()
    }

    /// The larger of it and 0.
    #[must_use]
    fn rectified(self) -> Self;
}

macro_rules! real {
    ($type:ty) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn of(value: f64) -> Self {
                value as Self
            }

            fn rectified(self) -> Self {
                self.max(0.0)
            }
        }
    };
}
real!(f32);
real!(f64);

/// Every buffer of a network; shapes as in `engine::Buffers`.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory<F = f64> {
    pub params: Params,
    pub state: State,
    pub schedule: Vec<Step>,
    pub batch_rows: Vec<Sample>,
    pub records: Vec<Record>,
    pub scores: Vec<F>,
    pub score_state: Vec<[F; 4]>,
    pub d_scores: Vec<F>,
    pub d_masks: Vec<F>,
    pub information: Vec<F>,
    /// The price of each unit, below 0 where its score is fixed.
    pub pins: Vec<F>,
    pub numbers: Vec<u32>,
    pub units: Vec<u32>,
    pub lists: Vec<u32>,
    pub rows: Vec<u32>,
    pub counts: Vec<u32>,
    pub sources: Vec<[u32; 2]>,
    pub joins: Vec<[u32; 2]>,
    pub weights: Vec<F>,
    pub velocity: Vec<F>,
    pub packed_weights: Vec<F>,
    pub d_weights: Vec<F>,
    pub squares: Vec<F>,
    pub statistics: Vec<[F; 2]>,
    pub d_statistics: Vec<[F; 2]>,
    pub running: Vec<[F; 2]>,
    /// `[N, I]` bytes, four a word, or the rows of a submit.
    pub inputs: Vec<u32>,
    /// `[N]` bytes, four a word.
    pub labels: Vec<u32>,
    /// `[I]`
    pub shifts: Vec<F>,
    /// The buffers of maps and gradients.
    pub values: Vec<Vec<F>>,
    /// Where each kernel's part of `squares` begins.
    pub square_starts: Vec<u32>,
    /// Invocations that occupy the adapter, rows and outputs of a tile, and most tiles of a strip: they decide into how many parts `d_weights`
    /// splits its sums.
    pub enough: u32,
    pub tile: [u32; 2],
    pub strip: u32,
}

impl<F: Real> Memory<F> {
    fn layers(&self) -> &[Layer] {
        &self.params.layers[..self.params.layer_count as usize]
    }

    fn group(&self, g: usize) -> Group {
        self.params.groups[g]
    }

    /// Kept units of group `g` under mask `z`.
    fn kept(&self, z: usize, g: usize) -> usize {
        self.counts[z * MOST_GROUPS + g] as usize
    }

    /// Where the list of group `g` under mask `z` begins.
    fn list_start(&self, z: usize, g: usize) -> usize {
        z * self.params.rows as usize + self.group(g).first_row as usize
    }

    /// The kept units of group `g` under mask `z`.
    fn list(&self, z: usize, g: usize) -> &[u32] {
        let first = self.list_start(z, g);
        &self.lists[first..first + self.kept(z, g)]
    }

    /// The features of row `row` of the data set.
    #[must_use]
    pub fn features(&self, row: usize) -> &[u8] {
        let width = (self.params.channels * self.params.height * self.params.width) as usize;
        &bytemuck::cast_slice::<u32, u8>(&self.inputs)[row * width..][..width]
    }

    /// The label of row `row` of the data set.
    #[must_use]
    pub fn label(&self, row: usize) -> usize {
        bytemuck::cast_slice::<u32, u8>(&self.labels)[row].into()
    }

    /// Columns of images in a row, empty ones included.
    fn images(&self) -> usize {
        self.params.batch_stride as usize
    }

    /// The values of a map or gradient, and whatever follows them in the buffer.
    fn at(&self, place: Place) -> &[F] {
        &self.values[place.buffer][place.first..]
    }

    fn at_mut(&mut self, place: Place) -> &mut [F] {
        &mut self.values[place.buffer][place.first..]
    }

    /// Where row `r` of layer `l`'s packed weights begins, of those of mask `z`.
    fn packed_row(&self, work: &Work, z: usize, l: usize, r: usize) -> usize {
        let layer = self.params.layers[l];
        let columns = self.kept(z, layer.group_out as usize).next_multiple_of(4);
        z * work.operation.apart_packed as usize * 4 + layer.first_packed as usize + r * columns
    }

    /// The end of the part of `squares` that begins at `first`.
    fn next_square(&self, first: usize) -> usize {
        let starts = self.square_starts.iter().map(|&start| start as usize);
        starts.filter(|&start| start > first).min().unwrap_or(self.squares.len())
    }

    /// Rows of layer `l`'s packed weights that belong to its taps.
    fn tap_rows(&self, z: usize, l: usize) -> usize {
        let layer = self.params.layers[l];
        layer.taps as usize * self.kept(z, layer.group_in as usize)
    }

    /// Writes a gradient: it is 0 where a rectified map is 0, and it is added if another reader of the map has written before.
    fn write_gradient(&mut self, work: &Work, map: Place, gradient: Place, at: usize, value: F) {
        let value = if work.has(flags::RECTIFIED) && self.at(map)[at] <= F::ZERO { F::ZERO } else { value };
        let slot = &mut self.at_mut(gradient)[at];
        *slot = if work.has(flags::ACCUMULATE) { *slot + value } else { value };
    }

    /// Sets the rows of a gradient from `kept` up to a multiple of 4 to 0.
    fn close_gradient(&mut self, gradient: Place, kept: usize, cells: usize) {
        self.at_mut(gradient)[kept * cells..kept.next_multiple_of(4) * cells].fill(F::ZERO);
    }
}

/// Pixel of the input that tap `tap` reads for output pixel `q`, if the image has it.
fn tapped(op: &Operation, q: u32, tap: u32) -> Option<usize> {
    let along = |q: u32, tap: u32, size: u32| {
        let at = (q * op.stride + tap).checked_sub(op.padding)?;
        (at < size).then_some(at)
    };
    let row = along(q / op.width_out, tap / op.kernel, op.height_in)?;
    let column = along(q % op.width_out, tap % op.kernel, op.width_in)?;
    Some((row * op.width_in + column) as usize)
}

/// Runs the reference of the kernel `name`, for `masks` masks from that of the operation on.
///
/// # Panics
/// A name that has no reference.
pub fn run<F: Real>(name: &str, work: &Work, masks: u32, memory: &mut Memory<F>) {
    let of_masks: Option<fn(&mut Memory<F>, &Work, usize)> = match name {
        "unite" => Some(unite),
        "pack_weights" => Some(pack_weights),
        "gather_inputs" => Some(gather_inputs),
        "convolve" => Some(convolve),
        "statistics" => Some(statistics),
        "normalise" => Some(normalise),
        "depthwise" => Some(depthwise),
        "pool" => Some(pool),
        "gate" => Some(gate),
        _ => None,
    };
    if let Some(kernel) = of_masks {
        let first = work.operation.mask as usize;
        (first..first + masks as usize).for_each(|z| kernel(memory, &work.of_mask(z), z));
        return;
    }
    match name {
        "sample" => sample(memory),
        "list_all" => list_all(memory),
        "loss" => loss(memory, work),
        "d_gate" => d_gate(memory, work),
        "d_pool" => d_pool(memory, work),
        "d_statistics" => d_statistics(memory, work),
        "d_normalise" => d_normalise(memory, work),
        "d_shortcut" => d_shortcut(memory, work),
        "d_weights" => d_weights(memory, work),
        "d_activations" => d_activations(memory, work),
        "d_depthwise_weights" => d_depthwise_weights(memory, work),
        "d_depthwise_activations" => d_depthwise_activations(memory, work),
        "information" => information(memory, work),
        "sum_gradients" => sum_gradients(memory),
        "d_masks" => d_masks(memory),
        "update_scores" => update_scores(memory),
        "update_weights" => update_weights(memory),
        "update_statistics" => update_statistics(memory),
        _ => panic!("kernel {name} has no reference"),
    }
}

#[cfg(test)]
mod tests;
