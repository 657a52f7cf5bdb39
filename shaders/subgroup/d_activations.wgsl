// The tile of a subgroup of eight invocations in d_activations: sixteen units for 64 images at one pixel. An invocation has eight of the images.

// #import multiply_add
// #import subgroup_four
// #import subgroup_sums

// `w` is the place of the weights of the first unit that this invocation loads; the second is eight units further.
fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    let own0 = packed_weights[w];
    let own1 = packed_weights[w + 8u * columns];
    let w0 = four(own0, 0u);
    let w1 = four(own0, 4u);
    let w2 = four(own1, 0u);
    let w3 = four(own1, 4u);
    let d0 = gradients(d, apart_out);
    let d1 = gradients(d + apart, apart_out);
    return Sums(
        add_product(sums.sum00, d0, w0),
        add_product(sums.sum01, d1, w0),
        add_product(sums.sum10, d0, w1),
        add_product(sums.sum11, d1, w1),
        add_product(sums.sum20, d0, w2),
        add_product(sums.sum21, d1, w2),
        add_product(sums.sum30, d0, w3),
        add_product(sums.sum31, d1, w3),
    );
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    // A loop over the quads of units, so that the adapter compiles a quarter of the stores.
    var own = sums;
    for (var k = 0u; k < 4u; k++) {
        store(own.sum00, i + k, pixel, b);
        store(own.sum01, i + k, pixel, b + apart);
        own = Sums(own.sum10, own.sum11, own.sum20, own.sum21, own.sum30, own.sum31, own.sum30, own.sum31);
    }
}
