// pack_weights: the kept weights of every layer, contiguous, for each mask: packed[r, c] = weights[list_in[r], list_out[c]].
//
// Row kI is the bias; rows and columns beyond are 0, so that the products need no bounds. Dispatched once for all layers with z masks;
// one invocation owns every so many quads of a layer, a quad being four columns of one row.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;   // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;  // [2, 16]
@group(0) @binding(3) var<storage, read> weights: array<f32>; // layers of [inputs + 1, outputs]
@group(0) @binding(4) var<storage, read_write> packed_weights: array<vec4<f32>>; // [2, P], layers of [pI, pO]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = workgroup.z;
    for (var l = 0u; l + 1u < params.group_count; l++) {
        let layer = params.layers[l];
        let kept_in = counts[z * MOST_GROUPS + l];
        let kept_out = counts[z * MOST_GROUPS + l + 1u];
        let columns = padded_rows(kept_out) / 4u;
        let quads = padded_rows(kept_in) * columns;
        let list_in = z * params.rows + params.groups[l].first_row;
        let list_out = z * params.rows + params.groups[l + 1u].first_row;
        let first = (z * params.packed + layer.first_packed) / 4u;
        for (var quad = workgroup.x * 64u + lane; quad < quads; quad += grid.x * 64u) {
            let r = quad / columns;
            let c = (quad % columns) * 4u;
            var value = vec4<f32>();
            if r <= kept_in {
                let row = layer.first_weight + lists[list_in + r] * layer.outputs;
                for (var i = 0u; i < 4u; i++) {
                    if c + i < kept_out {
                        value[i] = weights[row + lists[list_out + c + i]];
                    }
                }
            }
            packed_weights[first + quad] = value;
        }
    }
}
