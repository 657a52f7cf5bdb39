//! How many steps a submit should have: enough that reading back costs little, and few enough that a page stays responsive and no driver's timeout is
//! reached.

/// Target time of a submit, in milliseconds.
const AIM_MS: f64 = 30.0;
/// Submits longer than this are not doubled to measure the fixed part of their time.
const TRIED_MS: f64 = 150.0;

/// Chooses the steps of the next submit from the times of earlier ones. A submit takes `fixed + steps · each` milliseconds. Some browsers (Firefox)
/// check only ten times a second whether a device is done, so that one step takes as long as fifty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    steps: u32,
    most: u32,
    /// Milliseconds of a submit that do not depend on its steps, known after two submits of different lengths.
    fixed_ms: Option<f64>,
    /// Steps and milliseconds of the previous submit.
    before: Option<(u32, f64)>,
}

impl Pace {
    /// Starts at one step; never more than `most`.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { steps: 1, most: most.max(1), fixed_ms: None, before: None }
    }

    /// Steps of the next submit.
    #[must_use]
    pub fn steps(self) -> u32 {
        self.steps
    }

    /// Learns from a submit of `steps` steps that took `ms` milliseconds. The next one at most doubles, so that one quick measurement cannot make a
    /// submit that takes too long.
    pub fn took(&mut self, steps: u32, ms: f64) {
        let count = f64::from(steps.max(1));
        if let Some((earlier, earlier_ms)) = self.before.replace((steps, ms)).filter(|&(earlier, _)| earlier != steps) {
            let each = (ms - earlier_ms) / (count - f64::from(earlier.max(1)));
            self.fixed_ms = Some(ms - each.max(0.0) * count);
        }
        let fixed = self.fixed_ms.unwrap_or(0.0).clamp(0.0, ms);
        // The steps get as much time as the fixed part takes, so that at least half of the device's time is used for steps.
        let aim = AIM_MS.max(fixed.min(TRIED_MS));
        let fitting = aim * count / (ms - fixed).max(1e-3);
        // One slow step does not tell how much of its time is fixed, so two are tried.
        let least = if self.fixed_ms.is_none() && ms < TRIED_MS { 2 } else { 1 };
        self.steps = (fitting as u32).clamp(least, self.steps.max(1) * 2).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps of `submits` submits, each of which takes `fixed` milliseconds and `each` more a step.
    fn paced(submits: usize, fixed: f64, each: f64) -> Vec<u32> {
        let mut pace = Pace::new(64);
        let submit = |_| {
            let steps = pace.steps();
            pace.took(steps, fixed + each * f64::from(steps));
            pace.steps()
        };
        (0..submits).map(submit).collect()
    }

    #[test]
    fn finds_the_steps_that_fill_the_aim_and_doubles_at_most() {
        assert_eq!(paced(5, 0.0, 3.0), [2, 4, 8, 10, 10]);
        assert_eq!(paced(8, 0.0, 0.0), [2, 4, 8, 16, 32, 64, 64, 64]);
        let mut pace = Pace::new(64);
        pace.took(1, 3.0);
        pace.took(2, 6.0);
        pace.took(4, 10_000.0);
        assert_eq!(pace.steps(), 1);
    }

    #[test]
    fn a_submit_with_a_long_fixed_time_gets_more_steps() {
        assert_eq!(paced(8, 100.0, 0.5), [2, 4, 8, 16, 32, 64, 64, 64]);
        // Half of the time is for steps.
        assert_eq!(paced(6, 100.0, 10.0), [2, 4, 8, 10, 10, 10]);
    }

    #[test]
    fn slow_steps_stay_one_a_submit_and_are_tried_in_pairs_once_at_most() {
        assert_eq!(paced(4, 0.0, 2000.0), [1, 1, 1, 1]);
        assert_eq!(paced(4, 0.0, 60.0), [2, 1, 1, 1]);
    }

    #[test]
    fn one_slow_submit_has_no_lasting_effect() {
        let mut pace = Pace::new(64);
        for ms in [60.0, 20.0, 20.0, 40.0, 80.0, 100.0, 100.0, 100.0] {
            let steps = pace.steps();
            pace.took(steps, if ms == 60.0 { ms } else { 10.0 * f64::from(steps) });
        }
        assert_eq!(pace.steps(), 3);
    }
}
