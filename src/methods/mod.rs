//! One file per way of choosing masks, all under the same budget. A method says which scores a run starts from, how many forwards a step
//! makes and whether the scores learn; one that chooses its mask by looking at the network says when, at what, and how. The step itself is
//! the same for all.

mod dense;
mod magnitude;
mod reinforce;
mod rigl;
mod set;
mod small_dense;
mod snip;
mod static_mask;
mod straight_through;
#[cfg(test)]
mod tests;
mod vrpge;

use crate::config::{Config, Estimator, MethodName};
use crate::model::Model;

/// What has to be known of the network to choose a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The norms of its weights.
    Norms,
    /// How the loss changes with the mask of each unit, those that are off too: a dense forward and backward pass, which is counted.
    Gates,
}

/// The network as it stands when a mask is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub config: &'a Config,
    pub model: &'a Model,
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
    /// Units that may be kept until the mask is chosen again: ⌊K⌋ of the last step before that.
    pub budget: u32,
    /// `[U]` the mask, 0 or 1.
    pub scores: &'a [f32],
    /// `[U]` root mean square of the weights that lead to a unit, of an input of those that lead away; empty where not asked for.
    pub norms: &'a [f64],
    /// `[U]` dL/dm under the mask; empty where not asked for.
    pub gates: &'a [f64],
}

/// A way of choosing masks.
pub trait Method {
    /// `[U]` the scores of the first step; a score of 0 or 1 is a decision.
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32>;

    /// Forward passes of a training step: 1 under m, or 2 under m and m′.
    fn forwards(&self) -> u32 {
        1
    }

    /// Whether the scores learn.
    fn learns_scores(&self) -> bool {
        false
    }

    /// Masks that its network has room for. Scores that learn stand between 0 and 1, where an evaluation compares the decided mask with a sampled
    /// one; of scores of 0 and 1 the two are the same.
    fn masks(&self) -> u32 {
        if self.learns_scores() { 2 } else { 1 }
    }

    /// What the scores learn from, as `shaders/shared/structs.wgsl` numbers it.
    fn estimator(&self, config: &Config) -> u32 {
        match config.estimator {
            Estimator::TwoSided => 0,
            Estimator::OneSided => 1,
            Estimator::Plain => 2,
        }
    }

    /// Whether every unit is computed and multiplied by its mask.
    fn has_gates(&self) -> bool {
        false
    }

    /// Whether a unit whose score is 0 may be kept again.
    fn brings_back(&self) -> bool {
        false
    }

    /// Which units the network is built of: `[U]`, or all.
    fn built_of(&self, _: &Config, _: &Model) -> Option<Vec<bool>> {
        None
    }

    /// Whether the mask is chosen anew before `step` of a run of `steps`, and what for that has to be known.
    fn looks(&self, _: &Config, _step: u32, _steps: u32) -> Option<Knowledge> {
        None
    }

    /// Whether [`Method::looks`] ever needs to know [`Knowledge::Gates`].
    fn asks_gates(&self) -> bool {
        false
    }

    /// `[U]` the mask that is trained from here on, 0 or 1.
    fn choose(&self, look: &Look<'_>) -> Vec<f32> {
        look.scores.to_vec()
    }
}

/// The method of that name.
#[must_use]
pub fn method(name: MethodName) -> &'static dyn Method {
    match name {
        MethodName::Vrpge => &vrpge::Vrpge,
        MethodName::Reinforce => &reinforce::Reinforce,
        MethodName::Ste => &straight_through::StraightThrough,
        MethodName::Magnitude => &magnitude::Magnitude,
        MethodName::Set => &set::Set,
        MethodName::Rigl => &rigl::Rigl,
        MethodName::Snip => &snip::Snip,
        MethodName::Static => &static_mask::StaticMask,
        MethodName::SmallDense => &small_dense::SmallDense,
        MethodName::Dense => &dense::Dense,
    }
}

/// The mask of the `budget` units that stand highest in `order`, at least one of each gated group: the best of each first.
#[must_use]
pub fn highest(model: &Model, order: &[f64], budget: u32) -> Vec<f32> {
    let mut mask = vec![0.0; order.len()];
    let mut left = budget;
    for group in model.gated() {
        let units = group.first_unit as usize..(group.first_unit + group.size) as usize;
        mask[crate::reference::highest_score(order, units)] = 1.0;
        left = left.saturating_sub(1);
    }
    for unit in ranked(&mask, 0.0, &|unit| -order[unit]).into_iter().take(left as usize) {
        mask[unit] = 1.0;
    }
    mask
}

/// The units that stand at `state` in a mask, by ascending rank; of equal ones the first goes first.
fn ranked(mask: &[f32], state: f32, rank: &dyn Fn(usize) -> f64) -> Vec<usize> {
    let mut units: Vec<usize> = (0..mask.len()).filter(|&unit| mask[unit] == state).collect();
    units.sort_by(|&a, &b| rank(a).total_cmp(&rank(b)));
    units
}

/// The mask with `count` of its units exchanged: those that stand lowest in `keep` go, and as many of the others come that stand highest in
/// `grow`. No group closes, and no unit comes back at once.
#[must_use]
fn exchange(model: &Model, scores: &[f32], keep: &[f64], grow: &[f64], count: usize) -> Vec<f32> {
    let mut mask = scores.to_vec();
    let mut open: Vec<u32> = model.gated().map(|group| kept_of(&mask, group.first_unit, group.size)).collect();
    let groups: Vec<usize> = model.gated().enumerate().flat_map(|(index, group)| vec![index; group.size as usize]).collect();
    let lowest = ranked(&mask, 1.0, &|unit| keep[unit]);
    let absent = ranked(&mask, 0.0, &|unit| -grow[unit]);
    let (mut dropped, count) = (0, count.min(absent.len()));
    for unit in lowest {
        if dropped == count {
            break;
        }
        if open[groups[unit]] > 1 {
            open[groups[unit]] -= 1;
            mask[unit] = 0.0;
            dropped += 1;
        }
    }
    for unit in absent.into_iter().take(dropped) {
        mask[unit] = 1.0;
    }
    mask
}

fn kept_of(mask: &[f32], first: u32, size: u32) -> u32 {
    mask[first as usize..][..size as usize].iter().filter(|&&score| score == 1.0).count() as u32
}

/// Share of the run after which a mask that is exchanged piece by piece rests.
const REST: f64 = 0.75;

/// Whether `step` is one at which a mask is exchanged: every `structure_every` steps, not at the beginning and not near the end.
fn exchanges(config: &Config, step: u32, steps: u32) -> bool {
    step > 0 && step.is_multiple_of(config.structure_every) && f64::from(step) < REST * f64::from(steps)
}

/// Units that are exchanged at `step`: `drop_fraction` of the kept ones, less and less along a cosine (Evci et al. 2020).
fn exchange_count(config: &Config, scores: &[f32], step: u32, steps: u32) -> usize {
    let progress = f64::from(step) / (REST * f64::from(steps));
    let share = config.drop_fraction / 2.0 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos());
    (share * scores.iter().map(|&score| f64::from(score)).sum::<f64>()).round() as usize
}
