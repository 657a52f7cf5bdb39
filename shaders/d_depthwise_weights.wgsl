// d_depthwise_weights: the gradient of the kernel of each kept channel of a depthwise convolution, under m:
//   d_weights[tap, r] = sum over q and b of in[r, q * stride + tap - padding, b] * d_out[r, q, b]
//
// The sum of a channel's squares is added to the norm of the gradient. The rows are distributed over the workgroups, and the invocations of one share
// the pixels and images of a tap.

// #import structs
// #import quads
// #import dispatch
// #import cells

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;           // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;      // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;   // [kept up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<f32>;  // layers of parts of [T * kI + E, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;    // from first_square on [units of the layer]
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let cells = op.height_out * op.width_out * images;
    let stretch = share(cells, 0u, 1u, lane);
    let hop = cell_at(stretch.hop, images, op.width_out);
    let layer = params.layers[op.layer];
    let kept = counts[op.group_out];
    let columns = quads(kept) * 4u;
    for (var r = dealt(workgroup.x, grid.x); r < kept; r += grid.x) {
        let begin = r * op.height_in * op.width_in * images;
        var square = 0.0;
        for (var tap = 0u; tap < op.kernel * op.kernel; tap++) {
            var sum = 0.0;
            var number = stretch.first;
            var cell = cell_at(number, images, op.width_out);
            loop {
                // Left of the image or above it, these wrap around to large numbers.
                let row = cell.y * op.stride + tap / op.kernel - op.padding;
                let column = cell.x * op.stride + tap % op.kernel - op.padding;
                if number < stretch.end && row < op.height_in && column < op.width_in {
                    sum += dot(input[begin + (row * op.width_in + column) * images + cell.b], d_output[r * cells + number]);
                }
                continuing {
                    number += stretch.hop;
                    cell = further(cell, hop, images, op.width_out);
                    break if number >= stretch.end;
                }
            }
            lane_sums[lane] = sum;
            workgroupBarrier();
            if lane == 0u {
                var total = 0.0;
                for (var k = 0u; k < LANES; k++) {
                    total += lane_sums[k];
                }
                d_weights[layer.first_gradient + tap * columns + r] = total;
                square += total * total;
            }
            workgroupBarrier();
        }
        if lane == 0u {
            squares[op.first_square + r] = square;
        }
    }
    for (var row = kept + workgroup.x * LANES + lane; row < layer.outputs; row += grid.x * LANES) {
        squares[op.first_square + row] = 0.0;
    }
}
