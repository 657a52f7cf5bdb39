//! Measures the time of a run's step and of a dense step of the same network on the same data and device, and of a dense step before there is a run.

use std::rc::Rc;

use crate::config::{Config, MethodName};
use crate::device::Machine;
use crate::engine::{Phase, SLOTS};
use crate::submit_size::Pace;
use crate::trainer::{DataShape, TrainError, Trainer};

/// Target time of a burst of steps, in milliseconds.
const BURST_MS: f64 = 50.0;
/// Bursts of each of the two, alternating.
const TURNS: usize = 3;
/// How long dense steps are timed before there is a run, in milliseconds. Meanwhile a GPU raises its clock rate, and a browser compiles the CPU engine
/// into quicker code.
const TIMED_MS: f64 = 300.0;
/// A submit that is longer shows the time of a step. Some browsers take a tenth of a second for any submit.
const LONG_MS: f64 = 150.0;
/// Where a step took less than this share of the shortest one before, longer submits may make it shorter still.
const SHORTER: f64 = 0.8;

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
    sorted.sort_unstable_by(f64::total_cmp);
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
    ((BURST_MS / step_ms.max(1e-3)) as u32).clamp(1, SLOTS)
}

/// The settings and the data for [`dense_step_ms`]: the network of `config`, dense, on one batch of images of the given shape.
#[must_use]
pub fn for_dense_step(config: &Config, shape: &DataShape) -> (Config, DataShape) {
    // At a rate of 0 no loss can become infinite.
    let dense = Config { method: MethodName::Dense, learning_rate: 0.0, steps: u32::MAX, ..config.clone() };
    let rows = config.batch_size;
    (dense, DataShape { train_rows: rows, test_rows: 0, ..shape.clone() })
}

/// Milliseconds of a dense step, of settings and data from [`for_dense_step`]. The images are made up, so that no data set is needed. `clock` gives
/// milliseconds.
///
/// # Errors
/// The network is too large for the device, or the device is lost.
pub async fn dense_step_ms(machine: &Rc<Machine>, config: Config, shape: DataShape, clock: &dyn Fn() -> f64) -> Result<f64, TrainError> {
    let rows = shape.train_rows;
    let inputs: Vec<u8> = (0..rows * shape.inputs).map(|index| (index % 251) as u8).collect();
    let labels: Vec<u8> = (0..rows).map(|row| (row % shape.classes) as u8).collect();
    let mut run = Trainer::new(machine, config, shape)?;
    run.load(0, &inputs, &labels);
    run.set_rows_ready(rows);
    let mut pace = Pace::new(SLOTS);
    let (mut step_ms, mut spent_ms) = (f64::INFINITY, 0.0);
    loop {
        let steps = pace.steps();
        let begin = clock();
        run.advance(steps).await?;
        let ms = clock() - begin;
        // The first step also prepares the device.
        if run.step() == 1 {
            continue;
        }
        pace.took(steps, ms);
        spent_ms += ms;
        let each_ms = ms / f64::from(steps);
        let is_steady = ms > LONG_MS || each_ms > SHORTER * step_ms;
        step_ms = step_ms.min(each_ms);
        if is_steady && spent_ms >= TIMED_MS {
            return Ok(step_ms);
        }
    }
}
