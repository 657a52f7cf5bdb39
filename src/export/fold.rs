//! Normalisations become part of the convolutions before them: in an evaluation a normalisation is a factor and a number added.

use super::{EPSILON, Network, Node, Operation, Value};

impl Network {
    /// The network with each normalisation that follows a convolution folded into it: w′ = w · scale / √(variance + ε) and
    /// b′ = shift − mean · scale / √(variance + ε). A normalisation of a sum stays.
    #[must_use]
    pub fn folded(&self) -> Self {
        let readers = |value: Value| self.nodes.iter().flat_map(|node| &node.inputs).filter(|input| **input == value).count();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        // The value that each node now makes.
        let mut values: Vec<Value> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            if let Operation::Normalise { scale, shift, mean, variance } = &node.operation
                && let [Value::Node(before)] = node.inputs[..]
                && readers(Value::Node(before)) == 1
                && let Value::Node(now) = values[before]
                && let Operation::Convolve { weights, bias, .. } = &mut nodes[now].operation
            {
                let each = scale.iter().zip(variance).map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + EPSILON).sqrt());
                let factors: Vec<f64> = each.collect();
                let of_output = weights.len() / factors.len();
                for (weights, factor) in weights.chunks_exact_mut(of_output).zip(&factors) {
                    for weight in weights {
                        *weight = (f64::from(*weight) * factor) as f32;
                    }
                }
                let added = factors.iter().zip(shift).zip(mean);
                *bias = Some(added.map(|((factor, &shift), &mean)| (f64::from(shift) - f64::from(mean) * factor) as f32).collect());
                values.push(Value::Node(now));
                continue;
            }
            let inputs = node.inputs.iter().map(|&input| if let Value::Node(node) = input { values[node] } else { input }).collect();
            nodes.push(Node { inputs, ..node.clone() });
            values.push(Value::Node(nodes.len() - 1));
        }
        Self { nodes, ..self.clone() }
    }
}
