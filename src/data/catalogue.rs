//! The known sets: their files, the checksums, and the authors.

use super::idx::{self, Content, Header};
use super::records::Layout;
use super::{DataError, Problem};

/// Which rows of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Train,
    Test,
}

/// The content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileContents {
    /// An idx file of images, of one channel.
    Images,
    /// An idx file of labels.
    Labels,
    /// Records of labels and image together; `labels` as in [`Layout::labels`].
    Records { labels: &'static [u32] },
}

/// One file of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// The authors' name of the file, without `.gz`.
    pub name: &'static str,
    pub contents: FileContents,
    pub part: Part,
    /// The first of its rows within the part. `rows`: how many there are.
    pub first_row: u32,
    pub rows: u32,
    /// MD5 of the unpacked file, in hexadecimal, if we know it.
    pub md5: Option<&'static str>,
}

/// The one archive in which the authors publish their files, if they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name on the authors' page.
    pub title: &'static str,
    pub page: &'static str,
    /// The folder that it unpacks into.
    pub folder: &'static str,
}

/// A published set.
#[derive(Debug, PartialEq)]
pub struct Known {
    /// Its name for `--dataset`, and the folder of its files.
    pub name: &'static str,
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub classes: u32,
    pub train_rows: u32,
    pub test_rows: u32,
    /// Whether shifting an image by a few pixels or mirroring it leaves its class unchanged.
    pub augment: bool,
    /// Mean and standard deviation of all training pixels divided by 255, if they are known without the files.
    pub moments: Option<(f32, f32)>,
    /// Authors and licence, shown with the set.
    pub attribution: &'static str,
    /// In the order in which they are read. Training rows come in order, and the first row of a file is a multiple of 4, because pieces sent to a
    /// device must be aligned.
    pub files: &'static [KnownFile],
    pub archive: Option<Archive>,
    /// Whether `lacuna data fetch` can fetch it.
    pub packaged: bool,
}

/// The four files of the MNIST family; `sums` in the order of [`idx::FILES`].
const fn idx_files(train_rows: u32, test_rows: u32, sums: [&'static str; 4]) -> [KnownFile; 4] {
    const fn file(name: &'static str, contents: FileContents, part: Part, rows: u32, md5: &'static str) -> KnownFile {
        KnownFile { name, contents, part, first_row: 0, rows, md5: Some(md5) }
    }
    [
        file(idx::TRAIN_LABELS, FileContents::Labels, Part::Train, train_rows, sums[0]),
        file(idx::TEST_LABELS, FileContents::Labels, Part::Test, test_rows, sums[1]),
        file(idx::TRAIN_IMAGES, FileContents::Images, Part::Train, train_rows, sums[2]),
        file(idx::TEST_IMAGES, FileContents::Images, Part::Test, test_rows, sums[3]),
    ]
}

pub static MNIST: Known = Known {
    name: "mnist",
    channels: 1,
    height: 28,
    width: 28,
    classes: 10,
    train_rows: 60_000,
    test_rows: 10_000,
    augment: false,
    moments: Some((0.130_660_48, 0.308_107_8)),
    attribution: "MNIST by Yann LeCun and Corinna Cortes, CC BY-SA 3.0",
    files: &idx_files(
        60_000,
        10_000,
        [
            "a25bea736e30d166cdddb491f175f624",
            "27ae3e4e09519cfbb04c329615203637",
            "6bbc9ace898e44ae57da46a324031adb",
            "2646ac647ad5339dbf082846283269ea",
        ],
    ),
    archive: None,
    packaged: true,
};

pub static FASHION_MNIST: Known = Known {
    name: "fashion-mnist",
    channels: 1,
    height: 28,
    width: 28,
    classes: 10,
    train_rows: 60_000,
    test_rows: 10_000,
    augment: false,
    moments: Some((0.286_040_6, 0.353_024_24)),
    attribution: "Fashion-MNIST by Zalando SE, MIT licence",
    files: &idx_files(
        60_000,
        10_000,
        [
            "9018921c3c673c538a1fc5bad174d6f9",
            "15d484375f8d13e6eb1aabb0c3f46965",
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "8181f5470baa50b63fa0f6fddb340f0a",
        ],
    ),
    archive: None,
    packaged: true,
};

/// One of the six files of CIFAR-10, each of 10,000 rows.
const fn cifar10_file(name: &'static str, part: Part, first_row: u32, md5: &'static str) -> KnownFile {
    KnownFile { name, contents: FileContents::Records { labels: &[10] }, part, first_row, rows: 10_000, md5: Some(md5) }
}

pub static CIFAR10: Known = Known {
    name: "cifar10",
    channels: 3,
    height: 32,
    width: 32,
    classes: 10,
    train_rows: 50_000,
    test_rows: 10_000,
    augment: true,
    moments: Some((0.473_363, 0.251_568_93)),
    attribution: "CIFAR-10 by Alex Krizhevsky (Learning Multiple Layers of Features from Tiny Images, 2009)",
    files: &[
        cifar10_file("data_batch_1.bin", Part::Train, 0, "5dd7e06a14cb22eb9f671a540d1b7c25"),
        cifar10_file("data_batch_2.bin", Part::Train, 10_000, "5ea93a67294ea407fff1d09f752e9692"),
        cifar10_file("data_batch_3.bin", Part::Train, 20_000, "942cd6a4bcdd0dd3c604fbe906cb4421"),
        cifar10_file("data_batch_4.bin", Part::Train, 30_000, "ae636b3ba5c66a11e91e8cb52e771fcb"),
        cifar10_file("data_batch_5.bin", Part::Train, 40_000, "53f37980c15c3d472c316c40844f3f0d"),
        cifar10_file("test_batch.bin", Part::Test, 0, "803d5f7f4d78ea53de84dbe85f74fb6d"),
    ],
    archive: Some(Archive {
        title: "CIFAR-10 binary version",
        page: "www.cs.toronto.edu/~kriz/cifar.html",
        folder: "cifar-10-batches-bin",
    }),
    packaged: true,
};

/// Of the two files only size and labels are checked: we have no checksum of them. A record has two labels, one of 20 coarse classes and the class.
pub static CIFAR100: Known = Known {
    name: "cifar100",
    channels: 3,
    height: 32,
    width: 32,
    classes: 100,
    train_rows: 50_000,
    test_rows: 10_000,
    augment: true,
    moments: None,
    attribution: "CIFAR-100 by Alex Krizhevsky (Learning Multiple Layers of Features from Tiny Images, 2009)",
    files: &[
        KnownFile {
            name: "train.bin",
            contents: FileContents::Records { labels: &[20, 100] },
            part: Part::Train,
            first_row: 0,
            rows: 50_000,
            md5: None,
        },
        KnownFile {
            name: "test.bin",
            contents: FileContents::Records { labels: &[20, 100] },
            part: Part::Test,
            first_row: 0,
            rows: 10_000,
            md5: None,
        },
    ],
    archive: Some(Archive { title: "CIFAR-100 binary version", page: "www.cs.toronto.edu/~kriz/cifar.html", folder: "cifar-100-binary" }),
    packaged: false,
};

/// Every known set.
pub static KNOWN: [&Known; 4] = [&MNIST, &FASHION_MNIST, &CIFAR10, &CIFAR100];

/// The known set with this name.
///
/// # Errors
/// An unknown name.
pub fn known(name: &str) -> Result<&'static Known, DataError> {
    KNOWN.into_iter().find(|known| known.name == name).ok_or_else(|| DataError::new(format!("\"{name}\""), Problem::UnknownSet))
}

/// The names of the classes of a known set, by label, as the page has them; `None` if the set is unknown or its classes have no short names.
#[must_use]
pub fn class_names(set: &str) -> Option<&'static [&'static str]> {
    match set {
        "mnist" => Some(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        "fashion-mnist" => Some(&["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]),
        "cifar10" => Some(&["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]),
        _ => None,
    }
}

impl Known {
    /// I, the number of features of a row.
    #[must_use]
    pub const fn inputs(&self) -> u32 {
        self.channels * self.height * self.width
    }

    /// The first row of a file in the whole set, in which test rows follow training rows.
    #[must_use]
    pub const fn first_row(&self, file: &KnownFile) -> u32 {
        match file.part {
            Part::Train => file.first_row,
            Part::Test => self.train_rows + file.first_row,
        }
    }

    /// Size of an unpacked file, header included.
    #[must_use]
    pub fn bytes(&self, file: &KnownFile) -> u64 {
        match file.contents {
            FileContents::Images => self.header(Content::Images, file).file_bytes(),
            FileContents::Labels => self.header(Content::Labels, file).file_bytes(),
            FileContents::Records { labels } => self.layout(labels, file).file_bytes(),
        }
    }

    /// The address of a file for the page, below the data folder, with the name that the fetch gives it.
    #[must_use]
    pub fn address(&self, file: &KnownFile) -> String {
        format!("{}/{}.gz", self.name, file.name)
    }

    /// The required header of an idx file.
    pub(super) fn header(&self, content: Content, file: &KnownFile) -> Header {
        let (height, width) = match content {
            Content::Images => (self.height, self.width),
            Content::Labels => (1, 1),
        };
        Header { content, rows: file.rows, height, width }
    }

    /// The required layout of a file of records.
    pub(super) fn layout(&self, labels: &'static [u32], file: &KnownFile) -> Layout {
        Layout { labels, features: self.inputs(), rows: file.rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_files() {
        let sizes = |known: &Known| known.files.iter().map(|file| known.bytes(file)).collect::<Vec<_>>();
        for known in [&MNIST, &FASHION_MNIST] {
            assert_eq!(sizes(known), [60_008, 10_008, 47_040_016, 7_840_016]);
            assert_eq!(known.files.iter().map(|file| file.name).collect::<Vec<_>>(), idx::FILES);
        }
        assert_eq!(sizes(&CIFAR10), [30_730_000; 6]);
        assert_eq!(sizes(&CIFAR100), [153_700_000, 30_740_000]);
        assert_eq!(CIFAR10.address(&CIFAR10.files[5]), "cifar10/test_batch.bin.gz");
    }

    #[test]
    fn a_name_finds_its_set() {
        for set in KNOWN {
            assert_eq!(known(set.name).unwrap(), set);
        }
        assert!(KNOWN.into_iter().all(|set| class_names(set.name).is_none_or(|names| names.len() == set.classes as usize)));
        assert!(known("nmist").unwrap_err().to_string().contains("The known sets are mnist, fashion-mnist, cifar10, cifar100"));
    }

    /// Assumptions of the loaders and the page about the tables above.
    #[test]
    fn the_files_of_a_set_have_each_row_once_and_in_order() {
        for known in KNOWN {
            for (part, rows) in [(Part::Train, known.train_rows), (Part::Test, known.test_rows)] {
                let (mut images, mut labels) = (0, 0);
                for file in known.files.iter().filter(|file| file.part == part) {
                    let (has_images, has_labels) = match file.contents {
                        FileContents::Images => (true, false),
                        FileContents::Labels => (false, true),
                        FileContents::Records { labels: values } => {
                            assert_eq!(values.last(), Some(&known.classes));
                            (true, true)
                        }
                    };
                    for (has, next) in [(has_images, &mut images), (has_labels, &mut labels)] {
                        if has {
                            assert_eq!(file.first_row, *next, "{} of {}", file.name, known.name);
                            *next += file.rows;
                        }
                    }
                    assert!(known.first_row(file).is_multiple_of(4) && file.md5.is_none_or(|sum| sum.len() == 32));
                    assert!(file.contents != FileContents::Images || known.channels == 1);
                }
                assert_eq!((images, labels), (rows, rows), "{}", known.name);
            }
            assert!(known.inputs() <= idx::MAX_FEATURES);
        }
    }
}
