// The tile of one invocation of convolve: eight units for eight images at one pixel.

// #import sums_square

fn add_products(sums: Sums, w: u32, at: u32, apart: u32) -> Sums {
    return add_term(sums, input[at], input[at + apart], packed_weights[w], packed_weights[w + 1u]);
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, z, o, pixel, b);
    store(sums.sum01, z, o, pixel, b + apart);
    store(sums.sum10, z, o + 1u, pixel, b);
    store(sums.sum11, z, o + 1u, pixel, b + apart);
}
