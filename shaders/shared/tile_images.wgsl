// Which images an invocation of convolve or d_activations computes. The distance between the quads of images of one tile equals the number of tiles, so
// that neighbouring invocations read neighbouring quads.

// #import quads

// Invocations whose tiles cover this many images.
fn tile_images(images: u32) -> u32 {
    return (quads(images) + TILE_IMAGES - 1u) / TILE_IMAGES;
}

// The first quad of images of one of them.
fn first_image(place: u32) -> u32 {
    return place;
}

fn images_apart(across: u32) -> u32 {
    return across;
}

// The invocation's number among those that load a tile's weights together: each has its own tile.
fn sharer(first: u32) -> u32 {
    return 0u;
}
