// d_activations: the loss's gradient at a hidden layer under m, through kept units only:
//   d_in[i, b] = [in[i, b] > 0] sum_o packed[i, o] * d_out[o, b]
//
// Rows from kI on are 0, as d_weights expects. One invocation owns four kept units and four images.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                    // [2, 16]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>;      // [2, P], layers of [pI, pO]
@group(0) @binding(3) var<storage, read> activations: array<vec4<f32>>;         // [2, R, Bp]
@group(0) @binding(4) var<storage, read_write> d_activations: array<vec4<f32>>; // [R, Bp]
@group(1) @binding(0) var<uniform> layer_index: vec4<u32>;                      // x: which layer, at least 1

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let l = layer_index.x;
    let id = workgroup.x * 64u + lane;
    let images = params.batch_stride / 4u;
    let b = id % images;
    let i = id / images;
    let kept = counts[l];
    if i * 4u >= padded_rows(kept) {
        return;
    }
    let columns = padded_rows(counts[l + 1u]) / 4u;
    var w = params.layers[l].first_packed / 4u + i * 4u * columns;
    var d = params.groups[l + 1u].first_row * images + b;

    var sum = array<vec4<f32>, 4>();
    for (var o = 0u; o < columns; o++) {
        let w0 = packed_weights[w];
        let w1 = packed_weights[w + columns];
        let w2 = packed_weights[w + 2u * columns];
        let w3 = packed_weights[w + 3u * columns];
        let d0 = d_activations[d];
        let d1 = d_activations[d + images];
        let d2 = d_activations[d + 2u * images];
        let d3 = d_activations[d + 3u * images];
        sum[0] += w0.x * d0 + w0.y * d1 + w0.z * d2 + w0.w * d3;
        sum[1] += w1.x * d0 + w1.y * d1 + w1.z * d2 + w1.w * d3;
        sum[2] += w2.x * d0 + w2.y * d1 + w2.z * d2 + w2.w * d3;
        sum[3] += w3.x * d0 + w3.y * d1 + w3.z * d2 + w3.w * d3;
        w += 1u;
        d += 4u * images;
    }

    let out = (params.groups[l].first_row + i * 4u) * images + b;
    for (var j = 0u; j < 4u; j++) {
        let open = activations[out + j * images] > vec4<f32>();
        var value = select(vec4<f32>(), sum[j], open);
        if i * 4u + j >= kept {
            value = vec4<f32>();
        }
        d_activations[out + j * images] = value;
    }
}
