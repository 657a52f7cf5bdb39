// d_shortcut: the gradient of the loss at a shortcut equals that at the sum, under m, for the units that the shortcut keeps.
//
// As in d_activations, it is 0 where a rectified map is 0, it is added to the gradient of another reader of the map, and the rows from the kept units
// up to a multiple of 4 become 0. The pieces of rows are distributed over the teams.

// #import structs
// #import quads
// #import dispatch
// #import cells

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                 // [2, 64]
@group(0) @binding(2) var<storage, read> joins: array<vec2<u32>>;            // [2, R]
@group(0) @binding(3) var<storage, read> shortcut: array<vec4<f32>>;         // a map
@group(0) @binding(4) var<storage, read> d_output: array<vec4<f32>>;         // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(5) var<storage, read_write> d_shortcut: array<vec4<f32>>; // likewise, of the shortcut's units
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let cells = op.height_out * op.width_out * (params.batch_stride / 4u);
    let kept = counts[op.group_shortcut];
    let kept_out = counts[op.group_out];
    let first = params.groups[op.group_out].first_row;
    let rows = quads(kept_out) * 4u;
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= rows * in_row {
        return;
    }
    var k = team.first;
    loop {
        let r = k / in_row;
        let end = min((k % in_row + 1u) * PIECE, cells);
        // Rows without a unit. A row of the union is never one of them.
        let is_empty = r >= kept && r < quads(kept) * 4u;
        var origin = ABSENT;
        if r < kept_out {
            origin = joins[first + r].y;
        }
        var cell = k % in_row * PIECE + team.lane;
        loop {
            if cell < end && is_empty {
                d_shortcut[r * cells + cell] = vec4<f32>();
            }
            if cell < end && origin != ABSENT {
                let at = origin * cells + cell;
                var value = d_output[r * cells + cell];
                if (op.flags & RECTIFIED) != 0u {
                    value = select(vec4<f32>(), value, shortcut[at] > vec4<f32>());
                }
                if (op.flags & ACCUMULATE) != 0u {
                    value += d_shortcut[at];
                }
                d_shortcut[at] = value;
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
