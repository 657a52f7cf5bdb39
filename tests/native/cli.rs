//! The program as a new user sees it: help that lists everything, logs that parse, refusals that say what to do.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use lacuna::config::SETTINGS;
use lacuna::device::TABLE;

use crate::program::{lacuna, prints};

/// Runs a command that must be refused with a message that contains all of `words`. Returns the message.
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

/// Output that cannot be written is an error of every command, not a success without output.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error_and_a_reader_that_has_gone_is_none() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["model", "mlp-8"][..],
        &["model", "mlp-8", "--json"],
        &["adapters"],
        &["train", "--dataset", "planted", "--model", "mlp-8", "--steps", "2"],
        &["train", "--dataset", "planted", "--model", "mlp-8", "--steps", "2", "--log", "-"],
        &["--help"],
        &["--version"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).stdout(full()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("standard output: No space left on device"), "{arguments:?}: {said}");
    }
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_lacuna")).args(["model", "mlp-8"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

/// A script tells a mistake in its command from a run that failed.
#[test]
fn refused_arguments_have_the_exit_status_2() {
    for arguments in [
        &["train", "--bogus"][..],
        &["train", "--keep-ratio", "2"],
        &["train", "--url", "?bogus=1"],
        &["train", "--adapter", "abacus", "--dataset", "planted"],
        &["compare", "--methods", "nosuch"],
        &["compare", "--methods", "dense,dense"],
        &["estimator", "--after-steps", "99999999", "--dataset", "planted", "--model", "mlp-8"],
        &["bench", "--model", "x"],
        &["data", "fetch", "nosuch"],
    ] {
        let output = lacuna(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(lacuna(&["replay", "no-such-file"]).status.code(), Some(1));
}

#[test]
fn a_log_on_the_standard_output_has_nothing_else() {
    let fixture = fixture();
    let output = lacuna(&[&["train", "--data-dir", &fixture, "--log", "-"], &RUN[..]].concat());
    assert!(output.status.success());
    let lines: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(steps(&lines).len(), 18);
    assert_eq!((&lines[0]["event"], &lines[lines.len() - 1]["event"]), (&"run".into(), &"result".into()));
    assert!(String::from_utf8(output.stderr).unwrap().contains("test accuracy"));
}

/// A run of 18 steps on the fixture: six steps an epoch.
const RUN: [&str; 12] =
    ["--dataset", "idx", "--model", "mlp-24-12", "--gate-inputs", "--keep-ratio=0.3", "--batch-size", "32", "--epochs", "3", "--seed", "7"];

/// Trains with `flags` on the fixture and returns the lines of its log.
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

/// A line without the values of a clock.
fn untimed(line: &Value) -> Value {
    let mut line = line.clone();
    let object = line.as_object_mut().unwrap();
    for key in ["step_ms", "seconds", "training_seconds", "phase_seconds"] {
        object.remove(key);
    }
    line
}

#[test]
fn help_lists_every_command_and_every_flag() {
    let help = prints(&["--help"]);
    for command in ["train", "replay", "compare", "model", "check", "bench", "estimator", "data", "adapters"] {
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
    let settings: Vec<String> = SETTINGS.iter().map(|setting| format!("--{}", setting.name.replace('_', "-"))).collect();
    let help = lists(&["train"], &settings.iter().map(String::as_str).collect::<Vec<_>>());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in SETTINGS {
        assert!(words(&help).contains(&words(setting.help)), "the help of train does not explain {}: {}", setting.name, setting.help);
    }
    lists(&["train"], &["--url", "--data-dir", "--log", "--trace", "--trace-steps", "--adapter", "--save", "--resume", "--record"]);
    lists(&["replay"], &["--again", "--animate", "--data-dir", "--adapter"]);
    let compared: Vec<&str> = settings.iter().map(String::as_str).filter(|setting| *setting != "--method").collect();
    lists(&["compare"], &compared);
    lists(&["compare"], &["--methods", "--seeds", "--url", "--data-dir", "--out", "--plain", "--search", "--adapter"]);
    lists(&["model"], &["--dataset", "--image", "--classes", "--gate-inputs", "--batch-size", "--keep-ratio", "--json"]);
    lists(&["check"], &["--adapter"]);
    lists(
        &["bench"],
        &["--model", "--batch-size", "--gate-inputs", "--keep-ratio", "--repeats", "--sweep", "--out", "--json", "--adapter"],
    );
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
    for setting in SETTINGS {
        assert!(first["settings"].get(setting.name).is_some(), "the first line lacks {}", setting.name);
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

    // What was executed, computed from the units that each step kept; a bias is one input more, and the inputs need no gradient.
    let layers = |line: &Value, key: &str| -> [u64; 3] {
        let kept: Vec<u64> = line[key].as_array().unwrap().iter().map(|kept| kept.as_u64().unwrap()).collect();
        [0, 1, 2].map(|layer| (kept[layer] + 1) * kept[layer + 1])
    };
    let sum = |of: &dyn Fn(&Value) -> u64| steps.iter().map(|line| 32 * of(line)).sum::<u64>();
    let forward = |line: &Value, key: &str| layers(line, key).iter().sum::<u64>();
    let backward = |line: &Value| {
        let outputs = [1, 2].map(|layer| line["kept"][layer + 1].as_u64().unwrap());
        forward(line, "kept") + layers(line, "kept")[1..].iter().sum::<u64>() - outputs.iter().sum::<u64>()
    };
    let cost = &result["multiply_adds"];
    assert_eq!(cost["forward"], sum(&|line| forward(line, "kept") + forward(line, "probe_kept")));
    // dL/dm of an input or neuron takes a product for each kept weight that reads it.
    let derivatives =
        |line: &Value| layers(line, "kept").iter().sum::<u64>() - (1..4).map(|group| line["kept"][group].as_u64().unwrap()).sum::<u64>();
    let structure = steps.iter().map(|line| derivatives(line)).sum::<u64>();
    assert_eq!((&cost["backward"], &cost["structure"]), (&sum(&backward).into(), &structure.into()));
    assert!((1..sum(&|line| 4 * forward(line, "kept"))).contains(&cost["near_dense"].as_u64().unwrap()), "it starts near dense: {cost}");
}

#[test]
fn train_ends_with_its_memory_and_its_seconds_by_phase() {
    let folder = tempfile::tempdir().unwrap();
    let (path, fixture) = (folder.path().join("run.jsonl"), fixture());
    let method = ["--method", "set", "--structure-every", "4", "--log", path.to_str().unwrap(), "--data-dir", &fixture];
    let text = prints(&[&["train"], &RUN[..], &method].concat());
    let line =
        text.lines().find(|line| line.starts_with("memory on the device: ")).unwrap_or_else(|| panic!("no line about memory in {text}"));
    let result = read_log(&path).pop().unwrap();
    let bytes = result["bytes"]["total"].as_u64().unwrap();
    assert_eq!(bytes, read_log(&path)[0]["bytes"]["total"].as_u64().unwrap());
    assert!(line.contains(&format!("{:.0} KiB", bytes as f64 / 1024.0)) && line.contains("seconds of training"), "{line}: {bytes}");
    let spent = result["training_seconds"].as_f64().unwrap();
    assert!(spent > 0.0 && spent <= result["seconds"].as_f64().unwrap(), "tests and saves are extra: {result}");
    let phases = result["phase_seconds"].as_object().unwrap();
    // An adapter without a clock has no phases.
    if !phases.is_empty() {
        let names: Vec<&str> = phases.keys().map(String::as_str).collect();
        assert_eq!(names, ["choose", "sample", "pack", "forward", "scores", "backward", "weights"]);
        assert!(names.iter().all(|name| line.contains(&format!("{name} "))), "{line}");
        let seconds = |name: &str| phases[name].as_f64().unwrap();
        assert!(names.iter().all(|name| seconds(name) >= 0.0) && seconds("choose") > 0.0 && seconds("forward") > 0.0, "{result}");
        let sum: f64 = names.iter().map(|name| seconds(name)).sum();
        assert!((sum / spent - 1.0).abs() < 1e-6, "{result}");
    }
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
    assert_eq!(steps(&changed).len(), 2, "a flag overrides a link");
    assert_eq!(steps(&changed)[0]["loss"], steps(&flags)[0]["loss"]);
}

#[test]
fn a_run_with_fine_tuning_selects_a_mask_that_does_not_change() {
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
fn an_impossible_value_is_refused_with_the_flag_and_its_range() {
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
        ("--method", "magic", "vrpge, reinforce, ste, fisher, magnitude, fisher-pruning, set, rigl, snip, static, small-dense, dense"),
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
    refuses(&["train", "--url", "https://example.org/?keep_ratio=2"], &["keep_ratio", "from 0.01 to 1"]);
    refuses(&["train", "--url", "?prune_rate=1"], &["no setting \"prune_rate\"", "keep_ratio"]);
    refuses(&["bench", "--batch-size", "0"], &["--batch-size", "from 1 to 4096"]);
    refuses(&["bench", "--keep-ratio", "0"], &["--keep-ratio", "from 0.01 to 1"]);
    refuses(&["bench", "--keep-ratio", "0.1,7"], &["keep_ratio", "from 0.01 to 1"]);
    refuses(&["bench", "--model", "cnn-0", "--repeats", "1"], &["\"cnn-0\" cannot be read", "from 1 to 32768"]);
    refuses(&["bench", "--model", "vgg19"], &["\"vgg19\" cannot be read", "vgg16, resnet20"]);
    refuses(&["bench", "--model", "cnn-2-2-2-2-2-2"], &["halves its images more often than 32\u{d7}32 pixels allow"]);
    refuses(&["bench", "--repeats", "0"], &["--repeats"]);
    refuses(&["bench", "--sweep", "height"], &["--sweep", "no sweep \"height\"", "keep-ratio, width, depth, batch"]);
    refuses(&["bench", "--sweep", "width,width"], &["--sweep", "names width twice"]);
    refuses(&["bench", "--sweep", "width", "--model", "vgg16"], &["--sweep width", "widths of vgg16 are fixed", "mlp, cnn or wrn"]);
    refuses(&["bench", "--sweep", "width", "--keep-ratio", "0.1,0.2"], &["--sweep width has one keep ratio", "gives 2"]);
    refuses(&["bench", "--sweep", "keep-ratio", "--keep-ratio", "0.1"], &["at least two keep ratios"]);
    refuses(&["bench", "--sweep", "--keep-ratio", "0.1"], &["--keep-ratio", "make these sweeps one after the other"]);
    refuses(&["bench", "--out", "a-folder"], &["--sweep"]);
    refuses(&["data", "fetch", "imagenet"], &["mnist, fashion-mnist, cifar10, cifar100"]);
}

#[test]
fn refused_arguments_exit_with_2_and_later_errors_with_1() {
    let nowhere = tempfile::tempdir().unwrap();
    let status = |arguments: &[&str]| lacuna(arguments).status.code();
    for arguments in [
        &["train", "--prune-rate", "0.5"][..],
        &["train", "--keep-ratio", "2"],
        &["train", "--url", "?prune_rate=1"],
        &["bench", "--keep-ratio", "0.1,7"],
        &["bench", "--sweep", "height"],
        &["bench", "--sweep", "width", "--keep-ratio", "0.1,0.2"],
        &["bench", "--out", "a-folder"],
        &["model", "mlp-8", "--batch-size", "0"],
        &["model", "mlp-0"],
    ] {
        assert_eq!(status(arguments), Some(2), "{arguments:?}");
    }
    assert_eq!(status(&["train", "--data-dir", nowhere.path().to_str().unwrap()]), Some(1));
}

/// Mesa's layer that selects a device would print an error that does not concern this program.
#[cfg(target_os = "linux")]
#[test]
fn without_a_desktop_session_nothing_foreign_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_lacuna")).arg("adapters").env_remove("XDG_RUNTIME_DIR").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
}

#[test]
fn an_impossible_network_is_refused_with_an_explanation() {
    for model in ["cnn-", "mlp-0", "mlp-", "512", "mlp-40000", "mlp-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "resnet18", "wrn-28"] {
        refuses(&["train", "--model", model], &[&format!("model \"{model}\" cannot be read")]);
        refuses(&["model", model], &[&format!("model \"{model}\" cannot be read")]);
    }
    let fixture = fixture();
    refuses(&["train", "--dataset", "idx", "--data-dir", &fixture, "--model", "mlp", "--batch-size", "8"], &["nothing can be masked"]);
    let small = ["halves its images more often than 28\u{d7}28 pixels allow", "fewer stages"];
    refuses(&["train", "--dataset", "idx", "--data-dir", &fixture, "--model", "vgg16", "--batch-size", "8"], &small);
    refuses(&["train", "--dataset", "planted", "--model", "resnet20"], &["needs images, and this data has none: choose an mlp"]);
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
        &["no package", archive, "cs.toronto.edu/~kriz", "cifar-100-binary is in"],
    );
    refuses(&["train", "--dataset", "idx", "--data-dir", nowhere], &[nowhere, "no such folder"]);
    assert!(!Path::new(nowhere).exists(), "a refusal makes no folder");
}

#[test]
fn a_users_own_data_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let lines: Vec<String> = (0..40).map(|row| format!("{},{},{}", row * 5, 200 - row, ["oak", "elm"][row % 2])).collect();
    fs::write(at("trees.csv"), lines.join("\n")).unwrap();
    let own = |path: &str, more: &[&str]| {
        [&["train", "--dataset", path, "--model", "mlp-8", "--batch-size", "8", "--steps", "4"], more].concat().join("\u{0}")
    };
    let train = |path: &str, more: &[&str]| prints(&own(path, more).split('\u{0}').collect::<Vec<_>>());
    let said = train(&at("trees.csv"), &[]);
    assert!(said.contains("trees.csv: 40 rows of 2 values, 2 classes: 36 training rows and 4 test rows"), "{said}");
    assert!(said.contains("\n  Class: column 3: elm, oak.\n"), "{said}");
    // A link says that the user's own data is needed, and the flag says where it is.
    let said = train(&at("trees.csv"), &["--url", "?dataset=own&seed=3"]);
    assert!(said.contains("36 training and 4 test rows"), "{said}");
    refuses(&["train", "--url", "?dataset=own"], &["a user's own data", "--dataset PATH"]);
    // A folder of idx files is recognised by its content.
    let fixture = fixture();
    let said = train(&fixture, &[]);
    assert!(said.contains("fashion: 250 grey images of 28 \u{d7} 28, 10 classes: 200 training rows and 50 test rows"), "{said}");
    fs::write(at("bad.csv"), "1,2,oak\n3,elm\n").unwrap();
    refuses(&["train", "--dataset", &at("bad.csv")], &["bad.csv, line 2: it has 2 values where the first line has 3"]);
    refuses(
        &["train", "--dataset", &at("trees.csv"), "--label", "first", "--model", "mlp-8"],
        &["trees.csv: no class has two rows, one of them for the test"],
    );
    refuses(&["train", "--dataset", &at("nowhere.csv")], &["there is no such file or folder"]);
    refuses(&["train", "--dataset", &at("trees.csv"), "--missing", "guess"], &["--missing", "mean"]);
}

#[test]
fn a_table_too_small_for_the_batch_is_trained_in_smaller_ones_unless_the_batch_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("few.csv");
    fs::write(&table, "a,b,class\n1,2,x\n2,1,y\n3,,x\n4,3,y\n5,4,x\n6,2,y\n").unwrap();
    let table = table.to_str().unwrap();
    let train = ["train", "--dataset", table, "--label", "class", "--missing", "mean", "--model", "mlp-8", "--steps", "2"];
    let said = prints(&train);
    for words in ["4 training rows and 2 test rows", "Missing values became the mean of their column: b (1).", "  Batches of 4 rows, since"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    refuses(&[&train[..], &["--batch-size", "64"]].concat(), &["batch_size 64 is larger than the training set of 4 rows: give 4 or less"]);
    refuses(&train[..3], &["few.csv, line 4: column 2 (b) is empty. Fill them in"]);
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
fn a_run_that_diverges_ends_with_an_explanation_and_its_log() {
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
fn an_unknown_adapter_is_refused_with_a_list_of_the_known_ones() {
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

/// The output of `lacuna model ... --json`.
fn account(arguments: &[&str]) -> Value {
    serde_json::from_str(&prints(&[&["model"], arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn model_prints_every_layer_and_what_it_costs() {
    let text = prints(&["model", "resnet8", "--keep-ratio", "0.25"]);
    let line = |start: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(start));
        line.unwrap_or_else(|| panic!("no line begins with {start:?}:\n{text}")).to_owned()
    };
    let holds = |start: &str, parts: &[&str]| {
        let line = line(start);
        for part in parts {
            assert!(line.contains(part), "{part:?} is not in {line:?}");
        }
    };
    holds("resnet8 for images of", &["3\u{d7}32\u{d7}32", "10 classes", "cifar10"]);
    holds("inputs", &["3\u{d7}32\u{d7}32", "all"]);
    holds("conv 1", &["3\u{d7}3 convolution, normalised, relu", "32\u{d7}32\u{d7}32", " 928 ", "884,736", "gated, 25 %"]);
    holds("1.1 conv 2", &["3\u{d7}3 convolution ", " 9,216 ", "9,437,184", "gated, 25 %"]);
    holds("1.1 sum", &["1.1 conv 2 normalised + conv 1, relu", " 64 ", "either's, 44 %"]);
    holds("2.1 conv 1", &["3\u{d7}3 convolution by 2, normalised, relu", "64\u{d7}16\u{d7}16"]);
    holds("2.1 shortcut", &["1\u{d7}1 convolution by 2 of 1.1 sum, normalised", "2,176", "524,288"]);
    holds("mean of 8\u{d7}8", &[" 128 "]);
    holds("classes", &["fully connected", "1,290", "all"]);
    holds("weights  ", &["308,650"]);
    holds("gated units", &["672 in 9 groups"]);
    holds("multiply-adds", &["49,120,522 forward", "146,476,820 in a dense training step"]);
    holds("at 0.25 a sparse step", &["of the dense step's"]);
    holds("all ", &["MiB"]);
    assert!(text.lines().all(|line| line.chars().count() <= 120), "it fits in a terminal of 120 columns:\n{text}");
    assert!(prints(&["model", "mlp-8"]).contains("images of 1\u{d7}28\u{d7}28 in 10 classes, as of mnist"));
    assert!(!prints(&["model", "mlp-8"]).contains("either's"), "a line about sums is printed only for networks with sums");
    let named = prints(&["model", "cnn-4", "--dataset", "cifar100"]);
    assert!(named.contains("3\u{d7}32\u{d7}32 in 100 classes, as of cifar100"), "{named}");
}

#[test]
fn model_prints_one_object_for_machines() {
    let wide = account(&["wrn-28-10", "--keep-ratio", "0.1", "--batch-size", "64"]);
    assert_eq!(
        (&wide["weights"], &wide["units"], &wide["dataset"]),
        (&36_479_194.into(), &(16 + 12 * 2 * 1120 / 3 + 1120).into(), &"cifar10".into())
    );
    assert_eq!((&wide["batch_size"], &wide["keep_ratio"], &wide["gate_inputs"]), (&64.into(), &0.1.into(), &false.into()));
    let sum = |list: &str, key: &str| wide[list].as_array().unwrap().iter().map(|one| one[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("operations", "weights"), 36_479_194);
    assert_eq!(sum("operations", "multiply_adds"), wide["multiply_adds_forward"].as_u64().unwrap());
    let union = wide["groups"].as_array().unwrap().iter().find(|group| group["name"] == "1.2 sum").unwrap();
    assert_eq!(union["union_of"], serde_json::json!(["1.2 conv 2", "1.1 sum"]));
    assert!((union["share_kept"].as_f64().unwrap() - (1.0 - 0.9f64.powi(3))).abs() < 1e-9);
    let total = |which: &str| wide["bytes"][which]["total"].as_u64().unwrap();
    assert!(
        total("compacted") < total("at_keep_ratio") / 2 && total("at_keep_ratio") < total("sparse") / 2 && total("sparse") < total("dense")
    );
    assert!(wide["predicted_ratio"].as_f64().is_some_and(|ratio| (0.01..0.05).contains(&ratio)));
    let twice = account(&["wrn-28-10", "--keep-ratio", "0.1", "--batch-size", "128"]);
    assert_eq!(twice["bytes"]["dense"]["activations"].as_u64(), wide["bytes"]["dense"]["activations"].as_u64().map(|bytes| 2 * bytes));
    assert_eq!(twice["bytes"]["dense"]["weights"], wide["bytes"]["dense"]["weights"]);

    let own = account(&["mlp-5", "--image", "2x3x4", "--classes", "7", "--gate-inputs"]);
    assert_eq!((&own["weights"], &own["units"], &own["dataset"]), (&(25 * 5 + 6 * 7).into(), &29.into(), &Value::Null));
    assert_eq!(account(&["mlp", "--dataset", "planted", "--gate-inputs"])["image"], serde_json::json!([1, 1, 256]));
}

/// Networks by name: weights; the ratio of a sparse step to a dense one at keep ratios 0.1 and 0.2; memory dense, sparse, compacted at 0.1 and
/// compacted at 0.2.
const NETWORKS: [(&str, u64, [&str; 2], [&str; 4]); 6] = [
    ("mlp-1024-1024", 1_863_690, ["0.060", "0.138"], ["31 MiB", "31 MiB", "2.5 MiB", "4.9 MiB"]),
    ("cnn-32-64-128", 288_746, ["0.015", "0.057"], ["162 MiB", "85 MiB", "13 MiB", "25 MiB"]),
    ("vgg16", 14_724_042, ["0.014", "0.054"], ["579 MiB", "388 MiB", "32 MiB", "58 MiB"]),
    ("resnet20", 1_084_586, ["0.022", "0.082"], ["475 MiB", "323 MiB", "58 MiB", "106 MiB"]),
    ("resnet32", 1_860_522, ["0.027", "0.095"], ["720 MiB", "512 MiB", "103 MiB", "180 MiB"]),
    ("wrn-28-10", 36_479_194, ["0.024", "0.090"], ["3.7 GiB", "2.4 GiB", "361 MiB", "650 MiB"]),
];

#[test]
fn model_predicts_the_work_and_the_memory_of_known_networks() {
    for (name, weights, ratios, memory) in NETWORKS {
        let accounts = ["0.1", "0.2"].map(|keep| account(&[name, "--keep-ratio", keep]));
        assert_eq!(accounts[0]["weights"].as_u64(), Some(weights), "{name}");
        assert_eq!(accounts.each_ref().map(|account| format!("{:.3}", account["predicted_ratio"].as_f64().unwrap())), ratios, "{name}");
        let bytes = |account: &Value, which: &str| account["bytes"][which]["total"].as_f64().unwrap();
        let counted = [
            bytes(&accounts[0], "dense"),
            bytes(&accounts[0], "sparse"),
            bytes(&accounts[0], "compacted"),
            bytes(&accounts[1], "compacted"),
        ];
        for (expected, bytes) in memory.into_iter().zip(counted) {
            let (amount, unit) = expected.split_once(' ').unwrap();
            let unit = if unit == "GiB" { 1u64 << 30 } else { 1 << 20 } as f64;
            let amount: f64 = amount.parse().unwrap();
            assert!((amount - bytes / unit).abs() <= if amount < 10.0 { 0.051 } else { 0.51 }, "{name}: {expected}, {}", bytes / unit);
        }
    }
}

#[test]
fn model_refuses_impossible_networks_with_an_explanation() {
    refuses(&["model"], &["<NAME>"]);
    refuses(&["model", "vgg16", "--dataset", "mnist"], &["halves its images more often than 28\u{d7}28 pixels allow", "fewer stages"]);
    refuses(&["model", "vgg16", "--image", "3x31x31"], &["31\u{d7}31 pixels"]);
    refuses(&["model", "resnet20", "--image", "3x32x48"], &["needs square images", "choose an mlp"]);
    refuses(&["model", "cnn-4", "--dataset", "planted"], &["needs images, and this data has none"]);
    refuses(&["model", "mlp"], &["nothing can be masked"]);
    refuses(&["model", "cnn-32768"], &["weights, more than a 32-bit index can number", "narrower"]);
    refuses(&["model", "mlp-8", "--image", "3x200x200"], &["120000 inputs", "at most 32768"]);
    refuses(&["model", "mlp-8", "--image", "1x65536x65536"], &["1\u{d7}65536\u{d7}65536", "below 4 GB"]);
    refuses(&["model", "mlp-8", "--image", "0x4x4"], &["each number must be at least 1"]);
    refuses(&["model", "mlp-8", "--image", "32x32"], &["--image", "as in 3x32x32"]);
    refuses(&["model", "mlp-8", "--image", "3x4x4", "--dataset", "mnist"], &["--image", "--dataset"]);
    refuses(&["model", "mlp-8", "--classes", "4"], &["--image"]);
    refuses(&["model", "mlp-8", "--image", "3x4x4", "--classes", "0"], &["--classes", "1..=256"]);
    refuses(&["model", "mlp-8", "--dataset", "idx"], &["--dataset", "mnist, fashion-mnist, cifar10, cifar100, planted"]);
    refuses(&["model", "mlp-8", "--keep-ratio", "2"], &["--keep-ratio", "from 0.01 to 1"]);
    refuses(&["model", "mlp-8", "--batch-size", "0"], &["--batch-size", "from 1 to 4096"]);
}

#[test]
fn a_reader_that_closes_the_output_early_causes_no_panic() {
    use std::process::Stdio;
    let (fixture, data) = (fixture(), concat!(env!("CARGO_MANIFEST_DIR"), "/data"));
    let commands: [&[&str]; 6] = [
        &["model", "resnet20"],
        &["adapters"],
        &["check"],
        &["bench", "--model", "mlp-16", "--keep-ratio", "0.5", "--repeats", "1"],
        &["train", "--dataset", "idx", "--data-dir", &fixture, "--model", "mlp-8-8", "--batch-size", "8", "--steps", "1"],
        &["data", "fetch", "mnist", "--data-dir", data],
    ];
    for arguments in commands {
        let mut program = Command::new(env!("CARGO_BIN_EXE_lacuna"));
        let mut child = program.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A run of a convolutional network on the fixture that drops units.
const CNN_RUN: [&str; 16] = [
    "--dataset",
    "idx",
    "--model",
    "cnn-6-8",
    "--keep-ratio=0.2",
    "--scores-rate",
    "0.2",
    "--batch-size",
    "32",
    "--epochs",
    "4",
    "--seed",
    "7",
    "--method",
    "vrpge",
    "--gate-inputs=false",
];

#[test]
fn train_prints_the_memory_before_it_allocates_it() {
    let fixture = fixture();
    let text = prints(&[&["train", "--data-dir", &fixture, "--steps", "1"], &CNN_RUN[..]].concat());
    let line = text.lines().nth(1).unwrap();
    for words in ["on the device the network takes", "MiB (weights ", "activations ", "optimiser ", "the data set takes 191 KiB more"] {
        assert!(line.contains(words), "{words:?} is not in {line:?}");
    }
    let first = &log_of(&[&CNN_RUN[..], &["--steps", "1"]].concat())[0];
    let own = account(&["cnn-6-8", "--image", "1x28x28", "--batch-size", "32"]);
    assert_eq!(first["bytes"], own["bytes"]["sparse"], "as `lacuna model` prints");
    let of = |method| [&CNN_RUN[..13], &["--gate-inputs=false", "--steps", "1", "--method", method]].concat();
    let dense = &log_of(&of("dense"))[0];
    assert_eq!(dense["bytes"], own["bytes"]["dense"], "a dense run takes the dense memory of `lacuna model`");
    // The copy that ranks units is printed too.
    let text = prints(&[&["train", "--data-dir", &fixture], &of("snip")[..]].concat());
    let line = text.lines().nth(1).unwrap();
    assert!(line.contains("the network and the copy with which snip ranks units take"), "{line}");
    let log = log_of(&of("snip"));
    assert!(log[0]["bytes"]["total"].as_u64() > dense["bytes"]["total"].as_u64());
    let used = |line: &Value| line["bytes"]["total"].as_u64().unwrap();
    assert!(used(log.last().unwrap()) < used(&log[0]), "the chosen mask needs less memory than the stated one, of the first step");
    assert_eq!((&first["data_set_bytes"], &first["streamed"]), (&(250 * 784).into(), &false.into()));
}

// Other adapters allow at most 2 GiB in wgpu; Metal allows what the machine has.
#[cfg(not(target_os = "macos"))]
#[test]
fn a_network_too_large_for_the_adapter_is_refused_with_advice() {
    let fixture = fixture();
    let train = ["train", "--dataset", "idx", "--data-dir", &fixture, "--model", "mlp-32768-32768-32", "--batch-size", "8"];
    refuses(&train, &["mlp-32768-32768-32: the weights take 4.1 GiB", "largest buffer of", "narrower network", "another adapter"]);
    refuses(&["bench", "--model", "mlp-32768-32768-32"], &["the weights take 4.1 GiB", "narrower network"]);
}

#[test]
fn a_run_that_drops_units_continues_like_one_that_does_not() {
    let whole = log_of(&CNN_RUN);
    let compacted = log_of(&[&CNN_RUN[..], &["--compact"]].concat());
    let events: Vec<&Value> = compacted.iter().filter(|line| line["event"] == "compact").collect();
    assert_eq!(events.iter().map(|event| event["step"].as_u64().unwrap()).collect::<Vec<_>>(), [6, 12, 18], "after each epoch");
    let mut units = 28;
    let mut bytes = compacted[0]["bytes"].clone();
    for event in &events {
        let [before, after] = ["units_before", "units"].map(|key| event[key].as_u64().unwrap());
        assert_eq!((before, before - after), (units, event["dropped"].as_u64().unwrap()));
        // Between two of them the memory follows the budget.
        let [then, now] = [&bytes, &event["bytes_before"]];
        assert!(now["total"].as_u64() <= then["total"].as_u64(), "{then} and {now}");
        assert!(event["bytes"]["total"].as_u64() <= now["total"].as_u64() && (after == before) == (event["bytes"] == *now));
        (units, bytes) = (after, event["bytes"].clone());
    }
    assert!(units < 20, "units were dropped: {units} are left");
    assert!(whole.iter().all(|line| line["event"] != "compact"));

    // The draws are the same, and the losses too except for the order of some sums. Every line is still about the whole network.
    let rest: Vec<&Value> = compacted.iter().filter(|line| line["event"] != "compact").collect();
    assert_eq!(rest.len(), whole.len());
    for (line, full) in rest.iter().zip(&whole).skip(1) {
        assert_eq!(
            (&line["kept"], &line["probe_kept"], &line["budget"], &line["keep"]),
            (&full["kept"], &full["probe_kept"], &full["budget"], &full["keep"])
        );
        for key in ["loss", "probe_loss", "sum_scores", "gradient_norm", "test_loss", "sampled_test_loss"] {
            if let (Some(value), Some(other)) = (line[key].as_f64(), full[key].as_f64()) {
                assert!((value - other).abs() <= 1e-4 * other.abs(), "{key}: {line} {full}");
            }
        }
    }
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
        assert!(line["timed"].as_array().is_some_and(|timed| timed.is_empty() || !line["kernels"].as_str().unwrap().is_empty()));
        // An adapter without a clock has no phases; one with a clock has all of them.
        let phases = line["phases"].as_object().unwrap();
        let names: Vec<&str> = phases.keys().map(String::as_str).collect();
        assert!(names.is_empty() || names == ["sample", "pack", "forward", "scores", "backward", "weights"], "{names:?}");
        assert!(phases.values().all(|ms| ms.as_f64().is_some_and(|ms| ms >= 0.0)));
    }
    assert!((lines[0]["predicted_ratio"].as_f64().unwrap() - 1.0).abs() < 1e-9 && lines[0]["ratio"] == 1.0, "the first line is dense");
    let predicted: Vec<f64> = lines[1..].iter().map(|line| line["predicted_ratio"].as_f64().unwrap()).collect();
    assert!(predicted.windows(2).all(|pair| pair[0] < pair[1]), "{predicted:?}");
    let bytes: Vec<u64> = lines[1..].iter().map(|line| line["bytes"]["total"].as_u64().unwrap()).collect();
    assert!(bytes.windows(2).all(|pair| pair[0] < pair[1]), "{bytes:?}");
}

/// Checks the table of `lacuna bench` for a network at two keep ratios.
fn benched(model: &str, flags: &[&str]) {
    let arguments = ["bench", "--model", model, "--batch-size", "4", "--keep-ratio", "0.1,0.5", "--repeats", "1"];
    let table = prints(&[&arguments[..], flags].concat());
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with(&format!("{model}, batch 4, on ")), "{table}");
    let header = lines.iter().find(|line| line.contains("ms a step")).unwrap();
    assert!(header.contains("memory") && header.contains("predicted"), "{table}");
    for keep in ["dense", "0.1", "0.5"] {
        let line = lines.iter().find(|line| line.split_whitespace().next() == Some(keep));
        assert!(line.is_some_and(|line| line.contains(" MiB") || line.contains(" KiB")), "{keep}: {table}");
    }
    assert!(table.contains("One turn."), "{table}");
    assert!(lines.iter().all(|line| line.chars().count() <= 160), "{table}");
}

#[test]
fn bench_times_plain_convolutional_networks() {
    benched("cnn-4-4", &[]);
    let bytes = |batch: &str| {
        let output = prints(&["bench", "--model", "cnn-4", "--batch-size", batch, "--keep-ratio", "0.5", "--repeats", "1", "--json"]);
        let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter().map(|line| line["bytes"]["activations"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes("8"), bytes("4").iter().map(|bytes| 2 * bytes).collect::<Vec<_>>());
}

#[test]
fn bench_times_residual_networks() {
    benched("resnet8", &[]);
}

#[test]
fn bench_times_wide_residual_networks_on_the_cpu() {
    benched("wrn-10-1", &["--adapter", "cpu"]);
}

#[test]
fn the_estimators_are_measured_and_printed_as_one_object() {
    let fixture = fixture();
    let flags = ["estimator", "--data-dir", &fixture, "--dataset", "idx", "--model", "mlp-6", "--keep-ratio=0.5", "--schedule", "constant"];
    let more = ["--batch-size", "32", "--epochs", "3", "--after-steps", "5", "--pairs", "100"];
    let report: Value = serde_json::from_str(&prints(&[&flags[..], &more[..], &["--json"]].concat())).unwrap();
    assert_eq!((&report["step"], &report["pairs"], &report["units"]), (&5.into(), &100.into(), &6.into()));
    assert_eq!(report["enumerated_masks"], 1u32 << report["undecided_units"].as_u64().unwrap());
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 7 * 5);
    for row in rows {
        for key in ["bias", "bias_chance", "variance", "signal_to_noise", "cosine", "cosine_error"] {
            assert!(row[key].as_f64().is_some_and(f64::is_finite), "{key} of {row}");
        }
        let is_bounded = ["two-sided", "one-sided", "plain"].iter().any(|name| row["estimator"] == *name);
        assert_eq!(row["bound"].is_null(), !is_bounded, "{row}");
        assert_eq!(row["bins"].as_array().unwrap().len(), 6);
    }
    let words = prints(&[&flags[..], &more[..]].concat());
    for expected in ["true gradient: from all", "two-sided", "one-sided", "plain", "ste", "Split by s"] {
        assert!(words.contains(expected), "{expected:?} is not in:\n{words}");
    }
    refuses(&[&flags[..], &["--batch-size", "32", "--epochs", "3", "--after-steps", "19"]].concat(), &["the run has 18 steps", "--epochs"]);

    let table: Value = serde_json::from_str(&prints(&["estimator", "--table", "--pairs", "100", "--json"])).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["cells"].as_array().unwrap().len()).collect::<Vec<_>>(), [5; 3]);
    let words = prints(&["estimator", "--table", "--pairs", "100"]);
    for expected in ["two-sided \u{3b1} = 0.5", "exact, from all 64 masks", "From s = 0.5 to 0.001"] {
        assert!(words.contains(expected), "{expected:?} is not in:\n{words}");
    }
}
