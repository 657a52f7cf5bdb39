//! Converts a picture to records. Every row of the picture's pixels is one image, with the rows of the image one after another. One package
//! publishes CIFAR-10 in this form.
//!
//! ```text
//! picture row   r g b  r g b ...   I / 3 pixels         record   label   r r ...   g g ...   b b ...
//! ```

use std::io::{self, Cursor, Read};

use png::{BitDepth, ColorType, Decoder, Reader};

/// The records of a picture and its labels, read row by row: only the compressed picture and one row are in memory.
pub(super) struct Pictures<'a> {
    reader: Reader<Cursor<Vec<u8>>>,
    /// `[N]`, the labels of the remaining rows.
    labels: &'a [u8],
    /// `[I]` in the order of the picture: the colours of a pixel together.
    row: Vec<u8>,
    /// `[1 + I]`: a label, then a plane for each colour.
    record: Vec<u8>,
    /// Bytes of the record that were read.
    read: usize,
}

impl<'a> Pictures<'a> {
    /// `picture`: a PNG file; `labels`: `[N]`, for each of its rows.
    pub(super) fn open(mut picture: impl Read, labels: &'a [u8]) -> io::Result<Self> {
        // The decoder needs to seek, which an archive cannot.
        let mut packed = Vec::new();
        picture.read_to_end(&mut packed)?;
        let reader = Decoder::new(Cursor::new(packed)).read_info()?;
        let info = reader.info();
        if reader.output_color_type() != (ColorType::Rgb, BitDepth::Eight) || info.interlaced || info.height as usize != labels.len() {
            let problem = format!("it is not a plain picture of {} rows of red, green and blue", labels.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let row = vec![0; 3 * info.width as usize];
        Ok(Self { reader, labels, row, record: Vec::new(), read: 0 })
    }

    /// Makes the next record; false after the last one.
    fn advance(&mut self) -> io::Result<bool> {
        let Some((&label, labels)) = self.labels.split_first() else { return Ok(false) };
        if self.reader.read_row(&mut self.row)?.is_none() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the picture ends before its last row"));
        }
        self.labels = labels;
        self.read = 0;
        self.record.clear();
        self.record.push(label);
        for colour in 0..3 {
            self.record.extend(self.row[colour..].iter().step_by(3));
        }
        Ok(true)
    }
}

impl Read for Pictures<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.record.len() && !self.advance()? {
            return Ok(0);
        }
        let length = (&self.record[self.read..]).read(into)?;
        self.read += length;
        Ok(length)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A PNG file of rows of pixels.
    pub(in crate::data) fn picture(width: u32, colours: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let height = pixels.len() / (width as usize * colours.samples());
        let mut encoder = png::Encoder::new(&mut file, width, height as u32);
        encoder.set_color(colours);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        file
    }

    fn records(file: &[u8], labels: &[u8]) -> io::Result<Vec<u8>> {
        let mut records = Vec::new();
        Pictures::open(file, labels)?.read_to_end(&mut records)?;
        Ok(records)
    }

    #[test]
    fn a_row_becomes_a_label_and_three_planes() {
        let file = picture(2, ColorType::Rgb, b"rgbRGBxyzXYZ");
        assert_eq!(records(&file, &[7, 8]).unwrap(), b"\x07rRgGbB\x08xXyYzZ");
        let mut pictures = Pictures::open(&file[..], &[7, 8]).unwrap();
        let mut piece = [0; 5];
        assert_eq!((pictures.read(&mut piece).unwrap(), &piece), (5, b"\x07rRgG"));
        assert_eq!((pictures.read(&mut piece).unwrap(), &piece[..2]), (2, &b"bB"[..]));
    }

    #[test]
    fn other_pictures_are_refused() {
        let rgb = picture(2, ColorType::Rgb, &[9; 12]);
        for (file, labels) in [(&rgb[..], &[0; 3][..]), (&rgb, &[0]), (&picture(6, ColorType::Grayscale, &[9; 12]), &[0; 2])] {
            let message = records(file, labels).unwrap_err().to_string();
            assert!(message.contains("not a plain picture of") && message.contains("rows of red, green and blue"), "{message}");
        }
        assert!(records(b"no picture", &[]).is_err());
        assert!(records(&rgb[..rgb.len() / 2], &[0; 2]).is_err());
    }

    proptest! {
        /// A picture with some bytes changed gives records or an error, and no panic.
        #[test]
        fn no_picture_panics(changes in proptest::collection::vec((0usize..90, any::<u8>()), 0..4), keep in 0usize..90) {
            let mut file = picture(2, ColorType::Rgb, &[9; 24]);
            for (at, byte) in changes {
                if let Some(place) = file.get_mut(at) {
                    *place = byte;
                }
            }
            file.truncate(keep);
            drop(records(&file, &[0; 4]));
        }
    }
}
