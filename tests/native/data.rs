//! Data as a user sees it: damaged files are refused with advice, and a network can learn from what loads.
//!
//! The known sets are fetched into `data/`, as `lacuna data fetch` does; if a set cannot be fetched, its tests fail with its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lacuna::config::DatasetName;
use lacuna::data::catalogue::{CIFAR10, FASHION_MNIST, Known, KnownFile, MNIST};
use lacuna::data::fetch::{Outcome, fetch};
use lacuna::data::folder::{load_known, load_own};
use lacuna::data::idx::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use lacuna::data::planted::{planted, planted_rows};
use lacuna::data::stream::{DatasetStream, Stream};
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

/// A known set for all tests: unpacked and checked once, because that takes longer than most tests.
static MNIST_SET: LazyLock<Dataset> = LazyLock::new(|| whole(&MNIST, DatasetName::Mnist));
static FASHION_SET: LazyLock<Dataset> = LazyLock::new(|| whole(&FASHION_MNIST, DatasetName::FashionMnist));
static CIFAR10_SET: LazyLock<Dataset> = LazyLock::new(|| whole(&CIFAR10, DatasetName::Cifar10));

fn whole(known: &'static Known, name: DatasetName) -> Dataset {
    fetched(known);
    load(name, &data_dir(), 1).unwrap()
}

/// A copy of a folder's files, to be damaged.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn packed(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.gz"))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(fs::File::open(path).unwrap()), &mut bytes).unwrap();
    bytes
}

/// Replaces a compressed file by plain bytes.
fn put(folder: &Path, name: &str, bytes: &[u8]) {
    fs::remove_file(packed(folder, name)).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

fn assert_says(message: &str, words: &[&str]) {
    for words in words {
        assert!(message.contains(words), "{words:?} is not in {message:?}");
    }
}

#[test]
fn damaged_files_are_refused_by_name_and_with_advice() {
    let labels = unpacked(&packed(&fixture(), TEST_LABELS));
    let images = unpacked(&packed(&fixture(), TEST_IMAGES));
    let refusal = |spoil: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixture(), folder.path());
        spoil(folder.path());
        load_own(folder.path()).unwrap_err().to_string()
    };
    let with = |name: &str, bytes: &[u8]| refusal(&|folder| put(folder, name, bytes));

    let message = with(TEST_LABELS, &labels[..30]);
    assert_says(&message, &["t10k-labels-idx1-ubyte", "truncated: its header promises 50 labels", "only 30", "Replace it"]);
    let message = with(TEST_LABELS, &[&labels[..], &[0]].concat());
    assert_says(&message, &["t10k-labels-idx1-ubyte", "too long", "Replace it"]);
    let message = with(TEST_IMAGES, b"");
    assert_says(&message, &["t10k-images-idx3-ubyte", "empty", "Replace it"]);
    let message = with(TEST_IMAGES, b"<!doctype html><title>Not found</title>");
    assert_says(&message, &["t10k-images-idx3-ubyte", "not an idx file of images", "Replace it"]);
    let message = with(TEST_IMAGES, &labels);
    assert_says(&message, &["t10k-images-idx3-ubyte", "has labels where images are expected", "swapped: exchange their names"]);
    let message = with(TEST_LABELS, &images);
    assert_says(&message, &["t10k-labels-idx1-ubyte", "has images where labels are expected", "swapped: exchange their names"]);

    let message = refusal(&|folder| {
        let path = packed(folder, TRAIN_IMAGES);
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "truncated: its gzip stream ends early", "complete copy"]);
    let message = refusal(&|folder| {
        let path = packed(folder, TRAIN_IMAGES);
        let mut bytes = fs::read(&path).unwrap();
        // The checksum at the end of the gzip stream.
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "gzip stream is damaged", "complete copy"]);
    let message = refusal(&|folder| {
        fs::rename(packed(folder, TEST_LABELS), packed(folder, TRAIN_LABELS)).unwrap();
        fs::copy(packed(&fixture(), TEST_LABELS), packed(folder, TEST_LABELS)).unwrap();
    });
    assert_says(&message, &["train-images-idx3-ubyte.gz", "has 200 images, but ", "train-labels-idx1-ubyte.gz has 50 labels", "Put"]);
    let message = refusal(&|folder| fs::remove_file(packed(folder, TRAIN_LABELS)).unwrap());
    assert_says(&message, &["train-labels-idx1-ubyte", "no such file", "Put it there"]);

    let mut tall = images.clone();
    tall[4..16].copy_from_slice(&[0, 0, 0, 50, 0, 0, 0, 56, 0, 0, 0, 14]);
    let message = with(TEST_IMAGES, &tall);
    assert_says(&message, &["t10k-images-idx3-ubyte", "56\u{d7}14 pixels", "28\u{d7}28 pixels", "one set"]);
}

#[test]
fn missing_folders_are_named_with_advice() {
    let nowhere = tempfile::tempdir().unwrap().path().join("nowhere");
    let message = load(DatasetName::Mnist, &nowhere, 1).unwrap_err().to_string();
    let place = nowhere.display().to_string();
    let command = format!("`lacuna data fetch mnist --data-dir {place}`");
    assert_says(&message, &[&place, "no such folder", &command, "place its official files (train-labels-idx1-ubyte, "]);
    let message = load(DatasetName::Idx, &nowhere, 1).unwrap_err().to_string();
    assert_says(&message, &[&place, "no such folder", "--data-dir", "train-images-idx3-ubyte"]);
    let message = load(DatasetName::Cifar10, &nowhere, 1).unwrap_err().to_string();
    let command = format!("`lacuna data fetch cifar10 --data-dir {place}`");
    assert_says(&message, &[&place, "no such folder", &command, "\"CIFAR-10 binary version\"", "cifar-10-batches-bin is in"]);
    let message = load(DatasetName::Cifar100, &nowhere, 1).unwrap_err().to_string();
    assert_says(&message, &[&place, "no such folder", "Unpack the archive \"CIFAR-100 binary version\"", "cifar-100-binary is in"]);
    assert!(!message.contains("data fetch"), "{message}");

    let folder = tempfile::tempdir().unwrap();
    for (name, words) in [
        (DatasetName::Mnist, "mnist: it has no file of mnist (train-labels-idx1-ubyte, "),
        (
            DatasetName::Cifar100,
            "it has no file of cifar100 (train.bin, test.bin), nor have cifar100, cifar100/cifar-100-binary, cifar-100-",
        ),
    ] {
        fs::create_dir_all(folder.path().join(name.name())).unwrap();
        assert_says(&load(name, folder.path(), 1).unwrap_err().to_string(), &[words]);
    }
}

#[test]
fn a_known_set_is_refused_when_one_bit_differs() {
    let folder = tempfile::tempdir().unwrap();
    let [mnist, fashion, cifar10] = [&MNIST, &FASHION_MNIST, &CIFAR10].map(|known| folder.path().join(known.name));
    copy(&fetched(&MNIST), &mnist);
    copy(&mnist, &fashion);
    let mut labels = unpacked(&packed(&mnist, TEST_LABELS));
    labels[99] ^= 1;
    put(&mnist, TEST_LABELS, &labels);
    let message = load_known(&MNIST, folder.path()).unwrap_err().to_string();
    let expected = "27ae3e4e09519cfbb04c329615203637";
    assert_says(&message, &["t10k-labels-idx1-ubyte", expected, "found ", "`lacuna data fetch mnist", "--dataset idx"]);

    let message = load_known(&FASHION_MNIST, folder.path()).unwrap_err().to_string();
    assert_says(&message, &["train-labels-idx1-ubyte", "not that of fashion-mnist", "lacuna data fetch fashion-mnist"]);

    copy(&fixture(), &fashion);
    let message = load_known(&FASHION_MNIST, folder.path()).unwrap_err().to_string();
    assert_says(&message, &["train-labels-idx1-ubyte", "200 labels where fashion-mnist has 60000 labels"]);

    copy(&fetched(&CIFAR10), &cifar10);
    let mut records = unpacked(&packed(&cifar10, "data_batch_1.bin"));
    records[99] ^= 1;
    put(&cifar10, "data_batch_1.bin", &records);
    let message = load_known(&CIFAR10, folder.path()).unwrap_err().to_string();
    let expected = "5dd7e06a14cb22eb9f671a540d1b7c25";
    assert_says(&message, &["data_batch_1.bin: ", expected, "found ", "Remove it and fetch it with `lacuna data fetch cifar10"]);
    fs::rename(packed(&cifar10, "data_batch_2.bin"), cifar10.join("data_batch_1.bin")).unwrap();
    let message = load_known(&CIFAR10, folder.path()).unwrap_err().to_string();
    assert_says(&message, &["data_batch_1.bin: ", expected, "found 5ea93a67294ea407fff1d09f752e9692"]);
}

/// The checksums of CIFAR-100 are not known: files of its sizes with valid labels are accepted.
#[test]
fn the_other_cifar_loads_from_the_folder_of_its_archive() {
    let rows = |rows: u32, first: u32| -> Vec<u8> {
        (first..first + rows).flat_map(|row| [(row % 20) as u8, (row % 100) as u8].into_iter().chain([row as u8; 3072])).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("cifar-100-binary");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("train.bin"), rows(50_000, 0)).unwrap();
    fs::write(place.join("test.bin"), rows(9_999, 50_000)).unwrap();
    let message = load(DatasetName::Cifar100, folder.path(), 1).unwrap_err().to_string();
    assert_says(&message, &["test.bin: it is truncated: 10000 records of 3074 bytes", "Remove it and unpack the archive \"CIFAR-100"]);
    fs::write(place.join("test.bin"), rows(10_000, 50_000)).unwrap();
    let set = load(DatasetName::Cifar100, folder.path(), 1).unwrap();
    assert_eq!((set.channels, set.height, set.width, set.classes, set.augment), (3, 32, 32, 100, true));
    assert_eq!((set.train.len(), set.test.len(), set.inputs()), (50_000, 10_000, 3072));
    assert_eq!((set.test.labels[7], &set.test.inputs[7 * 3072..8 * 3072]), (7, &[(50_007 % 256) as u8; 3072][..]));
    assert_eq!((set.mean, set.deviation), moments(&set.train.inputs));
}

#[test]
fn known_sets_load_completely_and_the_fixture_is_a_part_of_one() {
    let (mnist, fashion) = (&*MNIST_SET, &*FASHION_SET);
    for (set, known) in [(mnist, &MNIST), (fashion, &FASHION_MNIST)] {
        assert_eq!((set.name.as_str(), set.inputs(), set.classes), (known.name, 784, 10));
        assert_eq!((set.train.len(), set.test.len()), (60_000, 10_000));
        assert_eq!((set.channels, set.augment), (1, false));
        assert_moments(set);
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

fn assert_moments(set: &Dataset) {
    let (mean, deviation) = moments(&set.train.inputs);
    assert!((set.mean - mean).abs() < 1e-7 && (set.deviation - deviation).abs() < 1e-7, "{mean} {deviation}");
}

#[test]
fn cifar_10_loads_completely_as_colour_channels() {
    let set = &*CIFAR10_SET;
    assert_eq!((set.channels, set.height, set.width, set.classes, set.augment), (3, 32, 32, 10, true));
    assert_eq!((set.train.len(), set.test.len(), set.inputs()), (50_000, 10_000, 3072));
    assert_moments(set);
    // Published for each channel of the training images, to eight digits.
    for (channel, published) in [(0.491_399_68, 0.247_032_23), (0.482_158_41, 0.243_485_13), (0.446_530_9, 0.261_587_84)].iter().enumerate()
    {
        let planes: Vec<u8> = set.train.inputs.chunks_exact(1024).skip(channel).step_by(3).flatten().copied().collect();
        let (mean, deviation) = moments(&planes);
        assert!((mean - published.0).abs() < 1e-6 && (deviation - published.1).abs() < 1e-6, "{channel}: {mean} {deviation}");
    }
    assert_eq!(set.train.labels[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert_eq!(set.test.labels[..10], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
}

/// As in the page: unpacked bytes in pieces of any size, with rows used as they arrive.
#[test]
fn an_arrival_hands_out_the_rows_of_the_set() {
    for (known, set) in [(&MNIST, &MNIST_SET), (&CIFAR10, &CIFAR10_SET)] {
        let folder = fetched(known);
        let mut arrival = DatasetStream::new(known);
        let (mut inputs, mut labels) = (0, 0);
        for (file, (address, bytes)) in known.files.iter().zip(arrival.clone().files()) {
            let whole = unpacked(&packed(&folder, file.name));
            assert_eq!(whole.len() as u64, bytes);
            for piece in whole.chunks(1_000_003) {
                let rows = arrival.feed(&address, piece).unwrap();
                let (split, first) = if rows.first_row < known.train_rows { (&set.train, 0) } else { (&set.test, known.train_rows) };
                let row = (rows.first_row - first) as usize;
                assert!(
                    split.inputs[row * set.inputs() as usize..].starts_with(rows.inputs) && split.labels[row..].starts_with(rows.labels)
                );
                inputs += rows.inputs.len();
                labels += rows.labels.len();
            }
            arrival.end(&address).unwrap();
        }
        assert_eq!((inputs, labels), (set.train.inputs.len() + set.test.inputs.len(), set.train.labels.len() + set.test.labels.len()));
        assert_eq!(arrival.rows_ready(), known.train_rows);
    }
}

#[test]
fn a_truncated_stream_is_refused() {
    static FILE: &KnownFile = &MNIST.files[3];
    let bytes = unpacked(&packed(&fetched(&MNIST), FILE.name));
    let mut stream = Stream::new(&MNIST, FILE, FILE.name);
    stream.feed(&bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(stream.new_rows().count, 9_996, "whole words only, before the last row is there");
    assert_says(&stream.finish().unwrap_err().to_string(), &["t10k-images-idx3-ubyte", "truncated", "Load it again"]);
}

/// Classes, rounded up so that a row of weights fills whole vectors.
const LANES: usize = 16;

/// Multinomial logistic regression by plain SGD with a rate that falls linearly to 0; returns the test accuracy.
/// `used`: `[I]`, which inputs it reads.
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
    let accuracy = regress(&MNIST_SET, |_| true, 8, 0.02);
    assert!(accuracy >= 0.92, "mnist: {accuracy}");
}

#[test]
fn logistic_regression_learns_fashion_mnist() {
    let accuracy = regress(&FASHION_SET, |_| true, 4, 0.02);
    assert!(accuracy >= 0.83, "fashion-mnist: {accuracy}");
}

#[test]
fn logistic_regression_learns_cifar_10() {
    // Neighbouring pixels are so similar that the rate of the other sets would diverge here.
    let accuracy = regress(&CIFAR10_SET, |_| true, 4, 0.002);
    assert!(accuracy >= 0.40, "cifar10: {accuracy}");
}

#[test]
fn only_the_informative_inputs_predict_the_class() {
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
fn a_planted_set_depends_on_its_seed() {
    assert_eq!(load(DatasetName::Planted, Path::new("."), 9).unwrap(), planted(9));
    assert_ne!(planted_rows(9, 10, 10), planted_rows(10, 10, 10));
}
