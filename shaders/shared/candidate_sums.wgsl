// The sums of the scores at the candidate thresholds of one pass of the projection (update_scores).

const PASSES: u32 = 8u;
const CANDIDATES: u32 = 16u;

// Writes an invocation's part of each candidate's sum to lane_sums. `count`: the number of scores to sum. An invocation has one column.
fn sum_candidates(lane: u32, lo: u32, hi: u32, count: u32) {
    var sums = array<f32, 16>();
    var thresholds = array<f32, 16>();
    for (var i = 0u; i < 16u; i++) {
        thresholds[i] = bitcast<f32>(candidate(lo, hi, i));
    }
    for (var u = lane; u < count; u += ALL_COLUMNS) {
        let s = scores[u];
        let towards = direction(u, s);
        let p = price(u);
        for (var i = 0u; i < 16u; i++) {
            sums[i] += p * clamp(s - thresholds[i] * towards, 0.0, 1.0);
        }
    }
    for (var i = 0u; i < 16u; i++) {
        lane_sums[i * SCORE_LANES + lane] = sums[i];
    }
}
