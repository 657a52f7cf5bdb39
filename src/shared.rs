//! The structs that the CPU and the kernels share, mirrored from `shaders/shared/structs.wgsl` (a test compares the two through naga), and [`Work`],
//! the same information for a reference kernel.

use bytemuck::{Pod, Zeroable};

/// Most groups of a network, inputs and classes included, and most layers.
pub const MOST_GROUPS: usize = 64;
/// Instead of a row: this unit is not kept.
pub const ABSENT: u32 = u32::MAX;
/// Instead of a row of the data set: this column of the batch is empty.
pub const MISSING: u32 = u32::MAX;

/// An image of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Sample {
    /// Row of the data set, or [`MISSING`].
    pub row: u32,
    /// Its augmentation: bits 0 to 7 pixels down, 8 to 15 pixels right, each plus 128, bit 16 mirrored.
    pub view: u32,
}

impl Sample {
    /// The image without augmentation.
    pub const PLAIN: u32 = 128 | 128 << 8;
}

/// Which masks a step uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// m and m′ are drawn.
    Train = 0,
    /// m is the decided mask, m′ a sampled one.
    Evaluate = 1,
}

/// Units that share a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Group {
    pub size: u32,
    pub gated: u32,
    pub first_unit: u32,
    pub first_row: u32,
    pub united: u32,
    pub first_group: u32,
    pub second_group: u32,
    pub mask_terms: u32,
    pub capacity: u32,
    pub unused_x: u32,
    pub unused_y: u32,
    pub unused_z: u32,
}

/// The weights between two groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Layer {
    pub taps: u32,
    pub extra: u32,
    pub group_in: u32,
    pub group_out: u32,
    pub inputs: u32,
    pub outputs: u32,
    pub first_weight: u32,
    pub first_packed: u32,
    pub first_gradient: u32,
    pub split: u32,
    pub pixels: u32,
    pub first_statistic: u32,
}

/// Which part of the scores' update runs: the values of [`Params::learn_scores`], as in `shaders/update_scores.wgsl`.
pub mod part {
    pub const REST: u32 = 0;
    pub const LEARN: u32 = 1;
    pub const GRADIENT: u32 = 2;
    pub const STEP: u32 = 3;
    pub const PROJECT: u32 = 4;
    pub const CLIP: u32 = 5;
}

/// Which weights give the derivative of the loss with respect to a unit's mask: the low bits of [`Group::mask_terms`], as in
/// `shaders/shared/structs.wgsl`.
pub mod terms {
    pub const NONE: u32 = 0;
    /// Those that read the unit.
    pub const READING: u32 = 1;
    /// Those that make it, with its bias.
    pub const OWN: u32 = 2;
    /// Its scale and shift.
    pub const SCALE: u32 = 3;
}

/// What the running estimate of a unit's effect on the loss is of: the values of [`Params::effects`].
pub mod effects {
    pub const NONE: u32 = 0;
    /// G − ½F, for the control variate.
    pub const CONTROL: u32 = 1;
    /// −½F.
    pub const FISHER: u32 = 2;
}

/// The arguments of one dispatch, for kernels that run once for each operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Operation {
    pub layer: u32,
    pub group_in: u32,
    pub group_out: u32,
    pub group_shortcut: u32,
    pub height_in: u32,
    pub width_in: u32,
    pub height_out: u32,
    pub width_out: u32,
    pub kernel: u32,
    pub stride: u32,
    pub padding: u32,
    pub flags: u32,
    pub first_square: u32,
    pub mask: u32,
    pub apart_in: u32,
    pub apart_out: u32,
    pub apart_shortcut: u32,
    pub apart_packed: u32,
    pub unused_x: u32,
    pub unused_y: u32,
}

/// Where a map or a gradient is: the number of its buffer, and the first float in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub buffer: usize,
    pub first: usize,
}

/// The arguments of a reference kernel besides the named buffers: where its maps and their gradients are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub operation: Operation,
    pub input: Place,
    pub output: Place,
    /// Equal to `output` if there is no shortcut.
    pub shortcut: Place,
    pub d_input: Place,
    pub d_output: Place,
    pub d_shortcut: Place,
}

impl Work {
    /// The same for mask `z` alone: its values and not those of m.
    #[must_use]
    pub fn of_mask(&self, z: usize) -> Self {
        let moved = |place: Place, apart: u32| Place { first: place.first + z * apart as usize * 4, ..place };
        let Operation { apart_in, apart_out, apart_shortcut, .. } = self.operation;
        Self {
            input: moved(self.input, apart_in),
            output: moved(self.output, apart_out),
            shortcut: moved(self.shortcut, apart_shortcut),
            ..*self
        }
    }

    /// Whether the operation has one of [`flags`].
    #[must_use]
    pub fn has(&self, flag: u32) -> bool {
        self.operation.flags & flag != 0
    }
}

/// Bits of [`State::halted`].
pub mod halted {
    /// A loss or a gradient was not finite.
    pub const DIVERGED: u32 = 1;
    /// A mask was drawn for which there is no room.
    pub const OVERFLOWED: u32 = 2;
}

/// Bits of [`Operation::flags`].
pub mod flags {
    /// The map that is written, or whose gradient is written, has passed a relu.
    pub const RECTIFIED: u32 = 1;
    /// A row of ones follows the kept rows of the map that is written.
    pub const ONES: u32 = 2;
    /// The gradient is added to the one in the buffer.
    pub const ACCUMULATE: u32 = 4;
    /// The values are normalised, not only added.
    pub const NORMALISE: u32 = 8;
    /// A shortcut is added; the written group is a union.
    pub const JOINED: u32 = 16;
    /// The mean over a window, not the maximum.
    pub const MEAN: u32 = 32;
    /// The map that is read needs no gradient.
    pub const LAST: u32 = 64;
}

/// The settings that the kernels read, and the network. A uniform buffer.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
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
    pub layer_count: u32,
    pub statistics: u32,
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub estimator: u32,
    pub optimizer: u32,
    pub learn_scores: u32,
    pub alpha: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    pub clip_norm: f32,
    pub scale: f32,
    pub streamed: u32,
    pub effects: u32,
    pub effect_rate: f32,
    pub decided_score: f32,
    pub decided_units: u32,
    pub fill_budget: u32,
    pub exact_information: u32,
    pub unused_y: u32,
    pub highest_rise: f32,
    pub groups: [Group; MOST_GROUPS],
    pub layers: [Layer; MOST_GROUPS],
}

impl Default for Params {
    fn default() -> Self {
        Self::zeroed()
    }
}

/// The scheduled values of one step.
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

/// The state of a step besides the tensors.
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

/// The results of a step that are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
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

impl Default for Record {
    fn default() -> Self {
        Self::zeroed()
    }
}
