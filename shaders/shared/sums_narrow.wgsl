// The sums of a tile of four units for sixteen images, in blocks of 4 x 4.

// A column for each unit, a row for each image; the digit counts quads of images.
struct Sums {
    sum0: mat4x4<f32>,
    sum1: mat4x4<f32>,
    sum2: mat4x4<f32>,
    sum3: mat4x4<f32>,
}
