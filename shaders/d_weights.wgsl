// d_weights: the loss's gradient at the kept weights of every layer under m: d_weights[i, o] = sum_b in[i, b] * d_out[o, b].
//
// Packed like the weights; padding comes out 0 since its rows are 0. Dispatched once for all layers: a workgroup owns every so many
// tiles of 32 x 32, an invocation 4 x 4 of each. Each workgroup leaves the sum of its squares for clip_gradient, in a fixed order.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 16]
@group(0) @binding(2) var<storage, read> activations: array<vec4<f32>>;    // [2, R, Bp]
@group(0) @binding(3) var<storage, read> d_activations: array<vec4<f32>>;  // [R, Bp]
@group(0) @binding(4) var<storage, read_write> d_weights: array<vec4<f32>>; // [P], layers of [pI, pO]
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;        // [workgroups]

var<workgroup> lane_squares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let images = params.batch_stride / 4u;
    var square = 0.0;
    for (var l = 0u; l + 1u < params.group_count; l++) {
        let rows = padded_rows(counts[l]) / 4u;
        let columns = padded_rows(counts[l + 1u]) / 4u;
        let tile_columns = (columns + 7u) / 8u;
        let tiles = ((rows + 7u) / 8u) * tile_columns;
        for (var tile = workgroup.x; tile < tiles; tile += grid.x) {
            let i = (tile / tile_columns) * 8u + lane / 8u;
            let o = (tile % tile_columns) * 8u + lane % 8u;
            if i >= rows || o >= columns {
                continue;
            }
            var x = (params.groups[l].first_row + i * 4u) * images;
            var d = (params.groups[l + 1u].first_row + o * 4u) * images;
            var sum = array<vec4<f32>, 4>();
            for (var b = 0u; b < images; b++) {
                let d0 = d_activations[d];
                let d1 = d_activations[d + images];
                let d2 = d_activations[d + 2u * images];
                let d3 = d_activations[d + 3u * images];
                let x0 = activations[x];
                let x1 = activations[x + images];
                let x2 = activations[x + 2u * images];
                let x3 = activations[x + 3u * images];
                sum[0] += vec4(dot(x0, d0), dot(x0, d1), dot(x0, d2), dot(x0, d3));
                sum[1] += vec4(dot(x1, d0), dot(x1, d1), dot(x1, d2), dot(x1, d3));
                sum[2] += vec4(dot(x2, d0), dot(x2, d1), dot(x2, d2), dot(x2, d3));
                sum[3] += vec4(dot(x3, d0), dot(x3, d1), dot(x3, d2), dot(x3, d3));
                x++;
                d++;
            }
            let out = params.layers[l].first_packed / 4u + i * 4u * columns + o;
            for (var j = 0u; j < 4u; j++) {
                d_weights[out + j * columns] = sum[j];
                square += dot(sum[j], sum[j]);
            }
        }
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
