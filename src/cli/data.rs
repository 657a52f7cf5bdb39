//! `lacuna data fetch`: what the fetch says while it works.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lacuna::data::DataError;
use lacuna::data::catalogue::known;
use lacuna::data::fetch::{self, Outcome, Phase};

use super::say;

/// Fetches the known set `name` into `directory/NAME`, with a bar on the terminal and a last word on where it lies.
///
/// # Errors
/// An unknown name, or as [`fetch::fetch`].
pub(super) fn fetch(name: &str, directory: &Path) -> Result<(), DataError> {
    let known = known(name)?;
    let bar = ProgressBar::no_length();
    bar.enable_steady_tick(Duration::from_millis(100));
    let spinner = style("{spinner} {msg} ({elapsed})");
    let measured = style("{msg} {wide_bar} {bytes} of {total_bytes}");
    let mut shown = None;
    let outcome = fetch::fetch(known, directory, &mut |progress| {
        if shown != Some(progress.phase) {
            shown = Some(progress.phase);
            bar.set_style(if progress.total == 0 { spinner.clone() } else { measured.clone() });
            bar.set_message(match progress.phase {
                Phase::Looking => format!("Looking for {name}"),
                Phase::Downloading => format!("Downloading {name}"),
                Phase::Checking => "Checking the archive".to_owned(),
                Phase::Unpacking => "Unpacking and checking".to_owned(),
            });
        }
        if progress.total > 0 {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        }
    });
    bar.finish_and_clear();
    match outcome? {
        Outcome::AlreadyThere(folder) => say(format_args!("{name} is already in {}, whole and checked.", folder.display())),
        Outcome::Fetched(folder) => say(format_args!("{name} is in {}, checked. {}.", folder.display(), known.attribution)),
    }
    Ok(())
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well formed")
}
