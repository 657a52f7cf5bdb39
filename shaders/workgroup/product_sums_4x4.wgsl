// An invocation's part of a workgroup's tile of 32 x 32: 4 x 4 sums.

// #import multiply_add

// A column for each row down, a row for each column across.
alias Sums = mat4x4<f32>;

// Adds the products of one k; `l` and `r` are the places of its quads.
fn add_products(sums: Sums, l: u32, r: u32) -> Sums {
    return add_outer(sums, rights[r], lefts[l]);
}

fn store_tile(z: u32, sums: Sums, down: u32, across: u32, part: u32) -> f32 {
    return store_sums(z, sums, down, across, part);
}
