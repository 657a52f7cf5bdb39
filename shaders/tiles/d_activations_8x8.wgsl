// The tile of one invocation of d_activations: eight units for eight images at one pixel.

// #import multiply_add

// The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

// Adds the products of one output.
fn add_output(sums: Sums, d: u32, apart: u32, w0: vec4<f32>, w1: vec4<f32>) -> Sums {
    let d0 = d_output[d];
    let d1 = d_output[d + apart];
    return Sums(add_outer(sums.sum00, d0, w0), add_outer(sums.sum01, d1, w0), add_outer(sums.sum10, d0, w1), add_outer(sums.sum11, d1, w1));
}

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let w0 = transpose(weights(w, columns));
    let w1 = transpose(weights(w + 4u * columns, columns));
    var all = sums;
    // One output at a time, so that few of its values are in registers at once.
    all = add_output(all, d, apart, w0[0], w1[0]);
    all = add_output(all, d + apart_out, apart, w0[1], w1[1]);
    all = add_output(all, d + 2u * apart_out, apart, w0[2], w1[2]);
    return add_output(all, d + 3u * apart_out, apart, w0[3], w1[3]);
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, i, pixel, b);
    store(sums.sum01, i, pixel, b + apart);
    store(sums.sum10, i + 1u, pixel, b);
    store(sums.sum11, i + 1u, pixel, b + apart);
}
