// Threefry2x32-20, the same as src/random.rs bit for bit: add, rotate and xor only.

const STREAM_MASK: u32 = 0u;
const STREAM_PROBE: u32 = 1u;
const STREAM_EVALUATION: u32 = 2u;

fn rotate_left(x: u32, by: u32) -> u32 {
    return (x << by) | (x >> (32u - by));
}

fn four_rounds(x: vec2<u32>, a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    var y = x;
    y.x += y.y;
    y.y = rotate_left(y.y, a) ^ y.x;
    y.x += y.y;
    y.y = rotate_left(y.y, b) ^ y.x;
    y.x += y.y;
    y.y = rotate_left(y.y, c) ^ y.x;
    y.x += y.y;
    y.y = rotate_left(y.y, d) ^ y.x;
    return y;
}

fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
    let third = 0x1BD11BDAu ^ key.x ^ key.y;
    var x = counter + key;
    x = four_rounds(x, 13u, 15u, 26u, 6u) + vec2(key.y, third + 1u);
    x = four_rounds(x, 17u, 29u, 16u, 24u) + vec2(third, key.x + 2u);
    x = four_rounds(x, 13u, 15u, 26u, 6u) + vec2(key.x, key.y + 3u);
    x = four_rounds(x, 17u, 29u, 16u, 24u) + vec2(key.y, third + 4u);
    x = four_rounds(x, 13u, 15u, 26u, 6u) + vec2(third, key.x + 5u);
    return x;
}

// The keep-probability in units of 2^-24: 0 is never kept, 2^24 always.
fn keep_level(score: f32) -> u32 {
    return u32(clamp(score, 0.0, 1.0) * 16777216.0);
}

fn draw(seed: u32, stream: u32, step: u32, unit: u32, score: f32) -> bool {
    return (threefry(vec2(seed, stream), vec2(step, unit)).x >> 8u) < keep_level(score);
}
