//! Snapshots of a run in the form that the page draws.

use super::js::TypedArray;
use super::run_files::flat;
use super::session::Session;
use super::types::{self, Recorded, StepRecord};
use crate::run_file::{self, NewRows, Row, rows_of, shades};
use crate::snapshot::Snapshot;

/// The time that steps took.
#[derive(Clone, Copy, Default)]
pub(super) struct Spent {
    /// Time of each step.
    pub step_ms: f64,
    /// The part of the whole time that counts as training.
    pub training_ms: f64,
}

fn record(row: &Row, steps_per_epoch: u32) -> StepRecord {
    // In the order of `run_file::COLUMNS`.
    let [loss, probe_loss, accuracy, gradient_norm, sum_scores, budget, threshold, learning_rate, scores_rate, multiply_adds, seconds] =
        row.values;
    StepRecord {
        step: row.step,
        epoch: f64::from(row.step) / f64::from(steps_per_epoch),
        loss,
        probe_loss,
        accuracy,
        sum_scores,
        budget,
        threshold,
        gradient_norm,
        learning_rate,
        scores_rate,
        multiply_adds,
        seconds,
    }
}

/// 1 where it is true.
pub(super) fn bits(of: &[bool]) -> TypedArray<u8> {
    TypedArray(of.iter().map(|&is| is.into()).collect())
}

impl Session {
    /// Records a snapshot and converts it for the page. `halted`: why the run stopped by itself.
    pub(super) fn record_snapshot(&mut self, snapshot: Snapshot, halted: Option<String>, spent: Spent) -> types::Snapshot {
        let run_file::Recorded { column, rows: records } = self.recorder.push(&self.run, &snapshot, spent.training_ms);
        let NewRows { from, rows } = self.recorder.new_rows();
        let (from, rows) = (from as u32, flat(rows));
        let stride = self.recorder.file().history.stride();
        self.converted(snapshot, halted, spent, &records, Some(Recorded { from, rows, column: column as u32, stride }))
    }

    /// Converts the snapshot of a step in progress for the page. It is not recorded.
    pub(super) fn partial_snapshot(&self, snapshot: Snapshot, spent: Spent) -> types::Snapshot {
        let records = rows_of(&self.run, &snapshot, self.recorder.file().seconds, 0.0);
        self.converted(snapshot, None, spent, &records, None)
    }

    /// `records`: a row for each step of the snapshot.
    fn converted(
        &self,
        snapshot: Snapshot,
        halted: Option<String>,
        spent: Spent,
        records: &[Row],
        recorded: Option<Recorded>,
    ) -> types::Snapshot {
        let run = &self.run;
        let [kept, probe_kept] = snapshot.mask_kept(&run.whole);
        types::Snapshot {
            step: snapshot.step,
            steps: snapshot.steps,
            epoch: snapshot.epoch,
            finished: snapshot.step >= snapshot.steps,
            halted,
            shades: TypedArray(shades(&snapshot.scores)),
            decided: bits(&snapshot.decided),
            mask: TypedArray(snapshot.masks()),
            kept: TypedArray(kept),
            probe_kept: TypedArray(probe_kept),
            budget: run.budget(snapshot.budget),
            sum_scores: snapshot.sum_scores,
            threshold: snapshot.threshold,
            records: records.iter().map(|row| record(row, run.steps_per_epoch())).collect(),
            cost: run.cost().into(),
            step_ms: spent.step_ms,
            units_in_memory: run.model.units(),
            network_bytes: run.bytes() as f64,
            scores: TypedArray(snapshot.scores),
            recorded,
        }
    }
}
