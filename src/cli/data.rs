//! The data of a command, and `lacuna data fetch`.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lacuna::config::{Config, DatasetName};
use lacuna::data::fetch::{self, Outcome, Phase};
use lacuna::data::{self, Dataset, catalogue, disk};

use super::arguments::{DataArguments, DatasetFlag, Fetch};
use super::format::size;
use super::record::OtherData;
use super::{CliError, say};

/// How often a download is told where there is no terminal.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// Loads the data set of an experiment: a known one, or the user's own, which it describes on the terminal.
pub(super) fn load(data: &DataArguments, config: &Config) -> Result<Dataset, CliError> {
    Ok(load_with_names(data, config)?.0)
}

/// The same with the names of the classes, by label, if they are known.
fn load_with_names(data: &DataArguments, config: &Config) -> Result<(Dataset, Option<Vec<String>>), CliError> {
    let (DatasetName::Own, Some(DatasetFlag::Path(path))) = (config.dataset, &data.dataset) else {
        return Ok((data::load(config.dataset, &data.directory, config.seed)?, class_names(config.dataset)));
    };
    let own = disk::load(path, &data.reading)?;
    say(format_args!("{}: {}", own.name, own.words()));
    for note in &own.notes {
        say(format_args!("  {note}"));
    }
    Ok((own.dataset(config.seed), Some(own.classes)))
}

/// The names of the classes of a known set.
pub(super) fn class_names(dataset: DatasetName) -> Option<Vec<String>> {
    catalogue::class_names(dataset.name()).map(|names| names.iter().map(|&name| name.to_owned()).collect())
}

/// Brings the batch down to what a user's own set has rows for, as the page does, and says so. A batch that was given as a flag is left: it is
/// refused later.
pub(super) fn fit_batch(config: &mut Config, given: &[&str], set: &Dataset) {
    let rows = set.train.len();
    if config.dataset != DatasetName::Own || config.batch_size <= rows || rows == 0 || given.contains(&"batch_size") {
        return;
    }
    let asked = std::mem::replace(&mut config.batch_size, 1 << rows.ilog2());
    say(format_args!("  Batches of {} rows, since there are fewer than {asked} training rows.", config.batch_size));
}

/// Loads the data set of a saved run. The file names the set, but not where a user's own data is.
pub(super) fn load_again(data: &DataArguments, config: &Config) -> Result<Dataset, CliError> {
    Ok(load_again_with_names(data, config)?.0)
}

/// The same with the names of the classes, if they are known.
pub(super) fn load_again_with_names(data: &DataArguments, config: &Config) -> Result<(Dataset, Option<Vec<String>>), CliError> {
    let is_own = config.dataset == DatasetName::Own;
    match &data.dataset {
        None => {}
        Some(DatasetFlag::Path(_)) if is_own => {}
        Some(_) => return Err(OtherData::Named { learned_from: config.dataset }.into()),
    }
    load_with_names(data, config)
}

/// Fetches a known set, with a progress bar on the terminal, and prints where it is.
///
/// # Errors
/// As [`fetch::fetch`].
pub(super) fn fetch(arguments: &Fetch) -> Result<(), CliError> {
    let known = arguments.known;
    let name = known.name;
    let bar = ProgressBar::no_length();
    bar.enable_steady_tick(Duration::from_millis(100));
    let spinner = style("{spinner} {msg} ({elapsed})");
    let measured = style("{msg} {wide_bar} {bytes} of {total_bytes}");
    let (mut shown, mut told) = (None, Instant::now());
    let outcome = fetch::fetch(known, &arguments.data_dir, &mut |progress| {
        if shown != Some(progress.phase) {
            shown = Some(progress.phase);
            bar.set_style(if progress.total == 0 { spinner.clone() } else { measured.clone() });
            let words = match progress.phase {
                Phase::Looking => format!("Looking for {name}"),
                Phase::Downloading => format!("Downloading {name}"),
                Phase::Checking => "Checking the archive".to_owned(),
                Phase::Unpacking => "Unpacking and checking".to_owned(),
            };
            // Without a terminal there is no bar: a line for each phase.
            if bar.is_hidden() {
                eprintln!("{words}");
            }
            bar.set_message(words);
        }
        if progress.phase == Phase::Downloading && progress.done > 0 {
            let words = format!("Downloading {name}, {}", size(progress.done));
            if bar.is_hidden() && told.elapsed() > TELL_AGAIN {
                told = Instant::now();
                eprintln!("{words}");
            }
            bar.set_message(words);
        }
        if progress.total > 0 {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        }
    });
    bar.finish_and_clear();
    match outcome? {
        Outcome::AlreadyThere(folder) => say(format_args!("{name} is already in {}, complete and checked.", folder.display())),
        Outcome::Fetched(folder) => say(format_args!("{name} is in {}, checked. {}.", folder.display(), known.attribution)),
    }
    Ok(())
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well formed")
}
