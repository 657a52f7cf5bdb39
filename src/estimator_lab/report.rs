//! The results for each estimator, from the drawn pairs.

use super::EDGES;
use super::rule::Rule;

/// Whether the means show a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The means differ from the true gradient no more than by chance.
    None,
    /// They differ by more than chance usually explains (3 standard deviations).
    Doubtful,
    /// They differ by more than chance explains (5 standard deviations).
    Biased,
    /// No unit was drawn often enough.
    TooFew,
}

impl Verdict {
    pub const ALL: [Self; 4] = [Self::None, Self::Doubtful, Self::Biased, Self::TooFew];

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

/// One unit under one rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// s.
    pub score: f64,
    /// Mean of g. `mean_error`: its standard error.
    pub mean: f64,
    pub mean_error: f64,
    /// h^α D. `truth_error`: its standard error, 0 if it is exact.
    pub truth: f64,
    pub truth_error: f64,
    /// Variance of g. `variance_error`: its standard error.
    pub variance: f64,
    pub variance_error: f64,
    /// The exact variance over all masks, if they were enumerated.
    pub exact_variance: Option<f64>,
    /// The bound on the variance for the losses that occurred; `None` for an estimator without one.
    pub bound: Option<f64>,
    /// Whether its bias can be judged.
    pub is_judged: bool,
}

impl Unit {
    fn error(&self) -> f64 {
        self.mean_error.hypot(self.truth_error)
    }
}

/// Units with s in a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Lower end of the range, inclusive.
    pub low: f64,
    /// Upper end, exclusive.
    pub high: f64,
    pub units: u32,
    pub summary: Option<Summary>,
}

/// Statistics over several units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// |mean − truth| / |truth|, norms over the units.
    pub bias: f64,
    /// Its expected value without any bias.
    pub bias_chance: f64,
    /// Means over the units.
    pub variance: f64,
    pub bound: Option<f64>,
    /// |E g|² / Σ variance of one sample, with the noise in |mean|² subtracted.
    pub signal_to_noise: f64,
}

/// One rule at one α.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub rule: Rule,
    pub alpha: f64,
    /// Pairs, or masks for a rule that reads derivatives.
    pub samples: u32,
    pub summary: Summary,
    /// Σ ((mean − truth) / error)² over the units that can be judged, and how many these are. The two are nearly equal without a bias.
    pub chi_square: f64,
    pub judged: u32,
    /// The length of the mean along the true gradient, as a share of its length, with a standard error: 1 without a bias. `None` if the true gradient
    /// is smaller than its own error.
    pub scale: Option<[f64; 2]>,
    pub verdict: Verdict,
    /// Mean cosine of the angle between one g and the true gradient, with its standard error, over the first samples. A g of 0 counts as 0.
    pub cosine: f64,
    pub cosine_error: f64,
    /// The number of these samples.
    pub cosine_samples: u32,
    /// Cosine of the angle between the mean of all samples and the true gradient. Without a bias it comes to 1 with more samples.
    pub mean_cosine: f64,
    /// The variance over that of two-sided at this α; `None` for a rule with a bias.
    pub variance_ratio: Option<f64>,
    pub bins: Vec<Bin>,
}

/// All results of a lab.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The step of the run.
    pub step: u32,
    /// Mini-batches, which the draws use in turn.
    pub batches: u32,
    pub pairs: u32,
    /// The number of masks if all were enumerated, otherwise `None`.
    pub enumerated: Option<u32>,
    /// Masks from which the true gradient was computed.
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
    /// Cosine of the angle between the control variate and the true gradient, both at α = ½; `None` without one.
    pub control_cosine: Option<f64>,
    /// [`Rule::ALL`] by [`super::ALPHAS`], those that were measured.
    pub rows: Vec<Row>,
}

/// The bin of a score between 0 and 1.
#[must_use]
pub fn bin_of(score: f64) -> usize {
    EDGES[1..EDGES.len() - 1].iter().filter(|&&edge| score >= edge).count()
}

/// Statistics over several units; `None` without units.
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

pub(super) fn row(rule: Rule, alpha: f64, units: &[Unit], samples: u32, [sum, square]: [f64; 2], cosine_samples: u32) -> Row {
    let bins = (0..EDGES.len() - 1).map(|bin| {
        let inside: Vec<&Unit> = units.iter().filter(|unit| bin_of(unit.score) == bin).collect();
        Bin { low: EDGES[bin], high: EDGES[bin + 1], units: inside.len() as u32, summary: summary(&inside, samples.into()) }
    });
    let judged: Vec<&Unit> = units.iter().filter(|unit| unit.is_judged).collect();
    // The sum of no numbers is -0.
    let chi_square = judged.iter().map(|unit| ((unit.mean - unit.truth) / unit.error()).powi(2)).sum::<f64>() + 0.0;
    let scale = scale(&judged);
    let angles = f64::from(cosine_samples);
    let mean_cosine = cosine(units.iter().map(|unit| (unit.mean, unit.truth)));
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
        mean_cosine,
        variance_ratio: None,
        bins: bins.collect(),
    }
}

/// The cosine of the angle between two vectors, 0 if one of them is 0.
pub(super) fn cosine(values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let [along, a, b] = values.fold([0.0; 3], |[along, a, b], (x, y)| [along + x * y, a + x * x, b + y * y]);
    if a > 0.0 && b > 0.0 { along / (a * b).sqrt() } else { 0.0 }
}

/// (mean · truth) / |truth|² and its standard error. Its own error makes a true gradient longer; that part is subtracted.
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

/// Two tests of the same means. One is the distance of all from the true gradient together, by χ² converted to a standard normal (Wilson and Hilferty
/// 1931). The other is their length along it. The units' estimates are almost uncorrelated, because their masks are independent.
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
    use proptest::prelude::*;

    #[test]
    fn without_units_no_verdict_is_given() {
        assert_eq!(verdict(0.0, 0, None), Verdict::TooFew);
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
        fn a_score_is_in_exactly_one_bin(score in 0.0f64..1.0) {
            let bin = bin_of(score);
            prop_assert!(EDGES[bin] <= score && score < EDGES[bin + 1]);
        }

        #[test]
        fn bins_rise_with_the_score(a in 0.0f64..1.0, b in 0.0f64..1.0) {
            prop_assert_eq!(bin_of(a) <= bin_of(b), a <= b || bin_of(a) == bin_of(b));
        }
    }

    #[test]
    fn edges_belong_to_the_upper_bin() {
        assert_eq!([0.001, 0.01, 0.1, 0.5, 0.9, 0.99].map(bin_of), [0, 1, 2, 3, 4, 5]);
    }
}
