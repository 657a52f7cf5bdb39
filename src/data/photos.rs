//! A set from pictures, one folder for each class. The pictures are brought to one size here, so that the page and the terminal learn from the same
//! pixels, whatever decoded them.
//!
//! Pictures that all have one size that a network can take are not changed. Others are cropped to the square in their middle and scaled to 32 × 32;
//! each pixel is the mean of the area that it covers. If no picture has a colour, one grey channel is stored.

use super::idx::MAX_FEATURES;
use super::own::Own;
use super::own::words::{listed, shortened};
use super::{DataError, OwnProblem, Split};

/// Side of the square that pictures of different sizes are scaled to.
pub const SIDE: u32 = 32;
/// Channels that differ by less than this are grey: a JPEG of a grey picture may differ by as much.
const GREY_WITHIN: u8 = 6;
/// The longest side of a picture that is read.
pub const MOST_SIDE: u32 = 1 << 14;

/// One picture: `[3, height, width]`, at most as many pixels as a network takes.
#[derive(Clone, Debug)]
struct Photo {
    class: String,
    is_test: bool,
    width: u32,
    height: u32,
    planes: Vec<u8>,
}

/// The pictures so far.
#[derive(Clone, Debug, Default)]
pub struct Photos {
    taken: Vec<Photo>,
    /// Size of the first picture. `one_size`: whether all have it.
    size: (u32, u32),
    sizes_differ: bool,
    has_colour: bool,
}

impl Photos {
    /// Adds a decoded picture, `[height, width, 4]` of red, green, blue and alpha; transparent pixels become white. `path` is for messages.
    ///
    /// # Errors
    /// A picture without pixels.
    pub fn take(&mut self, path: &str, class: &str, is_test: bool, width: u32, height: u32, rgba: &[u8]) -> Result<(), DataError> {
        if width == 0
            || height == 0
            || width > MOST_SIDE
            || height > MOST_SIDE
            || rgba.len() as u64 != 4 * u64::from(width) * u64::from(height)
        {
            return Err(DataError::new(path, OwnProblem::PictureSize { width, height, bytes: rgba.len() }));
        }
        let pixels = (width * height) as usize;
        let mut planes = vec![0; 3 * pixels];
        for (at, pixel) in rgba.chunks_exact(4).enumerate() {
            let over = |colour: u8| ((u32::from(colour) * u32::from(pixel[3]) + 255 * (255 - u32::from(pixel[3])) + 127) / 255) as u8;
            let colours = [over(pixel[0]), over(pixel[1]), over(pixel[2])];
            let [red, green, blue] = colours;
            self.has_colour |= red.max(green).max(blue) - red.min(green).min(blue) > GREY_WITHIN;
            for (plane, colour) in colours.into_iter().enumerate() {
                planes[plane * pixels + at] = colour;
            }
        }
        if self.taken.is_empty() {
            self.size = (width, height);
        }
        self.sizes_differ |= self.size != (width, height);
        let mut photo = Photo { class: class.to_owned(), is_test, width, height, planes };
        if width * height > MAX_FEATURES {
            photo = photo.scaled();
        }
        self.taken.push(photo);
        Ok(())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// The set of all pictures so far.
    ///
    /// # Errors
    /// No picture at all, or what [`Own::check`] refuses.
    pub fn finish(self, name: &str) -> Result<Own, DataError> {
        if self.taken.is_empty() {
            return Err(DataError::new(name, OwnProblem::NoPicture));
        }
        let channels: u32 = if self.has_colour { 3 } else { 1 };
        let (width, height) = self.size;
        let as_they_are = !self.sizes_differ && u64::from(channels) * u64::from(width) * u64::from(height) <= u64::from(MAX_FEATURES);
        let (width, height) = if as_they_are { (width, height) } else { (SIDE, SIDE) };
        let mut classes: Vec<String> = self.taken.iter().map(|photo| photo.class.clone()).collect();
        classes.sort();
        classes.dedup();
        let (mut rows, mut test) = (Split::default(), Split::default());
        let count = classes.len();
        for photo in self.taken {
            let class = classes.binary_search(&photo.class).expect("every picture's class is in the list");
            let Ok(label) = u8::try_from(class) else {
                return Err(DataError::new(name, OwnProblem::TooManyFolders { folders: count }));
            };
            let part = if photo.is_test { &mut test } else { &mut rows };
            let photo = if (photo.width, photo.height) == (width, height) { photo } else { photo.scaled() };
            let pixels = (width * height) as usize;
            if self.has_colour {
                part.inputs.extend_from_slice(&photo.planes);
            } else {
                let [red, green, blue] = [0, 1, 2].map(|plane: usize| &photo.planes[plane * pixels..][..pixels]);
                let grey = red
                    .iter()
                    .zip(green)
                    .zip(blue)
                    .map(|((&red, &green), &blue)| (u32::from(red) + u32::from(green) + u32::from(blue) + 1) / 3);
                part.inputs.extend(grey.map(|grey| grey as u8));
            }
            part.labels.push(label);
        }
        // If all pictures are below a folder named test, its name means nothing.
        if rows.is_empty() {
            std::mem::swap(&mut rows, &mut test);
        }
        let shown: Vec<String> = classes.iter().map(|class| shortened(class)).collect();
        let mut notes = vec![format!("Classes: {}.", listed(&shown))];
        if !as_they_are {
            notes.push(format!("Pictures were cut to the square in their middle and scaled to {SIDE} \u{d7} {SIDE}."));
        }
        Own {
            name: name.to_owned(),
            channels,
            height,
            width,
            classes,
            rows,
            test: (!test.is_empty()).then_some(test),
            columns: Vec::new(),
            notes,
        }
        .check()
    }
}

impl Photo {
    /// The square in its middle, scaled to [`SIDE`]: each pixel is the mean of the area that it covers.
    fn scaled(self) -> Self {
        let side = self.width.min(self.height);
        let (left, top) = ((self.width - side) / 2, (self.height - side) / 2);
        let pixels = (self.width * self.height) as usize;
        let steps: Vec<Vec<(u32, u64)>> = (0..SIDE).map(|at| covered(at, side)).collect();
        let mut planes = Vec::with_capacity((3 * SIDE * SIDE) as usize);
        let area = u64::from(side) * u64::from(side);
        for plane in self.planes.chunks_exact(pixels) {
            for rows in &steps {
                for columns in &steps {
                    let mut sum = 0;
                    for &(y, high) in rows {
                        for &(x, wide) in columns {
                            sum += high * wide * u64::from(plane[((top + y) * self.width + left + x) as usize]);
                        }
                    }
                    planes.push(((sum + area / 2) / area) as u8);
                }
            }
        }
        Self { width: SIDE, height: SIDE, planes, ..self }
    }
}

/// Which of `side` pixels the pixel `at` of [`SIDE`] covers, and how much of each. One source pixel counts [`SIDE`] parts and the covered length is
/// `side` parts: whole numbers, so that every machine gets the same result.
fn covered(at: u32, side: u32) -> Vec<(u32, u64)> {
    let (from, to) = (at * side, (at + 1) * side);
    (from / SIDE..to.div_ceil(SIDE)).map(|pixel| (pixel, u64::from(to.min((pixel + 1) * SIDE) - from.max(pixel * SIDE)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Adds a picture whose folder is its class.
    fn take(photos: &mut Photos, path: &str, width: u32, height: u32, rgba: &[u8]) -> Result<(), DataError> {
        let class = path.rsplit('/').nth(1).unwrap_or_default();
        photos.take(path, class, path.contains("test/"), width, height, rgba)
    }

    fn plain(width: u32, height: u32, colour: [u8; 4]) -> Vec<u8> {
        colour.repeat((width * height) as usize)
    }

    #[test]
    fn pictures_of_one_size_are_not_changed() {
        let mut photos = Photos::default();
        take(&mut photos, "mine/b/1.png", 3, 2, &plain(3, 2, [9, 9, 9, 255])).unwrap();
        take(&mut photos, "mine/b/2.png", 3, 2, &plain(3, 2, [100, 100, 100, 0])).unwrap();
        take(&mut photos, "mine/a/1.png", 3, 2, &plain(3, 2, [20, 21, 22, 255])).unwrap();
        let set = photos.clone().finish("mine").unwrap();
        assert_eq!((set.channels, set.height, set.width, &set.classes[..]), (1, 2, 3, &["a".to_owned(), "b".to_owned()][..]));
        assert_eq!((&set.rows.labels[..], set.rows.inputs.clone()), (&[1, 1, 0][..], [[9; 6], [255; 6], [21; 6]].concat()));
        assert_eq!((set.notes.join(" "), set.test), ("Classes: a, b. Classes of one row, which is no test row: a.".to_owned(), None));
        take(&mut photos, "mine/test/a/1.png", 3, 2, &plain(3, 2, [200, 0, 0, 255])).unwrap();
        let set = photos.finish("mine").unwrap();
        assert_eq!((set.channels, set.counts()), (3, (3, 1)));
        assert_eq!(set.test.unwrap().inputs, [[200; 6], [0; 6], [0; 6]].concat());
    }

    #[test]
    fn others_are_cropped_and_scaled() {
        let mut photos = Photos::default();
        // A wide picture: dark at both sides, and in the middle a square that is light above and grey below.
        let picture: Vec<u8> = (0..64u32)
            .flat_map(|y| {
                (0..128u32).map(move |x| {
                    if !(32..96).contains(&x) {
                        0
                    } else if y < 32 {
                        200
                    } else {
                        100
                    }
                })
            })
            .flat_map(|grey| [grey, grey, grey, 255])
            .collect();
        take(&mut photos, "a/1.png", 128, 64, &picture).unwrap();
        take(&mut photos, "b/1.png", 7, 7, &plain(7, 7, [50, 50, 50, 255])).unwrap();
        take(&mut photos, "b/2.png", 7, 7, &plain(7, 7, [60, 60, 60, 255])).unwrap();
        let set = photos.finish("mine").unwrap();
        assert_eq!((set.channels, set.height, set.width), (1, SIDE, SIDE));
        assert_eq!(set.rows.inputs[..512], [200; 512]);
        assert_eq!(set.rows.inputs[512..1024], [100; 512]);
        assert_eq!(set.rows.inputs[1024..2048], [50; 1024]);
        assert!(set.notes[1].contains("32 \u{d7} 32"));
    }

    #[test]
    fn refusals_say_which_picture_and_why() {
        let mut photos = Photos::default();
        for (width, height, bytes) in [(0, 1, 0), (1, 1, 3), (MOST_SIDE + 1, 1, 4)] {
            assert!(
                take(&mut photos, "a/1.png", width, height, &vec![0; bytes])
                    .unwrap_err()
                    .to_string()
                    .starts_with("a/1.png: it is a picture of")
            );
        }
        assert!(photos.clone().finish("mine").unwrap_err().to_string().starts_with("mine: there is no picture"));
        take(&mut photos, "a/1.png", 1, 1, &[0; 4]).unwrap();
        assert!(photos.finish("mine").unwrap_err().to_string().contains("of one class"));
    }

    proptest! {
        /// Every source pixel is covered once, and the parts of a pixel add up.
        #[test]
        fn scaling_covers_everything_once(side in 1u32..300) {
            let mut whole = vec![0u64; side as usize];
            for at in 0..SIDE {
                let parts = covered(at, side);
                prop_assert_eq!(parts.iter().map(|&(_, part)| part).sum::<u64>(), u64::from(side));
                for (pixel, part) in parts {
                    whole[pixel as usize] += part;
                }
            }
            prop_assert!(whole.iter().all(|&parts| parts == u64::from(SIDE)));
        }

        /// Any sizes under any paths give a set or an error, never a panic; a picture of one colour keeps that colour.
        #[test]
        fn no_pictures_panic(pictures in proptest::collection::vec(("[ab/te]{0,7}", 0u32..70, 0u32..70, any::<u8>()), 0..6)) {
            let mut photos = Photos::default();
            for (path, width, height, grey) in &pictures {
                drop(take(&mut photos, path, *width, *height, &plain(*width, *height, [*grey, *grey, *grey, 255])));
            }
            if let Ok(set) = photos.finish("mine") {
                let features = (set.width * set.height) as usize;
                prop_assert!(set.rows.inputs.chunks(features).all(|row| row.iter().all(|&byte| byte == row[0])));
            }
        }
    }
}
