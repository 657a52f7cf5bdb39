//! Draws a saved run as an animated GIF: every unit of the network as a cell, and how the mask changes from step to step.

use std::borrow::Cow;

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts as _};
use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::data::own::grouped;
use crate::mask;
use crate::run_file::{Moment, RunFile, RunFileError};

const WIDTH: usize = 800;
const HEIGHT: usize = 450;
const MARGIN: usize = 28;
/// Where the units begin and end.
const TOP: usize = 84;
const BOTTOM: usize = 372;
/// Between the blocks of two groups.
const GAP: usize = 14;
const MOST_CELL: usize = 16;
/// A letter of the font.
const LETTER: usize = 8;
const MOST_FRAMES: usize = 80;
/// How long frames are shown, in hundredths of a second: one during the run, and the last.
const SHOWN: u16 = 8;
const SHOWN_LAST: u16 = 250;

/// The page's colours in light mode, by their names there. A cell of a unit that is off has one of `SHADES` from `OFF` towards `KEPT`.
const PALETTE: [[u8; 3]; 6] =
    [[0xFA, 0xF8, 0xF3], [0x1D, 0x1C, 0x1A], [0x62, 0x5E, 0x57], [0xDD, 0xD8, 0xCC], [0x1F, 0x6F, 0x8B], [0xEE, 0xE9, 0xDF]];
const PAPER: u8 = 0;
const INK: u8 = 1;
const SOFT: u8 = 2;
const LINE: u8 = 3;
const KEPT: u8 = 4;
const OFF: u8 = 5;
const SHADES: u8 = 64;

/// Why a run cannot be animated.
#[derive(Debug, thiserror::Error)]
pub enum AnimationError {
    #[error(transparent)]
    RunFile(#[from] RunFileError),
    #[error("the run has no gated units, more than the picture has room for, or no recorded step: there is nothing to animate")]
    Nothing,
    /// The words of the encoder.
    #[error("the animation could not be encoded: {0}")]
    Encoding(#[from] gif::EncodingError),
}

/// A group's cells: where the first one is, how many stand in a row, and the units that they show.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    left: usize,
    top: usize,
    columns: usize,
    first_unit: usize,
    units: usize,
}

/// A picture of palette entries, row after row.
struct Picture {
    pixels: Vec<u8>,
}

/// The animation of a run, as the bytes of a GIF file.
///
/// # Errors
/// The run has recorded no step, or its network has more units than the picture has room for.
pub fn animation(saved: &RunFile) -> Result<Vec<u8>, AnimationError> {
    let whole = saved.model()?;
    let groups: Vec<(usize, usize, usize)> = whole
        .gated()
        .map(|group| {
            let image = saved.dataset.image;
            let is_image = group.name == "inputs" && image.height > 1;
            let columns = if is_image { image.width as usize } else { (group.size as usize).isqrt().max(1) };
            (group.first_unit as usize, group.size as usize, columns)
        })
        .collect();
    let moments = spread(saved.history.moments());
    let (Some((cell, blocks)), false) = (layout(&groups), moments.is_empty()) else { return Err(AnimationError::Nothing) };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, WIDTH as u16, HEIGHT as u16, &palette())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let title = format!("{} on {}, {}", whole.name, saved.dataset.name, saved.config.method.name());
    let mut shown: Option<Picture> = None;
    for (index, moment) in moments.iter().enumerate() {
        let is_last = index + 1 == moments.len();
        let mut picture = Picture { pixels: vec![PAPER; WIDTH * HEIGHT] };
        picture.words(&title, MARGIN, MARGIN - 6, 2, INK);
        let kept: Vec<bool> = if is_last { saved.decided.clone() } else { moment.mask.iter().map(|pair| pair & 1 == 1).collect() };
        let count = mask::counts(&whole, &kept).iter().sum::<u32>();
        picture.words(&format!("{} of {} kept", grouped(count), grouped(whole.units())), MARGIN, MARGIN + 20, 2, KEPT);
        for block in &blocks {
            for at in 0..block.units {
                let unit = block.first_unit + at;
                let colour = if kept[unit] { KEPT } else { shade(moment.scores[unit]) };
                picture.cell(block.left + at % block.columns * cell, block.top + at / block.columns * cell, cell, colour);
            }
        }
        picture.progress(saved, if is_last { saved.step } else { moment.step });
        let frame = picture.frame(shown.as_ref(), if is_last { SHOWN_LAST } else { SHOWN });
        encoder.write_frame(&frame)?;
        shown = Some(picture);
    }
    drop(encoder);
    Ok(file)
}

/// At most [`MOST_FRAMES`] moments, evenly spread; columns of the history that repeat a moment count once.
fn spread(moments: &[Moment]) -> Vec<&Moment> {
    let mut distinct: Vec<&Moment> = Vec::new();
    for moment in moments {
        if distinct.last().is_none_or(|last| last.step != moment.step) {
            distinct.push(moment);
        }
    }
    let most = distinct.len().min(MOST_FRAMES);
    (0..most).map(|at| distinct[if most > 1 { at * (distinct.len() - 1) / (most - 1) } else { 0 }]).collect()
}

/// The size of a cell, and the blocks of groups (first unit, size, columns): from left to right in lines, as large as fits.
fn layout(groups: &[(usize, usize, usize)]) -> Option<(usize, Vec<Block>)> {
    (1..=MOST_CELL).rev().find_map(|cell| {
        let (mut left, mut top, mut line) = (MARGIN, TOP, 0);
        let mut blocks = Vec::new();
        for &(first_unit, units, columns) in groups {
            let (width, height) = (columns * cell, units.div_ceil(columns) * cell);
            if left > MARGIN && left + width > WIDTH - MARGIN {
                (left, top, line) = (MARGIN, top + line + GAP, 0);
            }
            if left + width > WIDTH - MARGIN || top + height > BOTTOM {
                return None;
            }
            blocks.push(Block { left, top, columns, first_unit, units });
            left += width + GAP;
            line = line.max(height);
        }
        Some((cell, blocks))
    })
}

/// The palette entry of a unit that is off, by its score as a byte: closer to the colour of a kept unit with a higher score, but never near it, as on
/// the page.
fn shade(score: u8) -> u8 {
    OFF + (f32::from(score) / 255.0 * f32::from(SHADES - 1)).round() as u8
}

fn palette() -> Vec<u8> {
    let mut colours: Vec<[u8; 3]> = PALETTE.to_vec();
    for step in 1..SHADES {
        let share = 0.55 * (f64::from(step) / f64::from(SHADES - 1)).powf(1.2);
        let [from, to] = [OFF, KEPT].map(|name| PALETTE[usize::from(name)]);
        colours.push([0, 1, 2].map(|at: usize| (f64::from(from[at]) + share * (f64::from(to[at]) - f64::from(from[at]))).round() as u8));
    }
    colours.concat()
}

impl Picture {
    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: u8) {
        for row in top..(top + height).min(HEIGHT) {
            self.pixels[row * WIDTH..][left.min(WIDTH)..(left + width).min(WIDTH)].fill(colour);
        }
    }

    /// A cell, with a line of paper to its right and below if it is large enough.
    fn cell(&mut self, left: usize, top: usize, cell: usize, colour: u8) {
        let side = if cell > 3 { cell - 1 } else { cell };
        self.fill(left, top, side, side, colour);
    }

    fn words(&mut self, text: &str, left: usize, top: usize, scale: usize, colour: u8) {
        let room = (WIDTH - MARGIN - left) / (LETTER * scale);
        for (at, letter) in text.chars().take(room).enumerate() {
            let rows = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).unwrap_or_default();
            for (y, bits) in rows.iter().enumerate() {
                for x in (0..LETTER).filter(|x| bits >> x & 1 == 1) {
                    self.fill(left + (at * LETTER + x) * scale, top + y * scale, scale, scale, colour);
                }
            }
        }
    }

    /// The step and the last test before it, above a line as long as the run so far.
    fn progress(&mut self, saved: &RunFile, step: u32) {
        let tested = saved.tests.iter().rev().find(|test| test.step <= step);
        let accuracy = tested.map_or_else(String::new, |test| format!("   test {:.1} %", 100.0 * test.evaluation.decided));
        let words = format!("step {} of {}{accuracy}", grouped(step), grouped(saved.steps));
        self.words(&words, MARGIN, BOTTOM + 18, 2, SOFT);
        let width = WIDTH - 2 * MARGIN;
        self.fill(MARGIN, BOTTOM + 46, width, 4, LINE);
        self.fill(MARGIN, BOTTOM + 46, width * step as usize / (saved.steps as usize).max(1), 4, KEPT);
    }

    /// The part of it that differs from the picture before.
    fn frame(&self, before: Option<&Self>, delay: u16) -> Frame<'_> {
        let differs = |at: &usize| before.is_none_or(|before| before.pixels[*at] != self.pixels[*at]);
        let mut bounds = [WIDTH, HEIGHT, 0, 0];
        for at in (0..self.pixels.len()).filter(differs) {
            let (x, y) = (at % WIDTH, at / WIDTH);
            bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x + 1), bounds[3].max(y + 1)];
        }
        // A picture that does not differ still takes its time.
        let [left, top, right, bottom] = if bounds[2] == 0 { [0, 0, 1, 1] } else { bounds };
        let rows: Vec<u8> = (top..bottom).flat_map(|y| self.pixels[y * WIDTH..][left..right].iter().copied()).collect();
        Frame {
            delay,
            dispose: DisposalMethod::Keep,
            left: left as u16,
            top: top as u16,
            width: (right - left) as u16,
            height: (bottom - top) as u16,
            buffer: Cow::Owned(rows),
            ..Frame::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shades_are_entries_of_the_palette_and_grow_with_the_score() {
        let entries = palette().len() / 3;
        let shades: Vec<u8> = (0..=255).map(shade).collect();
        assert!(shades.is_sorted() && shades.iter().all(|&shade| usize::from(shade) < entries));
        assert_eq!((shade(0), usize::from(shade(255))), (OFF, entries - 1));
    }

    #[test]
    fn a_history_of_many_moments_is_spread_and_keeps_both_ends() {
        let moments: Vec<Moment> = (0..1000u32).map(|at| Moment { step: at / 2, ..Moment::default() }).collect();
        let steps: Vec<u32> = spread(&moments).iter().map(|moment| moment.step).collect();
        assert_eq!((steps.len(), steps[0], steps[MOST_FRAMES - 1]), (MOST_FRAMES, 0, 499));
        assert!(steps.is_sorted_by(|a, b| a < b));
        assert_eq!(spread(&moments[..2]).len(), 1);
        assert!(spread(&[]).is_empty());
    }

    proptest! {
        /// Blocks lie within the picture, above the words, and do not overlap.
        #[test]
        fn blocks_do_not_overlap(sizes in proptest::collection::vec(1usize..5000, 1..40)) {
            let groups: Vec<(usize, usize, usize)> = sizes.iter().map(|&size| (0, size, size.isqrt())).collect();
            let Some((cell, blocks)) = layout(&groups) else { return Ok(()) };
            let mut taken = vec![false; WIDTH * HEIGHT];
            for block in blocks {
                for y in block.top..block.top + block.units.div_ceil(block.columns) * cell {
                    for x in block.left..block.left + block.columns * cell {
                        prop_assert!((MARGIN..WIDTH - MARGIN).contains(&x) && (TOP..BOTTOM).contains(&y));
                        prop_assert!(!std::mem::replace(&mut taken[y * WIDTH + x], true));
                    }
                }
            }
        }
    }
}
