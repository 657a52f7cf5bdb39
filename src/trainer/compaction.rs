//! Drops the units that are off for good, so that the run continues with smaller tensors.

use crate::mask;
use crate::model::Model;
use crate::shared::{Params, part};

use super::construction::engine_of;
use super::{TrainError, Trainer};

/// Puts the values of the units `numbers`, those on the device, at their places among the `units` of the whole network. Dropped units have 0.
pub(crate) fn to_whole<T: Copy + Default>(numbers: &[u32], values: &[T], units: u32) -> Vec<T> {
    let mut whole = vec![T::default(); units as usize];
    for (&number, &value) in numbers.iter().zip(values) {
        whole[number as usize] = value;
    }
    whole
}

impl Trainer {
    /// Whether units are to be dropped now: the experiment compacts, an epoch has just ended, and the run is not over.
    #[must_use]
    pub fn is_compact_due(&self) -> bool {
        self.config.compact && self.step > 0 && self.step.is_multiple_of(self.steps_per_epoch()) && self.step < self.steps
    }

    /// Drops from the device the units whose score is 0 for good. The run continues with smaller tensors, the same draws and the same values. A score
    /// of 0 does not change unless Adam's momentum still raises it; scores that are not trained never change. If the method brings units back,
    /// nothing is dropped. Returns the numbers of units before and after.
    ///
    /// # Errors
    /// The device is lost or cannot hold the smaller network beside the whole one.
    pub async fn compact(&mut self) -> Result<(u32, u32), TrainError> {
        self.finish_step().await?;
        self.apply_pins().await?;
        let before = self.model.units();
        let facts = self.config.method.facts();
        // A method that trains scores brings no unit back once they rest.
        if facts.brings_back && !(facts.learns_scores && self.engine.params.learn_scores == part::REST) {
            return Ok((before, before));
        }
        let buffers = &self.engine.buffers;
        let scores: Vec<f32> = self.engine.read(&buffers.scores).await?;
        let score_state: Vec<[f32; 4]> = self.engine.read(&buffers.score_state).await?;
        let rests = self.engine.params.learn_scores == part::REST;
        // A pinned unit may get its score back.
        let may_rise = |unit: usize| !rests && (score_state[unit][0] < 0.0 || self.pins.score(self.numbers[unit]).is_some());
        let mut kept: Vec<bool> = (0..before as usize).map(|unit| scores[unit] > 0.0 || may_rise(unit)).collect();
        // The unit that a group without a draw keeps, also where all scores of the group are 0.
        for group in self.model.gated() {
            kept[mask::first_highest(&scores, group.units())] = true;
        }
        if kept.iter().all(|&kept| kept) {
            return Ok((before, before));
        }
        let (model, remaining) = self.model.compacted(&kept);
        let units = |values: &[f32], width: usize| -> Vec<f32> {
            let each = values.chunks_exact(width).zip(&kept).filter(|(_, kept)| **kept);
            each.flat_map(|(values, _)| values.to_vec()).collect()
        };
        let left = units(&scores, 1);
        let engine = engine_of(&self.engine.machine, &self.config, &model, &left, &self.data, &self.data_buffers, self.engine.variants)?;
        engine.write(&engine.buffers.scores, &left);
        engine.write(&engine.buffers.score_state, &units(score_state.as_flattened(), 4));
        let weights: Vec<f32> = self.engine.read(&buffers.weights).await?;
        let velocity: Vec<f32> = self.engine.read(&buffers.velocity).await?;
        engine.write(&engine.buffers.weights, &remaining_weights(&self.model, &remaining, &weights));
        engine.write(&engine.buffers.velocity, &remaining_weights(&self.model, &remaining, &velocity));
        let running: Vec<[f32; 2]> = self.engine.read(&buffers.running).await?;
        let normalised = self.model.layers.iter().filter(|layer| layer.is_normalised());
        let statistics: Vec<[f32; 2]> = normalised
            .flat_map(|layer| remaining[layer.groups[1]].iter().map(|&unit| running[(layer.first_statistic + unit) as usize]))
            .collect();
        engine.write(&engine.buffers.running, &statistics);
        self.numbers = self.numbers.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(&number, _)| number).collect();
        self.base = None;
        engine.write(&engine.buffers.numbers, &self.numbers);
        let Params { learn_scores, masks, effects, .. } = self.engine.params;
        self.earlier_repeats += self.engine.repeats();
        self.engine = engine;
        self.engine.params = Params { masks, learn_scores, effects, ..self.engine.params };
        self.engine.write_params();
        self.model = model;
        self.write_pins();
        // The dense copy has the larger network.
        self.dense_copy = None;
        Ok((before, self.model.units()))
    }
}

/// The weights of a network's layers between the units that remain of each group.
fn remaining_weights(model: &Model, remaining: &[Vec<u32>], weights: &[f32]) -> Vec<f32> {
    let mut left = Vec::new();
    for layer in &model.layers {
        let [from, to] = layer.groups;
        let taps = (0..layer.taps).flat_map(|tap| remaining[from].iter().map(move |&input| tap * layer.inputs + input));
        let extra = (0..layer.extra.rows()).map(|row| layer.taps * layer.inputs + row);
        for row in taps.chain(extra) {
            left.extend(remaining[to].iter().map(|&output| weights[(layer.first_weight + row * layer.outputs + output) as usize]));
        }
    }
    left
}
