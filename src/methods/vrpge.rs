//! `vrpge`: VR-PGE, the variance-reduced policy gradient estimator (arXiv 2111.05685, section 4). The scores start at the budget and are trained by
//! the difference of the losses of two forward passes.

use crate::model::Model;

use super::{Facts, Method, MethodConfig, at_the_budget};

pub(super) const FACTS: Facts = Facts {
    name: "vrpge",
    label: "VR-PGE",
    forwards: 2,
    learns_scores: true,
    estimator: None,
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
        "estimator",
        "alpha",
        "control_variate",
        "effect_rate",
        "exact_information",
        "fill_budget",
        "scores_optimizer",
        "scores_rate",
        "select_masks",
        "pins",
        "compact",
    ],
    // 94.72 and 97.09 %.
    presets: &[("learning_rate", "0.1"), ("keep_start", "0.5"), ("scores_rate", "0.2"), ("exact_information", "true")],
    // 46.87 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.1"), ("keep_start", "0.5"), ("scores_rate", "0.2"), ("exact_information", "true")]),
    search: ("scores_rate", ["0.05", "0.1", "0.2"]),
};

pub(super) struct Vrpge;

impl Method for Vrpge {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        at_the_budget(plan, model)
    }
}
