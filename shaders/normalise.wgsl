// normalise: batch normalisation of kept units, the sum with the shortcut, and relu, under one mask:
//   out = relu(scale * (in - mean) / sqrt(variance + 1e-5) + shift + shortcut)
//
// The mask is applied after the normalisation: a unit that is off is exactly 0, has no row and costs nothing. Without NORMALISE only the sum is
// computed. With a shortcut, the written group is the union of both branches: a row may come from one of them or from both.
// The pieces of rows are distributed over the teams.

// #import structs
// #import quads
// #import dispatch
// #import cells
// #import normalisation

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> joins: array<vec2<u32>>;        // [2, R] rows of branch and shortcut
@group(0) @binding(3) var<storage, read> statistics: array<vec2<f32>>;   // [2, S]
@group(0) @binding(4) var<storage, read> packed_weights: array<f32>;     // [P]
@group(0) @binding(5) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(6) var<storage, read> shortcut: array<vec4<f32>>;     // a map; the input map if there is no shortcut
@group(0) @binding(7) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let cells = op.height_out * op.width_out * (params.batch_stride / 4u);
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let stride = quads(counts[z * MOST_GROUPS + op.group_in]) * 4u;
    let scales = first_scale(z, stride);
    let first_statistic = z * params.statistics + params.layers[op.layer].first_statistic;
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= rows * in_row {
        return;
    }
    var k = team.first;
    loop {
        let r = k / in_row;
        let first = k % in_row * PIECE;
        var origin = vec2(ABSENT);
        if r < kept {
            origin = joined(z, r);
        }
        // value = scale * in + shift; a row of ones has neither branch nor shortcut.
        var scale = 1.0;
        var shift = select(0.0, 1.0, r >= kept);
        if origin.x != ABSENT && (op.flags & NORMALISE) != 0u {
            let moments = statistics[first_statistic + origin.x];
            scale = packed_weights[scales + origin.x] / deviation(moments.y);
            shift = packed_weights[scales + stride + origin.x] - moments.x * scale;
        }
        let branch = z * op.apart_in + origin.x * cells;
        let other = z * op.apart_shortcut + origin.y * cells;
        let out = z * op.apart_out + r * cells;
        let end = min(first + PIECE, cells);
        var cell = first + team.lane;
        loop {
            if cell < end {
                var value = vec4(shift);
                if origin.x != ABSENT {
                    value += input[branch + cell] * scale;
                }
                if origin.y != ABSENT {
                    value += shortcut[other + cell];
                }
                if (op.flags & RECTIFIED) != 0u {
                    value = max(value, vec4<f32>());
                }
                output[out + cell] = value;
            }
            continuing {
                cell += team.lanes;
                break if cell >= end;
            }
        }
        continuing {
            k += team.hop;
            break if k >= rows * in_row;
        }
    }
}
