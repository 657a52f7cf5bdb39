//! `magnitude`: gradual pruning of whole units by the norm of their weights (Zhu and Gupta 2017, by units instead of weights): the network
//! starts dense, and every `structure_every` steps only the units of the largest norms stay that the budget pays for.

use crate::config::Config;
use crate::model::Model;
use crate::schedule::keep_at;

use super::{Knowledge, Look, Method, highest};

pub(super) struct Magnitude;

impl Method for Magnitude {
    fn initial_scores(&self, _: &Config, model: &Model) -> Vec<f32> {
        // The first choice comes before the first step, by the norms of the first weights, if the budget does not pay for everything then.
        vec![1.0; model.units() as usize]
    }

    fn looks(&self, config: &Config, step: u32, steps: u32) -> Option<Knowledge> {
        let falls = keep_at(config, step, steps) > config.keep_ratio || step < config.structure_every;
        let ended = step > 0 && keep_at(config, step - 1, steps) > config.keep_ratio;
        (step.is_multiple_of(config.structure_every) && falls || ended && !falls).then_some(Knowledge::Norms)
    }

    fn choose(&self, look: &Look<'_>) -> Vec<f32> {
        // What has been dropped does not come back: its norm rests, those of the others grow.
        let order: Vec<f64> = look.norms.iter().zip(look.scores).map(|(norm, &score)| if score == 0.0 { -1.0 } else { *norm }).collect();
        highest(look.model, &order, look.budget)
    }
}
