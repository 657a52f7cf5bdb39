//! Every kernel against its CPU twin on this very adapter.
//!
//! Each scene is a small network at awkward sizes with random tensors, scores that include the decided ones, and poison in every buffer that
//! a kernel is to fill. Its steps run one dispatch at a time: the twin gets the buffers as the kernel found them, and then *every* buffer is
//! compared, so that a kernel that writes where it must not fails as surely as one that computes wrongly. The buffers of weights, most of
//! the bytes, are compared after the kernels that bind them and after each step. Masks, lists and counts are compared bit for bit.

use std::mem::take;
use std::rc::Rc;

use bytemuck::{cast_slice, cast_slice_mut, pod_collect_to_vec};
use rand::RngExt;

use crate::device::{DeviceError, Machine, TABLE};
use crate::engine::{Cuts, DataBuffers, Dispatch, Engine};
use crate::model::{Image, Model};
use crate::random::{Stream, Threefry};
use crate::reference::{self, Memory};
use crate::schedule::view;
use crate::shared::{MISSING, Mode, Params, Record, Sample, State, Step, part};

/// What a kernel showed, in one scene or over several.
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

    fn new(kernel: &'static str) -> Self {
        Self { kernel, dispatches: 0, worst: 0.0, tolerance: tolerance(kernel), place: String::new() }
    }
}

/// What one scene showed: a report for each kernel that it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneReport {
    pub scene: &'static str,
    /// The network's name and the shape of what it is given: features, or channels × height × width.
    pub network: String,
    pub kernels: Vec<Report>,
}

impl SceneReport {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.kernels.iter().all(Report::passed)
    }
}

/// What every kernel of the table showed over all scenes; one that no scene ran has not passed.
#[must_use]
pub fn by_kernel(scenes: &[SceneReport]) -> Vec<Report> {
    let whole = |name: &'static str| {
        let mut whole = Report::new(name);
        for report in scenes.iter().flat_map(|scene| &scene.kernels).filter(|report| report.kernel == name) {
            whole.dispatches += report.dispatches;
            if report.worst > whole.worst {
                (whole.worst, whole.place) = (report.worst, report.place.clone());
            }
        }
        whole
    };
    TABLE.iter().map(|entry| whole(entry.name)).collect()
}

/// A network at awkward sizes, with what else its scene tries.
struct Scene {
    name: &'static str,
    model: &'static str,
    image: Image,
    classes: u32,
    gate_inputs: bool,
    /// Whether gates multiply by the masks.
    gates: bool,
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
    /// As mixed, with units that are pinned on and off.
    Pinned,
}

const fn flat(features: u32) -> Image {
    Image { channels: 1, height: 1, width: features }
}

const fn image(channels: u32, height: u32, width: u32) -> Image {
    Image { channels, height, width }
}

/// What a scene has unless it says otherwise.
const USUAL: Scene = Scene {
    name: "two gated layers",
    model: "mlp-37-19",
    image: flat(29),
    classes: 10,
    gate_inputs: true,
    gates: false,
    batch_size: 13,
    change: |_| {},
    keep: 0.4,
    scores: Scores::Mixed,
};

const PINNED: Scene = Scene { name: "pinned units", keep: 0.3, scores: Scores::Pinned, ..USUAL };

const SCENES: &[Scene] = &[
    USUAL,
    Scene {
        name: "inputs not gated",
        model: "mlp-70-6-5",
        image: flat(53),
        classes: 3,
        gate_inputs: false,
        batch_size: 31,
        change: |p| p.estimator = 1,
        keep: 0.3,
        ..USUAL
    },
    Scene {
        name: "plain, alpha 0, SGD",
        model: "mlp-9",
        image: flat(6),
        classes: 2,
        batch_size: 1,
        change: |p| {
            p.estimator = 2;
            p.alpha = 0.0;
            p.optimizer = 1;
        },
        keep: 0.5,
        ..USUAL
    },
    Scene {
        name: "alpha 0.75, clipped",
        model: "mlp-41",
        image: flat(17),
        classes: 101,
        batch_size: 200,
        change: |p| {
            p.alpha = 0.75;
            p.clip_norm = 0.01;
        },
        keep: 0.1,
        ..USUAL
    },
    Scene {
        name: "runs longer than a lane",
        model: "mlp-700",
        image: flat(31),
        classes: 4,
        gate_inputs: false,
        batch_size: 6,
        keep: 0.7,
        ..USUAL
    },
    Scene {
        name: "nothing drawn",
        model: "mlp-33-21",
        image: flat(18),
        classes: 5,
        batch_size: 7,
        keep: 0.01,
        scores: Scores::Vanishing,
        ..USUAL
    },
    Scene {
        name: "ties",
        model: "mlp-24-15",
        image: flat(22),
        classes: 5,
        batch_size: 9,
        change: |p| {
            p.optimizer = 1;
            p.estimator = 2;
        },
        keep: 0.25,
        scores: Scores::Tied,
        ..USUAL
    },
    Scene { name: "budget not reached", model: "mlp-24-15", image: flat(22), classes: 5, batch_size: 9, keep: 2.0, ..USUAL },
    Scene { name: "budget 0", model: "mlp-11", image: flat(8), classes: 3, batch_size: 5, keep: 0.0, ..USUAL },
    Scene {
        name: "one mask",
        model: "mlp-35-14",
        image: flat(20),
        classes: 10,
        batch_size: 12,
        change: |p| {
            p.masks = 1;
            p.learn_scores = 0;
        },
        keep: 1.0,
        ..USUAL
    },
    Scene {
        name: "evaluation",
        model: "mlp-35-14",
        image: flat(20),
        classes: 10,
        batch_size: 12,
        change: |p| {
            p.mode = Mode::Evaluate as u32;
            p.draw = 5;
        },
        keep: 1.0,
        ..USUAL
    },
    Scene { name: "no hidden layer", model: "mlp", image: flat(45), classes: 6, batch_size: 10, keep: 0.3, ..USUAL },
    Scene { name: "several tiles", model: "mlp-150-90", image: flat(130), classes: 10, batch_size: 20, keep: 0.8, ..USUAL },
    Scene {
        name: "convolutions, odd images",
        model: "cnn-6-9",
        image: image(3, 7, 7),
        classes: 5,
        gate_inputs: false,
        batch_size: 5,
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "convolutions of gated channels",
        model: "cnn-13",
        image: image(5, 9, 9),
        classes: 10,
        batch_size: 18,
        change: |p| p.clip_norm = 0.01,
        keep: 0.6,
        ..USUAL
    },
    Scene {
        name: "residual sums",
        model: "resnet8",
        image: image(3, 8, 8),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        keep: 0.2,
        ..USUAL
    },
    Scene {
        name: "residual sums, nothing drawn",
        model: "resnet8",
        image: image(1, 5, 5),
        classes: 3,
        batch_size: 2,
        keep: 0.01,
        scores: Scores::Vanishing,
        ..USUAL
    },
    Scene {
        name: "normalised before",
        model: "wrn-10-1",
        image: image(2, 6, 6),
        classes: 3,
        gate_inputs: false,
        batch_size: 3,
        keep: 0.3,
        ..USUAL
    },
    Scene {
        name: "gates",
        model: "mlp-21-6",
        image: flat(17),
        classes: 5,
        gates: true,
        batch_size: 11,
        change: |p| {
            p.masks = 1;
            p.estimator = 3;
        },
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates behind poolings",
        model: "cnn-6-9",
        image: image(2, 7, 7),
        classes: 4,
        gates: true,
        batch_size: 5,
        change: |p| {
            p.masks = 1;
            p.estimator = 3;
        },
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates of a residual network",
        model: "resnet8",
        image: image(2, 6, 6),
        classes: 4,
        gates: true,
        batch_size: 3,
        change: |p| {
            p.masks = 1;
            p.estimator = 3;
        },
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates, nothing drawn, evaluation",
        model: "wrn-10-1",
        image: image(1, 5, 5),
        classes: 3,
        gate_inputs: false,
        gates: true,
        batch_size: 3,
        change: |p| p.mode = Mode::Evaluate as u32,
        keep: 0.4,
        scores: Scores::Vanishing,
    },
    Scene {
        name: "evaluation of a residual network",
        model: "resnet8",
        image: image(3, 6, 6),
        classes: 4,
        gate_inputs: false,
        batch_size: 6,
        change: |p| {
            p.mode = Mode::Evaluate as u32;
            p.draw = 3;
        },
        keep: 1.0,
        ..USUAL
    },
    PINNED,
    Scene { name: "the gradient alone", change: |p| p.learn_scores = part::GRADIENT, ..PINNED },
    Scene { name: "the optimiser's step alone", change: |p| p.learn_scores = part::STEP, ..PINNED },
    Scene { name: "the projection alone", change: |p| p.learn_scores = part::PROJECT, ..PINNED },
    Scene { name: "the clip alone", change: |p| p.learn_scores = part::CLIP, ..PINNED },
];

const ROWS: u32 = 64;
const STEPS: u32 = 2;
/// A quiet NaN that no kernel makes.
const POISON: u32 = 0x7fc0_dead;

/// How far a kernel may be from its twin: the rounding of f32 sums over the scenes' longest reductions. 0: integers alone.
fn tolerance(kernel: &str) -> f64 {
    match kernel {
        "sample" | "list_all" | "unite" | "pack_weights" | "gate" => 0.0,
        "gather_inputs" => 2e-6,
        _ => 2e-5,
    }
}

/// Runs every scene; `told` hears of each as it ends, how many are done, and of how many.
///
/// # Errors
/// The device is gone or cannot hold a scene. A kernel that differs is no error but a report that has not passed.
pub async fn check(machine: &Rc<Machine>, mut told: impl FnMut(&SceneReport, usize, usize)) -> Result<Vec<SceneReport>, DeviceError> {
    let mut reports = Vec::with_capacity(SCENES.len());
    for (index, scene) in SCENES.iter().enumerate() {
        let report = Box::pin(play(machine, scene, index as u32)).await?;
        told(&report, index + 1, SCENES.len());
        reports.push(report);
    }
    Ok(reports)
}

async fn play(machine: &Rc<Machine>, scene: &Scene, seed: u32) -> Result<SceneReport, DeviceError> {
    let model = Model::new(scene.model, scene.image, scene.classes, scene.gate_inputs).expect("the scenes' networks are well formed");
    let model = if scene.gates { model.with_gates() } else { model };
    let mut params =
        Params { seed, alpha: 0.5, momentum: 0.9, weight_decay: 5e-4, clip_norm: 3.0, learn_scores: 1, ..model.params(scene.batch_size) };
    params.scale = 1.0 / 80.0;
    (scene.change)(&mut params);
    let data = DataBuffers::new(machine, ROWS, scene.image.features(), true)?;
    // Room for no more masks than the scene forwards: a kernel that reaches for another shows.
    let engine = Engine::new(machine, &model, params, params.masks, &data)?;
    let mut random = Threefry::new(seed, Stream::Data, 0);
    let mut start = memory(&engine).await?;
    fill(&mut start, scene, &mut random);
    write(&engine, &start);

    let dispatches = if params.mode == Mode::Evaluate as u32 { engine.evaluation_step() } else { engine.training_step() };
    let mut kernels: Vec<Report> = Vec::new();
    let mut found = memory(&engine).await?;
    for _ in 0..STEPS {
        for (index, dispatch) in dispatches.iter().enumerate() {
            let name = dispatch.line.name;
            let bound = TABLE.iter().find(|entry| entry.name == name).expect("a step names kernels of the table").buffers;
            let step_ends = index + 1 == dispatches.len();
            let is_read = |buffer: &str| step_ends || !OF_WEIGHTS.contains(&buffer) || bound.contains(&buffer);
            let mut expected = found;
            reference::run(name, &dispatch.work, dispatch.masks, &mut expected);
            engine.run_alone(dispatch);
            found = read(&engine, &is_read).await?;
            let unread = of_weights(&mut expected).map(|(buffer, values)| if is_read(buffer) { Vec::new() } else { take(values) });
            let at = kernels.iter().position(|report| report.kernel == name).unwrap_or_else(|| {
                kernels.push(Report::new(name));
                kernels.len() - 1
            });
            compare(&expected, &found, scene, dispatch, &mut kernels[at]);
            for ((buffer, values), unread) in of_weights(&mut found).into_iter().zip(unread) {
                if !is_read(buffer) {
                    *values = unread;
                }
            }
        }
    }
    let Image { channels, height, width } = scene.image;
    let shape = if channels * height == 1 { format!("{width} features") } else { format!("{channels} \u{d7} {height} \u{d7} {width}") };
    let network = format!("{}, {shape}", scene.model);
    Ok(SceneReport { scene: scene.name, network, kernels })
}

fn fill(memory: &mut Memory, scene: &Scene, random: &mut Threefry) {
    let poison = f64::from(f32::from_bits(POISON));
    let mut uniform = |low: f32, high: f32| f64::from(low + (high - low) * random.unit_interval());
    let units = memory.params.units as usize;
    for unit in 0..units {
        memory.scores[unit] = match (scene.scores, unit % 8) {
            (Scores::Mixed | Scores::Pinned, 0) => 0.0,
            (Scores::Mixed | Scores::Pinned, 1) => 1.0,
            (Scores::Mixed, 2) => f64::from(f32::from_bits(0x3300_0000)), // 2^-25, below the draw's resolution
            (Scores::Mixed | Scores::Pinned, _) => uniform(0.0, 1.0),
            (Scores::Vanishing, _) => uniform(0.0, 1e-7),
            (Scores::Tied, _) => 0.5,
        };
        memory.pins[unit] = u32::from(scene.scores == Scores::Pinned && unit % 8 < 2);
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
    for buffer in [&mut memory.d_scores, &mut memory.packed_weights, &mut memory.d_weights, &mut memory.squares]
        .into_iter()
        .chain(&mut memory.maps)
        .chain(&mut memory.gradients)
    {
        buffer.fill(poison);
    }
    if scene.scores == Scores::Pinned {
        // What the optimiser's step alone goes by.
        memory.d_scores.iter_mut().for_each(|g| *g = uniform(-1.0, 1.0));
    }
    memory.statistics.fill([poison; 2]);
    memory.d_statistics.fill([poison; 2]);
    memory.running.iter_mut().for_each(|running| *running = [uniform(-0.5, 0.5), uniform(0.1, 2.0)]);
    memory.joins.fill([0xdead_0000; 2]);
    memory.rows.fill(0xdead_0000);
    memory.lists.fill(0xdead_0000);
    memory.counts.fill(0xdead_0000);
    memory.units.fill(0xdead_0000);
    let batch = memory.params.batch_size as usize;
    let seed = memory.params.seed;
    for (index, sample) in memory.batch_rows.iter_mut().enumerate() {
        *sample = Sample { row: random.random_range(0..ROWS), view: view(seed, 0, index as u32) };
        // The last image of an evaluation's second batch is missing.
        if memory.params.mode == Mode::Evaluate as u32 && index == 2 * batch - 1 {
            sample.row = MISSING;
        }
    }
    for byte in cast_slice_mut::<u32, u8>(&mut memory.inputs) {
        *byte = random.random_range(0..=255);
    }
    for label in cast_slice_mut::<u32, u8>(&mut memory.labels) {
        *label = random.random_range(0..scene.classes) as u8;
    }
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

/// The buffers as large as the weights, most of a network's bytes. No kernel can write one that it does not bind: they are read after the
/// kernels that do, and, like all others, after each step.
const OF_WEIGHTS: [&str; 4] = ["weights", "velocity", "packed_weights", "d_weights"];

fn of_weights(memory: &mut Memory) -> [(&'static str, &mut Vec<f64>); 4] {
    let Memory { weights, velocity, packed_weights, d_weights, .. } = memory;
    let [first, second, third, fourth] = OF_WEIGHTS;
    [(first, weights), (second, velocity), (third, packed_weights), (fourth, d_weights)]
}

/// Every buffer of a network as its twins see it.
///
/// # Errors
/// The device is gone.
pub async fn memory(engine: &Engine) -> Result<Memory, DeviceError> {
    read(engine, &|_| true).await
}

/// The maps, the gradients at them, and the buffers whose names `is_read` picks; the others are empty.
async fn read(engine: &Engine, is_read: &dyn Fn(&str) -> bool) -> Result<Memory, DeviceError> {
    let buffers = &engine.buffers;
    let Cuts { enough, tile, strip } = engine.cuts();
    // All in one copy: where each begins follows from the sizes of those before it.
    let named = buffers.named();
    let all: Vec<_> = named.iter().map(|(_, buffer)| *buffer).chain(&buffers.maps).chain(&buffers.gradients).collect();
    let sizes: Vec<u64> = all
        .iter()
        .enumerate()
        .map(|(index, buffer)| if named.get(index).is_none_or(|(name, _)| is_read(name)) { buffer.size() } else { 0 })
        .collect();
    let wanted = all.iter().copied().zip(sizes.iter().copied()).filter(|(_, bytes)| *bytes > 0);
    let bytes = engine.read_firsts(&wanted.collect::<Vec<_>>()).await?;
    let mut rest = &bytes[..];
    let pieces: Vec<&[u8]> = sizes
        .iter()
        .map(|&size| {
            let (own, others) = rest.split_at(size as usize);
            rest = others;
            own
        })
        .collect();
    let (maps, gradients) = pieces[named.len()..].split_at(buffers.maps.len());
    let of = |name: &str| pieces[named.iter().position(|(known, _)| *known == name).expect("every buffer of a network has a name")];
    let floats = |bytes: &[u8]| -> Vec<f64> {
        bytes.chunks_exact(size_of::<f32>()).map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes")))).collect()
    };
    let pairs = |name: &str| floats(of(name)).chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<[f64; 2]>>();
    let words = |name: &str| pod_collect_to_vec::<u8, u32>(of(name));
    Ok(Memory {
        params: engine.params,
        state: bytemuck::pod_read_unaligned(&of("state")[..size_of::<State>()]),
        schedule: pod_collect_to_vec(of("schedule")),
        batch_rows: pod_collect_to_vec(of("batch_rows")),
        records: pod_collect_to_vec(of("records")),
        scores: floats(of("scores")),
        moments: floats(of("moments")),
        d_scores: floats(of("d_scores")),
        pins: words("pins"),
        numbers: words("numbers"),
        units: words("units"),
        lists: words("lists"),
        rows: words("rows"),
        counts: words("counts"),
        sources: pod_collect_to_vec(of("sources")),
        joins: pod_collect_to_vec(of("joins")),
        weights: floats(of("weights")),
        velocity: floats(of("velocity")),
        packed_weights: floats(of("packed_weights")),
        d_weights: floats(of("d_weights")),
        squares: floats(of("squares")),
        statistics: pairs("statistics"),
        d_statistics: pairs("d_statistics"),
        running: pairs("running"),
        inputs: words("inputs"),
        labels: words("labels"),
        shifts: floats(of("shifts")),
        maps: maps.iter().map(|bytes| floats(bytes)).collect(),
        gradients: gradients.iter().map(|bytes| floats(bytes)).collect(),
        square_starts: engine.square_starts.clone(),
        enough,
        tile,
        strip,
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
    engine.write(&buffers.pins, &memory.pins);
    engine.write(&buffers.units, &memory.units);
    engine.write(&buffers.lists, &memory.lists);
    engine.write(&buffers.rows, &memory.rows);
    engine.write(&buffers.joins, &memory.joins);
    engine.write(&buffers.counts, &memory.counts);
    engine.write(&buffers.weights, &narrow(&memory.weights));
    engine.write(&buffers.velocity, &narrow(&memory.velocity));
    engine.write(&buffers.packed_weights, &narrow(&memory.packed_weights));
    engine.write(&buffers.d_weights, &narrow(&memory.d_weights));
    engine.write(&buffers.squares, &narrow(&memory.squares));
    let pairs = |values: &[[f64; 2]]| values.iter().map(|pair| pair.map(|value| value as f32)).collect::<Vec<[f32; 2]>>();
    engine.write(&buffers.statistics, &pairs(&memory.statistics));
    engine.write(&buffers.d_statistics, &pairs(&memory.d_statistics));
    engine.write(&buffers.running, &pairs(&memory.running));
    for (buffer, values) in buffers.maps.iter().zip(&memory.maps).chain(buffers.gradients.iter().zip(&memory.gradients)) {
        engine.write(buffer, &narrow(values));
    }
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
            let map = dispatch.line.operation.map_or_else(String::new, |_| format!(", map {}", dispatch.line.operands.output));
            report.place = format!("{buffer}[{index}], scene \"{}\"{map}", scene.name);
        }
    };
    // Errors are relative to the largest number of the buffer, so that small gradients are not lost beside the 1 of a score.
    let mut floats = |buffer: &str, expected: &[f64], found: &[f64]| {
        assert_eq!(expected.len(), found.len(), "{buffer} was read whole, or on neither side");
        // Most dispatches leave most buffers as they were.
        if cast_slice::<f64, u64>(expected) == cast_slice::<f64, u64>(found) {
            return;
        }
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
    floats("statistics", expected.statistics.as_flattened(), found.statistics.as_flattened());
    floats("d_statistics", expected.d_statistics.as_flattened(), found.d_statistics.as_flattened());
    floats("running", expected.running.as_flattened(), found.running.as_flattened());
    for (expected, found) in expected.maps.iter().zip(&found.maps) {
        floats("a map", expected, found);
    }
    for (expected, found) in expected.gradients.iter().zip(&found.gradients) {
        floats("a gradient", expected, found);
    }
    // How a kernel splits its squares over workgroups is its own affair; their sum is not.
    let sums = |memory: &Memory| {
        let mut rest = &memory.squares[..];
        let mut sums: Vec<f64> = Vec::new();
        for &start in memory.square_starts.iter().rev() {
            let (before, own) = rest.split_at(start as usize);
            sums.push(own.iter().sum());
            rest = before;
        }
        sums
    };
    floats("squares", &sums(expected), &sums(found));
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
    integers("rows", &expected.rows, &found.rows);
    integers("joins", expected.joins.as_flattened(), found.joins.as_flattened());
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
        && expected.shifts == found.shifts
        && expected.numbers == found.numbers
        && expected.sources == found.sources;
    integers("read-only buffers", &[1], &[u32::from(untouched)]);
}
