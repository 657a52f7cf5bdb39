//! Builds a run: the network of its method, the first weights, the parameters of the kernels.

use std::rc::Rc;

use crate::config::{Config, ConfigError, ScoresOptimizer};
use crate::device::{DeviceError, Machine, Variants};
use crate::engine::{DataBuffers, Engine};
use crate::estimators::{Estimator, Reads};
use crate::methods::{Criterion, method};
use crate::model::{Extra, Model};
use crate::pins::Pins;
use crate::random::{Stream, Threefry, unit_interval};
use crate::schedule::step_at;
use crate::shared::{Mode, Params, effects};

use super::DataShape;
use super::pinning::lower_to_budget;

/// The network that the experiment names, for this data.
pub(super) fn whole_of(config: &Config, data: &DataShape) -> Result<Model, ConfigError> {
    Ok(config.network(data.image(), data.classes)?)
}

/// The part of the whole network that a method trains, and the numbers of its units in the whole.
pub(super) fn built(config: &Config, whole: &Model) -> (Model, Vec<u32>) {
    let (model, numbers) = match method(config.method).built_of(&config.plan(), whole) {
        Some(kept) => (whole.compacted(&kept).0, (0..).zip(&kept).filter(|(_, kept)| **kept).map(|(number, _)| number).collect()),
        None => (whole.clone(), (0..whole.units()).collect()),
    };
    let facts = config.method.facts();
    // The dense methods store every map, as training usually does: they are the baseline for the time and the memory of the others.
    let model = Model {
        saves_memory: !facts.keeps_all && !facts.computes_all,
        exact_information: config.exact_information && effects_of(config) != effects::NONE,
        ..model.with_passes(facts.forwards, config.batch_size)
    };
    (if facts.computes_all { model.with_gates() } else { model }, numbers)
}

/// The scores of the first step of `model`, whose units have these numbers in the whole network, and, for all units of the whole, the scores that
/// pinned ones had before.
pub(super) fn first_scores(config: &Config, whole: &Model, model: &Model, numbers: &[u32], pins: &Pins, steps: u32) -> [Vec<f32>; 2] {
    let mut scores = method(config.method).initial_scores(&config.plan(), model);
    let mut unpinned = vec![0.0; whole.units() as usize];
    if !pins.is_empty() {
        for (score, &number) in scores.iter_mut().zip(numbers) {
            unpinned[number as usize] = *score;
            *score = pins.score(number).unwrap_or(*score);
        }
        lower_to_budget(pins, model, &mut scores, numbers, step_at(config, whole.units(), 0, steps).budget.into());
    }
    [scores, unpinned]
}

/// Units of each group that are kept at the end of the schedule, on average, `[groups]`.
pub(super) fn kept_at_end(config: &Config, model: &Model) -> Vec<f64> {
    let most = if config.method.facts().learns_scores { config.keep_ratio } else { 1.0 };
    let scores = method(config.method).initial_scores(&config.plan(), model);
    let mut kept: Vec<f64> = Vec::with_capacity(model.groups.len());
    for group in &model.groups {
        kept.push(match group.union_of {
            Some([a, b]) => kept[a] + kept[b] - kept[a] * kept[b] / f64::from(group.size),
            None if group.gated => scores[group.units()].iter().map(|&score| f64::from(score).min(most)).sum(),
            None => group.size.into(),
        });
    }
    kept
}

/// Steps of an experiment before fine-tuning, for a training set of this size.
pub(super) fn steps_of(config: &Config, train_rows: u32) -> u32 {
    if config.steps > 0 { config.steps } else { config.epochs.saturating_mul(train_rows / config.batch_size) }
}

/// The engine that trains a network, with the buffers that its method needs for draws from `scores` (`[U]`).
pub(super) fn engine_of(
    machine: &Rc<Machine>,
    config: &Config,
    model: &Model,
    scores: &[f32],
    data: &DataShape,
    rows: &DataBuffers,
    variants: Variants,
) -> Result<Engine, DeviceError> {
    let model = model.with_capacities(&model.capacities(scores));
    Engine::new(machine, &model, params_of(config, &model, data), config.method.facts().masks(), rows, variants)
}

pub(super) fn params_of(config: &Config, model: &Model, data: &DataShape) -> Params {
    let facts = config.method.facts();
    Params {
        seed: config.seed,
        mode: Mode::Train as u32,
        masks: facts.forwards,
        estimator: config.structure_estimator().id(),
        // The effects of an estimator that reads them are comparable between units; Adam would divide their sizes away.
        optimizer: u32::from(config.scores_optimizer == ScoresOptimizer::Sgd || config.structure_estimator().reads() == Reads::Effects),
        effects: effects_of(config),
        effect_rate: config.effect_rate as f32,
        fill_budget: config.fill_budget.into(),
        learn_scores: u32::from(facts.learns_scores),
        alpha: config.alpha as f32,
        momentum: config.momentum as f32,
        weight_decay: config.weight_decay as f32,
        clip_norm: config.clip_norm as f32,
        scale: data.scale(),
        ..model.params(config.batch_size)
    }
}

/// The running estimate that the method needs: one of [`effects`].
fn effects_of(config: &Config) -> u32 {
    let facts = config.method.facts();
    if facts.estimator == Some(Estimator::Fisher) || facts.ranks_by == Some(Criterion::Effects) {
        effects::FISHER
    } else if facts.has_setting("control_variate") && config.control_variate {
        effects::CONTROL
    } else {
        effects::NONE
    }
}

/// Uniform in [-bound, bound). It is a function of its own because that is faster in a browser: see `data::planted`.
#[inline(never)]
fn draw_weights(weights: &mut [f32], bound: f32, random: &mut Threefry) {
    let mut words = [0; 256];
    let words = &mut words[..weights.len()];
    random.fill(words);
    for (weight, &word) in weights.iter_mut().zip(&*words) {
        *weight = (2.0 * unit_interval(word) - 1.0) * bound;
    }
}

/// He's uniform distribution for the weights (He et al. 2015), 0 for biases and shifts, 1 for scales: layers of
/// `[taps · inputs + extra, outputs]`.
#[must_use]
pub fn initial_weights(model: &Model, seed: u32) -> Vec<f32> {
    let mut weights = Vec::with_capacity(model.weights() as usize);
    for (layer, turn) in model.layers.iter().zip(0..) {
        // Inputs of an output.
        let own = layer.kernel_rows();
        let bound = (6.0 / own as f32).sqrt();
        let mut random = Threefry::new(seed, Stream::Weights, turn);
        let first = weights.len();
        weights.resize(first + (own * layer.outputs) as usize, 0.0);
        for piece in weights[first..].chunks_mut(256) {
            draw_weights(piece, bound, &mut random);
        }
        let row = |value: f32| std::iter::repeat_n(value, layer.outputs as usize);
        match layer.extra {
            Extra::None | Extra::Taps(_) => {}
            Extra::Bias => weights.extend(row(0.0)),
            Extra::Normalisation => weights.extend(row(1.0).chain(row(0.0))),
        }
    }
    weights
}
