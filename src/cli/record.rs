//! Saving a run while it trains: `--save`, `--resume` and `--record` of `lacuna train`.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;

use lacuna::config::{Config, DatasetName};
use lacuna::data::Dataset;
use lacuna::run_file::{Recorder, RunFile, Shown, restore};
use lacuna::snapshot::Snapshot;
use lacuna::trainer::{DataShape, Evaluation, Trainer};

use super::{CliError, say, terminal};

/// Between two saves on the way, and the share of the time that they may take.
const EVERY: Duration = Duration::from_mins(1);
const SHARE: f64 = 0.02;
/// What a packed file may come to: more than any run that a device trains.
const MOST_UNPACKED: u64 = 8 << 30;
/// Moments of the history and points of the curves in a recording.
const COLUMNS: usize = 96;
const ROWS: usize = 512;

/// Ctrl-C was pressed and the run is saved.
pub(super) struct Stopped;

fn is_packed(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("gz"))
}

/// Reads a run, packed or not.
pub(super) fn read(path: &Path) -> Result<RunFile, CliError> {
    let fail = |error| CliError::File { path: path.to_owned(), error };
    let bytes = fs::read(path).map_err(fail)?;
    let mut plain = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(&bytes[..]).take(MOST_UNPACKED).read_to_end(&mut plain).map_err(fail)?;
        &plain
    } else {
        &bytes
    };
    RunFile::from_bytes(bytes).map_err(|error| CliError::NoRun { path: path.to_owned(), error })
}

/// Where a file is written until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    PathBuf::from(beside)
}

/// Refuses a place where nothing can be written before anything is trained for it.
fn can_be_written(path: &Path) -> Result<(), CliError> {
    let fail = |error| CliError::File { path: path.to_owned(), error };
    if path.is_dir() {
        return Err(fail(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    // The file is written beside its place and then takes it: a device, a pipe or a link would be gone.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(fail(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "it is no ordinary file; give the path of one, new or old",
        )));
    }
    fs::write(beside(path), b"").and_then(|()| fs::remove_file(beside(path))).map_err(fail)
}

/// Writes a run beside its place first, so that a file that was there stays whole until the new one is.
fn write(path: &Path, file: &RunFile) -> Result<u64, CliError> {
    let fail = |error| CliError::File { path: path.to_owned(), error };
    let mut bytes = file.to_bytes();
    if is_packed(path) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        bytes = packed.write_all(&bytes).and_then(|()| packed.finish()).map_err(fail)?;
    }
    let beside = beside(path);
    fs::write(&beside, &bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        drop(fs::remove_file(&beside));
        fail(error)
    })?;
    Ok(bytes.len() as u64)
}

/// Follows the run where one of the flags asks for it.
pub(super) struct Saving {
    recorder: Recorder,
    save: Option<PathBuf>,
    record: Option<PathBuf>,
    asked: Arc<AtomicBool>,
    saved: Instant,
    cost: Duration,
}

impl Saving {
    /// Takes up the saved run, where there is one, which [`fits`] the data, and listens for Ctrl-C, where the run is saved.
    pub(super) fn new(
        run: &mut Trainer,
        set: &Dataset,
        resumed: Option<RunFile>,
        save: Option<&Path>,
        record: Option<&Path>,
    ) -> Result<Self, CliError> {
        let recorder = if let Some(mut file) = resumed {
            restore(run, &mut file)?;
            say(format_args!("goes on at step {} of {}", file.step, file.steps));
            Recorder::resumed(file)
        } else {
            let snapshot = pollster::block_on(run.snapshot())?;
            Recorder::new(run, shown(&run.config, set, &run.data), set.informative.clone(), &snapshot).called(command())
        };
        for path in [save, record].into_iter().flatten() {
            can_be_written(path)?;
        }
        let asked = Arc::new(AtomicBool::new(false));
        if save.is_some() {
            let heard = Arc::clone(&asked);
            let listen = ctrlc::set_handler(move || {
                // Pressed twice, it is meant.
                if heard.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
            });
            listen.map_err(CliError::CtrlC)?;
        }
        let [save, record] = [save, record].map(|path| path.map(Path::to_owned));
        Ok(Self { recorder, save, record, asked, saved: Instant::now(), cost: Duration::ZERO })
    }

    pub(super) fn push(&mut self, run: &Trainer, snapshot: &Snapshot, step_ms: f64) {
        if self.save.is_some() || self.record.is_some() {
            self.recorder.push(run, snapshot, step_ms * snapshot.records.len() as f64);
        }
    }

    pub(super) fn test(&mut self, run: &Trainer, snapshot: &Snapshot, evaluation: Evaluation) {
        self.recorder.test(run, &snapshot.scores, evaluation);
    }

    /// Saves where it is time to. The error is why training ends: Ctrl-C, after which the run is saved, or that it cannot be.
    pub(super) fn now_and_then(&mut self, run: &mut Trainer, bar: &ProgressBar) -> Result<(), Result<Stopped, CliError>> {
        let asked = self.asked.load(Ordering::SeqCst);
        let Some(path) = self.save.clone() else { return Ok(()) };
        if !asked && self.saved.elapsed() < EVERY.max(self.cost.div_f64(SHARE)) {
            return Ok(());
        }
        self.save(run).map_err(Err)?;
        if asked {
            terminal::tell(bar, &format!("stopped at step {}; to go on: lacuna train --resume {1} --save {1}", run.step(), path.display()));
            return Err(Ok(Stopped));
        }
        Ok(())
    }

    /// Writes the run as it stands, where `--save` asks for it.
    pub(super) fn save(&mut self, run: &mut Trainer) -> Result<(), CliError> {
        let Some(path) = &self.save else { return Ok(()) };
        let begin = Instant::now();
        write(path, pollster::block_on(self.recorder.checkpoint(run))?)?;
        (self.cost, self.saved) = (begin.elapsed(), Instant::now());
        Ok(())
    }

    /// Writes what the flags ask for at the end.
    pub(super) fn end(&mut self, run: &mut Trainer) -> Result<(), CliError> {
        self.save(run)?;
        if let Some(path) = &self.save {
            say(format_args!("saved in {}", path.display()));
        }
        if let Some(path) = &self.record {
            let bytes = write(path, &self.recorder.file().recording(COLUMNS, ROWS))?;
            say(format_args!("recorded in {}, {} KB", path.display(), bytes.div_ceil(1000)));
        }
        Ok(())
    }
}

/// What was typed, with the program's name instead of its place.
fn command() -> String {
    let quoted = |word: String| if word.contains([' ', '?', '&', '\'', '*']) { format!("'{word}'") } else { word };
    std::iter::once("lacuna".to_owned())
        .chain(std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned())))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a run's file says of its data: a known set by its name, a user's own by that of the files and by what tells it from others.
fn shown(config: &Config, set: &Dataset, data: &DataShape) -> Shown {
    let name = if config.dataset == DatasetName::Own { &set.name } else { config.dataset.name() };
    Shown::of(name, set.sum.clone(), data)
}

/// Why data are not those that a saved run learned from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OtherData {
    /// A known set was named for it, or a path where it learned from a known set.
    #[error(
        "--dataset: the run learned from {}; here the flag only says by PATH where data of your own are",
        if *learned_from == DatasetName::Own { "data of its owner" } else { learned_from.name() }
    )]
    Named { learned_from: DatasetName },
    #[error(
        "the run learned from {} in {} classes, but {} has {} in {} here: give its own data with {}",
        extent(then),
        then.classes,
        now.name,
        extent(now),
        now.classes,
        flag(*is_own)
    )]
    Shape { then: Box<Shown>, now: Box<Shown>, is_own: bool },
    #[error("the run learned from other rows than those of {now}: {then} then; give its own data with {}", flag(*is_own))]
    Rows { then: String, now: String, is_own: bool },
}

fn extent(shown: &Shown) -> String {
    format!("{} training and {} test rows of {} features", shown.train_rows, shown.test_rows, shown.image.features())
}

/// The flag that says where the data of a run are: a user's own, or a known set.
fn flag(is_own: bool) -> &'static str {
    if is_own { "--dataset PATH" } else { "--data-dir" }
}

/// Refuses other data than the run learned from. A user's own may have another name by now.
pub(super) fn fits(file: &RunFile, set: &Dataset, data: &DataShape) -> Result<(), OtherData> {
    let is_own = file.config.dataset == DatasetName::Own;
    let (then, now) = (&file.shown, shown(&file.config, set, data));
    let is_of_shape = Shown { name: then.name.clone(), sum: then.sum.clone(), ..now.clone() } == *then;
    if !is_of_shape || !is_own && now.name != then.name {
        return Err(OtherData::Shape { then: Box::new(then.clone()), now: Box::new(now), is_own });
    }
    match (&then.sum, &now.sum) {
        (Some(before), Some(here)) if before != here => Err(OtherData::Rows { then: then.name.clone(), now: now.name, is_own }),
        _ => Ok(()),
    }
}
