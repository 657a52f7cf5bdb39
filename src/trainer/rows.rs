//! The training and test rows of a run, as they arrive on the device.

use crate::data::Dataset;
use crate::data::catalogue::Known;
use crate::device::Buffer;
use crate::engine::Inputs;
use crate::model::Image;
use crate::schedule::BLOCK;

use super::{TrainError, Trainer};

/// The shape of a run's data: sizes and counts. The rows themselves are sent with [`Trainer::load`].
#[derive(Clone, Debug, PartialEq)]
pub struct DataShape {
    pub train_rows: u32,
    pub test_rows: u32,
    /// I, features of a row: channels · height · width.
    pub inputs: u32,
    /// Channels of an image, and their size. Features without a shape are one row of one channel.
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub classes: u32,
    /// Whether shifting an image by a few pixels or mirroring it leaves its class unchanged.
    pub augment: bool,
    /// Standard deviation of all training features divided by 255.
    pub deviation: f32,
}

impl DataShape {
    /// The shape of an image.
    #[must_use]
    pub fn image(&self) -> Image {
        Image { channels: self.channels, height: self.height, width: self.width }
    }

    /// By what a byte is multiplied.
    pub(super) fn scale(&self) -> f32 {
        1.0 / (255.0 * self.deviation)
    }

    /// The shape of a complete set.
    #[must_use]
    pub fn of(set: &Dataset) -> Self {
        Self {
            train_rows: set.train.len(),
            test_rows: set.test.len(),
            inputs: set.inputs(),
            channels: set.channels,
            height: set.height,
            width: set.width,
            classes: set.classes,
            augment: set.augment,
            deviation: set.deviation,
        }
    }

    /// The shape of a known set whose files are still loading; `None` if the deviation of its features is not known in advance.
    #[must_use]
    pub fn of_known(known: &Known) -> Option<Self> {
        let (_, deviation) = known.moments?;
        Some(Self {
            train_rows: known.train_rows,
            test_rows: known.test_rows,
            inputs: known.inputs(),
            channels: known.channels,
            height: known.height,
            width: known.width,
            classes: known.classes,
            augment: known.augment,
            deviation,
        })
    }
}

/// How the bytes of a row become inputs: `scale · x + shift`.
#[derive(Clone, Debug, PartialEq)]
pub struct Centring {
    pub scale: f32,
    /// `[I]`
    pub shifts: Vec<f32>,
}

impl Centring {
    /// That of a run on this set.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn of(set: &Dataset) -> Self {
        let shape = DataShape::of(set);
        let scale = shape.scale();
        let means = Centre::new(&shape).take(0, &set.train.inputs).unwrap_or_else(|| vec![0.0; shape.inputs as usize]);
        Self { scale, shifts: shifts(scale, &means) }
    }
}

/// What is added to each scaled feature, so that its mean is 0.
fn shifts(scale: f32, means: &[f32]) -> Vec<f32> {
    means.iter().map(|mean| -scale * mean).collect()
}

impl Trainer {
    /// How the bytes of this run's data become inputs; `None` before the training rows have arrived that give the means.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn centring(&self) -> Result<Option<Centring>, TrainError> {
        // Every step waits for those rows.
        if self.step == 0 {
            return Ok(None);
        }
        let shifts = self.engine.read_first(&self.data_buffers.shifts, u64::from(self.data.inputs) * 4).await?;
        Ok(Some(Centring { scale: self.engine.params.scale, shifts }))
    }

    /// Sends rows of the data set, training rows first and test rows after them. `inputs` is `[n, I]`, `labels` `[n]`; either may be empty.
    /// `first_row * I` and all lengths except those of the last piece must be multiples of 4 bytes.
    ///
    /// The training rows must come in order: the first [`BLOCK`] of them, which arrive before any step, give the means of the features.
    pub fn load(&mut self, first_row: u32, inputs: &[u8], labels: &[u8]) {
        if let Some(means) = self.centre.take(first_row, inputs) {
            let scale = self.engine.params.scale;
            self.engine.write(&self.data_buffers.shifts, &shifts(scale, &means));
        }
        let machine = &self.engine.machine;
        let write = |buffer: &Buffer, offset: u64, bytes: &[u8]| {
            let whole = bytes.len() & !3;
            if whole > 0 {
                machine.write(buffer, offset, &bytes[..whole]);
            }
            if whole < bytes.len() {
                let mut last = [0; 4];
                last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
                machine.write(buffer, offset + whole as u64, &last);
            }
        };
        let offset = u64::from(first_row) * u64::from(self.data.inputs);
        match &self.data_buffers.inputs {
            Inputs::Resident(buffer) => write(buffer, offset, inputs),
            Inputs::Streamed(set) => set.borrow_mut()[offset as usize..][..inputs.len()].copy_from_slice(inputs),
        }
        write(&self.data_buffers.labels, first_row.into(), labels);
    }

    /// Sends a whole data set.
    pub fn load_all(&mut self, set: &Dataset) {
        // Test rows follow the training rows without a gap, so that one piece is aligned for any width of a row.
        let inputs = [&set.train.inputs[..], &set.test.inputs[..]].concat();
        let labels = [&set.train.labels[..], &set.test.labels[..]].concat();
        self.load(0, &inputs, &labels);
        self.set_rows_ready(set.train.len());
    }

    /// Says that the training rows before `rows` have arrived; if `rows` is all of them, the test rows have too.
    pub fn set_rows_ready(&mut self, rows: u32) {
        self.rows_ready = rows;
    }

    #[must_use]
    pub fn rows_ready(&self) -> u32 {
        self.rows_ready
    }

    /// Whether the rows of the next step's batch have arrived.
    #[must_use]
    pub fn has_next_batch(&self) -> bool {
        self.order.rows_needed(self.step) <= self.rows_ready
    }
}

/// The mean of each feature over the first rows, summed as they arrive. The sums are integers, so that the result is the same natively and in the
/// page. If images may be shifted, all pixels of a channel have one mean.
#[derive(Debug)]
pub(super) struct Centre {
    sums: Vec<u64>,
    rows: u32,
    wanted: u32,
    /// Consecutive features that have one mean.
    together: usize,
}

impl Centre {
    pub(super) fn new(data: &DataShape) -> Self {
        let together = if data.augment { data.height * data.width } else { 1 } as usize;
        Self { sums: vec![0; data.inputs as usize], rows: 0, wanted: data.train_rows.min(BLOCK), together }
    }

    /// Adds the rows from `first_row` on, if they are the next ones. Returns the means, of bytes, once the last row has arrived.
    fn take(&mut self, first_row: u32, inputs: &[u8]) -> Option<Vec<f32>> {
        if first_row != self.rows || self.rows == self.wanted || inputs.is_empty() {
            return None;
        }
        for row in inputs.chunks_exact(self.sums.len()).take((self.wanted - self.rows) as usize) {
            for (sum, &byte) in self.sums.iter_mut().zip(row) {
                *sum += u64::from(byte);
            }
            self.rows += 1;
        }
        let count = f64::from(self.wanted) * self.together as f64;
        let means = |sums: &[u64]| vec![(sums.iter().sum::<u64>() as f64 / count) as f32; sums.len()];
        (self.rows == self.wanted).then(|| self.sums.chunks(self.together).flat_map(means).collect())
    }
}
