//! A run as a file: what the page shows of one, what a session writes, and where one goes on.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::links::values_of;
use super::plan::plan;
use super::session::Session;
use super::types::{Checkpoint, Columns, Evaluation, ReadRun, Shown};
use crate::config::{Config, DatasetName};
use crate::run_file::{self, History, Moment, Recorder, Row, RunFile, Tested};
use crate::trainer::DataShape;

/// Rows one after another, as `types::Recorded` has them.
pub(super) fn flat(rows: &[Row]) -> TypedArray<f64> {
    TypedArray(rows.iter().flat_map(|row| [f64::from(row.steps), f64::from(row.step)].into_iter().chain(row.values)).collect())
}

pub(super) fn changes_of(file: &RunFile) -> Vec<super::types::Change> {
    file.changes.iter().map(|change| (change.step, change.name.clone(), change.value.clone())).collect()
}

pub(super) fn told(test: &Tested) -> Evaluation {
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

/// What a run file holds, for the page to show.
///
/// # Errors
/// Bytes that are no such file, or that contradict themselves: in words.
#[wasm_bindgen]
pub fn read_run(bytes: &[u8]) -> Result<Js<ReadRun>, JsError> {
    let file = RunFile::from_bytes(bytes).map_err(words)?;
    let (whole, now) = (file.model().map_err(words)?, file.config_now().map_err(words)?);
    let run_file::Shown { name, train_rows, test_rows, image, classes, sum } = &file.shown;
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
        shown: Shown {
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
        shades: TypedArray(run_file::shades(&file.scores)),
        informative: file.informative.map(|informative| TypedArray(informative.into_iter().map(u8::from).collect())),
        rows: flat(file.curves.rows()),
        tests: file.tests.iter().map(told).collect(),
        history: columns(&file.history),
        can_go_on: file.state.is_some(),
        version: file.version,
        command: file.command,
        adapter: file.adapter,
        scores: TypedArray(file.scores),
        mask: TypedArray(file.mask),
    }))
}

/// The same file without what it takes to go on.
///
/// # Errors
/// As those of `read_run`.
#[wasm_bindgen]
pub fn recording_of(bytes: &[u8]) -> Result<Vec<u8>, JsError> {
    let file = RunFile::from_bytes(bytes).map_err(words)?;
    Ok(RunFile { state: None, ..file }.to_bytes())
}

#[wasm_bindgen]
impl Session {
    /// The run as a file, to go on from here.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn checkpoint(&mut self) -> Result<Js<Checkpoint>, JsError> {
        let file = self.recorder.checkpoint(&mut self.run).await.map_err(words)?;
        let checkpoint = Js::of(&Checkpoint { bytes: TypedArray(file.to_bytes()), step: file.step, changes: changes_of(file) });
        self.recorder.forget_state();
        Ok(checkpoint)
    }

    /// The run as a file to be looked at, as the last snapshot told it: without what it takes to go on.
    #[must_use]
    pub fn recording(&self) -> Vec<u8> {
        self.recorder.file().to_bytes()
    }

    /// Takes up the run of a file, with its curves, its history, its tests and what was changed on the way.
    ///
    /// # Errors
    /// Bytes that are no such file, or a run of another experiment, in words; the session is of no use then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        let mut file = RunFile::from_bytes(bytes).map_err(words)?;
        run_file::restore(&mut self.run, &mut file).map_err(words)?;
        self.recorder = Recorder::resumed(file).here(&self.machine.adapter);
        Ok(())
    }
}

/// What a run learns from, as its file has it.
pub(super) fn shown(config: &Config, data: &DataShape) -> run_file::Shown {
    let (name, sum) = match config.dataset {
        DatasetName::Own => (super::user_data::told("name"), super::user_data::told("sum")),
        known => (Some(known.name().to_owned()), None),
    };
    run_file::Shown::of(&name.unwrap_or_default(), sum, data)
}
