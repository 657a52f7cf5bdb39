//! Which column of a table is the class.

use super::super::{DataError, OwnProblem};
use super::survey::{Column, Named, Survey, names_class};

/// Which column has the class.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Label {
    /// Found from the header or the values.
    #[default]
    Auto,
    First,
    Last,
    /// By its name in the header, or by its number from 1: `5` or `column 5`.
    Named(String),
}

impl Label {
    /// From `auto`, `first`, `last`, or a column's name or number.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "auto" => Self::Auto,
            "first" => Self::First,
            "last" => Self::Last,
            other => Self::Named(other.to_owned()),
        }
    }

    /// Whether it may mean this column of a table of so many columns.
    pub(super) fn is(&self, at: usize, name: &str, columns: usize) -> bool {
        match self {
            Self::Auto => false,
            Self::First => at == 0,
            Self::Last => at + 1 == columns,
            Self::Named(wanted) => is_same(wanted, name) || numbered(wanted) == Some(at + 1),
        }
    }
}

fn numbered(wanted: &str) -> Option<usize> {
    wanted.trim().trim_start_matches("column ").parse().ok()
}

fn is_same(wanted: &str, name: &str) -> bool {
    wanted.trim().to_lowercase() == name.to_lowercase()
}

/// The column with the class.
///
/// # Errors
/// No column of that name, no column that looks like a class, or several.
pub(super) fn class_column(file: &str, survey: &Survey, label: &Label) -> Result<usize, DataError> {
    let refuse = |problem| Err(DataError::new(file, problem));
    let columns = &survey.columns;
    let titles = |places: &[usize]| -> Vec<(usize, String)> { places.iter().map(|&at| (at, columns[at].name.clone())).collect() };
    match label {
        Label::First => return Ok(0),
        Label::Last => return Ok(columns.len() - 1),
        Label::Named(wanted) => {
            let found: Vec<usize> = (0..columns.len()).filter(|&at| is_same(wanted, &columns[at].name)).collect();
            return match found[..] {
                [at] => Ok(at),
                [] => match numbered(wanted) {
                    Some(number) if (1..=columns.len()).contains(&number) => Ok(number - 1),
                    _ => {
                        let names = columns.iter().filter(|column| !column.name.is_empty()).map(|column| column.name.clone()).collect();
                        refuse(OwnProblem::NoSuchColumn { wanted: wanted.clone(), names, columns: columns.len() })
                    }
                },
                _ => refuse(OwnProblem::SeveralLabels { columns: titles(&found) }),
            };
        }
        Label::Auto => {}
    }
    // By its name, wherever it stands.
    let named = |how: Named, may_be: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..columns.len()).filter(|&at| names_class(&columns[at].name) == Some(how) && !columns[at].is_blank() && may_be(at)).collect()
    };
    match named(Named::Surely, &|_| true)[..] {
        [] => {}
        [at] => return Ok(at),
        ref several => return refuse(OwnProblem::SeveralLabels { columns: titles(several) }),
    }
    // By its values, at either end of the columns that may be learned from.
    let used: Vec<usize> =
        (0..columns.len()).filter(|&at| !columns[at].is_blank() && !columns[at].tells_rows_apart() && !columns[at].counts_rows()).collect();
    let may_be = |at: &usize| columns[*at].may_be_class(survey.rows);
    // A name that inputs have too counts unless words at an end of the table may be the class. Beside a column x, y is a coordinate.
    let has_x = columns.iter().any(|column| column.name.eq_ignore_ascii_case("x"));
    let weakly = named(Named::Weakly, &|at| may_be(&at) && !(has_x && columns[at].name.eq_ignore_ascii_case("y")));
    let words_at_end = used.first().into_iter().chain(used.last()).copied().filter(|at| columns[*at].numbers == 0 && may_be(at));
    let mut either: Vec<usize> = weakly.iter().copied().chain(words_at_end.filter(|_| !weakly.is_empty())).collect();
    either.sort_unstable();
    either.dedup();
    match either[..] {
        [] => {}
        [at] => return Ok(at),
        _ => return refuse(OwnProblem::SeveralLabels { columns: titles(&either) }),
    }
    let ends: Vec<usize> = used.first().into_iter().chain(used.last()).copied().filter(may_be).collect();
    match ends[..] {
        [one] => return Ok(one),
        [first, last] if first == last => return Ok(first),
        [first, last] => {
            let [left, right] = [first, last].map(|at| likelihood(&columns[at]));
            return match left.cmp(&right) {
                std::cmp::Ordering::Greater => Ok(first),
                std::cmp::Ordering::Less => Ok(last),
                std::cmp::Ordering::Equal => refuse(OwnProblem::SeveralLabels { columns: titles(&[first, last]) }),
            };
        }
        _ => {}
    }
    // The only column of words.
    let words: Vec<usize> = used.iter().copied().filter(|at| columns[*at].numbers == 0).filter(|at| may_be(at)).collect();
    match words[..] {
        [one] => Ok(one),
        // A column of one word is a class too, whose other classes are missing.
        [] => match used.iter().rev().find(|&&at| columns[at].numbers == 0 && columns[at].values.len() == 1) {
            Some(&at) => Ok(at),
            None => refuse(OwnProblem::NoLabelColumn),
        },
        _ => refuse(OwnProblem::SeveralLabels { columns: titles(&words) }),
    }
}

/// How likely the values of a column are classes: words before numbers without a gap from 0 or 1 before other whole numbers.
fn likelihood(column: &Column) -> u8 {
    if column.numbers == 0 {
        return 2;
    }
    u8::from((column.least == 0.0 || column.least == 1.0) && column.most - column.least + 1.0 == column.values.len() as f64)
}
