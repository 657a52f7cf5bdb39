// d_normalise: the loss's gradient through a normalisation to what it read, under m; n = B * Q:
//   d_in = scale / deviation * (d - (d_shift + x * d_scale) / n)   with x = (in - mean) / deviation
//
// Without NORMALISE the gradient passes as it is. As in d_activations: it stops where a rectified map is 0, is added where another reader has
// been before, and the rows from the kept units up to a multiple of 4 become 0; so do the columns after the last image, whose values took
// no part in the statistics. A workgroup owns every so many pieces of a row.

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

// Quads of one row that a workgroup takes at a time.
const PIECE: u32 = 256u;

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
    let rows = quads(kept_out) * 4u;
    let pieces = (cells + PIECE - 1u) / PIECE;
    for (var k = workgroup.x; k < rows * pieces; k += grid.x) {
        let r = k / pieces;
        let first = k % pieces * PIECE + lane;
        let end = min(k % pieces * PIECE + PIECE, cells);
        // Rows of no unit; a row of the union and one of these never are the same.
        if r >= kept && r < stride {
            for (var cell = first; cell < end; cell += 64u) {
                d_input[r * cells + cell] = vec4<f32>();
            }
        }
        if r >= kept_out {
            continue;
        }
        let origin = joined(0u, r).x;
        if origin == ABSENT {
            continue;
        }
        var moments = vec2<f32>();
        var sums = vec2<f32>();
        var factor = 1.0;
        var scale = 1.0;
        if (op.flags & NORMALISE) != 0u {
            moments = statistics[first_statistic + origin];
            sums = d_statistics[first_statistic + origin] / count;
            factor = 1.0 / deviation(moments.y);
            scale = packed_weights[scales + origin] * factor;
        }
        for (var cell = first; cell < end; cell += 64u) {
            let at = origin * cells + cell;
            let own = input[at];
            var value = d_output[r * cells + cell];
            if (op.flags & NORMALISE) != 0u {
                let x = (own - moments.x) * factor;
                let inside = vec4(cell % images * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(params.batch_size);
                value = select(vec4<f32>(), scale * (value - (sums.x + x * sums.y)), inside);
            }
            if (op.flags & RECTIFIED) != 0u {
                value = select(vec4<f32>(), value, own > vec4<f32>());
            }
            if (op.flags & ACCUMULATE) != 0u {
                value += d_input[at];
            }
            d_input[at] = value;
        }
    }
}
