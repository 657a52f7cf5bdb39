//! The terminal: arguments become an experiment and a training loop, results become lines and files.

mod arguments;
mod bench;
mod check;
mod compare;
mod data;
mod error;
mod estimator;
mod export;
mod files;
mod format;
mod kernels;
mod log;
mod memory;
mod model;
mod page;
mod plot;
mod record;
mod replay;
mod seconds;
mod terminal;
mod trace;
mod train;

use std::fmt;
use std::io::{self, Write as _};
use std::rc::Rc;
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

use lacuna::device::{Adapter, CPU, DeviceError, Gpu, Machine};

use self::arguments::Command;
pub(crate) use self::error::CliError;

/// The first error of the standard output.
static OUTPUT_ERROR: OnceLock<io::Error> = OnceLock::new();

/// Stores an error of the standard output, which becomes the command's at its end: the work and its log continue without the lines. A reader that has
/// gone (`lacuna ... | head`) is no error.
fn note_output(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _later = OUTPUT_ERROR.set(error);
    }
}

/// A text for a terminal. What a file or a link says may have control characters, which move the cursor or change the title of a window: they become
/// \u{fffd}. Line ends and tabs stay.
pub(crate) fn printable(text: impl fmt::Display) -> String {
    let plain = |letter: char| if letter.is_control() && !matches!(letter, '\n' | '\t') { '\u{fffd}' } else { letter };
    text.to_string().chars().map(plain).collect()
}

/// Prints a line: on the standard output or, if that is a log, on the error stream.
fn say(line: impl fmt::Display) {
    let line = printable(line);
    if log::is_standard_output() {
        eprintln!("{line}");
    } else {
        note_output(writeln!(io::stdout(), "{line}"));
    }
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

/// Runs the command of the arguments.
///
/// # Errors
/// The error of the command, or of the standard output; the caller prints it.
pub(crate) fn run() -> Result<(), CliError> {
    execute()?;
    note_output(io::stdout().flush());
    match OUTPUT_ERROR.get() {
        Some(error) => Err(CliError::Output(io::Error::new(error.kind(), error.to_string()))),
        None => Ok(()),
    }
}

fn execute() -> Result<(), CliError> {
    let Some(command) = arguments::read()? else { return Ok(()) };
    match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Model(arguments) => model::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Estimator(arguments) => estimator::run(&arguments),
        Command::Fetch(arguments) => data::fetch(&arguments),
        Command::Adapters => {
            adapters();
            Ok(())
        }
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
