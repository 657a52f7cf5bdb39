//! The rates, the budget and the training rows of each step. They are computed on the CPU in f64, so that the parts of a submit agree and a run does
//! not depend on a device's cosine.

use rand::seq::SliceRandom;

use crate::config::{Config, RateSchedule};
use crate::random::{Stream, Threefry};
use crate::shared::{Params, Sample, Step};

/// Adam's decay rates, as in `shaders/update_scores.wgsl`.
pub const BETA1: f64 = 0.9;
pub const BETA2: f64 = 0.999;

/// The scheduled values for `step` of a run of `steps` on a network of `units` gated units.
#[must_use]
pub fn step_at(config: &Config, units: u32, step: u32, steps: u32) -> Step {
    let fall = match config.rate_schedule {
        RateSchedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * f64::from(step) / f64::from(steps.max(1))).cos()),
        RateSchedule::Constant => 1.0,
    };
    let time = i32::try_from(step.saturating_add(1)).unwrap_or(i32::MAX);
    Step {
        step,
        learning_rate: (config.learning_rate * fall) as f32,
        scores_rate: (config.scores_rate * fall) as f32,
        budget: (config.budget().keep_at(step, steps) * f64::from(units)) as f32,
        first_correction: (1.0 - BETA1.powi(time)) as f32,
        second_correction: (1.0 - BETA2.powi(time)) as f32,
    }
}

/// Pixels that an image may be shifted by in each direction (as is usual for CIFAR).
const FARTHEST: u32 = 4;

/// The augmentation of image `index` of the batch of `step`: a shift of up to four pixels each way, and whether it is mirrored. A pure function of
/// its arguments, drawn on the CPU.
#[must_use]
pub fn view(seed: u32, step: u32, index: u32) -> u32 {
    let [word, mirrored] = crate::random::threefry([seed, Stream::View as u32], [step, index]);
    let shift = |word: u32| 128 - FARTHEST + (word & 0xffff) * (2 * FARTHEST + 1) / 0x1_0000;
    shift(word) | shift(word >> 16) << 8 | (mirrored >> 31) << 16
}

/// The feature of the row that an image has at the place of `feature`; none outside the image.
#[must_use]
pub fn shown_from(params: &Params, view: u32, feature: u32) -> Option<u32> {
    let area = params.height * params.width;
    let (row, column) = (feature % area / params.width, feature % params.width);
    let column = if view >> 16 & 1 == 1 { params.width - 1 - column } else { column };
    let moved = |at: u32, by: u32, size: u32| (at + (by & 0xff)).checked_sub(128).filter(|&at| at < size);
    let (row, column) = (moved(row, view, params.height)?, moved(column, view >> 8, params.width)?);
    Some(feature / area * area + row * params.width + column)
}

/// The images of a batch of `rows`, without augmentation.
#[must_use]
pub fn plain(rows: impl IntoIterator<Item = u32>) -> Vec<Sample> {
    rows.into_iter().map(|row| Sample { row, view: Sample::PLAIN }).collect()
}

/// Rows that the first epoch shuffles among themselves. So many must have arrived before training can start.
pub const BLOCK: u32 = 4096;

/// The order in which the training rows are visited. Each epoch is a permutation. The first one only shuffles within blocks of [`BLOCK`] rows, so
/// that training can begin while later rows are still arriving and a link still repeats a run exactly.
#[derive(Clone, Debug)]
pub struct Order {
    seed: u32,
    rows: u32,
    batch_size: u32,
    epoch: u32,
    permutation: Vec<u32>,
}

impl Order {
    /// The order of `rows` rows in batches of `batch_size`, which must not be more.
    #[must_use]
    pub fn new(seed: u32, rows: u32, batch_size: u32) -> Self {
        assert!(rows >= batch_size, "a batch of {batch_size} needs as many rows, not {rows}");
        let mut order = Self { seed, rows, batch_size, epoch: 0, permutation: Vec::new() };
        order.shuffle(0);
        order
    }

    /// Steps of an epoch; an incomplete last batch is left out.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u32 {
        self.rows / self.batch_size
    }

    /// The `[B]` rows of `step`.
    pub fn batch(&mut self, step: u32) -> &[u32] {
        let epoch = step / self.steps_per_epoch();
        if epoch != self.epoch {
            self.shuffle(epoch);
        }
        let first = (step % self.steps_per_epoch() * self.batch_size) as usize;
        &self.permutation[first..first + self.batch_size as usize]
    }

    /// How many rows must have arrived, from the first on, before `step` can run.
    #[must_use]
    pub fn rows_needed(&self, step: u32) -> u32 {
        if step >= self.steps_per_epoch() {
            return self.rows;
        }
        ((step + 1) * self.batch_size).next_multiple_of(BLOCK).min(self.rows)
    }

    fn shuffle(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.permutation = (0..self.rows).collect();
        let mut random = Threefry::new(self.seed, Stream::Order, epoch);
        let block = if epoch == 0 { BLOCK } else { self.rows };
        for rows in self.permutation.chunks_mut(block as usize) {
            rows.shuffle(&mut random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Schedule;

    #[test]
    fn the_cubic_budget_comes_down_once_and_stays() {
        let config = Config { keep_ratio: 0.2, keep_start: 0.999, anneal_fraction: 0.6, ..Config::default() };
        let keeps: Vec<f64> = (0..=1000).map(|step| config.budget().keep_at(step, 1000)).collect();
        assert!((keeps[0] - 0.999).abs() < 1e-12);
        assert!(keeps.windows(2).all(|pair| pair[1] <= pair[0]));
        assert!((keeps[300] - (0.2 + 0.799 * 0.125)).abs() < 1e-12);
        assert!(keeps[600..].iter().all(|&keep| keep == 0.2));
        let constant = Config { schedule: Schedule::Constant, ..config };
        assert!((0..1000).all(|step| constant.budget().keep_at(step, 1000) == 0.2));
    }

    #[test]
    fn every_view_is_as_likely_as_another_and_fixed_by_its_arguments() {
        let mut seen = std::collections::BTreeMap::<u32, u32>::new();
        for step in 0..1000 {
            for index in 0..128 {
                *seen.entry(view(7, step, index)).or_default() += 1;
            }
        }
        // Nine places down, nine across, mirrored or not.
        assert_eq!(seen.len(), 9 * 9 * 2);
        let expected = 128_000.0 / 162.0;
        assert!(seen.values().all(|&count| (f64::from(count) - expected).abs() < 5.0 * f64::sqrt(expected)), "{seen:?}");
        assert!(seen.keys().all(|view| (124..=132).contains(&(view & 0xff)) && (124..=132).contains(&(view >> 8 & 0xff))));
        assert_eq!(view(7, 3, 5), view(7, 3, 5));
        assert_ne!((0..20).map(|index| view(7, 3, index)).collect::<Vec<_>>(), (0..20).map(|index| view(8, 3, index)).collect::<Vec<_>>());
    }

    #[test]
    fn rates_fall_along_a_cosine() {
        let config = Config { learning_rate: 0.1, ..Config::default() };
        let rate = |step| f64::from(step_at(&config, 10, step, 100).learning_rate);
        assert!((rate(0) - 0.1).abs() < 1e-8 && (rate(50) - 0.05).abs() < 1e-8 && rate(100) < 1e-8);
    }

    #[test]
    fn every_epoch_visits_each_row_once_and_the_first_in_blocks() {
        let mut order = Order::new(3, 10_000, 100);
        let mut epochs = Vec::new();
        for epoch in 0..3 {
            let rows: Vec<u32> = (0..100).flat_map(|step| order.batch(epoch * 100 + step).to_vec()).collect();
            let mut sorted = rows.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10_000).collect::<Vec<_>>());
            epochs.push(rows);
        }
        assert_ne!(epochs[1], epochs[2]);
        for step in 0..100 {
            let needed = order.rows_needed(step);
            assert!(epochs[0][step as usize * 100..][..100].iter().all(|&row| row < needed), "step {step}");
        }
        assert_eq!(order.rows_needed(0), BLOCK);
        assert_eq!(order.rows_needed(100), 10_000);
        assert_eq!(order.batch(7).to_vec(), epochs[0][700..800], "an earlier epoch can be asked for again");
    }
}
