//! `set`: sparse evolutionary training (Mocanu et al. 2018, by units). The mask is random. Every `structure_every` steps the units with the smallest
//! norms go, and others come at random, as many as the price of the first mask allows.

use crate::model::Model;
use crate::random::{Stream, Threefry};

use super::choosing::{exchanged, exchanges};
use super::static_mask::random_mask;
use super::{Criterion, Evidence, Facts, Method, MethodConfig};

pub(super) const FACTS: Facts = Facts {
    name: "set",
    label: "SET",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: false,
    brings_back: true,
    ranks_by: Some(Criterion::Norms),
    settings: &["keep_ratio", "budget_unit", "structure_every", "drop_fraction", "allocation"],
    // 93.80 and 96.27 %.
    presets: &[("learning_rate", "0.2"), ("drop_fraction", "0.3")],
    convolutional_presets: None,
    search: ("drop_fraction", ["0.1", "0.3", "0.5"]),
};

pub(super) struct Set;

impl Method for Set {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        random_mask(plan, plan.budget.last, model)
    }

    fn chooses_before(&self, plan: &MethodConfig, step: u32, steps: u32) -> bool {
        exchanges(plan, step, steps)
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        let mut random = Threefry::new(evidence.plan.seed, Stream::Growth, evidence.step);
        let chance: Vec<f64> = evidence.scores.iter().map(|_| f64::from(random.unit_interval())).collect();
        exchanged(evidence, &chance)
    }
}
