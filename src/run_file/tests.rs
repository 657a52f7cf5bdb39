use proptest::prelude::*;

use super::curves::Row;
use super::*;
use crate::config::Config;
use crate::device::{Product, Variants};
use crate::snapshot::Snapshot;
use crate::trainer::Cost;

/// A made-up run file with a checkpoint. `dropped`: the units with score 0 were dropped from memory.
fn file(link: &str, image: Image, dropped: bool) -> RunFile {
    let config = Config::from_link(link).unwrap();
    let dataset = DatasetIdentity {
        name: config.dataset.name().to_owned(),
        train_rows: 640,
        test_rows: 64,
        image,
        classes: 10,
        sum: Some("d41d".to_owned()),
    };
    let whole = model(&config, &dataset).unwrap();
    let units = whole.units();
    let scores: Vec<f32> = (0..units).map(|unit| (unit % 11) as f32 / 10.0).collect();
    let numbers: Vec<u32> = (0..units).filter(|&unit| !dropped || scores[unit as usize] > 0.0).collect();
    let places: Vec<bool> = (0..units).map(|unit| numbers.contains(&unit)).collect();
    let on_device = whole.compacted(&places).0;
    let values = |count: u32, from: u32| (0..count).map(|index| (index + from) as f32 * 0.25).collect::<Vec<f32>>();
    let mask: Vec<u8> = (0..units).map(|unit| (unit % 4) as u8).collect();
    let mut curves = Curves::new();
    for step in 0..40 {
        curves.push(Row { steps: 1, step, values: std::array::from_fn(|index| f64::from(step) + index as f64 / 16.0) });
    }
    let mut history = History::new(units, 60);
    for step in [0, 7, 40] {
        let snapshot = Snapshot { step, scores: scores.clone(), mask: mask.clone(), probed: true, ..Snapshot::default() };
        history.push(&whole, &snapshot, snapshot.budget);
    }
    let evaluation = Evaluation { images: 64, loss: 0.5, decided: 0.75, sampled_loss: 0.625, sampled: 0.5 };
    RunFile {
        changes: vec![Change { step: 3, name: "keep_ratio".to_owned(), value: "0.25".to_owned() }],
        version: "0.1.0".to_owned(),
        command: Some("lacuna train".to_owned()),
        adapter: "an adapter".to_owned(),
        software: true,
        kernels: Variants::SOFTWARE.with(Product::Convolve, 1).to_string(),
        step: 40,
        steps: 60,
        steps_per_epoch: 640 / config.batch_size,
        seconds: 1.5,
        informative: (image.height == 1).then(|| (0..image.features()).map(|input| input % 3 == 0).collect()),
        tests: vec![Tested { step: 20, evaluation, kept: whole.gated().map(|group| group.size / 2).collect() }],
        centring: Some(Centring { scale: 0.0125, shifts: (0..image.features()).map(|input| -0.5 * input as f32).collect() }),
        state: Some(Checkpoint {
            step: 40,
            evaluations: 1,
            chosen_at: None,
            selected: false,
            cost: Cost { forward: 1 << 40, backward: 2, structure: 3, near_dense: 4 },
            units: mask.iter().map(|&bits| u32::from(bits) * 5).collect(),
            unpinned: scores.iter().map(|score| 0.5 * score).collect(),
            tensors: [
                numbers.iter().map(|&number| scores[number as usize]).collect(),
                values(4 * numbers.len() as u32, 1),
                values(on_device.weights(), 2),
                values(on_device.weights(), 3),
                values(2 * on_device.statistics(), 4),
            ]
            .concat(),
            numbers,
        }),
        config,
        dataset,
        decided: scores.iter().map(|&score| score > 0.3).collect(),
        scores,
        mask,
        curves,
        history,
    }
}

fn small() -> RunFile {
    file("dataset=planted&model=mlp-12-9&gate_inputs=true&batch_size=32&steps=60", Image::flat(20), false)
}

#[test]
fn a_decoded_run_equals_the_encoded_one() {
    let image = Image { channels: 3, height: 8, width: 8 };
    for run in [
        small(),
        file("dataset=planted&model=mlp-12-9&gate_inputs=true&batch_size=32&steps=60", Image::flat(20), true),
        file("dataset=cifar10&model=cnn-8-12&keep_ratio=0.5&steps=60", image, false),
        file("dataset=cifar10&model=cnn-8-12&keep_ratio=0.5&steps=60", image, true),
        small().recording(2, 8),
    ] {
        assert_eq!(RunFile::from_bytes(&run.to_bytes()).unwrap(), run);
    }
}

#[test]
fn a_file_saved_by_the_terminal_is_read_completely() {
    let packed = std::fs::read("tests/fixtures/recorded-run/run.safetensors.gz").unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut bytes).unwrap();
    let run = RunFile::from_bytes(&bytes).unwrap();
    let link = "dataset=planted&model=mlp-8&gate_inputs=true&keep_ratio=0.25&batch_size=16&steps=60&seed=5";
    assert_eq!(run.config, Config::first_defaults().with_link(link).unwrap(), "the file is of version 0.1");
    assert_eq!((run.step, run.steps, run.software, run.dataset.classes), (60, 60, true, 10));
    assert_eq!((run.kernels.as_str(), run.variants()), ("", Ok(Variants::SOFTWARE)), "the file is older than the variants");
    assert!(run.command.as_ref().unwrap().starts_with("lacuna train --dataset planted"));
    assert_eq!(run.informative.as_ref().unwrap().iter().filter(|&&carries| carries).count(), 32);
    assert!(run.curves.steps().eq(0..60) && run.curves.rows().iter().all(|row| row.values.iter().all(|value| value.is_finite())));
    assert!(run.tests.last().unwrap().evaluation.decided > 0.1 && run.history.moments().len() > 30);
    let whole = run.model().unwrap();
    // Before the first step no mask is drawn.
    for moment in run.history.moments().iter().filter(|moment| moment.step > 0) {
        for (group, kept) in whole.groups.iter().zip(&moment.kept).filter(|(group, _)| group.gated) {
            assert_eq!(
                moment.mask[group.units()].iter().filter(|&&pair| pair & 1 == 1).count(),
                *kept as usize,
                "the counts agree with the masks"
            );
        }
    }
    let state = run.state.as_ref().unwrap();
    assert_eq!((state.numbers.len(), state.tensors.len()), (264, 264 * 5 + 2 * (257 * 8 + 9 * 10)));
    assert_eq!(RunFile::from_bytes(&run.to_bytes()).unwrap(), run);
}

#[test]
fn the_documented_tensors_have_their_documented_shapes() {
    let bytes = file("dataset=cifar10&model=cnn-8-12&keep_ratio=0.5", Image { channels: 3, height: 8, width: 8 }, false).to_bytes();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    assert_eq!(shape("scores"), shape("decided_mask"));
    assert_eq!(shape("weights.0")[2..], [3, 8]);
    assert_eq!(shape("running_mean.0"), [8]);
    assert_eq!(shape("history.scores")[1], shape("scores")[0]);
    let decided = file.tensor("decided_mask").unwrap();
    assert!(decided.data().iter().all(|&bit| bit < 2) && decided.data().contains(&1));
}

#[test]
fn a_recording_is_small_and_has_the_last_step() {
    let run = small();
    let recording = run.recording(4, 8);
    assert!(recording.state.is_none() && recording.history.moments().len() <= 4 && recording.curves.len() <= 8);
    assert_eq!(recording.history.moments().last(), run.history.moments().last());
    assert_eq!(recording.curves.steps().last(), Some(39));
    assert!(recording.to_bytes().len() < run.to_bytes().len() / 2);
}

#[test]
fn curves_have_bounded_length_and_average_the_rows_that_they_join() {
    let mut curves = Curves::new();
    for step in 0..10_000 {
        curves.push(Row { steps: 1, step, values: [f64::from(step); COLUMNS.len()] });
    }
    assert!(curves.len() <= curves::MOST_ROWS && curves.width == 4);
    assert_eq!(curves.column("loss").next(), Some(1.5));
    assert_eq!(curves.column("seconds").next(), Some(3.0));
    assert_eq!(curves.at(3, "loss"), None);
    assert_eq!(curves.at(4, "loss"), Some(1.5));
    assert_eq!(curves.steps().last(), Some(9999));
}

#[test]
fn the_history_has_a_bounded_length_in_long_runs() {
    let whole = model(&Config::from_link("model=mlp-12").unwrap(), &small().dataset).unwrap();
    let mut history = History::new(12, 100);
    for step in 0..5000 {
        history.push(&whole, &Snapshot { step, scores: vec![0.5; 12], mask: vec![1; 12], ..Snapshot::default() }, 6.0);
    }
    let steps: Vec<u32> = history.moments().iter().map(|moment| moment.step).collect();
    assert!(steps.len() <= history.capacity && steps.is_sorted() && steps.last() == Some(&4999), "{steps:?}");
}

#[test]
fn only_scores_of_exactly_0_and_1_get_the_shades_0_and_255() {
    let scores = [-1.0, 0.0, f32::from_bits(1), 1e-30, 1e-9, 0.25, 0.5, 0.999_999, 1.0, 2.0];
    assert_eq!(shades(&scores), [0, 0, 1, 1, 1, 64, 128, 254, 255, 255]);
    for step in 1..1000u16 {
        let score = f32::from(step) / 1000.0;
        let [shade] = shades(&[score])[..] else { panic!("one score has one shade") };
        assert!((1..=254).contains(&shade) && ((f32::from(shade) - 0.5) / 254.0 - score).abs() <= 1.0 / 254.0, "{score}: {shade}");
    }
}

/// A snapshot whose scores and mask are computed from its step.
fn moment(step: u32, of: u32, units: usize) -> Snapshot {
    let scores = vec![step as f32 / of as f32; units];
    Snapshot { step, scores, mask: vec![(step % 4) as u8; units], probed: true, ..Snapshot::default() }
}

#[test]
fn a_short_run_has_a_column_for_each_step_up_to_the_last_one() {
    let whole = model(&Config::from_link("model=mlp-12").unwrap(), &small().dataset).unwrap();
    let mut history = History::new(12, 100);
    for step in 0..=100 {
        let column = history.push(&whole, &moment(step, 100, 12), 6.0);
        assert_eq!(history.moments()[column].step, step);
    }
    let steps: Vec<u32> = history.moments().iter().map(|moment| moment.step).collect();
    assert!(history.stride() <= 1.0 && steps.len() <= history.capacity() && steps.len() > history.capacity() / 2);
    assert!((0..=100).all(|step| steps.contains(&step)) && steps.is_sorted(), "{steps:?}");
}

#[test]
fn columns_between_two_snapshots_get_the_later_one() {
    let whole = model(&Config::from_link("model=mlp-12").unwrap(), &small().dataset).unwrap();
    let mut history = History::new(12, 100);
    history.push(&whole, &moment(0, 100, 12), 6.0);
    let column = history.push(&whole, &moment(4, 100, 12), 6.0);
    let steps: Vec<u32> = history.moments().iter().map(|moment| moment.step).collect();
    assert!(column > 2 && steps.len() == column + 1, "there are columns between the two");
    assert!(steps[0] == 0 && steps[1..].iter().all(|&step| step == 4), "{steps:?}");
}

#[test]
fn each_column_has_a_moment_of_its_own_steps_after_any_sequence_of_steps() {
    let whole = model(&Config::from_link("model=mlp-12").unwrap(), &small().dataset).unwrap();
    let mut seed = 21u32;
    for (last, most) in [(100_000, 97), (900, 5), (5000, 400)] {
        let mut history = History::new(12, 50);
        history.push(&whole, &moment(0, last, 12), 6.0);
        let mut step = 0;
        while step < last {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            step += 1 + (seed >> 8) % most;
            history.push(&whole, &moment(step, 2 * last, 12), 6.0);
        }
        assert!(history.stride() > 1.0 && history.moments().len() <= history.capacity());
        for (column, found) in history.moments().iter().enumerate() {
            let (from, to) = (column as f64 * history.stride() - 1.0, (column + 2) as f64 * history.stride() + f64::from(most));
            assert!((from..=to).contains(&f64::from(found.step)), "column {column} of {} steps has step {}", history.stride(), found.step);
            if found.step > 0 {
                let pushed = moment(found.step, 2 * last, 12);
                assert_eq!((&found.scores, &found.mask), (&shades(&pushed.scores), &pushed.mask));
            }
        }
    }
}

#[test]
fn a_wide_network_has_fewer_columns_and_their_number_is_even() {
    let capacities = [1, 300, 50_000, 300_000, 5_000_000].map(|units| History::new(units, 100).capacity());
    assert!(capacities.is_sorted_by(|wide, narrow| wide >= narrow), "{capacities:?}");
    assert!(capacities.iter().all(|capacity| (64..=512).contains(capacity) && capacity % 2 == 0), "{capacities:?}");
}

#[test]
fn a_run_before_its_first_step_can_be_saved() {
    let mut run = small();
    (run.step, run.curves, run.changes) = (0, Curves::new(), Vec::new());
    run.tests.clear();
    run.history.columns.truncate(1);
    run.state.as_mut().unwrap().step = 0;
    assert_eq!(RunFile::from_bytes(&run.to_bytes()).unwrap(), run);
}

#[test]
fn a_change_that_applies_after_the_last_step_is_not_written() {
    let mut run = small();
    let applied = run.changes.clone();
    run.changes.push(Change { step: run.step + 1, name: "keep_ratio".to_owned(), value: "0.5".to_owned() });
    assert_eq!(RunFile::from_bytes(&run.to_bytes()).unwrap().changes, applied);
}

#[test]
fn pushing_a_row_returns_the_first_row_that_changed() {
    let mut curves = Curves::new();
    let row = |step: u32| Row { steps: 1, step, values: [0.0; COLUMNS.len()] };
    for step in 0..curves::MOST_ROWS as u32 {
        assert_eq!(curves.push(row(step)), step as usize, "each step gets a row");
    }
    assert_eq!(curves.push(row(4096)), 0, "all rows are joined");
    assert_eq!([curves.push(row(4097)), curves.push(row(4098))], [2048, 2049], "the first step joins the last row, the second gets a row");
}

/// The bytes of a file after a change of its metadata and tensors.
fn changed(
    change: impl Fn(&mut std::collections::HashMap<String, String>, &mut Vec<(String, safetensors::Dtype, Vec<usize>, Vec<u8>)>),
) -> Vec<u8> {
    let bytes = small().to_bytes();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let one =
        |(name, view): (String, safetensors::tensor::TensorView<'_>)| (name, view.dtype(), view.shape().to_vec(), view.data().to_vec());
    let mut tensors = file.tensors().into_iter().map(one).collect();
    change(&mut metadata, &mut tensors);
    let views =
        tensors.iter().map(|(name, dtype, shape, data)| (name, safetensors::tensor::TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, Some(metadata)).unwrap()
}

#[test]
fn invalid_metadata_are_refused_with_the_name_of_the_key() {
    let refused = |name: &str, word: Option<&str>| {
        let bytes = changed(|metadata, _| {
            metadata.remove(name);
            metadata.extend(word.map(|word| (name.to_owned(), word.to_owned())));
        });
        RunFile::from_bytes(&bytes).unwrap_err().to_string()
    };
    let names = ["link", "dataset", "changes", "version", "adapter", "software", "step", "steps", "steps_per_epoch", "seconds"];
    for name in names.into_iter().chain(["curves_width", "history_capacity", "history_stride"]) {
        assert!(refused(name, None).contains(&format!("lack {name}")), "{name}: {}", refused(name, None));
    }
    for (name, word, words) in [
        ("format", "lacuna run 9", "of another version, \"lacuna run 9\""),
        ("format", "others", "not of a run"),
        ("link", "?keep_ratio=7", "its link: keep_ratio must be"),
        ("link", "?nothing=7", "its link: "),
        ("dataset", "no JSON", "dataset in its metadata is not JSON"),
        ("dataset", "{\"name\": \"planted\", \"train\": 0}", "lack the channels of its data set"),
        ("dataset", "{\"train\":1,\"test\":1,\"channels\":1,\"height\":1,\"width\":1,\"classes\":2}", "lack the name of its data set"),
        ("changes", "7", "changes in its metadata are not a list"),
        ("changes", "[[1, \"keep_ratio\"]]", "not [step, setting, value]"),
        (
            "changes",
            "[[9, \"keep_ratio\", \"0.5\"], [3, \"keep_ratio\", \"0.2\"]]",
            "not [step, setting, value] in the order of their steps",
        ),
        ("step", "-1", "step in its metadata is not a valid number: \"-1\""),
        ("seconds", "soon", "seconds in its metadata is not a valid number"),
        ("curves_width", "0", "contradict curves_width"),
        ("history_capacity", "100000", "history_capacity 100000 or"),
        ("history_stride", "4294967295", "history_stride 4294967295 in its metadata is out of range"),
        ("state", "no JSON", "state in its metadata is not JSON"),
        ("state", "{}", "state in its metadata lacks a number"),
        ("state", "{\"evaluations\": 99999999999}", "a number of state in its metadata is too large"),
    ] {
        let found = refused(name, Some(word));
        assert!(found.contains(words), "{name} = {word}: {found}");
    }
}

#[test]
fn missing_tensors_and_tensors_of_another_type_or_shape_are_refused_with_their_names() {
    let bytes = small().to_bytes();
    let names: Vec<String> = safetensors::SafeTensors::deserialize(&bytes)
        .unwrap()
        .names()
        .into_iter()
        .filter(|name| *name != "informative")
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 30, "{names:?}");
    for wanted in &names {
        let without = changed(|_, tensors| tensors.retain(|(name, ..)| name != wanted));
        assert_eq!(RunFile::from_bytes(&without).unwrap_err().to_string(), format!("it lacks the tensor {wanted}"));
        let other = changed(|_, tensors| {
            for (_, dtype, shape, data) in tensors.iter_mut().filter(|(name, ..)| name == wanted) {
                (*dtype, *shape, *data) = (safetensors::Dtype::I64, vec![1, 1, 1], vec![0; 8]);
            }
        });
        let found = RunFile::from_bytes(&other).unwrap_err().to_string();
        assert!(found.starts_with(&format!("tensor {wanted} ")), "{wanted}: {found}");
    }
    let other = changed(|metadata, _| {
        let link = metadata["link"].replace("mlp-12-9", "mlp-13-9");
        metadata.insert("link".to_owned(), link);
    });
    let found = RunFile::from_bytes(&other).unwrap_err().to_string();
    assert!(found.contains("tensor scores is F32 of [41], not F32 of [42]"), "the link names another network: {found}");
}

#[test]
fn the_list_of_tests_has_a_bounded_length() {
    let mut tests = Vec::new();
    let evaluation = Evaluation { images: 64, loss: 0.5, decided: 0.75, sampled_loss: 0.625, sampled: 0.5 };
    for step in (0..20_000).step_by(3) {
        add_test(&mut tests, Tested { step, evaluation, kept: vec![1] });
        add_test(&mut tests, Tested { step, evaluation: Evaluation { loss: f64::from(step), ..evaluation }, kept: vec![1] });
    }
    assert!((curves::MOST_ROWS / 2..=curves::MOST_ROWS).contains(&tests.len()), "{}", tests.len());
    assert!(tests.windows(2).all(|pair| pair[0].step < pair[1].step) && tests.last().unwrap().step == 19_998);
    assert!(
        tests.iter().all(|test| test.evaluation.loss == f64::from(test.step)),
        "a later test of the same step replaces the earlier one"
    );
}

/// The columns of a large network are no power of two, and a recording rounds their number up each time that it halves it.
#[test]
fn a_recording_of_any_number_of_columns_is_read() {
    for capacity in (64..=512).step_by(2) {
        let mut run = small();
        (run.config.steps, run.steps, run.step) = (20_000, 20_000, 10_000);
        run.history = History { capacity, stride: 2.0 * 10_000.0 / capacity as f64, columns: Vec::new() };
        for columns in [2, 96, 512] {
            let recording = run.recording(columns, 8);
            let read = RunFile::from_bytes(&recording.to_bytes()).unwrap_or_else(|error| panic!("{capacity} to {columns}: {error}"));
            assert_eq!(read.history, recording.history);
        }
    }
}

#[test]
fn each_invalid_file_is_refused_with_its_reason() {
    let refused = |edit: &dyn Fn(&mut RunFile)| {
        let mut run = small();
        edit(&mut run);
        RunFile::from_bytes(&run.to_bytes()).unwrap_err().to_string()
    };
    for (words, found) in [
        ("keep-probabilities", refused(&|run| run.scores[3] = 1.5)),
        ("finite", refused(&|run| *run.state.as_mut().unwrap().tensors.last_mut().unwrap() = f32::NAN)),
        (
            "scores_second_moment holds a negative number",
            refused(&|run| {
                let state = run.state.as_mut().unwrap();
                state.tensors[state.numbers.len() + 1] = -1.0;
            }),
        ),
        ("step 70 of 60", refused(&|run| run.step = 70)),
        ("give 60 steps with 20 an epoch", refused(&|run| run.steps = 100)),
        ("give 60 steps with 20 an epoch", refused(&|run| run.steps_per_epoch = 1)),
        ("curves", refused(&|run| run.curves.width = u32::MAX)),
        ("multiply-adds", refused(&|run| run.state.as_mut().unwrap().cost.backward = u64::MAX)),
        ("tests", refused(&|run| run.state.as_mut().unwrap().evaluations = u32::MAX)),
        ("changes", refused(&|run| run.changes[0].name = "model".to_owned())),
        ("keep_ratio must be", refused(&|run| run.changes[0].value = "7".to_owned())),
        ("history", refused(&|run| run.history.stride = 0.0)),
        ("curves", refused(&|run| run.curves.rows[4].step = 3)),
        ("not a safetensors file", RunFile::from_bytes(b"not a file").unwrap_err().to_string()),
        ("not a safetensors file", RunFile::from_bytes(&small().to_bytes()[..900]).unwrap_err().to_string()),
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let foreign =
        safetensors::serialize([("a", safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1], &[1]).unwrap())], None);
    assert!(RunFile::from_bytes(&foreign.unwrap()).unwrap_err().to_string().contains("not of a run"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(RunFile::from_bytes(&bytes));
    }

    /// Half of the mutations are in the header, although most of the file is values: the header has the layout.
    #[test]
    fn no_mutated_file_panics(places in proptest::collection::vec((any::<bool>(), any::<proptest::sample::Index>(), any::<u8>()), 1..6), cut: proptest::sample::Index, cuts: bool) {
        let mut bytes = small().to_bytes();
        let head = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for (in_head, place, value) in places {
            let length = if in_head { head } else { bytes.len() };
            bytes[place.index(length)] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(run) = RunFile::from_bytes(&bytes) {
            prop_assert_eq!(RunFile::from_bytes(&run.to_bytes()).map(|again| again.scores), Ok(run.scores));
        }
    }
}
