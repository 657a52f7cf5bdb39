// An invocation's part of a workgroup's tile of 64 x 64: 8 x 8 sums. Its quads are eight apart, so that neighbours read neighbouring quads.

// #import multiply_add

// The first digit counts quads down, the second quads across.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

// Adds the products of one k; `l` and `r` are the places of its first quads.
fn add_products(sums: Sums, l: u32, r: u32) -> Sums {
    let l0 = lefts[l];
    let l1 = lefts[l + 8u];
    let r0 = rights[r];
    let r1 = rights[r + 8u];
    return Sums(add_outer(sums.sum00, r0, l0), add_outer(sums.sum01, r1, l0), add_outer(sums.sum10, r0, l1), add_outer(sums.sum11, r1, l1));
}

fn store_tile(sums: Sums, down: u32, across: u32, part: u32) -> f32 {
    var square = store_sums(sums.sum00, down, across, part);
    square += store_sums(sums.sum01, down, across + 8u, part);
    square += store_sums(sums.sum10, down + 8u, across, part);
    square += store_sums(sums.sum11, down + 8u, across + 8u, part);
    return square;
}
