//! Numbers as people and spreadsheets write them.

/// Characters of a number, in ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) decimal: u8,
    /// Between thousands; spaces and apostrophes may stand there too.
    pub(super) thousands: Option<u8>,
}

pub(super) const POINT: Marks = Marks { decimal: b'.', thousands: Some(b',') };
pub(super) const COMMA: Marks = Marks { decimal: b',', thousands: Some(b'.') };

/// Where in a table a mark was seen: the line, the column and the cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) line: u64,
    pub(super) column: usize,
    pub(super) cell: String,
}

/// Which decimal mark the cells of a table have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evidence {
    /// The first cell whose comma can only be decimal, or whose points can only be between thousands.
    pub(super) comma: Option<Seen>,
    /// The first cell whose point can only be decimal, or whose commas can only be between thousands.
    pub(super) point: Option<Seen>,
    /// Whether a cell with a comma is a number with either mark, as 1,234 is; the first cell with a point that is.
    pub(super) either: bool,
    pub(super) either_point: Option<Seen>,
}

impl Evidence {
    /// Looks at a cell.
    pub(super) fn note(&mut self, line: u64, column: usize, cell: &str) {
        if !cell.bytes().any(|byte| byte == b',') {
            // Most cells: a plain number. Its point is decimal if it cannot be one between thousands.
            if self.point.is_some() || !cell.bytes().any(|byte| byte == b'.') {
                return;
            }
        }
        let seen = || Some(Seen { line, column, cell: cell.to_owned() });
        match (number(cell, POINT).is_some(), number(cell, COMMA).is_some()) {
            (true, false) => self.point = self.point.take().or_else(seen),
            (false, true) => self.comma = self.comma.take().or_else(seen),
            (true, true) if cell.contains(',') => self.either = true,
            (true, true) => self.either_point = self.either_point.take().or_else(seen),
            (false, false) => {}
        }
    }
}

/// The number that a cell says. Thousands may be separated; a percent sign is left out.
pub(super) fn number(cell: &str, marks: Marks) -> Option<f64> {
    if marks.decimal == b'.'
        && let Ok(value) = cell.parse::<f64>()
    {
        return value.is_finite().then_some(value);
    }
    written(cell, marks)
}

/// A number that is not as Rust writes it.
fn written(cell: &str, marks: Marks) -> Option<f64> {
    if !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let cell = cell.strip_suffix('%').map_or(cell, str::trim_end);
    let (sign, digits) = match cell.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (-1.0, digits),
        None => (1.0, cell.strip_prefix('+').unwrap_or(cell)),
    };
    let (decimal, thousands) = (char::from(marks.decimal), marks.thousands.map(char::from));
    let (whole, fraction) = digits.split_once(decimal).map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    // Without a fraction the exponent follows the whole part.
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, exponent) = match (fraction, whole.find(['e', 'E'])) {
        (None, Some(at)) => whole.split_at(at),
        _ => (whole, ""),
    };
    let mut groups = whole.split(|letter| Some(letter) == thousands || matches!(letter, ' ' | '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}'));
    let first = groups.next()?;
    let mut plain = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        plain.push_str(group);
    }
    if !is_plain(&plain) {
        return None;
    }
    let tail = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    // Only digits and an exponent may follow the decimal mark.
    if tail.bytes().skip(1).any(|byte| !(byte.is_ascii_digit() || matches!(byte, b'e' | b'E' | b'+' | b'-'))) {
        return None;
    }
    format!("{plain}{tail}{exponent}").parse().ok().map(|value: f64| sign * value).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_several_countries() {
        for (cell, point, comma) in [
            ("5.3", Some(5.3), None),
            ("5,3", None, Some(5.3)),
            ("-0,25", None, Some(-0.25)),
            (",5", None, Some(0.5)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("1.234,5", None, Some(1234.5)),
            ("1,234.5", Some(1234.5), None),
            ("1,234,567", Some(1_234_567.0), None),
            ("1.234.567", None, Some(1_234_567.0)),
            ("1 234", Some(1234.0), Some(1234.0)),
            ("1\u{a0}234,5", None, Some(1234.5)),
            ("1'234.5", Some(1234.5), None),
            ("\u{2212}3", Some(-3.0), Some(-3.0)),
            ("+3", Some(3.0), Some(3.0)),
            ("45 %", Some(45.0), Some(45.0)),
            ("4,5%", None, Some(4.5)),
            ("1e3", Some(1000.0), Some(1000.0)),
            ("1,5e3", None, Some(1500.0)),
            ("-2.5E-1", Some(-0.25), None),
            ("5.", Some(5.0), None),
            ("5,", None, Some(5.0)),
            ("12,34,567", None, None),
            ("1234,567,890", None, None),
            ("1,23,4", None, None),
            ("", None, None),
            ("-", None, None),
            (".", None, None),
            ("e5", None, None),
            ("%", None, None),
            ("NaN", None, None),
            ("inf", None, None),
            ("1.2.3", None, None),
            ("2020-01-05", None, None),
            ("12:30", None, None),
            ("1e999", None, None),
        ] {
            assert_eq!((number(cell, POINT), number(cell, COMMA)), (point, comma), "{cell:?}");
        }
    }

    #[test]
    fn evidence_is_a_cell_that_only_one_mark_explains() {
        let of = |cells: &[&str]| {
            let mut evidence = Evidence::default();
            for (column, cell) in cells.iter().enumerate() {
                evidence.note(1, column, cell);
            }
            (evidence.comma.map(|seen| seen.cell), evidence.point.map(|seen| seen.cell), evidence.either)
        };
        assert_eq!(of(&["1,234", "word", "7"]), (None, None, true));
        assert_eq!(of(&["1,234", "5,3", "1.234"]), (Some("5,3".into()), None, true));
        assert_eq!(of(&["1.5", "2,25"]), (Some("2,25".into()), Some("1.5".into()), false));
        assert_eq!(of(&["1,234,567"]), (None, Some("1,234,567".into()), false));
    }

    proptest! {
        #[test]
        fn no_cell_panics(cell in "[-+0-9.,eE' %\u{a0}\u{2212}x]{0,12}") {
            for marks in [POINT, COMMA] {
                prop_assert!(number(&cell, marks).is_none_or(f64::is_finite));
            }
        }

        /// A number is read back with either decimal mark.
        #[test]
        fn a_written_number_is_read_back(value in -1e6f64..1e6) {
            let text = format!("{value}");
            prop_assert_eq!(number(&text, POINT), Some(value));
            prop_assert_eq!(number(&text.replace('.', ","), COMMA), Some(value));
        }
    }
}
