//! What can go wrong with a run.

use crate::config::{ConfigError, MethodName};
use crate::device::DeviceError;
use crate::methods;

/// Why a run cannot start or go on, or why something cannot be asked of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Gpu(#[from] DeviceError),
    /// A loss or a gradient was not finite at this step.
    #[error(
        "the run diverged at step {step} (loss {loss}, under the probe {probe_loss}) and was stopped before its weights were touched: lower \
         learning_rate, or set clip_norm"
    )]
    Diverged { step: u32, loss: f32, probe_loss: f32 },
    /// What lasted was ended through [`Trainer::stop`](super::Trainer::stop).
    #[error("the run was ended from outside")]
    Stopped,
    #[error("{setting} cannot change during a run: restart with the new value")]
    SettingIsFixed { setting: &'static str },
    /// The method learns no scores.
    #[error("the mask of method {} is fixed: restart to change keep_ratio", method.name())]
    MaskIsFixed { method: MethodName },
    /// One mask was selected for fine-tuning.
    #[error("the mask is fixed by now: pins wait for the next run")]
    TooLateToPin,
    #[error("unit {unit} was dropped for good: it cannot be pinned on")]
    PinnedUnitWasDropped { unit: u32 },
    #[error(transparent)]
    UnitCost(#[from] UnitCostError),
    #[error("the saved run does not fit its experiment: {0}")]
    CheckpointMismatch(CheckpointMismatch),
    /// The estimators are measured on the batch of this step.
    #[error("the rows of step {step} are still on their way: measure the estimators once they are there")]
    BatchIsMissing { step: u32 },
    #[error(
        "every unit is decided (its score is 0 or 1): there is no gradient to estimate. Methods {} learn scores between 0 and 1",
        methods::learning("and")
    )]
    EveryUnitIsDecided,
    #[error("under one of the masks the loss of the frozen network is not finite: lower learning_rate, or set clip_norm")]
    FrozenNetworkDiverged,
}

/// Why it cannot be said what a unit is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitCostError {
    #[error("there is no such unit")]
    NoSuchUnit { unit: u32 },
    #[error("it was dropped for good")]
    WasDropped { unit: u32 },
    #[error("it is the only one of its layer that is kept: without it the layer would close")]
    LastOfItsLayer { unit: u32 },
    #[error("its images are still on their way")]
    BatchesAreMissing,
    #[error("the loss with it or without it is not finite")]
    LossIsNotFinite,
}

/// What of a checkpoint is not that of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointMismatch {
    #[error("it has more steps than there are")]
    Steps,
    #[error("its units are others")]
    Units,
    #[error("its tensors are of other sizes")]
    Tensors,
}
