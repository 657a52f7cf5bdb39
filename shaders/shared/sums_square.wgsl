// The sums of a tile of 8 x 8, in blocks of 4 x 4.

// #import multiply_add

// The first digit counts quads of units (of d_weights: of inputs), the second quads of images (of outputs).
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
}

// Adds the products of one term of the sums: of the images' values and the units' factors.
fn add_term(sums: Sums, values0: vec4<f32>, values1: vec4<f32>, factors0: vec4<f32>, factors1: vec4<f32>) -> Sums {
    return Sums(
        add_outer(sums.sum00, values0, factors0),
        add_outer(sums.sum01, values1, factors0),
        add_outer(sums.sum10, values0, factors1),
        add_outer(sums.sum11, values1, factors1),
    );
}
