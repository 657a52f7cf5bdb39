//! `lacuna train`, which trains a run, and `lacuna replay`, which shows a saved one.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};

use lacuna::config::SETTINGS;

use super::super::error::ArgumentError;
use super::super::kernels::Kernels;
use super::settings::{DATASET, flag_of};
use super::{DataArguments, Experiment, adapter, kernels, optional, path, required, switch};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Train {
    pub(crate) start: Start,
    pub(crate) log: Option<PathBuf>,
    pub(crate) save: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) trace: Option<Trace>,
    /// How many test images the tests during the run take; all if `None`.
    pub(crate) test_images: Option<u32>,
    pub(crate) adapter: Option<String>,
    pub(crate) kernels: Kernels,
}

/// Whether two paths name one file, which may not exist yet.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Whether a run is new or resumed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    New(Box<Experiment>),
    /// The file has the experiment; `data` says where a user's own data is.
    Resume {
        file: PathBuf,
        data: DataArguments,
    },
}

/// `--trace` and `--trace-steps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) folder: PathBuf,
    pub(crate) steps: u32,
}

impl Train {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("train")
            .about("Train a network and print how its mask settles. The default method is VR-PGE, the variance-reduced policy gradient estimator")
            .after_help(
                "A first run:\n  lacuna data fetch mnist\n  lacuna train --gate-inputs --keep-ratio 0.1\n\n\
                 The run behind a link copied from the page:\n  lacuna train --url 'https://.../?keep_ratio=0.1&seed=7'\n\n\
                 --log writes one JSON object a line: first {\"event\":\"run\"} with the experiment and the adapter, then one for each step \
                 (step, epoch, loss, probe_loss, accuracy, keep, kept and probe_kept per group, budget, sum_scores, threshold, gradient_norm, learning_rate, \
                 scores_rate, step_ms), {\"event\":\"evaluation\"} after each test (each epoch; of tiny data of your own less often), with --compact {\"event\":\"compact\"} after it with units and \
                 bytes before and after, and last {\"event\":\"result\"} with test_accuracy under the decided mask. docs/file-formats.md \
                 lists the keys of logs and traces.",
            )
            .args(Experiment::flags(|_| true))
            .arg(path("log", "FILE", "Write one JSON object a line: every step, every evaluation, the result. - is the standard output; all other words then go to the error stream. With --resume the log is continued."))
            .arg(path("save", "FILE", "Save the run to this file at intervals, on Ctrl-C and at the end: to continue with --resume, to replay, to open in the page. A run that a signal ended has exit status 130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP)."))
            .arg(
                path("resume", "FILE", "Continue the run in this file, bit for bit as if it had not stopped; with --save it is saved again. A run on your own data also needs --dataset PATH.")
                    .conflicts_with_all(SETTINGS.iter().map(|setting| setting.name).filter(|name| *name != DATASET).chain(["url", "trace"])),
            )
            .arg(path("record", "FILE", "At the end save a recording of the run for replay: masks, scores and curves without weights; compressed if FILE ends in .gz."))
            .arg(
                path("trace", "DIR", "Write all inputs and results of the first steps, one safetensors file a step.")
                    .conflicts_with_all(["save", "record"]),
            )
            .arg(
                Arg::new("trace-steps")
                    .long("trace-steps")
                    .value_name("N")
                    .value_parser(value_parser!(u32))
                    .default_value("1")
                    .requires("trace")
                    .help("How many steps are traced."),
            )
            .arg(
                Arg::new("test-images")
                    .long("test-images")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(1..))
                    .help("Test on N of the test images, evenly spread, during the run. The test at its end takes all."),
            )
            .arg(adapter())
            .arg(kernels().conflicts_with("resume"))
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let start = match optional(matches, "resume") {
            Some(file) => Start::Resume { file, data: DataArguments::from_matches(matches) },
            None => Start::New(Box::new(Experiment::from_matches(matches)?)),
        };
        // --save may write to the file of --resume: it then has the run with more steps.
        for (flag, other) in [("record", "save"), ("log", "save"), ("log", "record"), ("record", "resume"), ("log", "resume")] {
            if let (Some(path), Some(taken)) = (optional::<PathBuf>(matches, flag), optional::<PathBuf>(matches, other))
                && is_same(&path, &taken)
            {
                return Err(ArgumentError::SamePath { path, flag, other });
            }
        }
        let trace = optional(matches, "trace").map(|folder| Trace { folder, steps: required(matches, "trace-steps") });
        Ok(Self {
            start,
            log: optional(matches, "log"),
            save: optional(matches, "save"),
            record: optional(matches, "record"),
            trace,
            test_images: optional(matches, "test-images"),
            adapter: optional(matches, "adapter"),
            kernels: required(matches, "kernels"),
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replay {
    pub(crate) file: PathBuf,
    /// Whether the run is trained again and compared.
    pub(crate) again: bool,
    pub(crate) animate: Option<PathBuf>,
    pub(crate) data: DataArguments,
    pub(crate) adapter: Option<String>,
}

impl Replay {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("replay")
            .about("Show a run that was saved, by --save or by the page, without training")
            .after_help(
                "Prints what the run printed: its evaluations, its state at the end, and the units it kept.\n\n\
                 --again trains it again, with the changes of settings during the run, and prints the differences, if any. On the adapter of the \
                 recording they are equal bit for bit. Another adapter differs in the last bits of its sums, and after many steps in more.",
            )
            .arg(
                Arg::new("file")
                    .value_name("FILE")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help("A run: .safetensors, or .safetensors.gz."),
            )
            .arg(path("animate", "FILE", "Write the run as an animated GIF: every unit as a cell, and how the mask changes."))
            .arg(switch("again", "Train it again and compare."))
            .arg(flag_of(DATASET).value_name("PATH").help("With --again, for a run on your own data: where the data is."))
            .args(DataArguments::flags())
            .arg(adapter())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        Self {
            file: required(matches, "file"),
            again: matches.get_flag("again"),
            animate: optional(matches, "animate"),
            data: DataArguments::from_matches(matches),
            adapter: optional(matches, "adapter"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::super::tests::read;
    use super::*;

    #[test]
    fn a_run_is_new_or_resumed_from_a_file() {
        let train = |words: &[&str]| match read(&[&["train"], words].concat()).unwrap() {
            Command::Train(train) => train,
            other => panic!("unexpected: {other:?}"),
        };
        assert!(matches!(train(&["--save", "b"]), Train { start: Start::New(_), save: Some(_), trace: None, .. }));
        let Train { start: Start::Resume { file, data }, .. } = train(&["--resume", "a", "--dataset", "src"]) else {
            panic!("not resumed")
        };
        assert_eq!((file, data.dataset), ("a".into(), Some(super::super::DatasetFlag::Path("src".into()))));
        assert_eq!(train(&["--trace", "t", "--trace-steps", "3"]).trace, Some(Trace { folder: "t".into(), steps: 3 }));
        assert_eq!(train(&["--trace", "t"]).trace, Some(Trace { folder: "t".into(), steps: 1 }));
    }
}
