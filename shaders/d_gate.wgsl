// d_gate: the gradient of the loss with respect to the mask, and at the input of the gate, under m:
//   d_scores[u] = dL/dm[u] = sum over q and b of in[u] * d_out[u],   d_in[u] = m[u] * d_out[u]
//
// A straight-through estimator uses the first as the gradient of the scores. As in d_activations, the second is 0 where a rectified map is 0, it is
// added to the gradient of another reader of the map, and the rows from the kept units up to a multiple of 4 become 0.
// The rows are distributed over the workgroups.

// #import structs
// #import quads

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;               // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(3) var<storage, read> units: array<u32>;               // [U] bits KEPT_BY_
@group(0) @binding(4) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(5) var<storage, read> d_output: array<vec4<f32>>;      // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(6) var<storage, read_write> d_input: array<vec4<f32>>; // likewise; not written for the inputs
@group(0) @binding(7) var<storage, read_write> d_scores: array<f32>;      // [U]
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = params.groups[op.group_in];
    let cells = op.height_in * op.width_in * (params.batch_stride / 4u);
    let kept = counts[op.group_in];
    for (var r = workgroup.x; r < quads(kept) * 4u; r += grid.x) {
        var unit = 0u;
        var is_open = false;
        if r < kept {
            unit = group.first_unit + lists[group.first_row + r];
            is_open = (units[unit] & KEPT_BY_MASK) != 0u;
        }
        var sum = 0.0;
        for (var cell = lane; cell < cells; cell += LANES) {
            let at = r * cells + cell;
            var value = vec4<f32>();
            if r < kept {
                let own = input[at];
                let d = d_output[at];
                sum += dot(own, d);
                if is_open {
                    value = d;
                    if (op.flags & RECTIFIED) != 0u {
                        value = select(vec4<f32>(), value, own > vec4<f32>());
                    }
                }
                if (op.flags & ACCUMULATE) != 0u {
                    value += d_input[at];
                }
            }
            if (op.flags & LAST) == 0u {
                d_input[at] = value;
            }
        }
        lane_sums[lane] = sum;
        workgroupBarrier();
        if lane == 0u && r < kept {
            var total = 0.0;
            for (var k = 0u; k < LANES; k++) {
                total += lane_sums[k];
            }
            d_scores[unit] = total;
        }
        workgroupBarrier();
    }
}
