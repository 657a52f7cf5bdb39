// d_activations: the loss's gradient at what a layer reads, under m, through kept units only:
//   d_in[i, p, b] = [in[i, p, b] > 0] * sum over taps and o of packed[tap, i, o] * d_out[o, q, b]   where q * stride + tap - padding = p
//
// The bracket stands where the map has passed a relu. The gradient is added where another reader of the map has been there before.
// Rows from kI up to a multiple of 4 become 0: so they are in every gradient, and a sum over four rows at a time needs no bound.
// One invocation owns, at one pixel, a tile of four kept units and four images, on a software adapter of 8 x 16. What a tile reads beyond the
// edge is not stored. (Time on lavapipe: 8 x 8 over 4 x 4, mlp-1024-1024, batch 128: 0.59 dense, 0.75 at keep 0.1; 8 x 16 over 8 x 8, vgg16,
// batch 64: 0.81 dense, 0.95 at keep 0.1.)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [2, P], layers of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(4) var<storage, read> d_output: array<vec4<f32>>;       // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(5) var<storage, read_write> d_input: array<vec4<f32>>;  // likewise
@group(1) @binding(0) var<uniform> op: Operation;

// Four rows of four outputs each.
fn weights(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(packed_weights[at], packed_weights[at + stride], packed_weights[at + 2u * stride], packed_weights[at + 3u * stride]);
}

// Four rows of four images each.
fn gradients(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(d_output[at], d_output[at + stride], d_output[at + 2u * stride], d_output[at + 3u * stride]);
}

// Units from i * 4 on (columns) and images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, i: u32, pixel: u32, b: u32) {
    let images = params.batch_stride / 4u;
    let kept = counts[op.group_in];
    if i >= quads(kept) || b >= images {
        return;
    }
    let apart = op.height_in * op.width_in * images;
    let out = i * 4u * apart + pixel * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var j = 0u; j < 4u; j++) {
        let at = out + j * apart;
        var value = vec4<f32>();
        if i * 4u + j < kept {
            value = columns[j];
            if (op.flags & RECTIFIED) != 0u {
                value = select(vec4<f32>(), value, input[at] > vec4<f32>());
            }
            if (op.flags & ACCUMULATE) != 0u {
                value += d_input[at];
            }
        }
        d_input[at] = value;
    }
}

// The tile at one pixel of units from i * 4 on and of quads of images b, b + apart, ...
fn tile(i: u32, pixel: u32, b: u32, apart: u32) {
    let images = params.batch_stride / 4u;
    let kept_in = counts[op.group_in];
    let columns = quads(counts[op.group_out]);
    let apart_out = op.height_out * op.width_out * images;
    let layer = params.layers[op.layer];
    var tap_weight = layer.first_packed / 4u + i * 4u * columns;
    let y = pixel / op.width_in + op.padding;
    let x = pixel % op.width_in + op.padding;

    var sum00 = mat4x4<f32>();
    var sum01 = mat4x4<f32>();
    var sum02 = mat4x4<f32>();
    var sum03 = mat4x4<f32>();
    var sum10 = mat4x4<f32>();
    var sum11 = mat4x4<f32>();
    var sum12 = mat4x4<f32>();
    var sum13 = mat4x4<f32>();
    var ky = 0u;
    var kx = 0u;
    loop {
        // A tap that lies before the image wraps round to a large number.
        let row = (y - ky) / op.stride;
        let column = (x - kx) / op.stride;
        let is_reached = all(vec2(row, column) * op.stride == vec2(y - ky, x - kx));
        if is_reached && row < op.height_out && column < op.width_out {
            var w = tap_weight;
            var d = (row * op.width_out + column) * images + b;
            var o = 0u;
            loop {
                let w0 = weights(w, columns);
                let d0 = gradients(d, apart_out);
                sum00 += d0 * w0;
                if SOFTWARE {
                    let w1 = weights(w + 4u * columns, columns);
                    sum10 += d0 * w1;
                    let d1 = gradients(d + apart, apart_out);
                    sum01 += d1 * w0;
                    sum11 += d1 * w1;
                    let d2 = gradients(d + 2u * apart, apart_out);
                    sum02 += d2 * w0;
                    sum12 += d2 * w1;
                    let d3 = gradients(d + 3u * apart, apart_out);
                    sum03 += d3 * w0;
                    sum13 += d3 * w1;
                }
                w += 1u;
                d += 4u * apart_out;
                continuing {
                    o++;
                    break if o >= columns;
                }
            }
        }
        continuing {
            tap_weight += kept_in * columns;
            kx++;
            if kx == op.kernel {
                kx = 0u;
                ky++;
            }
            break if ky == op.kernel;
        }
    }
    if SOFTWARE {
        // In a loop, so that the compiler sees the stores once.
        var sums = array(sum00, sum01, sum02, sum03, sum10, sum11, sum12, sum13);
        for (var k = 0u; k < 8u; k++) {
            store(sums[k], i + k / 4u, pixel, b + k % 4u * apart);
        }
    } else {
        store(sum00, i, pixel, b);
    }
}

fn numbered(id: u32) {
    let pixels = op.height_in * op.width_in;
    let apart = tile_images(params.batch_stride);
    tile(id / (apart * pixels) * select(1u, 2u, SOFTWARE), id / apart % pixels, id % apart, apart);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tiles = tile_rows(counts[op.group_in]) * op.height_in * op.width_in * tile_images(params.batch_stride);
    let own = share(tiles, workgroup.x, grid.x, lane);
    if own.first >= own.end {
        return;
    }
    var id = own.first;
    loop {
        numbered(id);
        continuing {
            id += own.hop;
            break if id >= own.end;
        }
    }
}
