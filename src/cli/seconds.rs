//! The seconds of training, by phase.

use std::time::Instant;

use serde_json::{Value, json};

use lacuna::engine::Phase;
use lacuna::trainer::{TrainError, Trainer};

/// The phases: choosing masks and dropping units, then the phases of a step in order.
pub(super) const PHASES: [&str; 7] = ["choose", "sample", "pack", "forward", "scores", "backward", "weights"];

/// Target time of each measurement of a step's phases, in milliseconds.
const PHASES_MS: f64 = 50.0;
/// Training takes at least so many times the measurement that follows it.
const STEPS_OVER_PHASES: f64 = 10.0;

/// Seconds of training so far, without evaluations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seconds {
    total: f64,
    /// The seconds divided so far, by [`PHASES`]; empty if the adapter has no clock.
    by_phase: Vec<f64>,
    /// The seconds not divided yet.
    choosing: f64,
    stepping: f64,
    steps: u32,
}

impl Seconds {
    /// Runs work that chooses masks or drops units, and counts its seconds.
    pub(super) fn choosing<T>(&mut self, work: impl FnOnce() -> Result<T, TrainError>) -> Result<T, TrainError> {
        let begin = Instant::now();
        let done = work()?;
        let seconds = begin.elapsed().as_secs_f64();
        self.choosing += seconds;
        self.total += seconds;
        Ok(done)
    }

    /// Counts `steps` steps that took `seconds` together.
    pub(super) fn stepped(&mut self, steps: u32, seconds: f64) {
        self.stepping += seconds;
        self.total += seconds;
        self.steps += steps;
    }

    /// Divides the seconds since the last call by phase, in the proportions that the GPU's clock measures for a step now. A step changes little
    /// between two evaluations. While less was trained than would be worth the measurement, it waits for a later call.
    pub(super) fn divide(&mut self, run: &mut Trainer) -> Result<(), TrainError> {
        if 1e3 * (self.stepping + self.choosing) < STEPS_OVER_PHASES * PHASES_MS { Ok(()) } else { self.divide_all(run) }
    }

    /// Divides all seconds, at the end of a run.
    pub(super) fn divide_all(&mut self, run: &mut Trainer) -> Result<(), TrainError> {
        let step_ms = 1e3 * self.stepping / f64::from(self.steps.max(1));
        if let Some(shares) = shares(run, step_ms)? {
            self.by_phase.resize(PHASES.len(), 0.0);
            let spent = std::iter::once(self.choosing).chain(shares.iter().map(|share| share * self.stepping));
            self.by_phase.iter_mut().zip(spent).for_each(|(sum, spent)| *sum += spent);
        }
        (self.choosing, self.stepping, self.steps) = (0.0, 0.0, 0);
        Ok(())
    }

    /// For a file from which a run continues.
    pub(super) fn json(&self) -> Value {
        json!({"total": self.total, "by_phase": self.by_phase, "choosing": self.choosing, "stepping": self.stepping, "steps": self.steps})
    }

    /// The seconds that [`Seconds::json`] wrote; `None` if the value is another one.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let number = |name: &str| value.get(name)?.as_f64();
        Some(Self {
            total: number("total")?,
            by_phase: value.get("by_phase")?.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?,
            choosing: number("choosing")?,
            stepping: number("stepping")?,
            steps: value.get("steps")?.as_u64()?.try_into().ok()?,
        })
    }

    pub(super) fn total(&self) -> f64 {
        self.total
    }

    /// The seconds of each of [`PHASES`] up to the last division; empty if the adapter has no clock.
    pub(super) fn by_phase(&self) -> &[f64] {
        &self.by_phase
    }
}

/// The shares of [`Phase::ALL`] in the time of a step now; `None` if the adapter has no clock.
fn shares(run: &mut Trainer, step_ms: f64) -> Result<Option<Vec<f64>>, TrainError> {
    let steps = (PHASES_MS / step_ms.max(1e-3)) as u32;
    let Some(timed) = pollster::block_on(run.measure(steps, 0, &|| 0.0, true))?.phases else { return Ok(None) };
    let all: f64 = timed.iter().map(|(_, ms)| ms).sum();
    let of = |phase: Phase| timed.iter().filter(|(other, _)| *other == phase).map(|(_, ms)| ms / all.max(f64::MIN_POSITIVE)).sum();
    Ok(Some(Phase::ALL.map(of).to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_back_as_they_were_written() {
        let written = Seconds { total: 0.1 + 0.2, by_phase: vec![1.0 / 3.0; PHASES.len()], choosing: 1e-17, stepping: 2.0 / 3.0, steps: 7 };
        let text = written.json().to_string();
        assert_eq!(Seconds::read(&serde_json::from_str(&text).unwrap()), Some(written));
        assert_eq!(Seconds::read(&json!({"total": 1.0})), None);
    }

    #[test]
    fn the_phases_are_those_of_the_engine_after_the_choice_of_a_mask() {
        assert_eq!(PHASES[1..], Phase::ALL.map(Phase::name));
    }
}
