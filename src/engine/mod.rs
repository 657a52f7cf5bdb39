//! Which kernels run, in which order, on which buffers. One [`Engine`] is one network with its state on the GPU.

mod buffers;
mod grids;
mod step;

pub use buffers::{Buffers, DataBuffers, Inputs};
pub use grids::enough;
pub use step::{Dispatch, Line, Operands, Phase, Steps};

use std::pin::Pin;
use std::rc::Rc;

use bytemuck::{Zeroable, cast_slice};

use crate::gpu::{Gpu, GpuError, Kernels, Readback};
use crate::model::Model;
use crate::shared::{MISSING, Params, Record, Sample, State, Step};

use step::Plan;

/// Most steps that one submit holds: rows of the schedule, of the batches and of the records.
pub const SLOTS: u32 = 64;

/// Most masks that a network has room for: those of a step that probes, and of an evaluation, which compares the decided mask with a sampled one.
pub const MASKS: u32 = 2;

/// A device with its compiled kernels, shared by every network on it.
#[derive(Debug)]
pub struct Machine {
    pub gpu: Gpu,
    pub kernels: Kernels,
}

impl Machine {
    /// Opens the adapter, as [`Gpu::open`] does, and compiles; `progress` is told how many kernels are done, of how many.
    ///
    /// # Errors
    /// What [`Gpu::open`] and [`Kernels::compile`] refuse.
    pub async fn open(choice: Option<&str>, name: Option<&str>, progress: impl FnMut(usize, usize)) -> Result<Rc<Self>, GpuError> {
        let gpu = Gpu::open(choice, name).await?;
        let kernels = Kernels::compile(&gpu, progress).await?;
        Ok(Rc::new(Self { gpu, kernels }))
    }
}

/// What a submit leaves: plain numbers.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: State,
    /// One for each step of the submit.
    pub records: Vec<Record>,
    /// `[U]`
    pub scores: Vec<f32>,
    /// `[U]` bits: 0 drawn in m, 1 in m′, 2 kept by m, 3 kept by m′.
    pub units: Vec<u32>,
}

/// One network with its state on the GPU.
#[derive(Debug)]
pub struct Engine {
    pub machine: Rc<Machine>,
    pub params: Params,
    /// Masks that it has room for, 1 or [`MASKS`]; a step forwards `params.masks` of them.
    pub masks: u32,
    pub buffers: Buffers,
    data: DataBuffers,
    steps: Steps,
    steps_a_submit: u32,
    /// Where each kernel's stretch of `squares` begins.
    pub square_starts: Vec<u32>,
    readback: Readback,
}

impl Engine {
    /// Allocates the network's state with room for `masks` masks, all 0 but what follows from the model: the units' numbers, the sources of its
    /// unions, and running statistics of mean 0 and variance 1.
    ///
    /// # Errors
    /// A tensor that this device cannot hold.
    ///
    /// # Panics
    /// Room for fewer masks than a step forwards, or for more than [`MASKS`].
    pub fn new(machine: &Rc<Machine>, model: &Model, params: Params, masks: u32, data: &DataBuffers) -> Result<Self, GpuError> {
        assert!((params.masks..=MASKS).contains(&masks), "a step of {} masks needs room for them, not for {masks}", params.masks);
        let params = Params { streamed: data.is_streamed().into(), ..params };
        let plan = Plan::new(machine, model, &params)?;
        let buffers = Buffers::new(machine, model, &params, masks, data, plan.squares)?;
        let steps = Steps::new(machine, model, &plan, masks, &buffers);
        let readback = Readback::new(&machine.gpu, buffers.outcome_bytes());
        let steps_a_submit = buffers::steps_a_submit(&machine.gpu, &params, data);
        let engine = Self {
            machine: Rc::clone(machine),
            params,
            masks,
            buffers,
            data: data.clone(),
            steps,
            steps_a_submit,
            square_starts: plan.square_starts,
            readback,
        };
        engine.write_params();
        engine.write(&engine.buffers.numbers, &(0..params.units).collect::<Vec<_>>());
        engine.write(&engine.buffers.sources, &model.sources());
        engine.write(&engine.buffers.running, &vec![[0.0f32, 1.0]; params.statistics as usize]);
        Ok(engine)
    }

    /// Most steps that a submit of this network holds, at most [`SLOTS`].
    #[must_use]
    pub fn steps_a_submit(&self) -> u32 {
        self.steps_a_submit
    }

    /// Sends the parameters, as they stand in `params`, ahead of the next submit.
    pub fn write_params(&self) {
        self.machine.gpu.queue.write_buffer(&self.buffers.params, 0, bytemuck::bytes_of(&self.params));
    }

    /// Overwrites a buffer from its beginning.
    pub fn write<T: bytemuck::NoUninit>(&self, buffer: &wgpu::Buffer, values: &[T]) {
        self.machine.gpu.queue.write_buffer(buffer, 0, cast_slice(values));
    }

    /// Copies a buffer of another engine on the same device over one of this engine's, of the same size.
    pub fn copy(&self, from: &wgpu::Buffer, to: &wgpu::Buffer) {
        let gpu = &self.machine.gpu;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("copy") });
        encoder.copy_buffer_to_buffer(from, 0, to, 0, from.size());
        gpu.queue.submit([encoder.finish()]);
    }

    /// The dispatches of a training step, in order.
    #[must_use]
    pub fn training_step(&self) -> Vec<&Dispatch> {
        self.steps.training(self.params.masks)
    }

    /// The dispatches of an evaluation batch, in order.
    #[must_use]
    pub fn evaluation_step(&self) -> Vec<&Dispatch> {
        self.steps.losses(self.masks)
    }

    /// Sends `schedule.len()` training steps with their `[steps, B]` images in one submit and waits for what they leave.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn train(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Outcome, GpuError> {
        let dispatches = self.steps.training(self.params.masks);
        self.submit(&dispatches, schedule, samples);
        self.outcome(schedule.len()).await
    }

    /// Readies the one step that [`Engine::pass`] then takes in parts.
    pub fn begin(&self, step: Step, samples: &[Sample]) {
        self.stage(&[step], samples);
    }

    /// Sends those dispatches of a training step whose line is `wanted`, with the part `learn` of the scores' update. All of them, in an order
    /// that respects what each reads, make the step of [`Engine::train`], bit for bit.
    pub fn send(&mut self, wanted: &dyn Fn(&Line) -> bool, learn: u32) {
        let whole = self.params.learn_scores;
        self.params.learn_scores = learn;
        self.write_params();
        let dispatches: Vec<&Dispatch> = self.training_step().into_iter().filter(|dispatch| wanted(&dispatch.line)).collect();
        let mut encoder = self.machine.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("part of a step") });
        self.encode(&dispatches, &mut encoder);
        self.machine.gpu.queue.submit([encoder.finish()]);
        self.params.learn_scores = whole;
        self.write_params();
    }

    /// A copy of a buffer as it will stand when what was sent so far is done.
    ///
    /// # Errors
    /// A tensor that this device cannot hold twice.
    pub fn keep(&self, buffer: &wgpu::Buffer) -> Result<wgpu::Buffer, GpuError> {
        let kept = self.machine.gpu.buffer("kept for comparison", buffer.size(), wgpu::BufferUsages::empty())?;
        self.copy(buffer, &kept);
        Ok(kept)
    }

    /// Sends as many evaluation batches: forwards and losses under the decided mask and, where there is room for two, a sampled one; nothing is
    /// trained.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn evaluate(&mut self, batches: u32, samples: &[Sample]) -> Result<Outcome, GpuError> {
        let schedule = vec![Step::zeroed(); batches as usize];
        let dispatches = self.steps.losses(self.masks);
        self.submit(&dispatches, &schedule, samples);
        self.outcome(schedule.len()).await
    }

    /// Runs sampling, forwards and losses of as many steps in one submit, m and m′ drawn as in training; nothing is trained.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn losses(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Outcome, GpuError> {
        let dispatches = self.steps.losses(self.params.masks);
        self.submit(&dispatches, schedule, samples);
        self.outcome(schedule.len()).await
    }

    /// The same under scores of its own for each step, `[steps, U]`: with 0 and 1 alone, under these masks. The last ones stay.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn losses_under(&mut self, scores: &[f32], schedule: &[Step], samples: &[Sample]) -> Result<Outcome, GpuError> {
        assert_eq!(scores.len(), schedule.len() * self.params.units as usize, "scores of every step");
        self.stage(schedule, samples);
        let gpu = &self.machine.gpu;
        let bytes = u64::from(self.params.units) * 4;
        let table = gpu.buffer("scores of each step", bytes * schedule.len() as u64, wgpu::BufferUsages::empty())?;
        self.write(&table, scores);
        let dispatches = self.steps.losses(self.params.masks);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("losses") });
        for index in 0..schedule.len() as u64 {
            encoder.copy_buffer_to_buffer(&table, index * bytes, &self.buffers.scores, 0, Some(bytes));
            self.encode(&dispatches, &mut encoder);
        }
        gpu.queue.submit([encoder.finish()]);
        self.outcome(schedule.len()).await
    }

    /// `[batches, masks, classes, Bp]` logits of evaluation batches, those of the decided mask before those of the sampled one, in one submit.
    /// Each batch has parameters of its own, so that each may draw its own mask; the last ones stay.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn logits(&mut self, params: &[Params], samples: &[Sample]) -> Result<Vec<f32>, GpuError> {
        self.stage(&vec![Step::zeroed(); params.len()], samples);
        let gpu = &self.machine.gpu;
        let bytes = size_of::<Params>() as u64;
        let table = gpu.buffer("the parameters of each batch", bytes * params.len() as u64, wgpu::BufferUsages::empty())?;
        self.write(&table, params);
        let map = self.buffers.maps.last().expect("every network has a last map");
        let mut readback = Readback::new(gpu, map.size() * params.len() as u64);
        let dispatches = self.steps.losses(self.masks);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("logits") });
        for index in 0..params.len() as u64 {
            encoder.copy_buffer_to_buffer(&table, index * bytes, &self.buffers.params, 0, Some(bytes));
            self.encode(&dispatches, &mut encoder);
            readback.copy(&mut encoder, map, map.size());
        }
        gpu.queue.submit([encoder.finish()]);
        Ok(bytemuck::pod_collect_to_vec(&readback.read(gpu).await?))
    }

    /// `[steps, U]` dL/dm of each step's mask, of a network with gates: forwards and the way back to the units; no weight's gradient, and
    /// nothing is trained.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn gates(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<(State, Vec<f32>), GpuError> {
        self.stage(schedule, samples);
        let gpu = &self.machine.gpu;
        let bytes = u64::from(self.params.units) * 4;
        let mut readback = Readback::new(gpu, bytes * schedule.len() as u64 + size_of::<State>() as u64);
        let dispatches = self.steps.gates();
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("gates") });
        for _ in schedule {
            self.encode(&dispatches, &mut encoder);
            readback.copy(&mut encoder, &self.buffers.d_scores, bytes);
        }
        readback.copy(&mut encoder, &self.buffers.state, size_of::<State>() as u64);
        gpu.queue.submit([encoder.finish()]);
        let found = readback.read(gpu).await?;
        let (gates, state) = found.split_at(found.len() - size_of::<State>());
        Ok((bytemuck::pod_read_unaligned(state), bytemuck::pod_collect_to_vec(gates)))
    }

    /// The state now, without a step.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn look(&mut self) -> Result<Outcome, GpuError> {
        self.outcome(0).await
    }

    /// The same with as many records, from the first.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn look_at(&mut self, records: usize) -> Result<Outcome, GpuError> {
        self.outcome(records).await
    }

    /// What the next steps read, ahead of their submit.
    fn stage(&self, schedule: &[Step], samples: &[Sample]) {
        assert!(schedule.len() <= self.steps_a_submit as usize, "a submit holds at most {} steps", self.steps_a_submit);
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

    /// Adds one step to what is submitted.
    fn encode(&self, dispatches: &[&Dispatch], encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("step"), timestamp_writes: None });
        for dispatch in dispatches {
            dispatch.encode(&self.machine.kernels, &mut pass);
        }
    }

    fn submit(&self, dispatches: &[&Dispatch], schedule: &[Step], samples: &[Sample]) {
        self.stage(schedule, samples);
        let gpu = &self.machine.gpu;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("steps") });
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("steps"), timestamp_writes: None });
            for _ in schedule {
                for dispatch in dispatches {
                    dispatch.encode(&self.machine.kernels, &mut pass);
                }
            }
        }
        gpu.queue.submit([encoder.finish()]);
    }

    /// Boxed, as [`Readback::read`] is.
    fn outcome(&mut self, steps: usize) -> Pin<Box<dyn Future<Output = Result<Outcome, GpuError>> + '_>> {
        Box::pin(self.read_outcome(steps))
    }

    async fn read_outcome(&mut self, steps: usize) -> Result<Outcome, GpuError> {
        let gpu = &self.machine.gpu;
        let units = self.params.units as usize;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("readback") });
        let records = steps * size_of::<Record>();
        self.readback.copy(&mut encoder, &self.buffers.state, size_of::<State>() as u64);
        self.readback.copy(&mut encoder, &self.buffers.scores, units as u64 * 4);
        self.readback.copy(&mut encoder, &self.buffers.units, units as u64 * 4);
        if records > 0 {
            self.readback.copy(&mut encoder, &self.buffers.records, records as u64);
        }
        gpu.queue.submit([encoder.finish()]);
        let bytes = self.readback.read(gpu).await?;
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

    /// The whole content of a buffer, for checkpoints, traces and checks; not on the training path.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn read<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(&self, buffer: &wgpu::Buffer) -> Result<Vec<T>, GpuError> {
        self.read_first(buffer, buffer.size()).await
    }

    /// The first `bytes` bytes of a buffer, a multiple of 4.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn read_first<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(
        &self,
        buffer: &wgpu::Buffer,
        bytes: u64,
    ) -> Result<Vec<T>, GpuError> {
        Ok(bytemuck::pod_collect_to_vec(&self.read_firsts(&[(buffer, bytes)]).await?))
    }

    /// The first bytes, so many, a multiple of 4, of each of some buffers, one after another.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn read_firsts(&self, pieces: &[(&wgpu::Buffer, u64)]) -> Result<Vec<u8>, GpuError> {
        let gpu = &self.machine.gpu;
        let mut readback = Readback::new(gpu, pieces.iter().map(|(_, bytes)| bytes).sum());
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("read") });
        for (buffer, bytes) in pieces {
            readback.copy(&mut encoder, buffer, *bytes);
        }
        gpu.queue.submit([encoder.finish()]);
        readback.read(gpu).await
    }

    /// A row of the data set, `[I]` bytes, and its label.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    pub async fn row(&self, row: u32) -> Result<(Vec<u8>, u8), GpuError> {
        let features = u64::from(self.data.features);
        let label = self.read_bytes(&self.data.labels, row.into(), 1).await?[0];
        let at = u64::from(row) * features;
        let inputs = match &self.data.inputs {
            Inputs::Resident(buffer) => self.read_bytes(buffer, at, features).await?,
            Inputs::Streamed(set) => set.borrow()[at as usize..][..features as usize].to_vec(),
        };
        Ok((inputs, label))
    }

    /// Bytes of a buffer from anywhere on: copies begin and end at whole words. Boxed, as [`Readback::read`] is.
    fn read_bytes(&self, buffer: &wgpu::Buffer, at: u64, bytes: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, GpuError>> + '_>> {
        let gpu = &self.machine.gpu;
        let begin = at & !3;
        let words = (at + bytes - begin).next_multiple_of(4);
        let mut readback = Readback::new(gpu, words);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("read") });
        readback.copy_from(&mut encoder, buffer, begin, words);
        gpu.queue.submit([encoder.finish()]);
        Box::pin(async move { Ok(readback.read(gpu).await?[(at - begin) as usize..][..bytes as usize].to_vec()) })
    }

    /// Runs one dispatch alone, for checks.
    pub fn run_alone(&self, dispatch: &Dispatch) {
        let gpu = &self.machine.gpu;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(dispatch.line.name) });
        {
            let mut pass =
                encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(dispatch.line.name), timestamp_writes: None });
            dispatch.encode(&self.machine.kernels, &mut pass);
        }
        gpu.queue.submit([encoder.finish()]);
    }

    /// Time of each phase of `schedule.len()` training steps, in milliseconds a step, from the GPU's own clock; the steps are real.
    ///
    /// # Errors
    /// The device is gone or refused a command. `None` where the adapter has no clock.
    pub async fn profile(&mut self, schedule: &[Step], samples: &[Sample]) -> Result<Option<Vec<(Phase, f64)>>, GpuError> {
        let gpu = &self.machine.gpu;
        let Some(period) = gpu.timestamp_period else { return Ok(None) };
        let dispatches = self.steps.training(self.params.masks);
        let stretches: Vec<&[&Dispatch]> = dispatches.chunk_by(|a, b| a.line.phase == b.line.phase).collect();
        let steps = schedule.len();
        let count = (steps * stretches.len() * 2) as u32;
        let queries =
            gpu.device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("phases"), ty: wgpu::QueryType::Timestamp, count });
        let usage = wgpu::BufferUsages::QUERY_RESOLVE;
        let resolved = gpu.buffer("phases", u64::from(count) * 8, usage)?;
        self.stage(schedule, samples);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("phases") });
        let mut query = 0;
        for _ in 0..steps {
            for stretch in &stretches {
                let timestamp_writes = Some(wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(query),
                    end_of_pass_write_index: Some(query + 1),
                });
                query += 2;
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
                for dispatch in *stretch {
                    dispatch.encode(&self.machine.kernels, &mut pass);
                }
            }
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        gpu.queue.submit([encoder.finish()]);
        let ticks: Vec<u64> = self.read(&resolved).await?;
        let mut phases: Vec<(Phase, f64)> = Vec::new();
        for (index, pair) in ticks[..count as usize].chunks_exact(2).enumerate() {
            let phase = stretches[index % stretches.len()][0].line.phase;
            let ms = pair[1].saturating_sub(pair[0]) as f64 * f64::from(period) / 1e6 / steps as f64;
            match phases.iter_mut().find(|(known, _)| *known == phase) {
                Some((_, sum)) => *sum += ms,
                None => phases.push((phase, ms)),
            }
        }
        Ok(Some(phases))
    }
}
