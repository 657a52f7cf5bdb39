//! Reads the idx format of the MNIST family, piece by piece.
//!
//! ```text
//! images  00 00 08 03   rows u32   height u32   width u32   rows·height·width bytes
//! labels  00 00 08 01   rows u32                            rows bytes             (all big-endian)
//! ```
//!
//! A header may be wrong: memory is allocated for the bytes that arrive, not for the sizes that the header promises.

use super::{DataError, Expected, Problem, Split};

/// The names of the four files of MNIST, without `.gz`; other sets of that family have the same names.
pub const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// The four in the order in which they are read: labels first, because they are small.
pub const FILES: [&str; 4] = [TRAIN_LABELS, TEST_LABELS, TRAIN_IMAGES, TEST_IMAGES];

/// Most features of one row: the widest input of a network.
pub const MAX_FEATURES: u32 = 4096;

/// Most bytes of the rows of one file, so that every device can address a set.
pub const MAX_BYTES: u64 = 1 << 31;

/// The content of an idx file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Images,
    Labels,
}

impl Content {
    /// Bytes of the header: four for the magic number and four for each dimension.
    const fn header_bytes(self) -> usize {
        match self {
            Self::Images => 16,
            Self::Labels => 8,
        }
    }

    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Images => Self::Labels,
            Self::Labels => Self::Images,
        }
    }

    /// Type "unsigned byte" in the third byte, the number of dimensions in the fourth.
    const fn magic(self) -> [u8; 4] {
        match self {
            Self::Images => [0, 0, 8, 3],
            Self::Labels => [0, 0, 8, 1],
        }
    }
}

/// The header of an idx file, checked to be within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub content: Content,
    pub rows: u32,
    /// Both 1 for labels.
    pub height: u32,
    pub width: u32,
}

impl Header {
    /// Bytes of a row, at most [`MAX_FEATURES`] and at least 1.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        self.height as usize * self.width as usize
    }

    /// Bytes of all rows, at most [`MAX_BYTES`].
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        u64::from(self.rows) * self.row_bytes() as u64
    }

    /// Bytes of the whole file, header included.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.content.header_bytes() as u64 + self.body_bytes()
    }
}

/// Reads one idx file from pieces of any size. It stores a row only until the row is returned.
///
/// After the first error, every call gives the same error.
#[derive(Clone, Debug)]
pub struct IdxReader {
    file: String,
    content: Content,
    /// Labels must be below it.
    classes: u32,
    head: Vec<u8>,
    header: Option<Header>,
    /// Bytes of the rows that have arrived.
    received: u64,
    /// The last of these bytes: rows that were returned since the last feed, then rows that are waiting.
    body: Vec<u8>,
    /// Bytes of `body` that were returned.
    taken: usize,
    failure: Option<DataError>,
}

impl IdxReader {
    /// A reader of images; `file` is the name that errors give.
    #[must_use]
    pub fn images(file: impl Into<String>) -> Self {
        Self::new(file.into(), Content::Images, 0)
    }

    /// A reader of labels, each of which must be below `classes`.
    #[must_use]
    pub fn labels(file: impl Into<String>, classes: u32) -> Self {
        Self::new(file.into(), Content::Labels, classes)
    }

    fn new(file: String, content: Content, classes: u32) -> Self {
        Self { file, content, classes, head: Vec::new(), header: None, received: 0, body: Vec::new(), taken: 0, failure: None }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// A wrong or oversized header as soon as it has arrived, a label out of range, more bytes than the header promises.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.advance(bytes).inspect_err(|failure| self.failure = Some(failure.clone()))
    }

    fn advance(&mut self, mut bytes: &[u8]) -> Result<(), DataError> {
        let header = if let Some(header) = self.header {
            header
        } else {
            let missing = self.content.header_bytes() - self.head.len();
            let (head, rest) = bytes.split_at(missing.min(bytes.len()));
            self.head.extend_from_slice(head);
            bytes = rest;
            self.check_magic()?;
            if self.head.len() < self.content.header_bytes() {
                return Ok(());
            }
            *self.header.insert(self.read_header()?)
        };
        if self.received + bytes.len() as u64 > header.body_bytes() {
            return Err(self.refuse(Problem::TooLong { expected: Expected::Idx(header) }));
        }
        if header.content == Content::Labels
            && let Some(at) = bytes.iter().position(|&label| u32::from(label) >= self.classes)
        {
            let (row, label, classes) = (self.received + at as u64, bytes[at], self.classes);
            return Err(self.refuse(Problem::Label { label, row, classes, of_records: false }));
        }
        self.body.drain(..self.taken);
        self.taken = 0;
        self.body.extend_from_slice(bytes);
        self.received += bytes.len() as u64;
        Ok(())
    }

    /// Refuses the file for a reason that only the caller knows; like every error, it is final.
    pub(super) fn fail(&mut self, problem: Problem) -> DataError {
        let failure = self.refuse(problem);
        self.failure = Some(failure.clone());
        failure
    }

    fn refuse(&self, problem: Problem) -> DataError {
        DataError::new(&self.file, problem)
    }

    /// Refuses a file by its first bytes, as soon as there are enough of them.
    fn check_magic(&self) -> Result<(), DataError> {
        if let [0x1F, 0x8B, ..] = *self.head {
            return Err(self.refuse(Problem::Gzip));
        }
        let Some(magic) = self.head.first_chunk::<4>() else { return Ok(()) };
        let (expected, other) = (self.content, self.content.other());
        if *magic == expected.magic() {
            return Ok(());
        }
        if *magic == other.magic() {
            return Err(self.refuse(Problem::Swapped { expected }));
        }
        let [found, wanted] = [*magic, expected.magic()].map(u32::from_be_bytes);
        Err(self.refuse(Problem::NoIdx { expected, found, wanted }))
    }

    fn read_header(&self) -> Result<Header, DataError> {
        let mut sizes = self.head[4..].chunks_exact(4).map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]));
        let rows = sizes.next().unwrap_or(0);
        let (height, width) = match self.content {
            Content::Images => (sizes.next().unwrap_or(0), sizes.next().unwrap_or(0)),
            Content::Labels => (1, 1),
        };
        let content = self.content;
        if rows == 0 {
            return Err(self.refuse(Problem::NoRows { content }));
        }
        let features = u64::from(height) * u64::from(width);
        if features == 0 || features > u64::from(MAX_FEATURES) {
            return Err(self.refuse(Problem::ImageSize { height, width }));
        }
        // No overflow: rows is below 2^32 and features is at most 2^12.
        let bytes = u64::from(rows) * features;
        if bytes > MAX_BYTES {
            return Err(self.refuse(Problem::TooManyRows { content, rows, bytes }));
        }
        Ok(Header { content, rows, height, width })
    }

    /// The header, once it has arrived and was accepted.
    #[must_use]
    pub fn header(&self) -> Option<Header> {
        self.header
    }

    /// How many complete rows have arrived and were not returned.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        // The body never has more rows than the header's u32 promises.
        self.header.map_or(0, |header| ((self.body.len() - self.taken) / header.row_bytes()) as u32)
    }

    /// Returns the next complete rows, `[n, row_bytes]`: `most` of them, or as many as are waiting.
    pub fn next_rows(&mut self, most: u32) -> &[u8] {
        let bytes = self.header.map_or(0, |header| self.waiting().min(most) as usize * header.row_bytes());
        let from = self.taken;
        self.taken += bytes;
        &self.body[from..self.taken]
    }

    /// The header, after the last byte.
    ///
    /// # Errors
    /// An empty file, a file that ends too early, or an earlier error of [`IdxReader::feed`].
    pub fn finish(self) -> Result<Header, DataError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let Some(header) = self.header else {
            return Err(match self.head.len() {
                0 => self.refuse(Problem::EmptyIdx),
                length => self.refuse(Problem::HeaderEnds { length }),
            });
        };
        if self.received < header.body_bytes() {
            let found = self.content.header_bytes() as u64 + self.received;
            return Err(self.refuse(Problem::TooShort { expected: Expected::Idx(header), found }));
        }
        Ok(header)
    }
}

/// Images `[rows, height * width]` and their labels `[rows]`, joined.
///
/// # Errors
/// Different numbers of rows; both files are named.
pub fn join(images_file: &str, images: (Header, Vec<u8>), labels_file: &str, labels: Vec<u8>) -> Result<Split, DataError> {
    let (header, inputs) = images;
    if header.rows as usize != labels.len() {
        let problem = Problem::OtherCount { images: header.rows, labels: labels.len(), labels_file: labels_file.to_owned() };
        return Err(DataError::new(images_file, problem));
    }
    Ok(Split { inputs, labels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn images(rows: u32, height: u32, width: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        for size in [rows, height, width] {
            bytes.extend(size.to_be_bytes());
        }
        bytes.extend(body);
        bytes
    }

    fn labels(rows: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 1];
        bytes.extend(rows.to_be_bytes());
        bytes.extend(body);
        bytes
    }

    /// A whole file at once: its header and its rows.
    fn whole(mut reader: IdxReader, bytes: &[u8]) -> Result<(Header, Vec<u8>), DataError> {
        reader.feed(bytes)?;
        let rows = reader.next_rows(u32::MAX).to_vec();
        Ok((reader.finish()?, rows))
    }

    #[test]
    fn reads_what_was_written() {
        let (header, rows) = whole(IdxReader::images("i"), &images(2, 2, 3, b"abcdefghijkl")).unwrap();
        assert_eq!((header.rows, header.height, header.width), (2, 2, 3));
        assert_eq!(rows, b"abcdefghijkl");
        assert_eq!(whole(IdxReader::labels("l", 10), &labels(3, &[0, 9, 4])).unwrap().1, [0, 9, 4]);
    }

    #[test]
    fn at_most_the_requested_rows_are_returned() {
        let mut reader = IdxReader::images("i");
        reader.feed(&images(4, 1, 2, b"abcdefg")).unwrap();
        assert_eq!(reader.waiting(), 3);
        assert_eq!(reader.next_rows(2), b"abcd");
        assert_eq!(reader.waiting(), 1);
        reader.feed(b"h").unwrap();
        assert_eq!(reader.next_rows(9), b"efgh");
        assert_eq!(reader.waiting(), 0);
        assert_eq!(reader.finish().unwrap().rows, 4);
    }

    #[test]
    fn refusals_name_the_file_the_problem_and_the_remedy() {
        let refusal = |bytes: &[u8]| whole(IdxReader::images("the-file"), bytes).unwrap_err().to_string();
        for (bytes, words) in [
            (vec![], "it is empty"),
            (vec![0, 0, 8], "ends after 3 bytes"),
            (images(1, 1, 1, &[])[..15].to_vec(), "ends after 15 bytes"),
            (b"\x89PNG....".to_vec(), "begins with 0x89504e47 instead of 0x00000803"),
            (vec![0x1F, 0x8B, 8], "gzip"),
            (labels(1, &[0]), "has labels where images are expected. The images and labels files are probably swapped"),
            (images(2, 2, 2, &[0; 7]), "truncated: its header promises 2 images of 2\u{d7}2 pixels, 24 bytes in all, but it has only 23"),
            (images(2, 2, 2, &[0; 9]), "too long"),
            (images(0, 2, 2, &[]), "promises no images"),
            (images(1, 0, 2, &[]), "1 to 4096 pixels"),
            (images(1, 65, 64, &[]), "1 to 4096 pixels"),
            (images(u32::MAX, u32::MAX, u32::MAX, &[]), "1 to 4096 pixels"),
            (images(u32::MAX, 64, 64, &[]), "take fewer rows"),
        ] {
            let message = refusal(&bytes);
            assert!(message.starts_with("the-file: ") && message.contains(words), "{words:?} is not in {message:?}");
        }
        let message = whole(IdxReader::labels("the-file", 10), &labels(3, &[0, 9, 10])).unwrap_err().to_string();
        assert!(message.contains("label 10 in row 2 is not below 10"), "{message}");
        let message = whole(IdxReader::labels("the-file", 10), &images(1, 1, 1, &[0])).unwrap_err().to_string();
        assert!(message.contains("has images where labels are expected"), "{message}");
    }

    #[test]
    fn counts_must_agree() {
        let (image_rows, label_rows) = (whole(IdxReader::images("i"), &images(2, 1, 1, &[0, 1])).unwrap(), vec![0; 3]);
        let message = join("the-images", image_rows, "the-labels", label_rows).unwrap_err().to_string();
        assert!(message.contains("the-images: it has 2 images, but the-labels has 3 labels"), "{message}");
    }

    #[test]
    fn a_wrong_header_allocates_nothing() {
        let mut reader = IdxReader::images("i");
        reader.feed(&images(500_000, 64, 64, &[1, 2, 3])).unwrap();
        assert!(reader.body.capacity() < 4096, "{}", reader.body.capacity());
    }

    #[test]
    fn a_bad_header_is_refused_before_the_rows_arrive_and_the_error_is_final() {
        let mut reader = IdxReader::images("i");
        reader.feed(&[0, 0]).unwrap();
        let first = reader.feed(&[8, 1]).unwrap_err();
        assert_eq!(reader.feed(&[]).unwrap_err(), first);
        assert_eq!(reader.finish().unwrap_err(), first);
    }

    proptest! {
        /// Any bytes in any pieces give a result or an error, never a panic, and take memory only for the bytes that arrived.
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 1usize..50, classes in 0u32..300) {
            for mut reader in [IdxReader::images("i"), IdxReader::labels("l", classes)] {
                for piece in bytes.chunks(cut) {
                    drop(reader.feed(piece));
                    prop_assert!(reader.body.capacity() <= 2 * bytes.len() + 64);
                    let rows = reader.waiting() as usize;
                    prop_assert!(rows <= bytes.len() && reader.next_rows(u32::MAX).len() <= bytes.len() && reader.waiting() == 0);
                }
                drop(reader.finish());
            }
        }

        /// The same after a valid magic number, which random bytes seldom have.
        #[test]
        fn no_header_panics(sizes: [u32; 3], few in proptest::array::uniform3(0u32..5), body in proptest::collection::vec(0u8..12, 0..80)) {
            for [rows, height, width] in [sizes, few] {
                let bytes = images(rows, height, width, &body);
                let sound = u128::from(rows) * u128::from(height) * u128::from(width) == body.len() as u128 && !body.is_empty();
                prop_assert_eq!(whole(IdxReader::images("i"), &bytes).is_ok(), sound);
                let sound = rows as usize == body.len() && rows > 0 && body.iter().all(|&label| label < 10);
                prop_assert_eq!(whole(IdxReader::labels("l", 10), &labels(rows, &body)).is_ok(), sound);
            }
        }

        /// The pieces of a file do not change its rows.
        #[test]
        fn pieces_equal_the_whole(rows in 1u32..20, height in 1u32..5, width in 1u32..5, cut in 1usize..40, most in 0u32..9, salt: u8) {
            let body: Vec<u8> = (0..rows * height * width).map(|at| (at as u8).wrapping_mul(31) ^ salt).collect();
            let (mut reader, mut handed) = (IdxReader::images("i"), Vec::new());
            for piece in images(rows, height, width, &body).chunks(cut) {
                reader.feed(piece).unwrap();
                handed.extend_from_slice(reader.next_rows(most));
            }
            handed.extend_from_slice(reader.next_rows(u32::MAX));
            prop_assert_eq!(handed, body);
            prop_assert_eq!(reader.finish().unwrap().rows, rows);
        }
    }
}
