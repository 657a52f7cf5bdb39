//! Which columns lose most of their different values when they are rounded to 256 equal levels: those with a few values far from the others.

use std::collections::HashSet;

use super::number::number;
use super::roles::Role;
use super::survey::Survey;
use super::{Inputs, Scale, to_byte};

/// A column is told if so many different values or more become a quarter as many levels or fewer.
const MOST_COUNTED: usize = 64;
const FEW_LEVELS: usize = 16;
/// Tables of more columns are pictures, or else nobody would read the list.
const MOST_COLUMNS: usize = 64;

/// The different values of each column, up to a limit, and the levels that they became.
pub(super) struct Levels {
    columns: Vec<(HashSet<u64>, HashSet<u8>)>,
    is_used: bool,
}

impl Levels {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        let columns = inputs.survey.columns.len();
        Self { columns: vec![Default::default(); columns], is_used: inputs.scale == Scale::Columns && columns <= MOST_COLUMNS }
    }

    /// Looks at a row.
    pub(super) fn note(&mut self, inputs: &Inputs<'_>, cells: &[&str]) {
        if !self.is_used {
            return;
        }
        for ((values, levels), (cell, column, role)) in self.columns.iter_mut().zip(inputs.columns(cells)) {
            if *role == Role::Number
                && let Some(value) = number(cell, inputs.marks)
            {
                if values.len() < MOST_COUNTED {
                    values.insert(value.to_bits());
                }
                levels.insert(to_byte(value, inputs.scale, column));
            }
        }
    }

    /// A sentence for each column that loses most of its values.
    pub(super) fn notes(&self, survey: &Survey) -> Vec<String> {
        let lost =
            self.columns.iter().enumerate().filter(|(_, (values, levels))| values.len() >= MOST_COUNTED && levels.len() <= FEW_LEVELS);
        lost.map(|(at, (values, levels))| {
            let column = &survey.columns[at];
            format!(
                "{} keeps {} of more than {} different values, because it reaches from {} to {}.",
                column.title(at),
                levels.len(),
                values.len() - 1,
                column.least,
                column.most
            )
        })
        .collect()
    }
}
