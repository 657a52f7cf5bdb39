//! Names in sentences.

/// So many names stand in a sentence before the rest is counted.
pub(in crate::data) const MOST_NAMED: usize = 12;
/// So many letters of a name stand in a sentence.
const MOST_LETTERS: usize = 24;

/// `a, b, c and 7 more`
pub(in crate::data) fn listed(names: &[String]) -> String {
    if names.len() <= MOST_NAMED {
        return names.join(", ");
    }
    format!("{} and {} more", names[..MOST_NAMED - 1].join(", "), names.len() - MOST_NAMED + 1)
}

/// A name for a sentence: at most 24 letters, none of which moves the cursor of a terminal.
pub(in crate::data) fn shortened(name: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut letters = name.chars().map(plain);
    let short: String = letters.by_ref().take(MOST_LETTERS).collect();
    if letters.next().is_some() { short.chars().take(MOST_LETTERS - 1).chain(['\u{2026}']).collect() } else { short }
}
