// The sums of the scores at the candidate thresholds of one pass, on an adapter that computes on the CPU; it replaces shared/candidate_sums.wgsl.
// There are fewer candidates and more passes, because llvmpipe compiles a kernel more slowly the more numbers its workgroup memory has.

const PASSES: u32 = 14u;
const CANDIDATES: u32 = 4u;

fn sum_candidates(lane: u32, lo: u32, hi: u32, count: u32) {
    var thresholds = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        thresholds[i] = bitcast<f32>(candidate(lo, hi, i));
    }
    var sums = vec4<f32>();
    for (var column = lane * COLUMNS; column < (lane + 1u) * COLUMNS; column++) {
        var of_column = vec4<f32>();
        for (var u = column; u < count; u += ALL_COLUMNS) {
            let s = scores[u];
            of_column += price(u) * clamp(s - thresholds * direction(u, s), vec4<f32>(), vec4(1.0));
        }
        sums += of_column;
    }
    for (var i = 0u; i < 4u; i++) {
        lane_sums[i * SCORE_LANES + lane] = sums[i];
    }
}
