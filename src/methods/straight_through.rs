//! `ste`: the scores learn by the chain rule through the mask, as if drawing it were the identity (Bengio, Léonard and Courville 2013; so do
//! `ProbMask`'s relaxations): g = dL/dm. It is biased, and it needs the gradient at units that are off: every unit is computed, forward and
//! backward.

use crate::config::Config;
use crate::model::Model;
use crate::schedule::keep_at;

use super::Method;

pub(super) struct StraightThrough;

impl Method for StraightThrough {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        vec![keep_at(config, 0, u32::MAX) as f32; model.units() as usize]
    }

    fn learns_scores(&self) -> bool {
        true
    }

    fn estimator(&self, _: &Config) -> u32 {
        3
    }

    fn brings_back(&self) -> bool {
        true
    }

    fn has_gates(&self) -> bool {
        true
    }
}
