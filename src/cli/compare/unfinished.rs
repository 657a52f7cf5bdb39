//! A run that is not finished: the files from which it continues if the comparison is interrupted.
//!
//! A run has two of them. Its checkpoint is a run file, named by its step. Its record, one JSON object, has its points and seconds so far, and a
//! checksum of itself, of the checkpoint and of the comparison. The checkpoint is written first, and the older one is removed last: the record
//! that is found always names a complete checkpoint, whenever the program was stopped.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use lacuna::run_file::RunFile;

use crate::cli::CliError;
use crate::cli::files::write_whole;
use crate::cli::seconds::Seconds;

use super::error::NotContinued;
use super::hex;
use super::record::{Finished, Folder};

/// The end of the name of a record.
const RECORD: &str = ".unfinished.json";
/// What stands before the step in the name of a checkpoint.
const STEP: &str = ".step-";

/// What an interrupted run continues from.
#[derive(Debug)]
pub(super) struct Unfinished {
    /// Its points so far.
    pub(super) run: Finished,
    pub(super) seconds: Seconds,
    /// With the checkpoint.
    pub(super) file: RunFile,
}

fn ending(step: u64) -> String {
    format!("{STEP}{step}.safetensors")
}

/// The record without its checksum.
fn record(run: &Finished, seconds: &Seconds, step: u64) -> Value {
    json!({"step": step, "seconds": seconds.json(), "run": run.json()})
}

impl Folder {
    fn sum(&self, record: &Value, checkpoint: &[u8]) -> String {
        let sum = Sha256::new().chain_update(&self.identity).chain_update(record.to_string()).chain_update(checkpoint).finalize();
        hex(&sum)
    }

    /// Stores the state of a run, completely or not at all: its points and seconds so far, and its file with a checkpoint.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn keep_unfinished(&self, run: &Finished, seconds: &Seconds, file: &RunFile) -> Result<(), CliError> {
        let (step, bytes) = (file.step.into(), file.to_bytes());
        let checkpoint = self.of_run(&run.entrant, run.seed, &ending(step));
        write_whole(&checkpoint, &bytes)?;
        let mut record = record(run, seconds, step);
        record["sum"] = json!(self.sum(&record, &bytes));
        write_whole(&self.of_run(&run.entrant, run.seed, RECORD), format!("{record:#}\n").as_bytes())?;
        self.remove_files(&self.of_run(&run.entrant, run.seed, STEP), Some(&checkpoint))
    }

    /// What the run with exactly these settings continues from, if it was interrupted after its first checkpoint.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or is of another run or comparison.
    pub(super) fn unfinished(&self, entrant: &str, seed: u64, query: &str) -> Result<Option<Unfinished>, NotContinued> {
        let path = self.of_run(entrant, seed, RECORD);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::File { path, error }.into()),
        };
        let found: Option<Value> = serde_json::from_slice(&bytes).ok();
        let parts = found.as_ref().and_then(|found| {
            Some((
                found.get("step")?.as_u64()?,
                Seconds::read(found.get("seconds")?)?,
                Finished::read(found.get("run")?)?,
                found.get("sum")?,
            ))
        });
        let Some((step, seconds, run, sum)) = parts else { return Err(NotContinued::NoRecord { file: path }) };
        let checkpoint = self.of_run(entrant, seed, &ending(step));
        let bytes = fs::read(&checkpoint).map_err(CliError::file(&checkpoint))?;
        if (run.entrant.as_str(), run.seed) != (entrant, seed) || *sum != self.sum(&record(&run, &seconds, step), &bytes) {
            return Err(NotContinued::Sum { record: path, checkpoint });
        }
        if run.query != query {
            return Err(NotContinued::OtherSettings { file: path, found: run.query, wanted: query.to_owned() });
        }
        let file = RunFile::from_bytes(&bytes).map_err(|error| NotContinued::NoRun { file: checkpoint, error })?;
        Ok(Some(Unfinished { run, seconds, file }))
    }

    /// Removes the record and the checkpoints of a run, also those that are half written. The record goes first.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub(super) fn forget_unfinished(&self, entrant: &str, seed: u64) -> Result<(), CliError> {
        remove(&self.of_run(entrant, seed, RECORD))?;
        self.remove_files(&self.of_run(entrant, seed, RECORD), None)?;
        self.remove_files(&self.of_run(entrant, seed, STEP), None)
    }

    /// Removes the files whose paths begin like `begin`, except for one.
    fn remove_files(&self, begin: &Path, except: Option<&Path>) -> Result<(), CliError> {
        let runs = self.path().join("runs");
        let begin = begin.as_os_str().as_encoded_bytes();
        for found in fs::read_dir(&runs).map_err(CliError::file(&runs))? {
            let path = found.map_err(CliError::file(&runs))?.path();
            if path.as_os_str().as_encoded_bytes().starts_with(begin) && path.is_file() && except != Some(path.as_path()) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

/// Removes a file if there is one.
fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CliError::File { path: path.to_owned(), error }),
        _ => Ok(()),
    }
}
