// Which images an invocation of convolve or d_activations computes, where the eight of a subgroup compute the same units at the same pixel; it replaces
// shared/tile_images.wgsl. Neighbouring invocations read neighbouring quads.

// #import quads

// Invocations whose tiles cover this many images, in complete subgroups.
fn tile_images(images: u32) -> u32 {
    return (quads(images) + 8u * TILE_IMAGES - 1u) / (8u * TILE_IMAGES) * 8u;
}

// The first quad of images of one of them.
fn first_image(place: u32) -> u32 {
    return place / 8u * 8u * TILE_IMAGES + place % 8u;
}

fn images_apart(across: u32) -> u32 {
    return 8u;
}

// The invocation's number in its subgroup.
fn sharer(first: u32) -> u32 {
    return first % 8u;
}
