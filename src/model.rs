//! The network as arithmetic: groups of units, the layers between them, where each tensor stands in its buffer,
//! and how many multiply-adds a step costs. No GPU, no data.
//!
//! A *group* is a row of units: the inputs, each hidden layer, the classes. A *layer* joins group `g` to group `g + 1`.
//! The gated units of all groups are numbered through, input group first: that is the index into `scores`.
//!
//! Each layer has one weight more than its inputs: row `inputs` of its `[inputs + 1, outputs]` tensor is the bias, whose input is
//! the constant 1. So a bias is sampled, packed, differentiated, decayed and clipped by the same lines as a weight.

use std::fmt;

/// A row of units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// "inputs", "hidden 1", ..., "classes".
    pub name: String,
    pub size: u32,
    pub gated: bool,
    /// Index of the group's first unit in `scores`; meaningless where it is not gated.
    pub first_unit: u32,
    /// First row of the group in the kept lists and in the activations, both of [`Model::rows`] rows.
    pub first_row: u32,
}

impl Group {
    /// Rows that the group takes when everything is kept: its units, the constant 1, and zeros up to a multiple of 4.
    #[must_use]
    pub fn rows(&self) -> u32 {
        padded_rows(self.size)
    }
}

/// Rows of a compacted tensor that holds `kept` units: the units, the row of ones, zeros up to a multiple of 4.
#[must_use]
pub fn padded_rows(kept: u32) -> u32 {
    (kept + 1).next_multiple_of(4)
}

/// A fully connected layer from group `index` to group `index + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub inputs: u32,
    pub outputs: u32,
    /// Where the layer's `[inputs + 1, outputs]` weights begin.
    pub first_weight: u32,
    /// Where its packed weights, at most `[padded_rows(inputs), padded_rows(outputs)]`, begin.
    pub first_packed: u32,
}

impl Layer {
    #[must_use]
    pub fn weights(&self) -> u32 {
        (self.inputs + 1) * self.outputs
    }

    #[must_use]
    pub fn packed(&self) -> u32 {
        padded_rows(self.inputs) * padded_rows(self.outputs)
    }
}

/// A network: its groups and the layers between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// As the user wrote it, `mlp-512-256`.
    pub name: String,
    pub groups: Vec<Group>,
    pub layers: Vec<Layer>,
}

/// A network's name that could not be read, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError(String);

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

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

/// The widest layer that the kernels' 16-bit prefix scan can number.
const WIDEST: u32 = 32_768;
/// The deepest network that the kernels' tables hold.
const MOST_HIDDEN: usize = 14;
/// Most units of a network: the scores' kernel is one workgroup.
const MOST_UNITS: u64 = 1 << 17;

impl Model {
    /// The hidden widths that a name such as `mlp-512-256` gives.
    ///
    /// # Errors
    /// A name of another form, or widths out of range.
    pub fn hidden_widths(name: &str) -> Result<Vec<u32>, ModelError> {
        let refuse = |why: &str| ModelError(format!("model \"{name}\" cannot be read: {why}"));
        let widths = name.strip_prefix("mlp").ok_or_else(|| refuse("it must be mlp- and hidden widths, as in mlp-512-256"))?;
        if widths.is_empty() {
            return Ok(Vec::new());
        }
        let widths = widths.strip_prefix('-').ok_or_else(|| refuse("it must be mlp- and hidden widths, as in mlp-512-256"))?;
        let widths: Vec<u32> = widths
            .split('-')
            .map(|width| width.parse().ok().filter(|width| (1..=WIDEST).contains(width)))
            .collect::<Option<_>>()
            .ok_or_else(|| refuse(&format!("each hidden width must be a whole number from 1 to {WIDEST}")))?;
        if widths.len() > MOST_HIDDEN {
            return Err(refuse(&format!("at most {MOST_HIDDEN} hidden layers")));
        }
        Ok(widths)
    }

    /// The network of that name for data of `inputs` features and `classes` classes.
    ///
    /// # Errors
    /// What [`Model::hidden_widths`] refuses, too many units, or a network without a gated unit.
    pub fn new(name: &str, inputs: u32, classes: u32, gate_inputs: bool) -> Result<Self, ModelError> {
        let hidden = Self::hidden_widths(name)?;
        let mut groups = Vec::new();
        let (mut first_unit, mut first_row) = (0, 0);
        let mut push = |name: String, size: u32, gated: bool| {
            groups.push(Group { name, size, gated, first_unit, first_row });
            first_row += padded_rows(size);
            if gated {
                first_unit += size;
            }
        };
        push("inputs".to_owned(), inputs, gate_inputs);
        for (index, &width) in hidden.iter().enumerate() {
            push(format!("hidden {}", index + 1), width, true);
        }
        push("classes".to_owned(), classes, false);

        let mut layers = Vec::new();
        let (mut first_weight, mut first_packed) = (0, 0);
        for pair in groups.windows(2) {
            let layer = Layer { inputs: pair[0].size, outputs: pair[1].size, first_weight, first_packed };
            first_weight += layer.weights();
            first_packed += layer.packed();
            layers.push(layer);
        }
        let model = Self { name: name.to_owned(), groups, layers };
        if model.units() == 0 {
            return Err(ModelError(format!("model \"{name}\" has no hidden layer and its inputs are not gated: nothing can be masked")));
        }
        if u64::from(model.units()) > MOST_UNITS {
            return Err(ModelError(format!(
                "model \"{name}\" has {} gated units; at most {MOST_UNITS} fit the scores' workgroup",
                model.units()
            )));
        }
        Ok(model)
    }

    /// U, the number of gated units.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.gated().map(|group| group.size).sum()
    }

    /// The groups that have scores, in the order of their units.
    pub fn gated(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.gated)
    }

    /// R, the rows of all groups' kept lists and activations for one mask.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.groups.iter().map(Group::rows).sum()
    }

    /// Number of weights, biases included.
    #[must_use]
    pub fn weights(&self) -> u32 {
        self.layers.iter().map(Layer::weights).sum()
    }

    /// Number of packed weights for one mask when everything is kept.
    #[must_use]
    pub fn packed(&self) -> u32 {
        self.layers.iter().map(Layer::packed).sum()
    }

    /// Units of each group when everything is kept.
    #[must_use]
    pub fn sizes(&self) -> Vec<u32> {
        self.groups.iter().map(|group| group.size).collect()
    }

    /// Multiply-adds of one image in one training step that keeps `kept[g]` units of group `g` under the mask and, where a second
    /// forward runs, `probe[g]` under the probe. Biases count as one input each. The inputs need no gradient.
    #[must_use]
    pub fn multiply_adds(&self, kept: &[u32], probe: Option<&[u32]>) -> MultiplyAdds {
        let pass = |kept: &[u32]| kept.windows(2).map(|pair| u64::from(pair[0] + 1) * u64::from(pair[1])).sum::<u64>();
        let data_gradient = kept.windows(2).skip(1).map(|pair| u64::from(pair[0]) * u64::from(pair[1])).sum::<u64>();
        MultiplyAdds { forward: pass(kept) + probe.map_or(0, pass), backward: pass(kept) + data_gradient }
    }

    /// Expected multiply-adds of a vrpge step that keeps each gated unit with probability `keep_ratio`, over those of a dense step.
    #[must_use]
    pub fn predicted_ratio(&self, keep_ratio: f64, forwards: u32) -> f64 {
        let dense = self.multiply_adds(&self.sizes(), None).total() as f64;
        let kept: Vec<f64> = self.groups.iter().map(|group| f64::from(group.size) * if group.gated { keep_ratio } else { 1.0 }).collect();
        let pass: f64 = kept.windows(2).map(|pair| (pair[0] + 1.0) * pair[1]).sum();
        let data_gradient: f64 = kept.windows(2).skip(1).map(|pair| pair[0] * pair[1]).sum();
        (pass * f64::from(forwards + 1) + data_gradient) / dense
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_default_network_has_the_counts_of_its_widths() {
        let model = Model::new("mlp-512-256", 784, 10, true).unwrap();
        assert_eq!(model.units(), 784 + 512 + 256);
        assert_eq!(model.weights(), 785 * 512 + 513 * 256 + 257 * 10);
        assert_eq!(model.groups[2].first_unit, 784 + 512);
        let hidden_only = Model::new("mlp-512-256", 784, 10, false).unwrap();
        assert_eq!(hidden_only.units(), 512 + 256);
        assert_eq!(hidden_only.groups[1].first_unit, 0);
        // rows: units + the row of ones, up to a multiple of 4
        assert_eq!(model.groups.iter().map(Group::rows).collect::<Vec<_>>(), [788, 516, 260, 12]);
    }

    #[test]
    fn a_dense_step_counts_one_forward_and_both_gradients() {
        let model = Model::new("mlp-3", 2, 4, false).unwrap();
        let work = model.multiply_adds(&model.sizes(), None);
        assert_eq!(work.forward, 3 * 3 + 4 * 4);
        assert_eq!(work.backward, 3 * 3 + 4 * 4 + 3 * 4);
        let twice = model.multiply_adds(&model.sizes(), Some(&model.sizes()));
        assert_eq!(twice.forward, 2 * work.forward);
    }

    #[test]
    fn the_prediction_agrees_with_the_published_count() {
        let model = Model::new("mlp-1024-1024", 784, 10, false).unwrap();
        for (keep, ratio) in [(0.1, 0.060), (0.2, 0.138), (0.5, 0.475)] {
            assert!((model.predicted_ratio(keep, 2) - ratio).abs() < 0.002, "{keep}: {}", model.predicted_ratio(keep, 2));
        }
        assert!((model.predicted_ratio(1.0, 1) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn unreadable_names_are_refused_in_words() {
        for name in ["", "cnn-3", "mlp512", "mlp-", "mlp-0", "mlp-a", "mlp-32769", "mlp-8--8"] {
            assert!(Model::hidden_widths(name).unwrap_err().to_string().contains("cannot be read"), "{name}");
        }
        assert!(Model::new("mlp", 784, 10, false).unwrap_err().to_string().contains("nothing can be masked"));
        assert_eq!(Model::new("mlp", 784, 10, true).unwrap().units(), 784);
    }

    proptest! {
        #[test]
        fn no_name_panics(name in "(mlp)?[-0-9a-z]{0,30}") {
            drop(Model::new(&name, 784, 10, true));
        }
    }
}
