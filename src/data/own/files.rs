//! A user's own set from idx files, and the checks of a set from any files.

use std::borrow::Cow;

use super::super::idx::{self, Content, Header, IdxReader, MAX_BYTES, MAX_FEATURES};
use super::super::{DataError, OwnProblem, Split, moments};
use super::plan::is_test;
use super::words::{listed, shortened};
use super::{MOST_CLASSES, Own};

/// What an idx file's third byte says of its values: the code, their bytes, their name, and how to read one.
type ValueType = (u8, usize, &'static str, fn(&[u8]) -> f64);
const TYPES: [ValueType; 5] = [
    (0x09, 1, "signed bytes", |bytes| f64::from(bytes[0] as i8)),
    (0x0B, 2, "16-bit integers", |bytes| f64::from(i16::from_be_bytes([bytes[0], bytes[1]]))),
    (0x0C, 4, "32-bit integers", |bytes| f64::from(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))),
    (0x0D, 4, "32-bit floats", |bytes| f64::from(f32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))),
    (0x0E, 8, "64-bit floats", |bytes| f64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| bytes[at]))),
];
const BYTES: u8 = 0x08;

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
        let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
            (0..counts.len()).filter(|&class| wanted(class)).map(|class| shortened(&self.classes[class])).collect()
        };
        let alone = of(&|class| counts[class] == 0);
        let untested = if self.test.is_some() { Vec::new() } else { of(&|class| counts[class] == 1) };
        let mut notes = self.notes;
        if !alone.is_empty() {
            notes.push(format!("Classes of test rows only: {}.", listed(&alone)));
        }
        if !untested.is_empty() {
            notes.push(format!("Classes of one row, which is no test row: {}.", listed(&untested)));
        }
        Ok(Self { notes, ..self })
    }
}

/// The content of an idx file of either kind.
enum FileContent {
    Images(Header, Vec<u8>),
    Labels(Vec<u8>),
}

/// Whether a file begins like an idx file, of values of any type.
pub(super) fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, kind, 1..=4, ..] if *kind == BYTES || TYPES.iter().any(|(code, ..)| code == kind))
}

/// A set from complete, unpacked idx files: images and labels, or two such pairs, of which one is for the test by its names or its folder's. The
/// classes are the labels that occur.
///
/// # Errors
/// A malformed file, files that do not fit each other, or what [`Own::check`] refuses.
pub(super) fn of_idx(name: &str, files: &[(String, Vec<u8>)]) -> Result<Own, DataError> {
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
    let ((header, mut rows), test) = match (train, test) {
        (Some(train), test) => (train, test),
        (None, Some(test)) => (test, None),
        (None, None) => return Err(DataError::new(name, OwnProblem::NoIdxFile)),
    };
    if let Some((other, _)) = &test
        && (other.height, other.width) != (header.height, header.width)
    {
        return Err(DataError::new(name, OwnProblem::PartsDiffer { train: header, test: *other }));
    }
    let mut test = test.map(|(_, rows)| rows);
    let mut occurs = [false; MOST_CLASSES];
    for &label in rows.labels.iter().chain(test.iter().flat_map(|test| &test.labels)) {
        occurs[usize::from(label)] = true;
    }
    let present: Vec<usize> = (0..MOST_CLASSES).filter(|&label| occurs[label]).collect();
    for part in [Some(&mut rows), test.as_mut()].into_iter().flatten() {
        for label in &mut part.labels {
            *label = present.binary_search(&usize::from(*label)).expect("every label was seen") as u8;
        }
    }
    let mut notes = Vec::new();
    if let [first, .., last] = present[..]
        && (first > 0 || last + 1 > present.len())
    {
        let absent: Vec<String> = (first..last).filter(|&label| !occurs[label]).map(|label| label.to_string()).collect();
        notes.push(if absent.is_empty() {
            format!("Labels: {first} to {last}.")
        } else {
            format!("Labels: {first} to {last}; no row has {}.", listed(&absent))
        });
    }
    Own {
        name: name.to_owned(),
        channels: 1,
        height: header.height,
        width: header.width,
        classes: present.iter().map(usize::to_string).collect(),
        rows,
        test,
        columns: Vec::new(),
        notes,
    }
    .check()
}

fn content_of(file: &str, bytes: &[u8]) -> Result<FileContent, DataError> {
    let bytes = &*as_bytes(file, bytes)?;
    let is_labels = bytes.starts_with(&[0, 0, BYTES, 1]);
    let mut reader = if is_labels { IdxReader::labels(file, 256) } else { IdxReader::images(file) };
    reader.feed(bytes)?;
    let rows = reader.next_rows(u32::MAX).to_vec();
    let header = reader.finish()?;
    Ok(if is_labels { FileContent::Labels(rows) } else { FileContent::Images(header, rows) })
}

/// The same idx file with one byte for each value: whole numbers from 0 to 255, or numbers from 0 to 1 times 255.
fn as_bytes<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DataError> {
    let whole = Cow::Borrowed(bytes);
    let &[0, 0, code, dimensions, ..] = bytes else { return Ok(whole) };
    let Some(&(_, size, kind, read)) = TYPES.iter().find(|(each, ..)| *each == code) else { return Ok(whole) };
    let head = 4 + 4 * usize::from(dimensions);
    let Some((header, body)) = bytes.split_at_checked(head) else { return Ok(whole) };
    let values = || body.chunks_exact(size).map(read);
    let is_byte = |value: f64| value.fract() == 0.0 && (0.0..=255.0).contains(&value);
    let factor = if values().all(is_byte) {
        1.0
    } else if dimensions > 1 && values().all(|value| (0.0..=1.0).contains(&value)) {
        255.0
    } else {
        // The one that fits least: beside numbers from 0 to 1 it is another one.
        let odd = values().find(|&value| !is_byte(value) && !(0.0..=1.0).contains(&value));
        let value = odd.or_else(|| values().find(|&value| !is_byte(value))).unwrap_or(f64::NAN);
        return Err(DataError::new(file, OwnProblem::IdxValues { kind, value: value.to_string() }));
    };
    let magic = [0, 0, BYTES, dimensions];
    Ok(Cow::Owned(
        magic.into_iter().chain(header[4..].iter().copied()).chain(values().map(|value| (factor * value).round() as u8)).collect(),
    ))
}
