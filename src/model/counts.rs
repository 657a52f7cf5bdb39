//! What a network costs: multiply-adds of a step and bytes held, for any numbers of kept units.

use super::{Layer, Model, Op};

/// Multiply-adds of one training step, by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultiplyAdds {
    pub forward: u64,
    pub backward: u64,
}

impl MultiplyAdds {
    #[must_use]
    pub fn total(self) -> u64 {
        self.forward + self.backward
    }
}

/// Bytes on the device that grow with the units of a network; the data set is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// The weights, their packed copies for both masks, their gradients.
    pub weights: u64,
    /// The values of both forward passes and the gradients at them.
    pub activations: u64,
    /// The weights' velocity, the scores and their moments, running statistics.
    pub optimiser: u64,
}

impl Bytes {
    #[must_use]
    pub fn total(self) -> u64 {
        self.weights + self.activations + self.optimiser
    }
}

impl Model {
    /// Multiply-adds of one image in one training step that keeps `kept[g]` units of group `g` under the mask and, where a second
    /// forward runs, `probe[g]` under the probe. Counted are the convolutions and connections, all taps everywhere; a bias counts as
    /// one input. The inputs need no gradient.
    #[must_use]
    pub fn multiply_adds(&self, kept: &[u32], probe: Option<&[u32]>) -> MultiplyAdds {
        let widen = |kept: &[u32]| kept.iter().map(|&kept| f64::from(kept)).collect::<Vec<f64>>();
        let (kept, probe) = (widen(kept), probe.map(widen));
        let (forward, d_activations) = self.work(&kept);
        let probed = probe.map_or(0.0, |probe| self.work(&probe).0);
        MultiplyAdds { forward: (forward + probed) as u64, backward: (forward + d_activations) as u64 }
    }

    /// Multiply-adds of a forward pass, which are those of the weights' gradient too, and of the gradient at the activations.
    fn work(&self, kept: &[f64]) -> (f64, f64) {
        let (mut forward, mut d_activations) = (0.0, 0.0);
        for op in &self.ops {
            let Op::Convolve { layer, input, .. } = *op else { continue };
            let Layer { taps, extra, groups: [from, to], pixels, .. } = self.layers[layer];
            let bias = f64::from(u8::from(extra == super::Extra::Bias));
            let products = f64::from(pixels) * f64::from(taps) * kept[from] * kept[to];
            forward += products + f64::from(pixels) * bias * kept[to];
            if input != 0 {
                d_activations += products;
            }
        }
        (forward, d_activations)
    }

    /// Units of each group that are kept on average when each gated one is with probability `keep_ratio`.
    #[must_use]
    pub fn expected(&self, keep_ratio: f64) -> Vec<f64> {
        let mut shares: Vec<f64> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            shares.push(match group.union_of {
                Some([a, b]) => 1.0 - (1.0 - shares[a]) * (1.0 - shares[b]),
                None if group.gated => keep_ratio,
                None => 1.0,
            });
        }
        self.groups.iter().zip(shares).map(|(group, share)| f64::from(group.size) * share).collect()
    }

    /// Expected multiply-adds of a step of so many forwards that keeps each gated unit with probability `keep_ratio`, over those of a
    /// dense step.
    #[must_use]
    pub fn predicted_ratio(&self, keep_ratio: f64, forwards: u32) -> f64 {
        let dense = self.multiply_adds(&self.sizes(), None).total() as f64;
        let (pass, d_activations) = self.work(&self.expected(keep_ratio));
        (pass * f64::from(forwards + 1) + d_activations) / dense
    }

    /// Bytes that a network takes in batches of `batch_size` images with `masks` forward passes a step.
    #[must_use]
    pub fn bytes(&self, batch_size: u32, masks: u32) -> Bytes {
        let images = u64::from(batch_size.next_multiple_of(4));
        let inputs_once = !self.groups[0].gated;
        let map = |(index, map): (usize, &super::Map)| {
            let copies = if index == 0 && inputs_once { 1 } else { u64::from(masks) };
            self.map_floats(map) * copies
        };
        let floats: u64 = self.maps.iter().enumerate().map(map).sum();
        let gradients: u64 = self.gradient_buffers().iter().map(|&floats| u64::from(floats)).sum();
        let (weights, packed) = (u64::from(self.weights()), u64::from(self.packed()));
        Bytes {
            weights: 4 * (weights + u64::from(masks) * packed + u64::from(self.gradient_floats())),
            activations: 4 * images * (floats + gradients),
            optimiser: 4 * (weights + 5 * u64::from(self.units()) + 2 * u64::from(self.statistics())),
        }
    }

    /// Floats of a map for one image, the row of ones included.
    #[must_use]
    pub fn map_floats(&self, map: &super::Map) -> u64 {
        (u64::from(self.groups[map.group].size) + u64::from(map.ones)) * u64::from(map.pixels())
    }
}
