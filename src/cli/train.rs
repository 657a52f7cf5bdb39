//! `lacuna train`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use clap::ArgMatches;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use lacuna::config::{Config, ConfigError};
use lacuna::data;
use lacuna::engine::SLOTS;
use lacuna::model::Model;
use lacuna::pace::Pace;
use lacuna::schedule::step_at;
use lacuna::snapshot::Snapshot;
use lacuna::trainer::{DataShape, Evaluation, SELECTION_ROWS, TrainError, Trainer};

use super::model::{MASKS, Need, in_json, size};
use super::{CliError, arguments, open, say, terminal, trace};

/// Lines of JSON in a file, if the user asked for one.
struct Log<'a>(Option<(&'a Path, BufWriter<File>)>);

impl<'a> Log<'a> {
    fn new(path: Option<&'a Path>) -> Result<Self, CliError> {
        let open = |path: &'a Path| match File::create(path) {
            Ok(file) => Ok((path, BufWriter::new(file))),
            Err(error) => Err(CliError::File { path: path.display().to_string(), error }),
        };
        Ok(Self(path.map(open).transpose()?))
    }

    fn write(&mut self, value: &Value) -> Result<(), CliError> {
        let Some((path, file)) = &mut self.0 else { return Ok(()) };
        writeln!(file, "{value}").map_err(|error| CliError::File { path: path.display().to_string(), error })
    }

    fn flush(&mut self) -> Result<(), CliError> {
        let Some((path, file)) = &mut self.0 else { return Ok(()) };
        file.flush().map_err(|error| CliError::File { path: path.display().to_string(), error })
    }
}

/// The experiment as JSON: every knob by its name.
fn settings(config: &Config) -> Value {
    let pairs = lacuna::config::KNOBS.iter().map(|knob| {
        let text = config.get(knob.name).expect("every knob of the table has a value");
        let value = match knob.kind {
            lacuna::config::Kind::Choice(_) | lacuna::config::Kind::Text => Value::String(text),
            _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        (knob.name.to_owned(), value)
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// One line a step.
fn step_lines(run: &Trainer, snapshot: &Snapshot, step_ms: f64) -> Vec<Value> {
    let units = run.whole.units();
    let groups = run.whole.groups.len();
    let line = |record: &lacuna::shared::Record| {
        let now = step_at(&run.config, units, record.step.min(run.steps()), run.steps());
        json!({
            "step": record.step,
            "epoch": f64::from(record.step) / f64::from(run.steps_per_epoch()),
            "loss": record.loss,
            "probe_loss": snapshot.probed.then_some(record.probe_loss),
            "accuracy": f64::from(record.correct) / f64::from(snapshot.batch_size),
            "keep": now.budget / units as f32,
            "kept": record.kept[..groups],
            "probe_kept": snapshot.probed.then_some(&record.probe_kept[..groups]),
            "budget": now.budget,
            "sum_scores": record.sum_scores,
            "threshold": record.threshold,
            "gradient_norm": record.gradient_norm,
            "learning_rate": now.learning_rate,
            "scores_rate": now.scores_rate,
            "step_ms": step_ms,
        })
    };
    snapshot.records.iter().map(line).collect()
}

fn evaluation_line(event: &str, run: &Trainer, evaluation: &Evaluation) -> Value {
    json!({
        "event": event,
        "step": run.step(),
        "epoch": f64::from(run.step()) / f64::from(run.steps_per_epoch()),
        "images": evaluation.images,
        "test_accuracy": evaluation.decided,
        "test_loss": evaluation.loss,
        "sampled_test_accuracy": evaluation.sampled,
        "sampled_test_loss": evaluation.sampled_loss,
    })
}

fn words(run: &Trainer, snapshot: &Snapshot, step_ms: f64, tested: Option<&Evaluation>) -> String {
    let kept: Vec<String> =
        run.whole.gated().zip(&snapshot.decided_kept(&run.whole)).map(|(group, kept)| format!("{kept}/{}", group.size)).collect();
    let loss = snapshot.records.last().map_or(0.0, |record| record.loss);
    let tested = tested.map_or_else(String::new, |evaluation| format!("  test {:.2} %", 100.0 * evaluation.decided));
    format!("epoch {:.2}  loss {loss:.4}  kept {}{tested}  {step_ms:.2} ms a step", snapshot.epoch, kept.join(" "))
}

pub(super) fn run(arguments: &ArgMatches) -> Result<(), CliError> {
    let config = arguments::experiment(arguments)?;
    let set = data::load(config.dataset, &arguments::data_dir(arguments), config.seed)?;
    let mut log = Log::new(arguments.get_one::<std::path::PathBuf>("log").map(std::path::PathBuf::as_path))?;
    let shape = DataShape::of(&set);
    // What cannot be is refused before the adapter is woken.
    let model =
        Model::new(&config.model, shape.image(), shape.classes, config.gate_inputs).map_err(|error| ConfigError(error.to_string()))?;
    let machine = open(arguments.get_one::<String>("adapter").map(String::as_str))?;
    let need = Need::new(&machine.gpu, &model, config.batch_size, shape.train_rows + shape.test_rows);
    say(format_args!("{} on {}", model.name, machine.gpu.adapter));
    say(need.words());
    need.check(&machine.gpu.adapter, &model, config.batch_size)?;
    let mut run = Trainer::new(&machine, config.clone(), shape)?;
    need.check_allocated(&machine.gpu, &model, config.batch_size)?;
    run.load_all(&set);
    say(format_args!(
        "{} {} training and {} test rows; {} weights, {} gated units, {} steps",
        set.name,
        set.train.len(),
        set.test.len(),
        run.model.weights(),
        run.model.units(),
        run.steps()
    ));
    log.write(&json!({
        "event": "run",
        "version": env!("CARGO_PKG_VERSION"),
        "adapter": machine.gpu.adapter.to_string(),
        "link": format!("?{}", config.to_query()),
        "groups": run.model.groups.iter().map(|group| json!({"name": group.name, "size": group.size, "gated": group.gated})).collect::<Vec<_>>(),
        "bytes": in_json(need.network),
        "data_set_bytes": need.data_set,
        "streamed": run.engine().params.streamed == 1,
        "steps": run.steps(),
        "settings": settings(&config),
    }))?;

    if let Some(directory) = arguments.get_one::<std::path::PathBuf>("trace") {
        let count = *arguments.get_one::<u32>("trace-steps").expect("it has a default");
        for _ in 0..count.min(run.steps()) {
            let begin = Instant::now();
            let snapshot = trace::step(&mut run, &set, directory)?;
            let step_ms = begin.elapsed().as_secs_f64() * 1e3;
            step_lines(&run, &snapshot, step_ms).iter().try_for_each(|line| log.write(line))?;
        }
        say(format_args!("{} steps traced into {}", count.min(run.steps()), directory.display()));
    }

    let result = train(&mut run, &mut log);
    log.flush()?;
    let (evaluation, seconds) = result?;
    let snapshot = pollster::block_on(run.snapshot())?;
    let kept = snapshot.decided_kept(&run.whole);
    let mut line = evaluation_line("result", &run, &evaluation);
    line["seconds"] = json!(seconds);
    line["kept"] = json!(kept);
    let cost = run.cost();
    line["multiply_adds"] =
        json!({"forward": cost.forward, "backward": cost.backward, "structure": cost.structure, "near_dense": cost.near_dense});
    say(format_args!(
        "test accuracy {:.2} % under the decided mask ({}), {:.2} % under a sampled one; {seconds:.1} s",
        100.0 * evaluation.decided,
        run.whole.gated().zip(&kept).map(|(group, kept)| format!("{} {kept}/{}", group.name, group.size)).collect::<Vec<_>>().join(", "),
        100.0 * evaluation.sampled
    ));
    say(format_args!(
        "multiply-adds: {} forward, {} backward, {} to choose masks; {:.0} % of them in passes near dense",
        terminal::large(cost.forward as f64),
        terminal::large(cost.backward as f64),
        terminal::large(cost.structure as f64),
        100.0 * cost.near_dense as f64 / cost.total().max(1) as f64
    ));
    let inputs = run.whole.gated().find(|group| group.name == "inputs");
    if let (Some(group), true) = (inputs, set.height > 1) {
        let scores = &snapshot.scores[group.first_unit as usize..][..group.size as usize];
        say(terminal::picture(scores, set.width as usize));
    }
    if let (Some(informative), Some(group)) = (&set.informative, inputs) {
        let scores = &snapshot.scores[group.first_unit as usize..][..group.size as usize];
        let found = informative.iter().zip(scores).filter(|&(&carries, &score)| carries && score >= 0.5).count();
        let all = informative.iter().filter(|&&carries| carries).count();
        line["informative"] = json!(all);
        line["informative_kept"] = json!(found);
        say(format_args!("{found} of {all} informative inputs are among the {} kept", kept[0]));
    }
    log.write(&line)?;
    log.flush()
}

/// The loop: submits, a line on the terminal, an evaluation after each epoch, then selection and fine-tuning where asked for.
fn train(run: &mut Trainer, log: &mut Log<'_>) -> Result<(Evaluation, f64), CliError> {
    let begin = Instant::now();
    let all_tests = run.data.test_rows;
    let bar = terminal::bar(u64::from(run.steps() + run.finetune_steps()));
    let mut pace = Pace::new(SLOTS);
    let mut tested = None;
    while run.step() < run.steps() {
        let epoch_left = run.steps_per_epoch() - run.step() % run.steps_per_epoch();
        let (snapshot, step_ms) = timed(&mut pace, |steps| pollster::block_on(run.advance(steps.min(epoch_left))))?;
        step_lines(run, &snapshot, step_ms).iter().try_for_each(|line| log.write(line))?;
        if run.step().is_multiple_of(run.steps_per_epoch()) && run.step() < run.steps() {
            let evaluation = pollster::block_on(run.evaluate(all_tests))?;
            log.write(&evaluation_line("evaluation", run, &evaluation))?;
            tell(&bar, &words(run, &snapshot, step_ms, Some(&evaluation)));
            if run.config.compact {
                compact(run, log, &bar)?;
            }
            tested = Some(evaluation);
        }
        bar.set_position(run.step().into());
        bar.set_message(words(run, &snapshot, step_ms, tested.as_ref()));
    }
    if run.config.finetune_epochs > 0 {
        let evaluation = pollster::block_on(run.select_mask(SELECTION_ROWS))?;
        log.write(&json!({"event": "selection", "step": run.step(), "rows": evaluation.images, "loss": evaluation.sampled_loss, "accuracy": evaluation.sampled}))?;
        if run.config.compact {
            compact(run, log, &bar)?;
        }
        let end = run.step() + run.finetune_steps();
        while run.step() < end {
            let (snapshot, step_ms) = timed(&mut pace, |steps| pollster::block_on(run.finetune(steps)))?;
            step_lines(run, &snapshot, step_ms).iter().try_for_each(|line| log.write(line))?;
            bar.set_position(run.step().into());
            bar.set_message(words(run, &snapshot, step_ms, tested.as_ref()));
        }
    }
    bar.finish_and_clear();
    let seconds = begin.elapsed().as_secs_f64();
    Ok((pollster::block_on(run.evaluate(all_tests))?, seconds))
}

/// A line above the bar, or alone where there is none.
fn tell(bar: &ProgressBar, line: &str) {
    if bar.is_hidden() {
        say(line);
    } else {
        bar.println(line);
    }
}

/// Drops the units that are off for good and says what that freed.
fn compact(run: &mut Trainer, log: &mut Log<'_>, bar: &ProgressBar) -> Result<(), CliError> {
    let held = |model: &Model| model.bytes(run.config.batch_size, MASKS);
    let before = held(&run.model);
    let (units_before, units) = pollster::block_on(run.compact())?;
    let now = run.model.bytes(run.config.batch_size, MASKS);
    log.write(&json!({
        "event": "compact",
        "step": run.step(),
        "epoch": f64::from(run.step()) / f64::from(run.steps_per_epoch()),
        "units_before": units_before,
        "units": units,
        "dropped": units_before - units,
        "bytes_before": in_json(before),
        "bytes": in_json(now),
    }))?;
    if units < units_before {
        let (dropped, before, now) = (units_before - units, size(before.total()), size(now.total()));
        tell(bar, &format!("dropped {dropped} of {units_before} units that are off for good: the network takes {now}, before {before}"));
    }
    Ok(())
}

/// One submit of as many steps as the pace says, with its milliseconds a step.
fn timed(pace: &mut Pace, submit: impl FnOnce(u32) -> Result<Snapshot, TrainError>) -> Result<(Snapshot, f64), TrainError> {
    let begin = Instant::now();
    let snapshot = submit(pace.steps())?;
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    let steps = snapshot.records.len() as u32;
    pace.took(steps, ms);
    Ok((snapshot, ms / f64::from(steps.max(1))))
}
