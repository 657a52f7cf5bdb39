//! The least time that a step can take by its multiply-adds and by its bytes, and why it takes longer.

use lacuna::engine::Phase;
use lacuna::model::Traffic;

use crate::cli::bench::in_ms;

/// A step that takes this many times its higher floor is explained.
pub(super) const EXPLAINED: f64 = 1.5;

/// What the adapter reached during the sweep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rates {
    /// Multiply-adds in a second: the most of all dense points of the sweep.
    pub(super) multiply_adds: f64,
    /// The dense point that reached it.
    pub(super) reached_by: String,
    /// Bytes in a second that a copy from buffer to buffer reads and writes together.
    pub(super) bytes: f64,
    /// Bytes of each of its two buffers.
    pub(super) copied: u64,
}

/// The work of a step on the whole batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    /// Multiply-adds of all forward passes and of the backward pass.
    pub(super) multiply_adds: [f64; 2],
    pub(super) traffic: Traffic,
}

impl Work {
    /// Multiply-adds of all phases.
    pub(super) fn total(&self) -> f64 {
        self.multiply_adds.iter().sum()
    }

    /// Multiply-adds and least bytes of a phase.
    fn of(&self, phase: Phase) -> [f64; 2] {
        let Traffic { sample, pack, forward, scores, backward, weights } = self.traffic;
        match phase {
            Phase::Sample => [0.0, sample],
            Phase::Pack => [0.0, pack],
            Phase::Forward => [self.multiply_adds[0], forward],
            Phase::Scores => [0.0, scores],
            Phase::Backward => [self.multiply_adds[1], backward],
            Phase::Weights => [0.0, weights],
        }
    }
}

/// The least milliseconds of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Floors {
    pub(super) multiply_adds_ms: f64,
    pub(super) bandwidth_ms: f64,
}

impl Floors {
    fn new(multiply_adds: f64, bytes: f64, rates: &Rates) -> Self {
        Self { multiply_adds_ms: 1e3 * multiply_adds / rates.multiply_adds, bandwidth_ms: 1e3 * bytes / rates.bytes }
    }

    /// Of a whole step.
    pub(super) fn of(work: &Work, rates: &Rates) -> Self {
        Self::new(work.total(), work.traffic.total(), rates)
    }

    /// Of one phase of it.
    pub(super) fn of_phase(work: &Work, phase: Phase, rates: &Rates) -> Self {
        let [multiply_adds, bytes] = work.of(phase);
        Self::new(multiply_adds, bytes, rates)
    }

    /// The higher one.
    pub(super) fn higher(&self) -> f64 {
        self.multiply_adds_ms.max(self.bandwidth_ms)
    }

    /// The name of the higher one.
    fn name(&self) -> &'static str {
        if self.multiply_adds_ms >= self.bandwidth_ms { "multiply-add floor" } else { "bandwidth floor" }
    }
}

/// The time of a step and of its phases.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) step_ms: f64,
    /// Empty if the adapter has no clock.
    pub(super) phases: Vec<(Phase, f64)>,
}

impl Times {
    /// How many times its higher floor the step takes.
    pub(super) fn over(&self, work: &Work, rates: &Rates) -> f64 {
        self.step_ms / Floors::of(work, rates).higher()
    }

    /// Where the time above the floor is, if the step takes more than [`EXPLAINED`] times its higher floor: the phase that takes the most time above
    /// its own higher floor. What no phase has, the time between the kernels and that of a submit, counts as one more part.
    ///
    /// A profile is made in a submit of its own. If its phases take longer together than the step, they are scaled to the time of the step.
    pub(super) fn excess(&self, work: &Work, rates: &Rates) -> Option<Excess> {
        let (floors, over) = (Floors::of(work, rates), self.over(work, rates));
        if over <= EXPLAINED {
            return None;
        }
        let profiled: f64 = self.phases.iter().map(|(_, ms)| ms).sum();
        let scale = (self.step_ms / profiled.max(f64::MIN_POSITIVE)).min(1.0);
        let part = |&(phase, ms): &(Phase, f64)| {
            let own_floors = Floors::of_phase(work, phase, rates);
            let work_share = work.of(phase)[0] / work.total().max(f64::MIN_POSITIVE);
            Part { of: Cause::Phase(phase), ms: ms * scale, above_ms: ms * scale - own_floors.higher(), work_share }
        };
        let outside_ms = (self.step_ms - profiled).max(0.0);
        let outside = Part { of: Cause::Outside, ms: outside_ms, above_ms: outside_ms, work_share: 0.0 };
        let largest = if self.phases.is_empty() {
            Part { of: Cause::NoClock, ms: 0.0, above_ms: 0.0, work_share: 0.0 }
        } else {
            self.phases.iter().map(part).fold(outside, |largest, part| if part.above_ms >= largest.above_ms { part } else { largest })
        };
        Some(Excess { over, floor: floors.name(), step_ms: self.step_ms, largest })
    }
}

/// Where time above a floor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Phase(Phase),
    /// Between the kernels and in the submit.
    Outside,
    /// The adapter has no clock.
    NoClock,
}

/// The part of a step with the most time above its own floor.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    of: Cause,
    ms: f64,
    /// Above the higher floor of the part.
    above_ms: f64,
    /// Its share of the step's multiply-adds.
    work_share: f64,
}

/// A step that is clearly above its higher floor, which has the name `floor`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Excess {
    /// How many times the floor it takes.
    over: f64,
    floor: &'static str,
    step_ms: f64,
    largest: Part,
}

/// The least and the largest of some numbers in a form; one number if both look the same.
fn from_to(values: impl Iterator<Item = f64>, form: &dyn Fn(f64) -> String) -> String {
    let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    let (least, most) = (form(least), form(most));
    if least == most { least } else { format!("{least} to {most}") }
}

impl Excess {
    /// Whether one sentence can explain both.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.floor == other.floor && self.largest.of == other.largest.of
    }

    /// Why steps that are like each other take longer than their floors, in a sentence. `name`: these steps in the sentence, as one.
    ///
    /// # Panics
    /// Without a step.
    pub(super) fn sentence(name: &str, all: &[&Self]) -> String {
        let first = all.first().expect("there is at least one step");
        let percent = |of: &dyn Fn(&Self) -> f64| from_to(all.iter().map(|one| 100.0 * of(one)), &|share| format!("{share:.0}"));
        let begin =
            format!("{name} takes {} times its {}", from_to(all.iter().map(|one| one.over), &|over| format!("{over:.1}")), first.floor);
        let (time, work) = (percent(&|one| one.largest.ms / one.step_ms), percent(&|one| one.largest.work_share));
        // Milliseconds of one step alone: of several they would be many numbers.
        let of_step = |part: &Part| format!("{} of {} ms, ", in_ms(part.ms), in_ms(first.step_ms));
        let own = if all.len() == 1 { of_step(&first.largest) } else { String::new() };
        match first.largest.of {
            Cause::NoClock => format!("{begin}; this adapter has no clock, so that the times of the phases are not known."),
            Cause::Outside => format!(
                "{begin}: the largest part above it, {own}{time} % of the time, is in no phase but between the kernels and in the submit."
            ),
            Cause::Phase(phase) => format!(
                "{begin}: the largest part above it is in phase {}, which has {own}{time} % of the time and {work} % of the multiply-adds.",
                phase.name()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates { multiply_adds: 1e9, reached_by: "a point".to_owned(), bytes: 1e10, copied: 1 << 28 }
    }

    /// 3 ms of multiply-adds, 0.6 ms of bytes.
    fn work() -> Work {
        let traffic = Traffic { sample: 0.0, pack: 1e6, forward: 1e6, scores: 0.0, backward: 2e6, weights: 2e6 };
        Work { multiply_adds: [1e6, 2e6], traffic }
    }

    fn times(step_ms: f64, phases: &[(Phase, f64)]) -> Times {
        Times { step_ms, phases: phases.to_vec() }
    }

    #[test]
    fn a_floor_is_work_divided_by_a_rate() {
        let floors = Floors::of(&work(), &rates());
        assert!((floors.multiply_adds_ms - 3.0).abs() < 1e-9 && (floors.bandwidth_ms - 0.6).abs() < 1e-9, "{floors:?}");
        assert_eq!((floors.higher(), floors.name()), (floors.multiply_adds_ms, "multiply-add floor"));
        let slow = Rates { bytes: 1e9, ..rates() };
        assert_eq!(Floors::of(&work(), &slow).name(), "bandwidth floor");
        let of = |phase| Floors::of_phase(&work(), phase, &rates());
        assert_eq!(of(Phase::Weights), Floors { multiply_adds_ms: 0.0, bandwidth_ms: 0.2 });
        assert_eq!((of(Phase::Backward).higher(), of(Phase::Sample).higher()), (2.0, 0.0));
        assert!((times(4.5, &[]).over(&work(), &rates()) - 1.5).abs() < 1e-9);
    }

    /// The sentence for one step called `it`.
    fn why(times: &Times) -> Option<String> {
        times.excess(&work(), &rates()).map(|excess| Excess::sentence("it", &[&excess]))
    }

    #[test]
    fn a_step_near_its_floor_needs_no_explanation() {
        assert_eq!(why(&times(4.4, &[(Phase::Forward, 4.4)])), None);
    }

    #[test]
    fn the_phase_with_the_largest_excess_is_named() {
        // The backward pass takes longest, but it has most of the work: the excess of the phase scores is larger.
        let phases = [(Phase::Forward, 1.1), (Phase::Scores, 3.0), (Phase::Backward, 4.0), (Phase::Weights, 0.7)];
        assert_eq!(
            why(&times(9.0, &phases)).unwrap(),
            "it takes 3.0 times its multiply-add floor: the largest part above it is in phase scores, which has 3.000 of 9.000 ms, 33 % of the time and 0 % \
             of the multiply-adds."
        );
        let words = why(&times(9.0, &[(Phase::Forward, 1.0), (Phase::Backward, 7.0)])).unwrap();
        assert!(words.contains("phase backward, which has 7.000 of 9.000 ms, 78 % of the time and 67 % of the multiply-adds"), "{words}");
        // The phase weights takes longer than the phase scores, but its bytes take 2 of its 3 ms.
        let slow = Rates { bytes: 1e9, ..rates() };
        let phases = [(Phase::Pack, 1.0), (Phase::Forward, 1.0), (Phase::Scores, 1.5), (Phase::Backward, 2.0), (Phase::Weights, 3.0)];
        let excess = times(9.1, &phases).excess(&work(), &slow).unwrap();
        let words = Excess::sentence("it", &[&excess]);
        assert!(words.starts_with("it takes 1.5 times its bandwidth floor: the largest part above it is in phase scores"), "{words}");
    }

    #[test]
    fn a_profile_that_takes_longer_than_the_step_is_scaled_to_it() {
        let words = why(&times(9.0, &[(Phase::Forward, 6.0), (Phase::Pack, 12.0)])).unwrap();
        assert!(words.contains("phase pack, which has 6.000 of 9.000 ms, 67 % of the time"), "{words}");
    }

    #[test]
    fn time_outside_the_phases_and_a_missing_clock_are_told() {
        let words = why(&times(9.0, &[(Phase::Forward, 1.1), (Phase::Backward, 2.9)])).unwrap();
        assert!(words.contains("the largest part above it, 5.000 of 9.000 ms, 56 % of the time, is in no phase"), "{words}");
        let words = why(&times(9.0, &[])).unwrap();
        assert!(words.starts_with("it takes 3.0 times its multiply-add floor; this adapter has no clock"), "{words}");
    }

    #[test]
    fn steps_with_one_cause_share_a_sentence() {
        let excess = |step_ms: f64, phase: Phase| times(step_ms, &[(phase, step_ms)]).excess(&work(), &rates()).unwrap();
        let (first, second) = (excess(6.0, Phase::Pack), excess(12.0, Phase::Pack));
        assert!(first.is_like(&second) && !first.is_like(&excess(12.0, Phase::Weights)) && !first.is_like(&excess(12.0, Phase::Forward)));
        let words = Excess::sentence("the step", &[&first, &second]);
        assert!(words.starts_with("the step takes 2.0 to 4.0 times its multiply-add floor"), "{words}");
        assert!(words.ends_with("in phase pack, which has 100 % of the time and 0 % of the multiply-adds."), "{words}");
    }
}
