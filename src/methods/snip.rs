//! `snip`: before the first step the units are kept whose mask the loss is most sensitive to, |dL/dm| of the dense network on one batch, and
//! no others ever (Lee, Ajanthan and Torr 2019, by units).

use crate::config::Config;
use crate::model::Model;

use super::{Knowledge, Look, Method, highest};

pub(super) struct Snip;

impl Method for Snip {
    fn initial_scores(&self, _: &Config, model: &Model) -> Vec<f32> {
        vec![1.0; model.units() as usize]
    }

    fn looks(&self, _: &Config, step: u32, _: u32) -> Option<Knowledge> {
        (step == 0).then_some(Knowledge::Gates)
    }

    fn asks_gates(&self) -> bool {
        true
    }

    fn choose(&self, look: &Look<'_>) -> Vec<f32> {
        let sensitivity: Vec<f64> = look.gates.iter().map(|gate| gate.abs()).collect();
        highest(look.model, &sensitivity, look.budget)
    }
}
