//! A network as a safetensors file in the layout and with the names of PyTorch. The tensors are the state of a module whose parts have the names of
//! the network's operations; `network` in the metadata says how they are put together. `docs/export.md` has the code that reads it.

use std::collections::HashMap;

use safetensors::tensor::Dtype;
use serde_json::{Value as Json, json};

use crate::model::Pooling;
use crate::run_file::Tensors;

use super::{About, ExportError, Network, Node, Operation, Value};

/// The class of PyTorch's `nn`, or of the code that reads the file, that computes an operation, and its arguments.
fn module(network: &Network, node: &Node) -> (&'static str, Json) {
    let from = network.shape(node.inputs[0])[0];
    let to = node.shape[0];
    match &node.operation {
        Operation::Scale { shift, .. } => ("Scale", json!({"shape": shift_shape(shift, &node.shape)})),
        Operation::Select { places } => ("Select", json!({"count": places.len(), "zeros": places.contains(&None)})),
        Operation::Linear { .. } => ("Linear", json!({"in_features": from, "out_features": to})),
        Operation::Convolve { bias, kernel, stride, padding, groups, .. } => (
            "Conv2d",
            json!({
                "in_channels": from, "out_channels": to, "kernel_size": kernel, "stride": stride, "padding": padding, "groups": groups,
                "bias": bias.is_some(),
            }),
        ),
        Operation::Normalise { .. } => ("BatchNorm2d", json!({"num_features": to})),
        Operation::Relu => ("ReLU", json!({})),
        Operation::Add => ("Add", json!({})),
        Operation::Pool { pooling: Pooling::Max, window } => ("MaxPool2d", json!({"kernel_size": window})),
        Operation::Pool { pooling: Pooling::Mean, window } => ("AvgPool2d", json!({"kernel_size": window})),
        Operation::Flatten => ("Flatten", json!({})),
    }
}

/// The shape of a shift: that of the value, or `[channels, 1, 1]`.
pub(super) fn shift_shape(shift: &[f32], shape: &[u32]) -> Vec<usize> {
    let whole: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    if whole.iter().product::<usize>() == shift.len() { whole } else { vec![shift.len(), 1, 1] }
}

fn add(tensors: &mut Tensors, node: &Node, from: u32) {
    let Node { name, operation, shape, .. } = node;
    let to = shape[0] as usize;
    let mut floats = |part: &str, shape: &[usize], values: &[f32]| tensors.floats(format!("{name}.{part}"), shape, values);
    match operation {
        Operation::Scale { scale, shift } => {
            floats("scale", &[], &[*scale]);
            floats("shift", &shift_shape(shift, shape), shift);
        }
        Operation::Select { places } => {
            let index: Vec<i64> = places.iter().map(|place| i64::from(place.unwrap_or(from))).collect();
            tensors.add(format!("{name}.index"), Dtype::I64, &[index.len()], &index);
        }
        Operation::Linear { weights, bias } => {
            floats("weight", &[to, weights.len() / to], weights);
            floats("bias", &[to], bias);
        }
        Operation::Convolve { weights, bias, kernel, .. } => {
            let side = *kernel as usize;
            floats("weight", &[to, weights.len() / to / (side * side), side, side], weights);
            if let Some(bias) = bias {
                floats("bias", &[to], bias);
            }
        }
        Operation::Normalise { scale, shift, mean, variance } => {
            for (part, values) in [("weight", scale), ("bias", shift), ("running_mean", mean), ("running_var", variance)] {
                floats(part, &[to], values);
            }
            tensors.add(format!("{name}.num_batches_tracked"), Dtype::I64, &[], &[0i64]);
        }
        Operation::Relu | Operation::Add | Operation::Pool { .. } | Operation::Flatten => {}
    }
}

/// The file.
///
/// # Errors
/// The library of safetensors refuses a tensor.
pub fn to_bytes(network: &Network, about: &About) -> Result<Vec<u8>, ExportError> {
    let mut tensors = Tensors::default();
    let name = |value: &Value| match *value {
        Value::Input => "input",
        Value::Node(node) => network.nodes[node].name.as_str(),
    };
    let mut nodes = Vec::with_capacity(network.nodes.len());
    for node in &network.nodes {
        add(&mut tensors, node, network.shape(node.inputs[0])[0]);
        let (class, arguments) = module(network, node);
        let inputs: Vec<&str> = node.inputs.iter().map(name).collect();
        nodes.push(json!({"name": node.name, "module": class, "arguments": arguments, "inputs": inputs}));
    }
    let mut metadata: HashMap<String, String> = about.metadata(network).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    metadata.insert("network".to_owned(), json!(nodes).to_string());
    tensors.to_bytes(metadata).map_err(|error| ExportError::Tensors(error.to_string()))
}
