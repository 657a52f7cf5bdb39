//! Bars and spinners, alike in every command. They draw on the error stream and only where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line with a spinner for work of unknown length.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

/// A bar over `length` steps of which `template`'s message says more.
pub(super) fn bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:28} {pos}/{len}  {msg}  {eta} left").expect("the template is well formed");
    ProgressBar::new(length).with_style(style)
}
