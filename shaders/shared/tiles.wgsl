// How many tiles convolve and d_activations have.

// #import quads

// Tiles that cover this many rows.
fn tile_rows(rows: u32) -> u32 {
    return (quads(rows) + TILE_UNITS - 1u) / TILE_UNITS;
}

// Tiles that cover this many images. The distance between the quads of images of one tile equals the number of tiles, so that neighbouring
// invocations read neighbouring quads.
fn tile_images(images: u32) -> u32 {
    return (quads(images) + TILE_IMAGES - 1u) / TILE_IMAGES;
}
