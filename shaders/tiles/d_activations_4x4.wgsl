// The tile of one invocation of d_activations: four units for four images at one pixel.

// #import multiply_add

// The sums: a column for each unit, a row for each image.
alias Sums = mat4x4<f32>;

// Adds the products of four outputs with their weights. `w` is the place of the first unit's weights, `columns` the distance of the next unit's;
// `d` is the place of the first output's gradient, `apart_out` the distance of the next output's.
fn add_products(sums: Sums, w: u32, columns: u32, d: u32, apart_out: u32, apart: u32) -> Sums {
    return add_product(sums, gradients(d, apart_out), weights(w, columns));
}

fn store_tile(sums: Sums, i: u32, pixel: u32, b: u32, apart: u32) {
    store(sums, i, pixel, b);
}
