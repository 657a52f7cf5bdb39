// The rows of a tile of a subgroup in d_weights: an invocation has four of them.

// #import four_rows

// The same for the whole subgroup, because its invocations load gradients for each other.
fn is_any(inside: Inside) -> bool {
    return subgroupAny(any(inside));
}
