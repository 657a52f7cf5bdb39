//! The buffers of a network in the form of its reference kernels.

use bytemuck::pod_collect_to_vec;

use crate::device::DeviceError;
use crate::engine::{Cuts, Engine};
use crate::reference::Memory;
use crate::shared::State;

/// The buffers as large as the weights, which are most of a network's bytes. A kernel cannot write a buffer that it does not bind, so they are read
/// after the kernels that bind them and, like all others, after each step.
pub(super) const OF_WEIGHTS: [&str; 4] = ["weights", "velocity", "packed_weights", "d_weights"];

pub(super) fn of_weights(memory: &mut Memory) -> [(&'static str, &mut Vec<f64>); 4] {
    let Memory { weights, velocity, packed_weights, d_weights, .. } = memory;
    let [first, second, third, fourth] = OF_WEIGHTS;
    [(first, weights), (second, velocity), (third, packed_weights), (fourth, d_weights)]
}

/// Every buffer of a network.
///
/// # Errors
/// The device is lost.
pub async fn memory(engine: &Engine) -> Result<Memory, DeviceError> {
    read(engine, &|_| true).await
}

/// The maps with their gradients, and the buffers whose names `is_read` selects; the others are empty.
pub(super) async fn read(engine: &Engine, is_read: &dyn Fn(&str) -> bool) -> Result<Memory, DeviceError> {
    let buffers = &engine.buffers;
    let Cuts { enough, tile, strip } = engine.cuts();
    // All are read in one copy: where each begins follows from the sizes of those before it.
    let named = buffers.named();
    let all: Vec<_> = named.iter().map(|(_, buffer)| *buffer).chain(&buffers.values).collect();
    let sizes: Vec<u64> = all
        .iter()
        .enumerate()
        .map(|(index, buffer)| if named.get(index).is_none_or(|(name, _)| is_read(name)) { buffer.size() } else { 0 })
        .collect();
    let wanted = all.iter().copied().zip(sizes.iter().copied()).filter(|(_, bytes)| *bytes > 0);
    let bytes = engine.read_firsts(&wanted.collect::<Vec<_>>()).await?;
    let mut rest = &bytes[..];
    let pieces: Vec<&[u8]> = sizes
        .iter()
        .map(|&size| {
            let (own, others) = rest.split_at(size as usize);
            rest = others;
            own
        })
        .collect();
    let values = &pieces[named.len()..];
    let of = |name: &str| pieces[named.iter().position(|(known, _)| *known == name).expect("every buffer of a network has a name")];
    let floats = |bytes: &[u8]| -> Vec<f64> {
        bytes.chunks_exact(size_of::<f32>()).map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes")))).collect()
    };
    let pairs = |name: &str| floats(of(name)).chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect::<Vec<[f64; 2]>>();
    let words = |name: &str| pod_collect_to_vec::<u8, u32>(of(name));
    Ok(Memory {
        params: engine.params,
        state: bytemuck::pod_read_unaligned(&of("state")[..size_of::<State>()]),
        schedule: pod_collect_to_vec(of("schedule")),
        batch_rows: pod_collect_to_vec(of("batch_rows")),
        records: pod_collect_to_vec(of("records")),
        scores: floats(of("scores")),
        score_state: floats(of("score_state")).chunks_exact(4).map(|of| [of[0], of[1], of[2], of[3]]).collect(),
        d_scores: floats(of("d_scores")),
        d_masks: floats(of("d_masks")),
        information: floats(of("information")),
        pins: floats(of("pins")),
        numbers: words("numbers"),
        units: words("units"),
        lists: words("lists"),
        rows: words("rows"),
        counts: words("counts"),
        sources: pod_collect_to_vec(of("sources")),
        joins: pod_collect_to_vec(of("joins")),
        weights: floats(of("weights")),
        velocity: floats(of("velocity")),
        packed_weights: floats(of("packed_weights")),
        d_weights: floats(of("d_weights")),
        squares: floats(of("squares")),
        statistics: pairs("statistics"),
        d_statistics: pairs("d_statistics"),
        running: pairs("running"),
        inputs: words("inputs"),
        labels: words("labels"),
        shifts: floats(of("shifts")),
        values: values.iter().map(|bytes| floats(bytes)).collect(),
        square_starts: engine.square_starts.clone(),
        enough,
        tile,
        strip,
    })
}

pub(super) fn write(engine: &Engine, memory: &Memory) {
    let buffers = &engine.buffers;
    let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
    engine.write(&buffers.state, &[memory.state]);
    engine.write(&buffers.schedule, &memory.schedule);
    engine.write(&buffers.batch_rows, &memory.batch_rows);
    engine.write(&buffers.records, &memory.records);
    engine.write(&buffers.scores, &narrow(&memory.scores));
    engine.write(&buffers.score_state, &narrow(memory.score_state.as_flattened()));
    engine.write(&buffers.d_scores, &narrow(&memory.d_scores));
    engine.write(&buffers.d_masks, &narrow(&memory.d_masks));
    engine.write(&buffers.information, &narrow(&memory.information));
    engine.write(&buffers.pins, &narrow(&memory.pins));
    engine.write(&buffers.units, &memory.units);
    engine.write(&buffers.lists, &memory.lists);
    engine.write(&buffers.rows, &memory.rows);
    engine.write(&buffers.joins, &memory.joins);
    engine.write(&buffers.counts, &memory.counts);
    engine.write(&buffers.weights, &narrow(&memory.weights));
    engine.write(&buffers.velocity, &narrow(&memory.velocity));
    engine.write(&buffers.packed_weights, &narrow(&memory.packed_weights));
    engine.write(&buffers.d_weights, &narrow(&memory.d_weights));
    engine.write(&buffers.squares, &narrow(&memory.squares));
    let pairs = |values: &[[f64; 2]]| values.iter().map(|pair| pair.map(|value| value as f32)).collect::<Vec<[f32; 2]>>();
    engine.write(&buffers.statistics, &pairs(&memory.statistics));
    engine.write(&buffers.d_statistics, &pairs(&memory.d_statistics));
    engine.write(&buffers.running, &pairs(&memory.running));
    for (buffer, values) in buffers.values.iter().zip(&memory.values) {
        engine.write(buffer, &narrow(values));
    }
    engine.write(&buffers.inputs, &memory.inputs);
    engine.write(&buffers.labels, &memory.labels);
    engine.write(&buffers.shifts, &narrow(&memory.shifts));
}
