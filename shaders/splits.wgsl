// Into how many sums over parts of the pixels the gradient of a layer's weights is cut: few tiles with a long sum would leave most of the
// adapter idle. It follows from the kept counts, so d_weights and sum_gradients find it each for themselves.

// Invocations that are enough to fill the adapter.
fn enough() -> u32 {
    return select(32768u, 1024u, SOFTWARE);
}

// Quads along a side of a tile.
fn side() -> u32 {
    return select(1u, 2u, SOFTWARE);
}

// Tiles one below the other that neighbouring invocations take, so that they share rows of both factors. Those that a software adapter runs
// together stand side by side: so all of them leave out the same taps at the edge of an image.
fn strip(rows: u32) -> u32 {
    return select(clamp(rows, 1u, 4u), 1u, SOFTWARE);
}

// Rows of a layer's gradient that d_weights sums up: [T * kI], and a bias; those of a normalisation are not among them.
fn summed_rows(layer: Layer, kept_in: u32) -> u32 {
    return layer.taps * kept_in + select(0u, 1u, layer.extra == 1u);
}

// Tiles of so many quads of rows and columns: across, and down in whole strips.
fn tile_grid(rows: u32, columns: u32) -> vec2<u32> {
    let strip_quads = strip(rows) * side();
    return vec2((columns + side() - 1u) / side(), (rows + strip_quads - 1u) / strip_quads * strip(rows));
}

// Floats of one of the sums: [T * kI + E, pO].
fn sum_floats(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    return (layer.taps * kept_in + layer.extra) * quads(kept_out) * 4u;
}

fn split_count(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    let tiles = tile_grid(quads(summed_rows(layer, kept_in)), quads(kept_out));
    let wanted = enough() / max(tiles.x * tiles.y, 1u);
    return clamp(wanted, 1u, min(layer.pixels, layer.room / max(sum_floats(layer, kept_in, kept_out), 1u)));
}
