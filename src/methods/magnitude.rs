//! `magnitude`: gradual pruning of units by the norm of their weights (Zhu and Gupta 2017, by units instead of weights). The network starts dense.
//! Every `structure_every` steps the units with the largest norms are kept, as many as the budget allows.

use crate::model::Model;

use super::choosing::highest_of_kept;
use super::{Criterion, Evidence, Facts, Method, MethodConfig, everything};

pub(super) const FACTS: Facts = Facts {
    name: "magnitude",
    label: "magnitude",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: true,
    computes_all: false,
    keeps_all: false,
    brings_back: false,
    ranks_by: Some(Criterion::Norms),
    settings: &["keep_ratio", "budget_unit", "schedule", "keep_start", "anneal_fraction", "structure_every", "compact"],
    // 94.48 and 96.24 %. Its budget falls from all units. From half of them, seeds 11 to 13, it loses 1.9 points, and where only hidden units are gated it keeps one
    // unit of the first layer.
    presets: &[("learning_rate", "0.2"), ("structure_every", "100")],
    convolutional_presets: None,
    search: ("structure_every", ["25", "100", "400"]),
};

pub(super) struct Magnitude;

/// Whether a mask is pruned before `step`: every `structure_every` steps while the budget falls, and where it has reached its last value.
pub(super) fn prunes_before(plan: &MethodConfig, step: u32, steps: u32) -> bool {
    let is_above = |step: u32| plan.budget.keep_at(step, steps) > plan.budget.last;
    let falls = is_above(step) || step < plan.structure_every;
    let ended = step > 0 && is_above(step - 1);
    step.is_multiple_of(plan.structure_every) && falls || ended && !falls
}

impl Method for Magnitude {
    fn initial_scores(&self, _: &MethodConfig, model: &Model) -> Vec<f32> {
        // The first choice comes before the first step, by the norms of the first weights, if the budget does not allow every unit.
        everything(model)
    }

    fn chooses_before(&self, plan: &MethodConfig, step: u32, steps: u32) -> bool {
        prunes_before(plan, step, steps)
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        // A dropped unit must not come back: its norm does not change any more, while others change.
        highest_of_kept(evidence, |unit| evidence.norms[unit])
    }
}
