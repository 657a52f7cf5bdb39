//! A synthetic set with known informative inputs: the ground truth for gated inputs.
//!
//! Feature j of a row of class c is
//!
//! ```text
//! x = (n + 130 + 90·sign) / 5,   n the sum of four uniform bytes,   sign = code[j][c]        where j is informative,
//!                                                                   sign = ±1 by a fair coin  elsewhere
//! ```
//!
//! so x is between 8 and 248, with a bell curve of deviation 29.6 around 110 or 146. Every code word `code[j]` is +1 for five classes and -1
//! for the other five, and no two are equal or opposite. So the mean of each informative input differs by the same amount between classes,
//! and no input copies another. Over all classes an informative and a noise input have exactly the same distribution: they differ only in
//! their relation to the label, not in mean or variance.
//!
//! Only integers are drawn and computed, so that a seed gives the same set natively and in the page.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::{Dataset, Split, moments};
use crate::random::{Stream, Threefry};

/// I, the inputs of a row.
pub const INPUTS: u32 = 256;
/// How many of them carry the class.
pub const INFORMATIVE: u32 = 32;
pub const CLASSES: u32 = 10;
pub const TRAIN_ROWS: u32 = 60_000;
pub const TEST_ROWS: u32 = 4_000;

/// The least number of informative inputs in which any two classes differ (the mean is 17.8), so that no seed gives a much harder set.
const LEAST_DISTANCE: usize = 13;

/// Inputs whose coins are drawn at once, one bit each.
const COINS: usize = 32;

/// A code word: the sign of an informative input for each class.
type Word = [bool; CLASSES as usize];

/// The set of this seed, with 60,000 training and 4,000 test rows.
#[must_use]
pub fn planted(seed: u32) -> Dataset {
    planted_rows(seed, TRAIN_ROWS, TEST_ROWS)
}

/// The same with other numbers of rows; the first rows of a split do not depend on how many follow.
#[must_use]
pub fn planted_rows(seed: u32, train_rows: u32, test_rows: u32) -> Dataset {
    let mut rng = Threefry::new(seed, Stream::Data, 0);
    let mut order: Vec<u32> = (0..INPUTS).collect();
    order.shuffle(&mut rng);
    let mut words = vec![None; INPUTS as usize];
    for (input, word) in order.into_iter().zip(code(&mut rng)) {
        words[input as usize] = Some(word);
    }
    let train = split(&words, train_rows, Threefry::new(seed, Stream::Data, 1));
    let (mean, deviation) = moments(&train.inputs);
    Dataset {
        name: "planted".to_owned(),
        channels: 1,
        height: 1,
        width: INPUTS,
        classes: CLASSES,
        augment: false,
        mean,
        deviation,
        train,
        test: split(&words, test_rows, Threefry::new(seed, Stream::Data, 2)),
        informative: Some(words.iter().map(Option::is_some).collect()),
        sum: None,
    }
}

/// One word for each informative input: balanced, neither equal nor opposite to another, the classes well apart.
fn code(rng: &mut Threefry) -> Vec<Word> {
    loop {
        let mut words: Vec<Word> = Vec::new();
        while words.len() < INFORMATIVE as usize {
            let mut word: Word = std::array::from_fn(|class| class % 2 == 0);
            word.shuffle(rng);
            if !words.contains(&word) && !words.contains(&word.map(|sign| !sign)) {
                words.push(word);
            }
        }
        let distance = |a: usize, b: usize| words.iter().filter(|word| word[a] != word[b]).count();
        // About one draw in five passes.
        if (0..CLASSES as usize).all(|a| (0..a).all(|b| distance(a, b) >= LEAST_DISTANCE)) {
            return words;
        }
    }
}

/// Rows of uniformly drawn classes; `words`: `[I]`, `None` for noise. For every 32 inputs it draws a word of coins, then a word of noise for each
/// input.
fn split(words: &[Option<Word>], rows: u32, mut rng: Threefry) -> Split {
    let bits = |of: &dyn Fn(&Option<Word>) -> bool| -> Vec<u32> {
        let word = |inputs: &[Option<Word>]| inputs.iter().rev().fold(0, |bits, input| bits << 1 | u32::from(of(input)));
        words.chunks(COINS).map(word).collect()
    };
    let noise = bits(&Option::is_none);
    let signs: [Vec<u32>; CLASSES as usize] = std::array::from_fn(|class| bits(&|word| word.is_some_and(|word| word[class])));
    let mut split = Split { inputs: vec![0; rows as usize * words.len()], labels: vec![0; rows as usize] };
    for (label, row) in split.labels.iter_mut().zip(split.inputs.chunks_exact_mut(words.len())) {
        *label = rng.random_range(0..CLASSES) as u8;
        draw_row(row, &noise, &signs[usize::from(*label)], &mut rng);
    }
    split
}

/// The features of a row. For every 32 inputs, a word of bits says which are noise, and another gives the signs of the rest.
// It is a function of its own because browsers optimise functions that are called often, but not a loop in a function that runs once.
#[inline(never)]
fn draw_row(row: &mut [u8], noise: &[u32], signs: &[u32], rng: &mut Threefry) {
    let mut drawn = [0; 1 + COINS];
    for ((features, noise), signs) in row.chunks_exact_mut(COINS).zip(noise).zip(signs) {
        rng.fill(&mut drawn);
        let high = drawn[0] & noise | signs;
        for (input, (feature, bytes)) in features.iter_mut().zip(&drawn[1..]).enumerate() {
            // Two sums of two bytes each, then one of four.
            let pairs = (bytes & 0x00FF_00FF) + (bytes >> 8 & 0x00FF_00FF);
            let sum = (pairs & 0xFFFF) + (pairs >> 16);
            *feature = ((sum + 40 + 180 * (high >> input & 1)) / 5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_a_set_and_rows_do_not_depend_on_their_number() {
        let (small, large) = (planted_rows(7, 50, 20), planted_rows(7, 80, 30));
        assert_eq!(small.train.inputs[..], large.train.inputs[..50 * 256]);
        assert_eq!(small.test.labels[..], large.test.labels[..20]);
        assert_eq!(small.informative, large.informative);
        assert_ne!(planted_rows(8, 50, 20).train, small.train);
        assert_ne!(small.train.inputs[..256], small.test.inputs[..256]);
    }

    /// The page and the native program must make the same set: a change of one byte shows here.
    #[test]
    fn known_answer() {
        use md5::{Digest as _, Md5};
        let set = planted_rows(1, 100, 10);
        let sum = Md5::new().chain_update(&set.train.inputs).chain_update(&set.train.labels).chain_update(&set.test.inputs).finalize();
        assert_eq!(super::super::stream::hex(&sum), "21d2f69e76a48f83dff71c964f1fe83d");
    }

    #[test]
    fn thirty_two_inputs_carry_the_class_with_equal_strength() {
        let set = planted(3);
        assert_eq!((set.train.len(), set.test.len(), set.inputs()), (60_000, 4_000, 256));
        let informative = set.informative.as_ref().unwrap();
        assert_eq!(informative.iter().filter(|&&carries| carries).count(), 32);
        let mut rows = [0.0f64; 10];
        for &label in &set.train.labels {
            rows[usize::from(label)] += 1.0;
        }
        for (input, &carries) in informative.iter().enumerate() {
            let (mut sums, mut sum, mut squares) = ([0.0f64; 10], 0.0, 0.0);
            for (row, &label) in set.train.inputs.chunks_exact(256).zip(&set.train.labels) {
                let feature = f64::from(row[input]);
                sums[usize::from(label)] += feature;
                sum += feature;
                squares += feature * feature;
            }
            let mean = sum / 60_000.0;
            let deviation = (squares / 60_000.0 - mean * mean).sqrt();
            // The deviation of the noise, 29.6, and of the shift, 18, together: 34.6, for noise and informative inputs alike.
            assert!((mean - 127.6).abs() < 1.2, "mean of input {input}: {mean}");
            assert!((deviation - 34.6).abs() < 0.7, "deviation of input {input}: {deviation}");
            let energy: f64 = (0..10).map(|class| (sums[class] / rows[class] - mean).powi(2)).sum::<f64>() / 10.0;
            let expected = if carries { 18.0 } else { 0.0 };
            assert!((energy.sqrt() - expected).abs() < 1.5, "shift of input {input}: {}", energy.sqrt());
        }
    }

    #[test]
    fn every_seed_gives_classes_that_differ_enough() {
        for seed in 0..50 {
            let words = code(&mut Threefry::new(seed, Stream::Data, 0));
            assert!(words.iter().all(|word| word.iter().filter(|&&sign| sign).count() == 5));
        }
    }
}
