//! The budget K over a run, as a share of the gated units.

/// A budget that is constant, or that falls from one share to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The share at the first step. `last` is the share from the end of the fall on.
    pub first: f64,
    pub last: f64,
    /// The part of the run after which the fall has ended.
    pub until: f64,
}

impl Budget {
    /// The share of the units that the budget allows at `step` of a run of `steps`. The fall is cubic (Zhu and Gupta 2017, as in the code of arXiv
    /// 2111.05685).
    #[must_use]
    pub fn keep_at(&self, step: u32, steps: u32) -> f64 {
        let end = self.until * f64::from(steps);
        if f64::from(step) >= end {
            return self.last;
        }
        let left = 1.0 - f64::from(step) / end;
        self.last + (self.first - self.last) * left * left * left
    }

    /// The share at the first step of a run of any length.
    #[must_use]
    pub fn at_first(&self) -> f64 {
        self.keep_at(0, u32::MAX)
    }
}
