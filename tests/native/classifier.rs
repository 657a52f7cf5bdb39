//! The classifier compared with the reference kernels in f64.

use std::rc::Rc;

use pollster::block_on;

use lacuna::check;
use lacuna::classifier::{Classifier, MASKS, MOST_BATCHES};
use lacuna::config::Config;
use lacuna::device::Machine;
use lacuna::model::Image;
use lacuna::random::{Stream, Threefry};
use lacuna::reference;
use lacuna::schedule::plain;
use lacuna::shared::State;
use lacuna::trainer::{DataShape, Trainer};

use crate::adapter::machine;

/// The counter of the first sampled mask.
const FIRST_DRAW: u32 = 1 << 30;

/// A run on random images whose classes differ in brightness, after some steps.
fn trained(
    machine: &Rc<Machine>,
    model: &str,
    Image { channels, height, width }: Image,
    gate_inputs: bool,
    compact: bool,
) -> (Trainer, Vec<u8>) {
    let inputs = channels * height * width;
    let shape = DataShape { train_rows: 60, test_rows: 9, inputs, channels, height, width, classes: 3, augment: false, deviation: 0.25 };
    let mut random = Threefry::new(23, Stream::Data, 0);
    let mut uniform = |below: u32| (random.unit_interval() * below as f32) as u32;
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..69 {
        let class = uniform(3);
        labels.push(class as u8);
        bytes.extend((0..inputs).map(|input| ((input * 7 + class * 31) % 90 + uniform(120)) as u8));
    }
    let config = Config {
        model: model.to_owned(),
        gate_inputs,
        keep_ratio: 0.3,
        control_variate: false,
        fill_budget: false,
        anneal_fraction: 0.6,
        steps: 40,
        batch_size: 12,
        seed: 3,
        scores_rate: 0.2,
        learning_rate: 0.02,
        compact,
        ..Config::default()
    };
    let mut run = Trainer::new(machine, config, shape).unwrap();
    run.load(0, &bytes, &labels);
    run.set_rows_ready(60);
    while run.step() < run.steps() {
        block_on(run.advance(20)).unwrap();
        if compact {
            block_on(run.compact()).unwrap();
        }
    }
    (run, bytes[(60 * inputs) as usize..][..inputs as usize].to_vec())
}

/// Probabilities under the decided mask and under the mask of this draw, by the reference kernels.
fn by_references(run: &Trainer, image: &[u8], draw: u32) -> [Vec<f64>; 2] {
    let mut evaluator = run.evaluator(1, 1).unwrap();
    block_on(run.update_evaluator(&mut evaluator)).unwrap();
    let mut memory = reference::Memory { state: State::default(), ..block_on(check::memory(&evaluator)).unwrap() };
    memory.params.draw = draw;
    bytemuck::cast_slice_mut::<u32, u8>(&mut memory.inputs)[..image.len()].copy_from_slice(image);
    memory.batch_rows[0] = plain([0])[0];
    for dispatch in evaluator.evaluation_step() {
        reference::run(dispatch.line.name, &dispatch.work, dispatch.masks, &mut memory);
    }
    let logits = &memory.values[evaluator.logits_buffer()];
    let stride = memory.params.batch_stride as usize;
    [0, logits.len() / 2].map(|first| {
        let powers: Vec<f64> = (0..3).map(|class| logits[first + class * stride].exp()).collect();
        let total: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / total).collect()
    })
}

fn furthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn image(channels: u32, height: u32, width: u32) -> Image {
    Image { channels, height, width }
}

#[test]
fn probabilities_and_contributions_are_those_of_the_references() {
    let machine = machine();
    for (model, shape, gate_inputs, compact) in [
        ("mlp-19-11", image(1, 7, 7), true, false),
        ("mlp-19-11", image(1, 7, 7), true, true),
        ("mlp-34", image(3, 5, 4), false, false),
        ("cnn-5-6", image(3, 8, 9), true, false),
        ("resnet8", image(2, 6, 6), false, false),
    ] {
        let what = format!("{model}, inputs gated: {gate_inputs}, compacted: {compact}");
        let (run, seen) = trained(&machine, model, shape, gate_inputs, compact);
        assert!(!compact || run.model.units() < run.whole.units(), "{what}: nothing was dropped");
        let before: Vec<u32> = block_on(run.engine().read(&run.engine().buffers.weights)).unwrap();

        let mut classifier = Classifier::new(&run, u64::MAX).unwrap();
        block_on(classifier.begin(&run, &seen)).unwrap();
        while block_on(classifier.sample(5)).unwrap() > 0 {}
        assert_eq!(classifier.sampled().len() as u32, MASKS);
        let mut differing = 0;
        for (sampled, draw) in classifier.sampled().iter().zip(FIRST_DRAW..) {
            let [decided, expected] = by_references(&run, &seen, draw);
            let error = furthest(classifier.decided(), &decided).max(furthest(sampled, &expected));
            assert!(error < 2e-5, "{what}, draw {draw}: {error}");
            differing += u32::from(furthest(sampled, &decided) > 1e-6);
        }
        assert!(differing > 5, "{what}: the sampled masks give the same result as the decided one");

        while block_on(classifier.explain(2)).unwrap() > 0 {}
        let found = classifier.contributions().unwrap();
        assert_eq!((found.side, found.across, found.down), (1, shape.width, shape.height));
        let class = found.class as usize;
        assert!(classifier.decided().iter().all(|&p| p <= classifier.decided()[class]));
        let shifts: Vec<f32> = block_on(run.engine().read(&run.engine().buffers.shifts)).unwrap();
        let scale = run.engine().params.scale;
        let whole = by_references(&run, &seen, 0)[0][class].ln();
        let mut off = 0;
        for (square, &value) in found.values.iter().enumerate() {
            let mut other = seen.clone();
            for channel in 0..shape.channels as usize {
                let feature = channel * (shape.width * shape.height) as usize + square;
                other[feature] = (-shifts[feature] / scale).round() as u8;
            }
            let expected = whole - by_references(&run, &other, 0)[0][class].ln();
            assert!((value - expected).abs() < 1e-4, "{what}, square {square}: {value}, by the references {expected}");
            off += u32::from(value == 0.0);
        }
        assert!(found.values.iter().any(|value| value.abs() > 1e-3), "{what}: nothing contributes");
        assert!(!gate_inputs || model.starts_with("cnn") || off >= 20, "{what}: {off} inputs are off");
        let after: Vec<u32> = block_on(run.engine().read(&run.engine().buffers.weights)).unwrap();
        assert!(before == after, "{what}: the run has changed");
    }
}

#[test]
fn squares_are_larger_where_single_pixels_would_cost_too_much() {
    let machine = machine();
    let (run, seen) = trained(&machine, "cnn-5-6", image(3, 9, 8), false, false);
    let forward = 2 * run.model.multiply_adds(&run.model.sizes(), None).forward;
    // 72 squares of one pixel, 20 of 2 × 2, 6 of 4 × 4, 2 of 8 × 8.
    for (most, side, squares) in [(72, 1, 72), (71, 2, 20), (20, 2, 20), (19, 4, 6), (5, 8, 2), (0, 8, 2)] {
        let mut classifier = Classifier::new(&run, most * forward).unwrap();
        block_on(classifier.begin(&run, &seen)).unwrap();
        let mut submits = 0;
        while block_on(classifier.explain(MOST_BATCHES)).unwrap() > 0 {
            submits += 1;
        }
        let found = classifier.contributions().unwrap();
        assert_eq!((found.side, found.values.len()), (side, squares));
        assert!(submits >= 1 && found.values.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn a_row_of_the_data_is_read_back_from_any_offset() {
    let machine = machine();
    // 35 bytes a row, so that rows begin at every remainder of a word.
    let (run, first) = trained(&machine, "mlp-5", image(1, 5, 7), false, false);
    assert_eq!(block_on(run.engine().row(60)).unwrap().0, first);
    let shape = run.data.clone();
    let rows: Vec<u8> = (0..69 * 35).map(|index: u32| (index * 11 % 251) as u8).collect();
    let labels: Vec<u8> = (0..69).map(|row| row % 3).collect();
    for streamed in [false, true] {
        let config = run.config.clone();
        let mut other =
            if streamed { Trainer::streaming(&machine, config, shape.clone()) } else { Trainer::new(&machine, config, shape.clone()) }
                .unwrap();
        other.load(0, &rows, &labels);
        for row in [0u32, 1, 2, 3, 59, 67, 68] {
            let (inputs, label) = block_on(other.engine().row(row)).unwrap();
            assert_eq!((&inputs[..], label), (&rows[row as usize * 35..][..35], (row % 3) as u8), "row {row}, streamed: {streamed}");
        }
    }
}
