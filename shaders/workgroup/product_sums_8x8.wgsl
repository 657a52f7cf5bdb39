// An invocation's part of a workgroup's tile of 64 x 64: 8 x 8 sums. Its quads are eight apart, so that neighbours read neighbouring quads.

// #import sums_square

// Adds the products of one k; `l` and `r` are the places of its first quads.
fn add_products(sums: Sums, l: u32, r: u32) -> Sums {
    return add_term(sums, rights[r], rights[r + 8u], lefts[l], lefts[l + 8u]);
}

fn store_tile(z: u32, sums: Sums, down: u32, across: u32, part: u32) -> f32 {
    var square = store_sums(z, sums.sum00, down, across, part);
    square += store_sums(z, sums.sum01, down, across + 8u, part);
    square += store_sums(z, sums.sum10, down + 8u, across, part);
    square += store_sums(z, sums.sum11, down + 8u, across + 8u, part);
    return square;
}
