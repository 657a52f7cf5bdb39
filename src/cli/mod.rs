//! The native face: arguments become a `Config` and a loop, results become a terminal and files.

mod arguments;
mod bench;
mod check;
mod compare;
mod data;
mod estimator;
mod model;
mod record;
mod replay;
mod seconds;
mod terminal;
mod trace;
mod train;

use std::fmt;
use std::io::{self, Write as _};
use std::rc::Rc;

use lacuna::config::ConfigError;
use lacuna::data::DataError;
use lacuna::engine::Machine;
use lacuna::gpu::{Gpu, GpuError};
use lacuna::trainer::TrainError;

/// Why a command ended, in words.
#[derive(Debug)]
pub(crate) enum CliError {
    Config(ConfigError),
    Data(DataError),
    Train(TrainError),
    Gpu(GpuError),
    /// A file of the user's could not be written or read.
    File {
        path: String,
        error: io::Error,
    },
    /// What a command found wrong.
    Failed(String),
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Data(error) => error.fmt(f),
            Self::Train(error) => error.fmt(f),
            Self::Gpu(error) => error.fmt(f),
            Self::File { path, error } => write!(f, "{path}: {error}"),
            Self::Failed(words) => f.write_str(words),
        }
    }
}

macro_rules! from {
    ($($variant:ident($error:ty)),+) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from!(Config(ConfigError), Data(DataError), Train(TrainError), Gpu(GpuError));

/// Prints a line. Where nobody reads any more (`lacuna ... | head`) it is lost, and the work and its log go on.
fn say(line: impl fmt::Display) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// Opens the adapter that `--adapter` names, with a line on the terminal while the kernels compile.
fn open(adapter: Option<&str>) -> Result<Rc<Machine>, GpuError> {
    let line = terminal::spinner("compiling kernels");
    let machine =
        pollster::block_on(Machine::open(adapter, None, |done, of| line.set_message(format!("compiling kernels, {done} of {of}"))));
    line.finish_and_clear();
    machine
}

/// Runs the command that the arguments ask for.
///
/// # Errors
/// What the command ran into; the caller prints it.
pub(crate) fn run() -> Result<(), CliError> {
    let matches = arguments::command().get_matches();
    match matches.subcommand() {
        Some(("train", arguments)) => train::run(arguments),
        Some(("replay", arguments)) => replay::run(arguments),
        Some(("compare", arguments)) => compare::run(arguments),
        Some(("model", arguments)) => model::run(arguments),
        Some(("check", arguments)) => check::run(arguments),
        Some(("bench", arguments)) => bench::run(arguments),
        Some(("estimator", arguments)) => estimator::run(arguments),
        Some(("adapters", _)) => adapters(),
        Some(("data", arguments)) => match arguments.subcommand() {
            Some(("fetch", arguments)) => {
                data::fetch(arguments::text(arguments, "name"), &arguments::data_dir(arguments)).map_err(Into::into)
            }
            _ => unreachable!("clap asks for a subcommand of data"),
        },
        _ => unreachable!("clap asks for a subcommand"),
    }
}

fn adapters() -> Result<(), CliError> {
    let adapters = pollster::block_on(Gpu::adapters());
    if adapters.is_empty() {
        return Err(GpuError::NoAdapter.into());
    }
    for (number, adapter) in adapters.iter().enumerate() {
        say(format_args!("{number}  {adapter}  {}", adapter.driver));
    }
    Ok(())
}
