//! Sums of products, which are nearly all of a step's work, in tiles that a compiler vectorises.

use super::Real;

/// Outputs of a tile.
const DOWN: usize = 4;
/// Rows of values along a side of a tile of weights' gradients.
const ROWS: usize = 2;
/// Images of such a tile that are summed side by side.
const LANES: usize = 4;

/// A term of a sum over inputs: the place of the weight of output 0, and of the value of image 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) weight: usize,
    pub(super) value: usize,
}

/// `out[o, b] = Σ weights[term.weight + o · stride] · values[term.value + b]` over all terms, for `outputs` outputs and `images` images, a multiple
/// of 4. `write` is called with an output, the first of some images, and their sums.
pub(super) fn combine<F: Real>(
    terms: &[Term],
    (weights, stride): (&[F], usize),
    values: &[F],
    [outputs, images]: [usize; 2],
    mut write: impl FnMut(usize, usize, &[F]),
) {
    for first in (0..outputs).step_by(DOWN) {
        // Outputs beyond the last one repeat the last one, and their sums are dropped.
        let offsets: [usize; DOWN] = std::array::from_fn(|down| (first + down).min(outputs - 1) * stride);
        let here = (outputs - first).min(DOWN);
        let mut image = 0;
        while image + 8 <= images {
            let sums = tile::<F, 8>(terms, weights, offsets, values, image);
            (0..here).for_each(|down| write(first + down, image, &sums[down]));
            image += 8;
        }
        while image < images {
            let sums = tile::<F, 4>(terms, weights, offsets, values, image);
            (0..here).for_each(|down| write(first + down, image, &sums[down]));
            image += 4;
        }
    }
}

#[inline]
fn tile<F: Real, const ACROSS: usize>(
    terms: &[Term],
    weights: &[F],
    offsets: [usize; DOWN],
    values: &[F],
    image: usize,
) -> [[F; ACROSS]; DOWN] {
    let mut sums = [[F::ZERO; ACROSS]; DOWN];
    for term in terms {
        let values: &[F; ACROSS] = values[term.value + image..][..ACROSS].try_into().expect("the slice has this length");
        for (sums, offset) in sums.iter_mut().zip(offsets) {
            let weight = weights[term.weight + offset];
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
    }
    sums
}

/// The places of one pixel of row 0 in two maps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) value: usize,
    pub(super) gradient: usize,
}

/// `out[i, o] = Σ values[pair.value + i · stride + b] · gradients[pair.gradient + o · stride + b]` over all pairs and images, for so many inputs and
/// outputs. `write` is called with an input, an output and their sum.
pub(super) fn correlate<F: Real>(
    pairs: &[Pair],
    (values, value_stride): (&[F], usize),
    (gradients, gradient_stride): (&[F], usize),
    [inputs, outputs, images]: [usize; 3],
    mut write: impl FnMut(usize, usize, F),
) {
    for input in (0..inputs).step_by(ROWS) {
        let rows: [usize; ROWS] = std::array::from_fn(|row| (input + row).min(inputs - 1) * value_stride);
        for output in (0..outputs).step_by(DOWN) {
            let columns: [usize; DOWN] = std::array::from_fn(|down| (output + down).min(outputs - 1) * gradient_stride);
            let sums = block(pairs, values, rows, gradients, columns, images);
            for (row, sums) in sums.iter().enumerate().take(inputs - input) {
                for (down, lanes) in sums.iter().enumerate().take(outputs - output) {
                    write(input + row, output + down, lanes.iter().copied().sum());
                }
            }
        }
    }
}

#[inline]
fn block<F: Real>(
    pairs: &[Pair],
    values: &[F],
    rows: [usize; ROWS],
    gradients: &[F],
    columns: [usize; DOWN],
    images: usize,
) -> [[[F; LANES]; DOWN]; ROWS] {
    let mut sums = [[[F::ZERO; LANES]; DOWN]; ROWS];
    for pair in pairs {
        let values = rows.map(|row| &values[pair.value + row..][..images]);
        let gradients = columns.map(|column| &gradients[pair.gradient + column..][..images]);
        for image in (0..images).step_by(LANES) {
            let lanes = |row: &[F]| -> [F; LANES] { row[image..image + LANES].try_into().expect("the slice has this length") };
            let (values, gradients) = (values.map(lanes), gradients.map(lanes));
            for (sums, values) in sums.iter_mut().zip(values) {
                for (sums, gradients) in sums.iter_mut().zip(gradients) {
                    for ((sum, value), gradient) in sums.iter_mut().zip(values).zip(gradients) {
                        *sum += value * gradient;
                    }
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        (0..count).map(|index| ((index * 37 + seed * 101) % 211) as f64 / 100.0 - 1.0).collect()
    }

    #[test]
    fn tiles_of_any_size_equal_their_sums() {
        for (outputs, images, count) in [(1, 4, 3), (3, 12, 1), (4, 8, 7), (9, 20, 5), (5, 4, 0)] {
            let (stride, length) = (outputs + 3, 40 + images);
            let weights = numbers(count * stride * outputs + stride * outputs, 1);
            let values = numbers(length * (count + 1), 2);
            let terms: Vec<Term> = (0..count).map(|t| Term { weight: t * stride * outputs, value: t * length + t }).collect();
            let mut found = vec![f64::NAN; outputs * images];
            combine(&terms, (&weights, stride), &values, [outputs, images], |o, b, sums| {
                found[o * images + b..][..sums.len()].copy_from_slice(sums);
            });
            for o in 0..outputs {
                for b in 0..images {
                    let expected: f64 = terms.iter().map(|term| weights[term.weight + o * stride] * values[term.value + b]).sum();
                    assert!((found[o * images + b] - expected).abs() < 1e-12, "{outputs} × {images}, {count} terms: [{o}, {b}]");
                }
            }
        }
    }

    #[test]
    fn blocks_of_any_size_equal_their_sums() {
        for (inputs, outputs, images, count) in [(1, 1, 4, 1), (3, 5, 8, 2), (2, 4, 12, 3), (7, 9, 4, 4), (2, 3, 4, 0)] {
            let (values, gradients) = (numbers(1000, 3), numbers(1000, 4));
            let pairs: Vec<Pair> = (0..count).map(|p| Pair { value: 8 * p, gradient: 4 * p + 1 }).collect();
            let (value_stride, gradient_stride) = (50, 60);
            let mut found = vec![f64::NAN; inputs * outputs];
            correlate(&pairs, (&values, value_stride), (&gradients, gradient_stride), [inputs, outputs, images], |i, o, sum| {
                found[i * outputs + o] = sum;
            });
            for i in 0..inputs {
                for o in 0..outputs {
                    let product = |pair: &Pair, b: usize| {
                        values[pair.value + i * value_stride + b] * gradients[pair.gradient + o * gradient_stride + b]
                    };
                    let expected: f64 =
                        pairs.iter().flat_map(|pair| (0..images).map(move |b| (pair, b))).map(|(pair, b)| product(pair, b)).sum();
                    assert!((found[i * outputs + o] - expected).abs() < 1e-12, "{inputs} × {outputs}: [{i}, {o}]");
                }
            }
        }
    }
}
