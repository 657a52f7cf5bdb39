use proptest::prelude::*;

use super::curves::Row;
use super::*;
use crate::config::Config;
use crate::snapshot::Snapshot;
use crate::trainer::Cost;

/// The file of a run that never was, whole: of an mlp whose inputs are gated, or of a small residual network's kind.
fn file(link: &str, image: Image, dropped: bool) -> RunFile {
    let config = Config::from_link(link).unwrap();
    let shown =
        Shown { name: config.dataset.name().to_owned(), train_rows: 640, test_rows: 64, image, classes: 10, sum: Some("d41d".to_owned()) };
    let whole = model(&config, &shown).unwrap();
    let units = whole.units();
    let scores: Vec<f32> = (0..units).map(|unit| (unit % 11) as f32 / 10.0).collect();
    let numbers: Vec<u32> = (0..units).filter(|&unit| !dropped || scores[unit as usize] > 0.0).collect();
    let places: Vec<bool> = (0..units).map(|unit| numbers.contains(&unit)).collect();
    let held = whole.compacted(&places).0;
    let values = |count: u32, from: u32| (0..count).map(|index| (index + from) as f32 * 0.25).collect::<Vec<f32>>();
    let mask: Vec<u8> = (0..units).map(|unit| (unit % 4) as u8).collect();
    let mut curves = Curves::new();
    for step in 0..40 {
        curves.take(Row { steps: 1, step, values: std::array::from_fn(|index| f64::from(step) + index as f64 / 16.0) });
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
        step: 40,
        steps: 60,
        steps_per_epoch: 640 / config.batch_size,
        seconds: 1.5,
        informative: (image.height == 1).then(|| (0..image.features()).map(|input| input % 3 == 0).collect()),
        tests: vec![Tested { step: 20, evaluation, kept: whole.gated().map(|group| group.size / 2).collect() }],
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
                values(2 * numbers.len() as u32, 1),
                values(held.weights(), 2),
                values(held.weights(), 3),
                values(2 * held.statistics(), 4),
            ]
            .concat(),
            numbers,
        }),
        config,
        shown,
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
fn a_run_comes_back_from_its_file_as_it_was() {
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
fn other_tools_find_what_the_readme_says() {
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
fn a_recording_is_small_and_ends_where_the_run_ended() {
    let run = small();
    let recording = run.recording(4, 8);
    assert!(recording.state.is_none() && recording.history.moments().len() <= 4 && recording.curves.len() <= 8);
    assert_eq!(recording.history.moments().last(), run.history.moments().last());
    assert_eq!(recording.curves.steps().last(), Some(39));
    assert!(recording.to_bytes().len() < run.to_bytes().len() / 2);
}

#[test]
fn curves_stay_bounded_and_average_what_they_join() {
    let mut curves = Curves::new();
    for step in 0..10_000 {
        curves.take(Row { steps: 1, step, values: [f64::from(step); COLUMNS.len()] });
    }
    assert!(curves.len() <= curves::MOST_ROWS && curves.width == 4);
    assert_eq!(curves.column("loss").next(), Some(1.5));
    assert_eq!(curves.column("seconds").next(), Some(3.0));
    assert_eq!(curves.at(3, "loss"), None);
    assert_eq!(curves.at(4, "loss"), Some(1.5));
    assert_eq!(curves.steps().last(), Some(9999));
}

#[test]
fn the_history_stays_bounded_however_long_the_run() {
    let whole = model(&Config::from_link("model=mlp-12").unwrap(), &small().shown).unwrap();
    let mut history = History::new(12, 100);
    for step in 0..5000 {
        history.push(&whole, &Snapshot { step, scores: vec![0.5; 12], mask: vec![1; 12], ..Snapshot::default() }, 6.0);
    }
    let steps: Vec<u32> = history.moments().iter().map(|moment| moment.step).collect();
    assert!(steps.len() <= history.capacity && steps.is_sorted() && steps.last() == Some(&4999), "{steps:?}");
}

#[test]
fn tests_stay_as_many_as_a_file_holds() {
    let mut tests = Vec::new();
    let evaluation = Evaluation { images: 64, loss: 0.5, decided: 0.75, sampled_loss: 0.625, sampled: 0.5 };
    for step in (0..20_000).step_by(3) {
        note(&mut tests, Tested { step, evaluation, kept: vec![1] });
        note(&mut tests, Tested { step, evaluation: Evaluation { loss: f64::from(step), ..evaluation }, kept: vec![1] });
    }
    assert!((curves::MOST_ROWS / 2..=curves::MOST_ROWS).contains(&tests.len()), "{}", tests.len());
    assert!(tests.windows(2).all(|pair| pair[0].step < pair[1].step) && tests.last().unwrap().step == 19_998);
    assert!(tests.iter().all(|test| test.evaluation.loss == f64::from(test.step)), "of one step the last stands");
}

#[test]
fn bad_files_are_refused_in_words() {
    let refused = |edit: &dyn Fn(&mut RunFile)| {
        let mut run = small();
        edit(&mut run);
        RunFile::from_bytes(&run.to_bytes()).unwrap_err().to_string()
    };
    for (words, found) in [
        ("keep-probabilities", refused(&|run| run.scores[3] = 1.5)),
        ("finite", refused(&|run| *run.state.as_mut().unwrap().tensors.last_mut().unwrap() = f32::NAN)),
        ("step 70 of 60", refused(&|run| run.step = 70)),
        ("make 60 steps, 20 an epoch", refused(&|run| run.steps = 100)),
        ("make 60 steps, 20 an epoch", refused(&|run| run.steps_per_epoch = 1)),
        ("curves", refused(&|run| run.curves.width = u32::MAX)),
        ("multiply-adds", refused(&|run| run.state.as_mut().unwrap().cost.backward = u64::MAX)),
        ("tests", refused(&|run| run.state.as_mut().unwrap().evaluations = u32::MAX)),
        ("changes", refused(&|run| run.changes[0].name = "model".to_owned())),
        ("keep_ratio must be", refused(&|run| run.changes[0].value = "7".to_owned())),
        ("history", refused(&|run| run.history.stride = 0.0)),
        ("curves", refused(&|run| run.curves.rows[4].step = 3)),
        ("no safetensors file", RunFile::from_bytes(b"not a file").unwrap_err().to_string()),
        ("no safetensors file", RunFile::from_bytes(&small().to_bytes()[..900]).unwrap_err().to_string()),
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

    /// Most of the file is values; mutations are drawn from its head as often, where the layout stands.
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
