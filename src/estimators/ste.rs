//! Straight-through: g = h^α · ∂L/∂m, the chain rule through the mask as if drawing it were the identity (Bengio, Léonard and Courville 2013). Method
//! `ste` sets α = 0.
//!
//! It is biased unless the loss is linear in m: a derivative at m = 0 or 1 is not the difference of the losses at 1 and 0. It needs the derivative at
//! units that are off, so every unit is computed. Losses neither determine its variance nor bound it.

use super::{Definition, Reads};

pub(super) const ESTIMATOR: Definition = Definition {
    id: 3,
    name: "ste",
    label: None,
    is_unbiased: false,
    reads: Reads::Derivative,
    reads_probe: false,
    raw: |of| of.derivative,
    mean_square: None,
    bound: None,
};
