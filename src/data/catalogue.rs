//! The known sets: what their files are called, what must be in them and whose work they are.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use super::idx::{self, Content, Header, IdxReader};
use super::{DataError, Dataset, Split};

/// One of the four files of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    TrainLabels,
    TestLabels,
    TrainImages,
    TestImages,
}

impl Part {
    /// In the order in which they are read: labels first, they are small.
    pub const ALL: [Self; 4] = [Self::TrainLabels, Self::TestLabels, Self::TrainImages, Self::TestImages];

    /// The name that the authors gave the file, without `.gz`.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::TrainLabels => "train-labels-idx1-ubyte",
            Self::TestLabels => "t10k-labels-idx1-ubyte",
            Self::TrainImages => "train-images-idx3-ubyte",
            Self::TestImages => "t10k-images-idx3-ubyte",
        }
    }

    #[must_use]
    pub const fn content(self) -> Content {
        match self {
            Self::TrainLabels | Self::TestLabels => Content::Labels,
            Self::TrainImages | Self::TestImages => Content::Images,
        }
    }
}

/// A published set whose content is known to the last bit.
#[derive(Debug, PartialEq)]
pub struct Known {
    /// As `--dataset` names it, and the folder of its files.
    pub name: &'static str,
    pub height: u32,
    pub width: u32,
    pub classes: u32,
    pub train_rows: u32,
    pub test_rows: u32,
    /// Of all training pixels divided by 255.
    pub mean: f32,
    pub deviation: f32,
    /// Authors and licence, for wherever the set is shown.
    pub attribution: &'static str,
    /// MD5 of each unpacked file, in the order of [`Part::ALL`].
    sums: [&'static str; 4],
}

pub static MNIST: Known = Known {
    name: "mnist",
    height: 28,
    width: 28,
    classes: 10,
    train_rows: 60_000,
    test_rows: 10_000,
    mean: 0.130_660_48,
    deviation: 0.308_107_8,
    attribution: "MNIST by Yann LeCun and Corinna Cortes, CC BY-SA 3.0",
    sums: [
        "a25bea736e30d166cdddb491f175f624",
        "27ae3e4e09519cfbb04c329615203637",
        "6bbc9ace898e44ae57da46a324031adb",
        "2646ac647ad5339dbf082846283269ea",
    ],
};

pub static FASHION_MNIST: Known = Known {
    name: "fashion-mnist",
    height: 28,
    width: 28,
    classes: 10,
    train_rows: 60_000,
    test_rows: 10_000,
    mean: 0.286_040_6,
    deviation: 0.353_024_24,
    attribution: "Fashion-MNIST by Zalando SE, MIT licence",
    sums: [
        "9018921c3c673c538a1fc5bad174d6f9",
        "15d484375f8d13e6eb1aabb0c3f46965",
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "8181f5470baa50b63fa0f6fddb340f0a",
    ],
};

/// Every known set.
pub static KNOWN: [&Known; 2] = [&MNIST, &FASHION_MNIST];

/// The known set of that name.
///
/// # Errors
/// An unknown name; the message lists the known ones.
pub fn known(name: &str) -> Result<&'static Known, DataError> {
    KNOWN.into_iter().find(|known| known.name == name).ok_or_else(|| {
        let names = KNOWN.map(|known| known.name).join(", ");
        DataError::new(format!("\"{name}\""), "there is no known set of that name", format!("The known sets are {names}"))
    })
}

impl Known {
    /// What the header of a file must say.
    #[must_use]
    pub fn header(&self, part: Part) -> Header {
        let rows = match part {
            Part::TrainLabels | Part::TrainImages => self.train_rows,
            Part::TestLabels | Part::TestImages => self.test_rows,
        };
        let (height, width) = match part.content() {
            Content::Images => (self.height, self.width),
            Content::Labels => (1, 1),
        };
        Header { content: part.content(), rows, height, width }
    }

    /// Size of an unpacked file, header included.
    #[must_use]
    pub fn bytes(&self, part: Part) -> u64 {
        self.header(part).file_bytes()
    }

    /// MD5 of an unpacked file, in hexadecimal.
    #[must_use]
    pub fn md5(&self, part: Part) -> &'static str {
        self.sums[part as usize]
    }

    /// The set, from the rows of its four files in the order of [`Part::ALL`], as [`Stream::finish`] gives them.
    ///
    /// # Errors
    /// Images and labels whose numbers differ.
    pub fn assemble(&self, [train_labels, test_labels, train_images, test_images]: [Vec<u8>; 4]) -> Result<Dataset, DataError> {
        let split = |images_part: Part, images: Vec<u8>, labels_part: Part, labels: Vec<u8>| -> Result<Split, DataError> {
            idx::join(images_part.file_name(), (self.header(images_part), images), labels_part.file_name(), labels)
        };
        Ok(Dataset {
            name: self.name.to_owned(),
            height: self.height,
            width: self.width,
            classes: self.classes,
            mean: self.mean,
            deviation: self.deviation,
            train: split(Part::TrainImages, train_images, Part::TrainLabels, train_labels)?,
            test: split(Part::TestImages, test_images, Part::TestLabels, test_labels)?,
            informative: None,
        })
    }
}

/// One unpacked file of a known set, checked while it arrives piece by piece: format, header and labels at once, length and
/// checksum at the end.
///
/// Rows may be used as they come; only [`Stream::finish`] proves that they were the right ones.
#[derive(Clone, Debug)]
pub struct Stream {
    known: &'static Known,
    part: Part,
    reader: IdxReader,
    sum: Md5,
    received: u64,
}

impl Stream {
    #[must_use]
    pub fn new(known: &'static Known, part: Part) -> Self {
        Self::named(known, part, part.file_name())
    }

    /// The same for a file that errors are to call by another name.
    #[must_use]
    pub fn named(known: &'static Known, part: Part, file: impl Into<String>) -> Self {
        let reader = match part.content() {
            Content::Images => IdxReader::images(file),
            Content::Labels => IdxReader::labels(file, known.classes),
        };
        let rows = known.header(part).body_bytes() as usize;
        Self { known, part, reader: reader.with_capacity(rows), sum: Md5::new(), received: 0 }
    }

    /// Takes the next unpacked bytes.
    ///
    /// # Errors
    /// As [`IdxReader::feed`], and a header of another set.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.reader.feed(bytes).map_err(|error| error.with_mend(MEND))?;
        self.sum.update(bytes);
        self.received += bytes.len() as u64;
        let expected = self.known.header(self.part);
        match self.reader.header() {
            Some(found) if found != expected => {
                let what = |header: Header| match header.content {
                    Content::Images => format!("{} images of {}\u{d7}{} pixels", header.rows, header.height, header.width),
                    Content::Labels => format!("{} labels", header.rows),
                };
                let problem = format!("its header promises {} where {} has {}", what(found), self.known.name, what(expected));
                Err(self.reader.fail(problem).with_mend(MEND))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that have arrived, header included, of the [`Known::bytes`] in all.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many whole rows have arrived.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.reader.rows()
    }

    /// The whole rows that have arrived since the last call: `[n, height * width]` of images, `[n]` of labels.
    pub fn new_rows(&mut self) -> &[u8] {
        self.reader.new_rows()
    }

    /// All rows, when nothing more will come: `[rows, height * width]` of images, `[rows]` of labels.
    ///
    /// # Errors
    /// As [`IdxReader::finish`], and a checksum that differs; expected and found sum are given.
    pub fn finish(self) -> Result<Vec<u8>, DataError> {
        let file = self.reader.file().to_owned();
        let (_, rows) = self.reader.finish().map_err(|error| error.with_mend(MEND))?;
        let (expected, found) = (self.known.md5(self.part), hex(&self.sum.finalize()));
        if found == expected {
            return Ok(rows);
        }
        let name = self.known.name;
        let problem = format!("its content is not that of {name}: expected MD5 {expected}, found {found}");
        Err(DataError::new(file, problem, MEND))
    }
}

/// What helps when a file arrives damaged over a network.
const MEND: &str = "Load it again; if that does not help, the place that serves it has a damaged copy";

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_files() {
        for known in KNOWN {
            assert_eq!(Part::ALL.map(|part| known.bytes(part)), [60_008, 10_008, 47_040_016, 7_840_016]);
            assert!(Part::ALL.iter().all(|&part| known.md5(part).len() == 32));
        }
        assert_eq!(known("mnist").unwrap(), &MNIST);
        assert!(known("nmist").unwrap_err().to_string().contains("The known sets are mnist, fashion-mnist"));
    }

    #[test]
    fn a_stream_refuses_another_shape_early_and_another_content_late() {
        let mut stream = Stream::new(&MNIST, Part::TestLabels);
        let message = stream.feed(&[0, 0, 8, 1, 0, 0, 0, 5]).unwrap_err().to_string();
        assert!(message.contains("t10k-labels-idx1-ubyte") && message.contains("5 labels where mnist has 10000 labels"), "{message}");
        assert!(stream.feed(&[]).is_err() && stream.finish().is_err(), "the verdict stays");

        let mut stream = Stream::new(&MNIST, Part::TestLabels);
        stream.feed(&[0, 0, 8, 1]).unwrap();
        stream.feed(&10_000u32.to_be_bytes()).unwrap();
        stream.feed(&[3; 10_000]).unwrap();
        assert_eq!((stream.rows(), stream.received(), stream.new_rows().len()), (10_000, 10_008, 10_000));
        let message = stream.finish().unwrap_err().to_string();
        assert!(message.contains("expected MD5 27ae3e4e09519cfbb04c329615203637, found "), "{message}");
    }
}
