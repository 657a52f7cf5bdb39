// The cells of a map's row: quads of images, pixel by pixel. A team of invocations takes a piece of a row at a time.

// #import dispatch

// Cells of a piece.
const PIECE: u32 = 256u;

// Pieces of a row.
fn pieces(cells: u32) -> u32 {
    return (cells + PIECE - 1u) / PIECE;
}

// The place of a cell.
struct Cell {
    b: u32, // quad of images
    x: u32,
    y: u32,
}

fn cell_at(number: u32, images: u32, width: u32) -> Cell {
    return Cell(number % images, number / images % width, number / images / width);
}

// The cell `hop` further on, computed without a division.
fn further(cell: Cell, hop: Cell, images: u32, width: u32) -> Cell {
    let b = cell.b + hop.b;
    let x = cell.x + hop.x + select(0u, 1u, b >= images);
    let y = cell.y + hop.y + select(0u, 1u, x >= width);
    return Cell(select(b, b - images, b >= images), select(x, x - width, x >= width), y);
}
