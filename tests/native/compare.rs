//! `lacuna compare` as a user sees it: complete files, runs that are not run twice, refusals that explain.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use serde_json::Value;

fn fixture() -> String {
    format!("{}/tests/fixtures/fashion", env!("CARGO_MANIFEST_DIR"))
}

/// A comparison of runs of 18 steps on 200 rows of Fashion-MNIST.
fn compare(out: &Path, flags: &[&str]) -> Output {
    command(out, flags).output().unwrap()
}

fn command(out: &Path, flags: &[&str]) -> Command {
    let epochs: &[&str] = if flags.contains(&"--epochs") { &[] } else { &["--epochs", "3"] };
    // A search tries both problems unless one is named.
    let gated: &[&str] = if flags.contains(&"--search") { &[] } else { &["--gate-inputs"] };
    let run = ["compare", "--dataset", "idx", "--model", "mlp-24-12", "--batch-size", "32"];
    let fixture = fixture();
    let out = ["--data-dir", &fixture, "--out", out.to_str().unwrap()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
    command.args(run).args(gated).args(epochs).args(out).args(flags);
    command
}

fn prints(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("panicked"), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refuses(output: &Output, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !message.contains("panicked"), "{message}");
    for words in words {
        assert!(message.contains(words), "{words:?} is not in {message:?}");
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Starts a comparison again and again until it ends. Each of the `obstacles`, by the name that a checkpoint has until it is complete, stops it once:
/// a folder at this path, which is removed after that start. The result is what each start printed.
fn interrupted(out: &Path, flags: &[&str], obstacles: &[&str]) -> Vec<String> {
    let runs = out.join("runs");
    for name in obstacles {
        fs::create_dir_all(runs.join(name)).unwrap();
    }
    let mut printed = Vec::new();
    for _ in 0..obstacles.len() {
        let output = compare(out, flags);
        printed.push(String::from_utf8_lossy(&output.stdout).into_owned());
        let error = String::from_utf8_lossy(&output.stderr);
        let met = obstacles.iter().find(|name| error.contains(name.trim_end_matches(".part")) && runs.join(name).exists());
        fs::remove_dir(runs.join(met.unwrap_or_else(|| panic!("{error}")))).unwrap();
    }
    printed.push(prints(&compare(out, flags)));
    printed
}

/// Every finished run of a comparison by the name of its file, without seconds.
fn untimed_runs(out: &Path) -> Vec<(String, Value)> {
    let mut runs: Vec<(String, Value)> = fs::read_dir(out.join("runs"))
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let mut run = json(&path);
            for point in run["points"].as_array_mut().unwrap() {
                let point = point.as_object_mut().unwrap();
                assert!(point.remove("seconds").is_some() && point.remove("phase_seconds").is_some());
            }
            (path.file_name().unwrap().to_string_lossy().into_owned(), run)
        })
        .collect();
    runs.sort_by(|one, other| one.0.cmp(&other.0));
    runs
}

#[test]
fn a_comparison_writes_complete_files_and_continues_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("here");
    let methods = "static-allocated,dense,vrpge,rigl";
    let first = prints(&compare(&out, &["--methods", methods, "--seeds", "2", "--keep-ratio", "0.3", "--structure-every", "4"]));
    for words in ["dense, seed 1", "static-allocated, seed 2", "at equal multiply-adds", "near dense", "What this does not show"] {
        assert!(first.contains(words), "{words:?} is not in {first}");
    }

    let results = json(&out.join("results.json"));
    let runs = results["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8);
    for run in runs {
        let points = run["points"].as_array().unwrap();
        assert_eq!(points.len(), 10, "{run}");
        assert_eq!(points[9]["step"], 18);
        let rises = |name: &str| points.windows(2).all(|pair| pair[0][name].as_f64() <= pair[1][name].as_f64());
        assert!(["step", "forward", "backward", "structure", "near_dense", "seconds"].into_iter().all(rises), "{run}");
        let end = |name: &str| points[9][name].as_u64().unwrap();
        let total = end("forward") + end("backward") + end("structure");
        let phases: Vec<f64> = points[9]["phase_seconds"].as_array().unwrap().iter().map(|seconds| seconds.as_f64().unwrap()).collect();
        // An adapter without a clock has none.
        if !phases.is_empty() {
            let seconds = points[9]["seconds"].as_f64().unwrap();
            assert!((phases.iter().sum::<f64>() / seconds - 1.0).abs() < 1e-6, "{run}");
            assert!(phases.iter().all(|&seconds| seconds >= 0.0) && phases[3] > 0.0, "{run}");
        }
        match run["entrant"].as_str().unwrap() {
            // Every pass is dense, and is counted as such.
            "dense" => {
                let step = 784 * 24 + 24 + 24 * 12 + 12 + 12 * 10 + 10;
                assert_eq!((end("forward"), end("near_dense")), (18 * 32 * step, total));
            }
            // Three dense passes that rank units, at steps 4, 8 and 12, and nothing else.
            "rigl" => assert_eq!((end("structure") > 0, end("near_dense")), (true, end("structure"))),
            // The control variate takes dL/dm of the kept units.
            "vrpge" => assert!(end("structure") > 0 && end("near_dense") == 0, "its preset starts at half of the units: {run}"),
            "static-allocated" => assert_eq!((end("structure"), end("near_dense")), (0, 0)),
            other => panic!("{other}"),
        }
    }
    let kept = |entrant: &str| {
        let run = runs.iter().find(|run| run["entrant"] == entrant && run["seed"] == 2).unwrap();
        run["points"][9]["kept"].clone()
    };
    assert_eq!(kept("static-allocated"), kept("vrpge"));
    assert_eq!(results["table"].as_array().unwrap().len(), 4);

    let csv = fs::read_to_string(out.join("results.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 8 * 10);
    assert!(lines.iter().all(|line| line.split(',').count() == lines[0].split(',').count()), "{csv}");

    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert_eq!((page.matches("<svg ").count(), page.matches("</svg>").count()), (3, 3));
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("llvmpipe") == first.contains("llvmpipe"));
    for request in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(request), "the page asks for something: {request}");
    }
    let elsewhere = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(elsewhere, 0);
    assert_eq!(fs::read_dir(out.join("runs")).unwrap().count(), 8, "no file is left half written");

    // One run is missing, as if the program had been stopped, and there is a half-written file.
    let written = |name: &str| fs::metadata(out.join("runs").join(name)).unwrap().modified().unwrap();
    let before: SystemTime = written("dense-1.json");
    let lost = out.join("runs/rigl-2.json");
    let was = json(&lost);
    fs::rename(&lost, lost.with_extension("partial")).unwrap();
    let again = prints(&compare(&out, &["--methods", methods, "--seeds", "2", "--keep-ratio", "0.3", "--structure-every", "4"]));
    assert_eq!(again.matches("already finished").count(), 7, "{again}");
    assert_eq!(written("dense-1.json"), before);
    let untimed = |run: &Value| {
        run["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| [point["accuracy"].clone(), point["forward"].clone(), point["kept"].clone()])
            .collect::<Vec<_>>()
    };
    assert_eq!(untimed(&json(&lost)), untimed(&was), "a run repeats");
    // Fewer methods and more seeds continue in the same folder.
    let wider = prints(&compare(&out, &["--methods", "dense", "--seeds", "3", "--keep-ratio", "0.3", "--structure-every", "4"]));
    assert_eq!(wider.matches("already finished").count(), 2, "{wider}");

    refuses(&compare(&out, &["--methods", "dense", "--keep-ratio", "0.2"]), &["another comparison", "keep_ratio=0.3", "--out"]);
    refuses(&compare(&out, &["--methods", "dense", "--keep-ratio", "0.3", "--structure-every", "4", "--plain"]), &["its presets is true"]);
}

#[test]
fn vrpge_is_compared_two_sided_and_one_sided() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["vrpge", "vrpge-one-sided", "rigl"];
    let flags = ["--methods", &names.join(","), "--seeds", "1", "--keep-ratio", "0.3", "--structure-every", "4"];
    let text = prints(&compare(folder.path(), &flags));
    // A long list of settings is broken into lines.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("vrpge-one-sided: ") && words.contains("estimator one-sided"), "its settings are printed: {text}");
    let results = json(&folder.path().join("results.json"));
    let [two, one, rigl] = names.map(|name| {
        let run = results["runs"].as_array().unwrap().iter().find(|run| run["entrant"] == name);
        run.unwrap_or_else(|| panic!("no run of {name}")).clone()
    });
    assert!(one["query"].as_str().unwrap().contains("estimator=one-sided") && !two["query"].as_str().unwrap().contains("estimator"));
    let settings = |run: &Value| {
        let query = run["query"].as_str().unwrap().to_owned();
        query.split('&').filter(|pair| !pair.starts_with("estimator")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(settings(&one), settings(&two), "the presets of vrpge");
    assert_ne!(one["points"][9]["loss"], two["points"][9]["loss"], "another estimator is another run");
    // Their memory follows their scores.
    let bytes = |run: &Value| run["bytes"].as_f64().unwrap();
    assert!((bytes(&one) / bytes(&two) - 1.0).abs() < 0.1, "{} and {}", one["bytes"], two["bytes"]);
    // 784, 24 and 12 units: the dense copy and the values of one mask take more than the values of two masks.
    assert!(rigl["bytes"].as_u64() > two["bytes"].as_u64());
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("vrpge-one-sided"));
}

#[test]
fn a_comparison_that_is_killed_continues_with_the_interrupted_run() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let flags = ["--methods", "static,dense", "--seeds", "2", "--keep-ratio", "0.3", "--epochs", "30"];
    prints(&compare(&whole, &flags));
    let mut stopped = command(&killed, &flags).stdout(std::process::Stdio::null()).spawn().unwrap();
    let runs = killed.join("runs");
    let names = |ending: &str| -> Vec<String> {
        let found = fs::read_dir(&runs).into_iter().flatten().map(|file| file.unwrap().file_name().into_string().unwrap());
        found.filter(|name| name.ends_with(ending)).collect()
    };
    let patience = std::time::Instant::now();
    while !runs.join("dense-1.unfinished.json").exists() {
        assert!(stopped.try_wait().unwrap().is_none() && patience.elapsed().as_secs() < 120, "a checkpoint comes before the program ends");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    stopped.kill().unwrap();
    stopped.wait().unwrap();
    let begun = names(".unfinished.json").len();
    let finished = names(".json").len() - begun;
    assert!((1..4).contains(&finished) && begun <= 1, "it was stopped during the comparison: {finished}, {begun}");
    let again = prints(&compare(&killed, &flags));
    assert_eq!(again.matches("already finished").count(), finished, "{again}");
    assert_eq!(again.matches("continues at step").count(), begun, "{again}");
    assert_eq!(untimed_runs(&killed), untimed_runs(&whole));
}

#[test]
fn an_interrupted_run_ends_as_if_it_had_not_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    // All that a checkpoint has to hold: two masks and a control variate, effects, copies of the network, chosen masks, an allocation, dropped units.
    let methods = "vrpge,fisher,rigl,snip,magnitude,small-dense,static-allocated";
    let flags = ["--methods", methods, "--seeds", "1", "--keep-ratio", "0.3", "--structure-every", "4", "--compact"];
    prints(&compare(&whole, &flags));
    // The runs are evaluated after steps 1, 3, 5, 7, 9, 10, 12, 14, 16 and 18.
    let obstacles = [
        ("vrpge", 3, 1),
        ("vrpge", 16, 14),
        ("fisher", 10, 9),
        ("rigl", 14, 12),
        ("snip", 9, 7),
        ("magnitude", 7, 5),
        ("small-dense", 5, 3),
        ("static-allocated", 12, 10),
    ];
    let names = obstacles.map(|(entrant, step, _)| format!("{entrant}-1.step-{step}.safetensors.part"));
    let printed = interrupted(&parts, &flags, &names.each_ref().map(String::as_str));
    for (start, (entrant, _, step)) in printed[1..].iter().zip(obstacles) {
        let words = format!("{entrant}, seed 1: continues at step {step} of 18");
        assert!(start.contains(&words) && start.matches("continues at").count() == 1, "{words} is not in {start}");
    }
    assert_eq!(untimed_runs(&parts), untimed_runs(&whole));
    for run in json(&parts.join("results.json"))["runs"].as_array().unwrap() {
        let points = run["points"].as_array().unwrap();
        let rises = points.windows(2).all(|pair| pair[0]["seconds"].as_f64() < pair[1]["seconds"].as_f64());
        assert!(points.len() == 10 && rises, "the seconds continue: {run}");
    }
}

#[test]
fn an_interrupted_search_continues_within_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let flags = ["--search", "--methods", "rigl", "--keep-ratio", "0.3", "--structure-every", "4", "--gate-inputs"];
    let winner = |text: &str| text.lines().last().unwrap().to_owned();
    let first = prints(&compare(&whole, &flags));
    let printed = interrupted(&parts, &flags, &["rigl-7-inputs-1.step-9.safetensors.part"]);
    assert!(printed[1].contains("rigl-7-inputs, seed 1: continues at step 7 of 15"), "{}", printed[1]);
    assert_eq!(winner(&printed[1]), winner(&first));
    assert_eq!(untimed_runs(&parts), untimed_runs(&whole));
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_named_and_the_run_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts, other] = ["whole", "parts", "other"].map(|name| folder.path().join(name));
    let flags = ["--methods", "vrpge", "--seeds", "1", "--keep-ratio", "0.3"];
    let obstacle = "vrpge-1.step-9.safetensors.part";
    let stop = |out: &Path, flags: &[&str]| {
        fs::create_dir_all(out.join("runs").join(obstacle)).unwrap();
        refuses(&compare(out, flags), &["vrpge-1.step-9.safetensors"]);
        fs::remove_dir(out.join("runs").join(obstacle)).unwrap();
    };
    prints(&compare(&whole, &flags));
    let files = ["vrpge-1.unfinished.json", "vrpge-1.step-7.safetensors"];
    stop(&parts, &flags);
    let kept = files.map(|name| fs::read(parts.join("runs").join(name)).unwrap());
    // The run with the same name in another comparison.
    let of_other = ["--methods", "vrpge", "--seeds", "1", "--keep-ratio", "0.3", "--momentum", "0.8"];
    stop(&other, &of_other);
    let foreign = files.map(|name| fs::read(other.join("runs").join(name)).unwrap());
    let changed = |bytes: &[u8], place: usize| {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1;
        changed
    };
    let [record, checkpoint] = &kept;
    let accuracy = String::from_utf8_lossy(record).find("\"accuracy\": 0.").unwrap() + "\"accuracy\": 0.".len();
    for (files_now, words) in [
        // A weight that is another finite number, and another accuracy of an earlier point.
        ([record.clone(), changed(checkpoint, checkpoint.len() - 4)], "do not have the checksum"),
        ([changed(record, accuracy), checkpoint.clone()], "do not have the checksum"),
        ([record.clone(), checkpoint[..checkpoint.len() / 2].to_vec()], "do not have the checksum"),
        ([foreign[0].clone(), foreign[1].clone()], "do not have the checksum"),
        ([record[..record.len() / 2].to_vec(), checkpoint.clone()], "no record of an interrupted run"),
        ([vec![0xff; 9], checkpoint.clone()], "no record of an interrupted run"),
    ] {
        for (name, bytes) in files.iter().zip(&files_now) {
            fs::write(parts.join("runs").join(name), bytes).unwrap();
        }
        let again = prints(&compare(&parts, &flags));
        assert!(again.contains("vrpge, seed 1: starts anew") && again.contains(words), "{words:?} is not in {again}");
        assert_eq!(untimed_runs(&parts), untimed_runs(&whole));
        fs::remove_file(parts.join("runs/vrpge-1.json")).unwrap();
    }
    // The record alone.
    fs::write(parts.join("runs").join(files[0]), record).unwrap();
    let again = prints(&compare(&parts, &flags));
    assert!(again.contains("starts anew") && again.contains(files[1]), "{again}");
    assert_eq!(untimed_runs(&parts), untimed_runs(&whole));
}

#[test]
fn an_impossible_comparison_is_refused_before_anything_is_run() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, words) in [
        (&["--methods", "dense,magic"][..], &["no method \"magic\"", "vrpge-one-sided, static-allocated"][..]),
        (&["--methods", "dense,dense"], &["names dense twice"]),
        (&["--methods", "static,static-allocated"], &["name vrpge too"]),
        (&["--finetune-epochs", "2"], &["without fine-tuning"]),
        (&["--seed", "4294967295", "--seeds", "2"], &["fewer than 2 seeds"]),
        (&["--seeds", "0"], &["0"]),
        (&["--method", "dense"], &["--method"]),
        (&["--search", "--plain"], &["--plain"]),
        (&["--search", "--pins", "1on"], &["leave the pins out"]),
    ] {
        refuses(&compare(&folder.path().join("new"), flags), words);
        assert!(!folder.path().join("new").exists(), "{flags:?} left something behind");
    }
}

#[test]
fn pins_apply_to_the_methods_that_have_scores() {
    let folder = tempfile::tempdir().unwrap();
    let found = prints(&compare(folder.path(), &["--methods", "static,vrpge", "--seeds", "1", "--keep-ratio", "0.3", "--pins", "7on"]));
    assert!(found.contains("static, seed 1") && found.contains("vrpge, seed 1"), "{found}");
    let again = prints(&compare(folder.path(), &["--methods", "static,vrpge", "--seeds", "1", "--keep-ratio", "0.3", "--pins", "7on"]));
    assert_eq!(again.matches("already finished").count(), 2, "{again}");
}

#[test]
fn a_search_tries_as_many_settings_of_each_method_on_held_out_rows() {
    let folder = tempfile::tempdir().unwrap();
    let found = prints(&compare(folder.path(), &["--search", "--methods", "vrpge,static", "--keep-ratio", "0.3"]));
    assert!(found.contains("167 training and 33 test rows"), "{found}");
    assert_eq!((found.matches("vrpge-").count(), found.matches("static-").count()), (24, 24), "{found}");
    assert!(found.contains("\nvrpge => &[(\"learning_rate\", ") && found.contains("\nstatic => &[("), "{found}");
    // The winner has the rest of the preset, which the search left as it was.
    assert!(found.contains("(\"exact_information\", \"true\")"), "{found}");
    assert!(!folder.path().join("results.csv").exists());
}

#[test]
fn a_search_with_the_problem_named_tries_that_one_alone() {
    for flag in ["--gate-inputs", "--gate-inputs=false"] {
        let folder = tempfile::tempdir().unwrap();
        let found = prints(&compare(folder.path(), &["--search", "--methods", "static", "--keep-ratio", "0.3", "--epochs", "1", flag]));
        let of = |problem: &str| found.matches(problem).count();
        assert_eq!((of("-inputs, seed"), of("-hidden, seed")), if flag == "--gate-inputs" { (12, 0) } else { (0, 12) }, "{found}");
    }
}
