//! `static`: a random mask, drawn once and fixed: of each gated group the share `keep_ratio`, rounded down, at least one unit; or as many
//! units of each as `allocation` says, so that another method's division of the budget can be tried without its choice.

use rand::seq::SliceRandom;

use crate::config::Config;
use crate::model::Model;
use crate::random::{Stream, Threefry};

use super::Method;

pub(super) struct StaticMask;

/// A random mask of the share `keep_ratio` of each gated group, or of as many units of each as `allocation` says.
pub(super) fn random_mask(config: &Config, model: &Model) -> Vec<f32> {
    let allocation = config.allocation_counts();
    let mut scores = Vec::with_capacity(model.units() as usize);
    for (index, group) in model.gated().enumerate() {
        let share = (config.keep_ratio * f64::from(group.size)).floor() as u32;
        let kept = allocation.get(index).copied().unwrap_or(share).clamp(1, group.size) as usize;
        let mut mask = vec![0.0; group.size as usize];
        mask[..kept].fill(1.0);
        mask.shuffle(&mut Threefry::new(config.seed, Stream::Static, index as u32));
        scores.extend(mask);
    }
    scores
}

impl Method for StaticMask {
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32> {
        random_mask(config, model)
    }
}
