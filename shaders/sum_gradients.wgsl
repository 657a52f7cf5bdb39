// sum_gradients: replaces the first part of each layer's gradient by the sum of all parts that d_weights wrote, in a fixed order.
//
// Dispatched once for all layers of more than one pixel. The quads are distributed over the invocations. It writes the squares of these layers, for
// the norm of the gradient; d_weights writes those of the others.

// #import structs
// #import quads
// #import gradient_parts
// #import squares

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                // [2, 64]
@group(0) @binding(2) var<storage, read_write> d_weights: array<vec4<f32>>; // layers of parts of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;         // the first [workgroups * SQUARES]

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var square = 0.0;
    for (var l = 0u; l < params.layer_count; l++) {
        let layer = params.layers[l];
        if layer.taps == 0u || layer.pixels == 1u {
            continue;
        }
        let kept_in = counts[layer.group_in];
        let kept_out = counts[layer.group_out];
        let parts = split_count(layer, kept_in, kept_out);
        let part_quads = sum_floats(layer, kept_in, kept_out) / 4u;
        // The rows of a normalisation are not split.
        let own_quads = summed_rows(layer, kept_in) * quads(kept_out);
        for (var id = workgroup.x * LANES + lane; id < own_quads; id += grid.x * LANES) {
            let at = layer.first_gradient / 4u + id;
            var sum = d_weights[at];
            for (var part = 1u; part < parts; part++) {
                sum += d_weights[at + part * part_quads];
            }
            d_weights[at] = sum;
            square += dot(sum, sum);
        }
    }
    write_square(square, 0u, workgroup.x, lane);
}
