// How convolve adds the products of one tap, where the invocations of a subgroup load the weights together: two inputs at a time. It replaces
// shared/convolve_tap.wgsl.

// #import tap

fn add_tap(sums: Sums, tap: Tap, apart: u32) -> Sums {
    var all = sums;
    var w = tap.weight;
    var at = tap.input;
    var i = 0u;
    loop {
        // The four quads of units of the first input, then those of the second.
        let own = packed_weights[w];
        // After the last of an odd number of inputs, the second has weights of 0. Its values are those of the first.
        let is_second = i + 1u < tap.length;
        let second = at + select(0u, tap.apart_in, is_second);
        let x0 = Pair(input[at], input[second]);
        let x1 = Pair(input[at + apart], input[second + apart]);
        let w0 = pair(own, 0u, is_second);
        let w1 = pair(own, 1u, is_second);
        let w2 = pair(own, 2u, is_second);
        let w3 = pair(own, 3u, is_second);
        all = Sums(
            add_pair(all.sum00, x0, w0),
            add_pair(all.sum01, x1, w0),
            add_pair(all.sum10, x0, w1),
            add_pair(all.sum11, x1, w1),
            add_pair(all.sum20, x0, w2),
            add_pair(all.sum21, x1, w2),
            add_pair(all.sum30, x0, w3),
            add_pair(all.sum31, x1, w3),
        );
        w += 2u * tap.columns;
        at += 2u * tap.apart_in;
        continuing {
            i += 2u;
            break if i >= tap.length;
        }
    }
    return all;
}
