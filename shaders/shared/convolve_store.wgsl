// How the variants of convolve store their sums.

// #import structs
// #import quads

// One column for each element of b, one row for each element of a.
fn outer(a: vec4<f32>, b: vec4<f32>) -> mat4x4<f32> {
    return mat4x4(a * b.x, a * b.y, a * b.z, a * b.w);
}

// Stores the units from o * 4 on (columns) for the images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, z: u32, o: u32, pixel: u32, b: u32) {
    let images = params.batch_stride / 4u;
    if b >= images {
        return;
    }
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let pixels = op.height_out * op.width_out;
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let out = z * op.apart_out + (o * 4u * pixels + pixel) * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var i = 0u; i < 4u; i++) {
        let row = o * 4u + i;
        if row < rows {
            var value = columns[i];
            if (op.flags & RECTIFIED) != 0u {
                value = max(value, vec4<f32>());
            }
            output[out + i * pixels * images] = select(value, vec4(1.0), row == kept);
        }
    }
}
