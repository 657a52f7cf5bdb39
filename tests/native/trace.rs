//! A traced step, recomputed from its file alone: dense tensors times masks in f64, with a separate forward and backward pass along the network that
//! the file describes, and separate batch statistics, softmax, Adam and projection. The tests use nothing of the program but its binary.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

/// A trace file, with every tensor as f64, and the bits of its floats.
struct Trace {
    values: HashMap<String, Vec<f64>>,
    shapes: HashMap<String, Vec<usize>>,
    bits: HashMap<String, Vec<u32>>,
    settings: HashMap<String, String>,
}

impl Trace {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut trace = Self {
            values: HashMap::new(),
            shapes: HashMap::new(),
            bits: HashMap::new(),
            settings: header.metadata().clone().expect("a trace names its settings"),
        };
        for (name, view) in file.iter() {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => {
                    let words: Vec<u32> = data.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
                    let values = words.iter().map(|&bits| f64::from(f32::from_bits(bits))).collect();
                    trace.bits.insert(name.to_owned(), words);
                    values
                }
                Dtype::I64 => data.chunks_exact(8).map(|word| i64::from_le_bytes(word.try_into().unwrap()) as f64).collect(),
                Dtype::U8 => data.iter().map(|&byte| f64::from(byte)).collect(),
                other => panic!("{name} is {other:?}"),
            };
            trace.shapes.insert(name.to_owned(), view.shape().to_vec());
            trace.values.insert(name.to_owned(), values);
        }
        trace
    }

    fn tensor(&self, name: &str) -> &[f64] {
        self.values.get(name).unwrap_or_else(|| panic!("the trace has no {name}, only {:?}", self.shapes.keys()))
    }

    fn number(&self, name: &str) -> f64 {
        assert!(self.shapes[name].is_empty(), "{name} is one number");
        self.tensor(name)[0]
    }

    fn setting<T: std::str::FromStr>(&self, name: &str) -> T {
        self.settings[name].parse().unwrap_or_else(|_| panic!("setting {name} is {}", self.settings[name]))
    }
}

/// Units that share a mask.
struct Group {
    size: usize,
    /// The index of its first unit among the gated ones, if they are gated.
    first_unit: Option<usize>,
    /// What each unit counts in the budget, if they are gated.
    price: f64,
    /// The groups of the same size of which it is the union.
    union_of: Option<[usize; 2]>,
}

/// The activations of a group: `[units, images, height, width]`.
struct Map {
    group: usize,
    height: usize,
    width: usize,
}

impl Map {
    fn pixels(&self) -> usize {
        self.height * self.width
    }
}

enum Kind {
    Convolve {
        kernel: usize,
        stride: usize,
        padding: usize,
        bias: bool,
    },
    /// Each channel with its own kernel.
    Depthwise {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    /// Batch normalisation if there is a layer, then the sum with the shortcut if there is one.
    Normalise {
        shortcut: Option<usize>,
    },
    MaxPool {
        window: usize,
    },
    MeanPool {
        window: usize,
    },
}

/// Reads map `input` and writes map `output`, with relu where it is `rectified`.
struct Op {
    kind: Kind,
    layer: Option<usize>,
    input: usize,
    output: usize,
    rectified: bool,
}

/// The network that the trace describes, from map 0, the inputs, to the last one, the logits.
struct Network {
    groups: Vec<Group>,
    maps: Vec<Map>,
    ops: Vec<Op>,
}

fn index(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no index")) as usize
}

fn optional(value: &Value) -> Option<usize> {
    (!value.is_null()).then(|| index(value))
}

impl Network {
    fn read(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap();
        let each = |name: &str| json[name].as_array().unwrap().clone();
        let group = |group: &Value| {
            let union_of = group["union_of"].as_array().map(|parents| [index(&parents[0]), index(&parents[1])]);
            let first_unit = optional(&group["first_unit"]);
            assert_eq!(group["gated"], first_unit.is_some(), "{group}");
            Group { size: index(&group["size"]), first_unit, price: group["price"].as_f64().unwrap_or(0.0), union_of }
        };
        let map = |map: &Value| Map { group: index(&map["group"]), height: index(&map["height"]), width: index(&map["width"]) };
        let op = |op: &Value| {
            let number = |name: &str| index(&op[name]);
            let kind = match op["op"].as_str().unwrap() {
                "convolve" => Kind::Convolve {
                    kernel: number("kernel"),
                    stride: number("stride"),
                    padding: number("padding"),
                    bias: op["bias"].as_bool().unwrap(),
                },
                "depthwise" => Kind::Depthwise { kernel: number("kernel"), stride: number("stride"), padding: number("padding") },
                "normalise" | "add" => Kind::Normalise { shortcut: optional(&op["shortcut"]) },
                "max pool" => Kind::MaxPool { window: number("window") },
                "mean pool" => Kind::MeanPool { window: number("window") },
                other => panic!("operation {other}"),
            };
            assert_eq!(["convolve", "depthwise", "normalise"].contains(&op["op"].as_str().unwrap()), op["layer"].is_u64(), "{op}");
            let rectified = op["rectified"].as_bool().unwrap_or(false);
            Op { kind, layer: optional(&op["layer"]), input: number("input"), output: number("output"), rectified }
        };
        Self {
            groups: each("groups").iter().map(group).collect(),
            maps: each("maps").iter().map(map).collect(),
            ops: each("ops").iter().map(op).collect(),
        }
    }

    fn group_of(&self, map: usize) -> &Group {
        &self.groups[self.maps[map].group]
    }

    /// Splits `flat`, numbers of the gated units, into groups; other groups have ones, and unions are left out.
    fn spread(&self, flat: &[f64]) -> Masks {
        let units: usize = self.groups.iter().filter(|group| group.first_unit.is_some()).map(|group| group.size).sum();
        assert_eq!(flat.len(), units, "one number for each gated unit");
        let own = |group: &Group| group.first_unit.map_or(vec![1.0; group.size], |first| flat[first..first + group.size].to_vec());
        self.groups.iter().map(own).collect()
    }

    /// A mask of all groups: a group without a drawn unit keeps its first unit with the highest score; a union keeps what either branch keeps.
    fn mask(&self, drawn: &[f64], scores: &[f64]) -> Masks {
        let (mut masks, scores) = (self.spread(drawn), self.spread(scores));
        for (g, group) in self.groups.iter().enumerate() {
            if masks[g].iter().all(|&kept| kept == 0.0) {
                let highest = scores[g].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                masks[g][scores[g].iter().position(|&score| score == highest).unwrap()] = 1.0;
            }
            if let Some([a, b]) = group.union_of {
                masks[g] = masks[a].iter().zip(&masks[b]).map(|(a, b)| f64::max(*a, *b)).collect();
            }
        }
        masks
    }

    /// The gated units of a mask.
    /// The price of each gated unit.
    fn prices(&self) -> Vec<f64> {
        self.flat(&self.groups.iter().map(|group| vec![group.price; group.size]).collect())
    }

    fn flat(&self, masks: &Masks) -> Vec<f64> {
        let gated = self.groups.iter().zip(masks).filter(|(group, _)| group.first_unit.is_some());
        gated.flat_map(|(_, mask)| mask.clone()).collect()
    }
}

/// For each group one number a unit: 1 if it is kept, 0 if not.
type Masks = Vec<Vec<f64>>;

/// A vector for each `weights.l`, `scale.l` and `shift.l` of every layer l.
type Parameters = BTreeMap<String, Vec<f64>>;

/// The gradient of the loss for every parameter.
#[derive(Default)]
struct Gradients {
    values: Parameters,
    /// The same sums with the absolute values of their products.
    sizes: Parameters,
    /// `[U]` the Fisher information of each gated unit's mask, from the derivative of each image's loss.
    information: Vec<f64>,
}

/// Where one tap of a convolution is inside the image: for each row of outputs the first pixel written, the first one read, and their number.
fn meetings(input: &Map, output: &Map, [row_tap, column_tap]: [usize; 2], stride: usize, padding: usize) -> Vec<[usize; 3]> {
    // An output at q reads q * stride + tap - padding, where that is a pixel.
    let reads = |q: usize, tap: usize, size: usize| (q * stride + tap).checked_sub(padding).filter(|&at| at < size);
    let columns: Vec<usize> = (0..output.width).filter(|&q| reads(q, column_tap, input.width).is_some()).collect();
    let Some(&first) = columns.first() else { return Vec::new() };
    let rows = (0..output.height).filter_map(|q| Some([q, reads(q, row_tap, input.height)?]));
    let from = reads(first, column_tap, input.width).unwrap();
    rows.map(|[q, row]| [q * output.width + first, row * input.width + from, columns.len()]).collect()
}

/// The inputs of a step.
struct Task {
    network: Network,
    parameters: Parameters,
    /// `[units, images, pixels]` of the inputs.
    inputs: Vec<f64>,
    labels: Vec<usize>,
}

/// A forward pass under one mask.
struct Pass<'a> {
    task: &'a Task,
    masks: &'a Masks,
    /// Of each map; 0 for units that are off.
    values: Vec<Vec<f64>>,
    /// Mean and variance of each unit that a layer normalises.
    moments: BTreeMap<usize, Vec<[f64; 2]>>,
    loss: f64,
    /// Maps and pixels whose gradient depends on a comparison that f32 may decide differently.
    doubtful: Vec<[usize; 2]>,
}

/// Of the batch normalisation.
const EPSILON: f64 = 1e-5;

impl<'a> Pass<'a> {
    fn new(task: &'a Task, masks: &'a Masks) -> Self {
        Self::rounded(task, masks, None)
    }

    /// As [`Pass::new`]; with `rounding`, every value is wrong by 2^-24 of the largest of its unit, up or down, differently for each number.
    fn rounded(task: &'a Task, masks: &'a Masks, rounding: Option<usize>) -> Self {
        let network = &task.network;
        let mut pass =
            Self { task, masks, values: vec![Vec::new(); network.maps.len()], moments: BTreeMap::new(), loss: 0.0, doubtful: Vec::new() };
        pass.values[0].clone_from(&task.inputs);
        pass.mask(0);
        for op in &network.ops {
            let mut values = match op.kind {
                Kind::Convolve { kernel, stride, padding, bias } => pass.convolve(op, [kernel, stride, padding], bias),
                Kind::Depthwise { kernel, stride, padding } => pass.depthwise(op, [kernel, stride, padding]),
                Kind::Normalise { shortcut } => pass.normalise(op, shortcut),
                Kind::MaxPool { window } => pass.windows(op, window, |values| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                Kind::MeanPool { window } => pass.windows(op, window, |values| values.iter().sum::<f64>() / values.len() as f64),
            };
            if op.rectified {
                let kept = &masks[network.maps[op.output].group];
                let row = values.len() / kept.len();
                let near = |&at: &usize| values[at] != 0.0 && values[at].abs() < DOUBT && kept[at / row] == 1.0;
                pass.doubtful.extend((0..values.len()).filter(near).map(|at| [op.output, at]));
                for value in &mut values {
                    *value = value.max(0.0);
                }
            }
            if let Some(number) = rounding {
                let row = values.len() / masks[network.maps[op.output].group].len();
                for (unit, values) in values.chunks_mut(row).enumerate() {
                    let size = values.iter().fold(0.0, |size, value| f64::max(size, value.abs())) * 2f64.powi(-24);
                    for (at, value) in values.iter_mut().enumerate() {
                        *value += if noise(unit * row + at + 7919 * number + 104_729 * op.output) < 128 { size } else { -size };
                    }
                }
            }
            if let Kind::MaxPool { window } = op.kind {
                let gap = pass.windows(op, window, |values| {
                    let [first, second] = highest_two(values);
                    values[first] - values[second]
                });
                pass.doubtful.extend((0..gap.len()).filter(|&at| gap[at] != 0.0 && gap[at] < DOUBT).map(|at| [op.output, at]));
            }
            pass.values[op.output] = values;
            pass.mask(op.output);
        }
        let share = 1.0 / task.labels.len() as f64;
        pass.loss = task.labels.iter().enumerate().map(|(b, &label)| -share * pass.softmax(b)[label].ln()).sum();
        pass
    }

    fn images(&self) -> usize {
        self.task.labels.len()
    }

    /// A unit that is off is 0 at every pixel.
    fn mask(&mut self, map: usize) {
        times(&mut self.values[map], &self.masks[self.task.network.maps[map].group]);
    }

    fn convolve(&self, op: &Op, [kernel, stride, padding]: [usize; 3], bias: bool) -> Vec<f64> {
        let (network, weights) = (&self.task.network, &self.task.parameters[&format!("weights.{}", op.layer.unwrap())]);
        let [input, output] = [op.input, op.output].map(|map| &network.maps[map]);
        let [inputs, outputs] = [op.input, op.output].map(|map| network.group_of(map).size);
        let [pixels_in, pixels] = [input.pixels(), output.pixels()];
        let mut sums = vec![0.0; outputs * self.images() * pixels];
        if bias {
            let biases = &weights[kernel * kernel * inputs * outputs..];
            sums.chunks_mut(self.images() * pixels).zip(biases).for_each(|(row, &bias)| row.fill(bias));
        }
        for tap in 0..kernel * kernel {
            let meetings = meetings(input, output, [tap / kernel, tap % kernel], stride, padding);
            for (o, i) in pairs(outputs, inputs) {
                let weight = weights[(tap * inputs + i) * outputs + o];
                for b in 0..self.images() {
                    let read = &self.values[op.input][(i * self.images() + b) * pixels_in..][..pixels_in];
                    let written = &mut sums[(o * self.images() + b) * pixels..][..pixels];
                    for &[to, from, count] in &meetings {
                        for (sum, x) in written[to..to + count].iter_mut().zip(read[from..].iter().step_by(stride)) {
                            *sum += weight * x;
                        }
                    }
                }
            }
        }
        sums
    }

    fn depthwise(&self, op: &Op, [kernel, stride, padding]: [usize; 3]) -> Vec<f64> {
        let (network, weights) = (&self.task.network, &self.task.parameters[&format!("weights.{}", op.layer.unwrap())]);
        let [input, output] = [op.input, op.output].map(|map| &network.maps[map]);
        let (channels, images) = (network.group_of(op.input).size, self.images());
        let [pixels_in, pixels] = [input.pixels(), output.pixels()];
        let mut sums = vec![0.0; channels * images * pixels];
        for tap in 0..kernel * kernel {
            let meetings = meetings(input, output, [tap / kernel, tap % kernel], stride, padding);
            for (c, b) in pairs(channels, images) {
                let plane = c * images + b;
                for &[to, from, count] in &meetings {
                    for k in 0..count {
                        let x = self.values[op.input][plane * pixels_in + from + k * stride];
                        sums[plane * pixels + to + k] += weights[tap * channels + c] * x;
                    }
                }
            }
        }
        sums
    }

    fn d_depthwise(&self, op: &Op, [kernel, stride, padding]: [usize; 3], d: &[f64], gradients: &mut Gradients) -> Vec<f64> {
        let name = format!("weights.{}", op.layer.unwrap());
        let (network, weights) = (&self.task.network, &self.task.parameters[&name]);
        let [input, output] = [op.input, op.output].map(|map| &network.maps[map]);
        let (channels, images) = (network.group_of(op.input).size, self.images());
        let [pixels_in, pixels] = [input.pixels(), output.pixels()];
        let [mut d_in, mut d_weights, mut sizes] =
            [self.values[op.input].len(), weights.len(), weights.len()].map(|length| vec![0.0; length]);
        for tap in 0..kernel * kernel {
            let meetings = meetings(input, output, [tap / kernel, tap % kernel], stride, padding);
            for (c, b) in pairs(channels, images) {
                let (plane, at) = (c * images + b, tap * channels + c);
                for &[to, from, count] in &meetings {
                    for k in 0..count {
                        let (read, d) = (plane * pixels_in + from + k * stride, d[plane * pixels + to + k]);
                        let product = self.values[op.input][read] * d;
                        d_weights[at] += product;
                        sizes[at] += product.abs();
                        d_in[read] += weights[at] * d;
                    }
                }
            }
        }
        gradients.values.insert(name.clone(), d_weights);
        gradients.sizes.insert(name, sizes);
        d_in
    }

    /// The values that a layer normalises: each less its unit's mean over the batch and all pixels, divided by the deviation.
    fn normalised(&self, op: &Op, layer: usize) -> Vec<f64> {
        let values = &self.values[op.input];
        let row = values.len() / self.moments[&layer].len();
        let each = values.chunks(row).zip(&self.moments[&layer]);
        each.flat_map(|(row, [mean, variance])| row.iter().map(move |x| (x - mean) / (variance + EPSILON).sqrt())).collect()
    }

    fn normalise(&mut self, op: &Op, shortcut: Option<usize>) -> Vec<f64> {
        let mut values = self.values[op.input].clone();
        if let Some(layer) = op.layer {
            let [scale, shift] = ["scale", "shift"].map(|name| &self.task.parameters[&format!("{name}.{layer}")]);
            let row = values.len() / scale.len();
            let moments = values.chunks(row).map(|row| {
                let mean = row.iter().sum::<f64>() / row.len() as f64;
                [mean, row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / row.len() as f64]
            });
            self.moments.insert(layer, moments.collect());
            values = self.normalised(op, layer);
            for ((row, scale), shift) in values.chunks_mut(row).zip(scale).zip(shift) {
                for x in row {
                    *x = scale * *x + shift;
                }
            }
        }
        // The mask is applied after the normalisation: a unit that is off does not add its shift to the sum.
        times(&mut values, &self.masks[self.task.network.maps[op.input].group]);
        if let Some(shortcut) = shortcut {
            values.iter_mut().zip(&self.values[shortcut]).for_each(|(value, x)| *value += x);
        }
        values
    }

    /// The pixels of the windows of a pooling, in the order of the outputs.
    fn window_pixels(&self, op: &Op, window: usize) -> impl Iterator<Item = Vec<usize>> + use<> {
        let [input, output] = [op.input, op.output].map(|map| &self.task.network.maps[map]);
        let (planes, [pixels_in, pixels]) = (self.values[op.input].len() / input.pixels(), [input.pixels(), output.pixels()]);
        let (width_in, width) = (input.width, output.width);
        pairs(planes, pixels).map(move |(plane, q)| {
            let corner = plane * pixels_in + q / width * window * width_in + q % width * window;
            pairs(window, window).map(|(row, column)| corner + row * width_in + column).collect()
        })
    }

    fn windows(&self, op: &Op, window: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let windows = self.window_pixels(op, window);
        windows.map(|pixels| of(&pixels.iter().map(|&pixel| self.values[op.input][pixel]).collect::<Vec<f64>>())).collect()
    }

    fn softmax(&self, image: usize) -> Vec<f64> {
        let logits: Vec<f64> = self.values.last().unwrap().iter().skip(image).step_by(self.images()).copied().collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|z| (z - highest).exp()).collect();
        let total: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / total).collect()
    }

    /// The gradient of the loss for every parameter; with `otherwise`, as if that doubtful comparison had the other result.
    fn gradients(&self, otherwise: Option<[usize; 2]>) -> Gradients {
        let (network, images) = (&self.task.network, self.images());
        let mut gradients = Gradients::default();
        let mut information = vec![0.0; network.groups.iter().filter(|group| group.first_unit.is_some()).map(|group| group.size).sum()];
        let mut at_maps: Vec<Vec<f64>> = self.values.iter().map(|values| vec![0.0; values.len()]).collect();
        for (b, &label) in self.task.labels.iter().enumerate() {
            for (c, share) in self.softmax(b).into_iter().enumerate() {
                let target = if c == label { 1.0 } else { 0.0 };
                at_maps.last_mut().unwrap()[c * images + b] = (share - target) / images as f64;
            }
        }
        for op in network.ops.iter().rev() {
            let mut d = std::mem::take(&mut at_maps[op.output]);
            times(&mut d, &self.masks[network.maps[op.output].group]);
            if op.rectified {
                for (at, (d, value)) in d.iter_mut().zip(&self.values[op.output]).enumerate() {
                    if (*value > 0.0) == (otherwise == Some([op.output, at])) {
                        *d = 0.0;
                    }
                }
            }
            let normalises = |other: &Op| other.input == op.output && other.layer.is_some() && matches!(other.kind, Kind::Normalise { .. });
            if matches!(op.kind, Kind::Convolve { .. }) && !network.ops.iter().any(normalises) {
                self.inform(network.group_of(op.output), &self.values[op.output], &d, &mut information);
            }
            let d_in = match op.kind {
                Kind::Convolve { kernel, stride, padding, bias } => {
                    self.d_convolve(op, [kernel, stride, padding], bias, &d, &mut gradients)
                }
                Kind::Depthwise { kernel, stride, padding } => self.d_depthwise(op, [kernel, stride, padding], &d, &mut gradients),
                Kind::Normalise { shortcut } => {
                    if let Some(shortcut) = shortcut {
                        at_maps[shortcut].iter_mut().zip(&d).for_each(|(sum, d)| *sum += d);
                    }
                    times(&mut d, &self.masks[network.maps[op.input].group]);
                    // A mask counts at the last values of its units: those that no depthwise convolution reads.
                    let is_passed_on =
                        network.ops.iter().any(|other| other.input == op.output && matches!(other.kind, Kind::Depthwise { .. }));
                    if let Some(layer) = op.layer.filter(|_| !is_passed_on) {
                        let mut values = self.normalised(op, layer);
                        let [scale, shift] = ["scale", "shift"].map(|name| &self.task.parameters[&format!("{name}.{layer}")]);
                        let row = values.len() / scale.len();
                        for ((row, scale), shift) in values.chunks_mut(row).zip(scale).zip(shift) {
                            for x in row {
                                *x = scale * *x + shift;
                            }
                        }
                        self.inform(network.group_of(op.input), &values, &d, &mut information);
                    }
                    op.layer.map_or_else(|| d.clone(), |layer| self.d_normalise(op, layer, &d, &mut gradients))
                }
                Kind::MaxPool { window } | Kind::MeanPool { window } => {
                    let mut d_in = vec![0.0; self.values[op.input].len()];
                    for (at, (pixels, d)) in self.window_pixels(op, window).zip(&d).enumerate() {
                        if matches!(op.kind, Kind::MeanPool { .. }) {
                            for &pixel in &pixels {
                                d_in[pixel] += d / pixels.len() as f64;
                            }
                            continue;
                        }
                        let chosen = highest_two(&pixels.iter().map(|&pixel| self.values[op.input][pixel]).collect::<Vec<f64>>());
                        d_in[pixels[chosen[usize::from(otherwise == Some([op.output, at]))]]] += d;
                    }
                    d_in
                }
            };
            at_maps[op.input].iter_mut().zip(d_in).for_each(|(sum, d)| *sum += d);
        }
        self.inform(network.group_of(0), &self.values[0], &at_maps[0], &mut information);
        Gradients { information, ..gradients }
    }

    /// Writes the Fisher information of the masks of a group: `values` are what they multiply, `d` is the gradient at the products.
    fn inform(&self, group: &Group, values: &[f64], d: &[f64], information: &mut [f64]) {
        let Some(first) = group.first_unit else { return };
        let pixels = values.len() / group.size / self.images();
        let derivatives: Vec<f64> =
            values.chunks(pixels).zip(d.chunks(pixels)).map(|(x, d)| x.iter().zip(d).map(|(x, d)| x * d).sum()).collect();
        for (unit, of_images) in derivatives.chunks(self.images()).enumerate() {
            information[first + unit] = of_images.iter().map(|of| of * of).sum::<f64>() * self.images() as f64;
        }
    }

    fn d_convolve(&self, op: &Op, [kernel, stride, padding]: [usize; 3], bias: bool, d: &[f64], gradients: &mut Gradients) -> Vec<f64> {
        let name = format!("weights.{}", op.layer.unwrap());
        let (network, weights) = (&self.task.network, &self.task.parameters[&name]);
        let [input, output] = [op.input, op.output].map(|map| &network.maps[map]);
        let [inputs, outputs] = [op.input, op.output].map(|map| network.group_of(map).size);
        let [pixels_in, pixels] = [input.pixels(), output.pixels()];
        let (mut d_in, mut d_weights, mut sizes) =
            (vec![0.0; self.values[op.input].len()], vec![0.0; weights.len()], vec![0.0; weights.len()]);
        for tap in 0..kernel * kernel {
            let meetings = meetings(input, output, [tap / kernel, tap % kernel], stride, padding);
            for (o, i) in pairs(outputs, inputs) {
                let at = (tap * inputs + i) * outputs + o;
                for b in 0..self.images() {
                    let plane = (i * self.images() + b) * pixels_in..(i * self.images() + b + 1) * pixels_in;
                    let (read, read_d) = (&self.values[op.input][plane.clone()], &mut d_in[plane]);
                    let written = &d[(o * self.images() + b) * pixels..][..pixels];
                    for &[to, from, count] in &meetings {
                        let reads = read[from..].iter().step_by(stride).zip(read_d[from..].iter_mut().step_by(stride));
                        for (d, (x, d_x)) in written[to..to + count].iter().zip(reads) {
                            d_weights[at] += d * x;
                            sizes[at] += (d * x).abs();
                            *d_x += d * weights[at];
                        }
                    }
                }
            }
        }
        if bias {
            let first = kernel * kernel * inputs * outputs;
            for (o, row) in d.chunks(self.images() * pixels).enumerate() {
                (d_weights[first + o], sizes[first + o]) = (row.iter().sum(), size(row));
            }
        }
        gradients.values.insert(name.clone(), d_weights);
        gradients.sizes.insert(name, sizes);
        d_in
    }

    /// Through y = scale x + shift with x = (input - mean) / deviation, where mean and deviation are computed from the inputs.
    fn d_normalise(&self, op: &Op, layer: usize, d: &[f64], gradients: &mut Gradients) -> Vec<f64> {
        let (x, scale) = (self.normalised(op, layer), &self.task.parameters[&format!("scale.{layer}")]);
        let row = d.len() / scale.len();
        let (mut d_in, mut sums) = (Vec::new(), [(); 4].map(|()| Vec::new()));
        for (((d, x), scale), [_, variance]) in d.chunks(row).zip(x.chunks(row)).zip(scale).zip(&self.moments[&layer]) {
            let products: Vec<f64> = d.iter().zip(x).map(|(d, x)| d * x).collect();
            let (along_x, along_one, n) = (products.iter().sum::<f64>(), d.iter().sum::<f64>(), row as f64);
            // A change of only the mean or only the deviation changes nothing, so these two directions are subtracted.
            d_in.extend(d.iter().zip(x).map(|(d, x)| scale / (variance + EPSILON).sqrt() * (d - along_one / n - x * along_x / n)));
            sums.iter_mut().zip([along_x, along_one, size(&products), size(d)]).for_each(|(sums, sum)| sums.push(sum));
        }
        let [d_scale, d_shift, scale_sizes, shift_sizes] = sums;
        for (name, values, sizes) in [("scale", d_scale, scale_sizes), ("shift", d_shift, shift_sizes)] {
            gradients.values.insert(format!("{name}.{layer}"), values);
            gradients.sizes.insert(format!("{name}.{layer}"), sizes);
        }
        d_in
    }
}

/// The sum of all absolute values.
fn size(values: &[f64]) -> f64 {
    values.iter().map(|value| value.abs()).sum()
}

/// All pairs, the second number fastest.
fn pairs(first: usize, second: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..first).flat_map(move |a| (0..second).map(move |b| (a, b)))
}

/// The index of the first highest value, and that of the highest of the others.
fn highest_two(values: &[f64]) -> [usize; 2] {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    [order[0], order[1]]
}

/// Each unit's row times its mask.
fn times(values: &mut [f64], mask: &[f64]) {
    let row = values.len() / mask.len();
    for (row, mask) in values.chunks_mut(row).zip(mask) {
        for value in row {
            *value *= mask;
        }
    }
}

/// The least v with Σ p clamp(s − v p, 0, 1) ≤ K, by bisection to 1e-12.
fn threshold(scores: &[f64], prices: &[f64], budget: f64) -> f64 {
    let sum = |v: f64| scores.iter().zip(prices).map(|(s, p)| p * (s - v * p).clamp(0.0, 1.0)).sum::<f64>();
    if sum(0.0) <= budget {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, scores.iter().zip(prices).map(|(s, p)| s / p).fold(0.0, f64::max));
    while high - low > 1e-12 {
        let middle = f64::midpoint(low, high);
        if sum(middle) > budget { low = middle } else { high = middle }
    }
    high
}

/// The greatest v with Σ p min(s + v p, 1) within the budget over the scores above 0; 0 if none of them is below 1.
fn rise(scores: &[f64], prices: &[f64], budget: f64) -> f64 {
    let raised: Vec<(f64, f64)> = scores.iter().copied().zip(prices.iter().copied()).filter(|(s, _)| *s > 0.0).collect();
    let sum = |v: f64| raised.iter().map(|(s, p)| p * (s + v * p).min(1.0)).sum::<f64>();
    if raised.iter().all(|&(s, _)| s >= 1.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, prices.iter().map(|p| 1.0 / p).fold(1.0, f64::max));
    while high - low > 1e-12 {
        let middle = f64::midpoint(low, high);
        if sum(middle) <= budget { low = middle } else { high = middle }
    }
    low
}

// The tolerances of a step. In brackets: the largest error with llvmpipe, Mesa's driver in software.

/// For a loss: WGSL allows a logarithm an error of 2^-21 and an exponential one of a few roundings. (6e-7, in resnet20.)
const LOSS: f64 = 2e-6;
/// For a score: the effect of the losses' rounding on a step of 0.05, because Adam divides g by its own size. (5e-7.)
const SCORES: f64 = 2e-5;
/// For a gradient, relative to the largest sum of absolute products of its layer: f32 rounds each product by 6e-8, and the products nearly cancel.
/// Activations and their gradients add the rounding of all operations before. (2.1e-6 in resnet20, which has 44; 3e-7 in an mlp.)
const SUMS: f64 = 5e-6;
/// For a batch's mean, relative to the deviation, and its variance: f32 sums of up to thirty thousand terms, and the errors of earlier operations.
/// (6e-7.)
const MOMENTS: f64 = 2e-6;
/// For a feature as the network gets it: a byte times a scale and a shift, both rounded, and none larger than 4.
const SHOWN: f64 = 2e-6;
/// For a sum of two products with settings: four roundings of 6e-8. (1e-7.)
const ROUNDING: f64 = 2.4e-7;
/// Closer to 0 than this, f32 may compute an activation with the other sign, and two values of a window in the other order: they are about 1 in size,
/// after some twenty layers. The effect of the other result is computed, not included in a tolerance.
const DOUBT: f64 = 1e-5;
/// Roundings of a deep network's values that are tried. What they change adds up to a tolerance.
const ROUNDINGS: usize = 8;

fn close(name: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{name}: {found}, recomputed {expected}");
}

/// The start of a step, and its two forward passes and its backward pass, recomputed.
struct Step<'a> {
    trace: &'a Trace,
    number: i32,
    task: &'a Task,
    kept: Masks,
    loss: f64,
    /// If the probe was forwarded.
    probe_loss: Option<f64>,
    moments: BTreeMap<usize, Vec<[f64; 2]>>,
    gradients: Gradients,
    /// How much these may differ because of doubtful comparisons: the sum of the effects of each.
    slack: Parameters,
    /// Likewise of the Fisher information.
    information_slack: Vec<f64>,
    /// And of the losses under m and m′.
    loss_slack: [f64; 2],
}

impl Task {
    fn new(trace: &Trace) -> Self {
        let network = Network::read(&trace.settings["network"]);
        let mut parameters = Parameters::new();
        let mut statistics = 0;
        let mut take = |name: String, shape: Vec<usize>| {
            for key in [&name, &velocity_of(&name)] {
                for moment in ["before", "after"] {
                    assert_eq!(trace.shapes[&format!("{moment}.{key}")], shape, "{moment}.{key}");
                }
            }
            parameters.insert(name.clone(), trace.tensor(&format!("before.{name}")).to_vec());
        };
        for op in &network.ops {
            let Some(layer) = op.layer else { continue };
            let [inputs, outputs] = [op.input, op.output].map(|map| network.group_of(map).size);
            match op.kind {
                Kind::Convolve { bias: true, .. } => take(format!("weights.{layer}"), vec![inputs + 1, outputs]),
                Kind::Convolve { kernel, bias: false, .. } => take(format!("weights.{layer}"), vec![kernel, kernel, inputs, outputs]),
                Kind::Depthwise { kernel, .. } => take(format!("weights.{layer}"), vec![kernel, kernel, 1, outputs]),
                _ => {
                    take(format!("scale.{layer}"), vec![inputs]);
                    take(format!("shift.{layer}"), vec![inputs]);
                    statistics += 1;
                }
            }
        }
        let named = |begin: &str| trace.shapes.keys().filter(|name| name.starts_with(begin)).count();
        assert_eq!(named("before."), 5 + 2 * parameters.len() + 2 * statistics, "tensors of no operation: {:?}", trace.shapes.keys());
        assert_eq!(named("before."), named("after."));

        let labels: Vec<usize> = trace.tensor("labels").iter().map(|&label| label as usize).collect();
        assert_eq!(labels.len(), trace.setting::<usize>("batch_size"));
        let (map, units) = (&network.maps[0], network.group_of(0).size);
        let shape = if map.pixels() > 1 { vec![labels.len(), units, map.height, map.width] } else { vec![labels.len(), units] };
        assert_eq!(trace.shapes["inputs"], shape);
        let planes: Vec<&[f64]> = trace.tensor("inputs").chunks(map.pixels()).collect();
        let inputs = pairs(units, labels.len()).flat_map(|(unit, b)| planes[b * units + unit].to_vec()).collect();
        Self { network, parameters, inputs, labels }
    }

    /// Whether each number of a parameter belongs to kept units.
    fn kept_entries(&self, masks: &Masks) -> BTreeMap<String, Vec<bool>> {
        let mut kept = BTreeMap::new();
        for op in &self.network.ops {
            let [from, to] = [op.input, op.output].map(|map| &masks[self.network.maps[map].group]);
            match (&op.kind, op.layer) {
                (Kind::Convolve { kernel, .. }, Some(layer)) => {
                    let name = format!("weights.{layer}");
                    let entry = |at: usize| {
                        let row = at / to.len();
                        // The row after the taps is that of the biases, whose input is always on.
                        to[at % to.len()] == 1.0 && (row == kernel * kernel * from.len() || from[row % from.len()] == 1.0)
                    };
                    kept.insert(name.clone(), (0..self.parameters[&name].len()).map(entry).collect());
                }
                (Kind::Depthwise { .. }, Some(layer)) => {
                    let name = format!("weights.{layer}");
                    kept.insert(name.clone(), (0..self.parameters[&name].len()).map(|at| to[at % to.len()] == 1.0).collect());
                }
                (_, Some(layer)) => {
                    for name in ["scale", "shift"] {
                        kept.insert(format!("{name}.{layer}"), from.iter().map(|&kept| kept == 1.0).collect());
                    }
                }
                (_, None) => {}
            }
        }
        kept
    }
}

/// The name of a parameter's velocity.
fn velocity_of(name: &str) -> String {
    name.strip_prefix("weights").map_or_else(|| format!("velocity_{name}"), |rest| format!("velocity{rest}"))
}

/// How many numbers of units that were off did not change, and how many others did.
#[derive(Debug, Default)]
struct Counts {
    resting: u32,
    moving: u32,
}

fn norm(parameters: &Parameters) -> f64 {
    parameters.values().flatten().map(|g| g * g).sum::<f64>().sqrt()
}

impl<'a> Step<'a> {
    fn new(trace: &'a Trace, task: &'a Task) -> Self {
        let network = &task.network;
        let scores = trace.tensor("before.scores");
        let forwarded = |drawn: &str, kept: &str| {
            let masks = network.mask(trace.tensor(drawn), scores);
            assert_eq!(network.flat(&masks), trace.tensor(kept), "{kept}");
            masks
        };
        let kept = forwarded("mask", "kept_mask");
        for (drawn, score) in trace.tensor("mask").iter().zip(scores) {
            assert!((*score < 1.0 || *drawn == 1.0) && (*score > 0.0 || *drawn == 0.0), "a decided unit was drawn otherwise");
        }
        let pass = Pass::new(task, &kept);
        let gradients = pass.gradients(None);
        let mut slack: Parameters = gradients.values.iter().map(|(name, values)| (name.clone(), vec![0.0; values.len()])).collect();
        let mut information_slack = vec![0.0; gradients.information.len()];
        let mut allow = |otherwise: Gradients| {
            for ((slack, a), b) in information_slack.iter_mut().zip(&otherwise.information).zip(&gradients.information) {
                *slack += (a - b).abs();
            }
            for (name, other) in otherwise.values {
                let differences = other.iter().zip(&gradients.values[&name]).map(|(a, b)| (a - b).abs());
                slack.get_mut(&name).unwrap().iter_mut().zip(differences).for_each(|(slack, more)| *slack += more);
            }
        };
        for &doubt in &pass.doubtful {
            allow(pass.gradients(Some(doubt)));
        }
        let mut loss_slack = 0.0;
        // How much the rounding of f32 is amplified by so many normalisations in a row, without shortcuts.
        let is_deep = network.ops.iter().any(|op| matches!(op.kind, Kind::Depthwise { .. }));
        for number in 0..if is_deep { ROUNDINGS } else { 0 } {
            let rounded = Pass::rounded(task, &kept, Some(number));
            loss_slack += (rounded.loss - pass.loss).abs();
            allow(rounded.gradients(None));
        }
        let (loss, moments) = (pass.loss, pass.moments);
        let mut probe_slack = 0.0;
        let probe_loss = (trace.settings["method"] == "vrpge").then(|| {
            let masks = forwarded("probe", "kept_probe");
            let loss = Pass::new(task, &masks).loss;
            let rounded = (0..if is_deep { ROUNDINGS } else { 0 }).map(|number| Pass::rounded(task, &masks, Some(number)).loss);
            probe_slack = rounded.map(|rounded| (rounded - loss).abs()).sum();
            loss
        });
        let loss_slack = [loss_slack, probe_slack];
        Self {
            trace,
            number: trace.setting("step"),
            task,
            kept,
            loss,
            probe_loss,
            moments,
            gradients,
            slack,
            information_slack,
            loss_slack,
        }
    }

    fn check_losses(&self) {
        close("loss", self.trace.number("loss"), self.loss, LOSS * self.loss + self.loss_slack[0]);
        if let Some(probe_loss) = self.probe_loss {
            close("probe loss", self.trace.number("probe_loss"), probe_loss, LOSS * probe_loss + self.loss_slack[1]);
        } else {
            assert!(!self.trace.values.contains_key("probe_loss") && !self.trace.values.contains_key("d_scores"), "nothing was probed");
        }
    }

    /// g of one unit, and the possible effect of the losses' rounding.
    fn structure_gradient(&self, unit: usize, probe_loss: f64) -> (f64, f64) {
        let (s, m, p) = (self.trace.tensor("before.scores")[unit], self.trace.tensor("mask")[unit], self.trace.tensor("probe")[unit]);
        // The draw has 24 bits: for smaller scores, and at 1, the unit is decided.
        if s < 2f64.powi(-24) || s >= 1.0 {
            return (0.0, 0.0);
        }
        // What the effects of past steps explain of the losses' difference.
        let effects = if self.has_control() { self.trace.tensor("before.effects").to_vec() } else { vec![0.0; self.scores()] };
        let is_plain = self.trace.settings["estimator"] == "plain";
        let other = self.trace.tensor(if is_plain { "before.scores" } else { "probe" });
        let drawn = self.trace.tensor("mask").iter().zip(other);
        let loss = self.loss - drawn.zip(&effects).map(|((m, other), effect)| effect * (m - other)).sum::<f64>();
        let h = s * (1.0 - s);
        let raw = h * effects[unit]
            + match self.trace.settings["estimator"].as_str() {
                "two-sided" => 0.5 * (loss - probe_loss) * (m - p),
                "one-sided" => (loss - probe_loss) * (m - s),
                "plain" => loss * (m - s),
                other => panic!("estimator {other}"),
            };
        let spread = h.powf(1.0 - self.trace.setting::<f64>("alpha"));
        (raw / spread, (2.0 * LOSS * self.loss.max(probe_loss) + self.loss_slack[0] + self.loss_slack[1]) / spread)
    }

    fn scores(&self) -> usize {
        self.trace.tensor("before.scores").len()
    }

    /// Whether the step has a control variate.
    fn has_control(&self) -> bool {
        self.probe_loss.is_some() && self.trace.settings["control_variate"] == "true"
    }

    /// `[U]` dL/dm of each gated unit, and how much it may differ: Σ w dL/dw over the weights that make the unit or, of an input, that read it.
    fn mask_derivatives(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut found, mut tolerance) = (vec![0.0; self.scores()], vec![0.0; self.scores()]);
        let (network, parameters) = (&self.task.network, &self.task.parameters);
        let largest: BTreeMap<&String, f64> =
            self.gradients.sizes.iter().map(|(name, sizes)| (name, sizes.iter().copied().fold(0.0, f64::max))).collect();
        let mut set = |first: usize, unit: usize, places: &[(String, usize)]| {
            let sum = |of: &dyn Fn(&String, usize) -> f64| places.iter().map(|(name, at)| of(name, *at)).sum::<f64>();
            found[first + unit] = sum(&|name, at| parameters[name][at] * self.gradients.values[name][at]);
            tolerance[first + unit] = sum(&|name, at| parameters[name][at].abs() * (SUMS * largest[name] + self.slack[name][at]));
        };
        for op in &network.ops {
            let Some(layer) = op.layer else { continue };
            let [from, to] = [op.input, op.output].map(|map| network.group_of(map));
            if let Kind::Convolve { kernel, bias, .. } = op.kind {
                let (weights, taps) = (format!("weights.{layer}"), kernel * kernel);
                if let Some(first) = to.first_unit {
                    let rows = taps * from.size + usize::from(bias);
                    (0..to.size)
                        .for_each(|o| set(first, o, &(0..rows).map(|row| (weights.clone(), row * to.size + o)).collect::<Vec<_>>()));
                }
                if let (Some(first), 0) = (from.first_unit, op.input) {
                    for i in 0..from.size {
                        let places = pairs(taps, to.size).map(|(tap, o)| (weights.clone(), (tap * from.size + i) * to.size + o));
                        set(first, i, &places.collect::<Vec<_>>());
                    }
                }
            } else if let (Kind::Normalise { .. }, Some(first)) = (&op.kind, from.first_unit) {
                // Of two normalisations of a group, the last one counts.
                (0..from.size).for_each(|unit| set(first, unit, &["scale", "shift"].map(|name| (format!("{name}.{layer}"), unit))));
            }
        }
        (found, tolerance)
    }

    /// Checks dL/dm, and that the running effects of kept units follow it; others must not change.
    fn check_effects(&self, counts: &mut Counts) {
        let trace = self.trace;
        if !self.has_control() {
            assert_eq!(trace.bits["after.effects"], trace.bits["before.effects"], "nothing estimates effects");
            assert!(!trace.values.contains_key("d_masks"));
            return;
        }
        let (derivatives, tolerances) = self.mask_derivatives();
        let (rate, batch): (f64, f64) = (trace.setting("effect_rate"), trace.setting("batch_size"));
        let is_exact = trace.settings["exact_information"] == "true";
        assert_eq!(trace.values.contains_key("information"), is_exact);
        let largest = self.gradients.information.iter().copied().fold(0.0, f64::max);
        let rate = f64::from(rate as f32);
        for (unit, (&g, &tolerance)) in derivatives.iter().zip(&tolerances).enumerate() {
            let [before, after] = ["before", "after"].map(|moment| trace.tensor(&format!("{moment}.effects"))[unit]);
            let [steps, steps_after] = ["before", "after"].map(|moment| trace.tensor(&format!("{moment}.effect_steps"))[unit]);
            let is_kept = trace.tensor("kept_mask")[unit];
            if is_kept == 0.0 {
                counts.resting += 1;
                assert_eq!((before, steps, trace.tensor("d_masks")[unit]), (after, steps_after, 0.0), "unit {unit} is off");
                assert!(!is_exact || trace.tensor("information")[unit] == 0.0, "unit {unit} is off");
                continue;
            }
            counts.moving += 1;
            let tolerance = tolerance + 1e-7;
            close(&format!("d_masks[{unit}]"), trace.tensor("d_masks")[unit], g, tolerance);
            // F, and how much it may differ.
            let (information, doubt) = if is_exact {
                (self.gradients.information[unit], self.information_slack[unit] + SUMS * largest)
            } else {
                (batch * g * g, 2.0 * tolerance * batch * g.abs())
            };
            if is_exact {
                close(&format!("information[{unit}]"), trace.tensor("information")[unit], information, doubt + 1e-7);
            }
            let expected = before + rate * (g - 0.5 * information - before);
            let tolerance = rate * (tolerance + 0.5 * doubt) + ROUNDING * before.abs() + 1e-7;
            close(&format!("after.effects[{unit}]"), after, expected, tolerance);
            assert_eq!(steps_after, steps + 1.0);
        }
    }

    /// Checks the estimator, the optimiser's step and the projection.
    fn check_scores(&self) {
        let (trace, step) = (self.trace, self.number);
        let Some(probe_loss) = self.probe_loss else {
            assert_eq!(trace.bits["after.scores"], trace.bits["before.scores"], "the scores of a fixed mask do not change");
            return;
        };
        let (budget, rate) = (trace.number("budget"), trace.number("scores_rate"));
        let mut stepped = trace.tensor("before.scores").to_vec();
        for (unit, score) in stepped.iter_mut().enumerate() {
            let (g, rounding) = self.structure_gradient(unit, probe_loss);
            close(&format!("step {step}, d_scores[{unit}]"), trace.tensor("d_scores")[unit], g, rounding + 1e-5 * g.abs());
            if trace.settings["scores_optimizer"] == "sgd" {
                *score -= rate * g;
                continue;
            }
            let first = 0.9 * trace.tensor("before.scores_first_moment")[unit] + 0.1 * g;
            let second = 0.999 * trace.tensor("before.scores_second_moment")[unit] + 0.001 * g * g;
            let time = step + 1;
            *score -= rate * (first / (1.0 - 0.9f64.powi(time))) / ((second / (1.0 - 0.999f64.powi(time))).sqrt() + 1e-8);
            let scale = g.abs().max(1e-3);
            close("first moment", trace.tensor("after.scores_first_moment")[unit], first, rounding + 1e-5 * scale);
            close("second moment", trace.tensor("after.scores_second_moment")[unit], second, (2.0 * rounding + 1e-5 * scale) * scale);
        }
        let prices = self.task.network.prices();
        let mut v = threshold(&stepped, &prices, budget);
        if v == 0.0 && trace.settings["fill_budget"] == "true" {
            v = -rise(&stepped, &prices, budget);
        }
        close(&format!("step {step}, threshold"), trace.number("threshold"), v, SCORES);
        let moved = |(&s, p): (&f64, &f64)| if v < 0.0 && s <= 0.0 { 0.0 } else { (s - v * p).clamp(0.0, 1.0) };
        let after: Vec<f64> = stepped.iter().zip(&prices).map(moved).collect();
        for (unit, (found, expected)) in trace.tensor("after.scores").iter().zip(&after).enumerate() {
            close(&format!("step {step}, after.scores[{unit}]"), *found, *expected, SCORES);
        }
        let taken = |scores: &[f64]| scores.iter().zip(&prices).map(|(s, p)| p * s).sum::<f64>();
        close("sum of scores", trace.number("sum_scores"), taken(&after), 1e-5 * after.len() as f64);
        assert!(taken(trace.tensor("after.scores")) <= budget * (1.0 + 1e-6), "step {step}: over the budget");
    }

    /// Checks the gradient of kept entries, clipped by the norm of all, momentum and decay; other entries must not change.
    fn check_weights(&self, counts: &mut Counts) {
        let (trace, step) = (self.trace, self.number);
        let (length, doubt) = (norm(&self.gradients.values), norm(&self.slack));
        close("gradient norm", trace.number("gradient_norm"), length, SUMS * length + doubt);
        let clip_norm: f64 = trace.setting("clip_norm");
        let expected = if clip_norm > 0.0 && length > clip_norm { clip_norm / length } else { 1.0 };
        // From here on the file's value is used: it follows from the whole gradient, with its doubtful comparisons, and scales each part of it.
        let clip = trace.number("clip_scale");
        close("clip scale", clip, expected, expected * (SUMS + doubt / length));
        let (momentum, decay): (f64, f64) = (trace.setting("momentum"), trace.setting("weight_decay"));
        let rate = trace.number("learning_rate");
        for (name, kept) in self.task.kept_entries(&self.kept) {
            let velocity_name = velocity_of(&name);
            let [weights, velocity] = [&name, &velocity_name].map(|name| trace.tensor(&format!("before.{name}")));
            let [new_weights, new_velocity] = [&name, &velocity_name].map(|name| trace.tensor(&format!("after.{name}")));
            let sizes = &self.gradients.sizes[&name];
            let rounding = SUMS * clip * sizes.iter().copied().fold(0.0, f64::max);
            for (at, kept) in kept.into_iter().enumerate() {
                if kept {
                    counts.moving += 1;
                    let (w, v) = (weights[at], velocity[at]);
                    let new = momentum * v + clip * self.gradients.values[&name][at] + decay * w;
                    let tolerance = rounding + clip * self.slack[&name][at] + ROUNDING * (v.abs() + decay * w.abs());
                    close(&format!("step {step}, {velocity_name}[{at}]"), new_velocity[at], new, tolerance);
                    close(
                        &format!("step {step}, {name}[{at}]"),
                        new_weights[at],
                        w - rate * new,
                        rate * tolerance + ROUNDING * (w.abs() + (rate * new).abs()),
                    );
                    continue;
                }
                counts.resting += 1;
                for tensor in [&name, &velocity_name] {
                    let bits = |moment: &str| trace.bits[&format!("{moment}.{tensor}")][at];
                    assert_eq!(bits("before"), bits("after"), "step {step}: {tensor}[{at}] is off and moved");
                }
            }
        }
    }

    /// Checks that the running statistics of kept units move a tenth of the way to the batch's, with the unbiased variance; others must not change.
    fn check_statistics(&self, counts: &mut Counts) {
        let (trace, network) = (self.trace, &self.task.network);
        for op in &network.ops {
            let (Kind::Normalise { .. }, Some(layer)) = (&op.kind, op.layer) else { continue };
            let n = (self.task.labels.len() * network.maps[op.input].pixels()) as f64;
            for (unit, [mean, variance]) in self.moments[&layer].iter().enumerate() {
                let kept = self.kept[network.maps[op.input].group][unit] == 1.0;
                let unbiased = variance * n / (n - 1.0);
                for (name, value) in [("running_mean", *mean), ("running_variance", unbiased)] {
                    let [before, after] = ["before", "after"].map(|moment| format!("{moment}.{name}.{layer}"));
                    if !kept {
                        counts.resting += 1;
                        assert_eq!(trace.bits[&before][unit], trace.bits[&after][unit], "{name} of a unit that is off");
                        continue;
                    }
                    counts.moving += 1;
                    let expected = 0.9 * trace.tensor(&before)[unit] + 0.1 * value;
                    let size = if name == "running_mean" { variance.sqrt() + mean.abs() } else { *variance };
                    close(name, trace.tensor(&after)[unit], expected, MOMENTS * size + ROUNDING * expected.abs());
                }
            }
        }
    }
}

/// A pseudorandom byte.
fn noise(at: usize) -> u8 {
    (((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as u8
}

/// Grey images of `side` by `side` pixels in five classes, as idx files: noise with a brightness that depends on the class.
fn idx_set(side: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (part, rows) in [("train", 40), ("t10k", 8)] {
        let pixel = |row: usize, at: usize| noise(row * side * side + at) / 2 + if at % 5 == row % 5 { 100 } else { 0 };
        let number = |number: usize| (number as u32).to_be_bytes();
        let header = [&[0, 0, 8, 3][..], &number(rows), &number(side), &number(side)].concat();
        let images: Vec<u8> = header.into_iter().chain(pairs(rows, side * side).map(|(row, at)| pixel(row, at))).collect();
        let header = [&[0, 0, 8, 1][..], &number(rows)].concat();
        let labels: Vec<u8> = header.into_iter().chain((0..rows).map(|row| (row % 5) as u8)).collect();
        fs::write(folder.path().join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.path().join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
    folder
}

const CIFAR_SIDE: usize = 32;

/// One of ten colour images.
fn cifar_image(number: usize) -> Vec<u8> {
    let area = CIFAR_SIDE * CIFAR_SIDE;
    pairs(3, area).map(|(channel, at)| noise((number * 3 + channel) * area + at) / 2 + 50 * channel as u8).collect()
}

/// A set in the form of CIFAR-100: records of two labels, of which the second is the class, and the image for the class's last digit. 1,000 records
/// are one gzip file, and several such files in a row are one set.
fn cifar_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let images: Vec<Vec<u8>> = (0..10).map(cifar_image).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for row in 0..1000 {
        packed.write_all(&[0, (row % 100) as u8]).unwrap();
        packed.write_all(&images[row % 10]).unwrap();
    }
    let packed = packed.finish().unwrap();
    fs::write(folder.path().join("train.bin.gz"), packed.repeat(50)).unwrap();
    fs::write(folder.path().join("test.bin.gz"), packed.repeat(10)).unwrap();
    folder
}

/// The augmentation of an image.
#[derive(Clone, Copy, Debug)]
struct View {
    /// The source of the pixel in a corner of the augmented image, before it is mirrored.
    down: isize,
    right: isize,
    mirrored: bool,
}

/// The augmentation of each image of a step of [`cifar_set`]. The network gets the pixels less the mean of their channel over the first 4,096 rows,
/// divided by the deviation of all, and 0 outside the image.
fn views(trace: &Trace) -> Vec<View> {
    let (side, area) = (CIFAR_SIDE, CIFAR_SIDE * CIFAR_SIDE);
    let images: Vec<Vec<f64>> =
        (0..10).map(|number| cifar_image(number).into_iter().map(|byte| f64::from(byte) / 255.0).collect()).collect();
    let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let channel_mean =
        |channel: usize| mean_of(&(0..4096).map(|row| mean_of(&images[row % 10][channel * area..][..area])).collect::<Vec<_>>());
    let means: Vec<f64> = (0..3).map(channel_mean).collect();
    let all = images.concat();
    let middle = mean_of(&all);
    let deviation = mean_of(&all.iter().map(|x| (x - middle).powi(2)).collect::<Vec<_>>()).sqrt();
    let pixel = |image: &[f64], view: View, at: usize| {
        let (channel, row, column) = (at / area, at % area / side, at % side);
        let column = if view.mirrored { side - 1 - column } else { column };
        let (row, column) = (row.checked_add_signed(view.down), column.checked_add_signed(view.right));
        let inside = |at: Option<usize>| at.filter(|&at| at < side);
        inside(row)
            .zip(inside(column))
            .map_or(0.0, |(row, column)| (image[channel * area + row * side + column] - means[channel]) / deviation)
    };
    let possible = pairs(9, 9)
        .flat_map(|(down, right)| [false, true].map(|mirrored| View { down: down as isize - 4, right: right as isize - 4, mirrored }));
    let possible: Vec<View> = possible.collect();
    let view = |(shown, label): (&[f64], &f64)| {
        let image = &images[*label as usize % 10];
        let agrees = |view: &&View| shown.iter().enumerate().all(|(at, shown)| (shown - pixel(image, **view, at)).abs() < SHOWN);
        *possible.iter().find(agrees).unwrap_or_else(|| panic!("an image of label {label} is not shown as it is, shifted nor mirrored"))
    };
    trace.tensor("inputs").chunks(3 * area).zip(trace.tensor("labels")).map(view).collect()
}

/// Runs the program with `flags` and recomputes each traced step. The state after one step must be the state before the next.
fn trace(flags: &[&str]) -> Vec<Trace> {
    const STEPS: usize = 3;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("trace");
    let output = Command::new(env!("CARGO_BIN_EXE_lacuna"))
        .args(["train", "--steps", "4", "--trace-steps", "3", "--trace"])
        .arg(&directory)
        .args(flags)
        .output()
        .unwrap();
    assert!(output.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), STEPS, "one file a step");
    let traces: Vec<Trace> = (0..STEPS).map(|step| Trace::read(&directory.join(format!("step-{step:06}.safetensors")))).collect();
    let (mut weights, mut statistics) = (Counts::default(), Counts::default());
    for trace in &traces {
        let task = Task::new(trace);
        let step = Step::new(trace, &task);
        step.check_losses();
        step.check_scores();
        step.check_effects(&mut weights);
        step.check_weights(&mut weights);
        step.check_statistics(&mut statistics);
    }
    assert!(weights.resting > 100 && weights.moving > 100, "{weights:?}");
    // Both, or neither without a normalisation.
    assert_eq!(statistics.resting > 10, statistics.moving > 10, "{statistics:?}");
    let moved = traces.iter().any(|trace| trace.bits["after.scores"] != trace.bits["before.scores"]);
    assert_eq!(moved, traces[0].settings["method"] == "vrpge", "whether a score moved");
    for pair in traces.windows(2) {
        for (name, bits) in &pair[0].bits {
            if let Some(rest) = name.strip_prefix("after.") {
                assert_eq!(*bits, pair[1].bits[&format!("before.{rest}")], "{name} is not what the next step begins with");
            }
        }
    }
    traces
}

fn trace_planted(flags: &[&str]) -> Vec<Trace> {
    trace(&[&["--dataset", "planted", "--batch-size", "32"], flags].concat())
}

fn trace_idx(side: usize, flags: &[&str]) -> Vec<Trace> {
    let set = idx_set(side);
    trace(&[&["--dataset", "idx", "--data-dir", set.path().to_str().unwrap()], flags].concat())
}

/// Whether under m some sum has units from only one branch, and from only the other.
fn has_lone_branches(traces: &[Trace]) -> bool {
    let mut found = [false; 2];
    for trace in traces {
        let task = Task::new(trace);
        let masks = task.network.mask(trace.tensor("mask"), trace.tensor("before.scores"));
        for [a, b] in task.network.groups.iter().filter_map(|group| group.union_of) {
            for (a, b) in masks[a].iter().zip(&masks[b]) {
                found = [found[0] || a > b, found[1] || a < b];
            }
        }
    }
    found == [true; 2]
}

#[test]
fn a_step_of_a_convolutional_network_can_be_recomputed_and_its_clipped_gradient_too() {
    // With 7 by 7 pixels, the second pooling drops the last row and column.
    let flags = ["--model", "cnn-6-10", "--batch-size", "5", "--keep-ratio", "0.6", "--schedule", "constant", "--clip-norm", "0.3"];
    let traces = trace_idx(14, &flags);
    assert!(traces.iter().any(|trace| trace.number("clip_scale") < 1.0), "no gradient was clipped");
}

#[test]
fn a_step_of_a_residual_network_can_be_recomputed() {
    let traces = trace_idx(9, &["--model", "resnet20", "--batch-size", "4", "--keep-ratio", "0.4", "--schedule", "constant"]);
    assert!(has_lone_branches(&traces), "every sum kept the same units of both");
}

#[test]
fn a_step_of_a_network_of_depthwise_convolutions_can_be_recomputed() {
    let traces = trace_idx(30, &["--model", "mobilenet-4", "--batch-size", "12", "--keep-ratio", "0.5", "--schedule", "constant"]);
    assert!(traces.iter().all(|trace| trace.values.contains_key("d_masks")));
}

#[test]
fn a_step_of_a_wide_residual_network_can_be_recomputed() {
    let flags = ["--model", "wrn-10-1", "--batch-size", "3", "--keep-ratio", "0.4", "--schedule", "constant", "--estimator", "one-sided"];
    let traces = trace_idx(9, &flags);
    assert!(has_lone_branches(&traces), "every sum kept the same units of both");
}

#[test]
fn a_step_of_a_residual_network_under_a_static_mask_can_be_recomputed() {
    let traces = trace_idx(9, &["--model", "resnet8", "--batch-size", "4", "--keep-ratio", "0.3", "--method", "static"]);
    assert!(has_lone_branches(&traces), "every sum kept the same units of both");
}

#[test]
fn a_step_on_shifted_and_mirrored_images_can_be_recomputed_from_the_images_as_they_are_shown() {
    let set = cifar_set();
    let place = ["--dataset", "cifar100", "--data-dir", set.path().to_str().unwrap()];
    let flags = ["--model", "cnn-5", "--gate-inputs", "--batch-size", "30", "--keep-ratio", "0.6", "--schedule", "constant"];
    let traces = trace(&[&place[..], &flags].concat());
    let views: Vec<View> = traces.iter().flat_map(views).collect();
    let far = |by: isize| views.iter().any(|view| view.down == by) && views.iter().any(|view| view.right == by);
    assert!(far(-4) && far(4) && far(0), "up to four pixels each way: {views:?}");
    assert!(views.iter().any(|view| view.mirrored) && views.iter().any(|view| !view.mirrored), "one side only: {views:?}");
}

#[test]
fn a_step_of_the_default_method_can_be_recomputed_from_its_trace() {
    let traces = trace_planted(&["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.3"]);
    assert!(traces.iter().any(|trace| trace.number("threshold") > 0.0), "no step was projected");
}

#[test]
fn a_step_at_a_constant_budget_can_be_recomputed_and_its_clipped_gradient_too() {
    let traces =
        trace_planted(&["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.4", "--schedule", "constant", "--clip-norm", "0.2"]);
    assert!(traces.iter().any(|trace| trace.number("clip_scale") < 1.0), "no gradient was clipped");
}

#[test]
fn a_step_under_a_budget_of_multiply_adds_can_be_recomputed() {
    let flags = ["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.3", "--budget-unit", "multiply-adds"];
    let traces = trace_planted(&flags);
    assert!(traces.iter().any(|trace| trace.number("threshold") > 0.0), "no step was projected");
    let flags =
        ["--model", "cnn-6-10", "--batch-size", "5", "--keep-ratio", "0.4", "--budget-unit", "multiply-adds", "--schedule", "constant"];
    trace_idx(9, &flags);
}

#[test]
fn a_step_with_the_exact_information_can_be_recomputed() {
    trace_planted(&["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.4", "--schedule", "constant", "--exact-information"]);
    let flags = ["--batch-size", "4", "--keep-ratio", "0.5", "--schedule", "constant", "--exact-information"];
    for (side, model) in [(14, "cnn-6-10"), (9, "resnet20"), (9, "wrn-10-1")] {
        trace_idx(side, &[&["--model", model], &flags[..]].concat());
    }
    trace_idx(9, &[&["--model", "cnn-9", "--gate-inputs"], &flags[..]].concat());
    // Its normalisations in a row amplify the rounding of statistics of few values.
    trace_idx(30, &[&["--model", "mobilenet-4", "--batch-size", "12"], &flags[2..]].concat());
}

#[test]
fn a_one_sided_step_with_plain_descent_and_no_clip_can_be_recomputed() {
    let flags = ["--model", "mlp-24-12", "--keep-ratio", "0.5", "--schedule", "constant", "--estimator", "one-sided", "--alpha", "0.75"];
    let more = ["--scores-optimizer", "sgd", "--scores-rate", "0.3", "--clip-norm", "0", "--rate-schedule", "constant"];
    trace_planted(&[&flags[..], &more[..]].concat());
}

#[test]
fn a_plain_step_without_a_hidden_layer_can_be_recomputed() {
    let flags =
        ["--model", "mlp", "--gate-inputs", "--keep-ratio", "0.2", "--schedule", "constant", "--estimator", "plain", "--alpha", "1"];
    trace_planted(&[&flags[..], &["--momentum", "0", "--weight-decay", "0.01"]].concat());
}

#[test]
fn a_step_under_a_static_mask_can_be_recomputed() {
    trace_planted(&["--model", "mlp-24-12", "--gate-inputs", "--method", "static", "--keep-ratio", "0.3"]);
}

#[test]
fn units_that_are_kept_without_a_draw_differ_from_the_drawn_mask() {
    let traces = trace_planted(&["--model", "mlp-20-2-9", "--gate-inputs", "--keep-ratio", "0.05", "--schedule", "constant"]);
    assert!(traces.iter().any(|trace| trace.tensor("mask") != trace.tensor("kept_mask")), "every layer kept a unit by its draw");
}
