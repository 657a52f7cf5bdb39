//! `fisher-pruning`: pruning by the Fisher information of the units' masks (Theis et al. 2018; Molchanov et al. 2019), without sampling. The network
//! starts with a random mask of `keep_start`. Every `structure_every` steps the units whose loss would least rise without them go, so that the rest
//! fits the budget. It is the deterministic opponent of `fisher`: the same estimate of a unit's effect, no scores.

use crate::model::Model;
use crate::random::{Stream, Threefry};

use super::choosing::highest_of_kept;
use super::magnitude::prunes_before;
use super::static_mask::random_mask;
use super::{Criterion, Evidence, Facts, Method, MethodConfig};

pub(super) const FACTS: Facts = Facts {
    name: "fisher-pruning",
    label: "Fisher pruning",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: true,
    computes_all: false,
    keeps_all: false,
    brings_back: false,
    ranks_by: Some(Criterion::Effects),
    settings: &[
        "keep_ratio",
        "budget_unit",
        "schedule",
        "keep_start",
        "anneal_fraction",
        "structure_every",
        "effect_rate",
        "exact_information",
        "compact",
    ],
    // 96.52 % on average.
    presets: &[("learning_rate", "0.1"), ("keep_start", "0.5"), ("structure_every", "100"), ("effect_rate", "0.2")],
    // 49.27 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.4"), ("keep_start", "0.5"), ("structure_every", "100"), ("effect_rate", "0.2")]),
    search: ("structure_every", ["10", "25", "100"]),
};

pub(super) struct FisherPruning;

impl Method for FisherPruning {
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32> {
        random_mask(plan, plan.budget.at_first(), model)
    }

    fn chooses_before(&self, plan: &MethodConfig, step: u32, steps: u32) -> bool {
        prunes_before(plan, step, steps)
    }

    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        // Before the first step nothing is known of the units: chance decides which of them the budget of the first steps leaves out.
        let mut random = Threefry::new(evidence.plan.seed, Stream::Growth, 0);
        let chance: Vec<f64> = evidence.scores.iter().map(|_| f64::from(random.unit_interval())).collect();
        // An effect is below 0 where the loss falls with the unit.
        highest_of_kept(evidence, |unit| if evidence.step == 0 { chance[unit] } else { -evidence.effects[unit] })
    }
}
