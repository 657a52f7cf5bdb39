//! Every buffer of a network. Its name is the name that the kernels' bindings give it.

use crate::gpu::{Gpu, GpuError};
use crate::shared::{MOST_GROUPS, Params, Record, State, Step};

use super::grids::squares;
use super::{Machine, SLOTS};

/// The data set on the GPU, shared by every network that learns from it.
#[derive(Clone, Debug)]
pub struct DataBuffers {
    /// `[N, I]` bytes, four a word: the training rows, then the test rows.
    pub inputs: wgpu::Buffer,
    /// `[N]` bytes, four a word.
    pub labels: wgpu::Buffer,
    /// `[I]` what is added to a scaled feature.
    pub shifts: wgpu::Buffer,
}

impl DataBuffers {
    /// Room for `rows` rows of `inputs` features.
    ///
    /// # Errors
    /// More than this device lets a buffer hold.
    pub fn new(gpu: &Gpu, rows: u32, inputs: u32) -> Result<Self, GpuError> {
        let storage = wgpu::BufferUsages::STORAGE;
        let bytes = u64::from(rows) * u64::from(inputs);
        Ok(Self {
            inputs: gpu.buffer("the data set", bytes, storage)?,
            labels: gpu.buffer("labels", rows.into(), storage)?,
            shifts: gpu.buffer("shifts", u64::from(inputs) * 4, storage)?,
        })
    }
}

macro_rules! buffers {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        /// Every buffer of a network; shapes as in `shaders/shared.wgsl`.
        #[derive(Clone, Debug)]
        pub struct Buffers { $($(#[$doc])* pub $name: wgpu::Buffer,)+ }

        impl Buffers {
            /// The buffer of that name, as the kernels' table spells it.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<&wgpu::Buffer> {
                match name {
                    $(stringify!($name) => Some(&self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

buffers! {
    /// One [`Params`].
    params;
    /// One [`State`].
    state;
    /// `[SLOTS]` of [`Step`].
    schedule;
    /// `[SLOTS, B]` rows of the data set.
    batch_rows;
    /// `[SLOTS]` of [`Record`].
    records;
    /// `[U]`
    scores;
    /// `[U]` of Adam's first and second moment.
    moments;
    /// `[U]` the structure gradient of the last step.
    d_scores;
    /// `[U]` bits of both masks.
    units;
    /// `[2, R]`
    lists;
    /// `[2, 16]`
    counts;
    /// Layers of `[inputs + 1, outputs]`.
    weights;
    /// As `weights`.
    velocity;
    /// `[2, P]`
    packed_weights;
    /// `[P]`
    d_weights;
    /// What each workgroup of `d_weights`, or each invocation, leaves for the norm of the gradient.
    squares;
    /// `[2, R, Bp]`
    activations;
    /// `[R, Bp]`
    d_activations;
    /// `[N, I]` bytes.
    inputs;
    /// `[N]` bytes.
    labels;
    /// `[I]`
    shifts;
}

/// Weights, biases included.
pub(super) fn weights(params: &Params) -> u32 {
    let layers = &params.layers[..params.group_count as usize - 1];
    layers.iter().map(|layer| (layer.inputs + 1) * layer.outputs).sum()
}

impl Buffers {
    pub(super) fn new(machine: &Machine, params: &Params, data: &DataBuffers) -> Result<Self, GpuError> {
        let gpu = &machine.gpu;
        let storage = |label: &str, count: u64| gpu.buffer(label, count * 4, wgpu::BufferUsages::STORAGE);
        let rows = |of: usize| u64::from(SLOTS) * (of / 4) as u64;
        let (units, weights) = (u64::from(params.units), u64::from(weights(params)));
        let (packed, cells) = (u64::from(params.packed), u64::from(params.rows) * u64::from(params.batch_stride));
        Ok(Self {
            params: gpu.buffer("params", size_of::<Params>() as u64, wgpu::BufferUsages::UNIFORM)?,
            state: storage("state", size_of::<State>() as u64 / 4)?,
            schedule: storage("schedule", rows(size_of::<Step>()))?,
            batch_rows: storage("batch_rows", u64::from(SLOTS) * u64::from(params.batch_size))?,
            records: storage("records", rows(size_of::<Record>()))?,
            scores: storage("scores", units)?,
            moments: storage("moments", 2 * units)?,
            d_scores: storage("d_scores", units)?,
            units: storage("units", units)?,
            lists: storage("lists", 2 * u64::from(params.rows))?,
            counts: storage("counts", 2 * MOST_GROUPS as u64)?,
            weights: storage("weights", weights)?,
            velocity: storage("velocity", weights)?,
            packed_weights: storage("packed_weights", 2 * packed)?,
            d_weights: storage("d_weights", packed)?,
            squares: storage("squares", squares(machine, params).into())?,
            activations: storage("activations", 2 * cells)?,
            d_activations: storage("d_activations", cells)?,
            inputs: data.inputs.clone(),
            labels: data.labels.clone(),
            shifts: data.shifts.clone(),
        })
    }

    /// Bytes that a submit's outcome takes.
    pub(super) fn outcome_bytes(&self) -> u64 {
        self.state.size() + self.records.size() + self.scores.size() + self.units.size()
    }
}
