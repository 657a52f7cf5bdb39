// forward: one layer for each mask, kept units only: out[o, b] = relu(sum_i packed[i, o] * in[i, b]); no relu for the classes.
//
// The bias is the row of ones. Row kO of the result is 1 and rows beyond are 0, as the next layer expects.
// One invocation owns a tile of four kept units and four images, on a software adapter of 8 x 16; what a tile reads beyond the edge is
// not stored. No workgroup memory, no barrier. Grid of the dense case; surplus leaves at once.
// (CPU time on lavapipe over that of 4 x 4, mlp-1024-1024, batch 128: 0.43 dense, 0.48 at keep 0.1.)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                  // [2, 16]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>;    // [2, P], layers of [pI, pO]
@group(0) @binding(3) var<storage, read_write> activations: array<vec4<f32>>; // [2, R, Bp]
@group(1) @binding(0) var<uniform> layer_index: vec4<u32>;                    // x: which layer

// Four rows of four outputs each.
fn weights(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(packed_weights[at], packed_weights[at + stride], packed_weights[at + 2u * stride], packed_weights[at + 3u * stride]);
}

// Four rows of four images each.
fn inputs(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(activations[at], activations[at + stride], activations[at + 2u * stride], activations[at + 3u * stride]);
}

// One column for each of b, one row for each of a.
fn outer(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(a * b.x, a * b.y, a * b.z, a * b.w);
}

// Units from o * 4 on (columns) and images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, z: u32, o: u32, b: u32) {
    let l = layer_index.x;
    let images = params.batch_stride / 4u;
    let kept = counts[z * MOST_GROUPS + l + 1u];
    if o * 4u >= padded_rows(kept) || b >= images {
        return;
    }
    let is_last = l + 2u == params.group_count;
    let out = (z * params.rows + params.groups[l + 1u].first_row + o * 4u) * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var i = 0u; i < 4u; i++) {
        let row = o * 4u + i;
        var value = columns[i];
        if !is_last {
            value = max(value, vec4<f32>());
        }
        if row >= kept {
            value = vec4(select(0.0, 1.0, row == kept));
        }
        activations[out + i * images] = value;
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = workgroup.z;
    let l = layer_index.x;
    let id = spread(workgroup.x, grid.x) * 64u + lane;
    let images = params.batch_stride / 4u;
    // The quads of images of one tile are this far apart, so that neighbouring invocations read neighbouring quads.
    let apart = select(images, (images + 3u) / 4u, SOFTWARE);
    let b = id % apart;
    let o = (id / apart) * select(1u, 2u, SOFTWARE);
    let columns = padded_rows(counts[z * MOST_GROUPS + l + 1u]) / 4u;
    if o >= columns {
        return;
    }
    let length = padded_rows(counts[z * MOST_GROUPS + l]);
    // Inputs that are not gated are the same for both masks and stand once.
    let z_in = select(z, 0u, l == 0u && params.groups[0].gated == 0u);
    var w = (z * params.packed + params.layers[l].first_packed) / 4u + o;
    var x = (z_in * params.rows + params.groups[l].first_row) * images + b;

    var sum00 = mat4x4<f32>();
    if !SOFTWARE {
        for (var i = 0u; i < length; i += 4u) {
            sum00 += inputs(x, images) * transpose(weights(w, columns));
            w += 4u * columns;
            x += 4u * images;
        }
        store(sum00, z, o, b);
        return;
    }
    var sum01 = mat4x4<f32>();
    var sum02 = mat4x4<f32>();
    var sum03 = mat4x4<f32>();
    var sum10 = mat4x4<f32>();
    var sum11 = mat4x4<f32>();
    var sum12 = mat4x4<f32>();
    var sum13 = mat4x4<f32>();
    for (var i = 0u; i < length; i++) {
        let w0 = packed_weights[w];
        let w1 = packed_weights[w + 1u];
        let x0 = activations[x];
        let x1 = activations[x + apart];
        let x2 = activations[x + 2u * apart];
        let x3 = activations[x + 3u * apart];
        sum00 += outer(x0, w0);
        sum01 += outer(x1, w0);
        sum02 += outer(x2, w0);
        sum03 += outer(x3, w0);
        sum10 += outer(x0, w1);
        sum11 += outer(x1, w1);
        sum12 += outer(x2, w1);
        sum13 += outer(x3, w1);
        w += columns;
        x += images;
    }
    store(sum00, z, o, b);
    store(sum01, z, o, b + apart);
    store(sum02, z, o, b + 2u * apart);
    store(sum03, z, o, b + 3u * apart);
    store(sum10, z, o + 1u, b);
    store(sum11, z, o + 1u, b + apart);
    store(sum12, z, o + 1u, b + 2u * apart);
    store(sum13, z, o + 1u, b + 3u * apart);
}
