// d_activations: the loss's gradient at a hidden layer under m, through kept units only:
//   d_in[i, b] = [in[i, b] > 0] sum_o packed[i, o] * d_out[o, b]
//
// Rows from kI on are 0, as d_weights expects. One invocation owns a tile of four kept units and four images, on a software adapter of
// 8 x 8 (CPU time on lavapipe over that of 4 x 4: 0.59 dense, 0.75 at keep 0.1; mlp-1024-1024, batch 128). What a tile reads beyond
// the edge is not stored.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                    // [2, 16]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>;      // [2, P], layers of [pI, pO]
@group(0) @binding(3) var<storage, read> activations: array<vec4<f32>>;         // [2, R, Bp]
@group(0) @binding(4) var<storage, read_write> d_activations: array<vec4<f32>>; // [R, Bp]
@group(1) @binding(0) var<uniform> layer_index: vec4<u32>;                      // x: which layer, at least 1

// Four rows of four outputs each.
fn weights(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(packed_weights[at], packed_weights[at + stride], packed_weights[at + 2u * stride], packed_weights[at + 3u * stride]);
}

// Four rows of four images each.
fn gradients(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(d_activations[at], d_activations[at + stride], d_activations[at + 2u * stride], d_activations[at + 3u * stride]);
}

// Units from i * 4 on (columns) and images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, i: u32, b: u32) {
    let l = layer_index.x;
    let images = params.batch_stride / 4u;
    let kept = counts[l];
    if i * 4u >= padded_rows(kept) || b >= images {
        return;
    }
    let out = (params.groups[l].first_row + i * 4u) * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var j = 0u; j < 4u; j++) {
        let open = activations[out + j * images] > vec4<f32>();
        var value = select(vec4<f32>(), columns[j], open);
        if i * 4u + j >= kept {
            value = vec4<f32>();
        }
        d_activations[out + j * images] = value;
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let l = layer_index.x;
    let id = spread(workgroup.x, grid.x) * 64u + lane;
    let images = params.batch_stride / 4u;
    // The quads of images of one tile are this far apart, so that neighbouring invocations read neighbouring quads.
    let apart = select(images, (images + 1u) / 2u, SOFTWARE);
    let b = id % apart;
    let i = (id / apart) * select(1u, 2u, SOFTWARE);
    if i * 4u >= padded_rows(counts[l]) {
        return;
    }
    let columns = padded_rows(counts[l + 1u]) / 4u;
    var w = params.layers[l].first_packed / 4u + i * 4u * columns;
    var d = params.groups[l + 1u].first_row * images + b;

    var sum00 = mat4x4<f32>();
    var sum01 = mat4x4<f32>();
    var sum10 = mat4x4<f32>();
    var sum11 = mat4x4<f32>();
    for (var o = 0u; o < columns; o++) {
        let w0 = weights(w, columns);
        let d0 = gradients(d, images);
        sum00 += d0 * w0;
        if SOFTWARE {
            let w1 = weights(w + 4u * columns, columns);
            let d1 = gradients(d + apart, images);
            sum01 += d1 * w0;
            sum10 += d0 * w1;
            sum11 += d1 * w1;
        }
        w += 1u;
        d += 4u * images;
    }
    store(sum00, i, b);
    if SOFTWARE {
        store(sum01, i, b + apart);
        store(sum10, i + 1u, b);
        store(sum11, i + 1u, b + apart);
    }
}
