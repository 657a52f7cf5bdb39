//! `lacuna estimator`.

use comfy_table::{CellAlignment, LineStyle, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};

use lacuna::device::Machine;
use lacuna::engine::SLOTS;
use lacuna::estimator_lab::{self, ALPHAS, Bin, COLUMNS, Lab, MOST_STORED, Report, Row, Summary, TableRow};
use lacuna::estimators::Estimator;
use lacuna::trainer::{DataShape, Trainer};

use super::arguments::{self, Experiment, Measured};
use super::{CliError, data, open, say, terminal};

/// α of the table by ranges of s.
const SPLIT_ALPHA: f64 = 0.5;

pub(super) fn run(arguments: &arguments::Estimator) -> Result<(), CliError> {
    let adapter = arguments.adapter.as_deref();
    match &arguments.measured {
        Measured::Table { pairs } => variances(&open(adapter)?, *pairs, arguments.json),
        Measured::Network { experiment, after_steps, pairs } => network(experiment, *after_steps, *pairs, adapter, arguments.json),
    }
}

/// Measures every estimator on the network of an experiment after `steps` steps.
fn network(experiment: &Experiment, steps: u32, pairs: u32, adapter: Option<&str>, as_json: bool) -> Result<(), CliError> {
    let mut config = experiment.config.clone();
    let set = data::load(&experiment.data, &config)?;
    data::fit_batch(&mut config, &experiment.flags, &set);
    let machine = open(adapter)?;
    let mut run = Trainer::new(&machine, config, DataShape::of(&set))?;
    run.load_all(&set);
    if steps > run.steps() {
        return Err(CliError::TooManySteps { after_steps: steps, steps: run.steps() });
    }
    let bar = terminal::bar(u64::from(steps));
    while run.step() < steps {
        pollster::block_on(run.advance(SLOTS.min(steps - run.step())))?;
        bar.set_position(run.step().into());
        bar.set_message("training");
    }
    bar.finish_and_clear();

    let mut lab = pollster::block_on(Lab::new(&mut run, true))?;
    let bar = terminal::bar(u64::from(pairs));
    bar.set_message("computing all masks");
    while pollster::block_on(lab.enumerate(SLOTS))? > 0 {
        bar.tick();
    }
    bar.set_message("pairs of masks");
    while lab.pairs() < pairs {
        pollster::block_on(lab.draw(SLOTS.min(pairs - lab.pairs())))?;
        bar.set_position(lab.pairs().into());
    }
    bar.finish_and_clear();
    let report = lab.report().expect("the true gradient is computed and pairs were drawn");
    if as_json {
        say(report_json(&run, &report, &machine.adapter.to_string()));
        return Ok(());
    }
    say(format_args!("{} after {} steps, frozen, on {}", run.model.name, report.step, machine.adapter));
    say(format_args!(
        "{} pairs of masks, in turn on {} of {} images; {} of {} units undecided; loss {:.4} \u{b1} {:.4} over the masks, |L \u{2212} L\u{2032}| \u{2264} {:.4}, L \u{2264} {:.4}",
        report.pairs,
        match report.batches {
            1 => "one batch".to_owned(),
            batches => format!("{batches} batches"),
        },
        run.config.batch_size,
        report.undecided,
        report.units,
        report.loss[0],
        report.loss[1],
        report.largest_difference,
        report.largest_loss
    ));
    say(truth_words(&report));
    say(overall(&report));
    say(format_args!(
        "bias: |mean \u{2212} truth| / |truth|, in brackets its value by chance alone. scale: length along the truth, 1 without bias. \
         variance and\nbound: means over the units; bound: \u{394}\u{b2} h^(2\u{3b1}\u{2212}1), half of it two-sided, with the largest loss instead of \u{394} = |L \u{2212} L\u{2032}| \
         plain; h = s(1\u{2212}s).\nSNR: |mean|\u{b2} / summed variance, of one sample. cosine: of one sample with the truth, over the first {MOST_STORED} pairs at most; mean \
         cosine: of the mean\nof all samples."
    ));
    if let Some(cosine) = report.control_cosine {
        say(format_args!(
            "c of \"two-sided, c\" is the run's running effects; its cosine with the truth, at \u{3b1} = {SPLIT_ALPHA}: {cosine:.4}."
        ));
    }
    say(format_args!("\nSplit by s, at \u{3b1} = {SPLIT_ALPHA}:\n{}", split(&report)));
    Ok(())
}

fn truth_words(report: &Report) -> String {
    match report.enumerated {
        Some(masks) => format!("true gradient: from all {masks} masks"),
        None => format!(
            "true gradient: from {} other masks, with a standard error of {} of its norm, which also lowers the cosines",
            report.truth_masks,
            percent(report.truth_error)
        ),
    }
}

fn percent(share: f64) -> String {
    match share {
        share if share < 0.1 => format!("{:.2} %", 100.0 * share),
        share if share < 10.0 => format!("{:.1} %", 100.0 * share),
        share => format!("{share:.0} \u{d7}"),
    }
}

/// Three significant digits, for numbers of any size.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e5).contains(&value.abs()) {
        return format!("{value:.2e}");
    }
    let whole = value.abs().log10().floor() as i32;
    format!("{value:.*}", (2 - whole).max(0) as usize)
}

fn styled(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(header);
    table
}

fn align_right(mut table: Table, from: usize) -> Table {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn bias(summary: &Summary) -> String {
    format!("{} ({})", percent(summary.bias), percent(summary.bias_chance))
}

fn or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), digits)
}

fn overall(report: &Report) -> Table {
    let header = [
        "estimator",
        "\u{3b1}",
        "bias (chance)",
        "scale",
        "\u{3c7}\u{b2} / units",
        "verdict",
        "variance",
        "/ two-sided",
        "bound",
        "SNR",
        "cosine",
        "mean cosine",
    ];
    let mut table = styled(&header);
    for row in &report.rows {
        let summary = &row.summary;
        table.add_row([
            if row.alpha == ALPHAS[0] { row.rule.name().to_owned() } else { String::new() },
            row.alpha.to_string(),
            bias(summary),
            row.scale.map_or_else(|| "-".to_owned(), |[scale, error]| format!("{scale:.3} \u{b1} {error:.3}")),
            format!("{:.0} / {}", row.chi_square, row.judged),
            row.verdict.words().to_owned(),
            digits(summary.variance),
            or_dash(row.variance_ratio),
            or_dash(summary.bound),
            digits(summary.signal_to_noise),
            format!("{:.4} \u{b1} {:.4}", row.cosine, row.cosine_error),
            format!("{:.4}", row.mean_cosine),
        ]);
    }
    align_right(table, 1)
}

fn range(bin: &Bin) -> String {
    match (bin.low, bin.high) {
        (0.0, high) => format!("< {high}"),
        (low, 1.0) => format!("\u{2265} {low}"),
        (low, high) => format!("{low} to {high}"),
    }
}

fn split(report: &Report) -> Table {
    let mut table = styled(&["s", "units", "estimator", "bias (chance)", "variance", "bound", "SNR"]);
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.alpha == SPLIT_ALPHA).collect();
    for bin in 0..estimator_lab::EDGES.len() - 1 {
        for (place, row) in rows.iter().enumerate() {
            let bin = &row.bins[bin];
            let Some(summary) = &bin.summary else { continue };
            let (range, units) = if place == 0 { (range(bin), bin.units.to_string()) } else { (String::new(), String::new()) };
            table.add_row([
                range,
                units,
                row.rule.name().to_owned(),
                bias(summary),
                digits(summary.variance),
                or_dash(summary.bound),
                digits(summary.signal_to_noise),
            ]);
        }
    }
    let mut table = align_right(table, 3);
    table.column_mut(1).expect("it has seven columns").set_cell_alignment(CellAlignment::Right);
    table
}

fn summary_json(summary: &Summary) -> Value {
    json!({
        "bias": summary.bias,
        "bias_chance": summary.bias_chance,
        "variance": summary.variance,
        "bound": summary.bound,
        "signal_to_noise": summary.signal_to_noise,
    })
}

fn row_json(row: &Row) -> Value {
    let mut line = json!({"estimator": row.rule.name(), "alpha": row.alpha, "samples": row.samples});
    let more = json!({
        "scale": row.scale.map(|[scale, _]| scale),
        "scale_error": row.scale.map(|[_, error]| error),
        "chi_square": row.chi_square,
        "judged_units": row.judged,
        "verdict": row.verdict.words(),
        "cosine": row.cosine,
        "cosine_error": row.cosine_error,
        "cosine_samples": row.cosine_samples,
        "mean_cosine": row.mean_cosine,
        "variance_ratio": row.variance_ratio,
        "bins": row.bins.iter().map(|bin| {
            let mut value = json!({"low": bin.low, "high": bin.high, "units": bin.units});
            merge(&mut value, bin.summary.as_ref().map_or(Value::Null, summary_json));
            value
        }).collect::<Vec<_>>(),
    });
    merge(&mut line, summary_json(&row.summary));
    merge(&mut line, more);
    line
}

fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

fn report_json(run: &Trainer, report: &Report, adapter: &str) -> Value {
    json!({
        "link": format!("?{}", run.config.to_query()),
        "adapter": adapter,
        "step": report.step,
        "batches": report.batches,
        "pairs": report.pairs,
        "units": report.units,
        "undecided_units": report.undecided,
        "enumerated_masks": report.enumerated,
        "truth_masks": report.truth_masks,
        "truth_error": report.truth_error,
        "loss": report.loss[0],
        "loss_deviation": report.loss[1],
        "largest_loss": report.largest_loss,
        "largest_difference": report.largest_difference,
        "alphas": ALPHAS,
        "control_cosine": report.control_cosine,
        "estimators": report.rows.iter().filter(|row| row.alpha == ALPHAS[0]).map(|row| row.rule.name()).collect::<Vec<_>>(),
        "rows": report.rows.iter().map(row_json).collect::<Vec<_>>(),
    })
}

/// `--table`.
fn variances(machine: &std::rc::Rc<Machine>, pairs: u32, as_json: bool) -> Result<(), CliError> {
    let bar = terminal::bar(u64::from(pairs) * estimator_lab::SCORES.len() as u64);
    bar.set_message("pairs of masks");
    let rows = pollster::block_on(estimator_lab::table(machine, pairs, |done, _| bar.set_position(done.into())))?;
    bar.finish_and_clear();
    let adapter = machine.adapter.to_string();
    if as_json {
        say(table_json(&rows, pairs, &adapter));
        return Ok(());
    }
    say(format_args!(
        "Variance of one unit's structure gradient, the other five at s = 0.5: mlp-6 on planted inputs, frozen, on {adapter}"
    ));
    say(table(&rows));
    say(format_args!("Upper line: measured over {pairs} pairs, \u{b1} its standard error. Lower line: exact, from all 64 masks."));
    say(terminal::wrapped("", &pattern(&rows)));
    Ok(())
}

/// How the exact variances change from the first score to the last, and their ratios there.
fn pattern(rows: &[TableRow]) -> String {
    let [first, last] = [rows.first(), rows.last()].map(|row| row.expect("the table has rows"));
    let growth = |row: &TableRow| 1.0 / (row.score * (1.0 - row.score));
    let times = |column: usize| digits(last.cells[column].exact / first.cells[column].exact);
    let over_two_sided = |column: usize| digits(last.cells[column].exact / last.cells[1].exact);
    format!(
        "From s = {} to {} the factor 1/(s(1\u{2212}s)) becomes {} times as large, and the exact variance of two-sided {} times at \u{3b1} = 0, {} times \
         at \u{3b1} = \u{bd} and {} times at \u{3b1} = 1. At \u{3b1} = \u{bd} the variance of one-sided is then {} times that of two-sided, and that of plain, from one \
         sample, {} times.",
        first.score as f32,
        last.score as f32,
        digits(growth(last) / growth(first)),
        times(0),
        times(1),
        times(2),
        over_two_sided(3),
        over_two_sided(4)
    )
}

fn name((estimator, alpha): (Estimator, f64)) -> String {
    format!("{} \u{3b1} = {alpha}", estimator.name())
}

fn table(rows: &[TableRow]) -> Table {
    let names: Vec<String> = std::iter::once("s".to_owned()).chain(COLUMNS.map(name)).collect();
    let mut table = styled(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        let cell = |cell: &estimator_lab::Cell| format!("{} \u{b1} {}\n{}", digits(cell.variance), digits(cell.error), digits(cell.exact));
        table.add_row(std::iter::once((row.score as f32).to_string()).chain(row.cells.iter().map(cell)));
    }
    align_right(table, 0)
}

fn table_json(rows: &[TableRow], pairs: u32, adapter: &str) -> Value {
    let row = |row: &TableRow| {
        let cell = |((estimator, alpha), cell): (&(Estimator, f64), &estimator_lab::Cell)| json!({"estimator": estimator.name(), "alpha": alpha, "variance": cell.variance, "error": cell.error, "exact": cell.exact});
        json!({"score": row.score, "cells": COLUMNS.iter().zip(&row.cells).map(cell).collect::<Vec<_>>()})
    };
    json!({"adapter": adapter, "pairs": pairs, "rows": rows.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_computed_from_the_exact_variances() {
        let cell = |exact: f64| estimator_lab::Cell { variance: 0.0, error: 0.0, exact };
        let row = |score: f64, exact: [f64; 5]| TableRow { score, cells: exact.map(cell).to_vec() };
        let text = pattern(&[row(0.5, [4.0, 1.0, 0.5, 1.0, 1.0]), row(0.25, [8.0, 1.5, 0.05, 3.0, 12.0])]);
        for words in [
            "1.33 times as large",
            "2.00 times at \u{3b1} = 0, 1.50 times",
            "0.100 times at \u{3b1} = 1",
            "then 2.00 times",
            "sample, 8.00 times",
        ] {
            assert!(text.contains(words), "{words:?} is not in {text}");
        }
    }

    #[test]
    fn numbers_of_any_size_keep_three_digits() {
        assert_eq!(
            [0.0, 1.0, 19.44, 1979.4, 0.0123, 2.5e-7, 3.2e8, -4.56].map(digits),
            ["0", "1.00", "19.4", "1979", "0.0123", "2.50e-7", "3.20e8", "-4.56"]
        );
    }
}
