//! Saving a run while it trains: `--save`, `--resume` and `--record` of `lacuna train`.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use lacuna::config::{Config, DatasetName};
use lacuna::data::Dataset;
use lacuna::run_file::{DatasetIdentity, Recorder, RunFile, restore};
use lacuna::snapshot::Snapshot;
use lacuna::trainer::{DataShape, Evaluation, Trainer};

use super::files::{beside, write_whole};
use super::{CliError, say};

/// Least time between two saves during a run.
const EVERY: Duration = Duration::from_mins(1);
/// Largest share of the time that saving may take.
const SHARE: f64 = 0.02;
/// Most bytes of an unpacked file: more than any run that fits on a device.
const MOST_UNPACKED: u64 = 8 << 30;
/// Most moments of the history in a recording.
const COLUMNS: usize = 96;
/// Most points of the curves in a recording.
const ROWS: usize = 512;

/// The signals that end a run after it is saved: Ctrl-C, a request to end, and the loss of the terminal.
#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// The exit status of a program that a signal ended, as shells report it.
pub(super) fn status_of(signal: i32) -> i32 {
    128 + signal
}

fn is_packed(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("gz"))
}

/// Reads a run file, packed or not.
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

/// Refuses a path at which no file can be written, before the run is trained.
fn check_writable(path: &Path) -> Result<(), CliError> {
    let fail = |error| CliError::File { path: path.to_owned(), error };
    if path.is_dir() {
        return Err(fail(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    // The finished file is renamed to this path, which would replace a device, a pipe or a link.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(fail(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "it is not an ordinary file; give the path of a file, new or old",
        )));
    }
    fs::write(beside(path), b"").and_then(|()| fs::remove_file(beside(path))).map_err(fail)
}

/// Writes a run file, completely or not at all. Returns its bytes.
fn write(path: &Path, file: &RunFile) -> Result<u64, CliError> {
    let fail = |error| CliError::File { path: path.to_owned(), error };
    let mut bytes = file.to_bytes();
    if is_packed(path) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        bytes = packed.write_all(&bytes).and_then(|()| packed.finish()).map_err(fail)?;
    }
    write_whole(path, &bytes)?;
    Ok(bytes.len() as u64)
}

/// Records a run and saves it as the flags require.
pub(super) struct Saving {
    recorder: Recorder,
    save: Option<PathBuf>,
    record: Option<PathBuf>,
    /// The signal that asked the run to end; 0 before one did.
    signal: Arc<AtomicUsize>,
    /// When the run was saved last.
    saved: Instant,
    /// How long that took.
    cost: Duration,
}

impl Saving {
    /// Restores the run `resumed`, for which [`fits`] has checked the data. With `save`, a signal ends it after it is saved.
    pub(super) fn new(
        run: &mut Trainer,
        set: &Dataset,
        resumed: Option<RunFile>,
        save: Option<&Path>,
        record: Option<&Path>,
    ) -> Result<Self, CliError> {
        let recorder = if let Some(mut file) = resumed {
            restore(run, &mut file)?;
            say(format_args!("continues at step {} of {}", file.step, file.steps));
            Recorder::resumed(file)
        } else {
            let snapshot = pollster::block_on(run.snapshot())?;
            Recorder::new(run, dataset_identity(&run.config, set, &run.data), set.informative.clone(), &snapshot).with_command(command())
        };
        for path in [save, record].into_iter().flatten() {
            check_writable(path)?;
        }
        let signal = Arc::new(AtomicUsize::new(0));
        if save.is_some() {
            let is_second = Arc::new(AtomicBool::new(false));
            for number in SIGNALS {
                // The second signal ends the program without saving. The order matters: the first one sets the flag.
                flag::register_conditional_shutdown(number, status_of(number), Arc::clone(&is_second))
                    .and_then(|_| flag::register(number, Arc::clone(&is_second)))
                    .and_then(|_| flag::register_usize(number, Arc::clone(&signal), number as usize))
                    .map_err(CliError::Signals)?;
            }
        }
        let [save, record] = [save, record].map(|path| path.map(Path::to_owned));
        Ok(Self { recorder, save, record, signal, saved: Instant::now(), cost: Duration::ZERO })
    }

    pub(super) fn push(&mut self, run: &Trainer, snapshot: &Snapshot, step_ms: f64) {
        if self.save.is_some() || self.record.is_some() {
            self.recorder.push(run, snapshot, step_ms * snapshot.records.len() as f64);
        }
    }

    pub(super) fn test(&mut self, run: &Trainer, snapshot: &Snapshot, evaluation: Evaluation) {
        self.recorder.test(run, &snapshot.decided, evaluation);
    }

    /// Saves the run if it is due, or if a signal asks it to end.
    ///
    /// # Errors
    /// [`CliError::Interrupted`] after a signal, or the run cannot be saved.
    pub(super) fn save_if_due(&mut self, run: &mut Trainer, bar: &ProgressBar) -> Result<(), CliError> {
        let signal = self.signal.load(Ordering::SeqCst) as i32;
        let Some(path) = self.save.clone() else { return Ok(()) };
        if signal == 0 && self.saved.elapsed() < EVERY.max(self.cost.div_f64(SHARE)) {
            return Ok(());
        }
        self.save(run)?;
        if signal == 0 {
            return Ok(());
        }
        bar.finish_and_clear();
        Err(CliError::Interrupted { signal, step: run.step(), path })
    }

    /// Saves the current state of the run if there is `--save`.
    pub(super) fn save(&mut self, run: &mut Trainer) -> Result<(), CliError> {
        let Some(path) = &self.save else { return Ok(()) };
        let begin = Instant::now();
        write(path, pollster::block_on(self.recorder.checkpoint(run))?)?;
        (self.cost, self.saved) = (begin.elapsed(), Instant::now());
        Ok(())
    }

    /// Writes the files of `--save` and `--record` at the end.
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

/// The command line, with the name of the program instead of its path.
fn command() -> String {
    let quoted = |word: String| if word.contains([' ', '?', '&', '\'', '*']) { format!("'{word}'") } else { word };
    std::iter::once("lacuna".to_owned())
        .chain(std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned())))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The data set of a run in the form of its file. A user's own data have the name of their files and a checksum.
pub(super) fn dataset_identity(config: &Config, set: &Dataset, data: &DataShape) -> DatasetIdentity {
    let name = if config.dataset == DatasetName::Own { &set.name } else { config.dataset.name() };
    DatasetIdentity::of(name, set.sum.clone(), data)
}

/// Why a saved run cannot use the data: they are not those that it learned from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OtherData {
    /// The flag names a known set, or the run learned from a known set and the flag is a path.
    #[error(
        "--dataset: the run learned from {}; with a saved run the flag is only the PATH of your own data",
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
    Shape { then: Box<DatasetIdentity>, now: Box<DatasetIdentity>, is_own: bool },
    #[error("the run learned from other rows than those of {now}: {then} then; give its own data with {}", flag(*is_own))]
    Rows { then: String, now: String, is_own: bool },
}

fn extent(dataset: &DatasetIdentity) -> String {
    format!("{} training and {} test rows of {} features", dataset.train_rows, dataset.test_rows, dataset.image.features())
}

/// The flag for the path of a run's data: a user's own, or a known set.
fn flag(is_own: bool) -> &'static str {
    if is_own { "--dataset PATH" } else { "--data-dir" }
}

/// Refuses other data than the run learned from. The files of a user's own data may have been renamed.
pub(super) fn fits(file: &RunFile, set: &Dataset, data: &DataShape) -> Result<(), OtherData> {
    let is_own = file.config.dataset == DatasetName::Own;
    let (then, now) = (&file.dataset, dataset_identity(&file.config, set, data));
    let is_of_shape = DatasetIdentity { name: then.name.clone(), sum: then.sum.clone(), ..now.clone() } == *then;
    if !is_of_shape || !is_own && now.name != then.name {
        return Err(OtherData::Shape { then: Box::new(then.clone()), now: Box::new(now), is_own });
    }
    match (&then.sum, &now.sum) {
        (Some(before), Some(here)) if before != here => Err(OtherData::Rows { then: then.name.clone(), now: now.name, is_own }),
        _ => Ok(()),
    }
}
