//! The checkpoint of a run: a run restored from it continues bit for bit.

use bytemuck::Zeroable as _;

use crate::device::Buffer;
use crate::engine::Buffers;
use crate::mask;
use crate::methods::Criterion;
use crate::model::Model;
use crate::shared::{Params, State};

use super::construction::{built, engine_of, params_of};
use super::{CheckpointMismatch, Cost, TrainError, Trainer, pins_of};

/// The state of a run between two submits, without what its settings and its data determine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u32,
    /// Evaluations so far: each draws a mask of its own.
    pub evaluations: u32,
    /// The step before which the mask was last chosen, for methods that choose it.
    pub chosen_at: Option<u32>,
    /// Whether the scores are frozen to a mask, for fine-tuning.
    pub selected: bool,
    pub cost: Cost,
    /// `[H]` numbers in the whole network of the units on the device, ascending.
    pub numbers: Vec<u32>,
    /// `[U]` of the whole network: which units the last step drew and kept, as in [`crate::engine::Outcome::units`].
    pub units: Vec<u32>,
    /// `[U]` of the whole network: the score that a pinned unit had before, which it gets back when its pin is removed.
    pub unpinned: Vec<f32>,
    /// The tensors on the device, one after another: scores; Adam's two moments, effect and its count of each unit; weights, their velocity, pairs of
    /// running mean and variance.
    /// [`Checkpoint::lengths`] gives their lengths.
    pub tensors: Vec<f32>,
}

impl Checkpoint {
    /// `[H, 4H, W, W, 2S]` of the network on the device.
    #[must_use]
    pub fn lengths(model: &Model) -> [usize; 5] {
        let (units, weights) = (model.units() as usize, model.weights() as usize);
        [units, 4 * units, weights, weights, 2 * model.statistics() as usize]
    }
}

/// The buffers of a checkpoint's tensors, in its order.
fn places(buffers: &Buffers) -> [&Buffer; 5] {
    [&buffers.scores, &buffers.score_state, &buffers.weights, &buffers.velocity, &buffers.running]
}

impl Trainer {
    /// The current state. A step in progress is finished first, and waiting pins are applied.
    ///
    /// # Errors
    /// The run diverged in that step, or the device is lost.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint, TrainError> {
        self.finish_step().await?;
        self.apply_pins().await?;
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

    /// Loads a checkpoint of the same experiment and replaces the state of this run. Live settings that were changed before the checkpoint must be
    /// changed again first.
    ///
    /// # Errors
    /// A checkpoint of another network, or of a step beyond the end of the run; this run is then unchanged. The device cannot hold the network.
    pub fn restore(&mut self, state: Checkpoint) -> Result<(), TrainError> {
        let refuse = |mismatch| Err(TrainError::CheckpointMismatch(mismatch));
        if state.step > self.steps + self.finetune_steps() {
            return refuse(CheckpointMismatch::Steps);
        }
        let (mut model, built_numbers) = built(&self.config, &self.whole);
        let kept: Vec<bool> = built_numbers.iter().map(|number| state.numbers.contains(number)).collect();
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
            // The buffers are overwritten: there may be no memory for a second network beside this one.
            let Params { streamed, .. } = self.engine.params;
            self.engine.params = Params { streamed, ..params_of(&self.config, &model, &self.data) };
            self.engine.write_params();
            self.engine.write(&self.engine.buffers.state, &[State::zeroed()]);
            self.engine.fit(&state.tensors[..lengths[0]])?;
        } else {
            let scores = &state.tensors[..lengths[0]];
            self.engine =
                engine_of(&self.engine.machine, &self.config, &model, scores, &self.data, &self.data_buffers, self.engine.variants)?;
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
        // A pin that the saved scores do not match was set after the checkpoint was saved.
        let saved_score = |unit: u32| self.numbers.iter().position(|&number| number == unit).map(|place| state.tensors[place]);
        let applied = pins.only(|unit, score| saved_score(unit) == Some(score));
        (self.step_through, self.base, self.unpinned) = (None, None, state.unpinned);
        (self.pins_applied, self.pins) = (applied == pins, applied);
        self.write_pins();
        self.last = (state.step > 0).then(|| (self.step_now(state.step - 1), state.units));
        if state.selected {
            self.freeze();
        } else if self.config.method.facts().learns_scores && self.chosen_at.is_some() {
            self.rest_scores();
        }
        // The copy that ranks units stays until units are dropped, so that the run takes the same memory as without the interruption.
        let has_ranked = self.config.method.facts().ranks_by == Some(Criterion::Gradients) && self.chosen_at.is_some();
        if has_ranked && self.numbers == built_numbers {
            self.dense_copy = Some(self.copy(true)?);
        }
        Ok(())
    }
}
