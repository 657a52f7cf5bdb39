//! Which of a user's files are read, as what, and in which order. A run depends on the order of the rows, so the page and the terminal ask here.

use std::collections::BTreeMap;

use super::super::{DataError, OwnProblem};
use super::folders::{Place, places as classes_of};

/// Endings of picture files.
const PICTURES: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff"];
/// Endings of tables. Text files count as tables only if nothing else is found.
const TABLES: [&str; 2] = ["csv", "tsv"];
const TEXTS: [&str; 3] = ["txt", "data", "dat"];
/// Words in the names of files and folders of test rows.
const TEST_WORDS: [&str; 5] = ["t10k", "test", "valid", "validation", "val"];
/// Files that systems leave in folders, beside those with a leading dot.
const OF_SYSTEMS: [&str; 3] = ["thumbs.db", "desktop.ini", "__macosx"];
/// So many names of files stand in a sentence before the rest is counted.
const MOST_NAMED: usize = 5;

/// What the files are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pictures, whose folders are their classes.
    Pictures,
    /// One table, or one of training rows and one of test rows, in this order.
    Tables,
    /// Idx files. Those that are none by their first bytes are left out.
    Idx,
}

/// The files to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    /// Which of the files, in the order in which they are read.
    pub(super) files: Vec<usize>,
    /// Of each picture that is read, its class and whether it is a test picture.
    pub(super) places: BTreeMap<usize, Place>,
    /// A text file that is a table if no idx file is found.
    pub(super) text: Option<usize>,
    /// What is left out, in sentences.
    pub(super) notes: Vec<String>,
}

/// The plan for files with these paths. Folders are separated by `/`; a folder that was given stands before the paths in it.
///
/// # Errors
/// No file, pictures without folders, several tables.
pub(super) fn plan(paths: &[String]) -> Result<Plan, DataError> {
    // What was named itself is not hidden: the only file, or the folder that stands before all paths.
    let is_read = |path: &str| paths.len() == 1 || !parts(path).skip(usize::from(!folder(path).is_empty())).any(is_hidden);
    let mut order: Vec<usize> = (0..paths.len()).filter(|&at| is_read(&paths[at])).collect();
    order.sort_by(|&a, &b| parts(&paths[a]).cmp(parts(&paths[b])));
    if order.is_empty() {
        return Err(DataError::new(top(paths), OwnProblem::NoFile));
    }
    let of = |endings: &[&str]| -> Vec<usize> { order.iter().copied().filter(|&at| endings.contains(&&ending(&paths[at])[..])).collect() };
    let (pictures, tables, texts) = (of(&PICTURES), of(&TABLES), of(&TEXTS));
    if !pictures.is_empty() {
        let folders: Vec<Vec<&str>> = pictures.iter().map(|&at| folder(&paths[at])).collect();
        let (mut placed, mut classes, mut loose) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (&at, place) in pictures.iter().zip(classes_of(&folders)) {
            match place {
                Some(place) => {
                    placed.push(at);
                    classes.insert(at, place);
                }
                None => loose.push(at),
            }
        }
        if placed.is_empty() || is_flat(&folders) {
            return Err(DataError::new(&paths[pictures[0]], OwnProblem::PictureWithoutFolder));
        }
        let others: Vec<usize> = order.iter().copied().filter(|&at| !PICTURES.contains(&&ending(&paths[at])[..])).collect();
        let notes = [left_out(paths, &loose, LeftOut::PicturesWithoutFolder), left_out(paths, &others, LeftOut::NoPictures)];
        return Ok(Plan { kind: Kind::Pictures, files: placed, places: classes, text: None, notes: notes.into_iter().flatten().collect() });
    }
    if !tables.is_empty() {
        let (test, train): (Vec<usize>, Vec<usize>) = tables.iter().partition(|&&at| is_test(&paths[at]));
        let files = match (&train[..], &test[..]) {
            ([train], [test]) => vec![*train, *test],
            ([one], []) | ([], [one]) => vec![*one],
            _ => {
                let files = tables.iter().map(|&at| paths[at].clone()).collect();
                return Err(DataError::new(top(paths), OwnProblem::SeveralTables { files }));
            }
        };
        let others = order.iter().copied().filter(|at| !tables.contains(at)).collect::<Vec<_>>();
        return Ok(Plan {
            kind: Kind::Tables,
            files,
            places: BTreeMap::new(),
            text: None,
            notes: left_out(paths, &others, LeftOut::BesideTables).into_iter().collect(),
        });
    }
    let text = if let [text] = texts[..] { Some(text) } else { None };
    Ok(Plan { kind: Kind::Idx, files: order, places: BTreeMap::new(), text, notes: Vec::new() })
}

/// A name for all of the files: that of the folder, or of the only file.
pub(super) fn name_of(paths: &[String], read: &[usize]) -> String {
    match read {
        [one] => parts(&paths[*one]).next_back().unwrap_or_default().to_owned(),
        _ => top(paths).to_owned(),
    }
}

/// The folder that was given, or the first file.
pub(super) fn top(paths: &[String]) -> &str {
    paths.first().and_then(|path| parts(path).next()).unwrap_or("the files")
}

/// Which files are left out.
#[derive(Clone, Copy)]
pub(super) enum LeftOut {
    PicturesWithoutFolder,
    NoPictures,
    BesideTables,
    BesideTable,
    BesideIdxFiles,
}

/// `Left out: 2 files beside the table (a, b).` Each sentence is whole, for other languages.
pub(super) fn left_out(paths: &[String], files: &[usize], which: LeftOut) -> Option<String> {
    let count = files.len();
    let mut names: Vec<&str> = files.iter().take(MOST_NAMED).map(|&at| &paths[at][..]).collect();
    if count > MOST_NAMED {
        names.push("\u{2026}");
    }
    let names = names.join(", ");
    let sentence = match (which, count) {
        (_, 0) => return None,
        (LeftOut::PicturesWithoutFolder, 1) => format!("Left out: 1 picture in no folder of a class ({names})."),
        (LeftOut::PicturesWithoutFolder, _) => format!("Left out: {count} pictures in no folder of a class ({names})."),
        (LeftOut::NoPictures, 1) => format!("Left out: 1 file of another kind than PNG, JPEG, WebP, GIF, BMP and TIFF ({names})."),
        (LeftOut::NoPictures, _) => format!("Left out: {count} files of another kind than PNG, JPEG, WebP, GIF, BMP and TIFF ({names})."),
        (LeftOut::BesideTables, 1) => format!("Left out: 1 file beside the tables ({names})."),
        (LeftOut::BesideTables, _) => format!("Left out: {count} files beside the tables ({names})."),
        (LeftOut::BesideTable, 1) => format!("Left out: 1 file beside the table ({names})."),
        (LeftOut::BesideTable, _) => format!("Left out: {count} files beside the table ({names})."),
        (LeftOut::BesideIdxFiles, 1) => format!("Left out: 1 file beside the idx files ({names})."),
        (LeftOut::BesideIdxFiles, _) => format!("Left out: {count} files beside the idx files ({names})."),
    };
    Some(sentence)
}

/// Whether a path is that of test rows: by the file's name, or by that of its folder.
pub(super) fn is_test(path: &str) -> bool {
    let mut parts = parts(path).rev().map(str::to_lowercase);
    let (own, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut words = own.split(|letter: char| !letter.is_alphanumeric());
    TEST_WORDS.contains(&&folder[..]) || words.any(|word| TEST_WORDS.contains(&word)) || own.starts_with("test") || own.contains("t10k")
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split(['/', '\\']).filter(|part| !part.is_empty())
}

/// The folders of a path.
fn folder(path: &str) -> Vec<&str> {
    let mut folders: Vec<&str> = parts(path).collect();
    folders.pop();
    folders
}

/// Whether all pictures are in the folder that was given itself: then there are no classes.
fn is_flat(folders: &[Vec<&str>]) -> bool {
    folders.len() > 1 && folders[0].len() < 2 && folders.iter().all(|other| *other == folders[0])
}

fn is_hidden(part: &str) -> bool {
    part.starts_with('.') || OF_SYSTEMS.contains(&&part.to_lowercase()[..])
}

/// The ending of a file's name in lower case; of a compressed file, the one before `.gz`.
pub(super) fn ending(path: &str) -> String {
    let name = parts(path).next_back().unwrap_or_default().to_lowercase();
    let mut pieces: Vec<&str> = name.split('.').collect();
    if pieces.len() > 2 && pieces.last() == Some(&"gz") {
        pieces.pop();
    }
    if pieces.len() > 1 { pieces.pop().unwrap_or_default().to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn planned(paths: &[&str]) -> Result<(Kind, Vec<String>, String), String> {
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        let plan = plan(&paths).map_err(|error| error.to_string())?;
        Ok((plan.kind, plan.files.iter().map(|&at| paths[at].clone()).collect(), plan.notes.join(" ")))
    }

    #[test]
    fn endings_are_those_before_gz() {
        for (path, wanted) in [
            ("a.csv", "csv"),
            ("a.CSV", "csv"),
            ("a.csv.gz", "csv"),
            ("x.y/a.tsv", "tsv"),
            ("x.csv/a", ""),
            ("a", ""),
            ("a.gz", "gz"),
            ("a.b.c.png", "png"),
            ("a.", ""),
            ("train-images-idx3-ubyte.gz", "gz"),
            ("", ""),
        ] {
            assert_eq!(ending(path), wanted, "{path}");
        }
    }

    #[test]
    fn files_are_read_folder_by_folder() {
        let order = |paths: &[&str]| planned(paths).unwrap().1;
        assert_eq!(
            order(&["b/2.png", "a/10.png", "b/1.png", "a/9.png", "a/1.png"]),
            ["a/1.png", "a/10.png", "a/9.png", "b/1.png", "b/2.png"]
        );
        assert_eq!(order(&["a-b/1.png", "a/1.png"]), ["a/1.png", "a-b/1.png"], "a folder's name ends before any letter");
        assert_eq!(order(&["s/B/1.png", "s/a/1.png"]), ["s/B/1.png", "s/a/1.png"], "capitals first");
        assert_eq!(
            order(&["pond/.DS_Store", "pond/frog/.1.png", "pond/.cache/toad/1.png", "pond/frog/1.png", "pond/Thumbs.db"]),
            ["pond/frog/1.png"]
        );
    }

    #[test]
    fn what_is_left_out_is_counted_and_named() {
        let (kind, files, notes) =
            planned(&["mine/logo.png", "mine/cats/1.png", "mine/cats/a.heic", "mine/dogs/1.TIFF", "mine/readme.txt"]).unwrap();
        assert_eq!((kind, &files[..]), (Kind::Pictures, &["mine/cats/1.png".to_owned(), "mine/dogs/1.TIFF".to_owned()][..]));
        assert_eq!(
            notes,
            "Left out: 1 picture in no folder of a class (mine/logo.png). Left out: 2 files of another kind than PNG, JPEG, WebP, GIF, \
             BMP and TIFF (mine/cats/a.heic, mine/readme.txt)."
        );
        let (_, files, notes) = planned(&["logo.png", "cats/1.png", "dogs/1.png"]).unwrap();
        assert_eq!((files.len(), &notes[..40]), (2, "Left out: 1 picture in no folder of a cl"));
        let many: Vec<String> = (0..7).map(|at| format!("m/a/{at}.svg")).chain(["m/a/1.gif".to_owned()]).collect();
        let notes = planned(&many.iter().map(String::as_str).collect::<Vec<_>>()).unwrap().2;
        assert!(notes.ends_with("(m/a/0.svg, m/a/1.svg, m/a/2.svg, m/a/3.svg, m/a/4.svg, \u{2026})."), "{notes}");
        assert!(planned(&["1.png"]).unwrap_err().starts_with("1.png: it is in no folder"));
        assert!(planned(&["m/.a", "m/desktop.ini"]).unwrap_err().starts_with("m: there is no file in it"));
    }

    #[test]
    fn two_tables_are_training_and_test_rows_by_their_names() {
        for (paths, wanted) in [
            (["two/test.csv", "two/train.csv"], ["two/train.csv", "two/test.csv"]),
            (["a/mnist_test.csv", "a/mnist_train.csv.gz"], ["a/mnist_train.csv.gz", "a/mnist_test.csv"]),
            (["a/rows.csv", "a/val/rows.csv"], ["a/rows.csv", "a/val/rows.csv"]),
            (["a/protest.csv", "a/validation-2.tsv"], ["a/protest.csv", "a/validation-2.tsv"]),
        ] {
            assert_eq!(planned(&paths).unwrap().1, wanted);
        }
        let (kind, files, notes) = planned(&["two/readme.txt", "two/test.csv", "two/train.csv"]).unwrap();
        assert_eq!((kind, files.len(), &notes[..]), (Kind::Tables, 2, "Left out: 1 file beside the tables (two/readme.txt)."));
        let message = planned(&["d/a.csv", "d/b.csv"]).unwrap_err();
        assert!(message.starts_with("d: there are 2 tables: d/a.csv, d/b.csv"), "{message}");
        assert!(planned(&["d/test.csv", "d/train.csv", "d/val.csv"]).is_err());
    }

    proptest! {
        /// The order does not depend on the order in which a browser or a disk lists the files.
        #[test]
        fn the_order_is_that_of_the_paths(mut paths in proptest::collection::vec("(a|b|a-b|ab|1)(/(a|b|10|9)){0,2}\\.png", 1..12), seed: u64) {
            paths.sort();
            paths.dedup();
            let of = |paths: &[String]| plan(paths).map(|plan| plan.files.iter().map(|&at| paths[at].clone()).collect::<Vec<_>>()).ok();
            let wanted = of(&paths);
            let mut mixed = paths.clone();
            mixed.rotate_left((seed % paths.len() as u64) as usize);
            mixed.reverse();
            prop_assert_eq!(of(&mixed), wanted);
        }

        #[test]
        fn no_paths_panic(paths in proptest::collection::vec("[a/.\\\\ptesngcv]{0,12}", 0..6)) {
            drop(plan(&paths));
        }
    }
}
