//! The comparison as a table for the terminal, as CSV and as JSON.

use comfy_table::{CellAlignment, LineStyle, Table as Grid, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};

use lacuna::config::Config;

use super::summary::{Mark, Row, Spread};
use crate::cli::format::large;
use crate::cli::seconds::PHASES;
use crate::cli::terminal::wrapped;

/// A whole comparison.
pub(super) struct Table<'a> {
    pub(super) rows: &'a [Row<'a>],
    /// Name and size of each gated group.
    pub(super) groups: &'a [(String, u32)],
    /// The settings of all runs.
    pub(super) base: &'a Config,
    pub(super) seeds: u32,
    pub(super) adapter: &'a str,
    pub(super) data: &'a str,
    /// The settings of each entrant beside those.
    pub(super) settings: &'a [(&'a str, String)],
}

/// Kept units of each group, and of all if there are several.
fn kept(groups: &[f64]) -> String {
    let words = |count: &f64| format!("{count:.0}");
    let each = groups.iter().map(words).collect::<Vec<_>>().join(", ");
    if groups.len() > 1 { format!("{each} = {}", words(&groups.iter().sum())) } else { each }
}

/// Accuracy in percent.
fn percent(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "-".to_owned(), |spread| spread.words(2))
}

fn styled(header: impl IntoIterator<Item = &'static str>) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    grid.set_header(header);
    grid
}

/// Aligns all but the first column to the right.
fn align_right(mut grid: Grid) -> Grid {
    for column in grid.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    grid
}

impl Table<'_> {
    pub(super) fn header() -> [&'static str; 10] {
        [
            "method",
            "accuracy % at equal steps",
            "at equal multiply-adds",
            "at equal seconds",
            "kept",
            "multiply-adds",
            "forward / backward / structure",
            "near dense",
            "seconds",
            "MiB",
        ]
    }

    /// The cells of each entrant.
    pub(super) fn cells(&self) -> Vec<[String; 10]> {
        let mark = Mark::of(self.rows);
        let of = |row: &Row<'_>| {
            let work = |of: fn(&super::record::Point) -> u64| {
                row.mean(|end| of(end) as f64).map_or_else(|| "-".to_owned(), |spread| large(spread.mean))
            };
            let diverged = if row.diverged() > 0 { format!(", {} diverged", row.diverged()) } else { String::new() };
            let at = |axis: fn(&super::record::Point) -> f64, x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| row.reached(axis, x));
            [
                row.name.to_owned(),
                format!("{}{diverged}", percent(row.mean(|end| 100.0 * end.accuracy))),
                at(|point| point.multiply_adds() as f64, mark.as_ref().map(|mark| mark.multiply_adds)),
                at(|point| point.seconds, mark.as_ref().map(|mark| mark.seconds)),
                kept(&row.kept()),
                work(super::record::Point::multiply_adds),
                format!("{} / {} / {}", work(|end| end.forward), work(|end| end.backward), work(|end| end.structure)),
                row.near_dense().map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
                row.mean(|end| end.seconds).map_or_else(|| "-".to_owned(), |spread| spread.words(1)),
                format!("{:.1}", row.bytes() / f64::from(1 << 20)),
            ]
        };
        self.rows.iter().map(of).collect()
    }

    /// What was compared, in a line.
    pub(super) fn title(&self) -> String {
        let Config { model, keep_ratio, batch_size, .. } = self.base;
        let steps = self.rows.iter().flat_map(Row::ends).map(|end| end.step).max().unwrap_or(0);
        let inputs = if self.base.gate_inputs { ", inputs gated" } else { "" };
        let seeds = if self.seeds == 1 { "one seed".to_owned() } else { format!("{} seeds", self.seeds) };
        format!("{model} on {}, keep {keep_ratio}{inputs}, {steps} steps of {batch_size} images, {seeds}", self.data)
    }

    /// Explanations of the table, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let groups: Vec<String> = self.groups.iter().map(|(name, size)| format!("{size} {name}")).collect();
        let mut notes = vec![format!(
            "accuracy at equal steps: on the test rows, under the decided mask, after the last step; {}. \
             kept: units of {}, on average; the budget allows {:.0} of them at the end. A decided mask keeps the units with the \
             highest scores, as many as the budget allows, and none of score 0.",
            if self.seeds == 1 {
                "of one seed".to_owned()
            } else {
                format!("mean \u{b1} sample standard deviation over {} seeds", self.seeds)
            },
            groups.join(", "),
            (self.base.keep_ratio * self.groups.iter().map(|(_, size)| f64::from(*size)).sum::<f64>()).floor()
        )];
        if let Some(mark) = Mark::of(self.rows) {
            notes.push(format!(
                "at equal multiply-adds: after {}; at equal seconds: after {:.1} s of training; both are {}, and \
                 accuracy is interpolated between two tests of a run. (end): the whole run took less; the value is that of its end.",
                large(mark.multiply_adds),
                mark.seconds,
                mark.whose
            ));
        }
        notes.push(
            "multiply-adds: of all images and steps, for the units that each step kept; structure: passes that only \
             choose a mask (the second forward pass, which trains the scores, counts as forward)."
                .to_owned(),
        );
        notes.push(
            "near dense: the share of multiply-adds in passes of more than half the work of the dense network: a dense \
             start, a dense backward pass, a dense pass that ranks every unit; a schedule that begins with a high budget counts too."
                .to_owned(),
        );
        notes.push("seconds: of training without tests; MiB: of the network's tensors, without the data set.".to_owned());
        notes
    }

    /// Explains the table of seconds by phase.
    pub(super) const PHASES_NOTE: &'static str = "choose: choosing a mask, and dropping units; the rest is divided by phase with the GPU's clock, \
        which times a step at each test of a run.";

    /// Each entrant with its seconds by phase; empty if the adapter has no clock.
    pub(super) fn phases(&self) -> Vec<(&str, Vec<f64>)> {
        self.rows.iter().filter_map(|row| Some((row.name, row.phases()?))).collect()
    }

    /// What the comparison does not show.
    pub(super) fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "The schedules of rates and budgets span the whole run: before its end, at equal multiply-adds or seconds, they have not \
             fallen yet. A shorter run of the same method may be better there."
                .to_owned(),
            format!("Seconds depend on the adapter ({}) and on other programs of the machine; multiply-adds do not.", self.adapter),
            "One network, one data set, one keep ratio: others may rank the methods differently.".to_owned(),
            "Methods that were published for single weights (magnitude, SET, RigL, SNIP) choose whole units here, as all do. Their results for single \
             weights may differ."
                .to_owned(),
        ];
        match self.seeds {
            1 => limits.push("One seed does not show how much of a difference is chance.".to_owned()),
            2..5 => limits
                .push("With so few seeds the standard deviation is uncertain: differences of about its size prove nothing.".to_owned()),
            _ => {}
        }
        limits
    }

    /// The table and its explanations, for the terminal.
    pub(super) fn words(&self) -> String {
        // In one table the columns would be wider than a terminal, so it is split in two: accuracy, and cost.
        let (header, cells) = (Self::header(), self.cells());
        let some = |columns: std::ops::Range<usize>| {
            let mut grid = styled(std::iter::once(header[0]).chain(header[columns.clone()].iter().copied()));
            for cells in &cells {
                grid.add_row(std::iter::once(&cells[0]).chain(&cells[columns.clone()]));
            }
            align_right(grid).to_string()
        };
        let mut lines = vec![format!("{}, on {}", self.title(), self.adapter), some(1..5), some(5..10)];
        lines.extend(self.notes().iter().map(|note| wrapped("", note)));
        let phases = self.phases();
        if !phases.is_empty() {
            let mut grid = styled(std::iter::once("seconds of").chain(PHASES));
            for (name, seconds) in phases {
                grid.add_row(std::iter::once(name.to_owned()).chain(seconds.iter().map(|seconds| format!("{seconds:.1}"))));
            }
            lines.extend([align_right(grid).to_string(), wrapped("", Self::PHASES_NOTE)]);
        }
        lines.push("What this does not show:".to_owned());
        lines.extend(self.limits().iter().map(|limit| wrapped("- ", limit)));
        lines.push("Settings of each entrant:".to_owned());
        lines.extend(self.settings.iter().map(|(name, own)| wrapped("- ", &format!("{name}: {own}"))));
        lines.join("\n")
    }

    /// A line for each point of each run.
    pub(super) fn csv(&self) -> String {
        let header = "method,seed,step,forward,backward,structure,multiply_adds,near_dense,accuracy,loss,kept,bytes,seconds";
        let mut lines = vec![PHASES.iter().fold(header.to_owned(), |header, phase| header + ",seconds_" + phase)];
        for run in self.rows.iter().flat_map(|row| &row.runs) {
            lines.extend(run.points.iter().map(|point| {
                let kept = point.kept.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
                let phases = (0..PHASES.len()).map(|phase| point.phases.get(phase).map_or_else(String::new, f64::to_string));
                let phases = phases.collect::<Vec<_>>().join(",");
                format!(
                    "{},{},{},{},{},{},{},{},{},{},{kept},{},{},{phases}",
                    run.entrant,
                    run.seed,
                    point.step,
                    point.forward,
                    point.backward,
                    point.structure,
                    point.multiply_adds(),
                    point.near_dense,
                    point.accuracy,
                    point.loss,
                    run.bytes,
                    point.seconds
                )
            }));
        }
        lines.join("\n") + "\n"
    }

    /// Everything as JSON: the settings, the complete runs, the cells of the table.
    pub(super) fn json(&self, identity: &Value) -> Value {
        let header = Self::header();
        let cells = |cells: [String; 10]| {
            header.iter().map(|&name| name.to_owned()).zip(cells.map(Value::String)).collect::<serde_json::Map<_, _>>()
        };
        json!({
            "comparison": identity,
            "groups": self.groups.iter().map(|(name, size)| json!({"name": name, "size": size})).collect::<Vec<_>>(),
            "table": self.cells().into_iter().map(cells).collect::<Vec<_>>(),
            "notes": self.notes(),
            "limits": self.limits(),
            "own_settings": self.settings.iter().map(|(name, own)| ((*name).to_owned(), json!(own))).collect::<serde_json::Map<_, _>>(),
            "phase_seconds": self
                .phases()
                .into_iter()
                .map(|(name, seconds)| (name.to_owned(), PHASES.iter().map(|&phase| phase.to_owned()).zip(seconds.into_iter().map(|s| json!(s))).collect()))
                .collect::<serde_json::Map<String, Value>>(),
            "runs": self.rows.iter().flat_map(|row| row.runs.iter().map(|run| run.json())).collect::<Vec<_>>(),
        })
    }
}
