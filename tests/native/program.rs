//! The program, run as its users run it.

use std::process::{Command, Output};

/// Runs the program.
pub(crate) fn lacuna(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).output().unwrap()
}

/// The output of a command that succeeds.
pub(crate) fn prints(arguments: &[&str]) -> String {
    let output = lacuna(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}
