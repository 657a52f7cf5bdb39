// How convolve adds the products of one tap, where the invocations of a subgroup load the weights of eight units together: four inputs at a time. It
// replaces shared/convolve_tap.wgsl.

// #import tap

fn add_tap(sums: Sums, tap: Tap, apart: u32) -> Sums {
    var all = sums;
    var w = tap.weight;
    var at = tap.input;
    var i = 0u;
    loop {
        // Two quads of units of each of four inputs. After the last input, there are weights of 0 and the values of the last.
        let own = packed_weights[w];
        let left = tap.length - i;
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
            i += 4u;
            break if i >= tap.length;
        }
    }
    return all;
}
