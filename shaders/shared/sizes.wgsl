// Sizes that depend on the adapter. software/sizes.wgsl has those of an adapter that computes on the CPU. The first seven also decide how many
// workgroups a kernel gets: src/engine/grids.rs mirrors them, and tests/architecture.rs compares the two.

// A tile of convolve and of d_activations: quads of units, and quads of images.
const TILE_UNITS: u32 = 1u;
const TILE_IMAGES: u32 = 1u;
// A tile of d_weights: quads along each side.
const WEIGHT_QUADS: u32 = 1u;
// Most tiles of d_weights, one below the other, that neighbouring invocations compute: they share rows of both factors.
const STRIP: u32 = 4u;
// Invocations that occupy the whole adapter.
const ENOUGH: u32 = 32768u;
// Numbers that a workgroup writes to `squares`.
const SQUARES: u32 = 1u;
// Invocations that share the terms of a unit's mask derivative (d_masks).
const MASK_LANES: u32 = 64u;
// The workgroup of sample has SAMPLE_ROW * SAMPLE_ROW invocations.
const SAMPLE_ROW: u32 = 16u;
