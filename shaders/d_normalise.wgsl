// d_normalise: the gradient of the loss at the input of a normalisation, under m; n = B * Q:
//   d_in = scale / deviation * (d - (d_shift + x * d_scale) / n)   with x = (in - mean) / deviation
//
// Without NORMALISE the gradient passes unchanged. As in d_activations, it is 0 where a rectified map is 0, it is added to the gradient of another
// reader of the map, and the rows from the kept units up to a multiple of 4 become 0. The columns after the last image become 0 too, because their
// values are not part of the statistics. The pieces of rows are distributed over the teams.

// #import structs
// #import quads
// #import dispatch
// #import cells
// #import normalisation

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(2) var<storage, read> joins: array<vec2<u32>>;         // [2, R]
@group(0) @binding(3) var<storage, read> statistics: array<vec2<f32>>;    // [2, S]
@group(0) @binding(4) var<storage, read> d_statistics: array<vec2<f32>>;  // [S]
@group(0) @binding(5) var<storage, read> packed_weights: array<f32>;      // [P]
@group(0) @binding(6) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(7) var<storage, read> d_output: array<vec4<f32>>;      // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(8) var<storage, read_write> d_input: array<vec4<f32>>; // [kI up to a multiple of 4, Q, Bp]
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(LANES)
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
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= rows * in_row {
        return;
    }
    let more = team.lanes % images;
    var k = team.first;
    loop {
        let r = k / in_row;
        let first = k % in_row * PIECE + team.lane;
        let end = min(k % in_row * PIECE + PIECE, cells);
        // Rows without a unit are 0. A row of the union is never one of them.
        let is_empty = r >= kept && r < stride;
        var origin = r;
        if r < kept_out {
            origin = joined(0u, r).x;
        }
        let comes = r < kept_out && origin != ABSENT;
        var moments = vec2<f32>();
        var sums = vec2<f32>();
        var factor = 1.0;
        var scale = 1.0;
        if comes && (op.flags & NORMALISE) != 0u {
            moments = statistics[first_statistic + origin];
            sums = d_statistics[first_statistic + origin] / count;
            factor = 1.0 / deviation(moments.y);
            scale = packed_weights[scales + origin] * factor;
        }
        var cell = first;
        var b = first % images;
        loop {
            if cell < end {
                if is_empty {
                    d_input[r * cells + cell] = vec4<f32>();
                }
                if comes {
                    let at = origin * cells + cell;
                    let own = input[at];
                    var value = d_output[r * cells + cell];
                    if (op.flags & NORMALISE) != 0u {
                        let x = (own - moments.x) * factor;
                        let inside = vec4(b * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(params.batch_size);
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
            continuing {
                cell += team.lanes;
                b += more;
                b -= select(0u, images, b >= images);
                break if cell >= end;
            }
        }
        continuing {
            k += team.hop;
            break if k >= rows * in_row;
        }
    }
}
