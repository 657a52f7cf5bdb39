//! A user's own set from a path: a table, or a folder of tables, idx files or pictures.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::own::{Import, Own};
use super::table::Reading;
use super::{DataError, FileProblem, folder};

/// The first bytes of a file, which tell most formats.
const HEAD_BYTES: u64 = 512;

/// The set at this path. `reading` is for tables only.
///
/// # Errors
/// A path that does not exist, a file that is malformed or does not fit the others, or what [`Own::check`] refuses.
pub fn load(path: &Path, reading: &Reading) -> Result<Own, DataError> {
    // With ".", the name of the set is that of the folder.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut files = Vec::new();
    // Also a pipe is a file.
    if path.is_dir() {
        list_files(path, &mut files, &mut BTreeSet::new())?;
    } else {
        files.push(path.to_owned());
    }
    // The named folder counts as one of the folders above a file, as in the page.
    let below =
        |file: &PathBuf| file.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty()).map(|rest| Path::new(&name).join(rest));
    let paths = files.iter().map(|file| below(file).unwrap_or_else(|| PathBuf::from(&name)).to_string_lossy().into_owned()).collect();
    let mut import = Import::new(paths).map_err(|error| if error.place == name { error.with_place(path) } else { error })?;
    for file in import.wanted().to_vec() {
        // A pipe can be read only once.
        if files.len() == 1 {
            import.take(file, bytes_of(&files[file])?)?;
            continue;
        }
        let mut head = Vec::new();
        let mut from = folder::open(&files[file])?.take(HEAD_BYTES);
        from.read_to_end(&mut head).map_err(|error| folder::unreadable(&files[file], &error))?;
        let bytes = if import.needs_all(file, &head) { bytes_of(&files[file])? } else { head };
        import.take(file, bytes)?;
    }
    import.finish(reading)
}

/// Adds the files below a folder; hidden ones and links to nothing are left out. `seen`: folders that were visited, since links may lead in circles.
fn list_files(folder: &Path, files: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) -> Result<(), DataError> {
    let unreadable = |error: std::io::Error| DataError::new(folder.display(), FileProblem::Unreadable(error.to_string()));
    if !seen.insert(folder.canonicalize().map_err(unreadable)?) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path())).map_err(unreadable)?;
        if name.to_string_lossy().starts_with('.') || !path.exists() {
            continue;
        }
        if path.is_dir() { list_files(&path, files, seen)? } else { files.push(path) }
    }
    Ok(())
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    folder::read(path, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageFormat};

    use super::super::picture::tests::written;
    use super::*;

    fn png(colour: ExtendedColorType, pixels: &[u8]) -> Vec<u8> {
        written(ImageFormat::Png, 3, 2, colour, pixels)
    }

    fn read(path: &Path) -> Result<Own, String> {
        load(path, &Reading::default()).map_err(|error| error.to_string())
    }

    fn write(root: &Path, files: &[(&str, &[u8])]) {
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    #[test]
    fn folders_of_pictures_are_classes() {
        let root = tempfile::tempdir().unwrap();
        let grey = |level: u8| png(ExtendedColorType::L8, &[level; 6]);
        let (colour, alpha) = (png(ExtendedColorType::Rgb8, &[[7, 7, 8]; 6].concat()), png(ExtendedColorType::La8, &[[0, 0]; 6].concat()));
        write(
            root.path(),
            &[
                ("set/dog/2.png", &grey(5)),
                ("set/cat/1.PNG", &grey(9)),
                ("set/dog/1.png", &colour),
                ("set/cat/.hidden.png", b"x"),
                ("set/cat/3.png", &alpha),
            ],
        );
        let set = read(&root.path().join("set")).unwrap();
        assert_eq!((&set.name[..], set.classes.join(" "), set.channels, set.height, set.width), ("set", "cat dog".to_owned(), 1, 2, 3));
        assert_eq!((&set.rows.labels[..], set.rows.inputs.clone()), (&[0, 0, 1, 1][..], [[9; 6], [255; 6], [7; 6], [5; 6]].concat()));
        assert_eq!(set.notes, ["Classes: cat, dog."]);
        fs::write(root.path().join("set/dog/3.jpg"), b"no picture").unwrap();
        let message = read(&root.path().join("set")).unwrap_err();
        assert!(message.starts_with("set/dog/3.jpg: it cannot be decoded"), "{message}");
    }

    /// A logo beside the folders of the classes, pictures of every format, and one of a format that is not read.
    #[test]
    fn pictures_of_every_format_are_read_and_what_is_left_out_is_named() {
        let root = tempfile::tempdir().unwrap();
        let of = |format| written(format, 3, 2, ExtendedColorType::Rgb8, &[50; 18]);
        let dog = png(ExtendedColorType::L8, &[90; 6]);
        let formats =
            [(ImageFormat::WebP, "a.webp"), (ImageFormat::Gif, "b.gif"), (ImageFormat::Bmp, "c.bmp"), (ImageFormat::Tiff, "d.tiff")];
        for (format, name) in formats {
            write(root.path(), &[(&format!("mine/cats/{name}")[..], &of(format))]);
        }
        write(root.path(), &[("mine/dogs/1.png", &dog), ("mine/dogs/2.png", &dog), ("mine/logo.png", &dog), ("mine/cats/e.heic", b"?")]);
        let set = read(&root.path().join("mine")).unwrap();
        assert_eq!((set.classes.join(" "), &set.rows.labels[..]), ("cats dogs".to_owned(), &[0, 0, 0, 0, 1, 1][..]));
        assert!(set.rows.inputs[..24].iter().all(|&byte| byte == 50), "{:?}", set.rows.inputs);
        let notes = set.notes.join(" ");
        assert!(notes.contains("1 picture in no folder of a class (mine/logo.png)"), "{notes}");
        assert!(notes.contains("1 file of another kind than PNG, JPEG, WebP, GIF, BMP and TIFF (mine/cats/e.heic)"), "{notes}");
    }

    #[test]
    fn tables_and_idx_files_are_recognised_by_their_content() {
        let root = tempfile::tempdir().unwrap();
        let table = b"1,2,a\n3,4,b\n5,6,a\n";
        write(
            root.path(),
            &[
                ("t/mine.csv", table),
                ("t/about.txt", b"About\n"),
                ("none/a.bin", b"???"),
                ("none/b.txt", b"About"),
                ("none/c.txt", b"More"),
                ("zip/digits.zip", b"PK\x03\x04"),
                ("sheet/t.xlsx", b"PK\x03\x04"),
                ("alone/rows.txt", table),
            ],
        );
        for path in ["t", "t/mine.csv", "alone", "alone/rows.txt"] {
            let set = read(&root.path().join(path)).unwrap();
            assert_eq!(set.classes, ["a", "b"]);
            assert!(["mine.csv", "rows.txt"].contains(&&set.name[..]), "{}", set.name);
        }
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion");
        let (own, known) = (read(&fixture).unwrap(), folder::load_own(&fixture).unwrap());
        assert_eq!((own.counts(), &own.rows, own.test.as_ref()), ((200, 50), &known.train, Some(&known.test)));
        for (path, words) in [
            (root.path().join("none"), "none: it has neither pictures"),
            (root.path().join("zip"), "zip/digits.zip: it is a zip archive. Unpack it"),
            (root.path().join("zip/digits.zip"), "digits.zip: it is a zip archive. Unpack it"),
            (root.path().join("sheet/t.xlsx"), "t.xlsx: it is a spreadsheet file. Save the sheet as CSV"),
            (root.path().join("nowhere"), "nowhere: it cannot be read"),
            (fixture.join("train-images-idx3-ubyte.gz"), "its labels are missing. Give the file of labels too, or the folder"),
        ] {
            let message = read(&path).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn a_text_beside_idx_files_is_no_table() {
        let root = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion");
        for file in fs::read_dir(&fixture).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), root.path().join(file.file_name())).unwrap();
        }
        fs::write(root.path().join("README.txt"), "About these files.\nMore.\n").unwrap();
        let set = read(root.path()).unwrap();
        assert_eq!(set.counts(), (200, 50));
        assert!(
            set.notes.iter().any(|note| note.contains("2 files beside the idx files (") && note.contains("README.txt")),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn two_tables_of_a_folder_are_training_and_test_rows() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                ("two/train.csv", b"x,y,class\n1,2,a\n3,4,b\n5,6,a\n"),
                ("two/test.csv", b"x,y,class\n9,8,b\n7,6,a\n"),
                ("two/readme.txt", b"About, these\n"),
                ("many/a.csv", b"1,a\n"),
                ("many/b.csv", b"1,a\n"),
            ],
        );
        let set = read(&root.path().join("two")).unwrap();
        assert_eq!((&set.name[..], set.counts(), set.classes.join(" ")), ("two", (3, 2), "a b".to_owned()));
        let test = set.test.unwrap();
        assert_eq!((test.inputs, test.labels), (vec![9, 8, 7, 6], vec![1, 0]));
        assert!(set.notes.contains(&"Left out: 1 file beside the tables (two/readme.txt).".to_owned()), "{:?}", set.notes);
        let message = read(&root.path().join("many")).unwrap_err();
        assert!(message.contains("many: there are 2 tables: many/a.csv, many/b.csv. Give one, or one of training rows"), "{message}");
    }
}
