//! What a run needs to go on, bit for bit, as if it had never stopped.

use bytemuck::Zeroable as _;

use crate::device::Buffer;
use crate::engine::Buffers;
use crate::mask;
use crate::model::Model;
use crate::shared::{Params, State};

use super::construction::{built, engine_of, params_of};
use super::{CheckpointMismatch, Cost, TrainError, Trainer, pins_of};

/// The state of a run between two submits. What follows from its experiment and its data is not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// Evaluations so far: each draws a mask of its own.
    pub evaluations: u32,
    /// The step before which the mask was chosen last, where the method does that.
    pub chosen_at: Option<u32>,
    /// Whether the scores are frozen to a mask, for fine-tuning.
    pub selected: bool,
    pub cost: Cost,
    /// `[H]` numbers of the units on the device in the whole network, rising.
    pub numbers: Vec<u32>,
    /// `[U]` of the whole network: what the last step drew and kept, as in [`crate::engine::Outcome::units`].
    pub units: Vec<u32>,
    /// `[U]` of the whole network: where a unit that is pinned stood before, and stands again once it is let go.
    pub unpinned: Vec<f32>,
    /// What is on the device, one after another: scores, pairs of Adam's moments, weights, their velocity, pairs of running mean and
    /// variance; so many of each as [`Checkpoint::lengths`] says.
    pub tensors: Vec<f32>,
}

impl Checkpoint {
    /// `[H, 2H, W, W, 2S]` of a network as it is on the device.
    #[must_use]
    pub fn lengths(model: &Model) -> [usize; 5] {
        let (units, weights) = (model.units() as usize, model.weights() as usize);
        [units, 2 * units, weights, weights, 2 * model.statistics() as usize]
    }
}

/// Where the tensors of a checkpoint stand on the device, in its order.
fn places(buffers: &Buffers) -> [&Buffer; 5] {
    [&buffers.scores, &buffers.moments, &buffers.weights, &buffers.velocity, &buffers.running]
}

impl Trainer {
    /// The state as it stands; a step that is begun is finished first, and units are pinned that shall be.
    ///
    /// # Errors
    /// The run diverged in that step, or the device is gone.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        self.finish_step().await?;
        self.settle_pins().await?;
        let lengths = Checkpoint::lengths(&self.model);
        let pieces: Vec<_> = places(&self.engine.buffers).into_iter().zip(lengths.map(|length| length as u64 * 4)).collect();
        let tensors = self.engine.read_firsts(&pieces).await?;
        Ok(Checkpoint {
            step: self.step,
            evaluations: self.evaluations,
            chosen_at: self.chosen_at,
            selected: self.selected,
            cost: self.cost,
            numbers: self.numbers.clone(),
            unpinned: self.unpinned.clone(),
            units: self.last.as_ref().map_or_else(|| vec![0; self.whole.units() as usize], |(_, units)| units.clone()),
            tensors: bytemuck::pod_collect_to_vec(&tensors),
        })
    }

    /// Takes up the state of a run of the same experiment, whatever this one did. Live settings that were changed on the way are to be
    /// changed again before.
    ///
    /// # Errors
    /// A state that is not one of this network or lies beyond the end of the run; the run is then as it was. The device cannot
    /// hold the network.
    pub fn restore(&mut self, state: Checkpoint) -> Result<(), TrainError> {
        let refuse = |mismatch| Err(TrainError::CheckpointMismatch(mismatch));
        if state.step > self.steps + self.finetune_steps() {
            return refuse(CheckpointMismatch::Steps);
        }
        let (mut model, numbers) = built(&self.config, &self.whole);
        let kept: Vec<bool> = numbers.iter().map(|number| state.numbers.contains(number)).collect();
        let count = kept.iter().filter(|&&kept| kept).count();
        if mask::closes_a_group(&model, &kept) || count != state.numbers.len() || !state.numbers.is_sorted() {
            return refuse(CheckpointMismatch::Units);
        }
        if count < kept.len() {
            model = model.compacted(&kept).0;
        }
        let lengths = Checkpoint::lengths(&model);
        let units = self.whole.units() as usize;
        if lengths.iter().sum::<usize>() != state.tensors.len() || state.units.len() != units || state.unpinned.len() != units {
            return refuse(CheckpointMismatch::Tensors);
        }
        let pins = pins_of(&self.config, &self.whole)?;
        if state.numbers == self.numbers {
            // All that it holds is written over: no second network stands beside it, which might not fit.
            let Params { streamed, .. } = self.engine.params;
            self.engine.params = Params { streamed, ..params_of(&self.config, &model, &self.data) };
            self.engine.write_params();
            self.engine.write(&self.engine.buffers.state, &[State::zeroed()]);
        } else {
            self.engine = engine_of(&self.engine.machine, &self.config, &model, &self.data, &self.data_buffers)?;
        }
        let mut rest = &state.tensors[..];
        for (buffer, length) in places(&self.engine.buffers).into_iter().zip(lengths) {
            let (values, others) = rest.split_at(length);
            self.engine.write(buffer, values);
            rest = others;
        }
        self.engine.write(&self.engine.buffers.numbers, &state.numbers);
        (self.model, self.numbers, self.dense_copy) = (model, state.numbers, None);
        (self.step, self.evaluations, self.chosen_at) = (state.step, state.evaluations, state.chosen_at);
        (self.cost, self.diverged, self.selected) = (state.cost, None, false);
        // A pin that the kept scores do not stand at was asked for after they were kept.
        let stands = |unit: u32| self.numbers.iter().position(|&number| number == unit).map(|place| state.tensors[place]);
        let held = pins.only(|unit, score| stands(unit) == Some(score));
        (self.step_through, self.base, self.unpinned) = (None, None, state.unpinned);
        (self.pins_settled, self.pins) = (held == pins, held);
        self.write_pins();
        self.last = (state.step > 0).then(|| (self.step_now(state.step - 1), state.units));
        if state.selected {
            self.freeze();
        }
        Ok(())
    }
}
