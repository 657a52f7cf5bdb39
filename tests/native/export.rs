//! The exported network compared with the run, its files read back, and the command.

use std::collections::BTreeSet;
use std::fs;
use std::rc::Rc;

use pollster::block_on;
use prost::Message as _;
use safetensors::SafeTensors;
use serde_json::Value as Json;
use tempfile::TempDir;

use lacuna::config::Config;
use lacuna::device::Machine;
use lacuna::export::{About, ExportError, Extent, Network, Operation, difference, masked_logits, onnx, torch};
use lacuna::model::Image;
use lacuna::random::{Stream, Threefry};
use lacuna::run_file::{DatasetIdentity, Recorder, RunFile};
use lacuna::schedule::plain;
use lacuna::trainer::{DataShape, Trainer};

use crate::program::{lacuna, prints};

const KEPT: Extent = Extent::Kept { multiple: 1 };
const ROWS: u32 = 5;

/// A run on random images whose classes differ in brightness, after its last step: its file as it is read back, and its own logits of some rows.
fn saved(link: &str, shape: Image, augment: bool) -> (RunFile, Vec<u8>, Vec<f64>) {
    let machine: Rc<Machine> = Machine::of_cpu(|| 0.0);
    let Image { channels, height, width } = shape;
    let inputs = channels * height * width;
    let data = DataShape { train_rows: 24, test_rows: ROWS, inputs, channels, height, width, classes: 3, augment, deviation: 0.25 };
    let mut random = Threefry::new(23, Stream::Data, 0);
    let mut uniform = |below: u32| (random.unit_interval() * below as f32) as u32;
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..24 + ROWS {
        let class = uniform(3);
        labels.push(class as u8);
        bytes.extend((0..inputs).map(|input| ((input * 7 + class * 31) % 90 + uniform(120)) as u8));
    }
    let mut config = Config::from_link(&format!("dataset=idx&batch_size=6&scores_rate=0.3&learning_rate=0.02&seed=5&{link}")).unwrap();
    config.anneal_fraction = 0.4;
    let mut run = Trainer::new(&machine, config.clone(), data).unwrap();
    run.load(0, &bytes, &labels);
    run.set_rows_ready(24);
    let first = block_on(run.snapshot()).unwrap();
    let mut recorder = Recorder::new(&run, DatasetIdentity::of("idx", None, &run.data), None, &first);
    while run.step() < run.steps() {
        let snapshot = block_on(run.advance(4)).unwrap();
        recorder.push(&run, &snapshot, 1.0);
        if config.compact {
            block_on(run.compact()).unwrap();
        }
    }
    let file = block_on(recorder.checkpoint(&mut run)).unwrap().to_bytes();

    let rows = bytes[(24 * inputs) as usize..].to_vec();
    let mut evaluator = run.evaluator(ROWS, ROWS).unwrap();
    block_on(run.update_evaluator(&mut evaluator)).unwrap();
    let mut padded = rows.clone();
    padded.resize(rows.len().next_multiple_of(4), 0);
    evaluator.write(&evaluator.buffers.inputs, &padded);
    let params = evaluator.params;
    let logits = block_on(evaluator.logits(&[params], &plain(0..ROWS))).unwrap();
    let stride = params.batch_stride as usize;
    let of_row = |row: usize| (0..3).map(move |class| class * stride + row);
    let logits = (0..ROWS as usize).flat_map(of_row).map(|at| f64::from(logits[at])).collect();
    (RunFile::from_bytes(&file).unwrap(), rows, logits)
}

/// The networks of each family, with gated inputs and without, with units dropped during the run, and of every form of mask.
const RUNS: [(&str, Image, bool); 13] = [
    ("model=mlp-19-11&gate_inputs=true&keep_ratio=0.3&steps=24", Image { channels: 1, height: 7, width: 5 }, false),
    ("model=mlp-19-11&gate_inputs=true&keep_ratio=0.2&steps=24&compact=true", Image { channels: 1, height: 7, width: 5 }, false),
    ("model=mlp-23&keep_ratio=0.3&steps=12", Image { channels: 3, height: 5, width: 4 }, true),
    ("model=mlp&gate_inputs=true&keep_ratio=0.2&steps=12", Image { channels: 1, height: 1, width: 30 }, false),
    ("model=mlp-9&keep_ratio=0.4&steps=8&method=small-dense", Image { channels: 1, height: 1, width: 8 }, false),
    ("model=mlp-9-6&keep_ratio=0.5&steps=8&method=ste&gate_inputs=true", Image { channels: 1, height: 1, width: 8 }, false),
    ("model=cnn-7-6&gate_inputs=true&keep_ratio=0.4&steps=12", Image { channels: 3, height: 9, width: 9 }, false),
    ("model=resnet14&keep_ratio=0.1&steps=8&method=static", Image { channels: 3, height: 8, width: 8 }, true),
    ("model=resnet8&keep_ratio=0.2&steps=8&compact=true", Image { channels: 2, height: 6, width: 6 }, false),
    ("model=wrn-16-1&keep_ratio=0.3&steps=8&gate_inputs=true", Image { channels: 3, height: 8, width: 8 }, false),
    ("model=mobilenet-4&keep_ratio=0.6&steps=16&gate_inputs=true", Image { channels: 3, height: 16, width: 16 }, true),
    ("model=vgg16&keep_ratio=0.15&steps=16&method=static", Image { channels: 3, height: 32, width: 32 }, false),
    ("model=cnn-7-6&steps=12&method=static&allocation=5,1,3,1", Image { channels: 3, height: 8, width: 8 }, false),
];

/// Compares the networks of a run with the run. `with_all`: those with units that are off too.
fn compare((link, shape, augment): (&str, Image, bool), with_all: bool) {
    let (file, rows, logits) = saved(link, shape, augment);
    let centring = file.centring.clone().expect("the file says how its inputs are centred");
    let near = |what: &str, found: &[f64]| {
        let largest = logits.iter().fold(0.0f64, |most, logit| most.max(logit.abs()));
        let differs = difference(found, &logits) * largest.max(1.0) / largest;
        assert!(differs < 1e-5, "{link}, {what}: {differs}");
    };
    // Outputs that are the same for all rows would say nothing.
    let spread = logits.chunks(3).map(|row| (row[0] - logits[0]).abs()).fold(0.0, f64::max);
    assert!(spread > 1e-3, "{link}: {logits:?}");
    let machine = Machine::of_cpu(|| 0.0);
    near("by the engine", &block_on(masked_logits(&machine, &file, &centring, &rows)).unwrap());
    let compact = Network::of(&file, KEPT, &centring).unwrap();
    near("compact", &compact.logits(&rows));
    near("compact, folded", &compact.folded().logits(&rows));
    if with_all {
        let [fours, dense] = [Extent::Kept { multiple: 4 }, Extent::Whole].map(|extent| Network::of(&file, extent, &centring).unwrap());
        near("dense", &dense.logits(&rows));
        near("dense, folded", &dense.folded().logits(&rows));
        near("in fours", &fours.folded().logits(&rows));
        let weights = [&compact, &fours, &dense].map(Network::weights);
        assert!(weights[0] < weights[2] && weights.is_sorted(), "{link}: {weights:?}");
    }
    // The folded network has no normalisation left, except of sums before a convolution.
    let left = compact.folded().nodes.iter().filter(|node| matches!(node.operation, Operation::Normalise { .. })).count();
    assert_eq!(left > 0, link.contains("wrn"), "{link}");
    let names: BTreeSet<&str> = compact.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names.len(), compact.nodes.len(), "{link}: names are unique");
    let of_names = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    assert!(names.into_iter().all(of_names), "{link}");
}

#[test]
fn the_compact_network_equals_the_masked_one_for_every_family() {
    RUNS[..11].iter().for_each(|&run| compare(run, true));
}

#[test]
fn the_compact_vgg16_equals_the_masked_one() {
    // The dense one has 313 million multiply-adds an image.
    compare(RUNS[11], false);
}

#[test]
fn a_group_with_one_unit_and_odd_counts_are_exported() {
    let (file, rows, logits) = saved(RUNS[12].0, RUNS[12].1, false);
    let about = About::of(&file, KEPT, None, false).unwrap();
    let counts: Vec<u32> = about.kept.iter().map(|(_, kept, _)| *kept).collect();
    assert_eq!(counts, [5, 1, 3, 1]);
    let centring = file.centring.clone().unwrap();
    assert!(difference(&Network::of(&file, KEPT, &centring).unwrap().logits(&rows), &logits) < 1e-5);
    // Of a residual network some channel comes from one branch alone.
    let (file, ..) = saved(RUNS[7].0, RUNS[7].1, true);
    let network = Network::of(&file, KEPT, &file.centring.clone().unwrap()).unwrap();
    let has_zeros = |operation: &Operation| matches!(operation, Operation::Select { places } if places.contains(&None));
    assert!(network.nodes.iter().filter(|node| has_zeros(&node.operation)).count() >= 4);
    let multiply_adds = About::of(&file, KEPT, None, false).unwrap().multiply_adds;
    assert!(multiply_adds[1] * 20 < multiply_adds[0], "{multiply_adds:?}");
}

#[test]
fn a_recording_and_the_centring_of_other_data_are_refused() {
    let (file, ..) = saved(RUNS[0].0, RUNS[0].1, false);
    let mut centring = file.centring.clone().unwrap();
    centring.shifts.pop();
    assert_eq!(Network::of(&file, KEPT, &centring), Err(ExportError::OtherCentring { found: 34, wanted: 35 }));
    let recording = file.recording(8, 8);
    assert_eq!(recording.centring, None);
    assert_eq!(Network::of(&recording, KEPT, &file.centring.clone().unwrap()), Err(ExportError::Recording));
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Every value of the graph is written before it is read, and every tensor has the bytes of its shape.
fn is_well_formed(model: &onnx::proto::Model) {
    let graph = model.graph.as_ref().unwrap();
    let mut known: BTreeSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    for tensor in &graph.initializer {
        let count: i64 = tensor.dims.iter().product();
        let width = if tensor.data_type == Some(1) { 4 } else { 8 };
        assert_eq!(tensor.raw_data.as_ref().unwrap().len() as i64, count * width, "{}", tensor.name);
        assert!(known.insert(&tensor.name), "{} comes twice", tensor.name);
    }
    for node in &graph.node {
        assert!(node.input.iter().all(|input| known.contains(input.as_str())), "{node:?}");
        assert!(known.insert(&node.output[0]), "{} comes twice", node.output[0]);
    }
    assert_eq!(graph.node.last().unwrap().output, ["logits"]);
    assert_eq!((graph.output[0].name.as_str(), graph.input[0].name.as_str()), ("logits", "input"));
    assert_eq!((model.ir_version, model.opset_import[0].version), (Some(7), Some(13)));
}

#[test]
fn an_onnx_file_and_a_file_of_pytorch_have_the_weights_of_the_network() {
    for (link, shape, augment) in [RUNS[0], RUNS[6], RUNS[7], RUNS[9], RUNS[10]] {
        let (file, ..) = saved(link, shape, augment);
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let about = About::of(&file, KEPT, Some(names), false).unwrap();
        let network = Network::of(&file, KEPT, &file.centring.clone().unwrap()).unwrap();
        let bytes = onnx::to_bytes(&network, &about).unwrap();
        let model = onnx::proto::Model::decode(&bytes[..]).unwrap();
        assert_eq!(model.encode_to_vec(), bytes);
        is_well_formed(&model);
        let entry = |key: &str| model.metadata_props.iter().find(|entry| entry.key.as_deref() == Some(key)).unwrap().value.clone().unwrap();
        assert_eq!(entry("classes"), r#"["a","b","c"]"#);
        assert_eq!(entry("format"), "lacuna network 1");
        assert!(entry("input").contains("centres and scales"));

        let packed = torch::to_bytes(&network, &about).unwrap();
        let tensors = SafeTensors::deserialize(&packed).unwrap();
        let (_, header) = SafeTensors::read_metadata(&packed).unwrap();
        let metadata = header.metadata().clone().unwrap();
        assert_eq!(metadata["classes"], r#"["a","b","c"]"#);
        let nodes: Json = serde_json::from_str(&metadata["network"]).unwrap();
        assert_eq!(nodes.as_array().unwrap().len(), network.nodes.len());
        let graph = model.graph.unwrap();
        for node in &network.nodes {
            let (Operation::Linear { weights, .. } | Operation::Convolve { weights, .. }) = &node.operation else { continue };
            let name = format!("{}.weight", node.name);
            let tensor = graph.initializer.iter().find(|tensor| tensor.name == name).unwrap();
            let view = tensors.tensor(&name).unwrap();
            assert_eq!(floats(tensor.raw_data.as_ref().unwrap()), *weights, "{link}: {name}");
            assert_eq!(floats(view.data()), *weights, "{link}: {name}");
            assert_eq!(tensor.dims.iter().map(|&size| size as usize).collect::<Vec<_>>(), view.shape(), "{link}: {name}");
        }
    }
}

const TINY: [&str; 15] = [
    "train",
    "--adapter",
    "cpu",
    "--dataset",
    "planted",
    "--model",
    "mlp-16",
    "--gate-inputs",
    "--keep-ratio",
    "0.1",
    "--steps",
    "20",
    "--batch-size",
    "32",
    "--save",
];
/// No program: nothing is measured.
const NO_PYTHON: [&str; 2] = ["--python", "no-such-python"];

/// The arguments of an export of this run.
fn export<'a>(run: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["export", run], &NO_PYTHON[..], more].concat()
}

fn refused(status: i32, words: &str, arguments: &[&str]) {
    let output = lacuna(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
    assert!(errors.contains(words), "{arguments:?}: {errors}");
}

#[test]
fn the_command_writes_both_kinds_of_files_and_refuses_what_it_cannot_export() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, recording, dense) = (place("run.safetensors"), place("run.recording.safetensors"), place("dense.onnx"));
    prints(&[&TINY[..], &[&run, "--record", &recording]].concat());

    let words = prints(&export(&run, &["--dense", &dense]));
    assert!(words.contains("outputs equal those of the masked network within"), "{words}");
    assert!(words.contains("64 test rows of planted"), "{words}");
    assert!(words.contains("milliseconds were not measured: no-such-python cannot be run"), "{words}");
    assert!(words.contains("pip install onnxruntime"), "{words}");
    let compact = fs::read(place("run.compact.onnx")).unwrap();
    let [compact_bytes, dense_bytes] = [compact.len(), fs::read(&dense).unwrap().len()];
    assert!(compact_bytes * 3 < dense_bytes, "{compact_bytes} of {dense_bytes}");
    is_well_formed(&onnx::proto::Model::decode(&compact[..]).unwrap());

    prints(&export(&run, &["--format", "safetensors", "--fold"]));
    let packed = fs::read(place("run.compact.safetensors")).unwrap();
    assert!(SafeTensors::deserialize(&packed).unwrap().tensor("classes.bias").is_ok());

    let before = fs::read(&run).unwrap();
    refused(2, "is there already: give another path, or --replace", &export(&run, &[]));
    prints(&export(&run, &["--replace"]));
    refused(2, "is the run itself", &export(&run, &["--to", &run, "--replace"]));
    refused(2, "ends neither in .onnx nor in .safetensors", &export(&run, &["--to", &place("a.pt")]));
    refused(2, "give it the ending .onnx", &export(&run, &["--to", &place("a.safetensors"), "--format", "onnx"]));
    refused(1, "it holds no weights", &["export", &recording]);
    refused(1, "cannot be read as a run", &["export", &place("run.compact.safetensors")]);
    refused(1, "cannot be read as a run", &["export", "Cargo.toml"]);
    refused(1, "with a saved run the flag is only the PATH", &export(&run, &["--to", &place("b.onnx"), "--dataset", "mnist"]));
    assert!(!fs::exists(place("b.onnx")).unwrap());
    assert_eq!(fs::read(&run).unwrap(), before);
}

#[test]
fn a_run_that_has_not_ended_and_one_of_an_earlier_version() {
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("old.onnx").to_str().unwrap().to_owned();
    let old = "tests/fixtures/contracts/run-1.safetensors.gz";
    refused(1, "at step 22 of 80: finish it with", &["export", old, "--to", &to]);
    // It does not say how its inputs are centred; the planted data do.
    let words = prints(&["export", old, "--to", &to, "--unfinished", NO_PYTHON[0], NO_PYTHON[1]]);
    assert!(words.contains("step 22 of 80") && words.contains("test rows of planted"), "{words}");
}

#[test]
fn without_the_data_random_rows_are_compared() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let table: String = (0..60).fold("a,b,c,class\n".to_owned(), |text, row| {
        let class = ["low", "high"][row % 2];
        text + &format!("{},{},{},{class}\n", row % 7, 100 * (row % 2) + row, 3 * row % 50)
    });
    fs::write(place("table.csv"), table).unwrap();
    let (run, data) = (place("run.safetensors"), place("table.csv"));
    prints(&[
        "train",
        "--adapter",
        "cpu",
        "--dataset",
        &data,
        "--model",
        "mlp-8",
        "--keep-ratio",
        "0.5",
        "--steps",
        "10",
        "--batch-size",
        "8",
        "--save",
        &run,
    ]);
    let to = place("a.safetensors");
    let words = prints(&["export", &run, "--to", &to, NO_PYTHON[0], NO_PYTHON[1]]);
    assert!(words.contains("random rows, since the run is of your own data, and --dataset PATH was not given"), "{words}");
    let metadata = || {
        let bytes = fs::read(&to).unwrap();
        SafeTensors::read_metadata(&bytes).unwrap().1.metadata().clone().unwrap()
    };
    assert!(!metadata().contains_key("classes"));
    let words = prints(&["export", &run, "--to", &to, "--replace", "--dataset", &data, NO_PYTHON[0], NO_PYTHON[1]]);
    assert!(words.contains("test rows of table.csv"), "{words}");
    assert_eq!(metadata()["classes"], r#"["high","low"]"#);
}
