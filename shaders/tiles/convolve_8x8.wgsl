// The tile of one invocation of convolve: eight units for eight images at one pixel.

// The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

fn add_products(sums: Sums, w: u32, at: u32, apart: u32) -> Sums {
    let w0 = packed_weights[w];
    let w1 = packed_weights[w + 1u];
    let x0 = input[at];
    let x1 = input[at + apart];
    return Sums(sums.sum00 + outer(x0, w0), sums.sum01 + outer(x1, w0), sums.sum10 + outer(x0, w1), sums.sum11 + outer(x1, w1));
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, z, o, pixel, b);
    store(sums.sum01, z, o, pixel, b + apart);
    store(sums.sum10, z, o + 1u, pixel, b);
    store(sums.sum11, z, o + 1u, pixel, b + apart);
}
