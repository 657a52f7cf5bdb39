// How a kernel that computes a gradient writes its squares, for the norm of the gradient.


var<workgroup> lane_squares: array<f32, LANES>;

// Writes the sum of the workgroup's squares, added in a fixed order. All invocations of the workgroup call it; `first` is where the kernel's squares
// begin.
fn write_square(square: f32, first: u32, workgroup: u32, lane: u32) {
    lane_squares[lane] = square;
    workgroupBarrier();
    if lane == 0u {
        var total = 0.0;
        for (var k = 0u; k < LANES; k++) {
            total += lane_squares[k];
        }
        squares[first + workgroup * SQUARES] = total;
    }
}
