// gather_inputs: the batch's kept features, normalised, as a map: out[r, p, b] = scale * byte + shifts[feature].
//
// A unit is a feature, or a channel with all its pixels. Augmentation may shift and mirror an image; pixels from outside it are 0, the mean. A row of
// ones for the next layer's biases follows. Columns without an image, in an incomplete evaluation batch, are 0.
// Of a streamed data set, only the rows of the submit are on the device, in the order of the batches.
// The quads of images are distributed over the invocations. It runs for each mask if the inputs are gated, otherwise once for both.

// #import structs
// #import dispatch

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;       // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;      // [2, 64]
@group(0) @binding(4) var<storage, read> numbers: array<u32>;     // [U], those of gated inputs first
@group(0) @binding(5) var<storage, read> inputs: array<u32>;      // [rows of the data set or of the submit, I] bytes, four a word
@group(0) @binding(6) var<storage, read> batch_rows: array<Sample>; // [slots, B]
@group(0) @binding(7) var<storage, read> shifts: array<f32>;      // [I]
@group(0) @binding(8) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

const MISSING: u32 = 0xffffffffu;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let images = params.batch_stride / 4u;
    let pixels = op.height_out * op.width_out;
    let area = params.height * params.width;
    let first = state.next * params.batch_size;
    let kept = counts[z * MOST_GROUPS];
    let rows = kept + select(0u, 1u, (op.flags & ONES) != 0u);
    for (var id = workgroup.x * 64u + lane; id < rows * pixels * images; id += grid.x * 64u) {
        let r = id / (pixels * images);
        let b = id % images * 4u;
        var value = vec4(1.0);
        if r < kept {
            value = vec4<f32>();
            // In a compacted network, the unit's number in the whole network says which feature it is.
            var unit = lists[z * params.rows + r];
            if params.groups[0].gated == 1u {
                unit = numbers[unit];
            }
            let feature = unit * pixels + id / images % pixels;
            let y = feature % area / params.width;
            let x = feature % params.width;
            let channel = feature - y * params.width - x;
            for (var i = 0u; i < 4u; i++) {
                if b + i < params.batch_size {
                    let sample = batch_rows[first + b + i];
                    // Outside the image these wrap around to large numbers.
                    let row = y + (sample.view & 0xffu) - 128u;
                    let mirrored = select(x, params.width - 1u - x, (sample.view & 0x10000u) != 0u);
                    let column = mirrored + ((sample.view >> 8u) & 0xffu) - 128u;
                    if sample.row != MISSING && row < params.height && column < params.width {
                        let origin = channel + row * params.width + column;
                        let at = select(sample.row, first + b + i, params.streamed == 1u) * area * params.channels + origin;
                        let byte = (inputs[at / 4u] >> ((at % 4u) * 8u)) & 0xffu;
                        value[i] = params.scale * f32(byte) + shifts[origin];
                    }
                }
            }
        }
        output[z * op.apart_out + id] = value;
    }
}
