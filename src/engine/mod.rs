//! Which kernels run, in which order, on which buffers. An [`Engine`] is one network with its state on a device.

mod buffers;
#[cfg(feature = "cpu")]
mod cpu;
mod dispatches;
mod grids;
mod room;
mod step;
#[cfg(feature = "gpu")]
mod tuning;
mod usual;

pub use buffers::{Buffers, DataBuffers, Inputs};
pub use dispatches::{Dispatch, Steps};
pub use grids::Cuts;
#[cfg(feature = "gpu")]
pub use step::kernels;
pub use step::{Line, Operands, Phase};
#[cfg(feature = "gpu")]
pub use tuning::{Timed, Tuned, limit_ms};
pub use usual::usual_variants;

use std::pin::Pin;
use std::rc::Rc;

use bytemuck::{Zeroable, cast_slice};

use crate::device::{Buffer, DeviceError, Encoder, Machine, Readback, Usage, Variants};
use crate::model::{Model, Places, Tensor};
use crate::shared::{MISSING, Params, Record, Sample, State, Step};

use step::StepPlan;

/// Most steps of one submit: rows of the schedule, of the batches and of the records.
pub const SLOTS: u32 = 64;

/// Most masks of a network's buffers: those of a step with a probe, and of an evaluation, which compares the decided mask with a sampled one.
pub const MASKS: u32 = 2;

/// The results of a submit.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: State,
    /// One for each step of the submit.
    pub records: Vec<Record>,
    /// `[U]`
    pub scores: Vec<f32>,
    /// `[U]` words of [`crate::mask::Bits`].
    pub units: Vec<u32>,
}

/// One network with its state on a device.
#[derive(Debug)]
pub struct Engine {
    pub machine: Rc<Machine>,
    pub params: Params,
    /// Masks for whose logits there are buffers, 1 or [`MASKS`]; a step forwards `params.masks` of them.
    pub masks: u32,
    /// The variants of the kernels that it runs.
    pub variants: Variants,
    pub buffers: Buffers,
    /// The network with the capacities of its buffers, and its tensors: finding their places takes too long for every snapshot.
    network: Model,
    tensors: Vec<Tensor>,
    data: DataBuffers,
    plan: StepPlan,
    steps: Steps,
    /// Submits that were repeated because a draw had no room.
    repeats: u32,
    steps_a_submit: u32,
    /// Where each kernel's part of `squares` begins.
    pub square_starts: Vec<u32>,
    readback: Readback,
}

impl Engine {
    /// Allocates the network's state with buffers for the logits of `masks` masks and for as many kept units as the model's capacities say, all 0 except
    /// what follows from the model: the units' numbers, the sources of its unions, and running statistics of mean 0 and variance 1. `variants`: those of
    /// the kernels that it runs.
    ///
    /// # Errors
    /// A tensor that this device cannot hold.
    ///
    /// # Panics
    /// Fewer masks than a step forwards, or more than [`MASKS`].
    pub fn new(
        machine: &Rc<Machine>,
        model: &Model,
        params: Params,
        masks: u32,
        data: &DataBuffers,
        variants: Variants,
    ) -> Result<Self, DeviceError> {
        assert!((params.masks..=MASKS).contains(&masks), "a step of {} masks needs buffers for them, not for {masks}", params.masks);
        let params = Params { streamed: data.is_streamed().into(), ..params };
        let plan = StepPlan::new(machine, model, &params, variants)?;
        let buffers = Buffers::new(machine, model, &params, masks, data, plan.squares)?;
        let steps = Steps::new(machine, model, &plan, masks, &buffers, variants);
        let readback = machine.readback(buffers.outcome_bytes());
        let steps_a_submit = buffers::steps_a_submit(machine, &params, data);
        let mut engine = Self {
            machine: Rc::clone(machine),
            params,
            masks,
            variants,
            buffers,
            network: model.clone(),
            tensors: model.tensors(masks),
            data: data.clone(),
            steps,
            repeats: 0,
            steps_a_submit,
            square_starts: plan.square_starts.clone(),
            plan,
            readback,
        };
        engine.write_params();
        engine.write(&engine.buffers.numbers, &(0..params.units).collect::<Vec<_>>());
        engine.write(&engine.buffers.sources, &model.sources());
        engine.write(&engine.buffers.running, &vec![[0.0f32, 1.0]; params.statistics as usize]);
        Ok(engine)
    }

    /// Most steps of a submit of this network, at most [`SLOTS`].
    #[must_use]
    pub fn steps_a_submit(&self) -> u32 {
        self.steps_a_submit
    }

    /// Sends `params` to the device, before the next submit, with the tables of the engine's own network.
    pub fn write_params(&mut self) {
        self.network.write_tables(&mut self.params);
        self.params.streamed = self.data.is_streamed().into();
        self.machine.write(&self.buffers.params, 0, bytemuck::bytes_of(&self.params));
    }

    /// Overwrites a buffer from its beginning.
    pub fn write<T: bytemuck::NoUninit>(&self, buffer: &Buffer, values: &[T]) {
        self.machine.write(buffer, 0, cast_slice(values));
    }

    /// Copies a buffer of another engine on the same device to one of this engine with the same size.
    pub fn copy(&self, from: &Buffer, to: &Buffer) {
        let mut encoder = self.machine.encoder("copy");
        encoder.copy(from, 0, to, 0, from.size());
        encoder.submit();
    }

    /// The number of the buffer of the logits among those of the maps: `[masks, classes, Bp]`.
    #[must_use]
    pub fn logits_buffer(&self) -> usize {
        Places::of(&self.network).forward[self.network.logits()].buffer
    }

    /// The dispatches of a training step, in order.
    #[must_use]
    pub fn training_step(&self) -> Vec<&Dispatch> {
        self.steps.training(self.params.masks, self.params.effects)
    }

    /// The dispatches of an evaluation batch, in order.
    #[must_use]
    pub fn evaluation_step(&self) -> Vec<&Dispatch> {
        self.steps.losses(self.masks)
    }

    /// Sends `schedule.len()` training steps with their `[steps, B]` images in one submit and waits for the results.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn train(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Outcome, DeviceError> {
        self.repeated(|steps, params, _| steps.training(params.masks, params.effects), schedule, samples).await
    }

    /// Prepares one step, which [`Engine::send`] then sends in parts.
    pub fn begin(&self, step: Step, samples: &[Sample]) {
        self.stage(&[step], samples);
    }

    /// Sends those dispatches of a training step for whose line `wanted` is true, with the part `learn` of the scores' update. All dispatches, each
    /// after those that it depends on, make the step of [`Engine::train`], bit for bit.
    pub fn send(&mut self, wanted: &dyn Fn(&Line) -> bool, learn: u32) {
        let whole = self.params.learn_scores;
        self.params.learn_scores = learn;
        self.write_params();
        let dispatches: Vec<&Dispatch> = self.training_step().into_iter().filter(|dispatch| wanted(&dispatch.line)).collect();
        let mut encoder = self.machine.encoder("part of a step");
        self.encode(&dispatches, 1, &mut encoder);
        encoder.submit();
        self.params.learn_scores = whole;
        self.write_params();
    }

    /// A copy of a buffer with its content after everything sent so far.
    ///
    /// # Errors
    /// A tensor that this device cannot hold twice.
    pub fn duplicate(&self, buffer: &Buffer) -> Result<Buffer, DeviceError> {
        let copy = self.machine.buffer("copy for comparison", buffer.size(), Usage::Copies)?;
        self.copy(buffer, &copy);
        Ok(copy)
    }

    /// Sends `batches` evaluation batches: forward passes and losses under the decided mask and, if there are buffers for two masks, a sampled one.
    /// Nothing is trained.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn evaluate(&mut self, batches: u32, samples: &[Sample]) -> Result<Outcome, DeviceError> {
        let schedule = vec![Step::zeroed(); batches as usize];
        self.repeated(|steps, _, masks| steps.losses(masks), &schedule, samples).await
    }

    /// Samples masks and computes the losses of `schedule.len()` steps in one submit, m and m′ drawn as in training. Nothing is trained.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn losses(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Outcome, DeviceError> {
        self.repeated(|steps, params, _| steps.losses(params.masks), schedule, samples).await
    }

    /// As [`Engine::losses`], with other scores for each step, `[steps, U]`: scores of 0 and 1 give exactly these masks. The last scores remain on
    /// the device.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn losses_under(&mut self, scores: &[f32], schedule: &[Step], samples: &[Sample]) -> Result<Outcome, DeviceError> {
        assert_eq!(scores.len(), schedule.len() * self.params.units as usize, "scores of every step");
        self.make_room_for_all(scores)?;
        self.stage(schedule, samples);
        let bytes = u64::from(self.params.units) * 4;
        let table = self.machine.buffer("scores of each step", bytes * schedule.len() as u64, Usage::Copies)?;
        self.write(&table, scores);
        let dispatches = self.steps.losses(self.params.masks);
        let mut encoder = self.machine.encoder("losses");
        for index in 0..schedule.len() as u64 {
            encoder.copy(&table, index * bytes, &self.buffers.scores, 0, bytes);
            self.encode(&dispatches, 1, &mut encoder);
        }
        encoder.submit();
        self.outcome(schedule.len()).await
    }

    /// `[steps, U]` dL/dm of each step's mask, for a network with gates: forward passes, and the backward pass to the units without gradients of
    /// weights. Nothing is trained.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn gates(&self, schedule: &[Step], samples: &[Sample]) -> Result<(State, Vec<f32>), DeviceError> {
        self.each(&self.steps.gates(), &self.buffers.d_scores, schedule, samples).await
    }

    /// `[steps, U]` dL/dm of the units that each step's mask keeps, for a network with running effects: a forward pass and a backward pass, without the
    /// step of scores and weights. The others have the value of an earlier mask.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn d_masks(&self, schedule: &[Step], samples: &[Sample]) -> Result<(State, Vec<f32>), DeviceError> {
        self.each(&self.steps.d_masks(self.params.effects), &self.buffers.d_masks, schedule, samples).await
    }

    /// The state after these dispatches, sent for each step, and `[steps, U]` values of a buffer after each.
    async fn each(
        &self,
        dispatches: &[&Dispatch],
        of: &Buffer,
        schedule: &[Step],
        samples: &[Sample],
    ) -> Result<(State, Vec<f32>), DeviceError> {
        self.stage(schedule, samples);
        let bytes = u64::from(self.params.units) * 4;
        let mut readback = self.machine.readback(bytes * schedule.len() as u64 + size_of::<State>() as u64);
        let mut encoder = self.machine.encoder("derivatives");
        for _ in schedule {
            self.encode(dispatches, 1, &mut encoder);
            readback.copy(&mut encoder, of, 0, bytes);
        }
        readback.copy(&mut encoder, &self.buffers.state, 0, size_of::<State>() as u64);
        encoder.submit();
        let found = readback.read(&self.machine).await?;
        let (values, state) = found.split_at(found.len() - size_of::<State>());
        Ok((bytemuck::pod_read_unaligned(state), bytemuck::pod_collect_to_vec(values)))
    }

    /// The current state, without a step.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn look(&mut self) -> Result<Outcome, DeviceError> {
        self.outcome(0).await
    }

    /// The current state with the first `records` records.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn look_at(&mut self, records: usize) -> Result<Outcome, DeviceError> {
        self.outcome(records).await
    }

    /// Writes what the next steps read, before their submit.
    fn stage(&self, schedule: &[Step], samples: &[Sample]) {
        assert!(schedule.len() <= self.steps_a_submit as usize, "a submit has at most {} steps", self.steps_a_submit);
        assert_eq!(samples.len(), schedule.len() * self.params.batch_size as usize, "images of every batch");
        self.write(&self.buffers.schedule, schedule);
        self.write(&self.buffers.batch_rows, samples);
        if let Inputs::Streamed(set) = &self.data.inputs {
            let (set, features) = (set.borrow(), self.data.features as usize);
            let mut rows = vec![0; (samples.len() * features).next_multiple_of(4)];
            for (row, sample) in rows.chunks_exact_mut(features).zip(samples).filter(|(_, sample)| sample.row != MISSING) {
                row.copy_from_slice(&set[sample.row as usize * features..][..features]);
            }
            self.write(&self.buffers.inputs, &rows);
        }
        self.write(&self.buffers.state, &[0u32]); // State::next
    }

    /// Adds these dispatches, repeated `times` times, to the submit.
    #[cfg_attr(not(feature = "cpu"), expect(clippy::unused_self, reason = "the CPU engine works on this network's buffers"))]
    fn encode(&self, dispatches: &[&Dispatch], times: usize, encoder: &mut Encoder<'_>) {
        match encoder {
            #[cfg(feature = "gpu")]
            Encoder::Gpu { .. } => {
                let all = std::iter::repeat_n(dispatches, times).flatten();
                encoder.pass("steps", all.map(|dispatch| dispatch.parts()));
            }
            #[cfg(feature = "cpu")]
            Encoder::Cpu(_) => cpu::run(self, std::iter::repeat_n(dispatches, times).flatten().copied()),
        }
    }

    fn submit(&self, dispatches: &[&Dispatch], schedule: &[Step], samples: &[Sample]) {
        self.stage(schedule, samples);
        let mut encoder = self.machine.encoder("steps");
        self.encode(dispatches, schedule.len(), &mut encoder);
        encoder.submit();
    }

    /// Boxed, as [`Readback::read`] is.
    fn outcome(&mut self, steps: usize) -> Pin<Box<dyn Future<Output = Result<Outcome, DeviceError>> + '_>> {
        Box::pin(self.read_outcome(steps))
    }

    async fn read_outcome(&mut self, steps: usize) -> Result<Outcome, DeviceError> {
        let units = self.params.units as usize;
        let mut encoder = self.machine.encoder("readback");
        let records = steps * size_of::<Record>();
        self.readback.copy(&mut encoder, &self.buffers.state, 0, size_of::<State>() as u64);
        self.readback.copy(&mut encoder, &self.buffers.scores, 0, units as u64 * 4);
        self.readback.copy(&mut encoder, &self.buffers.units, 0, units as u64 * 4);
        if records > 0 {
            self.readback.copy(&mut encoder, &self.buffers.records, 0, records as u64);
        }
        encoder.submit();
        let bytes = self.readback.read(&self.machine).await?;
        let (state, rest) = bytes.split_at(size_of::<State>());
        let (scores, rest) = rest.split_at(units * 4);
        let (masks, records) = rest.split_at(units * 4);
        Ok(Outcome {
            state: bytemuck::pod_read_unaligned(state),
            records: records.chunks_exact(size_of::<Record>()).map(bytemuck::pod_read_unaligned).collect(),
            scores: bytemuck::pod_collect_to_vec(scores),
            units: bytemuck::pod_collect_to_vec(masks),
        })
    }

    /// The whole content of a buffer, for checkpoints, traces and checks; not used in training.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn read<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(&self, buffer: &Buffer) -> Result<Vec<T>, DeviceError> {
        self.read_first(buffer, buffer.size()).await
    }

    /// The first `bytes` bytes of a buffer, a multiple of 4.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn read_first<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(
        &self,
        buffer: &Buffer,
        bytes: u64,
    ) -> Result<Vec<T>, DeviceError> {
        Ok(bytemuck::pod_collect_to_vec(&self.read_firsts(&[(buffer, bytes)]).await?))
    }

    /// The first bytes of several buffers, one after another; each number of bytes is a multiple of 4.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn read_firsts(&self, pieces: &[(&Buffer, u64)]) -> Result<Vec<u8>, DeviceError> {
        let mut all = Vec::new();
        let mut rest = pieces;
        while !rest.is_empty() {
            // As many pieces as one buffer can hold, and at least one, which is no larger than a buffer.
            let mut sum = 0;
            let fit = rest.iter().take_while(|(_, bytes)| {
                sum += bytes;
                sum <= self.machine.buffer_limit()
            });
            let (now, later) = rest.split_at(fit.count().max(1));
            let mut readback = self.machine.readback(now.iter().map(|(_, bytes)| bytes).sum());
            let mut encoder = self.machine.encoder("read");
            for (buffer, bytes) in now {
                readback.copy(&mut encoder, buffer, 0, *bytes);
            }
            encoder.submit();
            all.append(&mut readback.read(&self.machine).await?);
            rest = later;
        }
        Ok(all)
    }

    /// A row of the data set, `[I]` bytes, and its label.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn row(&self, row: u32) -> Result<(Vec<u8>, u8), DeviceError> {
        let features = u64::from(self.data.features);
        let label = self.read_bytes(&self.data.labels, row.into(), 1).await?[0];
        let at = u64::from(row) * features;
        let inputs = match &self.data.inputs {
            Inputs::Resident(buffer) => self.read_bytes(buffer, at, features).await?,
            Inputs::Streamed(set) => set.borrow()[at as usize..][..features as usize].to_vec(),
        };
        Ok((inputs, label))
    }

    /// Bytes of a buffer from any place on, although copies begin and end at whole words. Boxed, as [`Readback::read`] is.
    fn read_bytes(&self, buffer: &Buffer, at: u64, bytes: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, DeviceError>> + '_>> {
        let begin = at & !3;
        let words = (at + bytes - begin).next_multiple_of(4);
        let mut readback = self.machine.readback(words);
        let mut encoder = self.machine.encoder("read");
        readback.copy(&mut encoder, buffer, begin, words);
        encoder.submit();
        Box::pin(async move { Ok(readback.read(&self.machine).await?[(at - begin) as usize..][..bytes as usize].to_vec()) })
    }

    /// Runs one dispatch alone, for checks.
    pub fn run_alone(&self, dispatch: &Dispatch) {
        let mut encoder = self.machine.encoder(dispatch.line.name);
        self.encode(&[dispatch], 1, &mut encoder);
        encoder.submit();
    }

    /// Time of each phase of `schedule.len()` training steps, in milliseconds for each step, by the device's clock; the steps are real. `None` if the
    /// device has no clock.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn profile(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Option<Vec<(Phase, f64)>>, DeviceError> {
        let (mut schedule, mut samples) = (schedule, samples);
        loop {
            let dispatches = self.steps.training(self.params.masks, self.params.effects);
            let stretches: Vec<&[&Dispatch]> = dispatches.chunk_by(|a, b| a.line.phase == b.line.phase).collect();
            self.stage(schedule, samples);
            let Some(times) = self.time(&stretches, schedule.len()).await? else { return Ok(None) };
            let mut phases: Vec<(Phase, f64)> = Vec::new();
            for (stretch, ms) in stretches.iter().zip(times) {
                let phase = stretch[0].line.phase;
                match phases.iter_mut().find(|(known, _)| *known == phase) {
                    Some((_, sum)) => *sum += ms,
                    None => phases.push((phase, ms)),
                }
            }
            let outcome = self.outcome(0).await?;
            if !self.settle(&outcome)? {
                return Ok(Some(phases));
            }
            let done = outcome.state.next as usize;
            (schedule, samples) = (&schedule[done..], &samples[done * self.params.batch_size as usize..]);
        }
    }

    /// Milliseconds of each part of a step, from `steps` steps.
    #[cfg_attr(not(feature = "gpu"), expect(clippy::unused_async, reason = "only a GPU needs waiting"))]
    async fn time(&self, stretches: &[&[&Dispatch]], steps: usize) -> Result<Option<Vec<f64>>, DeviceError> {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = self.machine.gpu() {
            let parts: Vec<Vec<_>> = stretches.iter().map(|stretch| stretch.iter().map(|dispatch| dispatch.parts()).collect()).collect();
            return gpu.time(&parts, steps).await;
        }
        #[cfg(feature = "cpu")]
        if let Some(clock) = self.machine.cpu_clock() {
            let mut times = vec![0.0; stretches.len()];
            for _ in 0..steps {
                for (stretch, ms) in stretches.iter().zip(&mut times) {
                    let begin = clock();
                    cpu::run(self, stretch.iter().copied());
                    *ms += (clock() - begin) / steps as f64;
                }
            }
            return Ok(Some(times));
        }
        Ok(None)
    }
}
