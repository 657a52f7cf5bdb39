//! Why a run cannot start or go on.

use std::fmt;

use crate::config::ConfigError;
use crate::device::DeviceError;

/// Why a run cannot start or go on, in words.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainError {
    Config(ConfigError),
    Gpu(DeviceError),
    /// A loss or a gradient was not finite at this step.
    Diverged {
        step: u32,
        loss: f32,
        probe_loss: f32,
    },
    /// What lasted was ended through [`Trainer::stop`].
    Stopped,
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Gpu(error) => error.fmt(f),
            Self::Diverged { step, loss, probe_loss } => write!(
                f,
                "the run diverged at step {step} (loss {loss}, under the probe {probe_loss}) and was stopped before its weights were touched: \
                 lower learning_rate, or set clip_norm"
            ),
            Self::Stopped => write!(f, "the run was ended from outside"),
        }
    }
}

impl std::error::Error for TrainError {}

impl From<ConfigError> for TrainError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<DeviceError> for TrainError {
    fn from(error: DeviceError) -> Self {
        Self::Gpu(error)
    }
}
