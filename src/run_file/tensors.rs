//! Writes named tensors into a safetensors file: a run file, or the trace of a step.

use std::collections::HashMap;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::model::Model;

/// The names of a layer's tensors: weights and their velocity.
pub(super) const PARTS: [[&str; 3]; 2] = [["weights", "scale", "shift"], ["velocity", "velocity_scale", "velocity_shift"]];

/// The names of the four numbers of each unit's state of the scores.
pub const SCORE_STATE: [&str; 4] = ["scores_first_moment", "scores_second_moment", "effects", "effect_steps"];

struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The tensors of a file to be written.
#[derive(Default)]
pub struct Tensors(Vec<Tensor>);

impl Tensors {
    /// Adds a tensor. `values` must fit `shape` and `dtype`.
    pub fn add<T: bytemuck::NoUninit>(&mut self, name: impl Into<String>, dtype: Dtype, shape: &[usize], values: &[T]) {
        self.push(name.into(), dtype, shape, bytemuck::cast_slice(values));
    }

    // Compiled once for all types of numbers, because a visitor of the page downloads this code.
    #[inline(never)]
    fn push(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: &[u8]) {
        self.0.push(Tensor { name, dtype, shape: shape.to_vec(), bytes: bytes.to_vec() });
    }

    pub fn floats(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        self.add(name, Dtype::F32, shape, values);
    }

    /// Adds weights, velocity and running statistics of a network from the contents of its buffers. Every name begins with `before`.
    ///
    /// # Panics
    /// The buffers are those of another network.
    pub fn layers(&mut self, before: &str, model: &Model, weights: &[f32], velocity: &[f32], running: &[f32]) {
        for (index, layer) in model.layers.iter().enumerate() {
            for (values, names) in [weights, velocity].into_iter().zip(PARTS) {
                let mut rest = &values[layer.first_weight as usize..][..layer.weights() as usize];
                for (name, shape) in names.iter().zip(layer.shapes()) {
                    let Some(shape) = shape else { continue };
                    let (own, others) = rest.split_at(shape.iter().product());
                    self.floats(format!("{before}{name}.{index}"), &shape, own);
                    rest = others;
                }
                assert!(rest.is_empty(), "every row of layer {index} has a name");
            }
            if layer.is_normalised() {
                let (first, outputs) = (layer.first_statistic as usize, layer.outputs as usize);
                for (of, name) in ["running_mean", "running_variance"].into_iter().enumerate() {
                    self.floats(format!("{before}{name}.{index}"), &[outputs], &of_pairs(running, of, first, outputs));
                }
            }
        }
    }

    /// Encodes the file.
    ///
    /// # Errors
    /// Two tensors have the same name.
    ///
    /// # Panics
    /// The values of a tensor do not fit its shape.
    pub fn to_bytes(&self, metadata: HashMap<String, String>) -> Result<Vec<u8>, SafeTensorError> {
        let views = self.0.iter().map(|tensor| {
            let Ok(view) = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes) else {
                panic!("the bytes of a tensor do not fit its shape")
            };
            (tensor.name.as_str(), view)
        });
        serialize(views, Some(metadata))
    }
}

/// The first (`of` = 0) or second (`of` = 1) values of `count` pairs, from pair `first` on.
#[must_use]
fn of_pairs(pairs: &[f32], of: usize, first: usize, count: usize) -> Vec<f32> {
    pairs[2 * first..2 * (first + count)].iter().skip(of).step_by(2).copied().collect()
}
