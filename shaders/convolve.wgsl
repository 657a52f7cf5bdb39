// convolve: one layer for each mask, kept units only: out[o, q, b] = sum over taps and i of packed[tap, i, o] * in[i, q * stride + tap - padding, b].
//
// A fully connected layer has one tap and maps of one pixel; its bias is the weight of a row of ones behind the kept inputs. Relu where the
// written map is rectified (where a normalisation follows it is not). What lies outside the image is 0: its tap is left out.
// One invocation owns, at one pixel, a tile of four kept units and four images, on a software adapter of 8 x 16; what a tile reads beyond the
// edge is not stored. No workgroup memory, no barrier. Grid of the dense case; surplus leaves at once.
// (CPU time on lavapipe over that of 4 x 4, mlp-1024-1024, batch 128: 0.43 dense, 0.48 at keep 0.1.)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [2, P], layers of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;   // a map
@group(1) @binding(0) var<uniform> op: Operation;

// One column for each of b, one row for each of a.
fn outer(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(a * b.x, a * b.y, a * b.z, a * b.w);
}

// Units from o * 4 on (columns) and images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, z: u32, o: u32, pixel: u32, b: u32) {
    let images = params.batch_stride / 4u;
    if b >= images {
        return;
    }
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let pixels = op.height_out * op.width_out;
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let out = z * (arrayLength(&output) / 2u) + (o * 4u * pixels + pixel) * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var i = 0u; i < 4u; i++) {
        let row = o * 4u + i;
        if row < rows {
            var value = columns[i];
            if (op.flags & RECTIFIED) != 0u {
                value = max(value, vec4<f32>());
            }
            output[out + i * pixels * images] = select(value, vec4(1.0), row == kept);
        }
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = workgroup.z;
    let id = spread(workgroup.x, grid.x) * 64u + lane;
    let images = params.batch_stride / 4u;
    let pixels = op.height_out * op.width_out;
    // The quads of images of one tile are this far apart, so that neighbouring invocations read neighbouring quads.
    let apart = select(images, (images + 3u) / 4u, SOFTWARE);
    let b = id % apart;
    let pixel = (id / apart) % pixels;
    let o = (id / (apart * pixels)) * select(1u, 2u, SOFTWARE);
    let kept_out = counts[z * MOST_GROUPS + op.group_out];
    if o * 4u >= kept_out + select(0u, 1u, (op.flags & ONES) != 0u) {
        return;
    }
    let columns = quads(kept_out);
    let kept_in = counts[z * MOST_GROUPS + op.group_in];
    let layer = params.layers[op.layer];
    let length = kept_in + select(0u, 1u, layer.extra == 1u);
    // The tile may have no second quad of units.
    let has_both = o + 1u < columns;
    let apart_in = op.height_in * op.width_in * images;
    let first_in = select(z * (arrayLength(&input) / 2u), 0u, (op.flags & SHARED) != 0u) + b;
    var tap_weight = (z * params.packed + layer.first_packed) / 4u + o;
    let y = pixel / op.width_out * op.stride;
    let x = pixel % op.width_out * op.stride;

    var sum00 = mat4x4<f32>();
    var sum01 = mat4x4<f32>();
    var sum02 = mat4x4<f32>();
    var sum03 = mat4x4<f32>();
    var sum10 = mat4x4<f32>();
    var sum11 = mat4x4<f32>();
    var sum12 = mat4x4<f32>();
    var sum13 = mat4x4<f32>();
    for (var ky = 0u; ky < op.kernel; ky++) {
        // Left of the image or above it, these wrap round to large numbers.
        let row = y + ky - op.padding;
        for (var kx = 0u; kx < op.kernel; kx++) {
            let column = x + kx - op.padding;
            var w = tap_weight;
            tap_weight += kept_in * columns;
            if row >= op.height_in || column >= op.width_in {
                continue;
            }
            var at = first_in + (row * op.width_in + column) * images;
            // The sums are never empty: their loops ask at the end, since a software adapter runs the body once more where they ask before.
            var i = 0u;
            if !SOFTWARE {
                loop {
                    sum00 += outer(input[at], packed_weights[w]);
                    w += columns;
                    at += apart_in;
                    continuing {
                        i++;
                        break if i >= length;
                    }
                }
            } else if has_both {
                loop {
                    let w0 = packed_weights[w];
                    let w1 = packed_weights[w + 1u];
                    let x0 = input[at];
                    let x1 = input[at + apart];
                    let x2 = input[at + 2u * apart];
                    let x3 = input[at + 3u * apart];
                    sum00 += outer(x0, w0);
                    sum01 += outer(x1, w0);
                    sum02 += outer(x2, w0);
                    sum03 += outer(x3, w0);
                    sum10 += outer(x0, w1);
                    sum11 += outer(x1, w1);
                    sum12 += outer(x2, w1);
                    sum13 += outer(x3, w1);
                    w += columns;
                    at += apart_in;
                    continuing {
                        i++;
                        break if i >= length;
                    }
                }
            } else {
                loop {
                    let w0 = packed_weights[w];
                    sum00 += outer(input[at], w0);
                    sum01 += outer(input[at + apart], w0);
                    sum02 += outer(input[at + 2u * apart], w0);
                    sum03 += outer(input[at + 3u * apart], w0);
                    w += columns;
                    at += apart_in;
                    continuing {
                        i++;
                        break if i >= length;
                    }
                }
            }
        }
    }
    store(sum00, z, o, pixel, b);
    if SOFTWARE {
        store(sum01, z, o, pixel, b + apart);
        store(sum02, z, o, pixel, b + 2u * apart);
        store(sum03, z, o, pixel, b + 3u * apart);
        store(sum10, z, o + 1u, pixel, b);
        store(sum11, z, o + 1u, pixel, b + apart);
        store(sum12, z, o + 1u, pixel, b + 2u * apart);
        store(sum13, z, o + 1u, pixel, b + 3u * apart);
    }
}
