//! A set from a table: rows of values with a class, as in most CSV files.
//!
//! | module | |
//! |---|---|
//! | `text` | encoding, separators and records |
//! | `number` | numbers with decimal points or commas |
//! | `survey` | the first reading: what the columns hold |
//! | `label` | which column is the class |
//! | `levels` | which columns lose most of their values |
//! | `roles` | what the other columns are for |
//! | `notes` | the sentences that tell how it was read |
//!
//! A file is read at least twice, first for its columns, then for the values, so that only the bytes that the network learns from are stored.

mod label;
mod levels;
mod notes;
mod number;
mod roles;
mod survey;
mod text;

use super::idx::MAX_FEATURES;
use super::own::Own;
use super::own::words::shortened;
use super::{DataError, OwnProblem, Split};

pub use self::label::Label;
use self::label::class_column;
use self::levels::Levels;
use self::notes::notes;
use self::number::{COMMA, Evidence, Marks, POINT, number};
use self::roles::{Classes, Role, roles};
use self::survey::{Column, Survey, is_empty_class, ordered, survey};
use self::text::Text;

/// The smallest side of a square image that a row of values may be.
const LEAST_SIDE: u32 = 8;

/// What to do with missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Missing {
    /// The table is refused, with the place of the first one.
    #[default]
    Refuse,
    /// The mean of the column stands in.
    Mean,
    /// Rows with missing values are left out.
    Drop,
}

impl Missing {
    /// Its names on the page and in the flag.
    pub const NAMES: [&str; 3] = ["refuse", "mean", "drop"];

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().zip([Self::Refuse, Self::Mean, Self::Drop]).find(|(own, _)| **own == name).map(|(_, which)| which)
    }
}

/// How a table is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reading {
    pub label: Label,
    pub missing: Missing,
}

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

/// The columns of a table by name, for a choice of the class; without a header, their numbers.
///
/// # Errors
/// As [`of_tables`], for a file that is no table.
pub fn columns(name: &str, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let (_, survey) = surveyed(&[Text::new(name, bytes)?], &Label::Auto)?;
    Ok(titles(&survey))
}

fn titles(survey: &Survey) -> Vec<String> {
    survey.columns.iter().enumerate().map(|(at, column)| column.title(at)).collect()
}

/// A set from the bytes of a table: name and content of one file, or of one with training rows and one with test rows.
///
/// # Errors
/// Lines of different lengths, a value that is not a number, a missing one unless `reading` says what to do, no class or several, too many classes, a
/// file that is not text, or what [`Own::check`] refuses: by file, line and column.
///
/// # Panics
/// Without a file.
pub fn of_tables(name: &str, files: &[(&str, &[u8])], reading: &Reading) -> Result<Own, DataError> {
    let texts = files.iter().map(|(file, bytes)| Text::new(file, bytes)).collect::<Result<Vec<_>, _>>()?;
    let first = texts[0].name;
    let (marks, survey) = surveyed(&texts, &reading.label)?;
    let class = class_column(first, &survey, &reading.label)?;
    let roles = roles(&texts, &survey, class, reading.missing)?;
    let classes = Classes::of(first, &survey.columns[class], class, marks)?;
    let features: usize = roles
        .iter()
        .map(|role| match role {
            Role::Number => 1,
            Role::Words(values) => values.len(),
            Role::Class | Role::LeftOut(_) => 0,
        })
        .sum();
    if features > MAX_FEATURES as usize {
        return Err(DataError::new(first, OwnProblem::TooManyColumns { values: features }));
    }
    let scale = scale_of(&survey, &roles);
    let inputs = Inputs { survey: &survey, roles: &roles, class, classes: &classes, marks, scale };
    let (mut parts, mut dropped, mut beyond) = (Vec::new(), 0, 0);
    let mut levels = Levels::new(&inputs);
    for (file, text) in texts.iter().enumerate() {
        let mut rows = Split { inputs: Vec::with_capacity(survey.rows as usize * features), labels: Vec::new() };
        text.records(|index, _, cells| {
            // What stands above the rows, and blank rows.
            if index < survey.starts[file] || cells.iter().all(|cell| cell.is_empty()) {
                return Ok(());
            }
            let cells = &ordered(cells, survey.orders[file].as_deref())[..];
            if reading.missing == Missing::Drop && inputs.lacks(cells) {
                dropped += 1;
                return Ok(());
            }
            if file > 0 {
                beyond += inputs.beyond(cells);
            }
            inputs.add(cells, &mut rows);
            levels.note(&inputs, cells);
            Ok(())
        })?;
        parts.push(rows);
    }
    let mut parts = parts.into_iter();
    let rows = parts.next().unwrap_or_default();
    let test = parts.next();
    for (part, text) in [Some(&rows), test.as_ref()].into_iter().flatten().zip(&texts) {
        if part.is_empty() {
            return Err(DataError::new(text.name, if dropped > 0 { OwnProblem::AllDropped } else { OwnProblem::HeaderAlone }));
        }
    }
    let side = (features as u32).isqrt();
    let is_image = scale != Scale::Columns && side >= LEAST_SIDE && side * side == features as u32;
    let (height, width) = if is_image { (side, side) } else { (1, features as u32) };
    let mut notes = notes(&inputs, is_image, reading.missing, dropped);
    if beyond > 0 {
        notes.push(format!("Test rows: {beyond} values are beyond those of the training rows and were cut to their range."));
    }
    notes.extend(levels.notes(&survey));
    if texts.iter().any(|text| text.is_windows) {
        notes.push("The text is no UTF-8 and was read as Windows-1252.".to_owned());
    }
    let columns = titles(&survey);
    Own { name: name.to_owned(), channels: 1, height, width, classes: classes.names, rows, test, columns, notes }.check()
}

/// The survey of a table, and the marks of its numbers.
fn surveyed(texts: &[Text<'_>], label: &Label) -> Result<(Marks, Survey), DataError> {
    let (marks, found) = marked(texts, label)?;
    // Numbers and words in one column: all of their values are needed to tell a category from a slip.
    let mixed: Vec<usize> = (0..found.columns.len()).filter(|&at| found.columns[at].numbers > 0 && found.columns[at].texts > 0).collect();
    Ok((marks, if mixed.is_empty() { found } else { survey(texts, marks, label, &mixed)? }))
}

fn marked(texts: &[Text<'_>], label: &Label) -> Result<(Marks, Survey), DataError> {
    let found = survey(texts, POINT, label, &[])?;
    match &found.evidence {
        Evidence { comma: Some(comma), point: Some(point), .. } => {
            let place = |line, column: usize, cell: &str| (line, column, shortened(cell));
            let problem = OwnProblem::TwoMarks {
                comma: place(comma.line, comma.column, &comma.cell),
                point: place(point.line, point.column, &point.cell),
            };
            Err(DataError::new(texts[0].name, problem))
        }
        Evidence { comma: Some(_), .. } => Ok((COMMA, survey(texts, COMMA, label, &[])?)),
        // 1,234 may be either: where commas do not separate values, they are decimal.
        Evidence { point: None, either: true, .. } if !texts[0].has_commas_between() => Ok((COMMA, survey(texts, COMMA, label, &[])?)),
        _ => Ok((POINT, found)),
    }
}

/// How the cells of a row become bytes.
struct Inputs<'a> {
    survey: &'a Survey,
    roles: &'a [Role],
    class: usize,
    classes: &'a Classes,
    marks: Marks,
    scale: Scale,
}

impl Inputs<'_> {
    fn columns<'b>(&'b self, cells: &'b [&'b str]) -> impl Iterator<Item = (&'b str, &'b Column, &'b Role)> {
        cells.iter().zip(&self.survey.columns).zip(self.roles).map(|((&cell, column), role)| (cell, column, role))
    }

    /// Whether the class or an input is missing.
    fn lacks(&self, cells: &[&str]) -> bool {
        self.columns(cells).any(|(cell, _, role)| match role {
            Role::Class => is_empty_class(cell),
            Role::Number => number(cell, self.marks).is_none(),
            Role::Words(values) => !values.iter().any(|value| value == cell),
            Role::LeftOut(_) => false,
        })
    }

    /// How many numbers are outside the range of the training rows.
    fn beyond(&self, cells: &[&str]) -> u64 {
        let numbers = self.columns(cells).filter(|(_, _, role)| **role == Role::Number);
        let range = |column: &Column| match self.scale {
            Scale::Bytes => (0.0, 255.0),
            Scale::Unit => (0.0, 1.0),
            Scale::Columns => (column.least, column.most),
        };
        numbers
            .filter(|(cell, column, _)| number(cell, self.marks).is_some_and(|value| value < range(column).0 || value > range(column).1))
            .count() as u64
    }

    /// Adds a row. A missing value becomes the mean of its column; that of words is the share of each value.
    fn add(&self, cells: &[&str], rows: &mut Split) {
        rows.labels.push(self.classes.label(cells[self.class]).expect("the survey saw every class"));
        for (cell, column, role) in self.columns(cells) {
            match role {
                Role::Number => {
                    let value = number(cell, self.marks).unwrap_or_else(|| column.sum / column.summed.max(1) as f64);
                    rows.inputs.push(to_byte(value, self.scale, column));
                }
                Role::Words(values) if values.iter().any(|value| value == cell) => {
                    rows.inputs.extend(values.iter().map(|value| if value == cell { 255 } else { 0 }));
                }
                Role::Words(values) => {
                    let share = |value: &String| column.values[value] as f64 / column.texts as f64;
                    rows.inputs.extend(values.iter().map(|value| (255.0 * share(value)).round() as u8));
                }
                Role::Class | Role::LeftOut(_) => {}
            }
        }
    }
}

fn to_byte(value: f64, scale: Scale, column: &Column) -> u8 {
    match scale {
        Scale::Bytes => value.round() as u8,
        Scale::Unit => (255.0 * value).round() as u8,
        // Halves, because the range of a column may be too large for a float.
        Scale::Columns => (255.0 * (value / 2.0 - column.least / 2.0) / (column.most / 2.0 - column.least / 2.0)).round() as u8,
    }
}

fn scale_of(survey: &Survey, roles: &[Role]) -> Scale {
    // Words are 0 or the largest value, and so must be the numbers beside them.
    if roles.iter().any(|role| matches!(role, Role::Words(_))) {
        return Scale::Columns;
    }
    let columns = || survey.columns.iter().zip(roles).filter(|(_, role)| **role == Role::Number).map(|(column, _)| column);
    let within = |most: f64| columns().all(|column| column.least >= 0.0 && column.most <= most);
    if within(255.0) && columns().all(|column| column.whole) {
        Scale::Bytes
    } else if within(1.0) {
        Scale::Unit
    } else {
        Scale::Columns
    }
}

#[cfg(test)]
mod tests;
