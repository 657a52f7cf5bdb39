//! Why a file cannot be read as a run, or a run not go on from it.

use crate::config::ConfigError;
use crate::trainer::TrainError;

use super::file::FORMAT;

/// Why a file cannot be read as a run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunFileError {
    /// What the reader of safetensors files said.
    #[error("it is no safetensors file, or not a whole one ({0})")]
    NoTensors(String),
    #[error("it holds tensors, but not of a run: there are no metadata")]
    NoMetadata,
    #[error("it holds tensors, but not of a run: its metadata do not say so")]
    NoRun,
    #[error("it is of another version, \"{version}\"; this program reads \"{FORMAT}\"")]
    OtherVersion { version: String },
    #[error("its link: {0}")]
    Link(ConfigError),
    /// The network does not fit its data, or a change on the way is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("its metadata lack {name}")]
    MetadataMissing { name: String },
    #[error("{name} in its metadata is no such number: \"{text}\"")]
    NoNumber { name: String, text: String },
    #[error("{name} in its metadata is not JSON")]
    NoJson { name: String },
    #[error("its metadata do not say the {what} of its data")]
    DataUnsaid { what: &'static str },
    #[error("its metadata do not name its data")]
    DataUnnamed,
    #[error("its data are larger than can be numbered")]
    DataTooLarge,
    #[error("it lacks the tensor {name}")]
    TensorMissing { name: String },
    #[error("tensor {name} {problem}")]
    Tensor { name: String, problem: TensorProblem },
    /// `whole`: the steps that link and data make; `of_epoch`: those of an epoch.
    #[error(
        "it says step {step} of {steps}, {steps_per_epoch} an epoch, after {seconds} s, where its link and its data make {whole} steps, \
         {of_epoch} an epoch"
    )]
    Steps { step: u32, steps: u32, steps_per_epoch: u32, seconds: f64, whole: u64, of_epoch: u32 },
    #[error("its scores are no keep-probabilities")]
    Scores,
    #[error("numbers leave a group of units empty")]
    EmptyGroup,
    #[error("numbers are not those of some units, each once, in order")]
    Numbers,
    #[error("changes in its metadata are no list")]
    NoChanges,
    #[error("changes in its metadata are not [step, setting, value] in order")]
    Changes,
    #[error("the steps of its curves do not follow one another")]
    Curves,
    #[error("the steps of its tests do not follow one another")]
    Tests,
    #[error("its history has {capacity} columns of {stride} steps")]
    History { capacity: usize, stride: f64 },
    #[error("the moments of its history do not follow one another")]
    Moments,
    #[error("state in its metadata lacks a number")]
    StateIncomplete,
    #[error("a number of state in its metadata is too large")]
    StateTooLarge,
    #[error("state in its metadata counts more {what} than any run")]
    StateBeyondAnyRun { what: &'static str },
    #[error("this file is a recording: it holds no weights, so that it can be looked at but not gone on with")]
    Recording,
}

/// What is wrong with a tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorProblem {
    /// Types and shapes as safetensors spells them.
    #[error("is {found}, not {wanted}")]
    OtherShape { found: String, wanted: String },
    #[error("holds what is no finite number")]
    NotFinite,
    #[error("holds more than {most}")]
    TooLarge { most: u8 },
    #[error("has the shape {shape:?}, not one dimension of at most {most}")]
    NoList { shape: Vec<usize>, most: usize },
}

/// Why a run cannot go on from a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    File(#[from] RunFileError),
    #[error(transparent)]
    Train(#[from] TrainError),
}
