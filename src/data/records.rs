//! Reads the records of the CIFAR family's binary files, piece by piece.
//!
//! ```text
//! record  label bytes, the last one is the class          a plane of height·width bytes for each channel, row by row
//! ```
//!
//! Such a file has no header: its layout and number of rows must be known.

use super::{DataError, Expected, Problem};

/// The layout of a file of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The number of values of each label byte of a record, at most 256; the last byte is the class.
    pub labels: &'static [u32],
    /// I, the features of a record.
    pub features: u32,
    pub rows: u32,
}

impl Layout {
    /// Bytes of a record.
    #[must_use]
    pub fn record_bytes(&self) -> u64 {
        self.labels.len() as u64 + u64::from(self.features)
    }

    /// Bytes of the whole file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        u64::from(self.rows) * self.record_bytes()
    }
}

/// Reads one file of records from pieces of any size. It stores a row only until the row is returned.
///
/// After the first error, every call gives the same error.
#[derive(Clone, Debug)]
pub struct RecordReader {
    file: String,
    layout: Layout,
    /// Bytes that have arrived.
    received: u64,
    /// `[n, I]` and `[n]`: rows that were returned since the last feed, then rows that are waiting.
    inputs: Vec<u8>,
    labels: Vec<u8>,
    /// How many of these rows were returned.
    taken: usize,
    failure: Option<DataError>,
}

impl RecordReader {
    /// A reader of records; `file` is the name that errors give.
    #[must_use]
    pub fn new(file: impl Into<String>, layout: Layout) -> Self {
        Self { file: file.into(), layout, received: 0, inputs: Vec::new(), labels: Vec::new(), taken: 0, failure: None }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// A label out of range, more bytes than the records take.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.advance(bytes).inspect_err(|failure| self.failure = Some(failure.clone()))
    }

    fn advance(&mut self, mut bytes: &[u8]) -> Result<(), DataError> {
        if self.received + bytes.len() as u64 > self.layout.file_bytes() {
            return Err(self.refuse(Problem::TooLong { expected: self.expected() }));
        }
        self.inputs.drain(..self.taken * self.layout.features as usize);
        self.labels.drain(..self.taken);
        self.taken = 0;
        while let Some(&first) = bytes.first() {
            let (row, at) = (self.received / self.layout.record_bytes(), (self.received % self.layout.record_bytes()) as usize);
            let taken = if let Some(&values) = self.layout.labels.get(at) {
                if u32::from(first) >= values {
                    return Err(self.refuse(Problem::Label { label: first, row, classes: values, of_records: true }));
                }
                if at + 1 == self.layout.labels.len() {
                    self.labels.push(first);
                }
                1
            } else {
                let missing = self.layout.record_bytes() as usize - at;
                let length = missing.min(bytes.len());
                self.inputs.extend_from_slice(&bytes[..length]);
                length
            };
            self.received += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    fn refuse(&self, problem: Problem) -> DataError {
        DataError::new(&self.file, problem)
    }

    fn expected(&self) -> Expected {
        Expected::Records { rows: self.layout.rows, record_bytes: self.layout.record_bytes() }
    }

    /// How many complete rows have arrived and were not returned.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        // There are never more rows than the layout's u32 says.
        (self.inputs.len() / self.layout.features as usize - self.taken) as u32
    }

    /// Returns the next complete rows, inputs `[n, I]` and labels `[n]`: `most` of them, or as many as are waiting.
    pub fn next_rows(&mut self, most: u32) -> (&[u8], &[u8]) {
        let (from, features) = (self.taken, self.layout.features as usize);
        self.taken += self.waiting().min(most) as usize;
        (&self.inputs[from * features..self.taken * features], &self.labels[from..self.taken])
    }

    /// Checks that the file is complete, after the last byte.
    ///
    /// # Errors
    /// A file that ends before its last record, or an earlier error of [`RecordReader::feed`].
    pub fn finish(self) -> Result<(), DataError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match self.received {
            0 => Err(self.refuse(Problem::EmptyRecords)),
            found if found < self.layout.file_bytes() => Err(self.refuse(Problem::TooShort { expected: self.expected(), found })),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Records of two label bytes and three features.
    const LAYOUT: Layout = Layout { labels: &[2, 9], features: 3, rows: 5 };

    fn reader(rows: u32) -> RecordReader {
        RecordReader::new("the-file", Layout { rows, ..LAYOUT })
    }

    fn whole(rows: u32, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DataError> {
        let mut reader = reader(rows);
        reader.feed(bytes)?;
        let (inputs, labels) = reader.next_rows(u32::MAX);
        let rows = (inputs.to_vec(), labels.to_vec());
        reader.finish()?;
        Ok(rows)
    }

    #[test]
    fn the_last_label_byte_is_the_class() {
        let (inputs, labels) = whole(2, &[0, 8, b'a', b'b', b'c', 1, 3, b'd', b'e', b'f']).unwrap();
        assert_eq!((&inputs[..], &labels[..]), (&b"abcdef"[..], &[8, 3][..]));
    }

    #[test]
    fn at_most_the_requested_rows_are_returned() {
        let mut reader = reader(3);
        reader.feed(&[0, 8, b'a', b'b', b'c', 1, 3, b'd', b'e', b'f', 1, 4]).unwrap();
        assert_eq!(reader.waiting(), 2);
        assert_eq!(reader.next_rows(1), (&b"abc"[..], &[8][..]));
        reader.feed(b"gh").unwrap();
        assert_eq!(reader.next_rows(9), (&b"def"[..], &[3][..]));
        reader.feed(b"i").unwrap();
        assert_eq!(reader.next_rows(9), (&b"ghi"[..], &[4][..]));
        reader.finish().unwrap();
    }

    #[test]
    fn refusals_name_the_file_the_problem_and_the_remedy() {
        for (bytes, words) in [
            (&[][..], "it is empty. Replace it by a complete file of the authors' binary version"),
            (&[0, 1, 2], "it is truncated: 2 records of 5 bytes are 10 bytes, but it has only 3."),
            (&[0; 11], "it is too long: 2 records of 5 bytes are 10 bytes, but more bytes follow."),
            (&[2], "label 2 in row 0 is not below 2, the number of its classes."),
            (&[0, 8, 255, 255, 255, 0, 9], "label 9 in row 1 is not below 9, the number of its classes."),
        ] {
            let message = whole(2, bytes).unwrap_err().to_string();
            assert!(message.starts_with("the-file: ") && message.contains(words), "{words:?} is not in {message:?}");
        }
    }

    #[test]
    fn an_error_is_final() {
        let mut reader = reader(2);
        let first = reader.feed(&[7]).unwrap_err();
        assert_eq!(reader.feed(&[]).unwrap_err(), first);
        assert_eq!(reader.finish().unwrap_err(), first);
    }

    proptest! {
        /// Any bytes in any pieces give a result or an error, never a panic, and take memory only for the bytes that arrived.
        #[test]
        fn no_bytes_panic(
            bytes in proptest::collection::vec(prop_oneof![3 => 0u8..3, 1 => any::<u8>()], 0..60), cut in 1usize..20, rows in 0u32..9
        ) {
            let (mut reader, mut handed) = (reader(rows), 0);
            for piece in bytes.chunks(cut) {
                drop(reader.feed(piece));
                prop_assert!(reader.inputs.capacity() <= 2 * bytes.len() + 64 && reader.labels.capacity() <= 2 * bytes.len() + 64);
                let (inputs, labels) = reader.next_rows(u32::MAX);
                prop_assert_eq!(inputs.len(), 3 * labels.len());
                prop_assert!(labels.iter().all(|&label| label < 9));
                handed += labels.len();
            }
            prop_assert!(handed <= rows as usize && 5 * handed <= bytes.len());
            prop_assert_eq!(reader.finish().is_ok(), handed == rows as usize && 5 * handed == bytes.len() && rows > 0);
        }

        /// The pieces of a file do not change its rows, however many rows are requested at a time.
        #[test]
        fn pieces_equal_the_whole(rows in 1u32..20, cut in 1usize..40, most in 0u32..9, salt: u8) {
            let record = |row: u32| [row as u8 & 1, (row as u8 ^ salt) % 9, row as u8 ^ salt, 255 - row as u8, salt];
            let bytes: Vec<u8> = (0..rows).flat_map(record).collect();
            let (mut reader, mut handed) = (reader(rows), (Vec::new(), Vec::new()));
            for (turn, piece) in bytes.chunks(cut).chain([&[][..]]).enumerate() {
                reader.feed(piece).unwrap();
                let last = turn == bytes.len().div_ceil(cut);
                let (inputs, labels) = reader.next_rows(if last { u32::MAX } else { most });
                handed.0.extend_from_slice(inputs);
                handed.1.extend_from_slice(labels);
            }
            reader.finish().unwrap();
            prop_assert_eq!(handed, whole(rows, &bytes).unwrap());
        }
    }
}
