//! A user's own set from idx files, and the checks of a set from any files.

use super::super::idx::{self, Content, Header, IdxReader, MAX_BYTES, MAX_FEATURES};
use super::super::{DataError, OwnProblem, Split, moments};
use super::{MOST_CLASSES, Own};

/// Words in the name of an idx file, or of its folder, that make it a test file.
const TEST_WORDS: [&str; 3] = ["t10k", "test", "val"];

impl Own {
    /// Checks the complete set.
    ///
    /// # Errors
    /// Too few or too many classes, rows of more features than a network takes, more bytes than a device addresses, values that are all equal.
    pub fn check(self) -> Result<Self, DataError> {
        let refuse = |problem| Err(DataError::new(&self.name, problem));
        let features = self.channels * self.height * self.width;
        if features == 0 || features > MAX_FEATURES {
            return refuse(OwnProblem::RowSize { features });
        }
        if self.rows.inputs.len() as u64 > MAX_BYTES {
            return refuse(OwnProblem::TooLarge);
        }
        if self.classes.len() > MOST_CLASSES {
            return refuse(OwnProblem::TooManyClasses { classes: self.classes.len() });
        }
        let mut counts = vec![0usize; self.classes.len()];
        for &label in &self.rows.labels {
            counts[usize::from(label)] += 1;
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return refuse(OwnProblem::OneClass);
        }
        if self.test.as_ref().is_none_or(Split::is_empty) && counts.iter().all(|&count| count < 2) {
            return refuse(OwnProblem::OneRowEach);
        }
        if moments(&self.rows.inputs).1 == 0.0 {
            return refuse(OwnProblem::ValuesAlike);
        }
        Ok(self)
    }
}

/// The content of an idx file of either kind.
enum FileContent {
    Images(Header, Vec<u8>),
    Labels(Vec<u8>),
}

/// A set from complete, unpacked idx files: images and labels, or two such pairs, of which one is for the test by its names or its folder's (`t10k`,
/// `test` or `val`).
///
/// # Errors
/// A malformed file, files that do not fit each other, or what [`Own::check`] refuses.
pub fn of_idx(name: &str, files: &[(String, Vec<u8>)]) -> Result<Own, DataError> {
    let is_test = |file: &str| {
        let mut parts = file.rsplit(['/', '\\']).map(str::to_lowercase);
        let (own, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        TEST_WORDS.iter().any(|word| own.contains(word) || folder == *word)
    };
    let pair = |wanted: bool| -> Result<Option<(Header, Split)>, DataError> {
        let (mut images, mut labels) = (None, None);
        for (file, bytes) in files.iter().filter(|(file, _)| is_test(file) == wanted || files.len() <= 2) {
            let (is_second, content) = match content_of(file, bytes)? {
                FileContent::Images(header, rows) => (images.replace((file, header, rows)).is_some(), Content::Images),
                FileContent::Labels(rows) => (labels.replace((file, rows)).is_some(), Content::Labels),
            };
            if is_second {
                return Err(DataError::new(file, OwnProblem::SecondFile { content }));
            }
        }
        match (images, labels) {
            (None, None) => Ok(None),
            (Some((file, ..)), None) => Err(DataError::new(file, OwnProblem::HalfMissing { missing: Content::Labels })),
            (None, Some((file, _))) => Err(DataError::new(file, OwnProblem::HalfMissing { missing: Content::Images })),
            (Some((images_file, header, rows)), Some((labels_file, labels))) => {
                Ok(Some((header, idx::join(images_file, (header, rows), labels_file, labels)?)))
            }
        }
    };
    // With one pair, the names do not matter.
    let train = pair(false)?;
    let test = if files.len() <= 2 { None } else { pair(true)? };
    let ((header, rows), test) = match (train, test) {
        (Some(train), test) => (train, test),
        (None, Some(test)) => (test, None),
        (None, None) => return Err(DataError::new(name, OwnProblem::NoIdxFile)),
    };
    if let Some((other, _)) = &test
        && (other.height, other.width) != (header.height, header.width)
    {
        return Err(DataError::new(name, OwnProblem::PartsDiffer { train: header, test: *other }));
    }
    let test = test.map(|(_, rows)| rows);
    let classes = rows.labels.iter().chain(test.iter().flat_map(|test| &test.labels)).max().map_or(0, |&label| usize::from(label) + 1);
    Own {
        name: name.to_owned(),
        channels: 1,
        height: header.height,
        width: header.width,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        rows,
        test,
        note: String::new(),
    }
    .check()
}

fn content_of(file: &str, bytes: &[u8]) -> Result<FileContent, DataError> {
    let is_labels = bytes.starts_with(&[0, 0, 8, 1]);
    let mut reader = if is_labels { IdxReader::labels(file, 256) } else { IdxReader::images(file) };
    reader.feed(bytes)?;
    let rows = reader.next_rows(u32::MAX).to_vec();
    let header = reader.finish()?;
    Ok(if is_labels { FileContent::Labels(rows) } else { FileContent::Images(header, rows) })
}
