//! The structs that the CPU and the kernels share, mirrored from `shaders/shared.wgsl`; a test compares the two through naga.

use bytemuck::{Pod, Zeroable};

/// Most groups of a network, inputs and classes included.
pub const MOST_GROUPS: usize = 16;
/// In place of a row of the data set: this column of the batch is empty.
pub const MISSING: u32 = u32::MAX;

/// What a step does with the masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// m and m′ are drawn.
    Train = 0,
    /// m is the decided mask, m′ a sampled one.
    Evaluate = 1,
}

/// A row of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Group {
    pub size: u32,
    pub gated: u32,
    pub first_unit: u32,
    pub first_row: u32,
}

/// The weights between two groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Layer {
    pub inputs: u32,
    pub outputs: u32,
    pub first_weight: u32,
    pub first_packed: u32,
}

/// What a person may change, and the network. A uniform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Params {
    pub seed: u32,
    pub mode: u32,
    pub draw: u32,
    pub masks: u32,
    pub group_count: u32,
    pub units: u32,
    pub rows: u32,
    pub packed: u32,
    pub batch_size: u32,
    pub batch_stride: u32,
    pub estimator: u32,
    pub optimizer: u32,
    pub learn_scores: u32,
    pub alpha: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    pub clip_norm: f32,
    pub scale: f32,
    pub unused: [u32; 2],
    pub groups: [Group; MOST_GROUPS],
    pub layers: [Layer; MOST_GROUPS],
}

/// What the schedules say of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Step {
    pub step: u32,
    pub learning_rate: f32,
    pub scores_rate: f32,
    pub budget: f32,
    pub first_correction: f32,
    pub second_correction: f32,
}

/// What a step changes besides the tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct State {
    pub next: u32,
    pub slot: u32,
    pub halted: u32,
    pub step: u32,
    pub loss: f32,
    pub probe_loss: f32,
    pub learning_rate: f32,
    pub scores_rate: f32,
    pub budget: f32,
    pub first_correction: f32,
    pub second_correction: f32,
    pub clip_scale: f32,
}

/// What a step leaves for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Record {
    pub step: u32,
    pub loss: f32,
    pub probe_loss: f32,
    pub correct: u32,
    pub probe_correct: u32,
    pub sum_scores: f32,
    pub threshold: f32,
    pub gradient_norm: f32,
    pub kept: [u32; MOST_GROUPS],
    pub probe_kept: [u32; MOST_GROUPS],
}
