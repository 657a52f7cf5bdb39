// The sums of a tile of eight units for sixteen images, in blocks of 4 x 4.

// The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum02: mat4x4<f32>,
    sum03: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
    sum12: mat4x4<f32>,
    sum13: mat4x4<f32>,
}
