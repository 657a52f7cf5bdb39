//! Statistics of the samples drawn so far.

use crate::estimators::{Estimator, Largest, Moments, Observed};
use crate::mask;

use super::report::{Report, Row, Unit, cosine, row};
use super::rule::{Draws, Rule};
use super::truth::{Slope, Truth};
use super::{ALPHAS, MOST_STORED, PAIRS_A_DERIVATIVE};

/// The α of the cosine of the control variate: the preset of the methods.
const CONTROL_ALPHA: f64 = 0.5;

/// A unit's bias is judged if pairs · s(1−s) is at least this: the mean of a few rare events has no reliable error. The rule uses s and the number of
/// pairs, never the drawn values.
const ENOUGH: f64 = 25.0;
/// How much rounding the losses to f32 may shift a mean, as a share of the largest loss.
const ROUNDING: f64 = 1e-6;

/// Sums over one rule's samples.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    count: u32,
    /// `[F]` sums of raw to raw⁴, where g = raw · h^(α + the rule's exponent).
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
    /// `[F]` the control variate c, if it is measured.
    control: Option<Vec<f64>>,
    /// The number of images of the batch.
    images: f64,
    /// As [`Rule::ALL`].
    sums: [Sums; Rule::ALL.len()],
    losses: Losses,
    /// The first [`MOST_STORED`] pairs.
    pub(super) pairs: Pairs,
    /// `[masks, F]` ∂L/∂m of every unit, of the first masks.
    gates: Vec<f32>,
    /// `[masks, F]` ∂L/∂m of the units that a mask keeps, 0 of the others, of the first masks.
    kept: Vec<f32>,
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

/// The place of a rule in [`Rule::ALL`].
fn place(rule: Rule) -> usize {
    Rule::ALL.into_iter().position(|each| each == rule).expect("every rule but `fisher` is measured")
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

/// The numbers that the statistics of every rule need.
struct Known {
    slopes: Vec<Slope>,
    /// Of the losses, and of the losses less Σ c m.
    moments: Option<[Vec<Moments>; 2]>,
}

impl Drawn {
    /// No samples yet, for undecided units with these scores, the control variate c of these units, and the number of images of the batch.
    pub(super) fn new(scores: Vec<f64>, control: Option<Vec<f64>>, images: u32, truth: Truth) -> Self {
        let sums = Rule::ALL.map(|_| Sums { count: 0, powers: vec![[0.0; 4]; scores.len()] });
        let (losses, pairs) = (Losses::default(), Pairs::default());
        Self { scores, control, images: images.into(), sums, losses, pairs, gates: Vec::new(), kept: Vec::new(), truth }
    }

    /// The rules whose samples are drawn so and are measured.
    fn that_draw(&self, draws: Draws) -> impl Iterator<Item = Rule> + use<> {
        let has_control = self.control.is_some();
        Rule::ALL.into_iter().filter(move |&rule| rule.draws() == draws && (has_control || rule != Rule::ControlVariate))
    }

    /// Adds a sample of these rules; `observed` says what of each unit.
    fn add(&mut self, draws: Draws, observed: impl Fn(usize) -> Observed) {
        for rule in self.that_draw(draws) {
            let images = self.images;
            self.sums[place(rule)].add((0..self.scores.len()).map(|unit| rule.raw(&observed(unit), images)));
        }
    }

    /// Adds the losses of a pair of masks and, `[F]`, which of the two masks have each unit.
    pub(super) fn add_pair(&mut self, losses: [f64; 2], pairs: &[u8]) {
        self.losses.add(losses);
        let (scores, control) = (self.scores.clone(), self.control.clone());
        let explained = self.explained(|unit| pairs[unit]);
        self.add(Draws::Pairs, |unit| {
            let effect = control.as_ref().map_or(0.0, |control| control[unit]);
            Observed { effect, explained, ..observed(losses, pairs[unit], scores[unit]) }
        });
        if self.pairs.losses.len() < MOST_STORED as usize {
            self.pairs.push(losses, pairs);
        }
    }

    /// Σ c (m − m′) of a pair of masks.
    fn explained(&self, pair: impl Fn(usize) -> u8) -> f64 {
        let difference = |unit| {
            let [mask, probe] = mask::split(pair(unit)).map(|drawn| f64::from(u8::from(drawn)));
            mask - probe
        };
        self.control.iter().flatten().enumerate().map(|(unit, c)| c * difference(unit)).sum()
    }

    /// Adds `[F]` ∂L/∂m of every unit under a mask, or of the units that it keeps and 0 of the others.
    pub(super) fn add_derivatives(&mut self, draws: Draws, derivatives: &[f32]) {
        let scores = self.scores.clone();
        self.add(draws, |unit| differentiated(derivatives[unit], scores[unit]));
        let stored = if draws == Draws::Kept { &mut self.kept } else { &mut self.gates };
        if stored.len() / self.scores.len() < (MOST_STORED / PAIRS_A_DERIVATIVE) as usize {
            stored.extend(derivatives);
        }
    }

    fn known(&self) -> Option<Known> {
        if self.pairs_drawn() < 2 {
            return None;
        }
        let moments = match &self.truth {
            Truth::Enumerated(found) => {
                let none = vec![0.0; self.scores.len()];
                let of = |control: &[f64]| found.moments(&self.scores, control);
                of(&none).zip(of(self.control.as_ref().unwrap_or(&none))).map(|(all, rest)| [all, rest])
            }
            Truth::LongRun(_) => None,
        };
        Some(Known { slopes: self.truth.slopes(&self.scores)?, moments })
    }

    /// Pairs of masks so far.
    pub(super) fn pairs_drawn(&self) -> u32 {
        self.samples(Rule::Of(Estimator::TwoSided))
    }

    /// Masks so far with derivatives of every unit, or of the kept units.
    pub(super) fn masks_differentiated(&self, draws: Draws) -> u32 {
        self.samples(if draws == Draws::Kept { Rule::SecondOrder } else { Rule::Of(Estimator::Ste) })
    }

    /// Samples of a rule so far: pairs, or masks.
    fn samples(&self, rule: Rule) -> u32 {
        self.sums[place(rule)].count
    }

    /// Samples of a rule that are stored.
    fn stored(&self, rule: Rule) -> usize {
        match rule.draws() {
            Draws::Pairs => self.pairs.losses.len(),
            Draws::Gates => self.gates.len() / self.scores.len(),
            Draws::Kept => self.kept.len() / self.scores.len(),
        }
    }

    /// Stored sample `index` of a rule: `[F]` raw, where g = raw · h^(α + the rule's exponent).
    fn sample(&self, rule: Rule, index: usize, found: &mut [f64]) {
        let units = self.scores.len();
        let pair = |unit| self.pairs.pair(index, units, unit);
        let explained = if rule == Rule::ControlVariate { self.explained(pair) } else { 0.0 };
        for (unit, (found, &s)) in found.iter_mut().zip(&self.scores).enumerate() {
            let at = index * units + unit;
            let observed = match rule.draws() {
                Draws::Pairs => {
                    let effect = self.control.as_ref().map_or(0.0, |control| control[unit]);
                    Observed { effect, explained, ..observed(self.pairs.losses[index], pair(unit), s) }
                }
                Draws::Gates => differentiated(self.gates[at], s),
                Draws::Kept => differentiated(self.kept[at], s),
            };
            *found = rule.raw(&observed, self.images);
        }
    }

    /// `[α, F]` h^exponent.
    fn preconditioners(&self, more: f64) -> Vec<Vec<f64>> {
        let of = |alpha: f64| self.scores.iter().map(|s| (s * (1.0 - s)).powf(alpha + more)).collect();
        ALPHAS.iter().map(|&alpha| of(alpha)).collect()
    }

    /// For each α, the sum over the stored samples of the cosines to the true gradient, and of their squares.
    fn cosines(&self, rule: Rule, slopes: &[Slope]) -> [[f64; 2]; ALPHAS.len()] {
        let mut cosines = [[0.0; 2]; ALPHAS.len()];
        let factors = self.preconditioners(rule.exponent());
        let truths: Vec<Vec<f64>> =
            self.preconditioners(0.0).iter().map(|all| all.iter().zip(slopes).map(|(h, slope)| h * slope.value).collect()).collect();
        let norms: Vec<f64> = truths.iter().map(|truth| truth.iter().map(|value| value * value).sum::<f64>().sqrt()).collect();
        let mut found = vec![0.0; self.scores.len()];
        for index in 0..self.stored(rule) {
            self.sample(rule, index, &mut found);
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

    fn units_of(&self, rule: Rule, alpha: f64, known: &Known) -> Vec<Unit> {
        let sums = &self.sums[place(rule)];
        let n = f64::from(sums.count);
        let largest = self.losses.largest;
        let one = |(index, (&score, powers)): (usize, (&f64, &[f64; 4]))| {
            let h = score * (1.0 - score);
            let factor = h.powf(alpha + rule.exponent());
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
                exact_variance: known.moments.as_ref().and_then(|[all, rest]| rule.variance(alpha, &all[index], &rest[index])),
                bound: rule.bound(alpha, score, largest),
                is_judged: f64::from(self.pairs_drawn()) * h >= ENOUGH,
            }
        };
        self.scores.iter().zip(&sums.powers).enumerate().map(one).collect()
    }

    pub(super) fn units(&self, rule: Rule, alpha: f64) -> Option<Vec<Unit>> {
        let known = self.known()?;
        (self.samples(rule) >= 2).then(|| self.units_of(rule, alpha, &known))
    }

    pub(super) fn report(&self, step: u32, batches: u32, units: usize) -> Option<Report> {
        let known = self.known()?;
        let mut rows: Vec<Row> = Vec::new();
        for rule in Rule::ALL.into_iter().filter(|&rule| self.samples(rule) >= 2) {
            let (samples, kept) = (self.samples(rule), self.stored(rule) as u32);
            for (alpha, cosines) in ALPHAS.into_iter().zip(self.cosines(rule, &known.slopes)) {
                let row = row(rule, alpha, &self.units_of(rule, alpha, &known), samples, cosines, kept);
                // A biased estimator may have any variance.
                let two_sided = rows.iter().find(|of| of.alpha == alpha && rule.is_unbiased()).unwrap_or(&row).summary.variance;
                let variance_ratio = rule.is_unbiased().then(|| row.summary.variance / two_sided);
                rows.push(Row { variance_ratio, ..row });
            }
        }
        let control_cosine = self.control.as_ref().map(|control| {
            let with = |(&s, value): (&f64, f64)| (s * (1.0 - s)).powf(CONTROL_ALPHA) * value;
            let truth: Vec<f64> = self.scores.iter().zip(known.slopes.iter().map(|slope| slope.value)).map(with).collect();
            cosine(self.scores.iter().zip(control.iter().copied()).map(with).zip(truth))
        });
        let norm = |of: fn(&Slope) -> f64| known.slopes.iter().map(|slope| of(slope).powi(2)).sum::<f64>().sqrt();
        let pairs = self.pairs_drawn();
        let (enumerated, truth_masks) = match &self.truth {
            Truth::Enumerated(found) => (Some(found.done()), u64::from(found.done())),
            Truth::LongRun(found) => (None, found.masks()),
        };
        Some(Report {
            step,
            batches,
            pairs,
            enumerated,
            truth_masks,
            truth_error: norm(|slope| slope.error) / norm(|slope| slope.value),
            units: units as u32,
            undecided: self.scores.len() as u32,
            largest_difference: self.losses.largest.difference,
            largest_loss: self.losses.largest.loss,
            loss: self.losses.spread(pairs),
            control_cosine,
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

    /// Images of the invented batch.
    const IMAGES: u32 = 16;

    /// What the invented loss rises by with unit k, counted from 1.
    fn rise(k: u32) -> f64 {
        0.1 * f64::from(k % 4) - 0.3
    }

    /// Pairs with an invented loss of nine units, a true gradient from other masks, a chain rule that is `wrong` times as long, and a control variate
    /// that is almost the gradient. The derivative at a kept unit has no mean, and its information is the gradient.
    fn drawn(pairs: u32, wrong: f32) -> Drawn {
        let scores: Vec<f64> = [0.004f32, 0.05, 0.25, 0.5, 0.75, 0.89, 0.9, 0.95, 0.995].map(f64::from).to_vec();
        let mask =
            |stream, counter| -> Vec<bool> { (0..9).map(|unit| draw(2, stream, counter, unit, scores[unit as usize] as f32)).collect() };
        let loss = |mask: &[bool]| 2.0 + mask.iter().zip(1..).map(|(&on, k)| 0.3 + if on { rise(k) } else { 0.0 }).sum::<f64>();
        let control = (1..10).map(|k| 0.9 * rise(k)).collect();
        let (mut found, mut truth) =
            (Drawn::new(scores.clone(), Some(control), IMAGES, Truth::LongRun(LongRun::new(9, 1))), LongRun::new(9, 1));
        for counter in 0..pairs {
            let both = [mask(Stream::Mask, counter), mask(Stream::Probe, counter)];
            let kept: Vec<u8> = both[0].iter().zip(&both[1]).map(|(&m, &probe)| mask::pair(m, probe)).collect();
            found.add_pair([loss(&both[0]), loss(&both[1])], &kept);
            for stream in [Stream::Mask, Stream::Probe] {
                let mask = mask(stream, counter + pairs);
                truth.add(0, loss(&mask), &mask);
            }
        }
        // The loss is linear here: its derivative at the mask is the gradient.
        let derivatives: Vec<f32> = (1..10).map(|k| wrong * rise(k) as f32).collect();
        for _ in 0..pairs / 4 {
            found.add_derivatives(Draws::Gates, &derivatives);
        }
        for counter in 2 * pairs..3 * pairs {
            let size = |k: u32| (-2.0 * rise(k) / f64::from(IMAGES)).max(0.0).sqrt() as f32;
            let signed = |k: u32| if draw(3, Stream::Mask, counter, k, 0.5) { size(k) } else { -size(k) };
            let kept = mask(Stream::Mask, counter);
            let derivatives: Vec<f32> = (1..10).zip(kept).map(|(k, kept)| if kept { signed(k) } else { 0.0 }).collect();
            found.add_derivatives(Draws::Kept, &derivatives);
        }
        found.truth = Truth::LongRun(truth);
        found
    }

    #[test]
    fn samples_are_the_gradients_of_the_kernel_and_no_report_comes_too_early() {
        let drawn = drawn(40, 1.0);
        let mut raw = vec![0.0; 9];
        for rule in drawn.that_draw(Draws::Pairs) {
            let estimator = if let Rule::Of(estimator) = rule { estimator } else { Estimator::TwoSided };
            for index in 0..40 {
                drawn.sample(rule, index, &mut raw);
                let [loss, probe_loss] = drawn.pairs.losses[index];
                let on = |stream, unit: usize| f64::from(u8::from(draw(2, stream, index as u32, unit as u32, drawn.scores[unit] as f32)));
                let control: Vec<f64> = (1..10).map(|k| if rule == Rule::ControlVariate { 0.9 * rise(k) } else { 0.0 }).collect();
                let explained = (0..9).map(|unit| control[unit] * (on(Stream::Mask, unit) - on(Stream::Probe, unit))).sum();
                for (unit, &s) in drawn.scores.iter().enumerate() {
                    let (mask, probe) = (on(Stream::Mask, unit), on(Stream::Probe, unit));
                    let effect = control[unit];
                    let observed = Observed { score: s, mask, probe, loss, probe_loss, effect, explained, ..Observed::default() };
                    let g = estimator.gradient(0.25, &observed);
                    assert!((raw[unit] * (s * (1.0 - s)).powf(-0.75) - g).abs() < 1e-12 * g.abs().max(1.0));
                }
            }
        }
        assert!(self::tests::drawn(1, 1.0).report(0, 1, 9).is_none());
    }

    #[test]
    fn unbiased_estimators_and_a_wrong_factor_are_recognised() {
        let report = drawn(8000, 1.0).report(7, 1, 12).unwrap();
        assert_eq!((report.step, report.units, report.undecided, report.pairs, report.enumerated), (7, 12, 9, 8000, None));
        assert_eq!(report.rows.len(), Rule::ALL.len() * ALPHAS.len());
        let of_derivatives = |row: &&Row| row.rule.draws() == Draws::Gates;
        for row in &report.rows {
            let has_none = row.rule.is_unbiased() || of_derivatives(&row);
            assert!(!has_none || row.verdict == Verdict::None, "{row:?}");
            assert_eq!(row.bins.iter().map(|bin| bin.units).sum::<u32>(), 9);
            assert!(row.summary.bound.is_none_or(|bound| row.summary.variance < bound * 1.2), "{row:?}");
        }
        // The chain rule of a linear loss has no variance and the direction of the true gradient.
        let found: Vec<&Row> = report.rows.iter().filter(of_derivatives).collect();
        assert!(found.len() == ALPHAS.len() && found.iter().all(|row| row.summary.variance < 1e-9 && row.cosine > 0.99), "{found:?}");
        let report = drawn(8000, 1.3).report(7, 1, 12).unwrap();
        let found: Vec<&Row> = report.rows.iter().filter(of_derivatives).collect();
        assert!(found.len() == ALPHAS.len() && found.iter().all(|row| row.verdict == Verdict::Biased), "{found:?}");
    }

    #[test]
    fn a_control_variate_lowers_the_variance_and_the_second_order_shows_what_the_first_does_not() {
        let report = drawn(8000, 1.0).report(7, 1, 12).unwrap();
        assert!(report.control_cosine.unwrap() > 0.95, "{:?}", report.control_cosine);
        let mut last = None;
        for alpha in ALPHAS {
            let at = |rule| report.rows.iter().find(|row| row.rule == rule && row.alpha == alpha).unwrap();
            let [plain, control] = [Rule::Of(Estimator::TwoSided), Rule::ControlVariate].map(at);
            assert!(control.summary.variance < 0.2 * plain.summary.variance && control.cosine > plain.cosine, "{control:?} {plain:?}");
            assert_eq!(control.variance_ratio, Some(control.summary.variance / plain.summary.variance));
            assert!(plain.variance_ratio == Some(1.0) && plain.mean_cosine > plain.cosine, "{plain:?}");
            let [first, second] = [Rule::FirstOrder, Rule::SecondOrder].map(at);
            assert_eq!(
                (first.verdict, second.verdict, second.variance_ratio),
                (Verdict::Biased, Verdict::None, None),
                "{first:?} {second:?}"
            );
            // A mean without a direction has some angle to the gradient, but no length along it.
            assert!(first.scale.unwrap()[0] < 0.3 && second.scale.unwrap()[0] > 0.7, "{first:?} {second:?}");
            assert!(second.mean_cosine > 0.85 && second.mean_cosine > second.cosine, "{second:?}");
            last = Some(second.mean_cosine);
        }
        // At α = 1 the units whose score is nearly 0 or 1 have little part in the angle.
        assert!(last.unwrap() > 0.98, "{last:?}");
        let mut without = drawn(40, 1.0);
        without.control = None;
        without.sums[place(Rule::ControlVariate)].count = 0;
        let report = without.report(0, 1, 9).unwrap();
        assert!(report.control_cosine.is_none() && report.rows.iter().all(|row| row.rule != Rule::ControlVariate), "{report:?}");
    }

    #[test]
    fn memory_does_not_grow_with_the_pairs_and_the_sums_are_over_all_pairs() {
        let drawn = drawn(3 * MOST_STORED, 1.0);
        assert_eq!((drawn.pairs.losses.len(), drawn.pairs.bits.len()), (MOST_STORED as usize, 3 * MOST_STORED as usize));
        assert_eq!([&drawn.gates, &drawn.kept].map(Vec::len), [9 * (MOST_STORED / PAIRS_A_DERIVATIVE) as usize; 2]);
        let report = drawn.report(0, 1, 9).unwrap();
        assert_eq!(report.pairs, 3 * MOST_STORED);
        for row in &report.rows {
            let [drawn, stored] = match row.rule.draws() {
                Draws::Pairs => [1, 1],
                Draws::Gates => [PAIRS_A_DERIVATIVE; 2],
                Draws::Kept => [1, PAIRS_A_DERIVATIVE],
            };
            assert_eq!((row.samples, row.cosine_samples), (3 * MOST_STORED / drawn, MOST_STORED / stored), "{:?}", row.rule);
        }
        // The losses are 2 plus 0.3 for each unit that is off, and what each unit adds.
        let add = |(k, s): (u32, &f64)| [0.3 + s * rise(k), s * (1.0 - s) * rise(k).powi(2)];
        let (mean, variance) = (1..).zip(&drawn.scores).map(add).fold((2.0, 0.0), |(mean, all), [more, own]| (mean + more, all + own));
        let [found, deviation] = report.loss;
        assert!((found - mean).abs() < 4.0 * (variance / f64::from(6 * MOST_STORED)).sqrt(), "{found} {mean}");
        assert!((deviation / variance.sqrt() - 1.0).abs() < 0.05, "{deviation} {variance}");
    }

    #[test]
    fn without_enough_draws_no_verdict_is_given() {
        let report = drawn(40, 1.0).report(0, 1, 9).unwrap();
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
