//! A user's own set from a path: a table, a folder of idx files, or a folder with a folder of pictures for each class.

use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use png::{ColorType, Decoder, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::own::{Own, of_idx};
use super::photos::{ENDINGS, MOST_SIDE, Photos};
use super::table::{Label, of_table};
use super::{DataError, FileProblem, folder};

/// Endings of tables, without `.gz`. Text files count as tables only if nothing else is found.
const TABLES: [&str; 2] = ["csv", "tsv"];
const TEXTS: [&str; 1] = ["txt"];

/// The set at this path. `label` is for tables only.
///
/// # Errors
/// A path that does not exist, a file that is malformed or does not fit the others, or what [`Own::check`] refuses.
pub fn load(path: &Path, label: Label) -> Result<Own, DataError> {
    // With ".", the name of the set is that of the folder.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    if path.is_file() {
        return of_table(&name, &bytes_of(path)?, label);
    }
    let mut files = Vec::new();
    list_files(path, &mut files)?;
    let of = |endings: &[&str]| -> Vec<&PathBuf> {
        files.iter().filter(|file| ending(file).is_some_and(|it| endings.contains(&&it[..]))).collect()
    };
    let pictures = of(&ENDINGS);
    if !pictures.is_empty() {
        return photos(&name, path, &pictures);
    }
    let tables = of(&TABLES);
    if let [table] = tables[..] {
        return of_table(&name, &bytes_of(table)?, label);
    }
    let mut idx_files = Vec::new();
    for file in files.iter().filter(|file| is_idx(file)) {
        idx_files.push((file.display().to_string(), bytes_of(file)?));
    }
    if idx_files.is_empty() {
        if let [text] = of(&TEXTS)[..] {
            return of_table(&name, &bytes_of(text)?, label);
        }
        return Err(DataError::new(path.display(), FileProblem::NothingReadable));
    }
    of_idx(&name, &idx_files)
}

/// The ending of a file's name in lower case; of a compressed file, the one before `.gz`.
fn ending(file: &Path) -> Option<String> {
    let lower = |path: &Path| path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match lower(file) {
        Some(packed) if packed == "gz" => lower(Path::new(file.file_stem().unwrap_or(OsStr::new("")))),
        other => other,
    }
}

/// Adds the files below a folder, sorted by name; hidden ones are left out.
fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let unreadable = |error: std::io::Error| DataError::new(folder.display(), FileProblem::Unreadable(error.to_string()));
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            list_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file, compressed or not, begins like an idx file of bytes. Only the beginning is read.
fn is_idx(path: &Path) -> bool {
    let mut first = [0xFF; 3];
    folder::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && first == [0, 0, 8]
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    folder::read(path, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

fn photos(name: &str, root: &Path, files: &[&PathBuf]) -> Result<Own, DataError> {
    let mut photos = Photos::default();
    for file in files {
        // The named folder counts as one of the folders above a picture.
        let below = Path::new(name).join(file.strip_prefix(root).unwrap_or(file));
        let bytes = bytes_of(file)?;
        let is_png = bytes.starts_with(&[0x89, b'P', b'N', b'G']);
        let decoded = if is_png { png_of(&bytes) } else { jpeg_of(&bytes) };
        let (width, height, rgba) = decoded.map_err(|said| DataError::new(file.display(), FileProblem::Undecodable(said)))?;
        photos.take(&below.to_string_lossy(), width, height, &rgba)?;
    }
    photos.finish(name)
}

type Decoded = Result<(u32, u32, Vec<u8>), String>;

fn png_of(bytes: &[u8]) -> Decoded {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (width, height) = reader.info().size();
    if width > MOST_SIDE || height > MOST_SIDE {
        return Err(format!("its header claims {width} \u{d7} {height} pixels, and at most {MOST_SIDE} are allowed on each side"));
    }
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("it is too large")?];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    pixels.truncate(info.buffer_size());
    let rgba = match info.color_type {
        ColorType::Grayscale => pixels.iter().flat_map(|&grey| [grey, grey, grey, 255]).collect(),
        ColorType::GrayscaleAlpha => pixels.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect(),
        ColorType::Rgb => pixels.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect(),
        ColorType::Rgba => pixels,
        ColorType::Indexed => return Err("its palette could not be expanded".to_owned()),
    };
    Ok((info.width, info.height, rgba))
}

fn jpeg_of(bytes: &[u8]) -> Decoded {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGBA);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgba = decoder.decode().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("it does not say its size")?;
    Ok(upright(width as u32, height as u32, rgba, decoder.exif().map_or(1, |exif| orientation(exif))))
}

/// The EXIF orientation, 1 to 8; 1 (upright) if it cannot be read.
fn orientation(exif: &[u8]) -> u32 {
    let read = exif::Reader::new().read_raw(exif.to_vec()).ok();
    let field = read.as_ref().and_then(|found| found.get_field(exif::Tag::Orientation, exif::In::PRIMARY));
    field.and_then(|field| field.value.get_uint(0)).filter(|orientation| (1..=8).contains(orientation)).unwrap_or(1)
}

/// Turns a picture upright, as browsers do when they decode it.
fn upright(width: u32, height: u32, rgba: Vec<u8>, orientation: u32) -> (u32, u32, Vec<u8>) {
    if orientation == 1 {
        return (width, height, rgba);
    }
    let (right, bottom) = (width - 1, height - 1);
    let from = |x: u32, y: u32| match orientation {
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),
        7 => (right - y, bottom - x),
        _ => (right - y, x),
    };
    let (wide, high) = if orientation < 5 { (width, height) } else { (height, width) };
    let pixels = (0..high).flat_map(|y| (0..wide).map(move |x| (x, y)));
    let turned = pixels.flat_map(|(x, y)| {
        let (x, y) = from(x, y);
        let at = 4 * (y as usize * width as usize + x as usize);
        rgba[at..at + 4].to_vec()
    });
    (wide, high, turned.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn png(width: u32, height: u32, colour: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        bytes
    }

    fn write(root: &Path, files: &[(&str, &[u8])]) {
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// One picture in all eight EXIF orientations, 16 × 8: its left end is dark, its lower right corner grey.
    #[test]
    fn pictures_are_upright_for_every_orientation() {
        let of = |orientation: u32| {
            let path = format!("{}/tests/fixtures/orientations/{orientation}.jpg", env!("CARGO_MANIFEST_DIR"));
            jpeg_of(&fs::read(path).unwrap()).unwrap()
        };
        let grey = |(width, _, rgba): &(u32, u32, Vec<u8>), x: u32, y: u32| rgba[4 * (y * width + x) as usize];
        for orientation in 1..=8 {
            let picture = of(orientation);
            assert_eq!((picture.0, picture.1), (16, 8), "orientation {orientation}");
            let [left, right, corner] = [grey(&picture, 2, 2), grey(&picture, 13, 1), grey(&picture, 13, 6)];
            assert!(left < 30 && right > 225 && (98..158).contains(&corner), "orientation {orientation}: {left}, {right}, {corner}");
        }
    }

    #[test]
    fn folders_of_pictures_are_classes() {
        let root = tempfile::tempdir().unwrap();
        let grey = |level: u8| png(3, 2, ColorType::Grayscale, &[level; 6]);
        let (colour, alpha) =
            (png(3, 2, ColorType::Rgb, &[[7, 7, 8]; 6].concat()), png(3, 2, ColorType::GrayscaleAlpha, &[[0, 0]; 6].concat()));
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
        let set = load(&root.path().join("set"), Label::Auto).unwrap();
        assert_eq!((&set.name[..], set.classes.join(" "), set.channels, set.height, set.width), ("set", "cat dog".to_owned(), 1, 2, 3));
        assert_eq!((&set.rows.labels[..], set.rows.inputs.clone()), (&[0, 0, 1, 1][..], [[9; 6], [255; 6], [7; 6], [5; 6]].concat()));
        fs::write(root.path().join("set/dog/3.jpg"), b"no picture").unwrap();
        let message = load(&root.path().join("set"), Label::Auto).unwrap_err().to_string();
        assert!(message.contains("3.jpg: it cannot be decoded"), "{message}");
    }

    #[test]
    fn tables_and_idx_files_are_recognised_by_their_content() {
        let root = tempfile::tempdir().unwrap();
        let table = b"1,2,a\n3,4,b\n5,6,a\n";
        write(root.path(), &[("t/mine.csv", table), ("none/a.bin", b"???"), ("two/a.csv", table), ("two/b.csv", table)]);
        for path in ["t", "t/mine.csv"] {
            assert_eq!(load(&root.path().join(path), Label::Auto).unwrap().classes, ["a", "b"]);
        }
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion");
        let (own, known) = (load(&fixture, Label::Auto).unwrap(), folder::load_own(&fixture).unwrap());
        assert_eq!((own.counts(), &own.rows, own.test.as_ref()), ((200, 50), &known.train, Some(&known.test)));
        for (path, words) in [("none", "it has neither pictures"), ("two", "it has neither pictures"), ("nowhere", "it cannot be read")] {
            let message = load(&root.path().join(path), Label::Auto).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn a_text_beside_idx_files_is_no_table_and_a_huge_picture_takes_no_memory() {
        let root = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fashion");
        for file in fs::read_dir(&fixture).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), root.path().join(file.file_name())).unwrap();
        }
        fs::write(root.path().join("README.txt"), "About these files.\nMore.\n").unwrap();
        assert_eq!(load(root.path(), Label::Auto).unwrap().counts(), (200, 50));
        write(root.path(), &[("alone/rows.txt", b"1,2,a\n3,4,b\n5,6,a\n")]);
        assert_eq!(load(&root.path().join("alone"), Label::Auto).unwrap().classes, ["a", "b"]);
        // Only a header, which claims 40,000 pixels on each side.
        let mut claims = png(1, 1, ColorType::Grayscale, &[0]);
        claims[16..24].copy_from_slice(&[0, 0, 0x9C, 0x40, 0, 0, 0x9C, 0x40]);
        let sum = crc32(&claims[12..29]);
        claims[29..33].copy_from_slice(&sum.to_be_bytes());
        write(root.path(), &[("huge/a/1.png", &claims), ("huge/b/1.png", &png(1, 1, ColorType::Grayscale, &[9]))]);
        let message = load(&root.path().join("huge"), Label::Auto).unwrap_err().to_string();
        assert!(message.contains("at most 16384 are allowed on each side"), "{message}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        sum.sum()
    }

    proptest! {
        /// Any bytes after a picture's signature give pixels or an error, never a panic.
        #[test]
        fn no_picture_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..80) {
            let whole = png(4, 4, ColorType::Rgba, &[3; 64]);
            drop(png_of(&[&whole[..cut.min(whole.len())], &bytes[..]].concat()));
            drop(jpeg_of(&[&[0xFF, 0xD8, 0xFF][..], &bytes[..]].concat()));
        }
    }
}
