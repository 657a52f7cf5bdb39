//! `lacuna bench`.

use std::time::Instant;

use clap::ArgMatches;
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::json;

use lacuna::config::{Config, MethodName};
use lacuna::engine::Phase;
use lacuna::methods::method;
use lacuna::random::{Stream, Threefry};
use lacuna::speed::median;
use lacuna::trainer::{DataShape, Timing, Trainer};

use super::{CliError, arguments, open};

/// Features and classes of the rows that are timed: those of MNIST, random, since no value changes a kernel's work.
const SHAPE: (u32, u32) = (784, 10);
const ROWS: u32 = 2048;
/// Milliseconds that one timed submit aims at.
const SUBMIT_MS: f64 = 250.0;

/// One line of the table.
struct Case {
    run: Trainer,
    keep_ratio: f64,
    steps: u32,
    timing: Timing,
    phases: Vec<Vec<(Phase, f64)>>,
}

/// Half the distance between the quartiles.
fn spread(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    (at(0.75) - at(0.25)) / 2.0
}

pub(super) fn run(arguments: &ArgMatches) -> Result<(), CliError> {
    let batch_size = *arguments.get_one::<u32>("batch_size").expect("it has a default");
    let repeats = *arguments.get_one::<u32>("repeats").expect("it has a default");
    let keeps: Vec<f64> = arguments.get_many::<f64>("keep_ratio").expect("it has a default").copied().collect();
    let mut base = Config { batch_size, gate_inputs: arguments.get_flag("gate_inputs"), ..Config::default() };
    base.set("model", arguments::text(arguments, "model"))?;
    let mut configs = vec![Config { method: MethodName::Dense, ..base.clone() }];
    for keep_ratio in keeps {
        let mut config = base.clone();
        config.set("keep_ratio", &keep_ratio.to_string())?;
        config.set("schedule", "constant")?;
        configs.push(config);
    }

    let machine = open(arguments.get_one::<String>("adapter").map(String::as_str))?;
    let rows = ROWS.max(batch_size);
    let data = DataShape {
        train_rows: rows,
        test_rows: 0,
        inputs: SHAPE.0,
        channels: 1,
        height: 1,
        width: SHAPE.0,
        classes: SHAPE.1,
        augment: false,
        deviation: 0.3,
    };
    let mut random = Threefry::new(1, Stream::Data, 0);
    let features: Vec<u8> = (0..rows * SHAPE.0).map(|_| (random.unit_interval() * 256.0) as u8).collect();
    let labels: Vec<u8> = (0..rows).map(|row| (row % SHAPE.1) as u8).collect();
    let mut cases: Vec<Case> = Vec::new();
    for config in configs {
        let keep_ratio = if config.method == MethodName::Dense { 1.0 } else { config.keep_ratio };
        let mut run = match cases.first() {
            Some(first) => first.run.beside(config)?,
            None => Trainer::new(&machine, config, data.clone())?,
        };
        if cases.is_empty() {
            run.load(0, &features, &labels);
            run.set_rows_ready(rows);
        }
        cases.push(Case { run, keep_ratio, steps: 1, timing: Timing::default(), phases: Vec::new() });
    }

    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64() * 1e3;
    // The first turn warms up and finds how many steps fill a submit; then all take turns, so that a slow moment hits all alike.
    for case in &mut cases {
        let warm = pollster::block_on(case.run.measure(2, 2, &clock, false))?;
        case.steps = (SUBMIT_MS / median(&warm.step_ms).max(1e-3)) as u32;
    }
    for _ in 0..repeats {
        for case in &mut cases {
            let timing = pollster::block_on(case.run.measure(case.steps, 1, &clock, true))?;
            case.timing.step_ms.extend(timing.step_ms);
            case.phases.extend(timing.phases);
        }
    }
    let dense_ms = median(&cases[0].timing.step_ms);
    let adapter = machine.gpu.adapter.to_string();
    if arguments.get_flag("json") {
        for case in &cases {
            println!("{}", line(case, dense_ms, &adapter));
        }
    } else {
        println!("{}, batch {batch_size}, on {adapter}", cases[0].run.model.name);
        println!("{}", table(&cases, dense_ms));
        println!(
            "ratio: time of a step over the dense one's; predicted: the same of multiply-adds. Medians of {repeats} turns, \u{b1} half the quartiles' distance."
        );
    }
    Ok(())
}

fn predicted(case: &Case) -> f64 {
    let name = case.run.config.method;
    case.run.model.predicted_ratio(case.keep_ratio, method(name).forwards())
}

fn phase_ms(case: &Case, phase: Phase) -> Option<f64> {
    let times: Vec<f64> = case.phases.iter().filter_map(|turn| turn.iter().find(|(name, _)| *name == phase)).map(|(_, ms)| *ms).collect();
    (!times.is_empty()).then(|| median(&times))
}

fn line(case: &Case, dense_ms: f64, adapter: &str) -> serde_json::Value {
    let step_ms = median(&case.timing.step_ms);
    let phases: serde_json::Map<_, _> =
        Phase::ALL.iter().filter_map(|&phase| Some((phase.name().to_owned(), json!(phase_ms(case, phase)?)))).collect();
    json!({
        "model": case.run.model.name,
        "batch_size": case.run.config.batch_size,
        "gate_inputs": case.run.config.gate_inputs,
        "method": case.run.config.method.name(),
        "keep_ratio": case.keep_ratio,
        "step_ms": step_ms,
        "step_ms_spread": spread(&case.timing.step_ms),
        "ratio": step_ms / dense_ms,
        "predicted_ratio": predicted(case),
        "phases": phases,
        "steps": case.steps,
        "repeats": case.timing.step_ms.len(),
        "adapter": adapter,
    })
}

fn table(cases: &[Case], dense_ms: f64) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    let mut header = vec!["keep".to_owned(), "ms a step".to_owned(), "ratio".to_owned(), "predicted".to_owned()];
    let timed = cases.iter().any(|case| !case.phases.is_empty());
    if timed {
        header.extend(Phase::ALL.iter().map(|phase| phase.name().to_owned()));
    }
    table.set_header(header);
    for case in cases {
        let step_ms = median(&case.timing.step_ms);
        let keep = if case.run.config.method == MethodName::Dense { "dense".to_owned() } else { case.keep_ratio.to_string() };
        let mut row = vec![
            keep,
            format!("{step_ms:.3} \u{b1} {:.3}", spread(&case.timing.step_ms)),
            format!("{:.3}", step_ms / dense_ms),
            format!("{:.3}", predicted(case)),
        ];
        if timed {
            row.extend(Phase::ALL.iter().map(|&phase| phase_ms(case, phase).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.3}"))));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
