//! The errors of a user's own set.

use super::super::idx::{Content, Header, MAX_FEATURES};
use super::super::own::MOST_CLASSES;

/// What is wrong with a user's own set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OwnProblem {
    #[error("its rows have {features} values")]
    RowSize { features: u32 },
    #[error("it is larger than 2 GiB")]
    TooLarge,
    #[error("it has {classes} classes")]
    TooManyClasses { classes: usize },
    #[error("all its rows are of one class")]
    OneClass,
    #[error("no class has two rows, one of them for the test")]
    OneRowEach,
    #[error("all its values are alike")]
    ValuesAlike,
    #[error("it is a second file of {}", content.noun())]
    SecondFile { content: Content },
    #[error("its {} are missing", missing.noun())]
    HalfMissing { missing: Content },
    #[error("there is no idx file")]
    NoIdxFile,
    #[error("its training images have {} \u{d7} {} pixels, but its test images {} \u{d7} {}", train.width, train.height, test.width, test.height)]
    PartsDiffer { train: Header, test: Header },
    #[error("it is in no folder, and the folder names the class")]
    PictureWithoutFolder,
    #[error("it is a picture of {width} \u{d7} {height} pixels in {bytes} bytes")]
    PictureSize { width: u32, height: u32, bytes: usize },
    #[error("there is no picture in it")]
    NoPicture,
    #[error("it has {folders} folders of pictures")]
    TooManyFolders { folders: usize },
    #[error("its lines have {values} values beside the label")]
    TooManyColumns { values: usize },
    #[error(
        "column {} {}",
        column + 1,
        if cell.is_empty() { "is empty".to_owned() } else { format!("says \"{cell}\", which is no number") }
    )]
    NoNumber { column: usize, cell: String },
    #[error("it is not text in UTF-8")]
    NoText,
    #[error("it has {values} values where the first line has {first}")]
    LineLength { values: usize, first: usize },
    #[error("it is empty")]
    EmptyTable,
    #[error("its lines have one value")]
    OneColumn,
    #[error("it has a header but no rows")]
    HeaderAlone,
    #[error("neither its first nor its last column looks like a class: 2 to 256 different words or whole numbers")]
    NoLabelColumn,
    #[error("its label column has more than {MOST_CLASSES} different values")]
    TooManyLabels,
}

impl OwnProblem {
    pub(super) fn remedy(&self) -> String {
        let words = match self {
            Self::RowSize { .. } => return format!("Give rows of 1 to {MAX_FEATURES} values"),
            Self::TooLarge => "Take fewer rows",
            Self::TooManyClasses { .. } => return format!("There can be at most {MOST_CLASSES}"),
            Self::TooManyFolders { .. } => return format!("There can be at most {MOST_CLASSES} classes"),
            Self::OneClass => "Give rows of at least two classes",
            Self::OneRowEach => "Give several rows of each class",
            Self::ValuesAlike => "Give rows that differ",
            Self::SecondFile { .. } => {
                "Give one file of images and one of labels, or two pairs, one of them with \"test\" or \"t10k\" in its names"
            }
            Self::HalfMissing { missing } => return format!("Give the file of {} too", missing.noun()),
            Self::NoIdxFile => "Give a file of images and one of labels",
            Self::PartsDiffer { .. } => "Put two splits of one set together",
            Self::PictureWithoutFolder => "Put the pictures of each class into a folder of its own",
            Self::PictureSize { .. } => "Save it again as PNG or JPEG",
            Self::NoPicture => "Give a folder for each class, with PNG or JPEG files in it",
            Self::TooManyColumns { .. } => return format!("Give at most {MAX_FEATURES}"),
            Self::NoNumber { .. } => {
                "Every column except the class must have numbers: name the class column if the wrong one was found, and remove columns without numbers"
            }
            Self::NoText => "Give a table as plain text",
            Self::LineLength { .. } => "Give every line as many values",
            Self::EmptyTable => "Give a table of numbers with a column for the class",
            Self::OneColumn => "Separate values by commas, semicolons or tabs, the class in the first or the last column",
            Self::HeaderAlone => "Give rows of numbers with a column for the class",
            Self::NoLabelColumn => "Put the class into the first or the last column",
            Self::TooManyLabels => "Say which column the class is in: the first or the last",
        };
        words.to_owned()
    }
}
