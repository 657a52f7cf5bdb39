//! The state of a run: what the page draws, and what it takes to go on.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::session::Session;
use super::types::{self, State, StepRecord};
use crate::schedule::step_at;
use crate::shared::Record;
use crate::snapshot::Snapshot;
use crate::trainer::{Checkpoint, Cost};

/// In place of a step: there was none.
const NEVER: u32 = u32::MAX;

#[wasm_bindgen]
impl Session {
    /// What it takes to go on from here.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn checkpoint(&mut self) -> Result<Js<State>, JsError> {
        let state = self.run.checkpoint().await.map_err(words)?;
        let Cost { forward, backward, structure, near_dense } = state.cost;
        let chosen_at = state.chosen_at.unwrap_or(NEVER);
        let counts = [
            state.step.into(),
            state.evaluations.into(),
            state.selected.into(),
            chosen_at.into(),
            forward,
            backward,
            structure,
            near_dense,
        ];
        let counts = counts.map(|count: u64| count as f64);
        Ok(Js::of(&State {
            counts: TypedArray([&counts[..], &[self.training_ms]].concat()),
            integers: TypedArray([state.numbers, state.units].concat()),
            floats: TypedArray([state.tensors, state.unpinned].concat()),
            sizes: TypedArray(self.run.model.sizes()),
        }))
    }

    /// Takes up what [`Session::checkpoint`] said of another session of the same experiment.
    ///
    /// # Errors
    /// What is not of this experiment, in words; the session is then as it was.
    pub fn restore(&mut self, counts: &[f64], integers: &[u32], mut floats: Vec<f32>) -> Result<(), JsError> {
        let held = integers.len().saturating_sub(self.run.whole.units() as usize);
        let (numbers, units) = integers.split_at(held);
        let unpinned = floats.split_off(floats.len().saturating_sub(units.len()));
        let &[step, evaluations, selected, chosen_at, forward, backward, structure, near_dense, training_ms] = counts else {
            return Err(JsError::new("the kept run lacks its counts"));
        };
        let [forward, backward, structure, near_dense] = [forward, backward, structure, near_dense].map(|count| count as u64);
        let state = Checkpoint {
            step: step as u32,
            evaluations: evaluations as u32,
            selected: selected == 1.0,
            chosen_at: Some(chosen_at as u32).filter(|&step| step != NEVER),
            cost: Cost { forward, backward, structure, near_dense },
            numbers: numbers.to_vec(),
            units: units.to_vec(),
            unpinned,
            tensors: floats,
        };
        self.run.restore(state).map_err(words)?;
        self.training_ms = training_ms;
        Ok(())
    }
}

impl Session {
    /// The run as the page draws it. `step_ms` is what each of the snapshot's steps took, `halted` why the run stopped by itself.
    pub(super) fn plain(&self, snapshot: Snapshot, halted: Option<String>, step_ms: f64) -> types::Snapshot {
        let (run, units) = (&self.run, self.run.whole.units());
        // Multiply-adds and time up to and including each step, from the last one backwards.
        let (mut work, mut ms) = (run.cost().total() as f64, self.training_ms);
        let record = |record: &Record| {
            let now = step_at(&run.config, units, record.step.min(run.steps()), run.steps());
            let plain = StepRecord {
                step: record.step,
                epoch: f64::from(record.step) / f64::from(run.steps_per_epoch()),
                loss: record.loss,
                probe_loss: if snapshot.probed { record.probe_loss } else { f32::NAN },
                accuracy: f64::from(record.correct) / f64::from(snapshot.batch_size),
                sum_scores: record.sum_scores,
                budget: run.budget(now.budget),
                threshold: record.threshold,
                gradient_norm: record.gradient_norm,
                learning_rate: now.learning_rate,
                scores_rate: now.scores_rate,
                multiply_adds: work,
                seconds: ms.max(0.0) / 1e3,
            };
            work -= (run.work(record) * u64::from(snapshot.batch_size)) as f64;
            ms -= step_ms;
            plain
        };
        let mut records: Vec<StepRecord> = snapshot.records.iter().rev().map(record).collect();
        records.reverse();
        let [kept, probe_kept] = snapshot.mask_kept(&run.whole);
        types::Snapshot {
            step: snapshot.step,
            steps: snapshot.steps,
            epoch: snapshot.epoch,
            finished: snapshot.step >= snapshot.steps,
            halted,
            mask: TypedArray(snapshot.masks()),
            kept: TypedArray(kept),
            probe_kept: TypedArray(probe_kept),
            budget: run.budget(snapshot.budget),
            sum_scores: snapshot.sum_scores,
            threshold: snapshot.threshold,
            records,
            cost: run.cost().into(),
            step_ms,
            units_held: run.model.units(),
            network_bytes: run.bytes() as f64,
            scores: TypedArray(snapshot.scores),
        }
    }
}
