// d_pool: the loss's gradient at what was pooled, under m. Of a maximum it goes to the first of the window's pixels that has it, of a mean to
// all alike; pixels that were dropped at the border get none.
//
// As in d_activations: it stops where a rectified map is 0, is added where another reader has been before, and the rows from the kept
// units up to a multiple of 4 become 0. One invocation owns every so many quads of images.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;      // [kept up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_input: array<vec4<f32>>; // likewise
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let pixels = op.height_in * op.width_in;
    let kept = counts[op.group_in];
    for (var id = workgroup.x * 64u + lane; id < quads(kept) * 4u * pixels * images; id += grid.x * 64u) {
        let r = id / (pixels * images);
        let p = id / images % pixels;
        let row = p / op.width_in / op.kernel;
        let column = p % op.width_in / op.kernel;
        var value = vec4<f32>();
        if r < kept && row < op.height_out && column < op.width_out {
            value = d_output[((r * op.height_out + row) * op.width_out + column) * images + id % images];
            let own = input[id];
            if (op.flags & MEAN) != 0u {
                value /= f32(op.kernel * op.kernel);
            } else {
                let corner = id - ((p / op.width_in % op.kernel) * op.width_in + p % op.width_in % op.kernel) * images;
                for (var k = 0u; k < op.kernel * op.kernel; k++) {
                    let at = corner + (k / op.kernel * op.width_in + k % op.kernel) * images;
                    let other = input[at];
                    value = select(value, vec4<f32>(), (other > own) | ((other == own) & vec4(at < id)));
                }
            }
            if (op.flags & RECTIFIED) != 0u {
                value = select(vec4<f32>(), value, own > vec4<f32>());
            }
        }
        if r < kept && (op.flags & ACCUMULATE) != 0u {
            value += d_input[id];
        }
        d_input[id] = value;
    }
}
