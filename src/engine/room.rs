//! Room for kept units: buffers that follow the capacities of the groups, and steps that are repeated because a draw had no room.
//!
//! A repeated step draws the same masks, since a draw depends on seed, step and scores alone. So its losses are those of a run whose buffers have room
//! for everything, bit for bit.

use bytemuck::Zeroable as _;

use crate::device::{DeviceError, Usage, Variants};
use crate::mask::{Bits, split};
use crate::model::{Model, Tensor};
use crate::shared::{Mode, Params, Sample, State, Step, halted};

use super::dispatches::{Dispatch, Steps};
use super::step::StepPlan;
use super::{Engine, Outcome};

impl Engine {
    /// The network with the capacities of the engine's buffers.
    #[must_use]
    pub fn network(&self) -> &Model {
        &self.network
    }

    /// Submits that were repeated because a draw had no room.
    #[must_use]
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// Fits the buffers to draws from `scores` (`[U]`): larger if a draw could have too little room, smaller if that saves enough memory. If the
    /// device cannot hold larger buffers, they stay as they are until a draw needs them.
    ///
    /// # Errors
    /// The device has too little memory.
    pub fn fit(&mut self, scores: &[f32]) -> Result<(), DeviceError> {
        self.resize_to(self.network.refitted(scores, self.params.batch_size))
    }

    /// As [`Engine::fit`], but exactly for these scores, so that the memory does not depend on the steps before.
    ///
    /// # Errors
    /// The device has too little memory.
    pub fn fit_exactly(&mut self, scores: &[f32]) -> Result<(), DeviceError> {
        self.resize_to(self.network.fitted(scores))
    }

    /// Resizes the buffers, if there is another network and the device can hold it.
    fn resize_to(&mut self, network: Option<Model>) -> Result<(), DeviceError> {
        match network {
            Some(network) => self.tensors_of(&network).map_or(Ok(()), |tensors| self.resize(network, tensors)),
            None => Ok(()),
        }
    }

    /// The tensors of the network with the capacities of the engine's buffers.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The tensors of a network.
    ///
    /// # Errors
    /// One of them is larger than the device allows.
    fn tensors_of(&self, network: &Model) -> Result<Vec<Tensor>, DeviceError> {
        let (limit, batch_size) = (self.machine.buffer_limit(), self.params.batch_size);
        let tensors = network.tensors(self.masks);
        match tensors.iter().find(|tensor| tensor.bytes(batch_size) > limit) {
            Some(tensor) => Err(DeviceError::TooLarge { bytes: tensor.bytes(batch_size), what: tensor.name.clone(), limit }),
            None => Ok(tensors),
        }
    }

    /// Gives the buffers room for all units whose score is not 0 in any of several rows of scores, `[rows, U]`.
    pub(super) fn make_room_for_all(&mut self, scores: &[f32]) -> Result<(), DeviceError> {
        let mut most: Vec<u32> = self.network.groups.iter().map(|group| group.capacity).collect();
        for scores in scores.chunks_exact(self.params.units as usize) {
            for (most, group) in most.iter_mut().zip(&self.network.groups).filter(|(_, group)| group.gated) {
                *most = (*most).max(scores[group.units()].iter().filter(|&&score| score > 0.0).count() as u32);
            }
        }
        self.grow(&most)
    }

    fn grow(&mut self, kept: &[u32]) -> Result<(), DeviceError> {
        let grown = self.network.grown(kept);
        if grown.groups == self.network.groups {
            return Ok(());
        }
        let tensors = self.tensors_of(&grown)?;
        self.resize(grown, tensors)
    }

    /// Replaces the buffers whose sizes depend on the capacities. The old ones are freed before the new ones are allocated.
    fn resize(&mut self, network: Model, tensors: Vec<Tensor>) -> Result<(), DeviceError> {
        (self.network, self.tensors) = (network, tensors);
        self.steps = Steps::default();
        // The passes may run side by side from now on, or no longer.
        self.plan = StepPlan::new(&self.machine, &self.network, &self.params, self.variants)?;
        self.buffers.resize(&self.machine, &self.network, &self.params, self.masks)?;
        self.steps = Steps::new(&self.machine, &self.network, &self.plan, self.masks, &self.buffers, self.variants);
        self.write_params();
        Ok(())
    }

    /// Replaces the variants of the kernels that the next steps run. The CPU engine has one version of each kernel and only stores them.
    ///
    /// # Errors
    /// A network too large for the device with these variants, or a variant that the adapter cannot run.
    pub fn use_variants(&mut self, variants: Variants) -> Result<(), DeviceError> {
        #[cfg(feature = "gpu")]
        if variants != self.variants {
            // A page has no files for these, and resumes a run with its own variants.
            #[cfg(not(target_arch = "wasm32"))]
            if let Some((product, variant)) = self.machine.gpu().and_then(|gpu| variants.missing_on(&gpu.adapter)) {
                return Err(DeviceError::NoSubgroups { kernel: product.name(), variant });
            }
            let plan = StepPlan::new(&self.machine, &self.network, &self.params, variants)?;
            self.buffers.squares = self.machine.buffer("squares", u64::from(plan.squares) * 4, Usage::Storage)?;
            self.steps = Steps::new(&self.machine, &self.network, &plan, self.masks, &self.buffers, variants);
            self.square_starts.clone_from(&plan.square_starts);
            self.plan = plan;
        }
        self.variants = variants;
        Ok(())
    }

    /// If the last submit had no room for a draw, makes room for it and returns true: its steps from `outcome.state.next` on are to be repeated.
    ///
    /// # Errors
    /// The device cannot hold the larger buffers.
    pub fn settle(&mut self, outcome: &Outcome) -> Result<bool, DeviceError> {
        let State { halted, .. } = outcome.state;
        if halted & halted::OVERFLOWED == 0 {
            return Ok(false);
        }
        if halted & halted::DIVERGED != 0 && self.params.mode == Mode::Train as u32 {
            // The run ended before the draw that had no room.
            self.write(&self.buffers.state, &[State { halted: halted::DIVERGED, ..outcome.state }]);
            return Ok(false);
        }
        // Steps after an overflow draw the same masks again, so these are the bits of the step that had no room.
        let kept_by = |units: &[u32], z: usize| units.iter().filter(|&&bits| split(Bits(bits).kept())[z]).count() as u32;
        let kept: Vec<u32> = self
            .network
            .groups
            .iter()
            .map(|group| {
                let units = if group.gated { &outcome.units[group.units()] } else { &[][..] };
                kept_by(units, 0).max(kept_by(units, 1))
            })
            .collect();
        self.repeat_with(&outcome.state, &kept)?;
        Ok(true)
    }

    /// Makes room for a draw of so many units of each group and allows the steps to go on.
    pub(super) fn repeat_with(&mut self, state: &State, kept: &[u32]) -> Result<(), DeviceError> {
        self.repeats += 1;
        // Also after an error the run can go on.
        self.write(&self.buffers.state, &[State { halted: state.halted & !halted::OVERFLOWED, ..*state }]);
        self.grow(kept)
    }

    /// Sends steps in one submit and waits for the results. Steps that had no room are sent again.
    pub(super) async fn repeated(
        &mut self,
        dispatches: for<'a> fn(&'a Steps, &Params, u32) -> Vec<&'a Dispatch>,
        schedule: &[Step],
        samples: &[Sample],
    ) -> Result<Outcome, DeviceError> {
        let mut records = Vec::new();
        loop {
            let done = records.len();
            let (left, samples) = (&schedule[done..], &samples[done * self.params.batch_size as usize..]);
            self.submit(&dispatches(&self.steps, &self.params, self.masks), left, samples);
            let mut outcome = self.outcome(left.len()).await?;
            if !self.settle(&outcome)? {
                records.append(&mut outcome.records);
                // Rows are counted from the first step on.
                let more = done as u32;
                let state = State { slot: outcome.state.slot + more, next: outcome.state.next + more, ..outcome.state };
                return Ok(Outcome { state, records, ..outcome });
            }
            records.extend(outcome.records.drain(..outcome.state.next as usize));
        }
    }

    /// `[batches, masks, classes, Bp]` logits of evaluation batches, those of the decided mask before those of the sampled one, in one submit. Each
    /// batch has its own parameters, so that each may draw another mask; the last ones remain on the device.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn logits(&mut self, params: &[Params], samples: &[Sample]) -> Result<Vec<f32>, DeviceError> {
        let logits = self.logits_buffer();
        loop {
            self.stage(&vec![Step::zeroed(); params.len()], samples);
            let mut params = params.to_vec();
            for params in &mut params {
                self.network.write_tables(params);
            }
            let bytes = size_of::<Params>() as u64;
            let table = self.machine.buffer("the parameters of each batch", bytes * params.len() as u64, Usage::Copies)?;
            self.write(&table, &params);
            let map = &self.buffers.values[logits];
            let state = size_of::<State>() as u64;
            let mut readback = self.machine.readback(map.size() * params.len() as u64 + state);
            let dispatches = self.steps.losses(self.masks);
            let mut encoder = self.machine.encoder("logits");
            for index in 0..params.len() as u64 {
                encoder.copy(&table, index * bytes, &self.buffers.params, 0, bytes);
                self.encode(&dispatches, 1, &mut encoder);
                readback.copy(&mut encoder, map, 0, map.size());
            }
            readback.copy(&mut encoder, &self.buffers.state, 0, state);
            encoder.submit();
            let found = readback.read(&self.machine).await?;
            let (logits, state) = found.split_at(found.len() - state as usize);
            let state: State = bytemuck::pod_read_unaligned(state);
            if state.halted & halted::OVERFLOWED == 0 {
                return Ok(bytemuck::pod_collect_to_vec(logits));
            }
            // Each batch draws from another counter, and only the last draw is left.
            self.repeat_with(&state, &self.network.sizes())?;
        }
    }
}
