// Products of blocks of 4 x 4, added one multiply-add after the other. A product of matrices and then a sum would take a quarter more instructions.

// sum + values * factors: the columns of `values`, each times one element of a column of `factors`.
fn add_product(sum: mat4x4<f32>, values: mat4x4<f32>, factors: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4(
        add_column(sum[0], values, factors[0]),
        add_column(sum[1], values, factors[1]),
        add_column(sum[2], values, factors[2]),
        add_column(sum[3], values, factors[3]),
    );
}

fn add_column(sum: vec4<f32>, values: mat4x4<f32>, factors: vec4<f32>) -> vec4<f32> {
    return sum + values[0] * factors.x + values[1] * factors.y + values[2] * factors.z + values[3] * factors.w;
}

// sum + one column for each element of b, one row for each element of a.
fn add_outer(sum: mat4x4<f32>, a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(sum[0] + a * b.x, sum[1] + a * b.y, sum[2] + a * b.z, sum[3] + a * b.w);
}
