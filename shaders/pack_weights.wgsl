// pack_weights: the kept weights of every layer, contiguous, for one mask: packed[tap * kI + i, o] = weights[tap * inputs + list_in[i], list_out[o]].
//
// The rows after the taps (bias, or scale and shift) follow; columns beyond kO are 0. Dispatched once for all layers. The blocks of 4 x 4
// of each layer are distributed over the invocations.

// #import structs
// #import quads
// #import dispatch

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;   // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;  // [2, 64]
@group(0) @binding(3) var<storage, read> weights: array<f32>; // layers of [T * inputs + E, outputs]
@group(0) @binding(4) var<storage, read_write> packed_weights: array<vec4<f32>>; // [P], layers of [T * kI + E, pO]
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    for (var l = 0u; l < params.layer_count; l++) {
        let layer = params.layers[l];
        let kept_in = counts[z * MOST_GROUPS + layer.group_in];
        let kept_out = counts[z * MOST_GROUPS + layer.group_out];
        let columns = quads(kept_out);
        let rows = layer.taps * kept_in + layer.extra;
        let blocks = quads(rows) * columns;
        let list_in = z * params.rows + params.groups[layer.group_in].first_row;
        let list_out = z * params.rows + params.groups[layer.group_out].first_row;
        let first = z * op.apart_packed + layer.first_packed / 4u;
        let part = share(blocks, workgroup.x, grid.x, lane);
        for (var id = part.first; id < part.end; id += part.hop) {
            let r = id / columns * 4u;
            let c = id % columns;
            // After the end of a list there are arbitrary numbers: the weights that they point to are read and dropped.
            let at = list_out + c * 4u;
            let units = vec4(lists[at], lists[at + 1u], lists[at + 2u], lists[at + 3u]);
            let inside = vec4(c * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(kept_out);
            var tap = r / kept_in;
            var place = r % kept_in;
            for (var i = r; i < min(r + 4u, rows); i++) {
                // The rows after the taps are numbered on from the last tap.
                var row = layer.taps * (layer.inputs - kept_in) + i;
                if tap < layer.taps {
                    row = tap * layer.inputs + lists[list_in + place];
                }
                place++;
                if place == kept_in {
                    place = 0u;
                    tap++;
                }
                let from_row = vec4(layer.first_weight + row * layer.outputs) + units;
                let value = vec4(weights[from_row.x], weights[from_row.y], weights[from_row.z], weights[from_row.w]);
                packed_weights[first + i * columns + c] = select(vec4<f32>(), value, inside);
            }
        }
    }
}
