// d_statistics: two sums of the gradient at a normalisation's output, for each kept unit under m, over the batch and all pixels:
//   d_shift = sum of d,  d_scale = sum of d * (in - mean) / deviation
//
// Both are written into the weights' gradient, and their squares are added to its norm; d_normalise reads both. The rows are distributed over the
// workgroups.

// #import structs
// #import quads
// #import dispatch
// #import normalisation

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;                   // [2, 64]
@group(0) @binding(2) var<storage, read> joins: array<vec2<u32>>;              // [2, R]
@group(0) @binding(3) var<storage, read> statistics: array<vec2<f32>>;         // [2, S]
@group(0) @binding(4) var<storage, read> input: array<vec4<f32>>;              // a map
@group(0) @binding(5) var<storage, read> d_output: array<vec4<f32>>;           // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(6) var<storage, read_write> d_statistics: array<vec2<f32>>; // [S] d_shift, d_scale
@group(0) @binding(7) var<storage, read_write> d_weights: array<f32>;          // layers of parts of [T * kI + E, pO]
@group(0) @binding(8) var<storage, read_write> squares: array<f32>;            // from first_square on [units of the layer]
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let cells = op.height_in * op.width_in * (params.batch_stride / 4u);
    let stretch = share(cells, 0u, 1u, lane);
    let layer = params.layers[op.layer];
    let kept = counts[op.group_in];
    let stride = quads(kept) * 4u;
    let scales = layer.first_gradient + layer.taps * counts[layer.group_in] * stride;
    for (var r = dealt(workgroup.x, grid.x); r < counts[op.group_out]; r += grid.x) {
        let origin = joined(0u, r).x;
        if origin == ABSENT {
            continue;
        }
        let moments = statistics[layer.first_statistic + origin];
        let factor = 1.0 / deviation(moments.y);
        var sums = vec2<f32>();
        var cell = stretch.first;
        loop {
            if cell < stretch.end {
                let d = d_output[r * cells + cell];
                let value = (input[origin * cells + cell] - moments.x) * factor;
                sums += vec2(dot(d, vec4(1.0)), dot(d, value));
            }
            continuing {
                cell += stretch.hop;
                break if cell >= stretch.end;
            }
        }
        lane_sums[lane] = sums;
        workgroupBarrier();
        if lane == 0u {
            var total = vec2<f32>();
            for (var k = 0u; k < LANES; k++) {
                total += lane_sums[k];
            }
            d_statistics[layer.first_statistic + origin] = total;
            d_weights[scales + origin] = total.y;
            d_weights[scales + stride + origin] = total.x;
            squares[op.first_square + origin] = dot(total, total);
        }
        workgroupBarrier();
    }
    for (var row = kept + workgroup.x * LANES + lane; row < layer.outputs; row += grid.x * LANES) {
        squares[op.first_square + row] = 0.0;
    }
}
