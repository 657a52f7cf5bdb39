//! `lacuna compare`: trains methods on one engine, one machine and one data set, seed by seed, and searches for the best settings of each.

mod error;
mod plot;
mod record;
mod report;
mod summary;
mod table;
mod unfinished;

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use lacuna::config::{Config, ConfigError, MethodName, SETTINGS};
use lacuna::data::Dataset;
use lacuna::engine::SLOTS;
use lacuna::entrants::{self, Entrant};
use lacuna::methods::SettingValue;
use lacuna::run_file::{Recorder, restore};
use lacuna::submit_size::Pace;
use lacuna::trainer::{DataShape, TrainError, Trainer, holds_copy, pins_of};

pub(super) use self::error::CompareError;
use self::error::NotContinued;
use self::record::{Finished, Folder, Point};
use self::summary::Row;
use self::unfinished::Unfinished;
use super::arguments::{Compare, Experiment};
use super::kernels::{self, Kernels};
use super::record::dataset_identity;
use super::seconds::Seconds;
use super::{CliError, data, open, say, terminal};

/// Least number of evaluations during a run.
const POINTS: u32 = 10;

/// The entrants with these names. One that uses another's allocation comes last.
fn entrants_named(names: &[&str]) -> Result<Vec<Entrant>, CompareError> {
    let mut found: Vec<Entrant> = Vec::new();
    for name in names {
        let entrant = Entrant::all().find(|entrant| entrant.name == *name);
        let entrant = entrant.ok_or_else(|| CompareError::UnknownMethod { name: (*name).to_owned() })?;
        if found.contains(&entrant) {
            return Err(CompareError::MethodTwice { name: entrant.name });
        }
        found.push(entrant);
    }
    let divided = found.iter().any(|entrant| entrant.name == MethodName::Vrpge.name());
    if let Some(&Entrant { name, .. }) = found.iter().find(|entrant| entrant.is_allocated && !divided) {
        return Err(CompareError::NothingToDivideAs { name });
    }
    found.sort_by_key(|entrant| entrant.is_allocated);
    Ok(found)
}

/// The settings that the user gave, as flags or by a link. They override every preset.
fn named(experiment: &Experiment) -> Vec<&'static str> {
    let defaults = Config::default();
    let is_named = |name: &str| experiment.flags.contains(&name) || experiment.config.get(name) != defaults.get(name);
    SETTINGS.iter().map(|setting| setting.name).filter(|name| *name != "method" && is_named(name)).collect()
}

/// The settings of one run.
fn experiment(base: &Config, entrant: Entrant, seed: u32, settings: &[SettingValue], named: &[&str]) -> Result<Config, ConfigError> {
    let mut config = Config { method: entrant.method, seed, ..base.clone() };
    for (name, value) in settings.iter().filter(|(name, _)| !named.contains(name)).chain(entrant.made_by) {
        config.set(name, value)?;
    }
    config.check()?;
    Ok(config)
}

/// The set with the last sixth of its training rows as test rows, instead of the real ones. No run trains on them.
fn held_out(set: &Dataset) -> Dataset {
    let rows = set.train.len() as usize;
    let left = rows - rows / 6;
    let mut split = set.clone();
    split.test.inputs = split.train.inputs.split_off(left * set.inputs() as usize);
    split.test.labels = split.train.labels.split_off(left);
    split
}

/// What identifies a comparison: everything that its runs have in common. A folder is continued only by the same comparison.
fn identity(base: &Config, set: &Dataset, adapter: &str, presets: bool, is_search: bool) -> Value {
    let common = Config { method: Config::default().method, seed: Config::default().seed, ..base.clone() };
    let data = Sha256::new()
        .chain_update(&set.train.inputs)
        .chain_update(&set.train.labels)
        .chain_update(&set.test.inputs)
        .chain_update(&set.test.labels)
        .finalize();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "kind": if is_search { "search" } else { "comparison" },
        "settings": common.to_query(),
        "presets": presets,
        "adapter": adapter,
        "data": format!("{} {}+{} {}", set.name, set.train.len(), set.test.len(), hex(&data[..8])),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The steps after which a run is evaluated: evenly spread, and after each epoch if there are enough epochs.
fn tested_at(steps: u32, steps_per_epoch: u32) -> Vec<u32> {
    let count = POINTS.max(steps / steps_per_epoch.max(1)).min(steps.max(1));
    (1..=count).map(|point| (u64::from(steps) * u64::from(point) / u64::from(count)) as u32).collect()
}

/// A run in progress.
struct Progress {
    /// Its points so far.
    finished: Finished,
    seconds: Seconds,
    /// Makes the file of its checkpoints.
    recorder: Recorder,
}

/// Trains one run to its end. After each of the steps `pauses` that is left, the run is evaluated if `is_tested` says so, and stored in `folder`.
fn train(
    run: &mut Trainer,
    Progress { mut finished, mut seconds, mut recorder }: Progress,
    pauses: &[u32],
    is_tested: impl Fn(u32) -> bool,
    folder: &Folder,
) -> Result<Finished, CliError> {
    let bar = terminal::bar(run.steps().into());
    let message = format!("{}, seed {}", finished.entrant, finished.seed);
    let mut pace = Pace::new(SLOTS);
    let done = run.step();
    for &end in pauses.iter().filter(|&&end| end > done) {
        while run.step() < end {
            let left = end - run.step();
            seconds.choosing(|| pollster::block_on(run.choose()))?;
            let begin = Instant::now();
            let snapshot = match pollster::block_on(run.advance(pace.steps().min(left))) {
                Ok(snapshot) => snapshot,
                Err(error @ TrainError::Diverged { .. }) => {
                    bar.finish_and_clear();
                    finished.diverged = Some(error.to_string());
                    finished.bytes = run.bytes();
                    return Ok(finished);
                }
                Err(error) => return Err(error.into()),
            };
            let (steps, spent) = (snapshot.records.len() as u32, begin.elapsed().as_secs_f64());
            seconds.stepped(steps, spent);
            pace.took(steps, 1e3 * spent);
            recorder.push(run, &snapshot, 1e3 * spent);
            if run.is_compact_due() {
                seconds.choosing(|| pollster::block_on(run.compact()))?;
            }
            bar.set_position(run.step().into());
            bar.set_message(message.clone());
        }
        if is_tested(end) {
            let evaluation = pollster::block_on(run.evaluate(run.data.test_rows, |_, _| {}))?;
            let (cost, snapshot) = (run.cost(), pollster::block_on(run.snapshot())?);
            seconds.divide_all(run)?;
            recorder.test(run, &snapshot.decided, evaluation);
            finished.points.push(Point {
                step: run.step().into(),
                forward: cost.forward,
                backward: cost.backward,
                structure: cost.structure,
                near_dense: cost.near_dense,
                seconds: seconds.total(),
                phases: seconds.by_phase().to_vec(),
                accuracy: evaluation.decided,
                loss: evaluation.loss,
                kept: snapshot.decided_kept(&run.whole).into_iter().map(u64::from).collect(),
            });
        }
        if end < run.steps() {
            folder.keep_unfinished(&finished, &seconds, pollster::block_on(recorder.checkpoint(run))?)?;
            recorder.free_checkpoint();
        }
    }
    finished.bytes = run.bytes();
    bar.finish_and_clear();
    Ok(finished)
}

/// The data of a comparison in progress.
struct Session<'a> {
    base: &'a Config,
    set: &'a Dataset,
    /// Has the data set on the device.
    data_run: Trainer,
    folder: Folder,
}

impl Session<'_> {
    /// Trains the run of `config`, or the rest of it if it was interrupted, or reads it from its file if it is finished.
    fn run(&self, name: &str, config: Config, only_end: bool) -> Result<Finished, CliError> {
        // Pins are for methods that train scores, as in [`Trainer::on_same_data`]: the query of a file is that of the settings that the run used.
        let pins = if config.method.facts().learns_scores { config.pins.clone() } else { String::new() };
        let config = Config { pins, ..config };
        let seed = config.seed;
        if let Some(found) = self.folder.finished(name, seed.into(), &config.to_query())? {
            self.folder.forget_unfinished(name, seed.into())?;
            say(format_args!("{name}, seed {seed}: already finished"));
            return Ok(found);
        }
        // A driver compiles a kernel at its first use. No method's time should include that, so all kernels run once before. Ranking units by their
        // gradients needs the kernels of ste.
        if holds_copy(&config, self.data_run.data.train_rows) {
            let mut gated = self.data_run.on_same_data(Config { method: MethodName::Ste, ..config.clone() })?;
            pollster::block_on(gated.measure(1, 1, &|| 0.0, false))?;
        }
        let continued = self.continued(name, &config).unwrap_or_else(|error| {
            say(format_args!("{name}, seed {seed}: starts anew, since it cannot continue: {error}"));
            None
        });
        let (mut run, progress) = match continued {
            Some(continued) => continued,
            None => self.begun(name, config)?,
        };
        pollster::block_on(run.measure(1, 1, &|| 0.0, false))?;
        let (end, pauses) = (run.steps(), tested_at(run.steps(), run.steps_per_epoch()));
        let finished = train(&mut run, progress, &pauses, |step| !only_end || step == end, &self.folder)?;
        self.folder.keep(&finished)?;
        self.folder.forget_unfinished(name, seed.into())?;
        match finished.end() {
            Some(end) => say(format_args!("{name}, seed {seed}: {:.2} %, {:.1} s", 100.0 * end.accuracy, end.seconds)),
            None => say(format_args!("{name}, seed {seed}: {}", finished.diverged.as_deref().unwrap_or("not tested"))),
        }
        Ok(finished)
    }

    /// A run before its first step.
    fn begun(&self, name: &str, config: Config) -> Result<(Trainer, Progress), CliError> {
        let mut run = self.data_run.on_same_data(config)?;
        kernels::choose(Kernels::Auto, &mut run)?;
        let finished =
            Finished { entrant: name.to_owned(), seed: run.config.seed.into(), query: run.config.to_query(), ..Finished::default() };
        let snapshot = pollster::block_on(run.snapshot())?;
        let identity = dataset_identity(&run.config, self.set, &run.data);
        let recorder = Recorder::new(&run, identity, self.set.informative.clone(), &snapshot);
        Ok((run, Progress { finished, seconds: Seconds::default(), recorder }))
    }

    /// The run of `config` as its last checkpoint has it, with the kernels that it used; `None` if it has no checkpoint.
    fn continued(&self, name: &str, config: &Config) -> Result<Option<(Trainer, Progress)>, NotContinued> {
        let Some(Unfinished { run: finished, seconds, mut file }) = self.folder.unfinished(name, config.seed.into(), &config.to_query())?
        else {
            return Ok(None);
        };
        let mut run = self.data_run.on_same_data(config.clone()).map_err(CliError::from)?;
        restore(&mut run, &mut file)?;
        say(format_args!("{name}, seed {}: continues at step {} of {}", config.seed, file.step, file.steps));
        Ok(Some((run, Progress { finished, seconds, recorder: Recorder::resumed(file) })))
    }
}

pub(super) fn run(arguments: &Compare) -> Result<(), CliError> {
    let Compare { experiment: Experiment { config: base, data, .. }, seeds, presets, search, .. } = arguments;
    let (seeds, presets, search) = (*seeds, *presets, *search);
    if base.finetune_epochs > 0 {
        return Err(CompareError::Finetuning.into());
    }
    let methods: Vec<&str> = arguments.methods.iter().map(String::as_str).collect();
    let entrants = entrants_named(&methods)?;
    let last = base.seed.checked_add(seeds - 1).ok_or(CompareError::TooManySeeds { seeds, first: base.seed })?;
    if search && !base.pins.is_empty() {
        return Err(CompareError::PinsInSearch.into());
    }
    let named = named(&arguments.experiment);
    // All contradictions are reported before anything runs: first those of the settings, before the data is read, then those with the network.
    let settings = |entrant: Entrant| if presets { entrant.presets_for(&base.model) } else { &[] };
    let mut experiments: Vec<Config> =
        entrants.iter().map(|&entrant| experiment(base, entrant, base.seed, settings(entrant), &named)).collect::<Result<_, _>>()?;
    let set = data::load(data, base)?;
    let set = if search { held_out(&set) } else { set };
    let mut base = base.clone();
    data::fit_batch(&mut base, &named, &set);
    for config in &mut experiments {
        config.batch_size = config.batch_size.min(base.batch_size);
    }
    let base = &base;
    let shape = DataShape::of(&set);
    let network = |config: &Config| config.network(shape.image(), shape.classes).map_err(ConfigError::from);
    network(base)?;
    for config in experiments.iter().filter(|config| config.method.facts().learns_scores) {
        pins_of(config, &network(config)?)?;
    }
    let machine = open(arguments.adapter.as_deref())?;
    let adapter = machine.adapter.to_string();
    let identity = identity(base, &set, &adapter, presets, search);
    let folder = arguments.out.clone().unwrap_or_else(|| {
        let hash = Sha256::digest(identity.to_string());
        PathBuf::from("compare").join(format!("{}-{}", base.model, hex(&hash[..4])))
    });
    let folder = Folder::open(folder, &identity)?;
    let mut data_run = Trainer::new(&machine, Config { method: MethodName::Static, pins: String::new(), ..base.clone() }, shape)?;
    data_run.load_all(&set);
    say(format_args!("{} on {}, {} training and {} test rows, on {adapter}", base.model, set.name, set.train.len(), set.test.len()));
    say(format_args!("runs are saved in {}", folder.path().display()));
    let session = Session { base, set: &set, data_run, folder };
    if search {
        return find_settings(&session, &entrants, presets, &named);
    }

    let mut runs: Vec<Finished> = Vec::new();
    for seed in base.seed..=last {
        for &entrant in &entrants {
            let settings = if presets { entrant.presets_for(&base.model) } else { &[] };
            let mut config = experiment(base, entrant, seed, settings, &named)?;
            if entrant.is_allocated {
                let learned = runs.iter().find(|run| run.entrant == MethodName::Vrpge.name() && run.seed == u64::from(seed));
                let Some(end) = learned.and_then(Finished::end) else {
                    return Err(CompareError::Diverged { name: entrant.name, seed }.into());
                };
                config.set("allocation", &end.kept.iter().map(u64::to_string).collect::<Vec<_>>().join(","))?;
            }
            runs.push(session.run(entrant.name, config, false)?);
        }
    }
    let rows: Vec<Row<'_>> = entrants
        .iter()
        .map(|entrant| Row { name: entrant.name, runs: runs.iter().filter(|run| run.entrant == entrant.name).collect() })
        .collect();
    let groups: Vec<(String, u32)> = session.data_run.whole.gated().map(|group| (group.name.clone(), group.size)).collect();
    let settings: Vec<(&str, String)> =
        entrants.iter().map(|entrant| (entrant.name, own_settings(*entrant, &base.model, presets, &named))).collect();
    let table =
        table::Table { rows: &rows, groups: &groups, base: session.base, seeds, adapter: &adapter, data: &set.name, settings: &settings };
    say(table.words());
    session.folder.write("results.csv", &table.csv())?;
    session.folder.write("results.json", &format!("{:#}\n", table.json(&identity)))?;
    session.folder.write("report.html", &report::html(&table)?)?;
    say(format_args!("results.csv, results.json and report.html are in {}", session.folder.path().display()));
    Ok(())
}

/// The settings of an entrant that not all have, as text.
fn own_settings(entrant: Entrant, model: &str, presets: bool, named: &[&str]) -> String {
    let settings = if presets { entrant.presets_for(model) } else { &[] };
    let is_overridden = |name: &str| named.contains(&name) || entrant.made_by.iter().any(|(other, _)| *other == name);
    let own = settings.iter().filter(|(name, _)| !is_overridden(name)).chain(entrant.made_by);
    let mut own: Vec<String> = own.map(|(name, value)| format!("{name} {value}")).collect();
    if entrant.is_allocated {
        own.push("allocation of the vrpge run of the same seed".to_owned());
    }
    if own.is_empty() { "only the common settings".to_owned() } else { own.join(", ") }
}

/// The settings of an entrant in one run of a search: the two that it tries, and those of the entrant's presets that it does not try.
fn searched(presets: &[SettingValue], tried: &[SettingValue]) -> Vec<SettingValue> {
    let is_tried = |name: &str| tried.iter().any(|(other, _)| *other == name);
    tried.iter().chain(presets.iter().filter(|(name, _)| !is_tried(name))).copied().collect()
}

/// Tries every setting of each method's grid on held-out rows, and prints the winners in the form of `src/methods/`: those with the highest mean of two
/// problems, inputs gated and not gated. Where the user names `gate_inputs`, that is the only problem.
fn find_settings(session: &Session<'_>, entrants: &[Entrant], presets: bool, named: &[&str]) -> Result<(), CliError> {
    let mut winners = Vec::new();
    for &entrant in entrants.iter().filter(|entrant| !entrant.borrows_settings()) {
        let mut best: Option<(f64, Vec<SettingValue>)> = None;
        for (number, tried) in entrants::grid(entrant.method).into_iter().enumerate() {
            let settings = searched(if presets { entrant.presets_for(&session.base.model) } else { &[] }, &tried);
            let mut ends = Vec::new();
            // The dense network has no gated units.
            let gated: &[(bool, &str)] = match (entrant.method, named.contains(&"gate_inputs"), session.base.gate_inputs) {
                (MethodName::Dense, ..) | (_, true, false) => &[(false, "-hidden")],
                (_, true, true) => &[(true, "-inputs")],
                (_, false, _) => &[(true, "-inputs"), (false, "-hidden")],
            };
            for &(gate_inputs, words) in gated {
                let base = Config { gate_inputs, ..session.base.clone() };
                let config = experiment(&base, entrant, base.seed, &settings, named)?;
                let found = session.run(&format!("{}-{}{words}", entrant.name, number + 1), config, true)?;
                ends.extend(found.end().map(|end| end.accuracy));
            }
            say(format_args!("    {}", tried.map(|(name, value)| format!("{name} {value}")).join(", ")));
            // A setting under which a run diverges cannot win.
            let mean = (ends.len() == gated.len()).then(|| ends.iter().sum::<f64>() / ends.len() as f64);
            if let Some(accuracy) = mean.filter(|mean| best.as_ref().is_none_or(|(highest, _)| mean > highest)) {
                best = Some((accuracy, settings));
            }
        }
        winners.push((entrant, best));
    }
    say(format_args!("the winners, on {} rows that none of them was trained on:", session.data_run.data.test_rows));
    for (entrant, best) in winners {
        let words = entrant.name;
        match best {
            Some((accuracy, settings)) => {
                let settings: Vec<String> = settings.iter().map(|(name, value)| format!("(\"{name}\", \"{value}\")")).collect();
                let settings = settings.join(", ");
                say(format_args!("{words} => &[{settings}], // {:.2} %", 100.0 * accuracy));
            }
            None => say(format_args!("{words} => &[], // every setting diverged")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lacuna::config::{Estimator, Schedule};

    use super::*;

    #[test]
    fn a_run_is_tested_at_least_ten_times_and_at_its_end() {
        assert_eq!(tested_at(100, 50), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert_eq!(tested_at(60, 5).len(), 12);
        assert_eq!(tested_at(4, 2), [1, 2, 3, 4]);
        assert_eq!(tested_at(1, 1), [1]);
    }

    #[test]
    fn unknown_repeated_and_incomplete_methods_are_refused_and_the_allocated_one_comes_last() {
        let refused = |names: &[&str]| entrants_named(names).unwrap_err().to_string();
        assert!(refused(&["dense", "magic"]).contains("there is no method \"magic\"; the methods are vrpge"));
        assert!(refused(&["dense", "set", "dense"]).contains("names dense twice"));
        assert!(refused(&["static", "static-allocated"]).contains("name vrpge too"));
        assert!(
            refused(&["vrpge-one-sided", "static-allocated"]).contains("name vrpge too"),
            "its allocation comes from vrpge, which is two-sided"
        );
        let base = Config { keep_ratio: 0.1, ..Config::default() };
        let named = |name| entrants_named(&[name]).unwrap()[0];
        let estimator = |name| experiment(&base, named(name), 1, &[], &["estimator"]).unwrap().estimator;
        assert_eq!((estimator("vrpge"), estimator("vrpge-one-sided")), (Estimator::TwoSided, Estimator::OneSided));
        let schedule = |name| experiment(&base, named(name), 1, &[], &[]).unwrap().schedule;
        assert_eq!((schedule("small-dense"), schedule("small-dense-final")), (base.schedule, Schedule::Constant));
        let order: Vec<&str> =
            entrants_named(&["static-allocated", "vrpge", "static"]).unwrap().iter().map(|entrant| entrant.name).collect();
        assert_eq!(order, ["vrpge", "static", "static-allocated"]);
    }

    #[test]
    fn a_given_setting_overrides_a_preset_and_rows_are_held_out_of_training() {
        let base = Config { learning_rate: 0.3, ..Config::default() };
        let entrant = entrants_named(&["set"]).unwrap()[0];
        let settings = [("learning_rate", "0.2"), ("drop_fraction", "0.5")];
        let config = experiment(&base, entrant, 4, &settings, &["learning_rate"]).unwrap();
        assert_eq!((config.method, config.seed, config.learning_rate, config.drop_fraction), (MethodName::Set, 4, 0.3, 0.5));
        let set = lacuna::data::planted::planted_rows(1, 62, 9);
        let split = held_out(&set);
        assert_eq!((split.train.len(), split.test.len()), (52, 10));
        assert_eq!([split.train.inputs, split.test.inputs].concat(), set.train.inputs);
        assert_eq!([split.train.labels, split.test.labels].concat(), set.train.labels);
    }
}
