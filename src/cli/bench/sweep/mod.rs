//! `lacuna bench --sweep`: time and memory of a step against keep ratio, width, depth and batch size, beside the least time that the adapter could
//! take.

mod copy;
mod floors;
mod points;
mod report;
mod results;

use std::fs;
use std::rc::Rc;

use lacuna::device::Machine;
use lacuna::engine::SLOTS;
use lacuna::speed::{dense_step_ms, for_dense_step, median};

use self::copy::copy_rate;
use self::floors::{Rates, Times, Work};
use self::points::{Plan, Shape};
use self::results::{Measurement, Results};
use super::timing::{Case, Measured, Pace, Progress, check, half_iqr, measured, network};
use super::{in_ms, line};
use crate::cli::arguments::{Bench, Request};
use crate::cli::files::write_whole;
use crate::cli::plot::standalone;
use crate::cli::{CliError, milliseconds, open, say};

/// Target time of one timed submit, in milliseconds: there are many points.
const SUBMIT_MS: f64 = 500.0;
/// How many times each step of a network is timed by default, if that takes no longer than `MOST_MS`.
const TURNS: u32 = 3;
const MOST_MS: f64 = 60_000.0;

/// A network that was timed, with the number of its shape in the plan.
struct Timed {
    shape: usize,
    measured: Measured,
}

pub(super) fn run(arguments: &Bench, request: &Request) -> Result<(), CliError> {
    if let Some(out) = &request.out {
        fs::create_dir_all(out).map_err(CliError::file(out))?;
    }
    let mut plan = Plan::new(&arguments.config, &arguments.keep_ratios, request)?;
    let mut machine = open(arguments.adapter.as_deref())?;
    let adapter = machine.adapter.to_string();
    let pace = Pace { submit_ms: SUBMIT_MS, turns: TURNS, most_ms: MOST_MS, repeats: arguments.repeats, weighs_memory: true };
    let mut progress = Progress::new();
    // With --json the output has objects alone.
    let tell = |progress: &Progress, words: &str| progress.say(words, !arguments.json);

    // These are known before anything is allocated. Others may still turn out to be too large.
    plan.without(|shape| check(&machine, &shape.config, &shape.keep_ratios).err().map(|error| error.to_string()));
    if plan.shapes.is_empty() {
        return Err(nothing_measured(&plan));
    }
    let expected = plan.shapes.first().and_then(|shape| smallest_ms(&machine, shape)).map(|ms| plan.expected_ms(ms, pace, SLOTS));
    tell(&progress, &plan_words(&plan, request, expected, &adapter));
    progress.tell("copying buffers");
    let (copied, mut bytes) = copy_rate(&machine)?;

    let (mut timed, shapes): (Vec<Timed>, _) = (Vec::new(), plan.shapes.clone());
    for (index, shape) in shapes.iter().enumerate() {
        progress.about = format!("{} ({} of {}): ", shape_words(shape), index + 1, shapes.len());
        match measured(&machine, &shape.config, &shape.keep_ratios, arguments.kernels, pace, &mut progress) {
            Ok(measured) => {
                let steps = measured.cases.iter().map(|case| format!("{} {} ms", case.name(), in_ms(median(&case.step_ms))));
                tell(&progress, &format!("{}: {}", shape_words(shape), steps.collect::<Vec<_>>().join(", ")));
                timed.push(Timed { shape: index, measured });
            }
            // Too large for the adapter in one way or another: the others may be measured.
            Err(error) => {
                let before = plan.left_out.len();
                plan.leave_out_shape(index, &error.to_string());
                plan.left_out[before..].iter().for_each(|one| tell(&progress, &one.words()));
                // A device remembers its first error, and a lost one takes no more commands.
                if machine.check().is_err() {
                    machine = open(arguments.adapter.as_deref())?;
                }
            }
        }
    }
    progress.about.clear();
    progress.tell("copying buffers");
    bytes = copy_rate(&machine)?.1.max(bytes);
    progress.end();
    if timed.is_empty() {
        return Err(nothing_measured(&plan));
    }
    let measurements = measurements(&plan, &timed, &adapter);
    let rates = rates(&measurements, bytes, copied);
    let turns = timed.iter().map(|timed| timed.measured.turns).min().unwrap_or(0);
    let results =
        Results { base: &arguments.config, request, measurements: &measurements, rates, left_out: &plan.left_out, adapter, turns };
    if arguments.json {
        results.lines().iter().for_each(say);
    } else {
        say(results.words());
    }
    if let Some(out) = &request.out {
        write(out, &results)?;
        progress.say(&format!("sweep.csv, sweep.json, report.html and the plots are in {}", out.display()), !arguments.json);
    }
    Ok(())
}

fn nothing_measured(plan: &Plan) -> CliError {
    CliError::NothingMeasured { reasons: plan.left_out.iter().map(points::LeftOut::words).collect() }
}

/// Writes the results and the plots.
fn write(out: &std::path::Path, results: &Results<'_>) -> Result<(), CliError> {
    write_whole(&out.join("sweep.csv"), results.csv().as_bytes())?;
    write_whole(&out.join("sweep.json"), format!("{:#}\n", results.json()).as_bytes())?;
    write_whole(&out.join("report.html"), report::html(results)?.as_bytes())?;
    for (name, svg) in report::plots(results)? {
        write_whole(&out.join(name), standalone(&svg, &report::COLOURS).as_bytes())?;
    }
    Ok(())
}

fn shape_words(shape: &Shape) -> String {
    format!("{}, batch {}", shape.config.model, shape.config.batch_size)
}

/// Milliseconds of a dense step of a shape, if the adapter can take one.
fn smallest_ms(machine: &Rc<Machine>, shape: &Shape) -> Option<f64> {
    let (data, _) = network(&shape.config).ok()?;
    let (config, data) = for_dense_step(&shape.config, &data);
    pollster::block_on(dense_step_ms(machine, config, data, &milliseconds)).ok()
}

/// What is going to be measured, and for about how long. `expected_ms`: `None` if that is not known.
fn plan_words(plan: &Plan, request: &Request, expected_ms: Option<f64>, adapter: &str) -> String {
    let names: Vec<&str> = request.sweeps.iter().map(|sweep| sweep.words()).collect();
    let time = match expected_ms.map(|ms| (ms / 1e3).ceil()) {
        None => String::new(),
        Some(seconds) if seconds < 90.0 => format!("; about {seconds:.0} s"),
        Some(seconds) => format!("; about {:.0} min", (seconds / 60.0).ceil()),
    };
    let networks = match plan.shapes.len() {
        1 => "one network, dense and sparse".to_owned(),
        count => format!("{count} networks, each dense and sparse, the smallest first"),
    };
    let words = format!("{} points of {} on {adapter}: {networks}{time}", plan.values(), names.join(", "));
    plan.left_out.iter().fold(words, |words, one| words + "\n" + &one.words())
}

/// The measurements of all points, in the order of the plan.
fn measurements(plan: &Plan, timed: &[Timed], adapter: &str) -> Vec<Measurement> {
    let of = |point: &points::Point| {
        let measured = &timed.iter().find(|timed| timed.shape == point.shape)?.measured;
        let is_it = |case: &&Case| point.keep_ratio.map_or(case.is_dense(), |ratio| !case.is_dense() && case.keep_ratio() == ratio);
        let case = measured.cases.iter().find(is_it)?;
        Some(measurement(point, case, measured, adapter))
    };
    plan.points.iter().filter_map(of).collect()
}

fn measurement(point: &points::Point, case: &Case, measured: &Measured, adapter: &str) -> Measurement {
    let model = &measured.model;
    let (facts, batch) = (case.config.method.facts(), case.config.batch_size);
    // The units that the timed steps drew, divided into forward and backward as on average.
    let drawn = case.multiply_adds.iter().sum::<f64>() / case.multiply_adds.len() as f64 * f64::from(batch);
    let expected = model.expected_work(case.keep_ratio(), facts.forwards);
    let all: f64 = expected.iter().sum();
    Measurement {
        sweep: point.sweep,
        value: point.value,
        is_dense: case.is_dense(),
        model: model.name.clone(),
        batch_size: batch,
        keep_ratio: case.keep_ratio(),
        times: Times {
            step_ms: median(&case.step_ms),
            phases: lacuna::engine::Phase::ALL.iter().filter_map(|&phase| Some((phase, case.phase_ms(phase)?))).collect(),
        },
        spread_ms: half_iqr(&case.step_ms),
        turns: case.step_ms.len(),
        work: Work {
            multiply_adds: expected.map(|part| drawn * part / all),
            traffic: model.traffic(case.keep_ratio(), facts.forwards, batch, facts.learns_scores),
        },
        planned: case.memory(model).total(),
        allocated: case.allocated,
        line: line(case, &measured.cases[0], model, adapter),
    }
}

/// What the adapter reached: of multiply-adds the dense point with the most in a second.
fn rates(measurements: &[Measurement], bytes: f64, copied: u64) -> Rates {
    let rate = |one: &Measurement| 1e3 * one.work.total() / one.times.step_ms;
    let dense = measurements.iter().filter(|one| one.is_dense);
    let best = dense.max_by(|a, b| rate(a).total_cmp(&rate(b))).expect("every network that was measured has a dense step");
    Rates { multiply_adds: rate(best), reached_by: format!("{}, batch {}", best.model, best.batch_size), bytes, copied }
}

#[cfg(test)]
mod tests {
    use lacuna::config::Config;

    use super::*;
    use crate::cli::arguments::{Named, Sweep};

    #[test]
    fn the_plan_is_told_with_its_time_and_what_is_left_out() {
        let base = Config { model: "mlp-32768".to_owned(), ..Config::default() };
        let request = Request::new(Named::read("width,batch").unwrap(), &base.model, None, None).unwrap();
        let plan = Plan::new(&base, &[0.1], &request).unwrap();
        let words = plan_words(&plan, &request, Some(61_200.0), "A");
        assert!(
            words.starts_with("10 points of width, batch size on A: 9 networks, each dense and sparse, the smallest first; about 62 s\n"),
            "{words}"
        );
        assert!(words.lines().nth(1).is_some_and(|line| line.starts_with("left out: width 65536")), "{words}");
        assert!(plan_words(&plan, &request, Some(3.1e5), "A").contains("; about 6 min\n"));
        assert!(!plan_words(&plan, &request, None, "A").contains("about"));
    }

    #[test]
    fn the_rate_is_that_of_the_best_dense_point() {
        let one = |model: &str, is_dense: bool, step_ms: f64| Measurement {
            model: model.to_owned(),
            is_dense,
            times: Times { step_ms, phases: Vec::new() },
            ..results::sample(Sweep::Width, 1.0)
        };
        let all = [one("a", true, 4.0), one("b", true, 2.0), one("c", false, 1.0)];
        let rates = rates(&all, 7.0, 16);
        assert_eq!((rates.reached_by.as_str(), rates.bytes, rates.copied), ("b, batch 16", 7.0, 16));
        assert!((rates.multiply_adds - 500.0 * all[1].work.total()).abs() < 1e-6, "of {} multiply-adds in 2 ms", all[1].work.total());
    }
}
