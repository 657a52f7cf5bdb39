// depthwise: a convolution of each channel with its own kernel, of kept units, under one mask:
//   out[r, q, b] = sum over taps of packed[tap, r] * in[r, q * stride + tap - padding, b]
//
// A channel has one list entry for both maps: it is read and written by the same row. The pieces of rows are distributed over the teams.

// #import structs
// #import quads
// #import dispatch
// #import cells

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<f32>;     // [P]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let images = params.batch_stride / 4u;
    let cells = op.height_out * op.width_out * images;
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let columns = quads(kept) * 4u;
    let first_tap = z * op.apart_packed * 4u + params.layers[op.layer].first_packed;
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= kept * in_row {
        return;
    }
    let hop = cell_at(team.lanes, images, op.width_out);
    var k = team.first;
    loop {
        let r = k / in_row;
        let first = k % in_row * PIECE;
        let end = min(first + PIECE, cells);
        let begin = z * op.apart_in + r * op.height_in * op.width_in * images;
        var number = first + team.lane;
        var cell = cell_at(number, images, op.width_out);
        loop {
            var sum = vec4<f32>();
            // Left of the image or above it, these wrap around to large numbers.
            let first_column = cell.x * op.stride - op.padding;
            let first_row = cell.y * op.stride - op.padding;
            var row = first_row;
            var column = first_column;
            var weight = first_tap + r;
            loop {
                if number < end && row < op.height_in && column < op.width_in {
                    sum += packed_weights[weight] * input[begin + (row * op.width_in + column) * images + cell.b];
                }
                continuing {
                    weight += columns;
                    column++;
                    if column == first_column + op.kernel {
                        column = first_column;
                        row++;
                    }
                    break if row == first_row + op.kernel;
                }
            }
            if number < end {
                output[z * op.apart_out + r * cells + number] = sum;
            }
            continuing {
                number += team.lanes;
                cell = further(cell, hop, images, op.width_out);
                break if number >= end;
            }
        }
        continuing {
            k += team.hop;
            break if k >= kept * in_row;
        }
    }
}
