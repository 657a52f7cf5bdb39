//! The CPU engine: the reference kernels in f32, on the network's own buffers.

use bytemuck::{Pod, cast_vec};

use crate::device::Buffer;
use crate::reference::{self, Memory};

use super::{Cuts, Dispatch, Engine};

/// Runs these dispatches, one after another.
pub(super) fn run<'a>(engine: &Engine, dispatches: impl Iterator<Item = &'a Dispatch>) {
    let mut memory = take(engine);
    for dispatch in dispatches {
        reference::run(dispatch.line.name, &dispatch.work, dispatch.masks, &mut memory);
    }
    put(engine, memory);
}

/// The words of a buffer as values, moved and not copied.
fn values<T: Pod>(buffer: &Buffer) -> Vec<T> {
    cast_vec(buffer.take())
}

/// The value at the beginning of a buffer.
fn first<T: Pod>(buffer: &Buffer) -> T {
    let words = buffer.take();
    let value = bytemuck::pod_read_unaligned(&bytemuck::cast_slice(&words)[..size_of::<T>()]);
    buffer.put(words);
    value
}

macro_rules! moved {
    ($($name:ident),+) => {
        /// Moves the contents of the network's buffers to the memory of the reference kernels.
        fn take(engine: &Engine) -> Memory<f32> {
            let buffers = &engine.buffers;
            let Cuts { enough, tile, strip } = engine.cuts();
            Memory {
                params: first(&buffers.params),
                state: first(&buffers.state),
                $($name: values(&buffers.$name),)+
                values: buffers.values.iter().map(values).collect(),
                square_starts: engine.square_starts.clone(),
                enough,
                tile,
                strip,
            }
        }

        /// Moves them back.
        fn put(engine: &Engine, memory: Memory<f32>) {
            let buffers = &engine.buffers;
            engine.machine.write(&buffers.state, 0, bytemuck::bytes_of(&memory.state));
            $(buffers.$name.put(cast_vec(memory.$name));)+
            buffers.values.iter().zip(memory.values).for_each(|(buffer, values)| buffer.put(cast_vec(values)));
        }
    };
}

moved!(
    schedule,
    batch_rows,
    records,
    scores,
    score_state,
    d_scores,
    d_masks,
    information,
    pins,
    numbers,
    units,
    lists,
    rows,
    counts,
    sources,
    joins,
    weights,
    velocity,
    packed_weights,
    d_weights,
    squares,
    statistics,
    d_statistics,
    running,
    inputs,
    labels,
    shifts
);
