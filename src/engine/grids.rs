//! The number of workgroups of each kernel on this adapter.

use crate::device::{Machine, Product, Variant, Variants};
use crate::model::{Extra, Layer};

use super::Engine;

/// As many workgroups of `lanes` invocations as the work can use, at most `most`, for a kernel that strides over it. The number is a power of two or
/// a multiple of 16: the few of an adapter that computes on the CPU are a power of two, as `dealt` in `shaders/software/dealing.wgsl` requires.
pub(super) fn striding_grid(work: u64, lanes: u32, most: u32) -> u32 {
    let least = work.div_ceil(lanes.into()).max(1);
    let rounded = if least < 16 { least.next_power_of_two() } else { least.next_multiple_of(16) };
    u32::try_from(rounded).unwrap_or(u32::MAX).min(most)
}

/// The numbers that decide into how many parts a device splits the gradients of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Tiles at a time that occupy the device.
    pub enough: u32,
    /// Rows and outputs of a tile.
    pub tile: [u32; 2],
    /// Most tiles of a strip.
    pub strip: u32,
}

impl Cuts {
    pub(super) fn of(machine: &Machine, variants: Variants) -> Self {
        if machine.cpu_clock().is_some() {
            // A sequential device does not need to split sums.
            Self { enough: 1, tile: [4; 2], strip: 1 }
        } else {
            let variant = variants.of(Product::DWeights);
            Self { enough: variant.enough, tile: variant.weight_quads().map(|quads| 4 * quads), strip: variant.strip }
        }
    }
}

impl Engine {
    /// How this device splits the gradients of weights into parts.
    #[must_use]
    pub fn cuts(&self) -> Cuts {
        Cuts::of(&self.machine, self.variants)
    }
}

/// Invocations that this variant of `d_weights` can use for a layer.
pub(super) fn of_gradient(variant: &Variant, layer: &Layer) -> u64 {
    let rows = layer.taps * layer.inputs + u32::from(layer.extra == Extra::Bias);
    variant.of_gradient(rows.div_ceil(4), layer.outputs.div_ceil(4), layer.pixels > 1)
}
