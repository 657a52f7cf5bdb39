//! Fisher: g = effect / mean of |effect|, where the running estimate of a unit's effect is −½F: the Fisher information F = E (∂ℓ/∂m)² of its mask
//! is what the loss would rise by without the unit, to second order, where the weights are stationary (Theis et al. 2018 prune by it).
//!
//! It is biased, and second order: the first-order part of the effect, ∂L/∂m, is 0 on average at stationary weights, and interactions of units are
//! left out. It reads one forward and one backward pass. One mean for all units keeps the sizes of the effects comparable.

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 4,
    name: "fisher",
    label: None,
    is_unbiased: false,
    reads: Reads::Effects,
    reads_probe: false,
    raw: |of| of.effect / of.mean_effect.max(LEAST_MEAN),
    mean_square: None,
    bound: None,
};

/// Where no unit that m keeps has an effect; as in `shaders/update_scores.wgsl`.
const LEAST_MEAN: f64 = 1e-30;
