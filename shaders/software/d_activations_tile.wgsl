// The tile of one invocation of d_activations on an adapter that computes on the CPU; it replaces shared/d_activations_tile.wgsl: eight units for
// sixteen images at one pixel.

// The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum02: mat4x4<f32>,
    sum03: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
    sum12: mat4x4<f32>,
    sum13: mat4x4<f32>,
}

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let w0 = weights(w, columns);
    let w1 = weights(w + 4u * columns, columns);
    let d0 = gradients(d, apart_out);
    let d1 = gradients(d + apart, apart_out);
    let d2 = gradients(d + 2u * apart, apart_out);
    let d3 = gradients(d + 3u * apart, apart_out);
    return Sums(
        sums.sum00 + d0 * w0,
        sums.sum01 + d1 * w0,
        sums.sum02 + d2 * w0,
        sums.sum03 + d3 * w0,
        sums.sum10 + d0 * w1,
        sums.sum11 + d1 * w1,
        sums.sum12 + d2 * w1,
        sums.sum13 + d3 * w1,
    );
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    // A loop, so that the compiler sees the store only once.
    var all = array(sums.sum00, sums.sum01, sums.sum02, sums.sum03, sums.sum10, sums.sum11, sums.sum12, sums.sum13);
    for (var k = 0u; k < 8u; k++) {
        store(all[k], i + k / 4u, pixel, b + k % 4u * apart);
    }
}
