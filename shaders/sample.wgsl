// sample: m ~ Bernoulli(s) and m' ~ Bernoulli(s), and the lists of kept units of both (paper, section 4; Threefry).
//
// Each workgroup samples one group; each invocation samples consecutive units, so that the lists are in order. unite makes the lists of unions.
// The counter of a draw is the unit's number in the whole network, so that a compacted network draws the same masks.
// If no unit of a group was drawn, the group keeps the unit with the highest score, so that no layer is empty. The estimator uses the draws (bits 0
// and 1), which makes it unbiased; the forward passes use the lists.
// An evaluation uses the decided mask, the units with the highest scores, as m and a sampled one as m'.
// If more units of a group are drawn than there is room for, the lists end at the capacity, so that the kernels that follow stay in their buffers, and
// the state says that the step does not count. The bits of the units are those of the whole draw.

// #import structs
// #import threefry

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: OpenState;
@group(0) @binding(2) var<storage, read> schedule: array<Step>;
@group(0) @binding(3) var<storage, read> scores: array<f32>;        // [U]
@group(0) @binding(4) var<storage, read> numbers: array<u32>;       // [U] of the units in the whole network
@group(0) @binding(5) var<storage, read_write> units: array<u32>;   // [U] bits DRAWN_IN_ and KEPT_BY_
@group(0) @binding(6) var<storage, read_write> lists: array<u32>;   // [2, R] kept units of each group
@group(0) @binding(7) var<storage, read_write> rows: array<u32>;    // [2, R] the place of each unit in its list, or ABSENT
@group(0) @binding(8) var<storage, read_write> counts: array<u32>;  // [2, 64] kept units of each group

// The beginning of State: workgroups of several groups may set a bit of `halted`.
struct OpenState {
    next: u32,
    slot: u32,
    halted: atomic<u32>,
}

const ROW: u32 = SAMPLE_ROW;
const THREADS: u32 = ROW * ROW;

// Counts of m in the low half of a word and of m' in the high half: a group has at most 32,768 units.
var<workgroup> run_counts: array<u32, THREADS>;
var<workgroup> row_counts: array<u32, ROW>;

// The code has two draws only. With a third one, in a branch for evaluations, llvmpipe makes stack frames so large that the kernel is ten times
// slower.
fn draw_both(unit: u32) -> u32 {
    let score = scores[unit];
    let evaluates = params.mode == EVALUATE;
    let counter = select(schedule[state.next].step, params.draw, evaluates);
    let number = numbers[unit];
    let first = draw(params.seed, STREAM_MASK, counter, number, score);
    let second = draw(params.seed, select(STREAM_PROBE, STREAM_EVALUATION, evaluates), counter, number, score);
    let is_decided = score > params.decided_score || (score == params.decided_score && unit < params.decided_units);
    return select(0u, DRAWN_IN_MASK, select(first, is_decided, evaluates)) | select(0u, DRAWN_IN_PROBE, second);
}

fn highest_score(group: Group) -> u32 {
    var best = 0u;
    for (var i = 1u; i < group.size; i++) {
        if scores[group.first_unit + i] > scores[group.first_unit + best] {
            best = i;
        }
    }
    return best;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let g = workgroup.x;
    let group = params.groups[g];
    if group.united == 1u {
        return;
    }
    let run = (group.size + THREADS - 1u) / THREADS;
    let begin = min(lane * run, group.size);
    let end = min(begin + run, group.size);

    var count = 0u;
    for (var i = begin; i < end; i++) {
        var bits = DRAWN_IN_MASK | DRAWN_IN_PROBE;
        if group.gated == 1u {
            bits = draw_both(group.first_unit + i);
            units[group.first_unit + i] = bits | (bits * KEPT_BY_MASK);
        }
        count += (bits & DRAWN_IN_MASK) | ((bits & DRAWN_IN_PROBE) << 15u);
    }

    // The first entry of each invocation's units: prefix sums by rows, with two barriers.
    run_counts[lane] = count;
    workgroupBarrier();
    if lane < ROW {
        var sum = 0u;
        for (var i = 0u; i < ROW; i++) {
            sum += run_counts[lane * ROW + i];
        }
        row_counts[lane] = sum;
    }
    workgroupBarrier();
    var before = 0u;
    var total = 0u;
    for (var i = 0u; i < ROW; i++) {
        let sum = row_counts[i];
        before += select(0u, sum, i < lane / ROW);
        total += sum;
    }
    for (var i = lane - lane % ROW; i < lane; i++) {
        before += run_counts[i];
    }

    let first = group.first_row;
    let second = params.rows + group.first_row;
    var at = vec2(before & 0xffffu, before >> 16u);
    for (var i = begin; i < end; i++) {
        var bits = DRAWN_IN_MASK | DRAWN_IN_PROBE;
        if group.gated == 1u {
            bits = units[group.first_unit + i];
        }
        rows[first + i] = ABSENT;
        rows[second + i] = ABSENT;
        if (bits & DRAWN_IN_MASK) != 0u && at.x < group.capacity {
            lists[first + at.x] = i;
            rows[first + i] = at.x;
            at.x++;
        }
        if (bits & DRAWN_IN_PROBE) != 0u && at.y < group.capacity {
            lists[second + at.y] = i;
            rows[second + i] = at.y;
            at.y++;
        }
    }

    // If nothing was drawn, the workgroup overwrites here what it wrote above.
    storageBarrier();
    if lane < 2u {
        let list = select(first, second, lane == 1u);
        var kept = select(total & 0xffffu, total >> 16u, lane == 1u);
        if kept == 0u {
            let best = highest_score(group);
            lists[list] = best;
            rows[list + best] = 0u;
            kept = 1u;
        }
        if kept > group.capacity {
            atomicOr(&state.halted, OVERFLOWED);
        }
        counts[lane * MOST_GROUPS + g] = min(kept, group.capacity);
    }
    // One invocation sets the bits of the unit that is kept without a draw, because both masks share the word.
    if lane == 0u && group.gated == 1u && ((total & 0xffffu) == 0u || (total >> 16u) == 0u) {
        let unit = group.first_unit + highest_score(group);
        units[unit] |= select(0u, KEPT_BY_MASK, (total & 0xffffu) == 0u) | select(0u, KEPT_BY_PROBE, (total >> 16u) == 0u);
    }
}
