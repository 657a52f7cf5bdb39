//! A set from a folder: the four files of the MNIST family, each as idx or idx.gz.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::catalogue::{Known, Part, Stream};
use super::idx::{self, Header, IdxReader};
use super::{DataError, Dataset, moments};

/// The known set whose four files lie in `folder`, every file checked against its checksum.
///
/// # Errors
/// A missing, damaged or foreign file, by name, with what to do about it.
pub fn load_known(known: &'static Known, folder: &Path) -> Result<Dataset, DataError> {
    let missing = format!("{}, or {}", fetch_hint(known, folder), place_hint(folder));
    let foreign = format!("Remove it and {}, or use `--dataset idx` for files of your own", lower(&fetch_hint(known, folder)));
    find_folder(folder).map_err(|error| error.with_mend(&missing))?;
    let mut rows = [const { Vec::new() }; 4];
    for (rows, part) in rows.iter_mut().zip(Part::ALL) {
        let path = find(folder, part).map_err(|error| error.with_mend(&missing))?;
        *rows = check(known, part, &path).map_err(|error| error.with_mend(&foreign))?;
    }
    known.assemble(rows)
}

/// The rows of one file of a known set, `[rows, height * width]` or `[rows]`.
pub(super) fn check(known: &'static Known, part: Part, path: &Path) -> Result<Vec<u8>, DataError> {
    let mut stream = Stream::named(known, part, path.display().to_string());
    read(path, |piece| stream.feed(piece))?;
    stream.finish()
}

/// A set of the user's own in the four files of the MNIST family: any image size up to 4096 pixels, as many classes as the
/// largest label plus one, mean and deviation computed.
///
/// # Errors
/// A missing or malformed file, files that do not belong together, fewer than two classes, pixels that are all alike.
pub fn load_own(folder: &Path) -> Result<Dataset, DataError> {
    find_folder(folder)?;
    let labels = |part: Part| -> Result<(PathBuf, Vec<u8>), DataError> {
        let path = find(folder, part)?;
        let mut reader = IdxReader::labels(path.display().to_string(), 256);
        read(&path, |piece| reader.feed(piece))?;
        Ok((path, reader.finish()?.1))
    };
    let images = |part: Part| -> Result<(PathBuf, (Header, Vec<u8>)), DataError> {
        let path = find(folder, part)?;
        let mut reader = IdxReader::images(path.display().to_string());
        read(&path, |piece| reader.feed(piece))?;
        Ok((path, reader.finish()?))
    };
    let (train_labels_path, train_labels) = labels(Part::TrainLabels)?;
    let (test_labels_path, test_labels) = labels(Part::TestLabels)?;
    let (train_path, train_images) = images(Part::TrainImages)?;
    let (test_path, test_images) = images(Part::TestImages)?;
    let (shape, test_shape) = (train_images.0, test_images.0);
    if (shape.height, shape.width) != (test_shape.height, test_shape.width) {
        let [train, test] = [shape, test_shape].map(|shape| format!("{}\u{d7}{} pixels", shape.height, shape.width));
        let problem = format!("its images have {test}, but those of {} have {train}", train_path.display());
        return Err(DataError::new(test_path.display(), problem, "Put two splits of one set together"));
    }
    let join = |images_path: &Path, images, labels_path: &Path, labels| {
        idx::join(&images_path.display().to_string(), images, &labels_path.display().to_string(), labels)
    };
    let train = join(&train_path, train_images, &train_labels_path, train_labels)?;
    let test = join(&test_path, test_images, &test_labels_path, test_labels)?;
    let classes = train.labels.iter().chain(&test.labels).max().map_or(0, |&label| u32::from(label) + 1);
    if classes < 2 {
        return Err(DataError::new(train_labels_path.display(), "all its labels are 0", "Give at least two classes, counted from 0"));
    }
    let (mean, deviation) = moments(&train.inputs);
    if deviation == 0.0 {
        return Err(DataError::new(train_path.display(), "all its pixels are alike", "Give images that differ"));
    }
    let name = "idx".to_owned();
    Ok(Dataset { name, height: shape.height, width: shape.width, classes, mean, deviation, train, test, informative: None })
}

fn find_folder(folder: &Path) -> Result<(), DataError> {
    if folder.is_dir() {
        return Ok(());
    }
    let problem = if folder.exists() { "it is not a folder" } else { "there is no such folder" };
    let names = Part::ALL.map(Part::file_name).join(", ");
    Err(DataError::new(folder.display(), problem, format!("Name by --data-dir the folder that holds {names}, plain or .gz")))
}

/// The file of a part in any of its spellings; as the fetch writes it, first.
pub(super) fn find(folder: &Path, part: Part) -> Result<PathBuf, DataError> {
    let name = part.file_name();
    // Some archives were unpacked by programs that made a dot of the last hyphen but one.
    let dotted = name.replace("-idx", ".idx");
    let spellings = [format!("{name}.gz"), name.to_owned(), format!("{dotted}.gz"), dotted];
    spellings.iter().map(|spelling| folder.join(spelling)).find(|path| path.is_file()).ok_or_else(|| {
        let mend = format!("Put it there, as {} or {}", spellings[1], spellings[0]);
        DataError::new(folder.join(name).display(), "there is no such file, nor with .gz", mend)
    })
}

/// Feeds a file to `take` piece by piece, unpacked if it is gzip (told by its first bytes: browsers unpack but keep the name).
pub(super) fn read(path: &Path, take: impl FnMut(&[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
    let mut file = BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?);
    let head = file.fill_buf().map_err(|error| unreadable(path, &error))?;
    if head.starts_with(&[0x1F, 0x8B]) { pump(path, MultiGzDecoder::new(file), take) } else { pump(path, file, take) }
}

fn pump(path: &Path, mut from: impl Read, mut take: impl FnMut(&[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
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

fn unreadable(path: &Path, error: &io::Error) -> DataError {
    let (problem, mend) = match error.kind() {
        io::ErrorKind::UnexpectedEof => ("it is truncated: its gzip stream breaks off".to_owned(), "Replace it by a whole copy"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            (format!("its gzip stream is damaged: {error}"), "Replace it by a whole copy")
        }
        _ => (format!("it cannot be read: {error}"), "Make it readable"),
    };
    DataError::new(path.display(), problem, mend)
}

/// How to fetch the set into that folder, as a sentence.
fn fetch_hint(known: &Known, folder: &Path) -> String {
    let name = known.name;
    let parent = folder.parent().filter(|_| folder.file_name() == Some(OsStr::new(name)));
    let data_dir = match parent {
        Some(parent) if parent == Path::new("data") => String::new(),
        Some(parent) if parent.as_os_str().is_empty() => " --data-dir .".to_owned(),
        Some(parent) => format!(" --data-dir {}", parent.display()),
        None => String::new(),
    };
    format!("Fetch it with `lacuna data fetch {name}{data_dir}`")
}

/// What a user who fetches nothing can do instead, as the rest of a sentence.
pub(super) fn place_hint(folder: &Path) -> String {
    let names = Part::ALL.map(Part::file_name).join(", ");
    format!("place the four official files ({names}), plain or .gz, into {}", folder.display())
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue::MNIST;
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
        for (part, dotted) in Part::ALL.into_iter().zip([false, true, false, true]) {
            let mut bytes = Vec::new();
            read(&fixture().join(format!("{}.gz", part.file_name())), |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
            let name = part.file_name();
            std::fs::write(folder.path().join(if dotted { name.replace("-idx", ".idx") } else { name.to_owned() }), bytes).unwrap();
        }
        assert_eq!(load_own(folder.path()).unwrap(), whole);
    }

    #[test]
    fn sets_from_which_nothing_can_be_learnt_are_refused() {
        let images =
            |rows: u8, pixel: u8| [&[0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, pixel].repeat(rows.into())].concat();
        let labels = |labels: &[u8]| [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8][..], labels].concat();
        let load = |label: u8, pixel: u8| {
            let folder = tempfile::tempdir().unwrap();
            for part in Part::ALL {
                let bytes = if part.content() == idx::Content::Images { images(2, pixel) } else { labels(&[0, label]) };
                std::fs::write(folder.path().join(part.file_name()), bytes).unwrap();
            }
            load_own(folder.path()).map_err(|error| error.to_string())
        };
        let set = load(6, 255).unwrap();
        assert_eq!((set.height, set.width, set.classes, set.mean, set.deviation), (1, 2, 7, 0.5, 0.5));
        let message = load(0, 255).unwrap_err();
        assert!(message.contains("train-labels-idx1-ubyte: all its labels are 0. Give at least two classes"), "{message}");
        let message = load(1, 0).unwrap_err();
        assert!(message.contains("train-images-idx3-ubyte: all its pixels are alike"), "{message}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any bytes after a sound beginning of a gzip stream, or after a sound stream, are an error and no panic.
        #[test]
        fn no_gzip_panics(bytes in proptest::collection::vec(any::<u8>(), 1..300), behind: bool) {
            let folder = tempfile::tempdir().unwrap();
            for part in Part::ALL {
                std::fs::copy(find(&fixture(), part).unwrap(), folder.path().join(format!("{}.gz", part.file_name()))).unwrap();
            }
            let path = find(folder.path(), Part::TestLabels).unwrap();
            let sound = std::fs::read(&path).unwrap();
            let head = if behind { &sound[..] } else { &sound[..10] };
            std::fs::write(&path, [head, &bytes].concat()).unwrap();
            let message = load_own(folder.path()).unwrap_err().to_string();
            prop_assert!(message.contains("t10k-labels-idx1-ubyte.gz"), "{}", message);
        }
    }

    #[test]
    fn the_hint_repeats_the_folder_only_where_it_must() {
        assert_eq!(fetch_hint(&MNIST, Path::new("data/mnist")), "Fetch it with `lacuna data fetch mnist`");
        assert_eq!(fetch_hint(&MNIST, Path::new("/x/mnist")), "Fetch it with `lacuna data fetch mnist --data-dir /x`");
        assert_eq!(fetch_hint(&MNIST, Path::new("mnist")), "Fetch it with `lacuna data fetch mnist --data-dir .`");
        assert_eq!(lower("Fetch"), "fetch");
    }
}
