// update_statistics: moves the running statistics of the units that m keeps towards the batch's; those of units that are off do not change.
//   running <- 0.9 * running + 0.1 * (mean, variance * n / (n - 1))   with n = B * Q
//
// The probe's statistics have no influence, and a halted run changes nothing. Dispatched once for all layers; the units are distributed over the
// invocations.

// #import structs

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;               // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(4) var<storage, read> statistics: array<vec2<f32>>;    // [2, S]
@group(0) @binding(5) var<storage, read_write> running: array<vec2<f32>>; // [S]

const MEMORY: f32 = 0.9;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if state.halted != 0u {
        return;
    }
    for (var l = 0u; l < params.layer_count; l++) {
        let layer = params.layers[l];
        if layer.extra != 2u {
            continue;
        }
        let n = f32(layer.pixels * params.batch_size);
        let unbiased = vec2(1.0, n / max(n - 1.0, 1.0));
        let list = params.groups[layer.group_out].first_row;
        for (var row = workgroup.x * LANES + lane; row < counts[layer.group_out]; row += grid.x * LANES) {
            let at = layer.first_statistic + lists[list + row];
            running[at] = MEMORY * running[at] + (1.0 - MEMORY) * unbiased * statistics[layer.first_statistic + row];
        }
    }
}
