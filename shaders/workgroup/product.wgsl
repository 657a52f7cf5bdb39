// A product of two factors, in tiles that a workgroup computes together: out[down, across] = sum over k of left[k, down] * right[k, across].
//
// A tile has TILE quads along each side. The workgroup loads DEPTH values of k of both factors into its memory, and each of its 64 invocations adds
// the products of its part of the tile (product_sums). A value that is loaded once is thus used by a whole row or column of the tile.
// `convolve`, `d_activations` and `d_weights` are such products. Each declares what is summed:
//   tiles(z) -> vec3<u32>             tiles down, across, and parts of the sum over k, under mask z of the dispatch
//   range(z, part) -> vec2<u32>       the first k of a part and its end
//   Left, Right                       what is known of a quad of a factor whatever k is; left_place(z, down), right_place(z, across) compute it
//   left(Left, k, end), right(Right, k, end) -> mat4x4<f32>    the quad at four values of k, a column each; 0 from `end` on and beyond the edge
//   block_of_left(n), block_of_right(n) -> vec2<u32>           which four values of k and which quad the n-th block is: by_quads or by_rows
//   store_sums(z, sum, down, across, part) -> f32              stores one block; the sum of its squares, if the norm of the gradient needs them
//   finish(square, workgroup, lane)
// `down` and `across` count quads from the edge of the whole product. There are no other barriers, and all of them are passed by the whole workgroup.

// #import product_sums

// Values of k in the workgroup's memory.
const DEPTH: u32 = 16u;
const QUADS: u32 = DEPTH * TILE;
const BLOCKS: u32 = QUADS / 4u;

var<workgroup> lefts: array<vec4<f32>, QUADS>;  // [DEPTH, TILE]
var<workgroup> rights: array<vec4<f32>, QUADS>; // likewise

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = workgroup.z;
    let all = tiles(z);
    var square = 0.0;
    for (var id = workgroup.x; id < all.x * all.y * all.z; id += grid.x) {
        let down = id / all.y % all.x * TILE;
        let across = id % all.y * TILE;
        let part = id / (all.x * all.y);
        let ks = range(z, part);
        var sums = Sums();
        // An invocation loads at most one block of each factor at a time.
        let of_left = block_of_left(lane);
        let of_right = block_of_right(lane);
        let place_left = left_place(z, down + of_left.y);
        let place_right = right_place(z, across + of_right.y);
        for (var k = ks.x; k < ks.y; k += DEPTH) {
            if lane < BLOCKS {
                let block = left(place_left, k + of_left.x, ks.y);
                let at = of_left.x * TILE + of_left.y;
                lefts[at] = block[0];
                lefts[at + TILE] = block[1];
                lefts[at + 2u * TILE] = block[2];
                lefts[at + 3u * TILE] = block[3];
            }
            if lane < BLOCKS {
                let block = right(place_right, k + of_right.x, ks.y);
                let at = of_right.x * TILE + of_right.y;
                rights[at] = block[0];
                rights[at + TILE] = block[1];
                rights[at + 2u * TILE] = block[2];
                rights[at + 3u * TILE] = block[3];
            }
            workgroupBarrier();
            var at = 0u;
            loop {
                sums = add_products(sums, at + lane / 8u, at + lane % 8u);
                sums = add_products(sums, at + TILE + lane / 8u, at + TILE + lane % 8u);
                at += 2u * TILE;
                if at == QUADS {
                    break;
                }
            }
            workgroupBarrier();
        }
        square += store_tile(z, sums, down + lane / 8u, across + lane % 8u, part);
    }
    finish(square, workgroup.x, lane);
}

// Which k and which quad the n-th block begins with, where neighbours in memory are quads of one k.
fn by_quads(n: u32) -> vec2<u32> {
    return vec2(n / TILE * 4u, n % TILE);
}

// The same where neighbours in memory are values of k of one row.
fn by_rows(n: u32) -> vec2<u32> {
    return vec2(n % 4u * 4u, n / 4u);
}
