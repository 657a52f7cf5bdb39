// How convolve adds the products of one tap, where the invocations of a subgroup load the weights of eight units together: four inputs at a time. It
// replaces shared/convolve_tap.wgsl.

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
    var left = tap.length;
    loop {
        // Two quads of units of each of four inputs. After the last input, there are weights of 0 and the values of the last.
        let own = packed_weights[w];
        let last = left - 1u;
        let x = vec4(0u, min(1u, last), min(2u, last), min(3u, last)) * tap.apart_in + at;
        let x0 = mat4x4(input[x.x], input[x.y], input[x.z], input[x.w]);
        let x1 = mat4x4(input[x.x + apart], input[x.y + apart], input[x.z + apart], input[x.w + apart]);
        let w0 = four(own, 0u, left);
        let w1 = four(own, 1u, left);
        all = Sums(add_product(all.sum00, x0, w0), add_product(all.sum01, x1, w0), add_product(all.sum10, x0, w1), add_product(all.sum11, x1, w1));
        w += 4u * tap.columns;
        at += 4u * tap.apart_in;
        continuing {
            left -= 4u;
            break if left == 0u || left > 0x80000000u;
        }
    }
    return all;
}
