// information: the Fisher information of the mask of each unit that m keeps, from the derivative of each image's own loss l_b:
//
//   F = mean over b of (d l_b / dm)^2 = B * sum over b of (sum over q of in[u, q, b] * d_out[u, q, b])^2
//
// The loss is the mean of l_b, so d_out of an image has a factor 1 / B. `in` is the map that the mask multiplies and d_out the gradient at it. With a
// normalisation the mask multiplies scale * (in - mean) / deviation + shift, and d_out is the gradient at what relu and shortcut make of it. The rows are
// distributed over the workgroups; each invocation sums the pixels of some images.

// #import structs
// #import quads
// #import dispatch
// #import normalisation

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;                // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(3) var<storage, read> joins: array<vec2<u32>>;          // [2, R]
@group(0) @binding(4) var<storage, read> statistics: array<vec2<f32>>;     // [2, S]
@group(0) @binding(5) var<storage, read> packed_weights: array<f32>;       // layers of [T * kI + E, pO]
@group(0) @binding(6) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(7) var<storage, read> d_output: array<vec4<f32>>;       // [kO up to a multiple of 4, Q, Bp]
@group(0) @binding(8) var<storage, read_write> information: array<f32>;    // [U] F
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let pixels = op.height_in * op.width_in;
    let layer = params.layers[op.layer];
    let group = params.groups[op.group_in];
    let stride = quads(counts[op.group_in]) * 4u;
    for (var r = dealt(workgroup.x, grid.x); r < counts[op.group_out]; r += grid.x) {
        let origin = joined(0u, r).x;
        if origin == ABSENT {
            continue;
        }
        var factor = 1.0;
        var offset = 0.0;
        if (op.flags & NORMALISE) != 0u {
            let moments = statistics[layer.first_statistic + origin];
            let at = first_scale(0u, stride) + origin;
            factor = packed_weights[at] / deviation(moments.y);
            offset = packed_weights[at + stride] - factor * moments.x;
        }
        var squares = 0.0;
        for (var b = lane; b < images; b += LANES) {
            var derivative = vec4<f32>();
            for (var q = 0u; q < pixels; q++) {
                let value = factor * input[(origin * pixels + q) * images + b] + offset;
                derivative += d_output[(r * pixels + q) * images + b] * value;
            }
            squares += dot(derivative, derivative);
        }
        lane_sums[lane] = squares;
        workgroupBarrier();
        if lane == 0u {
            var total = 0.0;
            for (var k = 0u; k < LANES; k++) {
                total += lane_sums[k];
            }
            information[group.first_unit + lists[group.first_row + origin]] = f32(params.batch_size) * total;
        }
        workgroupBarrier();
    }
}
