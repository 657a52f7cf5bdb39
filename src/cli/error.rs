//! Why a command ends early.

use std::io;
use std::path::PathBuf;

use lacuna::config::ConfigError;
use lacuna::data::DataError;
use lacuna::device::DeviceError;
use lacuna::trainer::TrainError;

/// Why the arguments cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("--{flag}: {error}")]
    Setting { flag: String, error: ConfigError },
    /// A link, or settings that contradict each other.
    #[error(transparent)]
    Experiment(#[from] ConfigError),
}

/// Why a command ended; `Display` is what the user reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Arguments(#[from] ArgumentError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A file of the user's could not be written or read.
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    /// What a command found wrong.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// What turns the error of a file at `path` into this one.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }

    /// The exit status of the program: 2 where the arguments cannot be taken, as of what clap refuses, otherwise 1.
    pub(crate) fn exit_status(&self) -> u8 {
        if matches!(self, Self::Arguments(_)) { 2 } else { 1 }
    }
}
