// convolve in tiles of a workgroup (product): down are units, across are the quads of images of all pixels, k counts taps and inputs.
//
// It computes what shaders/convolve.wgsl says.

// #import structs
// #import quads
// #import convolve_store
// #import product

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [P], layers of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;   // a map
@group(1) @binding(0) var<uniform> op: Operation;

const FAR: u32 = 0x40000000u;

fn kept(z: u32, group: u32) -> u32 {
    return counts[(op.mask + z) * MOST_GROUPS + group];
}

fn tiles(z: u32) -> vec3<u32> {
    let rows = kept(z, op.group_out) + select(0u, 1u, (op.flags & ONES) != 0u);
    let cells = op.height_out * op.width_out * (params.batch_stride / 4u);
    return vec3((quads(rows) + TILE - 1u) / TILE, (cells + TILE - 1u) / TILE, 1u);
}

fn range(z: u32, part: u32) -> vec2<u32> {
    let layer = params.layers[op.layer];
    return vec2(0u, layer.taps * kept(z, op.group_in) + select(0u, 1u, layer.extra == 1u));
}

fn block_of_left(n: u32) -> vec2<u32> {
    return by_quads(n);
}

fn block_of_right(n: u32) -> vec2<u32> {
    return by_quads(n);
}

// Where a quad of units begins in the packed weights, and the distance of the next k's; 0 beyond the edge.
alias Left = vec2<u32>;

fn left_place(z: u32, o: u32) -> Left {
    let columns = quads(kept(z, op.group_out));
    return vec2((op.mask + z) * op.apart_packed + params.layers[op.layer].first_packed / 4u + o, select(0u, columns, o < columns));
}

fn left(place: Left, k: u32, end: u32) -> mat4x4<f32> {
    return mat4x4(weights(place, k, end), weights(place, k + 1u, end), weights(place, k + 2u, end), weights(place, k + 3u, end));
}

// Four units' weights of one input at one tap.
fn weights(place: Left, k: u32, end: u32) -> vec4<f32> {
    if k >= end || place.y == 0u {
        return vec4<f32>();
    }
    return packed_weights[place.x + k * place.y];
}

// The corner of a pixel's taps in the input, for a quad of images. A pixel beyond the edge has a corner far outside of the image.
struct Right {
    row: u32,
    column: u32,
    first: u32,   // where the values of the quad begin
    kept_in: u32,
}

fn right_place(z: u32, cell: u32) -> Right {
    let images = params.batch_stride / 4u;
    let pixel = cell / images;
    // Left of the image or above it, these wrap around to large numbers.
    let row = pixel / op.width_out * op.stride - op.padding;
    let column = pixel % op.width_out * op.stride - op.padding;
    return Right(select(FAR, row, pixel < op.height_out * op.width_out), column, (op.mask + z) * op.apart_in + cell % images, kept(z, op.group_in));
}

fn right(place: Right, k: u32, end: u32) -> mat4x4<f32> {
    return mat4x4(values(place, k, end), values(place, k + 1u, end), values(place, k + 2u, end), values(place, k + 3u, end));
}

// Four images' values of one input at one tap.
fn values(place: Right, k: u32, end: u32) -> vec4<f32> {
    // The row of ones of a bias follows the inputs of the only tap.
    let tap = min(k / place.kept_in, params.layers[op.layer].taps - 1u);
    let i = k - tap * place.kept_in;
    let row = place.row + tap / op.kernel;
    let column = place.column + tap % op.kernel;
    if k >= end || row >= op.height_in || column >= op.width_in {
        return vec4<f32>();
    }
    return input[((i * op.height_in + row) * op.width_in + column) * (params.batch_stride / 4u) + place.first];
}

fn store_sums(z: u32, sum: mat4x4<f32>, o: u32, cell: u32, part: u32) -> f32 {
    let images = params.batch_stride / 4u;
    let pixel = cell / images;
    if pixel < op.height_out * op.width_out {
        store(sum, op.mask + z, o, pixel, cell % images);
    }
    return 0.0;
}

fn finish(square: f32, workgroup: u32, lane: u32) {}
