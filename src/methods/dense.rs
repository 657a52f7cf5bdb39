//! `dense`: everything kept, by the same path with every score at 1.

use crate::config::Config;
use crate::model::Model;

use super::Method;

pub(super) struct Dense;

impl Method for Dense {
    fn initial_scores(&self, _: &Config, model: &Model) -> Vec<f32> {
        vec![1.0; model.units() as usize]
    }
}
