// The sums of an invocation whose subgroup computes sixteen units for 64 images: sixteen units for eight images, in blocks of 4 x 4.

// A column for each unit, a row for each image. The first digit counts quads of units, the second quads of images.
struct Sums {
    sum00: mat4x4<f32>,
    sum01: mat4x4<f32>,
    sum10: mat4x4<f32>,
    sum11: mat4x4<f32>,
    sum20: mat4x4<f32>,
    sum21: mat4x4<f32>,
    sum30: mat4x4<f32>,
    sum31: mat4x4<f32>,
}
