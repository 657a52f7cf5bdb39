//! Estimators of the gradient of the expected loss with respect to a keep-probability: one file each.
//!
//! For one unit, s is its keep-probability and h = s(1−s). Its values in the masks m and m′ are 0 or 1. L = L(w, m) and L′ = L(w, m′) are the losses
//! of one batch. E L is linear in s: its derivative is D = E[L | m = 1] − E[L | m = 0]. With the preconditioner h^α (arXiv 2111.05685, section 4) the
//! gradient to estimate is h^α D. An estimator is unbiased if that is its mean.
//!
//! To add one: its file, its two lines here, its case in `shaders/update_scores.wgsl` with a constant `ESTIMATOR_` and its name, and its formula in `www/model/estimators.ts`. A
//! test compares the constants with the ids. Another enumerates every pair of masks and compares mean, variance and bound.

mod fisher;
mod one_sided;
mod plain;
mod ste;
#[cfg(test)]
mod tests;
mod two_sided;

use crate::random::keep_level;

/// What an estimator reads from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The drawn masks and their losses: g = raw / h^(1−α).
    Losses,
    /// The derivative of the loss at the unit's mask, which needs every unit computed: g = raw · h^α.
    Derivative,
    /// The running estimate of each unit's effect on the loss: g = raw, also of a decided unit.
    Effects,
}

/// The values of one unit in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// s
    pub score: f64,
    /// m and m′, 0 or 1.
    pub mask: f64,
    pub probe: f64,
    /// L and L′.
    pub loss: f64,
    pub probe_loss: f64,
    /// ∂L/∂m, where it was computed.
    pub derivative: f64,
    /// The running estimate of the unit's effect L(1) − L(0): c of the control variate, 0 without one.
    pub effect: f64,
    /// Σ c (m − m′) over all units or, of an estimator that does not read m′, Σ c (m − s): the part of the losses' difference that c explains.
    pub explained: f64,
    /// The mean of |effect| over the units that m keeps.
    pub mean_effect: f64,
}

/// The losses under all masks, split by one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// s
    pub score: f64,
    /// Means of L and of L² over the masks that keep the unit, and over the masks that do not.
    pub on: [f64; 2],
    pub off: [f64; 2],
}

impl Moments {
    /// D, the derivative of the expected loss.
    #[must_use]
    pub fn slope(&self) -> f64 {
        self.on[0] - self.off[0]
    }

    /// E[(m − s)² f(m)] of a function of m that is `on` at 1 and `off` at 0.
    fn centred(&self, on: f64, off: f64) -> f64 {
        let s = self.score;
        s * (1.0 - s) * (1.0 - s) * on + (1.0 - s) * s * s * off
    }

    /// E L (k = 0) and E L² (k = 1).
    fn mean(&self, k: usize) -> f64 {
        self.score * self.on[k] + (1.0 - self.score) * self.off[k]
    }
}

/// The largest losses that occur: a bound on the variance is a multiple of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Largest {
    /// Δ ≥ |L − L′|
    pub difference: f64,
    /// Λ ≥ L
    pub loss: f64,
}

/// An estimator, as its file defines it.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its number in the kernels: `ESTIMATOR_…` in `shaders/update_scores.wgsl`.
    pub id: u32,
    /// Its name in links, flags, logs and reports.
    pub name: &'static str,
    /// The label of the page's control, if the setting `estimator` offers it. The others belong to a method.
    pub label: Option<&'static str>,
    /// Whether its mean is h^α D for every loss.
    pub is_unbiased: bool,
    pub reads: Reads,
    /// Whether it reads m′ and L′.
    pub reads_probe: bool,
    /// g without the power of h that [`Reads`] gives.
    pub raw: fn(&Observed) -> f64,
    /// E raw² exactly; `None` if the losses do not determine it.
    pub mean_square: Option<fn(&Moments) -> f64>,
    /// A bound on E raw² / h. Times h^(2α−1) it bounds the variance of g. `None` if there is no such bound.
    pub bound: Option<fn(Largest) -> f64>,
}

/// The table: variant, file.
macro_rules! estimators {
    ($($variant:ident = $file:ident;)+) => {
        /// How the structure gradient is estimated.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Estimator { $(#[doc = concat!("See `src/estimators/", stringify!($file), ".rs`.")] $variant,)+ }

        impl Estimator {
            /// Every estimator.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant,)+];

            /// Its definition, from its file.
            #[must_use]
            pub const fn definition(self) -> &'static Definition {
                match self { $(Self::$variant => &$file::ESTIMATOR,)+ }
            }
        }
    };
}

estimators! {
    TwoSided = two_sided;
    OneSided = one_sided;
    Plain = plain;
    Ste = ste;
    Fisher = fisher;
}

/// How many estimators the setting `estimator` offers.
const OFFERED: usize = {
    let (mut count, mut index) = (0, 0);
    while index < Estimator::ALL.len() {
        if Estimator::ALL[index].definition().label.is_some() {
            count += 1;
        }
        index += 1;
    }
    count
};

impl Estimator {
    /// Names and labels of the estimators that the setting `estimator` offers.
    pub const NAMES: &'static [(&'static str, &'static str)] = &{
        let (mut names, mut found, mut index) = ([("", ""); OFFERED], 0, 0);
        while index < Self::ALL.len() {
            let definition = Self::ALL[index].definition();
            if let Some(label) = definition.label {
                names[found] = (definition.name, label);
                found += 1;
            }
            index += 1;
        }
        names
    };

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.definition().name
    }

    /// Its number in the kernels.
    #[must_use]
    pub const fn id(self) -> u32 {
        self.definition().id
    }

    /// The estimator with this number.
    #[must_use]
    pub fn of_id(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|estimator| estimator.id() == id)
    }

    #[must_use]
    pub const fn reads(self) -> Reads {
        self.definition().reads
    }

    /// g = raw · h^(α + this).
    #[must_use]
    pub fn exponent(self) -> f64 {
        match self.reads() {
            Reads::Losses => -1.0,
            Reads::Derivative | Reads::Effects => 0.0,
        }
    }

    /// g without its power of h.
    #[must_use]
    pub fn raw(self, observed: &Observed) -> f64 {
        (self.definition().raw)(observed)
    }

    /// g of one unit: 0 for a [decided](is_undecided) unit, about which no loss says anything.
    ///
    /// The control variate (Greensmith, Bartlett and Baxter 2004; `docs/methods.md`): L − Σ c (m − m′) instead of L, and c h^α is added. For every c of past
    /// steps the mean of g stays the same, because E Σ c (m − m′) · (m − m′) / 2h = c.
    #[must_use]
    pub fn gradient(self, alpha: f64, observed: &Observed) -> f64 {
        let s = observed.score;
        match self.reads() {
            Reads::Losses if !is_undecided(s as f32) => 0.0,
            Reads::Losses => {
                let h = s * (1.0 - s);
                let rest = Observed { loss: observed.loss - observed.explained, ..*observed };
                self.raw(&rest) / h.powf(1.0 - alpha) + observed.effect * h.powf(alpha)
            }
            Reads::Derivative => self.raw(observed) * (s * (1.0 - s)).powf(alpha),
            Reads::Effects => self.raw(observed),
        }
    }

    /// The exact variance of g; `None` if the losses do not determine it.
    #[must_use]
    pub fn variance(self, alpha: f64, moments: &Moments) -> Option<f64> {
        let h = moments.score * (1.0 - moments.score);
        let square = self.definition().mean_square?(moments);
        Some((square - (h * moments.slope()).powi(2)) * h.powf(2.0 * alpha - 2.0))
    }

    /// A bound on the variance of g of a unit with score `score` for losses of at most these sizes, if there is one.
    #[must_use]
    pub fn bound(self, alpha: f64, score: f64, largest: Largest) -> Option<f64> {
        let h = score * (1.0 - score);
        Some(self.definition().bound?(largest) * h.powf(2.0 * alpha - 1.0))
    }
}

/// Whether two draws of a unit with this score can differ. If s is 1, or below the draw's resolution of 2⁻²⁴, there is nothing to learn.
#[must_use]
pub fn is_undecided(score: f32) -> bool {
    keep_level(score) > 0 && score < 1.0
}
