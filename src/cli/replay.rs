//! `lacuna replay`.

use std::time::Instant;

use lacuna::animation::animation;
use lacuna::engine::SLOTS;
use lacuna::mask;
use lacuna::model::Model;
use lacuna::run_file::{COLUMNS, Change, Recorder, RunFile};
use lacuna::submit_size::Pace;
use lacuna::trainer::{Checkpoint, DataShape, SELECTION_ROWS, Trainer};

use super::arguments::Replay;
use super::files::write_whole;
use super::format::size;
use super::record::{fits, read};
use super::{CliError, data, open, say, terminal};

pub(super) fn run(arguments: &Replay) -> Result<(), CliError> {
    let saved = read(&arguments.file)?;
    show(&saved)?;
    if let Some(path) = &arguments.animate {
        let file = animation(&saved)?;
        write_whole(path, &file)?;
        say(format_args!("{}: {}", path.display(), size(file.len() as u64)));
    }
    if !arguments.again {
        return Ok(());
    }
    let set = data::load_again(&arguments.data, &saved.config)?;
    let shape = DataShape::of(&set);
    fits(&saved, &set, &shape)?;
    let machine = open(arguments.adapter.as_deref())?;
    let mut run = Trainer::new(&machine, saved.config.clone(), shape)?;
    run.load_all(&set);
    if saved.is_of(&machine) {
        run.use_variants(saved.variants()?)?;
    }
    say(format_args!("again on {}, {} steps", machine.adapter, saved.step));
    let again = train_again(&saved, &mut run)?;
    let differences = differences(&saved, &again, &run.model);
    if differences.is_empty() {
        say(format_args!(
            "the same, bit for bit: {}",
            if saved.state.is_some() { "curves, scores and weights" } else { "curves and scores" }
        ));
        return Ok(());
    }
    if saved.adapter != machine.adapter.to_string() {
        say(format_args!("the run was saved on {}: its sums may differ in their last bits", saved.adapter));
    }
    Err(CliError::RunDiffers { differences })
}

/// Prints the lines that the run printed while it trained, and its last step.
fn show(saved: &RunFile) -> Result<(), CliError> {
    let whole = saved.model()?;
    say(format_args!("{} on {}, saved by version {}", whole.name, saved.adapter, saved.version));
    say(format_args!("lacuna train --url '?{}'", saved.config.to_query()));
    let epochs = |step: u32| f64::from(step) / f64::from(saved.steps_per_epoch);
    let parts =
        |counts: &[u32]| whole.gated().zip(counts).map(|(group, kept)| format!("{kept}/{}", group.size)).collect::<Vec<_>>().join(" ");
    let mut changes = saved.changes.iter().peekable();
    let tell = |change: &Change| say(format_args!("epoch {:.2}  {} = {}", epochs(change.step), change.name, change.value));
    for test in &saved.tests {
        while let Some(change) = changes.next_if(|change| change.step <= test.step) {
            tell(change);
        }
        let loss = saved.curves.at(test.step, "loss").map_or_else(String::new, |loss| format!("loss {loss:.4}  "));
        let accuracy = 100.0 * test.evaluation.decided;
        say(format_args!("epoch {:.2}  {loss}kept {}  test {accuracy:.2} %", epochs(test.step), parts(&test.kept)));
    }
    changes.for_each(tell);
    let counts = mask::counts(&whole, &saved.decided);
    let named =
        whole.gated().zip(&counts).map(|(group, kept)| format!("{} {kept}/{}", group.name, group.size)).collect::<Vec<_>>().join(", ");
    let reached = match saved.tests.last() {
        Some(test) if test.step == saved.step => format!(
            "; test accuracy {:.2} % under the decided mask, {:.2} % under a sampled one",
            100.0 * test.evaluation.decided,
            100.0 * test.evaluation.sampled
        ),
        _ => String::new(),
    };
    say(format_args!("step {} of {}: {named}{reached}; {:.1} s", saved.step, saved.steps, saved.seconds));
    if let Some(group) = whole.gated().find(|group| group.name == "inputs")
        && saved.dataset.image.height > 1
    {
        say(terminal::picture(&saved.decided[group.units()], saved.dataset.image.width as usize));
    }
    if saved.state.is_none() {
        say("a recording: without weights, it can be replayed but not continued");
    }
    Ok(())
}

/// Trains to the step at which the run was saved, with the same changes of settings.
fn train_again(saved: &RunFile, run: &mut Trainer) -> Result<RunFile, CliError> {
    let bar = terminal::bar(saved.step.into());
    let snapshot = pollster::block_on(run.snapshot())?;
    let mut recorder = Recorder::new(run, saved.dataset.clone(), saved.informative.clone(), &snapshot);
    let mut pace = Pace::new(SLOTS);
    let mut changes = saved.changes.iter().peekable();
    while run.step() < saved.step {
        while let Some(change) = changes.next_if(|change| change.step <= run.step()) {
            run.change(&change.name, &change.value)?;
            recorder.change(change.clone());
        }
        let begin = Instant::now();
        let next = changes.peek().map_or(saved.step, |change| change.step.min(saved.step));
        let most = pace.steps().min(next - run.step());
        let snapshot = if run.step() < run.steps() {
            pollster::block_on(run.advance(most))?
        } else {
            select(run)?;
            pollster::block_on(run.finetune(most))?
        };
        let ms = begin.elapsed().as_secs_f64() * 1e3;
        if snapshot.records.is_empty() {
            return Err(CliError::RunEnds { step: run.step(), says: saved.step });
        }
        pace.took(snapshot.records.len() as u32, ms);
        recorder.push(run, &snapshot, ms);
        if run.is_compact_due() {
            pollster::block_on(run.compact())?;
        }
        bar.set_position(run.step().into());
    }
    for change in changes {
        run.change(&change.name, &change.value)?;
    }
    // The saved run had selected its mask, but had not trained under it.
    if saved.state.as_ref().is_some_and(|state| state.selected) {
        select(run)?;
    }
    bar.finish_and_clear();
    Ok(pollster::block_on(recorder.checkpoint(run))?.clone())
}

/// Selects a mask and freezes the scores to it, if that was not done before.
fn select(run: &mut Trainer) -> Result<(), CliError> {
    if run.is_selected() {
        return Ok(());
    }
    pollster::block_on(run.select_mask(SELECTION_ROWS, |_, _| {}))?;
    if run.config.compact {
        pollster::block_on(run.compact())?;
    }
    Ok(())
}

/// The differences of two runs of one experiment, as sentences.
fn differences(saved: &RunFile, again: &RunFile, model: &Model) -> Vec<String> {
    let mut found = Vec::new();
    // The curves of a recording have fewer rows, and values rounded to 32 bits.
    let curves = if saved.state.is_none() {
        again.recording(again.history.moments().len(), saved.curves.len()).curves
    } else {
        again.curves.clone()
    };
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    for (name, _) in COLUMNS.iter().filter(|(name, _)| *name != "seconds") {
        let pairs = saved.curves.steps().zip(saved.curves.column(name).zip(curves.column(name)));
        if let Some((step, (then, now))) = pairs.into_iter().find(|(_, (then, now))| !same(*then, *now)) {
            found.push(format!("  {name}: from step {step} on, {then} then and {now} now"));
        }
    }
    let mut compare = |what: &str, then: &[f32], now: &[f32]| {
        if then.len() != now.len() {
            found.push(format!("  {what}: {} then and {} now", then.len(), now.len()));
            return;
        }
        let pairs = then.iter().zip(now);
        let count = pairs.clone().filter(|(then, now)| then != now).count();
        if count > 0 {
            let most = pairs.map(|(then, now)| (then - now).abs()).fold(0.0, f32::max);
            found.push(format!("  {what}: {count} of {} differ, by at most {most}", then.len()));
        }
    };
    compare("scores", &saved.scores, &again.scores);
    if let (Some(then), Some(now)) = (&saved.state, &again.state) {
        let names = ["scores on the device", "state of the scores", "weights", "velocity", "running statistics"];
        let lengths = Checkpoint::lengths(model);
        let (mut then, mut now) = (&then.tensors[..], &now.tensors[..]);
        for (what, length) in names.iter().zip(lengths) {
            let piece = |tensors: &mut &[f32]| tensors.split_off(..length.min(tensors.len())).unwrap_or_default().to_vec();
            compare(what, &piece(&mut then), &piece(&mut now));
        }
    }
    found
}
