//! Formats that people give where a table or idx files are wanted. Each is refused with what to do.

use super::super::OwnProblem;

/// First bytes, their place, what the file is, and what to do with it.
const FORMATS: [(&[u8], usize, &str, &str); 22] = [
    (b"ustar", 257, "a tar archive", UNPACK),
    (b"7z\xBC\xAF\x27\x1C", 0, "a 7z archive", UNPACK),
    (b"Rar!", 0, "a RAR archive", UNPACK),
    (b"\xFD7zXZ\0", 0, "compressed with xz", UNPACK),
    (b"BZh", 0, "compressed with bzip2", UNPACK),
    (b"\x28\xB5\x2F\xFD", 0, "compressed with Zstandard", UNPACK),
    (b"\xD0\xCF\x11\xE0", 0, "an old Excel file", SAVE),
    (b"PAR1", 0, "a Parquet file", EXPORT),
    (b"ARROW1", 0, "an Arrow file", EXPORT),
    (b"\x89HDF", 0, "an HDF5 file", EXPORT),
    (b"SQLite format 3", 0, "an SQLite database", EXPORT),
    (b"\x93NUMPY", 0, "a NumPy file", EXPORT),
    (b"MATLAB 5.0", 0, "a MATLAB file", EXPORT),
    (b"\x80\x02", 0, "a Python pickle", EXPORT),
    (b"\x80\x03", 0, "a Python pickle", EXPORT),
    (b"\x80\x04", 0, "a Python pickle", EXPORT),
    (b"\x80\x05", 0, "a Python pickle", EXPORT),
    (b"{\"", 0, "a JSON file", EXPORT),
    (b"[{", 0, "a JSON file", EXPORT),
    (b"%PDF", 0, "a PDF", EXPORT),
    (b"<!DOCTYPE", 0, "a web page", "Download the file itself: the browser saved the page about it"),
    (b"<html", 0, "a web page", "Download the file itself: the browser saved the page about it"),
];
const UNPACK: &str = "Unpack it, and give the files or the folder";
const SAVE: &str = "Save the sheet as CSV in UTF-8";
const EXPORT: &str = "Export its rows as CSV";

/// What a file is, if its first bytes tell that it is no table and no idx file. `ending`: that of its name.
pub(super) fn foreign(bytes: &[u8], ending: &str) -> Option<OwnProblem> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        let (what, mend) = match ending {
            "xlsx" | "xlsm" | "ods" | "numbers" => ("a spreadsheet file", SAVE),
            "npz" => ("a NumPy file", EXPORT),
            _ => ("a zip archive", UNPACK),
        };
        return Some(OwnProblem::Foreign { what, mend });
    }
    let found = FORMATS.iter().find(|(first, at, ..)| {
        bytes.get(*at..).is_some_and(|rest| rest.len() >= first.len() && rest[..first.len()].eq_ignore_ascii_case(first))
    });
    found.map(|&(_, _, what, mend)| OwnProblem::Foreign { what, mend })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let tar = [&[b'a'; 257][..], b"ustar\0", &[0; 200]].concat();
        for (bytes, ending, words) in [
            (&b"PK\x03\x04rest"[..], "xlsx", "it is a spreadsheet file"),
            (b"PK\x03\x04rest", "zip", "it is a zip archive"),
            (&tar, "gz", "it is a tar archive"),
            (b"PAR1....", "parquet", "it is a Parquet file"),
            (b"<!doctype html><html>", "csv", "it is a web page"),
        ] {
            assert_eq!(foreign(bytes, ending).unwrap().to_string(), words);
        }
        for bytes in [&b""[..], b"a,b\n1,2", b"\0\0\x08\x03", b"PK", b"7,z"] {
            assert_eq!(foreign(bytes, "csv"), None);
        }
    }
}
