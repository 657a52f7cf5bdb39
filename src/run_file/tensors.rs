//! Named tensors on their way into a safetensors file: a run that is kept, and the trace of a step.

use std::collections::HashMap;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::model::Model;

/// The parts of a layer's weights, and of their velocity.
pub(super) const PARTS: [[&str; 3]; 2] = [["weights", "scale", "shift"], ["velocity", "velocity_scale", "velocity_shift"]];

/// A tensor as bytes, with its shape.
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// What a file will hold.
#[derive(Default)]
pub struct Tensors(Vec<Tensor>);

impl Tensors {
    /// `values` are as many as `shape` says, of the type that `dtype` says.
    pub fn add<T: bytemuck::NoUninit>(&mut self, name: impl Into<String>, dtype: Dtype, shape: &[usize], values: &[T]) {
        self.push(name.into(), dtype, shape, bytemuck::cast_slice(values));
    }

    // Once for all types of numbers: the page loads this code.
    #[inline(never)]
    fn push(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: &[u8]) {
        self.0.push(Tensor { name, dtype, shape: shape.to_vec(), bytes: bytes.to_vec() });
    }

    pub fn floats(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        self.add(name, Dtype::F32, shape, values);
    }

    /// Weights, velocity and running statistics of a network as its buffers hold them, layer by layer; every name begins with `before`.
    ///
    /// # Panics
    /// Buffers that are not this network's.
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

    /// The file.
    ///
    /// # Errors
    /// Two tensors of one name.
    ///
    /// # Panics
    /// A tensor whose values are not as many as its shape says.
    pub fn to_bytes(&self, metadata: HashMap<String, String>) -> Result<Vec<u8>, SafeTensorError> {
        let views = self.0.iter().map(|tensor| {
            let Ok(view) = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes) else {
                panic!("every shape is that of its bytes")
            };
            (tensor.name.as_str(), view)
        });
        serialize(views, Some(metadata))
    }
}

/// The first (`of` 0) or second of `count` pairs from pair `first` on.
#[must_use]
pub fn of_pairs(pairs: &[f32], of: usize, first: usize, count: usize) -> Vec<f32> {
    pairs[2 * first..2 * (first + count)].iter().skip(of).step_by(2).copied().collect()
}
