//! Times dense steps and steps of several keep ratios of one network, in turns.

use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use lacuna::config::{Config, ConfigError, MethodName};
use lacuna::device::{Machine, Variants};
use lacuna::engine::{Phase, Tuned};
use lacuna::methods::method;
use lacuna::model::{Bytes, Model};
use lacuna::random::{Stream, Threefry};
use lacuna::speed::median;
use lacuna::trainer::{DataShape, TrainError, Trainer};

use crate::cli::kernels::Kernels;
use crate::cli::memory::Need;
use crate::cli::model::usual_set;
use crate::cli::{CliError, kernels, terminal};

/// Rows of random data; at least one batch.
const ROWS: u32 = 2048;
/// From this time on, in milliseconds, a submit times one step alone.
const LONG_STEP_MS: f64 = 100.0;
/// Without a terminal, progress is printed at this interval.
const PRINT_INTERVAL: Duration = Duration::from_secs(10);

/// How long and how often steps are timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Target time of one timed submit, in milliseconds.
    pub(super) submit_ms: f64,
    /// How many times each is timed, if `repeats` does not say and it takes no longer than `most_ms` milliseconds.
    pub(super) turns: u32,
    pub(super) most_ms: f64,
    /// `--repeats`.
    pub(super) repeats: Option<u32>,
    /// Whether the bytes that are allocated for each step are wanted.
    pub(super) weighs_memory: bool,
}

impl Pace {
    /// Most turns.
    pub(super) fn most_turns(&self) -> u32 {
        self.repeats.unwrap_or(self.turns)
    }
}

/// The shape of the data: like MNIST's for fully connected networks, like CIFAR-10's for others, with ten classes. Its values are random, since no
/// value changes a kernel's work.
pub(super) fn shape(model: &str, rows: u32) -> DataShape {
    let known = usual_set(model);
    DataShape {
        train_rows: rows,
        test_rows: 0,
        inputs: known.inputs(),
        channels: known.channels,
        height: known.height,
        width: known.width,
        classes: known.classes,
        deviation: 0.3,
        augment: false,
    }
}

/// One line of the table.
pub(super) struct Case {
    pub(super) config: Config,
    /// Steps of a submit.
    pub(super) steps: u32,
    pub(super) step_ms: Vec<f64>,
    /// Multiply-adds an image of the timed steps, with the units that each drew.
    pub(super) multiply_adds: Vec<f64>,
    pub(super) phases: Vec<Vec<(Phase, f64)>>,
    /// The variants of the kernels, and their times if they were measured.
    variants: Option<Variants>,
    pub(super) kernels: String,
    pub(super) tuned: Option<Tuned>,
    /// Bytes of all buffers of the network on the device, with the tables of a submit, after a step in buffers that fit the scores.
    pub(super) allocated: u64,
}

impl Case {
    pub(super) fn is_dense(&self) -> bool {
        self.config.method == MethodName::Dense
    }

    pub(super) fn keep_ratio(&self) -> f64 {
        if self.is_dense() { 1.0 } else { self.config.keep_ratio }
    }

    pub(super) fn name(&self) -> String {
        if self.is_dense() { "dense".to_owned() } else { self.config.keep_ratio.to_string() }
    }

    /// Multiply-adds of the timed steps divided by those of a dense step. A few draws of a large network can be far from the average.
    pub(super) fn predicted(&self, model: &Model) -> f64 {
        let dense = model.multiply_adds(&model.sizes(), None).total() as f64;
        self.multiply_adds.iter().sum::<f64>() / self.multiply_adds.len() as f64 / dense
    }

    /// The measured ratio of a step's time to a dense step's, divided by the predicted ratio: the median over the turns. Each turn is compared with
    /// its own dense step and the units that it drew.
    pub(super) fn over_predicted(&self, dense: &Self, model: &Model) -> f64 {
        let dense_work = model.multiply_adds(&model.sizes(), None).total() as f64;
        let turns = self.step_ms.iter().zip(&self.multiply_adds).zip(&dense.step_ms);
        median(&turns.map(|((ms, work), dense_ms)| (ms / dense_ms) / (work / dense_work)).collect::<Vec<f64>>())
    }

    /// The predicted ratio, averaged over all draws.
    pub(super) fn expected(&self, model: &Model) -> f64 {
        model.predicted_ratio(self.keep_ratio(), self.config.method.facts().forwards)
    }

    /// Memory of such a step: of a sparse one with room for the units that it may keep.
    pub(super) fn memory(&self, model: &Model) -> Bytes {
        let facts = self.config.method.facts();
        let network = if facts.keeps_all {
            model.clone()
        } else {
            model.clone().with_passes(facts.forwards, self.config.batch_size).drawn_at(self.keep_ratio())
        };
        network.bytes(self.config.batch_size, facts.masks())
    }

    pub(super) fn phase_ms(&self, phase: Phase) -> Option<f64> {
        let of = |turn: &Vec<(Phase, f64)>| turn.iter().find(|(name, _)| *name == phase).map(|(_, ms)| *ms);
        let times: Vec<f64> = self.phases.iter().filter_map(of).collect();
        (!times.is_empty()).then(|| median(&times))
    }
}

/// The case of the highest keep ratio. A network with room for its draws has room for those of all others: no timed submit is repeated with larger
/// buffers.
fn widest(cases: &[Case]) -> &Case {
    cases[1..].iter().max_by(|a, b| a.keep_ratio().total_cmp(&b.keep_ratio())).expect("there is at least one keep ratio")
}

/// The two timed networks. All keep ratios share one: only its scores differ.
struct Networks {
    dense: Trainer,
    sparse: Trainer,
}

impl Networks {
    /// Both networks on the same random data.
    fn new(machine: &Rc<Machine>, cases: &[Case], data: DataShape) -> Result<Self, TrainError> {
        let (rows, inputs, classes) = (data.train_rows, data.inputs, data.classes);
        let mut dense = Trainer::new(machine, cases[0].config.clone(), data)?;
        let mut random = Threefry::new(1, Stream::Data, 0);
        let features: Vec<u8> = (0..rows * inputs).map(|_| (random.unit_interval() * 256.0) as u8).collect();
        let labels: Vec<u8> = (0..rows).map(|row| (row % classes) as u8).collect();
        dense.load(0, &features, &labels);
        dense.set_rows_ready(rows);
        let sparse = dense.on_same_data(widest(cases).config.clone())?;
        Ok(Self { dense, sparse })
    }

    /// Bytes of the buffers of a case, once they fit its scores and a step was taken in them: a draw that needs more room gets it.
    fn allocated(&mut self, case: &Case) -> Result<u64, TrainError> {
        let run = self.of(case);
        if !case.is_dense() {
            let scores = method(case.config.method).initial_scores(&case.config.plan(), &run.model);
            run.fit_memory(&scores)?;
            pollster::block_on(run.measure(1, 1, &|| 0.0, false))?;
        }
        // The data set is shared with other networks.
        let is_own = |name: &str| !["inputs", "labels", "shifts"].contains(&name);
        let buffers = &run.engine().buffers;
        let named: u64 = buffers.named().iter().filter(|(name, _)| is_own(name)).map(|(_, buffer)| buffer.size()).sum();
        Ok(named + buffers.values.iter().map(lacuna::device::Buffer::size).sum::<u64>())
    }

    /// The network of a case, with the scores of that case.
    fn of(&mut self, case: &Case) -> &mut Trainer {
        let run = if case.is_dense() { &mut self.dense } else { &mut self.sparse };
        if !case.is_dense() {
            run.config.clone_from(&case.config);
            let scores = method(case.config.method).initial_scores(&case.config.plan(), &run.model);
            run.engine().write(&run.engine().buffers.scores, &scores);
        }
        if let Some(variants) = case.variants {
            run.use_variants(variants).expect("these variants ran in this network before");
        }
        run
    }
}

/// Prints progress: on a line of the terminal or, without a terminal, as lines on the error stream at intervals.
pub(super) struct Progress {
    line: ProgressBar,
    printed: Instant,
    /// Begins every message.
    pub(super) about: String,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { line: terminal::spinner(""), printed: Instant::now(), about: String::new() }
    }

    pub(super) fn tell(&mut self, words: &str) {
        let words = format!("{}{words}", self.about);
        if !self.line.is_hidden() {
            self.line.set_message(words);
        } else if self.printed.elapsed() > PRINT_INTERVAL {
            self.printed = Instant::now();
            eprintln!("lacuna bench: {words}");
        }
    }

    /// Prints a line above the progress. `is_output`: whether it belongs to the output; otherwise it is printed on the error stream.
    pub(super) fn say(&self, words: &str, is_output: bool) {
        if is_output || !self.line.is_hidden() {
            terminal::tell(&self.line, words);
        } else {
            eprintln!("{words}");
        }
    }

    pub(super) fn end(&self) {
        self.line.finish_and_clear();
    }
}

/// Half the interquartile range.
pub(super) fn half_iqr(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    (at(0.75) - at(0.25)) / 2.0
}

/// Dense, then each keep ratio.
fn cases(base: &Config, keep_ratios: &[f64]) -> Vec<Case> {
    let dense = Config { method: MethodName::Dense, ..base.clone() };
    std::iter::once(dense)
        .chain(keep_ratios.iter().map(|&keep_ratio| Config { keep_ratio, ..base.clone() }))
        .map(|config| Case {
            config,
            steps: 1,
            step_ms: Vec::new(),
            multiply_adds: Vec::new(),
            phases: Vec::new(),
            variants: None,
            kernels: String::new(),
            tuned: None,
            allocated: 0,
        })
        .collect()
}

/// A network that was timed.
pub(super) struct Measured {
    pub(super) model: Model,
    /// Dense, then each keep ratio.
    pub(super) cases: Vec<Case>,
    pub(super) turns: u32,
    /// Bytes of both timed networks.
    pub(super) taken: u64,
}

/// Times the network of `base`, dense and at each of `keep_ratios`, of which there is at least one.
///
/// # Errors
/// A network that cannot be built, or that the adapter cannot hold; a device that is lost.
pub(super) fn measured(
    machine: &Rc<Machine>,
    base: &Config,
    keep_ratios: &[f64],
    kernels: Kernels,
    pace: Pace,
    progress: &mut Progress,
) -> Result<Measured, CliError> {
    let mut cases = cases(base, keep_ratios);
    let (data, model) = network(base)?;
    let need = need(machine, &model, &cases, data.train_rows);
    need.check(&machine.adapter)?;
    progress.tell("making two networks");
    let mut networks = Networks::new(machine, &cases, data)?;
    need.check_allocated(machine)?;
    choose(&mut networks, &mut cases, kernels, progress)?;
    let turns = measure(&mut networks, &mut cases, pace, progress)?;
    if pace.weighs_memory {
        for case in &mut cases {
            case.allocated = networks.allocated(case)?;
        }
    }
    Ok(Measured { model, cases, turns, taken: need.network().total() })
}

/// The memory of both timed networks and of the data.
fn need(machine: &Machine, model: &Model, cases: &[Case], rows: u32) -> Need {
    Need::new(machine, model, &[&cases[0].config, &widest(cases).config], rows, 0)
}

/// Refuses a network that [`measured`] would refuse before it allocates anything.
pub(super) fn check(machine: &Machine, base: &Config, keep_ratios: &[f64]) -> Result<(), CliError> {
    let (data, model) = network(base)?;
    Ok(need(machine, &model, &cases(base, keep_ratios), data.train_rows).check(&machine.adapter)?)
}

/// The data and the network of these settings.
pub(super) fn network(base: &Config) -> Result<(DataShape, Model), ConfigError> {
    let data = shape(&base.model, ROWS.max(base.batch_size));
    let model = base.network(data.image(), data.classes)?;
    Ok((data, model))
}

/// Chooses the variants of the kernels for each case.
fn choose(networks: &mut Networks, cases: &mut [Case], kernels: Kernels, progress: &mut Progress) -> Result<(), TrainError> {
    for case in cases {
        progress.tell(&format!("{}, choosing kernels", case.name()));
        let run = networks.of(case);
        case.tuned = kernels::choose(kernels, run)?;
        (case.variants, case.kernels) = (Some(run.variants()), run.kernels());
    }
    Ok(())
}

/// Times all cases in turns, so that a disturbance affects all alike. Returns the number of turns.
fn measure(networks: &mut Networks, cases: &mut [Case], pace: Pace, progress: &mut Progress) -> Result<u32, TrainError> {
    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64() * 1e3;
    // The first turn warms up and finds how many steps fill a submit.
    for case in &mut *cases {
        progress.tell(&format!("{}, warming up", case.name()));
        let run = networks.of(case);
        let mut ms = median(&pollster::block_on(run.measure(1, 1, &clock, false))?.step_ms);
        if ms < LONG_STEP_MS {
            ms = median(&pollster::block_on(run.measure(2, 2, &clock, false))?.step_ms);
        }
        case.steps = ((pace.submit_ms / ms.max(1e-3)) as u32).clamp(1, run.engine().steps_a_submit());
    }
    let most = pace.most_turns();
    let mut turns = 0;
    let mut turn_ms = 0.0;
    while turns < most && (turns == 0 || pace.repeats.is_some() || clock() + turn_ms < pace.most_ms) {
        let turn_begin = clock();
        turns += 1;
        for case in &mut *cases {
            progress.tell(&format!("{}, turn {turns} of {most}", case.name()));
            let timing = pollster::block_on(networks.of(case).measure(case.steps, 1, &clock, true))?;
            case.step_ms.extend(timing.step_ms);
            case.multiply_adds.extend(timing.multiply_adds);
            case.phases.extend(timing.phases);
        }
        turn_ms = clock() - turn_begin;
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::milliseconds;

    #[test]
    fn no_timed_submit_is_repeated_and_memory_follows_the_keep_ratio() {
        let machine = Machine::of_cpu(milliseconds);
        let base =
            Config { model: "mlp-64-48".to_owned(), batch_size: 4, schedule: lacuna::config::Schedule::Constant, ..Config::default() };
        let mut cases = cases(&base, &[0.1, 0.9, 0.5]);
        assert_eq!(widest(&cases).keep_ratio(), 0.9);
        let (data, model) = network(&base).unwrap();
        let mut networks = Networks::new(&machine, &cases, data).unwrap();
        let pace = Pace { submit_ms: 10.0, turns: 1, most_ms: 1e9, repeats: Some(2), weighs_memory: true };
        let mut progress = Progress::new();
        choose(&mut networks, &mut cases, Kernels::Auto, &mut progress).unwrap();
        assert_eq!(measure(&mut networks, &mut cases, pace, &mut progress).unwrap(), 2);
        assert_eq!(networks.sparse.repeats(), 0, "there is room for every keep ratio");
        assert!(cases.iter().all(|case| case.step_ms.len() == 2 && case.multiply_adds.len() == 2 && case.phases.len() == 2));
        let bytes: Vec<[u64; 2]> = cases.iter().map(|case| [case.memory(&model).total(), networks.allocated(case).unwrap()]).collect();
        assert!(bytes.iter().all(|[planned, allocated]| planned < allocated), "{bytes:?}");
        let allocated = |case: usize| bytes[case][1];
        assert!(allocated(1) < allocated(3) && allocated(3) < allocated(2), "at 0.1, 0.5 and 0.9: {bytes:?}");
    }

    #[test]
    fn half_the_interquartile_range_ignores_the_ends() {
        assert_eq!(half_iqr(&[1.0, 2.0, 3.0, 4.0, 100.0]), 1.0);
        assert_eq!(half_iqr(&[7.0]), 0.0);
    }
}
