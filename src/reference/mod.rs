//! The CPU twin of every kernel.

use std::ops::Range;

/// The first of the units with the highest score: what a group keeps when none of its units was drawn.
#[must_use]
pub fn highest_score(scores: &[f32], units: Range<usize>) -> usize {
    units.clone().fold(units.start, |best, unit| if scores[unit] > scores[best] { unit } else { best })
}
