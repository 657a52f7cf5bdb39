// The tile of a subgroup of eight invocations in d_activations: eight units for 64 images at one pixel. An invocation has eight of the images. For layers
// that keep few units.

// #import subgroup_four
// #import sums_square

// `w` is the place of the weights of the unit that this invocation loads.
fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let own = packed_weights[w];
    let w0 = four(own, 0u);
    let w1 = four(own, 4u);
    let d0 = gradients(d, apart_out);
    let d1 = gradients(d + apart, apart_out);
    return Sums(add_product(sums.sum00, d0, w0), add_product(sums.sum01, d1, w0), add_product(sums.sum10, d0, w1), add_product(sums.sum11, d1, w1));
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, i, pixel, b);
    store(sums.sum01, i, pixel, b + apart);
    store(sums.sum10, i + 1u, pixel, b);
    store(sums.sum11, i + 1u, pixel, b + apart);
}
