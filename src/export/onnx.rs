//! A network as an ONNX file, and the messages of that format: those fields that are written. The numbers of fields and of types are those of
//! `onnx.proto` (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>).

use prost::Message as _;

use crate::model::Pooling;

use super::torch::shift_shape;
use super::{About, EPSILON, ExportError, Network, Node, Operation, Value};

/// Versions of the format and of the operators. They are those of ONNX 1.8, of 2020: older programs read them too.
const IR_VERSION: i64 = 7;
const OPSET: i64 = 13;
/// Most bytes of a message of protobuf.
const MOST_BYTES: u64 = i32::MAX as u64;
/// Values of `TensorProto.DataType`.
const FLOAT: i32 = 1;
const INT64: i32 = 7;
/// The names of the network's input and output.
pub const INPUT: &str = "input";
pub const OUTPUT: &str = "logits";

/// The messages. Fields whose value may be 0 are optional, so that 0 is written.
pub mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Model {
        #[prost(int64, optional, tag = "1")]
        pub ir_version: Option<i64>,
        #[prost(string, tag = "2")]
        pub producer_name: String,
        #[prost(string, tag = "3")]
        pub producer_version: String,
        #[prost(message, optional, tag = "7")]
        pub graph: Option<Graph>,
        #[prost(message, repeated, tag = "8")]
        pub opset_import: Vec<OperatorSet>,
        #[prost(message, repeated, tag = "14")]
        pub metadata_props: Vec<Entry>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct OperatorSet {
        #[prost(string, optional, tag = "1")]
        pub domain: Option<String>,
        #[prost(int64, optional, tag = "2")]
        pub version: Option<i64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Entry {
        #[prost(string, optional, tag = "1")]
        pub key: Option<String>,
        #[prost(string, optional, tag = "2")]
        pub value: Option<String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Graph {
        #[prost(message, repeated, tag = "1")]
        pub node: Vec<Node>,
        #[prost(string, tag = "2")]
        pub name: String,
        #[prost(message, repeated, tag = "5")]
        pub initializer: Vec<Tensor>,
        #[prost(message, repeated, tag = "11")]
        pub input: Vec<ValueInfo>,
        #[prost(message, repeated, tag = "12")]
        pub output: Vec<ValueInfo>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Node {
        #[prost(string, repeated, tag = "1")]
        pub input: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        pub output: Vec<String>,
        #[prost(string, tag = "3")]
        pub name: String,
        #[prost(string, tag = "4")]
        pub op_type: String,
        #[prost(message, repeated, tag = "5")]
        pub attribute: Vec<Attribute>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Attribute {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(float, optional, tag = "2")]
        pub f: Option<f32>,
        #[prost(int64, optional, tag = "3")]
        pub i: Option<i64>,
        #[prost(int64, repeated, tag = "8")]
        pub ints: Vec<i64>,
        /// `AttributeProto.AttributeType`: 1 a float, 2 an integer, 7 integers.
        #[prost(int32, optional, tag = "20")]
        pub r#type: Option<i32>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Tensor {
        #[prost(int64, repeated, tag = "1")]
        pub dims: Vec<i64>,
        #[prost(int32, optional, tag = "2")]
        pub data_type: Option<i32>,
        #[prost(string, tag = "8")]
        pub name: String,
        #[prost(bytes = "vec", optional, tag = "9")]
        pub raw_data: Option<Vec<u8>>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ValueInfo {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(message, optional, tag = "2")]
        pub r#type: Option<Type>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Type {
        #[prost(message, optional, tag = "1")]
        pub tensor_type: Option<TensorType>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct TensorType {
        #[prost(int32, optional, tag = "1")]
        pub elem_type: Option<i32>,
        #[prost(message, optional, tag = "2")]
        pub shape: Option<Shape>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Shape {
        #[prost(message, repeated, tag = "1")]
        pub dim: Vec<Dimension>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Dimension {
        #[prost(int64, optional, tag = "1")]
        pub dim_value: Option<i64>,
        #[prost(string, optional, tag = "2")]
        pub dim_param: Option<String>,
    }
}

fn float(name: &str, value: f32) -> proto::Attribute {
    proto::Attribute { name: name.to_owned(), f: Some(value), r#type: Some(1), ..proto::Attribute::default() }
}

fn integer(name: &str, value: i64) -> proto::Attribute {
    proto::Attribute { name: name.to_owned(), i: Some(value), r#type: Some(2), ..proto::Attribute::default() }
}

fn integers(name: &str, values: &[u32]) -> proto::Attribute {
    let ints = values.iter().map(|&value| value.into()).collect();
    proto::Attribute { name: name.to_owned(), ints, r#type: Some(7), ..proto::Attribute::default() }
}

/// A value of floats of any batch.
fn value_info(name: &str, shape: &[u32]) -> proto::ValueInfo {
    let batch = proto::Dimension { dim_value: None, dim_param: Some("batch".to_owned()) };
    let others = shape.iter().map(|&size| proto::Dimension { dim_value: Some(size.into()), dim_param: None });
    let shape = proto::Shape { dim: std::iter::once(batch).chain(others).collect() };
    let tensor_type = proto::TensorType { elem_type: Some(FLOAT), shape: Some(shape) };
    proto::ValueInfo { name: name.to_owned(), r#type: Some(proto::Type { tensor_type: Some(tensor_type) }) }
}

/// The graph under construction.
#[derive(Default)]
struct Builder {
    nodes: Vec<proto::Node>,
    tensors: Vec<proto::Tensor>,
}

impl Builder {
    /// Adds a tensor and returns its name.
    fn tensor(&mut self, name: String, data_type: i32, shape: &[usize], bytes: Vec<u8>) -> String {
        let dims = shape.iter().map(|&size| size as i64).collect();
        self.tensors.push(proto::Tensor { dims, data_type: Some(data_type), name: name.clone(), raw_data: Some(bytes) });
        name
    }

    fn floats(&mut self, name: String, shape: &[usize], values: &[f32]) -> String {
        self.tensor(name, FLOAT, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn numbers(&mut self, name: String, values: &[i64]) -> String {
        self.tensor(name, INT64, &[values.len()], values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn node(&mut self, op_type: &str, input: Vec<String>, output: &str, attribute: Vec<proto::Attribute>) {
        let (output, op_type) = (output.to_owned(), op_type.to_owned());
        self.nodes.push(proto::Node { input, name: output.clone(), output: vec![output], op_type, attribute });
    }

    /// Adds the operators of a node that reads the values `inputs`, the first of which has the shape `from`, and writes the value `output`.
    fn add(&mut self, node: &Node, mut inputs: Vec<String>, from: &[u32], output: &str) {
        let (name, to) = (&node.name, node.shape[0] as usize);
        let part = |part: &str| format!("{name}.{part}");
        match &node.operation {
            Operation::Scale { scale, shift } => {
                inputs.push(self.floats(part("scale"), &[], &[*scale]));
                let scaled = part("scaled");
                self.node("Mul", inputs, &scaled, Vec::new());
                let shift = self.floats(part("shift"), &shift_shape(shift, &node.shape), shift);
                self.node("Add", vec![scaled, shift], output, Vec::new());
            }
            Operation::Select { places } => self.select(places, inputs, from, output, name),
            Operation::Linear { weights, bias } => {
                inputs.push(self.floats(part("weight"), &[to, weights.len() / to], weights));
                inputs.push(self.floats(part("bias"), &[to], bias));
                self.node("Gemm", inputs, output, vec![integer("transB", 1)]);
            }
            Operation::Convolve { weights, bias, kernel, stride, padding, groups } => {
                let side = *kernel as usize;
                inputs.push(self.floats(part("weight"), &[to, weights.len() / to / (side * side), side, side], weights));
                if let Some(bias) = bias {
                    inputs.push(self.floats(part("bias"), &[to], bias));
                }
                let attributes = vec![
                    integer("group", i64::from(*groups)),
                    integers("kernel_shape", &[*kernel; 2]),
                    integers("pads", &[*padding; 4]),
                    integers("strides", &[*stride; 2]),
                ];
                self.node("Conv", inputs, output, attributes);
            }
            Operation::Normalise { scale, shift, mean, variance } => {
                for (one, values) in [("weight", scale), ("bias", shift), ("running_mean", mean), ("running_var", variance)] {
                    inputs.push(self.floats(part(one), &[to], values));
                }
                self.node("BatchNormalization", inputs, output, vec![float("epsilon", EPSILON as f32)]);
            }
            Operation::Relu => self.node("Relu", inputs, output, Vec::new()),
            Operation::Add => self.node("Add", inputs, output, Vec::new()),
            Operation::Pool { pooling, window } => {
                let op_type = match pooling {
                    Pooling::Max => "MaxPool",
                    Pooling::Mean => "AveragePool",
                };
                self.node(op_type, inputs, output, vec![integers("kernel_shape", &[*window; 2]), integers("strides", &[*window; 2])]);
            }
            Operation::Flatten => self.node("Flatten", inputs, output, vec![integer("axis", 1)]),
        }
    }

    /// Channels by their places. Channels of zeros at the end are a `Pad`; elsewhere a channel of zeros is added and gathered too.
    fn select(&mut self, places: &[Option<u32>], inputs: Vec<String>, from: &[u32], output: &str, name: &str) {
        let own = from[0] as usize;
        let is_extended = places.len() > own
            && (0..).zip(places).all(|(at, place)| if (at as usize) < own { *place == Some(at) } else { place.is_none() });
        let pad = |builder: &mut Self, count: usize, inputs: Vec<String>, output: &str| {
            // Of each axis what is added before, then of each what is added after.
            let axes = from.len() + 1;
            let mut pads = vec![0; 2 * axes];
            pads[axes + 1] = count as i64;
            let pads = builder.numbers(format!("{name}.pads"), &pads);
            builder.node("Pad", [inputs, vec![pads]].concat(), output, Vec::new());
        };
        if is_extended {
            pad(self, places.len() - own, inputs, output);
            return;
        }
        let mut inputs = inputs;
        if places.contains(&None) {
            let extended = format!("{name}.extended");
            pad(self, 1, inputs, &extended);
            inputs = vec![extended];
        }
        let index: Vec<i64> = places.iter().map(|place| place.map_or(own as i64, i64::from)).collect();
        inputs.push(self.numbers(format!("{name}.index"), &index));
        self.node("Gather", inputs, output, vec![integer("axis", 1)]);
    }
}

/// The file.
///
/// # Errors
/// A network that is larger than a file can be.
pub fn to_bytes(network: &Network, about: &About) -> Result<Vec<u8>, ExportError> {
    let last = network.nodes.len() - 1;
    let value = |value: Value| match value {
        Value::Input => INPUT.to_owned(),
        Value::Node(node) if node == last => OUTPUT.to_owned(),
        Value::Node(node) => network.nodes[node].name.clone(),
    };
    let mut builder = Builder::default();
    for (at, node) in network.nodes.iter().enumerate() {
        let inputs = node.inputs.iter().map(|&input| value(input)).collect();
        builder.add(node, inputs, network.shape(node.inputs[0]), &value(Value::Node(at)));
    }
    let entries = about.metadata(network).into_iter();
    let model = proto::Model {
        ir_version: Some(IR_VERSION),
        producer_name: "lacuna".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(proto::Graph {
            node: builder.nodes,
            name: network.name.clone(),
            initializer: builder.tensors,
            input: vec![value_info(INPUT, &network.input)],
            output: vec![value_info(OUTPUT, &[network.classes()])],
        }),
        opset_import: vec![proto::OperatorSet { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: entries.map(|(key, value)| proto::Entry { key: Some(key.to_owned()), value: Some(value) }).collect(),
    };
    let bytes = model.encoded_len() as u64;
    if bytes > MOST_BYTES {
        return Err(ExportError::TooLarge { bytes, most: MOST_BYTES });
    }
    Ok(model.encode_to_vec())
}
