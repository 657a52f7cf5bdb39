// d_masks: G = dL/dm of each unit that m keeps, and the running estimate of the unit's effect on the loss, L(with it) - L(without it).
//
//   G = sum of w * d_w;   F, the Fisher information of the unit's mask, is estimated by B * G^2;   the effect is about G - F / 2
//   EFFECTS_CONTROL  effect <- effect + rate (G - F / 2 - effect)
//   EFFECTS_FISHER   effect <- effect + max(rate, 1 / n) (-F / 2 - effect),  n the steps that kept the unit
//
// A mask multiplies the output of its unit, and relu and pooling are positively homogeneous. Therefore G is the sum over the weights that read the
// unit, and equally over its own weights and bias. Of a normalised unit, whose own weights the normalisation makes scale-free, it is the sum over
// scale and shift. The gradients are those before the clip and the weight decay. For a unit that m does not keep nothing is written. With
// `exact_information`, F is what the kernel `information` found.
// MASK_LANES invocations share the terms of a unit.

// #import structs
// #import quads
// #import finite

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;              // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;             // [2, 64]
@group(0) @binding(4) var<storage, read> packed_weights: array<f32>;     // layers of [T * kI + E, pO]
@group(0) @binding(5) var<storage, read> d_weights: array<f32>;          // likewise
@group(0) @binding(6) var<storage, read_write> d_masks: array<f32>;      // [U] G
@group(0) @binding(7) var<storage, read_write> score_state: array<vec4<f32>>; // [U]
@group(0) @binding(8) var<storage, read> information: array<f32>;        // [U] F

const UNITS: u32 = LANES / MASK_LANES; // of a workgroup

var<workgroup> lane_sums: array<f32, LANES>;

fn update_effect(unit: u32, g: f32) {
    d_masks[unit] = g;
    var half_information = 0.5 * f32(params.batch_size) * g * g;
    if params.exact_information == 1u {
        half_information = 0.5 * information[unit];
    }
    if state.halted != 0u || !is_finite(g) || !is_finite(half_information) {
        return;
    }
    var known = score_state[unit];
    known.w += 1.0;
    if params.effects == EFFECTS_FISHER {
        known.z += max(params.effect_rate, 1.0 / known.w) * (-half_information - known.z);
    } else {
        known.z += params.effect_rate * (g - half_information - known.z);
    }
    score_state[unit] = known;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var g = 0u; g < params.group_count; g++) {
        let group = params.groups[g];
        let terms = group.mask_terms % 4u;
        let layer = params.layers[group.mask_terms / 4u];
        let kept = select(0u, counts[g], terms != TERMS_NONE);
        let kept_in = counts[layer.group_in];
        let kept_out = counts[layer.group_out];
        let columns = quads(kept_out) * 4u;
        for (var first = workgroup.x * UNITS; first < kept; first += grid.x * UNITS) {
            let r = first + lane / MASK_LANES;
            var count = 2u;
            if terms == TERMS_READING {
                count = layer.taps * kept_out;
            } else if terms == TERMS_OWN {
                count = layer.taps * kept_in + layer.extra;
            }
            var sum = 0.0;
            for (var k = lane % MASK_LANES; k < select(0u, count, r < kept); k += MASK_LANES) {
                var at = k * columns + r;
                if terms == TERMS_READING {
                    at = (k / kept_out * kept_in + r) * columns + k % kept_out;
                } else if terms == TERMS_SCALE {
                    at += layer.taps * kept_in * columns;
                }
                sum += packed_weights[layer.first_packed + at] * d_weights[layer.first_gradient + at];
            }
            lane_sums[lane] = sum;
            workgroupBarrier();
            if lane % MASK_LANES == 0u && r < kept {
                var total = 0.0;
                for (var k = 0u; k < MASK_LANES; k++) {
                    total += lane_sums[lane + k];
                }
                update_effect(group.first_unit + lists[group.first_row + r], total);
            }
            workgroupBarrier();
        }
    }
}
