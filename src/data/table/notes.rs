//! The sentences that tell the reader how a table was read.

use std::collections::BTreeMap;

use super::super::own::MOST_CLASSES;
use super::super::own::words::{MOST_NAMED, listed, shortened};
use super::number::{Evidence, Marks, number};
use super::roles::{Classes, Reason, Role};
use super::survey::{Survey, counts_columns, is_missing};
use super::{Inputs, Missing, Scale};

/// From so many rows on, a first column without a name that differs in every row is told.
const ROWS_OF_IDS: u64 = 20;

/// What the reader has to know of how a table was read, in sentences. `dropped`: rows that were left out for a missing value.
pub(super) fn notes(inputs: &Inputs<'_>, is_image: bool, missing: Missing, dropped: u64) -> Vec<String> {
    let Inputs { survey, roles, classes, marks, scale, .. } = *inputs;
    let mut notes = Vec::new();
    let columns = || survey.columns.iter().enumerate().zip(roles);
    for ((at, column), _) in columns().filter(|(_, role)| **role == Role::Class) {
        let (number, name) = (at + 1, &column.name);
        let names = listed(&classes.names.iter().map(|name| shortened(name)).collect::<Vec<_>>());
        notes.push(if name.is_empty() {
            format!("Class: column {number}: {names}.")
        } else {
            format!("Class: column {number}, {name}: {names}.")
        });
    }
    notes.extend(odd(classes, marks));
    if survey.header.as_ref().is_some_and(|header| counts_columns(header)) {
        notes.push("The first line counts the columns and was taken for a header.".to_owned());
    }
    let left_out = |words: fn(String, Reason) -> Option<String>| -> Vec<String> {
        columns()
            .filter_map(|((at, column), role)| match role {
                Role::LeftOut(why) => words(column.title(at), *why),
                _ => None,
            })
            .collect()
    };
    let named = left_out(|title, reason| match reason {
        Reason::Blank => None,
        Reason::RowNumbers => Some(format!("{title} (counts the rows)")),
        Reason::Identifier => Some(format!("{title} (tells the rows apart)")),
        Reason::ManyWords { values } if values > MOST_CLASSES => Some(format!("{title} (words, more than {MOST_CLASSES} different ones)")),
        Reason::ManyWords { values } => Some(format!("{title} (words, {values} different ones)")),
    });
    if !named.is_empty() {
        notes.push(format!("Left out: {}.", listed(&named)));
    }
    let blank = left_out(|title, reason| (reason == Reason::Blank).then_some(title));
    if let [title] = &blank[..] {
        notes.push(format!("Left out, since it is empty: {title}."));
    } else if !blank.is_empty() {
        notes.push(format!("Left out, since they are empty: {}.", listed(&blank)));
    }
    let words: Vec<String> = columns()
        .filter_map(|((at, column), role)| match role {
            Role::Words(values) => {
                Some(format!("{} ({})", column.title(at), listed(&values.iter().map(|value| shortened(value)).collect::<Vec<_>>())))
            }
            _ => None,
        })
        .collect();
    if !words.is_empty() {
        notes.push(format!("Words became one input for each value: {}.", listed(&words)));
    }
    let numbers = || columns().filter(|(_, role)| **role == Role::Number).map(|(column, _)| column);
    notes.extend(telling(inputs, is_image));
    match survey.titles {
        0 => {}
        1 => notes.push("1 line above the table was left out.".to_owned()),
        lines => notes.push(format!("{lines} lines above the table were left out.")),
    }
    match survey.blank_rows {
        0 => {}
        1 => notes.push("1 row without values was left out.".to_owned()),
        rows => notes.push(format!("{rows} rows without values were left out.")),
    }
    match dropped {
        0 => {}
        1 => notes.push("1 row with missing values was left out.".to_owned()),
        rows => notes.push(format!("{rows} rows with missing values were left out.")),
    }
    let gaps: Vec<String> = columns()
        .filter(|((_, column), role)| missing == Missing::Mean && column.missing > 0 && matches!(role, Role::Number | Role::Words(_)))
        .map(|((at, column), _)| format!("{} ({})", column.title(at), column.missing))
        .collect();
    if !gaps.is_empty() {
        notes.push(format!("Missing values became the mean of their column: {}.", listed(&gaps)));
    }
    notes.extend(marked(survey, marks));
    notes.extend(match scale {
        Scale::Bytes => None,
        Scale::Unit => Some("Values from 0 to 1 were rounded to 256 levels.".to_owned()),
        Scale::Columns if numbers().next().is_none() => None,
        Scale::Columns => Some("Each column was rounded to 256 levels between its least and its largest value.".to_owned()),
    });
    notes
}

/// What is odd about classes, in sentences.
fn odd(classes: &Classes, marks: Marks) -> Vec<String> {
    let mut notes: Vec<String> =
        classes.same.iter().map(|(name, other)| format!("{} and {} are one class.", quoted(name), quoted(other))).collect();
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in &classes.names {
        let letters: String = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        alike.entry(letters).or_default().push(name);
    }
    for names in alike.values().filter(|names| names.len() > 1) {
        let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let classes = names.len();
        notes.push(match few(&quoted) {
            Some((others, last)) => format!("{others} and {last} are {classes} classes: they differ in capitals or spaces only."),
            None => format!("{} are {classes} classes: they differ in capitals or spaces only.", listed(&quoted)),
        });
    }
    for name in classes.names.iter().filter(|name| is_missing(name)) {
        notes.push(format!("{} counts as a class.", quoted(name)));
    }
    let numbers: Vec<f64> = classes.names.iter().filter_map(|name| number(name, marks)).filter(|value| value.fract() == 0.0).collect();
    if numbers.len() == classes.names.len()
        && let (Some(first), Some(last)) = (numbers.first(), numbers.last())
        && last - first < MOST_CLASSES as f64
    {
        let absent: Vec<String> =
            (*first as i64..*last as i64).filter(|&value| !numbers.contains(&(value as f64))).map(|value| value.to_string()).collect();
        match few(&absent) {
            _ if absent.is_empty() => {}
            Some((others, last)) => notes.push(format!("No row has class {others} or {last}.")),
            None => notes.push(format!("No row has class {}.", listed(&absent))),
        }
    }
    notes
}

/// Columns of numbers that tell nothing of a class, or other than they seem to.
fn telling(inputs: &Inputs<'_>, is_image: bool) -> Vec<String> {
    let Inputs { survey, roles, .. } = *inputs;
    let numbers = || survey.columns.iter().enumerate().zip(roles).filter(|(_, role)| **role == Role::Number).map(|(column, _)| column);
    let mut notes = Vec::new();
    let counting: Vec<String> =
        numbers().filter(|(_, column)| !column.name.is_empty() && column.counts_rows()).map(|(at, column)| column.title(at)).collect();
    match (&counting[..], few(&counting)) {
        ([], _) => {}
        ([title], _) => notes.push(format!("{title} only counts the rows, and the network learns from it.")),
        (_, Some((others, last))) => notes.push(format!("{others} and {last} only count the rows, and the network learns from them.")),
        _ => notes.push(format!("{} only count the rows, and the network learns from them.", listed(&counting))),
    }
    let constant: Vec<String> = numbers()
        .filter(|(_, column)| !is_image && column.least == column.most && column.missing == 0)
        .map(|(at, column)| column.title(at))
        .collect();
    if !constant.is_empty() {
        notes.push(format!("The same in every row: {}.", listed(&constant)));
    }
    let percent: Vec<String> = numbers()
        .filter(|(_, column)| column.percent > 0 && column.percent < column.numbers)
        .map(|(at, column)| column.title(at))
        .collect();
    if !percent.is_empty() {
        notes.push(format!("Percent signs were left out of a part of the numbers: {}.", listed(&percent)));
    }
    let unlike: Vec<String> = numbers()
        .filter(|(at, column)| *at == 0 && survey.header.is_none() && survey.rows >= ROWS_OF_IDS && column.differs_in_every_row())
        .map(|(at, column)| column.title(at))
        .collect();
    if !unlike.is_empty() {
        notes.push(format!("{} has another whole number in every row, and the network learns from it.", unlike[0]));
    }
    notes
}

/// How marks in numbers were read, where that is not plain.
fn marked(survey: &Survey, marks: Marks) -> Option<String> {
    let Evidence { comma, point, either, either_point } = &survey.evidence;
    let plain = |words: &str| Some(words.to_owned());
    if marks.decimal == b'.' {
        // Points that may stand between thousands, and nothing that says they do not.
        let seen = either_point.as_ref().filter(|_| point.is_none())?;
        return Some(format!("Points were read as decimal marks: {} is no whole number of thousands.", seen.cell));
    }
    match comma {
        Some(seen) if !seen.cell.contains(',') => plain("Points between thousands were left out."),
        None if *either => plain("Commas were read as decimal marks, not as marks between thousands."),
        _ => plain("Commas were read as decimal marks."),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", shortened(name))
}

/// The names before the last and the last, for a sentence that has "and" or "or" between them; `None` for one name, and for more than a sentence
/// lists.
fn few(names: &[String]) -> Option<(String, &String)> {
    match names {
        [first @ .., last] if !first.is_empty() && names.len() <= MOST_NAMED => Some((first.join(", "), last)),
        _ => None,
    }
}
