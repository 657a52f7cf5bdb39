// The products of one tap: with so many inputs, from the weights at `weight` and the values at `input` on. The other two are the distances of the next
// input's weights and values.
struct Tap {
    length: u32,
    weight: u32,
    columns: u32,
    input: u32,
    apart_in: u32,
}
