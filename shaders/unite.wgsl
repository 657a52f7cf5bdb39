// unite: where two branches are added, the sum keeps what either of them keeps. For each union it writes its list, and for each of its rows the rows
// of the branches that it comes from.
//
// One workgroup for each mask computes the unions in order, because one may be a branch of another. Each invocation computes consecutive units.

// #import structs

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sources: array<vec2<u32>>;    // [R] of a union: which unit of each of the two, or ABSENT
@group(0) @binding(2) var<storage, read_write> lists: array<u32>;      // [2, R]
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;       // [2, R]
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;     // [2, 64]
@group(0) @binding(5) var<storage, read_write> joins: array<vec2<u32>>; // [2, R] rows of the two that a union's row comes from, or ABSENT

var<workgroup> run_counts: array<u32, LANES>;

// The rows of the branches for unit i of a union under mask z.
fn origins(group: Group, z: u32, i: u32) -> vec2<u32> {
    let source = sources[group.first_row + i];
    var origin = vec2(ABSENT);
    if source.x != ABSENT {
        origin.x = rows[z * params.rows + params.groups[group.first_group].first_row + source.x];
    }
    if source.y != ABSENT {
        origin.y = rows[z * params.rows + params.groups[group.second_group].first_row + source.y];
    }
    return origin;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = workgroup.z;
    for (var g = 0u; g < params.group_count; g++) {
        let group = params.groups[g];
        if group.united == 0u {
            continue;
        }
        let run = (group.size + LANES - 1u) / LANES;
        let begin = min(lane * run, group.size);
        let end = min(begin + run, group.size);
        var count = 0u;
        for (var i = begin; i < end; i++) {
            count += select(0u, 1u, any(origins(group, z, i) != vec2(ABSENT)));
        }
        run_counts[lane] = count;
        workgroupBarrier();
        var at = 0u;
        for (var k = 0u; k < lane; k++) {
            at += run_counts[k];
        }
        let first = z * params.rows + group.first_row;
        for (var i = begin; i < end; i++) {
            let origin = origins(group, z, i);
            rows[first + i] = ABSENT;
            if any(origin != vec2(ABSENT)) {
                lists[first + at] = i;
                rows[first + i] = at;
                joins[first + at] = origin;
                at++;
            }
        }
        if lane == LANES - 1u {
            counts[z * MOST_GROUPS + g] = at;
        }
        // A later union reads this one's rows.
        storageBarrier();
        workgroupBarrier();
    }
}
