//! Encodes run files.

use std::collections::HashMap;

use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use crate::mask;
use crate::model::Model;
use crate::trainer::{Checkpoint, Cost, Evaluation, to_whole};

use super::tensors::{SCORE_STATE, Tensors};
use super::{COLUMNS, DEFAULTS, DatasetIdentity, FORMAT, Moment, RunFile, TESTS, on_device};

#[cold]
#[inline(never)]
pub(super) fn write(file: &RunFile) -> Vec<u8> {
    let mut tensors = Tensors::default();
    let units = file.scores.len();
    // Not `expect`: these errors cannot occur, and a visitor would download the code that prints them.
    let Ok(whole) = file.model() else { panic!("the network of a run fits its data set") };
    tensors.floats("scores", &[units], &file.scores);
    let decided: Vec<u8> = file.decided.iter().map(|&kept| kept.into()).collect();
    tensors.add("decided_mask", Dtype::U8, &[units], &decided);
    for (name, z) in [("mask", 0), ("probe", 1)] {
        let bits: Vec<u8> = file.mask.iter().map(|&pair| mask::split(pair)[z].into()).collect();
        tensors.add(name, Dtype::U8, &[units], &bits);
    }
    if let Some(informative) = &file.informative {
        let bits: Vec<u8> = informative.iter().map(|&carries| carries.into()).collect();
        tensors.add("informative", Dtype::U8, &[bits.len()], &bits);
    }
    write_curves(file, &mut tensors);
    write_history(file, &whole, &mut tensors);
    if let Some(centring) = &file.centring {
        tensors.floats("input_scale", &[1], &[centring.scale]);
        tensors.floats("input_shift", &[centring.shifts.len()], &centring.shifts);
    }
    if let Some(state) = &file.state {
        let Ok(on_device) = on_device(&whole, &state.numbers) else { panic!("the units of a checkpoint are units of its network") };
        write_state(state, &on_device, units, &mut tensors);
    }
    let Ok(bytes) = tensors.to_bytes(metadata(file)) else { panic!("names and shapes can be written as JSON") };
    bytes
}

#[cold]
#[inline(never)]
fn metadata(file: &RunFile) -> HashMap<String, String> {
    let DatasetIdentity { name, train_rows, test_rows, image, classes, sum } = &file.dataset;
    // A change in the middle of a step applies from the next step on, which may be later than the last step of the file.
    let changes: Vec<Value> = file
        .changes
        .iter()
        .filter(|change| change.step <= file.step)
        .map(|change| json!([change.step, change.name, change.value]))
        .collect();
    let mut metadata: HashMap<String, String> = [
        ("format", FORMAT.to_owned()),
        ("version", file.version.clone()),
        ("defaults", DEFAULTS.to_owned()),
        ("link", format!("?{}", file.config.to_query())),
        ("changes", json!(changes).to_string()),
        ("adapter", file.adapter.clone()),
        ("software", file.software.to_string()),
        ("kernels", file.kernels.clone()),
        (
            "dataset",
            json!({
                "name": name, "train": train_rows, "test": test_rows, "channels": image.channels, "height": image.height,
                "width": image.width, "classes": classes, "sum": sum,
            })
            .to_string(),
        ),
        ("step", file.step.to_string()),
        ("steps", file.steps.to_string()),
        ("steps_per_epoch", file.steps_per_epoch.to_string()),
        ("seconds", file.seconds.to_string()),
        ("curves_width", file.curves.width.to_string()),
        ("history_capacity", file.history.capacity.to_string()),
        ("history_stride", file.history.stride.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(command) = &file.command {
        metadata.insert("command".to_owned(), command.clone());
    }
    if let Some(state) = &file.state {
        let Cost { forward, backward, structure, near_dense } = state.cost;
        let words = json!({
            "evaluations": state.evaluations, "chosen_at": state.chosen_at, "selected": state.selected,
            "cost": [forward, backward, structure, near_dense],
        });
        metadata.insert("state".to_owned(), words.to_string());
    }
    metadata
}

#[cold]
#[inline(never)]
fn write_curves(file: &RunFile, tensors: &mut Tensors) {
    let rows = &file.curves.rows;
    let shape = [rows.len()];
    tensors.add("curves.step", Dtype::U32, &shape, &rows.iter().map(|row| row.step).collect::<Vec<_>>());
    tensors.add("curves.steps", Dtype::U32, &shape, &rows.iter().map(|row| row.steps).collect::<Vec<_>>());
    for (index, (name, _)) in COLUMNS.iter().enumerate() {
        let values: Vec<f64> = rows.iter().map(|row| row.values[index]).collect();
        tensors.add(format!("curves.{name}"), Dtype::F64, &shape, &values);
    }
    let shape = [file.tests.len()];
    tensors.add("tests.step", Dtype::U32, &shape, &file.tests.iter().map(|test| test.step).collect::<Vec<_>>());
    for (index, name) in TESTS.iter().enumerate() {
        let of = |Evaluation { images, loss, decided, sampled_loss, sampled }: Evaluation| {
            [f64::from(images), loss, decided, sampled_loss, sampled][index]
        };
        let values: Vec<f64> = file.tests.iter().map(|test| of(test.evaluation)).collect();
        tensors.add(format!("tests.{name}"), Dtype::F64, &shape, &values);
    }
    let counts: Vec<u32> = file.tests.iter().flat_map(|test| test.kept.clone()).collect();
    let groups = counts.len().checked_div(file.tests.len()).unwrap_or(0);
    tensors.add("tests.kept", Dtype::U32, &[file.tests.len(), groups], &counts);
}

#[cold]
#[inline(never)]
fn write_history(file: &RunFile, whole: &Model, tensors: &mut Tensors) {
    let (moments, units, groups) = (file.history.moments(), file.scores.len(), whole.groups.len());
    let count = moments.len();
    let each = |of: fn(&Moment) -> &[u8]| moments.iter().flat_map(|moment| of(moment).to_vec()).collect::<Vec<_>>();
    tensors.add("history.step", Dtype::U32, &[count], &moments.iter().map(|moment| moment.step).collect::<Vec<_>>());
    tensors.add("history.scores", Dtype::U8, &[count, units], &each(|moment| &moment.scores));
    tensors.add("history.mask", Dtype::U8, &[count, units], &each(|moment| &moment.mask));
    let counts = |of: fn(&Moment) -> &[u32]| moments.iter().flat_map(|moment| of(moment).to_vec()).collect::<Vec<_>>();
    tensors.add("history.kept", Dtype::U32, &[count, groups], &counts(|moment| &moment.kept));
    tensors.add("history.probe_kept", Dtype::U32, &[count, groups], &counts(|moment| &moment.probe_kept));
    tensors.floats("history.budget", &[count], &moments.iter().map(|moment| moment.budget).collect::<Vec<_>>());
    tensors.floats("history.sum_scores", &[count], &moments.iter().map(|moment| moment.sum_scores).collect::<Vec<_>>());
}

#[cold]
#[inline(never)]
fn write_state(state: &Checkpoint, model: &Model, units: usize, tensors: &mut Tensors) {
    let mut rest = &state.tensors[..];
    let [_, score_state, weights, velocity, running] =
        Checkpoint::lengths(model).map(|length| rest.split_off(..length).unwrap_or_default());
    tensors.add("numbers", Dtype::U32, &[state.numbers.len()], &state.numbers);
    tensors.floats("unpinned", &[units], &state.unpinned);
    for (of, name) in SCORE_STATE.into_iter().enumerate() {
        let values: Vec<f32> = score_state.chunks_exact(SCORE_STATE.len()).map(|of_unit| of_unit[of]).collect();
        tensors.floats(name, &[units], &to_whole(&state.numbers, &values, units as u32));
    }
    tensors.layers("", model, weights, velocity, running);
}
