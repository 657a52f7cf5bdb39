//! `dense`: every unit is kept. The kernels are the same, with every score at 1.

use crate::model::Model;

use super::{Facts, Method, MethodConfig, everything};

pub(super) const FACTS: Facts = Facts {
    name: "dense",
    label: "dense",
    forwards: 1,
    learns_scores: false,
    estimator: None,
    starts_whole: false,
    computes_all: false,
    keeps_all: true,
    brings_back: false,
    ranks_by: None,
    settings: &[],
    // 97.98 %, with nothing gated.
    presets: &[("learning_rate", "0.1"), ("momentum", "0.9")],
    // 61.85 % in the search with a small CNN.
    convolutional_presets: Some(&[("learning_rate", "0.4"), ("momentum", "0.8")]),
    search: ("momentum", ["0.8", "0.9", "0.95"]),
};

pub(super) struct Dense;

impl Method for Dense {
    fn initial_scores(&self, _: &MethodConfig, model: &Model) -> Vec<f32> {
        everything(model)
    }
}
