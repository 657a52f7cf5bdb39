//! Every kernel against its CPU twin on this very adapter.
//!
//! Each scene is a small network at awkward sizes with random tensors, scores that include the decided ones, and poison in every buffer that
//! a kernel is to fill. Its steps run one dispatch at a time: the twin gets the buffers as the kernel found them, and then *every* buffer is
//! compared, so that a kernel that writes where it must not fails as surely as one that computes wrongly. Masks, lists and counts are
//! compared bit for bit.

use std::rc::Rc;

use rand::RngExt;

use crate::engine::{DataBuffers, Dispatch, Engine, Machine, network_params};
use crate::gpu::{GpuError, TABLE};
use crate::model::Model;
use crate::random::{Stream, Threefry};
use crate::reference::{self, Memory};
use crate::shared::{MISSING, Mode, Params, Record, State, Step};

/// What a kernel showed over all scenes.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub kernel: &'static str,
    /// Dispatches that were compared.
    pub dispatches: u32,
    /// Largest |kernel − twin| of any buffer over the largest |twin| of that buffer; infinite where an integer differs.
    pub worst: f64,
    pub tolerance: f64,
    /// Where the largest error stood.
    pub place: String,
}

impl Report {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.worst <= self.tolerance && self.dispatches > 0
    }
}

/// A network at awkward sizes, with what else its scene tries.
struct Scene {
    name: &'static str,
    model: &'static str,
    inputs: u32,
    classes: u32,
    gate_inputs: bool,
    batch_size: u32,
    change: fn(&mut Params),
    /// The budget as a share of U.
    keep: f32,
    scores: Scores,
}

#[derive(Clone, Copy, PartialEq)]
enum Scores {
    /// All kinds: 0, 1, below the draw's resolution, and between.
    Mixed,
    /// So small that no unit is drawn: every group must keep one all the same.
    Vanishing,
    /// All alike: ties at the projection.
    Tied,
}

const SCENES: &[Scene] = &[
    Scene {
        name: "two gated layers",
        model: "mlp-37-19",
        inputs: 29,
        classes: 10,
        gate_inputs: true,
        batch_size: 13,
        change: |_| {},
        keep: 0.4,
        scores: Scores::Mixed,
    },
    Scene {
        name: "inputs not gated",
        model: "mlp-70-6-5",
        inputs: 53,
        classes: 3,
        gate_inputs: false,
        batch_size: 31,
        change: |p| p.estimator = 1,
        keep: 0.3,
        scores: Scores::Mixed,
    },
    Scene {
        name: "plain, alpha 0, SGD",
        model: "mlp-9",
        inputs: 6,
        classes: 2,
        gate_inputs: true,
        batch_size: 1,
        change: |p| {
            p.estimator = 2;
            p.alpha = 0.0;
            p.optimizer = 1;
        },
        keep: 0.5,
        scores: Scores::Mixed,
    },
    Scene {
        name: "alpha 0.75, clipped",
        model: "mlp-41",
        inputs: 17,
        classes: 101,
        gate_inputs: true,
        batch_size: 200,
        change: |p| {
            p.alpha = 0.75;
            p.clip_norm = 0.01;
        },
        keep: 0.1,
        scores: Scores::Mixed,
    },
    Scene {
        name: "runs longer than a lane",
        model: "mlp-700",
        inputs: 31,
        classes: 4,
        gate_inputs: false,
        batch_size: 6,
        change: |_| {},
        keep: 0.7,
        scores: Scores::Mixed,
    },
    Scene {
        name: "nothing drawn",
        model: "mlp-33-21",
        inputs: 18,
        classes: 5,
        gate_inputs: true,
        batch_size: 7,
        change: |_| {},
        keep: 0.01,
        scores: Scores::Vanishing,
    },
    Scene {
        name: "ties",
        model: "mlp-24-15",
        inputs: 22,
        classes: 5,
        gate_inputs: true,
        batch_size: 9,
        change: |p| {
            p.optimizer = 1;
            p.estimator = 2;
        },
        keep: 0.25,
        scores: Scores::Tied,
    },
    Scene {
        name: "budget not reached",
        model: "mlp-24-15",
        inputs: 22,
        classes: 5,
        gate_inputs: true,
        batch_size: 9,
        change: |_| {},
        keep: 2.0,
        scores: Scores::Mixed,
    },
    Scene {
        name: "budget 0",
        model: "mlp-11",
        inputs: 8,
        classes: 3,
        gate_inputs: true,
        batch_size: 5,
        change: |_| {},
        keep: 0.0,
        scores: Scores::Mixed,
    },
    Scene {
        name: "one mask",
        model: "mlp-35-14",
        inputs: 20,
        classes: 10,
        gate_inputs: true,
        batch_size: 12,
        change: |p| {
            p.masks = 1;
            p.learn_scores = 0;
        },
        keep: 1.0,
        scores: Scores::Mixed,
    },
    Scene {
        name: "evaluation",
        model: "mlp-35-14",
        inputs: 20,
        classes: 10,
        gate_inputs: true,
        batch_size: 12,
        change: |p| {
            p.mode = Mode::Evaluate as u32;
            p.draw = 5;
        },
        keep: 1.0,
        scores: Scores::Mixed,
    },
    Scene {
        name: "no hidden layer",
        model: "mlp",
        inputs: 45,
        classes: 6,
        gate_inputs: true,
        batch_size: 10,
        change: |_| {},
        keep: 0.3,
        scores: Scores::Mixed,
    },
    Scene {
        name: "several tiles",
        model: "mlp-150-90",
        inputs: 130,
        classes: 10,
        gate_inputs: true,
        batch_size: 20,
        change: |_| {},
        keep: 0.8,
        scores: Scores::Mixed,
    },
];

const ROWS: u32 = 64;
const STEPS: u32 = 2;
/// A quiet NaN that no kernel makes.
const POISON: u32 = 0x7fc0_dead;

/// How far a kernel may be from its twin: the rounding of f32 sums over the scenes' longest reductions. 0: integers alone.
fn tolerance(kernel: &str) -> f64 {
    match kernel {
        "sample" | "pack_weights" => 0.0,
        "gather_inputs" => 2e-6,
        _ => 2e-5,
    }
}

/// Runs every scene; `progress` is told how many are done, of how many.
///
/// # Errors
/// The device is gone or cannot hold a scene. A kernel that differs is no error but a report that has not passed.
pub async fn check(machine: &Rc<Machine>, mut progress: impl FnMut(usize, usize)) -> Result<Vec<Report>, GpuError> {
    let mut reports: Vec<Report> = TABLE
        .iter()
        .map(|entry| Report { kernel: entry.name, dispatches: 0, worst: 0.0, tolerance: tolerance(entry.name), place: String::new() })
        .collect();
    for (index, scene) in SCENES.iter().enumerate() {
        progress(index, SCENES.len());
        play(machine, scene, index as u32, &mut reports).await?;
    }
    progress(SCENES.len(), SCENES.len());
    Ok(reports)
}

async fn play(machine: &Rc<Machine>, scene: &Scene, seed: u32, reports: &mut [Report]) -> Result<(), GpuError> {
    let model = Model::new(scene.model, scene.inputs, scene.classes, scene.gate_inputs).expect("the scenes' networks are well formed");
    let mut params = Params {
        seed,
        alpha: 0.5,
        momentum: 0.9,
        weight_decay: 5e-4,
        clip_norm: 3.0,
        learn_scores: 1,
        ..network_params(&model, scene.batch_size)
    };
    params.scale = 1.0 / 80.0;
    (scene.change)(&mut params);
    let data = DataBuffers::new(&machine.gpu, ROWS, scene.inputs)?;
    let engine = Engine::new(machine, params, &data)?;
    let mut random = Threefry::new(seed, Stream::Data, 0);
    let mut memory = read(&engine).await?;
    fill(&mut memory, scene, &mut random);
    write(&engine, &memory);

    let dispatches = if params.mode == Mode::Evaluate as u32 { engine.evaluation_step() } else { engine.training_step() };
    for _ in 0..STEPS {
        for dispatch in &dispatches {
            let mut expected = read(&engine).await?;
            reference::run(dispatch.name, dispatch.layer, dispatch.masks(), &mut expected);
            engine.run_alone(dispatch);
            let found = read(&engine).await?;
            let report = reports.iter_mut().find(|report| report.kernel == dispatch.name).expect("every dispatch is of the table");
            compare(&expected, &found, scene, dispatch, report);
        }
    }
    Ok(())
}

fn fill(memory: &mut Memory, scene: &Scene, random: &mut Threefry) {
    let poison = f64::from(f32::from_bits(POISON));
    let mut uniform = |low: f32, high: f32| f64::from(low + (high - low) * random.unit_interval());
    let units = memory.params.units as usize;
    for unit in 0..units {
        memory.scores[unit] = match (scene.scores, unit % 8) {
            (Scores::Mixed, 0) => 0.0,
            (Scores::Mixed, 1) => 1.0,
            (Scores::Mixed, 2) => f64::from(f32::from_bits(0x3300_0000)), // 2^-25, below the draw's resolution
            (Scores::Mixed, _) => uniform(0.0, 1.0),
            (Scores::Vanishing, _) => uniform(0.0, 1e-7),
            (Scores::Tied, _) => 0.5,
        };
        memory.moments[2 * unit] = uniform(-0.1, 0.1);
        memory.moments[2 * unit + 1] = uniform(0.0, 0.01);
    }
    for shift in &mut memory.shifts {
        *shift = uniform(-2.0, 0.0);
    }
    for weight in &mut memory.weights {
        *weight = uniform(-0.3, 0.3);
    }
    for velocity in &mut memory.velocity {
        *velocity = uniform(-0.1, 0.1);
    }
    for buffer in [
        &mut memory.d_scores,
        &mut memory.packed_weights,
        &mut memory.d_weights,
        &mut memory.squares,
        &mut memory.activations,
        &mut memory.d_activations,
    ] {
        buffer.fill(poison);
    }
    memory.lists.fill(0xdead_0000);
    memory.counts.fill(0xdead_0000);
    memory.units.fill(0xdead_0000);
    let batch = memory.params.batch_size as usize;
    for (index, row) in memory.batch_rows.iter_mut().enumerate() {
        *row = random.random_range(0..ROWS);
        // The last image of an evaluation's second batch is missing.
        if memory.params.mode == Mode::Evaluate as u32 && index == 2 * batch - 1 {
            *row = MISSING;
        }
    }
    memory.inputs.iter_mut().for_each(|byte| *byte = random.random_range(0..=255));
    memory.labels.iter_mut().for_each(|label| *label = random.random_range(0..scene.classes) as u8);
    for (step, row) in memory.schedule.iter_mut().enumerate() {
        *row = Step {
            step: 1000 + step as u32,
            learning_rate: 0.05,
            scores_rate: 0.04,
            budget: scene.keep * units as f32,
            first_correction: 0.5,
            second_correction: 0.25,
        };
    }
    memory.state = State::default();
}

async fn read(engine: &Engine) -> Result<Memory, GpuError> {
    let buffers = &engine.buffers;
    let widen = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
    let mut state: Vec<u32> = engine.read(&buffers.state).await?;
    state.truncate(size_of::<State>() / 4);
    Ok(Memory {
        params: engine.params,
        state: bytemuck::pod_read_unaligned(bytemuck::cast_slice(&state)),
        schedule: engine.read(&buffers.schedule).await?,
        batch_rows: engine.read(&buffers.batch_rows).await?,
        records: engine.read(&buffers.records).await?,
        scores: widen(engine.read(&buffers.scores).await?),
        moments: widen(engine.read(&buffers.moments).await?),
        d_scores: widen(engine.read(&buffers.d_scores).await?),
        units: engine.read(&buffers.units).await?,
        lists: engine.read(&buffers.lists).await?,
        counts: engine.read(&buffers.counts).await?,
        weights: widen(engine.read(&buffers.weights).await?),
        velocity: widen(engine.read(&buffers.velocity).await?),
        packed_weights: widen(engine.read(&buffers.packed_weights).await?),
        d_weights: widen(engine.read(&buffers.d_weights).await?),
        squares: widen(engine.read(&buffers.squares).await?),
        activations: widen(engine.read(&buffers.activations).await?),
        d_activations: widen(engine.read(&buffers.d_activations).await?),
        inputs: engine.read(&buffers.inputs).await?,
        labels: engine.read(&buffers.labels).await?,
        shifts: widen(engine.read(&buffers.shifts).await?),
    })
}

fn write(engine: &Engine, memory: &Memory) {
    let buffers = &engine.buffers;
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
    engine.write(&buffers.state, &[memory.state]);
    engine.write(&buffers.schedule, &memory.schedule);
    engine.write(&buffers.batch_rows, &memory.batch_rows);
    engine.write(&buffers.records, &memory.records);
    engine.write(&buffers.scores, &narrow(&memory.scores));
    engine.write(&buffers.moments, &narrow(&memory.moments));
    engine.write(&buffers.d_scores, &narrow(&memory.d_scores));
    engine.write(&buffers.units, &memory.units);
    engine.write(&buffers.lists, &memory.lists);
    engine.write(&buffers.counts, &memory.counts);
    engine.write(&buffers.weights, &narrow(&memory.weights));
    engine.write(&buffers.velocity, &narrow(&memory.velocity));
    engine.write(&buffers.packed_weights, &narrow(&memory.packed_weights));
    engine.write(&buffers.d_weights, &narrow(&memory.d_weights));
    engine.write(&buffers.squares, &narrow(&memory.squares));
    engine.write(&buffers.activations, &narrow(&memory.activations));
    engine.write(&buffers.d_activations, &narrow(&memory.d_activations));
    engine.write(&buffers.inputs, &memory.inputs);
    engine.write(&buffers.labels, &memory.labels);
    engine.write(&buffers.shifts, &narrow(&memory.shifts));
}

/// Raises the report's worst error by what this dispatch shows.
fn compare(expected: &Memory, found: &Memory, scene: &Scene, dispatch: &Dispatch, report: &mut Report) {
    report.dispatches += 1;
    let mut raise = |error: f64, buffer: &str, index: usize| {
        if error > report.worst {
            report.worst = error;
            let layer = dispatch.layer.map_or_else(String::new, |layer| format!(", layer {layer}"));
            report.place = format!("{buffer}[{index}], scene \"{}\"{layer}", scene.name);
        }
    };
    // Errors are relative to the largest number of the buffer, so that small gradients are not lost beside the 1 of a score.
    let mut floats = |buffer: &str, expected: &[f64], found: &[f64]| {
        let scale = expected.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
        for (index, (&expected, &found)) in expected.iter().zip(found).enumerate() {
            // Bits say what values do not: poison equals poison, and a NaN differs from every number.
            if (expected as f32).to_bits() != (found as f32).to_bits() {
                let error = (expected - found).abs() / scale;
                raise(if error.is_nan() { f64::INFINITY } else { error }, buffer, index);
            }
        }
    };
    floats("scores", &expected.scores, &found.scores);
    floats("moments", &expected.moments, &found.moments);
    floats("d_scores", &expected.d_scores, &found.d_scores);
    floats("weights", &expected.weights, &found.weights);
    floats("velocity", &expected.velocity, &found.velocity);
    floats("packed_weights", &expected.packed_weights, &found.packed_weights);
    floats("d_weights", &expected.d_weights, &found.d_weights);
    floats("activations", &expected.activations, &found.activations);
    floats("d_activations", &expected.d_activations, &found.d_activations);
    // How the squares are split over workgroups is the kernel's own affair; their sum is not.
    let sum = |values: &[f64]| vec![values.iter().sum::<f64>()];
    floats("squares", &sum(&expected.squares), &sum(&found.squares));
    let state = |state: &State| {
        [
            ("loss", state.loss),
            ("probe_loss", state.probe_loss),
            ("learning_rate", state.learning_rate),
            ("scores_rate", state.scores_rate),
            ("budget", state.budget),
            ("first_correction", state.first_correction),
            ("second_correction", state.second_correction),
            ("clip_scale", state.clip_scale),
        ]
    };
    for ((name, expected), (_, found)) in state(&expected.state).into_iter().zip(state(&found.state)) {
        floats(name, &[expected.into()], &[found.into()]);
    }
    for (expected, found) in expected.records.iter().zip(&found.records) {
        for (name, expected, found) in [
            ("record.loss", expected.loss, found.loss),
            ("record.probe_loss", expected.probe_loss, found.probe_loss),
            ("record.sum_scores", expected.sum_scores, found.sum_scores),
            ("record.gradient_norm", expected.gradient_norm, found.gradient_norm),
        ] {
            floats(name, &[expected.into()], &[found.into()]);
        }
        // The threshold is a difference of scores: it is as exact as they are.
        floats("record.threshold", &[expected.threshold.into(), 1.0], &[found.threshold.into(), 1.0]);
    }

    let mut integers = |buffer: &str, expected: &[u32], found: &[u32]| {
        if let Some(index) = expected.iter().zip(found).position(|(expected, found)| expected != found) {
            raise(f64::INFINITY, buffer, index);
        }
    };
    integers("units", &expected.units, &found.units);
    integers("lists", &expected.lists, &found.lists);
    integers("counts", &expected.counts, &found.counts);
    let state = |state: &State| [state.next, state.slot, state.halted, state.step];
    integers("state", &state(&expected.state), &state(&found.state));
    let record = |record: &Record| {
        let numbers = [record.step, record.correct, record.probe_correct];
        numbers.into_iter().chain(record.kept).chain(record.probe_kept).collect::<Vec<u32>>()
    };
    let records = |records: &[Record]| records.iter().flat_map(record).collect::<Vec<u32>>();
    integers("records", &records(&expected.records), &records(&found.records));
    let untouched = expected.schedule == found.schedule
        && expected.batch_rows == found.batch_rows
        && expected.inputs == found.inputs
        && expected.labels == found.labels
        && expected.shifts == found.shifts;
    integers("read-only buffers", &[1], &[u32::from(untouched)]);
}
