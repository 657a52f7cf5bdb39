//! Data as a user meets it: spoilt files are refused in words that help, and what loads can be learnt from.
//!
//! The known sets are fetched into `data/`, as `lacuna data fetch` does; a set that cannot be fetched fails its tests by name.

#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::{Path, PathBuf};

use lacuna::config::DatasetName;
use lacuna::data::catalogue::{FASHION_MNIST, KNOWN, Known, MNIST, Part, Stream};
use lacuna::data::fetch::{Outcome, fetch};
use lacuna::data::folder::{load_known, load_own};
use lacuna::data::planted::{planted, planted_rows};
use lacuna::data::{Dataset, Split, load, moments};
use lacuna::random::{Stream as Use, Threefry};
use rand::seq::SliceRandom as _;

fn data_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion")
}

/// The folder of a known set, fetched if it is not there.
fn fetched(known: &'static Known) -> PathBuf {
    match fetch(known, &data_dir(), &mut |_| {}) {
        Ok(Outcome::AlreadyThere(folder) | Outcome::Fetched(folder)) => folder,
        Err(error) => panic!("the data set {} could not be fetched: {error}", known.name),
    }
}

/// A copy of a folder's four files, to be spoilt.
fn copy(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in Part::ALL {
        let name = format!("{}.gz", part.file_name());
        fs::copy(from.join(&name), folder.path().join(name)).unwrap();
    }
    folder
}

fn packed(folder: &Path, part: Part) -> PathBuf {
    folder.join(format!("{}.gz", part.file_name()))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(fs::File::open(path).unwrap()), &mut bytes).unwrap();
    bytes
}

/// Replaces the packed file of a part by plain bytes.
fn put(folder: &Path, part: Part, bytes: &[u8]) {
    fs::remove_file(packed(folder, part)).unwrap();
    fs::write(folder.join(part.file_name()), bytes).unwrap();
}

fn assert_says(message: &str, words: &[&str]) {
    for words in words {
        assert!(message.contains(words), "{words:?} is not in {message:?}");
    }
}

#[test]
fn own_files_that_are_spoilt_are_refused_by_name_and_with_what_helps() {
    let labels = unpacked(&packed(&fixture(), Part::TestLabels));
    let images = unpacked(&packed(&fixture(), Part::TestImages));
    let refusal = |spoil: &dyn Fn(&Path)| {
        let folder = copy(&fixture());
        spoil(folder.path());
        load_own(folder.path()).unwrap_err().to_string()
    };
    let with = |part: Part, bytes: &[u8]| refusal(&|folder| put(folder, part, bytes));

    let message = with(Part::TestLabels, &labels[..30]);
    assert_says(&message, &["t10k-labels-idx1-ubyte", "truncated: its header promises 50 labels", "only 30", "Replace it"]);
    let message = with(Part::TestLabels, &[&labels[..], &[0]].concat());
    assert_says(&message, &["t10k-labels-idx1-ubyte", "too long", "Replace it"]);
    let message = with(Part::TestImages, b"");
    assert_says(&message, &["t10k-images-idx3-ubyte", "empty", "Replace it"]);
    let message = with(Part::TestImages, b"<!doctype html><title>Not found</title>");
    assert_says(&message, &["t10k-images-idx3-ubyte", "not an idx file of images", "Replace it"]);
    let message = with(Part::TestImages, &labels);
    assert_says(&message, &["t10k-images-idx3-ubyte", "holds labels where images are expected", "swapped: exchange their names"]);
    let message = with(Part::TestLabels, &images);
    assert_says(&message, &["t10k-labels-idx1-ubyte", "holds images where labels are expected", "swapped: exchange their names"]);

    let message = refusal(&|folder| {
        let path = packed(folder, Part::TrainImages);
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "truncated: its gzip stream breaks off", "whole copy"]);
    let message = refusal(&|folder| {
        let path = packed(folder, Part::TrainImages);
        let mut bytes = fs::read(&path).unwrap();
        // The checksum at the end of the gzip stream.
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "gzip stream is damaged", "whole copy"]);
    let message = refusal(&|folder| {
        fs::rename(packed(folder, Part::TestLabels), packed(folder, Part::TrainLabels)).unwrap();
        fs::copy(packed(&fixture(), Part::TestLabels), packed(folder, Part::TestLabels)).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "holds 200 images, but ", "train-labels-idx1-ubyte.gz holds 50 labels", "Put"]);
    let message = refusal(&|folder| fs::remove_file(packed(folder, Part::TrainLabels)).unwrap());
    assert_says(&message, &["train-labels-idx1-ubyte", "no such file", "Put it there"]);

    let mut tall = images.clone();
    tall[4..16].copy_from_slice(&[0, 0, 0, 50, 0, 0, 0, 56, 0, 0, 0, 14]);
    let message = with(Part::TestImages, &tall);
    assert_says(&message, &["t10k-images-idx3-ubyte", "56\u{d7}14 pixels", "28\u{d7}28 pixels", "one set"]);
}

#[test]
fn missing_folders_are_named_with_what_helps() {
    let nowhere = tempfile::tempdir().unwrap().path().join("nowhere");
    let message = load(DatasetName::Mnist, &nowhere, 1).unwrap_err().to_string();
    let place = nowhere.display().to_string();
    let command = format!("`lacuna data fetch mnist --data-dir {place}`");
    assert_says(&message, &[&place, "no such folder", &command, "place the four official files (train-labels-idx1-ubyte, "]);
    let message = load(DatasetName::Idx, &nowhere, 1).unwrap_err().to_string();
    assert_says(&message, &[&place, "no such folder", "--data-dir", "train-images-idx3-ubyte"]);
}

#[test]
fn a_known_set_is_refused_when_one_bit_differs() {
    let folder = copy(&fetched(&MNIST));
    let mut labels = unpacked(&packed(folder.path(), Part::TestLabels));
    labels[99] ^= 1;
    put(folder.path(), Part::TestLabels, &labels);
    let message = load_known(&MNIST, folder.path()).unwrap_err().to_string();
    let expected = MNIST.md5(Part::TestLabels);
    assert_says(&message, &["t10k-labels-idx1-ubyte", expected, "found ", "`lacuna data fetch mnist", "--dataset idx"]);

    let message = load_known(&FASHION_MNIST, folder.path()).unwrap_err().to_string();
    assert_says(&message, &["train-labels-idx1-ubyte", "not that of fashion-mnist", "lacuna data fetch fashion-mnist"]);

    let message = load_known(&FASHION_MNIST, &fixture()).unwrap_err().to_string();
    assert_says(&message, &["train-labels-idx1-ubyte", "200 labels where fashion-mnist has 60000 labels"]);
}

#[test]
fn known_sets_load_whole_and_the_fixture_is_a_part_of_one() {
    for known in KNOWN {
        fetched(known);
    }
    let mnist = load(DatasetName::Mnist, &data_dir(), 1).unwrap();
    let fashion = load(DatasetName::FashionMnist, &data_dir(), 1).unwrap();
    for (set, known) in [(&mnist, &MNIST), (&fashion, &FASHION_MNIST)] {
        assert_eq!((set.name.as_str(), set.inputs(), set.classes), (known.name, 784, 10));
        assert_eq!((set.train.len(), set.test.len()), (60_000, 10_000));
        let (mean, deviation) = moments(&set.train.inputs);
        assert!((set.mean - mean).abs() < 1e-7 && (set.deviation - deviation).abs() < 1e-7, "{mean} {deviation}");
    }
    assert_eq!(mnist.train.labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(fashion.train.labels[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);

    let small = load_own(&fixture()).unwrap();
    for (part, whole, each) in [(&small.train, &fashion.train, 20), (&small.test, &fashion.test, 5)] {
        let mut rows = Split::default();
        let mut seen = [0; 10];
        for (row, &label) in whole.inputs.chunks_exact(784).zip(&whole.labels) {
            seen[usize::from(label)] += 1;
            if seen[usize::from(label)] <= each {
                rows.inputs.extend_from_slice(row);
                rows.labels.push(label);
            }
        }
        assert_eq!(*part, rows);
    }
}

/// As the page does it: unpacked bytes in pieces of any size, rows used as they come.
#[test]
fn a_stream_hands_out_the_rows_of_the_file() {
    let path = packed(&fetched(&MNIST), Part::TestImages);
    let bytes = unpacked(&path);
    let (mut stream, mut rows) = (Stream::new(&MNIST, Part::TestImages), Vec::new());
    for piece in bytes.chunks(65_521) {
        stream.feed(piece).unwrap();
        rows.extend_from_slice(stream.new_rows());
        assert_eq!(rows.len(), stream.rows() as usize * 784);
    }
    assert_eq!(rows, bytes[16..]);
    assert_eq!(stream.finish().unwrap(), rows);

    let mut stream = Stream::new(&MNIST, Part::TestImages);
    stream.feed(&bytes[..bytes.len() - 1]).unwrap();
    assert_says(&stream.finish().unwrap_err().to_string(), &["t10k-images-idx3-ubyte", "truncated", "Load it again"]);
}

/// Classes, rounded up so that a row of weights fills whole vectors.
const LANES: usize = 16;

/// Multinomial logistic regression by plain SGD, its rate falling in a straight line to 0; gives the test accuracy.
/// `used`: `[I]`, which inputs it may see.
fn regress(set: &Dataset, mut used: impl FnMut(usize) -> bool, epochs: u32, rate: f32) -> f64 {
    const BATCH: usize = 50;
    let inputs: Vec<usize> = (0..set.inputs() as usize).filter(|&input| used(input)).collect();
    let feature = |split: &Split, row: usize, input: usize| {
        (f32::from(split.inputs[row * set.inputs() as usize + input]) / 255.0 - set.mean) / set.deviation
    };
    let rows = |split: &Split| -> Vec<f32> {
        let rows = 0..split.labels.len();
        rows.flat_map(|row| inputs.iter().map(move |&input| feature(split, row, input)).chain([1.0])).collect()
    };
    let (width, classes) = (inputs.len() + 1, set.classes as usize);
    let (train, test) = (rows(&set.train), rows(&set.test));
    let mut weights = vec![[0.0f32; LANES]; width];
    let logits = |weights: &[[f32; LANES]], row: &[f32]| {
        let mut logits = [0.0f32; LANES];
        for (x, weights) in row.iter().zip(weights) {
            for (logit, weight) in logits.iter_mut().zip(weights) {
                *logit += x * weight;
            }
        }
        logits
    };
    let mut order: Vec<u32> = (0..set.train.len()).collect();
    let batches = order.len() / BATCH;
    for epoch in 0..epochs {
        order.shuffle(&mut Threefry::new(1, Use::Order, epoch));
        for (batch, members) in order.chunks_exact(BATCH).enumerate() {
            let done = (epoch as usize * batches + batch) as f32 / (epochs as usize * batches) as f32;
            let step = rate * (1.0 - done) / BATCH as f32;
            let errors: Vec<[f32; LANES]> = members
                .iter()
                .map(|&member| {
                    let mut error = logits(&weights, &train[member as usize * width..][..width]);
                    let most = error[..classes].iter().copied().fold(f32::MIN, f32::max);
                    for logit in &mut error {
                        *logit = (*logit - most).exp();
                    }
                    error[classes..].fill(0.0);
                    let sum: f32 = error.iter().sum();
                    for share in &mut error {
                        *share /= sum;
                    }
                    error[usize::from(set.train.labels[member as usize])] -= 1.0;
                    error
                })
                .collect();
            for (&member, error) in members.iter().zip(&errors) {
                let row = &train[member as usize * width..][..width];
                for (x, weights) in row.iter().zip(&mut weights) {
                    for (weight, error) in weights.iter_mut().zip(error) {
                        *weight -= step * x * error;
                    }
                }
            }
        }
    }
    let right = test.chunks_exact(width).zip(&set.test.labels).filter(|(row, label)| {
        let logits = logits(&weights, row);
        let best = (0..classes).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        best == usize::from(**label)
    });
    right.count() as f64 / set.test.labels.len() as f64
}

#[test]
fn logistic_regression_learns_mnist() {
    fetched(&MNIST);
    let accuracy = regress(&load(DatasetName::Mnist, &data_dir(), 1).unwrap(), |_| true, 8, 0.02);
    assert!(accuracy >= 0.92, "mnist: {accuracy}");
}

#[test]
fn logistic_regression_learns_fashion_mnist() {
    fetched(&FASHION_MNIST);
    let accuracy = regress(&load(DatasetName::FashionMnist, &data_dir(), 1).unwrap(), |_| true, 8, 0.02);
    assert!(accuracy >= 0.83, "fashion-mnist: {accuracy}");
}

#[test]
fn the_planted_inputs_carry_all_of_the_class_and_the_others_none() {
    let set = planted(5);
    let informative = set.informative.clone().unwrap();
    let all = regress(&set, |_| true, 3, 0.05);
    let planted = regress(&set, |input| informative[input], 3, 0.05);
    let noise = regress(&set, |input| !informative[input], 3, 0.05);
    let mut left = 0;
    let half = regress(
        &set,
        |input| {
            left += u32::from(informative[input]);
            informative[input] && left <= 16
        },
        3,
        0.05,
    );
    assert!((0.90..=0.97).contains(&all), "all inputs: {all}");
    assert!((0.90..=0.97).contains(&planted) && planted >= all, "informative inputs: {planted}");
    assert!(half < planted - 0.1, "half of the informative inputs: {half}");
    // Chance is 0.1; the deviation over 4,000 rows is 0.005.
    assert!((noise - 0.1).abs() < 0.02, "noise inputs: {noise}");
}

#[test]
fn a_planted_set_comes_from_its_seed() {
    assert_eq!(load(DatasetName::Planted, Path::new("."), 9).unwrap(), planted(9));
    assert_ne!(planted_rows(9, 10, 10), planted_rows(10, 10, 10));
}
