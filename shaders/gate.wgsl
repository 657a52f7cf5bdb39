// gate: multiplies a map by the mask: out[r, q, b] = m[r] * in[r, q, b].
//
// Only a network with gates has this kernel: it gives the derivative of the loss with respect to m. Such a network computes every unit, also those
// that are off. The pieces of rows are distributed over the teams.

// #import structs
// #import dispatch
// #import cells

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;              // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(3) var<storage, read> units: array<u32>;              // [U] bits KEPT_BY_
@group(0) @binding(4) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(5) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let group = params.groups[op.group_out];
    let cells = op.height_out * op.width_out * (params.batch_stride / 4u);
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let in_row = pieces(cells);
    let team = team(workgroup.x, grid.x, lane);
    for (var k = team.first; k < rows * in_row; k += team.hop) {
        let r = k / in_row;
        let read = z * op.apart_in + r * cells;
        let out = z * op.apart_out + r * cells;
        var is_open = false;
        if r < kept {
            let unit = group.first_unit + lists[z * params.rows + group.first_row + r];
            is_open = (units[unit] & (KEPT_BY_MASK << z)) != 0u;
        }
        let first = k % in_row * PIECE;
        for (var cell = first + team.lane; cell < min(first + PIECE, cells); cell += team.lanes) {
            var value = vec4(select(0.0, 1.0, r == kept));
            if is_open {
                value = input[read + cell];
            }
            output[out + cell] = value;
        }
    }
}
