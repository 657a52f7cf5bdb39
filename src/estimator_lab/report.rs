//! What the drawn pairs say of each estimator: plain numbers.

use super::truth::{Moments, Slope};
use super::{ALPHAS, Drawn, EDGES, MOST_KEPT, PAIRS_A_STE, Pairs, Rule, Truth};

/// A unit's bias is judged from pairs · s(1−s) = this on: a mean over a handful of rare events has no error that one could trust. The rule
/// looks at s and at the number of pairs, never at what was drawn.
const ENOUGH: f64 = 25.0;
/// What the rounding of the losses to f32 may shift a mean by, as a share of the largest loss.
const ROUNDING: f64 = 1e-6;

/// What the means say of a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The means are as far from the true gradient as chance puts them.
    None,
    /// Further than chance usually would (3 standard deviations).
    Doubtful,
    /// Further than chance ever would (5 standard deviations).
    Biased,
    /// No unit was drawn often enough.
    TooFew,
}

impl Verdict {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "none seen",
            Self::Doubtful => "doubtful",
            Self::Biased => "biased",
            Self::TooFew => "too few pairs",
        }
    }
}

/// One unit under one estimator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// s.
    pub score: f64,
    /// Of g, with its standard error.
    pub mean: f64,
    pub mean_error: f64,
    /// h^α D, with its standard error: 0 where it is exact.
    pub truth: f64,
    pub truth_error: f64,
    /// Of g, with its standard error.
    pub variance: f64,
    pub variance_error: f64,
    /// What all masks say the variance is, where they were tried.
    pub exact_variance: Option<f64>,
    /// The bound on the variance that holds for the losses seen; none for `ste`.
    pub bound: Option<f64>,
    /// Whether its bias can be judged.
    pub is_judged: bool,
}

impl Unit {
    fn error(&self) -> f64 {
        self.mean_error.hypot(self.truth_error)
    }
}

/// Units of a range of s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// s from here, inclusive.
    pub low: f64,
    /// To here, exclusive.
    pub high: f64,
    pub units: u32,
    pub summary: Option<Summary>,
}

/// What units have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// |mean − truth| / |truth|, norms over the units.
    pub bias: f64,
    /// What chance alone makes of that.
    pub bias_chance: f64,
    /// Means over the units.
    pub variance: f64,
    pub bound: Option<f64>,
    /// |E g|² / Σ variance of one sample; what noise adds to |mean|² is taken off.
    pub signal_to_noise: f64,
}

/// One estimator at one α.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub rule: Rule,
    pub alpha: f64,
    /// Pairs, or masks of `ste`.
    pub samples: u32,
    pub summary: Summary,
    /// Σ ((mean − truth) / error)² over the units that can be judged, and how many these are: alike where there is no bias.
    pub chi_square: f64,
    pub judged: u32,
    /// How long the mean is along the truth, as a share of it; with its standard error. 1 where there is no bias. None where the truth is
    /// lost in its own error.
    pub scale: Option<[f64; 2]>,
    pub verdict: Verdict,
    /// Mean cosine of the angle between a single g and the truth, with its standard error, over the first samples. A g of 0 counts as 0.
    pub cosine: f64,
    pub cosine_error: f64,
    /// How many samples that are.
    pub cosine_samples: u32,
    pub bins: Vec<Bin>,
}

/// All that a lab found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Steps that the run had done.
    pub step: u32,
    pub pairs: u32,
    /// Masks that were tried where all were, otherwise none.
    pub enumerated: Option<u32>,
    /// Masks behind the truth.
    pub truth_masks: u64,
    /// Standard error of the true gradient (α = 0) as a share of its norm.
    pub truth_error: f64,
    pub units: u32,
    pub undecided: u32,
    /// Δ and Λ: the largest |L − L′| and the largest loss of the pairs.
    pub largest_difference: f64,
    pub largest_loss: f64,
    /// Mean of the losses and their standard deviation over the masks.
    pub loss: [f64; 2],
    /// [`Rule::ALL`] by [`ALPHAS`]; without `ste` where it was not looked at.
    pub rows: Vec<Row>,
}

/// The bin of a score between 0 and 1.
#[must_use]
pub fn bin_of(score: f64) -> usize {
    EDGES[1..EDGES.len() - 1].iter().filter(|&&edge| score >= edge).count()
}

/// What has been summed of one rule's samples.
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

/// What has been summed of the losses of all pairs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    /// The first loss: what is summed is the difference from it, which costs no precision where losses differ little.
    origin: Option<f64>,
    sum: f64,
    square: f64,
    /// Δ and Λ.
    largest: [f64; 2],
}

impl Losses {
    fn add(&mut self, [loss, probe_loss]: [f64; 2]) {
        let origin = *self.origin.get_or_insert(loss);
        for difference in [loss - origin, probe_loss - origin] {
            self.sum += difference;
            self.square += difference * difference;
        }
        let [difference, most] = self.largest;
        self.largest = [difference.max((loss - probe_loss).abs()), most.max(loss).max(probe_loss)];
    }

    /// Mean and standard deviation of the losses of `pairs` pairs.
    fn spread(&self, pairs: u32) -> [f64; 2] {
        let count = 2.0 * f64::from(pairs);
        let mean = self.sum / count;
        [self.origin.unwrap_or(0.0) + mean, ((self.square - count * mean * mean).max(0.0) / (count - 1.0)).sqrt()]
    }
}

/// g · h^(1−α) of one unit with score `s`, drawn as the two bits say.
fn raw(rule: Rule, [loss, probe_loss]: [f64; 2], bits: u8, s: f64) -> f64 {
    let (m, probe) = (f64::from(bits & 1), f64::from(bits >> 1 & 1));
    match rule {
        Rule::TwoSided => 0.5 * (loss - probe_loss) * (m - probe),
        Rule::OneSided => (loss - probe_loss) * (m - s),
        Rule::Plain => loss * (m - s),
        Rule::Ste => unreachable!("it learns from no loss"),
    }
}

/// What all rules need to know.
struct Known {
    slopes: Vec<Slope>,
    moments: Option<Vec<Moments>>,
}

impl Drawn {
    /// Of undecided units with these scores, nothing yet.
    pub(super) fn new(scores: Vec<f64>, truth: Truth) -> Self {
        let sums = Rule::ALL.map(|_| Sums { count: 0, powers: vec![[0.0; 4]; scores.len()] });
        Self { scores, sums, losses: Losses::default(), pairs: Pairs::default(), ste: Vec::new(), truth }
    }

    /// A pair's losses and, `[F]`, the two bits of each unit.
    pub(super) fn add_pair(&mut self, losses: [f64; 2], bits: &[u8]) {
        self.losses.add(losses);
        for rule in [Rule::TwoSided, Rule::OneSided, Rule::Plain] {
            self.sums[rule as usize].add(bits.iter().zip(&self.scores).map(|(&bits, &s)| raw(rule, losses, bits, s)));
        }
        if self.pairs.losses.len() < MOST_KEPT as usize {
            self.pairs.push(losses, bits);
        }
    }

    /// `[F]` ∂L/∂m under a mask.
    pub(super) fn add_ste(&mut self, gates: &[f32]) {
        self.sums[Rule::Ste as usize].add(gates.iter().map(|&gate| gate.into()));
        if self.ste.len() / self.scores.len() < (MOST_KEPT / PAIRS_A_STE) as usize {
            self.ste.extend(gates);
        }
    }

    fn known(&self) -> Option<Known> {
        if self.samples(Rule::TwoSided) < 2 {
            return None;
        }
        let moments = match &self.truth {
            Truth::Enumerated(found) => found.moments(&self.scores),
            Truth::LongRun(_) => None,
        };
        Some(Known { slopes: self.truth.slopes(&self.scores)?, moments })
    }

    pub(super) fn samples(&self, rule: Rule) -> u32 {
        self.sums[rule as usize].count
    }

    /// Samples of a rule that are kept whole.
    fn kept(&self, rule: Rule) -> usize {
        if rule == Rule::Ste { self.ste.len() / self.scores.len() } else { self.pairs.losses.len() }
    }

    /// Sample `index` of those that are kept of a rule: `[F]` raw, where g = raw · h^(α + the rule's exponent).
    fn sample(&self, rule: Rule, index: usize, found: &mut [f64]) {
        let units = self.scores.len();
        if rule == Rule::Ste {
            for (found, &gate) in found.iter_mut().zip(&self.ste[index * units..]) {
                *found = gate.into();
            }
            return;
        }
        let bytes = units.div_ceil(4);
        let masks = &self.pairs.bits[index * bytes..][..bytes];
        for (unit, (found, &s)) in found.iter_mut().zip(&self.scores).enumerate() {
            *found = raw(rule, self.pairs.losses[index], masks[unit / 4] >> (unit % 4 * 2), s);
        }
    }

    /// `[α, F]` h^exponent.
    fn preconditioners(&self, more: f64) -> Vec<Vec<f64>> {
        let of = |alpha: f64| self.scores.iter().map(|s| (s * (1.0 - s)).powf(alpha + more)).collect();
        ALPHAS.iter().map(|&alpha| of(alpha)).collect()
    }

    /// For each α, the sum over the kept samples of the cosines to the truth, and of their squares.
    fn cosines(&self, rule: Rule, slopes: &[Slope]) -> [[f64; 2]; ALPHAS.len()] {
        let mut cosines = [[0.0; 2]; ALPHAS.len()];
        let factors = self.preconditioners(rule.exponent());
        let truths: Vec<Vec<f64>> =
            self.preconditioners(0.0).iter().map(|all| all.iter().zip(slopes).map(|(h, slope)| h * slope.value).collect()).collect();
        let norms: Vec<f64> = truths.iter().map(|truth| truth.iter().map(|value| value * value).sum::<f64>().sqrt()).collect();
        let mut found = vec![0.0; self.scores.len()];
        for index in 0..self.kept(rule) {
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
        let sums = &self.sums[rule as usize];
        let n = f64::from(sums.count);
        let [difference, loss] = self.losses.largest;
        let one = |(index, (&score, powers)): (usize, (&f64, &[f64; 4]))| {
            let h = score * (1.0 - score);
            let factor = h.powf(alpha + rule.exponent());
            let [mean, square, cube, fourth] = powers.map(|sum| sum / n);
            let variance = (square - mean * mean).max(0.0) * n / (n - 1.0);
            let central = fourth - 4.0 * mean * cube + 6.0 * mean * mean * square - 3.0 * mean.powi(4);
            let slope = known.slopes[index];
            let bound = h.powf(2.0 * alpha - 1.0);
            Unit {
                score,
                mean: mean * factor,
                mean_error: (variance / n).sqrt() * factor,
                truth: slope.value * h.powf(alpha),
                truth_error: (slope.error + ROUNDING * loss) * h.powf(alpha),
                variance: variance * factor * factor,
                variance_error: ((central - variance * variance).max(0.0) / n).sqrt() * factor * factor,
                exact_variance: known.moments.as_ref().and_then(|moments| moments[index].variance(rule, alpha)),
                bound: match rule {
                    Rule::TwoSided => Some(0.5 * difference * difference * bound),
                    Rule::OneSided => Some(difference * difference * bound),
                    Rule::Plain => Some(loss * loss * bound),
                    Rule::Ste => None,
                },
                is_judged: f64::from(self.samples(Rule::TwoSided)) * h >= ENOUGH,
            }
        };
        self.scores.iter().zip(&sums.powers).enumerate().map(one).collect()
    }

    pub(super) fn units(&self, rule: Rule, alpha: f64) -> Option<Vec<Unit>> {
        let known = self.known()?;
        (self.samples(rule) >= 2).then(|| self.units_of(rule, alpha, &known))
    }

    pub(super) fn report(&self, step: u32, units: usize) -> Option<Report> {
        let known = self.known()?;
        let mut rows = Vec::new();
        for rule in Rule::ALL.into_iter().filter(|&rule| self.samples(rule) >= 2) {
            for (alpha, cosines) in ALPHAS.into_iter().zip(self.cosines(rule, &known.slopes)) {
                rows.push(row(rule, alpha, &self.units_of(rule, alpha, &known), self.samples(rule), cosines, self.kept(rule) as u32));
            }
        }
        let norm = |of: fn(&Slope) -> f64| known.slopes.iter().map(|slope| of(slope).powi(2)).sum::<f64>().sqrt();
        let pairs = self.samples(Rule::TwoSided);
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
            largest_difference: self.losses.largest[0],
            largest_loss: self.losses.largest[1],
            loss: self.losses.spread(pairs),
            rows,
        })
    }
}

/// What units have in common; none where there are none.
fn summary(units: &[&Unit], samples: f64) -> Option<Summary> {
    if units.is_empty() {
        return None;
    }
    let sum = |of: &dyn Fn(&Unit) -> f64| units.iter().map(|unit| of(unit)).sum::<f64>();
    let norm = |of: &dyn Fn(&Unit) -> f64| sum(&|unit| of(unit).powi(2)).sqrt();
    let (truth, variance) = (norm(&|unit| unit.truth), sum(&|unit| unit.variance));
    let signal = sum(&|unit| unit.mean.powi(2)) - variance / samples;
    let count = units.len() as f64;
    Some(Summary {
        bias: norm(&|unit| unit.mean - unit.truth) / truth,
        bias_chance: norm(&Unit::error) / truth,
        variance: variance / count,
        bound: units[0].bound.map(|_| sum(&|unit| unit.bound.unwrap_or(0.0)) / count),
        signal_to_noise: signal.max(0.0) / variance,
    })
}

fn row(rule: Rule, alpha: f64, units: &[Unit], samples: u32, [sum, square]: [f64; 2], cosine_samples: u32) -> Row {
    let bins = (0..EDGES.len() - 1).map(|bin| {
        let inside: Vec<&Unit> = units.iter().filter(|unit| bin_of(unit.score) == bin).collect();
        Bin { low: EDGES[bin], high: EDGES[bin + 1], units: inside.len() as u32, summary: summary(&inside, samples.into()) }
    });
    let judged: Vec<&Unit> = units.iter().filter(|unit| unit.is_judged).collect();
    // The sum of nothing is -0.
    let chi_square = judged.iter().map(|unit| ((unit.mean - unit.truth) / unit.error()).powi(2)).sum::<f64>() + 0.0;
    let scale = scale(&judged);
    let angles = f64::from(cosine_samples);
    let cosine = sum / angles;
    Row {
        rule,
        alpha,
        samples,
        summary: summary(&units.iter().collect::<Vec<_>>(), samples.into()).expect("a lab has undecided units"),
        chi_square,
        judged: judged.len() as u32,
        scale,
        verdict: verdict(chi_square, judged.len(), scale),
        cosine,
        cosine_error: ((square / angles - cosine * cosine).max(0.0) / angles).sqrt(),
        cosine_samples,
        bins: bins.collect(),
    }
}

/// (mean · truth) / |truth|² and its standard error. A truth with an error of its own looks longer than it is: that is taken off.
fn scale(units: &[&Unit]) -> Option<[f64; 2]> {
    let sum = |of: &dyn Fn(&Unit) -> f64| units.iter().map(|unit| of(unit)).sum::<f64>();
    let (seen, noise) = (sum(&|unit| unit.truth.powi(2)), sum(&|unit| unit.truth_error.powi(2)));
    let length = seen - noise;
    if length < 0.5 * seen || length <= 0.0 {
        return None;
    }
    let variance = sum(&|unit| {
        let (mean, truth) = (unit.mean_error.powi(2), unit.truth_error.powi(2));
        unit.truth.powi(2) * (mean + truth) + truth * mean + 2.0 * truth * truth
    });
    Some([sum(&|unit| unit.mean * unit.truth) / length, variance.sqrt() / length])
}

/// Two looks at the same means: how far all are from the truth together, by χ² turned into a standard normal (Wilson and Hilferty 1931), and
/// whether they are too long or too short along it. The units' estimates are all but uncorrelated, since their masks are independent.
fn verdict(chi_square: f64, units: usize, scale: Option<[f64; 2]>) -> Verdict {
    if units == 0 {
        return Verdict::TooFew;
    }
    let spread = 2.0 / (9.0 * units as f64);
    let distance = ((chi_square / units as f64).cbrt() - (1.0 - spread)) / spread.sqrt();
    let length = scale.map_or(0.0, |[scale, error]| (scale - 1.0).abs() / error);
    match distance.max(length) {
        deviations if deviations < 3.0 => Verdict::None,
        deviations if deviations < 5.0 => Verdict::Doubtful,
        _ => Verdict::Biased,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator_lab::LongRun;
    use crate::random::{Stream, draw};
    use crate::reference::structure_gradient;
    use proptest::prelude::*;

    /// Pairs on a made-up loss of nine units, with a truth from other masks and a chain rule that is `wrong` times as long as it.
    fn drawn(pairs: u32, wrong: f32) -> Drawn {
        let scores: Vec<f64> = [0.004f32, 0.05, 0.25, 0.5, 0.75, 0.89, 0.9, 0.95, 0.995].map(f64::from).to_vec();
        let mask =
            |stream, counter| -> Vec<bool> { (0..9).map(|unit| draw(2, stream, counter, unit, scores[unit as usize] as f32)).collect() };
        let loss = |mask: &[bool]| 2.0 + mask.iter().zip(1..).map(|(&on, k)| if on { 0.1 * f64::from(k % 4) } else { 0.3 }).sum::<f64>();
        let (mut found, mut truth) = (Drawn::new(scores.clone(), Truth::LongRun(LongRun::new(9))), LongRun::new(9));
        for counter in 0..pairs {
            let both = [mask(Stream::Mask, counter), mask(Stream::Probe, counter)];
            let bits: Vec<u8> = both[0].iter().zip(&both[1]).map(|(&m, &probe)| u8::from(m) | u8::from(probe) << 1).collect();
            found.add_pair([loss(&both[0]), loss(&both[1])], &bits);
            for stream in [Stream::Mask, Stream::Probe] {
                let mask = mask(stream, counter + pairs);
                truth.add(loss(&mask), &mask);
            }
        }
        // The loss is linear here: its derivative at the mask is the gradient.
        let gates: Vec<f32> = (1..10).map(|k| wrong * (0.1 * (k % 4) as f32 - 0.3)).collect();
        for _ in 0..pairs / 4 {
            found.add_ste(&gates);
        }
        found.truth = Truth::LongRun(truth);
        found
    }

    #[test]
    fn samples_are_the_gradients_of_the_twin_and_nothing_is_said_too_early() {
        let drawn = drawn(40, 1.0);
        let mut raw = vec![0.0; 9];
        for (rule, number) in [(Rule::TwoSided, 0), (Rule::OneSided, 1), (Rule::Plain, 2)] {
            for index in 0..40 {
                drawn.sample(rule, index, &mut raw);
                let [loss, probe_loss] = drawn.pairs.losses[index];
                for (unit, &s) in drawn.scores.iter().enumerate() {
                    let on = |stream| f64::from(u8::from(draw(2, stream, index as u32, unit as u32, s as f32)));
                    let g = structure_gradient(number, 0.25, s, on(Stream::Mask), on(Stream::Probe), loss, probe_loss);
                    assert!((raw[unit] * (s * (1.0 - s)).powf(-0.75) - g).abs() < 1e-12 * g.abs().max(1.0));
                }
            }
        }
        assert!(self::tests::drawn(1, 1.0).report(0, 9).is_none());
    }

    #[test]
    fn unbiased_estimators_are_found_to_be_so_and_a_wrong_factor_is_found() {
        let report = drawn(8000, 1.0).report(7, 12).unwrap();
        assert_eq!((report.step, report.units, report.undecided, report.pairs, report.enumerated), (7, 12, 9, 8000, None));
        for row in &report.rows {
            assert!(row.verdict == Verdict::None, "{row:?}");
            assert_eq!(row.bins.iter().map(|bin| bin.units).sum::<u32>(), 9);
            assert!(row.summary.bound.is_none_or(|bound| row.summary.variance < bound * 1.2), "{row:?}");
        }
        // A linear loss's chain rule has no spread at all, and points where the truth does.
        assert!(report.rows[15..].iter().all(|row| row.rule == Rule::Ste && row.summary.variance < 1e-9 && row.cosine > 0.99));
        let report = drawn(8000, 1.3).report(7, 12).unwrap();
        assert!(report.rows[15..].iter().all(|row| row.verdict == Verdict::Biased), "{:?}", &report.rows[15..]);
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_pairs_and_the_sums_are_those_of_all() {
        let drawn = drawn(3 * MOST_KEPT, 1.0);
        assert_eq!((drawn.pairs.losses.len(), drawn.pairs.bits.len()), (MOST_KEPT as usize, 3 * MOST_KEPT as usize));
        assert_eq!(drawn.ste.len(), 9 * (MOST_KEPT / PAIRS_A_STE) as usize);
        let report = drawn.report(0, 9).unwrap();
        assert_eq!(report.pairs, 3 * MOST_KEPT);
        for row in &report.rows {
            let turn = if row.rule == Rule::Ste { PAIRS_A_STE } else { 1 };
            assert_eq!((row.samples, row.cosine_samples), (3 * MOST_KEPT / turn, MOST_KEPT / turn));
        }
        // The losses are 2 and what each unit adds, 0.3 of those that are off.
        let add = |(k, s): (i32, &f64)| [0.3 + s * (0.1 * f64::from(k % 4) - 0.3), s * (1.0 - s) * (0.1 * f64::from(k % 4) - 0.3).powi(2)];
        let (mean, variance) = (1..).zip(&drawn.scores).map(add).fold((2.0, 0.0), |(mean, all), [more, own]| (mean + more, all + own));
        let [found, deviation] = report.loss;
        assert!((found - mean).abs() < 4.0 * (variance / f64::from(6 * MOST_KEPT)).sqrt(), "{found} {mean}");
        assert!((deviation / variance.sqrt() - 1.0).abs() < 0.05, "{deviation} {variance}");
    }

    #[test]
    fn without_enough_draws_no_verdict_is_given() {
        assert_eq!(verdict(0.0, 0, None), Verdict::TooFew);
        let report = drawn(40, 1.0).report(0, 9).unwrap();
        assert!(report.rows.iter().all(|row| row.verdict == Verdict::TooFew && row.judged == 0));
    }

    #[test]
    fn chi_square_is_judged_by_its_distribution() {
        for (chi_square, units, expected) in [
            (10.0, 10, Verdict::None),
            (25.0, 10, Verdict::None),
            (35.0, 10, Verdict::Doubtful),
            (80.0, 10, Verdict::Biased),
            (1100.0, 1000, Verdict::None),
            (1300.0, 1000, Verdict::Biased),
        ] {
            assert_eq!(verdict(chi_square, units, None), expected, "{chi_square} of {units}");
        }
        assert_eq!(verdict(10.0, 10, Some([1.2, 0.01])), Verdict::Biased);
    }

    proptest! {
        #[test]
        fn a_score_lies_in_the_one_bin_whose_edges_hold_it(score in 0.0f64..1.0) {
            let bin = bin_of(score);
            prop_assert!(EDGES[bin] <= score && score < EDGES[bin + 1]);
        }

        #[test]
        fn bins_rise_with_the_score(a in 0.0f64..1.0, b in 0.0f64..1.0) {
            prop_assert_eq!(bin_of(a) <= bin_of(b), a <= b || bin_of(a) == bin_of(b));
        }

        #[test]
        fn what_is_packed_comes_out_again(masks in prop::collection::vec(0u8..4, 1..40)) {
            let mut pairs = Pairs::default();
            pairs.push([1.0, 2.0], &masks);
            for (unit, &bits) in masks.iter().enumerate() {
                prop_assert_eq!(pairs.bits[unit / 4] >> (unit % 4 * 2) & 3, bits);
            }
        }
    }

    #[test]
    fn edges_belong_to_the_upper_bin() {
        assert_eq!([0.001, 0.01, 0.1, 0.5, 0.9, 0.99].map(bin_of), [0, 1, 2, 3, 4, 5]);
    }
}
