//! The work that a run took, and its budget.

use crate::shared::{Record, effects};

use super::Trainer;

/// Multiply-adds that were executed, counted from the units that each step kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub forward: u64,
    pub backward: u64,
    /// Of what only serves the choice of a mask: dL/dm of the kept units, passes that rank units, the final selection.
    pub structure: u64,
    /// The multiply-adds, of all those above, in passes that took more than half the work of the same pass of the whole dense network: a dense start,
    /// a dense backward pass, a dense pass that ranks every unit. The two forward passes of a step count separately.
    pub near_dense: u64,
}

impl Cost {
    #[must_use]
    pub fn total(self) -> u64 {
        self.forward + self.backward + self.structure
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), std::ops::Add::add)
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            forward: self.forward + other.forward,
            backward: self.backward + other.backward,
            structure: self.structure + other.structure,
            near_dense: self.near_dense + other.near_dense,
        }
    }
}

impl Trainer {
    /// Multiply-adds of a step, with the units that it kept.
    #[must_use]
    pub fn cost_of(&self, record: &Record) -> Cost {
        let batch = u64::from(self.config.batch_size);
        let own = self.model.multiply_adds(&record.kept[..self.model.groups.len()], None).backward;
        let near_dense = over_half(own, self.whole.multiply_adds(&self.whole.sizes(), None).backward);
        let structure = if self.engine.params.effects == effects::NONE {
            0
        } else {
            let kept = &record.kept[..self.model.groups.len()];
            self.model.mask_multiply_adds(kept) + self.model.information_multiply_adds(kept) * batch
        };
        self.forward_of(record) + Cost { backward: own * batch, near_dense: near_dense * batch, structure, ..Cost::default() }
    }

    /// Multiply-adds of a forward pass over a batch, under the masks of the current method.
    pub(super) fn forward_of(&self, record: &Record) -> Cost {
        let (groups, batch) = (self.model.groups.len(), u64::from(self.config.batch_size));
        let dense = self.whole.multiply_adds(&self.whole.sizes(), None).forward;
        let masks = [&record.kept, &record.probe_kept];
        let passes =
            masks.iter().take(self.engine.params.masks as usize).map(|kept| self.model.multiply_adds(&kept[..groups], None).forward);
        passes.map(|pass| Cost { forward: pass * batch, near_dense: over_half(pass, dense) * batch, ..Cost::default() }).sum()
    }

    /// Multiply-adds of all steps so far, and of choosing masks.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// K of the method, given the scheduled value: only a method that starts whole has a budget that falls.
    #[must_use]
    pub fn budget(&self, scheduled: f32) -> f64 {
        let (config, facts) = (&self.config, self.config.method.facts());
        if facts.keeps_all {
            f64::from(self.model.units())
        } else if facts.has_setting("allocation") && !config.allocation.is_empty() {
            self.whole.price_of(config.allocation_counts())
        } else if facts.starts_whole {
            scheduled.into()
        } else {
            config.keep_ratio * f64::from(self.whole.units())
        }
    }

    /// Multiply-adds of a step for each image, with the units that it kept.
    #[must_use]
    pub fn work(&self, record: &Record) -> u64 {
        let groups = self.model.groups.len();
        let probe = (self.engine.params.masks == 2).then_some(&record.probe_kept[..groups]);
        self.model.multiply_adds(&record.kept[..groups], probe).total()
    }
}

/// `work` if it is more than half of `dense`, otherwise 0.
pub(super) fn over_half(work: u64, dense: u64) -> u64 {
    if 2 * work > dense { work } else { 0 }
}
