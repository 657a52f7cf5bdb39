//! The terminal: arguments become an experiment and a training loop, results become lines and files.

mod arguments;
mod bench;
mod check;
mod compare;
mod data;
mod error;
mod estimator;
mod files;
mod format;
mod kernels;
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
use std::sync::LazyLock;
use std::time::Instant;

use lacuna::device::{Adapter, CPU, DeviceError, Gpu, Machine};

use self::arguments::Command;
pub(crate) use self::error::CliError;

/// Prints a line. If nobody reads the output any more (`lacuna ... | head`), the line is lost, and the work and its log continue.
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

/// Runs the command of the arguments.
///
/// # Errors
/// The error of the command; the caller prints it.
pub(crate) fn run() -> Result<(), CliError> {
    match arguments::read()? {
        Command::Train(arguments) => train::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
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
