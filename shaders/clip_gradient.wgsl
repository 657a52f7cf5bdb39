// clip_gradient: the norm of the whole weight gradient and the factor that brings it to clip_norm:
//   clip_scale = min(1, clip_norm / |d_weights|), or 1 where clip_norm is 0
//
// One workgroup. A norm that is not finite halts the run before a weight is changed.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> squares: array<f32>;          // [workgroups of d_weights]
@group(0) @binding(3) var<storage, read_write> records: array<Record>; // [slots]

var<workgroup> sums: array<f32, 256>;
var<workgroup> row_sums: array<f32, 16>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var t = lane; t < arrayLength(&squares); t += 256u) {
        sum += squares[t];
    }
    sums[lane] = sum;
    workgroupBarrier();
    if lane < 16u {
        var row = 0.0;
        for (var i = 0u; i < 16u; i++) {
            row += sums[lane * 16u + i];
        }
        row_sums[lane] = row;
    }
    workgroupBarrier();
    if lane != 0u || state.halted == 1u {
        return;
    }
    var square = 0.0;
    for (var i = 0u; i < 16u; i++) {
        square += row_sums[i];
    }
    let norm = sqrt(square);
    var scale = 1.0;
    if params.clip_norm > 0.0 && norm > params.clip_norm {
        scale = params.clip_norm / norm;
    }
    state.clip_scale = scale;
    records[state.slot].gradient_norm = norm;
    if !is_finite(square) {
        state.halted = 1u;
    }
}
