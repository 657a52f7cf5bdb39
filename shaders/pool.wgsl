// pool: the maximum or the mean over windows side by side, of what is kept, for each mask. What is left at the border is dropped.
//
// One invocation owns every so many quads of images.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;        // a map
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = workgroup.z;
    let images = params.batch_stride / 4u;
    let pixels = op.height_out * op.width_out;
    let kept = counts[z * MOST_GROUPS + op.group_out];
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    let first_in = select(z * (arrayLength(&input) / 2u), 0u, (op.flags & SHARED) != 0u);
    for (var id = workgroup.x * 64u + lane; id < rows * pixels * images; id += grid.x * 64u) {
        let r = id / (pixels * images);
        let q = id / images % pixels;
        let corner = r * op.height_in * op.width_in + q / op.width_out * op.kernel * op.width_in + q % op.width_out * op.kernel;
        var value = vec4(1.0);
        if r < kept {
            let at = first_in + corner * images + id % images;
            value = input[at];
            for (var k = 1u; k < op.kernel * op.kernel; k++) {
                let other = input[at + (k / op.kernel * op.width_in + k % op.kernel) * images];
                value = select(max(value, other), value + other, (op.flags & MEAN) != 0u);
            }
            if (op.flags & MEAN) != 0u {
                value /= f32(op.kernel * op.kernel);
            }
        }
        output[z * (arrayLength(&output) / 2u) + id] = value;
    }
}
