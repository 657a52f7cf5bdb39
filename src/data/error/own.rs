//! The errors of a user's own set.

use super::super::idx::{Content, Header, MAX_FEATURES};
use super::super::own::MOST_CLASSES;

/// So many names stand in a sentence before the rest is counted.
const MOST_NAMES: usize = 20;

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
    #[error("its columns make {values} inputs")]
    TooManyColumns { values: usize },
    /// `more`: further cells of the column that are no numbers.
    #[error("{} says \"{cell}\", which is no number{}", column_words(*column, name), further(*more))]
    NoNumber { column: usize, name: String, cell: String, more: u64 },
    /// `cells`: how many values are missing, in so many columns.
    #[error(
        "{} {}{}",
        column_words(*column, name),
        if cell.is_empty() { "is empty".to_owned() } else { format!("says \"{cell}\"") },
        if *cells > 1 { format!("; {cells} values are missing in {columns} {}", if *columns == 1 { "column" } else { "columns" }) } else { String::new() }
    )]
    MissingValue { column: usize, name: String, cell: String, cells: u64, columns: usize },
    #[error("its class is missing{}", if *rows > 1 { format!(", as in {} more", plural(rows - 1, "row")) } else { String::new() })]
    EmptyClass { rows: u64 },
    /// Line, column and cell of a number with a decimal comma, and of one with a decimal point.
    #[error("line {} has a decimal comma ({}) and line {} a decimal point ({})", comma.0, comma.2, point.0, point.2)]
    TwoMarks { comma: (u64, usize, String), point: (u64, usize, String) },
    #[error("{} could be the class", columns.iter().map(|(at, name)| column_words(*at, name)).collect::<Vec<_>>().join(" and "))]
    SeveralLabels { columns: Vec<(usize, String)> },
    #[error(
        "it has no column \"{wanted}\"{}",
        if names.is_empty() { format!(" and no header, but {columns} columns") } else { format!("; its columns are {}", named(names)) }
    )]
    NoSuchColumn { wanted: String, names: Vec<String>, columns: usize },
    #[error("there is no file in it")]
    NoFile,
    #[error("it has neither pictures in folders, nor idx files, nor a table")]
    NothingReadable,
    #[error("it is {what}")]
    Foreign { what: &'static str, mend: &'static str },
    /// The decoder's words.
    #[error("it cannot be decoded: {0}")]
    Undecodable(String),
    /// An idx file of values that are no bytes: their type, and one that is none.
    #[error("its values are {kind}, and one of them is {value}")]
    IdxValues { kind: &'static str, value: String },
    #[error("no column is left to learn from")]
    NoInputs,
    #[error("it has {columns} columns, but {other} has {others}")]
    OtherColumns { columns: usize, other: String, others: usize },
    #[error("its columns have other names than those of {other}: {}", named(names))]
    OtherNames { names: Vec<String>, other: String },
    #[error("a quote is opened and never closed")]
    OpenQuote,
    #[error("every row has a missing value")]
    AllDropped,
    #[error("it is not text")]
    NoTable,
    #[error("there are {} tables: {}", files.len(), named(files))]
    SeveralTables { files: Vec<String> },
    #[error("it is not text in UTF-8")]
    NoText,
    #[error("it has {} where the first line has {first}", plural(*values as u64, "value"))]
    LineLength { values: usize, first: usize },
    #[error("it is empty")]
    EmptyTable,
    #[error("its lines have one value")]
    OneColumn,
    #[error("it has a header but no rows")]
    HeaderAlone,
    #[error(
        "no column looks like a class: one named class, label, target or species, or one at an end with 2 to {MOST_CLASSES} words or whole numbers that occur again"
    )]
    NoLabelColumn,
    #[error("{}, the class, has more than {MOST_CLASSES} different values", column_words(*column, name))]
    TooManyLabels { column: usize, name: String },
}

/// `column 2`, with its name if it has one.
fn column_words(column: usize, name: &str) -> String {
    if name.is_empty() { format!("column {}", column + 1) } else { format!("column {} ({name})", column + 1) }
}

fn further(cells: u64) -> String {
    match cells {
        0 => String::new(),
        1 => ", and so does 1 further cell".to_owned(),
        _ => format!(", and so do {cells} further cells"),
    }
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Names for a sentence; of many only the first.
fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
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
            Self::HalfMissing { missing } => return format!("Give the file of {} too, or the folder that has both", missing.noun()),
            Self::NoIdxFile => "Give a file of images and one of labels",
            Self::PartsDiffer { .. } => "Put two splits of one set together",
            Self::PictureWithoutFolder => "Put the pictures of each class into a folder of its own",
            Self::PictureSize { .. } => "Save it again as PNG or JPEG",
            Self::NoPicture => "Give a folder for each class, with pictures in it",
            Self::TooManyColumns { .. } => return format!("Give at most {MAX_FEATURES}"),
            Self::NoNumber { .. } => {
                "Mend the cell, or remove the column; if this column is the class, say so (--label, or the choice on the page)"
            }
            Self::MissingValue { .. } => {
                "Fill them in, or let the mean of the column stand in or the rows be left out (--missing mean, --missing drop, or the choice on the page)"
            }
            Self::EmptyClass { .. } => "Give it a class, or let such rows be left out (--missing drop, or the choice on the page)",
            Self::TwoMarks { .. } => "Use one of the two in the whole table",
            Self::SeveralLabels { .. } => "Say which one is (--label NAME, --label NUMBER, or the choice on the page)",
            Self::NoSuchColumn { .. } => "Name one of them, or give its number from 1",
            Self::NoFile | Self::NothingReadable => {
                "Give a CSV file, a folder of idx files, or a folder with a folder of pictures (PNG, JPEG, WebP, GIF, BMP, TIFF) for each class"
            }
            Self::Foreign { mend, .. } => mend,
            Self::Undecodable(_) => "Save it again, smaller or as PNG or JPEG, or remove it",
            Self::IdxValues { .. } => "Save them as bytes from 0 to 255, or as numbers from 0 to 1",
            Self::NoInputs => "Give columns of numbers beside the class",
            Self::OtherColumns { .. } => "Give training and test rows the same columns, the class among them",
            Self::OtherNames { .. } => "Give training and test rows the same columns",
            Self::OpenQuote => "Close it, or remove it",
            Self::AllDropped => "Fill some of them in, or let the mean of the column stand in (--missing mean, or the choice on the page)",
            Self::NoTable => "Give a table as plain text, such as CSV",
            Self::SeveralTables { .. } => "Give one, or one of training rows and one of test rows, with train and test in their names",
            Self::NoText => "Save the table as text in UTF-8 (in Excel: \"CSV UTF-8\")",
            Self::LineLength { .. } => "Give every line as many values",
            Self::EmptyTable => "Give a table of numbers with a column for the class",
            Self::OneColumn => "Separate values by commas, semicolons or tabs, and give each row its class",
            Self::HeaderAlone => "Give rows of numbers with a column for the class",
            Self::TooManyLabels { .. } => {
                "Join some of them, or say which column is the class (--label NAME, --label NUMBER, or the choice on the page)"
            }
            Self::NoLabelColumn => "Say which column is (--label NAME, --label NUMBER, or the choice on the page)",
        };
        words.to_owned()
    }
}
