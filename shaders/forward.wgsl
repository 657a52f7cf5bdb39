// forward: one layer for each mask, kept units only: out[o, b] = relu(sum_i packed[i, o] * in[i, b]); no relu for the classes.
//
// The bias is the row of ones. Row kO of the result is 1 and rows beyond are 0, as the next layer expects.
// One invocation owns four kept units and four images; no workgroup memory, no barrier. Grid of the dense case; surplus leaves at once.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                  // [2, 16]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>;    // [2, P], layers of [pI, pO]
@group(0) @binding(3) var<storage, read_write> activations: array<vec4<f32>>; // [2, R, Bp]
@group(1) @binding(0) var<uniform> layer_index: vec4<u32>;                    // x: which layer

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = workgroup.z;
    let l = layer_index.x;
    let id = workgroup.x * 64u + lane;
    let images = params.batch_stride / 4u;
    let b = id % images;
    let o = id / images;
    let kept = counts[z * MOST_GROUPS + l + 1u];
    let columns = padded_rows(kept) / 4u;
    if o >= columns {
        return;
    }
    let length = padded_rows(counts[z * MOST_GROUPS + l]);
    // Inputs that are not gated are the same for both masks and stand once.
    let z_in = select(z, 0u, l == 0u && params.groups[0].gated == 0u);
    var w = (z * params.packed + params.layers[l].first_packed) / 4u + o;
    var x = (z_in * params.rows + params.groups[l].first_row) * images + b;

    var sum = array<vec4<f32>, 4>();
    for (var i = 0u; i < length; i += 4u) {
        let w0 = packed_weights[w];
        let w1 = packed_weights[w + columns];
        let w2 = packed_weights[w + 2u * columns];
        let w3 = packed_weights[w + 3u * columns];
        let x0 = activations[x];
        let x1 = activations[x + images];
        let x2 = activations[x + 2u * images];
        let x3 = activations[x + 3u * images];
        sum[0] += w0.x * x0 + w1.x * x1 + w2.x * x2 + w3.x * x3;
        sum[1] += w0.y * x0 + w1.y * x1 + w2.y * x2 + w3.y * x3;
        sum[2] += w0.z * x0 + w1.z * x1 + w2.z * x2 + w3.z * x3;
        sum[3] += w0.w * x0 + w1.w * x1 + w2.w * x2 + w3.w * x3;
        w += 4u * columns;
        x += 4u * images;
    }

    let is_last = l + 2u == params.group_count;
    let out = (z * params.rows + params.groups[l + 1u].first_row + o * 4u) * images + b;
    for (var i = 0u; i < 4u; i++) {
        let row = o * 4u + i;
        var value = sum[i];
        if !is_last {
            value = max(value, vec4<f32>());
        }
        if row >= kept {
            value = vec4(select(0.0, 1.0, row == kept));
        }
        activations[out + i * images] = value;
    }
}
