// The tile of one invocation of d_activations: eight units for eight images at one pixel.

// #import sums_square

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let w0 = transpose(weights(w, columns));
    let w1 = transpose(weights(w + 4u * columns, columns));
    var all = sums;
    // One output at a time, so that few of its values are in registers at once.
    all = add_term(all, d_output[d], d_output[d + apart], w0[0], w1[0]);
    all = add_term(all, d_output[d + apart_out], d_output[d + apart_out + apart], w0[1], w1[1]);
    all = add_term(all, d_output[d + 2u * apart_out], d_output[d + 2u * apart_out + apart], w0[2], w1[2]);
    return add_term(all, d_output[d + 3u * apart_out], d_output[d + 3u * apart_out + apart], w0[3], w1[3]);
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, i, pixel, b);
    store(sums.sum01, i, pixel, b + apart);
    store(sums.sum10, i + 1u, pixel, b);
    store(sums.sum11, i + 1u, pixel, b + apart);
}
