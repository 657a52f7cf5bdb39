//! What a step takes, timed on the network as it stands.

use crate::engine::Phase;
use crate::schedule::plain;
use crate::shared::Step;

use super::{TrainError, Trainer};

/// Time of a step and of its phases, milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// Of a whole step, by the CPU's clock over submits of several steps; one number a repeat.
    pub step_ms: Vec<f64>,
    /// Multiply-adds an image of the steps that were timed, on average, with the units that each of them kept; one number a repeat.
    pub multiply_adds: Vec<f64>,
    /// By the GPU's clock, where it has one.
    pub phases: Option<Vec<(Phase, f64)>>,
}

impl Trainer {
    /// Times `repeats` submits of `steps` real steps each with the network's scores as they stand: rates are 0 and the scores rest, so
    /// that neither weights nor masks move, but every kernel does its work. The run's tensors other than the velocity stay as they are.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn measure(&mut self, steps: u32, repeats: u32, clock: &dyn Fn() -> f64, phases: bool) -> Result<Timing, TrainError> {
        self.check_finite()?;
        self.finish_step().await?;
        let mut timing = Timing::default();
        let velocity: Vec<f32> = self.engine.read(&self.engine.buffers.velocity).await?;
        let running: Vec<f32> = self.engine.read(&self.engine.buffers.running).await?;
        let moments: Vec<f32> = self.engine.read(&self.engine.buffers.moments).await?;
        let (state, scores) = {
            let found = self.engine.look().await?;
            (found.state, found.scores)
        };
        // A budget a hair below the sum makes the projection do its whole work.
        let budget = scores.iter().sum::<f32>() * (1.0 - 1e-6);
        let steps = steps.clamp(1, self.engine.steps_a_submit());
        let images = plain((0..steps * self.config.batch_size).map(|index| index % self.rows_ready.max(1)));
        for _ in 0..repeats {
            let schedule = self.measured_steps(steps, budget);
            let begin = clock();
            let outcome = self.engine.train(&schedule, &images).await?;
            timing.step_ms.push((clock() - begin) / schedule.len() as f64);
            let work: f64 = outcome.records.iter().map(|record| self.work(record) as f64).sum();
            timing.multiply_adds.push(work / schedule.len() as f64);
        }
        if phases {
            let schedule = self.measured_steps(steps, budget);
            timing.phases = self.engine.profile(&schedule, &images).await?;
        }
        self.engine.write(&self.engine.buffers.velocity, &velocity);
        self.engine.write(&self.engine.buffers.running, &running);
        self.engine.write(&self.engine.buffers.moments, &moments);
        self.engine.write(&self.engine.buffers.scores, &scores);
        // Nor must a loss that is not finite, of masks that the run never drew, end it.
        self.engine.write(&self.engine.buffers.state, &[state]);
        Ok(timing)
    }

    /// The next steps to be timed: masks of their own, rates of 0.
    fn measured_steps(&mut self, steps: u32, budget: f32) -> Vec<Step> {
        let first = self.step.wrapping_add(self.measured);
        self.measured = self.measured.wrapping_add(steps);
        let resting = |step| Step { step, learning_rate: 0.0, scores_rate: 0.0, budget, ..self.step_now(self.step) };
        (0..steps).map(|ahead| resting(first.wrapping_add(ahead))).collect()
    }
}
