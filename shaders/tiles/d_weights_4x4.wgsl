// The tile of one invocation of d_weights: the weights from four inputs to four outputs.

// #import multiply_add
// #import four_rows

// The sums: a column for each input, a row for each output.
alias Sums = mat4x4<f32>;

fn is_any(inside: Inside) -> bool {
    return any(inside);
}

// Adds the products of four images. `x` and `d` are the places of the inputs' values and of the first output's gradient.
fn add_products(sums: Sums, rows: TileRows, inside: Inside, x: u32, d: u32, apart_out: u32) -> Sums {
    return add_product(sums, transpose(gradients(d, apart_out)), inputs(rows, x, inside));
}

// Returns `square` plus the squares of the values that it stored.
fn store_tile(square: f32, sums: Sums, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    return square + store(sums, first, i, o, rows, kept_out);
}
