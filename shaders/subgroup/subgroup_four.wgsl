// What four invocations of a subgroup have loaded for all of it.

// The quads that invocations `n` to `n` + 3 loaded, each a column.
fn four(own: vec4<f32>, n: u32) -> mat4x4<f32> {
    return mat4x4(subgroupShuffle(own, n), subgroupShuffle(own, n + 1u), subgroupShuffle(own, n + 2u), subgroupShuffle(own, n + 3u));
}
