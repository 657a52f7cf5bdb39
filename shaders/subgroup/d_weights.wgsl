// The tile of a subgroup of eight invocations in d_weights: the weights from 32 inputs to sixteen outputs. An invocation has four of the inputs.

// #import multiply_add
// #import subgroup_four
// #import subgroup_rows

// A column for each output, a row for each input; the digit counts quads of outputs.
struct Sums {
    sum0: mat4x4<f32>,
    sum1: mat4x4<f32>,
    sum2: mat4x4<f32>,
    sum3: mat4x4<f32>,
}

// `d` is the place of the gradient of the first output that this invocation loads; the second is eight outputs further.
fn add_products(sums: Sums, rows: TileRows, inside: Inside, x: u32, d: u32, apart_out: u32) -> Sums {
    let own0 = d_output[d];
    let own1 = d_output[d + 8u * apart_out];
    let values = transpose(inputs(rows, x, inside));
    return Sums(
        add_product(sums.sum0, values, four(own0, 0u)),
        add_product(sums.sum1, values, four(own0, 4u)),
        add_product(sums.sum2, values, four(own1, 0u)),
        add_product(sums.sum3, values, four(own1, 4u)),
    );
}

fn store_tile(square: f32, sums: Sums, first: u32, i: u32, o: u32, rows: u32, kept_out: u32) -> f32 {
    var all = square;
    // A loop over the quads of outputs, so that the adapter compiles a quarter of the stores.
    var own = sums;
    for (var k = 0u; k < 4u; k++) {
        all += store(transpose(own.sum0), first, i, o + k, rows, kept_out);
        own = Sums(own.sum1, own.sum2, own.sum3, own.sum3);
    }
    return all;
}
