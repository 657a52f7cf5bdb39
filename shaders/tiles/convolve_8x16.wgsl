// The tile of one invocation of convolve: eight units for sixteen images at one pixel. For an adapter that computes on the CPU, where loads cost more
// than arithmetic.

// #import sums_wide

fn add_products(sums: Sums, w: u32, at: u32, apart: u32) -> Sums {
    let w0 = packed_weights[w];
    let w1 = packed_weights[w + 1u];
    let x0 = input[at];
    let x1 = input[at + apart];
    let x2 = input[at + 2u * apart];
    let x3 = input[at + 3u * apart];
    return Sums(
        sums.sum00 + outer(x0, w0),
        sums.sum01 + outer(x1, w0),
        sums.sum02 + outer(x2, w0),
        sums.sum03 + outer(x3, w0),
        sums.sum10 + outer(x0, w1),
        sums.sum11 + outer(x1, w1),
        sums.sum12 + outer(x2, w1),
        sums.sum13 + outer(x3, w1),
    );
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, z, o, pixel, b);
    store(sums.sum01, z, o, pixel, b + apart);
    store(sums.sum02, z, o, pixel, b + 2u * apart);
    store(sums.sum03, z, o, pixel, b + 3u * apart);
    store(sums.sum10, z, o + 1u, pixel, b);
    store(sums.sum11, z, o + 1u, pixel, b + apart);
    store(sums.sum12, z, o + 1u, pixel, b + 2u * apart);
    store(sums.sum13, z, o + 1u, pixel, b + 3u * apart);
}
