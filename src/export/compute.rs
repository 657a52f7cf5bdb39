//! The logits of a network as plain values.

use crate::model::Pooling;

use super::{EPSILON, Network, Node, Operation, Value};

/// `[outputs, height, width]` of a convolution.
fn convolve(node: &Node, input: &[f64], shape: &[u32]) -> Vec<f64> {
    let Operation::Convolve { weights, bias, kernel, stride, padding, groups } = &node.operation else {
        unreachable!("the caller has a convolution")
    };
    let [channels, height, width] = [0, 1, 2].map(|axis| shape[axis] as usize);
    let [outputs, rows, columns] = [0, 1, 2].map(|axis| node.shape[axis] as usize);
    let [kernel, stride, padding, groups] = [*kernel, *stride, *padding, *groups].map(|size| size as usize);
    let (own, of_group) = (channels / groups, outputs / groups);
    let mut found = vec![0.0; outputs * rows * columns];
    for output in 0..outputs {
        let plane = &mut found[output * rows * columns..][..rows * columns];
        plane.fill(bias.as_ref().map_or(0.0, |bias| f64::from(bias[output])));
        for channel in 0..own {
            let from = &input[(output / of_group * own + channel) * height * width..][..height * width];
            for down in 0..kernel {
                for right in 0..kernel {
                    let weight = f64::from(weights[((output * own + channel) * kernel + down) * kernel + right]);
                    for row in 0..rows {
                        let Some(y) = (row * stride + down).checked_sub(padding).filter(|&y| y < height) else { continue };
                        for (column, sum) in plane[row * columns..][..columns].iter_mut().enumerate() {
                            let Some(x) = (column * stride + right).checked_sub(padding).filter(|&x| x < width) else { continue };
                            *sum += weight * from[y * width + x];
                        }
                    }
                }
            }
        }
    }
    found
}

/// Windows of each channel side by side.
fn pool(node: &Node, pooling: Pooling, window: u32, input: &[f64], shape: &[u32]) -> Vec<f64> {
    let [rows, columns, window] = [node.shape[1], node.shape[2], window].map(|size| size as usize);
    let (height, width) = (shape[1] as usize, shape[2] as usize);
    let mut found = Vec::with_capacity(node.shape[0] as usize * rows * columns);
    for plane in input.chunks_exact(height * width) {
        for at in 0..rows * columns {
            let first = at / columns * window * width + at % columns * window;
            let values = (0..window * window).map(|k| plane[first + k / window * width + k % window]);
            found.push(match pooling {
                Pooling::Max => values.fold(f64::NEG_INFINITY, f64::max),
                Pooling::Mean => values.sum::<f64>() / (window * window) as f64,
            });
        }
    }
    found
}

fn compute(node: &Node, inputs: &[&[f64]], shape: &[u32]) -> Vec<f64> {
    let input = inputs[0];
    // Cells of a channel.
    let cells: usize = shape[1..].iter().map(|&size| size as usize).product();
    match &node.operation {
        Operation::Scale { scale, shift } => {
            let each = input.len() / shift.len();
            input.iter().enumerate().map(|(at, value)| f64::from(*scale) * value + f64::from(shift[at / each])).collect()
        }
        Operation::Select { places } => {
            let of =
                |place: &Option<u32>| place.map_or_else(|| vec![0.0; cells], |place| input[place as usize * cells..][..cells].to_vec());
            places.iter().flat_map(of).collect()
        }
        Operation::Linear { weights, bias } => {
            let row = |(weights, bias): (&[f32], &f32)| {
                f64::from(*bias) + weights.iter().zip(input).map(|(&weight, value)| f64::from(weight) * value).sum::<f64>()
            };
            weights.chunks_exact(input.len()).zip(bias).map(row).collect()
        }
        Operation::Convolve { .. } => convolve(node, input, shape),
        Operation::Normalise { scale, shift, mean, variance } => {
            let normalised = |(at, value): (usize, &f64)| {
                let [scale, shift, mean, variance] = [scale, shift, mean, variance].map(|values| f64::from(values[at / cells]));
                scale * (value - mean) / (variance + EPSILON).sqrt() + shift
            };
            input.iter().enumerate().map(normalised).collect()
        }
        Operation::Relu => input.iter().map(|value| value.max(0.0)).collect(),
        Operation::Add => input.iter().zip(inputs[1]).map(|(a, b)| a + b).collect(),
        Operation::Pool { pooling, window } => pool(node, *pooling, *window, input, shape),
        Operation::Flatten => input.to_vec(),
    }
}

impl Network {
    /// `[rows, classes]` logits of `[rows, I]` bytes, computed in f64.
    #[must_use]
    pub fn logits(&self, rows: &[u8]) -> Vec<f64> {
        rows.chunks_exact(self.image.features() as usize).flat_map(|row| self.logits_of(row)).collect()
    }

    fn logits_of(&self, row: &[u8]) -> Vec<f64> {
        let input: Vec<f64> = row.iter().copied().map(f64::from).collect();
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let of = |value: &Value| match *value {
                Value::Input => &input[..],
                Value::Node(node) => &values[node][..],
            };
            let inputs: Vec<&[f64]> = node.inputs.iter().map(of).collect();
            let found = compute(node, &inputs, self.shape(node.inputs[0]));
            values.push(found);
            // Values that nothing reads any more need no memory.
            for &value in &node.inputs {
                let is_read = self.nodes[at + 1..].iter().any(|later| later.inputs.contains(&value));
                if let (Value::Node(node), false) = (value, is_read) {
                    values[node] = Vec::new();
                }
            }
        }
        values.pop().unwrap_or_default()
    }
}
