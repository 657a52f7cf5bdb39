//! The memory that a run takes on the device, predicted before it is allocated.

use std::ops::Range;

use crate::config::Config;
use crate::methods::{Criterion, method};
use crate::model::{Bytes, Model, Tensor};
use crate::pins::Pins;

use super::construction::{built, first_scores, steps_of};
use super::{TrainError, Trainer};

/// Masks of the copy that computes every unit.
pub(super) const COPY_MASKS: u32 = 1;

/// Whether the method ranks units by their gradients before one of these steps of a run of `of`, and so needs that copy.
pub(super) fn needs_copy(config: &Config, mut steps: Range<u32>, of: u32) -> bool {
    let (method, plan) = (method(config.method), config.plan());
    config.method.facts().ranks_by == Some(Criterion::Gradients) && steps.any(|step| method.chooses_before(&plan, step, of))
}

/// The tensors of the copy of `model` that ranks units: it has room for all of them.
fn tensors_of_copy(model: &Model) -> Vec<Tensor> {
    copied_model(model).tensors(COPY_MASKS)
}

/// The network of the copy that computes every unit.
pub(super) fn copied_model(model: &Model) -> Model {
    let model = model.clone().with_passes(1, 0);
    if model.is_gated() { model } else { model.with_gates() }
}

/// The tensors that a run of this experiment on so many training rows allocates, in order, as far as their sizes depend on the network: those of the
/// network as the method builds it from `whole`, and of the copy that ranks units. Their bytes equal [`super::Trainer::memory`] before the first
/// step.
#[must_use]
pub fn tensors_of(config: &Config, whole: &Model, train_rows: u32) -> Vec<Tensor> {
    let (model, numbers) = built(config, whole);
    let pins = Pins::read(&config.pins).unwrap_or_default();
    let [scores, _] = first_scores(config, whole, &model, &numbers, &pins, steps_of(config, train_rows));
    let network = model.with_capacities(&model.capacities(&scores));
    let mut tensors = network.tensors(config.method.facts().masks());
    if holds_copy(config, train_rows) {
        tensors.extend(tensors_of_copy(&model));
    }
    tensors
}

/// Whether such a run has a copy of its network that ranks units.
#[must_use]
pub fn holds_copy(config: &Config, train_rows: u32) -> bool {
    let steps = steps_of(config, train_rows);
    needs_copy(config, 0..steps, steps)
}

impl Trainer {
    /// Fits the buffers of the device to draws from `scores` (`[U]` of the units on the device), until the next submit. A step that needs more room
    /// gets it, so that what the run computes does not depend on them.
    ///
    /// # Errors
    /// The device has too little memory.
    pub fn fit_memory(&mut self, scores: &[f32]) -> Result<(), TrainError> {
        Ok(self.engine.fit(scores)?)
    }

    /// Fits the buffers after `steps` more steps, which left these scores. At the end of the run it fits them exactly: their bytes should not depend on
    /// how the steps were divided into submits.
    pub(super) fn fit_after(&mut self, steps: u32, scores: &[f32]) -> Result<(), TrainError> {
        let is_end = self.step + steps == self.steps;
        Ok(if is_end { self.engine.fit_exactly(scores) } else { self.engine.fit(scores) }?)
    }

    /// Bytes on the device that grow with the units of the network, by purpose. The copy that ranks units counts from the beginning; the data set
    /// does not count.
    #[must_use]
    pub fn memory(&self) -> Bytes {
        let mut tensors = self.engine.tensors().to_vec();
        match &self.dense_copy {
            Some((_, copy)) => tensors.extend_from_slice(copy.tensors()),
            None if needs_copy(&self.config, self.step..self.steps, self.steps) => tensors.extend(tensors_of_copy(&self.model)),
            None => {}
        }
        Bytes::of(&tensors, self.config.batch_size)
    }

    /// The sum of [`Trainer::memory`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.memory().total()
    }
}
