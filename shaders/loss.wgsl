// loss: softmax and mean cross-entropy under both masks, and the gradient at the logits under m. It then sets the state for the following kernels.
//
//   L = 1/B sum_b (log sum_c exp(z_cb) - z_yb),   dL/dz_cb = (softmax(z_b)_c - [c = y]) / B
//
// One workgroup: the first LOSS_LANES invocations compute the images of m, the others those of m'. It copies the scheduled values of the step into
// the state and advances `next`.
// A loss that is not finite, or not below LARGEST_LOSS, halts the run here, before a weight or a score is changed.
// After an overflow nothing is recorded and `next` stays: the step will be repeated.

// #import structs
// #import quads
// #import finite

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> schedule: array<Step>;
@group(0) @binding(3) var<storage, read> counts: array<u32>;      // [2, 64]
@group(0) @binding(4) var<storage, read> labels: array<u32>;      // [rows of the data set] bytes, four a word
@group(0) @binding(5) var<storage, read> batch_rows: array<Sample>; // [slots, B]
@group(0) @binding(6) var<storage, read> output: array<f32>;         // [2, classes, Bp] the logits
@group(0) @binding(7) var<storage, read_write> d_output: array<f32>; // [classes up to a multiple of 4, Bp]
@group(0) @binding(8) var<storage, read_write> records: array<Record>; // [slots]

const MISSING: u32 = 0xffffffffu;
// A run with a larger loss has diverged, and the square of its structure gradient could overflow.
const LARGEST_LOSS: f32 = 1e10;

const THREADS: u32 = 2u * LOSS_LANES;

var<workgroup> losses: array<f32, THREADS>;
// For each mask. Integers may be added in any order.
var<workgroup> correct: array<atomic<u32>, 2>;

fn is_learnable(mean: f32) -> bool {
    return is_finite(mean) && mean < LARGEST_LOSS;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) lane: u32) {
    let z = lane / LOSS_LANES;
    let slot = state.next;
    let group = params.groups[params.group_count - 1u];
    let stride = params.batch_stride;
    if lane < 2u {
        atomicStore(&correct[lane], 0u);
    }
    workgroupBarrier();
    let logits = z * group.size * stride;

    var sum = 0.0;
    var hits = 0u;
    if z < params.masks {
        for (var b = lane % LOSS_LANES; b < stride; b += LOSS_LANES) {
            var row = MISSING;
            if b < params.batch_size {
                row = batch_rows[slot * params.batch_size + b].row;
            }
            if row == MISSING {
                if z == 0u {
                    for (var c = 0u; c < quads(group.size) * 4u; c++) {
                        d_output[c * stride + b] = 0.0;
                    }
                }
                continue;
            }
            let label = (labels[row / 4u] >> ((row % 4u) * 8u)) & 0xffu;
            var best = 0u;
            var highest = output[logits + b];
            for (var c = 1u; c < group.size; c++) {
                let value = output[logits + c * stride + b];
                if value > highest {
                    highest = value;
                    best = c;
                }
            }
            var total = 0.0;
            for (var c = 0u; c < group.size; c++) {
                total += exp(output[logits + c * stride + b] - highest);
            }
            sum += log(total) + highest - output[logits + label * stride + b];
            hits += select(0u, 1u, best == label);
            if z == 0u {
                for (var c = 0u; c < quads(group.size) * 4u; c++) {
                    var value = 0.0;
                    if c < group.size {
                        let share = exp(output[logits + c * stride + b] - highest) / total;
                        value = (share - select(0.0, 1.0, c == label)) / f32(params.batch_size);
                    }
                    d_output[c * stride + b] = value;
                }
            }
        }
    }
    losses[lane] = sum;
    atomicAdd(&correct[z], hits);
    workgroupBarrier();
    // Sums in a fixed order: first of 8 invocations each, then of these sums.
    if lane % 8u == 0u {
        for (var i = 1u; i < 8u; i++) {
            sum += losses[lane + i];
        }
    }
    workgroupBarrier();
    if lane % 8u == 0u {
        losses[lane] = sum;
    }
    workgroupBarrier();
    if lane != 0u {
        return;
    }
    var means = vec2<f32>();
    for (var i = 0u; i < LOSS_LANES; i += 8u) {
        means += vec2(losses[i], losses[LOSS_LANES + i]);
    }
    means /= f32(params.batch_size);
    if params.masks == 1u {
        means.y = means.x;
    }

    if (state.halted & OVERFLOWED) != 0u {
        return;
    }
    let now = schedule[slot];
    records[slot].step = now.step;
    records[slot].loss = means.x;
    records[slot].probe_loss = means.y;
    records[slot].correct = atomicLoad(&correct[0]);
    records[slot].probe_correct = atomicLoad(&correct[1]);
    for (var g = 0u; g < params.group_count; g++) {
        records[slot].kept[g] = counts[g];
        records[slot].probe_kept[g] = counts[MOST_GROUPS + g];
    }
    // The weights and scores of a halted run are valid: it can be evaluated, but not trained further.
    if params.mode == TRAIN && state.halted != 0u {
        return;
    }
    state.slot = slot;
    state.next = slot + 1u;
    state.step = now.step;
    state.loss = means.x;
    state.probe_loss = means.y;
    state.learning_rate = now.learning_rate;
    state.scores_rate = now.scores_rate;
    state.budget = now.budget;
    state.first_correction = now.first_correction;
    state.second_correction = now.second_correction;
    if params.mode == TRAIN && !(is_learnable(means.x) && is_learnable(means.y)) {
        state.halted = DIVERGED;
    }
}
