// d_depthwise_activations: the gradient of the loss at the input of a depthwise convolution, under m:
//   d_in[r, p, b] = [in[r, p, b] > 0] * sum over taps of packed[tap, r] * d_out[r, q, b]   where q * stride + tap - padding = p
//
// As in d_activations, the bracket applies if the map has passed a relu, the gradient is added to that of another reader of the map, and the rows from
// the kept units up to a multiple of 4 become 0.

// #import structs
// #import quads
// #import cell_rows

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<f32>;      // [P]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(4) var<storage, read> d_output: array<vec4<f32>>;      // [kept up to a multiple of 4, Q, Bp]
@group(0) @binding(5) var<storage, read_write> d_input: array<vec4<f32>>; // likewise
@group(1) @binding(0) var<uniform> op: Operation;

fn row_count(z: u32) -> u32 {
    return quads(counts[op.group_in]) * 4u;
}

fn row_size() -> vec2<u32> {
    return vec2(op.width_in, op.height_in);
}

fn compute(z: u32, r: u32, number: u32, cell: Cell) {
    let images = params.batch_stride / 4u;
    let kept = counts[op.group_in];
    let begin = r * op.height_out * op.width_out * images + cell.b;
    let y = cell.y + op.padding;
    let x = cell.x + op.padding;
    var weight = params.layers[op.layer].first_packed + r;
    var ky = 0u;
    var kx = 0u;
    var sum = vec4<f32>();
    loop {
        // A tap before the image wraps around to a large number.
        let row = (y - ky) / op.stride;
        let column = (x - kx) / op.stride;
        let is_reached = all(vec2(row, column) * op.stride == vec2(y - ky, x - kx));
        if r < kept && is_reached && row < op.height_out && column < op.width_out {
            sum += packed_weights[weight] * d_output[begin + (row * op.width_out + column) * images];
        }
        continuing {
            weight += quads(kept) * 4u;
            kx++;
            if kx == op.kernel {
                kx = 0u;
                ky++;
            }
            break if ky == op.kernel;
        }
    }
    let at = r * op.height_in * op.width_in * images + number;
    if r < kept && (op.flags & RECTIFIED) != 0u {
        sum = select(vec4<f32>(), sum, input[at] > vec4<f32>());
    }
    if r < kept && (op.flags & ACCUMULATE) != 0u {
        sum += d_input[at];
    }
    d_input[at] = sum;
}
