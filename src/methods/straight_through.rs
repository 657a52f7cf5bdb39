//! `ste`: the scores are trained by the chain rule through the mask, as if drawing it were the identity ([ste](crate::estimators); `ProbMask`'s
//! relaxations do the same). It is biased, and it needs the gradient at units that are off: every unit is computed, forward and backward.

use crate::estimators::Estimator;
use crate::model::Model;

use super::{Facts, Method, MethodConfig, at_the_budget};

pub(super) const FACTS: Facts = Facts {
    name: "ste",
    label: "straight-through",
    forwards: 1,
    learns_scores: true,
    estimator: Some(Estimator::Ste),
    starts_whole: true,
    computes_all: true,
    keeps_all: false,
    brings_back: true,
    ranks_by: None,
    settings: &[
        "keep_ratio",
        "budget_unit",
        "schedule",
        "keep_start",
        "anneal_fraction",
        "fill_budget",
        "scores_optimizer",
        "scores_rate",
        "select_masks",
        "pins",
    ],
    // 91.93 and 95.51 %.
    presets: &[("learning_rate", "0.05"), ("scores_rate", "0.1")],
    convolutional_presets: None,
    search: ("scores_rate", ["0.05", "0.1", "0.2"]),
};

pub(super) struct Ste;

impl Method for Ste {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        at_the_budget(plan, model)
    }
}
