// The tile of one invocation of d_activations: eight units for sixteen images at one pixel. For an adapter that computes on the CPU.

// #import sums_wide

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    // Each value is loaded just before its first product, so that fewer are in registers at once.
    let w0 = weights(w, columns);
    let d0 = gradients(d, apart_out);
    let sum00 = sums.sum00 + d0 * w0;
    let w1 = weights(w + 4u * columns, columns);
    let sum10 = sums.sum10 + d0 * w1;
    let d1 = gradients(d + apart, apart_out);
    let sum01 = sums.sum01 + d1 * w0;
    let sum11 = sums.sum11 + d1 * w1;
    let d2 = gradients(d + 2u * apart, apart_out);
    let sum02 = sums.sum02 + d2 * w0;
    let sum12 = sums.sum12 + d2 * w1;
    let d3 = gradients(d + 3u * apart, apart_out);
    return Sums(sum00, sum01, sum02, sums.sum03 + d3 * w0, sum10, sum11, sum12, sums.sum13 + d3 * w1);
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    // A loop over the quads of units, so that the adapter compiles half as many stores.
    var own = array(sums.sum00, sums.sum01, sums.sum02, sums.sum03);
    for (var k = 0u; k < 2u; k++) {
        store(own[0], i + k, pixel, b);
        store(own[1], i + k, pixel, b + apart);
        store(own[2], i + k, pixel, b + 2u * apart);
        store(own[3], i + k, pixel, b + 3u * apart);
        own = array(sums.sum10, sums.sum11, sums.sum12, sums.sum13);
    }
}
