//! The text of a table: its encoding, what separates its values, and its records.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::super::{DataError, OwnProblem};
use super::number::{COMMA, number};

/// Lines from which the separator is found.
const SAMPLE_LINES: usize = 50;
/// So many lines above a table may be a title.
const MOST_TITLES: usize = 4;

/// A file of a table, ready to be read several times.
pub(super) struct Text<'a> {
    /// The name of the file, for messages.
    pub(super) name: &'a str,
    bytes: Cow<'a, [u8]>,
    separator: u8,
    /// Lines of the file before `bytes`.
    skipped: u64,
    /// Whether lines above the table were left out, and bytes were read as letters of Windows-1252.
    pub(super) titles: u64,
    pub(super) is_windows: bool,
}

impl<'a> Text<'a> {
    /// Recognises encoding and separator.
    ///
    /// # Errors
    /// A file that is another format by its first bytes, or damaged UTF-16.
    pub(super) fn new(name: &'a str, bytes: &'a [u8]) -> Result<Self, DataError> {
        let refuse = |problem| Err(DataError::new(name, problem));
        let mut bytes = match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
            [0xFF, 0xFE, rest @ ..] => utf16(name, rest, u16::from_le_bytes)?,
            [0xFE, 0xFF, rest @ ..] => utf16(name, rest, u16::from_be_bytes)?,
            // Without a mark, as some programs write it.
            [_, 0, ..] => utf16(name, bytes, u16::from_le_bytes)?,
            [0, _, ..] => utf16(name, bytes, u16::from_be_bytes)?,
            _ => Cow::Borrowed(bytes),
        };
        if bytes.contains(&0) {
            return refuse(OwnProblem::NoTable);
        }
        let is_windows = std::str::from_utf8(&bytes).is_err();
        if is_windows {
            bytes = Cow::Owned(bytes.iter().map(|&byte| windows(byte)).collect::<String>().into_bytes());
        }
        let mut text = Self { name, bytes, separator: b',', skipped: 0, titles: 0, is_windows };
        // Excel's first line, which says what separates the values of the others.
        if let Some((separator, length)) = said_separator(&text.bytes) {
            text.bytes = cut(text.bytes, length);
            (text.separator, text.skipped) = (separator, 1);
        } else {
            let (titles, separator) = found_separator(&text.bytes);
            for _ in 0..titles {
                let length = text.bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r').map_or(0, |at| at + 1);
                text.skipped += u64::from(text.bytes[..length].ends_with(b"\n"));
                text.titles += u64::from(length > 1);
                text.bytes = cut(text.bytes, length);
            }
            text.separator = match separator {
                Separator::Byte(separator) => separator,
                Separator::Spaces => {
                    text.bytes = Cow::Owned(with_tabs(&text.bytes));
                    b'\t'
                }
            };
        }
        // The reader takes an open quote to the end of the file.
        if let Some(line) = text.open_quote() {
            return Err(DataError::new(text.at(line), OwnProblem::OpenQuote));
        }
        Ok(text)
    }

    /// The line in which a quote is opened that is never closed.
    fn open_quote(&self) -> Option<u64> {
        let (mut quoted, mut opened, mut line, mut is_begin) = (false, 0, self.skipped + 1, true);
        for &byte in &*self.bytes {
            match byte {
                // A quote within a value is a letter.
                b'"' if quoted || is_begin => {
                    quoted = !quoted;
                    opened = line;
                }
                b'\n' => line += 1,
                _ => {}
            }
            // After a closing quote another one continues the value.
            is_begin = byte == self.separator || matches!(byte, b'\n' | b'\r') || (byte == b'"' && !quoted);
        }
        quoted.then_some(opened)
    }

    /// Whether commas stand between values, so that one within a value is no decimal mark.
    pub(super) fn has_commas_between(&self) -> bool {
        self.separator == b','
    }

    /// Passes every record to `take`: its number, its first line, its trimmed cells. All have as many cells as the first; further ones are
    /// allowed if they are empty, as spreadsheets write them.
    pub(super) fn records(&self, mut take: impl FnMut(u64, u64, &[&str]) -> Result<(), DataError>) -> Result<(), DataError> {
        let mut reader: Reader = ReaderBuilder::new().delimiter(self.separator).build();
        let (mut text, mut ends) = (vec![0; 4096], vec![0; 64]);
        let (mut input, mut index, mut width) = (&*self.bytes, 0u64, 0usize);
        loop {
            let (mut written, mut ended) = (0, 0);
            let before = input.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).filter(|&&byte| byte == b'\n').count();
            let line = self.skipped + reader.line() + before as u64;
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
            let (mut cells, mut begin) = (Vec::with_capacity(ended), 0);
            for &end in &ends[..ended] {
                let Ok(cell) = std::str::from_utf8(&text[begin..end]) else {
                    return Err(DataError::new(self.at(line), OwnProblem::NoText));
                };
                cells.push(cell.trim());
                begin = end;
            }
            if index == 0 {
                width = cells.len();
            } else if cells.len() > width && cells[width..].iter().all(|cell| cell.is_empty()) {
                cells.truncate(width);
            }
            if cells.len() != width {
                let problem = OwnProblem::LineLength { values: cells.len(), first: width };
                return Err(DataError::new(self.at(line), problem));
            }
            take(index, line, &cells)?;
            index += 1;
        }
    }

    /// `iris.csv, line 3`
    pub(super) fn at(&self, line: u64) -> String {
        format!("{}, line {line}", self.name)
    }
}

/// A letter of Windows-1252, in which Excel writes CSV files in Europe.
fn windows(byte: u8) -> char {
    const LETTERS: &str = "\u{20ac}\u{81}\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\u{160}\u{2039}\u{152}\u{8d}\u{17d}\u{8f}\u{90}\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\u{2013}\u{2014}\u{2dc}\u{2122}\u{161}\u{203a}\u{153}\u{9d}\u{17e}\u{178}";
    match byte {
        0x80..=0x9F => LETTERS.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
        other => char::from(other),
    }
}

fn utf16<'a>(name: &str, bytes: &[u8], of: fn([u8; 2]) -> u16) -> Result<Cow<'a, [u8]>, DataError> {
    let units = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(Cow::Owned(text.into_bytes())),
        _ => Err(DataError::new(name, OwnProblem::NoText)),
    }
}

fn cut(bytes: Cow<'_, [u8]>, length: usize) -> Cow<'_, [u8]> {
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[length..]),
        Cow::Owned(mut bytes) => Cow::Owned(bytes.split_off(length)),
    }
}

/// The separator of a first line `sep=;`, and the length of that line with its end.
fn said_separator(bytes: &[u8]) -> Option<(u8, usize)> {
    let length = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let line = bytes[..length].trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let [s, e, p, b'=', separator] = line else {
        // A tab at the end of the line was trimmed.
        return (line.eq_ignore_ascii_case(b"sep=") && bytes[..length].contains(&b'\t')).then_some((b'\t', length));
    };
    ([*s, *e, *p].eq_ignore_ascii_case(b"sep") && separator.is_ascii_punctuation()).then_some((*separator, length))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Separator {
    Byte(u8),
    /// Spaces and tabs, any number of them.
    Spaces,
}

/// What separates values: it gives each of the first lines the same number of them. A semicolon or a bar counts before a comma if every value that
/// has a comma is then a number.
///
/// Lines above the table, such as a title, may have one value: their number is the first result.
fn found_separator(bytes: &[u8]) -> (u64, Separator) {
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n' || byte == b'\r').take(SAMPLE_LINES).collect();
    for titles in 0..lines.len().min(MOST_TITLES) {
        let (above, below) = lines.split_at(titles);
        if let Some(separator) = even_separator(&with_values(below)) {
            let is_title = |line: &&[u8]| match separator {
                Separator::Byte(separator) => pieces(line, separator).len() == 1,
                Separator::Spaces => false,
            };
            // One further line is too few to be a table below a title.
            if titles == 0 || (below.len() > 2 && above.iter().all(is_title)) {
                return (titles as u64, separator);
            }
        }
    }
    // The lines differ in length: the most frequent one, so that a message can name the line. `max_by_key` takes the last of equals.
    let first = with_values(&lines).first().copied().unwrap_or_default();
    (0, Separator::Byte(*b"|\t,;".iter().max_by_key(|&&separator| pieces(first, separator).len()).expect("there are four")))
}

/// Lines that have more than separators.
fn with_values<'a>(lines: &[&'a [u8]]) -> Vec<&'a [u8]> {
    lines.iter().copied().filter(|line| !line.iter().all(|&byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|'))).collect()
}

fn even_separator(lines: &[&[u8]]) -> Option<Separator> {
    let even = |separator: u8| {
        let mut counts = lines.iter().map(|line| pieces(line, separator).len());
        counts.next().filter(|&first| first > 1 && counts.all(|count| count == first))
    };
    let has_decimal_commas = |separator: u8| {
        let mut cells = lines.iter().flat_map(|line| pieces(line, separator)).filter(|cell| cell.contains(&b','));
        cells.all(|cell| std::str::from_utf8(cell).is_ok_and(|cell| number(cell.trim(), COMMA).is_some()))
    };
    if even(b'\t').is_some() {
        return Some(Separator::Byte(b'\t'));
    }
    let before_commas = |separator: u8| even(separator).is_some() && (even(b',').is_none() || has_decimal_commas(separator));
    if let Some(separator) = [b';', b'|'].into_iter().find(|&separator| before_commas(separator)) {
        return Some(Separator::Byte(separator));
    }
    if even(b',').is_some() {
        return Some(Separator::Byte(b','));
    }
    let columns = |line: &&[u8]| line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|cell| !cell.is_empty()).count();
    let mut counts = lines.iter().map(columns);
    counts.next().is_some_and(|first| first > 1 && counts.all(|count| count == first)).then_some(Separator::Spaces)
}

/// The pieces of a line between separators outside quotes.
fn pieces(line: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut quoted = false;
    line.split(|&byte| {
        quoted ^= byte == b'"';
        byte == separator && !quoted
    })
    .collect()
}

/// The lines with one tab wherever spaces and tabs stand between values.
fn with_tabs(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        for (at, cell) in line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).filter(|cell| !cell.is_empty()).enumerate() {
            if at > 0 {
                text.push(b'\t');
            }
            text.extend_from_slice(cell);
        }
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let text = Text::new("t", text.as_bytes()).unwrap();
        text.records(|_, _, cells| {
            found.push(cells.iter().map(|&cell| cell.to_owned()).collect());
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn separators_are_those_that_make_even_lines() {
        for text in [
            "5,3;3,1;a\n1,0;2,5;b",
            "sep=;\n5,3;3,1;a\r\n1,0;2,5;b\n",
            "\"sep=;\"\r\n5,3;3,1;a\n1,0;2,5;b",
            "5,3|3,1|a\n1,0|2,5|b",
            "5,3\t3,1\ta\n1,0\t2,5\tb",
            "SEP=\t\n5,3\t3,1\ta\n1,0\t2,5\tb",
        ] {
            assert_eq!(cells(text), [["5,3", "3,1", "a"], ["1,0", "2,5", "b"]], "{text:?}");
        }
        assert_eq!(cells(" 5.3  3.1 a\n1.0 \t2.5 b\n"), [["5.3", "3.1", "a"], ["1.0", "2.5", "b"]], "spaces");
        assert_eq!(cells("x;y,1,2\np;q,3,4"), [["x;y", "1", "2"], ["p;q", "3", "4"]], "a semicolon within words");
        assert_eq!(cells("\"a;b;c\",1\n\"d\",2"), [["a;b;c", "1"], ["d", "2"]], "semicolons within quotes");
        assert_eq!(cells("a;b\n1,5;2,5"), [["a", "b"], ["1,5", "2,5"]], "a header without commas");
    }

    #[test]
    fn utf_16_is_read() {
        let text = "größe;art\n1;a\n2;b";
        for (mark, of) in [([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]), ([0xFE, 0xFF], u16::to_be_bytes)] {
            let bytes: Vec<u8> = mark.into_iter().chain(text.encode_utf16().flat_map(of)).collect();
            let mut first = Vec::new();
            Text::new("t", &bytes)
                .unwrap()
                .records(|index, _, cells| {
                    if index == 0 {
                        first = cells.iter().map(|&cell| cell.to_owned()).collect();
                    }
                    Ok(())
                })
                .unwrap();
            assert_eq!(first, ["größe", "art"]);
        }
        assert!(Text::new("t", &[0xFF, 0xFE, 0x41]).is_err());
    }

    #[test]
    fn lines_are_counted_with_the_blank_ones_and_that_of_the_separator() {
        let mut lines = Vec::new();
        let text = Text::new("t", b"sep=,\na,b\n\n\"1\n1\",2\n3,4\n").unwrap();
        text.records(|_, line, _| {
            lines.push(line);
            Ok(())
        })
        .unwrap();
        assert_eq!(lines, [2, 4, 6]);
    }

    #[test]
    fn empty_values_behind_the_last_are_left_out() {
        assert_eq!(cells("a,b\n1,2,,\n3,4,"), [["a", "b"], ["1", "2"], ["3", "4"]]);
        let text = Text::new("t", b"a,b\n1,2,3\n").unwrap();
        assert!(text.records(|_, _, _| Ok(())).unwrap_err().to_string().starts_with("t, line 2: it has 3 values"));
    }
}
