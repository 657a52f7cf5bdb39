//! What a run takes of the device: known before any of it is taken.

use std::ops::Range;

use crate::config::Config;
use crate::methods::{Criterion, method};
use crate::model::{Bytes, Model, Tensor};

use super::Trainer;
use super::construction::{built, steps_of};

/// Masks that the copy of which every unit is computed forwards and has room for.
pub(super) const COPY_MASKS: u32 = 1;

/// Whether the method ranks units by their gradients before one of these steps of a run of `of`, for which it needs that copy.
pub(super) fn needs_copy(config: &Config, mut steps: Range<u32>, of: u32) -> bool {
    let (method, plan) = (method(config.method), config.plan());
    config.method.facts().ranks_by == Some(Criterion::Gradients) && steps.any(|step| method.chooses_before(&plan, step, of))
}

/// Those of a network with room for `masks` masks and, where units are ranked by it, of its copy.
pub(super) fn tensors(network: &Model, masks: u32, copied: bool) -> Vec<Tensor> {
    let mut tensors = network.tensors(masks);
    if copied {
        tensors.extend(network.with_gates().tensors(COPY_MASKS));
    }
    tensors
}

/// The tensors whose sizes the network decides that a run of this experiment on so many training rows takes, in the order in which it takes
/// them: those of the network as the method builds it, of `whole`, and of the copy by which units are ranked. Their bytes are those that
/// [`super::Trainer::memory`] says of the run before its first step.
#[must_use]
pub fn tensors_of(config: &Config, whole: &Model, train_rows: u32) -> Vec<Tensor> {
    tensors(&built(config, whole).0, config.method.facts().masks(), holds_copy(config, train_rows))
}

/// Whether such a run holds a copy of its network beside it, by which units are ranked.
#[must_use]
pub fn holds_copy(config: &Config, train_rows: u32) -> bool {
    let steps = steps_of(config, train_rows);
    needs_copy(config, 0..steps, steps)
}

impl Trainer {
    /// Bytes on the device that grow with the units of the network, by purpose; the copy by which units are ranked counts from the beginning, and
    /// the data set not.
    #[must_use]
    pub fn memory(&self) -> Bytes {
        let copied = self.dense_copy.is_some() || needs_copy(&self.config, self.step..self.steps, self.steps);
        Bytes::of(&tensors(&self.model, self.engine.masks, copied), self.config.batch_size)
    }

    /// All of [`Trainer::memory`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.memory().total()
    }
}
