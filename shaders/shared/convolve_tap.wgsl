// How convolve adds the products of one tap: one input after the other.

// The products of one tap: with so many inputs, from the weights at `weight` and the values at `input` on. The other two are the distances of the next
// input's weights and values.
struct Tap {
    length: u32,
    weight: u32,
    columns: u32,
    input: u32,
    apart_in: u32,
}

fn add_tap(sums: Sums, tap: Tap, apart: u32) -> Sums {
    var all = sums;
    var w = tap.weight;
    var at = tap.input;
    var i = 0u;
    loop {
        all = add_products(all, w, at, apart);
        w += tap.columns;
        at += tap.apart_in;
        continuing {
            i++;
            break if i >= tap.length;
        }
    }
    return all;
}
