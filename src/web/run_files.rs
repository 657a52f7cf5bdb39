//! Run files: what the page shows of one, writing one, and continuing a run from one.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::links::values_of;
use super::plan::plan;
use super::session::Session;
use super::snapshots::bits;
use super::types::{Checkpoint, Columns, DatasetIdentity, Evaluation, ReadRun};
use crate::config::{Config, DatasetName};
use crate::run_file::{self, History, Moment, Recorder, Row, RunFile, Tested};
use crate::trainer::DataShape;

/// Rows one after another, in the layout of `types::Recorded`.
pub(super) fn flat(rows: &[Row]) -> TypedArray<f64> {
    TypedArray(rows.iter().flat_map(|row| [f64::from(row.steps), f64::from(row.step)].into_iter().chain(row.values)).collect())
}

pub(super) fn changes_of(file: &RunFile) -> Vec<super::types::Change> {
    file.changes.iter().map(|change| (change.step, change.name.clone(), change.value.clone())).collect()
}

pub(super) fn evaluation_of(test: &Tested) -> Evaluation {
    let crate::trainer::Evaluation { images, loss, decided, sampled, .. } = test.evaluation;
    Evaluation { step: test.step, images, decided, sampled, loss, kept: test.kept.clone() }
}

fn columns(history: &History) -> Columns {
    fn each<T: Copy>(history: &History, of: fn(&Moment) -> &[T]) -> TypedArray<T> {
        TypedArray(history.moments().iter().flat_map(|moment| of(moment).iter().copied()).collect())
    }
    Columns {
        capacity: history.capacity() as u32,
        stride: history.stride(),
        steps: each(history, |moment| std::slice::from_ref(&moment.step)),
        shades: each(history, |moment| &moment.scores),
        masks: each(history, |moment| &moment.mask),
        kept: each(history, |moment| &moment.kept),
        probe_kept: each(history, |moment| &moment.probe_kept),
        budgets: each(history, |moment| std::slice::from_ref(&moment.budget)),
        sums: each(history, |moment| std::slice::from_ref(&moment.sum_scores)),
    }
}

/// Reads a run file for the page.
///
/// # Errors
/// The bytes are not a run file, or they contradict one another.
#[wasm_bindgen]
pub fn read_run(bytes: &[u8]) -> Result<Js<ReadRun>, JsError> {
    let file = RunFile::from_bytes(bytes).map_err(words)?;
    let (whole, now) = (file.model().map_err(words)?, file.config_now().map_err(words)?);
    let run_file::DatasetIdentity { name, train_rows, test_rows, image, classes, sum } = &file.dataset;
    let data = DataShape {
        train_rows: *train_rows,
        test_rows: *test_rows,
        inputs: image.features(),
        channels: image.channels,
        height: image.height,
        width: image.width,
        classes: *classes,
        augment: false,
        deviation: 1.0,
    };
    let mut plan = plan(&whole, &data, &file.config, u64::MAX);
    plan.dataset.name.clone_from(name);
    let link = Config::to_query;
    Ok(Js::of(&ReadRun {
        plan,
        query: link(&file.config),
        began: values_of(&file.config)?,
        query_now: link(&now),
        values: values_of(&now)?,
        changes: changes_of(&file),
        dataset: DatasetIdentity {
            name: name.clone(),
            train: *train_rows,
            test: *test_rows,
            channels: image.channels,
            height: image.height,
            width: image.width,
            classes: *classes,
            sum: sum.clone(),
        },
        step: file.step,
        steps: file.steps,
        steps_per_epoch: file.steps_per_epoch,
        seconds: file.seconds,
        software: file.software,
        kernels: file.kernels,
        shades: TypedArray(run_file::shades(&file.scores)),
        informative: file.informative.map(|informative| TypedArray(informative.into_iter().map(u8::from).collect())),
        rows: flat(file.curves.rows()),
        tests: file.tests.iter().map(evaluation_of).collect(),
        history: columns(&file.history),
        can_continue: file.state.is_some(),
        version: file.version,
        command: file.command,
        adapter: file.adapter,
        decided: bits(&file.decided),
        scores: TypedArray(file.scores),
        mask: TypedArray(file.mask),
    }))
}

/// The same run file without its checkpoint.
///
/// # Errors
/// The bytes are not a run file, or they contradict one another.
#[wasm_bindgen]
pub fn recording_of(bytes: &[u8]) -> Result<Vec<u8>, JsError> {
    let file = RunFile::from_bytes(bytes).map_err(words)?;
    Ok(RunFile { state: None, ..file }.to_bytes())
}

#[wasm_bindgen]
impl Session {
    /// The run file with a checkpoint of the current state.
    ///
    /// # Errors
    /// The run diverged in a step that was in progress, or the device is lost.
    pub async fn checkpoint(&mut self) -> Result<Js<Checkpoint>, JsError> {
        let file = self.recorder.checkpoint(&mut self.run).await.map_err(words)?;
        let checkpoint = Js::of(&Checkpoint { bytes: TypedArray(file.to_bytes()), step: file.step, changes: changes_of(file) });
        self.recorder.free_checkpoint();
        Ok(checkpoint)
    }

    /// The run file up to the last snapshot, without a checkpoint. It does not use the device.
    #[must_use]
    pub fn recording(&self) -> Vec<u8> {
        self.recorder.file().to_bytes()
    }

    /// Continues the run of a file, with its curves, history, tests and changes of settings.
    ///
    /// # Errors
    /// The bytes are not a run file, or the run is of another experiment. The session must not be used after an error.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        let mut file = RunFile::from_bytes(bytes).map_err(words)?;
        run_file::restore(&mut self.run, &mut file).map_err(words)?;
        self.recorder = Recorder::resumed(file).trained_here(&self.run);
        Ok(())
    }
}

/// The data set of a run, in the form of its file.
pub(super) fn dataset_identity(config: &Config, data: &DataShape) -> run_file::DatasetIdentity {
    let (name, sum) = match config.dataset {
        DatasetName::Own => (super::user_data::text_of("name"), super::user_data::text_of("sum")),
        known => (Some(known.name().to_owned()), None),
    };
    run_file::DatasetIdentity::of(&name.unwrap_or_default(), sum, data)
}
