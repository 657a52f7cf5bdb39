//! Reads a user's files: a table, pictures in folders, or idx files. The page and the terminal give it paths and bytes, so that the same files are the
//! same run on both.

use super::super::photos::Photos;
use super::super::picture;
use super::super::table::{self, Reading, of_tables};
use super::super::{DataError, OwnProblem};
use super::foreign::foreign;
use super::plan::{Kind, LeftOut, Plan, ending, left_out, name_of, plan, top};
use super::{Own, is_idx, of_idx};

/// A user's files while they are read.
pub struct Import {
    paths: Vec<String>,
    plan: Plan,
    photos: Photos,
    /// Files that are kept until all are there, and their content: tables or idx files.
    kept: Vec<(usize, Vec<u8>)>,
    /// Files that are neither, with what is known of them.
    others: Vec<usize>,
    foreign: Option<DataError>,
    text: Option<(usize, Vec<u8>)>,
}

impl Import {
    /// Chooses among files with these paths, see [`Self::wanted`]. Folders are separated by `/`, and a folder that was given stands before the paths
    /// in it.
    ///
    /// # Errors
    /// No file, pictures without folders, several tables.
    pub fn new(paths: Vec<String>) -> Result<Self, DataError> {
        let plan = plan(&paths)?;
        Ok(Self { paths, plan, photos: Photos::default(), kept: Vec::new(), others: Vec::new(), foreign: None, text: None })
    }

    /// The files to read, as places in the list of paths, in order.
    #[must_use]
    pub fn wanted(&self) -> &[usize] {
        &self.plan.files
    }

    /// Whether a file with these first bytes is read to its end. Of others the first bytes are enough for [`Self::take`].
    #[must_use]
    pub fn needs_all(&self, file: usize, head: &[u8]) -> bool {
        self.plan.kind != Kind::Idx || is_idx(head) || self.plan.text == Some(file) || self.paths.len() == 1
    }

    /// Takes the content of the next file, unpacked if it was compressed with gzip.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or a table in another format.
    pub fn take(&mut self, file: usize, bytes: Vec<u8>) -> Result<(), DataError> {
        let path = &self.paths[file];
        match self.plan.kind {
            Kind::Pictures => {
                let (width, height, rgba) = picture::decode(&bytes).map_err(|said| DataError::new(path, OwnProblem::Undecodable(said)))?;
                let (class, is_test) = &self.plan.places[&file];
                self.photos.take(path, class, *is_test, width, height, &rgba)
            }
            Kind::Tables => {
                if let Some(problem) = foreign(&bytes, &ending(path)) {
                    return Err(DataError::new(path, problem));
                }
                self.kept.push((file, bytes));
                Ok(())
            }
            Kind::Idx if is_idx(&bytes) => {
                self.kept.push((file, bytes));
                Ok(())
            }
            Kind::Idx => {
                self.others.push(file);
                if let Some(problem) = foreign(&bytes, &ending(path)) {
                    self.foreign = self.foreign.take().or_else(|| Some(DataError::new(path, problem)));
                } else if self.plan.text == Some(file) || self.paths.len() == 1 {
                    self.text = Some((file, bytes));
                }
                Ok(())
            }
        }
    }

    /// The columns of the table that was taken, for a choice of the class; empty if there is none.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let table = if self.plan.kind == Kind::Tables { self.kept.first() } else { self.text.as_ref() };
        table.and_then(|(file, bytes)| table::columns(&self.paths[*file], bytes).ok()).unwrap_or_default()
    }

    /// The data set of all files; they are used up, except a table, whose [`Self::columns`] may be asked for after a refusal. `reading`: how tables
    /// are read.
    ///
    /// # Errors
    /// What the readers of the formats refuse, by file.
    pub fn finish(&mut self, reading: &Reading) -> Result<Own, DataError> {
        let mut notes = self.plan.notes.clone();
        let mut own = match (self.plan.kind, &self.kept[..]) {
            (Kind::Pictures, _) => std::mem::take(&mut self.photos).finish(top(&self.paths))?,
            (Kind::Tables, tables) => self.tables(tables, reading)?,
            (Kind::Idx, []) => {
                let Some(text) = &self.text else {
                    return Err(self.foreign.take().unwrap_or_else(|| DataError::new(top(&self.paths), OwnProblem::NothingReadable)));
                };
                let others: Vec<usize> = self.others.iter().copied().filter(|&file| file != text.0).collect();
                notes.extend(left_out(&self.paths, &others, LeftOut::BesideTable));
                self.tables(std::slice::from_ref(text), reading)?
            }
            (Kind::Idx, [(first, _), ..]) => {
                notes.extend(left_out(&self.paths, &self.others, LeftOut::BesideIdxFiles));
                let name = if self.paths[*first].contains('/') { top(&self.paths) } else { "idx files" };
                let files: Vec<(String, Vec<u8>)> =
                    std::mem::take(&mut self.kept).into_iter().map(|(file, bytes)| (self.paths[file].clone(), bytes)).collect();
                of_idx(name, &files)?
            }
        };
        own.notes.extend(notes);
        Ok(own)
    }

    fn tables(&self, files: &[(usize, Vec<u8>)], reading: &Reading) -> Result<Own, DataError> {
        let read: Vec<usize> = files.iter().map(|(file, _)| *file).collect();
        let named: Vec<(String, &[u8])> = files.iter().map(|(file, bytes)| (name_of(&self.paths, &[*file]), &bytes[..])).collect();
        let files: Vec<(&str, &[u8])> = named.iter().map(|(name, bytes)| (&name[..], *bytes)).collect();
        of_tables(&name_of(&self.paths, &read), &files, reading)
    }
}
