// Tiles of outputs that invocations sum up, and who takes which.

// Tiles that cover this many rows, and all images: a tile has 4 x 4 of them, on a software adapter 8 x 16. The quads of images of one tile are as far
// apart as there are tiles, so that neighbouring invocations read neighbouring quads.
fn tile_rows(rows: u32) -> u32 {
    return select(quads(rows), (quads(rows) + 1u) / 2u, SOFTWARE);
}

fn tile_images(images: u32) -> u32 {
    return select(quads(images), (quads(images) + 3u) / 4u, SOFTWARE);
}
