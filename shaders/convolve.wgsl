// convolve: one layer under one mask, kept units only: out[o, q, b] = sum over taps and i of packed[tap, i, o] * in[i, q * stride + tap - padding, b].
//
// A fully connected layer has one tap and maps of one pixel. Its bias is the weight of a row of ones after the kept inputs. The relu is applied where
// the written map is rectified; before a normalisation it is not. Values outside the image are 0, so their taps are skipped.
// One invocation computes a tile of units and images at one pixel (convolve_tile). Results of a tile beyond the edge are not stored. There is no
// workgroup memory and no barrier: workgroup/convolve.wgsl is the version that has both. The grid is that of the dense network; an invocation without
// a tile returns at once.

// #import structs
// #import quads
// #import dispatch
// #import tiles
// #import convolve_tap
// #import convolve_store
// #import convolve_tile

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;               // [2, 64]
@group(0) @binding(2) var<storage, read> packed_weights: array<vec4<f32>>; // [P], layers of [T * kI + E, pO]
@group(0) @binding(3) var<storage, read> input: array<vec4<f32>>;          // a map
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;   // a map
@group(1) @binding(0) var<uniform> op: Operation;

fn compute(z: u32, tile: Tile) {
    let images = params.batch_stride / 4u;
    let columns = quads(counts[z * MOST_GROUPS + op.group_out]);
    let kept_in = counts[z * MOST_GROUPS + op.group_in];
    let layer = params.layers[op.layer];
    let length = kept_in + select(0u, 1u, layer.extra == 1u);
    let apart_in = op.height_in * op.width_in * images;
    let own = sharer(tile.first);
    var tap_weight = z * op.apart_packed + layer.first_packed / 4u + tile.unit + own / TILE_UNITS * columns + own % TILE_UNITS;
    let y = tile.pixel / op.width_out * op.stride;
    let x = tile.pixel % op.width_out * op.stride;

    var sums = Sums();
    // Left of the image or above it, these wrap around to large numbers.
    let first_column = x - op.padding;
    var row = y - op.padding;
    var column = first_column;
    loop {
        if row < op.height_in && column < op.width_in {
            let at = z * op.apart_in + (row * op.width_in + column) * images + tile.first;
            sums = add_tap(sums, Tap(length, tap_weight, columns, at, apart_in), tile.apart);
        }
        continuing {
            tap_weight += kept_in * columns;
            column++;
            if column == first_column + op.kernel {
                column = first_column;
                row++;
            }
            break if row == y - op.padding + op.kernel;
        }
    }
    store_tile(sums, z, tile.unit, tile.pixel, tile.first, tile.apart);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let rows = counts[z * MOST_GROUPS + op.group_out] + select(0u, 1u, (op.flags & ONES) != 0u);
    let pixels = op.height_out * op.width_out;
    let own = share(tile_rows(rows) * pixels * tile_images(params.batch_stride), workgroup.x, grid.x, lane);
    if own.first >= own.end {
        return;
    }
    var id = own.first;
    loop {
        compute(z, tile_of(id, pixels, params.batch_stride));
        continuing {
            id += own.hop;
            break if id >= own.end;
        }
    }
}
