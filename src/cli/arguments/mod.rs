//! The command line: its commands and flags, and their values as plain structures.
//!
//! Each command has a file here with its structure, its flags and the code that reads them. Nothing outside this folder uses clap. Flags are built
//! and read by hand, not by clap's derive, for two reasons. The flags of settings are made at run time from the table of `config.rs`, so half of a
//! command could not be derived. And a structure can describe one of several requests (a new run or one to resume) instead of having an optional
//! field for each flag.

mod compare;
mod estimator;
mod export;
mod network;
mod settings;
mod sweep;
mod train;

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

use lacuna::data::catalogue::{KNOWN, Known};

pub(super) use self::compare::Compare;
pub(super) use self::estimator::{Estimator, Measured};
pub(super) use self::export::{Export, Format};
pub(super) use self::network::{Bench, Check, InputShape, Model};
pub(super) use self::settings::{DataArguments, DatasetFlag, Experiment};
#[cfg(test)]
pub(super) use self::sweep::Named;
pub(super) use self::sweep::{Request, Sweep, SweepError};
pub(super) use self::train::{Replay, Start, Trace, Train};
use super::error::ArgumentError;
use super::kernels::Kernels;
use super::note_output;

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    Train(Train),
    Replay(Replay),
    Export(Export),
    Compare(Compare),
    Model(Model),
    Check(Check),
    Bench(Bench),
    Estimator(Estimator),
    Fetch(Fetch),
    Adapters,
}

/// `lacuna data fetch`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fetch {
    pub(super) known: &'static Known,
    pub(super) data_dir: PathBuf,
}

impl Fetch {
    fn command() -> clap::Command {
        clap::Command::new("fetch")
            .about("Fetch a data set, check its checksums, and put it where train looks for it")
            .arg(Arg::new("name").value_name("NAME").required(true).value_parser(KNOWN.map(|known| known.name)))
            .arg(settings::data_dir())
    }

    fn from_matches(matches: &ArgMatches) -> Self {
        let name: String = required(matches, "name");
        let known = KNOWN.into_iter().find(|known| known.name == name).expect("clap rejects other names");
        Self { known, data_dir: required(matches, "data_dir") }
    }
}

/// The whole command line.
fn command() -> clap::Command {
    let data = clap::Command::new("data").about("Data sets").subcommand_required(true).arg_required_else_help(true);
    clap::Command::new("lacuna")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Trains sparse neural networks: forward and backward through the kept units only, with the variance-reduced policy gradient estimator, VR-PGE (Zhou et al., NeurIPS 2021)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Train::command())
        .subcommand(Replay::command())
        .subcommand(Export::command())
        .subcommand(Compare::command())
        .subcommand(Model::command())
        .subcommand(Check::command())
        .subcommand(Bench::command())
        .subcommand(Estimator::command())
        .subcommand(data.subcommand(Fetch::command()))
        .subcommand(clap::Command::new("adapters").about("List this machine's GPUs"))
}

/// Reads the arguments of the program. `None` after help or the version, which is printed. If clap rejects them, the program ends here.
///
/// # Errors
/// A value outside its setting's range, or settings that contradict each other.
pub(super) fn read() -> Result<Option<Command>, ArgumentError> {
    match command().try_get_matches() {
        Ok(matches) => from_matches(&matches).map(Some),
        Err(error) if error.use_stderr() => error.exit(),
        // Help or the version.
        Err(error) => {
            note_output(error.print());
            Ok(None)
        }
    }
}

fn from_matches(matches: &ArgMatches) -> Result<Command, ArgumentError> {
    Ok(match matches.subcommand() {
        Some(("train", matches)) => Command::Train(Train::from_matches(matches)?),
        Some(("replay", matches)) => Command::Replay(Replay::from_matches(matches)),
        Some(("export", matches)) => Command::Export(Export::from_matches(matches)?),
        Some(("compare", matches)) => Command::Compare(Compare::from_matches(matches)?),
        Some(("model", matches)) => Command::Model(Model::from_matches(matches)?),
        Some(("check", matches)) => Command::Check(Check::from_matches(matches)),
        Some(("bench", matches)) => Command::Bench(Bench::from_matches(matches)?),
        Some(("estimator", matches)) => Command::Estimator(Estimator::from_matches(matches)?),
        Some(("data", matches)) => match matches.subcommand() {
            Some(("fetch", matches)) => Command::Fetch(Fetch::from_matches(matches)),
            _ => unreachable!("clap requires a subcommand of data"),
        },
        Some(("adapters", _)) => Command::Adapters,
        _ => unreachable!("clap requires a subcommand"),
    })
}

/// The value of a flag, if it was given or has a default.
fn optional<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
    matches.get_one::<T>(id).cloned()
}

/// The value of a flag that clap requires or has a default for.
fn required<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> T {
    optional(matches, id).expect("clap requires it or gives its default")
}

fn adapter() -> Arg {
    Arg::new("adapter")
        .long("adapter")
        .value_name("NAME")
        .help("The adapter that computes: part of a GPU's name, its number in `lacuna adapters`, or cpu for this program's CPU engine. [default: the fastest GPU]")
}

fn kernels() -> Arg {
    Arg::new("kernels")
        .long("kernels")
        .value_name("NAMES")
        .value_parser(|text: &str| match text {
            "auto" => Ok(Kernels::Auto),
            "usual" => Ok(Kernels::Usual),
            "measure" => Ok(Kernels::Measured),
            names => names.parse().map(Kernels::Named),
        })
        .default_value("auto")
        .help(
            "The variants of the kernels: auto (on a GPU the fastest for this network, which are measured once and remembered), usual, measure (again), \
             or names as in convolve=8x8,d_activations=8x8,d_weights=w64.",
        )
}

fn json(help: &'static str) -> Arg {
    switch("json", help)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn path(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).value_parser(value_parser!(PathBuf)).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command that these words after the program's name give.
    pub(super) fn read(words: &[&str]) -> Result<Command, ArgumentError> {
        from_matches(&command().get_matches_from(std::iter::once(&"lacuna").chain(words)))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn no_file_of_a_run_overwrites_another_one() {
        for words in [
            &["train", "--save", "a", "--record", "a"][..],
            &["train", "--save", "a", "--log", "a"],
            &["train", "--record", "a", "--log", "a"],
            &["train", "--resume", "a", "--record", "a"],
            &["train", "--resume", "a", "--log", "a"],
        ] {
            let Err(error) = read(words) else { panic!("{words:?}") };
            assert!(error.to_string().contains("would overwrite: give another path"), "{words:?}: {error}");
        }
        assert!(read(&["train", "--save", "a", "--record", "b", "--log", "c"]).is_ok());
        assert!(read(&["train", "--resume", "a", "--save", "a"]).is_ok());
    }

    #[test]
    fn every_command_is_read_without_flags() {
        for words in [
            &["train"][..],
            &["replay", "a-file"],
            &["export", "a-file"],
            &["compare"],
            &["model", "mlp-8"],
            &["check"],
            &["bench"],
            &["estimator"],
            &["estimator", "--table"],
            &["data", "fetch", "mnist"],
            &["adapters"],
        ] {
            assert!(read(words).is_ok(), "{words:?}");
        }
        let Ok(Command::Fetch(fetch)) = read(&["data", "fetch", "cifar10", "--data-dir", "a-folder"]) else { panic!("not a fetch") };
        assert_eq!((fetch.known.name, fetch.data_dir), ("cifar10", PathBuf::from("a-folder")));
    }
}
