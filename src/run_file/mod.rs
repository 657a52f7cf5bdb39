//! A run as one file that the terminal and the page write, read and replay: safetensors, so that other tools read it too.
//! `docs/file-formats.md` lists its keys. The page has this code as WebAssembly: nothing else writes, reads or thins a run.

mod curves;
mod error;
mod file;
mod history;
mod tensors;
#[cfg(test)]
mod tests;

pub use curves::{COLUMNS, Curves, Row, rows_of};
pub use error::{RestoreError, RunFileError, TensorProblem};
pub use history::{History, Moment, shades};
pub use tensors::{Tensors, of_pairs};

use curves::MOST_ROWS;

use crate::config::{Config, ConfigError};
use crate::device::Adapter;
use crate::model::{Image, Model};
use crate::snapshot::{Snapshot, decided_kept};
use crate::trainer::{Checkpoint, DataShape, Evaluation, TrainError, Trainer};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A live setting that was changed before the step of that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub step: u32,
    pub name: String,
    pub value: String,
}

/// A test on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub step: u32,
    pub evaluation: Evaluation,
    /// Units of each gated group that the decided mask kept.
    pub kept: Vec<u32>,
}

/// What the network was shown: enough to build it again, and to tell another set of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub name: String,
    pub train_rows: u32,
    pub test_rows: u32,
    pub image: Image,
    pub classes: u32,
    /// Of a user's own data: what tells them from others of the same shape.
    pub sum: Option<String>,
}

impl Shown {
    #[must_use]
    pub fn of(name: &str, sum: Option<String>, data: &DataShape) -> Self {
        let (image, classes) = (data.image(), data.classes);
        Self { name: name.to_owned(), train_rows: data.train_rows, test_rows: data.test_rows, image, classes, sum }
    }
}

/// What a run's file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
    /// The experiment as it began, and what was changed on the way.
    pub config: Config,
    pub changes: Vec<Change>,
    pub shown: Shown,
    /// The program that wrote it, how it was called, and on what it computed.
    pub version: String,
    pub command: Option<String>,
    pub adapter: String,
    pub software: bool,
    /// Steps done, steps of the run with fine-tuning, and of an epoch.
    pub step: u32,
    pub steps: u32,
    pub steps_per_epoch: u32,
    /// Of training.
    pub seconds: f64,
    /// `[U]`
    pub scores: Vec<f32>,
    /// `[U]` of the last step: bit 0 kept by m, bit 1 by m′.
    pub mask: Vec<u8>,
    /// `[I]` planted data: which inputs carry the class.
    pub informative: Option<Vec<bool>>,
    pub curves: Curves,
    pub tests: Vec<Tested>,
    pub history: History,
    /// What it takes to go on; none in a recording, which is only looked at.
    pub state: Option<Checkpoint>,
}

impl RunFile {
    /// The network, whole.
    ///
    /// # Errors
    /// A network that does not fit what it was shown.
    pub fn model(&self) -> Result<Model, RunFileError> {
        model(&self.config, &self.shown)
    }

    /// What it takes to go on.
    ///
    /// # Errors
    /// A recording.
    pub fn to_go_on(&self) -> Result<&Checkpoint, RunFileError> {
        self.state.as_ref().ok_or(RunFileError::Recording)
    }

    /// The experiment as it stood at the end, with what was changed on the way.
    ///
    /// # Errors
    /// A change that the settings refuse.
    pub fn config_now(&self) -> Result<Config, RunFileError> {
        let mut config = self.config.clone();
        for Change { name, value, .. } in &self.changes {
            config.set(name, value)?;
        }
        Ok(config)
    }

    /// The file of a run.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// Reads a file. What it holds is checked against the network that it names.
    ///
    /// # Errors
    /// Bytes that are no such file, or that contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunFileError> {
        file::read(bytes)
    }

    /// The run to be looked at, not to go on: without weights, with at most `columns` moments and `rows` points of its curves.
    #[must_use]
    pub fn recording(&self, columns: usize, rows: usize) -> Self {
        Self { state: None, history: self.history.thinned(columns), curves: self.curves.thinned(rows), ..self.clone() }
    }
}

fn model(config: &Config, shown: &Shown) -> Result<Model, RunFileError> {
    Ok(Model::new(&config.model, shown.image, shown.classes, config.gate_inputs).map_err(ConfigError::from)?)
}

/// Takes a test. Of a step that was tested before, as where a finished run is taken up, the last one stands; beyond as many as a file holds,
/// every second is left out.
fn note(tests: &mut Vec<Tested>, test: Tested) {
    tests.retain(|before| before.step < test.step);
    tests.push(test);
    if tests.len() > MOST_ROWS {
        *tests = std::mem::take(tests).into_iter().skip(1).step_by(2).collect();
    }
}

/// The rows of a run's curves that are new, or other ones than when they were asked for last: those from `from` on.
#[derive(Debug)]
pub struct NewRows<'a> {
    pub from: usize,
    pub rows: &'a [Row],
}

/// Follows a run and knows at every moment what its file holds, but for what it takes to go on, which is read when it is asked for.
#[derive(Debug)]
pub struct Recorder {
    file: RunFile,
    /// The first row that changed since the rows were asked for.
    changed_from: usize,
}

impl Recorder {
    /// Of a run that has not begun, learning from what is `shown`; `snapshot` is the run before its first step.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn new(run: &Trainer, shown: Shown, informative: Option<Vec<bool>>, snapshot: &Snapshot) -> Self {
        let adapter = &run.engine().machine.adapter;
        let steps = run.steps() + run.finetune_steps();
        let mut file = RunFile {
            config: run.config.clone(),
            changes: Vec::new(),
            shown,
            version: VERSION.to_owned(),
            command: None,
            adapter: adapter.to_string(),
            software: adapter.software,
            step: 0,
            steps,
            steps_per_epoch: run.steps_per_epoch(),
            seconds: 0.0,
            scores: snapshot.scores.clone(),
            mask: vec![0; snapshot.scores.len()],
            informative,
            curves: Curves::new(),
            tests: Vec::new(),
            history: History::new(run.whole.units(), steps),
            state: None,
        };
        file.history.push(&run.whole, snapshot, run.budget(snapshot.budget) as f32);
        Self { file, changed_from: 0 }
    }

    /// Goes on with a run that was saved.
    #[must_use]
    pub fn resumed(file: RunFile) -> Self {
        Self { file: RunFile { state: None, ..file }, changed_from: 0 }
    }

    /// Says how the program was called.
    #[must_use]
    pub fn called(mut self, command: String) -> Self {
        self.file.command = Some(command);
        self
    }

    /// Says that another program goes on with the run, this one, on that adapter.
    #[must_use]
    pub fn here(mut self, adapter: &Adapter) -> Self {
        let (version, adapter, software) = (VERSION.to_owned(), adapter.to_string(), adapter.software);
        self.file = RunFile { version, command: None, adapter, software, ..self.file };
        self
    }

    /// Takes the steps of a submit that lasted `ms`, or a moment without steps. Answers with its column of the history.
    pub fn push(&mut self, run: &Trainer, snapshot: &Snapshot, ms: f64) -> usize {
        let file = &mut self.file;
        file.seconds += ms / 1e3;
        for row in rows_of(run, snapshot, file.seconds, ms / 1e3 / snapshot.records.len().max(1) as f64) {
            self.changed_from = self.changed_from.min(file.curves.take(row));
        }
        file.scores.clone_from(&snapshot.scores);
        file.mask = snapshot.masks();
        file.step = snapshot.step;
        file.history.push(&run.whole, snapshot, run.budget(snapshot.budget) as f32)
    }

    /// Time of training that no step is told with.
    pub fn took(&mut self, ms: f64) {
        self.file.seconds += ms / 1e3;
    }

    /// Takes a test of a network whose scores are these, `[U]`.
    ///
    /// # Panics
    /// Never: a test that was just taken is there.
    pub fn test(&mut self, run: &Trainer, scores: &[f32], evaluation: Evaluation) -> &Tested {
        note(&mut self.file.tests, Tested { step: run.step(), evaluation, kept: decided_kept(scores, &run.whole) });
        self.file.tests.last().expect("it was just taken")
    }

    /// A setting was changed.
    pub fn change(&mut self, change: Change) {
        self.file.changes.push(change);
    }

    /// The rows of the curves that changed since this was asked last.
    pub fn new_rows(&mut self) -> NewRows<'_> {
        let rows = self.file.curves.rows();
        let from = std::mem::replace(&mut self.changed_from, rows.len());
        NewRows { from, rows: &rows[from..] }
    }

    /// The run as it stands, with what it takes to go on.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn checkpoint(&mut self, run: &mut Trainer) -> Result<&RunFile, TrainError> {
        let state = run.checkpoint().await?;
        // The scores are the first of the tensors.
        self.file.scores = file::spread(&state.numbers, &state.tensors, run.whole.units() as usize);
        self.file.step = state.step;
        self.file.state = Some(state);
        Ok(&self.file)
    }

    /// Forgets what it takes to go on, which is as large as the network.
    pub fn forget_state(&mut self) {
        self.file.state = None;
    }

    #[must_use]
    pub fn file(&self) -> &RunFile {
        &self.file
    }
}

/// Sets up a fresh run of the same experiment to go on where the saved one stopped. What that takes is moved out of the file.
///
/// # Errors
/// A recording, or a state that does not fit.
pub fn restore(run: &mut Trainer, file: &mut RunFile) -> Result<(), RestoreError> {
    let state = file.state.take().ok_or(RunFileError::Recording)?;
    for Change { name, value, .. } in &file.changes {
        run.change(name, value)?;
    }
    Ok(run.restore(state)?)
}
