// list_all: lists every unit of the gated groups, whatever was drawn. It runs in networks with gates, which compute every unit. Which units the masks
// keep remains in the bits of the units.
//
// Each workgroup lists one group.

// #import structs

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> lists: array<u32>;  // [2, R]
@group(0) @binding(2) var<storage, read_write> rows: array<u32>;   // [2, R]
@group(0) @binding(3) var<storage, read_write> counts: array<u32>; // [2, 64]

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let group = params.groups[workgroup.x];
    if group.gated == 0u {
        return;
    }
    for (var i = lane; i < 2u * group.size; i += LANES) {
        let unit = i % group.size;
        let at = i / group.size * params.rows + group.first_row + unit;
        lists[at] = unit;
        rows[at] = unit;
    }
    if lane < 2u {
        counts[lane * MOST_GROUPS + workgroup.x] = group.size;
    }
}
