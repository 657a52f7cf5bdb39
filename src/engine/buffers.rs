//! Every buffer of a network, with the name that the kernels' bindings use.

use std::cell::RefCell;
use std::rc::Rc;

use crate::device::{Buffer, DeviceError, Machine, Usage};
use crate::model::{Model, Places};
use crate::shared::{MOST_GROUPS, Params, Record, Sample, State, Step};

use super::SLOTS;

/// The data set, shared by every network that trains on it: on the device if it fits, otherwise in the memory of the program.
#[derive(Clone, Debug)]
pub struct DataBuffers {
    pub inputs: Inputs,
    /// `[N]` bytes, four a word.
    pub labels: Buffer,
    /// `[I]` the number added to each scaled feature.
    pub shifts: Buffer,
    /// I, features of a row.
    pub features: u32,
}

/// `[N, I]` bytes: the training rows, then the test rows.
#[derive(Clone, Debug)]
pub enum Inputs {
    /// On the device, four bytes a word.
    Resident(Buffer),
    /// In the memory of the program; the rows of each submit are sent with it.
    Streamed(Rc<RefCell<Vec<u8>>>),
}

impl DataBuffers {
    /// Buffers for `rows` rows of `features` features: on the device if one buffer can hold them and `resident` asks for it.
    ///
    /// # Errors
    /// A set that fits neither on the device nor in memory.
    pub fn new(machine: &Machine, rows: u32, features: u32, resident: bool) -> Result<Self, DeviceError> {
        let storage = Usage::Storage;
        let bytes = u64::from(rows) * u64::from(features);
        let on_device = if resident { machine.buffer("the data set", bytes, storage).map(Some) } else { Ok(None) };
        let inputs = match on_device {
            Ok(Some(buffer)) => Inputs::Resident(buffer),
            Ok(None) | Err(DeviceError::TooLarge { .. }) => {
                let too_large = || DeviceError::TooLarge { what: "the data set".to_owned(), bytes, limit: machine.buffer_limit() };
                let length = usize::try_from(bytes).map_err(|_| too_large())?;
                let mut set = Vec::new();
                set.try_reserve_exact(length).map_err(|_| too_large())?;
                set.resize(length, 0);
                Inputs::Streamed(Rc::new(RefCell::new(set)))
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            inputs,
            labels: machine.buffer("labels", rows.into(), storage)?,
            shifts: machine.buffer("shifts", u64::from(features) * 4, storage)?,
            features,
        })
    }

    #[must_use]
    pub fn is_streamed(&self) -> bool {
        matches!(self.inputs, Inputs::Streamed(_))
    }
}

macro_rules! buffers {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        /// Every buffer of a network; shapes as in `shaders/shared/structs.wgsl`, where a network with buffers for one mask has 1 instead of `masks`.
        #[derive(Clone, Debug)]
        pub struct Buffers {
            $($(#[$doc])* pub $name: Buffer,)+
            /// Those of [`Places`]: maps, `[rows, Q, Bp]`, and the gradients of the loss at maps, `[rows up to a multiple of 4, Q, Bp]`.
            pub values: Vec<Buffer>,
        }

        impl Buffers {
            /// The buffers that have a name, in their order.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, &Buffer)> {
                vec![$((stringify!($name), &self.$name),)+]
            }

            /// The buffer with this name in the table of kernels; maps have no such names.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<&Buffer> {
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
    /// `[SLOTS, B]` of [`Sample`].
    batch_rows;
    /// `[SLOTS]` of [`Record`].
    records;
    /// `[U]`
    scores;
    /// `[U]` of four: Adam's first and second moment, the running estimate of the unit's effect on the loss, and the steps that it is of.
    score_state;
    /// `[U]` the structure gradient of the last step.
    d_scores;
    /// `[U]` dL/dm of the units that m kept in the last step.
    d_masks;
    /// `[U]` the Fisher information of the masks of the units that m kept in the last step, with [`Params::exact_information`].
    information;
    /// `[U]` the price of the unit in the budget, below 0 if its score is pinned.
    pins;
    /// `[U]` numbers of the units in the whole network.
    numbers;
    /// `[U]` bits of both masks.
    units;
    /// `[2, R]`
    lists;
    /// `[2, R]`
    rows;
    /// `[2, 64]`
    counts;
    /// `[R]` pairs.
    sources;
    /// `[masks, R]` pairs.
    joins;
    /// Layers of `[T · inputs + E, outputs]`.
    weights;
    /// As `weights`.
    velocity;
    /// `[P]`
    packed_weights;
    /// The floats for the gradient of each layer.
    d_weights;
    /// The squares that add up to the squared norm of the gradient.
    squares;
    /// `[masks, S]` pairs.
    statistics;
    /// `[S]` pairs.
    d_statistics;
    /// `[S]` pairs.
    running;
    /// `[N, I]` bytes, or `[SLOTS, B, I]` of a streamed set.
    inputs;
    /// `[N]` bytes.
    labels;
    /// `[I]`
    shifts;
}

/// Steps of a submit: for a streamed data set, as many as a buffer can hold rows for.
pub(super) fn steps_a_submit(machine: &Machine, params: &Params, data: &DataBuffers) -> u32 {
    if !data.is_streamed() {
        return SLOTS;
    }
    let batch = u64::from(params.batch_size) * u64::from(data.features);
    (machine.buffer_limit() / batch.max(1)).clamp(1, SLOTS.into()) as u32
}

/// Allocates the buffers of a network. The first allocation that fails is stored and reported once at the end; later buffers are made small.
struct Allocation<'a> {
    machine: &'a Machine,
    refused: Option<DeviceError>,
}

impl Allocation<'_> {
    fn buffer(&mut self, label: &str, bytes: u64, usage: Usage) -> Buffer {
        let bytes = if self.refused.is_some() { 0 } else { bytes };
        self.machine.buffer(label, bytes, usage).unwrap_or_else(|error| {
            self.refused = Some(error);
            self.machine.buffer(label, 0, usage).expect("every device can allocate a buffer of a few bytes")
        })
    }

    /// For so many floats.
    fn storage(&mut self, label: &str, count: u64) -> Buffer {
        self.buffer(label, count * 4, Usage::Storage)
    }

    fn end<T>(self, allocated: T) -> Result<T, DeviceError> {
        self.refused.map_or(Ok(allocated), Err)
    }
}

/// The buffers whose sizes depend on the capacities of the groups. Their contents are not needed after a step.
struct Scaled {
    packed_weights: Buffer,
    d_weights: Buffer,
    values: Vec<Buffer>,
}

impl Scaled {
    fn new(allocation: &mut Allocation<'_>, model: &Model, params: &Params, masks: u32) -> Self {
        let copies = |is_logits: bool| if is_logits { u64::from(masks) } else { 1 };
        let bytes = |floats: u64| floats * u64::from(params.batch_stride);
        let values = Places::of(model).buffers;
        Self {
            packed_weights: allocation.storage("the packed weights", model.packed_floats()),
            d_weights: allocation.storage("the weights' gradients", model.gradient_floats().into()),
            values: values.iter().map(|of| allocation.storage(&of.name, copies(of.is_logits) * bytes(of.floats))).collect(),
        }
    }
}

impl Buffers {
    pub(super) fn new(
        machine: &Machine,
        model: &Model,
        params: &Params,
        masks: u32,
        data: &DataBuffers,
        squares: u32,
    ) -> Result<Self, DeviceError> {
        let mut new = Allocation { machine, refused: None };
        let table = |of: usize| u64::from(SLOTS) * (of / 4) as u64;
        let (units, weights) = (u64::from(params.units), u64::from(model.weights()));
        let (rows, statistics) = (u64::from(params.rows), u64::from(params.statistics));
        let inputs = match &data.inputs {
            Inputs::Resident(buffer) => buffer.clone(),
            Inputs::Streamed(_) => {
                let batch = u64::from(params.batch_size) * u64::from(data.features);
                let bytes = u64::from(steps_a_submit(machine, params, data)) * batch;
                new.buffer("the rows of a submit", bytes, Usage::Storage)
            }
        };
        let Scaled { packed_weights, d_weights, values } = Scaled::new(&mut new, model, params, masks);
        let masks = u64::from(masks);
        let buffers = Self {
            params: new.buffer("params", size_of::<Params>() as u64, Usage::Uniform),
            state: new.storage("state", size_of::<State>() as u64 / 4),
            schedule: new.storage("schedule", table(size_of::<Step>())),
            batch_rows: new.storage("batch_rows", table(size_of::<Sample>()) * u64::from(params.batch_size)),
            records: new.storage("records", table(size_of::<Record>())),
            scores: new.storage("scores", units),
            score_state: new.storage("score_state", 4 * units),
            d_scores: new.storage("d_scores", units),
            d_masks: new.storage("d_masks", units),
            information: new.storage("information", units),
            pins: new.storage("pins", units),
            numbers: new.storage("numbers", units),
            units: new.storage("units", units),
            lists: new.storage("lists", 2 * rows),
            rows: new.storage("rows", 2 * rows),
            counts: new.storage("counts", 2 * MOST_GROUPS as u64),
            sources: new.storage("sources", 2 * rows),
            joins: new.storage("joins", 2 * masks * rows),
            weights: new.storage("the weights", weights),
            velocity: new.storage("the weights' velocities", weights),
            packed_weights,
            d_weights,
            squares: new.storage("squares", squares.into()),
            statistics: new.storage("statistics", 2 * masks * statistics),
            d_statistics: new.storage("d_statistics", 2 * statistics),
            running: new.storage("running", 2 * statistics),
            inputs,
            labels: data.labels.clone(),
            shifts: data.shifts.clone(),
            values,
        };
        new.end(buffers)
    }

    /// Replaces the buffers whose sizes depend on the capacities of the groups. The old ones are freed first.
    pub(super) fn resize(&mut self, machine: &Machine, model: &Model, params: &Params, masks: u32) -> Result<(), DeviceError> {
        let mut new = Allocation { machine, refused: None };
        self.values.clear();
        self.packed_weights = new.storage("the packed weights", 0);
        self.d_weights = new.storage("the weights' gradients", 0);
        let Scaled { packed_weights, d_weights, values } = Scaled::new(&mut new, model, params, masks);
        (self.packed_weights, self.d_weights, self.values) = (packed_weights, d_weights, values);
        new.end(())
    }

    /// Bytes of a submit's outcome.
    pub(super) fn outcome_bytes(&self) -> u64 {
        self.state.size() + self.records.size() + self.scores.size() + self.units.size()
    }
}
