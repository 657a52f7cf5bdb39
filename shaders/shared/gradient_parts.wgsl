// The gradient of a layer's weights is split into parts, each a sum over some of the pixels, because few tiles with long sums would leave most of the
// adapter idle. The number of parts follows from the kept counts; d_weights and sum_gradients each compute it.

// #import structs
// #import quads

// Tiles, one below the other, that neighbouring invocations compute.
fn strip(rows: u32) -> u32 {
    return clamp(rows, 1u, STRIP);
}

// Rows of a layer's gradient that d_weights sums: [T * kI], and a bias, without the rows of a normalisation.
fn summed_rows(layer: Layer, kept_in: u32) -> u32 {
    return layer.taps * kept_in + select(0u, 1u, layer.extra == 1u);
}

// Numbers of tiles for so many quads of rows and columns: across, and down in complete strips.
fn tile_grid(rows: u32, columns: u32) -> vec2<u32> {
    let strip_quads = strip(rows) * WEIGHT_ROWS;
    return vec2((columns + WEIGHT_COLUMNS - 1u) / WEIGHT_COLUMNS, (rows + strip_quads - 1u) / strip_quads * strip(rows));
}

// Floats of one part: [T * kI + E, pO].
fn sum_floats(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    return (layer.taps * kept_in + layer.extra) * quads(kept_out) * 4u;
}

fn split_count(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    let tiles = tile_grid(quads(summed_rows(layer, kept_in)), quads(kept_out));
    let wanted = ENOUGH / max(tiles.x * tiles.y, 1u);
    // The limit must not depend on the capacities: the order of a sum would change with them.
    let most = max(layer.split / max(sum_floats(layer, kept_in, kept_out), 1u), 1u);
    return clamp(wanted, 1u, min(layer.pixels, most));
}
