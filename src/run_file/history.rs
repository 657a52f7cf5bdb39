//! The score and the masks of every unit over the run, in bounded memory. When all columns are used, every second one is removed, and each of
//! the others represents twice as many steps.

use crate::model::Model;
use crate::snapshot::Snapshot;

const MOST_COLUMNS: usize = 512;
const FEWEST_COLUMNS: usize = 64;
const MOST_BYTES: usize = 48 << 20;

/// The scores and masks of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    pub step: u32,
    /// `[U]` scores as bytes ([`shades`]): only 0 and 255 are scores of exactly 0 and 1.
    pub scores: Vec<u8>,
    /// `[U]` pairs ([`crate::mask::pair`]): whether m and m′ keep the unit.
    pub mask: Vec<u8>,
    /// `[G]` kept units under m.
    pub kept: Vec<u32>,
    /// `[G]` kept units under m′.
    pub probe_kept: Vec<u32>,
    pub budget: f32,
    pub sum_scores: f32,
}

/// Moments of a run at equal distances.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub(super) capacity: usize,
    /// Steps of one column. At first it is less than 1, chosen so that after some doublings the last step is in the last column.
    pub(super) stride: f64,
    pub(super) columns: Vec<Moment>,
}

/// Most columns for a network of so many units, an even number.
pub(super) fn capacity(units: u32) -> usize {
    ((MOST_BYTES / (2 * units as usize).max(1)) & !1).clamp(FEWEST_COLUMNS, MOST_COLUMNS)
}

/// Converts scores, `[U]`, to bytes: 0 and 255 only for scores of exactly 0 and 1.
#[must_use]
pub fn shades(scores: &[f32]) -> Vec<u8> {
    scores.iter().copied().map(shade).collect()
}

fn shade(score: f32) -> u8 {
    match score {
        score if score <= 0.0 => 0,
        score if score >= 1.0 => 255,
        score => 1 + (score * 254.0).floor().min(253.0) as u8,
    }
}

impl History {
    /// For a run of `steps` steps, with fine-tuning.
    #[must_use]
    pub fn new(units: u32, steps: u32) -> Self {
        let capacity = capacity(units);
        let mut stride = (f64::from(steps) + 1.0) / capacity as f64;
        while stride > 1.0 {
            stride /= 2.0;
        }
        Self { capacity, stride, columns: Vec::new() }
    }

    /// Adds a snapshot; `budget` is its K. Columns between the last one and this one get the same moment. Returns the index of its column.
    pub fn push(&mut self, model: &Model, snapshot: &Snapshot, budget: f32) -> usize {
        let place = |stride: f64| (f64::from(snapshot.step) / stride).floor() as usize;
        while place(self.stride) >= self.capacity {
            self.halve();
        }
        let column = place(self.stride);
        let [kept, probe_kept] = snapshot.mask_kept(model);
        let moment = Moment {
            step: snapshot.step,
            scores: shades(&snapshot.scores),
            mask: snapshot.masks(),
            kept,
            probe_kept,
            budget,
            sum_scores: snapshot.sum_scores as f32,
        };
        if column < self.columns.len() {
            self.columns[column] = moment;
        } else {
            self.columns.resize(column + 1, moment);
        }
        column
    }

    fn halve(&mut self) {
        self.columns = std::mem::take(&mut self.columns).into_iter().step_by(2).collect();
        self.stride *= 2.0;
    }

    /// The same history with at most `columns` columns.
    pub(super) fn thinned(&self, columns: usize) -> Self {
        let mut thinned = self.clone();
        while thinned.capacity > columns.max(2) {
            thinned.halve();
            thinned.capacity = thinned.capacity.div_ceil(2);
        }
        // The last moment has the result of the run, so it is never removed.
        if let (Some(last), Some(end)) = (thinned.columns.last_mut(), self.columns.last()) {
            last.clone_from(end);
        }
        thinned
    }

    /// Most columns.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Steps of one column.
    #[must_use]
    pub fn stride(&self) -> f64 {
        self.stride
    }

    /// In the order of their steps.
    #[must_use]
    pub fn moments(&self) -> &[Moment] {
        &self.columns
    }
}
