//! `static`: a random mask, drawn once and fixed: of each gated group the share `keep_ratio`, rounded down, at least one unit.

use rand::seq::SliceRandom;

use crate::config::Config;
use crate::model::Model;
use crate::random::{Stream, Threefry};

use super::Method;

pub(super) struct RandomMask;

impl Method for RandomMask {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        let mut scores = Vec::with_capacity(model.units() as usize);
        for (group, turn) in model.gated().zip(0..) {
            let kept = ((config.keep_ratio * f64::from(group.size)).floor() as usize).max(1);
            let mut mask = vec![0.0; group.size as usize];
            mask[..kept].fill(1.0);
            mask.shuffle(&mut Threefry::new(config.seed, Stream::Static, turn));
            scores.extend(mask);
        }
        scores
    }

    fn forwards(&self) -> u32 {
        1
    }

    fn learns_scores(&self) -> bool {
        false
    }
}
