//! The program as a newcomer meets it: help that lists, logs that parse, refusals that say what to do.

#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use lacuna::config::KNOBS;
use lacuna::gpu::TABLE;

fn lacuna(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).output().unwrap()
}

/// What a command that succeeds prints.
fn prints(arguments: &[&str]) -> String {
    let output = lacuna(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that is refused says, which must hold each of `words`.
fn refuses(arguments: &[&str], words: &[&str]) -> String {
    let output = lacuna(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?} was not refused");
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    for words in words {
        assert!(message.contains(words), "{arguments:?}: {words:?} is not in {message:?}");
    }
    message
}

/// 200 training and 50 test rows of Fashion-MNIST.
fn fixture() -> String {
    format!("{}/tests/fixtures/fashion", env!("CARGO_MANIFEST_DIR"))
}

/// A run of 18 steps on the fixture: six steps an epoch.
const RUN: [&str; 12] =
    ["--dataset", "idx", "--model", "mlp-24-12", "--gate-inputs", "--keep-ratio=0.3", "--batch-size", "32", "--epochs", "3", "--seed", "7"];

/// Trains with `flags` on the fixture and gives the lines of its log.
fn log_of(flags: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let fixture = fixture();
    let arguments = [&["train", "--data-dir", &fixture, "--log", path.to_str().unwrap()], flags].concat();
    prints(&arguments);
    read_log(&path)
}

fn read_log(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn steps(log: &[Value]) -> Vec<&Value> {
    log.iter().filter(|line| line.get("event").is_none()).collect()
}

/// A line without what a clock says.
fn untimed(line: &Value) -> Value {
    let mut line = line.clone();
    let object = line.as_object_mut().unwrap();
    object.remove("step_ms");
    object.remove("seconds");
    line
}

#[test]
fn help_lists_every_command_and_every_flag() {
    let help = prints(&["--help"]);
    for command in ["train", "check", "bench", "estimator", "data", "adapters"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in the help:\n{help}");
        prints(&[command, "--help"]);
    }
    let lists = |command: &[&str], flags: &[&str]| {
        let help = prints(&[command, &["--help"]].concat());
        for flag in flags {
            let listed = help.split_whitespace().any(|word| word.trim_end_matches(',').split(['[', '=']).next() == Some(flag));
            assert!(listed, "{flag} is not in the help of {command:?}:\n{help}");
        }
        help
    };
    let knobs: Vec<String> = KNOBS.iter().map(|knob| format!("--{}", knob.name.replace('_', "-"))).collect();
    let help = lists(&["train"], &knobs.iter().map(String::as_str).collect::<Vec<_>>());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for knob in KNOBS {
        assert!(words(&help).contains(&words(knob.help)), "the help of train does not explain {}: {}", knob.name, knob.help);
    }
    lists(&["train"], &["--url", "--data-dir", "--log", "--trace", "--trace-steps", "--adapter"]);
    lists(&["check"], &["--adapter"]);
    lists(&["bench"], &["--model", "--batch-size", "--gate-inputs", "--keep-ratio", "--repeats", "--json", "--adapter"]);
    lists(&["estimator"], &["--keep-ratio", "--url", "--data-dir", "--after-steps", "--pairs", "--table", "--json", "--adapter"]);
    assert!(lists(&["data", "fetch"], &["--data-dir"]).contains("fashion-mnist, cifar10, cifar100"));
    assert!(prints(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    refuses(&[], &["Usage: lacuna", "train"]);
}

#[test]
fn a_log_says_everything_about_every_step() {
    let log = log_of(&RUN);
    let first = &log[0];
    assert_eq!(first["event"], "run");
    assert_eq!(
        (&first["steps"], &first["settings"]["keep_ratio"], &first["settings"]["model"]),
        (&18.into(), &0.3.into(), &"mlp-24-12".into())
    );
    for knob in KNOBS {
        assert!(first["settings"].get(knob.name).is_some(), "the first line lacks {}", knob.name);
    }
    assert!(first["adapter"].as_str().is_some_and(|adapter| !adapter.is_empty()));

    let steps = steps(&log);
    assert_eq!(steps.len(), 18);
    for (number, line) in steps.iter().enumerate() {
        assert_eq!(line["step"], number);
        for key in [
            "epoch",
            "loss",
            "probe_loss",
            "accuracy",
            "keep",
            "budget",
            "sum_scores",
            "threshold",
            "gradient_norm",
            "learning_rate",
            "scores_rate",
            "step_ms",
        ] {
            assert!(line[key].as_f64().is_some_and(f64::is_finite), "step {number}: {key} is {}", line[key]);
        }
        assert!((line["epoch"].as_f64().unwrap() - number as f64 / 6.0).abs() < 1e-9);
        for key in ["kept", "probe_kept"] {
            let kept: Vec<u64> = line[key].as_array().unwrap().iter().map(|kept| kept.as_u64().unwrap()).collect();
            assert!(kept.len() == 4 && kept[3] == 10 && kept.iter().zip([784, 24, 12, 10]).all(|(&kept, size)| (1..=size).contains(&kept)));
        }
        assert!(line["sum_scores"].as_f64().unwrap() <= line["budget"].as_f64().unwrap() * (1.0 + 1e-6), "step {number}: {line}");
    }
    let (first, last) = (&steps[0], &steps[17]);
    assert!(last["keep"].as_f64().unwrap() < 0.31 && first["keep"].as_f64().unwrap() > 0.99);
    assert!(last["loss"].as_f64() < first["loss"].as_f64(), "{} to {}", first["loss"], last["loss"]);

    let evaluations: Vec<&Value> = log.iter().filter(|line| line["event"] == "evaluation").map(|line| &line["step"]).collect();
    assert_eq!(evaluations, [6, 12], "after each epoch; the last one's is the result");
    let result = log.last().unwrap();
    assert_eq!((&result["event"], &result["step"], &result["images"]), (&"result".into(), &18.into(), &50.into()));
    for key in ["test_accuracy", "test_loss", "sampled_test_accuracy", "sampled_test_loss", "seconds"] {
        assert!(result[key].as_f64().is_some(), "the result lacks {key}");
    }
    assert_eq!(result["kept"].as_array().unwrap().len(), 3, "decided units of each gated group");
}

#[test]
fn the_same_experiment_gives_the_same_log() {
    let (once, again) = (log_of(&RUN), log_of(&RUN));
    assert_eq!(once.iter().map(untimed).collect::<Vec<_>>(), again.iter().map(untimed).collect::<Vec<_>>());
    let other = log_of(&[&RUN[..], &["--seed=8"]].concat().into_iter().filter(|flag| !["--seed", "7"].contains(flag)).collect::<Vec<_>>());
    assert_ne!(steps(&once)[0]["loss"], steps(&other)[0]["loss"]);
}

#[test]
fn a_link_reproduces_the_run_of_the_flags() {
    let flags = log_of(&RUN);
    let query = flags[0]["link"].as_str().unwrap();
    assert!(query.contains("keep_ratio=0.3") && query.contains("gate_inputs=true"), "{query}");
    let link = log_of(&["--url", &format!("https://example.org/lacuna/{query}#view=scores")]);
    assert_eq!(flags.iter().map(untimed).collect::<Vec<_>>(), link.iter().map(untimed).collect::<Vec<_>>());
    let changed = log_of(&["--url", query, "--steps", "2"]);
    assert_eq!(steps(&changed).len(), 2, "a flag beside a link changes it");
    assert_eq!(steps(&changed)[0]["loss"], steps(&flags)[0]["loss"]);
}

#[test]
fn a_run_with_fine_tuning_selects_a_mask_and_keeps_it() {
    let log = log_of(&[&RUN[..], &["--finetune-epochs", "2", "--select-masks", "3"]].concat());
    let at = log.iter().position(|line| line["event"] == "selection").expect("a line on the selection");
    assert_eq!((&log[at]["step"], &log[at]["rows"]), (&18.into(), &200.into()));
    let tuning = steps(&log[at..]);
    assert_eq!(tuning.len(), 12);
    assert!(tuning.iter().all(|line| line["kept"] == tuning[0]["kept"] && line["probe_loss"].is_null()));
    let gated: u64 = tuning[0]["kept"].as_array().unwrap()[..3].iter().map(|kept| kept.as_u64().unwrap()).sum();
    assert_eq!(tuning[0]["sum_scores"].as_f64(), Some(gated as f64), "the scores are the mask");
}

#[test]
fn methods_with_a_fixed_mask_log_no_probe() {
    for method in ["static", "dense"] {
        let log = log_of(&[&RUN[..], &["--method", method]].concat());
        assert!(steps(&log).iter().all(|line| line["probe_loss"].is_null() && line["kept"] == steps(&log)[0]["kept"]));
    }
}

#[test]
fn a_value_that_cannot_be_is_refused_with_the_flag_and_its_range() {
    for (flag, value, words) in [
        ("--keep-ratio", "2", "from 0.01 to 1"),
        ("--keep-ratio", "NaN", "from 0.01 to 1"),
        ("--keep-ratio", "", "from 0.01 to 1"),
        ("--alpha", "-0.5", "from 0 to 1"),
        ("--batch-size", "0", "from 1 to 4096"),
        ("--batch-size", "1.5", "whole number from 1 to 4096"),
        ("--epochs", "0", "from 1 to 10000"),
        ("--seed", "-1", "whole number from 0 to 4294967295"),
        ("--learning-rate", "fast", "a number from 0 to 10"),
        ("--method", "magic", "vrpge, static, dense"),
        ("--estimator", "three-sided", "two-sided, one-sided, plain"),
        ("--dataset", "imagenet", "mnist, fashion-mnist, cifar10, cifar100, planted, idx"),
        ("--gate-inputs", "maybe", "true, false"),
        ("--trace-steps", "-1", "invalid value"),
    ] {
        let flag_and_value = format!("{flag}={value}");
        refuses(&["train", "--trace", "t", &flag_and_value], &[flag, words]);
    }
    refuses(&["train", "--prune-rate", "0.5"], &["--prune-rate"]);
    refuses(&["train", "--trace-steps", "2"], &["--trace <DIR>"]);
    refuses(&["train", "--keep-start", "0.1", "--keep-ratio", "0.5"], &["keep_start (0.1)", "keep_ratio (0.5)", "only comes down"]);
    refuses(&["train", "--url", "https://example.org/?keep_ratio=2"], &["keep_ratio", "from 0.01 to 1"]);
    refuses(&["train", "--url", "?prune_rate=1"], &["no setting \"prune_rate\"", "keep_ratio"]);
    refuses(&["bench", "--batch-size", "0"], &["--batch-size", "1..=4096"]);
    refuses(&["bench", "--keep-ratio", "0.1,7"], &["keep_ratio", "from 0.01 to 1"]);
    refuses(&["bench", "--model", "cnn-3", "--repeats", "1"], &["\"cnn-3\" cannot be read"]);
    refuses(&["bench", "--repeats", "0"], &["--repeats"]);
    refuses(&["data", "fetch", "imagenet"], &["mnist, fashion-mnist, cifar10, cifar100"]);
}

#[test]
fn a_network_that_cannot_be_is_refused_in_words() {
    for model in ["cnn-3", "mlp-0", "mlp-", "512", "mlp-40000", "mlp-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1"] {
        refuses(&["train", "--model", model], &[&format!("model \"{model}\" cannot be read")]);
    }
    let fixture = fixture();
    refuses(&["train", "--dataset", "idx", "--data-dir", &fixture, "--model", "mlp", "--batch-size", "8"], &["nothing can be masked"]);
    refuses(&["train", "--dataset", "idx", "--data-dir", &fixture, "--batch-size", "201"], &["batch_size 201", "200 rows"]);
}

#[test]
fn missing_data_is_refused_with_the_command_that_fetches_it() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for name in ["mnist", "fashion-mnist", "cifar10"] {
        refuses(&["train", "--dataset", name, "--data-dir", nowhere], &[nowhere, "no such folder", &format!("lacuna data fetch {name}")]);
    }
    let archive = "\"CIFAR-100 binary version\"";
    refuses(&["train", "--dataset", "cifar100", "--data-dir", nowhere], &[nowhere, "no such folder", archive]);
    refuses(
        &["data", "fetch", "cifar100", "--data-dir", nowhere],
        &["no package", archive, "cs.toronto.edu/~kriz", "cifar-100-binary lies in"],
    );
    refuses(&["train", "--dataset", "idx", "--data-dir", nowhere], &[nowhere, "no such folder"]);
    assert!(!Path::new(nowhere).exists(), "a refusal makes no folder");
}

#[test]
fn files_that_cannot_be_written_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("nowhere/run.jsonl");
    let log = log.to_str().unwrap();
    let fixture = fixture();
    let base = ["train", "--data-dir", &fixture];
    refuses(&[&base[..], &RUN[..], &["--log", log]].concat(), &[log]);
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    refuses(&[&base[..], &RUN[..], &["--trace", file]].concat(), &[file]);
}

#[test]
fn a_run_that_diverges_ends_with_words_and_a_log_of_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let fixture = fixture();
    let base = ["train", "--data-dir", &fixture, "--log", path.to_str().unwrap(), "--epochs", "30"];
    let run: Vec<&str> = RUN.iter().copied().filter(|flag| !["--epochs", "3"].contains(flag)).collect();
    let blow_up = ["--learning-rate", "10", "--clip-norm", "0", "--momentum", "0.999", "--rate-schedule", "constant"];
    let message = refuses(&[&base[..], &run[..], &blow_up[..]].concat(), &["diverged at step", "learning_rate", "clip_norm"]);
    let log = read_log(&path);
    let step: u64 = message.split("at step ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let logged = steps(&log).last().map_or(0, |line| line["step"].as_u64().unwrap() + 1);
    assert!(logged > 0 && logged <= step, "{logged} steps are logged of {step}");
    assert!(log.iter().all(|line| line["event"] != "result"));
}

#[test]
fn an_adapter_that_is_not_there_is_refused_with_those_that_are() {
    let adapters = prints(&["adapters"]);
    let names: Vec<&str> = adapters.lines().map(|line| line.split("  ").nth(1).unwrap()).collect();
    assert!(!names.is_empty());
    for command in ["train", "check", "bench"] {
        let mut arguments = vec![command, "--adapter", "nosuch"];
        let fixture = fixture();
        if command == "train" {
            arguments.extend(["--dataset", "idx", "--data-dir", &fixture, "--batch-size", "8"]);
        }
        refuses(&arguments, &[&["no adapter matches \"nosuch\""][..], &names].concat());
    }
    let log = log_of(&[&RUN[..], &["--adapter", "0"]].concat());
    assert_eq!(log[0]["adapter"], names[0]);
}

#[test]
fn check_names_every_kernel_and_succeeds() {
    let table = prints(&["check"]);
    for entry in TABLE {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(entry.name));
        assert!(line.is_some_and(|line| line.contains("passed")), "{}: {line:?}\n{table}", entry.name);
    }
    assert!(table.contains(&format!("{} kernels passed", TABLE.len())));
}

#[test]
fn bench_prints_one_object_a_line() {
    let output = prints(&["bench", "--model", "mlp-64-64", "--repeats", "1", "--json"]);
    let lines: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let keeps: Vec<f64> = lines.iter().map(|line| line["keep_ratio"].as_f64().unwrap()).collect();
    assert_eq!(keeps, [1.0, 0.05, 0.1, 0.2, 0.5, 0.9]);
    for line in &lines {
        assert_eq!((&line["model"], &line["batch_size"]), (&"mlp-64-64".into(), &128.into()));
        for key in ["step_ms", "ratio", "predicted_ratio"] {
            assert!(line[key].as_f64().is_some_and(|value| value > 0.0), "{key} is {}", line[key]);
        }
        assert!(line["step_ms_spread"].as_f64().is_some_and(|spread| spread >= 0.0));
        assert!(line["adapter"].as_str().is_some_and(|adapter| !adapter.is_empty()));
        // An adapter without a clock of its own has no phases; one that has measures all of them.
        let phases = line["phases"].as_object().unwrap();
        let names: Vec<&str> = phases.keys().map(String::as_str).collect();
        assert!(names.is_empty() || names == ["sample", "pack", "forward", "scores", "backward", "weights"], "{names:?}");
        assert!(phases.values().all(|ms| ms.as_f64().is_some_and(|ms| ms >= 0.0)));
    }
    assert!((lines[0]["predicted_ratio"].as_f64().unwrap() - 1.0).abs() < 1e-9 && lines[0]["ratio"] == 1.0, "the first line is dense");
    let predicted: Vec<f64> = lines[1..].iter().map(|line| line["predicted_ratio"].as_f64().unwrap()).collect();
    assert!(predicted.windows(2).all(|pair| pair[0] < pair[1]), "{predicted:?}");
}

#[test]
fn the_estimators_are_measured_and_said_in_one_object() {
    let fixture = fixture();
    let flags = ["estimator", "--data-dir", &fixture, "--dataset", "idx", "--model", "mlp-6", "--keep-ratio=0.5", "--schedule", "constant"];
    let more = ["--batch-size", "32", "--epochs", "3", "--after-steps", "5", "--pairs", "100"];
    let report: Value = serde_json::from_str(&prints(&[&flags[..], &more[..], &["--json"]].concat())).unwrap();
    assert_eq!((&report["step"], &report["pairs"], &report["units"]), (&5.into(), &100.into(), &6.into()));
    assert_eq!(report["enumerated_masks"], 1u32 << report["undecided_units"].as_u64().unwrap());
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4 * 5);
    for row in rows {
        for key in ["bias", "bias_chance", "variance", "signal_to_noise", "cosine", "cosine_error"] {
            assert!(row[key].as_f64().is_some_and(f64::is_finite), "{key} of {row}");
        }
        assert_eq!(row["bound"].is_null(), row["estimator"] == "ste", "{row}");
        assert_eq!(row["bins"].as_array().unwrap().len(), 6);
    }
    let words = prints(&[&flags[..], &more[..]].concat());
    for expected in ["true gradient: from all", "two-sided", "one-sided", "plain", "ste", "Split by s"] {
        assert!(words.contains(expected), "{expected:?} is not in:\n{words}");
    }
    refuses(&[&flags[..], &["--batch-size", "32", "--epochs", "3", "--after-steps", "19"]].concat(), &["the run has 18 steps", "--epochs"]);
}
