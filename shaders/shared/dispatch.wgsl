// Which part of a kernel's work an invocation takes. The functions that decide it differ between adapters: see dealing.wgsl.

// #import dealing

// Of a kernel that runs for each mask: which mask a workgroup takes, and its number among the workgroups of that mask.
struct Place {
    x: u32,
    z: u32,
}

// What an invocation takes of work that is numbered: from `first` on every `hop`-th that is below `end`.
struct Share {
    first: u32,
    end: u32,
    hop: u32,
}

// The invocations that take a piece of a row together (cells.wgsl). A team begins with piece `first` and goes on with every `hop`-th. An
// invocation, the `lane`-th of the team, takes every `lanes`-th cell of a piece.
struct Team {
    first: u32,
    hop: u32,
    lane: u32,
    lanes: u32,
}
