// How work is dealt to the workgroups, of 64 invocations each: neighbours take neighbouring work, so that they read side by side.

// Where a workgroup stands in a grid that has one layer for each mask.
fn place(workgroup: vec3<u32>, grid: vec3<u32>) -> Place {
    return Place(workgroup.x, workgroup.z);
}

// Which part of the work a workgroup begins with, where there may be fewer parts than workgroups.
fn dealt(workgroup: u32, grid: u32) -> u32 {
    return workgroup;
}

// The share of an invocation: `place` is its workgroup's number among `places`.
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    return Share(place * 64u + lane, work, places * 64u);
}

// A workgroup is a team.
fn team(workgroup: u32, grid: u32, lane: u32) -> Team {
    return Team(workgroup, grid, lane, 64u);
}
