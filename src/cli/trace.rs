//! `lacuna train --trace`: all inputs and results of a step, one safetensors file a step. `docs/file-formats.md` lists the keys.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::iter;
use std::path::Path;

use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use lacuna::config::SETTINGS;
use lacuna::data::Dataset;
use lacuna::device::DeviceError;
use lacuna::mask::{DRAWN_IN_MASK, DRAWN_IN_PROBE, KEPT_BY_MASK, KEPT_BY_PROBE};
use lacuna::model::{Extra, Model, Op, Pooling};
use lacuna::run_file::{SCORE_STATE, Tensors};
use lacuna::schedule::shown_from;
use lacuna::shared::{Sample, effects};
use lacuna::snapshot::Snapshot;
use lacuna::trainer::Trainer;

use super::CliError;

/// The complete network as JSON: what each operation reads and writes. The layer of an operation is the number in the names of its tensors.
fn network(model: &Model) -> Value {
    let groups = model.groups.iter().map(|group| {
        let first_unit = group.gated.then_some(group.first_unit);
        let price = group.gated.then_some(group.price);
        json!({"name": group.name, "size": group.size, "gated": group.gated, "first_unit": first_unit, "price": price, "union_of": group.union_of})
    });
    let maps = model.maps.iter().map(|map| json!({"group": map.group, "height": map.height, "width": map.width}));
    let ops = model.ops.iter().map(|op| {
        let rectified = model.maps[op.output()].rectified;
        match *op {
            Op::Convolve { layer, input, output, kernel, stride, padding } => json!({
                "op": "convolve", "layer": layer, "input": input, "output": output, "kernel": kernel, "stride": stride, "padding": padding,
                "bias": model.layers[layer].extra == Extra::Bias, "rectified": rectified,
            }),
            Op::Depthwise { layer, input, output, kernel, stride, padding } => json!({
                "op": "depthwise", "layer": layer, "input": input, "output": output, "kernel": kernel, "stride": stride, "padding": padding,
                "rectified": rectified,
            }),
            Op::Normalise { layer, input, output, shortcut } => json!({
                "op": if layer.is_some() { "normalise" } else { "add" }, "layer": layer, "input": input, "output": output,
                "shortcut": shortcut, "rectified": rectified,
            }),
            Op::Pool { pooling, input, output, window } => json!({
                "op": match pooling { Pooling::Max => "max pool", Pooling::Mean => "mean pool" },
                "input": input, "output": output, "window": window,
            }),
            Op::Gate { input, output } => json!({"op": "gate", "input": input, "output": output}),
        }
    });
    json!({"groups": groups.collect::<Vec<_>>(), "maps": maps.collect::<Vec<_>>(), "ops": ops.collect::<Vec<_>>()})
}

/// The current scores, moments, weights, velocity and running statistics; `moment` ("before" or "after") begins each name.
fn state(run: &Trainer, moment: &str, tensors: &mut Tensors) -> Result<(), DeviceError> {
    let (engine, model) = (run.engine(), &run.model);
    let read = |buffer| pollster::block_on(engine.read::<f32>(buffer));
    let units = model.units() as usize;
    tensors.floats(format!("{moment}.scores"), &[units], &read(&engine.buffers.scores)?[..units]);
    let score_state = read(&engine.buffers.score_state)?;
    for (index, name) in SCORE_STATE.into_iter().enumerate() {
        let values: Vec<f32> = score_state.chunks_exact(SCORE_STATE.len()).take(units).map(|of_unit| of_unit[index]).collect();
        tensors.floats(format!("{moment}.{name}"), &[units], &values);
    }
    let (weights, velocity, running) = (read(&engine.buffers.weights)?, read(&engine.buffers.velocity)?, read(&engine.buffers.running)?);
    tensors.layers(&format!("{moment}."), model, &weights, &velocity, &running);
    Ok(())
}

/// Does the next step and writes `directory/step-NNNNNN.safetensors`.
pub(super) fn step(run: &mut Trainer, set: &Dataset, directory: &Path) -> Result<Snapshot, CliError> {
    fs::create_dir_all(directory).map_err(CliError::file(directory))?;
    let number = run.step();
    let mut tensors = Tensors::default();

    let images = run.batch(number);
    let (inputs, params) = (set.inputs(), run.engine().params);
    let shifts: Vec<f32> = pollster::block_on(run.engine().read(&run.engine().buffers.shifts))?;
    let shown = |sample: &Sample, feature: u32| {
        shown_from(&params, sample.view, feature).map_or(0.0, |from| {
            let byte = set.train.inputs[sample.row as usize * inputs as usize + from as usize];
            params.scale * f32::from(byte) + shifts[from as usize]
        })
    };
    let features = images.iter().flat_map(|sample| (0..inputs).map(move |feature| (sample, feature)));
    let fed: Vec<f32> = features.map(|(sample, feature)| shown(sample, feature)).collect();
    let is_image = run.model.features_a_unit() > 1;
    let shape = if is_image { vec![set.channels, set.height, set.width] } else { vec![inputs] };
    let shape: Vec<usize> = iter::once(images.len()).chain(shape.into_iter().map(|size| size as usize)).collect();
    tensors.floats("inputs", &shape, &fed);
    let labels: Vec<i64> = images.iter().map(|sample| i64::from(set.train.labels[sample.row as usize])).collect();
    tensors.add("labels", Dtype::I64, &[labels.len()], &labels);

    state(run, "before", &mut tensors)?;
    let snapshot = pollster::block_on(run.advance(1))?;
    state(run, "after", &mut tensors)?;

    let engine = run.engine();
    let units = run.model.units() as usize;
    let bits = pollster::block_on(engine.read::<u32>(&engine.buffers.units))?;
    for (name, bit) in [("mask", DRAWN_IN_MASK), ("probe", DRAWN_IN_PROBE), ("kept_mask", KEPT_BY_MASK), ("kept_probe", KEPT_BY_PROBE)] {
        let of: Vec<u8> = bits[..units].iter().map(|bits| u8::from(bits & bit != 0)).collect();
        tensors.add(name, Dtype::U8, &[units], &of);
    }
    if params.learn_scores == 1 {
        tensors.floats("d_scores", &[units], &pollster::block_on(engine.read::<f32>(&engine.buffers.d_scores))?[..units]);
    }
    if params.effects != effects::NONE {
        // The buffer has no values of units that m does not keep.
        let of_kept = |(&bits, &value): (&u32, &f32)| if bits & KEPT_BY_MASK != 0 { value } else { 0.0 };
        let mut add = |name: &str, buffer| -> Result<(), CliError> {
            let values = pollster::block_on(engine.read::<f32>(buffer))?;
            tensors.floats(name, &[units], &bits[..units].iter().zip(&values).map(of_kept).collect::<Vec<f32>>());
            Ok(())
        };
        add("d_masks", &engine.buffers.d_masks)?;
        if params.exact_information == 1 {
            add("information", &engine.buffers.information)?;
        }
    }
    let state: Vec<u32> = pollster::block_on(engine.read(&engine.buffers.state))?;
    let state: lacuna::shared::State = bytemuck::pod_read_unaligned(&bytemuck::cast_slice(&state)[..size_of::<lacuna::shared::State>()]);
    let record = snapshot.records[0];
    for (name, value) in [
        ("loss", record.loss),
        ("threshold", record.threshold),
        ("gradient_norm", record.gradient_norm),
        ("sum_scores", record.sum_scores),
        ("clip_scale", state.clip_scale),
        ("budget", state.budget),
        ("learning_rate", state.learning_rate),
        ("scores_rate", state.scores_rate),
    ] {
        tensors.floats(name, &[], &[value]);
    }
    if snapshot.probed {
        tensors.floats("probe_loss", &[], &[record.probe_loss]);
    }

    let mut metadata: HashMap<String, String> =
        SETTINGS.iter().filter_map(|setting| Some((setting.name.to_owned(), run.config.get(setting.name).ok()?))).collect();
    metadata.insert("step".to_owned(), number.to_string());
    metadata.insert("network".to_owned(), network(&run.model).to_string());
    let path = directory.join(format!("step-{number:06}.safetensors"));
    let bytes = tensors.to_bytes(metadata).map_err(io::Error::other);
    bytes.and_then(|bytes| fs::write(&path, bytes)).map_err(CliError::file(&path))?;
    Ok(snapshot)
}
