// The tile of one invocation of convolve: four units for four images at one pixel.

// The sums: a column for each unit, a row for each image.
alias Sums = mat4x4<f32>;

// Adds the products of one input with its weights. `w` is the place of the weights, `at` that of the input's values.
fn add_products(sums: Sums, w: u32, at: u32, apart: u32) -> Sums {
    return sums + outer(input[at], packed_weights[w]);
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums, z, o, pixel, b);
}
