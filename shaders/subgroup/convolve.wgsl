// The tile of a subgroup of eight invocations in convolve: sixteen units for 64 images at one pixel. An invocation has eight of the images.

// #import subgroup_sums

// Of two inputs: four images' values, or four units' weights.
struct Pair {
    first: vec4<f32>,
    second: vec4<f32>,
}

// The weights that invocation `n` loaded for the first input, and those for the second, which are 0 without one.
fn pair(own: vec4<f32>, n: u32, is_second: bool) -> Pair {
    return Pair(subgroupShuffle(own, n), select(vec4<f32>(), subgroupShuffle(own, n + 4u), is_second));
}

fn add_pair(sum: mat4x4<f32>, values: Pair, factors: Pair) -> mat4x4<f32> {
    return mat4x4(
        sum[0] + values.first * factors.first.x + values.second * factors.second.x,
        sum[1] + values.first * factors.first.y + values.second * factors.second.y,
        sum[2] + values.first * factors.first.z + values.second * factors.second.z,
        sum[3] + values.first * factors.first.w + values.second * factors.second.w,
    );
}

fn store_tile(sums: Sums, z: u32, o: u32, pixel: u32, b: u32, apart: u32) {
    // A loop over the quads of units, so that the adapter compiles a quarter of the stores.
    var own = sums;
    for (var k = 0u; k < 4u; k++) {
        store(own.sum00, z, o + k, pixel, b);
        store(own.sum01, z, o + k, pixel, b + apart);
        own = Sums(own.sum10, own.sum11, own.sum20, own.sum21, own.sum30, own.sum31, own.sum30, own.sum31);
    }
}
