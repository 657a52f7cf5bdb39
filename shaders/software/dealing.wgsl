// How work is distributed on an adapter that computes on the CPU; it replaces shared/dealing.wgsl. Such an adapter gives each of its threads a range
// of consecutive workgroups. A workgroup has LANES invocations, which run in lockstep, to their end.

// The first parts go to all such ranges equally: in a grid of a power of two the bits of the workgroup's number are reversed.
fn dealt(workgroup: u32, grid: u32) -> u32 {
    return select(workgroup, (reverseBits(workgroup) >> countLeadingZeros(grid)) >> 1u, countOneBits(grid) == 1u);
}

// Each workgroup takes one range of the work; all ranges have equal length.
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    let rows = (work + LANES - 1u) / LANES;
    return Share(place * rows / places * LANES + lane, min((place + 1u) * rows / places * LANES, work), LANES);
}

// A workgroup is a team.
fn team(workgroup: u32, grid: u32, lane: u32) -> Team {
    return Team(dealt(workgroup, grid), grid, lane, LANES);
}
