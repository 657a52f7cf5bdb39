//! `lacuna bench`.

use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::ProgressBar;
use serde_json::json;

use lacuna::config::{Config, ConfigError, MethodName};
use lacuna::device::Variants;
use lacuna::engine::{Phase, Timed, Tuned};
use lacuna::methods::method;
use lacuna::model::{Bytes, Model};
use lacuna::random::{Stream, Threefry};
use lacuna::speed::median;
use lacuna::trainer::{DataShape, TrainError, Trainer};

use super::arguments::Bench;
use super::format::{bytes_json, size};
use super::kernels::{self, Kernels};
use super::memory::Need;
use super::model::usual_set;
use super::{CliError, open, say, terminal};

/// Rows of random data; at least one batch.
const ROWS: u32 = 2048;
/// Target time of one timed submit, in milliseconds.
const SUBMIT_MS: f64 = 2000.0;
/// From this time on, in milliseconds, a submit times one step alone.
const LONG_STEP_MS: f64 = 100.0;
/// How many times each is timed by default, if that takes no longer than `REPEATS_MS`.
const REPEATS: u32 = 9;
const MOST_MS: f64 = 120_000.0;
/// Without a terminal, progress is printed at this interval.
const PRINT_INTERVAL: Duration = Duration::from_secs(10);

/// The shape of the data: like MNIST's for fully connected networks, like CIFAR-10's for others, with ten classes. Its values are random, since no
/// value changes a kernel's work.
fn shape(model: &str, rows: u32) -> DataShape {
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
struct Case {
    config: Config,
    /// Steps of a submit.
    steps: u32,
    step_ms: Vec<f64>,
    /// Multiply-adds an image of the timed steps, with the units that each drew.
    multiply_adds: Vec<f64>,
    phases: Vec<Vec<(Phase, f64)>>,
    /// The variants of the kernels, and their times if they were measured.
    variants: Option<Variants>,
    kernels: String,
    tuned: Option<Tuned>,
}

impl Case {
    fn is_dense(&self) -> bool {
        self.config.method == MethodName::Dense
    }

    fn keep_ratio(&self) -> f64 {
        if self.is_dense() { 1.0 } else { self.config.keep_ratio }
    }

    fn name(&self) -> String {
        if self.is_dense() { "dense".to_owned() } else { self.config.keep_ratio.to_string() }
    }

    /// Multiply-adds of the timed steps divided by those of a dense step. A few draws of a large network can be far from the average.
    fn predicted(&self, model: &Model) -> f64 {
        let dense = model.multiply_adds(&model.sizes(), None).total() as f64;
        self.multiply_adds.iter().sum::<f64>() / self.multiply_adds.len() as f64 / dense
    }

    /// The measured ratio of a step's time to a dense step's, divided by the predicted ratio: the median over the turns. Each turn is compared with
    /// its own dense step and the units that it drew.
    fn over_predicted(&self, dense: &Self, model: &Model) -> f64 {
        let dense_work = model.multiply_adds(&model.sizes(), None).total() as f64;
        let turns = self.step_ms.iter().zip(&self.multiply_adds).zip(&dense.step_ms);
        median(&turns.map(|((ms, work), dense_ms)| (ms / dense_ms) / (work / dense_work)).collect::<Vec<f64>>())
    }

    /// The predicted ratio, averaged over all draws.
    fn expected(&self, model: &Model) -> f64 {
        model.predicted_ratio(self.keep_ratio(), self.config.method.facts().forwards)
    }

    /// Memory of such a step: of a sparse one with room for the units that it may keep.
    fn memory(&self, model: &Model) -> Bytes {
        let facts = self.config.method.facts();
        let network = if facts.keeps_all {
            model.clone()
        } else {
            model.with_passes(facts.forwards, self.config.batch_size).drawn_at(self.keep_ratio())
        };
        network.bytes(self.config.batch_size, facts.masks())
    }

    fn phase_ms(&self, phase: Phase) -> Option<f64> {
        let of = |turn: &Vec<(Phase, f64)>| turn.iter().find(|(name, _)| *name == phase).map(|(_, ms)| *ms);
        let times: Vec<f64> = self.phases.iter().filter_map(of).collect();
        (!times.is_empty()).then(|| median(&times))
    }
}

/// The two timed networks. All keep ratios share one: only its scores differ.
struct Networks {
    dense: Trainer,
    sparse: Trainer,
}

impl Networks {
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
struct Progress {
    line: ProgressBar,
    printed: Instant,
}

impl Progress {
    fn tell(&mut self, words: String) {
        if !self.line.is_hidden() {
            self.line.set_message(words);
        } else if self.printed.elapsed() > PRINT_INTERVAL {
            self.printed = Instant::now();
            eprintln!("lacuna bench: {words}");
        }
    }
}

/// Half the interquartile range.
fn half_iqr(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    (at(0.75) - at(0.25)) / 2.0
}

/// Dense, then each keep ratio of the arguments.
fn cases(arguments: &Bench) -> Vec<Case> {
    let base = &arguments.config;
    let dense = Config { method: MethodName::Dense, ..base.clone() };
    std::iter::once(dense)
        .chain(arguments.keep_ratios.iter().map(|&keep_ratio| Config { keep_ratio, ..base.clone() }))
        .map(|config| Case {
            config,
            steps: 1,
            step_ms: Vec::new(),
            multiply_adds: Vec::new(),
            phases: Vec::new(),
            variants: None,
            kernels: String::new(),
            tuned: None,
        })
        .collect()
}

pub(super) fn run(arguments: &Bench) -> Result<(), CliError> {
    let mut cases = cases(arguments);
    let batch_size = cases[0].config.batch_size;
    let rows = ROWS.max(batch_size);
    let data = shape(&cases[0].config.model, rows);
    let model = cases[0].config.network(data.image(), data.classes).map_err(ConfigError::from)?;

    let machine = open(arguments.adapter.as_deref())?;
    let need = Need::new(&machine, &model, &[&cases[0].config, &cases[1].config], rows, 0);
    need.check(&machine.adapter)?;
    let mut progress = Progress { line: terminal::spinner("making two networks"), printed: Instant::now() };
    let mut dense = Trainer::new(&machine, cases[0].config.clone(), data.clone())?;
    let mut random = Threefry::new(1, Stream::Data, 0);
    let features: Vec<u8> = (0..rows * data.inputs).map(|_| (random.unit_interval() * 256.0) as u8).collect();
    let labels: Vec<u8> = (0..rows).map(|row| (row % data.classes) as u8).collect();
    dense.load(0, &features, &labels);
    dense.set_rows_ready(rows);
    let sparse = dense.on_same_data(cases[1].config.clone())?;
    let mut networks = Networks { dense, sparse };
    need.check_allocated(&machine)?;

    choose(&mut networks, &mut cases, arguments.kernels, &mut progress)?;
    let turns = measure(&mut networks, &mut cases, arguments.repeats, &mut progress)?;
    progress.line.finish_and_clear();
    let adapter = machine.adapter.to_string();
    if arguments.json {
        for case in &cases {
            say(line(case, &cases[0], &model, &adapter));
        }
    } else {
        say(format_args!("{}, batch {batch_size}, on {adapter}", model.name));
        say(table(&cases, &model));
        if arguments.kernels != Kernels::Auto || !machine.adapter.software {
            for case in &cases {
                say(format_args!("{}, {}", case.name(), kernels::words(&case.kernels, case.tuned.as_ref())));
                case.tuned.iter().for_each(|tuned| say(kernels::table(tuned)));
            }
        }
        let turns =
            if turns == 1 { "One turn".to_owned() } else { format!("Medians of {turns} turns, \u{b1} half the interquartile range") };
        say(format_args!(
            "ratio: time of a step divided by the dense step's; predicted: the same ratio of multiply-adds, for the units that the timed steps drew;\n\
             over it: ratio divided by predicted, turn by turn; expected: predicted, averaged over all draws. {turns}.\n\
             memory: of a step with the kept units alone. Both timed networks have all units and take {} together.",
            size(need.network().total())
        ));
    }
    Ok(())
}

/// Chooses the variants of the kernels for each case.
fn choose(networks: &mut Networks, cases: &mut [Case], kernels: Kernels, progress: &mut Progress) -> Result<(), TrainError> {
    for case in cases {
        progress.tell(format!("{}, choosing kernels", case.name()));
        let run = networks.of(case);
        case.tuned = kernels::choose(kernels, run)?;
        (case.variants, case.kernels) = (Some(run.variants()), run.kernels());
    }
    Ok(())
}

/// Times all cases in turns, so that a disturbance affects all alike. Returns the number of turns.
fn measure(networks: &mut Networks, cases: &mut [Case], repeats: Option<u32>, progress: &mut Progress) -> Result<u32, TrainError> {
    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64() * 1e3;
    // The first turn warms up and finds how many steps fill a submit.
    for case in &mut *cases {
        progress.tell(format!("{}, warming up", case.name()));
        let run = networks.of(case);
        let mut ms = median(&pollster::block_on(run.measure(1, 1, &clock, false))?.step_ms);
        if ms < LONG_STEP_MS {
            ms = median(&pollster::block_on(run.measure(2, 2, &clock, false))?.step_ms);
        }
        case.steps = ((SUBMIT_MS / ms.max(1e-3)) as u32).clamp(1, run.engine().steps_a_submit());
    }
    let most = repeats.unwrap_or(REPEATS);
    let mut turns = 0;
    let mut turn_ms = 0.0;
    while turns < most && (turns == 0 || repeats.is_some() || clock() + turn_ms < MOST_MS) {
        let turn_begin = clock();
        turns += 1;
        for case in &mut *cases {
            progress.tell(format!("{}, turn {turns} of {most}", case.name()));
            let timing = pollster::block_on(networks.of(case).measure(case.steps, 1, &clock, true))?;
            case.step_ms.extend(timing.step_ms);
            case.multiply_adds.extend(timing.multiply_adds);
            case.phases.extend(timing.phases);
        }
        turn_ms = clock() - turn_begin;
    }
    Ok(turns)
}

fn line(case: &Case, dense: &Case, model: &Model, adapter: &str) -> serde_json::Value {
    let step_ms = median(&case.step_ms);
    let phases: serde_json::Map<_, _> =
        Phase::ALL.iter().filter_map(|&phase| Some((phase.name().to_owned(), json!(case.phase_ms(phase)?)))).collect();
    json!({
        "model": model.name,
        "batch_size": case.config.batch_size,
        "gate_inputs": case.config.gate_inputs,
        "method": case.config.method.name(),
        "keep_ratio": case.keep_ratio(),
        "step_ms": step_ms,
        "step_ms_spread": half_iqr(&case.step_ms),
        "ratio": step_ms / median(&dense.step_ms),
        "predicted_ratio": case.predicted(model),
        "over_predicted": case.over_predicted(dense, model),
        "expected_ratio": case.expected(model),
        "bytes": bytes_json(case.memory(model)),
        "phases": phases,
        "steps": case.steps,
        "repeats": case.step_ms.len(),
        "adapter": adapter,
        "kernels": case.kernels,
        "timed": case.tuned.as_ref().map_or_else(Vec::new, timed),
    })
}

/// The variants that were timed for a case, each with the milliseconds of its kernel in a step.
fn timed(tuned: &Tuned) -> Vec<serde_json::Value> {
    let is_chosen = |timed: &Timed| tuned.variants.of(timed.product).name == timed.variant;
    let one = |timed: &Timed| json!({"kernel": timed.product.name(), "variant": timed.variant, "ms": timed.ms, "chosen": is_chosen(timed)});
    tuned.timed.iter().map(one).collect()
}

/// Decimals so that a number of milliseconds has about five digits.
fn digits(ms: f64) -> usize {
    match ms {
        ..100.0 => 3,
        ..10_000.0 => 1,
        _ => 0,
    }
}

fn in_ms(ms: f64) -> String {
    format!("{ms:.0$}", digits(ms))
}

fn table(cases: &[Case], model: &Model) -> Table {
    let dense_ms = median(&cases[0].step_ms);
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    let mut header = vec!["keep", "ms a step", "ratio", "predicted", "over it", "expected", "memory"];
    let timed = cases.iter().any(|case| !case.phases.is_empty());
    if timed {
        header.extend(Phase::ALL.map(Phase::name));
    }
    table.set_header(header);
    for case in cases {
        let step_ms = median(&case.step_ms);
        let around = format!(" \u{b1} {:.1$}", half_iqr(&case.step_ms), digits(step_ms));
        let mut row = vec![
            case.name(),
            in_ms(step_ms) + if case.step_ms.len() > 1 { &around } else { "" },
            format!("{:.3}", step_ms / dense_ms),
            format!("{:.3}", case.predicted(model)),
            format!("{:.2}", case.over_predicted(&cases[0], model)),
            format!("{:.3}", case.expected(model)),
            size(case.memory(model).total()),
        ];
        if timed {
            row.extend(Phase::ALL.iter().map(|&phase| case.phase_ms(phase).map_or_else(|| "-".to_owned(), in_ms)));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
