// The tile of one invocation of d_weights: the weights from four inputs to four outputs.

// #import multiply_add

alias TileRows = Rows;
// Which of the rows read inside the image.
alias Inside = vec4<bool>;
// The sums: a column for each input, a row for each output.
alias Sums = mat4x4<f32>;

fn tile_rows_from(r: u32, kept_in: u32, taps: u32, apart: u32, images: u32) -> TileRows {
    return rows_from(r, kept_in, taps, apart, images);
}

fn tile_inside(rows: TileRows, row: u32, column: u32) -> Inside {
    return inside(rows, row, column);
}

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
