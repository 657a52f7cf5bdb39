// update_weights: momentum SGD with weight decay on the weights of kept units; weights and velocities of other units do not change.
//
//   v <- momentum * v + clip_scale * d_weights + weight_decay * w;   w <- w - learning_rate * v
//
// Dispatched once for all layers. The quads of each layer, four columns of one packed row, are distributed over the invocations.

// #import structs
// #import quads
// #import dispatch

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;           // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;          // [2, 64]
@group(0) @binding(4) var<storage, read> d_weights: array<vec4<f32>>; // layers of [T * kI + E, pO], parts may follow
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;   // layers of [T * inputs + E, outputs]
@group(0) @binding(6) var<storage, read_write> velocity: array<f32>;  // as weights

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if state.halted != 0u {
        return;
    }
    for (var l = 0u; l < params.layer_count; l++) {
        let layer = params.layers[l];
        let kept_in = counts[layer.group_in];
        let kept_out = counts[layer.group_out];
        let columns = quads(kept_out);
        let own = (layer.taps * kept_in + layer.extra) * columns;
        let list_in = params.groups[layer.group_in].first_row;
        let list_out = params.groups[layer.group_out].first_row;
        let part = share(own, workgroup.x, grid.x, lane);
        for (var quad = part.first; quad < part.end; quad += part.hop) {
            let r = quad / columns;
            let c = (quad % columns) * 4u;
            // The rows after the taps are numbered on from the last tap.
            var row = layer.taps * (layer.inputs - kept_in) + r;
            if r < layer.taps * kept_in {
                row = r / kept_in * layer.inputs + lists[list_in + r % kept_in];
            }
            let gradient = d_weights[layer.first_gradient / 4u + quad];
            for (var i = 0u; i < 4u; i++) {
                if c + i < kept_out {
                    let at = layer.first_weight + row * layer.outputs + lists[list_out + c + i];
                    let w = weights[at];
                    let v = params.momentum * velocity[at] + state.clip_scale * gradient[i] + params.weight_decay * w;
                    velocity[at] = v;
                    weights[at] = w - state.learning_rate * v;
                }
            }
        }
    }
}
