//! `reinforce`: the policy gradient of one sample (Williams 1992), g = L (m − s) / (s(1−s))^(1−α): unbiased, one forward a step, and a loss
//! that is far from 0 in place of a difference.

use crate::config::Config;
use crate::model::Model;
use crate::schedule::keep_at;

use super::Method;

pub(super) struct Reinforce;

impl Method for Reinforce {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        vec![keep_at(config, 0, u32::MAX) as f32; model.units() as usize]
    }

    fn learns_scores(&self) -> bool {
        true
    }

    fn estimator(&self, _: &Config) -> u32 {
        2
    }
}
