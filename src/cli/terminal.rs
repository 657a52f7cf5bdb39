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

/// 1234567 as `1.23 M`: multiply-adds in a table.
pub(super) fn large(value: f64) -> String {
    let (scaled, unit) = match value {
        _ if value >= 1e12 => (value / 1e12, " T"),
        _ if value >= 1e9 => (value / 1e9, " G"),
        _ if value >= 1e6 => (value / 1e6, " M"),
        _ if value >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = if scaled >= 100.0 || unit.is_empty() { 0 } else { 2 - usize::from(scaled >= 10.0) };
    format!("{scaled:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiply_adds_keep_three_digits() {
        assert_eq!(
            [0.0, 999.0, 1234.0, 12_345.0, 123_456.0, 5.6e11, 1e12].map(large).join(", "),
            "0, 999, 1.23 k, 12.3 k, 123 k, 560 G, 1.00 T"
        );
    }

    #[test]
    fn a_mask_of_an_odd_height_is_drawn_whole() {
        assert_eq!(picture(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.2, 0.5, 0.9], 3), "▀▄▀\n·▀▀");
    }
}
