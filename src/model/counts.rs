//! The cost of a network: multiply-adds of a step and bytes of memory, for any numbers of kept units.

use super::{Extra, Group, Layer, Map, Model, Op, Places};

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

/// What a tensor is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The weights, the packed copy of those in use, their gradients.
    Weights,
    /// The values of each forward pass and their gradients.
    Activations,
    /// The optimiser's state and the masks: the weights' velocity, the scores with their moments and masks, the lists of kept units, the statistics
    /// of the normalisations.
    Optimiser,
}

/// A tensor on the device whose size depends on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name in a sentence, as in "the weights take 3 MiB".
    pub name: String,
    pub purpose: Purpose,
    /// Floats that do not depend on the batch.
    pub floats: u64,
    /// Floats for each image of the batch.
    pub image_floats: u64,
}

impl Tensor {
    /// Bytes in batches of `batch_size` images. Kernels compute four images at a time.
    #[must_use]
    pub fn bytes(&self, batch_size: u32) -> u64 {
        4 * (self.floats + self.image_floats * u64::from(batch_size.next_multiple_of(4)))
    }
}

/// Bytes on the device that grow with the units of a network, by [`Purpose`]; the data set is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    pub weights: u64,
    pub activations: u64,
    pub optimiser: u64,
}

impl Bytes {
    #[must_use]
    pub fn total(self) -> u64 {
        self.weights + self.activations + self.optimiser
    }
}

impl Bytes {
    /// Bytes of tensors in batches of `batch_size` images.
    #[must_use]
    pub fn of(tensors: &[Tensor], batch_size: u32) -> Self {
        let mut bytes = Self::default();
        for tensor in tensors {
            let sum = match tensor.purpose {
                Purpose::Weights => &mut bytes.weights,
                Purpose::Activations => &mut bytes.activations,
                Purpose::Optimiser => &mut bytes.optimiser,
            };
            *sum += tensor.bytes(batch_size);
        }
        bytes
    }
}

impl Model {
    /// Multiply-adds of one image in one training step that keeps `kept[g]` units of group `g` under the mask and, if there is a second forward pass,
    /// `probe[g]` under the probe. It counts the convolutions and fully connected layers, with all taps at every pixel. A bias counts as one input.
    /// The inputs need no gradient for a step; see [`Model::information_multiply_adds`].
    #[must_use]
    pub fn multiply_adds(&self, kept: &[u32], probe: Option<&[u32]>) -> MultiplyAdds {
        let widen = |kept: &[u32]| kept.iter().map(|&kept| f64::from(kept)).collect::<Vec<f64>>();
        let (kept, probe) = (widen(kept), probe.map(widen));
        let (forward, d_activations) = self.work(&kept);
        let probed = probe.map_or(0.0, |probe| self.work(&probe).0);
        MultiplyAdds { forward: (forward + probed) as u64, backward: (forward + d_activations) as u64 }
    }

    /// Multiply-adds of one image for the exact Fisher information of the masks of `kept[g]` units of each group: the gradient at gated inputs, and the
    /// products of values and gradients at the maps of all gated groups. 0 if the network does not compute it.
    #[must_use]
    pub fn information_multiply_adds(&self, kept: &[u32]) -> u64 {
        let wide: Vec<f64> = kept.iter().map(|&kept| f64::from(kept)).collect();
        let at = |map: usize| u64::from(kept[self.maps[map].group]) * u64::from(self.maps[map].pixels());
        let of_maps: u64 = (0..self.ops.len())
            .filter(|&op| self.gives_information(op))
            .map(|op| match self.ops[op] {
                Op::Normalise { input, .. } => at(input),
                op => at(op.output()),
            })
            .sum();
        if !self.needs_input_gradient() {
            return of_maps;
        }
        let d_inputs: f64 = self.ops.iter().filter(|op| op.input() == 0).map(|op| self.work_of(op, &wide).0).sum();
        of_maps + at(0) + d_inputs as u64
    }

    /// Multiply-adds of a forward pass (the weights' gradient takes as many), and of the gradient at the activations.
    pub(super) fn work(&self, kept: &[f64]) -> (f64, f64) {
        let (mut forward, mut d_activations) = (0.0, 0.0);
        for op in &self.ops {
            let (products, biases) = self.work_of(op, kept);
            forward += products + biases;
            if op.input() != 0 {
                d_activations += products;
            }
        }
        (forward, d_activations)
    }

    /// Multiply-adds of the forward pass of one operation for one image: by weights of inputs, and by biases.
    fn work_of(&self, op: &Op, kept: &[f64]) -> (f64, f64) {
        let (Op::Convolve { layer, .. } | Op::Depthwise { layer, .. }) = *op else { return (0.0, 0.0) };
        let Layer { taps, extra, groups: [from, to], pixels, .. } = self.layers[layer];
        let outputs = f64::from(pixels) * kept[to];
        match extra {
            Extra::Taps(taps) => (outputs * f64::from(taps), 0.0),
            Extra::Bias => (outputs * f64::from(taps) * kept[from], outputs),
            Extra::None | Extra::Normalisation => (outputs * f64::from(taps) * kept[from], 0.0),
        }
    }

    /// Multiply-adds of the forward pass of one operation for one image, with everything kept.
    #[must_use]
    pub fn op_multiply_adds(&self, op: &Op) -> u64 {
        let sizes: Vec<f64> = self.groups.iter().map(|group| f64::from(group.size)).collect();
        let (products, biases) = self.work_of(op, &sizes);
        (products + biases) as u64
    }

    /// Weights that this operation uses first: taps and bias of a convolution, scale and shift of a normalisation.
    #[must_use]
    pub fn op_weights(&self, op: &Op) -> u32 {
        match *op {
            Op::Convolve { layer, .. } | Op::Depthwise { layer, .. } => {
                let layer = &self.layers[layer];
                (layer.kernel_rows() + u32::from(layer.extra == Extra::Bias)) * layer.outputs
            }
            Op::Normalise { layer: Some(layer), .. } => Extra::Normalisation.rows() * self.layers[layer].outputs,
            Op::Normalise { layer: None, .. } | Op::Pool { .. } | Op::Gate { .. } => 0,
        }
    }

    /// The share of each group that is kept on average if the share `of` of each gated group is kept and units are drawn independently. A unit of a
    /// union is off if both of its branches lack it.
    #[must_use]
    pub fn shares(&self, of: impl Fn(&Group) -> f64) -> Vec<f64> {
        let mut shares: Vec<f64> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            shares.push(match group.union_of {
                Some([a, b]) => 1.0 - (1.0 - shares[a]) * (1.0 - shares[b]),
                None if group.gated => of(group),
                None => 1.0,
            });
        }
        shares
    }

    /// Units of each group that are kept on average if each gated unit is kept with probability `keep_ratio`.
    #[must_use]
    pub fn expected(&self, keep_ratio: f64) -> Vec<f64> {
        self.groups.iter().zip(self.shares(|_| keep_ratio)).map(|(group, share)| f64::from(group.size) * share).collect()
    }

    /// Expected multiply-adds of a step with `forwards` forward passes that keeps each gated unit with probability `keep_ratio`, divided by those of
    /// a dense step.
    #[must_use]
    pub fn predicted_ratio(&self, keep_ratio: f64, forwards: u32) -> f64 {
        let dense = self.multiply_adds(&self.sizes(), None).total() as f64;
        self.expected_work(keep_ratio, forwards).iter().sum::<f64>() / dense
    }

    /// Expected multiply-adds of one image in such a step: of the forward passes, and of the backward pass.
    #[must_use]
    pub fn expected_work(&self, keep_ratio: f64, forwards: u32) -> [f64; 2] {
        let (pass, d_activations) = self.work(&self.expected(keep_ratio));
        [pass * f64::from(forwards), pass + d_activations]
    }

    /// The tensors of a network with buffers for `masks` masks, 1 or 2: the list that `engine::Buffers` allocates.
    #[must_use]
    pub fn tensors(&self, masks: u32) -> Vec<Tensor> {
        let tensor = |name: &str, purpose, floats| Tensor { name: name.to_owned(), purpose, floats, image_floats: 0 };
        let masks = u64::from(masks);
        let (weights, gradient) = (u64::from(self.weights()), u64::from(self.gradient_floats()));
        let (units, rows, statistics) = (u64::from(self.units()), u64::from(self.rows()), u64::from(self.statistics()));
        let mut tensors = vec![
            tensor("the weights", Purpose::Weights, weights),
            tensor("the packed weights", Purpose::Weights, self.packed_floats()),
            tensor("the weights' gradients", Purpose::Weights, gradient),
            tensor("the weights' velocities", Purpose::Optimiser, weights),
            // Of each unit: score, four numbers of its state, the gradients of score and mask, the information of the mask, pin, number and masks.
            tensor("the scores", Purpose::Optimiser, 11 * units),
            // A list and its inverse for both masks, which are drawn together; for each mask, pairs of a union's rows; a union's sources.
            tensor("the lists of kept units", Purpose::Optimiser, (4 + 2 * masks + 2) * rows),
            // Pairs: for each mask, running, and gradients.
            tensor("the statistics", Purpose::Optimiser, (2 * masks + 4) * statistics),
        ];
        for buffer in Places::of(self).buffers {
            let image_floats = if buffer.is_logits { masks } else { 1 } * buffer.floats;
            tensors.push(Tensor { name: buffer.name, purpose: Purpose::Activations, floats: 0, image_floats });
        }
        tensors
    }

    /// Bytes of a network with buffers for `masks` masks, in batches of `batch_size` images.
    #[must_use]
    pub fn bytes(&self, batch_size: u32, masks: u32) -> Bytes {
        Bytes::of(&self.tensors(masks), batch_size)
    }

    /// The average network that remains if each gated unit is kept with probability `keep_ratio` and the others are dropped. Its sizes are those that
    /// [`Model::compacted`] would give. Which units it has is not decided, so its unions have no sources.
    #[must_use]
    pub fn of_expected_sizes(&self, keep_ratio: f64) -> Self {
        let mut model = self.clone();
        for (group, expected) in model.groups.iter_mut().zip(self.expected(keep_ratio)) {
            group.size = (expected.round() as u32).max(1);
            group.capacity = group.size;
            group.sources.clear();
        }
        model.lay_out();
        model
    }

    /// Floats of a map for one image, the row of ones included.
    pub(super) fn map_floats(&self, map: &Map) -> u64 {
        u64::from(self.groups[map.group].capacity + u32::from(map.ones)) * u64::from(map.pixels())
    }
}
