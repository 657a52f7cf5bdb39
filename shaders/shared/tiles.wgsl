// Which tile of convolve or d_activations an invocation computes. The functions that place its images differ between variants: see tile_images.wgsl.

// #import quads
// #import tile_images

// Units from the quad `unit` on, at one pixel, for the quads of images `first`, `first` + `apart`, ...
struct Tile {
    unit: u32,
    pixel: u32,
    first: u32,
    apart: u32,
}

// Tiles that cover this many rows.
fn tile_rows(rows: u32) -> u32 {
    return (quads(rows) + TILE_UNITS - 1u) / TILE_UNITS;
}

// The tile of the invocation `id` among those of all tiles.
fn tile_of(id: u32, pixels: u32, images: u32) -> Tile {
    let across = tile_images(images);
    return Tile(id / (across * pixels) * TILE_UNITS, id / across % pixels, first_image(id % across), images_apart(across));
}
