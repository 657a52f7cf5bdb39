//! What a scene is, and the settings that several have.

use crate::estimators::Estimator;
use crate::model::Image;
use crate::shared::{Params, effects};

/// A network with awkward sizes, and the other conditions of its scene.
#[expect(clippy::struct_excessive_bools, reason = "independent conditions, each named where a scene has it")]
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) model: &'static str,
    pub(super) image: Image,
    pub(super) classes: u32,
    pub(super) gate_inputs: bool,
    /// Whether gates multiply by the masks.
    pub(super) gates: bool,
    /// The share of each group for which there is room. If more units are drawn, the step overflows.
    pub(super) room: f64,
    /// Whether maps and gradients share buffers.
    pub(super) saves_memory: bool,
    /// Whether both masks are computed together, if it uses two.
    pub(super) side_by_side: bool,
    pub(super) exact_information: bool,
    /// Whether it runs with every variant of the kernels.
    pub(super) all_variants: bool,
    pub(super) batch_size: u32,
    pub(super) change: fn(&mut Params),
    /// The keep ratio of prices by multiply-adds. `None`: every price is 1.
    pub(super) priced_at: Option<f64>,
    /// The budget as a share of U.
    pub(super) keep: f32,
    pub(super) scores: Scores,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Scores {
    /// All kinds: 0, 1, below the draw's resolution, and between.
    Mixed,
    /// So small that no unit is drawn: every group must still keep one.
    Vanishing,
    /// All equal: ties in the projection.
    Tied,
    /// As `Mixed`, with units pinned on and off.
    Pinned,
}

pub(super) const fn flat(features: u32) -> Image {
    Image { channels: 1, height: 1, width: features }
}

pub(super) const fn image(channels: u32, height: u32, width: u32) -> Image {
    Image { channels, height, width }
}

/// The defaults of a scene.
pub(super) const USUAL: Scene = Scene {
    name: "two gated layers",
    model: "mlp-37-19",
    image: flat(29),
    classes: 10,
    gate_inputs: true,
    gates: false,
    room: 1.0,
    saves_memory: false,
    side_by_side: true,
    exact_information: false,
    all_variants: false,
    batch_size: 13,
    change: |_| {},
    priced_at: None,
    keep: 0.4,
    scores: Scores::Mixed,
};

pub(super) const PINNED: Scene = Scene { name: "pinned units", keep: 0.3, scores: Scores::Pinned, ..USUAL };

/// With the control variate, and a projection that fills the budget.
pub(super) fn controlled(params: &mut Params) {
    (params.effects, params.effect_rate, params.fill_budget) = (effects::CONTROL, 0.1, 1);
}

/// As method `ste` trains its scores.
pub(super) fn straight_through(params: &mut Params) {
    (params.masks, params.estimator) = (1, Estimator::Ste.id());
}

/// As method `fisher` trains its scores.
pub(super) fn by_fisher(params: &mut Params) {
    (params.effects, params.effect_rate, params.masks) = (effects::FISHER, 0.2, 1);
    (params.estimator, params.optimizer) = (Estimator::Fisher.id(), 1);
}
