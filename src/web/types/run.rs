//! A run: its steps, its state, and its measurements.

use super::Recorded;
use crate::trainer::{self, StepPart};
use crate::web::js::{TypedArray, crossing};

crossing! {
    /// One training step, as numbers.
    pub struct StepRecord {
        pub step: u32,
        pub epoch: f64,
        pub loss: f64,
        /// NaN for methods with one forward pass.
        pub probe_loss: f64,
        /// The accuracy on the batch.
        pub accuracy: f64,
        pub sum_scores: f64,
        pub budget: f64,
        pub threshold: f64,
        pub gradient_norm: f64,
        pub learning_rate: f64,
        pub scores_rate: f64,
        /// Executed up to and including this step, with those for choosing masks.
        pub multiply_adds: f64,
        /// Time of training. It begins with the end of the first submit, which also compiles kernels.
        pub seconds: f64,
    }

    /// Multiply-adds that were executed, counted from the units that each step kept.
    pub struct Cost {
        pub forward: f64,
        pub backward: f64,
        /// Those of structure passes, which only serve to choose a mask.
        pub structure: f64,
        /// The part of all these that is in passes with more than half of the dense network's multiply-adds.
        pub near_dense: f64,
    }

    /// The run at one moment.
    pub struct Snapshot {
        pub step: u32,
        pub steps: u32,
        /// Passes over the training set, with fractions.
        pub epoch: f64,
        pub finished: bool,
        /// The reason, if the run stopped by itself.
        pub halted: Option<String>,
        /// `[U]`
        pub scores: TypedArray<f32>,
        /// `[U]` s as bytes, of which only 0 and 255 are exactly 0 and 1.
        pub shades: TypedArray<u8>,
        /// `[U]` 1 if the decided mask keeps the unit.
        pub decided: TypedArray<u8>,
        /// `[U]` bits: `KEPT` and `PROBE_KEPT`. Before the first step both are 1 for the units with s ≥ ½.
        pub mask: TypedArray<u8>,
        /// `[G]` units kept under m.
        pub kept: TypedArray<u32>,
        /// `[G]` units kept under m′.
        pub probe_kept: TypedArray<u32>,
        pub budget: f64,
        pub sum_scores: f64,
        pub threshold: f32,
        /// The steps since the last snapshot.
        pub records: Vec<StepRecord>,
        /// Multiply-adds of the whole run so far.
        pub cost: Cost,
        pub step_ms: f64,
        /// Units that are in memory. Compacting drops those whose score is 0 for good.
        pub units_in_memory: u32,
        /// The current memory on the device of the network and of a copy from which masks are chosen, without the data.
        pub network_bytes: f64,
        /// Null in the middle of a step, when nothing is recorded.
        pub recorded: Option<Recorded>,
    }

    /// The state after a part of a step.
    pub struct PartialStep {
        pub stage: StepPart,
        /// The remaining parts, in order. The step is finished if there are none.
        pub left: Vec<StepPart>,
        /// Its record is that of this step. Values that are not computed yet have no meaning.
        pub snapshot: Snapshot,
        /// `[U]` after the part gradient: g. After the part weights: the root mean square of the changes of the weights into a unit.
        pub values: Option<TypedArray<f32>>,
        /// `[U]` after the part project: the scores before the step.
        pub before: Option<TypedArray<f32>>,
        /// `[U]` after the part project: the scores before the projection.
        pub stepped: Option<TypedArray<f32>>,
    }

    /// The run diverged in the requested part of a step.
    pub struct Halted {
        pub snapshot: Snapshot,
    }

    /// The difference of the loss with a unit on and off, with all other units as in m.
    pub struct UnitCost {
        pub unit: u32,
        /// Mean over batches of the loss with the unit on minus the loss with it off.
        pub difference: f64,
        /// The standard error of `difference`.
        pub error: f64,
        /// Mean loss with the unit on.
        pub on: f64,
        /// Mean loss with the unit off.
        pub off: f64,
        pub batches: u32,
    }

    /// A test: accuracy and loss.
    pub struct Evaluation {
        pub step: u32,
        pub images: u32,
        /// Accuracy under the decided mask.
        pub decided: f64,
        /// Accuracy under a sampled mask.
        pub sampled: f64,
        /// Loss under the decided mask.
        pub loss: f64,
        /// Units of each gated group that the decided mask keeps.
        pub kept: Vec<u32>,
    }

    /// The time of a phase of a step, in milliseconds.
    pub struct PhaseTime {
        pub name: &'static str,
        pub sparse_ms: f64,
        pub dense_ms: f64,
    }

    /// The time of a run's step, compared with a dense step.
    pub struct Speed {
        pub sparse_ms: f64,
        pub dense_ms: f64,
        /// dense / sparse, measured.
        pub ratio: f64,
        /// dense / sparse, in multiply-adds.
        pub predicted: f64,
        pub steps: u32,
        pub phases: Vec<PhaseTime>,
        pub adapter: String,
        /// How it was measured, as a sentence.
        pub how: String,
    }
}

impl From<trainer::Cost> for Cost {
    fn from(cost: trainer::Cost) -> Self {
        let trainer::Cost { forward, backward, structure, near_dense } = cost;
        Self { forward: forward as f64, backward: backward as f64, structure: structure as f64, near_dense: near_dense as f64 }
    }
}

/// The result of a request for the next part of a step.
#[cfg_attr(test, derive(ts_rs::TS), ts(untagged))]
pub enum NextPart {
    PartialStep(Box<PartialStep>),
    /// The run diverged.
    Halted(Box<Halted>),
}

#[cfg(target_arch = "wasm32")]
impl crate::web::js::Cross for NextPart {
    fn cross(&self) -> wasm_bindgen::JsValue {
        match self {
            Self::PartialStep(partial) => partial.cross(),
            Self::Halted(halted) => halted.cross(),
        }
    }
}
