//! `reinforce`: the [plain](crate::estimators) policy gradient trains the scores from the loss of one mask. It is unbiased and takes one forward pass
//! a step, but its variance is high, since a loss is far from 0 where a difference of losses is near 0.

use crate::estimators::Estimator;
use crate::model::Model;

use super::{Facts, Method, MethodConfig, at_the_budget};

pub(super) const FACTS: Facts = Facts {
    name: "reinforce",
    label: "REINFORCE",
    forwards: 1,
    learns_scores: true,
    estimator: Some(Estimator::Plain),
    starts_whole: true,
    computes_all: false,
    keeps_all: false,
    brings_back: false,
    ranks_by: None,
    settings: &[
        "keep_ratio",
        "budget_unit",
        "schedule",
        "keep_start",
        "anneal_fraction",
        "alpha",
        "fill_budget",
        "scores_optimizer",
        "scores_rate",
        "select_masks",
        "pins",
        "compact",
    ],
    // 87.30 and 96.27 %.
    // From a whole network; from half of it, seeds 11 to 13: 89.72 instead of 86.14 %, 96.21 instead of 96.42 %, for less work.
    presets: &[("learning_rate", "0.1"), ("keep_start", "0.5"), ("scores_rate", "0.2")],
    convolutional_presets: None,
    search: ("scores_rate", ["0.05", "0.1", "0.2"]),
};

pub(super) struct Reinforce;

impl Method for Reinforce {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        at_the_budget(plan, model)
    }
}
