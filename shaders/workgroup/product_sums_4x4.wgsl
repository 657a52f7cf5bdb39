// An invocation's part of a workgroup's tile of 32 × 32: 4 × 4 sums.

alias Sums = mat4x4<f32>;

fn add_products(sums: Sums, l: u32, r: u32) -> Sums {
    return sums + product(lefts_at(l), rights_at(r));
}

fn store_tile(sums: Sums, down: u32, across: u32, part: u32) -> f32 {
    return store_sums(sums, down, across, part);
}
