//! The errors of loading data.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
mod own;

#[cfg(not(target_arch = "wasm32"))]
use std::path::PathBuf;

use super::catalogue::KNOWN;
#[cfg(not(target_arch = "wasm32"))]
use super::catalogue::Known;
use super::idx::{Content, Header, MAX_BYTES, MAX_FEATURES};
#[cfg(not(target_arch = "wasm32"))]
use native::{capitalised, fetch, fetch_or_place, place};

#[cfg(not(target_arch = "wasm32"))]
pub use native::{FetchProblem, FileProblem};
#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub use own::OwnProblem;

/// Why data cannot be loaded: where, what is wrong, and what the user can do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {problem}. {}.", match remedy { Some(remedy) => remedy.to_string(), None => problem.remedy() })]
pub struct DataError {
    /// The file, folder, set or program concerned.
    pub place: String,
    pub problem: Problem,
    /// Advice, if the caller knows better than the problem's own advice.
    pub remedy: Option<Box<Remedy>>,
}

impl DataError {
    pub(super) fn new(place: impl std::fmt::Display, problem: impl Into<Problem>) -> Self {
        Self { place: place.to_string(), problem: problem.into(), remedy: None }
    }

    /// The same problem at a folder, as the user named it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn with_place(self, place: &std::path::Path) -> Self {
        Self { place: place.display().to_string(), ..self }
    }

    /// The same problem with other advice.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self { remedy: Some(Box::new(remedy)), ..self }
    }
}

/// What is wrong, to complete a sentence about the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("there is no known set of that name")]
    UnknownSet,
    /// For idx files and records.
    #[error("it is empty")]
    EmptyIdx,
    #[error("it is empty")]
    EmptyRecords,
    #[error("it is compressed with gzip where plain idx bytes are expected")]
    Gzip,
    #[error(
        "{}",
        match expected { Content::Images => "it has labels where images are expected", Content::Labels => "it has images where labels are expected" }
    )]
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
    #[error("it has {images} images, but {labels_file} has {labels} labels")]
    OtherCount { images: u32, labels: usize, labels_file: String },
    #[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
    #[error(transparent)]
    Own(#[from] OwnProblem),
    #[cfg(not(target_arch = "wasm32"))]
    #[error(transparent)]
    File(#[from] FileProblem),
    #[cfg(not(target_arch = "wasm32"))]
    #[error(transparent)]
    Fetch(#[from] FetchProblem),
}

/// The required length of a file, and why.
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

const LOAD_AGAIN: &str = "Load it again; if that does not help, the place that serves it has a damaged copy";

impl Problem {
    /// Advice that always applies, as a sentence without its full stop.
    fn remedy(&self) -> String {
        let words = match self {
            Self::UnknownSet => return format!("The known sets are {}", KNOWN.map(|known| known.name).join(", ")),
            Self::Gzip => "Unpack it first",
            Self::Swapped { .. } => "The images and labels files are probably swapped: exchange their names",
            Self::ImageSize { .. } => return format!("Images must have 1 to {MAX_FEATURES} pixels: scale them first"),
            Self::TooManyRows { .. } => return format!("A file may have at most {MAX_BYTES} bytes: take fewer rows"),
            Self::TooShort { expected: Expected::Records { .. }, .. }
            | Self::TooLong { expected: Expected::Records { .. } }
            | Self::EmptyRecords
            | Self::Label { of_records: true, .. } => "Replace it by a complete file of the authors' binary version, plain or .gz",
            Self::NoIdx { .. }
            | Self::NoRows { .. }
            | Self::EmptyIdx
            | Self::HeaderEnds { .. }
            | Self::TooShort { .. }
            | Self::TooLong { .. }
            | Self::Label { .. }
            | Self::OtherHeader { .. } => "Replace it by a complete idx file of unsigned bytes, plain or .gz",
            Self::OtherContent { .. } => LOAD_AGAIN,
            Self::OutOfTurn { .. } => "Reload the page",
            Self::OtherCount { .. } => "Put the two files of one split together",
            #[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
            Self::Own(problem) => return problem.remedy(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::File(problem) => return problem.remedy(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Fetch(FetchProblem::Unwritable(_)) => "Free disk space and allow writing there, or name another folder with --data-dir",
            #[cfg(not(target_arch = "wasm32"))]
            Self::Fetch(_) => "Try again",
        };
        words.to_owned()
    }
}

/// Advice, if the caller knows better than the problem's own advice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Remedy {
    /// A file that arrived over a network.
    #[error("{LOAD_AGAIN}")]
    LoadAgain,
    /// A file of this set is missing in the data folder.
    #[cfg(not(target_arch = "wasm32"))]
    #[error("{}", capitalised(&fetch_or_place(known, data_dir)))]
    Fetch { known: &'static Known, data_dir: PathBuf },
    /// A file with the name of this set has other content.
    #[cfg(not(target_arch = "wasm32"))]
    #[error(
        "Remove it and {}{}",
        if known.packaged { fetch(known, data_dir) } else { place(known, data_dir) },
        if known.archive.is_none() { ", or use `--dataset idx` for files of your own" } else { "" }
    )]
    Replace { known: &'static Known, data_dir: PathBuf },
    /// `first`: what to try before placing the files of this set by hand; the beginning of a sentence.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_what_and_what_to_do() {
        let error = DataError::new("a-file", Problem::Gzip);
        assert_eq!(error.to_string(), "a-file: it is compressed with gzip where plain idx bytes are expected. Unpack it first.");
        let helped = error.with_remedy(Remedy::LoadAgain).to_string();
        assert!(
            helped.ends_with("are expected. Load it again; if that does not help, the place that serves it has a damaged copy."),
            "{helped}"
        );
    }
}
