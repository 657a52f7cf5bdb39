// The tile of a subgroup of eight invocations in d_weights: the weights from 32 inputs to eight outputs. An invocation has four of the inputs. For
// layers that keep few units.

// #import multiply_add
// #import subgroup_four
// #import subgroup_rows

// A column for each output, a row for each input; the digit counts quads of outputs.
struct Sums {
    sum0: mat4x4<f32>,
    sum1: mat4x4<f32>,
}

// `d` is the place of the gradient of the output that this invocation loads.
fn add_products(sums: Sums, rows: TileRows, inside: Inside, x: u32, d: u32, apart_out: u32) -> Sums {
    let own = d_output[d];
    let values = transpose(inputs(rows, x, inside));
    return Sums(add_product(sums.sum0, values, four(own, 0u)), add_product(sums.sum1, values, four(own, 4u)));
}

fn store_tile(square: f32, sums: Sums, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    return square + store(transpose(sums.sum0), first, i, o, rows, kept_out) + store(transpose(sums.sum1), first, i, o + 1u, rows, kept_out);
}
