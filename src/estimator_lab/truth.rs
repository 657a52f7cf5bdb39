//! The true gradient of E L at the scores: from all masks, or estimated from many.

use crate::estimators::Moments;

/// The source of D = ∂E L/∂s.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// The loss under every mask: exact up to the rounding of the losses.
    Enumerated(Enumeration),
    /// Other masks, with a standard error.
    LongRun(LongRun),
}

/// D of one unit and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    pub(super) value: f64,
    pub(super) error: f64,
}

impl Truth {
    /// `[F]` D of each undecided unit; `None` before enough losses are known.
    pub(super) fn slopes(&self, scores: &[f64]) -> Option<Vec<Slope>> {
        match self {
            Self::Enumerated(found) => {
                let slope = |moments: &Moments| Slope { value: moments.slope(), error: 0.0 };
                Some(found.moments(scores, &vec![0.0; scores.len()])?.iter().map(slope).collect())
            }
            Self::LongRun(found) => found.slopes(scores),
        }
    }
}

/// The losses of all masks of F units, in order: bit i of a mask's number is unit i.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumeration {
    losses: Vec<f64>,
    all: u32,
}

impl Enumeration {
    /// For the masks of `units` units, with no losses yet.
    #[must_use]
    pub fn new(units: usize) -> Self {
        Self { losses: Vec::new(), all: 1 << units }
    }

    /// Masks whose losses are known.
    #[must_use]
    pub fn done(&self) -> u32 {
        self.losses.len() as u32
    }

    #[must_use]
    pub fn left(&self) -> u32 {
        self.all - self.done()
    }

    pub(super) fn extend(&mut self, losses: Vec<f64>) {
        self.losses.extend(losses);
    }

    /// `[F]` of the losses less Σ c m, once all losses are known. `control`: `[F]` c.
    pub(super) fn moments(&self, scores: &[f64], control: &[f64]) -> Option<Vec<Moments>> {
        if self.left() > 0 {
            return None;
        }
        let mut moments: Vec<Moments> = scores.iter().map(|&score| Moments { score, ..Moments::default() }).collect();
        for (number, loss) in self.losses.iter().enumerate() {
            let is_on = |unit: usize| number >> unit & 1 == 1;
            let loss = loss - control.iter().enumerate().map(|(unit, c)| if is_on(unit) { *c } else { 0.0 }).sum::<f64>();
            let probability: f64 = scores.iter().enumerate().map(|(unit, s)| if is_on(unit) { *s } else { 1.0 - s }).product();
            for (unit, moments) in moments.iter_mut().enumerate() {
                // Given this unit's mask, only the other units are random.
                let (given, own) = if is_on(unit) { (&mut moments.on, scores[unit]) } else { (&mut moments.off, 1.0 - scores[unit]) };
                given[0] += probability / own * loss;
                given[1] += probability / own * loss * loss;
            }
        }
        Some(moments)
    }
}

/// D of the mean loss of several mini-batches: the mean of the covariance of L and m over the masks of each, divided by h:
///
/// ```text
/// D = 1/(N−1) Σᵢ (Lᵢ − L̄) (mᵢ − s) / h
/// ```
///
/// It has no bias. Of one batch it is the mean of the two-sided estimator over all pairs that N masks can form.
#[derive(Clone, Debug, PartialEq)]
pub struct LongRun {
    /// Of each batch.
    batches: Vec<Sums>,
}

/// Sums over the masks of one mini-batch.
#[derive(Clone, Debug, PartialEq)]
struct Sums {
    /// Count, sum of L and of L² over the masks.
    all: [f64; 3],
    /// `[F]` the same over the masks that keep the unit.
    kept: Vec<[f64; 3]>,
    /// The first loss. The sums are of differences from it, which loses no precision if losses differ little.
    origin: f64,
}

impl LongRun {
    /// For `units` units and so many mini-batches, with no masks yet.
    #[must_use]
    pub fn new(units: usize, batches: usize) -> Self {
        Self { batches: vec![Sums { all: [0.0; 3], kept: vec![[0.0; 3]; units], origin: 0.0 }; batches] }
    }

    /// Masks so far, of all batches.
    #[must_use]
    pub fn masks(&self) -> u64 {
        self.batches.iter().map(|batch| batch.all[0] as u64).sum()
    }

    /// Adds the loss of mini-batch `batch` under a mask.
    pub(super) fn add(&mut self, batch: usize, loss: f64, mask: &[bool]) {
        self.batches[batch].add(loss, mask);
    }

    /// `None` until each batch has two masks.
    fn slopes(&self, scores: &[f64]) -> Option<Vec<Slope>> {
        let count = self.batches.len() as f64;
        let mut slopes = vec![Slope { value: 0.0, error: 0.0 }; scores.len()];
        for batch in &self.batches {
            for (sum, of) in slopes.iter_mut().zip(batch.slopes(scores)?) {
                *sum = Slope { value: sum.value + of.value / count, error: sum.error.hypot(of.error / count) };
            }
        }
        Some(slopes)
    }
}

impl Sums {
    fn add(&mut self, loss: f64, mask: &[bool]) {
        if self.all[0] == 0.0 {
            self.origin = loss;
        }
        let loss = loss - self.origin;
        let sums = [1.0, loss, loss * loss];
        let kept = self.kept.iter_mut().zip(mask).filter(|(_, kept)| **kept).map(|(sums, _)| sums);
        for of in std::iter::once(&mut self.all).chain(kept) {
            for (of, sum) in of.iter_mut().zip(sums) {
                *of += sum;
            }
        }
    }

    fn slopes(&self, scores: &[f64]) -> Option<Vec<Slope>> {
        let [count, sum, _] = self.all;
        if count < 2.0 {
            return None;
        }
        let mean = sum / count;
        // Σ (L − L̄)² over some of the masks.
        let spread = |[n, sum, square]: [f64; 3]| square - 2.0 * mean * sum + n * mean * mean;
        let slope = |(&s, &kept): (&f64, &[f64; 3])| {
            let h = s * (1.0 - s);
            let covariance = (kept[1] - mean * kept[0]) / (count - 1.0);
            let off = [0, 1, 2].map(|k| self.all[k] - kept[k]);
            let squares = (1.0 - s).powi(2) * spread(kept) + s * s * spread(off);
            let variance = (squares / count - covariance * covariance).max(0.0);
            Slope { value: covariance / h, error: (variance / count).sqrt() / h }
        };
        Some(scores.iter().zip(&self.kept).map(slope).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator_lab::Rule;
    use crate::estimators::{Estimator, Observed};
    use crate::random::{Stream, Threefry, draw};

    const SCORES: [f64; 3] = [0.5, 0.125, 0.9375];

    fn losses() -> Vec<f64> {
        let mut random = Threefry::new(3, Stream::Data, 0);
        (0..8).map(|_| f64::from(random.unit_interval()) * 3.0).collect()
    }

    fn enumerated() -> Enumeration {
        let mut found = Enumeration::new(3);
        assert!(found.moments(&SCORES, &[0.0; 3]).is_none());
        found.extend(losses());
        found
    }

    fn probability(mask: usize) -> f64 {
        (0..3).map(|unit| if mask >> unit & 1 == 1 { SCORES[unit] } else { 1.0 - SCORES[unit] }).product()
    }

    /// The mean and the variance of each estimator, computed here by its formula over every pair of masks, equal those of this module.
    #[test]
    fn means_and_variances_are_those_over_all_pairs() {
        let (losses, moments) = (losses(), enumerated().moments(&SCORES, &[0.0; 3]).unwrap());
        let is_exact = |estimator: &Estimator| estimator.definition().is_unbiased && estimator.definition().mean_square.is_some();
        for estimator in Estimator::ALL.into_iter().filter(is_exact) {
            for alpha in crate::estimator_lab::ALPHAS {
                for unit in 0..3 {
                    let (mut mean, mut square) = (0.0, 0.0);
                    for pair in 0..64usize {
                        let (mask, probe) = (pair % 8, pair / 8);
                        let bit = |mask: usize| (mask >> unit & 1) as f64;
                        let observed = Observed {
                            score: SCORES[unit],
                            mask: bit(mask),
                            probe: bit(probe),
                            loss: losses[mask],
                            probe_loss: losses[probe],
                            ..Observed::default()
                        };
                        let g = estimator.gradient(alpha, &observed);
                        mean += probability(mask) * probability(probe) * g;
                        square += probability(mask) * probability(probe) * g * g;
                    }
                    let expected = (SCORES[unit] * (1.0 - SCORES[unit])).powf(alpha) * moments[unit].slope();
                    assert!((mean - expected).abs() < 1e-12, "{estimator:?} {alpha} unit {unit}: {mean} {expected}");
                    let (variance, found) = (square - mean * mean, estimator.variance(alpha, &moments[unit]).unwrap());
                    assert!((variance - found).abs() < 1e-9 * variance, "{estimator:?} {alpha} unit {unit}: {variance} {found}");
                }
            }
        }
        assert_eq!(Estimator::Ste.variance(0.0, &moments[0]), None);
    }

    /// So do those with a control variate, which the moments of the rest determine.
    #[test]
    fn a_control_variate_has_the_variance_of_the_rest() {
        let (losses, control) = (losses(), [0.4, -1.1, 0.2]);
        let [all, rest] = [[0.0; 3], control].map(|control| enumerated().moments(&SCORES, &control).unwrap());
        for alpha in crate::estimator_lab::ALPHAS {
            for unit in 0..3 {
                let (mut mean, mut square) = (0.0, 0.0);
                for pair in 0..64usize {
                    let (masks, bit) = ([pair % 8, pair / 8], |mask: usize, unit: usize| (mask >> unit & 1) as f64);
                    let [mask, probe] = masks.map(|mask| bit(mask, unit));
                    let [loss, probe_loss] = masks.map(|mask| losses[mask]);
                    let explained = (0..3).map(|unit| control[unit] * (bit(masks[0], unit) - bit(masks[1], unit))).sum();
                    let (score, effect) = (SCORES[unit], control[unit]);
                    let observed = Observed { score, mask, probe, loss, probe_loss, effect, explained, ..Observed::default() };
                    let g = Rule::ControlVariate.raw(&observed, 1.0) * (score * (1.0 - score)).powf(alpha - 1.0);
                    let weight = probability(masks[0]) * probability(masks[1]);
                    mean += weight * g;
                    square += weight * g * g;
                }
                let expected = (SCORES[unit] * (1.0 - SCORES[unit])).powf(alpha) * all[unit].slope();
                assert!((mean - expected).abs() < 1e-12, "{alpha} unit {unit}: {mean} {expected}");
                let (variance, found) = (square - mean * mean, Rule::ControlVariate.variance(alpha, &all[unit], &rest[unit]).unwrap());
                assert!((variance - found).abs() < 1e-9 * variance, "{alpha} unit {unit}: {variance} {found}");
            }
        }
    }

    #[test]
    fn a_long_run_estimates_the_enumerated_gradient_within_its_error() {
        let exact: Vec<Slope> = Truth::Enumerated(enumerated()).slopes(&SCORES).unwrap();
        let (losses, mut found) = (losses(), LongRun::new(3, 2));
        assert!(Truth::LongRun(found.clone()).slopes(&SCORES).is_none());
        for counter in 0..20_000 {
            let mask: Vec<bool> = (0..3).map(|unit| draw(5, Stream::Mask, counter, unit, SCORES[unit as usize] as f32)).collect();
            let number = mask.iter().enumerate().map(|(unit, &kept)| usize::from(kept) << unit).sum::<usize>();
            found.add(counter as usize % 2, losses[number] + f64::from(counter % 2), &mask);
        }
        let slopes = found.slopes(&SCORES).unwrap();
        for (found, exact) in slopes.iter().zip(&exact) {
            assert!((found.value - exact.value).abs() < 4.0 * found.error, "{found:?} {exact:?}");
            assert!(found.error < 0.05 * 3.0, "{found:?}");
        }
    }
}
