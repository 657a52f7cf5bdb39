//! The CPU twin of every kernel: the same buffers, f64 arithmetic, written to be read beside the paper. The oracle of the tests and of
//! `lacuna check`. A kernel's twin is the function of its name.

mod gradient;
mod network;
mod structure;

use std::ops::Range;

use crate::model::padded_rows;
use crate::shared::{Group, MOST_GROUPS, Params, Record, State, Step};

pub use gradient::{clip_gradient, d_activations, d_weights, update_weights};
pub use network::{forward, gather_inputs, loss, pack_weights};
pub use structure::{project, sample, structure_gradient, update_scores};

/// Every buffer of a network; shapes as in `engine::Buffers`, floats widened.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub params: Params,
    pub state: State,
    pub schedule: Vec<Step>,
    pub batch_rows: Vec<u32>,
    pub records: Vec<Record>,
    pub scores: Vec<f64>,
    pub moments: Vec<f64>,
    pub d_scores: Vec<f64>,
    pub units: Vec<u32>,
    pub lists: Vec<u32>,
    pub counts: Vec<u32>,
    pub weights: Vec<f64>,
    pub velocity: Vec<f64>,
    pub packed_weights: Vec<f64>,
    pub d_weights: Vec<f64>,
    pub squares: Vec<f64>,
    pub activations: Vec<f64>,
    pub d_activations: Vec<f64>,
    /// `[N, I]`
    pub inputs: Vec<u8>,
    /// `[N]`
    pub labels: Vec<u8>,
    /// `[I]`
    pub shifts: Vec<f64>,
}

impl Memory {
    fn layers(&self) -> usize {
        self.params.group_count as usize - 1
    }

    fn group(&self, g: usize) -> Group {
        self.params.groups[g]
    }

    /// Kept units of group `g` under mask `z`.
    fn kept(&self, z: usize, g: usize) -> usize {
        self.counts[z * MOST_GROUPS + g] as usize
    }

    /// Rows of group `g` under mask `z` when compacted.
    fn rows(&self, z: usize, g: usize) -> usize {
        padded_rows(self.kept(z, g) as u32) as usize
    }

    /// The kept units of group `g` under mask `z`.
    fn list(&self, z: usize, g: usize) -> &[u32] {
        let first = z * self.params.rows as usize + self.group(g).first_row as usize;
        &self.lists[first..first + self.kept(z, g)]
    }

    /// Where row `r` of group `g` begins in the activations of mask `z`.
    fn activation(&self, z: usize, g: usize, r: usize) -> usize {
        (z * self.params.rows as usize + self.group(g).first_row as usize + r) * self.params.batch_stride as usize
    }

    /// Where the packed weight (r, c) of layer `l` stands for mask `z`.
    fn packed(&self, z: usize, l: usize, r: usize, c: usize) -> usize {
        z * self.params.packed as usize + self.params.layers[l].first_packed as usize + r * self.rows(z, l + 1) + c
    }
}

/// Runs the twin of the kernel `name`; `layer` for those that run once a layer, `masks` for those that run once a mask.
///
/// # Panics
/// A name that has no twin.
pub fn run(name: &str, layer: Option<u32>, masks: u32, memory: &mut Memory) {
    let layer = layer.map(|layer| layer as usize);
    let masks = 0..masks as usize;
    match name {
        "sample" => sample(memory),
        "pack_weights" => masks.for_each(|z| pack_weights(memory, z)),
        "gather_inputs" => masks.for_each(|z| gather_inputs(memory, z)),
        "forward" => masks.for_each(|z| forward(memory, z, layer.expect("forward runs once a layer"))),
        "loss" => loss(memory),
        "update_scores" => update_scores(memory),
        "d_activations" => d_activations(memory, layer.expect("d_activations runs once a layer")),
        "d_weights" => d_weights(memory),
        "clip_gradient" => clip_gradient(memory),
        "update_weights" => update_weights(memory),
        _ => panic!("kernel {name} has no twin in reference"),
    }
}

/// The first of the units with the highest score: what a group keeps when none of its units was drawn.
#[must_use]
pub fn highest_score<T: PartialOrd + Copy>(scores: &[T], units: Range<usize>) -> usize {
    units.clone().fold(units.start, |best, unit| if scores[unit] > scores[best] { unit } else { best })
}

#[cfg(test)]
mod tests;
