//! A traced step, recomputed by someone who knows the method and has the file: whole matrices times masks in f64, an own softmax, backward
//! pass, Adam and projection. Nothing of the program is called but its binary.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use safetensors::{Dtype, SafeTensors};

/// A trace file, every tensor widened to f64, with the bits of the floats as they stand.
struct Trace {
    values: HashMap<String, Vec<f64>>,
    shapes: HashMap<String, Vec<usize>>,
    bits: HashMap<String, Vec<u32>>,
    settings: HashMap<String, String>,
}

impl Trace {
    fn read(path: &std::path::Path) -> Self {
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

/// A matrix of weights, `[inputs + 1, outputs]`, the last row the biases.
struct Layer {
    inputs: usize,
    outputs: usize,
    weights: Vec<f64>,
}

/// One mask over all groups, 1 or 0 a unit; a group that is not gated has only ones.
type Masks = Vec<Vec<f64>>;

/// The gated units' numbers of `flat`, spread over the groups; ones elsewhere.
fn spread(flat: &[f64], sizes: &[usize], gate_inputs: bool) -> Masks {
    let mut rest = flat;
    let last = sizes.len() - 1;
    let masks = sizes.iter().enumerate().map(|(g, &size)| {
        if (g == 0 && !gate_inputs) || g == last {
            return vec![1.0; size];
        }
        let (own, others) = rest.split_at(size);
        rest = others;
        own.to_vec()
    });
    let masks = masks.collect();
    assert!(rest.is_empty(), "one number for each gated unit");
    masks
}

/// A layer never closes: where nothing of a gated group was drawn, the first unit of the highest score stays.
fn never_closed(drawn: &Masks, scores: &Masks) -> Masks {
    let mut kept = drawn.clone();
    for (group, scores) in kept.iter_mut().zip(scores) {
        if group.iter().all(|&kept| kept == 0.0) {
            let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            group[scores.iter().position(|&score| score == highest).unwrap()] = 1.0;
        }
    }
    kept
}

/// Outputs of every group for one image: the inputs as fed, times the mask; relu and mask after every layer but the last.
fn forward(image: &[f64], layers: &[Layer], masks: &Masks) -> Vec<Vec<f64>> {
    let mut outputs = vec![image.iter().zip(&masks[0]).map(|(x, m)| x * m).collect::<Vec<f64>>()];
    for (l, layer) in layers.iter().enumerate() {
        let x = outputs.last().unwrap();
        let next = (0..layer.outputs).map(|o| {
            let sum: f64 = (0..layer.inputs).map(|i| x[i] * layer.weights[i * layer.outputs + o]).sum();
            let z = sum + layer.weights[layer.inputs * layer.outputs + o];
            if l + 1 == layers.len() { z } else { z.max(0.0) * masks[l + 1][o] }
        });
        let next = next.collect();
        outputs.push(next);
    }
    outputs
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|z| (z - highest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

/// Mean cross-entropy of the batch, and its gradient at every weight.
fn loss_and_gradient(images: &[&[f64]], labels: &[usize], layers: &[Layer], masks: &Masks) -> (f64, Vec<Vec<f64>>) {
    let mut loss = 0.0;
    let mut gradients: Vec<Vec<f64>> = layers.iter().map(|layer| vec![0.0; layer.weights.len()]).collect();
    let share = 1.0 / images.len() as f64;
    for (image, &label) in images.iter().zip(labels) {
        let outputs = forward(image, layers, masks);
        let mut delta = softmax(outputs.last().unwrap());
        loss -= share * delta[label].ln();
        delta[label] -= 1.0;
        for (l, layer) in layers.iter().enumerate().rev() {
            let x = &outputs[l];
            for o in 0..layer.outputs {
                for i in 0..layer.inputs {
                    gradients[l][i * layer.outputs + o] += share * x[i] * delta[o];
                }
                gradients[l][layer.inputs * layer.outputs + o] += share * delta[o];
            }
            if l > 0 {
                let back = |i: usize| (0..layer.outputs).map(|o| layer.weights[i * layer.outputs + o] * delta[o]).sum::<f64>();
                delta = (0..layer.inputs).map(|i| if x[i] > 0.0 { back(i) * masks[l][i] } else { 0.0 }).collect();
            }
        }
    }
    (loss, gradients)
}

/// The least v with Σ clamp(s − v, 0, 1) ≤ K, by bisection to 1e-12.
fn threshold(scores: &[f64], budget: f64) -> f64 {
    let sum = |v: f64| scores.iter().map(|s| (s - v).clamp(0.0, 1.0)).sum::<f64>();
    if sum(0.0) <= budget {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, scores.iter().copied().fold(0.0, f64::max));
    while high - low > 1e-12 {
        let middle = f64::midpoint(low, high);
        if sum(middle) > budget { low = middle } else { high = middle }
    }
    high
}

/// The largest distance between two tensors.
fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().map(|value| value.abs()).fold(0.0, f64::max)
}

/// What a step is held to: f32 sums of a few hundred terms beside f64.
const LOSS: f64 = 2e-6;
const SCORES: f64 = 2e-5;
const WEIGHTS: f64 = 2e-6;

fn close(name: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{name}: {found}, recomputed {expected}");
}

/// What a step began with and what its two forwards and its backward give, recomputed.
struct Step<'a> {
    trace: &'a Trace,
    layers: Vec<Layer>,
    kept: Masks,
    loss: f64,
    /// Where the probe was forwarded.
    probe_loss: Option<f64>,
    gradients: Vec<Vec<f64>>,
}

impl<'a> Step<'a> {
    fn new(trace: &'a Trace) -> Self {
        let sizes: Vec<usize> = trace.settings["groups"].split(',').map(|size| size.parse().unwrap()).collect();
        let gate_inputs: bool = trace.setting("gate_inputs");
        let layers = (0..sizes.len() - 1).map(|l| {
            let name = format!("before.weights.{l}");
            assert_eq!(trace.shapes[&name], [sizes[l] + 1, sizes[l + 1]], "{name}");
            Layer { inputs: sizes[l], outputs: sizes[l + 1], weights: trace.tensor(&name).to_vec() }
        });
        let layers: Vec<Layer> = layers.collect();
        let images: Vec<&[f64]> = trace.tensor("inputs").chunks(sizes[0]).collect();
        let labels: Vec<usize> = trace.tensor("labels").iter().map(|&label| label as usize).collect();
        assert_eq!(trace.shapes["inputs"], [labels.len(), sizes[0]]);
        assert_eq!(labels.len(), trace.setting::<usize>("batch_size"));

        let scores = spread(trace.tensor("before.scores"), &sizes, gate_inputs);
        let forwarded = |drawn: &str, kept: &str| {
            let masks = never_closed(&spread(trace.tensor(drawn), &sizes, gate_inputs), &scores);
            assert_eq!(masks, spread(trace.tensor(kept), &sizes, gate_inputs), "{kept}");
            masks
        };
        let kept = forwarded("mask", "kept_mask");
        for (drawn, score) in trace.tensor("mask").iter().zip(trace.tensor("before.scores")) {
            assert!((*score < 1.0 || *drawn == 1.0) && (*score > 0.0 || *drawn == 0.0), "a decided unit was drawn otherwise");
        }
        let (loss, gradients) = loss_and_gradient(&images, &labels, &layers, &kept);
        let probe_loss = (trace.settings["method"] == "vrpge")
            .then(|| loss_and_gradient(&images, &labels, &layers, &forwarded("probe", "kept_probe")).0);
        Self { trace, layers, kept, loss, probe_loss, gradients }
    }

    fn check_losses(&self) {
        close("loss", self.trace.number("loss"), self.loss, LOSS * self.loss);
        if let Some(probe_loss) = self.probe_loss {
            close("probe loss", self.trace.number("probe_loss"), probe_loss, LOSS * probe_loss);
        } else {
            assert!(!self.trace.values.contains_key("probe_loss") && !self.trace.values.contains_key("d_scores"), "nothing was probed");
        }
    }

    /// g of one unit, and what the losses' own rounding may make of it.
    fn structure_gradient(&self, unit: usize, probe_loss: f64) -> (f64, f64) {
        let (s, m, p) = (self.trace.tensor("before.scores")[unit], self.trace.tensor("mask")[unit], self.trace.tensor("probe")[unit]);
        // The draw has 24 bits: below them, and at 1, the unit is decided.
        if s < 2f64.powi(-24) || s >= 1.0 {
            return (0.0, 0.0);
        }
        let raw = match self.trace.settings["estimator"].as_str() {
            "two-sided" => 0.5 * (self.loss - probe_loss) * (m - p),
            "one-sided" => (self.loss - probe_loss) * (m - s),
            "plain" => self.loss * (m - s),
            other => panic!("estimator {other}"),
        };
        let spread = (s * (1.0 - s)).powf(1.0 - self.trace.setting::<f64>("alpha"));
        (raw / spread, 2.0 * LOSS * self.loss.max(probe_loss) / spread)
    }

    /// The estimator, the optimiser's step, the projection.
    fn check_scores(&self) {
        let (trace, step) = (self.trace, self.trace.setting::<i32>("step"));
        let Some(probe_loss) = self.probe_loss else {
            assert_eq!(trace.bits["after.scores"], trace.bits["before.scores"], "a fixed mask's scores rest");
            return;
        };
        let (rate, budget) = (trace.number("scores_rate"), trace.number("budget"));
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
        let v = threshold(&stepped, budget);
        close(&format!("step {step}, threshold"), trace.number("threshold"), v, SCORES);
        let after: Vec<f64> = stepped.iter().map(|s| (s - v).clamp(0.0, 1.0)).collect();
        let error = distance(trace.tensor("after.scores"), &after);
        assert!(error <= SCORES, "step {step}: scores differ by {error}");
        close("sum of scores", trace.number("sum_scores"), after.iter().sum(), 1e-5 * after.len() as f64);
        assert!(trace.tensor("after.scores").iter().sum::<f64>() <= budget * (1.0 + 1e-6), "step {step}: over the budget");
    }

    /// The gradient at kept entries, clipped by its whole norm, momentum and decay; the others rest. How many rest and how many move.
    fn check_weights(&self) -> (u32, u32) {
        let (trace, step) = (self.trace, self.trace.setting::<i32>("step"));
        let norm = self.gradients.iter().flatten().map(|g| g * g).sum::<f64>().sqrt();
        close("gradient norm", trace.number("gradient_norm"), norm, 1e-5 * norm);
        let clip_norm: f64 = trace.setting("clip_norm");
        let clip = if clip_norm > 0.0 && norm > clip_norm { clip_norm / norm } else { 1.0 };
        close("clip scale", trace.number("clip_scale"), clip, 1e-5);
        let (momentum, decay): (f64, f64) = (trace.setting("momentum"), trace.setting("weight_decay"));
        let rate = trace.number("learning_rate");
        let (mut resting, mut moving) = (0, 0);
        for (l, layer) in self.layers.iter().enumerate() {
            let mut velocity = trace.tensor(&format!("before.velocity.{l}")).to_vec();
            let mut weights = layer.weights.clone();
            for at in 0..weights.len() {
                let (i, o) = (at / layer.outputs, at % layer.outputs);
                // The last row is the biases', whose input is always on.
                if self.kept[l].get(i).is_none_or(|&kept| kept == 1.0) && self.kept[l + 1][o] == 1.0 {
                    moving += 1;
                    velocity[at] = momentum * velocity[at] + clip * self.gradients[l][at] + decay * weights[at];
                    weights[at] -= rate * velocity[at];
                    continue;
                }
                resting += 1;
                for tensor in ["weights", "velocity"] {
                    let bits = |moment: &str| trace.bits[&format!("{moment}.{tensor}.{l}")][at];
                    assert_eq!(bits("before"), bits("after"), "step {step}: {tensor} of layer {l} ({i}, {o}) is off and moved");
                }
            }
            for (tensor, expected) in [("weights", weights), ("velocity", velocity)] {
                let error = distance(trace.tensor(&format!("after.{tensor}.{l}")), &expected) / largest(&expected);
                assert!(error <= WEIGHTS, "step {step}: {tensor} of layer {l} differ by {error} of the largest");
            }
        }
        (resting, moving)
    }
}

/// Runs the program with `flags` and recomputes each traced step; what one step leaves is what the next one finds.
fn trace(flags: &[&str]) -> Vec<Trace> {
    const STEPS: usize = 3;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("trace");
    let output = Command::new(env!("CARGO_BIN_EXE_lacuna"))
        .args(["train", "--dataset", "planted", "--batch-size", "32", "--steps", "4", "--trace-steps", "3", "--trace"])
        .arg(&directory)
        .args(flags)
        .output()
        .unwrap();
    assert!(output.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), STEPS, "one file a step");
    let traces: Vec<Trace> = (0..STEPS).map(|step| Trace::read(&directory.join(format!("step-{step:06}.safetensors")))).collect();
    let (mut resting, mut moving) = (0, 0);
    for trace in &traces {
        let step = Step::new(trace);
        step.check_losses();
        step.check_scores();
        let weights = step.check_weights();
        (resting, moving) = (resting + weights.0, moving + weights.1);
    }
    assert!(resting > 100 && moving > 100, "{resting} weights rest and {moving} move");
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

#[test]
fn a_step_of_the_default_method_can_be_recomputed_from_its_trace() {
    let traces = trace(&["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.3"]);
    assert!(traces.iter().any(|trace| trace.number("threshold") > 0.0), "no step was projected");
}

#[test]
fn a_step_at_a_constant_budget_can_be_recomputed_and_its_clipped_gradient_too() {
    let traces = trace(&["--model", "mlp-24-12", "--gate-inputs", "--keep-ratio", "0.4", "--schedule", "constant", "--clip-norm", "0.2"]);
    assert!(traces.iter().any(|trace| trace.number("clip_scale") < 1.0), "no gradient was clipped");
}

#[test]
fn a_one_sided_step_with_plain_descent_and_no_clip_can_be_recomputed() {
    let flags = ["--model", "mlp-24-12", "--keep-ratio", "0.5", "--schedule", "constant", "--estimator", "one-sided", "--alpha", "0.75"];
    let more = ["--scores-optimizer", "sgd", "--scores-rate", "0.3", "--clip-norm", "0", "--rate-schedule", "constant"];
    trace(&[&flags[..], &more[..]].concat());
}

#[test]
fn a_plain_step_without_a_hidden_layer_can_be_recomputed() {
    let flags =
        ["--model", "mlp", "--gate-inputs", "--keep-ratio", "0.2", "--schedule", "constant", "--estimator", "plain", "--alpha", "1"];
    trace(&[&flags[..], &["--momentum", "0", "--weight-decay", "0.01"]].concat());
}

#[test]
fn a_step_under_a_static_mask_can_be_recomputed() {
    trace(&["--model", "mlp-24-12", "--gate-inputs", "--method", "static", "--keep-ratio", "0.3"]);
}

#[test]
fn units_that_are_kept_only_so_that_a_layer_never_closes_are_told_apart_from_the_draw() {
    let traces = trace(&["--model", "mlp-20-2-9", "--gate-inputs", "--keep-ratio", "0.05", "--schedule", "constant"]);
    assert!(traces.iter().any(|trace| trace.tensor("mask") != trace.tensor("kept_mask")), "every layer kept a unit by its draw");
}
