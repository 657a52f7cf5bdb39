//! Straight-through: g = h^α · ∂L/∂m, the chain rule through the mask as if drawing it were the identity (Bengio, Léonard and Courville 2013).
//! Method `ste` takes α = 0.
//!
//! A derivative at m ∈ {0, 1} is no difference between them: it is biased unless the loss is linear in m. It needs the derivative at units that
//! are off too, for which every unit is computed. Losses neither determine its variance nor bound it.

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 3,
    name: "ste",
    label: None,
    is_unbiased: false,
    reads: Reads::Derivative,
    raw: |of| of.derivative,
    mean_square: None,
    bound: None,
};
