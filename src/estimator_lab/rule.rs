//! The formulas that the lab measures: the estimators of the methods, and three that only the lab computes from the same draws.
//!
//! `two-sided, c` is two-sided with the run's running effects as its control variate. They are fixed while the lab draws, so it is unbiased. `first
//! order` and `second order` read a backward pass through the units that a mask keeps, which gives G = ∂L/∂m of these alone: divided by s, the mean over
//! the masks is E[G | m = 1]. Both are biased. The first is near 0 where the weights are stationary, because scaling a unit is a direction in weight
//! space; the second has the information F = B G² of the unit's mask too (`docs/methods.md`).

use crate::estimators::{Estimator, Largest, Moments, Observed, Reads};

/// A formula of g, the structure gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Of a method.
    Of(Estimator),
    /// g = ½ (L − L′ − Σ c (m − m′)) (m − m′) / h^(1−α) + c h^α.
    ControlVariate,
    /// g = h^α G / s of a kept unit, otherwise 0.
    FirstOrder,
    /// g = h^α (G − ½ B G²) / s of a kept unit, otherwise 0; B is the number of images.
    SecondOrder,
}

/// What a sample is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draws {
    /// Two masks and their losses.
    Pairs,
    /// A mask, and ∂L/∂m of every unit.
    Gates,
    /// A mask, and ∂L/∂m of the units that it keeps.
    Kept,
}

/// Whether a step gives a sample of it.
const fn has_samples(estimator: Estimator) -> bool {
    !matches!(estimator.reads(), Reads::Effects)
}

/// How many estimators have samples.
const SAMPLED: usize = {
    let (mut count, mut index) = (0, 0);
    while index < Estimator::ALL.len() {
        if has_samples(Estimator::ALL[index]) {
            count += 1;
        }
        index += 1;
    }
    count
};

impl Rule {
    /// Every formula, in the order of the report: the estimators, two-sided with its control variate after it, and the two orders. `fisher` is `second order`
    /// without its first part, over a running mean: it has no sample of its own.
    pub const ALL: [Self; SAMPLED + 3] = {
        let (mut all, mut found, mut index) = ([Self::ControlVariate; SAMPLED + 3], 0, 0);
        while index < Estimator::ALL.len() {
            let estimator = Estimator::ALL[index];
            if has_samples(estimator) {
                all[found] = Self::Of(estimator);
                found += if matches!(estimator, Estimator::TwoSided) { 2 } else { 1 };
            }
            index += 1;
        }
        (all[found], all[found + 1]) = (Self::FirstOrder, Self::SecondOrder);
        all
    };

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(estimator) => estimator.name(),
            Self::ControlVariate => "two-sided, c",
            Self::FirstOrder => "first order",
            Self::SecondOrder => "second order",
        }
    }

    /// Whether its mean is h^α D for every loss.
    #[must_use]
    pub fn is_unbiased(self) -> bool {
        match self {
            Self::Of(estimator) => estimator.definition().is_unbiased,
            Self::ControlVariate => true,
            Self::FirstOrder | Self::SecondOrder => false,
        }
    }

    pub(super) fn draws(self) -> Draws {
        match self {
            Self::Of(estimator) if estimator.reads() == Reads::Derivative => Draws::Gates,
            Self::Of(_) | Self::ControlVariate => Draws::Pairs,
            Self::FirstOrder | Self::SecondOrder => Draws::Kept,
        }
    }

    /// g = raw · h^(α + this).
    pub(super) fn exponent(self) -> f64 {
        match self {
            Self::Of(estimator) => estimator.exponent(),
            Self::ControlVariate => Estimator::TwoSided.exponent(),
            Self::FirstOrder | Self::SecondOrder => 0.0,
        }
    }

    /// g without its power of h, of a mean over `images` images.
    pub(super) fn raw(self, of: &Observed, images: f64) -> f64 {
        match self {
            Self::Of(estimator) => estimator.raw(of),
            Self::ControlVariate => Estimator::TwoSided.gradient(1.0, of),
            Self::FirstOrder => of.derivative / of.score,
            Self::SecondOrder => (of.derivative - 0.5 * images * of.derivative * of.derivative) / of.score,
        }
    }

    /// The exact variance of g; `None` if the losses do not determine it. `rest`: of the losses less Σ c m.
    pub(super) fn variance(self, alpha: f64, moments: &Moments, rest: &Moments) -> Option<f64> {
        match self {
            Self::Of(estimator) => estimator.variance(alpha, moments),
            // The losses' part that c explains is subtracted; c h^α is no random number.
            Self::ControlVariate => Estimator::TwoSided.variance(alpha, rest),
            Self::FirstOrder | Self::SecondOrder => None,
        }
    }

    /// A bound on the variance of g for losses of at most these sizes, if there is one.
    pub(super) fn bound(self, alpha: f64, score: f64, largest: Largest) -> Option<f64> {
        match self {
            Self::Of(estimator) => estimator.bound(alpha, score, largest),
            Self::ControlVariate | Self::FirstOrder | Self::SecondOrder => None,
        }
    }
}
