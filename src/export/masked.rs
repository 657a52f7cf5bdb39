//! The logits of the masked network, by the engine that trains: what an exported network has to equal.

use std::rc::Rc;

use crate::device::{Machine, Variants};
use crate::engine::{DataBuffers, Engine};
use crate::mask;
use crate::model::Model;
use crate::run_file::RunFile;
use crate::schedule::plain;
use crate::shared::{Mode, Params};
use crate::trainer::Centring;

use super::ExportError;
use super::build::Saved;

/// `[rows, classes]` logits of `[rows, I]` bytes under the decided mask, with the running statistics of the normalisations.
///
/// # Errors
/// The file is a recording, or the device cannot hold the network.
pub async fn masked_logits(machine: &Rc<Machine>, file: &RunFile, centring: &Centring, rows: &[u8]) -> Result<Vec<f64>, ExportError> {
    let saved = Saved::of(file)?;
    let features = saved.whole.image.features();
    let count = (rows.len() / features as usize) as u32;
    let scores = mask::certain(&saved.kept);
    let model = Model { saves_memory: true, ..saved.device.clone() };
    let model = model.with_capacities(&model.capacities(&scores));
    let data = DataBuffers::new(machine, count, features, true)?;
    let params = Params {
        mode: Mode::Evaluate as u32,
        masks: 1,
        scale: centring.scale,
        // Scores are 0 or 1.
        decided_score: 0.5,
        decided_units: 0,
        ..model.params(count)
    };
    let mut engine = Engine::new(machine, &model, params, 1, &data, Variants::usual(&machine.adapter))?;
    engine.write(&engine.buffers.numbers, &saved.numbers);
    engine.write(&engine.buffers.scores, &scores);
    engine.write(&engine.buffers.weights, &saved.weights);
    engine.write(&engine.buffers.running, &saved.running);
    engine.write(&engine.buffers.shifts, &centring.shifts);
    let mut bytes = rows.to_vec();
    bytes.resize(rows.len().next_multiple_of(4), 0);
    engine.write(&engine.buffers.inputs, &bytes);
    let logits = engine.logits(&[engine.params], &plain(0..count)).await?;
    let (classes, stride) = (saved.device.groups.last().map_or(0, |group| group.size) as usize, engine.params.batch_stride as usize);
    let of_row = |row: usize| (0..classes).map(move |class| class * stride + row);
    Ok((0..count as usize).flat_map(of_row).map(|at| f64::from(logits[at])).collect())
}
