// Infinity and NaN have all exponent bits set. The bits are compared because a compiler may remove a comparison of floats.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
