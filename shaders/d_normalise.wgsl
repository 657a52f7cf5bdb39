// d_normalise: the loss's gradient through a normalisation to what it read, under m; n = B * Q:
//   d_in = scale / deviation * (d - (d_shift + x * d_scale) / n)   with x = (in - mean) / deviation
//
// Without NORMALISE the gradient passes as it is. As in d_activations: it stops where a rectified map is 0, is added where another reader has
// been before, and the rows from the kept units up to a multiple of 4 become 0; so do the columns after the last image, whose values took
// no part in the statistics. One invocation owns every so many quads of images.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(2) var<storage, read> joins: array<vec2<u32>>;         // [2, R]
@group(0) @binding(3) var<storage, read> statistics: array<vec2<f32>>;    // [2, S]
@group(0) @binding(4) var<storage, read> d_statistics: array<vec2<f32>>;  // [S]
@group(0) @binding(5) var<storage, read> packed_weights: array<f32>;      // [2, P]
@group(0) @binding(6) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(7) var<storage, read> d_output: array<vec4<f32>>;      // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(8) var<storage, read_write> d_input: array<vec4<f32>>; // [kI up to a multiple of 4, Q, Bp]
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let cells = op.height_out * op.width_out * images;
    let kept = counts[op.group_in];
    let kept_out = counts[op.group_out];
    let stride = quads(kept) * 4u;
    let scales = first_scale(0u, stride);
    let first_statistic = params.layers[op.layer].first_statistic;
    let count = f32(op.height_out * op.width_out * params.batch_size);
    for (var id = workgroup.x * 64u + lane; id < quads(kept_out) * 4u * cells; id += grid.x * 64u) {
        let r = id / cells;
        let cell = id % cells;
        // Rows of no unit; a row of the union and one of these never are the same.
        if r >= kept && r < stride {
            d_input[id] = vec4<f32>();
        }
        if r >= kept_out {
            continue;
        }
        let origin = joined(0u, r).x;
        if origin == ABSENT {
            continue;
        }
        let at = origin * cells + cell;
        var value = d_output[id];
        if (op.flags & NORMALISE) != 0u {
            let moments = statistics[first_statistic + origin];
            let sums = d_statistics[first_statistic + origin];
            let factor = 1.0 / deviation(moments.y);
            let x = (input[at] - moments.x) * factor;
            let inside = vec4(cell % images * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(params.batch_size);
            value = select(vec4<f32>(), packed_weights[scales + origin] * factor * (value - (sums.x + x * sums.y) / count), inside);
        }
        if (op.flags & RECTIFIED) != 0u {
            value = select(vec4<f32>(), value, input[at] > vec4<f32>());
        }
        if (op.flags & ACCUMULATE) != 0u {
            value += d_input[at];
        }
        d_input[at] = value;
    }
}
