// pool: the maximum or the mean over windows side by side, of kept units, under one mask. Pixels that fill no window are dropped.
//
// The pieces of rows are distributed over the teams.

// #import structs
// #import dispatch
// #import cells

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>; // a map
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
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let area = op.kernel * op.kernel;
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= rows * in_row {
        return;
    }
    let hop = cell_at(team.lanes, images, op.width_out);
    var k = team.first;
    loop {
        let r = k / in_row;
        let first = k % in_row * PIECE;
        let end = min(first + PIECE, cells);
        var number = first + team.lane;
        var cell = cell_at(number, images, op.width_out);
        loop {
            if number < end {
                var value = vec4(1.0);
                if r < kept {
                    let corner = (r * op.height_in + cell.y * op.kernel) * op.width_in + cell.x * op.kernel;
                    var at = z * op.apart_in + corner * images + cell.b;
                    var i = 0u;
                    var j = 0u;
                    loop {
                        let other = input[at];
                        value = select(select(max(value, other), value + other, (op.flags & MEAN) != 0u), other, i + j == 0u);
                        continuing {
                            j++;
                            at += images;
                            if j == op.kernel {
                                j = 0u;
                                i++;
                                at += (op.width_in - op.kernel) * images;
                            }
                            break if i == op.kernel;
                        }
                    }
                    if (op.flags & MEAN) != 0u {
                        value /= f32(area);
                    }
                }
                output[z * op.apart_out + r * cells + number] = value;
            }
            continuing {
                number += team.lanes;
                cell = further(cell, hop, images, op.width_out);
                break if number >= end;
            }
        }
        continuing {
            k += team.hop;
            break if k >= rows * in_row;
        }
    }
}
