//! Files that a command writes.

use std::fs;
use std::path::Path;

use super::CliError;

/// Writes a file completely or not at all, even if the program is stopped.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), CliError> {
    let refuse = |error| CliError::File { path: path.to_owned(), error };
    let partial = path.with_extension("partial");
    fs::write(&partial, text).map_err(refuse)?;
    fs::rename(&partial, path).map_err(refuse)
}
