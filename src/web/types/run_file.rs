//! Run files, and what a snapshot adds to one.

use super::{Evaluation, Plan, Values};
use crate::web::js::{TypedArray, crossing};

/// A live setting that was changed before the step of that number: step, setting, value.
pub type Change = (u32, String, String);

crossing! {
    /// What a moment changed of the run's curves, and where it stands in the run's history.
    pub struct Recorded {
        /// Rows before this one stay as they are; all others are in `rows`.
        pub from: u32,
        /// Rows one after another: how many steps a row stands for, the last of them, and its `CURVES`.
        pub rows: TypedArray<f64>,
        /// The column of the history. Columns between the last one and this one show the same moment.
        pub column: u32,
        /// Steps that a column stands for; where it doubled, every second column is gone.
        pub stride: f64,
    }

    /// A run as a file, to go on from.
    pub struct Checkpoint {
        pub bytes: TypedArray<u8>,
        pub step: u32,
        /// Settings that were changed by then.
        pub changes: Vec<Change>,
    }

    /// A test, and how many the run's file holds now: of more than it may hold, every second one is gone.
    pub struct Evaluated {
        pub evaluation: Evaluation,
        pub tests: u32,
    }

    /// Data that a run learned from; the visitor's own by the name of their files.
    pub struct Shown {
        pub name: String,
        /// Rows to train and to test.
        pub train: u32,
        pub test: u32,
        pub channels: u32,
        pub height: u32,
        pub width: u32,
        pub classes: u32,
        /// Of the visitor's own data: tells them from others of the same shape.
        pub sum: Option<String>,
    }

    /// The history of a file: C columns, one after another.
    pub struct Columns {
        /// How many there may be.
        pub capacity: u32,
        /// Steps that a column stands for.
        pub stride: f64,
        /// `[C]`
        pub steps: TypedArray<u32>,
        /// `[C, U]` in the shades of a snapshot.
        pub shades: TypedArray<u8>,
        /// `[C, U]` bits as in a snapshot.
        pub masks: TypedArray<u8>,
        /// `[C, G]`
        pub kept: TypedArray<u32>,
        /// `[C, G]`
        pub probe_kept: TypedArray<u32>,
        /// `[C]`
        pub budgets: TypedArray<f32>,
        /// `[C]`
        pub sums: TypedArray<f32>,
    }

    /// What a run file holds, but for what it takes to go on.
    pub struct ReadRun {
        pub plan: Plan,
        /// The link that it began with, and its settings.
        pub query: String,
        pub began: Values,
        /// The same with what was changed on the way.
        pub query_now: String,
        pub values: Values,
        pub changes: Vec<Change>,
        pub shown: Shown,
        pub version: String,
        /// How the program was called that wrote it.
        pub command: Option<String>,
        pub adapter: String,
        pub software: bool,
        /// Steps done, of the whole run, and of an epoch.
        pub step: u32,
        pub steps: u32,
        pub steps_per_epoch: u32,
        pub seconds: f64,
        /// `[U]`
        pub scores: TypedArray<f32>,
        /// `[U]` in the shades of a snapshot.
        pub shades: TypedArray<u8>,
        /// `[U]` bits as in a snapshot.
        pub mask: TypedArray<u8>,
        /// `[I]` Planted data only: 1 where an input carries the class.
        pub informative: Option<TypedArray<u8>>,
        /// As those of `Recorded`.
        pub rows: TypedArray<f64>,
        pub tests: Vec<Evaluation>,
        pub history: Columns,
        /// Whether it holds what it takes to go on.
        pub can_go_on: bool,
    }
}
