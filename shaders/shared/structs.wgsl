// The structs and constants that the kernels share, and the letters for dimensions in all shaders. src/shared.rs mirrors the structs;
// tests/architecture.rs compares the two field by field.
//
//   B  batch_size, images in a batch        Bp  batch_stride, B up to a multiple of 4
//   G  groups of units: inputs, hidden layers or channels, their unions, classes        U  gated units of all groups
//   kI, kO  kept units of the group that a layer reads and of the one it writes        pO  kO up to a multiple of 4
//   Q  pixels of a map        T  taps of a layer's kernel        E  its rows after the taps: a bias, or scale and shift
//   R  entries of all groups' lists: size + 1 each      P  packed weights when every group keeps as many units as there is room for
//   S  units that are normalised        F, G  Fisher information of a unit's mask, and dL/dm
//   z  which mask: 0 is m, 1 is m' (the probe)
//
// A map is [capacity + 1, Q, Bp]. The kept rows come first, then in some maps a row of ones. The image is the fastest index, so that the next pixel is
// the same images at another place, and padding, stride and the edge of an image apply to whole vectors.
//
// Where a second set of values would be large, the forward pass under m' runs first, then the one under m in the same buffers: after them only the lists, the statistics and
// the logits of m' are left. Otherwise one dispatch computes both masks, a layer of the grid each, and every map and the packed weights are there
// twice: [2, capacity + 1, Q, Bp], [2, P]. The logits are [2, classes, Bp] in any case.
// A network with buffers for one mask has 1 instead of 2 in the logits, joins and statistics, and no kernel runs for m'.
//
// llvmpipe runs eight invocations in lockstep and evaluates a loop's condition once more than the loop runs: hot loops that run at least once
// test at the end.

const MOST_GROUPS: u32 = 64u;
const ABSENT: u32 = 0xffffffffu; // instead of a row: this unit is not kept
const TRAIN: u32 = 0u;
const EVALUATE: u32 = 1u;

// Bits of a unit's word in `units`: whether it was drawn in m and in m', and whether each mask keeps it. The two differ where a group would have been
// left without a unit.
const DRAWN_IN_MASK: u32 = 1u;
const DRAWN_IN_PROBE: u32 = 2u;
const KEPT_BY_MASK: u32 = 4u;
const KEPT_BY_PROBE: u32 = 8u;

// Which weights give the derivative of the loss with respect to a unit's mask (d_masks).
const TERMS_NONE: u32 = 0u;
const TERMS_READING: u32 = 1u; // those that read the unit
const TERMS_OWN: u32 = 2u;     // those that make it, with its bias
const TERMS_SCALE: u32 = 3u;   // its scale and shift

// What the running estimate of a unit's effect on the loss is of.
const EFFECTS_NONE: u32 = 0u;
const EFFECTS_CONTROL: u32 = 1u; // G - F / 2, for the control variate
const EFFECTS_FISHER: u32 = 2u;  // -F / 2
// Bits of `halted`: a loss or a gradient was not finite; a mask was drawn for which there is no room. Steps after an overflow draw the same mask again,
// so that the step can be repeated when there is room for it.
const DIVERGED: u32 = 1u;
const OVERFLOWED: u32 = 2u;

struct Group {
    size: u32,         // units
    gated: u32,        // 1 if the units have scores
    first_unit: u32,   // index into scores
    first_row: u32,    // entry of the kept lists
    united: u32,       // 1 if it is the union of two groups
    first_group: u32,  // those two
    second_group: u32,
    mask_terms: u32,   // the weights whose sum is dL/dm of a unit: the layer times 4, plus one of TERMS_
    capacity: u32,     // most kept units for which there is room
    unused_x: u32,
    unused_y: u32,
    unused_z: u32,
}

struct Layer {
    taps: u32,            // T
    extra: u32,           // E
    group_in: u32,
    group_out: u32,
    inputs: u32,
    outputs: u32,
    first_weight: u32,    // of [T * inputs + E, outputs]
    first_packed: u32,    // of at most [T * kI + E, pO]
    first_gradient: u32,  // of at least as many floats
    split: u32,           // most floats of all parts of the gradient, if there are several
    pixels: u32,          // Q of its outputs
    first_statistic: u32, // of its outputs, if they are normalised
}

// The arguments of one dispatch, for kernels that run once for each operation.
struct Operation {
    layer: u32,
    group_in: u32,  // of the map that is read going forward
    group_out: u32, // and of the one that is written
    group_shortcut: u32,
    height_in: u32,
    width_in: u32,
    height_out: u32,
    width_out: u32,
    kernel: u32, // taps along a side, or pixels of a pooling's window
    stride: u32,
    padding: u32,
    flags: u32,
    first_square: u32, // where its squares of weight gradients begin
    mask: u32,         // z of the first mask that the dispatch computes
    // Quads between the values of m and those of m', 0 if they have one place: of the map that is read, of the one that is written, of the shortcut.
    apart_in: u32,
    apart_out: u32,
    apart_shortcut: u32,
    apart_packed: u32, // the same of the packed weights
    unused_x: u32,
    unused_y: u32,
}

const RECTIFIED: u32 = 1u;   // the map that is written, or whose gradient is written, has passed a relu
const ONES: u32 = 2u;        // a row of ones follows the kept rows of the map that is written
const ACCUMULATE: u32 = 4u;  // the gradient is added to the one in the buffer
const NORMALISE: u32 = 8u;   // values are normalised, not only added
const JOINED: u32 = 16u;     // a shortcut is added; the group that is written is a union
const MEAN: u32 = 32u;       // the mean over a window, not the maximum
const LAST: u32 = 64u;       // the map that is read needs no gradient

// The settings that the kernels read, and the network.
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
    layer_count: u32,
    statistics: u32,   // S
    channels: u32,     // of an image of the data set
    height: u32,
    width: u32,
    estimator: u32,    // one of ESTIMATOR_ of update_scores
    optimizer: u32,    // of the scores: 0 Adam, 1 SGD
    learn_scores: u32, // 0 does not change the scores, 1 trains them; from 2 on only a part of that, numbered in update_scores
    alpha: f32,
    momentum: f32,
    weight_decay: f32,
    clip_norm: f32,    // 0 never clips
    scale: f32,        // a feature byte x enters as scale * x + its shift
    streamed: u32,     // 1 if the device has only the rows of a submit
    effects: u32,      // which running estimate of the units' effects is kept, one of EFFECTS_
    effect_rate: f32,  // of that running estimate
    decided_score: f32, // an evaluation's decided mask keeps the units with a higher score
    decided_units: u32, // and, of those with this score, the ones before this unit
    fill_budget: u32,  // 1 if the projection raises scores that use less than the budget
    exact_information: u32, // 1 if the kernel `information` runs: the effects use its F
    unused_y: u32,
    highest_rise: f32, // the v from which on a projection that raises scores raises all of them to 1
    groups: array<Group, 64>,
    layers: array<Layer, 64>,
}

// An image of a batch.
struct Sample {
    row: u32,  // of the data set, or MISSING
    view: u32, // bits 0 to 7 pixels down, 8 to 15 pixels right, each plus 128, bit 16 mirrored
}

// The scheduled values of one step, computed on the CPU.
struct Step {
    step: u32,          // counted from 0, the counter of the draws
    learning_rate: f32,
    scores_rate: f32,
    budget: f32,        // K
    first_correction: f32,  // 1 - beta1^t of Adam
    second_correction: f32, // 1 - beta2^t
}

// The state of a step besides the tensors.
struct State {
    next: u32,      // row of the schedule for sampling and the forward passes
    slot: u32,      // row of the step whose losses these are
    halted: u32,    // bits DIVERGED and OVERFLOWED; nothing is changed while one of them is set
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

// The results of a step that are recorded.
struct Record {
    step: u32,
    loss: f32,
    probe_loss: f32,
    correct: u32,       // images classified correctly under m
    probe_correct: u32, // and under m'
    sum_scores: f32,    // after the projection
    threshold: f32,     // v of the projection; 0 if nothing moved, below 0 if it raised scores
    gradient_norm: f32, // before clipping
    kept: array<u32, 64>,       // units of each group under m
    probe_kept: array<u32, 64>, // and under m'
}
