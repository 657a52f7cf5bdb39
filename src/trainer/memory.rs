//! What a run takes of the device: known before any of it is taken.

use std::ops::Range;

use crate::config::Config;
use crate::methods::{Knowledge, method};
use crate::model::{Model, Tensor};

use super::{built, steps_of};

/// Masks that the copy with gates forwards and has room for.
pub(super) const COPY_MASKS: u32 = 1;

/// Whether the method asks the copy with gates before one of these steps of a run of `of`.
pub(super) fn asks_copy(config: &Config, mut steps: Range<u32>, of: u32) -> bool {
    let method = method(config.method);
    method.asks_gates() && steps.any(|step| method.looks(config, step, of) == Some(Knowledge::Gates))
}

/// Those of a network with room for `masks` masks and, where it is asked for masks, of its copy with gates.
pub(super) fn tensors(network: &Model, masks: u32, copied: bool) -> Vec<Tensor> {
    let mut tensors = network.tensors(masks);
    if copied {
        tensors.extend(network.with_gates().tensors(COPY_MASKS));
    }
    tensors
}

/// The tensors whose sizes the network decides that a run of this experiment on so many training rows takes, in the order in which it takes
/// them: those of the network as the method builds it, of `whole`, and of the copy that is asked for masks. Their bytes are those that
/// [`super::Trainer::held`] says of the run before its first step.
#[must_use]
pub fn tensors_of(config: &Config, whole: &Model, train_rows: u32) -> Vec<Tensor> {
    tensors(&built(config, whole).0, method(config.method).masks(), holds_copy(config, train_rows))
}

/// Whether such a run holds a copy of its network beside it, which is asked for masks.
#[must_use]
pub fn holds_copy(config: &Config, train_rows: u32) -> bool {
    let steps = steps_of(config, train_rows);
    asks_copy(config, 0..steps, steps)
}
