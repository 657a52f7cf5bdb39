//! The network of a saved run without the units that are off, as plain values, and its files for other programs.
//!
//! | module | |
//! |---|---|
//! | `build` | the network of a run file: its operations with the weights between kept units |
//! | `fold` | normalisations become part of the convolutions before them |
//! | `compute` | its logits, in f64 |
//! | `masked` | the logits of the masked network, by the engine |
//! | `about` | the metadata of both kinds of files |
//! | [`onnx`] | an ONNX file |
//! | [`torch`] | a safetensors file in the layout and with the names of PyTorch |
//!
//! This module opens no file and reads no argument.

mod about;
mod build;
mod compute;
mod fold;
mod masked;
pub mod onnx;
pub mod torch;

pub use about::About;
pub use masked::masked_logits;

use crate::device::DeviceError;
use crate::model::{Image, Pooling};
use crate::run_file::RunFileError;

/// ε of a normalisation, as in training.
const EPSILON: f64 = 1e-5;

/// Why a run cannot be exported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    File(#[from] RunFileError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("this file is a recording: it holds no weights, so there is no network to export; export the file of --save instead")]
    Recording,
    #[error(
        "the run is at step {step} of {steps}: finish it with lacuna train --resume FILE --save FILE, or export it as it is with --unfinished"
    )]
    Unfinished { step: u32, steps: u32 },
    #[error("the file does not say how its inputs are centred, since an earlier version wrote it: give the data that the run learned from")]
    NoCentring,
    #[error("the centring has {found} numbers, but the run has {wanted} inputs")]
    OtherCentring { found: usize, wanted: usize },
    #[error("the network takes {bytes} bytes, and an ONNX file holds at most {most}: export it as safetensors")]
    TooLarge { bytes: u64, most: u64 },
    #[error("a tensor cannot be written: {0}")]
    Tensors(String),
}

/// Which units a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that the decided mask keeps, and in each layer so many others, with weights of 0, that their number is a multiple of this one or all are
    /// there: programs that compute several channels at a time are faster then. 1: no others.
    Kept { multiple: u32 },
    /// All, with weights of 0 where the mask is 0: the dense network that computes the same.
    Whole,
}

/// An operation with its weights, in row-major order as PyTorch and ONNX have them.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// `scale · x + shift`; the shift has the shape of the value, or one number a channel.
    Scale {
        scale: f32,
        shift: Vec<f32>,
    },
    /// Channel c of the output is this channel of the input, or 0.
    Select {
        places: Vec<Option<u32>>,
    },
    /// `[outputs, inputs]` and `[outputs]`.
    Linear {
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
    /// `[outputs, inputs / groups, kernel, kernel]` and `[outputs]`.
    Convolve {
        weights: Vec<f32>,
        bias: Option<Vec<f32>>,
        kernel: u32,
        stride: u32,
        padding: u32,
        groups: u32,
    },
    /// `scale · (x − mean) / √(variance + 1e-5) + shift`, a number a channel each.
    Normalise {
        scale: Vec<f32>,
        shift: Vec<f32>,
        mean: Vec<f32>,
        variance: Vec<f32>,
    },
    Relu,
    /// The sum of two values.
    Add,
    /// Over windows side by side; pixels that fill no window are dropped.
    Pool {
        pooling: Pooling,
        window: u32,
    },
    /// An image of one pixel becomes a row of features.
    Flatten,
}

/// A value of the network: its input, or the result of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Input,
    Node(usize),
}

/// One operation of a network, and the value that it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique; a name of Python.
    pub name: String,
    pub operation: Operation,
    /// One value, or two for a sum. Each is the input or comes before.
    pub inputs: Vec<Value>,
    /// `[features]` or `[channels, height, width]` for one image.
    pub shape: Vec<u32>,
}

/// A network as plain values. It takes the bytes of the data as floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// As the user named it, `mlp-512-256`.
    pub name: String,
    /// The shape of an image of the data.
    pub image: Image,
    /// `[features]` or `[channels, height, width]`.
    pub input: Vec<u32>,
    /// In order; the last one makes the logits.
    pub nodes: Vec<Node>,
}

impl Network {
    /// `[features]` or `[channels, height, width]` of a value, for one image.
    #[must_use]
    pub fn shape(&self, value: Value) -> &[u32] {
        match value {
            Value::Input => &self.input,
            Value::Node(node) => &self.nodes[node].shape,
        }
    }

    /// Its number of classes.
    #[must_use]
    pub fn classes(&self) -> u32 {
        self.nodes.last().map_or(0, |node| node.shape[0])
    }

    /// Its numbers that training found: weights, biases, normalisations.
    #[must_use]
    pub fn weights(&self) -> usize {
        let of = |node: &Node| match &node.operation {
            Operation::Linear { weights, bias } => weights.len() + bias.len(),
            Operation::Convolve { weights, bias, .. } => weights.len() + bias.as_ref().map_or(0, Vec::len),
            Operation::Normalise { scale, .. } => 4 * scale.len(),
            _ => 0,
        };
        self.nodes.iter().map(of).sum()
    }
}

/// The largest difference between two lists of logits, divided by the largest of the expected ones if that is above 1.
#[must_use]
pub fn difference(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let largest = expected.iter().fold(1.0f64, |most, value| most.max(value.abs()));
    let furthest = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // NaN must not pass as a small difference.
    furthest.fold(0.0, |most: f64, each| if most.is_nan() || each <= most { most } else { each }) / largest
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_is_of_the_largest_logit_and_never_hides_what_is_no_number() {
        assert_eq!(difference(&[1.0, -8.0], &[1.5, -8.0]), 0.5 / 8.0);
        assert_eq!(difference(&[0.25, 0.0], &[0.0, 0.0]), 0.25);
        assert!(difference(&[f64::NAN, 1.0], &[1.0, 1.0]).is_nan());
        assert!(difference(&[1.0, f64::NAN], &[1.0, 1.0]).is_nan());
        assert_eq!(difference(&[1.0], &[1.0, 1.0]), f64::INFINITY);
    }
}
