//! `lacuna train`.

use std::time::Instant;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use lacuna::config::{Config, ConfigError, DatasetName};
use lacuna::data::Dataset;
use lacuna::engine::SLOTS;
use lacuna::schedule::step_at;
use lacuna::snapshot::Snapshot;
use lacuna::submit_size::Pace;
use lacuna::trainer::{DataShape, Evaluation, SELECTION_ROWS, TrainError, Trainer};

use super::arguments::{Start, Trace, Train};
use super::format::{bytes_json, large, size};
use super::kernels::{self, Kernels};
use super::log::Log;
use super::memory::Need;
use super::record::{Saving, fits, read};
use super::seconds::{PHASES, Seconds};
use super::{CliError, data, open, say, terminal, trace};

/// The experiment as JSON: every setting by its name.
fn settings(config: &Config) -> Value {
    let pairs = lacuna::config::SETTINGS.iter().map(|setting| {
        let text = config.get(setting.name).expect("every setting of the table has a value");
        let value = match setting.kind {
            lacuna::config::Kind::Choice(_) | lacuna::config::Kind::Text => Value::String(text),
            _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        (setting.name.to_owned(), value)
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

pub(super) fn run(arguments: &Train) -> Result<(), CliError> {
    let (config, set, resumed) = match &arguments.start {
        Start::New(experiment) => {
            let mut config = experiment.config.clone();
            let set = data::load(&experiment.data, &config)?;
            data::fit_batch(&mut config, &experiment.flags, &set);
            (config, set, None)
        }
        Start::Resume { file, data } => {
            let saved = read(file)?;
            saved.checkpoint()?;
            (saved.config.clone(), data::load_again(data, &saved.config)?, Some(saved))
        }
    };
    let shape = DataShape::of(&set);
    // Refusals come before anything is overwritten and before the adapter is opened.
    if let Some(saved) = &resumed {
        fits(saved, &set, &shape)?;
    }
    let model = config.network(shape.image(), shape.classes).map_err(ConfigError::from)?;
    let query = format!("?{}", config.to_query());
    let mut log = match &resumed {
        Some(saved) => Log::resumed(arguments.log.as_deref(), saved.step, &query)?,
        None => Log::new(arguments.log.as_deref())?,
    };
    let machine = open(arguments.adapter.as_deref())?;
    let need = Need::new(&machine, &model, &[&config], shape.train_rows, shape.test_rows);
    say(format_args!("{} on {}", model.name, machine.adapter));
    say(need.words());
    need.check(&machine.adapter)?;
    let mut run = Trainer::new(&machine, config.clone(), shape)?;
    need.check_allocated(&machine)?;
    run.load_all(&set);
    // A resumed run uses those of its file, unless another adapter made it.
    let is_of_file = resumed.as_ref().is_some_and(|saved| saved.is_of(&machine));
    let tuned = kernels::choose(if is_of_file { Kernels::Usual } else { arguments.kernels }, &mut run)?;
    say(format_args!(
        "{} {} training and {} test rows; {} weights, {} gated units, {} steps",
        set.name,
        set.train.len(),
        set.test.len(),
        run.model.weights(),
        run.model.units(),
        run.steps()
    ));
    if tuned.is_some() || arguments.kernels != Kernels::Auto {
        say(kernels::words(&run.kernels(), tuned.as_ref()));
    }
    log.begin(json!({
        "event": "run",
        "version": env!("CARGO_PKG_VERSION"),
        "adapter": machine.adapter.to_string(),
        "kernels": resumed.as_ref().filter(|_| is_of_file).map_or_else(|| run.kernels(), |saved| saved.kernels.clone()),
        "link": query,
        "groups": run.model.groups.iter().map(|group| json!({"name": group.name, "size": group.size, "gated": group.gated})).collect::<Vec<_>>(),
        "bytes": bytes_json(need.network()),
        "data_set_bytes": need.data_set,
        "streamed": run.engine().params.streamed == 1,
        "steps": run.steps(),
        "settings": settings(&config),
    }))?;

    let mut clock = Clock { begin: Instant::now(), spent: Seconds::default() };
    if let Some(traced) = &arguments.trace {
        trace_steps(traced, &mut run, &set, &mut log, &mut clock)?;
    }
    let is_resumed = resumed.is_some();
    let mut saving = Saving::new(&mut run, &set, resumed, arguments.save.as_deref(), arguments.record.as_deref())?;
    let tests = Tests::new(&run, arguments.test_images);
    let result = train(&mut run, &mut log, &mut saving, &tests, clock);
    log.flush()?;
    let Trained { evaluation, seconds, spent } = result?;
    saving.end(&mut run)?;
    let snapshot = pollster::block_on(run.snapshot())?;
    let kept = snapshot.decided_kept(&run.whole);
    let mut line = evaluation_line("result", &run, &evaluation);
    line["seconds"] = json!(seconds);
    line["kept"] = json!(kept);
    say(format_args!(
        "test accuracy {:.2} % under the decided mask ({}), {:.2} % under a sampled one; {seconds:.1} s",
        100.0 * evaluation.decided,
        run.whole.gated().zip(&kept).map(|(group, kept)| format!("{} {kept}/{}", group.name, group.size)).collect::<Vec<_>>().join(", "),
        100.0 * evaluation.sampled
    ));
    print_cost(&run, &spent, is_resumed, &mut line);
    let inputs = run.whole.gated().find(|group| group.name == "inputs");
    if let (Some(group), true) = (inputs, set.height > 1) {
        say(terminal::picture(&snapshot.decided[group.units()], set.width as usize));
    }
    if let (Some(informative), Some(group)) = (&set.informative, inputs) {
        let decided = &snapshot.decided[group.units()];
        let found = informative.iter().zip(decided).filter(|&(&carries, &kept)| carries && kept).count();
        let all = informative.iter().filter(|&&carries| carries).count();
        line["informative"] = json!(all);
        line["informative_kept"] = json!(found);
        say(format_args!("{found} of {all} informative inputs are among the {} kept", kept[0]));
    }
    log.write(&line)?;
    log.flush()
}

/// Runs the first steps and writes all that they compute.
fn trace_steps(traced: &Trace, run: &mut Trainer, set: &Dataset, log: &mut Log, clock: &mut Clock) -> Result<(), CliError> {
    let count = traced.steps.min(run.steps());
    for _ in 0..count {
        let begin = Instant::now();
        let snapshot = trace::step(run, set, &traced.folder)?;
        let seconds = begin.elapsed().as_secs_f64();
        clock.spent.stepped(1, seconds);
        step_lines(run, &snapshot, 1e3 * seconds).iter().try_for_each(|line| log.write(line))?;
    }
    say(format_args!(
        "{} traced into {}",
        if count == 1 { "1 step".to_owned() } else { format!("{count} steps") },
        traced.folder.display()
    ));
    Ok(())
}

/// Prints the cost of the run, multiply-adds, bytes and seconds, and adds it to the log's last line. The seconds of a resumed run are those since it
/// was resumed.
fn print_cost(run: &Trainer, spent: &Seconds, is_resumed: bool, line: &mut Value) {
    let cost = run.cost();
    line["multiply_adds"] =
        json!({"forward": cost.forward, "backward": cost.backward, "structure": cost.structure, "near_dense": cost.near_dense});
    say(format_args!(
        "multiply-adds: {} forward, {} backward, {} to choose masks; {:.0} % of all in passes near dense",
        large(cost.forward as f64),
        large(cost.backward as f64),
        large(cost.structure as f64),
        100.0 * cost.near_dense as f64 / cost.total().max(1) as f64
    ));
    let phases: Vec<(&str, f64)> = PHASES.into_iter().zip(spent.by_phase().iter().copied()).collect();
    line["bytes"] = bytes_json(run.memory());
    line["repeated_submits"] = json!(run.repeats());
    line["training_seconds"] = json!(spent.total());
    line["phase_seconds"] = Value::Object(phases.iter().map(|&(name, seconds)| (name.to_owned(), json!(seconds))).collect());
    let each = phases.iter().map(|(name, seconds)| format!("{name} {seconds:.1}")).collect::<Vec<_>>().join(", ");
    say(format_args!(
        "memory on the device: {}{}; seconds of training{}, without tests: {:.1}{}",
        size(run.bytes()),
        match run.repeats() {
            0 => String::new(),
            1 => " (one submit was repeated with more)".to_owned(),
            repeats => format!(" ({repeats} submits were repeated with more)"),
        },
        if is_resumed { " since it was resumed" } else { "" },
        spent.total(),
        if each.is_empty() { String::new() } else { format!(" ({each})") }
    ));
}

/// A run that has ended.
struct Trained {
    evaluation: Evaluation,
    /// Of wall time, with evaluations and saves.
    seconds: f64,
    /// Of training alone.
    spent: Seconds,
}

/// When a run began, and its seconds of training so far: those of traced steps.
struct Clock {
    begin: Instant,
    spent: Seconds,
}

/// The tests during a run.
struct Tests {
    /// After so many epochs each.
    every_epochs: u32,
    /// On at most so many images.
    images: u32,
}

/// A step does about as much as so many forward passes of a batch under both masks of a test, its updates and its share of a submit included.
const PASSES_OF_A_STEP: u32 = 2;
/// Steps take at least so many times the work of the test that follows them.
const STEPS_OVER_TEST: u32 = 10;

impl Tests {
    /// Of a user's own set, which may be tiny, tests take at most a tenth of the work, counted in passes so that a run repeats. Known sets are tested
    /// after each epoch.
    fn new(run: &Trainer, asked: Option<u32>) -> Self {
        let images = asked.unwrap_or(u32::MAX).min(run.data.test_rows);
        // A test also waits for its results, as one step.
        let passes = images.div_ceil(run.config.batch_size) + PASSES_OF_A_STEP;
        let steps = (STEPS_OVER_TEST * passes).div_ceil(PASSES_OF_A_STEP);
        let is_own = run.config.dataset == DatasetName::Own;
        Self { every_epochs: if is_own { steps.div_ceil(run.steps_per_epoch()) } else { 1 }, images }
    }

    /// Whether a test follows this step. The one at the end is none of them.
    fn follow(&self, run: &Trainer) -> bool {
        run.step().is_multiple_of(self.every_epochs.saturating_mul(run.steps_per_epoch())) && run.step() < run.steps()
    }
}

/// The training loop: submits, a line on the terminal, evaluations, then selection and fine-tuning if the settings ask for them.
fn train(run: &mut Trainer, log: &mut Log, saving: &mut Saving, tests: &Tests, clock: Clock) -> Result<Trained, CliError> {
    let Clock { begin, mut spent } = clock;
    let bar = terminal::bar(u64::from(run.steps() + run.finetune_steps()));
    let mut pace = Pace::new(SLOTS);
    let mut tested = None;
    while run.step() < run.steps() {
        let epoch_left = run.steps_per_epoch() - run.step() % run.steps_per_epoch();
        spent.choosing(|| pollster::block_on(run.choose()))?;
        let (snapshot, step_ms) = timed(&mut pace, &mut spent, |steps| pollster::block_on(run.advance(steps.min(epoch_left))))?;
        step_lines(run, &snapshot, step_ms).iter().try_for_each(|line| log.write(line))?;
        saving.push(run, &snapshot, step_ms);
        if tests.follow(run) {
            let evaluation = test(run, tests.images, &bar, pace)?;
            spent.divide(run)?;
            saving.test(run, &snapshot, evaluation);
            log.write(&evaluation_line("evaluation", run, &evaluation))?;
            terminal::tell(&bar, &words(run, &snapshot, step_ms, Some(&evaluation)));
            if run.is_compact_due() {
                compact(run, log, &mut spent, &bar)?;
            }
            tested = Some(evaluation);
        }
        bar.set_position(run.step().into());
        bar.set_message(words(run, &snapshot, step_ms, tested.as_ref()));
        saving.save_if_due(run, &bar)?;
    }
    if run.config.finetune_epochs > 0 {
        if !run.is_selected() {
            run.batches_a_submit = pace.steps();
            spent.divide(run)?;
            let evaluation =
                spent.choosing(|| pollster::block_on(run.select_mask(SELECTION_ROWS, progress_on(&bar, "choosing a mask"))))?;
            log.write(&json!({"event": "selection", "step": run.step(), "rows": evaluation.images, "loss": evaluation.sampled_loss, "accuracy": evaluation.sampled}))?;
            if run.config.compact {
                compact(run, log, &mut spent, &bar)?;
            }
        }
        let end = run.steps() + run.finetune_steps();
        while run.step() < end {
            let (snapshot, step_ms) = timed(&mut pace, &mut spent, |steps| pollster::block_on(run.finetune(steps)))?;
            step_lines(run, &snapshot, step_ms).iter().try_for_each(|line| log.write(line))?;
            saving.push(run, &snapshot, step_ms);
            bar.set_position(run.step().into());
            bar.set_message(words(run, &snapshot, step_ms, tested.as_ref()));
            saving.save_if_due(run, &bar)?;
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    // The run is saved before the last evaluation, which a resumed run repeats.
    saving.save(run)?;
    let evaluation = test(run, run.data.test_rows, &bar, pace)?;
    let snapshot = pollster::block_on(run.snapshot())?;
    saving.test(run, &snapshot, evaluation);
    spent.divide_all(run)?;
    bar.finish_and_clear();
    Ok(Trained { evaluation, seconds, spent })
}

/// Evaluates so many test images, evenly spread. It goes in pieces as long as a training submit, so that the progress bar is updated.
fn test(run: &mut Trainer, images: u32, bar: &ProgressBar, pace: Pace) -> Result<Evaluation, TrainError> {
    run.batches_a_submit = pace.steps();
    pollster::block_on(run.evaluate(images, progress_on(bar, "testing")))
}

/// A callback that shows the progress of an evaluation on the bar.
fn progress_on(bar: &ProgressBar, what: &'static str) -> impl FnMut(u32, u32) {
    terminal::show_end(bar, false);
    bar.set_message(what);
    move |done, of| {
        bar.set_message(format!("{what}, {done} of {of} images"));
        terminal::show_end(bar, done == of);
    }
}

/// Drops the units that are off for good and prints how much memory that freed.
fn compact(run: &mut Trainer, log: &mut Log, spent: &mut Seconds, bar: &ProgressBar) -> Result<(), CliError> {
    let before = run.memory();
    let (units_before, units) = spent.choosing(|| pollster::block_on(run.compact()))?;
    let now = run.memory();
    log.write(&json!({
        "event": "compact",
        "step": run.step(),
        "epoch": f64::from(run.step()) / f64::from(run.steps_per_epoch()),
        "units_before": units_before,
        "units": units,
        "dropped": units_before - units,
        "bytes_before": bytes_json(before),
        "bytes": bytes_json(now),
    }))?;
    if units < units_before {
        let (dropped, before, now) = (units_before - units, size(before.total()), size(now.total()));
        terminal::tell(
            bar,
            &format!("dropped {dropped} of {units_before} units that are off for good: the network takes {now}, before {before}"),
        );
    }
    Ok(())
}

/// One submit of as many steps as `pace` gives. Returns its milliseconds a step too.
fn timed(
    pace: &mut Pace,
    spent: &mut Seconds,
    submit: impl FnOnce(u32) -> Result<Snapshot, TrainError>,
) -> Result<(Snapshot, f64), TrainError> {
    let begin = Instant::now();
    let snapshot = submit(pace.steps())?;
    let ms = begin.elapsed().as_secs_f64() * 1e3;
    let steps = snapshot.records.len() as u32;
    pace.took(steps, ms);
    spent.stepped(steps, ms / 1e3);
    Ok((snapshot, ms / f64::from(steps.max(1))))
}
