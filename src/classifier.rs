//! Classifies any image with the current network of a run: the probabilities of the classes under the decided mask and under sampled masks, and what
//! each part of the image contributes. The run is not changed.
//!
//! A contribution is an exact difference, not a gradient: by how much log p(class) under the decided mask falls when a square of pixels is replaced
//! by its mean, rounded to a byte. The mean is also the value of an input that is off. Squares are one pixel wide where the network is small enough
//! for that. They are larger for a convolutional network, whose forward pass takes a hundred times the work.

use crate::device::DeviceError;
use crate::engine::Engine;
use crate::mask::{self, Bits};
use crate::model::{Image, Model};
use crate::schedule::plain;
use crate::shared::MISSING;
use crate::trainer::{TrainError, Trainer};

/// Images of a batch: few, because most batches hold one image under one more mask.
const BATCH: u32 = 8;
/// Most batches of a submit.
pub const MOST_BATCHES: u32 = 16;
/// Masks that are sampled.
pub const MASKS: u32 = 32;
/// Counter of their first draw. It is far from the counters of evaluations, which count up from 1, and of the final selection, which count down from
/// 2³².
const FIRST_DRAW: u32 = 1 << 30;
/// Sides of the squares, in pixels, from fine to coarse.
const SIDES: [u32; 4] = [1, 2, 4, 8];

/// What each square of the image contributes to its most probable class.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributions {
    /// The most probable class under the decided mask.
    pub class: u32,
    /// Side of a square in pixels. All colours of its pixels are replaced together.
    pub side: u32,
    pub across: u32,
    pub down: u32,
    /// `[down, across]` log p(class), less its value with the square at its mean: positive where the square is evidence for the class. NaN until it
    /// is computed, 0 where no feature of the square is kept.
    pub values: Vec<f64>,
    /// Squares not computed yet. The next one is the last of the list.
    left: Vec<u32>,
}

/// A copy of a network that classifies one image at a time.
#[derive(Debug)]
pub struct Classifier {
    model: Model,
    shape: Image,
    engine: Engine,
    image: Vec<u8>,
    /// The step of the run at which the weights were copied.
    step: u32,
    most_work: u64,
    /// `[classes]`
    decided: Vec<f64>,
    /// `[masks so far][classes]`
    sampled: Vec<Vec<f64>>,
    contributions: Option<Contributions>,
}

impl Classifier {
    /// A classifier of the run's network. `most_work`: multiply-adds that all squares of an image may take together.
    ///
    /// # Errors
    /// The device cannot hold the copy.
    pub fn new(run: &Trainer, most_work: u64) -> Result<Self, TrainError> {
        Ok(Self {
            model: run.model.clone(),
            shape: run.data.image(),
            engine: run.evaluator(MOST_BATCHES * BATCH, BATCH)?,
            image: Vec::new(),
            step: 0,
            most_work,
            decided: Vec::new(),
            sampled: Vec::new(),
            contributions: None,
        })
    }

    /// Whether the run still has the network of this classifier. A run that was compacted has another one.
    #[must_use]
    pub fn is_of(&self, run: &Trainer) -> bool {
        self.model == run.model
    }

    /// Takes an image of `[I]` bytes and the current weights of the run. Earlier results are dropped.
    ///
    /// # Errors
    /// The device is lost.
    ///
    /// # Panics
    /// An image of another size, or a run that has another network ([`Classifier::is_of`]).
    pub async fn begin(&mut self, run: &Trainer, image: &[u8]) -> Result<(), TrainError> {
        assert!(self.is_of(run), "the network of the run has changed");
        assert_eq!(image.len(), self.shape.features() as usize, "bytes of an image");
        run.update_evaluator(&mut self.engine).await?;
        self.image = image.to_vec();
        self.step = run.step();
        self.decided.clear();
        self.sampled.clear();
        self.contributions = None;
        Ok(())
    }

    /// The step of the run at which the weights were copied.
    #[must_use]
    pub fn step(&self) -> u32 {
        self.step
    }

    /// `[classes]` probabilities under the decided mask; empty before the first [`Classifier::sample`].
    #[must_use]
    pub fn decided(&self) -> &[f64] {
        &self.decided
    }

    /// `[masks so far][classes]` probabilities under sampled masks.
    #[must_use]
    pub fn sampled(&self) -> &[Vec<f64>] {
        &self.sampled
    }

    #[must_use]
    pub fn contributions(&self) -> Option<&Contributions> {
        self.contributions.as_ref()
    }

    /// Classifies the image under the decided mask and under at most `batches` more sampled masks. Returns how many were sampled: 0 once there are
    /// [`MASKS`].
    ///
    /// # Errors
    /// The device is lost.
    pub async fn sample(&mut self, batches: u32) -> Result<u32, DeviceError> {
        let done = self.sampled.len() as u32;
        let count = (MASKS - done).min(batches.clamp(1, MOST_BATCHES));
        if count == 0 {
            return Ok(0);
        }
        let draws: Vec<u32> = (0..count).map(|index| FIRST_DRAW + done + index).collect();
        let rows = (0..count * BATCH).map(|index| if index % BATCH == 0 { 0 } else { MISSING });
        let image = self.image.clone();
        let found = self.probabilities(&image, &draws, rows).await?;
        for [decided, sampled] in found.into_iter().step_by(BATCH as usize) {
            self.decided = decided;
            self.sampled.push(sampled);
        }
        Ok(count)
    }

    /// Computes at most `batches` more batches of squares. Returns how many were computed: 0 once all are.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn explain(&mut self, batches: u32) -> Result<u32, DeviceError> {
        if self.decided.is_empty() {
            self.sample(1).await?;
        }
        if self.contributions.is_none() {
            self.contributions = Some(self.squares().await?);
        }
        let means = self.means().await?;
        let Some(contributions) = &mut self.contributions else { unreachable!("it was just made") };
        let left = contributions.left.len();
        let squares = contributions.left.split_off(left - left.min((batches.clamp(1, MOST_BATCHES) * BATCH) as usize));
        if squares.is_empty() {
            return Ok(0);
        }
        let (class, side, across) = (contributions.class as usize, contributions.side, contributions.across);
        let images: Vec<u8> = squares
            .iter()
            .flat_map(|square| {
                let mut image = self.image.clone();
                for feature in features(self.shape, side, square % across, square / across) {
                    image[feature] = means[feature];
                }
                image
            })
            .collect();
        let count = (squares.len() as u32).div_ceil(BATCH);
        let rows = (0..count * BATCH).map(|index| if (index as usize) < squares.len() { index } else { MISSING });
        let found = self.probabilities(&images, &vec![FIRST_DRAW; count as usize], rows).await?;
        let whole = self.decided[class].ln();
        let Some(contributions) = &mut self.contributions else { unreachable!("it was just there") };
        for (&square, [decided, _]) in squares.iter().zip(&found) {
            // A probability that rounds to 0 must not give an infinite logarithm.
            contributions.values[square as usize] = whole.max(-1e3) - decided[class].ln().max(-1e3);
        }
        Ok(count)
    }

    /// The squares of the image. Those with a kept feature are yet to be computed.
    async fn squares(&self) -> Result<Contributions, DeviceError> {
        let Image { height, width, .. } = self.shape;
        let forward = 2 * self.model.multiply_adds(&self.model.sizes(), None).forward;
        let cost = |side: u32| u64::from(height.div_ceil(side)) * u64::from(width.div_ceil(side)) * forward;
        let side = SIDES.into_iter().find(|&side| cost(side) <= self.most_work).unwrap_or(SIDES[SIDES.len() - 1]);
        let (across, down) = (width.div_ceil(side), height.div_ceil(side));
        let kept = self.kept_features().await?;
        let mut contributions = Contributions {
            class: self.decided.iter().zip(0..).max_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(0, |(_, class)| class),
            side,
            across,
            down,
            values: vec![0.0; (across * down) as usize],
            left: Vec::new(),
        };
        for square in (0..across * down).rev() {
            if features(self.shape, side, square % across, square / across).any(|feature| kept[feature]) {
                contributions.values[square as usize] = f64::NAN;
                contributions.left.push(square);
            }
        }
        Ok(contributions)
    }

    /// `[I]` which features the decided mask keeps.
    async fn kept_features(&self) -> Result<Vec<bool>, DeviceError> {
        let inputs = &self.model.groups[0];
        let mut kept = vec![!inputs.gated; self.shape.features() as usize];
        if !inputs.gated {
            return Ok(kept);
        }
        let units: Vec<u32> = self.engine.read(&self.engine.buffers.units).await?;
        let numbers: Vec<u32> = self.engine.read(&self.engine.buffers.numbers).await?;
        let pixels = self.model.maps[0].pixels() as usize;
        for unit in inputs.units() {
            let first = numbers[unit] as usize * pixels;
            kept[first..first + pixels].fill(mask::split(Bits(units[unit]).kept())[0]);
        }
        Ok(kept)
    }

    /// `[I]` the mean of each feature, as the byte nearest to it.
    async fn means(&self) -> Result<Vec<u8>, DeviceError> {
        let shifts: Vec<f32> = self.engine.read(&self.engine.buffers.shifts).await?;
        let scale = self.engine.params.scale;
        Ok(shifts[..self.shape.features() as usize].iter().map(|shift| (-shift / scale).round() as u8).collect())
    }

    /// `[images]` of probabilities under the decided mask and under the mask that each batch draws. `rows` says which image is at each place of the
    /// batches.
    async fn probabilities(
        &mut self,
        images: &[u8],
        draws: &[u32],
        rows: impl Iterator<Item = u32>,
    ) -> Result<Vec<[Vec<f64>; 2]>, DeviceError> {
        let mut bytes = images.to_vec();
        bytes.resize(images.len().next_multiple_of(4), 0);
        self.engine.write(&self.engine.buffers.inputs, &bytes);
        let mut params = vec![self.engine.params; draws.len()];
        params.iter_mut().zip(draws).for_each(|(params, &draw)| params.draw = draw);
        let logits = self.engine.logits(&params, &plain(rows)).await?;
        let (classes, stride) = (self.model.groups.last().map_or(0, |group| group.size) as usize, self.engine.params.batch_stride as usize);
        let half = logits.len() / draws.len() / 2;
        let of = |mask: &[f32], image: usize| softmax((0..classes).map(|class| f64::from(mask[class * stride + image])));
        Ok(logits
            .chunks_exact(2 * half)
            .flat_map(|batch| (0..BATCH as usize).map(|image| [of(&batch[..half], image), of(&batch[half..], image)]))
            .collect())
    }
}

fn softmax(logits: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let highest = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.clone().map(|logit| (logit - highest).exp()).sum();
    logits.map(|logit| (logit - highest).exp() / total).collect()
}

/// The features of a square of pixels, all channels of each; at the border it may be smaller.
fn features(Image { channels, height, width }: Image, side: u32, column: u32, row: u32) -> impl Iterator<Item = usize> {
    let rows = row * side..((row + 1) * side).min(height);
    let columns = column * side..((column + 1) * side).min(width);
    (0..channels).flat_map(move |channel| {
        let columns = columns.clone();
        rows.clone().flat_map(move |y| columns.clone().map(move |x| ((channel * height + y) * width + x) as usize))
    })
}
