//! The number of workgroups of each kernel on this adapter.

use crate::device::Machine;
use crate::model::{Extra, Layer};

/// Numbers that depend on whether the adapter computes on the CPU. Those that kernels also need are in `shaders/shared/sizes.wgsl` and
/// `shaders/software/sizes.wgsl` with the same names; a test compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Quads of units of a tile of `convolve` and of `d_activations`.
    pub tile_units: u32,
    /// Quads of images of such a tile.
    pub tile_images: u32,
    /// Quads along each side of a tile of `d_weights`.
    pub weight_quads: u32,
    /// Most tiles of `d_weights` in a strip.
    pub strip: u32,
    /// Invocations that occupy the whole adapter.
    pub enough: u32,
    /// Numbers that a workgroup writes to `squares`.
    pub squares: u32,
    /// Invocations of `d_masks` that share the terms of a unit.
    pub mask_lanes: u32,
    /// Most workgroups of a kernel that strides over its work: enough to occupy the adapter, and few enough that a sparse step does not start
    /// thousands without work.
    pub most_workgroups: u32,
    /// Most workgroups of a kernel that has a tile for each thread; a multiple of 16.
    pub most_tiled: u32,
}

impl Sizes {
    pub const GPU: Self = Self {
        tile_units: 1,
        tile_images: 1,
        weight_quads: 1,
        strip: 4,
        enough: 32_768,
        squares: 1,
        mask_lanes: 64,
        most_workgroups: 1024,
        // The most that a dispatch may have.
        most_tiled: 65_520,
    };

    /// For an adapter that computes on the CPU, and for the CPU engine.
    pub const SOFTWARE: Self = Self {
        tile_units: 2,
        tile_images: 4,
        weight_quads: 2,
        strip: 1,
        enough: 1024,
        squares: 64,
        mask_lanes: 1,
        most_workgroups: 16,
        // There a workgroup without a tile costs as much as a tile whose sums have one term.
        most_tiled: 16,
    };

    pub(super) fn of(machine: &Machine) -> Self {
        if machine.adapter.software { Self::SOFTWARE } else { Self::GPU }
    }

    /// Threads for tiles that cover `units` quads of units at each of `pixels` pixels of `images` quads of images.
    pub(super) fn tiles(&self, units: u32, pixels: u32, images: u32) -> u64 {
        u64::from(units.div_ceil(self.tile_units)) * u64::from(pixels) * u64::from(images.div_ceil(self.tile_images))
    }

    /// Threads that `d_weights` can use for a layer: one for each tile or, if its sums can be split, enough to occupy the adapter.
    pub(super) fn d_weights_threads(&self, layer: &Layer) -> u64 {
        let rows = layer.taps * layer.inputs + u32::from(layer.extra == Extra::Bias);
        let down = rows.div_ceil(4).div_ceil(self.weight_quads);
        // In complete strips.
        let down = down.next_multiple_of(down.clamp(1, self.strip));
        let tiles = u64::from(down) * u64::from(layer.outputs.div_ceil(4).div_ceil(self.weight_quads));
        if layer.pixels > 1 { tiles.max(self.enough.into()) } else { tiles }
    }
}

/// One thread each, in workgroups of 64. The number of workgroups is a multiple of 16, so that the few of an adapter that computes on the CPU are a
/// power of two, as `dealt` in `shaders/software/dealing.wgsl` requires.
pub(super) fn grid(threads: u64) -> [u32; 3] {
    [u32::try_from(threads.div_ceil(64).next_multiple_of(16)).unwrap_or(u32::MAX), 1, 1]
}

/// As many workgroups of 64 as the work can use, for a kernel that strides over it.
pub(super) fn striding_grid(threads: u64, most: u32) -> [u32; 3] {
    let [x, y, z] = grid(threads);
    [x.min(most), y, z]
}

/// The numbers that decide into how many parts a device splits the gradients of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Invocations that occupy the device.
    pub enough: u32,
    /// Weights along a side of a tile.
    pub tile: u32,
    /// Most tiles of a strip.
    pub strip: u32,
}

impl Cuts {
    pub(super) fn of(machine: &Machine) -> Self {
        if machine.cpu_clock().is_some() {
            // A sequential device does not need to split sums.
            Self { enough: 1, tile: 4, strip: 1 }
        } else {
            let Sizes { enough, weight_quads, strip, .. } = Sizes::of(machine);
            Self { enough, tile: weight_quads * 4, strip }
        }
    }
}
