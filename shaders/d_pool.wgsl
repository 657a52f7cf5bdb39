// d_pool: the loss's gradient at what was pooled, under m. Of a maximum it goes to the first of the window's pixels that has it, of a mean to
// all alike; pixels that were dropped at the border get none.
//
// As in d_activations: it stops where a rectified map is 0, is added where another reader has been before, and the rows from the kept
// units up to a multiple of 4 become 0. One invocation owns every so many windows of a quad of images.

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
    let kept = counts[op.group_in];
    let rows = quads(kept) * 4u;
    // Windows that begin within the image; those at the border that do not end there were dropped.
    let down = (op.height_in + op.kernel - 1u) / op.kernel;
    let across = (op.width_in + op.kernel - 1u) / op.kernel;
    let area = op.kernel * op.kernel;
    for (var id = workgroup.x * 64u + lane; id < rows * down * across * images; id += grid.x * 64u) {
        let b = id % images;
        let window = id / images;
        let column = window % across;
        let row = window / across % down;
        let r = window / (across * down);
        let corner = ((r * op.height_in + row * op.kernel) * op.width_in + column * op.kernel) * images + b;
        let is_pooled = r < kept && row < op.height_out && column < op.width_out;
        var d = vec4<f32>();
        var highest = vec4<f32>();
        if is_pooled {
            d = d_output[((r * op.height_out + row) * op.width_out + column) * images + b];
            highest = input[corner];
            for (var ky = 0u; ky < op.kernel; ky++) {
                for (var kx = 0u; kx < op.kernel; kx++) {
                    highest = max(highest, input[corner + (ky * op.width_in + kx) * images]);
                }
            }
        }
        // Whether the window's maximum is still to come.
        var awaited = vec4(true);
        for (var ky = 0u; ky < op.kernel; ky++) {
            for (var kx = 0u; kx < op.kernel; kx++) {
                if row * op.kernel + ky >= op.height_in || column * op.kernel + kx >= op.width_in {
                    continue;
                }
                let at = corner + (ky * op.width_in + kx) * images;
                var value = vec4<f32>();
                if is_pooled {
                    let own = input[at];
                    let is_highest = own == highest;
                    value = select(select(vec4<f32>(), d, awaited & is_highest), d / f32(area), (op.flags & MEAN) != 0u);
                    awaited = awaited & !is_highest;
                    if (op.flags & RECTIFIED) != 0u {
                        value = select(vec4<f32>(), value, own > vec4<f32>());
                    }
                }
                if r < kept && (op.flags & ACCUMULATE) != 0u {
                    value += d_input[at];
                }
                d_input[at] = value;
            }
        }
    }
}
