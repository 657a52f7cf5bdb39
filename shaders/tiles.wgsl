// Tiles of outputs that invocations sum up, and who takes which.

// Tiles that cover this many rows, and all images: a tile has 4 x 4 of them, on a software adapter 8 x 16. The quads of images of one tile are as far
// apart as there are tiles, so that neighbouring invocations read neighbouring quads.
fn tile_rows(rows: u32) -> u32 {
    return select(quads(rows), (quads(rows) + 1u) / 2u, SOFTWARE);
}

fn tile_images(images: u32) -> u32 {
    return select(quads(images), (quads(images) + 3u) / 4u, SOFTWARE);
}

// What an invocation takes of work that is numbered: from `first` on every `hop`-th that is below `end`. `place` is the workgroup's among `places`.
struct Share {
    first: u32,
    end: u32,
    hop: u32,
}

// Neighbours take neighbouring work. A software adapter runs eight invocations at a time, to their end, and deals the workgroups to its threads
// in stretches: there each eight take one even stretch of the work. (Time on lavapipe over that of a grid for the
// dense case whose surplus leaves at once, vgg16 at keep 0.1: convolve 0.89, d_activations 0.64.)
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    if SOFTWARE {
        let eights = (work + 7u) / 8u;
        let part = place * 8u + lane / 8u;
        let parts = places * 8u;
        return Share(part * eights / parts * 8u + lane % 8u, min((part + 1u) * eights / parts * 8u, work), 8u);
    }
    return Share(place * 64u + lane, work, places * 64u);
}
