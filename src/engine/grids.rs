//! How many workgroups a kernel gets on this adapter, and what follows from it for a buffer.

use crate::model::padded_rows;
use crate::shared::{Layer, Params};

use super::Machine;

/// Most workgroups of a kernel that strides over its work: enough to fill the adapter, few enough that a sparse step does not pay for
/// thousands that find nothing. (On lavapipe 1024 instead of 64 cost a step at keep 0.1 another third of its time; 32 instead of 64 took
/// 0.96 of the CPU time there and as much as before when dense.)
pub(super) fn most_workgroups(machine: &Machine) -> u32 {
    if machine.gpu.adapter.software { 32 } else { 1024 }
}

/// One thread each, in workgroups of 64; a multiple of 16 workgroups, for `spread` of `shaders/shared.wgsl`.
pub(super) fn grid(threads: u32) -> [u32; 3] {
    [threads.div_ceil(64).next_multiple_of(16), 1, 1]
}

/// As many workgroups of 64 as the work can use, for a kernel that strides over it.
pub(super) fn striding_grid(threads: u32, most: u32) -> [u32; 3] {
    let [x, y, z] = grid(threads);
    [x.min(most), y, z]
}

/// Threads that tiles of `quads.0` by `quads.1` quads need to cover `rows` by `columns` of them.
pub(super) fn tiles((rows, columns): (u32, u32), quads: (u32, u32)) -> u32 {
    rows.div_ceil(quads.0) * columns.div_ceil(quads.1)
}

/// Quads along the tile of an invocation, as the kernels have them: of units and of images in `forward`, the same in `d_activations`, of
/// inputs and of outputs in `d_weights`.
pub(super) fn tile_quads(name: &str, software: bool) -> (u32, u32) {
    match name {
        "forward" if software => (2, 4),
        _ if software => (2, 2),
        _ => (1, 1),
    }
}

/// Workgroups of `d_weights`.
pub(super) fn d_weights_grid(machine: &Machine, params: &Params) -> [u32; 3] {
    let quads = tile_quads("d_weights", machine.gpu.adapter.software);
    let layers = &params.layers[..params.group_count as usize - 1];
    // Its strips are four tiles high.
    let layer_tiles = |layer: &Layer| tiles((padded_rows(layer.inputs) / 4, padded_rows(layer.outputs) / 4), (4 * quads.0, quads.1)) * 4;
    striding_grid(layers.iter().map(layer_tiles).sum(), most_workgroups(machine))
}

/// Numbers that `d_weights` leaves in `squares`: one a workgroup, on a software adapter one an invocation.
pub(super) fn squares(machine: &Machine, params: &Params) -> u32 {
    d_weights_grid(machine, params)[0] * if machine.gpu.adapter.software { 64 } else { 1 }
}
