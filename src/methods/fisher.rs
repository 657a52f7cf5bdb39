//! `fisher`: the scores are driven by the Fisher information of the units' masks, a second-order estimate of what the loss would rise by without the
//! unit ([fisher](crate::estimators)). A step has one forward and one backward pass of the kept units, and no probe. Masks are sampled while the
//! budget falls; then the units with the highest scores are kept. It is biased: `vrpge` estimates the gradient itself.

use crate::estimators::Estimator;
use crate::mask;
use crate::model::Model;

use super::{Criterion, Evidence, Facts, Method, MethodConfig, at_the_budget};

pub(super) const FACTS: Facts = Facts {
    name: "fisher",
    label: "Fisher",
    forwards: 1,
    learns_scores: true,
    estimator: Some(Estimator::Fisher),
    starts_whole: true,
    computes_all: false,
    keeps_all: false,
    brings_back: true,
    ranks_by: Some(Criterion::Scores),
    settings: &[
        "keep_ratio",
        "budget_unit",
        "schedule",
        "keep_start",
        "anneal_fraction",
        "scores_rate",
        "effect_rate",
        "exact_information",
        "pins",
        "compact",
    ],
    // 96.31 % on average.
    presets: &[("learning_rate", "0.1"), ("keep_start", "0.3"), ("scores_rate", "0.1"), ("effect_rate", "0.2")],
    // 41.97 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.1"), ("keep_start", "0.3"), ("scores_rate", "0.2"), ("effect_rate", "0.2")]),
    search: ("scores_rate", ["0.05", "0.1", "0.2"]),
};

pub(super) struct Fisher;

impl Method for Fisher {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        at_the_budget(plan, model)
    }

    fn chooses_before(&self, plan: &MethodConfig, step: u32, steps: u32) -> bool {
        // Once: where the budget has reached its last value.
        f64::from(step) == (plan.budget.until * f64::from(steps)).ceil()
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        mask::certain(&mask::highest(evidence.model, evidence.scores, evidence.budget))
    }
}
