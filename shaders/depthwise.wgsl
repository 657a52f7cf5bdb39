// depthwise: a convolution of each channel with its own kernel, of kept units, under one mask:
//   out[r, q, b] = sum over taps of packed[tap, r] * in[r, q * stride + tap - padding, b]
//
// Both maps have the same channels: row r of the one is computed from row r of the other.

// #import structs
// #import quads
// #import cell_rows

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<f32>;     // [P]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

fn row_count(z: u32) -> u32 {
    return counts[z * MOST_GROUPS + op.group_out];
}

fn row_size() -> vec2<u32> {
    return vec2(op.width_out, op.height_out);
}

fn compute(z: u32, r: u32, number: u32, cell: Cell) {
    let images = params.batch_stride / 4u;
    let columns = quads(counts[z * MOST_GROUPS + op.group_out]) * 4u;
    let begin = z * op.apart_in + r * op.height_in * op.width_in * images + cell.b;
    var weight = z * op.apart_packed * 4u + params.layers[op.layer].first_packed + r;
    // Left of the image or above it, these wrap around to large numbers.
    let first_column = cell.x * op.stride - op.padding;
    let first_row = cell.y * op.stride - op.padding;
    var row = first_row;
    var column = first_column;
    var sum = vec4<f32>();
    loop {
        if row < op.height_in && column < op.width_in {
            sum += packed_weights[weight] * input[begin + (row * op.width_in + column) * images];
        }
        continuing {
            weight += columns;
            column++;
            if column == first_column + op.kernel {
                column = first_column;
                row++;
            }
            break if row == first_row + op.kernel;
        }
    }
    output[z * op.apart_out + r * op.height_out * op.width_out * images + number] = sum;
}
