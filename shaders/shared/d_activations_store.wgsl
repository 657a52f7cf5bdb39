// How the variants of d_activations store their sums.

// #import structs
// #import quads

// Stores the units from i * 4 on (columns) for the images from b * 4 on (rows).
fn store(sum: mat4x4<f32>, i: u32, pixel: u32, b: u32) {
    let images = params.batch_stride / 4u;
    let kept = counts[op.group_in];
    if i >= quads(kept) || b >= images {
        return;
    }
    let apart = op.height_in * op.width_in * images;
    let out = i * 4u * apart + pixel * images + b;
    let columns = array(sum[0], sum[1], sum[2], sum[3]);
    for (var j = 0u; j < 4u; j++) {
        let at = out + j * apart;
        var value = vec4<f32>();
        if i * 4u + j < kept {
            value = columns[j];
            if (op.flags & RECTIFIED) != 0u {
                value = select(vec4<f32>(), value, input[at] > vec4<f32>());
            }
            if (op.flags & ACCUMULATE) != 0u {
                value += d_input[at];
            }
        }
        d_input[at] = value;
    }
}
