//! A saved run continues as if it had never stopped, on this machine's adapter, and its file describes it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use pollster::block_on;
use serde_json::Value;

use lacuna::config::Config;
use lacuna::data::{self, Dataset};
use lacuna::device::Machine;
use lacuna::run_file::{Change, DatasetIdentity, Recorder, RunFile, restore};
use lacuna::trainer::{Checkpoint, DataShape, Trainer};

use crate::adapter::machine;
use crate::program::{lacuna, prints};

fn set(config: &Config) -> Dataset {
    data::load(config.dataset, Path::new("tests/fixtures/fashion"), config.seed).unwrap()
}

fn start(machine: &Rc<Machine>, config: &Config, set: &Dataset) -> Trainer {
    let mut run = Trainer::new(machine, config.clone(), DataShape::of(set)).unwrap();
    run.load_all(set);
    run
}

/// Trains up to `until` as the terminal and the page do, step by step, with a test after each epoch and units dropped if the experiment compacts.
fn train(run: &mut Trainer, until: u32, recorder: &mut Recorder) {
    while run.step() < until {
        let epoch = run.steps_per_epoch();
        let snapshot = if run.step() < run.steps() {
            block_on(run.advance(1)).unwrap()
        } else {
            if !run.is_selected() {
                block_on(run.select_mask(64, |_, _| {})).unwrap();
            }
            block_on(run.finetune(1)).unwrap()
        };
        recorder.push(run, &snapshot, 2.0);
        if run.step().is_multiple_of(epoch) {
            let evaluation = block_on(run.evaluate(50, |_, _| {})).unwrap();
            recorder.test(run, &snapshot.decided, evaluation);
            if run.config.compact {
                block_on(run.compact()).unwrap();
            }
        }
    }
}

/// The whole state at the end, and the recording.
fn end(run: &mut Trainer, recorder: &mut Recorder) -> (Checkpoint, RunFile) {
    let file = block_on(recorder.checkpoint(run)).unwrap().clone();
    (file.state.clone().unwrap(), file)
}

#[test]
fn a_run_continues_bit_for_bit_from_its_file() {
    let machine = machine();
    let idx = "dataset=idx&model=mlp-24-12&gate_inputs=true&keep_ratio=0.3&batch_size=32&epochs=3";
    for (link, stops, until) in [
        (idx.to_owned(), 7, 18),
        // In the first step of an epoch, with units dropped before and after.
        (format!("{idx}&compact=true&scores_rate=0.4&anneal_fraction=0.3"), 12, 18),
        (format!("{idx}&method=set&structure_every=4"), 8, 18),
        (format!("{idx}&method=rigl&structure_every=5"), 5, 18),
        (format!("{idx}&method=small-dense"), 5, 18),
        // During fine-tuning under the selected mask.
        (format!("{idx}&finetune_epochs=1"), 20, 24),
        ("dataset=idx&model=cnn-6-8&keep_ratio=0.5&batch_size=16&steps=9".to_owned(), 4, 9),
    ] {
        let config = Config::from_link(&link).unwrap();
        let set = set(&config);
        let begin = |run: &mut Trainer| {
            let first = block_on(run.snapshot()).unwrap();
            Recorder::new(run, DatasetIdentity::of(config.dataset.name(), None, &run.data), None, &first)
        };
        let mut unbroken = start(&machine, &config, &set);
        let mut whole = begin(&mut unbroken);
        train(&mut unbroken, until, &mut whole);

        let mut before = start(&machine, &config, &set);
        let mut recorder = begin(&mut before);
        train(&mut before, stops, &mut recorder);
        let bytes = end(&mut before, &mut recorder).1.to_bytes();
        drop(before);

        let mut file = RunFile::from_bytes(&bytes).unwrap();
        let cost = file.state.as_ref().unwrap().cost;
        let mut after = start(&machine, &config, &set);
        restore(&mut after, &mut file).unwrap();
        assert_eq!((after.step(), after.cost()), (stops, cost), "{link}");
        assert_eq!(block_on(after.snapshot()).unwrap().scores, file.scores, "{link}");
        let mut recorder = Recorder::resumed(file);
        train(&mut after, until, &mut recorder);
        let ((one, file_one), (other, file_other)) = (end(&mut unbroken, &mut whole), end(&mut after, &mut recorder));
        // A file has the kept masks, not the drawn ones, so `units` is left out.
        assert_eq!(Checkpoint { units: Vec::new(), ..one }, Checkpoint { units: Vec::new(), ..other }, "{link}");
        // Steps without a probe have NaN, which equals nothing, so the text is compared.
        assert_eq!(format!("{:?}", file_one.curves), format!("{:?}", file_other.curves), "{link}");
        assert_eq!(file_one.tests, file_other.tests, "{link}");
        assert_eq!(file_one.history, file_other.history, "{link}");
    }
}

#[test]
fn a_replay_repeats_the_changes_of_settings() {
    let machine = machine();
    let config = Config::from_link("dataset=planted&model=mlp-16&gate_inputs=true&batch_size=32&steps=40&schedule=constant").unwrap();
    let set = set(&config);
    let mut run = start(&machine, &config, &set);
    let first = block_on(run.snapshot()).unwrap();
    let mut recorder = Recorder::new(&run, DatasetIdentity::of("planted", None, &run.data), set.informative.clone(), &first);
    train(&mut run, 10, &mut recorder);
    run.change("keep_ratio", "0.1").unwrap();
    recorder.change(Change { step: 10, name: "keep_ratio".to_owned(), value: "0.1".to_owned() });
    train(&mut run, 20, &mut recorder);
    let mut file = RunFile::from_bytes(&end(&mut run, &mut recorder).1.to_bytes()).unwrap();
    let mut again = start(&machine, &config, &set);
    restore(&mut again, &mut file).unwrap();
    assert_eq!(again.config.keep_ratio, 0.1);
    let (one, other) = (block_on(run.advance(8)).unwrap(), block_on(again.advance(8)).unwrap());
    assert_eq!(one.records, other.records);
}

#[test]
fn new_rows_are_only_the_changed_ones_and_all_of_them_in_a_resumed_run() {
    let machine = machine();
    let config = Config::from_link("dataset=planted&model=mlp-16&gate_inputs=true&batch_size=32&steps=40").unwrap();
    let set = set(&config);
    let mut run = start(&machine, &config, &set);
    let first = block_on(run.snapshot()).unwrap();
    let mut recorder = Recorder::new(&run, DatasetIdentity::of("planted", None, &run.data), None, &first);
    let new_steps = |recorder: &mut Recorder| {
        let new = recorder.new_rows();
        (new.from, new.rows.iter().map(|row| row.step).collect::<Vec<_>>())
    };
    assert_eq!(new_steps(&mut recorder), (0, vec![]));
    for until in [3u32, 7] {
        let snapshot = block_on(run.advance(until - run.step())).unwrap();
        let column = recorder.push(&run, &snapshot, 2.0).column;
        assert_eq!(recorder.file().history.moments()[column].step, until);
    }
    assert_eq!(new_steps(&mut recorder), (0, (0..7).collect()));
    assert_eq!(new_steps(&mut recorder), (7, vec![]), "once");
    let snapshot = block_on(run.advance(2)).unwrap();
    recorder.push(&run, &snapshot, 2.0);
    recorder.add_time(500.0);
    assert_eq!(new_steps(&mut recorder), (7, vec![7, 8]));
    assert!((recorder.file().seconds - 0.506).abs() < 1e-9, "{}", recorder.file().seconds);

    // A file written without the device has no checkpoint.
    let recording = RunFile::from_bytes(&recorder.file().to_bytes()).unwrap();
    assert_eq!((recording.step, recording.state, &recording.scores), (9, None, &snapshot.scores));
    let bytes = block_on(recorder.checkpoint(&mut run)).unwrap().to_bytes();
    recorder.free_checkpoint();
    assert!(recorder.file().state.is_none());
    let mut file = RunFile::from_bytes(&bytes).unwrap();
    file.command = Some("lacuna train".to_owned());
    let mut again = start(&machine, &config, &set);
    restore(&mut again, &mut file).unwrap();
    assert!(file.state.is_none(), "the checkpoint is not in memory twice");
    let mut resumed = Recorder::resumed(file).trained_here(&again);
    assert_eq!(new_steps(&mut resumed), (0, (0..9).collect()));
    let now = resumed.file();
    assert_eq!((&now.adapter, &now.command, now.seconds), (&machine.adapter.to_string(), &None, recorder.file().seconds));
    let error = restore(&mut again, &mut RunFile::from_bytes(&recorder.file().to_bytes()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("holds no weights"), "{error}");
}

#[test]
fn a_checkpoint_of_another_network_is_refused_and_the_run_is_unchanged() {
    let machine = machine();
    let config = Config::from_link("dataset=planted&model=mlp-16&batch_size=32&steps=40").unwrap();
    let set = set(&config);
    let mut run = start(&machine, &config, &set);
    let state = block_on(run.checkpoint()).unwrap();
    let before = block_on(run.checkpoint()).unwrap();
    for (words, bad) in [
        ("more steps", Checkpoint { step: 41, ..state.clone() }),
        ("units", Checkpoint { numbers: vec![0, 99], ..state.clone() }),
        ("units", Checkpoint { numbers: Vec::new(), ..state.clone() }),
        ("sizes", Checkpoint { tensors: vec![0.0; 3], ..state.clone() }),
        ("sizes", Checkpoint { numbers: (0..8).collect(), ..state.clone() }),
    ] {
        let error = run.restore(bad).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    assert_eq!(block_on(run.checkpoint()).unwrap(), before);
}

const RUN: [&str; 12] = [
    "--dataset",
    "planted",
    "--model",
    "mlp-16",
    "--gate-inputs",
    "--keep-ratio=0.25",
    "--batch-size",
    "32",
    "--steps",
    "60",
    "--seed",
    "7",
];

#[test]
fn the_terminal_saves_replays_and_repeats_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (run, recording) = (file("run.safetensors"), file("run.safetensors.gz"));
    let trained = prints(&[&["train", "--save", &run, "--record", &recording], &RUN[..]].concat());
    assert!(trained.contains("saved in") && trained.contains("recorded in"), "{trained}");
    let shown = prints(&["replay", &run]);
    // The replay prints the same result as the run.
    let reached = trained.split("test accuracy ").nth(1).and_then(|rest| rest.split(" %").next()).unwrap();
    assert!(shown.contains("step 60 of 60: inputs ") && shown.contains(&format!("test accuracy {reached} %")), "{shown}");
    assert!(shown.contains("seed=7") && shown.contains("dataset=planted"), "{shown}");
    assert!(prints(&["replay", &recording]).contains("without weights"));
    let animated = file("run.gif");
    assert!(prints(&["replay", &recording, "--animate", &animated]).contains("run.gif: "));
    assert_is_animation(&std::fs::read(&animated).unwrap(), &RunFile::from_bytes(&std::fs::read(&run).unwrap()).unwrap());
    for path in [&run, &recording] {
        let again = prints(&["replay", path, "--again"]);
        assert!(again.contains("the same, bit for bit"), "{again}");
    }
    let output = lacuna(&["train", "--resume", &recording]);
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && refused.contains("holds no weights"), "{refused}");

    // A changed weight is found.
    let mut saved = RunFile::from_bytes(&std::fs::read(&run).unwrap()).unwrap();
    let state = saved.state.as_mut().unwrap();
    let weight = 5 * state.numbers.len() + 11;
    state.tensors[weight] += 0.5;
    std::fs::write(&run, saved.to_bytes()).unwrap();
    let output = lacuna(&["replay", &run, "--again"]);
    let found = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && found.contains("weights: 1 of") && found.contains("0.5"), "{found}");

    // What a stranger's file says does not reach the terminal's controls, and neither does what a stranger's link says.
    saved.adapter = "a\u{1b}[2Jb".to_owned();
    saved.command = Some("c\u{7}\u{9b}31md".to_owned());
    std::fs::write(&run, saved.to_bytes()).unwrap();
    let shown = prints(&["replay", &run]);
    assert!(shown.contains("a\u{fffd}[2Jb") && !shown.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{shown:?}");
    let output = lacuna(&["train", "--url", "?model=mlp-\u{1b}[31m8"]);
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && refused.contains("mlp-") && !refused.contains('\u{1b}'), "{refused:?}");
}

/// A decoder of its own reads the frames: they differ, and the last one shows the decided mask of the inputs, which are a picture of 16 × 16.
fn assert_is_animation(file: &[u8], saved: &RunFile) {
    use image::AnimationDecoder as _;
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(file)).unwrap();
    let frames: Vec<image::RgbaImage> = decoder.into_frames().map(|frame| frame.unwrap().into_buffer()).collect();
    assert!(frames.len() > 3 && frames.iter().all(|frame| frame.dimensions() == (800, 450)), "{} frames", frames.len());
    assert!(frames.windows(2).any(|pair| pair[0] != pair[1]));
    let last = frames.last().unwrap();
    // Cells of 16 pixels, the largest, from the corner of the first one.
    let is_kept = |unit: u32| last.get_pixel(28 + unit % 16 * 16 + 3, 84 + unit / 16 * 16 + 3).0 == [0x1F, 0x6F, 0x8B, 255];
    let shown: Vec<bool> = (0..256).map(is_kept).collect();
    assert_eq!(shown, saved.decided[..256]);
}

#[test]
fn a_run_on_a_users_own_data_asks_for_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let table = |name: &str, rows: usize| {
        let lines: Vec<String> = (0..rows).map(|row| format!("{},{},{}", row * 5, 200 - row, ["oak", "elm"][row % 2])).collect();
        std::fs::write(folder.path().join(name), lines.join("\n")).unwrap();
        file(name)
    };
    let (run, trees, fewer) = (file("run.safetensors"), table("trees.csv", 40), table("fewer.csv", 30));
    let other = file("other.csv");
    std::fs::write(&other, std::fs::read_to_string(&trees).unwrap().replacen("195,", "7,", 1)).unwrap();
    prints(&["train", "--dataset", &trees, "--model", "mlp-8", "--batch-size", "8", "--steps", "12", "--save", &run]);
    assert!(prints(&["replay", &run]).contains("dataset=own"));
    // The same file under another name is the same data.
    let renamed = file("renamed.csv");
    std::fs::rename(&trees, &renamed).unwrap();
    assert!(prints(&["replay", &run, "--again", "--dataset", &renamed]).contains("the same, bit for bit"));
    assert!(prints(&["train", "--resume", &run, "--dataset", &renamed]).contains("continues at step 12 of 12"));
    for (more, words) in [
        ([].as_slice(), "--dataset PATH"),
        (&["--dataset", &fewer], "36 training and 4 test rows of 2 features in 2 classes, but fewer.csv has"),
        (&["--dataset", &other], "learned from other rows than those of other.csv: trees.csv then"),
        (&["--dataset", "mnist"], "the run learned from data of its owner"),
    ] {
        for called in [["train", "--resume", &run].as_slice(), &["replay", &run, "--again"]] {
            let output = lacuna(&[called, more].concat());
            let refused = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && refused.contains(words), "{called:?} {more:?}: {refused}");
        }
    }
    prints(&[&["train", "--save", &run], &RUN[..]].concat());
    let output = lacuna(&["replay", &run, "--again", "--dataset", &renamed]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the run learned from planted"), "{output:?}");
}

#[test]
fn nothing_is_trained_if_the_file_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere/run.safetensors").display().to_string();
    let whole = folder.path().display().to_string();
    for (flag, path) in [("--save", &missing), ("--record", &missing), ("--record", &whole)] {
        let output = lacuna(&[&["train", flag, path], &RUN[..]].concat());
        let (said, refused) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && refused.contains(path) && !said.contains("epoch"), "{flag} {path}: {said}{refused}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file is left");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.safetensors");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        let output = lacuna(&[&["train", "--save", link.to_str().unwrap()], &RUN[..]].concat());
        let refused = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && refused.contains("not an ordinary file"), "{refused}");
        assert!(link.is_symlink(), "a link is not replaced");
    }
    let output = lacuna(&[&["train", "--trace", &whole, "--save", "run.safetensors"], &RUN[..]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be used with"), "{output:?}");
}

#[test]
fn the_history_has_the_budget_of_the_method() {
    let machine = machine();
    let link = "dataset=planted&model=mlp-16&gate_inputs=true&batch_size=32&steps=20&method=static&keep_ratio=0.25";
    let config = Config::from_link(link).unwrap();
    let set = set(&config);
    let mut run = start(&machine, &config, &set);
    let first = block_on(run.snapshot()).unwrap();
    let mut recorder = Recorder::new(&run, DatasetIdentity::of("planted", None, &run.data), None, &first);
    train(&mut run, 20, &mut recorder);
    let file = end(&mut run, &mut recorder).1;
    assert!(file.history.moments().iter().all(|moment| moment.budget == 68.0), "a fixed mask's budget does not fall");
    assert!(file.curves.column("budget").all(|budget| budget == 68.0));
}

#[test]
fn files_that_are_not_runs_are_refused_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-run.safetensors");
    std::fs::write(&path, b"{}").unwrap();
    for arguments in [["replay", path.to_str().unwrap()].as_slice(), &["train", "--resume", path.to_str().unwrap()], &["replay", "nowhere"]]
    {
        let output = lacuna(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && !message.contains("panicked"), "{message}");
        assert!(
            message.contains("no-run.safetensors cannot be read as a run: it is not a safetensors file") || message.contains("nowhere"),
            "{message}"
        );
    }
}

/// Trains with these arguments until the log has grown by so many bytes, then sends the signal. Returns the exit status and what the program said on
/// its error stream.
#[cfg(unix)]
fn interrupted(arguments: &[&str], log: &Path, bytes: u64, signal: &str) -> (Option<i32>, String) {
    let length = || std::fs::metadata(log).map_or(0, |log| log.len());
    let before = length();
    let child = Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // Training has begun once the log has lines.
    let begin = Instant::now();
    while length() < before + bytes {
        assert!(begin.elapsed() < Duration::from_mins(2), "it never trained");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_signal_saves_the_run_and_is_the_exit_status_and_the_run_continues_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("run.safetensors"), folder.path().join("run.jsonl"));
    let (name, log_name) = (path.to_str().unwrap(), log.to_str().unwrap());
    let endless = RUN.map(|word| if word == "60" { "1000000" } else { word });
    let arguments = [&["train", "--save", name, "--log", log_name], &endless[..]].concat();
    let (status, said) = interrupted(&arguments, &log, 20_000, "-INT");
    assert_eq!(status, Some(130), "a script does not take it for a whole run");
    assert!(said.contains("stopped at step") && said.contains(&format!("lacuna train --resume {name} --save {name}")), "{said}");
    let saved = RunFile::from_bytes(&std::fs::read(&path).unwrap()).unwrap();
    assert!(saved.step > 0 && saved.steps == 1_000_000 && saved.state.is_some());
    let again = prints(&["replay", name, "--again"]);
    assert!(again.contains("the same, bit for bit"), "{again}");

    // As if the program had trained on after its last save, and been killed while it wrote a line.
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}{{\"step\":{},\"loss\":99}}\n{{\"step", saved.step)).unwrap();
    let (status, said) = interrupted(&["train", "--resume", name, "--save", name, "--log", log_name], &log, 20_000, "-TERM");
    assert_eq!(status, Some(143), "{said}");
    let lines: Vec<Value> = std::fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).filter(|event| *event != "evaluation").collect();
    assert_eq!(events, ["run", "resume"]);
    let steps: Vec<u64> = lines.iter().filter(|line| line["event"].is_null()).map(|line| line["step"].as_u64().unwrap()).collect();
    assert!(steps.iter().copied().eq(0..steps.len() as u64) && steps.len() as u64 > u64::from(saved.step), "each step once, in order");
    assert!(lines.iter().all(|line| line["loss"] != 99), "lines of steps that are trained again are dropped");

    let refused =
        refuses(&["train", "--resume", name, "--log", name.replace(".safetensors", ".txt").as_str()], &folder.path().join("run.txt"));
    assert!(refused.contains("is not of a log"), "{refused}");
}

/// Writes a file that is no log, runs a command that must be refused, and checks that the file stays as it is. Returns the message.
#[cfg(unix)]
fn refuses(arguments: &[&str], notes: &Path) -> String {
    std::fs::write(notes, "my notes\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(notes).unwrap(), "my notes\n");
    String::from_utf8(output.stderr).unwrap()
}
