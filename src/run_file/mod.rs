//! The run file: one file with a whole run, which the terminal and the page write, read and replay. It is a safetensors file, so that other
//! tools can read it. `docs/file-formats.md` lists its keys. The page uses this code as WebAssembly: no other code writes, reads or thins a
//! run file.

mod curves;
mod error;
mod history;
mod read;
mod tensors;
#[cfg(test)]
mod tests;
mod write;

pub use curves::{COLUMNS, Curves, Row, rows_of};
pub use error::{RestoreError, RunFileError, TensorProblem};
pub use history::{History, Moment, shades};
pub use tensors::{SCORE_STATE, Tensors};

use curves::MOST_ROWS;

use crate::config::{Config, ConfigError};
#[cfg(feature = "gpu")]
use crate::device::{Machine, Variants};
use crate::mask;
use crate::model::{Image, Model};
use crate::snapshot::Snapshot;
use crate::trainer::{Centring, Checkpoint, DataShape, Evaluation, TrainError, Trainer, to_whole};

/// The value of `format` in the metadata: it has the version of the format.
const FORMAT: &str = "lacuna run 1";
/// Which defaults the link of a file leaves out. Files of version 0.1 do not say: see [`Config::first_defaults`].
const DEFAULTS: &str = "2";
/// The values of a test, in the order of a file.
const TESTS: [&str; 5] = ["images", "loss", "accuracy", "sampled_loss", "sampled_accuracy"];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The change of a live setting during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first step with the new value.
    pub step: u32,
    pub name: String,
    pub value: String,
}

/// The result of a test during a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub step: u32,
    pub evaluation: Evaluation,
    /// Units of each gated group that the decided mask kept.
    pub kept: Vec<u32>,
}

/// Identifies a data set: from it the network can be built again, and another data set of the same name is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetIdentity {
    pub name: String,
    pub train_rows: u32,
    pub test_rows: u32,
    pub image: Image,
    pub classes: u32,
    /// The checksum of a user's own data. It differs for other data of the same shape.
    pub sum: Option<String>,
}

impl DatasetIdentity {
    #[must_use]
    pub fn of(name: &str, sum: Option<String>, data: &DataShape) -> Self {
        let (image, classes) = (data.image(), data.classes);
        Self { name: name.to_owned(), train_rows: data.train_rows, test_rows: data.test_rows, image, classes, sum }
    }
}

/// The contents of a run file.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
    /// The settings at the start of the run.
    pub config: Config,
    /// In the order of their steps.
    pub changes: Vec<Change>,
    pub dataset: DatasetIdentity,
    /// The version of the program that wrote the file.
    pub version: String,
    /// The command line of that program, if it was the terminal's.
    pub command: Option<String>,
    pub adapter: String,
    /// Whether the adapter computes on the CPU.
    pub software: bool,
    /// The names of the kernels' variants: with others the same adapter adds in another order. Empty for the CPU engine.
    pub kernels: String,
    /// Steps done.
    pub step: u32,
    /// Steps of the whole run, with fine-tuning.
    pub steps: u32,
    pub steps_per_epoch: u32,
    /// Time of training.
    pub seconds: f64,
    /// `[U]`
    pub scores: Vec<f32>,
    /// `[U]` the [decided mask](crate::mask::decided).
    pub decided: Vec<bool>,
    /// `[U]` of the last step: bit 0 is 1 if m keeps the unit, bit 1 if m′ does.
    pub mask: Vec<u8>,
    /// `[I]` for planted data: which inputs carry the class.
    pub informative: Option<Vec<bool>>,
    pub curves: Curves,
    pub tests: Vec<Tested>,
    pub history: History,
    /// How its data become inputs. A recording has none, and neither have files of earlier versions.
    pub centring: Option<Centring>,
    /// The checkpoint. A recording has none: it can be replayed, but not continued.
    pub state: Option<Checkpoint>,
}

impl RunFile {
    /// The whole network, with the units that were dropped.
    ///
    /// # Errors
    /// The network does not fit the data set.
    pub fn model(&self) -> Result<Model, RunFileError> {
        model(&self.config, &self.dataset)
    }

    /// The checkpoint.
    ///
    /// # Errors
    /// The file is a recording.
    pub fn checkpoint(&self) -> Result<&Checkpoint, RunFileError> {
        self.state.as_ref().ok_or(RunFileError::Recording)
    }

    /// The settings at the last step: those at the start with all changes.
    ///
    /// # Errors
    /// A setting refuses a changed value.
    pub fn config_now(&self) -> Result<Config, RunFileError> {
        let mut config = self.config.clone();
        for Change { name, value, .. } in &self.changes {
            config.set(name, value)?;
        }
        Ok(config)
    }

    /// Encodes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write::write(self)
    }

    /// Decodes a file. Every tensor is checked against the network that the file names.
    ///
    /// # Errors
    /// The bytes are not a run file, or they contradict one another.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunFileError> {
        read::read(bytes)
    }

    /// The same run as a recording: without the checkpoint, with at most `columns` moments and `rows` points of the curves.
    #[must_use]
    pub fn recording(&self, columns: usize, rows: usize) -> Self {
        Self { state: None, centring: None, history: self.history.thinned(columns), curves: self.curves.thinned(rows), ..self.clone() }
    }
}

fn model(config: &Config, dataset: &DatasetIdentity) -> Result<Model, RunFileError> {
    Ok(config.network(dataset.image, dataset.classes).map_err(ConfigError::from)?)
}

/// The network on the device, which has only the units `numbers`: others were dropped, or the method never built them.
fn on_device(whole: &Model, numbers: &[u32]) -> Result<Model, RunFileError> {
    let kept: Vec<bool> = (0..whole.units()).map(|unit| numbers.binary_search(&unit).is_ok()).collect();
    if mask::closes_a_group(whole, &kept) {
        return Err(RunFileError::EmptyGroup);
    }
    Ok(if kept.contains(&false) { whole.compacted(&kept).0 } else { whole.clone() })
}

/// Appends a test. It replaces an earlier test of the same step: a finished run that is continued is tested again. If there are more tests than
/// a file can have, every second one is removed.
fn add_test(tests: &mut Vec<Tested>, test: Tested) {
    tests.retain(|before| before.step < test.step);
    tests.push(test);
    if tests.len() > MOST_ROWS {
        *tests = std::mem::take(tests).into_iter().skip(1).step_by(2).collect();
    }
}

#[cfg(feature = "gpu")]
impl RunFile {
    /// Whether the run was trained on this graphics adapter.
    #[must_use]
    pub fn is_of(&self, machine: &Machine) -> bool {
        machine.gpu().is_some() && self.adapter == machine.adapter.to_string()
    }

    /// The variants of the kernels that trained it. Before there were variants, every run had the usual ones.
    ///
    /// # Errors
    /// A variant that a later version has.
    pub fn variants(&self) -> Result<Variants, RunFileError> {
        if self.kernels.is_empty() {
            Ok(if self.software { Variants::SOFTWARE } else { Variants::GPU })
        } else {
            Ok(self.kernels.parse()?)
        }
    }
}

/// What the recorder made of a snapshot.
#[derive(Debug)]
pub struct Recorded {
    /// The index of its column in the history.
    pub column: usize,
    /// A row for each of its steps.
    pub rows: Vec<Row>,
}

/// The rows of a run's curves that are new or have changed.
#[derive(Debug)]
pub struct NewRows<'a> {
    /// The index of the first of them.
    pub from: usize,
    pub rows: &'a [Row],
}

/// Collects the contents of a run's file while the run trains. The checkpoint is read only in [`Recorder::checkpoint`].
#[derive(Debug)]
pub struct Recorder {
    file: RunFile,
    /// The first row that has changed since the last call of [`Recorder::new_rows`].
    changed_from: usize,
}

impl Recorder {
    /// For a run before its first step, on the data of `dataset`. `snapshot` is its state then.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn new(run: &Trainer, dataset: DatasetIdentity, informative: Option<Vec<bool>>, snapshot: &Snapshot) -> Self {
        let adapter = &run.engine().machine.adapter;
        let steps = run.steps() + run.finetune_steps();
        let mut file = RunFile {
            config: run.config.clone(),
            changes: Vec::new(),
            dataset,
            version: VERSION.to_owned(),
            command: None,
            adapter: adapter.to_string(),
            software: adapter.software,
            kernels: run.kernels(),
            step: 0,
            steps,
            steps_per_epoch: run.steps_per_epoch(),
            seconds: 0.0,
            scores: snapshot.scores.clone(),
            decided: snapshot.decided.clone(),
            mask: vec![0; snapshot.scores.len()],
            informative,
            curves: Curves::new(),
            tests: Vec::new(),
            history: History::new(run.whole.units(), steps),
            centring: None,
            state: None,
        };
        file.history.push(&run.whole, snapshot, run.budget(snapshot.budget) as f32);
        Self { file, changed_from: 0 }
    }

    /// Continues a run that was saved.
    #[must_use]
    pub fn resumed(file: RunFile) -> Self {
        Self { file: RunFile { state: None, ..file }, changed_from: 0 }
    }

    /// Stores the command line of the program.
    #[must_use]
    pub fn with_command(mut self, command: String) -> Self {
        self.file.command = Some(command);
        self
    }

    /// Stores that this program now trains the run, on the adapter of `run` with its variants of kernels.
    #[must_use]
    pub fn trained_here(mut self, run: &Trainer) -> Self {
        let adapter = &run.engine().machine.adapter;
        let (version, adapter, software) = (VERSION.to_owned(), adapter.to_string(), adapter.software);
        self.file = RunFile { version, command: None, adapter, software, kernels: run.kernels(), ..self.file };
        self
    }

    /// Stores the variants of kernels that the run uses from its first step on.
    #[cfg(feature = "gpu")]
    pub fn uses(&mut self, kernels: String) {
        self.file.kernels = kernels;
    }

    /// Records a snapshot. `ms` is the duration of its submit; a snapshot may also have no steps.
    pub fn push(&mut self, run: &Trainer, snapshot: &Snapshot, ms: f64) -> Recorded {
        let file = &mut self.file;
        file.seconds += ms / 1e3;
        let rows = rows_of(run, snapshot, file.seconds, ms / 1e3 / snapshot.records.len().max(1) as f64);
        for &row in &rows {
            self.changed_from = self.changed_from.min(file.curves.push(row));
        }
        let column = file.history.push(&run.whole, snapshot, run.budget(snapshot.budget) as f32);
        file.scores.clone_from(&snapshot.scores);
        file.decided.clone_from(&snapshot.decided);
        file.mask.clone_from(&file.history.moments()[column].mask);
        file.step = snapshot.step;
        Recorded { column, rows }
    }

    /// Adds time of training that belongs to no snapshot.
    pub fn add_time(&mut self, ms: f64) {
        self.file.seconds += ms / 1e3;
    }

    /// Records a test of the network under this decided mask, `[U]`.
    ///
    /// # Panics
    /// Never: the list of tests is not empty.
    pub fn test(&mut self, run: &Trainer, decided: &[bool], evaluation: Evaluation) -> &Tested {
        add_test(&mut self.file.tests, Tested { step: run.step(), evaluation, kept: mask::counts(&run.whole, decided) });
        self.file.tests.last().expect("a test was just added")
    }

    /// Records the change of a setting.
    pub fn change(&mut self, change: Change) {
        self.file.changes.push(change);
    }

    /// The rows of the curves that have changed since the last call.
    pub fn new_rows(&mut self) -> NewRows<'_> {
        let rows = self.file.curves.rows();
        let from = std::mem::replace(&mut self.changed_from, rows.len());
        NewRows { from, rows: &rows[from..] }
    }

    /// The file with a checkpoint of the current state. The checkpoint stays in memory until [`Recorder::free_checkpoint`].
    ///
    /// # Errors
    /// The run diverged in a step that was in progress, or the device is lost.
    pub async fn checkpoint(&mut self, run: &mut Trainer) -> Result<&RunFile, TrainError> {
        let state = run.checkpoint().await?;
        if self.file.centring.is_none() {
            self.file.centring = run.centring().await?;
        }
        // The scores are the first tensor of a checkpoint.
        self.file.scores = to_whole(&state.numbers, &state.tensors, run.whole.units());
        self.file.decided = run.decided(&self.file.scores);
        self.file.step = state.step;
        self.file.state = Some(state);
        Ok(&self.file)
    }

    /// Frees the checkpoint, which is as large as the network.
    pub fn free_checkpoint(&mut self) {
        self.file.state = None;
    }

    #[must_use]
    pub fn file(&self) -> &RunFile {
        &self.file
    }
}

/// Restores a saved run into `run`, a new run of the same experiment, which then continues from the saved step. The checkpoint is moved out of
/// the file. On the adapter that trained the file's steps the variants of kernels are the file's.
///
/// # Errors
/// The file is a recording, or its checkpoint does not fit the run.
pub fn restore(run: &mut Trainer, file: &mut RunFile) -> Result<(), RestoreError> {
    let state = file.state.take().ok_or(RunFileError::Recording)?;
    #[cfg(feature = "gpu")]
    if file.is_of(&run.engine().machine) {
        run.use_variants(file.variants()?)?;
    }
    for Change { name, value, .. } in &file.changes {
        run.change(name, value)?;
    }
    Ok(run.restore(state)?)
}
