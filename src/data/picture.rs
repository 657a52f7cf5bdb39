//! Decodes one picture. The page decodes with the same code as the terminal, because browsers differ from other programs in the last bits of a JPEG,
//! and do not read TIFF.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageReader};

use super::photos::MOST_SIDE;

/// Width, height and `[height, width, 4]` of a PNG, JPEG, WebP, GIF, BMP or TIFF file; of an animated one, the first frame. It is upright, as its
/// EXIF orientation says.
///
/// # Errors
/// The decoder's words.
pub(super) fn decode(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), String> {
    // Some decoders end their words with a point or a new line.
    let words =
        |error: image::ImageError| error.to_string().split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned();
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut decoder = reader.into_decoder().map_err(words)?;
    let (width, height) = decoder.dimensions();
    if width > MOST_SIDE || height > MOST_SIDE {
        return Err(format!("its header claims {width} \u{d7} {height} pixels, and at most {MOST_SIDE} are allowed on each side"));
    }
    // A picture whose orientation cannot be read is taken as it is.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(words)?;
    picture.apply_orientation(orientation);
    let pixels = picture.into_rgba8();
    Ok((pixels.width(), pixels.height(), pixels.into_raw()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::{ExtendedColorType, ImageFormat};
    use proptest::prelude::*;

    /// A file of a picture.
    pub(in crate::data) fn written(format: ImageFormat, width: u32, height: u32, colour: ExtendedColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::write_buffer_with_format(&mut bytes, pixels, width, height, colour, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_format_gives_the_pixels_that_were_written() {
        let pixels: Vec<u8> = (0..4 * 3).flat_map(|at: u8| [20 * at, 255 - 9 * at, 7 * at]).collect();
        let rgba: Vec<u8> = pixels.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff] {
            let file = written(format, 4, 3, ExtendedColorType::Rgb8, &pixels);
            assert_eq!(decode(&file), Ok((4, 3, rgba.clone())), "{format:?}");
        }
        // A palette of 256 colours holds these twelve.
        let (width, height, found) = decode(&written(ImageFormat::Gif, 4, 3, ExtendedColorType::Rgb8, &pixels)).unwrap();
        assert_eq!((width, height), (4, 3));
        assert!(found.iter().zip(&rgba).all(|(found, wanted)| found.abs_diff(*wanted) < 4), "{found:?}");
        let (.., found) = decode(&written(ImageFormat::Jpeg, 16, 16, ExtendedColorType::L8, &[90; 256])).unwrap();
        assert!(found.chunks_exact(4).all(|pixel| pixel[0].abs_diff(90) < 2 && pixel[3] == 255));
    }

    /// One picture in all eight EXIF orientations, 16 × 8: its left end is dark, its lower right corner grey.
    #[test]
    fn pictures_are_upright_for_every_orientation() {
        let of = |orientation: u32| {
            let path = format!("{}/tests/fixtures/orientations/{orientation}.jpg", env!("CARGO_MANIFEST_DIR"));
            decode(&std::fs::read(path).unwrap()).unwrap()
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
    fn a_header_that_claims_too_much_takes_no_memory() {
        let mut claims = written(ImageFormat::Png, 1, 1, ExtendedColorType::L8, &[0]);
        claims[16..24].copy_from_slice(&[0, 0, 0x9C, 0x40, 0, 0, 0x9C, 0x40]);
        let sum = crc32(&claims[12..29]);
        claims[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(decode(&claims).unwrap_err().contains("at most 16384 are allowed on each side"));
        assert!(decode(b"no picture").is_err());
    }

    pub(in crate::data) fn crc32(bytes: &[u8]) -> u32 {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        sum.sum()
    }

    proptest! {
        /// Any bytes after a picture's beginning give pixels or an error, never a panic.
        #[test]
        fn no_picture_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..80, which in 0usize..6) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff][which];
            let whole = written(format, 4, 4, ExtendedColorType::Rgb8, &[3; 48]);
            drop(decode(&[&whole[..cut.min(whole.len())], &bytes[..]].concat()));
        }
    }
}
