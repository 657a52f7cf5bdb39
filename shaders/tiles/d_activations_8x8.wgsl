// The tile of one invocation of d_activations: eight units for eight images at one pixel.

// The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let w0 = weights(w, columns);
    let d0 = gradients(d, apart_out);
    let sum00 = sums.sum00 + d0 * w0;
    let w1 = weights(w + 4u * columns, columns);
    let sum10 = sums.sum10 + d0 * w1;
    let d1 = gradients(d + apart, apart_out);
    return Sums(sum00, sums.sum01 + d1 * w0, sum10, sums.sum11 + d1 * w1);
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, i, pixel, b);
    store(sums.sum01, i, pixel, b + apart);
    store(sums.sum10, i + 1u, pixel, b);
    store(sums.sum11, i + 1u, pixel, b + apart);
}
