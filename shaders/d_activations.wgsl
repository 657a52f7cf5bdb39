// d_activations: the gradient of the loss at the input map of a layer, under m, through kept units only:
//   d_in[i, p, b] = [in[i, p, b] > 0] * sum over taps and o of packed[tap, i, o] * d_out[o, q, b]   where q * stride + tap - padding = p
//
// The bracket applies if the map has passed a relu. If another reader of the map has already written its gradient, this one is added to it.
// Rows from kI up to a multiple of 4 become 0. All gradients have such rows, so that a sum over four rows at a time needs no bound.
// One invocation computes a tile of units and images at one pixel (d_activations_tile). Results of a tile beyond the edge are not stored.

// #import structs
// #import quads
// #import dispatch
// #import tiles
// #import d_activations_store
// #import d_activations_tile

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [P], layers of [T * kI + E, pO]
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

fn compute(tile: Tile) {
    let images = params.batch_stride / 4u;
    let kept_in = counts[op.group_in];
    let columns = quads(counts[op.group_out]);
    let apart_out = op.height_out * op.width_out * images;
    let layer = params.layers[op.layer];
    var tap_weight = layer.first_packed / 4u + (tile.unit * 4u + sharer(tile.first)) * columns;
    let y = tile.pixel / op.width_in + op.padding;
    let x = tile.pixel % op.width_in + op.padding;

    var sums = Sums();
    var ky = 0u;
    var kx = 0u;
    loop {
        // A tap before the image wraps around to a large number.
        let row = (y - ky) / op.stride;
        let column = (x - kx) / op.stride;
        let is_reached = all(vec2(row, column) * op.stride == vec2(y - ky, x - kx));
        if is_reached && row < op.height_out && column < op.width_out {
            var w = tap_weight;
            var d = (row * op.width_out + column) * images + tile.first;
            var o = 0u;
            loop {
                sums = add_products(sums, w, columns, d, apart_out, tile.apart);
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
    store_tile(sums, tile.unit, tile.pixel, tile.first, tile.apart);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pixels = op.height_in * op.width_in;
    let own = share(tile_rows(counts[op.group_in]) * pixels * tile_images(params.batch_stride), workgroup.x, grid.x, lane);
    if own.first >= own.end {
        return;
    }
    var id = own.first;
    loop {
        compute(tile_of(id, pixels, params.batch_stride));
        continuing {
            id += own.hop;
            break if id >= own.end;
        }
    }
}
