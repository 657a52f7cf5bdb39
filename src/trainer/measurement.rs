//! Times steps of the current network.

use crate::device::{Buffer, Variants};
use crate::engine::Phase;
#[cfg(feature = "gpu")]
use crate::engine::Tuned;
#[cfg(feature = "gpu")]
use crate::model::Image;
use crate::schedule::plain;
use crate::shared::Step;

use super::{TrainError, Trainer};

/// Time of a step and of its phases, milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// Of a whole step, by the CPU's clock over submits of several steps; one number a repeat.
    pub step_ms: Vec<f64>,
    /// Multiply-adds an image of the timed steps, on average, with the units that each of them kept; one number a repeat.
    pub multiply_adds: Vec<f64>,
    /// By the GPU's clock, if it has one.
    pub phases: Option<Vec<(Phase, f64)>>,
}

/// The buffers that timed steps overwrite, saved to be written back.
#[derive(Debug)]
pub struct SavedBuffers {
    /// The buffers of [`Trainer::overwritten`], one after another.
    bytes: Vec<u8>,
    /// Slightly below what the scores take of the budget, so that the projection does all of its work.
    budget: f32,
}

impl Trainer {
    /// Times `repeats` submits of `steps` real steps each. The rates are 0 and the scores are not trained: every kernel does its work, but neither
    /// weights nor scores change. The run's tensors are restored.
    ///
    /// # Errors
    /// The run diverged before, or the device is lost.
    pub async fn measure(&mut self, steps: u32, repeats: u32, clock: &dyn Fn() -> f64, phases: bool) -> Result<Timing, TrainError> {
        let saved = self.save_buffers().await?;
        self.time(&saved, steps, repeats, clock, phases).await
    }

    /// Reads the buffers that timed steps overwrite, for any number of calls of [`Trainer::time`]. They are read at once, because some browsers take
    /// a tenth of a second for each read.
    ///
    /// # Errors
    /// The run diverged before, or the device is lost.
    pub async fn save_buffers(&mut self) -> Result<SavedBuffers, TrainError> {
        self.check_finite()?;
        self.finish_step().await?;
        let pieces = self.overwritten().map(|buffer| (buffer, buffer.size()));
        let bytes = self.engine.read_firsts(&pieces).await?;
        let scores: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes[..self.engine.buffers.scores.size() as usize]);
        let taken: f32 = scores.iter().zip(self.model.prices()).map(|(score, price)| price * score).sum();
        Ok(SavedBuffers { bytes, budget: taken * (1.0 - 1e-6) })
    }

    /// As [`Trainer::measure`], with buffers saved since the last step.
    ///
    /// # Errors
    /// The device is lost, or the run was stopped.
    pub async fn time(
        &mut self,
        saved: &SavedBuffers,
        steps: u32,
        repeats: u32,
        clock: &dyn Fn() -> f64,
        phases: bool,
    ) -> Result<Timing, TrainError> {
        self.check_going().await?;
        let mut timing = Timing::default();
        let steps = steps.clamp(1, self.engine.steps_a_submit());
        let images = plain((0..steps * self.config.batch_size).map(|index| index % self.rows_ready.max(1)));
        for _ in 0..repeats {
            let schedule = self.measured_steps(steps, saved.budget);
            let begin = clock();
            let outcome = self.engine.train(&schedule, &images).await?;
            timing.step_ms.push((clock() - begin) / schedule.len() as f64);
            let work: f64 = outcome.records.iter().map(|record| self.work(record) as f64).sum();
            timing.multiply_adds.push(work / schedule.len() as f64);
        }
        if phases {
            let schedule = self.measured_steps(steps, saved.budget);
            timing.phases = self.engine.profile(&schedule, &images).await?;
        }
        let mut rest = &saved.bytes[..];
        for buffer in self.overwritten() {
            let (own, others) = rest.split_at(buffer.size() as usize);
            self.engine.write(buffer, own);
            rest = others;
        }
        Ok(timing)
    }

    /// The variants of the kernels that its steps run.
    #[must_use]
    pub fn variants(&self) -> Variants {
        self.engine.variants
    }

    /// The names of these variants; empty for the CPU engine, which has one version of each kernel.
    #[must_use]
    pub fn kernels(&self) -> String {
        #[cfg(feature = "gpu")]
        if self.engine.machine.gpu().is_some() {
            return self.variants().to_string();
        }
        String::new()
    }

    /// What the times of variants depend on: the version, the adapter with its driver, the network, and what a step keeps of it.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn kernels_key(&self) -> String {
        let (adapter, config) = (&self.engine.machine.adapter, &self.config);
        let Image { channels, height, width } = self.data.image();
        format!(
            "{} | {adapter} | {} | {} {channels}x{height}x{width} | gate_inputs={} batch_size={} keep_ratio={} masks={}",
            env!("CARGO_PKG_VERSION"),
            adapter.driver,
            self.whole.name,
            config.gate_inputs,
            config.batch_size,
            config.keep_ratio,
            self.engine.params.masks
        )
    }

    /// Replaces the variants of the kernels that the next steps run.
    ///
    /// # Errors
    /// A network too large for the device with these variants, or a variant that the adapter cannot run.
    pub fn use_variants(&mut self, variants: Variants) -> Result<(), TrainError> {
        Ok(self.engine.use_variants(variants)?)
    }

    /// Finds the fastest variants of the kernels for the end of the schedule, which is most of a run, and uses them from now on, within about
    /// `limit_ms`. `clock` gives milliseconds. A run that has begun keeps its variants, because others would add in another order.
    ///
    /// # Errors
    /// The device is lost.
    #[cfg(feature = "gpu")]
    pub async fn tune(&mut self, limit_ms: f64, clock: &dyn Fn() -> f64) -> Result<Tuned, TrainError> {
        if self.step > 0 {
            return Ok(Tuned { variants: self.variants(), timed: Vec::new(), ms: 0.0 });
        }
        let scores: Vec<f32> = self.engine.read(&self.engine.buffers.scores).await?;
        if self.config.method.facts().learns_scores {
            let at_end: Vec<f32> = scores.iter().map(|score| score.min(self.config.keep_ratio as f32)).collect();
            self.engine.write(&self.engine.buffers.scores, &at_end);
        }
        let tuned = self.engine.tune(limit_ms, clock).await?;
        self.engine.write(&self.engine.buffers.scores, &scores);
        Ok(tuned)
    }

    /// The scores come first. The state is included: a loss that is not finite, under masks that the run never drew, must not end the run.
    fn overwritten(&self) -> [&Buffer; 5] {
        let buffers = &self.engine.buffers;
        [&buffers.scores, &buffers.state, &buffers.velocity, &buffers.running, &buffers.score_state]
    }

    /// The next steps to time: each with its own masks, rates of 0.
    fn measured_steps(&mut self, steps: u32, budget: f32) -> Vec<Step> {
        let first = self.step.wrapping_add(self.measured);
        self.measured = self.measured.wrapping_add(steps);
        let resting = |step| Step { step, learning_rate: 0.0, scores_rate: 0.0, budget, ..self.step_now(self.step) };
        (0..steps).map(|ahead| resting(first.wrapping_add(ahead))).collect()
    }
}
