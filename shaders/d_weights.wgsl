// d_weights: the gradient of one layer's weights under m, for kept units only:
//   d_weights[tap, i, o] = sum over q and b of in[i, q * stride + tap - padding, b] * d_out[o, q, b]
//
// The input of a bias is the row of ones, so that its gradient is a row like any other. The sum over pixels is split into parts if that occupies more
// of the adapter (gradient_parts): part n begins n times the layer's packed size after the first, and sum_gradients adds the parts. The tiles of
// weights (d_weights_tile) are distributed over the invocations, each to SHARERS that share its outputs. Results of a tile beyond the edge are not
// stored. The rows of a tile continue from tap to tap, so that few kept inputs still fill a tile.
// The gradient of a layer of one pixel is never split: its squares, for the norm of the gradient, are written here.

// #import structs
// #import quads
// #import dispatch
// #import gradient_parts
// #import squares
// #import gradient_rows
// #import d_weights_store
// #import d_weights_tile

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;           // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;        // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<vec4<f32>>; // layers of parts of [T * kI + E, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;         // from first_square on [workgroups * SQUARES]
@group(1) @binding(0) var<uniform> op: Operation;

// The gradients at four outputs for four images.
fn gradients(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(d_output[at], d_output[at + stride], d_output[at + 2u * stride], d_output[at + 3u * stride]);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let layer = params.layers[op.layer];
    let kept_in = counts[op.group_in];
    let kept_out = counts[op.group_out];
    let rows = summed_rows(layer, kept_in);
    let tiles = tile_grid(quads(rows), quads(kept_out));
    let parts = split_count(layer, kept_in, kept_out);
    let part_quads = sum_floats(layer, kept_in, kept_out) / 4u;
    let apart_in = op.height_in * op.width_in * images;
    let apart_out = layer.pixels * images;

    let high = strip(quads(rows));
    var square = 0.0;
    let all = tiles.x * tiles.y;
    let own = share(all * parts * SHARERS, workgroup.x, grid.x, lane);
    for (var id = own.first; id < own.end; id += own.hop) {
        let tile = id / SHARERS % all;
        let part = id / SHARERS / all;
        let o = (tile / high % tiles.x) * WEIGHT_COLUMNS;
        let first_row = (tile / (high * tiles.x) * high + tile % high) * WEIGHT_ROWS;
        if first_row * 4u >= rows {
            continue;
        }
        let i = first_row + id % SHARERS;
        let tile_rows = tile_rows_from(i * 4u, kept_in, layer.taps, apart_in, images);
        var sums = Sums();
        let begin = part * layer.pixels / parts;
        let end = (part + 1u) * layer.pixels / parts;
        // The corner from which the pixel's taps count. Left of the image or above it, these wrap around to large numbers; adding a tap's distance
        // may wrap them back.
        var row = begin / op.width_out * op.stride - op.padding;
        var column = begin % op.width_out * op.stride - op.padding;
        var q = begin;
        loop {
            let inside = tile_inside(tile_rows, row, column);
            var x = (row * op.width_in + column) * images;
            var d = (o * 4u + id % SHARERS) * apart_out + q * images;
            if is_any(inside) {
                var b = 0u;
                loop {
                    sums = add_products(sums, tile_rows, inside, x, d, apart_out);
                    x++;
                    d++;
                    continuing {
                        b++;
                        break if b >= images;
                    }
                }
            }
            continuing {
                q++;
                column += op.stride;
                if column == op.width_out * op.stride - op.padding {
                    column = 0u - op.padding;
                    row += op.stride;
                }
                break if q >= end;
            }
        }
        let first = layer.first_gradient / 4u + part * part_quads;
        square = store_tile(square, sums, first, i, o, rows, kept_out);
    }
    if layer.pixels > 1u {
        return;
    }
    write_square(square, op.first_square, workgroup.x, lane);
}
