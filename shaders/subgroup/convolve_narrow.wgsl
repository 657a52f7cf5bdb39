// The tile of a subgroup of eight invocations in convolve: eight units for 64 images at one pixel. An invocation has eight of the images. For layers
// that keep few units.

// #import sums_square

// The weights of a quad of units for four inputs, which invocations `n`, `n` + 2, ... loaded: a column for each unit. 0 after the last of `left` inputs.
fn four(own: vec4<f32>, n: u32, left: u32) -> mat4x4<f32> {
    let none = vec4<f32>();
    return transpose(mat4x4(
        subgroupShuffle(own, n),
        select(none, subgroupShuffle(own, n + 2u), left > 1u),
        select(none, subgroupShuffle(own, n + 4u), left > 2u),
        select(none, subgroupShuffle(own, n + 6u), left > 3u),
    ));
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    store(sums.sum00, z, o, pixel, b);
    store(sums.sum01, z, o, pixel, b + apart);
    store(sums.sum10, z, o + 1u, pixel, b);
    store(sums.sum11, z, o + 1u, pixel, b + apart);
}
