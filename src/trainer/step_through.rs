//! A step in parts: the same dispatches as a whole step, sent part by part, and the results read after each.

use std::collections::VecDeque;

use crate::device::Buffer;
use crate::engine::{Line, Phase};
use crate::estimators::Reads;
use crate::shared::{Step, part};
use crate::snapshot::Snapshot;

use super::choice::unit_changes;
use super::compaction::to_whole;
use super::{Boxed, TrainError, Trainer};

/// The kernel that does several parts of a step.
const UPDATE: &str = "update_scores";

/// A part of a step, as the page shows it. The kernel that updates the scores belongs to several parts; the other kernels are sent by their
/// [`Phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPart {
    /// The mask is chosen, for methods that rank units.
    Choose,
    /// m, and m′ where the method has two.
    Sample,
    /// The forward passes.
    Losses,
    /// The structure gradient g.
    Gradient,
    /// The optimiser's step of the scores, and the projection.
    Project,
    /// The backward pass under m, and the norm of its gradient.
    Backward,
    Weights,
}

impl StepPart {
    /// All parts, in the order of a step.
    pub const ALL: [Self; 7] = [Self::Choose, Self::Sample, Self::Losses, Self::Gradient, Self::Project, Self::Backward, Self::Weights];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Sample => "sample",
            Self::Losses => "losses",
            Self::Gradient => "gradient",
            Self::Project => "project",
            Self::Backward => "backward",
            Self::Weights => "weights",
        }
    }
}

/// A step in progress.
#[derive(Debug)]
pub(super) struct StepThrough {
    step: Step,
    left: VecDeque<StepPart>,
    /// Scores and their state before the projection, to undo the step if a gradient is not finite.
    before: Option<[Buffer; 2]>,
}

/// The state after a part of a step. `[U]` are units of the whole network.
#[derive(Clone, Debug)]
pub struct PartDone {
    pub part: StepPart,
    /// The remaining parts, in order; empty if the step is finished.
    pub left: Vec<StepPart>,
    /// The current state of the run; its record, of this step, is filled in as far as the step has come.
    pub snapshot: Snapshot,
    /// `[U]` after the gradient: g. After the weights: the root mean square of the changes of the weights that lead to a unit; of an input, of those
    /// that lead away from it. Otherwise empty.
    pub values: Vec<f32>,
    /// `[U]` after the projection: the scores before the step, and before the projection. Otherwise empty.
    pub before: Vec<f32>,
    pub stepped: Vec<f32>,
}

impl Trainer {
    /// The parts of the next step, in the order in which the device computes them.
    fn parts(&self) -> VecDeque<StepPart> {
        use StepPart::{Backward, Choose, Gradient, Losses, Project, Sample, Weights};
        let needs_backward = self.config.structure_estimator().reads() != Reads::Losses;
        // From the choice of a mask on, trained scores rest.
        let learns = self.engine.params.learn_scores == part::LEARN && !self.is_choice_due();
        let rest: &[StepPart] = match (learns, needs_backward) {
            (false, _) => &[Sample, Losses, Backward, Weights],
            // The backward pass gives what trains the scores.
            (true, true) => &[Sample, Losses, Backward, Gradient, Project, Weights],
            (true, false) => &[Sample, Losses, Gradient, Project, Backward, Weights],
        };
        self.is_choice_due().then_some(Choose).into_iter().chain(rest.iter().copied()).collect()
    }

    /// Computes the next part of the step in progress, or the first part of the next step. Returns `None` if its rows have not arrived or the run is
    /// over. The step equals that of [`Trainer::advance`] bit for bit; `advance` also finishes a step in progress.
    ///
    /// # Errors
    /// The run diverged, now or before, or the device is lost.
    pub fn next_part(&mut self) -> Boxed<'_, Option<PartDone>> {
        Box::pin(self.take_part())
    }

    async fn take_part(&mut self) -> Result<Option<PartDone>, TrainError> {
        self.check_finite()?;
        if self.step_through.is_none() {
            self.apply_pins().await?;
            if self.steps_possible(1) == 0 {
                return Ok(None);
            }
            let (step, images) = (self.step_now(self.step), self.batch(self.step));
            self.step_through = Some(StepThrough { step, left: self.parts(), before: None });
            self.engine.begin(step, &images);
        }
        let in_progress = self.step_through.as_mut().expect("a step is in progress");
        let (step, taken) = (in_progress.step, in_progress.left.pop_front().expect("a step in progress has a part left"));
        let left: Vec<StepPart> = in_progress.left.iter().copied().collect();
        if taken == StepPart::Choose {
            self.choose().await?;
        }
        let mut compared = self.send(taken)?;
        let mut outcome = self.engine.look_at(1).await?;
        while self.engine.settle(&outcome)? {
            // Only the masks were drawn so far.
            compared = self.send(taken)?;
            outcome = self.engine.look_at(1).await?;
        }
        if outcome.state.halted != 0 {
            let in_progress = self.step_through.take().expect("a step is in progress");
            if let Some([scores, score_state]) = in_progress.before {
                self.engine.copy(&scores, &self.engine.buffers.scores);
                self.engine.copy(&score_state, &self.engine.buffers.score_state);
            }
            self.send_live_settings();
            return Err(self.diverge(&outcome));
        }
        let mut found: Vec<Vec<f32>> = Vec::new();
        for buffer in &compared {
            found.push(self.engine.read(buffer).await?);
        }
        let (mut values, mut before, mut stepped) = (Vec::new(), Vec::new(), Vec::new());
        match (taken, &found[..]) {
            (StepPart::Gradient, [g]) => values = self.to_whole(g),
            (StepPart::Project, [old, moved]) => (before, stepped) = (self.to_whole(old), self.to_whole(moved)),
            (StepPart::Weights, [old, new]) => values = self.to_whole(&unit_changes(&self.model, old, new)),
            _ => {}
        }
        let snapshot = if left.is_empty() {
            self.step_through = None;
            self.fit_after(1, &outcome.scores)?;
            let snapshot = self.finished(&[step], outcome);
            self.send_live_settings();
            snapshot
        } else {
            let outcome = self.outcome_of_whole(outcome);
            Snapshot { step: self.step + 1, budget: step.budget, ..self.snapshot_of(outcome) }
        };
        Ok(Some(PartDone { part: taken, left, snapshot, values, before, stepped }))
    }

    /// Sends a part of a step. Returns the buffers to read when it is done.
    fn send(&mut self, taken: StepPart) -> Result<Vec<Buffer>, TrainError> {
        let learns = self.engine.params.learn_scores;
        let of = |wanted: &'static [Phase]| move |line: &Line| wanted.contains(&line.phase) && line.name != UPDATE;
        let update = |line: &Line| line.name == UPDATE;
        let engine = &mut self.engine;
        match taken {
            StepPart::Choose => {}
            StepPart::Sample => engine.send(&of(&[Phase::Sample]), learns),
            StepPart::Losses => engine.send(&of(&[Phase::Pack, Phase::Forward, Phase::Scores]), learns),
            StepPart::Gradient => {
                engine.send(&update, part::GRADIENT);
                return Ok(vec![engine.buffers.d_scores.clone()]);
            }
            StepPart::Project => {
                let before = [engine.duplicate(&engine.buffers.scores)?, engine.duplicate(&engine.buffers.score_state)?];
                engine.send(&update, part::STEP);
                let compared = vec![before[0].clone(), engine.duplicate(&engine.buffers.scores)?];
                engine.send(&update, part::PROJECT);
                self.step_through.as_mut().expect("a step is in progress").before = Some(before);
                return Ok(compared);
            }
            StepPart::Backward => {
                engine.send(&of(&[Phase::Backward]), learns);
                engine.send(&update, if learns == part::LEARN { part::CLIP } else { learns });
            }
            StepPart::Weights => {
                let compared = vec![engine.duplicate(&engine.buffers.weights)?, engine.buffers.weights.clone()];
                engine.send(&of(&[Phase::Weights]), learns);
                return Ok(compared);
            }
        }
        Ok(Vec::new())
    }

    /// Finishes the step in progress, if there is one. It is boxed because many functions call it first.
    pub(super) fn finish_step(&mut self) -> Boxed<'_, Option<Snapshot>> {
        Box::pin(async {
            let mut last = None;
            while self.step_through.is_some() {
                last = self.next_part().await?;
            }
            Ok(last.map(|done| done.snapshot))
        })
    }

    /// `[U]` the values of the units on the device as values of the whole network; a dropped unit has 0.
    fn to_whole(&self, values: &[f32]) -> Vec<f32> {
        to_whole(&self.numbers, values, self.whole.units())
    }
}
