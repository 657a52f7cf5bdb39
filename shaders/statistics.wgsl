// statistics: mean and variance of each kept unit under one mask, over the batch and all pixels. An evaluation uses the running ones.
//
// The rows are distributed over the workgroups. One pass over values less the unit's first value, so that a mean far from 0 costs no precision:
//   mean = x0 + S1 / n,  variance = S2 / n - (S1 / n)^2   with S1, S2 the sums of (x - x0) and its square

// #import structs
// #import dispatch

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> lists: array<u32>;                   // [2, R]
@group(0) @binding(2) var<storage, read> counts: array<u32>;                  // [2, 64]
@group(0) @binding(3) var<storage, read> running: array<vec2<f32>>;           // [S] mean and variance
@group(0) @binding(4) var<storage, read> input: array<vec4<f32>>;             // a map
@group(0) @binding(5) var<storage, read_write> statistics: array<vec2<f32>>;  // [2, S] mean and variance of each kept row
@group(1) @binding(0) var<uniform> op: Operation;

var<workgroup> lane_sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let images = params.batch_stride / 4u;
    let cells = op.height_in * op.width_in * images;
    let first = params.layers[op.layer].first_statistic;
    let stretch = share(cells, 0u, 1u, lane);
    let more = stretch.hop % images;
    let count = f32(op.height_in * op.width_in * params.batch_size);
    for (var row = dealt(workgroup.x, grid.x); row < counts[z * MOST_GROUPS + op.group_in]; row += grid.x) {
        let out = z * params.statistics + first + row;
        if params.mode == EVALUATE {
            if lane == 0u {
                statistics[out] = running[first + lists[z * params.rows + params.groups[op.group_in].first_row + row]];
            }
            continue;
        }
        let begin = z * op.apart_in + row * cells;
        let origin = input[begin].x;
        var sums = vec2<f32>();
        var cell = stretch.first;
        var b = cell % images;
        loop {
            if cell < stretch.end {
                // The columns after the last image have no image.
                let inside = vec4(b * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(params.batch_size);
                let value = select(vec4<f32>(), input[begin + cell] - origin, inside);
                sums += vec2(dot(value, vec4(1.0)), dot(value, value));
            }
            continuing {
                cell += stretch.hop;
                b += more;
                b -= select(0u, images, b >= images);
                break if cell >= stretch.end;
            }
        }
        lane_sums[lane] = sums;
        workgroupBarrier();
        if lane == 0u {
            var total = vec2<f32>();
            for (var k = 0u; k < LANES; k++) {
                total += lane_sums[k];
            }
            let mean = total.x / count;
            statistics[out] = vec2(origin + mean, max(total.y / count - mean * mean, 0.0));
        }
        workgroupBarrier();
    }
}
