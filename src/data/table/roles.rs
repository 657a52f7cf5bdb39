//! What a table's columns are for: the class, an input, or nothing.

use std::collections::BTreeMap;

use super::super::own::MOST_CLASSES;
use super::super::own::words::shortened;
use super::super::{DataError, OwnProblem};
use super::Missing;
use super::number::{Marks, number};
use super::survey::{Column, Survey, is_missing, names_rows};
use super::text::Text;

/// A column of words becomes an input for each of its values if there are at most so many.
const MOST_WORDS: usize = 64;
/// Without a header, a column that counts up is taken for row numbers from so many rows on.
const ROWS_OF_NUMBERS: u64 = 8;

/// What a column is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    Class,
    Number,
    /// One input for each of these values.
    Words(Vec<String>),
    LeftOut(Reason),
}

/// Why a column is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reason {
    Blank,
    RowNumbers,
    Identifier,
    ManyWords { values: usize },
}

/// The role of every column.
///
/// # Errors
/// A column of numbers with a cell that is none, a missing value unless `missing` says what to do, no column to learn from.
pub(super) fn roles(texts: &[Text<'_>], survey: &Survey, class: usize, missing: Missing) -> Result<Vec<Role>, DataError> {
    let roles: Vec<Role> =
        survey.columns.iter().enumerate().map(|(at, column)| if at == class { Role::Class } else { role(column, survey) }).collect();
    let inputs = || survey.columns.iter().zip(&roles).enumerate().filter(|(_, (_, role))| matches!(role, Role::Number | Role::Words(_)));
    for (at, (column, role)) in inputs() {
        if let (Role::Number, Some(((file, line), cell))) = (role, &column.first_text) {
            let problem = OwnProblem::NoNumber { column: at, name: column.name.clone(), cell: shortened(cell), more: column.texts - 1 };
            return Err(DataError::new(texts[*file].at(*line), problem));
        }
    }
    if inputs().next().is_none() {
        return Err(DataError::new(texts[0].name, OwnProblem::NoInputs));
    }
    let gaps = || inputs().filter(|(_, (column, _))| column.missing > 0);
    if missing == Missing::Refuse
        && let Some((at, (column, _))) = gaps().min_by_key(|(_, (column, _))| column.first_missing.as_ref().map(|(place, _)| *place))
        && let Some(((file, line), cell)) = &column.first_missing
    {
        let problem = OwnProblem::MissingValue {
            column: at,
            name: column.name.clone(),
            cell: cell.clone(),
            cells: gaps().map(|(_, (column, _))| column.missing).sum(),
            columns: gaps().count(),
        };
        return Err(DataError::new(texts[*file].at(*line), problem));
    }
    if missing != Missing::Drop
        && let Some((file, line)) = survey.columns[class].first_empty
    {
        return Err(DataError::new(texts[file].at(line), OwnProblem::EmptyClass { rows: survey.columns[class].empty }));
    }
    Ok(roles)
}

fn role(column: &Column, survey: &Survey) -> Role {
    if column.is_blank() {
        return Role::LeftOut(Reason::Blank);
    }
    let may_be_rows = if survey.header.is_some() { names_rows(&column.name) } else { survey.rows >= ROWS_OF_NUMBERS };
    if may_be_rows && column.counts_rows() {
        return Role::LeftOut(Reason::RowNumbers);
    }
    if column.tells_rows_apart() {
        return Role::LeftOut(Reason::Identifier);
    }
    if column.numbers > 0 && column.is_category() {
        return Role::Words(column.values.keys().filter(|value| !is_missing(value)).cloned().collect());
    }
    if column.numbers > 0 || column.texts == 0 {
        return Role::Number;
    }
    let values = column.values.keys().filter(|value| !is_missing(value)).count();
    if values <= MOST_WORDS && 2 * values as u64 <= survey.rows.max(4) {
        return Role::Words(column.values.keys().filter(|value| !is_missing(value)).cloned().collect());
    }
    Role::LeftOut(Reason::ManyWords { values })
}

/// The classes of a table: their names in order, and which of them a cell means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
    of: BTreeMap<String, usize>,
    /// Cells that are other writings of a number: 1 and 1.0.
    pub(super) same: Vec<(String, String)>,
}

impl Classes {
    /// The classes of a column: by number if all are numbers, otherwise by name. Numbers that are equal are one class.
    ///
    /// # Errors
    /// Too many.
    pub(super) fn of(file: &str, column: &Column, at: usize, marks: Marks) -> Result<Self, DataError> {
        if column.values.len() > MOST_CLASSES {
            return Err(DataError::new(file, OwnProblem::TooManyLabels { column: at, name: column.name.clone() }));
        }
        let mut names: Vec<String> = column.values.keys().cloned().collect();
        let numbers: Option<Vec<f64>> = names.iter().map(|name| number(name, marks)).collect();
        let mut same = Vec::new();
        let mut of = BTreeMap::new();
        if let Some(numbers) = numbers {
            let mut order: Vec<usize> = (0..names.len()).collect();
            // Of equal numbers the shortest is the name.
            order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(names[a].len().cmp(&names[b].len())));
            let mut kept: Vec<usize> = Vec::new();
            for &next in &order {
                match kept.last() {
                    Some(&last) if numbers[last] == numbers[next] => same.push((names[last].clone(), names[next].clone())),
                    _ => kept.push(next),
                }
                of.insert(names[next].clone(), kept.len() - 1);
            }
            names = kept.into_iter().map(|at| names[at].clone()).collect();
        } else {
            of.extend(names.iter().cloned().zip(0..));
        }
        Ok(Self { names, of, same })
    }

    /// The class that a cell means.
    pub(super) fn label(&self, cell: &str) -> Option<u8> {
        self.of.get(cell).map(|&class| class as u8)
    }
}
