// Sizes for an adapter that computes on the CPU; it replaces shared/sizes.wgsl. Loads cost more than arithmetic there, so tiles are larger.

const TILE_UNITS: u32 = 2u;
const TILE_IMAGES: u32 = 4u;
const WEIGHT_QUADS: u32 = 2u;
// Invocations that run in lockstep take adjacent tiles, so that all of them skip the same taps at the edge of an image.
const STRIP: u32 = 1u;
const ENOUGH: u32 = 1024u;
// One for each invocation: a sum within the workgroup would need a barrier, which would force a kernel's values out of registers.
const SQUARES: u32 = 64u;
const MASK_LANES: u32 = 1u;
// llvmpipe compiles a kernel more slowly the more numbers its workgroup memory has.
const SAMPLE_ROW: u32 = 8u;
