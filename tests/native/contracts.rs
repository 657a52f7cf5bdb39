//! Contracts with users who have a link, a saved run or a trace of an earlier version. The tests only run the program, so that they do not depend on
//! its code. `tests/fixtures/contracts` has the recorded behaviour.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use safetensors::SafeTensors;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::prints;

/// Losses may differ by the last bits of `exp` between systems; masks may not.
const LOSS_TOLERANCE: f64 = 1e-5;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn lines(name: &str) -> Vec<String> {
    let text = fs::read_to_string(recorded("contracts").join(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The output of a command that succeeds.
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// `lacuna train` with a link, to which more flags are added.
fn program(link: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
    command
        .args(["train", "--adapter", "cpu", "--url", &format!("https://example.org/lacuna/?{link}"), "--data-dir"])
        .arg(recorded("fashion"));
    command
}

fn train(link: &str, flags: &[&str]) {
    succeed(program(link).args(flags));
}

fn log_of(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Tensors of a file, each as `name type [shape]`, and the names of its metadata.
fn content(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut found: Vec<_> = file.iter().map(|(name, view)| format!("{name} {:?} {:?}", view.dtype(), view.shape())).collect();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    found.extend(header.metadata().clone().unwrap().into_keys().map(|name| format!("metadata {name}")));
    found.sort();
    found
}

/// Everything that was recorded is still there; there may be more.
fn still_has(what: &str, found: &[String]) {
    let missing: Vec<_> = lines(what).into_iter().filter(|line| !found.contains(line)).collect();
    assert!(missing.is_empty(), "{what}: missing {missing:#?}\nfound:\n{}", found.join("\n"));
}

const TINY: &str = "dataset=planted&model=mlp-8&gate_inputs=true&keep_ratio=0.25&batch_size=16&steps=6&seed=3";

#[test]
fn settings_keep_their_names_and_defaults() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("run.jsonl");
    train("dataset=planted&model=mlp-8&steps=1", &["--log", log.to_str().unwrap()]);
    let given = ["dataset", "model", "steps"];
    let first = log_of(&log).swap_remove(0);
    let settings = first["settings"].as_object().unwrap();
    let found: Vec<_> = settings
        .iter()
        .map(|(name, value)| match value {
            _ if given.contains(&name.as_str()) => name.clone(),
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    still_has("settings.txt", &found);
}

/// What `train --help` says that each flag takes: a range as two numbers, or names.
fn values() -> BTreeMap<String, Vec<String>> {
    let help = prints(&["train", "--help"]);
    let flags = help.split("\n      --").skip(1).map(|flag| flag.split_whitespace().collect::<Vec<_>>().join(" "));
    flags
        .filter_map(|flag| {
            let name = flag.split([' ', '[']).next()?.replace('-', "_");
            let range = flag.rsplit_once(" From ").and_then(|(_, rest)| rest.split_once(". [default: "));
            let names = flag.rsplit_once("[possible values: ").and_then(|(_, rest)| rest.split_once(']'));
            let list = |text: &str, between: &str| text.split(between).map(str::to_owned).collect();
            Some((name, range.map(|(range, _)| list(range, " to ")).or(names.map(|(names, _)| list(names, ", ")))?))
        })
        .collect()
}

#[test]
fn settings_still_take_every_recorded_value() {
    let found = values();
    let mut wrong = Vec::new();
    for line in lines("values.txt") {
        let (name, recorded) = line.split_once(' ').unwrap();
        let recorded: Vec<&str> = recorded.split(' ').collect();
        let is_taken = found.get(name).is_some_and(|now| {
            let numbers = |all: &[&str]| all.iter().map(|text| text.parse().ok()).collect::<Option<Vec<f64>>>();
            let now: Vec<&str> = now.iter().map(String::as_str).collect();
            match (numbers(&recorded), numbers(&now)) {
                (Some(recorded), Some(now)) => now[0] <= recorded[0] && now[1] >= recorded[1],
                _ => recorded.iter().all(|value| now.contains(value)),
            }
        });
        if !is_taken {
            wrong.push(line);
        }
    }
    let all: String = found.iter().fold(String::new(), |text, (name, values)| text + name + " " + &values.join(" ") + "\n");
    assert!(wrong.is_empty(), "settings that no longer take a recorded value: {wrong:#?}\nthey take:\n{all}");
    assert_eq!(
        found.keys().map(String::as_str).collect::<Vec<_>>(),
        lines("values.txt").iter().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>(),
        "{all}"
    );
}

#[test]
fn a_link_that_names_every_setting_is_understood_and_written_as_it_was() {
    let link = "dataset=planted&model=mlp-12-8&gate_inputs=true&method=reinforce&keep_ratio=0.3&budget_unit=multiply-adds&schedule=constant&keep_start=0.9&anneal_fraction=0.4\
        &estimator=one-sided&alpha=0.75&control_variate=false&effect_rate=0.3&exact_information=true&fill_budget=false&scores_optimizer=sgd&scores_rate=0.1&structure_every=50&drop_fraction=0.2&allocation=40,6,4&work_of=fisher&pins=3on,30off\
        &learning_rate=0.05&rate_schedule=constant&momentum=0.8&weight_decay=0.001&clip_norm=1&augment=false&compact=true&batch_size=24&epochs=2&steps=5\
        &select_masks=4&finetune_epochs=1&finetune_rate=0.002&seed=77";
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("run.jsonl");
    train(link, &["--finetune-epochs", "0", "--log", log.to_str().unwrap()]);
    let first = log_of(&log).swap_remove(0);
    let named: BTreeSet<&str> = link.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    let settings: BTreeSet<&str> = first["settings"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(named, settings, "a setting that the link does not name");
    // A flag overrides the link, and a setting with its default value is left out of it.
    assert_eq!(first["link"], format!("?{}", link.replace("&finetune_epochs=1", "")));
}

/// The keys of a JSON value: the path of each number, text, truth value and null; the elements of a list count as one.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| keys(value, &format!("{path}.{name}"), found)),
        Value::Array(all) => all.iter().for_each(|value| keys(value, &format!("{path}[]"), found)),
        Value::Number(_) => drop(found.insert(format!("{path} number"))),
        Value::String(_) => drop(found.insert(format!("{path} text"))),
        Value::Bool(_) => drop(found.insert(format!("{path} truth"))),
        Value::Null => drop(found.insert(format!("{path} null"))),
    }
}

/// The same for lines of JSON. A line with an event has the name of the event.
fn keys_of(text: &str, name: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let path = value["event"].as_str().map_or(name.to_owned(), |event| format!("{name}:{event}"));
        keys(&value, &path, &mut found);
    }
    found.into_iter().collect()
}

#[test]
fn logs_and_json_still_have_every_recorded_key() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("run.jsonl");
    // Two forward passes, a chosen mask, fine-tuning, units that are dropped from memory.
    let link =
        TINY.replace("batch_size=16", "batch_size=2048").replace("steps=6", "steps=60").replace("keep_ratio=0.25", "keep_ratio=0.05");
    train(&format!("{link}&select_masks=2&finetune_epochs=1&compact=true&scores_rate=1"), &["--log", log.to_str().unwrap()]);
    let mut found = keys_of(&fs::read_to_string(&log).unwrap(), "log");
    for (name, arguments) in [
        ("bench", "bench --adapter cpu --model mlp-16 --keep-ratio 0.5 --repeats 1 --json"),
        ("sweep", "bench --adapter cpu --sweep width --model mlp-8 --batch-size 1 --keep-ratio 0.5 --repeats 1 --json"),
        ("model", "model resnet8 --json"),
        ("table", "estimator --table --pairs 100 --json"),
        (
            "estimator",
            "estimator --adapter cpu --dataset planted --model mlp-6 --gate-inputs=false --keep-ratio=0.5 --keep-start=0.999 --batch-size 256 --after-steps 2 --pairs 100 --json",
        ),
    ] {
        found.extend(keys_of(&prints(&arguments.split(' ').collect::<Vec<_>>()), name));
    }
    still_has("json.txt", &found);
}

#[test]
fn check_still_names_every_recorded_kernel_and_each_passes() {
    let words = prints(&["check", "--adapter", "cpu"]);
    let found: Vec<_> = words
        .lines()
        .filter_map(|line| Some((line.split_whitespace().next()?.to_owned(), line.contains(" passed "))))
        .filter_map(|(name, passed)| passed.then_some(name))
        .collect();
    still_has("check.txt", &found);
}

#[test]
fn a_trace_still_has_every_recorded_tensor() {
    let folder = TempDir::new().unwrap();
    trace(TINY, folder.path(), "1");
    still_has("trace.txt", &content(&folder.path().join("step-000000.safetensors")));
}

#[test]
fn a_saved_run_still_has_every_recorded_tensor_and_its_format() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run.safetensors");
    train(TINY, &["--save", path.to_str().unwrap()]);
    still_has("run.txt", &content(&path));
    let (_, header) = SafeTensors::read_metadata(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["format"], "lacuna run 1");
}

#[test]
fn a_run_saved_by_an_earlier_version_is_replayed_and_continued() {
    let old = recorded("contracts/run-1.safetensors.gz");
    let old = old.to_str().unwrap();
    assert!(prints(&["replay", old]).contains("step 22 of 80"), "{}", prints(&["replay", old]));
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("run.jsonl");
    prints(&["train", "--adapter", "cpu", "--resume", old, "--log", log.to_str().unwrap()]);
    // The run from its beginning gives the same results: the file has all of its state.
    let whole = folder.path().join("whole.jsonl");
    train(
        "dataset=planted&model=mlp-8&gate_inputs=true&keep_ratio=0.25&batch_size=2048&steps=80&seed=5&keep_start=0.999&control_variate=false&fill_budget=false",
        &["--log", whole.to_str().unwrap()],
    );
    let losses = |path: &Path| -> BTreeMap<u64, (f64, Value)> {
        let number = |line: &Value| (line["step"].as_u64().unwrap(), (line["loss"].as_f64().unwrap(), line["kept"].clone()));
        log_of(path).iter().filter(|line| line["event"].is_null()).map(number).collect()
    };
    let (rest, whole) = (losses(&log), losses(&whole));
    assert!(rest.keys().copied().eq(22..80), "{:?}", rest.keys());
    for (step, (loss, kept)) in rest {
        let (expected, units) = &whole[&step];
        assert_eq!(kept, *units, "step {step}");
        assert!((loss - expected).abs() <= LOSS_TOLERANCE * expected.abs().max(1.0), "step {step}: {loss} and {expected}");
    }
}

/// A mask as hexadecimal digits, the first unit in the highest bit of the first.
fn digits(mask: &[u8]) -> String {
    mask.chunks(4).fold(String::new(), |mut text, units| {
        let value = units.iter().enumerate().fold(0, |sum, (at, &kept)| sum | kept << (3 - at));
        write!(text, "{value:x}").unwrap();
        text
    })
}

/// Traces the first steps of a run. The test on all images after them takes longer and is skipped.
fn trace(link: &str, folder: &Path, steps: &str) {
    let mut child = program(link).arg("--trace").arg(folder).args(["--trace-steps", steps]).stdout(Stdio::piped()).spawn().unwrap();
    let traced = BufReader::new(child.stdout.take().unwrap()).lines().any(|line| line.unwrap().contains("traced into"));
    // It may have ended already.
    let _ = child.kill();
    child.wait().unwrap();
    assert!(traced, "{link}: nothing was traced");
}

/// The recorded form of a link's steps: step, two losses, two masks; a dash for what the method does not have.
fn steps_of(link: &str) -> Vec<String> {
    let steps = link.split('&').find_map(|part| part.strip_prefix("steps=")).unwrap();
    let folder = TempDir::new().unwrap();
    trace(link, folder.path(), steps);
    (0..steps.parse().unwrap())
        .map(|step| {
            let bytes = fs::read(folder.path().join(format!("step-{step:06}.safetensors"))).unwrap();
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let loss = |name: &str| {
                file.tensor(name).map_or("-".to_owned(), |found| f32::from_le_bytes(found.data().try_into().unwrap()).to_string())
            };
            let mask = |name: &str| file.tensor(name).map_or("-".to_owned(), |found| digits(found.data()));
            format!("{step} {} {} {} {}", loss("loss"), loss("probe_loss"), mask("mask"), mask("probe"))
        })
        .collect()
}

#[test]
fn three_links_give_the_recorded_masks_and_losses() {
    let all = lines("links.txt");
    let links: Vec<_> = all.iter().filter(|line| line.contains("dataset=")).collect();
    assert_eq!(links.len(), 3);
    let mut wrong = String::new();
    for link in links {
        let expected: Vec<_> = all.iter().skip_while(|line| line != &link).skip(1).take_while(|line| !line.contains("dataset=")).collect();
        let found = steps_of(link);
        let agrees = |(found, expected): (&String, &&String)| {
            let (found, expected): (Vec<_>, Vec<_>) = (found.split(' ').collect(), expected.split(' ').collect());
            let close = |at: usize| match [found[at], expected[at]].map(str::parse::<f64>) {
                [Ok(a), Ok(b)] => (a - b).abs() <= LOSS_TOLERANCE * b.abs().max(1.0),
                _ => found[at] == expected[at],
            };
            found[0] == expected[0] && found[3..] == expected[3..] && close(1) && close(2)
        };
        if found.len() != expected.len() || !found.iter().zip(&expected).all(agrees) {
            write!(wrong, "{link}\n{}\n", found.join("\n")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "these runs differ from the recorded ones; they are now:\n{wrong}");
}
