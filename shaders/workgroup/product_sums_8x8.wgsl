// An invocation's part of a workgroup's tile of 64 × 64: 8 × 8 sums. Its quads are eight apart, so that neighbours read neighbouring quads.

// The first digit counts quads down, the second quads across.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

fn add_products(sums: Sums, l: u32, r: u32) -> Sums {
    let l0 = lefts_at(l);
    let r0 = rights_at(r);
    let sum00 = sums.sum00 + product(l0, r0);
    let l1 = lefts_at(l + 8u);
    let sum10 = sums.sum10 + product(l1, r0);
    let r1 = rights_at(r + 8u);
    return Sums(sum00, sums.sum01 + product(l0, r1), sum10, sums.sum11 + product(l1, r1));
}

fn store_tile(sums: Sums, down: u32, across: u32, part: u32) -> f32 {
    var square = store_sums(sums.sum00, down, across, part);
    square += store_sums(sums.sum01, down, across + 8u, part);
    square += store_sums(sums.sum10, down + 8u, across, part);
    square += store_sums(sums.sum11, down + 8u, across + 8u, part);
    return square;
}
