//! A run: its steps, its state, what is measured of it.

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
        /// Of the batch.
        pub accuracy: f64,
        pub sum_scores: f64,
        pub budget: f64,
        pub threshold: f64,
        pub gradient_norm: f64,
        pub learning_rate: f64,
        pub scores_rate: f64,
        /// Executed up to and including this step, choosing masks included.
        pub multiply_adds: f64,
        /// Of training, from the end of the first step on, which also compiles.
        pub seconds: f64,
    }

    /// Multiply-adds that were executed, counted from the units that each step kept.
    pub struct Cost {
        pub forward: f64,
        pub backward: f64,
        /// Of passes that only served to choose a mask.
        pub structure: f64,
        /// Of all these, those in passes of more than half the work of the dense network's.
        pub near_dense: f64,
    }

    /// The run at one moment.
    pub struct Snapshot {
        pub step: u32,
        pub steps: u32,
        /// Passes over the training set, with fractions.
        pub epoch: f64,
        pub finished: bool,
        /// Why the run stopped by itself, in words.
        pub halted: Option<String>,
        /// `[U]`
        pub scores: TypedArray<f32>,
        /// `[U]` s in 255 shades, of which 0 and 255 are exactly 0 and 1.
        pub shades: TypedArray<u8>,
        /// `[U]` bits: `KEPT` and `PROBE_KEPT`. Before the first step, the units that their scores decide for.
        pub mask: TypedArray<u8>,
        /// `[G]` units kept under m.
        pub kept: TypedArray<u32>,
        /// `[G]` units kept under m′.
        pub probe_kept: TypedArray<u32>,
        pub budget: f64,
        pub sum_scores: f64,
        pub threshold: f32,
        /// The steps since the snapshot before.
        pub records: Vec<StepRecord>,
        /// Of the whole run so far.
        pub cost: Cost,
        pub step_ms: f64,
        /// Units that are still on the device: fewer once those that are off for good were dropped.
        pub units_held: u32,
        /// What the network, and a copy that is asked for masks, take of the device's memory now, without the data.
        pub network_bytes: f64,
        /// Null in the middle of a step, of which nothing is recorded.
        pub recorded: Option<Recorded>,
    }

    /// What stands after a part of a step.
    pub struct PartialStep {
        pub stage: StepPart,
        /// What is yet to be done, in order; the step is finished where nothing is.
        pub left: Vec<StepPart>,
        /// Its record, of this step, is filled in as far as the step has come.
        pub snapshot: Snapshot,
        /// `[U]` after the gradient: g. After the weights: how far those that lead to a unit moved, root mean square.
        pub values: Option<TypedArray<f32>>,
        /// `[U]` after the projection: the scores before the step.
        pub before: Option<TypedArray<f32>>,
        /// `[U]` after the projection: the scores before the projection.
        pub stepped: Option<TypedArray<f32>>,
    }

    /// A run that diverged in the part of a step that was asked for.
    pub struct Halted {
        pub snapshot: Snapshot,
    }

    /// How the loss differs with a unit on and off, everything else as in m.
    pub struct UnitCost {
        pub unit: u32,
        /// Mean over batches of the loss with it on less that with it off, and its standard error.
        pub difference: f64,
        pub error: f64,
        /// Mean losses with it on and off.
        pub on: f64,
        pub off: f64,
        pub batches: u32,
    }

    /// A test: shares of the images that were classified rightly, and the loss.
    pub struct Evaluation {
        pub step: u32,
        pub images: u32,
        /// Under the decided mask.
        pub decided: f64,
        /// Under a sampled mask.
        pub sampled: f64,
        /// Under the decided mask.
        pub loss: f64,
        /// Units of each gated group under the decided mask.
        pub kept: Vec<u32>,
    }

    /// What a phase of a step takes, in milliseconds.
    pub struct PhaseTime {
        pub name: &'static str,
        pub sparse_ms: f64,
        pub dense_ms: f64,
    }

    /// A step of a run beside a dense one.
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
        /// How it was measured, in words.
        pub how: String,
    }
}

impl From<trainer::Cost> for Cost {
    fn from(cost: trainer::Cost) -> Self {
        let trainer::Cost { forward, backward, structure, near_dense } = cost;
        Self { forward: forward as f64, backward: backward as f64, structure: structure as f64, near_dense: near_dense as f64 }
    }
}

/// What asking for the next part of a step leads to.
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
