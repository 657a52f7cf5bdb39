//! `set`: sparse evolutionary training (Mocanu et al. 2018, by units): a random mask of which every `structure_every` steps the units of the
//! smallest norms go, and as many come at random.

use crate::config::Config;
use crate::model::Model;
use crate::random::{Stream, Threefry};

use super::static_mask::random_mask;
use super::{Knowledge, Look, Method, exchange, exchange_count, exchanges};

pub(super) struct Set;

impl Method for Set {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        random_mask(config, model)
    }

    fn brings_back(&self) -> bool {
        true
    }

    fn looks(&self, config: &Config, step: u32, steps: u32) -> Option<Knowledge> {
        exchanges(config, step, steps).then_some(Knowledge::Norms)
    }

    fn choose(&self, look: &Look<'_>) -> Vec<f32> {
        let mut random = Threefry::new(look.config.seed, Stream::Growth, look.step);
        let chance: Vec<f64> = look.scores.iter().map(|_| f64::from(random.unit_interval())).collect();
        let count = exchange_count(look.config, look.scores, look.step, look.steps);
        exchange(look.model, look.scores, look.norms, &chance, count)
    }
}
