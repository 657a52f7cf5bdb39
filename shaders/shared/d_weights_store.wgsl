// How the variants of d_weights store their sums.

// #import structs
// #import quads

// Stores the inputs from i * 4 on (columns) and outputs from o * 4 on (rows) at `first`; returns the sum of squares of what it stored.
fn store(sum: mat4x4<f32>, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    let columns = quads(kept_out);
    if o >= columns {
        return 0.0;
    }
    let inside = vec4(o * 4u) + vec4(0u, 1u, 2u, 3u) < vec4(kept_out);
    let values = array(sum[0], sum[1], sum[2], sum[3]);
    var square = 0.0;
    for (var j = 0u; j < 4u; j++) {
        if i * 4u + j < rows {
            let value = select(vec4<f32>(), values[j], inside);
            d_weights[first + (i * 4u + j) * columns + o] = value;
            square += dot(value, value);
        }
    }
    return square;
}
