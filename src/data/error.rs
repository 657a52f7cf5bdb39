//! Why data could not be had.

#[cfg(not(target_arch = "wasm32"))]
use std::path::{Path, PathBuf};

#[cfg(not(target_arch = "wasm32"))]
use super::catalogue::KnownFile;
use super::catalogue::{KNOWN, Known};
use super::idx::{Content, FILES, Header, MAX_BYTES, MAX_FEATURES};
use super::own::MOST_CLASSES;

/// Why data could not be had: where, what is wrong, and what a person can do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {problem}. {}.", match remedy { Some(remedy) => remedy.to_string(), None => problem.remedy() })]
pub struct DataError {
    /// The file, folder, set or program concerned.
    pub place: String,
    pub problem: Problem,
    /// What helps, where the caller knows more about that than the problem says by itself.
    pub remedy: Option<Box<Remedy>>,
}

impl DataError {
    pub(super) fn new(place: impl std::fmt::Display, problem: Problem) -> Self {
        Self { place: place.to_string(), problem, remedy: None }
    }

    /// The same problem with the remedy that the caller knows.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self { remedy: Some(Box::new(remedy)), ..self }
    }
}

/// What is wrong, as the rest of a sentence about the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("there is no known set of that name")]
    UnknownSet,
    #[error("this experiment is of data that stayed with its owner")]
    OwnerHasIt,

    // Files and folders.
    #[error("{}", if *exists { "it is not a folder" } else { "there is no such folder" })]
    NoFolder { exists: bool },
    #[error("there is no such file, nor with .gz")]
    NoFile { name: String },
    /// `below`: folders in it that hold none either.
    #[error(
        "it holds no file of {} ({}){}",
        known.name,
        known.files.iter().map(|file| file.name).collect::<Vec<_>>().join(", "),
        if below.is_empty() { String::new() } else { format!(", nor do {} in it", below.join(", ")) }
    )]
    NoFileOfSet { known: &'static Known, below: Vec<String> },
    #[error("it holds neither pictures in folders, nor idx files, nor one table")]
    NothingReadable,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is truncated: its gzip stream breaks off")]
    GzipEnds,
    #[error("its gzip stream is damaged: {0}")]
    GzipDamaged(String),
    /// Of idx files, and of records.
    #[error("it is empty")]
    EmptyIdx,
    #[error("it is empty")]
    EmptyRecords,

    // idx files and records.
    #[error("it is compressed with gzip where plain idx bytes are expected")]
    Gzip,
    #[error("it holds {} where {} are expected", expected.other().noun(), expected.noun())]
    Swapped { expected: Content },
    #[error("it is not an idx file of {}: it begins with {found:#010x} instead of {wanted:#010x}", expected.noun())]
    NoIdx { expected: Content, found: u32, wanted: u32 },
    #[error("its header promises no {}", content.noun())]
    NoRows { content: Content },
    #[error("its header promises images of {height}\u{d7}{width} pixels")]
    ImageSize { height: u32, width: u32 },
    #[error("its header promises {rows} {}, {bytes} bytes", content.noun())]
    TooManyRows { content: Content, rows: u32, bytes: u64 },
    #[error("it is truncated: it ends after {length} bytes, within its header")]
    HeaderEnds { length: usize },
    #[error("it is truncated: {expected}, but it has only {found}")]
    TooShort { expected: Expected, found: u64 },
    #[error("it is too long: {expected}, but more bytes follow")]
    TooLong { expected: Expected },
    #[error("label {label} in row {row} is not below {classes}, the number of {}classes", if *of_records { "its " } else { "" })]
    Label { label: u8, row: u64, classes: u32, of_records: bool },
    #[error("its header promises {} where {set} has {}", extent(found), extent(wanted))]
    OtherHeader { found: Header, wanted: Header, set: &'static str },
    #[error("its content is not that of {set}: expected MD5 {expected}, found {found}")]
    OtherContent { set: &'static str, expected: &'static str, found: String },
    #[error("it is not the file of {set} that comes next")]
    OutOfTurn { set: &'static str },
    #[error("it holds {images} images, but {labels_file} holds {labels} labels")]
    OtherCount { images: u32, labels: usize, labels_file: String },
    #[error("its images have {} pixels, but those of {train_file} have {} pixels", pixels(test), pixels(train))]
    OtherShapes { train: Header, test: Header, train_file: String },
    #[error("its training images have {} \u{d7} {} pixels, but its test images {} \u{d7} {}", train.width, train.height, test.width, test.height)]
    PartsDiffer { train: Header, test: Header },
    #[error("all its pixels are alike")]
    PixelsAlike,
    #[error("all its labels are 0")]
    LabelsAlike,

    // A set of the user's own.
    #[error("its rows have {features} values")]
    RowSize { features: u32 },
    #[error("it is larger than 2 GiB")]
    TooLarge,
    #[error("it has {classes} classes")]
    TooManyClasses { classes: usize },
    #[error("all its rows are of one class")]
    OneClass,
    #[error("no class has two rows, of which one could be for the test")]
    OneRowEach,
    #[error("all its values are alike")]
    ValuesAlike,
    #[error("it is a second file of {}", content.noun())]
    SecondFile { content: Content },
    #[error("its {} are missing", missing.noun())]
    HalfMissing { missing: Content },
    #[error("there is no idx file")]
    NoIdxFile,

    // Pictures.
    #[error("it lies in no folder, and the folder is the class")]
    PictureWithoutFolder,
    #[error("it is a picture of {width} \u{d7} {height} pixels in {bytes} bytes")]
    PictureSize { width: u32, height: u32, bytes: usize },
    #[error("there is no picture in it")]
    NoPicture,
    #[error("it has {folders} folders of pictures")]
    TooManyFolders { folders: usize },
    /// What the decoder said.
    #[error("it cannot be decoded: {0}")]
    Undecodable(String),

    // Tables.
    #[error("its lines have {values} values beside the label")]
    TooManyColumns { values: usize },
    #[error(
        "column {} {}",
        column + 1,
        if cell.is_empty() { "is empty".to_owned() } else { format!("says \"{cell}\", which is no number") }
    )]
    NoNumber { column: usize, cell: String },
    #[error("it is not text in UTF-8")]
    NoText,
    #[error("it has {values} values where the first line has {first}")]
    LineLength { values: usize, first: usize },
    #[error("it is empty")]
    EmptyTable,
    #[error("its lines have one value")]
    OneColumn,
    #[error("it has a header and no rows")]
    HeaderAlone,
    #[error("neither its first nor its last column reads like a class: 2 to 256 different words or whole numbers")]
    NoLabelColumn,
    #[error("its label column holds more than {MOST_CLASSES} different values")]
    TooManyLabels,

    // Fetching.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("there is no package to fetch this set from")]
    NotPublished,
    #[cfg(not(target_arch = "wasm32"))]
    #[error("there is no program {client} here")]
    NoClient { client: String },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it cannot be run: {0}")]
    ClientCannotRun(String),
    /// What it said begins with `said`.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("`{command}` failed ({status}): {said}")]
    ClientFailed { command: String, status: String, said: String },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it brought no archive of {package}")]
    NoArchive { package: &'static str },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("the archive is not the published one: expected SHA-256 {expected}, found {found}")]
    OtherArchive { expected: &'static str, found: String },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it does not hold {}", file.name)]
    LacksFile { file: &'static KnownFile },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("the package holds fewer labels than it has rows")]
    FewLabels,
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it is no list of labels: {0}")]
    NoLabels(String),
    /// What the reader of a package's pictures said.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("{0}")]
    BadPicture(String),
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it cannot be written: {0}")]
    Unwritable(String),
    #[cfg(not(target_arch = "wasm32"))]
    #[error("it cannot be read or unpacked: {0}")]
    CannotUnpack(String),
}

/// How long a file must be, and why.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Expected {
    #[error(
        "its header promises {}, {} bytes in all",
        extent(.0),
        .0.file_bytes()
    )]
    Idx(Header),
    #[error("{rows} records of {record_bytes} bytes are {} bytes", u64::from(*rows) * record_bytes)]
    Records { rows: u32, record_bytes: u64 },
}

fn extent(header: &Header) -> String {
    match header.content {
        Content::Images => format!("{} images of {} pixels", header.rows, pixels(header)),
        Content::Labels => format!("{} labels", header.rows),
    }
}

fn pixels(header: &Header) -> String {
    format!("{}\u{d7}{}", header.height, header.width)
}

const WHOLE_COPY: &str = "Replace it by a whole copy";
const WHOLE_IDX: &str = "Replace it by a whole idx file of unsigned bytes, plain or .gz";
const WHOLE_RECORDS: &str = "Replace it by a whole file of the authors' binary version, plain or .gz";
const LOAD_AGAIN: &str = "Load it again; if that does not help, the place that serves it has a damaged copy";
const ONE_SET: &str = "Put two splits of one set together";
const SAVE_AGAIN: &str = "Save it again as PNG or JPEG";

impl Problem {
    /// What helps wherever it occurs, as a sentence without its full stop.
    fn remedy(&self) -> String {
        let words = match self {
            Self::UnknownSet => return format!("The known sets are {}", KNOWN.map(|known| known.name).join(", ")),
            Self::OwnerHasIt => {
                "Name yours: --dataset PATH, of a CSV file, of a folder of idx files, or of a folder with a folder of pictures for each class"
            }
            Self::NoFolder { .. } | Self::NoFileOfSet { .. } => {
                return format!("Name by --data-dir the folder that holds {}, plain or .gz", FILES.join(", "));
            }
            Self::NoFile { name } => return format!("Put it there, as {name} or {name}.gz"),
            Self::NothingReadable => {
                "Name a CSV file, a folder of idx files, or a folder with a folder of PNG or JPEG files for each class"
            }
            Self::Unreadable(_) => "Make it readable",
            Self::GzipEnds | Self::GzipDamaged(_) => WHOLE_COPY,
            Self::Gzip => "Unpack it first",
            Self::Swapped { .. } => "The images and labels files are probably swapped: exchange their names",
            Self::ImageSize { .. } => return format!("Images must have 1 to {MAX_FEATURES} pixels: scale them first"),
            Self::TooManyRows { .. } => return format!("A file may hold at most {MAX_BYTES} bytes: take fewer rows"),
            Self::TooShort { expected: Expected::Records { .. }, .. }
            | Self::TooLong { expected: Expected::Records { .. } }
            | Self::EmptyRecords
            | Self::Label { of_records: true, .. } => WHOLE_RECORDS,
            Self::NoIdx { .. }
            | Self::NoRows { .. }
            | Self::EmptyIdx
            | Self::HeaderEnds { .. }
            | Self::TooShort { .. }
            | Self::TooLong { .. }
            | Self::Label { .. }
            | Self::OtherHeader { .. } => WHOLE_IDX,
            Self::OtherContent { .. } => LOAD_AGAIN,
            Self::OutOfTurn { .. } => "Reload the page",
            Self::OtherCount { .. } => "Put the two files of one split together",
            Self::OtherShapes { .. } | Self::PartsDiffer { .. } => ONE_SET,
            Self::PixelsAlike => "Give images that differ",
            Self::LabelsAlike => "Give at least two classes, counted from 0",
            Self::RowSize { .. } => return format!("Give rows of 1 to {MAX_FEATURES} values"),
            Self::TooLarge => "Take fewer rows",
            Self::TooManyClasses { .. } => return format!("There can be at most {MOST_CLASSES}"),
            Self::TooManyFolders { .. } => return format!("There can be at most {MOST_CLASSES} classes"),
            Self::OneClass => "Give rows of at least two classes",
            Self::OneRowEach => "Give several rows of each class",
            Self::ValuesAlike => "Give rows that differ",
            Self::SecondFile { .. } => {
                "Give one file of images and one of labels, or two pairs of which one has \"test\" or \"t10k\" in its names"
            }
            Self::HalfMissing { missing } => return format!("Give the file of {} too", missing.noun()),
            Self::NoIdxFile => "Give a file of images and one of labels",
            Self::PictureWithoutFolder => "Put the pictures of each class into a folder of its own",
            Self::PictureSize { .. } => SAVE_AGAIN,
            Self::Undecodable(_) => "Save it again as PNG or JPEG, or take it away",
            Self::NoPicture => "Give a folder for each class, with PNG or JPEG files in it",
            Self::TooManyColumns { .. } => return format!("Give at most {MAX_FEATURES}"),
            Self::NoNumber { .. } => {
                "Every column but that of the class must hold numbers; say which that is if it was mistaken, and leave out what has none"
            }
            Self::NoText => "Give a table as plain text",
            Self::LineLength { .. } => "Give every line as many values",
            Self::EmptyTable => "Give a table of numbers with a column for the class",
            Self::OneColumn => "Separate values by commas, semicolons or tabs, the class in the first or the last column",
            Self::HeaderAlone => "Give rows of numbers with a column for the class",
            Self::NoLabelColumn => "Put the class into the first or the last column",
            Self::TooManyLabels => "Say which column the class is in: the first or the last",
            #[cfg(not(target_arch = "wasm32"))]
            Self::Unwritable(_) => "Make room and give the right to write there, or name another folder by --data-dir",
            #[cfg(not(target_arch = "wasm32"))]
            Self::NotPublished
            | Self::NoClient { .. }
            | Self::ClientCannotRun(_)
            | Self::ClientFailed { .. }
            | Self::NoArchive { .. }
            | Self::OtherArchive { .. }
            | Self::LacksFile { .. }
            | Self::FewLabels
            | Self::NoLabels(_)
            | Self::BadPicture(_)
            | Self::CannotUnpack(_) => "Try again",
        };
        words.to_owned()
    }
}

/// What helps where the caller knows more than the problem says.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Remedy {
    /// A file that arrived over a network.
    #[error("{LOAD_AGAIN}")]
    LoadAgain,
    /// A file of this set is missing in the data folder.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("{}", capitalised(&fetch_or_place(known, data_dir)))]
    Fetch { known: &'static Known, data_dir: PathBuf },
    /// A file of this set is another's.
    #[cfg(not(target_arch = "wasm32"))]
    #[error(
        "Remove it and {}{}",
        if known.packaged { fetch(known, data_dir) } else { place(known, data_dir) },
        if known.archive.is_none() { ", or use `--dataset idx` for files of your own" } else { "" }
    )]
    Replace { known: &'static Known, data_dir: PathBuf },
    /// `first`: what to try before the user places the files of this set; the beginning of a sentence.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("{first}, or {}", place(known, data_dir))]
    OrPlace { first: &'static str, known: &'static Known, data_dir: PathBuf },
    #[cfg(not(target_arch = "wasm32"))]
    #[error("The package has changed: place the official files yourself")]
    PackageChanged,
    #[cfg(not(target_arch = "wasm32"))]
    #[error("Try again, or place the official files yourself")]
    AgainOrPlace,
}

/// How to fetch the set into that data folder, as the rest of a sentence.
#[cfg(not(target_arch = "wasm32"))]
fn fetch(known: &Known, data_dir: &Path) -> String {
    let directory = if data_dir == Path::new("data") { String::new() } else { format!(" --data-dir {}", shown(data_dir)) };
    format!("fetch it with `lacuna data fetch {}{directory}`", known.name)
}

/// What a user who fetches nothing can do instead, as the rest of a sentence.
#[cfg(not(target_arch = "wasm32"))]
fn place(known: &Known, data_dir: &Path) -> String {
    match known.archive {
        None => {
            let names: Vec<&str> = known.files.iter().map(|file| file.name).collect();
            format!("place its official files ({}), plain or .gz, into {}", names.join(", "), data_dir.join(known.name).display())
        }
        Some(archive) => format!(
            "unpack the archive \"{}\" of its authors' page, {}, so that its folder {} lies in {}",
            archive.title,
            archive.page,
            archive.folder,
            shown(data_dir)
        ),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn fetch_or_place(known: &Known, data_dir: &Path) -> String {
    let place = place(known, data_dir);
    if known.packaged { format!("{}, or {place}", fetch(known, data_dir)) } else { place }
}

#[cfg(not(target_arch = "wasm32"))]
fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.display().to_string() }
}

#[cfg(not(target_arch = "wasm32"))]
fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue::{CIFAR100, MNIST};

    #[test]
    fn an_error_says_where_what_and_what_helps() {
        let error = DataError::new("a-file", Problem::Gzip);
        assert_eq!(error.to_string(), "a-file: it is compressed with gzip where plain idx bytes are expected. Unpack it first.");
        let helped = error.with_remedy(Remedy::LoadAgain).to_string();
        assert!(
            helped.ends_with("are expected. Load it again; if that does not help, the place that serves it has a damaged copy."),
            "{helped}"
        );
    }

    #[test]
    fn remedies_repeat_the_folder_only_where_they_must() {
        let hint = |data_dir: &str| fetch(&MNIST, Path::new(data_dir));
        assert_eq!(hint("data"), "fetch it with `lacuna data fetch mnist`");
        assert_eq!(hint("data/"), "fetch it with `lacuna data fetch mnist`");
        assert_eq!(hint("/x"), "fetch it with `lacuna data fetch mnist --data-dir /x`");
        assert_eq!(hint(""), "fetch it with `lacuna data fetch mnist --data-dir .`");
        let data_dir = || PathBuf::from("data");
        assert_eq!(
            Remedy::Fetch { known: &CIFAR100, data_dir: data_dir() }.to_string(),
            "Unpack the archive \"CIFAR-100 binary version\" of its authors' page, www.cs.toronto.edu/~kriz/cifar.html, so that its folder \
             cifar-100-binary lies in data"
        );
        let replace = |known| Remedy::Replace { known, data_dir: data_dir() }.to_string();
        assert!(replace(&CIFAR100).starts_with("Remove it and unpack the archive \"CIFAR-100"));
        assert!(replace(&MNIST).ends_with("`lacuna data fetch mnist`, or use `--dataset idx` for files of your own"));
    }
}
