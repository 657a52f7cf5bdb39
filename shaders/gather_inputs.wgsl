// gather_inputs: the batch's kept features, normalised and feature-major: activations[r, b] = scale * byte + shifts[r].
//
// Row kI is 1 (the bias's input), rows beyond are 0; so are the columns of rows that an incomplete evaluation batch lacks.
// One invocation owns four images of one row; z masks where the inputs are gated, otherwise 1 for both.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;      // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;     // [2, 16]
@group(0) @binding(4) var<storage, read> inputs: array<u32>;     // [rows of the data set, I] bytes, four a word
@group(0) @binding(5) var<storage, read> batch_rows: array<u32>; // [slots, B] rows of the data set; MISSING where there is none
@group(0) @binding(6) var<storage, read> shifts: array<f32>;     // [I]
@group(0) @binding(7) var<storage, read_write> activations: array<vec4<f32>>; // [2, R, Bp]

const MISSING: u32 = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = workgroup.z;
    let id = workgroup.x * 64u + lane;
    let columns = params.batch_stride / 4u;
    let r = id / columns;
    let b = (id % columns) * 4u;
    let kept = counts[z * MOST_GROUPS];
    if r >= padded_rows(kept) {
        return;
    }
    var value = vec4<f32>();
    if r < kept {
        let feature = lists[z * params.rows + r];
        for (var i = 0u; i < 4u; i++) {
            if b + i < params.batch_size {
                let row = batch_rows[state.next * params.batch_size + b + i];
                if row != MISSING {
                    let at = row * params.groups[0].size + feature;
                    let byte = (inputs[at / 4u] >> ((at % 4u) * 8u)) & 0xffu;
                    value[i] = params.scale * f32(byte) + shifts[feature];
                }
            }
        }
    } else if r == kept {
        value = vec4(1.0);
    }
    activations[(z * params.rows + r) * columns + id % columns] = value;
}
