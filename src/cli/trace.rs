//! `lacuna train --trace`: everything that a step computed from and to, one safetensors file a step. The keys stand in the README.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, serialize};

use lacuna::config::KNOBS;
use lacuna::data::Dataset;
use lacuna::gpu::GpuError;
use lacuna::reference::shown_from;
use lacuna::shared::Sample;
use lacuna::snapshot::Snapshot;
use lacuna::trainer::Trainer;

use super::CliError;

/// A tensor as bytes, with its shape.
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Tensors(Vec<Tensor>);

impl Tensors {
    fn floats(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        self.0.push(Tensor { name: name.into(), dtype: Dtype::F32, shape: shape.to_vec(), bytes: bytemuck::cast_slice(values).to_vec() });
    }

    fn bits(&mut self, name: &str, units: &[u32], bit: u32) {
        let bytes: Vec<u8> = units.iter().map(|bits| (bits >> bit & 1) as u8).collect();
        self.0.push(Tensor { name: name.to_owned(), dtype: Dtype::U8, shape: vec![bytes.len()], bytes });
    }
}

/// Scores, moments, weights and velocity as they stand, each name beginning with `moment` ("before" or "after").
fn state(run: &Trainer, moment: &str, tensors: &mut Tensors) -> Result<(), GpuError> {
    let (engine, model) = (run.engine(), &run.model);
    let read = |buffer| pollster::block_on(engine.read::<f32>(buffer));
    let units = model.units() as usize;
    tensors.floats(format!("{moment}.scores"), &[units], &read(&engine.buffers.scores)?[..units]);
    let moments = read(&engine.buffers.moments)?;
    for (index, name) in ["first_moment", "second_moment"].into_iter().enumerate() {
        let values: Vec<f32> = moments[..2 * units].iter().skip(index).step_by(2).copied().collect();
        tensors.floats(format!("{moment}.scores_{name}"), &[units], &values);
    }
    for (name, values) in [("weights", read(&engine.buffers.weights)?), ("velocity", read(&engine.buffers.velocity)?)] {
        for (index, layer) in model.layers.iter().enumerate() {
            let first = layer.first_weight as usize;
            let shape = [layer.rows() as usize, layer.outputs as usize];
            tensors.floats(format!("{moment}.{name}.{index}"), &shape, &values[first..first + layer.weights() as usize]);
        }
    }
    Ok(())
}

/// Does the next step and writes `directory/step-NNNNNN.safetensors`.
pub(super) fn step(run: &mut Trainer, set: &Dataset, directory: &Path) -> Result<Snapshot, CliError> {
    let file_error = |error| CliError::File { path: directory.display().to_string(), error };
    fs::create_dir_all(directory).map_err(file_error)?;
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
    let fed: Vec<f32> = images.iter().flat_map(|sample| (0..inputs).map(move |feature| (sample, feature))).map(|(sample, feature)| shown(sample, feature)).collect();
    tensors.floats("inputs", &[images.len(), inputs as usize], &fed);
    let labels: Vec<i64> = images.iter().map(|sample| i64::from(set.train.labels[sample.row as usize])).collect();
    tensors.0.push(Tensor {
        name: "labels".to_owned(),
        dtype: Dtype::I64,
        shape: vec![labels.len()],
        bytes: bytemuck::cast_slice(&labels).to_vec(),
    });

    state(run, "before", &mut tensors)?;
    let snapshot = pollster::block_on(run.advance(1))?;
    state(run, "after", &mut tensors)?;

    let engine = run.engine();
    let units = run.model.units() as usize;
    let bits = pollster::block_on(engine.read::<u32>(&engine.buffers.units))?;
    for (name, bit) in [("mask", 0), ("probe", 1), ("kept_mask", 2), ("kept_probe", 3)] {
        tensors.bits(name, &bits[..units], bit);
    }
    if params.learn_scores == 1 {
        tensors.floats("d_scores", &[units], &pollster::block_on(engine.read::<f32>(&engine.buffers.d_scores))?[..units]);
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
        KNOBS.iter().filter_map(|knob| Some((knob.name.to_owned(), run.config.get(knob.name).ok()?))).collect();
    metadata.insert("step".to_owned(), number.to_string());
    metadata.insert("groups".to_owned(), run.model.sizes().iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    let views = tensors.0.iter().map(|tensor| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes).expect("every shape is that of its bytes");
        (tensor.name.as_str(), view)
    });
    let path = directory.join(format!("step-{number:06}.safetensors"));
    let bytes = serialize(views, Some(metadata)).map_err(io::Error::other);
    bytes.and_then(|bytes| fs::write(&path, bytes)).map_err(|error| CliError::File { path: path.display().to_string(), error })?;
    Ok(snapshot)
}
