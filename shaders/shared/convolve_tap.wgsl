// How convolve adds the products of one tap: one input after the other.

// #import tap

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
