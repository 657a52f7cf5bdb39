//! The errors of reading a run file, and of continuing a run from one.

use crate::config::ConfigError;
#[cfg(feature = "gpu")]
use crate::device::VariantsError;
use crate::trainer::TrainError;

use super::FORMAT;

/// Why a file cannot be read as a run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunFileError {
    /// With the message of the safetensors library.
    #[error("it is not a safetensors file, or it is incomplete ({0})")]
    NoTensors(String),
    #[error("it holds tensors, but not of a run: it has no metadata")]
    NoMetadata,
    #[error("it holds tensors, but not of a run: the format in its metadata is another one")]
    NoRun,
    #[error("it is of another version, \"{version}\"; this program reads \"{FORMAT}\"")]
    OtherVersion { version: String },
    #[error("its link: {0}")]
    Link(ConfigError),
    /// The network does not fit the data set, or a setting refuses a changed value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A variant that a later version has.
    #[cfg(feature = "gpu")]
    #[error("its kernels: {0}")]
    Kernels(#[from] VariantsError),
    #[error("its metadata lack {name}")]
    MetadataMissing { name: String },
    #[error("{name} in its metadata is not a valid number: \"{text}\"")]
    NoNumber { name: String, text: String },
    #[error("{name} in its metadata is not JSON")]
    NoJson { name: String },
    #[error("its metadata lack the {what} of its data set")]
    DataUnsaid { what: &'static str },
    #[error("its metadata lack the name of its data set")]
    DataUnnamed,
    #[error("the images of its data set are too large")]
    DataTooLarge,
    #[error("it lacks the tensor {name}")]
    TensorMissing { name: String },
    #[error("tensor {name} {problem}")]
    Tensor { name: String, problem: TensorProblem },
    /// `whole` and `of_epoch` are the steps of the run and of an epoch, computed from the link and the data set.
    #[error(
        "it says step {step} of {steps} with {steps_per_epoch} steps an epoch after {seconds} s, but its link and its data set give {whole} \
         steps with {of_epoch} an epoch"
    )]
    Steps { step: u32, steps: u32, steps_per_epoch: u32, seconds: f64, whole: u64, of_epoch: u32 },
    #[error("its scores are not keep-probabilities from 0 to 1")]
    Scores,
    #[error("tensor numbers has no unit of some group")]
    EmptyGroup,
    #[error("tensor numbers is not an ascending list of units")]
    Numbers,
    #[error("changes in its metadata are not a list, or there are too many")]
    NoChanges,
    #[error("changes in its metadata are not [step, setting, value] in the order of their steps")]
    Changes,
    #[error("the steps of its curves are not ascending, or contradict curves_width")]
    Curves,
    #[error("the steps of its tests are not ascending")]
    Tests,
    #[error("history_capacity {capacity} or history_stride {stride} in its metadata is out of range")]
    History { capacity: usize, stride: f64 },
    #[error("the steps of its history are not ascending")]
    Moments,
    #[error("state in its metadata lacks a number")]
    StateIncomplete,
    #[error("a number of state in its metadata is too large")]
    StateTooLarge,
    #[error("state in its metadata counts more {what} than any run")]
    StateBeyondAnyRun { what: &'static str },
    #[error("this file is a recording: it holds no weights, so it can be replayed but not continued")]
    Recording,
}

/// What is wrong with a tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorProblem {
    /// Types and shapes in the notation of safetensors.
    #[error("is {found}, not {wanted}")]
    OtherShape { found: String, wanted: String },
    #[error("holds a number that is not finite")]
    NotFinite,
    #[error("holds a negative number")]
    Negative,
    #[error("holds a number greater than {most}")]
    TooLarge { most: u8 },
    #[error("has the shape {shape:?}, but must be one dimension of at most {most}")]
    NoList { shape: Vec<usize>, most: usize },
}

/// Why a run cannot continue from a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    File(#[from] RunFileError),
    #[error(transparent)]
    Train(#[from] TrainError),
}
