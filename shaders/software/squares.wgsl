// How a kernel writes its squares on an adapter that computes on the CPU; it replaces shared/squares.wgsl.


// Writes the invocation's own square: there is no barrier.
fn write_square(square: f32, first: u32, workgroup: u32, lane: u32) {
    squares[first + workgroup * SQUARES + lane] = square;
}
