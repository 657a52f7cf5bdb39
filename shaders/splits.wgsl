// Into how many sums over parts of the pixels the gradient of a layer's weights is cut: few tiles with a long sum would leave most of the
// adapter idle. It follows from the kept counts, so d_weights and sum_gradients find it each for themselves.

// Invocations that are enough to fill the adapter.
fn enough() -> u32 {
    return select(32768u, 2048u, SOFTWARE);
}

// Quads along a side of a tile.
fn side() -> u32 {
    return select(1u, 2u, SOFTWARE);
}

// Tiles one below the other that neighbouring invocations take, so that they share rows of both factors.
fn strip(rows: u32) -> u32 {
    return clamp((rows + side() - 1u) / side(), 1u, 4u);
}

// Tiles of a layer of so many quads of rows and columns: across, down in whole strips, and one above the other for the taps.
fn tile_grid(layer: Layer, rows: u32, columns: u32) -> vec3<u32> {
    let strip_quads = strip(rows) * side();
    return vec3((columns + side() - 1u) / side(), (rows + strip_quads - 1u) / strip_quads * strip(rows), layer.taps);
}

// Floats of one of the sums: [T * kI + E, pO].
fn sum_floats(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    return (layer.taps * kept_in + layer.extra) * quads(kept_out) * 4u;
}

fn split_count(layer: Layer, kept_in: u32, kept_out: u32) -> u32 {
    let bias = select(0u, 1u, layer.extra == 1u);
    let tiles = tile_grid(layer, quads(kept_in + bias), quads(kept_out));
    let wanted = enough() / max(tiles.x * tiles.y * tiles.z, 1u);
    return clamp(wanted, 1u, min(layer.pixels, layer.room / max(sum_floats(layer, kept_in, kept_out), 1u)));
}
