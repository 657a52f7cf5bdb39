//! What can go wrong with a comparison.

use std::path::PathBuf;

use lacuna::entrants::Entrant;
use serde_json::Value;

/// Why methods cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum CompareError {
    #[error(
        "--methods: there is no method \"{name}\"; the methods are {}",
        Entrant::all().map(|entrant| entrant.name).collect::<Vec<_>>().join(", ")
    )]
    UnknownMethod { name: String },
    #[error("--methods names {name} twice")]
    MethodTwice { name: &'static str },
    #[error("--methods: {name} divides the budget as vrpge ended up: name vrpge too, or leave {name} out")]
    NothingToDivideAs { name: &'static str },
    #[error("compare trains without fine-tuning: leave finetune_epochs at 0")]
    Finetuning,
    #[error("there are no {seeds} seeds from {first} on")]
    TooManySeeds { seeds: u32, first: u32 },
    #[error("--pins: a search gates the inputs and does not, and units have other numbers then; leave the pins out")]
    PinsInSearch,
    #[error("{name}: the run of vrpge with seed {seed} diverged and divides no budget")]
    Diverged { name: &'static str, seed: u32 },
    /// What a folder's runs have in common is not what this comparison's have: the first difference.
    #[error("{} holds another comparison: its {what} is {found}, not {wanted}. Choose another folder with --out, or remove this one", folder.display())]
    OtherComparison { folder: PathBuf, what: String, found: Box<Value>, wanted: Box<Value> },
    #[error("{} describes no comparison. Choose another folder with --out, or remove this one", file.display())]
    NoComparison { file: PathBuf },
    #[error("{} holds no finished run: remove it, and it is run again", file.display())]
    NoFinishedRun { file: PathBuf },
    /// The settings as queries of links.
    #[error(
        "{} is a run of other settings (\"{found}\" where \"{wanted}\" is asked for): choose another folder with --out, or remove the file",
        file.display()
    )]
    OtherSettings { file: PathBuf, found: String, wanted: String },
    /// What the library that draws said.
    #[error("the plot {title} could not be drawn: {said}")]
    Plot { title: &'static str, said: String },
}
