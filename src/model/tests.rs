use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const DIGITS: Image = Image { channels: 1, height: 28, width: 28 };
const COLOURS: Image = Image { channels: 3, height: 32, width: 32 };

fn colours(name: &str) -> Model {
    Model::new(name, COLOURS, 10, false).unwrap()
}

fn refusal(name: &str, image: Image) -> String {
    Model::new(name, image, 10, false).unwrap_err().to_string()
}

/// Weights of a convolution of `taps` taps and of the normalisation after it.
fn normalised(taps: u32, inputs: u32, outputs: u32) -> u32 {
    taps * inputs * outputs + 2 * outputs
}

/// Any mask of a model that keeps at least one unit of every gated group.
fn some_kept(model: &Model, bits: &[bool]) -> Vec<bool> {
    let mut bits = bits.iter().cycle();
    let mut kept: Vec<bool> = (0..model.units()).map(|_| *bits.next().unwrap()).collect();
    for group in model.gated() {
        let units = &mut kept[group.first_unit as usize..][..group.size as usize];
        if units.iter().all(|kept| !kept) {
            units[group.size as usize / 2] = true;
        }
    }
    kept
}

#[test]
fn names_are_read() {
    use networks::{Network, read};
    for (name, network) in [
        ("mlp", Network::Mlp(vec![])),
        ("mlp-512-256", Network::Mlp(vec![512, 256])),
        ("mlp-32768", Network::Mlp(vec![32_768])),
        ("cnn-8", Network::Cnn(vec![8])),
        ("cnn-32-64-128", Network::Cnn(vec![32, 64, 128])),
        ("vgg16", Network::Vgg16),
        ("resnet8", Network::Resnet(1)),
        ("resnet20", Network::Resnet(3)),
        ("resnet32", Network::Resnet(5)),
        ("resnet38", Network::Resnet(6)),
        ("wrn-10-1", Network::WideResnet(1, 1)),
        ("wrn-28-10", Network::WideResnet(4, 10)),
        ("mobilenet", Network::Mobilenet(32)),
        ("mobilenet-6", Network::Mobilenet(6)),
        ("wrn-40-4", Network::WideResnet(6, 4)),
    ] {
        assert_eq!(read(name).unwrap(), network, "{name}");
        Model::check_name(name).unwrap();
    }
}

#[test]
fn unreadable_names_are_refused_with_an_explanation() {
    for (name, words) in [
        ("", "it must be mlp-"),
        ("512", "it must be mlp-"),
        ("mlp512", "it must be mlp-"),
        ("MLP-8", "it must be mlp-"),
        ("cnn", "it must be mlp-"),
        ("vgg19", "it must be mlp-"),
        ("wrn", "it must be mlp-"),
        ("mlp-", "each width must be a whole number from 1 to 32768"),
        ("mlp-0", "from 1 to 32768"),
        ("mlp-a", "from 1 to 32768"),
        ("mlp-+8", "from 1 to 32768"),
        ("mlp-8.5", "from 1 to 32768"),
        ("mlp-32769", "from 1 to 32768"),
        ("mlp-4294967297", "from 1 to 32768"),
        ("mlp-8--8", "from 1 to 32768"),
        ("cnn-", "from 1 to 32768"),
        ("cnn-32-0", "from 1 to 32768"),
        ("mlp-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "at most 14 hidden layers"),
        ("resnet", "as in resnet20"),
        ("resnet-20", "as in resnet20"),
        ("resnet+20", "as in resnet20"),
        ("resnet18", "8, 14, 20, 26, 32 or 38 layers"),
        ("resnet50", "8, 14, 20, 26, 32 or 38 layers"),
        ("resnet2", "8, 14, 20, 26, 32 or 38 layers"),
        ("wrn-28", "as in wrn-28-10"),
        ("mobilenet-", "from 1 to 1024"),
        ("mobilenet-1025", "from 1 to 1024"),
        ("mobilenet16", "or mobilenet"),
        ("wrn-28-10-2", "as in wrn-28-10"),
        ("wrn-a-b", "as in wrn-28-10"),
        ("wrn-29-10", "10, 16, 22, 28, 34 or 40 layers"),
        ("wrn-28-0", "1 to 64 times the width"),
        ("wrn-28-65", "1 to 64 times the width"),
    ] {
        let message = Model::check_name(name).unwrap_err().to_string();
        assert!(message.starts_with(&format!("model \"{name}\" cannot be read: ")) && message.contains(words), "{message}");
    }
}

#[test]
fn impossible_networks_are_refused_with_an_explanation() {
    assert!(refusal("mlp", DIGITS).contains("no hidden layer and its inputs are not gated: nothing can be masked"));
    assert_eq!(Model::new("mlp", DIGITS, 10, true).unwrap().units(), 784);
    for (name, image) in [("vgg16", DIGITS), ("cnn-4-4-4-4-4", DIGITS), ("cnn-4-4", Image { channels: 3, height: 3, width: 9 })] {
        let message = refusal(name, image);
        let size = format!("{}\u{d7}{} pixels", image.width, image.height);
        assert!(
            message.contains("halves its images more often than") && message.contains(&size) && message.contains("fewer stages"),
            "{message}"
        );
    }
    for name in ["cnn-4", "resnet8", "wrn-10-1"] {
        let message = refusal(name, Image { channels: 1, height: 8, width: 12 });
        assert!(message.contains("needs square images") && message.contains("choose an mlp"), "{message}");
        let message = refusal(name, Image::flat(256));
        assert!(message.contains("needs images, and this data has none"), "{message}");
    }
    let message = refusal("mlp-8", Image { channels: 3, height: 200, width: 200 });
    assert!(message.contains("120000 inputs in one layer") && message.contains("at most 32768"), "{message}");
    assert!(Model::new("cnn-8", Image { channels: 3, height: 200, width: 200 }, 10, false).is_ok(), "a cnn's inputs are its channels");
    let message = refusal("mlp-32768-32768-32768-32768-1", DIGITS);
    assert!(message.contains("131073 gated units; at most 131072"), "{message}");
    let message = refusal("cnn-32768", DIGITS);
    assert!(message.contains("weights, more than a 32-bit index can number: choose a narrower network"), "{message}");
    let message = refusal("cnn-2048", Image { channels: 1, height: 4096, width: 4096 });
    assert!(message.contains("values of conv 1 for one image, more than a 32-bit index can number: choose smaller images"), "{message}");
    for image in [Image { channels: 0, ..COLOURS }, Image { height: 0, ..COLOURS }, Image { channels: 1, height: 65_536, width: 65_536 }] {
        for name in ["mlp-8", "cnn-8", "resnet8"] {
            assert!(refusal(name, image).contains("each number must be at least 1"));
        }
    }
    assert!(Model::new("mlp-8", DIGITS, 0, false).unwrap_err().to_string().contains("0 classes"));
}

#[test]
fn a_fully_connected_network_has_the_counts_of_its_widths() {
    let model = Model::new("mlp-512-256", DIGITS, 10, true).unwrap();
    assert_eq!(model.units(), 784 + 512 + 256);
    assert_eq!(model.weights(), 785 * 512 + 513 * 256 + 257 * 10);
    assert_eq!(model.sizes(), [784, 512, 256, 10]);
    assert_eq!(model.groups.iter().map(|group| group.first_row).collect::<Vec<_>>(), [0, 785, 1298, 1555]);
    assert_eq!((model.groups[2].first_unit, model.rows()), (784 + 512, 785 + 513 + 257 + 11));
    assert_eq!((model.statistics(), model.features_a_unit()), (0, 1));
    assert_eq!(model.multiply_adds(&model.sizes(), None).forward, u64::from(model.weights()), "each weight is used once");
    let hidden_only = Model::new("mlp-512-256", DIGITS, 10, false).unwrap();
    assert_eq!((hidden_only.units(), hidden_only.groups[1].first_unit), (512 + 256, 0));
    assert_eq!(hidden_only.gated().map(|group| &group.name[..]).collect::<Vec<_>>(), ["hidden 1", "hidden 2"]);
}

/// Published: 14.7 million weights (14,728,266 with the 4,224 biases that convolutions before a normalisation do not need), 313 million
/// multiply-adds.
#[test]
fn vgg16_has_the_published_counts() {
    let model = colours("vgg16");
    assert_eq!(model.weights(), 14_728_266 - 4_224);
    assert_eq!(model.units(), 4_224);
    let layers = [(1024, 3, 64), (1024, 64, 64), (256, 64, 128), (256, 128, 128), (64, 128, 256), (64, 256, 256), (64, 256, 256)];
    let deep = [(16, 256, 512), (16, 512, 512), (16, 512, 512), (4, 512, 512), (4, 512, 512), (4, 512, 512)];
    let by_hand: u64 = layers.iter().chain(&deep).map(|&(pixels, inputs, outputs)| pixels * 9 * inputs * outputs).sum::<u64>() + 513 * 10;
    assert_eq!(model.multiply_adds(&model.sizes(), None).forward, by_hand);
    assert_eq!(by_hand / 1_000_000, 313);
    let more_classes = Model::new("vgg16", COLOURS, 100, false).unwrap();
    assert_eq!(more_classes.weights() - model.weights(), 513 * 90);
}

#[test]
fn a_cnn_has_the_counts_of_its_widths() {
    let model = colours("cnn-32-64-128");
    let blocks = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)];
    assert_eq!(model.weights(), blocks.iter().map(|&(inputs, outputs)| normalised(9, inputs, outputs)).sum::<u32>() + 129 * 10);
    assert_eq!(model.weights(), 288_746);
    assert_eq!(model.multiply_adds(&model.sizes(), None).forward, 884_736 + 3 * 9_437_184 + 2 * 4_718_592 + 1_290);
    assert_eq!((model.units(), model.statistics()), (448, 448));
    let shapes: Vec<(u32, u32, u32)> = model.maps.iter().map(|map| (model.groups[map.group].size, map.height, map.width)).collect();
    let twice = |shape| [shape; 2];
    let expected: Vec<(u32, u32, u32)> = [(3, 32, 32)]
        .into_iter()
        .chain([twice((32, 32, 32)), twice((32, 32, 32))].concat())
        .chain([(32, 16, 16)])
        .chain([twice((64, 16, 16)), twice((64, 16, 16))].concat())
        .chain([(64, 8, 8)])
        .chain([twice((128, 8, 8)), twice((128, 8, 8))].concat())
        .chain([(128, 4, 4), (128, 1, 1), (10, 1, 1)])
        .collect();
    assert_eq!(shapes, expected);
    // Sizes that do not divide by two are rounded down: 28, 14, 7, 3.
    let odd = Model::new("cnn-4-4-4", DIGITS, 10, false).unwrap();
    let pooled: Vec<u32> = odd.ops.iter().filter(|op| matches!(op, Op::Pool { .. })).map(|op| odd.maps[op.output()].height).collect();
    assert_eq!(pooled, [14, 7, 3, 1]);
    assert_eq!(
        colours("cnn-4-4-4-4-4").ops.last().map(|op| colours("cnn-4-4-4-4-4").maps[op.input()].pixels()),
        Some(1),
        "nothing is left to average"
    );
}

/// Without the shortcuts' convolutions a resnet20 of widths 32, 64, 128 has 1.07 million weights, four times those of the original
/// (0.27 million, widths 16, 32, 64).
#[test]
fn residual_networks_have_the_counts_of_their_widths() {
    for (name, blocks) in [("resnet20", 3), ("resnet32", 5)] {
        let model = colours(name);
        let (mut weights, mut products) = (normalised(9, 3, 32), 1024 * 9 * 3 * 32);
        let mut inputs = 32;
        for (pixels, width) in [(1024u64, 32), (256, 64), (64, 128)] {
            for _ in 0..blocks {
                weights += normalised(9, inputs, width) + normalised(9, width, width);
                products += pixels * 9 * u64::from(width * (inputs + width));
                inputs = width;
            }
        }
        weights += 129 * 10;
        products += 129 * 10;
        if name == "resnet20" {
            assert_eq!(weights, 1_073_962);
        }
        let shortcuts = normalised(1, 32, 64) + normalised(1, 64, 128);
        assert_eq!(model.weights(), weights + shortcuts, "{name}");
        assert_eq!(model.multiply_adds(&model.sizes(), None).forward, products + 256 * 32 * 64 + 64 * 64 * 128, "{name}");
        // The stem, both convolutions of each block, two shortcuts.
        assert_eq!(model.units(), 32 + 2 * blocks * (32 + 64 + 128) + 64 + 128, "{name}");
        let sums: Vec<&Map> = model.maps.iter().filter(|map| model.groups[map.group].union_of.is_some() && map.pixels() > 1).collect();
        assert_eq!(sums.len() as u32, 3 * blocks);
        assert!(
            sums.iter().all(|map| map.rectified && [(32, 32), (64, 16), (128, 8)].contains(&(model.groups[map.group].size, map.height)))
        );
    }
    // Sizes that do not divide by the stride are rounded up: 7, 4, 2.
    let odd = Model::new("resnet8", Image { channels: 3, height: 7, width: 7 }, 10, false).unwrap();
    let sums = odd.maps.iter().filter(|map| odd.groups[map.group].name.ends_with("sum")).map(|map| map.height);
    assert_eq!(sums.collect::<Vec<_>>(), [7, 4, 2, 1]);
}

/// Keras has 3,206,976 trainable weights before the classifier of the published network, whose strides are others.
#[test]
fn mobilenet_has_the_published_count_of_weights() {
    let model = colours("mobilenet");
    assert_eq!(model.weights(), 3_206_976 + 1025 * 10);
    let sizes: Vec<u32> = model.maps.iter().map(|map| map.height).collect();
    assert_eq!((sizes[0], *sizes.iter().rev().nth(2).unwrap()), (32, 2), "32, 16, 8, 4, 2");
    // A depthwise convolution takes nine multiply-adds for each of its values, however wide the network is.
    let products = |op: &Op| match op {
        Op::Depthwise { output, .. } => {
            let map = &model.maps[*output];
            Some(u64::from(9 * map.pixels() * model.groups[map.group].size) == model.op_multiply_adds(op))
        }
        _ => None,
    };
    assert_eq!(model.ops.iter().filter_map(products).collect::<Vec<_>>(), [true; 13]);
    let half = colours("mobilenet-16");
    assert!(model.groups.iter().zip(&half.groups).filter(|(group, _)| group.gated).all(|(group, half)| group.size == 2 * half.size));
}

/// The counts are from table 4 of Zagoruyko and Komodakis 2016; the exact count of the largest is from their code.
#[test]
fn wide_residual_networks_have_the_published_counts() {
    for (name, millions) in [
        ("wrn-40-1", 0.6),
        ("wrn-40-2", 2.2),
        ("wrn-40-4", 8.9),
        ("wrn-40-8", 35.7),
        ("wrn-28-10", 36.5),
        ("wrn-28-12", 52.5),
        ("wrn-22-8", 17.2),
        ("wrn-22-10", 26.8),
        ("wrn-16-8", 11.0),
        ("wrn-16-10", 17.1),
    ] {
        let weights = f64::from(colours(name).weights()) / 1e6;
        assert!((weights - millions).abs() <= 0.051, "{name}: {weights} million");
    }
    let model = colours("wrn-28-10");
    assert_eq!(model.weights(), 36_479_194);
    let mut products = 1024 * 9 * 3 * 16 + 641 * 10;
    let mut inputs = 16;
    for (pixels, width) in [(1024, 160), (256, 320), (64, 640)] {
        products += pixels * width * (inputs + 9 * (inputs + width)) + 3 * pixels * 9 * 2 * width * width;
        inputs = width;
    }
    assert_eq!(model.multiply_adds(&model.sizes(), None).forward, products);
    assert_eq!(products / 1_000_000, 5_243);
    let names = |name: &str| colours(name).groups.iter().filter(|group| group.name.ends_with("shortcut")).count();
    assert_eq!((names("wrn-28-10"), names("wrn-28-1")), (3, 2), "16 channels stay 16 without a convolution");
}

#[test]
fn a_dense_step_counts_one_forward_and_both_gradients() {
    let model = Model::new("mlp-3", Image::flat(2), 4, false).unwrap();
    let work = model.multiply_adds(&model.sizes(), None);
    assert_eq!((work.forward, work.backward), (3 * 3 + 4 * 4, 3 * 3 + 4 * 4 + 3 * 4));
    let twice = model.multiply_adds(&model.sizes(), Some(&model.sizes()));
    assert_eq!((twice.forward, twice.backward), (2 * work.forward, work.backward));
    assert_eq!(model.multiply_adds(&[2, 1, 4], Some(&[2, 2, 4])).forward, (3 + 2 * 4) + (2 * 3 + 3 * 4));
    for name in ["cnn-4-8", "vgg16", "resnet20", "wrn-16-2"] {
        let model = colours(name);
        let work = model.multiply_adds(&model.sizes(), None);
        let first = model.op_multiply_adds(&model.ops[0]);
        let biases = 10;
        assert_eq!(work.backward, 2 * work.forward - first - biases, "{name}: the inputs need no gradient");
        assert_eq!(work.forward, model.ops.iter().map(|op| model.op_multiply_adds(op)).sum::<u64>());
        assert_eq!(model.weights(), model.ops.iter().map(|op| model.op_weights(op)).sum::<u32>());
        assert!((model.predicted_ratio(1.0, 1) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_prediction_agrees_with_the_published_counts() {
    let mlp = Model::new("mlp-1024-1024", DIGITS, 10, false).unwrap();
    let published: [(&Model, [f64; 3]); 2] = [(&mlp, [0.060, 0.138, 0.475]), (&colours("vgg16"), [0.014, 0.054, 0.335])];
    for (model, ratios) in published {
        for (keep, ratio) in [0.1, 0.2, 0.5].into_iter().zip(ratios) {
            let predicted = model.predicted_ratio(keep, 2);
            assert!((predicted - ratio).abs() < 0.001, "{} at {keep}: {predicted}", model.name);
        }
    }
    // For a residual network the published count is 0.071, 0.156 and 0.493, with a dense residual stream. Here a channel of the stream is kept only
    // if something was added to it, so the convolutions that read the stream take less work: much less at small ratios, where few channels of a
    // stage's first sums are kept, and hardly less at large ones.
    let resnet = colours("resnet20");
    let dense = resnet.multiply_adds(&resnet.sizes(), None).total() as f64;
    for (keep, published, here) in [(0.1, 0.071, 0.0220), (0.2, 0.156, 0.0818), (0.5, 0.493, 0.4265)] {
        let mut kept = resnet.expected(keep);
        assert!((resnet.predicted_ratio(keep, 2) - here).abs() < 0.001, "{keep}: {}", resnet.predicted_ratio(keep, 2));
        for (kept, group) in kept.iter_mut().zip(&resnet.groups) {
            if group.union_of.is_some() || group.name == "conv 1" {
                *kept = group.size.into();
            }
        }
        let (pass, d_activations) = resnet.work(&kept);
        let dense_stream = (3.0 * pass + d_activations) / dense;
        // The published network has no convolutions on its shortcuts.
        assert!((dense_stream - published).abs() < 0.01 && here < published, "{keep}: {dense_stream}");
    }
}

#[test]
fn a_union_is_expected_to_keep_what_either_branch_keeps() {
    let model = colours("resnet8");
    let shares: Vec<(&str, f64)> = model.groups.iter().map(|group| &group.name[..]).zip(model.shares(|_| 0.25)).collect();
    let share = |name: &str| shares.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(share("inputs"), 1.0);
    assert_eq!((share("conv 1"), share("1.1 conv 1"), share("2.1 shortcut")), (0.25, 0.25, 0.25));
    assert!((share("1.1 sum") - (1.0 - 0.75 * 0.75)).abs() < 1e-12);
    // A block that changes the width begins a new stream.
    assert!((share("2.1 sum") - share("3.1 sum")).abs() < 1e-12);
    let long = colours("resnet20");
    let last = long.groups.iter().position(|group| group.name == "1.3 sum").unwrap();
    assert!((long.shares(|_| 0.25)[last] - (1.0 - 0.75f64.powi(4))).abs() < 1e-12, "the stem and three blocks");
    assert_eq!(model.expected(1.0), model.sizes().iter().map(|&size| f64::from(size)).collect::<Vec<_>>());
}

#[test]
fn bytes_are_those_of_every_tensor() {
    let model = Model::new("mlp-3", Image::flat(2), 4, false).unwrap();
    // 3·3 + 4·4 weights; packed, outputs go in fours: 3·4 + 4·4.
    let (weights, packed, gradient) = (25, 28, u64::from(model.gradient_floats()));
    let rows = 3 + 4 + 5;
    // Five images take the memory of eight. The inputs are not gated and are stored once; ones follow inputs and hidden units.
    let dense = model.bytes(5, 1);
    assert_eq!(dense.weights, 4 * (weights + packed + gradient));
    assert_eq!(dense.optimiser, 4 * (weights + 11 * 3 + 8 * rows));
    assert_eq!(dense.activations, 4 * 8 * (3 + 4 + 4 + 4 + 4));
    let sparse = model.bytes(5, 2);
    assert_eq!(sparse.weights, dense.weights, "the weights of the two masks are packed in turn");
    assert_eq!(sparse.optimiser, 4 * (weights + 11 * 3 + 10 * rows));
    assert_eq!(sparse.activations, 4 * 8 * (3 + 4 + 2 * 4 + 4 + 4), "the logits of both masks are needed for the losses");
    assert_eq!(sparse.total(), sparse.weights + sparse.activations + sparse.optimiser);
    let statistics = colours("cnn-4").bytes(1, 2).optimiser - 4 * (u64::from(colours("cnn-4").weights()) + 11 * 8 + 10 * (4 + 5 + 5 + 11));
    assert_eq!(statistics, 4 * 8 * 8, "running, of both masks, gradients; pairs");
}

#[test]
fn a_network_of_expected_sizes_takes_less_the_less_it_keeps() {
    for name in ["mlp-512-256", "cnn-32-64-128", "vgg16", "resnet20", "wrn-28-10"] {
        let model = colours(name);
        assert_eq!(model.of_expected_sizes(1.0).sizes(), model.sizes());
        let sizes: Vec<f64> = model.of_expected_sizes(0.3).sizes().iter().map(|&size| f64::from(size)).collect();
        for (size, expected) in sizes.iter().zip(model.expected(0.3)) {
            assert!((size - expected).abs() <= 0.5, "{name}: {size}, {expected}");
        }
        let mut before = model.bytes(128, 2);
        for keep in [0.9, 0.5, 0.2, 0.1, 0.05] {
            let bytes = model.of_expected_sizes(keep).bytes(128, 2);
            assert!(
                bytes.weights <= before.weights && bytes.activations <= before.activations && bytes.optimiser < before.optimiser,
                "{name} at {keep}"
            );
            before = bytes;
        }
    }
    // Between gated layers the weights scale with the square of the ratio, the values with the ratio.
    let (whole, left) = (colours("vgg16"), colours("vgg16").of_expected_sizes(0.25));
    let share = f64::from(left.weights()) / f64::from(whole.weights());
    assert!((share - 0.0625).abs() < 0.001, "{share}");
    let values = left.bytes(128, 2).activations as f64 / whole.bytes(128, 2).activations as f64;
    assert!((0.25..0.27).contains(&values), "{values}");
    assert_eq!(colours("mlp-8-2").of_expected_sizes(0.01).sizes(), [3072, 1, 1, 10], "a layer keeps at least one unit");
}

#[test]
fn a_sum_names_the_branches_that_it_joins() {
    let model = colours("resnet14");
    let named = |name: &str| model.groups.iter().position(|group| group.name == name).unwrap();
    let parents = |name: &str| model.groups[named(name)].union_of.unwrap().map(|parent| &model.groups[parent].name[..]);
    assert_eq!(parents("1.1 sum"), ["1.1 conv 2", "conv 1"]);
    assert_eq!(parents("1.2 sum"), ["1.2 conv 2", "1.1 sum"]);
    assert_eq!(parents("2.1 sum"), ["2.1 conv 2", "2.1 shortcut"]);
    let wide = colours("wrn-16-2");
    let first = wide.groups.iter().find(|group| group.name == "1.1 sum").unwrap();
    assert_eq!(first.union_of.unwrap().map(|parent| &wide.groups[parent].name[..]), ["1.1 conv 2", "1.1 shortcut"]);
    for model in [&model, &wide] {
        for (index, group) in model.groups.iter().enumerate() {
            let Some(parents) = group.union_of else {
                assert!(group.sources.is_empty());
                continue;
            };
            assert!(!group.gated && parents.iter().all(|&parent| parent < index), "branches come before their sum");
            assert!(parents.iter().all(|&parent| model.groups[parent].size == group.size));
            assert_eq!(group.sources, (0..group.size).map(|unit| [Some(unit); 2]).collect::<Vec<_>>());
        }
    }
}

/// Every map is written once, before it is read, and shapes fit.
fn check_order(model: &Model) {
    let mut written = HashSet::from([0]);
    for op in &model.ops {
        assert!(written.contains(&op.input()) && op.shortcut().is_none_or(|map| written.contains(&map)));
        assert!(written.insert(op.output()), "a map is written once");
        let [input, output] = [op.input(), op.output()].map(|map| &model.maps[map]);
        match *op {
            Op::Convolve { layer, kernel, stride, padding, .. } => {
                let layer = &model.layers[layer];
                assert_eq!(layer.groups, [input.group, output.group]);
                assert_eq!((layer.taps, layer.pixels), (kernel * kernel, output.pixels()));
                assert_eq!(output.height, (input.height + 2 * padding - kernel) / stride + 1);
                assert_eq!(output.width, (input.width + 2 * padding - kernel) / stride + 1);
                assert!(layer.extra != Extra::Bias || input.ones);
            }
            Op::Depthwise { layer, kernel, stride, padding, .. } => {
                let layer = &model.layers[layer];
                assert_eq!((layer.groups, input.group), ([output.group; 2], output.group));
                assert_eq!((layer.taps, layer.extra, layer.pixels), (0, Extra::Taps(kernel * kernel), output.pixels()));
                assert_eq!(output.height, (input.height + 2 * padding - kernel) / stride + 1);
                assert_eq!(output.width, (input.width + 2 * padding - kernel) / stride + 1);
            }
            Op::Normalise { layer, shortcut, .. } => {
                assert_eq!((input.height, input.width), (output.height, output.width));
                assert!(layer.is_none_or(|layer| model.layers[layer].groups[1] == input.group && model.layers[layer].is_normalised()));
                let union = model.groups[output.group].union_of;
                match shortcut {
                    Some(shortcut) => {
                        assert_eq!(union, Some([input.group, model.maps[shortcut].group]));
                        assert_eq!((model.maps[shortcut].height, model.maps[shortcut].width), (output.height, output.width));
                    }
                    None => assert_eq!(input.group, output.group),
                }
            }
            Op::Pool { window, .. } => {
                assert_eq!(input.group, output.group);
                assert_eq!((output.height, output.width), (input.height / window, input.width / window));
            }
            Op::Gate { .. } => assert_eq!((input.group, input.pixels()), (output.group, output.pixels())),
        }
    }
    assert_eq!(written.len(), model.maps.len());
    assert_eq!(model.ops.last().map(Op::output), Some(model.maps.len() - 1), "the logits are the last map");
}

/// Units, rows, weights, packed weights, gradients and statistics each fill their buffer without a gap.
fn check_numbering(model: &Model) {
    let (mut unit, mut row) = (0, 0);
    for group in &model.groups {
        assert_eq!(group.first_row, row);
        row += group.size + 1;
        if group.gated {
            assert_eq!(group.first_unit, unit);
            unit += group.size;
        }
    }
    assert_eq!((unit, row), (model.units(), model.rows()));
    let (mut weight, mut packed, mut gradient, mut statistic) = (0, 0, 0, 0);
    for layer in &model.layers {
        assert_eq!(layer.inputs, if layer.taps == 0 { 0 } else { model.groups[layer.groups[0]].size });
        assert_eq!(layer.outputs, model.groups[layer.groups[1]].size);
        let extra = match layer.extra {
            Extra::None => 0,
            Extra::Bias => 1,
            Extra::Normalisation => 2,
            Extra::Taps(taps) => taps,
        };
        let rows = layer.taps * layer.inputs + extra;
        assert_eq!((layer.first_weight, layer.first_packed, layer.first_gradient), (weight, packed, gradient));
        assert!(layer.room >= layer.packed() && layer.room.is_multiple_of(4), "a gradient has the room of its packed weights");
        weight += rows * layer.outputs;
        let [from, to] = layer.groups.map(|group| model.groups[group].capacity);
        packed += (layer.taps * from + extra) * to.div_ceil(4) * 4;
        gradient += layer.room;
        if layer.extra == Extra::Normalisation {
            assert_eq!(layer.first_statistic, statistic);
            statistic += layer.outputs;
        }
    }
    assert_eq!((weight, packed), (model.weights(), model.packed()));
    assert_eq!((gradient, statistic), (model.gradient_floats(), model.statistics()));
}

/// What each part of each buffer holds: the values of a map, or the gradient at it.
struct Holders(Vec<Vec<(Place, (usize, bool))>>);

impl Holders {
    fn write(&mut self, place: Place, holds: (usize, bool), reads: &[Place]) {
        assert!(reads.iter().all(|read| read.buffer != place.buffer), "{holds:?} is written to a buffer that is read");
        let parts = &mut self.0[place.buffer];
        parts.retain(|(other, _)| other.first + other.floats <= place.first || place.first + place.floats <= other.first);
        parts.push((place, holds));
    }

    fn read(&self, place: Place, holds: (usize, bool)) {
        assert!(self.0[place.buffer].contains(&(place, holds)), "{holds:?} is no longer at {place:?}");
    }
}

/// Simulates a step and tracks what the parts of the buffers hold: all that is read must still be there, and no buffer is read and written at once.
fn check_places(model: &Model) {
    let places = Places::of(model);
    let mut holders = Holders(vec![Vec::new(); places.buffers.len()]);
    let all = places.forward.iter().chain(&places.backward).chain(places.gradients.iter().flatten());
    let largest = |place: &Place| places.buffers[place.buffer].floats;
    assert!(all.clone().all(|place| place.first + place.floats <= largest(place) && place.first % 16 == 0), "{places:?}");
    let most = all.map(|place| place.floats).max().unwrap();
    assert!(places.buffers.iter().all(|buffer| buffer.floats <= most), "no buffer is larger than the largest value");
    let floats = |map: usize, rows: u32| u64::from(rows * model.maps[map].pixels());
    for (map, place) in places.forward.iter().enumerate() {
        let kept = model.groups[model.maps[map].group].capacity;
        let own = floats(map, kept + u32::from(model.maps[map].ones));
        let is_per_mask = model.is_side_by_side() && (map > 0 || model.groups[0].gated);
        let apart = if is_per_mask || map == model.logits() { own } else { 0 };
        assert_eq!(places.apart[map], apart);
        // The buffer of the logits is multiplied by the masks when it is allocated.
        assert_eq!(place.floats, own + if map == model.logits() { 0 } else { apart });
        assert!(places.backward[map] == *place || model.is_recomputed(map) && places.backward[map].floats == own);
        let has_gradient = map > 0 || model.needs_input_gradient();
        assert!(places.gradients[map].map_or(!has_gradient, |place| place.floats == floats(map, kept.next_multiple_of(4))));
    }
    let maps = |op: &Op| [Some(op.input()), op.shortcut()].into_iter().flatten().collect::<Vec<usize>>();
    // Inputs that are not gated are gathered once.
    holders.write(places.forward[0], (0, false), &[]);
    for _ in 0..if model.is_side_by_side() { 1 } else { 2 } {
        for op in &model.ops {
            let reads: Vec<Place> = maps(op).iter().map(|&map| places.forward[map]).collect();
            for (&map, &place) in maps(op).iter().zip(&reads) {
                holders.read(place, (map, false));
            }
            holders.write(places.forward[op.output()], (op.output(), false), &reads);
        }
    }
    let logits = model.logits();
    assert_eq!(holders.0[places.forward[logits].buffer].len(), 1, "the logits of the probe are not overwritten");
    holders.write(places.gradients[logits].unwrap(), (logits, true), &[places.forward[logits]]);
    for (index, op) in model.ops.iter().enumerate().rev() {
        if model.gives_information(index) && matches!(op, Op::Convolve { .. }) {
            holders.read(places.backward[op.output()], (op.output(), false));
            holders.read(places.gradients[op.output()].unwrap(), (op.output(), true));
        }
        for writer in model.recomputed_before(index) {
            let (from, to) = (model.ops[writer].input(), model.ops[writer].output());
            holders.read(places.backward[from], (from, false));
            holders.write(places.backward[to], (to, false), &[places.backward[from]]);
        }
        let from = places.gradients[op.output()].unwrap();
        for map in maps(op) {
            holders.read(places.backward[map], (map, false));
            holders.read(from, (op.output(), true));
            let Some(place) = places.gradients[map] else { continue };
            if !model.writes_first(index, map) {
                holders.read(place, (map, true));
            }
            // The gradients at the input and at the shortcut are written by two kernels.
            holders.write(place, (map, true), &[places.backward[map], from]);
        }
        for map in maps(op) {
            holders.read(places.backward[map], (map, false));
        }
        holders.read(from, (op.output(), true));
    }
    if model.needs_input_gradient() {
        holders.read(places.gradients[0].unwrap(), (0, true));
        holders.read(places.backward[0], (0, false));
    }
}

#[test]
fn few_floats_do_for_the_gradients_of_a_deep_network() {
    for name in ["mlp-64-64-64-64-64-64", "vgg16", "resnet38", "wrn-28-10"] {
        let model = colours(name);
        let places = Places::of(&model);
        let shared: u64 = places.buffers.iter().filter(|buffer| buffer.name.starts_with("the gradients")).map(|buffer| buffer.floats).sum();
        let largest = places.gradients.iter().flatten().map(|place| place.floats).max().unwrap();
        assert!(shared <= 3 * largest, "{name}: {shared} floats, the largest gradient has {largest}");
    }
}

/// The name of a network that can be built for images of at least 8 × 8 pixels.
fn any_name() -> impl Strategy<Value = String> {
    let widths = |most: usize| {
        let join = |widths: Vec<u32>| widths.iter().map(u32::to_string).collect::<Vec<_>>().join("-");
        proptest::collection::vec(1u32..40, 1..=most).prop_map(join)
    };
    let depths = |least: u32, most: u32| (least..=most).prop_map(|blocks| 6 * blocks + 2);
    prop_oneof![
        widths(5).prop_map(|widths| format!("mlp-{widths}")),
        widths(3).prop_map(|widths| format!("cnn-{widths}")),
        depths(1, 6).prop_map(|depth| format!("resnet{depth}")),
        (depths(1, 6), 1u32..4).prop_map(|(depth, factor)| format!("wrn-{}-{factor}", depth + 2)),
        (1u32..4).prop_map(|width| format!("mobilenet-{width}")),
    ]
}

fn any_model() -> impl Strategy<Value = Model> {
    (any_name(), 1u32..4, 8u32..34, 2u32..12, any::<bool>()).prop_map(|(name, channels, side, classes, gate_inputs)| {
        Model::new(&name, Image { channels, height: side, width: side }, classes, gate_inputs).unwrap()
    })
}

proptest! {
    #[test]
    fn no_name_panics(name in "(mlp|cnn|vgg16|resnet|wrn)?[-+0-9a-z]{0,30}", channels in 0u32..5, height: u32, width in 0u32..100, gate: bool) {
        for image in [DIGITS, COLOURS, Image::flat(784), Image { channels, height, width }] {
            drop(Model::new(&name, image, 10, gate));
        }
    }

    #[test]
    fn no_widths_panic(widths in proptest::collection::vec(0u32..40_000, 0..16), kind in "mlp|cnn", side in 1u32..300) {
        let name = widths.iter().fold(kind, |name, width| format!("{name}-{width}"));
        drop(Model::new(&name, Image { channels: 3, height: side, width: side }, 10, true));
    }

    #[test]
    fn networks_are_in_order_and_numbered_without_gaps(model in any_model()) {
        check_order(&model);
        check_numbering(&model);
    }

    #[test]
    fn no_two_values_that_are_needed_share_a_place(model in any_model(), capacities in proptest::collection::vec(1u32..50, 64), gates: bool, exact_information: bool, side_by_side: bool) {
        let passes = if side_by_side { Passes::SideBySide } else { Passes::InTurn };
        let model = Model { passes, exact_information, ..model };
        let model = if gates { model.with_gates() } else { model };
        check_places(&model);
        let small = Model { saves_memory: true, ..model.clone() }.with_capacities(&capacities[..model.groups.len()]);
        check_numbering(&small);
        check_places(&small);
        prop_assert!(small.groups.iter().all(|group| (1..=group.size).contains(&group.capacity)));
        prop_assert!(!gates || small.groups == model.groups, "a network with gates computes every unit");
    }

    #[test]
    fn a_capacity_is_exact_for_a_mask_and_leaves_room_for_a_draw(model in any_model(), bits in proptest::collection::vec(any::<bool>(), 89)) {
        let kept = some_kept(&model, &bits);
        let counts: Vec<u32> = model.kept_units(&kept).iter().map(|units| units.iter().filter(|kept| **kept).count() as u32).collect();
        let certain: Vec<f32> = kept.iter().map(|&kept| f32::from(u8::from(kept))).collect();
        let small = model.with_capacities(&model.capacities(&certain));
        for (group, count) in small.groups.iter().zip(&counts).filter(|(group, _)| group.gated) {
            prop_assert_eq!(group.capacity, count.next_multiple_of(4).min(group.size));
        }
        prop_assert!(small.groups.iter().zip(&counts).all(|(group, count)| *count <= group.capacity));
        let drawn = model.capacities(&vec![0.3; model.units() as usize]);
        for (group, capacity) in model.groups.iter().zip(drawn).filter(|(group, _)| group.gated) {
            let size = f64::from(group.size);
            let most = 0.3 * size + 4.0 * (0.21 * size).sqrt();
            prop_assert!(f64::from(capacity) >= most.min(size) - 1e-3 && f64::from(capacity) < most + 5.0);
        }
        // All that can be drawn fits after it was drawn once.
        let grown = small.grown(&model.sizes());
        prop_assert_eq!(&grown.groups, &model.groups);
    }

    /// A compacted network is a valid network with the sizes that the mask gives.
    #[test]
    fn a_compacted_network_has_the_kept_units(model in any_model(), bits in proptest::collection::vec(any::<bool>(), 97)) {
        let kept = some_kept(&model, &bits);
        let (small, remaining) = model.compacted(&kept);
        check_order(&small);
        check_numbering(&small);
        check_places(&small);
        prop_assert_eq!(small.sizes(), remaining.iter().map(|units| units.len() as u32).collect::<Vec<_>>());
        for (index, group) in model.groups.iter().enumerate() {
            let whole: HashSet<u32> = (0..group.size).collect();
            let expected: HashSet<u32> = if group.gated {
                whole.into_iter().filter(|unit| kept[(group.first_unit + unit) as usize]).collect()
            } else if let Some([a, b]) = group.union_of {
                // In an uncompacted network a sum joins equal units.
                remaining[a].iter().chain(&remaining[b]).copied().collect()
            } else {
                whole
            };
            prop_assert_eq!(&remaining[index].iter().copied().collect::<HashSet<_>>(), &expected, "{}", group.name);
            prop_assert!(remaining[index].is_sorted());
            if let Some(parents) = group.union_of {
                for (unit, sources) in remaining[index].iter().zip(&small.groups[index].sources) {
                    prop_assert!(sources.iter().any(Option::is_some));
                    for (source, parent) in sources.iter().zip(parents) {
                        let there = remaining[parent].iter().position(|other| other == unit).map(|place| place as u32);
                        prop_assert_eq!(*source, there);
                    }
                }
            }
        }
    }

    /// Dropping units twice equals dropping them at once.
    #[test]
    fn compacting_twice_is_compacting_once(model in any_model(), first in proptest::collection::vec(any::<bool>(), 89), second in proptest::collection::vec(any::<bool>(), 83)) {
        let kept = some_kept(&model, &first);
        let (once, remaining) = model.compacted(&kept);
        let kept_of_those = some_kept(&once, &second);
        let (twice, remaining_of_those) = once.compacted(&kept_of_those);
        let mut of_those = kept_of_those.iter();
        let both: Vec<bool> = kept.iter().map(|&kept| kept && *of_those.next().unwrap()).collect();
        let (at_once, left) = model.compacted(&both);
        prop_assert_eq!(&twice, &at_once);
        let composed: Vec<Vec<u32>> = remaining_of_those.iter().zip(&remaining).map(|(later, earlier)| later.iter().map(|&unit| earlier[unit as usize]).collect()).collect();
        prop_assert_eq!(composed, left);
        let (same, all) = model.compacted(&vec![true; model.units() as usize]);
        prop_assert_eq!(same, model.clone());
        prop_assert!(all.iter().zip(&model.groups).all(|(units, group)| units.len() as u32 == group.size));
    }

    /// A sum keeps what either branch keeps, and nothing else.
    #[test]
    fn kept_units_of_unions_follow_their_branches(model in any_model(), bits in proptest::collection::vec(any::<bool>(), 101)) {
        let (model, _) = model.compacted(&some_kept(&model, &bits));
        let kept = some_kept(&model, &bits[7..]);
        let groups = model.kept_units(&kept);
        for (group, units) in model.groups.iter().zip(&groups) {
            let Some([a, b]) = group.union_of else { continue };
            for (unit, source) in units.iter().zip(&group.sources) {
                let from = |parent: usize, source: Option<u32>| source.is_some_and(|source| groups[parent][source as usize]);
                prop_assert_eq!(*unit, from(a, source[0]) || from(b, source[1]));
            }
        }
        let counts: Vec<u32> = groups.iter().map(|units| units.iter().filter(|&&kept| kept).count() as u32).collect();
        prop_assert_eq!(model.compacted(&kept).0.sizes(), counts);
    }

    #[test]
    fn a_step_that_keeps_fewer_units_costs_less(model in any_model(), keep in 0.05f64..0.95) {
        let ratio = model.predicted_ratio(keep, 2);
        prop_assert!(ratio > 0.0 && ratio < model.predicted_ratio(keep + 0.05, 2));
        prop_assert!(ratio > model.predicted_ratio(keep, 1));
        let bytes = model.of_expected_sizes(keep).bytes(16, 2);
        prop_assert!(bytes.total() <= model.bytes(16, 2).total());
    }
}
