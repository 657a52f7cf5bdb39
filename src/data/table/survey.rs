//! The first reading of a table: what its columns hold.

use std::collections::{BTreeMap, HashSet};

use super::super::own::MOST_CLASSES;
use super::super::{DataError, OwnProblem};
use super::Label;
use super::number::{Evidence, Marks, number};
use super::text::Text;

/// Names of the class column in a header. Those of `WEAK_NAMES` are also names of inputs: they count if no column has one of the others.
const LABEL_NAMES: [&str; 8] = ["class", "classes", "label", "labels", "target", "targets", "species", "classname"];
const WEAK_NAMES: [&str; 8] = ["y", "category", "digit", "type", "outcome", "diagnosis", "survived", "variety"];
/// Names of columns that tell rows apart.
const ID_NAMES: [&str; 10] = ["", "id", "index", "row", "rowid", "rowname", "rownames", "no", "nr", "uuid"];
/// Cells that stand for a missing value, in lower case.
const MISSING: [&str; 7] = ["", "?", "na", "n/a", "#n/a", "nan", "null"];

/// A column of numbers and words is a category with so many values at most, and at least one word in so many cells.
const MOST_MIXED: usize = 16;
const MANY_WORDS: u64 = 12;
/// In a table of fewer rows a class need not occur twice on average.
const SMALL: u64 = 20;

/// How surely a header names the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    Weakly,
    Surely,
}

/// Whether a header uses this name for the class.
pub(super) fn names_class(cell: &str) -> Option<Named> {
    let name = plain(cell);
    let is_in = |names: &[&str]| names.contains(&&name[..]);
    if is_in(&LABEL_NAMES) { Some(Named::Surely) } else { is_in(&WEAK_NAMES).then_some(Named::Weakly) }
}

/// Whether a header uses this name for what tells rows apart: `id`, `index`, `no.`, `customer_id`, `Unnamed: 0`.
pub(super) fn names_rows(cell: &str) -> bool {
    let name = plain(cell);
    ID_NAMES.contains(&&name[..])
        || name.starts_with("unnamed")
        || cell.to_lowercase().ends_with("_id")
        || cell.ends_with("Id")
        || cell.ends_with("ID")
}

/// Letters and digits in lower case.
fn plain(cell: &str) -> String {
    cell.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a cell stands for a missing value.
pub(super) fn is_missing(cell: &str) -> bool {
    cell.is_empty() || (cell.len() < 5 && MISSING.contains(&&cell.to_ascii_lowercase()[..]))
}

/// Whether a cell of the class column stands for a missing class. NA may be one: Namibia, North America.
pub(super) fn is_empty_class(cell: &str) -> bool {
    is_missing(cell) && !matches!(cell.to_ascii_lowercase().as_str(), "na" | "n/a")
}

/// Where a cell is: which of the files, and its line there.
pub(super) type Place = (usize, u64);

/// What is known of the values of a column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name in the header; empty without one.
    pub(super) name: String,
    pub(super) numbers: u64,
    pub(super) texts: u64,
    pub(super) missing: u64,
    pub(super) empty: u64,
    pub(super) least: f64,
    pub(super) most: f64,
    /// Of the training rows, as `least` and `most` are.
    pub(super) sum: f64,
    pub(super) summed: u64,
    pub(super) whole: bool,
    /// Numbers with a percent sign.
    pub(super) percent: u64,
    /// The first cell that is no number, and the first that is missing.
    pub(super) first_text: Option<(Place, String)>,
    pub(super) first_missing: Option<(Place, String)>,
    pub(super) first_empty: Option<Place>,
    /// How often each value occurs, of at most one more than there can be classes: all values of a column that may be the class, the words of others.
    pub(super) values: BTreeMap<String, u64>,
    watched: bool,
    /// Whether the table has no header.
    is_nameless: bool,
    /// The first number and the one that is due next, while each is the one before plus 1.
    run: Option<(f64, f64)>,
    /// The values of a column with a name for identifiers, while each is a new one.
    identifiers: Option<HashSet<String>>,
}

impl Column {
    fn new(at: usize, name: &str, watched: bool) -> Self {
        Self {
            name: name.to_owned(),
            numbers: 0,
            texts: 0,
            missing: 0,
            empty: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            sum: 0.0,
            summed: 0,
            whole: true,
            percent: 0,
            first_text: None,
            first_missing: None,
            first_empty: None,
            values: BTreeMap::new(),
            watched,
            is_nameless: false,
            run: Some((f64::NAN, f64::NAN)),
            identifiers: (at == 0 || names_rows(name)).then(HashSet::new),
        }
    }

    fn take(&mut self, place: Place, cell: &str, marks: Marks) {
        let value = number(cell, marks);
        self.count(value);
        // The first line is taken last, once it is known not to be a header.
        let is_first = |first: Option<Place>| first.is_none_or(|first| place < first);
        if let Some(value) = value {
            self.numbers += 1;
            self.percent += u64::from(cell.ends_with('%'));
            // Test rows say nothing of how values become inputs.
            if place.0 == 0 {
                self.least = self.least.min(value);
                self.most = self.most.max(value);
                self.sum += value;
                self.summed += 1;
                self.whole &= value.fract() == 0.0;
            }
        } else if is_missing(cell) {
            self.missing += 1;
            if is_first(self.first_missing.as_ref().map(|(place, _)| *place)) {
                self.first_missing = Some((place, cell.to_owned()));
            }
            self.empty += u64::from(is_empty_class(cell));
            if is_empty_class(cell) && is_first(self.first_empty) {
                self.first_empty = Some(place);
            }
        } else {
            self.texts += 1;
            if is_first(self.first_text.as_ref().map(|(place, _)| *place)) {
                self.first_text = Some((place, cell.to_owned()));
            }
        }
        if !is_empty_class(cell) && (self.watched || (value.is_none() && !is_missing(cell))) {
            if let Some(count) = self.values.get_mut(cell) {
                *count += 1;
            } else if self.values.len() <= MOST_CLASSES {
                self.values.insert(cell.to_owned(), 1);
            }
        }
        if let Some(known) = &mut self.identifiers
            && !known.insert(cell.to_owned())
        {
            self.identifiers = None;
        }
    }

    /// Goes on with the run of numbers that count up by 1.
    fn count(&mut self, value: Option<f64>) {
        self.run = match (self.run, value) {
            (Some((first, _)), Some(value)) if first.is_nan() => Some((value, value + 1.0)),
            (Some((first, due)), Some(value)) if value == due => Some((first, due + 1.0)),
            // The first line, which is taken last.
            (Some((first, due)), Some(value)) if value == first - 1.0 => Some((value, due)),
            _ => None,
        };
    }

    /// Whether every cell is a number that counts the rows from 0 or 1.
    pub(super) fn counts_rows(&self) -> bool {
        self.run.is_some_and(|(first, _)| first == 0.0 || first == 1.0) && self.numbers > 1
    }

    /// Whether its name says that it tells rows apart, and it does: words or whole numbers, none of them twice.
    pub(super) fn tells_rows_apart(&self) -> bool {
        self.differs_in_every_row() && names_rows(&self.name) && !self.is_nameless
    }

    /// Whether its values are words or whole numbers, none of them twice. It is known of the first column and of those with a name for identifiers.
    pub(super) fn differs_in_every_row(&self) -> bool {
        self.identifiers.is_some() && self.missing == 0 && self.whole && self.numbers + self.texts > 1
    }

    /// Whether it has values at all.
    pub(super) fn is_blank(&self) -> bool {
        self.numbers + self.texts == 0
    }

    /// Whether it may be a class by its values: 2 to 256 of them, words or whole numbers, which occur again.
    pub(super) fn may_be_class(&self, rows: u64) -> bool {
        let values = self.values.len();
        let again = if rows < SMALL { (values as u64) < rows } else { 2 * values as u64 <= rows };
        (2..=MOST_CLASSES).contains(&values) && again && (self.numbers == 0 || (self.whole && self.texts == 0))
    }

    /// Whether numbers and words are values of one category, as 2, 3 and 5more are: few of them, each of which occurs again, and many words.
    pub(super) fn is_category(&self) -> bool {
        let cells = self.numbers + self.texts;
        self.watched
            && self.texts > 0
            && self.values.len() <= MOST_MIXED
            && MANY_WORDS * self.texts >= cells
            && self.values.values().all(|&count| count > 1)
    }

    /// `age`, or `column 3`.
    pub(super) fn title(&self, at: usize) -> String {
        if self.name.is_empty() { format!("column {}", at + 1) } else { self.name.clone() }
    }
}

/// The columns of a table.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    /// The header, if there is one.
    pub(super) header: Option<Vec<String>>,
    pub(super) columns: Vec<Column>,
    /// For each file the number of its first record that may be a row of values, and the order of its columns if it is another one.
    pub(super) starts: Vec<u64>,
    pub(super) orders: Vec<Option<Vec<usize>>>,
    /// Rows of values in all files.
    pub(super) rows: u64,
    /// Rows without values, and lines with a title above the table.
    pub(super) blank_rows: u64,
    pub(super) titles: u64,
    pub(super) evidence: Evidence,
}

/// Reads the files of a table: the first may be followed by one of test rows. Of the columns `watched` all values are counted, beside those that may be
/// the class.
///
/// # Errors
/// Lines of different lengths, files of different columns, no row, one column.
pub(super) fn survey(texts: &[Text<'_>], marks: Marks, label: &Label, watched: &[usize]) -> Result<Survey, DataError> {
    let mut survey = Survey {
        header: None,
        columns: Vec::new(),
        starts: Vec::new(),
        orders: Vec::new(),
        rows: 0,
        blank_rows: 0,
        titles: 0,
        evidence: Evidence::default(),
    };
    let [first, others @ ..] = texts else { unreachable!("a table has a file") };
    // The first record, until it is known whether it is a header.
    let mut head: Option<(u64, u64, Vec<String>)> = None;
    first.records(|index, line, cells| {
        if head.is_some() {
            survey.take((0, line), cells, marks);
        } else if survey.is_row(cells) {
            let wanted = |at: usize, cell: &str| label.is(at, cell, cells.len()) || names_class(cell).is_some();
            let is_watched = |at: usize, cell: &str| at < 2 || at + 2 >= cells.len() || watched.contains(&at) || wanted(at, cell);
            let column = |(at, &cell): (usize, &&str)| Column::new(at, name_of(cell), is_watched(at, name_of(cell)));
            survey.columns = cells.iter().enumerate().map(column).collect();
            head = Some((index, line, cells.iter().map(|&cell| cell.to_owned()).collect()));
        }
        Ok(())
    })?;
    survey.orders.push(None);
    survey.titles += first.titles;
    let Some((head_index, head_line, head)) = head else { return Err(DataError::new(first.name, OwnProblem::EmptyTable)) };
    if head.len() < 2 {
        return Err(DataError::new(first.name, OwnProblem::OneColumn));
    }
    if survey.rows > 0 && survey.is_header(&head, marks) {
        survey.header = Some(head.clone());
        survey.starts.push(head_index + 1);
    } else {
        for column in &mut survey.columns {
            column.name.clear();
            column.is_nameless = true;
        }
        let cells: Vec<&str> = head.iter().map(String::as_str).collect();
        survey.starts.push(head_index);
        survey.take((0, head_line), &cells, marks);
    }
    if survey.rows == 0 || (survey.header.is_none() && survey.rows == 1 && survey.columns.iter().all(|column| column.numbers == 0)) {
        return Err(DataError::new(first.name, OwnProblem::HeaderAlone));
    }
    for (text, file) in others.iter().zip(1..) {
        // Row numbers may begin again.
        let runs: Vec<_> = survey.columns.iter_mut().map(|column| column.run.replace((f64::NAN, f64::NAN))).collect();
        text.records(|index, line, cells| {
            if cells.len() != survey.columns.len() {
                let problem = OwnProblem::OtherColumns { columns: cells.len(), other: first.name.to_owned(), others: survey.columns.len() };
                return Err(DataError::new(text.name, problem));
            }
            if survey.starts.len() <= file {
                if !survey.is_row(cells) {
                    return Ok(());
                }
                let order = survey.order(cells);
                if order.is_none() && survey.names_others(cells, marks) {
                    let names = cells.iter().map(|&cell| cell.to_owned()).collect();
                    return Err(DataError::new(text.name, OwnProblem::OtherNames { names, other: first.name.to_owned() }));
                }
                let is_header = order.is_some();
                survey.starts.push(index + u64::from(is_header));
                survey.orders.push(order.filter(|order| !order.is_sorted()));
                if is_header {
                    return Ok(());
                }
            }
            let cells = ordered(cells, survey.orders[file].as_deref());
            survey.take((file, line), &cells, marks);
            Ok(())
        })?;
        survey.titles += text.titles;
        if survey.starts.len() <= file {
            return Err(DataError::new(text.name, OwnProblem::EmptyTable));
        }
        for (column, run) in survey.columns.iter_mut().zip(runs) {
            column.run = column.run.and(run);
        }
    }
    Ok(survey)
}

/// The cells of a record in the order of the first file's columns.
pub(super) fn ordered<'a>(cells: &[&'a str], order: Option<&[usize]>) -> Vec<&'a str> {
    order.map_or_else(|| cells.to_vec(), |order| order.iter().map(|&at| cells[at]).collect())
}

/// A column's name: some programs write a # before the header.
fn name_of(cell: &str) -> &str {
    cell.trim_start_matches('#').trim_start()
}

impl Survey {
    /// For a record that is the header in any order: where each column of the first file stands in it.
    fn order(&self, cells: &[&str]) -> Option<Vec<usize>> {
        let header = self.header.as_ref()?;
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        if header.iter().zip(cells).all(|(name, cell)| same(name, cell)) {
            return Some((0..cells.len()).collect());
        }
        let places: Vec<usize> = header.iter().map(|name| cells.iter().position(|cell| same(name, cell))).collect::<Option<_>>()?;
        let distinct: HashSet<&usize> = places.iter().collect();
        (distinct.len() == places.len()).then_some(places)
    }

    /// Whether a record names columns otherwise than the header: it has a word wherever numbers are.
    fn names_others(&self, cells: &[&str], marks: Marks) -> bool {
        let numbers = || self.columns.iter().zip(cells).filter(|(column, _)| column.texts == 0 && column.numbers > 0);
        self.header.is_some() && numbers().next().is_some() && numbers().all(|(_, cell)| number(cell, marks).is_none() && !is_missing(cell))
    }

    /// Whether a record before the first row is one: not blank, and no title, which has one value where the table has at least three.
    fn is_row(&mut self, cells: &[&str]) -> bool {
        match cells.iter().filter(|cell| !cell.is_empty()).count() {
            0 => self.blank_rows += 1,
            1 if cells.len() > 2 => self.titles += 1,
            _ => return true,
        }
        false
    }

    fn take(&mut self, place: Place, cells: &[&str], marks: Marks) {
        if cells.iter().all(|cell| cell.is_empty()) {
            self.blank_rows += 1;
            return;
        }
        for (at, (column, &cell)) in self.columns.iter_mut().zip(cells).enumerate() {
            self.evidence.note(place.1, at, cell);
            column.take(place, cell, marks);
        }
        self.rows += 1;
    }

    /// Whether the first record is a header: it counts the columns, it has a word where numbers follow, or names a column as only classes and identifiers are named, or none
    /// of its words occurs again in a table of words that do occur again.
    fn is_header(&self, head: &[String], marks: Marks) -> bool {
        let with_columns = || head.iter().zip(&self.columns);
        let has_words = with_columns()
            .any(|(cell, column)| column.texts == 0 && column.numbers > 0 && number(cell, marks).is_none() && !is_missing(cell));
        let names = with_columns().any(|(cell, column)| names_class(name_of(cell)).is_some() && !column.values.contains_key(cell));
        let is_new =
            with_columns().all(|(cell, column)| number(cell, marks).is_none() && !cell.is_empty() && !column.values.contains_key(cell));
        let of_words = self.columns.iter().all(|column| column.numbers == 0 && 2 * column.values.len() as u64 <= self.rows);
        has_words || names || (is_new && of_words) || counts_columns(head)
    }
}

/// Whether a record has the numbers of the columns, from 0 or 1, as pandas writes them; the first may be empty, above row numbers.
pub(super) fn counts_columns(head: &[String]) -> bool {
    let head = if head[0].is_empty() { &head[1..] } else { head };
    head.len() > 2 && [0, 1].iter().any(|&first| head.iter().zip(first..).all(|(cell, number): (_, usize)| *cell == number.to_string()))
}
