//! `static`: a random mask, drawn once and fixed. It keeps the share `keep_ratio` of each gated group, rounded down, at least one unit; or as many
//! units of each as `allocation` says, which tests another method's allocation without its choice of units. The same share of each group uses up the
//! budget in either unit of it, so that the setting `budget_unit` makes no difference.

use rand::seq::SliceRandom;

use crate::mask;
use crate::model::{Group, Model};
use crate::random::{Stream, Threefry};

use super::{Facts, Method, MethodConfig};

pub(super) const FACTS: Facts = Facts {
    name: "static",
    label: "static random",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: false,
    brings_back: false,
    ranks_by: None,
    settings: &["keep_ratio", "allocation", "compact"],
    // 89.70 and 97.10 %.
    presets: &[("learning_rate", "0.2"), ("momentum", "0.8")],
    // 46.73 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.2"), ("momentum", "0.9")]),
    search: ("momentum", ["0.8", "0.9", "0.95"]),
};

pub(super) struct Static;

/// Units of each gated group in a random mask: this share of it, or as many as `allocation` says.
fn counts(plan: &MethodConfig, share: f64, model: &Model) -> Vec<u32> {
    let count = |(index, group): (usize, &Group)| {
        let own = (share * f64::from(group.size)).floor() as u32;
        plan.allocation.get(index).copied().unwrap_or(own).clamp(1, group.size)
    };
    model.gated().enumerate().map(count).collect()
}

/// A random mask of this share of each gated group, or of as many units of each as `allocation` says.
pub(super) fn random_mask(plan: &MethodConfig, share: f64, model: &Model) -> Vec<f32> {
    let mut kept = Vec::with_capacity(model.units() as usize);
    for ((index, group), count) in model.gated().enumerate().zip(counts(plan, share, model)) {
        let mut mask = vec![false; group.size as usize];
        mask[..count as usize].fill(true);
        mask.shuffle(&mut Threefry::new(plan.seed, Stream::Static, index as u32));
        kept.extend(mask);
    }
    mask::certain(&kept)
}

/// The price of all units of such a mask.
pub(super) fn price_of_random(plan: &MethodConfig, share: f64, model: &Model) -> f64 {
    model.price_of(counts(plan, share, model))
}

impl Method for Static {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        random_mask(plan, plan.budget.last, model)
    }
}
