//! The errors of a comparison.

use std::path::PathBuf;

use lacuna::entrants::Entrant;
use lacuna::run_file::{RestoreError, RunFileError};
use serde_json::Value;

use crate::cli::CliError;

/// Why a comparison is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum CompareError {
    #[error(
        "--methods: there is no method \"{name}\"; the methods are {}",
        Entrant::all().map(|entrant| entrant.name).collect::<Vec<_>>().join(", ")
    )]
    UnknownMethod { name: String },
    #[error("--methods names {name} twice")]
    MethodTwice { name: &'static str },
    #[error("--methods: {name} uses the allocation that vrpge ended with: name vrpge too, or leave {name} out")]
    NothingToDivideAs { name: &'static str },
    #[error("compare trains without fine-tuning: leave finetune_epochs at 0")]
    Finetuning,
    #[error("there are fewer than {seeds} seeds from {first} on")]
    TooManySeeds { seeds: u32, first: u32 },
    #[error("--pins: a search trains with and without gated inputs, which changes the numbers of units; leave the pins out")]
    PinsInSearch,
    #[error("{name}: the run of vrpge with seed {seed} diverged, so that there is no allocation")]
    Diverged { name: &'static str, seed: u32 },
    /// The runs in a folder belong to another comparison; `what` is the first difference.
    #[error("{} has another comparison: its {what} is {found}, not {wanted}. Choose another folder with --out, or remove this one", folder.display())]
    OtherComparison { folder: PathBuf, what: String, found: Box<Value>, wanted: Box<Value> },
    #[error("{} describes no comparison. Choose another folder with --out, or remove this one", file.display())]
    NoComparison { file: PathBuf },
    #[error("{} has no finished run: remove it, and it is run again", file.display())]
    NoFinishedRun { file: PathBuf },
    /// The settings as queries of links.
    #[error(
        "{} is a run with other settings (\"{found}\", not \"{wanted}\"): choose another folder with --out, or remove the file",
        file.display()
    )]
    OtherSettings { file: PathBuf, found: String, wanted: String },
}

/// Why a run that was interrupted starts anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotContinued {
    /// A file that cannot be read, or a device that cannot hold the run.
    #[error(transparent)]
    Other(#[from] CliError),
    #[error("{} has no record of an interrupted run", file.display())]
    NoRecord { file: PathBuf },
    /// The settings as queries of links.
    #[error("{} is of a run with other settings (\"{found}\", not \"{wanted}\")", file.display())]
    OtherSettings { file: PathBuf, found: String, wanted: String },
    #[error("{} and its checkpoint {} do not have the checksum of this comparison: one is damaged, or of another comparison", record.display(), checkpoint.display())]
    Sum { record: PathBuf, checkpoint: PathBuf },
    #[error("{} cannot be read as a run: {error}", file.display())]
    NoRun { file: PathBuf, error: RunFileError },
    #[error("its checkpoint: {0}")]
    Restore(#[from] RestoreError),
}
