// How work is distributed on an adapter that computes on the CPU; it replaces shared/dealing.wgsl. Such an adapter gives each of its threads a range
// of consecutive workgroups, and runs eight invocations at a time, to their end.

// The first parts go to all such ranges equally: in a grid of a power of two the bits of the workgroup's number are reversed.
fn dealt(workgroup: u32, grid: u32) -> u32 {
    return select(workgroup, (reverseBits(workgroup) >> countLeadingZeros(grid)) >> 1u, countOneBits(grid) == 1u);
}

// Each eight invocations take one range of the work; all ranges have equal length.
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    let eights = (work + 7u) / 8u;
    let part = place * 8u + lane / 8u;
    let parts = places * 8u;
    return Share(part * eights / parts * 8u + lane % 8u, min((part + 1u) * eights / parts * 8u, work), 8u);
}

// Eight invocations are a team.
fn team(workgroup: u32, grid: u32, lane: u32) -> Team {
    return Team(dealt(workgroup, grid) + lane / 8u * grid, grid * 8u, lane % 8u, 8u);
}
