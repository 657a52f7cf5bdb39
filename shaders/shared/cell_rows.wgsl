// The main function of a kernel that computes each cell of a map by itself. The pieces of the rows are distributed over the teams.
//
// The kernel declares
//   row_count(z) -> u32                rows under mask z
//   row_size() -> vec2<u32>            how many cells a row has along x and along y, for each quad of images
//   compute(z, r, number, cell)        computes a cell of row r, which is the number-th of the row

// #import structs
// #import dispatch
// #import cells

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let images = params.batch_stride / 4u;
    let size = row_size();
    let cells = size.x * size.y * images;
    let in_row = pieces(cells);
    let all = row_count(z) * in_row;
    let team = team(workgroup.x, grid.x, lane);
    if team.first >= all {
        return;
    }
    let hop = cell_at(team.lanes, images, size.x);
    var k = team.first;
    loop {
        let first = k % in_row * PIECE;
        let end = min(first + PIECE, cells);
        var number = first + team.lane;
        var cell = cell_at(number, images, size.x);
        loop {
            if number < end {
                compute(z, k / in_row, number, cell);
            }
            continuing {
                number += team.lanes;
                cell = further(cell, hop, images, size.x);
                break if number >= end;
            }
        }
        continuing {
            k += team.hop;
            break if k >= all;
        }
    }
}
