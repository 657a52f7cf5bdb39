// update_scores: the norm of the weights' gradient and its clip; then the structure gradient from two losses, the optimiser's step, and the
// exact projection onto the budget.
//
//   clip_scale = min(1, clip_norm / |d_weights|), or 1 where clip_norm is 0
//   two-sided  g = (L - L') (m - m') / 2 / (s (1 - s))^(1 - alpha)
//   one-sided  g = (L - L') (m - s)      / (s (1 - s))^(1 - alpha)    (paper: VR-PGE, the variance-reduced policy gradient estimator)
//   plain      g = L        (m - s)      / (s (1 - s))^(1 - alpha)    (REINFORCE)
//   ste        g = dL/dm, as d_gate wrote it                         (straight-through)
//   fisher     g = effect / mean of |effect| over the units that m keeps
//   control variate c (EFFECTS_CONTROL), of past steps:  L <- L - sum of c (m - m'), or of c (m - s) where m' is not read;
//              g <- g + c (s (1 - s))^alpha
//   s <- s - rate * Adam(g) or rate * g;  s <- clamp(s - v p, 0, 1) with the least v >= 0 such that sum p s <= K
//   fill_budget: if that v is 0, s <- min(s + v p, 1) for all s > 0, with the greatest v such that sum p s <= K
//   p is the price of the unit: 1, or in proportion to its multiply-adds
//
// A norm that is not finite halts the run before a weight or a score is changed. Only for that do the scores wait for the backward pass. A unit is
// decided, g = 0, if its draws cannot differ: s below 2^-24 or at 1. A pinned unit has g = 0 and a fixed score, which counts in the sum.
// One workgroup. A column is every ALL_COLUMNS-th unit; an invocation updates COLUMNS columns. A step that is shown in parts runs this kernel once for each
// part.
// v is searched among all floats: their bit patterns are ordered like their values, and PASSES passes of CANDIDATES candidates each (candidate_sums)
// narrow 2^31 of them down to one. The sum is a fixed tree of additions of p clamp(s - v p, 0, 1), each operation monotone in v. Therefore "the least
// v whose sum is within the budget" is well defined, and the budget holds exactly in this arithmetic. If every p is 1, all products are exact and v
// is the same on every device; otherwise it may differ in its last bits between devices that round a product before a sum and devices that do not.

// #import structs
// #import finite
// #import candidate_sums

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> squares: array<f32>;            // parts of |d_weights|^2
@group(0) @binding(3) var<storage, read> units: array<u32>;              // [U] bits DRAWN_IN_ and KEPT_BY_
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;       // [U]
@group(0) @binding(5) var<storage, read_write> score_state: array<vec4<f32>>; // [U] Adam's first and second moment; effect, and steps that it is of
@group(0) @binding(6) var<storage, read_write> d_scores: array<f32>;     // [U] g
@group(0) @binding(7) var<storage, read_write> records: array<Record>;   // [slots]
@group(0) @binding(8) var<storage, read> pins: array<f32>;               // [U] p of a unit; -p if its score is fixed

const ALL_COLUMNS: u32 = 128u; // the order of the sums depends on it, so it is the same on all devices
const COLUMNS: u32 = ALL_COLUMNS / SCORE_LANES; // of an invocation
const ESTIMATOR_TWO_SIDED: u32 = 0u; // as in src/estimators
const ESTIMATOR_ONE_SIDED: u32 = 1u;
const ESTIMATOR_PLAIN: u32 = 2u;
const ESTIMATOR_STE: u32 = 3u;
const ESTIMATOR_FISHER: u32 = 4u;
const ADAM: u32 = 0u;
const REST: u32 = 0u;     // of params.learn_scores: only the norm and its clip, and the sum of the scores
const LEARN: u32 = 1u;    // everything
const GRADIENT: u32 = 2u; // g
const STEP: u32 = 3u;     // the optimiser's step with the g in d_scores
const PROJECT: u32 = 4u;
const CLIP: u32 = 5u;     // the norm and its clip
const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const LEAST_MEAN: f32 = 1e-30; // where no unit that m keeps has an effect
const LARGEST: u32 = 0x7f7fffffu; // bits of the largest float: this threshold makes all scores 0

// Invocations that make an eighth of a sum, and their sums of all candidates.
const EIGHTH: u32 = SCORE_LANES / 8u;
const LANE_SUMS: u32 = CANDIDATES * SCORE_LANES;
const EIGHTHS: u32 = CANDIDATES * 8u;

var<workgroup> lane_sums: array<f32, LANE_SUMS>; // [candidates, invocations]
var<workgroup> eighths: array<f32, EIGHTHS>;     // [candidates, 8]
var<workgroup> halted: u32;
var<workgroup> bracket: vec2<u32>;             // bits: v is between them
var<workgroup> raises: u32;                    // 1 if the projection adds v

fn reads_probe() -> bool {
    return params.estimator != ESTIMATOR_PLAIN;
}

// 1 if the unit's word has this bit, DRAWN_IN_ or KEPT_BY_.
fn has_bit(unit: u32, bit: u32) -> f32 {
    return select(0.0, 1.0, (units[unit] & bit) != 0u);
}

// `control`: the sum of c (m - m') or of c (m - s). `mean_effect`: of |effect| over the units that m keeps.
fn gradient(unit: u32, s: f32, control: f32, mean_effect: f32) -> f32 {
    if pins[unit] < 0.0 {
        return 0.0;
    }
    if params.estimator == ESTIMATOR_STE {
        return d_scores[unit];
    }
    if params.estimator == ESTIMATOR_FISHER {
        return score_state[unit].z / max(mean_effect, LEAST_MEAN);
    }
    if s * 16777216.0 < 1.0 || s >= 1.0 {
        return 0.0;
    }
    let m = has_bit(unit, DRAWN_IN_MASK);
    let probe = has_bit(unit, DRAWN_IN_PROBE);
    let loss = state.loss - control;
    let difference = loss - state.probe_loss;
    var g: f32;
    if params.estimator == ESTIMATOR_TWO_SIDED {
        g = 0.5 * difference * (m - probe);
    } else if params.estimator == ESTIMATOR_ONE_SIDED {
        g = difference * (m - s);
    } else if params.estimator == ESTIMATOR_PLAIN {
        g = loss * (m - s);
    }
    let variance = s * (1.0 - s);
    g += select(0.0, score_state[unit].z * variance, params.effects == EFFECTS_CONTROL);
    if params.alpha == 0.5 {
        return g / sqrt(variance);
    }
    return g / pow(variance, 1.0 - params.alpha);
}

// What the projection subtracts from a score, as a multiple of v. A score of 0 is not raised.
fn direction(unit: u32, s: f32) -> f32 {
    let p = pins[unit];
    let lowered = select(p, select(0.0, -p, s > 0.0), raises == 1u);
    return select(0.0, lowered, p > 0.0);
}

fn price(unit: u32) -> f32 {
    return abs(pins[unit]);
}

fn candidate(lo: u32, hi: u32, index: u32) -> u32 {
    let width = hi - lo;
    let parts = CANDIDATES + 1u;
    return lo + (width / parts) * (index + 1u) + ((width % parts) * (index + 1u)) / parts;
}

// The sum of one value of each invocation: eighths, then the eighths, in the order of a candidate's sum.
fn tree_sum(lane: u32, value: f32) -> f32 {
    lane_sums[lane] = value;
    workgroupBarrier();
    if lane < 8u {
        var part = 0.0;
        for (var i = 0u; i < EIGHTH; i++) {
            part += lane_sums[lane * EIGHTH + i];
        }
        eighths[lane] = part;
    }
    workgroupBarrier();
    var whole = 0.0;
    for (var i = 0u; i < 8u; i++) {
        whole += eighths[i];
    }
    return whole;
}

@compute @workgroup_size(SCORE_LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    var square = 0.0;
    for (var k = lane; k < arrayLength(&squares); k += SCORE_LANES) {
        square += squares[k];
    }
    square = tree_sum(lane, square);
    let first_column = lane * COLUMNS;
    let columns_end = first_column + COLUMNS;
    let part = params.learn_scores;
    let is_one_of = part > LEARN;
    if lane == 0u {
        halted = state.halted;
        if halted == 0u && (!is_one_of || part == CLIP) {
            let norm = sqrt(square);
            let clips = params.clip_norm > 0.0 && norm > params.clip_norm;
            state.clip_scale = select(1.0, params.clip_norm / norm, clips);
            records[state.slot].gradient_norm = norm;
            if !is_finite(square) {
                halted = DIVERGED;
                state.halted = DIVERGED;
            }
        }
    }
    workgroupBarrier();
    let is_whole = halted == 0u;
    let live = is_whole && part != REST && part != CLIP;
    let count = select(0u, params.units, live);
    let steps = part == LEARN || part == STEP;
    let projects = part == LEARN || part == PROJECT;

    // Both sums are over other units' values, so they come before any score changes.
    let estimates = part == LEARN || part == GRADIENT;
    var control = 0.0;
    var mean_effect = 0.0;
    if params.effects == EFFECTS_CONTROL {
        for (var u = lane; u < select(0u, count, estimates); u += SCORE_LANES) {
            let other = select(scores[u], has_bit(u, DRAWN_IN_PROBE), reads_probe());
            control += score_state[u].z * (has_bit(u, DRAWN_IN_MASK) - other);
        }
        control = tree_sum(lane, control);
    } else if params.effects == EFFECTS_FISHER {
        var effect = 0.0;
        var kept = 0.0;
        for (var u = lane; u < select(0u, count, estimates); u += SCORE_LANES) {
            let is_kept = has_bit(u, KEPT_BY_MASK);
            effect += is_kept * abs(score_state[u].z);
            kept += is_kept;
        }
        effect = tree_sum(lane, effect);
        kept = tree_sum(lane, kept);
        mean_effect = effect / max(kept, 1.0);
    }

    var sum = 0.0;
    for (var column = first_column; column < columns_end; column++) {
        var of_column = 0.0;
        for (var u = column; u < count; u += ALL_COLUMNS) {
            let s = scores[u];
            if estimates {
                d_scores[u] = gradient(u, s, control, mean_effect);
            }
            var stepped = s;
            if steps && pins[u] > 0.0 {
                let g = d_scores[u];
                stepped = s - state.scores_rate * g;
                if params.optimizer == ADAM {
                    let old = score_state[u];
                    let m = vec2(BETA1 * old.x + (1.0 - BETA1) * g, BETA2 * old.y + (1.0 - BETA2) * g * g);
                    score_state[u] = vec4(m, old.zw);
                    stepped = s - state.scores_rate * (m.x / state.first_correction) / (sqrt(m.y / state.second_correction) + EPSILON);
                }
                scores[u] = stepped;
            }
            of_column += price(u) * clamp(stepped, 0.0, 1.0);
        }
        sum += of_column;
    }

    // The sum at v = 0, by the same tree as all candidates, decides whether a projection is needed, and in which direction.
    let unprojected = tree_sum(lane, sum);
    if lane == 0u {
        let is_over = unprojected > state.budget;
        raises = select(0u, 1u, params.fill_budget == 1u && live && projects && !is_over);
        let top = select(0u, LARGEST, projects && is_over);
        // One float above the v that raises every score to 1.
        bracket = vec2(0u, select(top, bitcast<u32>(params.highest_rise) + 1u, raises == 1u));
    }
    workgroupBarrier();

    for (var round = 0u; round < PASSES; round++) {
        let lo = bracket.x;
        let hi = bracket.y;
        // hi = 0: no projection is needed. The passes still run, on no scores, because barriers need all invocations.
        let scored = select(0u, count, hi > 0u);
        sum_candidates(lane, lo, hi, scored);
        workgroupBarrier();
        for (var eighth = lane; eighth < EIGHTHS; eighth += SCORE_LANES) {
            var part = 0.0;
            for (var i = 0u; i < EIGHTH; i++) {
                part += lane_sums[eighth * EIGHTH + i];
            }
            eighths[eighth] = part;
        }
        workgroupBarrier();
        if lane == 0u && hi > 0u {
            var found = vec2(lo, hi);
            for (var i = 0u; i < CANDIDATES; i++) {
                var whole = 0.0;
                for (var j = 0u; j < 8u; j++) {
                    whole += eighths[i * 8u + j];
                }
                let bits = candidate(lo, hi, i);
                // Lowering, x is over the budget and y within it; raising, x is within it and y over it.
                if (whole > state.budget) == (raises == 0u) {
                    found.x = max(found.x, bits);
                } else {
                    found.y = min(found.y, bits);
                }
            }
            bracket = found;
        }
        workgroupBarrier();
    }

    let threshold = bitcast<f32>(select(bracket.y, bracket.x, raises == 1u));
    sum = 0.0;
    for (var column = first_column; column < columns_end; column++) {
        var of_column = 0.0;
        for (var u = column; u < select(0u, params.units, is_whole); u += ALL_COLUMNS) {
            var s = scores[u];
            if live && projects {
                s = clamp(s - threshold * direction(u, s), 0.0, 1.0);
                scores[u] = s;
            }
            of_column += price(u) * s;
        }
        sum += of_column;
    }
    let projected_sum = tree_sum(lane, sum);
    // The record is that of the step before if this one overflowed.
    if lane == 0u && (halted & OVERFLOWED) == 0u && (!is_one_of || part == PROJECT) {
        records[state.slot].sum_scores = projected_sum;
        let moved = select(0.0, threshold, projected_sum != unprojected);
        records[state.slot].threshold = select(moved, -moved, raises == 1u && moved > 0.0);
    }
}
