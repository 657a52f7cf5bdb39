//! The state of a run for views: plain numbers, no GPU type.

use crate::engine::Outcome;
use crate::mask::{self, Bits};
use crate::model::{Group, Model};
use crate::shared::Record;

/// The state of a run after a submit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Steps done.
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
    /// Passes over the training set, with fractions.
    pub epoch: f64,
    /// `[U]`
    pub scores: Vec<f32>,
    /// `[U]` pairs ([`mask::pair`]): whether m and m′ of the last step kept the unit. m′ has no meaning for a method with one forward pass; see
    /// [`Snapshot::masks`].
    pub mask: Vec<u8>,
    /// `[U]` the [decided mask](mask::decided) of these scores.
    pub decided: Vec<bool>,
    /// Kept units of each group under m.
    pub kept: Vec<u32>,
    /// Kept units of each group under m′.
    pub probe_kept: Vec<u32>,
    /// K of the last step; before the first step, K of the first.
    pub budget: f32,
    /// Σs of the current scores, each counted at its unit's price: what they take of the budget.
    pub sum_scores: f64,
    /// v of the last projection.
    pub threshold: f32,
    /// Whether there was a forward pass under the probe m′. Otherwise its loss has no meaning.
    pub probed: bool,
    /// The steps of this submit.
    pub records: Vec<Record>,
    /// B
    pub batch_size: u32,
}

impl Snapshot {
    #[expect(clippy::too_many_arguments, reason = "it copies values of the trainer and is called in one place")]
    pub(crate) fn new(
        model: &Model,
        batch_size: u32,
        step: u32,
        steps: u32,
        steps_per_epoch: u32,
        probed: bool,
        budget: f32,
        decided: Vec<bool>,
        outcome: Outcome,
    ) -> Self {
        let groups = model.groups.len();
        let last = outcome.records.last().copied();
        let kept = |of: fn(&Record) -> &[u32]| last.as_ref().map_or_else(|| vec![0; groups], |record| of(record)[..groups].to_vec());
        Self {
            step,
            steps,
            epoch: f64::from(step) / f64::from(steps_per_epoch),
            sum_scores: outcome.scores.iter().zip(model.prices()).map(|(&score, price)| f64::from(price) * f64::from(score)).sum(),
            decided,
            mask: outcome.units.iter().map(|&bits| Bits(bits).kept()).collect(),
            scores: outcome.scores,
            kept: kept(|record| &record.kept),
            probe_kept: kept(|record| &record.probe_kept),
            budget,
            threshold: last.map_or(0.0, |record| record.threshold),
            probed,
            records: outcome.records,
            batch_size,
        }
    }
}

impl Snapshot {
    /// How many units of each gated group the [decided mask](mask::decided) keeps.
    #[must_use]
    pub fn decided_kept(&self, model: &Model) -> Vec<u32> {
        mask::counts(model, &self.decided)
    }

    /// `[U]` pairs ([`mask::pair`]): which units the last step kept. If there was no forward pass under m′, m is in both places. Before the first
    /// step both have the units that are more likely kept than not: s ≥ ½.
    #[must_use]
    pub fn masks(&self) -> Vec<u8> {
        if self.step == 0 {
            let of_score = |&score: &f32| mask::pair(score >= 0.5, score >= 0.5);
            return self.scores.iter().map(of_score).collect();
        }
        self.mask.iter().map(|&pair| if self.probed { pair } else { mask::same(pair) }).collect()
    }

    /// How many units of every group the last step kept, under m and under m′. If there was no forward pass under m′, the numbers are those of m.
    /// Before the first step they are the expected numbers.
    #[must_use]
    pub fn mask_kept(&self, model: &Model) -> [Vec<u32>; 2] {
        if self.step == 0 {
            let share = |group: &Group| {
                let scores = &self.scores[group.units()];
                scores.iter().map(|&score| f64::from(score)).sum::<f64>() / f64::from(group.size)
            };
            let expected = |(group, share): (&Group, f64)| ((share * f64::from(group.size)).round() as u32).max(1);
            let expected: Vec<u32> = model.groups.iter().zip(model.shares(share)).map(expected).collect();
            return [expected.clone(), expected];
        }
        let masks = self.masks();
        let count = |units: &Vec<bool>| (units.iter().filter(|&&kept| kept).count() as u32).max(1);
        [0, 1].map(|z: usize| {
            let kept: Vec<bool> = masks.iter().map(|&pair| mask::split(pair)[z]).collect();
            model.kept_units(&kept).iter().map(count).collect()
        })
    }
}
