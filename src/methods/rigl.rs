//! `rigl`: as `set`, but the units that come are those with the largest |dL/dm| among the units that are off, from a dense pass over one batch
//! (rigged lottery, Evci et al. 2020, by units).

use crate::model::Model;

use super::choosing::{exchanged, exchanges};
use super::static_mask::random_mask;
use super::{Criterion, Evidence, Facts, Method, MethodConfig};

pub(super) const FACTS: Facts = Facts {
    name: "rigl",
    label: "RigL",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: false,
    brings_back: true,
    ranks_by: Some(Criterion::Gradients),
    settings: &["keep_ratio", "budget_unit", "structure_every", "drop_fraction", "allocation"],
    // 94.58 and 96.78 %.
    presets: &[("learning_rate", "0.1"), ("drop_fraction", "0.1")],
    // 45.73 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.2"), ("drop_fraction", "0.1")]),
    search: ("drop_fraction", ["0.1", "0.3", "0.5"]),
};

pub(super) struct Rigl;

impl Method for Rigl {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        random_mask(plan, plan.budget.last, model)
    }

    fn chooses_before(&self, plan: &MethodConfig, step: u32, steps: u32) -> bool {
        exchanges(plan, step, steps)
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        let asked: Vec<f64> = evidence.gradients.iter().map(|gradient| gradient.abs()).collect();
        exchanged(evidence, &asked)
    }
}
