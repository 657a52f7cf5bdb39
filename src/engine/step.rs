//! A training step as a list of dispatches, built once from the model's operations: forward in their order, under both masks together or first under
//! m′, then under m, and backward in reverse.
//!
//! The grids are those of the dense network: the kernels read the kept counts, and surplus workgroups return at once. (Every WebGPU implementation
//! adds a validation dispatch and barriers to an indirect dispatch.)

#[cfg(feature = "gpu")]
use crate::device::Kernel;
use crate::device::{DeviceError, Machine, Product, Sizes, Variants};
use crate::model::{self, Layer, Map, Model, Op, Places, Pooling};
use crate::shared::{Operation, Params, Place, Work, effects, flags};

use super::grids::{of_gradient, striding_grid};

/// Workgroups along a dimension that WebGPU guarantees.
const MOST_GRID: u32 = 65_535;

/// What a range of dispatches is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Sample,
    Pack,
    Forward,
    Scores,
    Backward,
    Weights,
}

impl Phase {
    /// In the order of the formulas. The kernel `update_scores` runs after the backward kernels.
    pub const ALL: [Self; 6] = [Self::Sample, Self::Pack, Self::Forward, Self::Scores, Self::Backward, Self::Weights];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Pack => "pack",
            Self::Forward => "forward",
            Self::Scores => "scores",
            Self::Backward => "backward",
            Self::Weights => "weights",
        }
    }
}

/// The maps that an operation works on, by their numbers in the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operands {
    pub input: usize,
    pub output: usize,
    /// The index of the output if there is no shortcut.
    pub shortcut: usize,
}

/// One kernel with its operands. The engine finds the buffers for them.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: &'static str,
    pub phase: Phase,
    /// For kernels that run once for each operation. How far apart the values of both masks are depends on the capacities: `Line::work` has it.
    pub operation: Option<Operation>,
    pub operands: Operands,
    /// Workgroups along x.
    pub(super) workgroups: u32,
    /// Whether one dispatch computes both masks.
    pub(super) per_mask: bool,
}

impl Line {
    /// The mask that it computes, or the first one: 1 in the pass under m′.
    pub(super) fn mask(&self) -> u32 {
        self.operation.map_or(0, |operation| operation.mask)
    }

    /// Whether only the running estimates of effects (`Params::effects`) need it: the gradient at the inputs has no other use.
    pub(super) fn is_of_effects(&self) -> bool {
        matches!(self.name, "d_masks" | "information") || self.name == "d_activations" && self.operands.input == 0
    }

    /// Where a map is for this line.
    pub(super) fn place(&self, places: &Places, map: usize) -> model::Place {
        if self.phase == Phase::Backward { places.backward[map] } else { places.forward[map] }
    }

    /// The arguments of the dispatch, for maps of so many columns of images.
    pub(super) fn work(&self, places: &Places, images: u32) -> Work {
        let at = |place: model::Place| Place { buffer: place.buffer, first: (place.first * u64::from(images)) as usize };
        let map = |map: usize| at(self.place(places, map));
        let gradient = |map: usize| places.gradients[map].map(at).unwrap_or_default();
        let Operands { input, output, shortcut } = self.operands;
        let apart = |map: usize| (places.apart[map] * u64::from(images) / 4) as u32;
        let operation = Operation {
            apart_in: apart(input),
            apart_out: apart(output),
            apart_shortcut: apart(shortcut),
            apart_packed: (places.packed_apart / 4) as u32,
            ..self.operation.unwrap_or_default()
        };
        Work {
            operation,
            input: map(input),
            output: map(output),
            shortcut: map(shortcut),
            d_input: gradient(input),
            d_output: gradient(output),
            d_shortcut: gradient(shortcut),
        }
    }
}

/// The lines of a training step, and how many squares of weight gradients they write. Of them only the forward passes depend on the capacities of the
/// groups: see [`Model::with_passes`].
#[derive(Debug)]
pub(super) struct StepPlan {
    pub(super) lines: Vec<Line>,
    pub(super) squares: u32,
    /// Where each kernel's part of `squares` begins.
    pub(super) square_starts: Vec<u32>,
    /// Bp, columns of images.
    pub(super) images: u32,
}

/// Collects the lines of a [`StepPlan`].
struct Planner<'a> {
    model: &'a Model,
    images: u32,
    /// `Params::effects`.
    effects: u32,
    sizes: Sizes,
    variants: Variants,
    plan: StepPlan,
}

impl StepPlan {
    pub(super) fn new(machine: &Machine, model: &Model, params: &Params, variants: Variants) -> Result<Self, DeviceError> {
        let mut planner = Planner {
            model,
            images: params.batch_stride / 4,
            effects: params.effects,
            sizes: Sizes::of(machine.adapter.software),
            variants,
            plan: Self { lines: Vec::new(), squares: 0, square_starts: Vec::new(), images: params.batch_stride },
        };
        planner.all();
        let largest = planner.plan.lines.iter().max_by_key(|line| line.workgroups).expect("a step has lines");
        if largest.workgroups > MOST_GRID {
            return Err(DeviceError::TooManyWorkgroups { kernel: largest.name, count: largest.workgroups, limit: MOST_GRID });
        }
        Ok(planner.plan)
    }
}

#[cfg(feature = "gpu")]
impl StepPlan {
    /// The kernel of each line, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().map(|line| line.name)
    }
}

impl Planner<'_> {
    fn all(&mut self) {
        let quads: u64 = self.model.layers.iter().map(|layer| u64::from(layer.whole() / 4)).sum();
        let all_quads = self.strided(quads);
        let has_unions = self.model.groups.iter().any(|group| group.union_of.is_some());
        self.once("sample", Phase::Sample, self.model.groups.len() as u32, false);
        if self.model.is_gated() {
            self.once("list_all", Phase::Sample, self.model.groups.len() as u32, false);
        }
        if has_unions {
            self.once("unite", Phase::Sample, 1, true);
        }
        let is_gated = self.model.groups[0].gated;
        if !is_gated {
            self.gather_inputs(0);
        }
        // Otherwise the pass under m is the last one: its values are still there in the backward pass.
        let passes: &[u32] = if self.model.is_side_by_side() { &[0] } else { &[1, 0] };
        for &mask in passes {
            self.push("pack_weights", Phase::Pack, Operation { mask, ..Operation::default() }, Operands::default(), all_quads);
            if is_gated {
                self.gather_inputs(mask);
            }
            for (index, _) in self.model.ops.iter().enumerate() {
                self.forward(index, mask);
            }
        }
        self.once("loss", Phase::Scores, 1, false);

        // The kernel of a layer of one pixel writes its squares itself; sum_gradients, which is first in the buffer, writes those of the others.
        let is_cut = |layer: &Layer| layer.pixels > 1 && layer.taps > 0;
        let cut: u64 = self.model.layers.iter().filter(|layer| is_cut(layer)).map(|layer| u64::from(layer.whole() / 4)).sum();
        let of_gradient = self.sizes.lanes_of(self.variants.of(Product::DWeights));
        let sum_grid = if cut > 0 { striding_grid(cut, of_gradient, self.sizes.most_workgroups) } else { 0 };
        self.take_squares(sum_grid * self.sizes.squares(of_gradient));

        for (index, _) in self.model.ops.iter().enumerate().rev() {
            self.backward(index);
        }
        if self.model.needs_input_gradient() {
            self.information_of(0);
        }
        if sum_grid > 0 {
            self.once("sum_gradients", Phase::Backward, sum_grid, false);
        }
        // A control variate must be one of past steps, so its update comes after its use; the other estimators read this step's.
        let masks = self.model.gated().map(|group| group.size).max().unwrap_or(0);
        let masks = self.strided(u64::from(masks) * u64::from(self.sizes.mask_lanes));
        if self.effects == effects::FISHER {
            self.once("d_masks", Phase::Backward, masks, false);
        }
        // The scores need no backward pass, but they wait for it, so that a gradient that is not finite halts the run before anything changes.
        self.once("update_scores", Phase::Scores, 1, false);
        if self.effects == effects::CONTROL {
            self.once("d_masks", Phase::Weights, masks, false);
        }
        self.once("update_weights", Phase::Weights, all_quads, false);
        if self.model.statistics() > 0 {
            let statistics = self.strided(self.model.statistics().into());
            self.once("update_statistics", Phase::Weights, statistics, false);
        }
        // Buffers end at multiples of four numbers. The rest, which no kernel writes, is no part of the last kernel's squares.
        self.take_squares(self.plan.squares.next_multiple_of(4) - self.plan.squares);
    }

    /// Adds a kernel that works on the whole network; its output operand is the logits.
    fn once(&mut self, name: &'static str, phase: Phase, workgroups: u32, per_mask: bool) {
        let operands = Operands { output: self.model.logits(), ..Operands::default() };
        self.plan.lines.push(Line { name, phase, operation: None, operands, workgroups, per_mask });
    }

    /// Adds a kernel with an operation. Those of the forward passes compute both masks if the passes are side by side.
    fn push(&mut self, name: &'static str, phase: Phase, operation: Operation, operands: Operands, workgroups: u32) {
        let per_mask = self.model.is_side_by_side() && matches!(phase, Phase::Pack | Phase::Forward);
        self.plan.lines.push(Line { name, phase, operation: Some(operation), operands, workgroups, per_mask });
    }

    fn gather_inputs(&mut self, mask: u32) {
        let inputs = &self.model.maps[0];
        let operation = Operation { height_out: inputs.height, width_out: inputs.width, flags: ones(inputs), mask, ..Operation::default() };
        // Blocks of four features and four images.
        let features = u64::from(self.model.groups[inputs.group].size + 1) * u64::from(inputs.pixels());
        let workgroups = self.strided(features.div_ceil(4) * u64::from(self.images));
        self.push("gather_inputs", Phase::Pack, operation, Operands::default(), workgroups);
        if let Some(line) = self.plan.lines.last_mut() {
            // Inputs without scores are the same under both masks.
            line.per_mask &= self.model.groups[0].gated;
        }
    }

    /// Workgroups of a kernel that strides over the quads of a map, with `more` extra rows.
    fn elements(&self, map: &Map, more: u32) -> u32 {
        let rows = self.model.groups[map.group].size + more;
        self.strided(u64::from(rows) * u64::from(map.pixels()) * u64::from(self.images))
    }

    /// Workgroups of a kernel that strides over so much work.
    fn strided(&self, work: u64) -> u32 {
        striding_grid(work, self.sizes.lanes, self.sizes.most_workgroups)
    }

    /// Workgroups of a product that has a tile for each of so many invocations.
    fn tiled(&self, product: Product, invocations: u64) -> u32 {
        striding_grid(invocations, self.sizes.lanes_of(self.variants.of(product)), self.sizes.most_tiled)
    }

    /// Where the next `count` squares begin.
    fn take_squares(&mut self, count: u32) -> u32 {
        let first = self.plan.squares;
        self.plan.square_starts.push(first);
        self.plan.squares += count;
        first
    }

    /// The operation as its kernels read it, without its flags.
    fn operation(&self, op: &Op) -> (Operation, Operands) {
        let (input, output) = (op.input(), op.output());
        let shortcut = op.shortcut().unwrap_or(output);
        let map = |index: usize| &self.model.maps[index];
        let (kernel, stride, padding) = match *op {
            Op::Convolve { kernel, stride, padding, .. } | Op::Depthwise { kernel, stride, padding, .. } => (kernel, stride, padding),
            Op::Pool { window, .. } => (window, window, 0),
            Op::Normalise { .. } | Op::Gate { .. } => (1, 1, 0),
        };
        let layer = match *op {
            Op::Convolve { layer, .. } | Op::Depthwise { layer, .. } => layer,
            Op::Normalise { layer, .. } => layer.unwrap_or(0),
            Op::Pool { .. } | Op::Gate { .. } => 0,
        };
        let operation = Operation {
            layer: layer as u32,
            group_in: map(input).group as u32,
            group_out: map(output).group as u32,
            group_shortcut: map(shortcut).group as u32,
            height_in: map(input).height,
            width_in: map(input).width,
            height_out: map(output).height,
            width_out: map(output).width,
            kernel,
            stride,
            padding,
            ..Operation::default()
        };
        (operation, Operands { input, output, shortcut })
    }

    fn forward(&mut self, index: usize, mask: u32) {
        let op = self.model.ops[index];
        let (mut operation, operands) = self.operation(&op);
        operation.mask = mask;
        let output = &self.model.maps[operands.output];
        let rows = self.model.groups[output.group].size + u32::from(output.ones);
        let pixels = output.pixels();
        operation.flags = ones(output) | rectified(output);
        let elements = self.elements(output, 1);
        match op {
            Op::Convolve { .. } => {
                let threads = self.variants.of(Product::Convolve).invocations(rows.div_ceil(4), pixels, self.images);
                self.push("convolve", Phase::Forward, operation, operands, self.tiled(Product::Convolve, threads));
            }
            Op::Normalise { layer, shortcut, .. } => {
                operation.flags |= normalise_flags(layer, shortcut);
                if layer.is_some() {
                    let units = self.model.groups[operation.group_in as usize].size;
                    self.push("statistics", Phase::Forward, operation, operands, units.min(self.sizes.most_workgroups));
                }
                self.push("normalise", Phase::Forward, operation, operands, elements);
            }
            Op::Depthwise { .. } => self.push("depthwise", Phase::Forward, operation, operands, elements),
            Op::Pool { pooling, .. } => {
                operation.flags |= pooling_flag(pooling);
                self.push("pool", Phase::Forward, operation, operands, elements);
            }
            Op::Gate { .. } => self.push("gate", Phase::Forward, operation, operands, elements),
        }
    }

    /// Adds the kernel that finds the Fisher information of the masks of a map that is not normalised.
    fn information_of(&mut self, map: usize) {
        let of = &self.model.maps[map];
        let group = of.group as u32;
        let operation = Operation {
            group_in: group,
            group_out: group,
            height_in: of.height,
            width_in: of.width,
            height_out: of.height,
            width_out: of.width,
            ..Operation::default()
        };
        let workgroups = self.model.groups[of.group].size.min(self.sizes.most_workgroups);
        self.push("information", Phase::Backward, operation, Operands { input: map, output: map, shortcut: map }, workgroups);
    }

    fn backward(&mut self, index: usize) {
        for writer in self.model.recomputed_before(index) {
            let (mut operation, operands) = self.operation(&self.model.ops[writer]);
            let output = &self.model.maps[operands.output];
            operation.flags = ones(output) | rectified(output) | flags::NORMALISE;
            let workgroups = self.elements(output, 1);
            self.push("normalise", Phase::Backward, operation, operands, workgroups);
        }
        let op = self.model.ops[index];
        let (mut operation, operands) = self.operation(&op);
        let input = &self.model.maps[operands.input];
        let gradient_flags = |map: usize| {
            let accumulates = if self.model.writes_first(index, map) { 0 } else { flags::ACCUMULATE };
            rectified(&self.model.maps[map]) | accumulates
        };
        operation.flags = gradient_flags(operands.input);
        let gives_information = self.model.gives_information(index);
        match op {
            Op::Convolve { layer, output, .. } => {
                if gives_information {
                    self.information_of(output);
                }
                let layer = &self.model.layers[layer];
                let variant = self.variants.of(Product::DWeights);
                let lanes = self.sizes.lanes_of(variant);
                let workgroups = striding_grid(of_gradient(variant, layer), lanes, self.sizes.most_workgroups);
                let mut own = operation;
                if layer.pixels == 1 {
                    own.first_square = self.take_squares(workgroups * self.sizes.squares(lanes));
                }
                self.push("d_weights", Phase::Backward, own, operands, workgroups);
                if operands.input != 0 || self.model.needs_input_gradient() {
                    let units = self.model.groups[input.group].size.div_ceil(4);
                    let threads = self.variants.of(Product::DActivations).invocations(units, input.pixels(), self.images);
                    let workgroups = self.tiled(Product::DActivations, threads);
                    self.push("d_activations", Phase::Backward, operation, operands, workgroups);
                }
            }
            Op::Normalise { layer, shortcut, .. } => {
                let more = normalise_flags(layer, shortcut);
                operation.flags |= more;
                let elements = self.elements(&self.model.maps[operands.output], 3);
                if let Some(layer) = layer {
                    let units = self.model.layers[layer].outputs;
                    operation.first_square = self.take_squares(units);
                    self.push("d_statistics", Phase::Backward, operation, operands, units.min(self.sizes.most_workgroups));
                    if gives_information {
                        self.push("information", Phase::Backward, operation, operands, units.min(self.sizes.most_workgroups));
                    }
                }
                self.push("d_normalise", Phase::Backward, operation, operands, elements);
                if let Some(shortcut) = shortcut {
                    let through = Operation { flags: gradient_flags(shortcut) | more, ..operation };
                    self.push("d_shortcut", Phase::Backward, through, operands, elements);
                }
            }
            Op::Depthwise { layer, .. } => {
                let units = self.model.layers[layer].outputs;
                let own = Operation { first_square: self.take_squares(units), ..operation };
                self.push("d_depthwise_weights", Phase::Backward, own, operands, units.min(self.sizes.most_workgroups));
                let elements = self.elements(input, 3);
                self.push("d_depthwise_activations", Phase::Backward, operation, operands, elements);
            }
            Op::Pool { pooling, .. } => {
                operation.flags |= pooling_flag(pooling);
                let elements = self.elements(input, 3);
                self.push("d_pool", Phase::Backward, operation, operands, elements);
            }
            Op::Gate { .. } => {
                if operands.input == 0 {
                    operation.flags |= flags::LAST;
                }
                let rows = self.model.groups[input.group].size.next_multiple_of(4);
                self.push("d_gate", Phase::Backward, operation, operands, rows.min(self.sizes.most_workgroups));
            }
        }
    }
}

/// The kernels that the training steps of a network run.
///
/// # Errors
/// A batch that is too large for a network of this width.
#[cfg(feature = "gpu")]
pub fn kernels(machine: &Machine, model: &Model, params: &Params, variants: Variants) -> Result<Vec<Kernel>, DeviceError> {
    let mut kernels: Vec<Kernel> = Vec::new();
    for name in StepPlan::new(machine, model, params, variants)?.names() {
        let kernel = Kernel::new(name, variants);
        if !kernels.contains(&kernel) {
            kernels.push(kernel);
        }
    }
    Ok(kernels)
}

fn ones(map: &Map) -> u32 {
    if map.ones { flags::ONES } else { 0 }
}

fn rectified(map: &Map) -> u32 {
    if map.rectified { flags::RECTIFIED } else { 0 }
}

fn normalise_flags(layer: Option<usize>, shortcut: Option<usize>) -> u32 {
    layer.map_or(0, |_| flags::NORMALISE) | shortcut.map_or(0, |_| flags::JOINED)
}

fn pooling_flag(pooling: Pooling) -> u32 {
    match pooling {
        Pooling::Max => 0,
        Pooling::Mean => flags::MEAN,
    }
}
