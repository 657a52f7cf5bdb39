// Shared code of the batch normalisation kernels (Ioffe and Szegedy 2015). They bind `joins` and `op`.

// #import structs

const EPSILON: f32 = 1e-5;

// The rows of the branch and of the shortcut from which row r of the written group under mask z comes, or ABSENT.
fn joined(z: u32, r: u32) -> vec2<u32> {
    if (op.flags & JOINED) != 0u {
        return joins[z * params.rows + params.groups[op.group_out].first_row + r];
    }
    return vec2(r, ABSENT);
}

fn deviation(variance: f32) -> f32 {
    return sqrt(variance + EPSILON);
}

// Where the packed scales of mask z begin; the shifts are `stride` further on.
fn first_scale(z: u32, stride: u32) -> u32 {
    let layer = params.layers[op.layer];
    return z * op.apart_packed * 4u + layer.first_packed + layer.taps * counts[z * MOST_GROUPS + layer.group_in] * stride;
}
