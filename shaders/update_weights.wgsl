// update_weights: momentum SGD with weight decay on the kept weights; those of units that are off keep value and velocity.
//
//   v <- momentum * v + clip_scale * d_weights + weight_decay * w;   w <- w - learning_rate * v
//
// Dispatched once for all layers; one invocation owns every so many quads of a layer, a quad being four columns of one packed row.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;           // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;          // [2, 16]
@group(0) @binding(4) var<storage, read> d_weights: array<vec4<f32>>; // [P], layers of [pI, pO]
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;   // layers of [inputs + 1, outputs]
@group(0) @binding(6) var<storage, read_write> velocity: array<f32>;  // as weights

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if state.halted == 1u {
        return;
    }
    for (var l = 0u; l + 1u < params.group_count; l++) {
        let layer = params.layers[l];
        let kept_in = counts[l];
        let kept_out = counts[l + 1u];
        let columns = padded_rows(kept_out) / 4u;
        let quads = (kept_in + 1u) * columns;
        let list_in = params.groups[l].first_row;
        let list_out = params.groups[l + 1u].first_row;
        for (var quad = workgroup.x * 64u + lane; quad < quads; quad += grid.x * 64u) {
            let row = layer.first_weight + lists[list_in + quad / columns] * layer.outputs;
            let c = (quad % columns) * 4u;
            let gradient = d_weights[layer.first_packed / 4u + quad];
            for (var i = 0u; i < 4u; i++) {
                if c + i < kept_out {
                    let at = row + lists[list_out + c + i];
                    let w = weights[at];
                    let v = params.momentum * velocity[at] + state.clip_scale * gradient[i] + params.weight_decay * w;
                    velocity[at] = v;
                    weights[at] = w - state.learning_rate * v;
                }
            }
        }
    }
}
