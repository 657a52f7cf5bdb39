// The rows of an invocation in d_weights that has four of them.

// #import gradient_rows

alias TileRows = Rows;
// Which of the rows read inside the image.
alias Inside = vec4<bool>;

fn tile_rows_from(r: u32, kept_in: u32, taps: u32, apart: u32, images: u32) -> TileRows {
    return rows_from(r, kept_in, taps, apart, images);
}

fn tile_inside(rows: TileRows, row: u32, column: u32) -> Inside {
    return inside(rows, row, column);
}
