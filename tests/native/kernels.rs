//! The variants of kernels: their choice, and their place in a run's record.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use pollster::block_on;
use serde_json::Value;

use lacuna::config::Config;
use lacuna::device::{Gpu, Machine, Product, Variants};
use lacuna::run_file::RunFile;
use lacuna::trainer::{Checkpoint, Trainer};

use crate::adapter::machine;
use crate::small_set::{data, images};

/// This adapter, with the kernels of a GPU.
fn pretended_gpu() -> Rc<Machine> {
    let mut gpu = block_on(Gpu::open(None, None)).unwrap();
    gpu.adapter.software = false;
    Machine::of_gpu(gpu)
}

fn tuned(run: &mut Trainer, limit_ms: f64) -> lacuna::engine::Tuned {
    let begin = Instant::now();
    block_on(run.tune(limit_ms, &|| begin.elapsed().as_secs_f64() * 1e3)).unwrap()
}

fn end(run: &mut Trainer, steps: u32) -> Checkpoint {
    while run.step() < steps {
        block_on(run.advance(steps - run.step())).unwrap();
    }
    block_on(run.checkpoint()).unwrap()
}

/// Variants of which none is the usual one.
fn unusual(usual: Variants) -> Variants {
    Product::ALL.into_iter().fold(usual, |variants, product| variants.with(product, usize::from(usual.index(product) == 0)))
}

#[test]
fn a_measured_choice_changes_nothing_but_the_variants() {
    let config = Config::from_link("model=mlp-40-24&gate_inputs=true&keep_ratio=0.3&batch_size=20&steps=12&epochs=1").unwrap();
    let set = data(203, 0, 19, 4);
    for machine in [pretended_gpu(), machine()] {
        let mut run = set.start(&machine, config.clone());
        // There is time for everything, however slow this machine is now.
        let tuned = tuned(&mut run, f64::INFINITY);
        for product in Product::ALL {
            let timed: Vec<_> = tuned.timed.iter().filter(|timed| timed.product == product).collect();
            assert_eq!(timed.len(), product.candidates(&machine.adapter).count(), "{product:?}");
            assert!(timed.iter().all(|timed| timed.ms > 0.0 && timed.ms.is_finite()));
            let own = timed.iter().find(|timed| timed.variant == tuned.variants.of(product).name).unwrap();
            assert!(timed.iter().all(|other| own.ms <= other.ms * 1.04), "{product:?}: {timed:?}");
        }
        assert_eq!(run.variants(), tuned.variants);
        let mut named = set.start(&machine, config.clone());
        named.use_variants(tuned.variants).unwrap();
        assert_eq!(end(&mut run, 12), end(&mut named, 12), "a run that measured is the run with these variants, bit for bit");
        let after = self::tuned(&mut run, 300.0);
        assert!(after.timed.is_empty() && after.variants == tuned.variants, "a run that has begun keeps its variants");
    }
}

#[test]
fn without_time_only_the_usual_variants_are_timed() {
    let machine = pretended_gpu();
    let set = images(40, 0, (3, 8, 8), 4, false);
    let config = Config::from_link("model=cnn-5-6&keep_ratio=0.5&batch_size=8&steps=4&epochs=1").unwrap();
    let mut run = set.start(&machine, config);
    let tuned = tuned(&mut run, 0.0);
    assert_eq!((tuned.variants, tuned.timed.len()), (Variants::GPU, Product::ALL.len()));
}

#[test]
fn masks_are_equal_with_all_variants_and_sums_nearly_so() {
    let machine = machine();
    let set = images(60, 0, (3, 9, 9), 4, false);
    let config = Config::from_link("model=cnn-10-9&keep_ratio=0.5&batch_size=12&steps=5&epochs=1").unwrap();
    let usual = end(&mut set.start(&machine, config.clone()), 1);
    let possible = Product::ALL.map(|product| product.possible(&machine.adapter).collect::<Vec<_>>());
    for index in 0..possible.iter().map(Vec::len).max().unwrap() {
        let mut run = set.start(&machine, config.clone());
        let pick = |product: Product| possible[product as usize][index % possible[product as usize].len()];
        run.use_variants(Product::ALL.into_iter().fold(run.variants(), |variants, product| variants.with(product, pick(product)))).unwrap();
        let variants = run.variants();
        let state = end(&mut run, 1);
        assert_eq!(state.units, usual.units, "{variants}");
        let largest = usual.tensors.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        for (index, (value, expected)) in state.tensors.iter().zip(&usual.tensors).enumerate() {
            assert!((value - expected).abs() < 1e-4 * largest, "{variants}, number {index}: {value}, {expected}");
        }
    }
}

const RUN: [&str; 10] =
    ["train", "--dataset", "planted", "--model", "mlp-16", "--gate-inputs", "--keep-ratio=0.25", "--batch-size", "64", "--seed=3"];

/// Runs the program with a folder of its own for what it remembers.
fn lacuna(cache: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lacuna")).args(arguments).env("XDG_CACHE_HOME", cache).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

fn log(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_variants_are_part_of_a_run_and_a_resumed_or_repeated_run_uses_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let names = unusual(Variants::SOFTWARE).to_string();
    let runs = |arguments: &[&str]| {
        let (succeeded, words) = lacuna(folder.path(), arguments);
        assert!(succeeded, "{arguments:?}: {words}");
        words
    };
    let words = runs(&[&RUN[..], &["--steps", "6", "--kernels", &names, "--log", &at("log"), "--save", &at("run")]].concat());
    assert!(words.contains(&format!("kernels: {names}")), "{words}");
    assert_eq!(log(Path::new(&at("log")))[0]["kernels"], names.as_str());
    let saved = RunFile::from_bytes(&fs::read(at("run")).unwrap()).unwrap();
    assert_eq!(saved.kernels, names);
    let words = runs(&["replay", &at("run"), "--again"]);
    assert!(words.contains("the same, bit for bit"), "{words}");
    runs(&["train", "--resume", &at("run"), "--log", &at("log"), "--save", &at("again")]);
    assert_eq!(log(Path::new(&at("log")))[0]["kernels"], names.as_str());
    let again = RunFile::from_bytes(&fs::read(at("again")).unwrap()).unwrap();
    assert_eq!((again.kernels, again.scores), (saved.kernels, saved.scores));
}

#[test]
fn a_measured_choice_is_remembered_for_such_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let (succeeded, words) = lacuna(folder.path(), &[&RUN[..], &["--steps", "2", "--kernels", "measure"]].concat());
    assert!(succeeded && words.contains("that were timed in"), "{words}");
    let text = fs::read_to_string(folder.path().join("lacuna").join("kernels.json")).unwrap();
    let known: Value = serde_json::from_str(&text).unwrap();
    let (key, value) = known.as_object().unwrap().iter().next().unwrap();
    assert!(key.contains("mlp-16") && value.as_str().unwrap().parse::<Variants>().is_ok(), "{text}");
}

#[test]
fn variants_that_do_not_exist_are_refused_with_those_that_do() {
    let folder = tempfile::tempdir().unwrap();
    for (names, expected) in [
        ("fast", "names no kernel with variants"),
        ("convolve=9x9,d_activations=8x8,d_weights=4x4", "there is 4x4, 8x8, 4x16, 8x16, s8x64, s16x64, w32, w64"),
        ("convolve=8x8", "d_activations has no variant"),
    ] {
        let (succeeded, words) = lacuna(folder.path(), &[&RUN[..], &["--steps", "2", "--kernels", names]].concat());
        assert!(!succeeded && words.contains(expected), "{names}: {words}");
    }
}
