// The tile of one invocation of d_activations: four units for sixteen images at one pixel. For layers that keep few units.

// #import multiply_add
// #import sums_narrow

fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let w0 = weights(w, columns);
    return Sums(
        add_product(sums.sum0, gradients(d, apart_out), w0),
        add_product(sums.sum1, gradients(d + apart, apart_out), w0),
        add_product(sums.sum2, gradients(d + 2u * apart, apart_out), w0),
        add_product(sums.sum3, gradients(d + 3u * apart, apart_out), w0),
    );
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum0, i, pixel, b);
    store(sums.sum1, i, pixel, b + apart);
    store(sums.sum2, i, pixel, b + 2u * apart);
    store(sums.sum3, i, pixel, b + 3u * apart);
}
