// Which part of a kernel's work an invocation does. The functions that decide it differ between adapters: see dealing.wgsl.

// #import dealing

// An invocation's share of numbered work: from `first` on every `hop`-th number below `end`.
struct Share {
    first: u32,
    end: u32,
    hop: u32,
}

// The invocations that compute a piece of a row together (cells.wgsl). A team begins with piece `first` and continues with every `hop`-th. An
// invocation, the `lane`-th of the team, computes every `lanes`-th cell of a piece.
struct Team {
    first: u32,
    hop: u32,
    lane: u32,
    lanes: u32,
}
