// The tile of one invocation of convolve: four units for sixteen images at one pixel. For layers that keep few units.

// #import sums_narrow

fn add_products(sums: Sums, w: u32, at: u32, apart: u32) -> Sums {
    let w0 = packed_weights[w];
    return Sums(
        sums.sum0 + outer(input[at], w0),
        sums.sum1 + outer(input[at + apart], w0),
        sums.sum2 + outer(input[at + 2u * apart], w0),
        sums.sum3 + outer(input[at + 3u * apart], w0),
    );
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum0, z, o, pixel, b);
    store(sums.sum1, z, o, pixel, b + apart);
    store(sums.sum2, z, o, pixel, b + 2u * apart);
    store(sums.sum3, z, o, pixel, b + 3u * apart);
}
