//! `small-dense`: the baseline for every mask. It is a dense network of the same shape, so narrow that its run takes as many multiply-adds as a run
//! of vrpge, or of another method by the setting `work_of`, of as many steps under the same schedule. It reads all inputs. Under a constant schedule
//! its step takes the multiply-adds of a step at `keep_ratio`.

use crate::model::Model;

use super::{Facts, Method, MethodConfig, everything};

pub(super) const FACTS: Facts = Facts {
    name: "small-dense",
    label: "small dense",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: true,
    brings_back: false,
    ranks_by: None,
    // The schedule of the run whose work this one matches.
    settings: &["keep_ratio", "schedule", "keep_start", "anneal_fraction", "work_of"],
    // 97.65 and 97.75 %, at the width of vrpge from a whole network. Its width follows from the first keep ratio of vrpge's preset.
    presets: &[("learning_rate", "0.1"), ("momentum", "0.9"), ("keep_start", "0.5")],
    // 51.97 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.4"), ("momentum", "0.9"), ("keep_start", "0.5")]),
    search: ("momentum", ["0.8", "0.9", "0.95"]),
};

pub(super) struct SmallDense;

/// `[U]` the first units of each gated group except the inputs: the share `share`, rounded down, at least one.
fn narrowed(model: &Model, share: f64) -> Vec<bool> {
    let mut kept = Vec::with_capacity(model.units() as usize);
    for (index, group) in model.groups.iter().enumerate().filter(|(_, group)| group.gated) {
        let wide = if index == 0 { group.size } else { ((share * f64::from(group.size)).floor() as u32).clamp(1, group.size) };
        kept.extend((0..group.size).map(|unit| unit < wide));
    }
    kept
}

/// Points of a run over which the work of the matched method is averaged.
const STRETCHES: u32 = 512;

/// Multiply-adds of a step of the method that is matched, averaged over a run, divided by those of a dense step.
fn mean_ratio(plan: &MethodConfig, model: &Model) -> f64 {
    let ratio = |stretch: u32| model.predicted_ratio(plan.budget.keep_at(2 * stretch + 1, 2 * STRETCHES), plan.forwards_matched);
    (0..STRETCHES).map(ratio).sum::<f64>() / f64::from(STRETCHES)
}

/// Multiply-adds of a dense step of the network of the units `kept`.
fn work(model: &Model, kept: &[bool]) -> u64 {
    let (narrow, _) = model.compacted(kept);
    narrow.multiply_adds(&narrow.sizes(), None).total()
}

impl Method for SmallDense {
    fn initial_scores(&self, _: &MethodConfig, model: &Model) -> Vec<f32> {
        everything(model)
    }

    fn built_of(&self, plan: &MethodConfig, model: &Model) -> Option<Vec<bool>> {
        let allowed = mean_ratio(plan, model) * model.multiply_adds(&model.sizes(), None).total() as f64;
        if work(model, &narrowed(model, 1.0)) as f64 <= allowed {
            return Some(narrowed(model, 1.0));
        }
        // The work rises with the width. The search finds the largest share within the work, to one in 4,096.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..12 {
            let middle = f64::midpoint(low, high);
            if work(model, &narrowed(model, middle)) as f64 <= allowed {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(narrowed(model, low))
    }
}
