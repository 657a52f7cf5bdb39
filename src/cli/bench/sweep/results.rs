//! The results of a sweep as tables for the terminal, as CSV and as JSON.

use comfy_table::{CellAlignment, LineStyle, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::{Value, json};

use lacuna::config::Config;
use lacuna::engine::Phase;

use super::floors::{EXPLAINED, Excess, Floors, Rates, Times, Work};
use super::points::{LeftOut, value_words};
use crate::cli::arguments::{Request, Sweep};
use crate::cli::bench::{digits, in_ms, turns_words};
use crate::cli::format::{large, size};
use crate::cli::terminal::wrapped;

/// One step at a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measurement {
    pub(super) sweep: Sweep,
    /// Of what changes.
    pub(super) value: f64,
    pub(super) is_dense: bool,
    pub(super) model: String,
    pub(super) batch_size: u32,
    pub(super) keep_ratio: f64,
    /// Medians over the turns.
    pub(super) times: Times,
    /// Half the interquartile range.
    pub(super) spread_ms: f64,
    pub(super) turns: usize,
    pub(super) work: Work,
    /// Bytes of the tensors that grow with the network, with room for the units that a step may keep.
    pub(super) planned: u64,
    /// Bytes of all its buffers on the device.
    pub(super) allocated: u64,
    /// As `lacuna bench --json` prints it.
    pub(super) line: Value,
}

impl Measurement {
    /// `dense` or `sparse`.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_dense { "dense" } else { "sparse" }
    }
}

/// Everything that a sweep found.
pub(super) struct Results<'a> {
    pub(super) base: &'a Config,
    pub(super) request: &'a Request,
    pub(super) measurements: &'a [Measurement],
    pub(super) rates: Rates,
    pub(super) left_out: &'a [LeftOut],
    pub(super) adapter: String,
    /// The fewest of all networks.
    pub(super) turns: u32,
}

/// The names of the columns after the value and the network.
const COLUMNS: [&str; 7] = ["step", "ms a step", "multiply-add floor, ms", "bandwidth floor, ms", "over floor", "planned", "allocated"];

impl Results<'_> {
    /// The sweeps that have at least one measurement.
    pub(super) fn sweeps(&self) -> impl Iterator<Item = Sweep> {
        self.request.sweeps.iter().copied().filter(|&sweep| self.of(sweep).next().is_some())
    }

    /// The measurements of a sweep, in order.
    pub(super) fn of(&self, sweep: Sweep) -> impl Iterator<Item = &Measurement> {
        self.measurements.iter().filter(move |one| one.sweep == sweep)
    }

    pub(super) fn floors(&self, one: &Measurement) -> Floors {
        Floors::of(&one.work, &self.rates)
    }

    /// A sweep in a line.
    pub(super) fn title(&self, sweep: Sweep) -> String {
        let Config { model, batch_size, gate_inputs, .. } = self.base;
        let mut fixed = Vec::new();
        fixed.push(if Self::names_networks(sweep) { format!("networks like {model}") } else { model.clone() });
        if sweep != Sweep::KeepRatio {
            fixed.push(format!("keep {}", self.request.keep_ratio));
        }
        if sweep != Sweep::Batch {
            fixed.push(format!("batch {batch_size}"));
        }
        if *gate_inputs {
            fixed.push("inputs gated".to_owned());
        }
        format!("Sweep of {}: {}", sweep.words(), fixed.join(", "))
    }

    /// The names of the columns of a sweep's table.
    pub(super) fn header(sweep: Sweep) -> Vec<&'static str> {
        let first = if Self::names_networks(sweep) { vec![sweep.words(), "network"] } else { vec![sweep.words()] };
        first.into_iter().chain(COLUMNS).collect()
    }

    /// Whether each point has another network.
    fn names_networks(sweep: Sweep) -> bool {
        matches!(sweep, Sweep::Width | Sweep::Depth)
    }

    pub(super) fn cells(&self, one: &Measurement) -> Vec<String> {
        let Floors { multiply_adds_ms, bandwidth_ms } = self.floors(one);
        let step_ms = one.times.step_ms;
        let around = format!(" \u{b1} {:.1$}", one.spread_ms, digits(step_ms));
        let mut cells = vec![if one.sweep == Sweep::KeepRatio && one.is_dense { "-".to_owned() } else { value_words(one.value) }];
        if Self::names_networks(one.sweep) {
            cells.push(one.model.clone());
        }
        cells.extend([
            one.kind().to_owned(),
            in_ms(step_ms) + if one.turns > 1 { &around } else { "" },
            in_ms(multiply_adds_ms),
            in_ms(bandwidth_ms),
            format!("{:.2}", one.times.over(&one.work, &self.rates)),
            size(one.planned),
            size(one.allocated),
        ]);
        cells
    }

    /// Why steps of a sweep are clearly above their floors: a sentence for all steps of a curve that have the same cause.
    pub(super) fn explanations(&self, sweep: Sweep) -> Vec<String> {
        let mut groups: Vec<Vec<(&Measurement, Excess)>> = Vec::new();
        for one in self.of(sweep) {
            let Some(excess) = self.excess(one) else { continue };
            match groups.iter_mut().find(|group| group[0].0.is_dense == one.is_dense && group[0].1.is_like(&excess)) {
                Some(group) => group.push((one, excess)),
                None => groups.push(vec![(one, excess)]),
            }
        }
        groups.iter().map(|group| sentence(&group.iter().map(|(one, excess)| (*one, excess)).collect::<Vec<_>>())).collect()
    }

    fn excess(&self, one: &Measurement) -> Option<Excess> {
        one.times.excess(&one.work, &self.rates)
    }

    /// The sentence for one step.
    fn why(&self, one: &Measurement) -> Option<String> {
        self.excess(one).map(|excess| sentence(&[(one, &excess)]))
    }

    /// How the columns were found, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let Rates { multiply_adds, reached_by, bytes, copied } = &self.rates;
        vec![
            format!(
                "multiply-add floor: milliseconds that the multiply-adds of a step take at {} in a second, the most that a dense step of this sweep \
                 reached ({reached_by}). It is what these kernels reached, not what the hardware could reach.",
                large(*multiply_adds)
            ),
            format!(
                "bandwidth floor: milliseconds that the bytes of a step take at {} in a second, which a copy between two buffers of {} read and wrote. \
                 The bytes are those that the phases read and write at least: weights and packed weights, maps, gradients, velocities.",
                size(*bytes as u64),
                size(*copied)
            ),
            format!(
                "over floor: ms a step divided by the higher floor; above {EXPLAINED} a sentence says which phase takes the most time above its own \
                 floors. Phases are timed in submits of their own. {}.",
                turns_words(self.turns)
            ),
            "planned: bytes of the tensors that grow with the network, with room for the units that a step may keep, as computed before anything is allocated; \
             allocated: bytes of all buffers of the network on the device, with the tables of a submit. The data set is in neither."
                .to_owned(),
        ]
    }

    /// What the sweep does not show.
    pub(super) fn limits(&self) -> Vec<String> {
        vec![
            "The dense step that reached the most multiply-adds is on its floor by definition. A sparse step that reaches more is below its own."
                .to_owned(),
            "Tensors that stay in a cache move faster than a copy of large buffers: a small step can be below the bandwidth floor."
                .to_owned(),
            "The two floors are not added: while a device computes it can also move bytes.".to_owned(),
            format!("Times depend on the adapter ({}) and on other programs of the machine; multiply-adds and bytes do not.", self.adapter),
        ]
    }

    /// The tables with their explanations, for the terminal.
    pub(super) fn words(&self) -> String {
        let mut lines = Vec::new();
        for sweep in self.sweeps() {
            lines.push(format!("{}, on {}", self.title(sweep), self.adapter));
            let mut table = Table::new();
            table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
            table.set_header(Self::header(sweep));
            for one in self.of(sweep) {
                table.add_row(self.cells(one));
            }
            for column in table.column_iter_mut() {
                column.set_cell_alignment(CellAlignment::Right);
            }
            lines.push(table.to_string());
            lines.extend(self.explanations(sweep).iter().map(|sentence| wrapped("- ", sentence)));
        }
        lines.extend(self.notes().iter().map(|note| wrapped("", note)));
        lines.push("What this does not show:".to_owned());
        lines.extend(self.limits().iter().map(|limit| wrapped("- ", limit)));
        lines.extend(self.left_out.iter().map(|one| wrapped("", &one.words())));
        lines.join("\n")
    }

    /// A line for each step.
    pub(super) fn csv(&self) -> String {
        let header = "sweep,value,step,model,batch_size,keep_ratio,step_ms,step_ms_spread,multiply_adds,bytes_moved,multiply_add_floor_ms,\
                      bandwidth_floor_ms,over_floor,bytes,allocated_bytes";
        let mut lines = vec![Phase::ALL.iter().fold(header.to_owned(), |header, phase| header + ",ms_" + phase.name())];
        for one in self.measurements {
            let Floors { multiply_adds_ms, bandwidth_ms } = self.floors(one);
            let of =
                |phase: Phase| one.times.phases.iter().find(|(name, _)| *name == phase).map_or_else(String::new, |(_, ms)| ms.to_string());
            lines.push(format!(
                "{},{},{},{},{},{},{},{},{:.0},{:.0},{multiply_adds_ms},{bandwidth_ms},{},{},{},{}",
                one.sweep.name(),
                value_words(one.value),
                one.kind(),
                one.model,
                one.batch_size,
                one.keep_ratio,
                one.times.step_ms,
                one.spread_ms,
                one.work.total(),
                one.work.traffic.total(),
                one.times.over(&one.work, &self.rates),
                one.planned,
                one.allocated,
                Phase::ALL.map(of).join(",")
            ));
        }
        lines.join("\n") + "\n"
    }

    /// An object for each step, with the keys of `lacuna bench --json` and those of the sweep; then one for each point that is left out.
    pub(super) fn lines(&self) -> Vec<Value> {
        let of = |one: &Measurement| {
            let Floors { multiply_adds_ms, bandwidth_ms } = self.floors(one);
            let own = json!({
                "sweep": one.sweep.name(),
                "value": one.value,
                "step": one.kind(),
                "multiply_adds": one.work.total().round(),
                "bytes_moved": one.work.traffic.total().round(),
                "multiply_add_floor_ms": multiply_adds_ms,
                "bandwidth_floor_ms": bandwidth_ms,
                "over_floor": one.times.over(&one.work, &self.rates),
                "why": self.why(one),
                "allocated_bytes": one.allocated,
                "multiply_adds_per_second": self.rates.multiply_adds,
                "multiply_adds_reached_by": self.rates.reached_by,
                "bytes_per_second": self.rates.bytes,
            });
            let (Value::Object(mut own), Value::Object(line)) = (own, one.line.clone()) else { unreachable!("both are objects") };
            own.extend(line);
            Value::Object(own)
        };
        let left_out = |one: &LeftOut| {
            json!({
                "sweep": one.sweep.name(),
                "value": one.value,
                "model": one.model,
                "batch_size": one.batch_size,
                "left_out": one.reason,
            })
        };
        self.measurements.iter().map(of).chain(self.left_out.iter().map(left_out)).collect()
    }

    /// Everything as one object.
    pub(super) fn json(&self) -> Value {
        let (steps, left_out): (Vec<Value>, Vec<Value>) = self.lines().into_iter().partition(|line| line.get("left_out").is_none());
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "adapter": self.adapter,
            "settings": self.base.to_query(),
            "keep_ratio": self.request.keep_ratio,
            "rates": {
                "multiply_adds_per_second": self.rates.multiply_adds,
                "reached_by": self.rates.reached_by,
                "bytes_per_second": self.rates.bytes,
                "copied_bytes": self.rates.copied,
            },
            "steps": steps,
            "left_out": left_out,
            "notes": self.notes(),
            "limits": self.limits(),
        })
    }
}

/// The sentence for steps of one curve that have the same cause.
fn sentence(all: &[(&Measurement, &Excess)]) -> String {
    let first = all[0].0;
    let name = if first.sweep == Sweep::KeepRatio && first.is_dense {
        "The dense step".to_owned()
    } else {
        let values: Vec<String> = all.iter().map(|(one, _)| value_words(one.value)).collect();
        let values = match values.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => values.concat(),
        };
        format!("At {} {values} the {} step", first.sweep.words(), first.kind())
    };
    Excess::sentence(&name, &all.iter().map(|(_, excess)| *excess).collect::<Vec<_>>())
}

/// A measurement with made-up figures, for tests.
#[cfg(test)]
pub(super) fn sample(sweep: Sweep, value: f64) -> Measurement {
    use lacuna::model::Traffic;
    Measurement {
        sweep,
        value,
        is_dense: false,
        model: "mlp-32".to_owned(),
        batch_size: 16,
        keep_ratio: 0.1,
        times: Times { step_ms: 4.0 * value, phases: vec![(Phase::Forward, 1.0 * value), (Phase::Backward, 2.8 * value)] },
        spread_ms: 0.1,
        turns: 3,
        work: Work {
            multiply_adds: [1e6 * value, 1e6 * value],
            traffic: Traffic { forward: 1e5 * value, backward: 2e5 * value, ..Traffic::default() },
        },
        planned: 1 << 20,
        allocated: 3 << 20,
        line: json!({"model": "mlp-32", "step_ms": 4.0 * value}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::Named;

    #[test]
    fn tables_lines_and_files_have_every_step_and_what_is_left_out() {
        let base = Config { model: "mlp-32".to_owned(), batch_size: 16, ..Config::default() };
        let request = Request::new(Named::read("width,batch").unwrap(), &base.model, None, None).unwrap();
        let dense = |of: Measurement| Measurement { is_dense: true, keep_ratio: 1.0, ..of };
        let measurements =
            [dense(sample(Sweep::Width, 8.0)), sample(Sweep::Width, 8.0), dense(sample(Sweep::Width, 16.0)), sample(Sweep::Width, 16.0)];
        let left_out = [LeftOut {
            sweep: Sweep::Batch,
            value: 64.0,
            model: "mlp-32".to_owned(),
            batch_size: 64,
            reason: "it is too large".to_owned(),
        }];
        let rates = Rates { multiply_adds: 1e9, reached_by: "mlp-32, batch 16".to_owned(), bytes: 1e9, copied: 1 << 28 };
        let results = Results {
            base: &base,
            request: &request,
            measurements: &measurements,
            rates,
            left_out: &left_out,
            adapter: "A".to_owned(),
            turns: 3,
        };
        assert_eq!(results.sweeps().collect::<Vec<_>>(), [Sweep::Width], "the other one has no measurement");
        let words = results.words();
        for part in [
            "Sweep of width: networks like mlp-32, keep 0.1, batch 16, on A",
            "32.000 \u{b1} 0.100",
            "- At width 8 and 16 the sparse step takes 2.0 times its multiply-add floor: ",
            "1.00 G in a second",
            "Medians of 3 turns",
            "left out: batch size 64 (mlp-32, batch 64): it is too large",
        ] {
            assert!(words.contains(part), "{part:?} is not in {words}");
        }
        let csv = results.csv();
        let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns, [21; 5], "{csv}");
        assert!(
            csv.lines().nth(1).is_some_and(|line| line.starts_with("width,8,dense,mlp-32,16,1,32,0.1,16000000,2400000,16,2.4,2,")),
            "{csv}"
        );
        let lines = results.lines();
        assert_eq!((lines.len(), &lines[4]["left_out"]), (5, &"it is too large".into()));
        assert!(lines[1]["why"].as_str().is_some_and(|why| why.starts_with("At width 8 the sparse step")), "{}", lines[1]);
        let json = results.json();
        assert_eq!((json["steps"].as_array().unwrap().len(), json["left_out"].as_array().unwrap().len()), (4, 1));
    }
}
