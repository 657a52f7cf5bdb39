// d_pool: the gradient of the loss at the input of a pooling, under m. For a maximum it goes to the first pixel of the window that has the maximum,
// for a mean to all pixels alike. Pixels that were dropped at the border get none.
//
// As in d_activations, it is 0 where a rectified map is 0, it is added to the gradient of another reader of the map, and the rows from the kept units
// up to a multiple of 4 become 0. A cell is a window.

// #import structs
// #import quads
// #import cell_rows

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> counts: array<u32>;              // [2, 64]
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;         // a map
@group(0) @binding(3) var<storage, read> d_output: array<vec4<f32>>;      // [kept up to a multiple of 4, Q, Bp]
@group(0) @binding(4) var<storage, read_write> d_input: array<vec4<f32>>; // likewise
@group(1) @binding(0) var<uniform> op: Operation;

fn row_count(z: u32) -> u32 {
    return quads(counts[op.group_in]) * 4u;
}

// Windows that begin inside the image. Those that do not end inside it were dropped.
fn row_size() -> vec2<u32> {
    return (vec2(op.width_in, op.height_in) + op.kernel - 1u) / op.kernel;
}

fn compute(z: u32, r: u32, number: u32, cell: Cell) {
    let images = params.batch_stride / 4u;
    let kept = counts[op.group_in];
    let row = cell.y * op.kernel;
    let column = cell.x * op.kernel;
    let corner = ((r * op.height_in + row) * op.width_in + column) * images + cell.b;
    let is_pooled = r < kept && cell.y < op.height_out && cell.x < op.width_out;
    var d = vec4<f32>();
    var highest = vec4<f32>();
    if is_pooled {
        d = d_output[((r * op.height_out + cell.y) * op.width_out + cell.x) * images + cell.b];
        var i = 0u;
        var j = 0u;
        loop {
            let other = input[corner + (i * op.width_in + j) * images];
            highest = select(max(highest, other), other, i + j == 0u);
            continuing {
                j++;
                if j == op.kernel {
                    j = 0u;
                    i++;
                }
                break if i == op.kernel;
            }
        }
    }
    // Whether the pixel with the window's maximum has not been found yet.
    var awaited = vec4(true);
    var i = 0u;
    var j = 0u;
    loop {
        if row + i < op.height_in && column + j < op.width_in {
            let at = corner + (i * op.width_in + j) * images;
            var value = vec4<f32>();
            if is_pooled {
                let own = input[at];
                let is_highest = own == highest;
                value = select(select(vec4<f32>(), d, awaited & is_highest), d / f32(op.kernel * op.kernel), (op.flags & MEAN) != 0u);
                awaited = awaited & !is_highest;
                if (op.flags & RECTIFIED) != 0u {
                    value = select(vec4<f32>(), value, own > vec4<f32>());
                }
            }
            if r < kept && (op.flags & ACCUMULATE) != 0u {
                value += d_input[at];
            }
            d_input[at] = value;
        }
        continuing {
            j++;
            if j == op.kernel {
                j = 0u;
                i++;
            }
            break if i == op.kernel;
        }
    }
}
