// The tile of one invocation of d_weights: the weights from eight inputs to eight outputs.

// #import sums_square

struct TileRows {
    first: Rows,
    second: Rows,
}

struct Inside {
    first: vec4<bool>,
    second: vec4<bool>,
}

fn tile_rows_from(r: u32, kept_in: u32, taps: u32, apart: u32, images: u32) -> TileRows {
    return TileRows(rows_from(r, kept_in, taps, apart, images), rows_from(r + 4u, kept_in, taps, apart, images));
}

fn tile_inside(rows: TileRows, row: u32, column: u32) -> Inside {
    return Inside(inside(rows.first, row, column), inside(rows.second, row, column));
}

fn is_any(inside: Inside) -> bool {
    return any(inside.first) || any(inside.second);
}

fn add_products(sums: Sums, rows: TileRows, inside: Inside, x: u32, d: u32, apart_out: u32) -> Sums {
    // Each value is loaded just before its first product, so that fewer are in registers at once.
    let x0 = inputs(rows.first, x, inside.first);
    let d0 = transpose(gradients(d, apart_out));
    let sum00 = sums.sum00 + d0 * x0;
    let x1 = inputs(rows.second, x, inside.second);
    let d1 = transpose(gradients(d + 4u * apart_out, apart_out));
    return Sums(sum00, sums.sum01 + d1 * x0, sums.sum10 + d0 * x1, sums.sum11 + d1 * x1);
}

fn store_tile(square: f32, sums: Sums, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    var all = square;
    all += store(sums.sum00, first, i, o, rows, kept_out);
    all += store(sums.sum01, first, i, o + 1u, rows, kept_out);
    all += store(sums.sum10, first, i + 1u, o, rows, kept_out);
    all += store(sums.sum11, first, i + 1u, o + 1u, rows, kept_out);
    return all;
}
