// d_weights: the gradient of one layer's weights under m, for kept units only:
//   d_weights[tap, i, o] = sum over q and b of in[i, q * stride + tap - padding, b] * d_out[o, q, b]
//
// The bias's input is the row of ones, so its gradient is a row like any other. The sum over pixels is cut where that fills the adapter
// (splits.wgsl): part n stands n times the layer's packed size further on, and sum_gradients adds the parts. One invocation owns every so
// many tiles of 4 x 4 weights, on a software adapter of 8 x 8; what a tile reads beyond the edge is not stored.
// A layer of one pixel is never cut: each workgroup leaves the sum of its squares for the gradient's norm, in a fixed order; on a software
// adapter each invocation leaves its own, without a barrier. (CPU time on lavapipe over that of 4 x 4 with a barrier, mlp-1024-1024, batch 128: 0.53
// dense, 0.66 at keep 0.1. Dropping the barrier alone took an earlier body of 8 x 8 from 0.74 and 0.78 to 0.55 and 0.59.)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;           // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;        // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<vec4<f32>>; // layers of parts of [T * kI + E, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;         // from first_square on [workgroups], on a software adapter [invocations]
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_squares: array<f32, 64>;

// Four rows of four images each, of a quad of the layer's inputs or outputs.
fn inputs(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(input[at], input[at + stride], input[at + 2u * stride], input[at + 3u * stride]);
}

fn gradients(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(d_output[at], d_output[at + stride], d_output[at + 2u * stride], d_output[at + 3u * stride]);
}

// Inputs from i * 4 on (columns) and outputs from o * 4 on (rows), at `first`; returns the sum of squares of what it stored.
fn store(sum: mat4x4<f32>, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    let columns = quads(kept_out);
    if o >= columns {
        return 0.0;
    }
    let inside = vec4(o * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(kept_out);
    let values = array(sum[0], sum[1], sum[2], sum[3]);
    var square = 0.0;
    for (var j = 0u; j < 4u; j++) {
        if i * 4u + j < rows {
            let value = select(vec4<f32>(), values[j], inside);
            d_weights[first + (i * 4u + j) * columns + o] = value;
            square += dot(value, value);
        }
    }
    return square;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let layer = params.layers[op.layer];
    let kept_in = counts[op.group_in];
    let kept_out = counts[op.group_out];
    let rows = kept_in + select(0u, 1u, layer.extra == 1u);
    let tiles = tile_grid(layer, quads(rows), quads(kept_out));
    let parts = split_count(layer, kept_in, kept_out);
    let part_quads = sum_floats(layer, kept_in, kept_out) / 4u;
    let columns = quads(kept_out);
    let apart_in = op.height_in * op.width_in * images;
    let apart_out = layer.pixels * images;

    let high = strip(quads(rows));
    var square = 0.0;
    let all = tiles.x * tiles.y * tiles.z;
    for (var id = spread(workgroup.x, grid.x) * 64u + lane; id < all * parts; id += grid.x * 64u) {
        let tile = id % all;
        let part = id / all;
        let band = tile / (high * tiles.x);
        let o = (tile / high % tiles.x) * side();
        let i = ((band * high + tile % high) % tiles.y) * side();
        let tap = band * high / tiles.y;
        if i * 4u >= rows {
            continue;
        }
        // A tile at the edge may lack its second quad of inputs or of outputs.
        let two_inputs = SOFTWARE && (i + 1u) * 4u < rows;
        let two_outputs = SOFTWARE && o + 1u < columns;
        var sum00 = mat4x4<f32>();
        var sum01 = mat4x4<f32>();
        var sum10 = mat4x4<f32>();
        var sum11 = mat4x4<f32>();
        let begin = part * layer.pixels / parts;
        let end = (part + 1u) * layer.pixels / parts;
        // Left of the image or above it, these wrap round to large numbers.
        var row = begin / op.width_out * op.stride + tap / op.kernel - op.padding;
        let first_column = tap % op.kernel - op.padding;
        var column = begin % op.width_out * op.stride + first_column;
        let end_column = op.width_out * op.stride + first_column;
        for (var q = begin; q < end; q++) {
            var x = i * 4u * apart_in + (row * op.width_in + column) * images;
            var d = o * 4u * apart_out + q * images;
            let inside = row < op.height_in && column < op.width_in;
            column += op.stride;
            if column == end_column {
                column = first_column;
                row += op.stride;
            }
            if !inside {
                continue;
            }
            // The sums are never empty: their loops ask at the end, since a software adapter runs the body once more where they ask before.
            var b = 0u;
            if two_inputs && two_outputs {
                loop {
                    let x0 = inputs(x, apart_in);
                    let x1 = inputs(x + 4u * apart_in, apart_in);
                    let d0 = transpose(gradients(d, apart_out));
                    let d1 = transpose(gradients(d + 4u * apart_out, apart_out));
                    sum00 += d0 * x0;
                    sum01 += d1 * x0;
                    sum10 += d0 * x1;
                    sum11 += d1 * x1;
                    x++;
                    d++;
                    continuing {
                        b++;
                        break if b >= images;
                    }
                }
            } else if two_inputs {
                loop {
                    let d0 = transpose(gradients(d, apart_out));
                    sum00 += d0 * inputs(x, apart_in);
                    sum10 += d0 * inputs(x + 4u * apart_in, apart_in);
                    x++;
                    d++;
                    continuing {
                        b++;
                        break if b >= images;
                    }
                }
            } else {
                loop {
                    let x0 = inputs(x, apart_in);
                    sum00 += transpose(gradients(d, apart_out)) * x0;
                    if SOFTWARE {
                        sum01 += transpose(gradients(d + 4u * apart_out, apart_out)) * x0;
                    }
                    x++;
                    d++;
                    continuing {
                        b++;
                        break if b >= images;
                    }
                }
            }
        }
        let first = layer.first_gradient / 4u + part * part_quads + tap * kept_in * columns;
        square += store(sum00, first, i, o, rows, kept_out);
        if SOFTWARE {
            square += store(sum01, first, i, o + 1u, rows, kept_out);
            square += store(sum10, first, i + 1u, o, rows, kept_out);
            square += store(sum11, first, i + 1u, o + 1u, rows, kept_out);
        }
    }
    if layer.pixels > 1u {
        return;
    }
    if SOFTWARE {
        squares[op.first_square + workgroup.x * 64u + lane] = square;
        return;
    }
    lane_squares[lane] = square;
    workgroupBarrier();
    if lane == 0u {
        var total = 0.0;
        for (var k = 0u; k < 64u; k++) {
            total += lane_squares[k];
        }
        squares[op.first_square + workgroup.x] = total;
    }
}
