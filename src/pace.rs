//! How many steps a submit should hold: enough that reading back costs little, few enough that a page stays responsive and no watchdog bites.

/// Milliseconds that a submit aims at.
const AIM_MS: f64 = 30.0;

/// A running answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    steps: u32,
    most: u32,
}

impl Pace {
    /// Starts at one step; never more than `most`.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { steps: 1, most: most.max(1) }
    }

    /// Steps of the next submit.
    #[must_use]
    pub fn steps(self) -> u32 {
        self.steps
    }

    /// Learns from a submit of `steps` steps that took `ms` milliseconds. It at most doubles, so that one quick measurement cannot
    /// make a submit that hangs.
    pub fn took(&mut self, steps: u32, ms: f64) {
        let fitting = AIM_MS * f64::from(steps.max(1)) / ms.max(1e-3);
        self.steps = (fitting as u32).clamp(1, self.steps * 2).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_steps_that_fill_the_aim_and_doubles_at_most() {
        let mut pace = Pace::new(64);
        for expected in [2, 4, 8, 10, 10] {
            let steps = pace.steps();
            pace.took(steps, 3.0 * f64::from(steps));
            assert_eq!(pace.steps(), expected);
        }
        pace.took(10, 10_000.0);
        assert_eq!(pace.steps(), 1);
        for _ in 0..10 {
            let steps = pace.steps();
            pace.took(steps, 0.0);
        }
        assert_eq!(pace.steps(), 64);
    }
}
