//! Bars and spinners, alike in every command. They draw on the error stream and only where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line with a spinner for work of unknown length.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

/// A bar over `length` steps, of which its message says more.
pub(super) fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    show_end(&bar, true);
    bar
}

/// Whether a bar says how long its steps will still take, which it cannot know while something else is done.
pub(super) fn show_end(bar: &ProgressBar, shown: bool) {
    let template = if shown { "{bar:28} {pos}/{len}  {msg}  {eta} left" } else { "{bar:28} {pos}/{len}  {msg}" };
    bar.set_style(ProgressStyle::with_template(template).expect("the templates are well formed"));
}

/// Which of the inputs of an image the decided mask keeps: two rows of pixels a line of text.
pub(super) fn picture(scores: &[f32], width: usize) -> String {
    let kept = |row: Option<&[f32]>, x: usize| row.and_then(|row| row.get(x)).is_some_and(|&score| score >= 0.5);
    let rows: Vec<&[f32]> = scores.chunks(width).collect();
    let line = |pair: &[&[f32]]| {
        let cell = |x: usize| match (kept(pair.first().copied(), x), kept(pair.get(1).copied(), x)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => '·',
        };
        (0..width).map(cell).collect::<String>()
    };
    rows.chunks(2).map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_an_odd_height_is_drawn_whole() {
        assert_eq!(picture(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.2, 0.5, 0.9], 3), "▀▄▀\n·▀▀");
    }
}
