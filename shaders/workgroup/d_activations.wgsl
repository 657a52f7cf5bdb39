// d_activations in tiles of a workgroup (product): down are inputs, across are the quads of images of all pixels, k counts taps and outputs.
//
// It computes what shaders/d_activations.wgsl says.

// #import structs
// #import quads
// #import d_activations_store
// #import product

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [P], layers of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(4) var<storage, read> d_output: array<vec4<f32>>;       // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(5) var<storage, read_write> d_input: array<vec4<f32>>;  // likewise
@group(1) @binding(0) var<uniform> op: Operation;

const FAR: u32 = 0x40000000u;

fn tiles(z: u32) -> vec3<u32> {
    let cells = op.height_in * op.width_in * (params.batch_stride / 4u);
    return vec3((quads(counts[op.group_in]) + TILE - 1u) / TILE, (cells + TILE - 1u) / TILE, 1u);
}

// Each tap has kO up to a multiple of 4 values of k.
fn range(z: u32, part: u32) -> vec2<u32> {
    return vec2(0u, params.layers[op.layer].taps * quads(counts[op.group_out]) * 4u);
}

fn block_of_left(n: u32) -> vec2<u32> {
    return by_rows(n);
}

fn block_of_right(n: u32) -> vec2<u32> {
    return by_quads(n);
}

alias Left = u32;

fn left_place(z: u32, i: u32) -> Left {
    return i;
}

// Four inputs' weights to four outputs at one tap.
fn left(i: Left, k: u32, end: u32) -> mat4x4<f32> {
    let kept_in = counts[op.group_in];
    let columns = quads(counts[op.group_out]);
    let tap = k / 4u / columns;
    let at = params.layers[op.layer].first_packed / 4u + (tap * kept_in + i * 4u) * columns + k / 4u % columns;
    let inside = vec4(i * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(select(0u, kept_in, k < end));
    return transpose(mat4x4(
        select(vec4<f32>(), packed_weights[at], inside.x),
        select(vec4<f32>(), packed_weights[at + columns], inside.y),
        select(vec4<f32>(), packed_weights[at + 2u * columns], inside.z),
        select(vec4<f32>(), packed_weights[at + 3u * columns], inside.w),
    ));
}

// A pixel of the input, counted from the first tap's, and a quad of images. A pixel beyond the edge is far from every output.
struct Right {
    y: u32,
    x: u32,
    b: u32,
}

fn right_place(z: u32, cell: u32) -> Right {
    let images = params.batch_stride / 4u;
    let pixel = cell / images;
    let y = select(FAR, pixel / op.width_in + op.padding, pixel < op.height_in * op.width_in);
    return Right(y, pixel % op.width_in + op.padding, cell % images);
}

// Four images' gradients at four outputs, which have one tap. Rows from kO up to a multiple of 4 are 0.
fn right(place: Right, k: u32, end: u32) -> mat4x4<f32> {
    let rows = quads(counts[op.group_out]) * 4u;
    let tap = k / rows;
    // A tap before the image wraps around to a large number.
    let y = place.y - tap / op.kernel;
    let x = place.x - tap % op.kernel;
    let row = y / op.stride;
    let column = x / op.stride;
    let is_reached = row * op.stride == y && column * op.stride == x && row < op.height_out && column < op.width_out;
    if k >= end || !is_reached {
        return mat4x4<f32>();
    }
    let images = params.batch_stride / 4u;
    let apart = op.height_out * op.width_out * images;
    let at = k % rows * apart + (row * op.width_out + column) * images + place.b;
    return mat4x4(d_output[at], d_output[at + apart], d_output[at + 2u * apart], d_output[at + 3u * apart]);
}

fn store_sums(z: u32, sum: mat4x4<f32>, i: u32, cell: u32, part: u32) -> f32 {
    let images = params.batch_stride / 4u;
    let pixel = cell / images;
    if pixel < op.height_in * op.width_in {
        store(sum, i, pixel, cell % images);
    }
    return 0.0;
}

fn finish(square: f32, workgroup: u32, lane: u32) {}
