// A product of two factors, in tiles that a workgroup computes together: out[down, across] = sum over k of left[k, down] * right[k, across].
//
// A tile has TILE quads along each side. The workgroup loads DEPTH values of k of both factors into its memory, and each of its 64 invocations adds
// the products of its part of the tile (product_sums). A value that is loaded once is thus used by a whole row or column of the tile.
// `convolve`, `d_activations` and `d_weights` are such products. Each declares what is summed:
//   tiles() -> vec3<u32>              tiles down, across, and parts of the sum over k
//   range(part) -> vec2<u32>          the first k of a part and its end
//   Left, Right                       what is known of a quad of a factor whatever k is; left_place(down), right_place(across) compute it
//   left(Left, k, end), right(Right, k, end) -> vec4<f32>      a quad of a factor; 0 from `end` on and beyond the edge
//   left_at(n), right_at(n) -> vec2<u32>                       which k and which quad the n-th load of a tile is of: by_quads or by_rows
//   product(left, right) -> mat4x4<f32>                        of four quads of each: the sum over these four
//   store_sums(sum, down, across, part) -> f32                 stores one block; the sum of its squares, if the norm of the gradient needs them
//   finish(square, workgroup, lane)
// `down` and `across` count quads from the edge of the whole product. There are no other barriers, and all of them are passed by the whole workgroup.

// #import product_sums

// Values of k in the workgroup's memory.
const DEPTH: u32 = 16u;
const QUADS: u32 = DEPTH * TILE;

var<workgroup> lefts: array<vec4<f32>, QUADS>;  // [DEPTH, TILE]
var<workgroup> rights: array<vec4<f32>, QUADS>; // likewise

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let all = tiles();
    var square = 0.0;
    for (var id = workgroup.x; id < all.x * all.y * all.z; id += grid.x) {
        let down = id / all.y % all.x * TILE;
        let across = id % all.y * TILE;
        let part = id / (all.x * all.y);
        let ks = range(part);
        var sums = Sums();
        // All loads of an invocation are of one quad.
        let own_left = left_place(down + left_at(lane).y);
        let own_right = right_place(across + right_at(lane).y);
        for (var k = ks.x; k < ks.y; k += DEPTH) {
            for (var n = lane; n < QUADS; n += 64u) {
                let at = left_at(n);
                lefts[at.x * TILE + at.y] = left(own_left, k + at.x, ks.y);
            }
            for (var n = lane; n < QUADS; n += 64u) {
                let at = right_at(n);
                rights[at.x * TILE + at.y] = right(own_right, k + at.x, ks.y);
            }
            workgroupBarrier();
            for (var d = 0u; d < QUADS; d += 4u * TILE) {
                sums = add_products(sums, d + lane / 8u, d + lane % 8u);
            }
            workgroupBarrier();
        }
        square += store_tile(sums, down + lane / 8u, across + lane % 8u, part);
    }
    finish(square, workgroup.x, lane);
}

// Four quads of a factor: those of four values of k.
fn lefts_at(at: u32) -> mat4x4<f32> {
    return mat4x4(lefts[at], lefts[at + TILE], lefts[at + 2u * TILE], lefts[at + 3u * TILE]);
}

fn rights_at(at: u32) -> mat4x4<f32> {
    return mat4x4(rights[at], rights[at + TILE], rights[at + 2u * TILE], rights[at + 3u * TILE]);
}

// Where neighbours in memory are quads of one k.
fn by_quads(n: u32) -> vec2<u32> {
    return vec2(n / TILE, n % TILE);
}

// The same where four neighbours in memory are the quads of 16 values of k of one row. The four rows of a quad follow each other in k's place:
// its first digit counts quads of k, its second the row.
fn by_rows(n: u32) -> vec2<u32> {
    return vec2(n % 4u * 4u + n / (4u * TILE), n / 4u % TILE);
}
