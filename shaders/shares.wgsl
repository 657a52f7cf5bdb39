// Who takes which part of the work.

// Which mask a workgroup takes of a kernel that runs for each, and its number among those of that mask. A software adapter gives each of its
// threads a stretch of the grid: there every stretch has workgroups of both masks. (Time on lavapipe over that of z as it is, vgg16 at keep 0.1:
// normalise 0.82, pool 0.86.)
struct Place {
    x: u32,
    z: u32,
}

fn place(workgroup: vec3<u32>, grid: vec3<u32>) -> Place {
    if SOFTWARE {
        let number = workgroup.z * grid.x + workgroup.x;
        return Place(number / grid.z, number % grid.z);
    }
    return Place(workgroup.x, workgroup.z);
}

// Which part of the work a workgroup begins with, where there may be less of it than workgroups: on a software adapter the first parts are dealt to
// all stretches of the grid alike.
fn dealt(workgroup: u32, grid: u32) -> u32 {
    return select(workgroup, (reverseBits(workgroup) >> countLeadingZeros(grid)) >> 1u, SOFTWARE && countOneBits(grid) == 1u);
}

// What an invocation takes of work that is numbered: from `first` on every `hop`-th that is below `end`. `place` is the workgroup's among `places`.
struct Share {
    first: u32,
    end: u32,
    hop: u32,
}

// Neighbours take neighbouring work. A software adapter runs eight invocations at a time, to their end, and deals the workgroups to its threads
// in stretches: there each eight take one even stretch of the work. (Time on lavapipe over that of a grid for the
// dense case whose surplus leaves at once, vgg16 at keep 0.1: convolve 0.89, d_activations 0.64.)
fn share(work: u32, place: u32, places: u32, lane: u32) -> Share {
    if SOFTWARE {
        let eights = (work + 7u) / 8u;
        let part = place * 8u + lane / 8u;
        let parts = places * 8u;
        return Share(part * eights / parts * 8u + lane % 8u, min((part + 1u) * eights / parts * 8u, work), 8u);
    }
    return Share(place * 64u + lane, work, places * 64u);
}
