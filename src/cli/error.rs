//! The errors of commands.

use std::io;
use std::path::{Path, PathBuf};

use lacuna::animation::AnimationError;
use lacuna::config::ConfigError;
use lacuna::data::DataError;
use lacuna::device::DeviceError;
use lacuna::export::ExportError;
use lacuna::run_file::{RestoreError, RunFileError};
use lacuna::trainer::TrainError;

use super::arguments::SweepError;
use super::compare::CompareError;
use super::log::LogError;
use super::memory::MemoryError;
use super::plot::PlotError;
use super::record::{OtherData, status_of};

/// Why the arguments are refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("--{flag}: {error}")]
    Setting { flag: String, error: ConfigError },
    /// An error in a link, or settings that contradict each other.
    #[error(transparent)]
    Experiment(#[from] ConfigError),
    #[error(transparent)]
    Sweep(#[from] SweepError),
    #[error("--{flag} {} is the file of --{other}, which it would overwrite: give another path", path.display())]
    SamePath { path: PathBuf, flag: &'static str, other: &'static str },
    #[error("--{flag} {} is the run itself: give another path", path.display())]
    IsRun { path: PathBuf, flag: &'static str },
    #[error("{} ends neither in .onnx nor in .safetensors: rename it, or give --format", path.display())]
    NoEnding { path: PathBuf },
    #[error("{} is to hold {format}: give it the ending .{format}", path.display())]
    OtherEnding { path: PathBuf, format: &'static str },
}

/// Why a command failed; `Display` is the message for the user.
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
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    RunFile(#[from] RunFileError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    OtherData(#[from] OtherData),
    #[error(transparent)]
    Animation(#[from] AnimationError),
    /// A file of the user cannot be written or read.
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} cannot be read as a run: {error}", path.display())]
    NoRun { path: PathBuf, error: RunFileError },
    #[error("{} cannot be exported: {error}", path.display())]
    NoExport { path: PathBuf, error: ExportError },
    #[error("{} is there already: give another path, or --replace", path.display())]
    Exists { path: PathBuf },
    /// The difference of two lists of logits, as [`lacuna::export::difference`] has it.
    #[error(
        "the exported network differs from the masked one by {difference:.1e} of its largest output: nothing was written; please report this with the run"
    )]
    ExportDiffers { difference: f64 },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("standard output: {0}")]
    Output(io::Error),
    #[error("signals cannot be handled: {0}")]
    Signals(io::Error),
    /// A signal ended training; the run is saved.
    #[error("stopped at step {step}; to continue: lacuna train --resume {0} --save {0}", path.display())]
    Interrupted { signal: i32, step: u32, path: PathBuf },
    /// `after_steps` of `lacuna estimator` are more than the run has.
    #[error("--after-steps {after_steps}: the run has {steps} steps; give a smaller number, or more --epochs")]
    TooManySteps { after_steps: u32, steps: u32 },
    #[error("{} of {kernels} kernels differ from their references: {}", failed.len(), failed.join(", "))]
    KernelsDiffer { failed: Vec<String>, kernels: usize },
    /// One line for each curve or tensor.
    #[error("the run that was trained again differs:\n{}", differences.join("\n"))]
    RunDiffers { differences: Vec<String> },
    /// One sentence for each point of `lacuna bench --sweep`.
    #[error("no point of the sweep could be measured:\n{}", reasons.join("\n"))]
    NothingMeasured { reasons: Vec<String> },
    #[error("the run cannot be trained beyond step {step}: its file says {says}")]
    RunEnds { step: u32, says: u32 },
}

impl CliError {
    /// Converts an error of the file at `path`.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { path: path.to_owned(), error }
    }

    /// The exit status of the program: 2 if the arguments are refused, as clap does, also where that needs the data or the device; that of the signal if one ended it; otherwise 1.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Arguments(_)
            | Self::Compare(
                CompareError::UnknownMethod { .. }
                | CompareError::MethodTwice { .. }
                | CompareError::NothingToDivideAs { .. }
                | CompareError::Finetuning
                | CompareError::TooManySeeds { .. }
                | CompareError::PinsInSearch,
            )
            | Self::TooManySteps { .. }
            | Self::Exists { .. }
            | Self::Device(DeviceError::NoSuchAdapter { .. }) => 2,
            Self::Interrupted { signal, .. } => status_of(*signal) as u8,
            _ => 1,
        }
    }
}
