//! The network with masks as factors: every unit is computed, and a gate multiplies it by its mask. This gives the derivative of the loss at every
//! mask, also of units that are off: dense forward, dense backward. Units, layers and weights have the same numbers as in the network that it is made
//! from.

use super::{Map, Model, Op};

impl Model {
    /// The network with a gate after each gated group, where the sparse network applies its mask. If a group is only read by a pooling, its gate
    /// comes after the pooling. That is the same, since a mask is not negative. Before the pooling, a closed gate would make all pixels of a window
    /// equal, and the maximum would not know whose gradient it is.
    #[must_use]
    pub fn with_gates(&self) -> Self {
        let mut model = Self { maps: self.maps.clone(), ops: Vec::new(), exact_information: false, ..self.clone() };
        // The map that now replaces each map of the sparse network.
        let mut reads: Vec<usize> = (0..self.maps.len()).collect();
        if self.groups[0].gated {
            reads[0] = model.gate(0);
        }
        let is_pooled_only = |map: usize| {
            let mut readers = self.ops.iter().filter(|op| op.input() == map || op.shortcut() == Some(map)).peekable();
            readers.peek().is_some() && readers.all(|op| matches!(op, Op::Pool { .. }))
        };
        for op in &self.ops {
            // A depthwise convolution passes the mask on: the gate comes after it.
            let is_gated = |map: usize| self.groups[self.maps[map].group].gated && !self.is_passed_on(map);
            match *op {
                Op::Convolve { layer, input, output, kernel, stride, padding } => {
                    model.ops.push(Op::Convolve { layer, input: reads[input], output, kernel, stride, padding });
                    // A normalisation after the convolution comes before the mask.
                    if is_gated(output) && !self.layers[layer].is_normalised() && !is_pooled_only(output) {
                        reads[output] = model.gate(output);
                    }
                }
                Op::Depthwise { layer, input, output, kernel, stride, padding } => {
                    model.ops.push(Op::Depthwise { layer, input: reads[input], output, kernel, stride, padding });
                }
                Op::Normalise { layer, input, output, shortcut: None } => {
                    model.ops.push(Op::Normalise { layer, input: reads[input], output, shortcut: None });
                    if is_gated(output) && !is_pooled_only(output) {
                        reads[output] = model.gate(output);
                    }
                }
                Op::Normalise { layer, input, output, shortcut: Some(shortcut) } => {
                    let mut branch = reads[input];
                    if let Some(layer) = layer {
                        // The branch alone is normalised and masked, then added.
                        let Map { group, height, width, .. } = self.maps[input];
                        model.maps.push(Map { group, height, width, rectified: false, ones: false });
                        let normalised = model.maps.len() - 1;
                        model.ops.push(Op::Normalise { layer: Some(layer), input: branch, output: normalised, shortcut: None });
                        branch = model.gate(normalised);
                    }
                    model.ops.push(Op::Normalise { layer: None, input: branch, output, shortcut: Some(reads[shortcut]) });
                }
                Op::Pool { pooling, input, output, window } => {
                    model.ops.push(Op::Pool { pooling, input: reads[input], output, window });
                    if is_gated(output) && is_pooled_only(input) && !is_pooled_only(output) {
                        reads[output] = model.gate(output);
                    }
                }
                Op::Gate { .. } => unreachable!("the network has gates already"),
            }
        }
        model
    }

    /// Whether the values of this map go on to a depthwise convolution, so that another map has the last values of the units of its group.
    pub(super) fn is_passed_on(&self, map: usize) -> bool {
        self.ops.iter().any(|op| matches!(*op, Op::Depthwise { input, .. } if input == map))
    }

    /// Adds a gate after map `input`: returns the map that it writes.
    fn gate(&mut self, input: usize) -> usize {
        let Map { group, height, width, ones, .. } = self.maps[input].clone();
        self.maps[input].ones = false;
        // A gradient must reach a unit that is off, so the output of a gate does not count as rectified, whatever it reads.
        self.maps.push(Map { group, height, width, rectified: false, ones });
        let output = self.maps.len() - 1;
        self.ops.push(Op::Gate { input, output });
        output
    }

    /// Whether it has gates.
    #[must_use]
    pub fn is_gated(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Gate { .. }))
    }

    /// The map of the logits.
    #[must_use]
    pub fn logits(&self) -> usize {
        self.ops.last().map_or(0, Op::output)
    }
}
