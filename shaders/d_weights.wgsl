// d_weights: the loss's gradient at the kept weights of every layer under m: d_weights[i, o] = sum_b in[i, b] * d_out[o, b].
//
// Packed like the weights; padding comes out 0 since its rows are 0. Dispatched once for all layers; one invocation owns every so many
// tiles of 4 x 4 weights, on a software adapter of 8 x 8, counted through all layers; what a tile reads beyond the edge is not stored.
// Each workgroup leaves the sum of its squares for clip_gradient, in a fixed order; on a software adapter each invocation leaves its
// own, without a barrier. (CPU time on lavapipe over that of 4 x 4 with a barrier, mlp-1024-1024, batch 128: 0.53 dense, 0.66 at
// keep 0.1. Dropping the barrier alone took an earlier body of 8 x 8 from 0.74 and 0.78 to 0.55 and 0.59.)

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 16]
@group(0) @binding(2) var<storage, read> activations: array<vec4<f32>>;    // [2, R, Bp]
@group(0) @binding(3) var<storage, read> d_activations: array<vec4<f32>>;  // [R, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<vec4<f32>>; // [P], layers of [pI, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;        // [workgroups], on a software adapter [invocations]

var<workgroup> lane_squares: array<f32, 64>;

// Four rows of four images each, of a quad of the layer's inputs (i) or outputs (o).
fn inputs(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(activations[at], activations[at + stride], activations[at + 2u * stride], activations[at + 3u * stride]);
}

fn gradients(at: u32, stride: u32) -> mat4x4<f32> {
    return mat4x4(d_activations[at], d_activations[at + stride], d_activations[at + 2u * stride], d_activations[at + 3u * stride]);
}

// Inputs from i * 4 on (columns) and outputs from o * 4 on (rows); returns the sum of squares of what it stored.
fn store(sum: mat4x4<f32>, l: u32, i: u32, o: u32) -> f32 {
    let columns = padded_rows(counts[l + 1u]) / 4u;
    if i * 4u >= padded_rows(counts[l]) || o >= columns {
        return 0.0;
    }
    let out = params.layers[l].first_packed / 4u + i * 4u * columns + o;
    d_weights[out] = sum[0];
    d_weights[out + columns] = sum[1];
    d_weights[out + 2u * columns] = sum[2];
    d_weights[out + 3u * columns] = sum[3];
    return dot(sum[0], sum[0]) + dot(sum[1], sum[1]) + dot(sum[2], sum[2]) + dot(sum[3], sum[3]);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    let quads = select(1u, 2u, SOFTWARE);
    var square = 0.0;
    var id = spread(workgroup.x, grid.x) * 64u + lane;
    for (var l = 0u; l + 1u < params.group_count; l++) {
        let rows = padded_rows(counts[l]) / 4u;
        let columns = (padded_rows(counts[l + 1u]) / 4u + quads - 1u) / quads;
        // Strips of four tiles, one below the other, so that neighbours share rows of both factors.
        let strips = (rows + 4u * quads - 1u) / (4u * quads);
        let tiles = strips * 4u * columns;
        for (; id < tiles; id += grid.x * 64u) {
            let i = (id / (4u * columns) * 4u + id % 4u) * quads;
            let o = (id / 4u % columns) * quads;
            if i >= rows {
                continue;
            }
            var x = (params.groups[l].first_row + i * 4u) * images;
            var d = (params.groups[l + 1u].first_row + o * 4u) * images;
            var sum00 = mat4x4<f32>();
            var sum01 = mat4x4<f32>();
            var sum10 = mat4x4<f32>();
            var sum11 = mat4x4<f32>();
            for (var b = 0u; b < images; b++) {
                let x0 = inputs(x, images);
                let d0 = transpose(gradients(d, images));
                sum00 += d0 * x0;
                if SOFTWARE {
                    let x1 = inputs(x + 4u * images, images);
                    let d1 = transpose(gradients(d + 4u * images, images));
                    sum01 += d1 * x0;
                    sum10 += d0 * x1;
                    sum11 += d1 * x1;
                }
                x++;
                d++;
            }
            square += store(sum00, l, i, o);
            if SOFTWARE {
                square += store(sum01, l, i, o + 1u);
                square += store(sum10, l, i + 1u, o);
                square += store(sum11, l, i + 1u, o + 1u);
            }
        }
        id -= tiles;
    }
    if SOFTWARE {
        squares[workgroup.x * 64u + lane] = square;
        return;
    }
    lane_squares[lane] = square;
    workgroupBarrier();
    if lane == 0u {
        var total = 0.0;
        for (var k = 0u; k < 64u; k++) {
            total += lane_squares[k];
        }
        squares[workgroup.x] = total;
    }
}
