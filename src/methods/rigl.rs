//! `rigl`: as `set`, but those units come whose mask the loss asks for most (Evci et al. 2020, by units): |dL/dm| of units that are off, from
//! a dense pass over one batch.

use crate::config::Config;
use crate::model::Model;

use super::static_mask::random_mask;
use super::{Knowledge, Look, Method, exchange, exchange_count, exchanges};

pub(super) struct Rigl;

impl Method for Rigl {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        random_mask(config, model)
    }

    fn brings_back(&self) -> bool {
        true
    }

    fn looks(&self, config: &Config, step: u32, steps: u32) -> Option<Knowledge> {
        exchanges(config, step, steps).then_some(Knowledge::Gates)
    }

    fn asks_gates(&self) -> bool {
        true
    }

    fn choose(&self, look: &Look<'_>) -> Vec<f32> {
        let asked: Vec<f64> = look.gates.iter().map(|gate| gate.abs()).collect();
        let count = exchange_count(look.config, look.scores, look.step, look.steps);
        exchange(look.model, look.scores, look.norms, &asked, count)
    }
}
