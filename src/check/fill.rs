//! Random numbers and poison for the buffers of a scene.

use bytemuck::cast_slice_mut;
use rand::RngExt;

use crate::random::Threefry;
use crate::reference::Memory;
use crate::schedule::view;
use crate::shared::{MISSING, Mode, Sample, State, Step};

use super::ROWS;
use super::scene::{Scene, Scores};

/// A quiet NaN that no kernel makes.
const POISON: u32 = 0x7fc0_dead;

/// Fills tensors with random numbers, and everything that a kernel should write with poison. `prices`: `[U]`.
pub(super) fn fill(memory: &mut Memory, scene: &Scene, prices: &[f32], random: &mut Threefry) {
    let poison = f64::from(f32::from_bits(POISON));
    let mut uniform = |low: f32, high: f32| f64::from(low + (high - low) * random.unit_interval());
    let units = memory.params.units as usize;
    for (unit, &price) in prices.iter().enumerate() {
        memory.scores[unit] = match (scene.scores, unit % 8) {
            (Scores::Mixed | Scores::Pinned, 0) => 0.0,
            (Scores::Mixed | Scores::Pinned, 1) => 1.0,
            (Scores::Mixed, 2) => f64::from(f32::from_bits(0x3300_0000)), // 2^-25, below the draw's resolution
            (Scores::Mixed | Scores::Pinned, _) => uniform(0.0, 1.0),
            (Scores::Vanishing, _) => uniform(0.0, 1e-7),
            (Scores::Tied, _) => 0.5,
        };
        let is_pinned = scene.scores == Scores::Pinned && unit % 8 < 2;
        memory.pins[unit] = f64::from(if is_pinned { -price } else { price });
        memory.score_state[unit] = [uniform(-0.1, 0.1), uniform(0.0, 0.01), uniform(-0.1, 0.0), (unit % 7) as f64];
    }
    for shift in &mut memory.shifts {
        *shift = uniform(-2.0, 0.0);
    }
    for weight in &mut memory.weights {
        *weight = uniform(-0.3, 0.3);
    }
    for velocity in &mut memory.velocity {
        *velocity = uniform(-0.1, 0.1);
    }
    for buffer in [
        &mut memory.d_scores,
        &mut memory.d_masks,
        &mut memory.information,
        &mut memory.packed_weights,
        &mut memory.d_weights,
        &mut memory.squares,
    ]
    .into_iter()
    .chain(&mut memory.values)
    {
        buffer.fill(poison);
    }
    if scene.scores == Scores::Pinned {
        // The optimiser's step alone reads these.
        memory.d_scores.iter_mut().for_each(|g| *g = uniform(-1.0, 1.0));
    }
    memory.statistics.fill([poison; 2]);
    memory.d_statistics.fill([poison; 2]);
    memory.running.iter_mut().for_each(|running| *running = [uniform(-0.5, 0.5), uniform(0.1, 2.0)]);
    memory.joins.fill([0xdead_0000; 2]);
    memory.rows.fill(0xdead_0000);
    memory.lists.fill(0xdead_0000);
    memory.counts.fill(0xdead_0000);
    memory.units.fill(0xdead_0000);
    let batch = memory.params.batch_size as usize;
    let seed = memory.params.seed;
    for (index, sample) in memory.batch_rows.iter_mut().enumerate() {
        *sample = Sample { row: random.random_range(0..ROWS), view: view(seed, 0, index as u32) };
        // The last image of an evaluation's second batch is missing.
        if memory.params.mode == Mode::Evaluate as u32 && index == 2 * batch - 1 {
            sample.row = MISSING;
        }
    }
    for byte in cast_slice_mut::<u32, u8>(&mut memory.inputs) {
        *byte = random.random_range(0..=255);
    }
    for label in cast_slice_mut::<u32, u8>(&mut memory.labels) {
        *label = random.random_range(0..scene.classes) as u8;
    }
    for (step, row) in memory.schedule.iter_mut().enumerate() {
        *row = Step {
            step: 1000 + step as u32,
            learning_rate: 0.05,
            scores_rate: 0.04,
            budget: scene.keep * units as f32,
            first_correction: 0.5,
            second_correction: 0.25,
        };
    }
    memory.state = State::default();
}
