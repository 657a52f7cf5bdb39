// A quad is a vec4 of four consecutive values.

// Quads for so many values.
fn quads(count: u32) -> u32 {
    return (count + 3u) / 4u;
}
