//! VR-PGE (the paper, section 4): scores that start at the budget and learn from the loss difference of two forward passes.

use crate::config::Config;
use crate::model::Model;
use crate::schedule::keep_at;

use super::Method;

pub(super) struct Vrpge;

impl Method for Vrpge {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        vec![keep_at(config, 0, u32::MAX) as f32; model.units() as usize]
    }

    fn forwards(&self) -> u32 {
        2
    }

    fn learns_scores(&self) -> bool {
        true
    }
}
