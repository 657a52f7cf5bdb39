//! The networks by name, and how each is built.
//!
//! | name | |
//! |---|---|
//! | `mlp-512-256` | fully connected, hidden widths; relu |
//! | `cnn-32-64-128` | for each width two 3×3 convolutions and a 2×2 max pooling, then the mean over the image |
//! | `vgg16` | Simonyan and Zisserman 2015 with batch normalisation and one classifier, as is usual for 32×32 images |
//! | `resnet20`, `resnet32`, ... | He et al. 2016 for 32×32 images, 6n + 2 layers, with widths 32, 64, 128 and 1×1 convolutions on the shortcuts that
//! change them (both as in the authors' code of the method) |
//! | `wrn-28-10`, ... | Zagoruyko and Komodakis 2016: 6n + 4 layers, k times as wide, normalised before each convolution; a 1×1 convolution on the
//! shortcuts that change the width or the size |
//! | `mobilenet` | Howard et al. 2017 for 32×32 images: a convolution, then 13 pairs of a 3×3 depthwise and a 1×1 convolution; the first
//! stride is 1 |
//! | `mobilenet-16` | the same with 16 channels in the first convolution instead of 32, and all widths in proportion |
//!
//! The output channels of every convolution are gated, also on shortcuts; the classifier is not. Batch normalisation follows a convolution, and the
//! mask is applied after the normalisation: a channel that is off is exactly 0 and costs nothing. (The authors' code masks before it, so that a
//! channel that is off still outputs the shift.) A wide residual network normalises before the convolution, and its mask is applied after the
//! convolution.

use super::{Extra, Group, Image, Layer, Map, Model, ModelError, ModelProblem, Op, Passes, Pooling, WIDEST};

/// The deepest fully connected network.
pub(super) const MOST_HIDDEN: usize = 14;

/// The network that a name describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Mlp(Vec<u32>),
    Cnn(Vec<u32>),
    Vgg16,
    /// Blocks of each stage.
    Resnet(u32),
    /// Blocks of each stage and the factor of the widths.
    WideResnet(u32, u32),
    /// Channels of the first convolution.
    Mobilenet(u32),
}

/// Digits only: `parse` would also accept a plus sign, and one network would have two names.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn read(name: &str) -> Result<Network, ModelError> {
    let refuse = |problem| ModelError { model: name.to_owned(), problem };
    let widths = |text: &str| -> Result<Vec<u32>, ModelError> {
        let each: Option<Vec<u32>> = text.split('-').map(|width| number(width).filter(|width| (1..=WIDEST).contains(width))).collect();
        each.ok_or_else(|| refuse(ModelProblem::BadWidth))
    };
    if name == "vgg16" {
        return Ok(Network::Vgg16);
    }
    if name == "mlp" {
        return Ok(Network::Mlp(Vec::new()));
    }
    if let Some(text) = name.strip_prefix("mlp-") {
        let widths = widths(text)?;
        if widths.len() > MOST_HIDDEN {
            return Err(refuse(ModelProblem::TooManyHiddenLayers));
        }
        return Ok(Network::Mlp(widths));
    }
    if let Some(text) = name.strip_prefix("cnn-") {
        return Ok(Network::Cnn(widths(text)?));
    }
    if let Some(text) = name.strip_prefix("resnet") {
        let depth = number(text).ok_or_else(|| refuse(ModelProblem::ResnetWithoutDepth))?;
        if !(8..=38).contains(&depth) || depth % 6 != 2 {
            return Err(refuse(ModelProblem::BadResnetDepth));
        }
        return Ok(Network::Resnet((depth - 2) / 6));
    }
    if let Some(text) = name.strip_prefix("wrn-") {
        let numbers: Option<Vec<u32>> = text.split('-').map(number).collect();
        let Some(&[depth, factor]) = numbers.as_deref() else {
            return Err(refuse(ModelProblem::WideResnetWithoutNumbers));
        };
        if !(10..=40).contains(&depth) || depth % 6 != 4 || !(1..=64).contains(&factor) {
            return Err(refuse(ModelProblem::BadWideResnet));
        }
        return Ok(Network::WideResnet((depth - 4) / 6, factor));
    }
    if name == "mobilenet" {
        return Ok(Network::Mobilenet(32));
    }
    if let Some(text) = name.strip_prefix("mobilenet-") {
        // Its widest layers are 32 times as wide.
        let width = number(text).filter(|width| (1..=WIDEST / 32).contains(width));
        return Ok(Network::Mobilenet(width.ok_or_else(|| refuse(ModelProblem::BadMobilenet))?));
    }
    Err(refuse(ModelProblem::UnknownForm))
}

/// A network under construction.
struct Builder {
    model: Model,
    /// Numbered convolutions so far.
    convolutions: u32,
}

impl Builder {
    fn new(name: &str, image: Image, units: u32, gate_inputs: bool) -> Self {
        let model = Model {
            name: name.to_owned(),
            image,
            groups: Vec::new(),
            maps: Vec::new(),
            layers: Vec::new(),
            ops: Vec::new(),
            saves_memory: false,
            passes: Passes::InTurn,
            exact_information: false,
        };
        let mut builder = Self { model, convolutions: 0 };
        let group = builder.group("inputs", units, gate_inputs);
        let (height, width) = if units == image.channels { (image.height, image.width) } else { (1, 1) };
        builder.map(group, height, width, false);
        builder
    }

    fn group(&mut self, name: &str, size: u32, gated: bool) -> usize {
        let name = name.to_owned();
        self.model.groups.push(Group {
            name,
            size,
            capacity: size,
            gated,
            price: 1.0,
            first_unit: 0,
            first_row: 0,
            union_of: None,
            sources: Vec::new(),
        });
        self.model.groups.len() - 1
    }

    fn map(&mut self, group: usize, height: u32, width: u32, rectified: bool) -> usize {
        self.model.maps.push(Map { group, height, width, rectified, ones: false });
        self.model.maps.len() - 1
    }

    /// Units of the group of a map.
    fn width(&self, map: usize) -> u32 {
        self.model.groups[self.model.maps[map].group].size
    }

    fn layer(&mut self, taps: u32, extra: Extra, groups: [usize; 2], pixels: u32) -> usize {
        self.model.layers.push(Layer {
            taps,
            extra,
            groups,
            inputs: 0,
            outputs: 0,
            capacities: [0; 2],
            pixels,
            first_weight: 0,
            first_packed: 0,
            first_gradient: 0,
            room: 0,
            first_statistic: 0,
        });
        self.model.layers.len() - 1
    }

    /// A fully connected layer with its bias.
    fn connect(&mut self, input: usize, name: &str, size: u32, gated: bool, rectified: bool) -> usize {
        let group = self.group(name, size, gated);
        let layer = self.layer(1, Extra::Bias, [self.model.maps[input].group, group], 1);
        self.model.maps[input].ones = true;
        let output = self.map(group, 1, 1, rectified);
        self.model.ops.push(Op::Convolve { layer, input, output, kernel: 1, stride: 1, padding: 0 });
        output
    }

    /// A convolution of `kernel` by `kernel` taps whose output is the image's size divided by `stride`: its output map and its layer.
    fn convolve(&mut self, input: usize, name: &str, width: u32, kernel: u32, stride: u32, extra: Extra) -> (usize, usize) {
        let group = self.group(name, width, true);
        let Map { group: from, height: rows, width: columns, .. } = self.model.maps[input];
        let (rows, columns) = (rows.div_ceil(stride), columns.div_ceil(stride));
        let layer = self.layer(kernel * kernel, extra, [from, group], rows * columns);
        let output = self.map(group, rows, columns, false);
        self.model.ops.push(Op::Convolve { layer, input, output, kernel, stride, padding: kernel / 2 });
        (output, layer)
    }

    /// Convolution, normalisation, relu.
    fn block(&mut self, input: usize, width: u32) -> usize {
        self.convolutions += 1;
        let name = format!("conv {}", self.convolutions);
        self.normalised(input, &name, width, 3, 1, true)
    }

    fn normalised(&mut self, input: usize, name: &str, width: u32, kernel: u32, stride: u32, rectified: bool) -> usize {
        let (raw, layer) = self.convolve(input, name, width, kernel, stride, Extra::Normalisation);
        let Map { group, height, width, .. } = self.model.maps[raw];
        let output = self.map(group, height, width, rectified);
        self.model.ops.push(Op::Normalise { layer: Some(layer), input: raw, output, shortcut: None });
        output
    }

    /// The sum of `input`, normalised where it has a layer, and `shortcut`.
    fn add(&mut self, name: &str, input: usize, layer: Option<usize>, shortcut: usize, rectified: bool) -> usize {
        let parents = [self.model.maps[input].group, self.model.maps[shortcut].group];
        let size = self.model.groups[parents[0]].size;
        let group = self.group(name, size, false);
        self.model.groups[group].union_of = Some(parents);
        self.model.groups[group].sources = (0..size).map(|unit| [Some(unit); 2]).collect();
        let Map { height, width, .. } = self.model.maps[input];
        let output = self.map(group, height, width, rectified);
        self.model.ops.push(Op::Normalise { layer, input, output, shortcut: Some(shortcut) });
        output
    }

    /// Normalisation and relu with a layer of its own: of a residual stream, or of a depthwise convolution.
    fn normalise(&mut self, input: usize) -> usize {
        let Map { group, height, width, .. } = self.model.maps[input];
        let layer = self.layer(0, Extra::Normalisation, [group, group], height * width);
        let output = self.map(group, height, width, true);
        self.model.ops.push(Op::Normalise { layer: Some(layer), input, output, shortcut: None });
        output
    }

    /// A 3×3 depthwise convolution, normalisation, relu: the channels stay those of the input.
    fn depthwise(&mut self, input: usize, stride: u32) -> usize {
        let Map { group, height, width, .. } = self.model.maps[input];
        let (height, width) = (height.div_ceil(stride), width.div_ceil(stride));
        let layer = self.layer(0, Extra::Taps(9), [group, group], height * width);
        let raw = self.map(group, height, width, false);
        self.model.ops.push(Op::Depthwise { layer, input, output: raw, kernel: 3, stride, padding: 1 });
        self.normalise(raw)
    }

    fn pool(&mut self, input: usize, pooling: Pooling, window: u32) -> Result<usize, ModelError> {
        let Map { group, height, width, .. } = self.model.maps[input];
        if height < window || width < window {
            return Err(self.refuse(ModelProblem::ImagesTooSmall { image: self.model.image }));
        }
        let output = self.map(group, height / window, width / window, false);
        self.model.ops.push(Op::Pool { pooling, input, output, window });
        Ok(output)
    }

    fn refuse(&self, problem: ModelProblem) -> ModelError {
        ModelError { model: self.model.name.clone(), problem }
    }

    /// The mean over the remaining image, and the classifier.
    fn classify(mut self, input: usize, classes: u32) -> Result<Model, ModelError> {
        let Map { height, width, .. } = self.model.maps[input];
        if height != width {
            return Err(self.refuse(ModelProblem::NotSquare { width, height }));
        }
        let pooled = if height > 1 { self.pool(input, Pooling::Mean, height)? } else { input };
        self.connect(pooled, "classes", classes, false, false);
        Ok(self.model)
    }
}

pub(super) fn build(name: &str, image: Image, classes: u32, gate_inputs: bool) -> Result<Model, ModelError> {
    let network = read(name)?;
    let refuse = |problem| ModelError { model: name.to_owned(), problem };
    let Image { channels, height, width } = image;
    let features = [channels, height, width].into_iter().try_fold(1u32, u32::checked_mul);
    if features.is_none_or(|features| features == 0) || classes == 0 {
        return Err(refuse(ModelProblem::BadShape { classes, image }));
    }
    if let Network::Mlp(widths) = &network {
        let mut net = Builder::new(name, image, image.features(), gate_inputs);
        let mut at = 0;
        for (index, &width) in widths.iter().enumerate() {
            at = net.connect(at, &format!("hidden {}", index + 1), width, true, true);
        }
        net.connect(at, "classes", classes, false, false);
        return Ok(net.model);
    }
    if image.height < 2 || image.width < 2 {
        return Err(refuse(ModelProblem::NeedsImages));
    }
    let mut net = Builder::new(name, image, image.channels, gate_inputs);
    let mut at = 0;
    match network {
        Network::Mlp(_) => unreachable!("it was built above"),
        Network::Cnn(widths) => {
            for width in widths {
                at = net.block(at, width);
                at = net.block(at, width);
                at = net.pool(at, Pooling::Max, 2)?;
            }
        }
        Network::Vgg16 => {
            for (width, blocks) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
                for _ in 0..blocks {
                    at = net.block(at, width);
                }
                at = net.pool(at, Pooling::Max, 2)?;
            }
        }
        Network::Resnet(blocks) => {
            at = net.block(at, 32);
            for (stage, width) in (1..).zip([32, 64, 128]) {
                for block in 1..=blocks {
                    let stride = if stage > 1 && block == 1 { 2 } else { 1 };
                    let label = |part: &str| format!("{stage}.{block} {part}");
                    let inner = net.normalised(at, &label("conv 1"), width, 3, stride, true);
                    let (raw, layer) = net.convolve(inner, &label("conv 2"), width, 3, 1, Extra::Normalisation);
                    let shortcut = if stride == 1 && net.width(at) == width {
                        at
                    } else {
                        net.normalised(at, &label("shortcut"), width, 1, stride, false)
                    };
                    at = net.add(&label("sum"), raw, Some(layer), shortcut, true);
                }
            }
        }
        Network::Mobilenet(width) => {
            at = net.block(at, width);
            let pairs = [(2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), (16, 1), (16, 1), (16, 1), (16, 1), (16, 1), (32, 2), (32, 1)];
            for (factor, stride) in pairs {
                let spread = net.depthwise(at, stride);
                net.convolutions += 1;
                let name = format!("conv {}", net.convolutions);
                at = net.normalised(spread, &name, factor * width, 1, 1, true);
            }
        }
        Network::WideResnet(blocks, factor) => {
            (at, _) = net.convolve(at, "conv 1", 16, 3, 1, Extra::None);
            for (stage, width) in (1..).zip([16 * factor, 32 * factor, 64 * factor]) {
                for block in 1..=blocks {
                    let stride = if stage > 1 && block == 1 { 2 } else { 1 };
                    let label = |part: &str| format!("{stage}.{block} {part}");
                    let ready = net.normalise(at);
                    // In this network the normalisation comes before the next convolution.
                    let inner = net.normalised(ready, &label("conv 1"), width, 3, stride, true);
                    let (raw, _) = net.convolve(inner, &label("conv 2"), width, 3, 1, Extra::None);
                    let shortcut = if stride == 1 && net.width(at) == width {
                        at
                    } else {
                        net.convolve(ready, &label("shortcut"), width, 1, stride, Extra::None).0
                    };
                    at = net.add(&label("sum"), raw, None, shortcut, false);
                }
            }
            at = net.normalise(at);
        }
    }
    net.classify(at, classes)
}
