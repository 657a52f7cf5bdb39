//! `lacuna bench`.

mod sweep;
mod timing;

use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::json;

use lacuna::engine::{Phase, Timed, Tuned};
use lacuna::model::Model;
use lacuna::speed::median;

use self::timing::{Case, Measured, Pace, Progress, half_iqr, measured, network};
use super::arguments::Bench;
use super::format::{bytes_json, size};
use super::kernels::{self, Kernels};
use super::{CliError, open, say};

/// Target time of one timed submit, in milliseconds.
const SUBMIT_MS: f64 = 2000.0;
/// How many times each is timed by default, if that takes no longer than `MOST_MS`.
const REPEATS: u32 = 9;
const MOST_MS: f64 = 120_000.0;

pub(super) fn run(arguments: &Bench) -> Result<(), CliError> {
    if let Some(request) = &arguments.sweep {
        return sweep::run(arguments, request);
    }
    // A network that cannot be built is refused before the adapter is opened.
    network(&arguments.config)?;
    let machine = open(arguments.adapter.as_deref())?;
    let mut progress = Progress::new();
    let pace = Pace { submit_ms: SUBMIT_MS, turns: REPEATS, most_ms: MOST_MS, repeats: arguments.repeats, weighs_memory: false };
    let measured = measured(&machine, &arguments.config, &arguments.keep_ratios, arguments.kernels, pace, &mut progress)?;
    progress.end();
    let Measured { model, cases, turns, taken } = &measured;
    let adapter = machine.adapter.to_string();
    if arguments.json {
        for case in cases {
            say(line(case, &cases[0], model, &adapter));
        }
        return Ok(());
    }
    say(format_args!("{}, batch {}, on {adapter}", model.name, arguments.config.batch_size));
    say(table(cases, model));
    if arguments.kernels != Kernels::Auto || !machine.adapter.software {
        for case in cases {
            say(format_args!("{}, {}", case.name(), kernels::words(&case.kernels, case.tuned.as_ref())));
            case.tuned.iter().for_each(|tuned| say(kernels::table(tuned)));
        }
    }
    say(format_args!(
        "ratio: time of a step divided by the dense step's; predicted: the same ratio of multiply-adds, for the units that the timed steps drew;\n\
         over it: ratio divided by predicted, turn by turn; expected: predicted, averaged over all draws. {}.\n\
         memory: of a step with the kept units alone. The timed networks, dense and with room for the highest keep ratio, take {} together.",
        turns_words(*turns),
        size(*taken)
    ));
    Ok(())
}

/// Of what the times are medians.
fn turns_words(turns: u32) -> String {
    if turns == 1 { "One turn".to_owned() } else { format!("Medians of {turns} turns, \u{b1} half the interquartile range") }
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

/// Milliseconds as text.
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
