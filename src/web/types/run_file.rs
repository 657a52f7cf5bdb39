//! Run files, and what a snapshot adds to one.

use super::{Evaluation, Plan, Values};
use crate::web::js::{TypedArray, crossing};

/// The change of a live setting: the first step with the new value, the setting, the value.
pub type Change = (u32, String, String);

crossing! {
    /// The rows of the run's curves that a snapshot changed, and its column in the run's history.
    pub struct Recorded {
        /// The index of the first changed row. It and all later rows are in `rows`.
        pub from: u32,
        /// Rows one after another. Each has the number of its steps, the last step, and its values in the order of `CURVES`.
        pub rows: TypedArray<f64>,
        /// The column of the history. Columns between the last one and this one have the same moment.
        pub column: u32,
        /// Steps of a column. When it doubles, every second column is removed.
        pub stride: f64,
    }

    /// A run file with a checkpoint.
    pub struct Checkpoint {
        pub bytes: TypedArray<u8>,
        pub step: u32,
        /// Settings that were changed up to that step.
        pub changes: Vec<Change>,
    }

    /// A test, and the number of tests in the run's file. If there are too many, every second one is removed from the file.
    pub struct Evaluated {
        pub evaluation: Evaluation,
        pub tests: u32,
    }

    /// Identifies the data set of a run. The visitor's own data have the name of their files.
    pub struct DatasetIdentity {
        pub name: String,
        /// Training rows.
        pub train: u32,
        /// Test rows.
        pub test: u32,
        pub channels: u32,
        pub height: u32,
        pub width: u32,
        pub classes: u32,
        /// Checksum of the visitor's own data. It differs for other data of the same shape.
        pub sum: Option<String>,
    }

    /// The history of a file: C columns, one after another.
    pub struct Columns {
        /// Most columns.
        pub capacity: u32,
        /// Steps of a column.
        pub stride: f64,
        /// `[C]`
        pub steps: TypedArray<u32>,
        /// `[C, U]` as `shades` of a snapshot.
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

    /// The contents of a run file without the checkpoint.
    pub struct ReadRun {
        pub plan: Plan,
        /// The link with the settings at the start of the run.
        pub query: String,
        /// The settings at the start of the run.
        pub began: Values,
        /// The link with the settings at the last step.
        pub query_now: String,
        /// The settings at the last step.
        pub values: Values,
        pub changes: Vec<Change>,
        pub dataset: DatasetIdentity,
        pub version: String,
        /// The command line of the program that wrote the file, if it was the terminal's.
        pub command: Option<String>,
        pub adapter: String,
        pub software: bool,
        /// The variants of the kernels, by their names.
        pub kernels: String,
        /// Steps done.
        pub step: u32,
        /// Steps of the whole run.
        pub steps: u32,
        pub steps_per_epoch: u32,
        pub seconds: f64,
        /// `[U]`
        pub scores: TypedArray<f32>,
        /// `[U]` 1 if the decided mask keeps the unit.
        pub decided: TypedArray<u8>,
        /// `[U]` as `shades` of a snapshot.
        pub shades: TypedArray<u8>,
        /// `[U]` bits as in a snapshot.
        pub mask: TypedArray<u8>,
        /// `[I]` for planted data: 1 if an input carries the class.
        pub informative: Option<TypedArray<u8>>,
        /// In the layout of `Recorded`.
        pub rows: TypedArray<f64>,
        pub tests: Vec<Evaluation>,
        pub history: Columns,
        /// Whether it has a checkpoint.
        pub can_continue: bool,
    }
}
