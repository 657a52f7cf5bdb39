//! The file of a run in a comparison: one JSON object, written completely or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::CliError;
use crate::cli::files::write_whole;

use super::error::CompareError;

/// A run at one evaluation. Work and time are those of training; evaluations are not counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) step: u64,
    /// Multiply-adds so far, of all images.
    pub(super) forward: u64,
    pub(super) backward: u64,
    pub(super) structure: u64,
    /// The part of them in passes of more than half the work of a dense one.
    pub(super) near_dense: u64,
    pub(super) seconds: f64,
    /// Seconds by [`crate::cli::seconds::PHASES`]; empty if the adapter has no clock.
    pub(super) phases: Vec<f64>,
    /// Share of the test rows that the decided mask classifies correctly. `loss`: its mean cross-entropy on them.
    pub(super) accuracy: f64,
    pub(super) loss: f64,
    /// Units of each gated group that the decided mask keeps.
    pub(super) kept: Vec<u64>,
}

impl Point {
    pub(super) fn multiply_adds(&self) -> u64 {
        self.forward + self.backward + self.structure
    }

    fn json(&self) -> Value {
        json!({
            "step": self.step, "forward": self.forward, "backward": self.backward, "structure": self.structure,
            "near_dense": self.near_dense, "seconds": self.seconds, "phase_seconds": self.phases, "accuracy": self.accuracy, "loss": self.loss, "kept": self.kept,
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let count = |name: &str| value.get(name)?.as_u64();
        let number = |name: &str| value.get(name)?.as_f64();
        Some(Self {
            step: count("step")?,
            forward: count("forward")?,
            backward: count("backward")?,
            structure: count("structure")?,
            near_dense: count("near_dense")?,
            seconds: number("seconds")?,
            accuracy: number("accuracy")?,
            loss: number("loss")?,
            phases: value.get("phase_seconds")?.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?,
            kept: value.get("kept")?.as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?,
        })
    }
}

/// A run that has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Finished {
    pub(super) entrant: String,
    pub(super) seed: u64,
    /// The settings that differ from the defaults, as the query of a link.
    pub(super) query: String,
    /// In order; empty if the run diverged before the first.
    pub(super) points: Vec<Point>,
    /// Bytes on the device of the network's tensors, including those for choosing masks; the data set is not counted.
    pub(super) bytes: u64,
    /// Why it did not reach its last step.
    pub(super) diverged: Option<String>,
}

impl Finished {
    pub(super) fn json(&self) -> Value {
        json!({
            "entrant": self.entrant, "seed": self.seed, "query": self.query, "bytes": self.bytes, "diverged": self.diverged,
            "points": self.points.iter().map(Point::json).collect::<Vec<_>>(),
        })
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        Some(Self {
            entrant: text("entrant")?,
            seed: value.get("seed")?.as_u64()?,
            query: text("query")?,
            bytes: value.get("bytes")?.as_u64()?,
            diverged: text("diverged"),
            points: value.get("points")?.as_array()?.iter().map(Point::read).collect::<Option<_>>()?,
        })
    }

    /// The last point of the run, unless it diverged.
    pub(super) fn end(&self) -> Option<&Point> {
        if self.diverged.is_some() { None } else { self.points.last() }
    }
}

/// The folder of a comparison.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// What identifies the comparison, as text.
    pub(super) identity: String,
}

impl Folder {
    /// The folder at `path` for the comparison that `identity` describes; it is created if it does not exist.
    ///
    /// # Errors
    /// A folder with another comparison, or one that cannot be read or written.
    pub(super) fn open(path: PathBuf, identity: &Value) -> Result<Self, CliError> {
        let runs = path.join("runs");
        fs::create_dir_all(&runs).map_err(CliError::file(&runs))?;
        let folder = Self { path, identity: identity.to_string() };
        let description = folder.path.join("comparison.json");
        match fs::read_to_string(&description) {
            Ok(text) => {
                let found: Value = serde_json::from_str(&text).unwrap_or_default();
                let objects = (found.as_object(), identity.as_object());
                let differs = identity
                    .as_object()
                    .and_then(|wanted| wanted.keys().find(|name| found.get(name.as_str()) != identity.get(name.as_str())));
                match (objects, differs) {
                    ((Some(_), Some(_)), None) => Ok(folder),
                    ((Some(_), _), Some(name)) => Err(CompareError::OtherComparison {
                        folder: folder.path,
                        what: name.clone(),
                        found: Box::new(found.get(name).cloned().unwrap_or_default()),
                        wanted: Box::new(identity[name].clone()),
                    }
                    .into()),
                    _ => Err(CompareError::NoComparison { file: description }.into()),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                folder.write("comparison.json", &format!("{identity:#}\n"))?;
                Ok(folder)
            }
            Err(error) => Err(CliError::File { path: description, error }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), CliError> {
        write_whole(&self.path.join(name), text.as_bytes())
    }

    /// The path of a file of a run: `ending` with its point.
    pub(super) fn of_run(&self, entrant: &str, seed: u64, ending: &str) -> PathBuf {
        self.path.join("runs").join(format!("{entrant}-{seed}{ending}"))
    }

    fn run_path(&self, entrant: &str, seed: u64) -> PathBuf {
        self.of_run(entrant, seed, ".json")
    }

    /// The run with exactly these settings, if it is finished.
    ///
    /// # Errors
    /// A file that is no run, or a run with other settings.
    pub(super) fn finished(&self, entrant: &str, seed: u64, query: &str) -> Result<Option<Finished>, CliError> {
        let path = self.run_path(entrant, seed);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::File { path, error }),
        };
        let Some(found) = serde_json::from_str(&text).ok().as_ref().and_then(Finished::read) else {
            return Err(CompareError::NoFinishedRun { file: path }.into());
        };
        if found.query != query {
            return Err(CompareError::OtherSettings { file: path, found: found.query, wanted: query.to_owned() }.into());
        }
        Ok(Some(found))
    }

    pub(super) fn keep(&self, run: &Finished) -> Result<(), CliError> {
        write_whole(&self.run_path(&run.entrant, run.seed), format!("{:#}\n", run.json()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let identity = json!({"query": "keep_ratio=0.1", "adapter": "a"});
        let store = Folder::open(folder.path().join("new"), &identity).unwrap();
        let point = Point {
            step: 3,
            forward: 1 << 60,
            seconds: 0.1,
            phases: vec![0.1; 7],
            accuracy: 0.5,
            loss: 1.5,
            kept: vec![3, 4],
            ..Point::default()
        };
        let run = Finished {
            entrant: "set".to_owned(),
            seed: 4,
            query: "seed=4".to_owned(),
            points: vec![point.clone(), point],
            bytes: 12,
            diverged: None,
        };
        assert_eq!(store.finished("set", 4, "seed=4").unwrap(), None);
        store.keep(&run).unwrap();
        assert_eq!(store.finished("set", 4, "seed=4").unwrap(), Some(run.clone()));
        assert_eq!(store.finished("set", 5, "seed=5").unwrap(), None);
        assert!(store.finished("set", 4, "seed=4&alpha=1").unwrap_err().to_string().contains("other settings"));
        let diverged = Finished { diverged: Some("at step 2".to_owned()), points: Vec::new(), ..run };
        store.keep(&diverged).unwrap();
        let again = Folder::open(folder.path().join("new"), &identity).unwrap();
        assert_eq!(again.finished("set", 4, "seed=4").unwrap(), Some(diverged));
        fs::write(store.run_path("set", 4), "{").unwrap();
        assert!(store.finished("set", 4, "seed=4").unwrap_err().to_string().contains("no finished run"));
        let other = json!({"query": "keep_ratio=0.2", "adapter": "a"});
        let message = Folder::open(folder.path().join("new"), &other).unwrap_err().to_string();
        assert!(message.contains("another comparison") && message.contains("keep_ratio=0.2"), "{message}");
    }
}
