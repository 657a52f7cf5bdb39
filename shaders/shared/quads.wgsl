// Values stand four together: a quad is a vec4.

// Quads that hold so many values.
fn quads(count: u32) -> u32 {
    return (count + 3u) / 4u;
}
