// d_weights in tiles of a workgroup (product): down are rows of the gradient, across are outputs, k counts pixels and images.
//
// It computes what shaders/d_weights.wgsl says.

// #import structs
// #import quads
// #import gradient_parts
// #import gradient_rows
// #import squares
// #import d_weights_store
// #import product

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;           // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;        // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<vec4<f32>>; // layers of parts of [T * kI + E, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;         // from first_square on [workgroups * SQUARES]
@group(1) @binding(0) var<uniform> op: Operation;

fn tiles(z: u32) -> vec3<u32> {
    let layer = params.layers[op.layer];
    let kept_in = counts[op.group_in];
    let kept_out = counts[op.group_out];
    let grid = tile_grid(quads(summed_rows(layer, kept_in)), quads(kept_out));
    return vec3(grid.y, grid.x, split_count(layer, kept_in, kept_out));
}

// Each pixel has Bp values of k.
fn range(z: u32, part: u32) -> vec2<u32> {
    let layer = params.layers[op.layer];
    let parts = split_count(layer, counts[op.group_in], counts[op.group_out]);
    return vec2(part, part + 1u) * layer.pixels / parts * params.batch_stride;
}

fn block_of_left(n: u32) -> vec2<u32> {
    return by_rows(n);
}

fn block_of_right(n: u32) -> vec2<u32> {
    return by_rows(n);
}

// Four rows of the gradient.
alias Left = Rows;
alias Right = u32;

fn left_place(z: u32, i: u32) -> Left {
    let layer = params.layers[op.layer];
    return rows_from(i * 4u, counts[op.group_in], layer.taps, op.height_in * op.width_in * (params.batch_stride / 4u), params.batch_stride / 4u);
}

fn right_place(z: u32, o: u32) -> Right {
    return o;
}

// Four rows' values of four images at one pixel.
fn left(rows: Left, k: u32, end: u32) -> mat4x4<f32> {
    let images = params.batch_stride / 4u;
    let pixel = k / 4u / images;
    // Left of the image or above it, these wrap around to large numbers; adding a tap's distance may wrap them back.
    let row = pixel / op.width_out * op.stride - op.padding;
    let column = pixel % op.width_out * op.stride - op.padding;
    let is_read = inside(rows, row, column) & vec4(k < end);
    return transpose(inputs(rows, (row * op.width_in + column) * images + k / 4u % images, is_read));
}

// The same images' gradients at four outputs.
fn right(o: Right, k: u32, end: u32) -> mat4x4<f32> {
    if k >= end {
        return mat4x4<f32>();
    }
    let images = params.batch_stride / 4u;
    let apart = params.layers[op.layer].pixels * images;
    let at = o * 4u * apart + k / 4u;
    return transpose(mat4x4(d_output[at], d_output[at + apart], d_output[at + 2u * apart], d_output[at + 3u * apart]));
}

fn store_sums(z: u32, sum: mat4x4<f32>, i: u32, o: u32, part: u32) -> f32 {
    let layer = params.layers[op.layer];
    let kept_in = counts[op.group_in];
    let kept_out = counts[op.group_out];
    let first = layer.first_gradient / 4u + part * (sum_floats(layer, kept_in, kept_out) / 4u);
    return store(sum, first, i, o, summed_rows(layer, kept_in), kept_out);
}

fn finish(square: f32, workgroup: u32, lane: u32) {
    if params.layers[op.layer].pixels == 1u {
        write_square(square, op.first_square, workgroup, lane);
    }
}
