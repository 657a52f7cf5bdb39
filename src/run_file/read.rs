//! Decodes run files. A file is untrusted input: it is refused if a tensor lacks the type or the shape that its network requires.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde_json::Value;

use crate::config::Config;
use crate::mask::{self, Bits};
use crate::model::{Image, Model};
use crate::trainer::{Centring, Checkpoint, Cost, Evaluation};

use super::curves::{MOST_ROWS, Row};
use super::tensors::{PARTS, SCORE_STATE};
use super::{
    COLUMNS, Change, Curves, DatasetIdentity, FORMAT, History, Moment, RunFile, RunFileError, TESTS, TensorProblem, Tested, model,
    on_device,
};

/// Files with more columns of the history are refused.
const MOST_CAPACITY: usize = 4096;
const MOST_CHANGES: usize = 100_000;
/// Limits on the steps of a row of the curves, and on the evaluations and multiply-adds of a run. They are far above the numbers of any run, and
/// low enough that counting further from them does not overflow.
const MOST_WIDTH: u32 = 1 << 30;
const MOST_EVALUATIONS: u32 = 1 << 30;
const MOST_WORK: u64 = 1 << 62;

type Read<T> = Result<T, RunFileError>;

fn refuse_tensor<T>(name: &str, problem: TensorProblem) -> Read<T> {
    Err(RunFileError::Tensor { name: name.to_owned(), problem })
}

/// A decoded safetensors file.
struct Source<'a> {
    tensors: SafeTensors<'a>,
    metadata: &'a HashMap<String, String>,
}

impl Source<'_> {
    fn text(&self, name: &str) -> Read<&str> {
        self.metadata.get(name).map(String::as_str).ok_or_else(|| RunFileError::MetadataMissing { name: name.to_owned() })
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Read<T> {
        let text = self.text(name)?;
        text.parse().map_err(|_| RunFileError::NoNumber { name: name.to_owned(), text: short(text) })
    }

    fn json(&self, name: &str) -> Read<Value> {
        serde_json::from_str(self.text(name)?).map_err(|_| RunFileError::NoJson { name: name.to_owned() })
    }

    fn view(&self, name: &str) -> Read<TensorView<'_>> {
        self.tensors.tensor(name).map_err(|_| RunFileError::TensorMissing { name: name.to_owned() })
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    fn tensor<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Read<Vec<T>> {
        let view = self.view(name)?;
        if view.dtype() != dtype || view.shape() != shape {
            let found = format!("{:?} of {:?}", view.dtype(), view.shape());
            return refuse_tensor(name, TensorProblem::OtherShape { found, wanted: format!("{dtype:?} of {shape:?}") });
        }
        Ok(bytemuck::pod_collect_to_vec(view.data()))
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Read<Vec<f32>> {
        let values: Vec<f32> = self.tensor(name, Dtype::F32, shape)?;
        if values.iter().any(|value| !value.is_finite()) {
            return refuse_tensor(name, TensorProblem::NotFinite);
        }
        Ok(values)
    }

    fn bits(&self, name: &str, count: usize, most: u8) -> Read<Vec<u8>> {
        let values: Vec<u8> = self.tensor(name, Dtype::U8, &[count])?;
        if values.iter().any(|&value| value > most) {
            return refuse_tensor(name, TensorProblem::TooLarge { most });
        }
        Ok(values)
    }

    fn length(&self, name: &str, most: usize) -> Read<usize> {
        let view = self.view(name)?;
        match view.shape() {
            &[count] if count <= most => Ok(count),
            shape => refuse_tensor(name, TensorProblem::NoList { shape: shape.to_vec(), most }),
        }
    }
}

/// The beginning of a text, so that a message stays short.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cold]
#[inline(never)]
pub(super) fn read(bytes: &[u8]) -> Read<RunFile> {
    let no_file = |error: SafeTensorError| RunFileError::NoTensors(error.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(no_file)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(no_file)?;
    let metadata = header.metadata().as_ref().ok_or(RunFileError::NoMetadata)?;
    let source = Source { tensors, metadata };
    match metadata.get("format").map(String::as_str) {
        Some(FORMAT) => {}
        Some(other) if other.starts_with("lacuna run ") => {
            return Err(RunFileError::OtherVersion { version: short(other) });
        }
        _ => return Err(RunFileError::NoRun),
    }
    // A link leaves out the settings at their defaults, and these were others before.
    let defaults = if metadata.contains_key("defaults") { Config::default() } else { Config::first_defaults() };
    let config = defaults.with_link(source.text("link")?).map_err(RunFileError::Link)?;
    let dataset = read_dataset(&source)?;
    let whole = model(&config, &dataset)?;
    let units = whole.units() as usize;
    let (step, steps) = (source.number("step")?, source.number("steps")?);
    let steps_per_epoch: u32 = source.number("steps_per_epoch")?;
    let seconds: f64 = source.number("seconds")?;
    let epoch = dataset.train_rows / config.batch_size;
    let trained = if config.steps > 0 { config.steps.into() } else { u64::from(config.epochs) * u64::from(epoch) };
    let whole_run = trained + u64::from(config.finetune_epochs) * u64::from(epoch);
    if step > steps || epoch == 0 || steps_per_epoch != epoch || u64::from(steps) != whole_run || !seconds.is_finite() || seconds < 0.0 {
        return Err(RunFileError::Steps { step, steps, steps_per_epoch, seconds, whole: whole_run, of_epoch: epoch });
    }
    let scores = source.floats("scores", &[units])?;
    if scores.iter().any(|score| !(0.0..=1.0).contains(score)) {
        return Err(RunFileError::Scores);
    }
    let decided = source.bits("decided_mask", units, 1)?.into_iter().map(|bit| bit == 1).collect();
    let mask: Vec<u8> = source
        .bits("mask", units, 1)?
        .iter()
        .zip(source.bits("probe", units, 1)?)
        .map(|(m, probe)| mask::pair(*m == 1, probe == 1))
        .collect();
    let features = dataset.image.features() as usize;
    let informative =
        if source.has("informative") { Some(source.bits("informative", features, 1)?.iter().map(|&bit| bit == 1).collect()) } else { None };
    let centring = if source.has("input_scale") || source.has("input_shift") {
        Some(Centring { scale: source.floats("input_scale", &[1])?[0], shifts: source.floats("input_shift", &[features])? })
    } else {
        None
    };
    let state = if source.metadata.contains_key("state") { Some(read_state(&source, &whole, step, &scores, &mask)?) } else { None };
    let file = RunFile {
        changes: read_changes(&source, step)?,
        version: short(source.text("version")?),
        command: metadata.get("command").cloned(),
        adapter: source.text("adapter")?.to_owned(),
        software: source.text("software")? == "true",
        kernels: metadata.get("kernels").map_or_else(String::new, |names| names.chars().take(100).collect()),
        step,
        steps,
        steps_per_epoch,
        seconds,
        curves: read_curves(&source, step)?,
        tests: read_tests(&source, step, whole.gated().count())?,
        history: read_history(&source, &whole, step)?,
        config,
        dataset,
        scores,
        decided,
        mask,
        informative,
        centring,
        state,
    };
    file.config_now()?.check()?;
    Ok(file)
}

#[cold]
#[inline(never)]
fn read_dataset(source: &Source<'_>) -> Read<DatasetIdentity> {
    let dataset = source.json("dataset")?;
    let number = |what: &'static str| {
        let found = dataset[what].as_u64().and_then(|number| u32::try_from(number).ok()).filter(|&number| number > 0);
        found.ok_or(RunFileError::DataUnsaid { what })
    };
    let image = Image { channels: number("channels")?, height: number("height")?, width: number("width")? };
    if image.channels.checked_mul(image.height).and_then(|plane| plane.checked_mul(image.width)).is_none() {
        return Err(RunFileError::DataTooLarge);
    }
    let name = dataset["name"].as_str().ok_or(RunFileError::DataUnnamed)?;
    let sum = dataset["sum"].as_str().map(short);
    Ok(DatasetIdentity {
        name: short(name),
        train_rows: number("train")?,
        test_rows: number("test")?,
        image,
        classes: number("classes")?,
        sum,
    })
}

#[cold]
#[inline(never)]
fn read_changes(source: &Source<'_>, last: u32) -> Read<Vec<Change>> {
    let changes = source.json("changes")?;
    let Some(changes) = changes.as_array().filter(|changes| changes.len() <= MOST_CHANGES) else {
        return Err(RunFileError::NoChanges);
    };
    let one = |change: &Value| {
        let step = change[0].as_u64().and_then(|step| u32::try_from(step).ok())?;
        let (name, value) = (change[1].as_str()?.to_owned(), change[2].as_str()?.to_owned());
        crate::config::setting(&name).ok().filter(|setting| setting.live && step <= last)?;
        Some(Change { step, name, value })
    };
    let changes: Option<Vec<Change>> = changes.iter().map(one).collect();
    match changes {
        Some(changes) if changes.is_sorted_by_key(|change| change.step) => Ok(changes),
        _ => Err(RunFileError::Changes),
    }
}

#[cold]
#[inline(never)]
fn read_curves(source: &Source<'_>, last: u32) -> Read<Curves> {
    let count = source.length("curves.step", MOST_ROWS)?;
    let width: u32 = source.number("curves_width")?;
    let step: Vec<u32> = source.tensor("curves.step", Dtype::U32, &[count])?;
    let steps: Vec<u32> = source.tensor("curves.steps", Dtype::U32, &[count])?;
    let is_rising = step.windows(2).all(|pair| pair[0] < pair[1]) && step.last().is_none_or(|&step| step <= last);
    if width == 0 || width > MOST_WIDTH || !is_rising || steps.iter().any(|&steps| steps == 0 || steps > width) {
        return Err(RunFileError::Curves);
    }
    let mut rows: Vec<Row> = step.iter().zip(&steps).map(|(&step, &steps)| Row { steps, step, values: [0.0; COLUMNS.len()] }).collect();
    for (index, (name, _)) in COLUMNS.iter().enumerate() {
        let values: Vec<f64> = source.tensor(&format!("curves.{name}"), Dtype::F64, &[count])?;
        for (row, value) in rows.iter_mut().zip(values) {
            row.values[index] = value;
        }
    }
    Ok(Curves { rows, width })
}

#[cold]
#[inline(never)]
fn read_tests(source: &Source<'_>, last: u32, groups: usize) -> Read<Vec<Tested>> {
    let count = source.length("tests.step", MOST_ROWS)?;
    let step: Vec<u32> = source.tensor("tests.step", Dtype::U32, &[count])?;
    if !step.is_sorted() || step.last().is_some_and(|&step| step > last) {
        return Err(RunFileError::Tests);
    }
    let columns: Vec<Vec<f64>> =
        TESTS.iter().map(|name| source.tensor(&format!("tests.{name}"), Dtype::F64, &[count])).collect::<Read<_>>()?;
    let kept: Vec<u32> = source.tensor("tests.kept", Dtype::U32, &[count, if count == 0 { 0 } else { groups }])?;
    let one = |(index, &step): (usize, &u32)| {
        let [images, loss, decided, sampled_loss, sampled] = [0, 1, 2, 3, 4].map(|column: usize| columns[column][index]);
        Tested {
            step,
            evaluation: Evaluation { images: images as u32, loss, decided, sampled_loss, sampled },
            kept: kept[index * groups..][..groups].to_vec(),
        }
    };
    Ok(step.iter().enumerate().map(one).collect())
}

/// The most steps that all columns of a history together can represent, if `last` is the last step. They represent at most twice the steps done,
/// because the stride doubles only when all columns are used; the steps of a short run are fewer than the columns. A recording rounds its capacity
/// up when it halves it, hence another factor of 2.
fn longest(last: u32) -> f64 {
    4.0 * (f64::from(last) + 1.0).max(MOST_CAPACITY as f64)
}

#[cold]
#[inline(never)]
fn read_history(source: &Source<'_>, whole: &Model, last: u32) -> Read<History> {
    let (units, groups) = (whole.units() as usize, whole.groups.len());
    let capacity: usize = source.number("history_capacity")?;
    let stride: f64 = source.number("history_stride")?;
    if !(2..=MOST_CAPACITY).contains(&capacity) || !(1e-6..=longest(last) / capacity as f64).contains(&stride) {
        return Err(RunFileError::History { capacity, stride });
    }
    let count = source.length("history.step", capacity)?;
    let step: Vec<u32> = source.tensor("history.step", Dtype::U32, &[count])?;
    if !step.is_sorted() || step.last().is_some_and(|&step| step > last) {
        return Err(RunFileError::Moments);
    }
    let scores: Vec<u8> = source.tensor("history.scores", Dtype::U8, &[count, units])?;
    let mask: Vec<u8> = source.tensor("history.mask", Dtype::U8, &[count, units])?;
    let kept: Vec<u32> = source.tensor("history.kept", Dtype::U32, &[count, groups])?;
    let probe_kept: Vec<u32> = source.tensor("history.probe_kept", Dtype::U32, &[count, groups])?;
    let (budget, sums) = (source.floats("history.budget", &[count])?, source.floats("history.sum_scores", &[count])?);
    let of = |values: &[u8], index: usize| values[index * units..][..units].to_vec();
    let counts = |values: &[u32], index: usize| values[index * groups..][..groups].to_vec();
    let one = |(index, &step): (usize, &u32)| Moment {
        step,
        scores: of(&scores, index),
        mask: of(&mask, index).iter().map(|pair| pair & mask::BOTH).collect(),
        kept: counts(&kept, index),
        probe_kept: counts(&probe_kept, index),
        budget: budget[index],
        sum_scores: sums[index],
    };
    Ok(History { capacity, stride, columns: step.iter().enumerate().map(one).collect() })
}

#[cold]
#[inline(never)]
fn read_state(source: &Source<'_>, whole: &Model, step: u32, scores: &[f32], mask: &[u8]) -> Read<Checkpoint> {
    let units = whole.units() as usize;
    let words = source.json("state")?;
    let count = |value: &Value| value.as_u64().ok_or(RunFileError::StateIncomplete);
    let small = |value: &Value| u32::try_from(count(value)?).map_err(|_| RunFileError::StateTooLarge);
    let work = |value: &Value| match count(value)? {
        work if work <= MOST_WORK => Ok(work),
        _ => Err(RunFileError::StateBeyondAnyRun { what: "multiply-adds" }),
    };
    if small(&words["evaluations"])? > MOST_EVALUATIONS {
        return Err(RunFileError::StateBeyondAnyRun { what: "tests" });
    }
    let length = source.length("numbers", units)?;
    let numbers: Vec<u32> = source.tensor("numbers", Dtype::U32, &[length])?;
    if !numbers.windows(2).all(|pair| pair[0] < pair[1]) || numbers.last().is_none_or(|&last| last as usize >= units) {
        return Err(RunFileError::Numbers);
    }
    let model = on_device(whole, &numbers)?;
    // Files of version 0.1 have no effects: no method had any.
    let has_effects = source.metadata.contains_key("defaults");
    let score_state: Vec<Vec<f32>> =
        SCORE_STATE.iter().take(if has_effects { 4 } else { 2 }).map(|name| source.floats(name, &[units])).collect::<Result<_, _>>()?;
    let second = &score_state[1];
    if second.iter().any(|&square| square < 0.0) {
        return refuse_tensor("scores_second_moment", TensorProblem::Negative);
    }
    let mut state = Checkpoint {
        step,
        evaluations: small(&words["evaluations"])?,
        chosen_at: if words["chosen_at"].is_null() { None } else { Some(small(&words["chosen_at"])?) },
        selected: words["selected"] == true,
        cost: Cost {
            forward: work(&words["cost"][0])?,
            backward: work(&words["cost"][1])?,
            structure: work(&words["cost"][2])?,
            near_dense: work(&words["cost"][3])?,
        },
        units: mask.iter().map(|&pair| Bits::of_drawn(pair).0).collect(),
        unpinned: source.floats("unpinned", &[units])?,
        ..Checkpoint::default()
    };
    let mut tensors: [Vec<f32>; 5] = Default::default();
    let [device_scores, of_units, weights, velocity, running] = &mut tensors;
    device_scores.extend(numbers.iter().map(|&number| scores[number as usize]));
    let of_unit = |of: usize, number: u32| score_state.get(of).map_or(0.0, |values| values[number as usize]);
    of_units.extend(numbers.iter().flat_map(|&number| [0, 1, 2, 3].map(|of| of_unit(of, number))));
    for (index, layer) in model.layers.iter().enumerate() {
        for (values, names) in [&mut *weights, &mut *velocity].into_iter().zip(PARTS) {
            for (name, shape) in names.iter().zip(layer.shapes()) {
                let Some(shape) = shape else { continue };
                values.extend(source.floats(&format!("{name}.{index}"), &shape)?);
            }
        }
        if layer.is_normalised() {
            let outputs = layer.outputs as usize;
            let means = source.floats(&format!("running_mean.{index}"), &[outputs])?;
            let variances = source.floats(&format!("running_variance.{index}"), &[outputs])?;
            running.extend(means.into_iter().zip(variances).flat_map(|(mean, variance)| [mean, variance]));
        }
    }
    (state.numbers, state.tensors) = (numbers, tensors.concat());
    Ok(state)
}
