// How work is distributed over the workgroups of LANES invocations: neighbours take neighbouring work, so that they read adjacent memory.

// The first part of the work for a workgroup, if there may be fewer parts than workgroups.
fn dealt(workgroup: u32, grid: u32) -> u32 {
    return workgroup;
}

// The share of an invocation: `place` is its workgroup's number among `places`.
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    return Share(place * LANES + lane, work, places * LANES);
}

// A workgroup is a team.
fn team(workgroup: u32, grid: u32, lane: u32) -> Team {
    return Team(workgroup, grid, lane, LANES);
}
