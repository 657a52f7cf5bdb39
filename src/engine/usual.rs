//! Which variants of the kernels run where nothing was measured.
//!
//! An adapter in software that has subgroups runs the variants with the fewest estimated instructions, for the units that the network keeps at the end
//! of the schedule. Timing them would be better, but compiling each takes it up to a second. Other adapters have one choice for all networks.

use crate::device::{Adapter, Product, Tile, Variant, Variants};
use crate::model::{Extra, Model, Op};

// What llvmpipe runs for eight invocations at a time, counted in the code that it compiles to.

/// Instructions that load four values for each of them.
const LOAD: f64 = 360.0;
/// Instructions of a multiply-add, without those that move its sum between memory and a register.
const MULTIPLY_ADD: f64 = 2.0;
/// Instructions that move a sum, in every turn of a loop.
const MOVE: f64 = 3.0;
/// Instructions of a turn of the innermost loop besides loads and sums.
const TURN: f64 = 60.0;
/// Instructions of a tap besides the turns of its loop, and those for each sum.
const TAP: [f64; 2] = [200.0, 6.0];

/// A product of one layer.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Units, or rows of a gradient; pixels; images, or outputs of a gradient.
    size: [f64; 3],
    /// Loops, one for each tap, and terms of each.
    loops: f64,
    terms: f64,
}

/// The variants for a network that keeps `kept()` units of each group, `[groups]`.
#[must_use]
pub fn usual_variants(adapter: &Adapter, model: &Model, kept: impl Fn() -> Vec<f64>, batch_size: u32) -> Variants {
    let usual = Variants::usual(adapter);
    // No page has subgroups.
    if cfg!(target_arch = "wasm32") || usual != Variants::SUBGROUPS {
        return usual;
    }
    let kept = kept();
    Product::ALL.into_iter().fold(usual, |variants, product| {
        let shapes = shapes(product, model, &kept, batch_size);
        let instructions = |index: usize| -> f64 {
            let variant = &product.variants()[index];
            shapes.iter().map(|shape| instructions(product, variant, shape)).sum()
        };
        let possible = product.candidates(adapter).filter(|&index| !matches!(product.variants()[index].tile, Tile::Workgroup { .. }));
        let least = possible.min_by(|&a, &b| instructions(a).total_cmp(&instructions(b)));
        variants.with(product, least.unwrap_or(usual.index(product)))
    })
}

/// The products of a step.
fn shapes(product: Product, model: &Model, kept: &[f64], batch_size: u32) -> Vec<Shape> {
    let images = f64::from(batch_size);
    let mut shapes = Vec::new();
    for op in &model.ops {
        let Op::Convolve { layer, input, output, stride, .. } = *op else { continue };
        let layer = &model.layers[layer];
        let taps = f64::from(layer.taps);
        let bias = f64::from(u8::from(layer.extra == Extra::Bias));
        let [inputs, outputs] = layer.groups.map(|group| kept[group]);
        let [pixels_in, pixels_out] = [input, output].map(|map| f64::from(model.maps[map].pixels()));
        match product {
            Product::Convolve => {
                shapes.push(Shape { size: [outputs, pixels_out, images], loops: taps, terms: inputs + bias });
            }
            Product::DActivations if input != 0 || model.needs_input_gradient() => {
                let loops = (taps / f64::from(stride * stride)).max(1.0);
                shapes.push(Shape { size: [inputs, pixels_in, images], loops, terms: outputs });
            }
            Product::DActivations => {}
            Product::DWeights => {
                shapes.push(Shape { size: [taps * inputs + bias, 1.0, outputs], loops: pixels_out, terms: images });
            }
        }
    }
    shapes
}

/// Instructions of the product of a layer.
fn instructions(product: Product, variant: &Variant, shape: &Shape) -> f64 {
    // Quads down and across, and invocations that compute a tile.
    let ([down, across], sharers) = match variant.tile {
        Tile::Invocation { down, across } => ([down, across], 1.0),
        Tile::Subgroup { down, across } => ([down, across], 8.0),
        Tile::Workgroup { side } => ([side; 2], 64.0),
    };
    let across = if product == Product::DWeights { variant.weight_quads()[1] } else { across };
    let [down, across] = [down, across].map(f64::from);
    // Terms of a turn of the innermost loop: one, or as many as an invocation of a subgroup loads weights for; the others take four.
    let together = match product {
        Product::Convolve => (sharers / down).max(1.0),
        Product::DActivations | Product::DWeights => 4.0,
    };
    let [rows, pixels, columns] = shape.size;
    let tiles = (rows / (4.0 * down)).ceil() * pixels * (columns / (4.0 * across)).ceil();
    let turns = (shape.terms / together).ceil();
    let sums = 4.0 * down * across / sharers * 4.0;
    let turn = (down + across) / sharers * together * LOAD + sums * (together * MULTIPLY_ADD + MOVE) + TURN;
    let [tap, each_sum] = TAP;
    tiles * sharers / 8.0 * shape.loops * (turns * turn + tap + sums * each_sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Group, Image, Model};

    const MNIST: Image = Image { channels: 1, height: 28, width: 28 };
    const CIFAR: Image = Image { channels: 3, height: 32, width: 32 };

    fn adapter() -> Adapter {
        Adapter { has_subgroups_of_eight: true, ..Adapter::cpu() }
    }

    fn names(adapter: &Adapter, model: &str, image: Image, keep_ratio: f64, batch_size: u32) -> String {
        let model = Model::new(model, image, 10, false).unwrap();
        let kept = |group: &Group| f64::from(group.size) * if group.gated { keep_ratio } else { 1.0 };
        let kept: Vec<f64> = model.groups.iter().map(kept).collect();
        usual_variants(adapter, &model, || kept.clone(), batch_size).to_string()
    }

    #[test]
    fn wide_layers_get_wide_tiles_and_narrow_ones_narrow_tiles() {
        let wide = "convolve=s16x64,d_activations=s16x64,d_weights=s32x16";
        assert_eq!(names(&adapter(), "mlp-1024-1024", MNIST, 1.0, 128), wide);
        assert_eq!(names(&adapter(), "mlp-1024-1024", MNIST, 0.1, 128), wide);
        assert_eq!(names(&adapter(), "cnn-32-64-128", CIFAR, 1.0, 128), wide);
        let narrow = "convolve=s8x64,d_activations=s8x64,d_weights=s32x8";
        assert_eq!(names(&adapter(), "cnn-8-8", CIFAR, 1.0, 128), narrow);
    }

    #[test]
    fn a_batch_that_would_leave_a_subgroup_half_empty_gets_tiles_of_an_invocation() {
        let few = names(&adapter(), "mlp-1024-1024", MNIST, 0.1, 16);
        assert_eq!(few, "convolve=8x16,d_activations=8x16,d_weights=s32x16");
    }

    #[test]
    fn without_subgroups_there_is_one_choice_for_all_networks() {
        for adapter in [Adapter::cpu(), Adapter { software: false, ..adapter() }] {
            for (model, batch_size) in [("mlp-1024-1024", 128), ("cnn-8-8", 16)] {
                assert_eq!(names(&adapter, model, CIFAR, 0.5, batch_size), Variants::usual(&adapter).to_string());
            }
        }
    }
}
