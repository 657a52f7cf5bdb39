//! Times training steps of burn on its wgpu backend, for `npm run peers`.
//!
//! usage: burn-peer NETWORK
//!
//! It prints {"ready": true, ...} once it has warmed up. Then it answers each line N of its input with N steps and {"ms": milliseconds a step}.

use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, DeviceKind, Distribution, Int, Tensor, TensorData};
use serde_json::json;

const BATCH: usize = 128;
const INPUTS: usize = 784;
const CLASSES: usize = 10;
const LEARNING_RATE: f64 = 0.01;
/// The first steps choose the fastest kernels, each time that a shape is new.
const WARM_UP_STEPS: usize = 10;

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    fn new(widths: &[usize], device: &Device) -> Self {
        Self { layers: widths.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect() }
    }

    fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(images, |values, (index, layer)| {
            let sums = layer.forward(values);
            if index < last { relu(sums) } else { sums }
        })
    }
}

/// A network with its optimiser and its only batch.
struct Run {
    model: Mlp,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
    images: Tensor<2>,
    labels: Tensor<1, Int>,
}

impl Run {
    fn new(widths: &[usize], device: &Device) -> Self {
        let labels: Vec<i32> = (0..BATCH).map(|row| (row % CLASSES) as i32).collect();
        // Without dampening, as in the other libraries.
        let momentum = MomentumConfig { momentum: 0.9, dampening: 0.0, nesterov: false };
        Self {
            model: Mlp::new(widths, device),
            optimiser: SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(Some(WeightDecayConfig::new(5e-4))).init(),
            loss: CrossEntropyLossConfig::new().init(device),
            images: Tensor::random([BATCH, INPUTS], Distribution::Uniform(0.0, 1.0), device),
            labels: Tensor::from_data(TensorData::new(labels, [BATCH]), device),
        }
    }

    /// Milliseconds a step. They end when the last loss has been read back.
    fn time(&mut self, steps: usize) -> f64 {
        let begin = Instant::now();
        let mut last = None;
        for _ in 0..steps {
            let loss = self.loss.forward(self.model.forward(self.images.clone()), self.labels.clone());
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            self.model = self.optimiser.step(LEARNING_RATE, self.model.clone(), gradients);
            last = Some(loss);
        }
        let loss = last.map(|loss| loss.into_scalar::<f32>());
        assert!(loss.is_none_or(f32::is_finite), "the loss is {loss:?}");
        begin.elapsed().as_secs_f64() * 1e3 / steps as f64
    }
}

/// The widths of a network, inputs and classes included.
fn widths(network: &str) -> Option<Vec<usize>> {
    let hidden = network.strip_prefix("mlp-")?.split('-').map(|width| width.parse().ok().filter(|&width| width > 0));
    std::iter::once(Some(INPUTS)).chain(hidden).chain([Some(CLASSES)]).collect()
}

fn say(words: &serde_json::Value) {
    println!("{words}");
    // Whoever reads this waits for it. If nobody does any more, the next line of input is missing too.
    let _ = std::io::stdout().flush();
}

fn main() -> ExitCode {
    let network = std::env::args().nth(1).unwrap_or_default();
    let Some(widths) = widths(&network) else {
        eprintln!("There is no network \"{network}\" here, only mlp-WIDTH-WIDTH. usage: burn-peer NETWORK");
        return ExitCode::FAILURE;
    };
    let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
    let adapter =
        device.identity().map_or_else(|| format!("{device:?}"), |identity| format!("{}, {}", identity.name, identity.fingerprint));
    let mut run = Run::new(&widths, &device);
    run.time(WARM_UP_STEPS);
    say(&json!({ "ready": true, "adapter": adapter }));
    for line in std::io::stdin().lock().lines() {
        let Some(steps) = line.ok().and_then(|line| line.trim().parse().ok()).filter(|&steps| steps > 0) else {
            eprintln!("a line of input is a number of steps");
            return ExitCode::FAILURE;
        };
        say(&json!({ "ms": run.time(steps) }));
    }
    ExitCode::SUCCESS
}
