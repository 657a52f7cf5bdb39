// The rows of a map, and which invocations take which of their cells: quads of images, pixel by pixel.

// Cells of a row that a team takes at a time.
const PIECE: u32 = 256u;

// Pieces of a row.
fn pieces(cells: u32) -> u32 {
    return (cells + PIECE - 1u) / PIECE;
}

// The invocations that take a piece together: a workgroup of 64, so that neighbours read side by side; on a software adapter, which runs eight
// invocations at a time to their end, those eight. A team begins with piece `first` and goes on with every `hop`-th; an invocation takes every
// `lanes`-th cell. (Time on lavapipe, loops that ask at the end included, over that of a workgroup a piece, vgg16 at keep 0.1: d_normalise 0.67,
// d_pool 0.63; with the stretches of `place` normalise 0.46, pool 0.44.)
struct Team {
    first: u32,
    hop: u32,
    lane: u32,
    lanes: u32,
}

fn team(workgroup: u32, grid: u32, lane: u32) -> Team {
    if SOFTWARE {
        return Team(dealt(workgroup, grid) + lane / 8u * grid, grid * 8u, lane % 8u, 8u);
    }
    return Team(workgroup, grid, lane, 64u);
}

// Where a cell lies.
struct Cell {
    b: u32, // quad of images
    x: u32,
    y: u32,
}

fn cell_at(number: u32, images: u32, width: u32) -> Cell {
    return Cell(number % images, number / images % width, number / images / width);
}

// The one that is `hop` further on, without a division.
fn further(cell: Cell, hop: Cell, images: u32, width: u32) -> Cell {
    let b = cell.b + hop.b;
    let x = cell.x + hop.x + select(0u, 1u, b >= images);
    let y = cell.y + hop.y + select(0u, 1u, x >= width);
    return Cell(select(b, b - images, b >= images), select(x, x - width, x >= width), y);
}
