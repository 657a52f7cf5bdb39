//! A set from a table: rows of values with the class in the first or the last column, as in most CSV files.
//!
//! Separators are commas, semicolons or tabs; the first line may be a header. The file is read twice, first for the ranges of its columns, then for
//! the values, so that only the bytes that the network learns from are stored.

use std::collections::BTreeSet;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::idx::MAX_FEATURES;
use super::own::{MOST_CLASSES, Own};
use super::{DataError, OwnProblem, Split};

/// Which column has the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Label {
    /// Found from the header or the values.
    #[default]
    Auto,
    First,
    Last,
}

impl Label {
    /// By its name on the page and in the flag.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "first" => Some(Self::First),
            "last" => Some(Self::Last),
            _ => None,
        }
    }
}

/// Names of the class column in a header.
const LABEL_NAMES: [&str; 8] = ["label", "labels", "class", "target", "y", "digit", "species", "category"];
/// The smallest side of a square image that a row of values may be.
const LEAST_SIDE: u32 = 8;

/// How values become bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// Whole numbers from 0 to 255.
    Bytes,
    /// Numbers from 0 to 1.
    Unit,
    /// Any numbers: each column is scaled from its least to its largest value.
    Columns,
}

/// What is known of the values of a column.
#[derive(Clone, Debug)]
struct Column {
    least: f64,
    most: f64,
    whole: bool,
    /// The first cell that is not a number: its line and its text.
    foreign: Option<(u64, String)>,
}

impl Column {
    fn new() -> Self {
        Self { least: f64::INFINITY, most: f64::NEG_INFINITY, whole: true, foreign: None }
    }

    fn take(&mut self, line: u64, cell: &str) {
        let Some(value) = number(cell) else {
            // The first line is taken last, once it is known not to be a header.
            if self.foreign.as_ref().is_none_or(|(first, _)| line < *first) {
                self.foreign = Some((line, cell.to_owned()));
            }
            return;
        };
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.whole &= value.fract() == 0.0;
    }
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The columns of a table, after the first reading.
struct Survey {
    header: bool,
    columns: Vec<Column>,
    /// Distinct values of the first and the last column, at most one more than there can be classes.
    distinct: [BTreeSet<String>; 2],
    /// The first line.
    head: Vec<String>,
    rows: u64,
}

/// A set from the bytes of a table.
///
/// # Errors
/// Lines of different lengths, a value that is not a number, too many classes, a file that is not text, or what [`Own::check`] refuses: by file, line
/// and column.
pub fn of_table(name: &str, bytes: &[u8], label: Label) -> Result<Own, DataError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let separator = separator(bytes);
    let survey = survey(name, bytes, separator)?;
    let last = survey.columns.len() - 1;
    let at_end = label_is_last(name, &survey, label)?;
    let (label_column, first) = if at_end { (last, 0) } else { (0, 1) };
    let features = first..first + last;
    if last as u32 > MAX_FEATURES {
        return Err(DataError::new(name, OwnProblem::TooManyColumns { values: last }));
    }
    if let Some((column, (line, cell))) = features.clone().find_map(|column| Some((column, survey.columns[column].foreign.as_ref()?))) {
        return Err(not_a_number(name, *line, column, cell));
    }
    let names = class_names(name, &survey.distinct[usize::from(at_end)])?;
    let columns = &survey.columns[features.clone()];
    let scale = scale_of(columns);
    let mut rows = Split { inputs: Vec::with_capacity(survey.rows as usize * last), labels: Vec::with_capacity(survey.rows as usize) };
    records(name, bytes, separator, |index, _, cells| {
        if survey.header && index == 0 {
            return Ok(());
        }
        let class = names.iter().position(|name| *name == cells[label_column]);
        rows.labels.push(class.expect("the first reading saw every label") as u8);
        for (cell, column) in cells[features.clone()].iter().zip(columns) {
            rows.inputs.push(to_byte(number(cell).expect("the first reading saw numbers only"), scale, column));
        }
        Ok(())
    })?;
    let side = (last as u32).isqrt();
    let is_image = scale != Scale::Columns && side >= LEAST_SIDE && side * side == last as u32;
    let (height, width) = if is_image { (side, side) } else { (1, last as u32) };
    let note = match scale {
        Scale::Bytes => String::new(),
        Scale::Unit => "Values from 0 to 1 were rounded to 256 levels.".to_owned(),
        Scale::Columns => "Each column was rounded to 256 levels between its least and its largest value.".to_owned(),
    };
    Own { name: name.to_owned(), channels: 1, height, width, classes: names, rows, test: None, note }.check()
}

fn to_byte(value: f64, scale: Scale, column: &Column) -> u8 {
    match scale {
        Scale::Bytes => value as u8,
        Scale::Unit => (255.0 * value).round() as u8,
        // Halves, because the range of a column may be too large for a float.
        Scale::Columns => (255.0 * (value / 2.0 - column.least / 2.0) / (column.most / 2.0 - column.least / 2.0)).round() as u8,
    }
}

fn scale_of(columns: &[Column]) -> Scale {
    let within = |most: f64| columns.iter().all(|column| column.least >= 0.0 && column.most <= most);
    if within(255.0) && columns.iter().all(|column| column.whole) {
        Scale::Bytes
    } else if within(1.0) {
        Scale::Unit
    } else {
        Scale::Columns
    }
}

fn not_a_number(name: &str, line: u64, column: usize, cell: &str) -> DataError {
    DataError::new(format!("{name}, line {line}"), OwnProblem::NoNumber { column, cell: shortened(cell) })
}

fn shortened(cell: &str) -> String {
    if cell.chars().count() > 24 { cell.chars().take(23).chain(['\u{2026}']).collect() } else { cell.to_owned() }
}

/// The separator that is most frequent in the first line.
fn separator(bytes: &[u8]) -> u8 {
    let line = bytes.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    // `max_by_key` takes the last of equals.
    let pieces = |separator: u8| line.split(|&byte| byte == separator).count();
    *b"\t;,".iter().max_by_key(|&&separator| pieces(separator)).expect("there are three")
}

/// Passes every record to `take`: its number, its first line, its trimmed cells. All must have the same length.
fn records(
    name: &str,
    bytes: &[u8],
    separator: u8,
    mut take: impl FnMut(u64, u64, &[String]) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader: Reader = ReaderBuilder::new().delimiter(separator).build();
    let (mut text, mut ends) = (vec![0; 4096], vec![0; 64]);
    let (mut input, mut cells, mut index, mut width) = (bytes, Vec::new(), 0u64, 0usize);
    loop {
        let (mut written, mut ended) = (0, 0);
        let line =
            reader.line() + input.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|&&byte| byte == b'\n').count() as u64;
        let more = loop {
            let (result, read, wrote, closed) = reader.read_record(input, &mut text[written..], &mut ends[ended..]);
            input = &input[read..];
            written += wrote;
            ended += closed;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => text.resize(2 * text.len(), 0),
                ReadRecordResult::OutputEndsFull => ends.resize(2 * ends.len(), 0),
                ReadRecordResult::Record => break true,
                ReadRecordResult::End => break false,
            }
        };
        if !more {
            return Ok(());
        }
        cells.clear();
        let mut begin = 0;
        for &end in &ends[..ended] {
            let Ok(cell) = std::str::from_utf8(&text[begin..end]) else {
                return Err(DataError::new(format!("{name}, line {line}"), OwnProblem::NoText));
            };
            cells.push(cell.trim().to_owned());
            begin = end;
        }
        if index == 0 {
            width = cells.len();
        }
        if cells.len() != width {
            let problem = OwnProblem::LineLength { values: cells.len(), first: width };
            return Err(DataError::new(format!("{name}, line {line}"), problem));
        }
        take(index, line, &cells)?;
        index += 1;
    }
}

fn survey(name: &str, bytes: &[u8], separator: u8) -> Result<Survey, DataError> {
    let mut survey = Survey { header: false, columns: Vec::new(), distinct: Default::default(), head: Vec::new(), rows: 0 };
    let mut head_line = 1;
    records(name, bytes, separator, |index, line, cells| {
        if index == 0 {
            survey.head = cells.to_vec();
            survey.columns = vec![Column::new(); cells.len()];
            head_line = line;
            return Ok(());
        }
        survey.take(line, cells);
        Ok(())
    })?;
    let head = survey.head.clone();
    if head.len() < 2 {
        return Err(DataError::new(name, if head.is_empty() { OwnProblem::EmptyTable } else { OwnProblem::OneColumn }));
    }
    // A header has words where numbers follow, or names a column as only classes are named.
    let has_words = survey.columns.iter().zip(&head).any(|(column, cell)| column.foreign.is_none() && number(cell).is_none());
    let names_label = [head.first(), head.last()]
        .into_iter()
        .flatten()
        .zip(&survey.distinct)
        .any(|(cell, values)| is_label_name(cell) && !values.contains(cell));
    survey.header = survey.rows > 0 && (has_words || names_label);
    if !survey.header {
        survey.take(head_line, &head);
    }
    if survey.rows == 0 {
        return Err(DataError::new(name, OwnProblem::HeaderAlone));
    }
    Ok(survey)
}

impl Survey {
    fn take(&mut self, line: u64, cells: &[String]) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.take(line, cell);
        }
        for (distinct, cell) in self.distinct.iter_mut().zip([cells.first(), cells.last()]) {
            if let Some(cell) = cell.filter(|_| distinct.len() <= MOST_CLASSES) {
                distinct.insert(cell.clone());
            }
        }
        self.rows += 1;
    }
}

/// Whether a header uses this name for the class.
fn is_label_name(cell: &str) -> bool {
    LABEL_NAMES.contains(&cell.to_lowercase().as_str())
}

/// Whether the class is in the last column; otherwise it is in the first.
fn label_is_last(name: &str, survey: &Survey, label: Label) -> Result<bool, DataError> {
    let ends = [&survey.columns[0], &survey.columns[survey.columns.len() - 1]];
    let by_header = |at: usize| {
        let cell = if at == 0 { survey.head.first() } else { survey.head.last() };
        survey.header && cell.is_some_and(|cell| is_label_name(cell))
    };
    let counts = [0, 1].map(|at: usize| survey.distinct[at].len());
    // A class column has few different values: words, or at least two whole numbers.
    let plausible =
        [0, 1].map(|at: usize| counts[at] <= MOST_CLASSES && (ends[at].foreign.is_some() || (ends[at].whole && counts[at] >= 2)));
    match label {
        Label::First => Ok(false),
        Label::Last => Ok(true),
        Label::Auto => match [0, 1].map(by_header) {
            [true, false] => Ok(false),
            [false, true] => Ok(true),
            _ => match [0, 1].map(|at: usize| plausible[at] && ends[at].foreign.is_some()) {
                [true, false] => Ok(false),
                [false, true] => Ok(true),
                _ => match plausible {
                    [true, true] => Ok(counts[1] <= counts[0]),
                    [first, last] if first != last => Ok(last),
                    _ => Err(DataError::new(name, OwnProblem::NoLabelColumn)),
                },
            },
        },
    }
}

/// The classes in order: by number if they are numbers, otherwise by name.
fn class_names(name: &str, distinct: &BTreeSet<String>) -> Result<Vec<String>, DataError> {
    if distinct.len() > MOST_CLASSES {
        return Err(DataError::new(name, OwnProblem::TooManyLabels));
    }
    let mut names: Vec<String> = distinct.iter().cloned().collect();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|a, b| number(a).partial_cmp(&number(b)).expect("they are finite"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Own, String> {
        of_table("t.csv", text.as_bytes(), Label::Auto).map_err(|error| error.to_string())
    }

    fn rows(set: &Own) -> Vec<(Vec<u8>, &str)> {
        let features = (set.height * set.width) as usize;
        set.rows
            .inputs
            .chunks(features)
            .zip(&set.rows.labels)
            .map(|(row, &label)| (row.to_vec(), &set.classes[usize::from(label)][..]))
            .collect()
    }

    #[test]
    fn labels_are_found_at_either_end_with_a_header_and_without() {
        let expected = vec![(vec![1, 2], "a"), (vec![3, 4], "b"), (vec![5, 6], "a")];
        for text in [
            "1,2,a\n3,4,b\n5,6,a\n",
            "a,1,2\r\nb,3,4\r\na,5,6",
            "u,v,kind\n1,2,a\n3,4,b\n5,6,a",
            "\u{feff}1;2;a\n3;4;b\n5;6;a",
            "a\t1\t2\n\nb\t3\t4\n\"a\"\t5\t6\n\n",
            "0,1,label\n1,2,a\n3,4,b\n5,6,a",
            "Class,0,1\na,1,2\nb,3,4\na,5,6",
        ] {
            assert_eq!(rows(&read(text).unwrap()), expected, "{text:?}");
        }
        // Numbers: the header decides, then the column with fewer different values.
        assert_eq!(rows(&read("y,p,q\n7,2,3\n10,5,6\n7,8,9\n").unwrap()), vec![(vec![2, 3], "7"), (vec![5, 6], "10"), (vec![8, 9], "7")]);
        assert_eq!(read("1,2,0\n3,4,1\n5,6,0\n").unwrap().classes, ["0", "1"]);
        // A last pixel that is always 0 is no class, as in tables of MNIST.
        assert_eq!(read("5,9,0\n4,7,0\n5,8,0\n").unwrap().classes, ["4", "5"]);
        let forced = of_table("t", b"1,2,0\n1,4,1\n3,6,0\n", Label::First).unwrap();
        assert_eq!(rows(&forced), vec![(vec![2, 0], "1"), (vec![4, 1], "1"), (vec![6, 0], "3")]);
    }

    #[test]
    fn values_become_bytes_and_squares_of_them_images() {
        let set = read("0.5,0,a\n1,0.25,b\n0,1,b\n").unwrap();
        assert_eq!((set.rows.inputs.clone(), &set.note[..6]), (vec![128, 0, 255, 64, 0, 255], "Values"));
        let set = read("-5,1000,a\n5,1000,b\n0,1000,b\n").unwrap();
        assert_eq!((set.rows.inputs.clone(), &set.note[..4]), (vec![0, 0, 255, 0, 128, 0], "Each"));
        let line = |value: usize, label: &str| {
            (0..64).map(|at| ((at + value) % 200).to_string()).chain([label.to_owned()]).collect::<Vec<_>>().join(",")
        };
        let set = read(&[line(0, "x"), line(3, "y"), line(90, "x")].join("\n")).unwrap();
        assert_eq!((set.height, set.width, set.note.len()), (8, 8, 0));
        assert_eq!(set.words(), "3 grey images of 8 \u{d7} 8, 2 classes: 2 training and 1 test rows");
    }

    #[test]
    fn refusals_say_which_line_and_why() {
        for (text, words) in [
            ("", "t.csv: it is empty"),
            ("1\n2\n", "t.csv: its lines have one value"),
            ("1,2,a\n3,b\n", "t.csv, line 2: it has 2 values where the first line has 3"),
            ("x,y,c\n1,2,a\n3,4,b\n5,,a\n", "t.csv, line 4: column 2 is empty"),
            ("1,2,a\n3,4,b\n\n5,six,a\n", "t.csv, line 4: column 2 says \"six\", which is no number"),
            ("1,\"2\n\",a\n3,4,b\n5,NaN,b\n", "t.csv, line 4: column 2 says \"NaN\""),
            ("a,b,c\n", "t.csv, line 1: column 1 says \"a\""),
            ("1,2,a\n3,4,a\n", "t.csv: all its rows are of one class"),
            ("1.5,2,3.5\n2.5,3,4.5\n", "t.csv: neither its first nor its last column"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.starts_with(words), "{text:?}: {message}");
        }
        let message = of_table("t.csv", b"1,2,a\n3,4,\xff\n", Label::Auto).unwrap_err().to_string();
        assert!(message.starts_with("t.csv, line 2: it is not text"), "{message}");
        let many = (0..300).map(|row| format!("{row},{}.5", row % 7)).collect::<Vec<_>>().join("\n");
        let message = of_table("t.csv", many.as_bytes(), Label::First).unwrap_err().to_string();
        assert!(message.contains("more than 256 different values"), "{message}");
    }

    proptest! {
        /// Any bytes give a set or an error, never a panic.
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![3 => proptest::sample::select(b"0123456789.,;\t\n\r\"-e".to_vec()), 1 => any::<u8>()], 0..160), which in 0usize..3) {
            drop(of_table("t", &bytes, [Label::Auto, Label::First, Label::Last][which]));
        }

        /// A written table is read back, with any separator.
        #[test]
        fn a_written_table_is_read_back(
            values in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), 0usize..3), 4..30), separator in 0usize..3, header: bool, first: bool
        ) {
            let separator = [",", ";", "\t"][separator];
            let line = |cells: [String; 3], label: &str| {
                let label = [label.to_owned()];
                if first { label.into_iter().chain(cells).collect::<Vec<_>>() } else { cells.into_iter().chain(label).collect() }.join(separator)
            };
            let mut lines: Vec<String> = values.iter().map(|(a, b, c, label)| line([a, b, c].map(u8::to_string), ["red", "green", "blue"][*label])).collect();
            if header {
                lines.insert(0, line(["p", "q", "r"].map(str::to_owned), "label"));
            }
            if let Ok(set) = of_table("t", lines.join("\n").as_bytes(), if first { Label::First } else { Label::Last }) {
                let expected: Vec<(Vec<u8>, &str)> = values.iter().map(|&(a, b, c, label)| (vec![a, b, c], ["red", "green", "blue"][label])).collect();
                // Whole numbers from 0 to 255, unless none is above 1.
                prop_assert_eq!(rows(&set), expected);
            } else {
                let labels: BTreeSet<usize> = values.iter().map(|value| value.3).collect();
                let alike = values.iter().flat_map(|&(a, b, c, _)| [a, b, c]).collect::<BTreeSet<u8>>().len() == 1;
                prop_assert!(labels.len() < 2 || alike);
            }
        }
    }
}
