//! A set from a folder: a known one, or the user's own in the four files of the MNIST family. Every file may be compressed with gzip.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::catalogue::{Known, KnownFile, Part};
use super::idx::{self, Header, IdxReader};
use super::stream::{Rows, Stream};
use super::{DataError, Dataset, FileProblem, Remedy, Split, moments};

/// The known set in `data_dir/NAME`. A set that its authors publish as an archive may also be in the folder of that archive, in `data_dir/NAME` or in
/// `data_dir`, or in `data_dir` itself. Every file is compared with its checksum, if that is known.
///
/// # Errors
/// A missing, damaged or foreign file, by name, with advice.
pub fn load_known(known: &'static Known, data_dir: &Path) -> Result<Dataset, DataError> {
    let missing = Remedy::Fetch { known, data_dir: data_dir.to_owned() };
    let foreign = || Remedy::Replace { known, data_dir: data_dir.to_owned() };
    let folder = find_set(known, data_dir).map_err(|error| error.with_remedy(missing.clone()))?;
    let empty = |rows: u32| Split {
        inputs: Vec::with_capacity(rows as usize * known.inputs() as usize),
        labels: Vec::with_capacity(rows as usize),
    };
    let (mut train, mut test) = (empty(known.train_rows), empty(known.test_rows));
    for file in known.files {
        let path = find(&folder, file.name).map_err(|error| error.with_remedy(missing.clone()))?;
        let split = match file.part {
            Part::Train => &mut train,
            Part::Test => &mut test,
        };
        let take = |rows: Rows<'_>| {
            split.inputs.extend_from_slice(rows.inputs);
            split.labels.extend_from_slice(rows.labels);
        };
        check(known, file, &path, take).map_err(|error| error.with_remedy(foreign()))?;
    }
    let (mean, deviation) = match known.moments {
        Some(moments) => moments,
        None => spread(&folder, &train).map_err(|error| error.with_remedy(foreign()))?,
    };
    Ok(Dataset {
        name: known.name.to_owned(),
        channels: known.channels,
        height: known.height,
        width: known.width,
        classes: known.classes,
        augment: known.augment,
        mean,
        deviation,
        train,
        test,
        informative: None,
        sum: None,
    })
}

/// Reads one file of a known set and passes its rows to `take` as they are read. They are correct only if this returns no error.
pub(super) fn check(known: &'static Known, file: &'static KnownFile, path: &Path, mut take: impl FnMut(Rows<'_>)) -> Result<(), DataError> {
    let mut stream = Stream::new(known, file, path.display().to_string());
    read(path, |piece| {
        stream.feed(piece)?;
        take(stream.new_rows());
        Ok(())
    })?;
    stream.finish()
}

/// Mean and deviation of the training features, which must not all be equal; `place` is where they come from.
fn spread(place: &Path, train: &Split) -> Result<(f32, f32), DataError> {
    let (mean, deviation) = moments(&train.inputs);
    if deviation == 0.0 {
        return Err(DataError::new(place.display(), FileProblem::PixelsAlike));
    }
    Ok((mean, deviation))
}

/// A user's own set in the four files of the MNIST family: any image size up to 4096 pixels; the number of classes is the largest label plus one;
/// mean and deviation are computed.
///
/// # Errors
/// A missing or malformed file, files that do not fit each other, fewer than two classes, pixels that are all equal.
pub fn load_own(folder: &Path) -> Result<Dataset, DataError> {
    if !folder.is_dir() {
        return Err(no_folder(folder));
    }
    let rows = |name: &str, reader: fn(String) -> IdxReader| -> Result<(PathBuf, (Header, Vec<u8>)), DataError> {
        let path = find(folder, name)?;
        let (mut reader, mut rows) = (reader(path.display().to_string()), Vec::new());
        read(&path, |piece| {
            reader.feed(piece)?;
            rows.extend_from_slice(reader.next_rows(u32::MAX));
            Ok(())
        })?;
        Ok((path, (reader.finish()?, rows)))
    };
    let labels = |name: &str| rows(name, |file| IdxReader::labels(file, 256));
    let (train_labels_path, (_, train_labels)) = labels(idx::TRAIN_LABELS)?;
    let (test_labels_path, (_, test_labels)) = labels(idx::TEST_LABELS)?;
    let (train_path, train_images) = rows(idx::TRAIN_IMAGES, IdxReader::images)?;
    let (test_path, test_images) = rows(idx::TEST_IMAGES, IdxReader::images)?;
    let (shape, test_shape) = (train_images.0, test_images.0);
    if (shape.height, shape.width) != (test_shape.height, test_shape.width) {
        let problem = FileProblem::OtherShapes { train: shape, test: test_shape, train_file: train_path.display().to_string() };
        return Err(DataError::new(test_path.display(), problem));
    }
    let join = |images_path: &Path, images, labels_path: &Path, labels| {
        idx::join(&images_path.display().to_string(), images, &labels_path.display().to_string(), labels)
    };
    let train = join(&train_path, train_images, &train_labels_path, train_labels)?;
    let test = join(&test_path, test_images, &test_labels_path, test_labels)?;
    let classes = train.labels.iter().chain(&test.labels).max().map_or(0, |&label| u32::from(label) + 1);
    if classes < 2 {
        return Err(DataError::new(train_labels_path.display(), FileProblem::LabelsAlike));
    }
    let (mean, deviation) = spread(&train_path, &train)?;
    Ok(Dataset {
        name: "idx".to_owned(),
        channels: 1,
        height: shape.height,
        width: shape.width,
        classes,
        augment: false,
        mean,
        deviation,
        train,
        test,
        informative: None,
        sum: None,
    })
}

fn no_folder(place: &Path) -> DataError {
    DataError::new(place.display(), FileProblem::NoFolder { exists: place.exists() })
}

/// Where the files of a known set may be, below the data folder; the fetch uses the first.
fn folders(known: &Known) -> Vec<PathBuf> {
    let name = PathBuf::from(known.name);
    match known.archive {
        None => vec![name],
        Some(archive) => vec![name.clone(), name.join(archive.folder), archive.folder.into(), PathBuf::new()],
    }
}

/// The folder with the most files of the set. If it lacks some, the error names them.
fn find_set(known: &'static Known, data_dir: &Path) -> Result<PathBuf, DataError> {
    let folders = folders(known);
    let files_in = |folder: &PathBuf| known.files.iter().filter(|file| find(&data_dir.join(folder), file.name).is_ok()).count();
    // `max_by_key` takes the last of equals, so the order is reversed.
    if let Some(most) = folders.iter().rev().max_by_key(|folder| files_in(folder)).filter(|folder| files_in(folder) > 0) {
        return Ok(data_dir.join(most));
    }
    let (place, below) = if known.archive.is_none() {
        (data_dir.join(known.name), Vec::new())
    } else {
        let below = folders.iter().filter(|folder| !folder.as_os_str().is_empty()).map(|folder| folder.display().to_string());
        (data_dir.to_owned(), below.collect())
    };
    if !place.is_dir() {
        return Err(no_folder(&place));
    }
    Err(DataError::new(place.display(), FileProblem::NoFileOfSet { known, below }))
}

/// The file of that name in any of its spellings; that of the fetch first.
pub(super) fn find(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    // Some idx archives were unpacked by programs that turn the second to last hyphen into a dot.
    let dotted = name.replace("-idx", ".idx");
    let spellings = [format!("{name}.gz"), name.to_owned(), format!("{dotted}.gz"), dotted];
    spellings
        .iter()
        .map(|spelling| folder.join(spelling))
        .find(|path| path.is_file())
        .ok_or_else(|| DataError::new(folder.join(name).display(), FileProblem::NoFile { name: name.to_owned() }))
}

/// Feeds a file to `take` piece by piece. It is unpacked if its first bytes are those of gzip: browsers unpack files but do not rename them.
pub(super) fn read(path: &Path, mut take: impl FnMut(&[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
    let mut from = open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&piece[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
}

/// A file's bytes, unpacked if it is gzip.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let mut file = BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?);
    let head = file.fill_buf().map_err(|error| unreadable(path, &error))?;
    Ok(if head.starts_with(&[0x1F, 0x8B]) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> DataError {
    let problem = match error.kind() {
        io::ErrorKind::UnexpectedEof => FileProblem::GzipEnds,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => FileProblem::GzipDamaged(error.to_string()),
        _ => FileProblem::Unreadable(error.to_string()),
    };
    DataError::new(path.display(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue::{Archive, FileContents};
    use proptest::prelude::*;

    fn fixture() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion")
    }

    #[test]
    fn the_fixture_loads() {
        let set = load_own(&fixture()).unwrap();
        assert_eq!((set.height, set.width, set.classes), (28, 28, 10));
        assert_eq!((set.train.len(), set.test.len()), (200, 50));
        assert_eq!((set.train.inputs.len(), set.test.inputs.len()), (200 * 784, 50 * 784));
        let counts = |labels: &[u8]| {
            let mut counts = [0; 10];
            for &label in labels {
                counts[usize::from(label)] += 1;
            }
            counts
        };
        assert_eq!((counts(&set.train.labels), counts(&set.test.labels)), ([20; 10], [5; 10]));
        assert!((set.mean - 0.286).abs() < 0.02 && (set.deviation - 0.353).abs() < 0.02, "{} {}", set.mean, set.deviation);
    }

    #[test]
    fn every_spelling_is_found() {
        let whole = load_own(&fixture()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, dotted) in idx::FILES.into_iter().zip([false, true, false, true]) {
            let mut bytes = Vec::new();
            read(&fixture().join(format!("{name}.gz")), |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
            std::fs::write(folder.path().join(if dotted { name.replace("-idx", ".idx") } else { name.to_owned() }), bytes).unwrap();
        }
        assert_eq!(load_own(folder.path()).unwrap(), whole);
    }

    #[test]
    fn sets_with_one_class_or_equal_pixels_are_refused() {
        let images =
            |rows: u8, pixel: u8| [&[0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, pixel].repeat(rows.into())].concat();
        let labels = |labels: &[u8]| [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8][..], labels].concat();
        let load = |label: u8, pixel: u8| {
            let folder = tempfile::tempdir().unwrap();
            for name in idx::FILES {
                let bytes = if name.contains("images") { images(2, pixel) } else { labels(&[0, label]) };
                std::fs::write(folder.path().join(name), bytes).unwrap();
            }
            load_own(folder.path()).map_err(|error| error.to_string())
        };
        let set = load(6, 255).unwrap();
        assert_eq!((set.height, set.width, set.classes, set.mean, set.deviation), (1, 2, 7, 0.5, 0.5));
        let message = load(0, 255).unwrap_err();
        assert!(message.contains("train-labels-idx1-ubyte: all its labels are 0. Use at least two classes"), "{message}");
        let message = load(1, 0).unwrap_err();
        assert!(message.contains("train-images-idx3-ubyte: all its pixels are alike"), "{message}");
    }

    /// A set in the form of CIFAR, but with images of one pixel and without checksums.
    static DOTS: Known = Known {
        name: "dots",
        channels: 3,
        height: 1,
        width: 1,
        classes: 5,
        train_rows: 6,
        test_rows: 2,
        augment: true,
        moments: None,
        attribution: "",
        files: &[dots("one.bin", Part::Train, 0, 4), dots("two.bin", Part::Train, 4, 2), dots("test.bin", Part::Test, 0, 2)],
        archive: Some(Archive { title: "DOTS binary version", page: "a page", folder: "dots-bin" }),
        packaged: true,
    };

    const fn dots(name: &'static str, part: Part, first_row: u32, rows: u32) -> KnownFile {
        KnownFile { name, contents: FileContents::Records { labels: &[5] }, part, first_row, rows, md5: None }
    }

    /// Record r of `rows` from `first` on: its label and three features.
    fn records(first: u8, rows: u8) -> Vec<u8> {
        (first..first + rows).flat_map(|row| [row % 5, 10 * row, 10 * row + 1, 10 * row + 2]).collect()
    }

    fn put_dots(folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, bytes) in [("one.bin", records(0, 4)), ("two.bin", records(4, 2)), ("test.bin", records(6, 2))] {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    #[test]
    fn records_are_found_wherever_the_archive_may_have_been_unpacked() {
        for place in ["dots", "dots/dots-bin", "dots-bin", "."] {
            let folder = tempfile::tempdir().unwrap();
            put_dots(&folder.path().join(place));
            let set = load_known(&DOTS, folder.path()).unwrap();
            assert_eq!((set.name.as_str(), set.inputs(), set.classes, set.channels, set.augment), ("dots", 3, 5, 3, true));
            assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[0, 1, 2, 3, 4, 0][..], &[1, 2][..]));
            assert_eq!(set.test.inputs, [60, 61, 62, 70, 71, 72]);
            assert_eq!((set.train.inputs.len(), &set.train.inputs[15..]), (18, &[50, 51, 52][..]));
            assert_eq!((set.mean, set.deviation), moments(&set.train.inputs));
        }
    }

    #[test]
    fn a_whole_set_is_preferred_to_a_part_of_one() {
        let folder = tempfile::tempdir().unwrap();
        put_dots(&folder.path().join("dots-bin"));
        std::fs::create_dir(folder.path().join("dots")).unwrap();
        std::fs::write(folder.path().join("dots/one.bin"), b"half").unwrap();
        load_known(&DOTS, folder.path()).unwrap();
        std::fs::remove_file(folder.path().join("dots-bin/two.bin")).unwrap();
        let message = load_known(&DOTS, folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("two.bin: there is no such file, nor with .gz. Fetch it with `lacuna data fetch dots --data-dir "),
            "{message}"
        );
        assert!(
            message.contains("or unpack the archive \"DOTS binary version\" of its authors' page, a page, so that its folder"),
            "{message}"
        );
    }

    #[test]
    fn missing_and_damaged_records_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = || load_known(&DOTS, folder.path()).unwrap_err().to_string();
        assert!(
            refusal().contains("it has no file of dots (one.bin, two.bin, test.bin), nor have dots, dots/dots-bin, dots-bin in it. Fetch")
        );
        let with = |name: &str, bytes: &[u8]| {
            put_dots(&folder.path().join("dots"));
            std::fs::write(folder.path().join("dots").join(name), bytes).unwrap();
            refusal()
        };
        for (bytes, words) in [
            (&b""[..], "it is empty"),
            (&records(4, 2)[..7], "it is truncated: 2 records of 4 bytes are 8 bytes, but it has only 7"),
            (&records(4, 3), "it is too long: 2 records of 4 bytes are 8 bytes"),
            (b"<html>", "label 60 in row 0 is not below 5"),
            (&[0x1F, 0x8B, 8, 0], "its gzip stream ends early"),
        ] {
            let message = with("two.bin", bytes);
            assert!(message.contains("two.bin: ") && message.contains(words), "{words:?} is not in {message:?}");
        }
        assert!(with("two.bin", b"<html>").contains("Remove it and fetch it with `lacuna data fetch dots"));
        put_dots(&folder.path().join("dots"));
        for (name, rows) in [("one.bin", 4), ("two.bin", 2)] {
            std::fs::write(folder.path().join("dots").join(name), [1, 9, 9, 9].repeat(rows)).unwrap();
        }
        assert!(refusal().contains("all its pixels are alike"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any bytes as a file of records give a set or an error, and no panic.
        #[test]
        fn no_records_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let folder = tempfile::tempdir().unwrap();
            put_dots(&folder.path().join("dots"));
            std::fs::write(folder.path().join("dots/two.bin"), &bytes).unwrap();
            let sound = bytes.len() == 8 && bytes[0] < 5 && bytes[4] < 5;
            prop_assert_eq!(load_known(&DOTS, folder.path()).is_ok(), sound);
        }

        /// Any bytes after a valid beginning of a gzip stream, or after a valid stream, are an error and no panic.
        #[test]
        fn no_gzip_panics(bytes in proptest::collection::vec(any::<u8>(), 1..300), behind: bool) {
            let folder = tempfile::tempdir().unwrap();
            for name in idx::FILES {
                std::fs::copy(find(&fixture(), name).unwrap(), folder.path().join(format!("{name}.gz"))).unwrap();
            }
            let path = find(folder.path(), idx::TEST_LABELS).unwrap();
            let sound = std::fs::read(&path).unwrap();
            let head = if behind { &sound[..] } else { &sound[..10] };
            std::fs::write(&path, [head, &bytes].concat()).unwrap();
            let message = load_own(folder.path()).unwrap_err().to_string();
            prop_assert!(message.contains("t10k-labels-idx1-ubyte.gz"), "{}", message);
        }
    }
}
