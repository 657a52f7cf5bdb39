//! The unpacked files of a known set, checked while they arrive piece by piece.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use super::catalogue::{FileContents, Known, KnownFile, Part};
use super::idx::{Content, Header, IdxReader};
use super::records::RecordReader;
use super::{DataError, Problem, Remedy};

/// Rows that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows<'a> {
    /// The first of them in the whole set, in which test rows follow training rows.
    pub first_row: u32,
    /// n, a multiple of 4 except for the last rows of a file.
    pub count: u32,
    /// `[n, I]`, or empty if the file has only labels.
    pub inputs: &'a [u8],
    /// `[n]`, or empty if the file has only images.
    pub labels: &'a [u8],
}

#[derive(Clone, Debug)]
enum Reader {
    Idx(IdxReader, Header),
    Records(RecordReader),
}

/// One file of a known set: format, shape and labels are checked at once, length and checksum at the end.
///
/// Rows may be used as they arrive, but only [`Stream::finish`] proves that they were correct. They are stored only until they are returned.
#[derive(Clone, Debug)]
pub struct Stream {
    known: &'static Known,
    file: &'static KnownFile,
    /// The name of the file in errors.
    name: String,
    reader: Reader,
    sum: Md5,
    received: u64,
    /// Rows that were returned.
    handed: u32,
}

impl Stream {
    /// `name`: the name of the file in errors.
    #[must_use]
    pub fn new(known: &'static Known, file: &'static KnownFile, name: impl Into<String>) -> Self {
        let name = name.into();
        let reader = match file.contents {
            FileContents::Images => Reader::Idx(IdxReader::images(&name), known.header(Content::Images, file)),
            FileContents::Labels => Reader::Idx(IdxReader::labels(&name, known.classes), known.header(Content::Labels, file)),
            FileContents::Records { labels } => Reader::Records(RecordReader::new(&name, known.layout(labels, file))),
        };
        Self { known, file, name, reader, sum: Md5::new(), received: 0, handed: 0 }
    }

    /// Takes the next unpacked bytes.
    ///
    /// # Errors
    /// As [`IdxReader::feed`] and [`RecordReader::feed`], and an idx header of another set.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        match &mut self.reader {
            Reader::Records(reader) => reader.feed(bytes),
            Reader::Idx(reader, expected) => reader.feed(bytes).and_then(|()| match reader.header() {
                Some(found) if found != *expected => {
                    Err(reader.fail(Problem::OtherHeader { found, wanted: *expected, set: self.known.name }))
                }
                _ => Ok(()),
            }),
        }
        .map_err(|error| error.with_remedy(Remedy::LoadAgain))?;
        self.sum.update(bytes);
        self.received += bytes.len() as u64;
        Ok(())
    }

    /// Bytes that have arrived, header included, of the [`Known::bytes`] in all.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The complete rows that have arrived since the last call, in multiples of 4 until the file's last row has arrived. So they are aligned wherever
    /// bytes are sent in words.
    pub fn new_rows(&mut self) -> Rows<'_> {
        let waiting = match &self.reader {
            Reader::Idx(reader, _) => reader.waiting(),
            Reader::Records(reader) => reader.waiting(),
        };
        let count = if self.handed + waiting == self.file.rows { waiting } else { waiting & !3 };
        let first_row = self.known.first_row(self.file) + self.handed;
        self.handed += count;
        let (inputs, labels) = match (&mut self.reader, self.file.contents) {
            (Reader::Records(reader), _) => reader.next_rows(count),
            (Reader::Idx(reader, _), FileContents::Labels) => (&[][..], reader.next_rows(count)),
            (Reader::Idx(reader, _), _) => (reader.next_rows(count), &[][..]),
        };
        Rows { first_row, count, inputs, labels }
    }

    /// Checks that the bytes were correct, after the last byte.
    ///
    /// # Errors
    /// As [`IdxReader::finish`] and [`RecordReader::finish`], and a checksum that differs; the error has the expected and the found one.
    pub fn finish(self) -> Result<(), DataError> {
        match self.reader {
            Reader::Idx(reader, _) => reader.finish().map(|_| ()),
            Reader::Records(reader) => reader.finish(),
        }
        .map_err(|error| error.with_remedy(Remedy::LoadAgain))?;
        let found = hex(&self.sum.finalize());
        match self.file.md5 {
            Some(expected) if expected != found => {
                Err(DataError::new(self.name, Problem::OtherContent { set: self.known.name, expected, found }))
            }
            _ => Ok(()),
        }
    }
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// A complete known set that arrives over a network: one file after another, in the order of [`Known::files`].
#[derive(Clone, Debug)]
pub struct DatasetStream {
    known: &'static Known,
    /// Which file is arriving; the number of files when all have arrived.
    at: usize,
    stream: Option<Stream>,
    /// How many of the first training rows have arrived, inputs and labels.
    inputs: u32,
    labels: u32,
}

impl DatasetStream {
    #[must_use]
    pub fn new(known: &'static Known) -> Self {
        Self { known, at: 0, stream: None, inputs: 0, labels: 0 }
    }

    /// Addresses of the files and their unpacked sizes, in the order to fetch them.
    pub fn files(&self) -> impl Iterator<Item = (String, u64)> + use<> {
        let known = self.known;
        known.files.iter().map(|file| (known.address(file), known.bytes(file)))
    }

    /// Takes the next unpacked bytes of the file with this address. Returns the rows that are now complete.
    ///
    /// # Errors
    /// As [`Stream::feed`], and a file that is not the next one.
    pub fn feed(&mut self, address: &str, bytes: &[u8]) -> Result<Rows<'_>, DataError> {
        let file = self.expected(address)?;
        let stream = self.stream.get_or_insert_with(|| Stream::new(self.known, file, address));
        stream.feed(bytes)?;
        let rows = stream.new_rows();
        if file.part == Part::Train {
            // Training rows come in order: see `Known::files`.
            self.inputs += if rows.inputs.is_empty() { 0 } else { rows.count };
            self.labels += if rows.labels.is_empty() { 0 } else { rows.count };
        }
        Ok(rows)
    }

    /// Checks the file with this address, after its last byte.
    ///
    /// # Errors
    /// As [`Stream::finish`], and a file that is not the next one.
    pub fn end(&mut self, address: &str) -> Result<(), DataError> {
        let file = self.expected(address)?;
        self.stream.take().unwrap_or_else(|| Stream::new(self.known, file, address)).finish()?;
        self.at += 1;
        Ok(())
    }

    /// Whether all files have arrived.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.at == self.known.files.len()
    }

    /// How many of the first training rows can be used: those whose inputs and label have arrived.
    #[must_use]
    pub fn rows_ready(&self) -> u32 {
        self.inputs.min(self.labels)
    }

    fn expected(&self, address: &str) -> Result<&'static KnownFile, DataError> {
        self.known
            .files
            .get(self.at)
            .filter(|file| self.known.address(file) == address)
            .ok_or_else(|| DataError::new(address, Problem::OutOfTurn { set: self.known.name }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue::{CIFAR100, MNIST};
    use proptest::prelude::*;

    static TEST_LABELS: &KnownFile = &MNIST.files[1];

    #[test]
    fn a_stream_refuses_another_shape_early_and_another_content_late() {
        let stream = || Stream::new(&MNIST, TEST_LABELS, TEST_LABELS.name);
        let mut other = stream();
        let message = other.feed(&[0, 0, 8, 1, 0, 0, 0, 5]).unwrap_err().to_string();
        assert!(message.contains("t10k-labels-idx1-ubyte") && message.contains("5 labels where mnist has 10000 labels"), "{message}");
        assert!(other.feed(&[]).is_err() && other.finish().is_err(), "the error is final");

        let mut other = stream();
        other.feed(&[0, 0, 8, 1]).unwrap();
        other.feed(&10_000u32.to_be_bytes()).unwrap();
        other.feed(&[3; 10_000]).unwrap();
        assert_eq!(other.received(), 10_008);
        assert_eq!(other.new_rows(), Rows { first_row: 60_000, count: 10_000, inputs: &[], labels: &[3; 10_000] });
        let message = other.finish().unwrap_err().to_string();
        assert!(message.contains("expected MD5 27ae3e4e09519cfbb04c329615203637, found "), "{message}");
    }

    #[test]
    fn without_a_known_sum_size_and_labels_are_checked() {
        let file = &CIFAR100.files[1];
        let record: Vec<u8> = [19, 99].into_iter().chain((0..3072).map(|feature| feature as u8)).collect();
        let mut stream = Stream::new(&CIFAR100, file, file.name);
        for row in 0..file.rows {
            stream.feed(&record).unwrap();
            let rows = stream.new_rows();
            assert_eq!((rows.count, rows.inputs.len(), rows.labels.len()), if row % 4 == 3 { (4, 4 * 3072, 4) } else { (0, 0, 0) });
        }
        assert!(stream.clone().feed(&[0]).unwrap_err().to_string().contains("too long"));
        stream.finish().unwrap();

        let mut stream = Stream::new(&CIFAR100, file, "the-file");
        let message = stream.feed(&[20, 0]).unwrap_err().to_string();
        assert!(message.contains("the-file: label 20 in row 0 is not below 20"), "{message}");
    }

    /// A set of 2 channels of 1×2 pixels whose last training row is alone in its file, and one of the MNIST family.
    static SMALL: Known = Known {
        name: "small",
        channels: 2,
        height: 1,
        width: 2,
        classes: 7,
        train_rows: 9,
        test_rows: 5,
        augment: false,
        moments: None,
        attribution: "",
        files: &[
            record_file("one.bin", Part::Train, 0, 8),
            record_file("two.bin", Part::Train, 8, 1),
            record_file("test.bin", Part::Test, 0, 5),
        ],
        archive: None,
        packaged: false,
    };
    static SMALL_IDX: Known = Known {
        channels: 1,
        width: 4,
        files: &[
            idx_file("labels", FileContents::Labels, Part::Train, 9),
            idx_file("test-labels", FileContents::Labels, Part::Test, 5),
            idx_file("images", FileContents::Images, Part::Train, 9),
            idx_file("test-images", FileContents::Images, Part::Test, 5),
        ],
        ..SMALL
    };

    const fn record_file(name: &'static str, part: Part, first_row: u32, rows: u32) -> KnownFile {
        KnownFile { name, contents: FileContents::Records { labels: &[3, 7] }, part, first_row, rows, md5: None }
    }

    const fn idx_file(name: &'static str, contents: FileContents, part: Part, rows: u32) -> KnownFile {
        KnownFile { name, contents, part, first_row: 0, rows, md5: None }
    }

    /// Features and label of a row of the whole set.
    fn row(row: u32, salt: u8) -> ([u8; 4], u8) {
        ([0u8, 1, 2, 3].map(|feature| (4 * row as u8 + feature) ^ salt), (row as u8 ^ salt) % 7)
    }

    fn content(known: &Known, file: &KnownFile, salt: u8) -> Vec<u8> {
        let first = known.first_row(file);
        let rows = (first..first + file.rows).map(|index| row(index, salt));
        let size = file.rows.to_be_bytes();
        match file.contents {
            FileContents::Labels => [0, 0, 8, 1].into_iter().chain(size).chain(rows.map(|(_, label)| label)).collect(),
            FileContents::Images => {
                let head = [0, 0, 8, 3].into_iter().chain(size).chain([0, 0, 0, 1, 0, 0, 0, 4]);
                head.chain(rows.flat_map(|(features, _)| features)).collect()
            }
            FileContents::Records { .. } => rows.flat_map(|([a, b, c, d], label)| [label % 3, label, a, b, c, d]).collect(),
        }
    }

    #[test]
    fn files_come_in_their_order() {
        let mut arrival = DatasetStream::new(&SMALL);
        let files: Vec<(String, u64)> = arrival.files().collect();
        assert_eq!(files, [("small/one.bin.gz".into(), 48), ("small/two.bin.gz".into(), 6), ("small/test.bin.gz".into(), 30)]);
        let message = arrival.feed("small/two.bin.gz", &[]).unwrap_err().to_string();
        assert_eq!(message, "small/two.bin.gz: it is not the file of small that comes next. Reload the page.");
        let message = arrival.clone().end("small/one.bin.gz").unwrap_err().to_string();
        assert!(message.contains("small/one.bin.gz: it is empty. Load it again"), "{message}");
        for file in SMALL.files {
            arrival.feed(&SMALL.address(file), &content(&SMALL, file, 0)).unwrap();
            assert!(arrival.clone().feed(&SMALL.address(file), &[0]).is_err());
            arrival.end(&SMALL.address(file)).unwrap();
        }
        assert!(arrival.feed("small/test.bin.gz", &[]).is_err() && arrival.end("small/test.bin.gz").is_err());
    }

    proptest! {
        /// Pieces of any size, from either kind of file, give the same rows: each once, in aligned pieces, and counted once it can be used.
        #[test]
        fn any_pieces_give_the_same_rows(cuts in proptest::collection::vec(1usize..30, 1..40), salt: u8) {
            for known in [&SMALL, &SMALL_IDX] {
                let (mut inputs, mut labels) = (vec![None; 14], vec![None; 14]);
                let mut arrival = DatasetStream::new(known);
                let mut cuts = cuts.iter().cycle();
                for file in known.files {
                    let (address, whole) = (known.address(file), content(known, file, salt));
                    let mut bytes = &whole[..];
                    while !bytes.is_empty() {
                        let (piece, rest) = bytes.split_at(bytes.len().min(*cuts.next().unwrap()));
                        bytes = rest;
                        let rows = arrival.feed(&address, piece).unwrap();
                        prop_assert!(rows.count.is_multiple_of(4) || rest.is_empty());
                        for (index, features) in (rows.first_row..).zip(rows.inputs.chunks(4)) {
                            prop_assert_eq!(inputs[index as usize].replace(features.to_vec()), None);
                        }
                        for (index, &label) in (rows.first_row..).zip(rows.labels) {
                            prop_assert_eq!(labels[index as usize].replace(label), None);
                        }
                        let ready = (0..9).take_while(|&index| inputs[index].is_some() && labels[index].is_some()).count();
                        prop_assert_eq!(arrival.rows_ready(), ready as u32);
                    }
                    arrival.end(&address).unwrap();
                }
                for index in 0..14u32 {
                    let (features, label) = row(index, salt);
                    prop_assert_eq!(inputs[index as usize].as_deref(), Some(&features[..]));
                    prop_assert_eq!(labels[index as usize], Some(label));
                }
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(0u8..9, 0..200), cut in 1usize..50) {
            for known in [&SMALL, &SMALL_IDX, &MNIST, &CIFAR100] {
                let mut arrival = DatasetStream::new(known);
                let address = known.address(&known.files[0]);
                for piece in bytes.chunks(cut) {
                    drop(arrival.feed(&address, piece).map(|rows| rows.count));
                }
                drop(arrival.end(&address));
                prop_assert!(arrival.rows_ready() <= 9);
            }
        }
    }
}
