//! A user's own set from any source: rows with their classes, split into training and test rows.
//!
//! The page and the terminal use this code, so that the same files with the same seed give the same run on both.

#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod files;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod folders;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod foreign;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod import;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod plan;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub(super) mod words;

use md5::{Digest, Md5};
use rand::seq::SliceRandom;

#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
use self::files::{is_idx, of_idx};
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub use self::import::Import;
use super::stream::hex;
use super::{Dataset, Split, moments};
use crate::random::{Stream, Threefry};

/// The turn of the generator that splits a set.
const SPLIT_TURN: u32 = 1 << 16;
/// One row in this many of each class is a test row, as in MNIST.
const TEST_ONE_IN: usize = 7;
/// A label is one byte.
pub const MOST_CLASSES: usize = 256;

/// All rows of a set, as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// A name for all of its files.
    pub name: String,
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// All rows, or the training rows if the set has its own test rows.
    pub rows: Split,
    pub test: Option<Split>,
    /// Of a table: its columns by name, without a header by number, for a choice of the class.
    pub columns: Vec<String>,
    /// What its owner has to know of how it was read, in sentences.
    pub notes: Vec<String>,
}

impl Own {
    /// Identifies the set among others of its shape: MD5 of names, rows and labels, in hexadecimal.
    #[must_use]
    pub fn sum(&self) -> String {
        let mut sum = Md5::new();
        for part in [Some(&self.rows), self.test.as_ref()].into_iter().flatten() {
            sum.update(part.len().to_le_bytes());
            sum.update(&part.inputs);
            sum.update(&part.labels);
        }
        sum.update(self.classes.join("\n"));
        hex(&sum.finalize())
    }

    /// Numbers of training and test rows after the split.
    #[must_use]
    pub fn counts(&self) -> (u32, u32) {
        let test = self.test.as_ref().map_or_else(|| self.test_counts().iter().sum::<usize>() as u32, Split::len);
        (if self.test.is_some() { self.rows.len() } else { self.rows.len() - test }, test)
    }

    /// Numbers of test rows of each class; at least one for a class of two or more rows.
    fn test_counts(&self) -> Vec<usize> {
        let mut counts = vec![0usize; self.classes.len()];
        for &label in &self.rows.labels {
            counts[usize::from(label)] += 1;
        }
        counts.into_iter().map(|rows| if rows < 2 { 0 } else { (rows / TEST_ONE_IN).max(1) }).collect()
    }

    /// Splits the set by `seed`: of each class a share, drawn at random, becomes test rows. The training rows are shuffled, because files often have
    /// one class after another and the first epoch only shuffles within blocks.
    #[must_use]
    pub fn dataset(&self, seed: u32) -> Dataset {
        let mut random = Threefry::new(seed, Stream::Data, SPLIT_TURN);
        let mut order: Vec<u32> = (0..self.rows.len()).collect();
        order.shuffle(&mut random);
        let mut left = if self.test.is_some() { vec![0; self.classes.len()] } else { self.test_counts() };
        let features = self.rows.inputs.len() / self.rows.labels.len().max(1);
        let (mut train, mut test) = (Split::default(), Split::default());
        for row in order {
            let (row, label) = (row as usize, self.rows.labels[row as usize]);
            let left = &mut left[usize::from(label)];
            let part = if *left > 0 { &mut test } else { &mut train };
            *left = left.saturating_sub(1);
            part.inputs.extend_from_slice(&self.rows.inputs[row * features..][..features]);
            part.labels.push(label);
        }
        if let Some(own) = &self.test {
            test.clone_from(own);
        }
        let (mean, deviation) = moments(&train.inputs);
        Dataset {
            name: self.name.clone(),
            channels: self.channels,
            height: self.height,
            width: self.width,
            classes: self.classes.len() as u32,
            augment: false,
            mean,
            // A few training rows may be equal although the whole set is not.
            deviation: if deviation > 0.0 { deviation } else { 1.0 },
            train,
            test,
            informative: None,
            sum: Some(self.sum()),
        }
    }

    /// `1,200 images of 28 × 28, 5 classes`, for a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let (train, test) = self.counts();
        let rows = grouped(train + test);
        // Whole phrases: other languages change more than the end of a noun.
        let shape = match (self.channels, self.height) {
            (1, 1) if self.width == 1 => format!("{rows} rows of 1 value"),
            (1, 1) => format!("{rows} rows of {} values", grouped(self.width)),
            (3, height) => format!("{rows} colour images of {} \u{d7} {height}", self.width),
            (_, height) => format!("{rows} grey images of {} \u{d7} {height}", self.width),
        };
        let train = if train == 1 { "1 training row".to_owned() } else { format!("{} training rows", grouped(train)) };
        let test = if test == 1 { "1 test row".to_owned() } else { format!("{} test rows", grouped(test)) };
        let classes = format!("{} classes", self.classes.len());
        format!("{shape}, {classes}: {train} and {test}")
    }
}

/// 1,200
#[must_use]
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let places = digits.len();
    digits
        .char_indices()
        .map(|(at, digit)| if at > 0 && (places - at).is_multiple_of(3) { format!(",{digit}") } else { digit.to_string() })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::data) fn own(rows: &[(u8, u8)]) -> Own {
        let classes = rows.iter().map(|&(label, _)| label).max().map_or(0, |label| label + 1);
        Own {
            name: "mine".to_owned(),
            channels: 1,
            height: 1,
            width: 1,
            classes: (0..classes).map(|class| class.to_string()).collect(),
            rows: Split { inputs: rows.iter().map(|&(_, value)| value).collect(), labels: rows.iter().map(|&(label, _)| label).collect() },
            test: None,
            columns: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn idx(dimensions: &[u32], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
        for size in dimensions {
            bytes.extend(size.to_be_bytes());
        }
        bytes.extend(body);
        bytes
    }

    fn named(files: &[(&str, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect()
    }

    #[test]
    fn a_pair_of_idx_files_is_split_and_two_pairs_are_not() {
        let (images, labels) = (idx(&[4, 1, 2], &[1, 2, 3, 4, 5, 6, 7, 8]), idx(&[4], &[0, 2, 0, 2]));
        let set = of_idx("mine", &named(&[("b", images.clone()), ("a", labels.clone())])).unwrap();
        assert_eq!((set.classes.join(" "), set.width, set.height, set.counts()), ("0 2".to_owned(), 2, 1, (2, 2)));
        assert_eq!((&set.rows.labels[..], &set.notes[..]), (&[0, 1, 0, 1][..], &["Labels: 0 to 2; no row has 1.".to_owned()][..]));
        let (test_images, test_labels) = (idx(&[1, 1, 2], &[9, 9]), idx(&[1], &[4]));
        let files = [("train-i", images.clone()), ("train-l", labels), ("T10K-l", test_labels), ("t10k-i", test_images)];
        let set = of_idx("mine", &named(&files)).unwrap();
        assert_eq!((set.classes.join(" "), set.counts()), ("0 2 4".to_owned(), (4, 1)));
        assert_eq!(set.dataset(1).test, Split { inputs: vec![9, 9], labels: vec![2] });
        assert_eq!(set.words(), "5 rows of 2 values, 3 classes: 4 training rows and 1 test row");

        for (files, words) in [
            (named(&[("x", images.clone())]), "x: its labels are missing"),
            (named(&[("x", images.clone()), ("y", images.clone())]), "y: it is a second file of images"),
            (named(&[("x", images.clone()), ("y", idx(&[3], &[0, 1, 1]))]), "x: it has 4 images, but y has 3 labels"),
            (named(&[("x", images), ("y", vec![7; 20])]), "y: it is not an idx file of images"),
            (named(&[]), "mine: there is no idx file"),
        ] {
            let message = of_idx("mine", &files).unwrap_err().to_string();
            assert!(message.starts_with(words), "{message}");
        }
    }

    #[test]
    fn sets_of_one_class_or_of_equal_values_are_refused() {
        for (rows, words) in [
            (&[(0, 1), (0, 2)][..], "all its rows are of one class"),
            (&[(0, 1), (1, 2)], "no class has two rows"),
            (&[(0, 5), (1, 5), (1, 5)], "all its values are alike"),
        ] {
            let message = own(rows).check().unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        assert!(Own { width: 5000, ..own(&[(0, 1), (1, 2)]) }.check().unwrap_err().to_string().contains("its rows have 5000 values"));
    }

    proptest! {
        /// For every seed, each row is in one part, each class has its share, and the counts are those given in advance.
        #[test]
        fn a_split_has_each_row_once(sizes in proptest::collection::vec(0usize..40, 2..6), seed: u32) {
            let rows: Vec<(u8, u8)> = sizes.iter().zip(0u8..).flat_map(|(&size, label)| (0..size).map(move |row| (label, (row * 6) as u8 + label))).collect();
            let Ok(set) = own(&rows).check() else { return Ok(()) };
            let split = set.dataset(seed);
            prop_assert_eq!(set.counts(), (split.train.len(), split.test.len()));
            let pairs = |split: &Split| split.labels.iter().copied().zip(split.inputs.iter().copied()).collect::<Vec<_>>();
            let mut all = [pairs(&split.train), pairs(&split.test)].concat();
            let mut expected = rows.clone();
            all.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(all, expected);
            for (label, &size) in (0u8..).zip(&sizes) {
                let test = pairs(&split.test).iter().filter(|(each, _)| *each == label).count();
                prop_assert_eq!(test, if size < 2 { 0 } else { (size / TEST_ONE_IN).max(1) });
            }
            prop_assert_eq!(set.dataset(seed), split);
        }

        /// Any bytes under any names give a set or an error, never a panic.
        #[test]
        fn no_idx_files_panic(files in proptest::collection::vec(("[at0-9e-s]{0,6}", proptest::collection::vec(prop_oneof![4 => 0u8..9, 1 => any::<u8>()], 0..40)), 0..5)) {
            drop(of_idx("mine", &files));
        }
    }
}
