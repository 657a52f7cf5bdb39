// What every kernel sees: the shared structs and the glossary of dimensions. This file is the truth for the structs; src/gpu/shared.rs
// mirrors them, and a test compares the two field by field.
//
//   B  batch_size, images in a batch        Bp  batch_stride, B up to a multiple of 4
//   G  groups of units: inputs, hidden 1, ..., classes        U  gated units of all groups
//   kI, kO  kept units of the group that a layer reads and of the one it writes
//   pI, pO  their compacted rows: kept units, the row of ones (the bias's input), zeros up to a multiple of 4
//   R  rows of all groups when everything is kept      P  packed weights of one mask when everything is kept
//   z  which mask: 0 is m, 1 is m' (the probe)

// Whether the adapter computes on the CPU. Its loads cost more than its arithmetic, so an invocation takes a larger tile there; it hands
// each of its threads one stretch of the grid, and keeps a kernel with a barrier out of registers.
override SOFTWARE: bool = false;

const MOST_GROUPS: u32 = 16u;
const TRAIN: u32 = 0u;
const EVALUATE: u32 = 1u;

struct Group {
    size: u32,       // units
    gated: u32,      // 1 if the units have scores
    first_unit: u32, // index into scores
    first_row: u32,  // row of the kept lists and the activations
}

struct Layer {
    inputs: u32,
    outputs: u32,
    first_weight: u32, // of [inputs + 1, outputs]
    first_packed: u32, // of at most [pI, pO]
}

// What a person may change, and the network.
struct Params {
    seed: u32,
    mode: u32,         // TRAIN or EVALUATE
    draw: u32,         // counter of the sampled mask of an evaluation
    masks: u32,        // forwards a step: 1 or 2
    group_count: u32,
    units: u32,        // U
    rows: u32,         // R
    packed: u32,       // P
    batch_size: u32,   // B
    batch_stride: u32, // Bp
    estimator: u32,    // 0 two-sided, 1 one-sided, 2 plain
    optimizer: u32,    // of the scores: 0 Adam, 1 SGD
    learn_scores: u32, // 0 leaves the scores as they are
    alpha: f32,
    momentum: f32,
    weight_decay: f32,
    clip_norm: f32,    // 0 never clips
    scale: f32,        // a feature byte x enters as scale * x + its shift
    unused: vec2<u32>,
    groups: array<Group, 16>,
    layers: array<Layer, 16>,
}

// What the schedules say of one step, computed on the CPU.
struct Step {
    step: u32,          // counted from 0, the counter of the draws
    learning_rate: f32,
    scores_rate: f32,
    budget: f32,        // K
    first_correction: f32,  // 1 - beta1^t of Adam
    second_correction: f32, // 1 - beta2^t
}

// What a step changes besides the tensors.
struct State {
    next: u32,      // row of the schedule that sampling and the forwards read
    slot: u32,      // row of the step whose losses stand here
    halted: u32,    // 1 once a loss or a gradient was not finite; nothing is changed from then on
    step: u32,
    loss: f32,       // L(w, m)
    probe_loss: f32, // L(w, m')
    learning_rate: f32,
    scores_rate: f32,
    budget: f32,
    first_correction: f32,
    second_correction: f32,
    clip_scale: f32, // factor that brings the gradient's norm to clip_norm
}

// What a step leaves for whoever watches.
struct Record {
    step: u32,
    loss: f32,
    probe_loss: f32,
    correct: u32,       // images classified rightly under m
    probe_correct: u32, // and under m'
    sum_scores: f32,    // after the projection
    threshold: f32,     // v of the projection, 0 where the budget held without
    gradient_norm: f32, // before clipping
    kept: array<u32, 16>,       // units of each group under m
    probe_kept: array<u32, 16>, // and under m'
}

fn padded_rows(kept: u32) -> u32 {
    return (kept + 4u) & ~3u;
}

// Infinity and NaN have all exponent bits set; a comparison of floats could be optimised away.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// Deals the workgroups of a grid (a multiple of 16) round, so that those with work are not all in the same stretch of it. (CPU time of the
// busier of lavapipe's two threads over that without, mlp-1024-1024: 0.53 in the first forward when dense, 0.64 in d_weights at keep 0.1.)
fn spread(workgroup: u32, grid: u32) -> u32 {
    let stretch = grid / 16u;
    return (workgroup % stretch) * 16u + workgroup / stretch;
}
