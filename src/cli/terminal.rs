//! The progress bars and spinners of all commands. They are drawn on the error stream and only if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::say;

/// A line with a spinner for work of unknown length.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

/// A bar of `length` steps with a message.
pub(super) fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    show_end(&bar, true);
    bar
}

/// Whether a bar shows the remaining time of its steps, which is unknown while something else runs.
pub(super) fn show_end(bar: &ProgressBar, shown: bool) {
    let template = if shown { "{bar:28} {pos}/{len}  {msg}  {eta} left" } else { "{bar:28} {pos}/{len}  {msg}" };
    bar.set_style(ProgressStyle::with_template(template).expect("the templates are well formed"));
}

/// Prints a line above the bar, or alone if there is no bar.
pub(super) fn tell(bar: &ProgressBar, line: &str) {
    if bar.is_hidden() {
        say(line);
    } else {
        bar.println(line);
    }
}

/// The inputs of an image that the decided mask keeps: two rows of pixels on each line of text.
pub(super) fn picture(decided: &[bool], width: usize) -> String {
    let kept = |row: Option<&[bool]>, x: usize| row.and_then(|row| row.get(x)).is_some_and(|&kept| kept);
    let rows: Vec<&[bool]> = decided.chunks(width).collect();
    let line = |pair: &[&[bool]]| {
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

/// Width of a line of prose, in columns.
const WIDTH: usize = 110;

/// Wraps a paragraph: the first line follows `head`, and the others are indented by its width.
pub(super) fn wrapped(head: &str, text: &str) -> String {
    let width = |text: &str| text.chars().count();
    let (mut lines, mut line) = (Vec::new(), head.to_owned());
    for word in text.split(' ') {
        let is_first = width(&line) == width(head);
        if !is_first && width(&line) + 1 + width(word) > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(width(head))));
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_between_words_and_indented() {
        let text = ["word"; 60].join(" ");
        let found = wrapped("- ", &text);
        let lines: Vec<&str> = found.lines().collect();
        assert!(lines.len() == 3 && lines.iter().all(|line| line.len() <= WIDTH), "{found}");
        assert!(lines[0].starts_with("- word") && lines[1..].iter().all(|line| line.starts_with("  word")), "{found}");
        assert_eq!(lines.iter().map(|line| &line[2..]).collect::<Vec<_>>().join(" "), text);
        assert_eq!(wrapped("", "short"), "short");
    }

    #[test]
    fn a_mask_of_an_odd_height_is_drawn_whole() {
        assert_eq!(picture(&[true, false, true, false, true, false, false, true, true], 3), "▀▄▀\n·▀▀");
    }
}
