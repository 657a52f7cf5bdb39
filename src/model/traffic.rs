//! The memory traffic of a step: how many bytes it must read and write at least.

use super::{Extra, Model, Op};

/// Bytes of a float.
const FLOAT: f64 = 4.0;
/// Floats of a unit's state: two moments of Adam, the running effect, and the steps that it is of.
const STATE: f64 = 4.0;

/// Bytes that a step reads and writes at least, by timed phase. They are averages over draws of the masks, so that they are not whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    pub sample: f64,
    pub pack: f64,
    pub forward: f64,
    pub scores: f64,
    pub backward: f64,
    pub weights: f64,
}

impl Traffic {
    /// The bytes of all phases.
    #[must_use]
    pub fn total(self) -> f64 {
        self.sample + self.pack + self.forward + self.scores + self.backward + self.weights
    }
}

impl Model {
    /// Bytes that a step on `batch_size` images with `forwards` forward passes reads and writes at least, if each gated unit is kept with probability
    /// `keep_ratio`. `learns_scores`: whether the step updates the scores.
    ///
    /// A phase reads every tensor that it needs once and writes every tensor that it makes once. Kernels that read a tensor again, rows that are added
    /// for alignment, partial sums, and maps that are computed again are not counted. The kernels cannot read and write fewer bytes than these; a cache
    /// may serve a part of them.
    ///
    /// With U gated units, B images, f forward passes, k kept units of a group, W = Σ (taps · i + extra) o kept weights of all layers (of i kept inputs
    /// and o kept outputs), M = k · pixels · B values of a map, C logits of the batch, and 4 bytes a float:
    ///
    /// | phase | bytes |
    /// |---|---|
    /// | sample | 4 (2 U + f Σ k): scores read; bits and lists of kept units written |
    /// | pack | 4 · 2 f W: weights read, packed weights written; and (1 + 4) M of the inputs: bytes read, floats written, f times where they are gated |
    /// | forward | 4 f (W + Σ over operations of M of its input, its shortcut and its output) |
    /// | scores | 4 (f C + C): logits read, their gradient written; and 4 (2 U + 8 U): scores and their state read and written, if they learn |
    /// | backward | 4 Σ over operations: gradient at the output read, gradients at input and shortcut written; where there are weights, input and packed
    /// weights read, their gradient written. Nothing is written at the inputs of the network |
    /// | weights | 4 · 5 W: gradient read; weights and velocities read and written |
    #[must_use]
    pub fn traffic(&self, keep_ratio: f64, forwards: u32, batch_size: u32, learns_scores: bool) -> Traffic {
        let kept = self.expected(keep_ratio);
        let (forwards, units) = (f64::from(forwards), f64::from(self.units()));
        let values = |map: usize| kept[self.maps[map].group] * f64::from(self.maps[map].pixels()) * f64::from(batch_size);
        // Taps of a layer, and its other rows.
        let weights = |layer: usize| {
            let layer = &self.layers[layer];
            let [from, to] = layer.groups.map(|group| kept[group]);
            (f64::from(layer.taps) * from * to, f64::from(layer.extra.rows()) * to)
        };
        let all_weights: f64 = (0..self.layers.len()).map(weights).map(|(taps, extra)| taps + extra).sum();
        let passed: f64 = self.ops.iter().map(|op| values(op.input()) + op.shortcut().map_or(0.0, values) + values(op.output())).sum();
        let backward = |op: &Op| {
            let into = values(op.output());
            let out_of = if op.input() == 0 { 0.0 } else { values(op.input()) };
            match *op {
                Op::Convolve { layer, .. } => {
                    let (taps, extra) = weights(layer);
                    let own = taps + if self.layers[layer].extra == Extra::Bias { extra } else { 0.0 };
                    let read = if op.input() == 0 { 0.0 } else { taps };
                    into + values(op.input()) + own + read + out_of
                }
                // Its taps are the extra rows of its layer.
                Op::Depthwise { layer, .. } => into + values(op.input()) + 2.0 * weights(layer).1 + out_of,
                Op::Normalise { layer, .. } => {
                    let own = layer.map_or(0.0, |layer| values(op.input()) + weights(layer).1);
                    into + own + out_of + op.shortcut().map_or(0.0, values)
                }
                Op::Pool { .. } | Op::Gate { .. } => into + out_of,
            }
        };
        let logits = values(self.logits());
        let gathered = if self.groups[0].gated { forwards } else { 1.0 };
        Traffic {
            sample: FLOAT * (2.0 * units + forwards * kept.iter().sum::<f64>()),
            pack: FLOAT * 2.0 * forwards * all_weights + gathered * (1.0 + FLOAT) * values(0),
            forward: FLOAT * forwards * (all_weights + passed),
            scores: FLOAT * ((forwards + 1.0) * logits + if learns_scores { 2.0 * (1.0 + STATE) * units } else { 0.0 }),
            backward: FLOAT * self.ops.iter().map(backward).sum::<f64>(),
            weights: FLOAT * 5.0 * all_weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;

    #[test]
    fn the_traffic_of_a_small_network_is_counted_by_hand() {
        // 6 inputs, of which none is gated, 4 hidden neurons, 3 classes; batch 2.
        let model = Model::new("mlp-4", Image::flat(6), 3, false).unwrap();
        let (weights, inputs, hidden, logits) = (7.0 * 4.0 + 5.0 * 3.0, 12.0, 8.0, 6.0);
        let dense = model.traffic(1.0, 1, 2, false);
        assert_eq!(dense.sample, 4.0 * (2.0 * 4.0 + 13.0));
        assert_eq!(dense.pack, 4.0 * 2.0 * weights + 5.0 * inputs);
        assert_eq!(dense.forward, 4.0 * (weights + inputs + 2.0 * hidden + logits));
        assert_eq!(dense.scores, 4.0 * 2.0 * logits);
        // The first layer: gradient and input read, weights' gradient written. The second: its weights read and the gradient at its input written too.
        assert_eq!(dense.backward, 4.0 * ((hidden + inputs + 28.0) + (logits + hidden + 15.0 + 12.0 + hidden)));
        assert_eq!(dense.weights, 4.0 * 5.0 * weights);
        // Two hidden neurons are kept, and there are two passes.
        let half = model.traffic(0.5, 2, 2, true);
        let weights = 7.0 * 2.0 + 3.0 * 3.0;
        assert_eq!(half.pack, 4.0 * 4.0 * weights + 5.0 * inputs, "inputs that are not gated are gathered once");
        assert_eq!(half.forward, 4.0 * 2.0 * (weights + inputs + 2.0 * 4.0 + logits));
        assert_eq!(half.scores, 4.0 * (3.0 * logits + 10.0 * 4.0));
        assert_eq!(half.weights, 4.0 * 5.0 * weights);
        let gated = Model::new("mlp-4", Image::flat(6), 3, true).unwrap().traffic(0.5, 2, 2, true);
        assert_eq!(gated.pack, 4.0 * 4.0 * (4.0 * 2.0 + 3.0 * 3.0) + 2.0 * 5.0 * 6.0, "gated ones for each mask");
    }

    #[test]
    fn traffic_grows_with_the_keep_ratio_and_the_batch_and_counts_every_weight() {
        let picture = Image { channels: 3, height: 32, width: 32 };
        for name in ["mlp-64-48", "cnn-8-6", "vgg16", "resnet8", "wrn-10-1", "mobilenet-4"] {
            let model = Model::new(name, picture, 10, false).unwrap();
            let at = |keep, batch| model.traffic(keep, 2, batch, true).total();
            assert!(at(0.1, 8) < at(0.5, 8) && at(0.5, 8) < at(1.0, 8) && at(0.1, 8) < at(0.1, 16), "{name}");
            let dense = model.traffic(1.0, 1, 8, false);
            assert_eq!(dense.weights, 20.0 * f64::from(model.weights()), "{name}");
            assert!(dense.forward > 4.0 * f64::from(model.weights()) && dense.backward > 0.0, "{name}");
        }
    }
}
