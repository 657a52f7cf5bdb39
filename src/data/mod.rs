//! Data sets as plain bytes: reading, checking, fetching, generating. This module knows no GPU and no training.
//!
//! | module | |
//! |---|---|
//! | [`idx`] | the file format of the MNIST family, piece by piece |
//! | [`records`] | the file format of the CIFAR family, piece by piece |
//! | [`catalogue`] | the known sets: their files, checksums, shapes, authors |
//! | [`stream`] | the files of a known set, checked while they arrive |
//! | [`own`] | a user's own set, split into training and test rows; from files of any kind |
//! | [`table`] | a user's own set from a table, such as a CSV file |
//! | [`photos`] | a user's own set from pictures, one folder for each class |
//! | [`planted`] | a synthetic set with known informative inputs |
//! | [`folder`] | a set from a folder (native) |
//! | [`disk`] | a user's own set from a path (native) |
//! | [`fetch`] | downloads a known set into a folder (native) |
//! | `picture` | decodes one picture |
//! | `pictures` | records from the pictures of one of the published packages (native) |
//!
//! All input is checked: a header before anything is allocated for it, a file of a known set against its checksum, a label against the
//! number of classes. Every refusal is a [`DataError`].

pub mod catalogue;
#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod fetch;
#[cfg(not(target_arch = "wasm32"))]
pub mod folder;
pub mod idx;
pub mod own;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub mod photos;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod picture;
#[cfg(not(target_arch = "wasm32"))]
mod pictures;
pub mod planted;
pub mod records;
pub mod stream;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub mod table;

#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;

#[cfg(not(target_arch = "wasm32"))]
use crate::config::DatasetName;

#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub use error::OwnProblem;
pub use error::{DataError, Expected, Problem, Remedy};
#[cfg(not(target_arch = "wasm32"))]
pub use error::{FetchProblem, FileProblem};

/// Images or rows of features with their labels, one byte for each feature and each label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// `[N, I]`, row after row, 0 to 255; a row is `[C, height, width]`, one plane for each channel.
    pub inputs: Vec<u8>,
    /// `[N]`, each below the number of classes.
    pub labels: Vec<u8>,
}

impl Split {
    /// N, the number of rows.
    ///
    /// # Panics
    /// With 2³² rows or more, which no loader of this module returns.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.labels.len()).expect("a data set has fewer than 2^32 rows")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// A complete classification set. The network gets a feature less its mean over the first training rows, divided by `deviation`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name for `--dataset`.
    pub name: String,
    /// C, channels of an image: 1 for grey, 3 for red, green and blue.
    pub channels: u32,
    /// Height and width of an image; features without a shape are one row of one channel.
    pub height: u32,
    pub width: u32,
    pub classes: u32,
    /// Whether shifting an image by a few pixels or mirroring it leaves its class unchanged.
    pub augment: bool,
    /// Mean of all training features divided by 255.
    pub mean: f32,
    /// Standard deviation of all training features divided by 255.
    pub deviation: f32,
    pub train: Split,
    pub test: Split,
    /// `[I]`, which inputs carry the class, if that is known (`planted`).
    pub informative: Option<Vec<bool>>,
    /// For a user's own set: [`own::Own::sum`].
    pub sum: Option<String>,
}

impl Dataset {
    /// I, the number of features of a row.
    #[must_use]
    pub fn inputs(&self) -> u32 {
        self.channels * self.height * self.width
    }
}

/// The set that `--dataset` names.
///
/// A known set is looked for in `data_dir/NAME`, and if its authors publish an archive, also where that may have been unpacked (see
/// [`folder::load_known`]). The user's own idx files are looked for in `data_dir` itself. `seed` is for a synthetic set only.
///
/// # Errors
/// A missing, damaged or foreign file, by name, with advice.
#[cfg(not(target_arch = "wasm32"))]
pub fn load(name: DatasetName, data_dir: &Path, seed: u32) -> Result<Dataset, DataError> {
    match name {
        DatasetName::Mnist => folder::load_known(&catalogue::MNIST, data_dir),
        DatasetName::FashionMnist => folder::load_known(&catalogue::FASHION_MNIST, data_dir),
        DatasetName::Cifar10 => folder::load_known(&catalogue::CIFAR10, data_dir),
        DatasetName::Cifar100 => folder::load_known(&catalogue::CIFAR100, data_dir),
        DatasetName::Planted => Ok(planted::planted(seed)),
        DatasetName::Idx => folder::load_own(data_dir),
        DatasetName::Own => Err(DataError::new("own", FileProblem::OwnerHasIt)),
    }
}

/// Mean and standard deviation of features divided by 255; (0, 0) for none.
///
/// The sums are integers, so the result does not depend on the order or on the device.
#[must_use]
pub fn moments(features: &[u8]) -> (f32, f32) {
    let mut histogram = [0u64; 256];
    // Browsers optimise a function that is called often, but not one long call, so the work is split into pieces.
    for piece in features.chunks(1 << 14) {
        count(&mut histogram, piece);
    }
    let (mut sum, mut squares) = (0u64, 0u64);
    for (value, &count) in (0u64..).zip(&histogram) {
        sum += value * count;
        squares += value * value * count;
    }
    let count = features.len().max(1) as f64;
    let mean = sum as f64 / count;
    let variance = (squares as f64 / count - mean * mean).max(0.0);
    ((mean / 255.0) as f32, (variance.sqrt() / 255.0) as f32)
}

/// Adds the number of occurrences of each byte.
#[inline(never)]
fn count(histogram: &mut [u64; 256], bytes: &[u8]) {
    for &byte in bytes {
        histogram[usize::from(byte)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_few_values() {
        assert_eq!(moments(&[]), (0.0, 0.0));
        assert_eq!(moments(&[7; 3]).1, 0.0);
        let (mean, deviation) = moments(&[0, 255]);
        assert_eq!((mean, deviation), (0.5, 0.5));
    }
}
