// pool: the maximum or the mean over windows side by side, of kept units, under one mask. Pixels that fill no window are dropped.

// #import structs
// #import cell_rows

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

fn row_count(z: u32) -> u32 {
    return counts[z * MOST_GROUPS + op.group_out] + select(0u, 1u, (op.flags & ONES) != 0u);
}

fn row_size() -> vec2<u32> {
    return vec2(op.width_out, op.height_out);
}

fn compute(z: u32, r: u32, number: u32, cell: Cell) {
    let images = params.batch_stride / 4u;
    var value = vec4(1.0);
    if r < counts[z * MOST_GROUPS + op.group_out] {
        let corner = (r * op.height_in + cell.y * op.kernel) * op.width_in + cell.x * op.kernel;
        var at = z * op.apart_in + corner * images + cell.b;
        var i = 0u;
        var j = 0u;
        loop {
            let other = input[at];
            value = select(select(max(value, other), value + other, (op.flags & MEAN) != 0u), other, i + j == 0u);
            continuing {
                j++;
                at += images;
                if j == op.kernel {
                    j = 0u;
                    i++;
                    at += (op.width_in - op.kernel) * images;
                }
                break if i == op.kernel;
            }
        }
        if (op.flags & MEAN) != 0u {
            value /= f32(op.kernel * op.kernel);
        }
    }
    output[z * op.apart_out + r * op.height_out * op.width_out * images + number] = value;
}
