// The rows of a layer's gradient that d_weights sums, and the values of the input that they multiply.

// #import structs

// A row of the gradient: the weights of one kept input at one tap.
struct Row {
    i: u32,
    down: u32,
    right: u32,
}

// The row after `row`. After the last tap comes the bias, whose input comes after the kept inputs. Later rows are not stored.
fn next(row: Row, kept_in: u32, taps: u32) -> Row {
    let is_last = row.i + 1u >= kept_in && row.down * op.kernel + row.right + 1u < taps;
    let is_edge = is_last && row.right + 1u == op.kernel;
    let right = row.right + select(0u, 1u, is_last);
    return Row(select(row.i + 1u, 0u, is_last), row.down + select(0u, 1u, is_edge), select(right, 0u, is_edge));
}

// Four rows: where the values that they multiply begin, and how far down and right of a pixel's corner these are.
struct Rows {
    at: vec4<u32>,
    down: vec4<u32>,
    right: vec4<u32>,
}

fn rows_from(r: u32, kept_in: u32, taps: u32, apart: u32, images: u32) -> Rows {
    let tap = min(r / kept_in, taps - 1u);
    let a = Row(r - tap * kept_in, tap / op.kernel, tap % op.kernel);
    let b = next(a, kept_in, taps);
    let c = next(b, kept_in, taps);
    let d = next(c, kept_in, taps);
    let down = vec4(a.down, b.down, c.down, d.down);
    let right = vec4(a.right, b.right, c.right, d.right);
    return Rows(vec4(a.i, b.i, c.i, d.i) * apart + (down * op.width_in + right) * images, down, right);
}

// Which of the rows read inside the image, for a pixel with this corner.
fn inside(rows: Rows, row: u32, column: u32) -> vec4<bool> {
    return (rows.down + row < vec4(op.height_in)) & (rows.right + column < vec4(op.width_in));
}

// The values of four rows for four images, 0 outside the image.
fn inputs(rows: Rows, at: u32, inside: vec4<bool>) -> mat4x4<f32> {
    return mat4x4(
        select(vec4<f32>(), input[rows.at.x + at], inside.x),
        select(vec4<f32>(), input[rows.at.y + at], inside.y),
        select(vec4<f32>(), input[rows.at.z + at], inside.z),
        select(vec4<f32>(), input[rows.at.w + at], inside.w),
    );
}
