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
use std::sync::LazyLock;
use std::time::Instant;

use lacuna::config::ConfigError;
use lacuna::data::DataError;
use lacuna::device::{Adapter, CPU, DeviceError, Gpu, Machine};
use lacuna::trainer::TrainError;

/// Why a command ended, in words.
#[derive(Debug)]
pub(crate) enum CliError {
    Config(ConfigError),
    Data(DataError),
    Train(TrainError),
    Gpu(DeviceError),
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

from!(Config(ConfigError), Data(DataError), Train(TrainError), Gpu(DeviceError));

/// Prints a line. Where nobody reads any more (`lacuna ... | head`) it is lost, and the work and its log go on.
fn say(line: impl fmt::Display) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// Opens the adapter that `--adapter` names.
fn open(adapter: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    if adapter.is_some_and(|name| name.eq_ignore_ascii_case(CPU)) {
        return Ok(Machine::of_cpu(milliseconds));
    }
    pollster::block_on(Machine::open(adapter, None))
}

/// Milliseconds since the first call.
fn milliseconds() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed().as_secs_f64() * 1e3
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
        Some(("adapters", _)) => {
            adapters();
            Ok(())
        }
        Some(("data", arguments)) => match arguments.subcommand() {
            Some(("fetch", arguments)) => {
                data::fetch(arguments::text(arguments, "name"), &arguments::data_dir(arguments)).map_err(Into::into)
            }
            _ => unreachable!("clap asks for a subcommand of data"),
        },
        _ => unreachable!("clap asks for a subcommand"),
    }
}

fn adapters() {
    let adapters = pollster::block_on(Gpu::adapters());
    for (number, adapter) in adapters.iter().enumerate() {
        say(format_args!("{number}  {adapter}  {}", adapter.driver));
    }
    let cpu = Adapter::cpu();
    say(format_args!("{CPU}  {cpu}  {}", cpu.driver));
}
