//! The errors of a run.

use crate::config::{ConfigError, MethodName};
use crate::device::DeviceError;
use crate::methods;

/// Why a run cannot start or continue, or why it refuses a request.
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
    /// Something slow was stopped through [`Trainer::stop`](super::Trainer::stop).
    #[error("the run was stopped")]
    Stopped,
    #[error("{setting} cannot change during a run: restart with the new value")]
    SettingIsFixed { setting: &'static str },
    /// The method learns no scores.
    #[error("the mask of method {} is fixed: restart to change keep_ratio", method.name())]
    MaskIsFixed { method: MethodName },
    /// One mask was selected for fine-tuning.
    #[error("the mask is fixed during fine-tuning: pins apply to the next run")]
    TooLateToPin,
    #[error("unit {unit} was dropped from memory: it cannot be pinned on")]
    PinnedUnitWasDropped { unit: u32 },
    #[error(transparent)]
    UnitCost(#[from] UnitCostError),
    #[error("the saved run does not fit its experiment: {0}")]
    CheckpointMismatch(CheckpointMismatch),
    /// The estimators are measured on the batch of this step.
    #[error("the rows of step {step} are still loading: measure the estimators once they are loaded")]
    BatchIsMissing { step: u32 },
    #[error(
        "every unit is decided (its score is 0 or 1): there is no gradient to estimate. Methods {} and {} learn scores between 0 and 1",
        methods::learning()[0],
        methods::learning()[1]
    )]
    EveryUnitIsDecided,
    #[error("under one of the masks the loss of the frozen network is not finite: lower learning_rate, or set clip_norm")]
    FrozenNetworkDiverged,
}

/// Why the cost of a unit cannot be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitCostError {
    #[error("there is no such unit")]
    NoSuchUnit { unit: u32 },
    #[error("it was dropped from memory")]
    WasDropped { unit: u32 },
    #[error("it is the only kept unit of its layer: without it the layer would have none")]
    LastOfItsLayer { unit: u32 },
    #[error("the images are still loading")]
    BatchesAreMissing,
    #[error("the loss with it or without it is not finite")]
    LossIsNotFinite,
}

/// What in a checkpoint does not fit the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointMismatch {
    #[error("it has more steps than the run")]
    Steps,
    #[error("its units differ")]
    Units,
    #[error("its tensors have other sizes")]
    Tensors,
}
