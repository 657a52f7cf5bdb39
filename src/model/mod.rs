//! The network as arithmetic: groups of units, the maps of their values, the layers of weights, and the operations from the inputs to the logits in
//! order. This module knows no GPU and no data.
//!
//! * A [`Group`] is a list of units that share a mask: the inputs, a hidden layer, the output channels of a convolution, the classes. Where a sum
//!   joins two branches, its group is the *union* of theirs: a channel of a residual stream is kept if anything that was added to it is. The gated
//!   units of all groups are numbered consecutively: that number is the index into `scores`.
//! * A [`Map`] holds the activations of a group: a row for each kept unit, in it the pixels, and for each pixel the images of the batch. A row of
//!   features is a map of one pixel.
//! * A [`Layer`] is a tensor of weights, `[taps · inputs + extra, outputs]`: for each tap of a square kernel a row for each input, then the bias, or
//!   the scale and the shift of the normalisation that follows. A depthwise convolution has a row for each tap alone. The same code therefore packs, differentiates, decays and clips all of them. A fully
//!   connected layer is a convolution of one tap on maps of one pixel.
//! * An [`Op`] reads maps and writes one.

mod capacity;
mod counts;
mod error;
mod gates;
mod networks;
mod places;
mod prices;
mod resized;
mod tables;
#[cfg(test)]
mod tests;
mod traffic;

pub use counts::{Bytes, MultiplyAdds, Purpose, Tensor};
pub use error::{ModelError, ModelProblem};
pub use places::{Place, Places, SharedBuffer};
pub use resized::Resized;
pub use traffic::Traffic;

use std::ops::Range;

use crate::shared::MOST_GROUPS;

/// The widest layer: the kernels' prefix scan uses 16-bit numbers.
const WIDEST: u32 = 32_768;
/// Most gated units of a network: the scores are updated by one workgroup.
const MOST_UNITS: u64 = 1 << 17;
/// Floats of a layer's weight gradient that may hold partial sums over the pixels. They let a layer of few tiles and long sums use the whole device.
const SPLIT_FLOATS: u32 = 1 << 18;

/// The shape of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub channels: u32,
    pub height: u32,
    pub width: u32,
}

impl Image {
    /// Features without a shape.
    #[must_use]
    pub fn flat(features: u32) -> Self {
        Self { channels: 1, height: 1, width: features }
    }

    /// I, the number of features.
    #[must_use]
    pub fn features(self) -> u32 {
        self.channels * self.height * self.width
    }
}

/// A list of units that share a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// "inputs", "hidden 1", "conv 3", "2.1 sum", ..., "classes".
    pub name: String,
    pub size: u32,
    /// Most kept units that the buffers have room for.
    pub capacity: u32,
    /// Whether its units have scores.
    pub gated: bool,
    /// What each of its units counts in the budget: see [`Model::with_prices`]. Meaningless where it is not gated.
    pub price: f32,
    /// Index of the group's first unit in `scores`; meaningless where it is not gated.
    pub first_unit: u32,
    /// First entry of the group in the lists of kept units, each of [`Model::rows`] entries. A group has one entry more than units.
    pub first_row: u32,
    /// The two groups of which this one is the union.
    pub union_of: Option<[usize; 2]>,
    /// For each unit of a union, its number in each of the two groups, if it is in it.
    pub sources: Vec<[Option<u32>; 2]>,
}

impl Group {
    /// Its indices in a list of all gated units; meaningless if it is not gated.
    #[must_use]
    pub fn units(&self) -> Range<usize> {
        self.first_unit as usize..(self.first_unit + self.size) as usize
    }
}

/// The values of a group's units: `[kept, height · width, Bp]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    pub group: usize,
    pub height: u32,
    pub width: u32,
    /// Whether the values have passed a relu: a gradient stops where they are 0.
    pub rectified: bool,
    /// Whether a row of ones follows the kept units: the next layer multiplies its biases by it.
    pub ones: bool,
}

impl Map {
    #[must_use]
    pub fn pixels(&self) -> u32 {
        self.height * self.width
    }
}

/// The rows of a layer after its taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// None: a convolution alone.
    None,
    Bias,
    /// Scale and shift of the normalisation of the layer's outputs.
    Normalisation,
    /// The taps of a depthwise convolution: so many for each output.
    Taps(u32),
}

impl Extra {
    #[must_use]
    pub fn rows(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Bias => 1,
            Self::Normalisation => 2,
            Self::Taps(taps) => taps,
        }
    }
}

/// A tensor of weights, `[taps · inputs + extra, outputs]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Taps of the kernel with a weight for each input; 0 for a depthwise convolution, and for a normalisation that has no convolution of its own.
    pub taps: u32,
    pub extra: Extra,
    /// The groups that it reads and writes.
    pub groups: [usize; 2],
    pub inputs: u32,
    pub outputs: u32,
    /// Kept inputs and outputs that its packed weights and their gradient have room for.
    pub capacities: [u32; 2],
    /// Output pixels that each weight contributes to.
    pub pixels: u32,
    /// Where its weights begin.
    pub first_weight: u32,
    /// Where its packed weights begin, at most `[taps · kept inputs + extra, kept outputs up to a multiple of 4]`.
    pub first_packed: u32,
    /// Where the floats for its gradient begin, and how many there are.
    pub first_gradient: u32,
    pub room: u32,
    /// Where the statistics of its outputs begin, if they are normalised.
    pub first_statistic: u32,
}

impl Layer {
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.taps * self.inputs + self.extra.rows()
    }

    /// Rows of the kernel: those before bias, scale and shift.
    #[must_use]
    pub fn kernel_rows(&self) -> u32 {
        match self.extra {
            Extra::Taps(taps) => taps,
            Extra::None | Extra::Bias | Extra::Normalisation => self.taps * self.inputs,
        }
    }

    #[must_use]
    pub fn weights(&self) -> u32 {
        self.rows() * self.outputs
    }

    #[must_use]
    pub fn packed(&self) -> u32 {
        let [inputs, outputs] = self.capacities;
        (self.taps * inputs + self.extra.rows()) * outputs.next_multiple_of(4)
    }

    /// As [`Layer::packed`], with everything kept.
    #[must_use]
    pub fn whole(&self) -> u32 {
        self.rows() * self.outputs.next_multiple_of(4)
    }

    #[must_use]
    pub fn is_normalised(&self) -> bool {
        self.extra == Extra::Normalisation
    }

    /// The shapes of its weights, scale and shift, where it has them, in the order of its rows. A fully connected layer has its biases in the last
    /// row of its weights.
    #[must_use]
    pub fn shapes(&self) -> [Option<Vec<usize>>; 3] {
        let side = self.taps.isqrt();
        let weights = match self.extra {
            Extra::Taps(taps) => Some(vec![taps.isqrt(), taps.isqrt(), 1, self.outputs]),
            _ if self.taps == 0 => None,
            Extra::Bias => Some(vec![self.rows(), self.outputs]),
            Extra::None | Extra::Normalisation => Some(vec![side, side, self.inputs, self.outputs]),
        };
        let each = self.is_normalised().then(|| vec![self.outputs]);
        [weights, each.clone(), each].map(|shape| shape.map(|shape| shape.into_iter().map(|size| size as usize).collect()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    Max,
    Mean,
}

/// One operation between the inputs and the logits. Its numbers are indices into [`Model::maps`] and [`Model::layers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `out[o, q] = Σ weights[tap, i, o] in[i, q · stride + tap − padding] + bias[o]` over the pixels inside the image.
    Convolve { layer: usize, input: usize, output: usize, kernel: u32, stride: u32, padding: u32 },
    /// `out[c, q] = Σ weights[tap, c] in[c, q · stride + tap − padding]` over the pixels inside the image: each channel has its own kernel.
    Depthwise { layer: usize, input: usize, output: usize, kernel: u32, stride: u32, padding: u32 },
    /// `out = relu(scale · (in − mean) / deviation + shift + shortcut)`, with the statistics of the batch and all pixels of each kept unit. Without a
    /// layer it is only the sum. The shortcut is optional. The relu applies where the output map is rectified.
    Normalise { layer: Option<usize>, input: usize, output: usize, shortcut: Option<usize> },
    /// Over windows of `window` by `window` pixels side by side; pixels that fill no window are dropped.
    Pool { pooling: Pooling, input: usize, output: usize, window: u32 },
    /// `out = m · in`: see [`Model::with_gates`].
    Gate { input: usize, output: usize },
}

impl Op {
    #[must_use]
    pub fn input(&self) -> usize {
        match *self {
            Self::Convolve { input, .. }
            | Self::Depthwise { input, .. }
            | Self::Normalise { input, .. }
            | Self::Pool { input, .. }
            | Self::Gate { input, .. } => input,
        }
    }

    #[must_use]
    pub fn output(&self) -> usize {
        match *self {
            Self::Convolve { output, .. }
            | Self::Depthwise { output, .. }
            | Self::Normalise { output, .. }
            | Self::Pool { output, .. }
            | Self::Gate { output, .. } => output,
        }
    }

    #[must_use]
    pub fn shortcut(&self) -> Option<usize> {
        match *self {
            Self::Normalise { shortcut, .. } => shortcut,
            Self::Convolve { .. } | Self::Depthwise { .. } | Self::Pool { .. } | Self::Gate { .. } => None,
        }
    }
}

/// How the forward passes under m and m′ share the memory of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// The pass under m′ runs first, and the one under m uses its memory.
    InTurn,
    /// Both are computed together: each has its own values and packed weights.
    SideBySide,
    /// Side by side while a second set takes little memory in batches of so many images.
    BySize { images: u32 },
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// As the user wrote it, `mlp-512-256`.
    pub name: String,
    pub image: Image,
    pub groups: Vec<Group>,
    pub maps: Vec<Map>,
    pub layers: Vec<Layer>,
    pub ops: Vec<Op>,
    /// Whether maps and gradients share buffers, and the backward pass computes normalised values again instead of storing them.
    pub saves_memory: bool,
    pub passes: Passes,
    /// Whether a step finds the Fisher information of the masks from the gradient of each image: the kernel `information`. Gated inputs then need their
    /// gradient too.
    pub exact_information: bool,
}

impl Model {
    /// Checks a name without its data.
    ///
    /// # Errors
    /// A name of no known form.
    pub fn check_name(name: &str) -> Result<(), ModelError> {
        networks::read(name).map(drop)
    }

    /// The network with this name for `image` and `classes` classes.
    ///
    /// # Errors
    /// A name of no known form, images too small for its poolings, a network without a gated unit, or one that is too large for the kernels: too
    /// wide, too deep, or with more weights than a 32-bit index can number.
    pub fn new(name: &str, image: Image, classes: u32, gate_inputs: bool) -> Result<Self, ModelError> {
        let mut model = networks::build(name, image, classes, gate_inputs)?;
        model.check_size()?;
        model.lay_out();
        Ok(model)
    }

    /// Refuses a network that the kernels' tables and 32-bit indices cannot describe, before anything is counted with such indices.
    fn check_size(&self) -> Result<(), ModelError> {
        let refuse = |problem| Err(ModelError { model: self.name.clone(), problem });
        if let Some(group) = self.groups.iter().find(|group| group.size > WIDEST) {
            return refuse(ModelProblem::TooWide { group: group.name.clone(), size: group.size });
        }
        if self.groups.len() > MOST_GROUPS || self.layers.len() > MOST_GROUPS {
            return refuse(ModelProblem::TooDeep);
        }
        let units: u64 = self.gated().map(|group| u64::from(group.size)).sum();
        if units == 0 {
            return refuse(ModelProblem::NothingGated);
        }
        if units > MOST_UNITS {
            return refuse(ModelProblem::TooManyUnits { units });
        }
        let room = |layer: &Layer| {
            let [inputs, outputs] = layer.groups.map(|group| u64::from(self.groups[group].size));
            let packed = (u64::from(layer.taps) * inputs + u64::from(layer.extra.rows())) * outputs.next_multiple_of(4);
            packed.max(SPLIT_FLOATS.into())
        };
        let weights: u64 = self.layers.iter().map(room).sum();
        if u32::try_from(weights).is_err() {
            return refuse(ModelProblem::TooManyWeights { weights });
        }
        let values = |map: &Map| u64::from(self.groups[map.group].size.next_multiple_of(4)) * u64::from(map.pixels());
        if let Some(map) = self.maps.iter().find(|map| u32::try_from(values(map)).is_err()) {
            return refuse(ModelProblem::TooManyValues { group: self.groups[map.group].name.clone(), values: values(map) });
        }
        Ok(())
    }

    /// Numbers units, rows, weights and statistics consecutively, from the sizes and capacities of the groups.
    fn lay_out(&mut self) {
        let (mut unit, mut row) = (0, 0);
        for group in &mut self.groups {
            (group.first_unit, group.first_row) = (unit, row);
            row += group.size + 1;
            if group.gated {
                unit += group.size;
            }
        }
        let (mut weight, mut packed, mut gradient, mut statistic) = (0, 0, 0, 0);
        for layer in &mut self.layers {
            layer.inputs = if layer.taps == 0 { 0 } else { self.groups[layer.groups[0]].size };
            layer.outputs = self.groups[layer.groups[1]].size;
            let [from, to] = layer.groups.map(|group| self.groups[group].capacity);
            layer.capacities = [if layer.taps == 0 { 0 } else { from }, to];
            (layer.first_weight, layer.first_packed, layer.first_gradient) = (weight, packed, gradient);
            layer.first_statistic = statistic;
            layer.room = layer.packed().max(SPLIT_FLOATS.min(layer.packed().saturating_mul(layer.pixels)) & !3);
            weight += layer.weights();
            packed += layer.packed();
            gradient += layer.room;
            if layer.is_normalised() {
                statistic += layer.outputs;
            }
        }
    }

    /// Whether operation `op` is the first in the backward pass to write the gradient of map `map`, which it reads. Later ones add to it.
    #[must_use]
    pub fn writes_first(&self, op: usize, map: usize) -> bool {
        !self.ops[op + 1..].iter().any(|later| later.input() == map || later.shortcut() == Some(map))
    }

    /// U, the number of gated units.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.gated().map(|group| group.size).sum()
    }

    /// The groups that have scores, in the order of their units.
    pub fn gated(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.gated)
    }

    /// R, the entries of all groups in the kept lists of one mask.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.groups.iter().map(|group| group.size + 1).sum()
    }

    /// Number of weights, biases and normalisations included.
    #[must_use]
    pub fn weights(&self) -> u32 {
        self.layers.iter().map(Layer::weights).sum()
    }

    /// P, the number of packed weights that there is room for.
    #[must_use]
    pub fn packed(&self) -> u32 {
        self.layers.iter().map(Layer::packed).sum()
    }

    /// Floats for the packed weights of all passes that have their own.
    #[must_use]
    pub fn packed_floats(&self) -> u64 {
        self.sets() * u64::from(self.packed())
    }

    /// Floats for the gradients of all weights.
    #[must_use]
    pub fn gradient_floats(&self) -> u32 {
        self.layers.iter().map(|layer| layer.room).sum()
    }

    /// Units that are normalised, each with its own statistics.
    #[must_use]
    pub fn statistics(&self) -> u32 {
        self.layers.iter().filter(|layer| layer.is_normalised()).map(|layer| layer.outputs).sum()
    }

    /// Units of each group with everything kept.
    #[must_use]
    pub fn sizes(&self) -> Vec<u32> {
        self.groups.iter().map(|group| group.size).collect()
    }

    /// Features of the data for each unit of the inputs: the pixels of a channel, or 1.
    #[must_use]
    pub fn features_a_unit(&self) -> u32 {
        self.maps[0].pixels()
    }

    /// Which units of every group are kept under the mask `kept` (`[U]`): of a gated group at least one, of a union what either of its branches
    /// keeps.
    #[must_use]
    pub fn kept_units(&self, kept: &[bool]) -> Vec<Vec<bool>> {
        let mut groups: Vec<Vec<bool>> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let units = if group.gated {
                kept[group.first_unit as usize..][..group.size as usize].to_vec()
            } else if let Some(parents) = group.union_of {
                let of = |source: &[Option<u32>; 2]| {
                    source.iter().zip(parents).any(|(unit, parent)| unit.is_some_and(|unit| groups[parent][unit as usize]))
                };
                group.sources.iter().map(of).collect()
            } else {
                vec![true; group.size as usize]
            };
            groups.push(units);
        }
        groups
    }

    /// The network without the units that `kept` (`[U]`) lacks, and for each group which of its units remain. Every gated group must keep at least
    /// one.
    #[must_use]
    pub fn compacted(&self, kept: &[bool]) -> (Self, Vec<Vec<u32>>) {
        let remaining: Vec<Vec<u32>> = self
            .kept_units(kept)
            .iter()
            .map(|units| units.iter().zip(0..).filter(|(kept, _)| **kept).map(|(_, unit)| unit).collect())
            .collect();
        let mut model = self.clone();
        for (group, units) in model.groups.iter_mut().zip(&remaining) {
            assert!(!units.is_empty(), "{} keeps nothing", group.name);
            group.size = units.len() as u32;
            group.capacity = group.size;
            if let Some(parents) = group.union_of {
                let place = |unit: Option<u32>, parent: usize| remaining[parent].binary_search(&unit?).ok().map(|place| place as u32);
                group.sources = units
                    .iter()
                    .map(|&unit| {
                        let [a, b] = group.sources[unit as usize];
                        [place(a, parents[0]), place(b, parents[1])]
                    })
                    .collect();
            }
        }
        model.lay_out();
        (model, remaining)
    }
}
