//! How many workgroups a kernel gets on this adapter.

use crate::device::Machine;
use crate::model::{Extra, Layer};

/// Most workgroups of a kernel that strides over its work: enough to fill the adapter, few enough that a sparse step does not pay for
/// thousands that find nothing. (On lavapipe 1024 instead of 64 cost a step at keep 0.1 another third of its time; 16 instead of 32 took 0.97 of
/// the time of vgg16 and of mlp-1024-1024 there, and as much as before when dense.)
pub(super) fn most_workgroups(machine: &Machine) -> u32 {
    if machine.adapter.software { 16 } else { 1024 }
}

/// Most workgroups of a kernel that has a tile for each thread: on a software adapter as few as above, since a workgroup without a tile costs there
/// what a tile costs whose sums have one term; elsewhere as many as a dispatch may have, and a multiple of 16.
pub(super) fn most_tiled(machine: &Machine) -> u32 {
    if machine.adapter.software { most_workgroups(machine) } else { 65_520 }
}

/// One thread each, in workgroups of 64; a multiple of 16 workgroups, so that a software adapter's few are a power of two, as `dealt` of
/// `shaders/shared.wgsl` asks.
pub(super) fn grid(threads: u64) -> [u32; 3] {
    [u32::try_from(threads.div_ceil(64).next_multiple_of(16)).unwrap_or(u32::MAX), 1, 1]
}

/// As many workgroups of 64 as the work can use, for a kernel that strides over it.
pub(super) fn striding_grid(threads: u64, most: u32) -> [u32; 3] {
    let [x, y, z] = grid(threads);
    [x.min(most), y, z]
}

/// Quads along the tile of an invocation: of units and of images.
pub(super) fn tile_quads(name: &str, software: bool) -> (u32, u32) {
    match name {
        "convolve" | "d_activations" if software => (2, 4),
        _ if software => (2, 2),
        _ => (1, 1),
    }
}

/// Threads that tiles need to cover `units` quads of units at each of `pixels` pixels of `images` quads of images.
pub(super) fn tiles(name: &str, software: bool, units: u32, pixels: u32, images: u32) -> u64 {
    let (down, across) = tile_quads(name, software);
    u64::from(units.div_ceil(down)) * u64::from(pixels) * u64::from(images.div_ceil(across))
}

/// Invocations that are enough to fill the adapter, as in `shaders/splits.wgsl`.
fn enough(software: bool) -> u32 {
    if software { 1024 } else { 32_768 }
}

/// What the parts follow from into which a device cuts the gradients of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Invocations that fill the device.
    pub enough: u32,
    /// Weights along a side of a tile.
    pub tile: u32,
    /// Most tiles of a strip.
    pub strip: u32,
}

impl Cuts {
    pub(super) fn of(machine: &Machine) -> Self {
        let software = machine.adapter.software;
        if machine.cpu_clock().is_some() {
            // One after another, sums need not be cut.
            Self { enough: 1, tile: 4, strip: 1 }
        } else {
            Self { enough: enough(software), tile: if software { 8 } else { 4 }, strip: if software { 1 } else { 4 } }
        }
    }
}

/// Threads that `d_weights` can use for a layer: its tiles, and where it can be cut, enough to fill the adapter.
pub(super) fn d_weights_threads(layer: &Layer, software: bool) -> u64 {
    let side = tile_quads("d_weights", software).0;
    let rows = layer.taps * layer.inputs + u32::from(layer.extra == Extra::Bias);
    // Its tiles stand in strips of up to four, on a software adapter of one.
    let down = rows.div_ceil(4).div_ceil(side);
    let down = if software { down } else { down.next_multiple_of(down.clamp(1, 4)) };
    let tiles = u64::from(down) * u64::from(layer.outputs.div_ceil(4).div_ceil(side));
    if layer.pixels > 1 { tiles.max(enough(software).into()) } else { tiles }
}
