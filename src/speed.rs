//! Measures the time of a run's step and of a dense step of the same network on the same data and device.

use crate::config::{Config, MethodName};
use crate::engine::Phase;
use crate::trainer::{TrainError, Trainer};

/// Target time of a burst of steps, in milliseconds.
const BURST_MS: f64 = 50.0;
/// Bursts of each of the two, alternating.
const TURNS: usize = 3;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Time of one step, the median over the bursts. `dense_ms`: of a dense step.
    pub step_ms: f64,
    pub dense_ms: f64,
    /// Multiply-adds of the dense step divided by those of this one, with the units that the timed steps kept.
    pub predicted: f64,
    /// Steps of a burst of this run, and of a dense one.
    pub steps: (u32, u32),
    /// Milliseconds of this run and of the dense one, by phase, if the GPU has a clock.
    pub phases: Vec<(Phase, f64, f64)>,
}

/// The dense network for the comparison, reused between measurements.
#[derive(Debug)]
pub struct DenseBaseline {
    dense: Trainer,
    steps: u32,
    dense_steps: u32,
}

/// The median of at least one value.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

impl DenseBaseline {
    /// A dense network of the same shape, batch and data.
    ///
    /// # Errors
    /// The device cannot hold a second network.
    pub fn new(run: &Trainer) -> Result<Self, TrainError> {
        let dense = run.on_same_data(Config { method: MethodName::Dense, ..run.config.clone() })?;
        Ok(Self { dense, steps: 1, dense_steps: 1 })
    }

    /// Times alternating bursts of real steps of this run and of the dense one. The run does not change. `clock` gives milliseconds.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn measure(&mut self, run: &mut Trainer, clock: &dyn Fn() -> f64) -> Result<Speed, TrainError> {
        self.dense.set_rows_ready(run.rows_ready());
        let (run_buffers, dense_buffers) = (run.save_buffers().await?, self.dense.save_buffers().await?);
        let (mut sparse, mut dense, mut work) = (Vec::new(), Vec::new(), 0.0);
        // Turn 0 warms up and finds the lengths of the bursts.
        for turn in 0..=TURNS {
            let timing = run.time(&run_buffers, self.steps, 1, clock, false).await?;
            let ms = timing.step_ms[0];
            let dense_ms = self.dense.time(&dense_buffers, self.dense_steps, 1, clock, false).await?.step_ms[0];
            self.steps = steps_for(ms);
            self.dense_steps = steps_for(dense_ms);
            if turn > 0 {
                sparse.push(ms);
                work += timing.multiply_adds[0] / TURNS as f64;
                dense.push(dense_ms);
            }
        }
        let mut phases = Vec::new();
        let sparse_phases = run.time(&run_buffers, self.steps, 0, clock, true).await?.phases;
        let dense_phases = self.dense.time(&dense_buffers, self.dense_steps, 0, clock, true).await?.phases;
        if let (Some(sparse_phases), Some(dense_phases)) = (sparse_phases, dense_phases) {
            phases = sparse_phases.iter().zip(&dense_phases).map(|(&(phase, ms), &(_, dense_ms))| (phase, ms, dense_ms)).collect();
        }
        let whole = &run.whole;
        let predicted = whole.multiply_adds(&whole.sizes(), None).total() as f64 / work;
        Ok(Speed { step_ms: median(&sparse), dense_ms: median(&dense), predicted, steps: (self.steps, self.dense_steps), phases })
    }
}

fn steps_for(step_ms: f64) -> u32 {
    ((BURST_MS / step_ms.max(1e-3)) as u32).clamp(1, crate::engine::SLOTS)
}
