//! Statistics of the samples drawn so far.

use crate::estimators::{Estimator, Largest, Moments, Observed, Reads};
use crate::mask;

use super::report::{Report, Unit, row};
use super::truth::{Slope, Truth};
use super::{ALPHAS, MOST_STORED, PAIRS_A_DERIVATIVE};

/// A unit's bias is judged if pairs · s(1−s) is at least this: the mean of a few rare events has no reliable error. The rule uses s and the number of
/// pairs, never the drawn values.
const ENOUGH: f64 = 25.0;
/// How much rounding the losses to f32 may shift a mean, as a share of the largest loss.
const ROUNDING: f64 = 1e-6;

/// Sums over one estimator's samples.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    count: u32,
    /// `[F]` sums of raw to raw⁴, where g = raw · h^(α + the estimator's exponent).
    powers: Vec<[f64; 4]>,
}

impl Sums {
    fn add(&mut self, raw: impl Iterator<Item = f64>) {
        self.count += 1;
        for (powers, raw) in self.powers.iter_mut().zip(raw) {
            let square = raw * raw;
            for (sum, power) in powers.iter_mut().zip([raw, square, square * raw, square * square]) {
                *sum += power;
            }
        }
    }
}

/// Sums over the losses of all pairs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    /// The first loss. The sums are of differences from it, which loses no precision if losses differ little.
    origin: Option<f64>,
    sum: f64,
    square: f64,
    largest: Largest,
}

impl Losses {
    fn add(&mut self, [loss, probe_loss]: [f64; 2]) {
        let origin = *self.origin.get_or_insert(loss);
        for difference in [loss - origin, probe_loss - origin] {
            self.sum += difference;
            self.square += difference * difference;
        }
        let Largest { difference, loss: most } = self.largest;
        self.largest = Largest { difference: difference.max((loss - probe_loss).abs()), loss: most.max(loss).max(probe_loss) };
    }

    /// Mean and standard deviation of the losses of `pairs` pairs.
    fn spread(&self, pairs: u32) -> [f64; 2] {
        let count = 2.0 * f64::from(pairs);
        let mean = self.sum / count;
        [self.origin.unwrap_or(0.0) + mean, ((self.square - count * mean * mean).max(0.0) / (count - 1.0)).sqrt()]
    }
}

/// The first pairs of masks over the undecided units, with their losses.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// L and L′ of each.
    pub(super) losses: Vec<[f64; 2]>,
    /// `[pairs, F]` of two bits ([`mask::pair`]), four units a byte; each pair of masks begins with a new byte.
    bits: Vec<u8>,
}

/// The samples so far: sums over all of them, and the first samples themselves.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    /// `[F]` scores of the undecided units.
    scores: Vec<f64>,
    /// As [`Estimator::ALL`].
    sums: [Sums; Estimator::ALL.len()],
    losses: Losses,
    /// The first [`MOST_STORED`] pairs.
    pub(super) pairs: Pairs,
    /// `[masks, F]` ∂L/∂m of the masks that belong to these pairs.
    derivatives: Vec<f32>,
    pub(super) truth: Truth,
}

impl Pairs {
    /// Adds the losses of a pair of masks and, `[F]`, which of the two masks have each unit.
    fn push(&mut self, losses: [f64; 2], pairs: &[u8]) {
        self.losses.push(losses);
        self.bits.extend(pairs.chunks(4).map(|four| four.iter().rev().fold(0, |byte, pair| byte << 2 | pair)));
    }

    /// Which masks of pair `index` have a unit, of `units` in all.
    fn pair(&self, index: usize, units: usize, unit: usize) -> u8 {
        self.bits[index * units.div_ceil(4) + unit / 4] >> (unit % 4 * 2) & mask::BOTH
    }
}

/// The estimators that read this from a step.
fn that_read(reads: Reads) -> impl Iterator<Item = Estimator> {
    Estimator::ALL.into_iter().filter(move |estimator| estimator.reads() == reads)
}

/// The values of a unit with score `s` under a pair of masks with these losses; `pair` says which masks have it.
fn observed([loss, probe_loss]: [f64; 2], pair: u8, s: f64) -> Observed {
    let [mask, probe] = mask::split(pair).map(|drawn| f64::from(u8::from(drawn)));
    Observed { score: s, mask, probe, loss, probe_loss, ..Observed::default() }
}

/// The values of a unit with score `s` and this derivative of the loss at its mask.
fn differentiated(derivative: f32, s: f64) -> Observed {
    Observed { score: s, derivative: derivative.into(), ..Observed::default() }
}

/// The numbers that the statistics of every estimator need.
struct Known {
    slopes: Vec<Slope>,
    moments: Option<Vec<Moments>>,
}

impl Drawn {
    /// No samples yet, for undecided units with these scores.
    pub(super) fn new(scores: Vec<f64>, truth: Truth) -> Self {
        let sums = Estimator::ALL.map(|_| Sums { count: 0, powers: vec![[0.0; 4]; scores.len()] });
        Self { scores, sums, losses: Losses::default(), pairs: Pairs::default(), derivatives: Vec::new(), truth }
    }

    /// Adds the losses of a pair of masks and, `[F]`, which of the two masks have each unit.
    pub(super) fn add_pair(&mut self, losses: [f64; 2], pairs: &[u8]) {
        self.losses.add(losses);
        for estimator in that_read(Reads::Losses) {
            self.sums[estimator as usize].add(pairs.iter().zip(&self.scores).map(|(&pair, &s)| estimator.raw(&observed(losses, pair, s))));
        }
        if self.pairs.losses.len() < MOST_STORED as usize {
            self.pairs.push(losses, pairs);
        }
    }

    /// Adds `[F]` ∂L/∂m under a mask.
    pub(super) fn add_derivatives(&mut self, derivatives: &[f32]) {
        for estimator in that_read(Reads::Derivative) {
            self.sums[estimator as usize]
                .add(derivatives.iter().zip(&self.scores).map(|(&value, &s)| estimator.raw(&differentiated(value, s))));
        }
        if self.derivatives.len() / self.scores.len() < (MOST_STORED / PAIRS_A_DERIVATIVE) as usize {
            self.derivatives.extend(derivatives);
        }
    }

    fn known(&self) -> Option<Known> {
        if self.pairs_drawn() < 2 {
            return None;
        }
        let moments = match &self.truth {
            Truth::Enumerated(found) => found.moments(&self.scores),
            Truth::LongRun(_) => None,
        };
        Some(Known { slopes: self.truth.slopes(&self.scores)?, moments })
    }

    /// Pairs of masks so far.
    pub(super) fn pairs_drawn(&self) -> u32 {
        self.samples(Estimator::TwoSided)
    }

    /// Masks so far with derivatives.
    pub(super) fn masks_differentiated(&self) -> u32 {
        self.samples(Estimator::Ste)
    }

    /// Samples of an estimator so far: pairs, or masks.
    fn samples(&self, estimator: Estimator) -> u32 {
        self.sums[estimator as usize].count
    }

    /// Samples of an estimator that are stored.
    fn stored(&self, estimator: Estimator) -> usize {
        match estimator.reads() {
            Reads::Losses => self.pairs.losses.len(),
            Reads::Derivative => self.derivatives.len() / self.scores.len(),
            Reads::Effects => 0,
        }
    }

    /// Stored sample `index` of an estimator: `[F]` raw, where g = raw · h^(α + the estimator's exponent).
    fn sample(&self, estimator: Estimator, index: usize, found: &mut [f64]) {
        let units = self.scores.len();
        for (unit, (found, &s)) in found.iter_mut().zip(&self.scores).enumerate() {
            *found = estimator.raw(&match estimator.reads() {
                Reads::Losses => observed(self.pairs.losses[index], self.pairs.pair(index, units, unit), s),
                Reads::Derivative => differentiated(self.derivatives[index * units + unit], s),
                Reads::Effects => unreachable!("no sample of it is stored"),
            });
        }
    }

    /// `[α, F]` h^exponent.
    fn preconditioners(&self, more: f64) -> Vec<Vec<f64>> {
        let of = |alpha: f64| self.scores.iter().map(|s| (s * (1.0 - s)).powf(alpha + more)).collect();
        ALPHAS.iter().map(|&alpha| of(alpha)).collect()
    }

    /// For each α, the sum over the stored samples of the cosines to the true gradient, and of their squares.
    fn cosines(&self, estimator: Estimator, slopes: &[Slope]) -> [[f64; 2]; ALPHAS.len()] {
        let mut cosines = [[0.0; 2]; ALPHAS.len()];
        let factors = self.preconditioners(estimator.exponent());
        let truths: Vec<Vec<f64>> =
            self.preconditioners(0.0).iter().map(|all| all.iter().zip(slopes).map(|(h, slope)| h * slope.value).collect()).collect();
        let norms: Vec<f64> = truths.iter().map(|truth| truth.iter().map(|value| value * value).sum::<f64>().sqrt()).collect();
        let mut found = vec![0.0; self.scores.len()];
        for index in 0..self.stored(estimator) {
            self.sample(estimator, index, &mut found);
            for (alpha, cosines) in cosines.iter_mut().enumerate() {
                let (mut along, mut square) = (0.0, 0.0);
                for ((raw, factor), truth) in found.iter().zip(&factors[alpha]).zip(&truths[alpha]) {
                    let g = raw * factor;
                    along += g * truth;
                    square += g * g;
                }
                let length = square.sqrt() * norms[alpha];
                let cosine = if length > 0.0 { along / length } else { 0.0 };
                cosines[0] += cosine;
                cosines[1] += cosine * cosine;
            }
        }
        cosines
    }

    fn units_of(&self, estimator: Estimator, alpha: f64, known: &Known) -> Vec<Unit> {
        let sums = &self.sums[estimator as usize];
        let n = f64::from(sums.count);
        let largest = self.losses.largest;
        let one = |(index, (&score, powers)): (usize, (&f64, &[f64; 4]))| {
            let h = score * (1.0 - score);
            let factor = h.powf(alpha + estimator.exponent());
            let [mean, square, cube, fourth] = powers.map(|sum| sum / n);
            let variance = (square - mean * mean).max(0.0) * n / (n - 1.0);
            let central = fourth - 4.0 * mean * cube + 6.0 * mean * mean * square - 3.0 * mean.powi(4);
            let slope = known.slopes[index];
            Unit {
                score,
                mean: mean * factor,
                mean_error: (variance / n).sqrt() * factor,
                truth: slope.value * h.powf(alpha),
                truth_error: (slope.error + ROUNDING * largest.loss) * h.powf(alpha),
                variance: variance * factor * factor,
                variance_error: ((central - variance * variance).max(0.0) / n).sqrt() * factor * factor,
                exact_variance: known.moments.as_ref().and_then(|moments| estimator.variance(alpha, &moments[index])),
                bound: estimator.bound(alpha, score, largest),
                is_judged: f64::from(self.pairs_drawn()) * h >= ENOUGH,
            }
        };
        self.scores.iter().zip(&sums.powers).enumerate().map(one).collect()
    }

    pub(super) fn units(&self, estimator: Estimator, alpha: f64) -> Option<Vec<Unit>> {
        let known = self.known()?;
        (self.samples(estimator) >= 2).then(|| self.units_of(estimator, alpha, &known))
    }

    pub(super) fn report(&self, step: u32, units: usize) -> Option<Report> {
        let known = self.known()?;
        let mut rows = Vec::new();
        for estimator in Estimator::ALL.into_iter().filter(|&estimator| self.samples(estimator) >= 2) {
            let (samples, kept) = (self.samples(estimator), self.stored(estimator) as u32);
            for (alpha, cosines) in ALPHAS.into_iter().zip(self.cosines(estimator, &known.slopes)) {
                rows.push(row(estimator, alpha, &self.units_of(estimator, alpha, &known), samples, cosines, kept));
            }
        }
        let norm = |of: fn(&Slope) -> f64| known.slopes.iter().map(|slope| of(slope).powi(2)).sum::<f64>().sqrt();
        let pairs = self.pairs_drawn();
        let (enumerated, truth_masks) = match &self.truth {
            Truth::Enumerated(found) => (Some(found.done()), u64::from(found.done())),
            Truth::LongRun(found) => (None, found.masks()),
        };
        Some(Report {
            step,
            pairs,
            enumerated,
            truth_masks,
            truth_error: norm(|slope| slope.error) / norm(|slope| slope.value),
            units: units as u32,
            undecided: self.scores.len() as u32,
            largest_difference: self.losses.largest.difference,
            largest_loss: self.losses.largest.loss,
            loss: self.losses.spread(pairs),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator_lab::{LongRun, Row, Verdict};
    use crate::random::{Stream, draw};
    use proptest::prelude::*;

    /// Pairs with an invented loss of nine units, a true gradient from other masks, and a chain rule that is `wrong` times as long.
    fn drawn(pairs: u32, wrong: f32) -> Drawn {
        let scores: Vec<f64> = [0.004f32, 0.05, 0.25, 0.5, 0.75, 0.89, 0.9, 0.95, 0.995].map(f64::from).to_vec();
        let mask =
            |stream, counter| -> Vec<bool> { (0..9).map(|unit| draw(2, stream, counter, unit, scores[unit as usize] as f32)).collect() };
        let loss = |mask: &[bool]| 2.0 + mask.iter().zip(1..).map(|(&on, k)| if on { 0.1 * f64::from(k % 4) } else { 0.3 }).sum::<f64>();
        let (mut found, mut truth) = (Drawn::new(scores.clone(), Truth::LongRun(LongRun::new(9))), LongRun::new(9));
        for counter in 0..pairs {
            let both = [mask(Stream::Mask, counter), mask(Stream::Probe, counter)];
            let kept: Vec<u8> = both[0].iter().zip(&both[1]).map(|(&m, &probe)| mask::pair(m, probe)).collect();
            found.add_pair([loss(&both[0]), loss(&both[1])], &kept);
            for stream in [Stream::Mask, Stream::Probe] {
                let mask = mask(stream, counter + pairs);
                truth.add(loss(&mask), &mask);
            }
        }
        // The loss is linear here: its derivative at the mask is the gradient.
        let derivatives: Vec<f32> = (1..10).map(|k| wrong * (0.1 * (k % 4) as f32 - 0.3)).collect();
        for _ in 0..pairs / 4 {
            found.add_derivatives(&derivatives);
        }
        found.truth = Truth::LongRun(truth);
        found
    }

    #[test]
    fn samples_are_the_gradients_of_the_kernel_and_no_report_comes_too_early() {
        let drawn = drawn(40, 1.0);
        let mut raw = vec![0.0; 9];
        for estimator in Estimator::ALL.into_iter().filter(|estimator| estimator.reads() == Reads::Losses) {
            for index in 0..40 {
                drawn.sample(estimator, index, &mut raw);
                let [loss, probe_loss] = drawn.pairs.losses[index];
                for (unit, &s) in drawn.scores.iter().enumerate() {
                    let on = |stream| f64::from(u8::from(draw(2, stream, index as u32, unit as u32, s as f32)));
                    let (mask, probe) = (on(Stream::Mask), on(Stream::Probe));
                    let observed = Observed { score: s, mask, probe, loss, probe_loss, ..Observed::default() };
                    let g = estimator.gradient(0.25, &observed);
                    assert!((raw[unit] * (s * (1.0 - s)).powf(-0.75) - g).abs() < 1e-12 * g.abs().max(1.0));
                }
            }
        }
        assert!(self::tests::drawn(1, 1.0).report(0, 9).is_none());
    }

    #[test]
    fn unbiased_estimators_and_a_wrong_factor_are_recognised() {
        let report = drawn(8000, 1.0).report(7, 12).unwrap();
        assert_eq!((report.step, report.units, report.undecided, report.pairs, report.enumerated), (7, 12, 9, 8000, None));
        let of_derivatives = |row: &&Row| row.estimator.reads() == Reads::Derivative;
        for row in &report.rows {
            let has_none = row.estimator.definition().is_unbiased || of_derivatives(&row);
            assert!(!has_none || row.verdict == Verdict::None, "{row:?}");
            assert_eq!(row.bins.iter().map(|bin| bin.units).sum::<u32>(), 9);
            assert!(row.summary.bound.is_none_or(|bound| row.summary.variance < bound * 1.2), "{row:?}");
        }
        // The chain rule of a linear loss has no variance and the direction of the true gradient.
        let found: Vec<&Row> = report.rows.iter().filter(of_derivatives).collect();
        assert!(found.len() == ALPHAS.len() && found.iter().all(|row| row.summary.variance < 1e-9 && row.cosine > 0.99), "{found:?}");
        let report = drawn(8000, 1.3).report(7, 12).unwrap();
        let found: Vec<&Row> = report.rows.iter().filter(of_derivatives).collect();
        assert!(found.len() == ALPHAS.len() && found.iter().all(|row| row.verdict == Verdict::Biased), "{found:?}");
    }

    #[test]
    fn memory_does_not_grow_with_the_pairs_and_the_sums_are_over_all_pairs() {
        let drawn = drawn(3 * MOST_STORED, 1.0);
        assert_eq!((drawn.pairs.losses.len(), drawn.pairs.bits.len()), (MOST_STORED as usize, 3 * MOST_STORED as usize));
        assert_eq!(drawn.derivatives.len(), 9 * (MOST_STORED / PAIRS_A_DERIVATIVE) as usize);
        let report = drawn.report(0, 9).unwrap();
        assert_eq!(report.pairs, 3 * MOST_STORED);
        for row in &report.rows {
            let turn = if row.estimator.reads() == Reads::Derivative { PAIRS_A_DERIVATIVE } else { 1 };
            assert_eq!((row.samples, row.cosine_samples), (3 * MOST_STORED / turn, MOST_STORED / turn));
        }
        // The losses are 2 plus 0.3 for each unit that is off, and what each unit adds.
        let add = |(k, s): (i32, &f64)| [0.3 + s * (0.1 * f64::from(k % 4) - 0.3), s * (1.0 - s) * (0.1 * f64::from(k % 4) - 0.3).powi(2)];
        let (mean, variance) = (1..).zip(&drawn.scores).map(add).fold((2.0, 0.0), |(mean, all), [more, own]| (mean + more, all + own));
        let [found, deviation] = report.loss;
        assert!((found - mean).abs() < 4.0 * (variance / f64::from(6 * MOST_STORED)).sqrt(), "{found} {mean}");
        assert!((deviation / variance.sqrt() - 1.0).abs() < 0.05, "{deviation} {variance}");
    }

    #[test]
    fn without_enough_draws_no_verdict_is_given() {
        let report = drawn(40, 1.0).report(0, 9).unwrap();
        assert!(report.rows.iter().all(|row| row.verdict == Verdict::TooFew && row.judged == 0));
    }

    proptest! {
        #[test]
        fn packed_masks_are_unpacked_unchanged(masks in prop::collection::vec(0u8..4, 1..40)) {
            let mut pairs = Pairs::default();
            pairs.push([1.0, 2.0], &masks);
            for (unit, &bits) in masks.iter().enumerate() {
                prop_assert_eq!(pairs.pair(0, masks.len(), unit), bits);
            }
        }
    }
}
