//! `snip`: single-shot network pruning (Lee, Ajanthan and Torr 2019, by units). Before the first step it chooses the units to which the loss is most
//! sensitive: |dL/dm| of the dense network on one batch. The mask never changes after that.

use crate::model::Model;

use super::{Criterion, Evidence, Facts, Method, MethodConfig, everything, highest};

pub(super) const FACTS: Facts = Facts {
    name: "snip",
    label: "SNIP",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: false,
    brings_back: false,
    ranks_by: Some(Criterion::Gradients),
    settings: &["keep_ratio", "budget_unit", "compact"],
    // 92.93 and 96.76 %.
    presets: &[("learning_rate", "0.2"), ("momentum", "0.8")],
    convolutional_presets: None,
    search: ("momentum", ["0.8", "0.9", "0.95"]),
};

pub(super) struct Snip;

impl Method for Snip {
    fn initial_scores(&self, _: &MethodConfig, model: &Model) -> Vec<f32> {
        everything(model)
    }

    fn chooses_before(&self, _: &MethodConfig, step: u32, _: u32) -> bool {
        step == 0
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        let sensitivity: Vec<f64> = evidence.gradients.iter().map(|gradient| gradient.abs()).collect();
        highest(evidence.model, &sensitivity, evidence.budget)
    }
}
