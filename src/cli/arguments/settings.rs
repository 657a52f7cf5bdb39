//! The flags of an experiment: one for each setting of the table in `config.rs`, a link that sets several, and where the data is.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches};

use lacuna::config::{Config, DatasetName, Kind, SETTINGS, Setting, setting};
use lacuna::data::table::{Label, Missing, Reading};

use super::super::error::ArgumentError;
use super::{optional, path, required};

/// The setting whose value may also be the path of the user's own data.
pub(super) const DATASET: &str = "dataset";

/// The value of `--dataset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DatasetFlag {
    /// A name of the table, which the configuration has.
    Name,
    /// The path of the user's own data.
    Path(PathBuf),
}

/// Where to look for data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataArguments {
    /// `--data-dir`, the folder of the known sets.
    pub(crate) directory: PathBuf,
    pub(crate) dataset: Option<DatasetFlag>,
    /// How a user's table is read.
    pub(crate) reading: Reading,
}

/// An experiment as given by the arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Experiment {
    /// The link's settings, overridden by those given as flags.
    pub(crate) config: Config,
    /// The settings given as flags.
    pub(crate) flags: Vec<&'static str>,
    pub(crate) data: DataArguments,
}

impl DataArguments {
    /// [`data_dir`], [`label`] and [`missing`].
    pub(super) fn flags() -> [Arg; 3] {
        [data_dir(), label(), missing()]
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        let dataset = optional::<String>(matches, DATASET);
        let (label, missing): (String, String) = (required(matches, "label"), required(matches, "missing"));
        Self {
            directory: required(matches, "data_dir"),
            dataset: dataset.map(|text| if is_a_dataset(&text) { DatasetFlag::Name } else { DatasetFlag::Path(text.into()) }),
            reading: Reading { label: Label::named(&label), missing: Missing::named(&missing).expect("clap rejects other names") },
        }
    }
}

impl Experiment {
    /// A flag for each setting for which `takes` is true, `--url`, and the flags of [`DataArguments`].
    pub(super) fn flags(takes: impl Fn(&Setting) -> bool) -> impl Iterator<Item = Arg> {
        let link = Arg::new("url")
            .long("url")
            .value_name("LINK")
            .help("The experiment of a link copied from the page; other flags override its settings.");
        SETTINGS.iter().filter(move |setting| takes(setting)).map(flag).chain([link]).chain(DataArguments::flags())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let mut config = match optional::<String>(matches, "url") {
            Some(link) => Config::from_link(&link)?,
            None => Config::default(),
        };
        let flags = set(&mut config, matches)?;
        config.check()?;
        Ok(Self { config, flags, data: DataArguments::from_matches(matches) })
    }
}

fn is_a_dataset(text: &str) -> bool {
    DatasetName::ALL.iter().any(|dataset| dataset.name() == text)
}

pub(super) fn flag_name(setting: &Setting) -> String {
    setting.name.replace('_', "-")
}

/// The flag of a setting.
pub(super) fn flag(setting: &'static Setting) -> Arg {
    let default = Config::default().get(setting.name).expect("every setting of the table has a value");
    let bounds = match setting.kind {
        Kind::Number { min, max, .. } => format!(" From {min} to {max}."),
        Kind::Count { min, max } => format!(" From {min} to {max}."),
        Kind::Choice(_) | Kind::Switch | Kind::Text => String::new(),
    };
    let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
    let arg = Arg::new(setting.name).long(flag_name(setting)).help(format!("{}{bounds}{default}", setting.help));
    match setting.kind {
        Kind::Choice(names) if setting.name == DATASET => arg
            .value_name("NAME|PATH")
            .value_parser(move |text: &str| known_or_path(names, text))
            .help(format!("{} Or the path of your own data: a CSV file, a folder with train.csv and test.csv, a folder of idx files, or a folder with a folder of pictures (PNG, JPEG, WebP, GIF, BMP, TIFF) for each class.{default} [possible values: {}]", setting.help, list(names))),
        Kind::Choice(names) => {
            arg.value_name("NAME").value_parser(PossibleValuesParser::new(names.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
        }
        Kind::Switch => {
            arg.value_name("true|false").num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(["true", "false"])
        }
        Kind::Number { .. } | Kind::Count { .. } => arg.value_name("N").allow_negative_numbers(true),
        Kind::Text if setting.name == "pins" => arg.value_name("UNITS"),
        Kind::Text if setting.name == "allocation" => arg.value_name("N,N,..."),
        Kind::Text => arg.value_name("NAME"),
    }
}

/// The flag of the setting of that name.
pub(super) fn flag_of(name: &str) -> Arg {
    flag(setting(name).expect("it is a setting of the table"))
}

fn list(names: &[(&str, &str)]) -> String {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn known_or_path(names: &[(&str, &str)], text: &str) -> Result<String, String> {
    if is_a_dataset(text) || Path::new(text).exists() {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such file or folder, and it is none of [possible values: {}]", list(names)))
}

/// Sets the settings that were given as flags, and returns their names.
pub(super) fn set(config: &mut Config, matches: &ArgMatches) -> Result<Vec<&'static str>, ArgumentError> {
    let mut given = Vec::new();
    for setting in SETTINGS {
        // A command may have no flag for a setting.
        if let Ok(Some(value)) = matches.try_get_one::<String>(setting.name) {
            let value = if setting.name == DATASET && !is_a_dataset(value) { DatasetName::Own.name() } else { value };
            set_one(config, setting, value)?;
            given.push(setting.name);
        }
    }
    Ok(given)
}

/// Sets the setting of a flag.
pub(super) fn set_one(config: &mut Config, setting: &Setting, value: &str) -> Result<(), ArgumentError> {
    config.set(setting.name, value).map_err(|error| ArgumentError::Setting { flag: flag_name(setting), error })
}

pub(super) fn data_dir() -> Arg {
    path("data_dir", "DIR", "The folder of the data sets: DIR/mnist and so on, or of your own idx files with --dataset idx.")
        .long("data-dir")
        .default_value("data")
}

fn label() -> Arg {
    Arg::new("label")
        .long("label")
        .value_name("COLUMN")
        .default_value("auto")
        .help("The class column of a table with --dataset PATH. auto reads it from the header and the values. [possible values: auto, first, last, a name in the header, a number from 1]")
}

fn missing() -> Arg {
    Arg::new("missing")
        .long("missing")
        .value_name("WHAT")
        .value_parser(Missing::NAMES)
        .default_value("refuse")
        .help("What happens to missing values of a table: refuse it, take the mean of the column, or drop the row.")
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::super::{Command, Start};
    use super::*;

    fn experiment(words: &[&str]) -> Experiment {
        match read(&[&["train"], words].concat()).unwrap() {
            Command::Train(train) => match train.start {
                Start::New(experiment) => *experiment,
                Start::Resume { .. } => panic!("not a new run"),
            },
            other => panic!("unexpected: {other:?}"),
        }
    }

    #[test]
    fn every_setting_is_a_flag_and_flags_override_a_link() {
        let link = "https://example.org/?keep_ratio=0.1&seed=3";
        let found = experiment(&["--url", link, "--seed", "9", "--gate-inputs", "--scores-rate", "0.03"]);
        let config = &found.config;
        assert_eq!((config.keep_ratio, config.seed, config.gate_inputs, config.scores_rate), (0.1, 9, true, 0.03));
        assert_eq!(found.flags, ["gate_inputs", "scores_rate", "seed"]);
        assert_eq!(experiment(&["--gate-inputs=false"]).config, Config::default());
    }

    #[test]
    fn a_dataset_is_a_name_or_a_path() {
        let flag = |words: &[&str]| (experiment(words).config.dataset, experiment(words).data.dataset);
        assert_eq!(flag(&[]), (DatasetName::Mnist, None));
        assert_eq!(flag(&["--dataset", "planted"]), (DatasetName::Planted, Some(DatasetFlag::Name)));
        assert_eq!(flag(&["--dataset", "src"]), (DatasetName::Own, Some(DatasetFlag::Path("src".into()))));
    }
}
