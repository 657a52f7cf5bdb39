//! A convolution of each channel with its own kernel, forward and backward.

use crate::shared::Work;

use super::{Memory, Real, tapped};

impl<F: Real> Memory<F> {
    /// Where the weight of channel `r` at a tap is, in the packed weights of mask `z`.
    fn depthwise_weight(&self, work: &Work, z: usize, tap: u32, r: usize) -> usize {
        self.packed_row(work, z, work.operation.layer as usize, tap as usize) + r
    }
}

/// The pairs of an output pixel and the input pixel that it reads at each tap.
fn meetings(work: &Work) -> Vec<(u32, usize, usize)> {
    let op = work.operation;
    let pixels = (0..op.height_out * op.width_out).flat_map(|q| (0..op.kernel * op.kernel).map(move |tap| (q, tap)));
    pixels.filter_map(|(q, tap)| Some((tap, q as usize, tapped(&op, q, tap)?))).collect()
}

/// `out[r, q, b] = Σ packed[tap, r] in[r, q · stride + tap − padding, b]`.
pub fn depthwise<F: Real>(memory: &mut Memory<F>, work: &Work, z: usize) {
    let op = work.operation;
    let (meetings, images) = (meetings(work), memory.images());
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, (op.height_out * op.width_out) as usize);
    for r in 0..memory.kept(z, op.group_out as usize) {
        let mut sums = vec![0.0; pixels * images];
        for &(tap, q, p) in &meetings {
            let weight = memory.packed_weights[memory.depthwise_weight(work, z, tap, r)].wide();
            let values = &memory.at(work.input)[(r * pixels_in + p) * images..][..images];
            for (sum, value) in sums[q * images..].iter_mut().zip(values) {
                *sum += weight * value.wide();
            }
        }
        let row = &mut memory.at_mut(work.output)[r * pixels * images..];
        row.iter_mut().zip(sums).for_each(|(slot, sum)| *slot = F::of(sum));
    }
}

/// `d_weights[tap, r] = Σ in[r, q · stride + tap − padding, b] d_out[r, q, b]`, and the square of each channel's norm.
pub fn d_depthwise_weights<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (meetings, images) = (meetings(work), memory.images());
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, (op.height_out * op.width_out) as usize);
    let layer = memory.params.layers[op.layer as usize];
    let kept = memory.kept(0, op.group_out as usize);
    let first = op.first_square as usize;
    memory.squares[first..first + layer.outputs as usize].fill(F::ZERO);
    for r in 0..kept {
        let mut sums = vec![0.0; (op.kernel * op.kernel) as usize];
        for &(tap, q, p) in &meetings {
            let values = &memory.at(work.input)[(r * pixels_in + p) * images..][..images];
            let gradients = &memory.at(work.d_output)[(r * pixels + q) * images..][..images];
            sums[tap as usize] += values.iter().zip(gradients).map(|(value, d)| value.wide() * d.wide()).sum::<f64>();
        }
        for (tap, &sum) in sums.iter().enumerate() {
            memory.d_weights[layer.first_gradient as usize + tap * kept.next_multiple_of(4) + r] = F::of(sum);
        }
        memory.squares[first + r] = F::of(sums.iter().map(|sum| sum * sum).sum());
    }
}

/// `d_in[r, p, b] = Σ packed[tap, r] d_out[r, q, b]` over the taps and output pixels that read p.
pub fn d_depthwise_activations<F: Real>(memory: &mut Memory<F>, work: &Work) {
    let op = work.operation;
    let (meetings, images) = (meetings(work), memory.images());
    let (pixels_in, pixels) = ((op.height_in * op.width_in) as usize, (op.height_out * op.width_out) as usize);
    let kept = memory.kept(0, op.group_in as usize);
    for r in 0..kept {
        let mut sums = vec![0.0; pixels_in * images];
        for &(tap, q, p) in &meetings {
            let weight = memory.packed_weights[memory.depthwise_weight(work, 0, tap, r)].wide();
            let gradients = &memory.at(work.d_output)[(r * pixels + q) * images..][..images];
            for (sum, d) in sums[p * images..].iter_mut().zip(gradients) {
                *sum += weight * d.wide();
            }
        }
        for (at, sum) in sums.into_iter().enumerate() {
            memory.write_gradient(work, work.input, work.d_input, r * pixels_in * images + at, F::of(sum));
        }
    }
    memory.close_gradient(work.d_input, kept, pixels_in * images);
}
