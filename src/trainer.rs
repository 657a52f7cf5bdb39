//! A run: one experiment on one device, from the first weights to the last evaluation.
//!
//! The phases of a step stand in `engine::step`; here stands what happens between submits: schedules, rows, live changes, evaluation,
//! the final selection of a mask and fine-tuning under it.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::config::{Config, ConfigError, ScoresOptimizer};
use crate::data::Dataset;
use crate::data::catalogue::Known;
use crate::engine::{DataBuffers, Engine, Inputs, Machine, Outcome, Phase};
use crate::gpu::GpuError;
use crate::methods::{Knowledge, Look, method};
use crate::model::{Extra, Image, Model};
use crate::random::{Stream, Threefry, draw};
use crate::schedule::{BLOCK, Order, plain, step_at, view};
use crate::shared::{MISSING, Mode, Params, Record, Sample, Step};
use crate::snapshot::Snapshot;

/// Training rows that the faces let the final selection of a mask look at.
pub const SELECTION_ROWS: u32 = 10_000;

/// What a run learns from: shapes and counts; the rows themselves are sent with [`Trainer::load`].
#[derive(Clone, Debug, PartialEq)]
pub struct DataShape {
    pub train_rows: u32,
    pub test_rows: u32,
    /// I, features of a row: channels · height · width.
    pub inputs: u32,
    /// Planes of an image, and their size; features without a shape are one row of one channel.
    pub channels: u32,
    pub height: u32,
    pub width: u32,
    pub classes: u32,
    /// Whether an image shifted by a few pixels or mirrored is still of its class.
    pub augment: bool,
    /// Standard deviation of all training features divided by 255.
    pub deviation: f32,
}

impl DataShape {
    /// The shape of an image.
    #[must_use]
    pub fn image(&self) -> Image {
        Image { channels: self.channels, height: self.height, width: self.width }
    }

    /// The shape of a set that is all there.
    #[must_use]
    pub fn of(set: &Dataset) -> Self {
        Self {
            train_rows: set.train.len(),
            test_rows: set.test.len(),
            inputs: set.inputs(),
            channels: set.channels,
            height: set.height,
            width: set.width,
            classes: set.classes,
            augment: set.augment,
            deviation: set.deviation,
        }
    }

    /// The shape of a known set whose files are on their way; none where they are needed to know how its features spread.
    #[must_use]
    pub fn of_known(known: &Known) -> Option<Self> {
        let (_, deviation) = known.moments?;
        Some(Self {
            train_rows: known.train_rows,
            test_rows: known.test_rows,
            inputs: known.inputs(),
            channels: known.channels,
            height: known.height,
            width: known.width,
            classes: known.classes,
            augment: known.augment,
            deviation,
        })
    }
}

/// Why a run cannot start or go on, in words.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainError {
    Config(ConfigError),
    Gpu(GpuError),
    /// A loss or a gradient was not finite at this step.
    Diverged {
        step: u32,
        loss: f32,
        probe_loss: f32,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Gpu(error) => error.fmt(f),
            Self::Diverged { step, loss, probe_loss } => write!(
                f,
                "the run diverged at step {step} (loss {loss}, under the probe {probe_loss}) and was stopped before its weights were touched: \
                 lower learning_rate, or set clip_norm"
            ),
        }
    }
}

impl std::error::Error for TrainError {}

impl From<ConfigError> for TrainError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<GpuError> for TrainError {
    fn from(error: GpuError) -> Self {
        Self::Gpu(error)
    }
}

/// Accuracy and loss under the decided mask and under one sampled mask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    pub images: u32,
    /// Mean cross-entropy under the decided mask.
    pub loss: f64,
    /// Share classified rightly under the decided mask.
    pub decided: f64,
    pub sampled_loss: f64,
    pub sampled: f64,
}

/// Time of a step and of its phases, milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// Of a whole step, by the CPU's clock over submits of several steps; one number a repeat.
    pub step_ms: Vec<f64>,
    /// Multiply-adds an image of the steps that were timed, on average, with the units that each of them kept; one number a repeat.
    pub multiply_adds: Vec<f64>,
    /// By the GPU's clock, where it has one.
    pub phases: Option<Vec<(Phase, f64)>>,
}

/// Multiply-adds that were executed, counted from the units that each step kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub forward: u64,
    pub backward: u64,
    /// Of passes that only served to choose a mask.
    pub structure: u64,
    /// Those of all these that were done in passes of more than half the work of the same pass of the whole network with everything kept:
    /// a dense start, a dense backward, a dense look at every unit. A step's two forwards count apart.
    pub near_dense: u64,
}

impl Cost {
    #[must_use]
    pub fn total(self) -> u64 {
        self.forward + self.backward + self.structure
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            forward: self.forward + other.forward,
            backward: self.backward + other.backward,
            structure: self.structure + other.structure,
            near_dense: self.near_dense + other.near_dense,
        }
    }
}

/// One run.
#[derive(Debug)]
pub struct Trainer {
    pub config: Config,
    /// The network as it is named.
    pub whole: Model,
    /// The network as it is on the device: without the units that [`Trainer::compact`] dropped.
    pub model: Model,
    /// `[U]` numbers of the model's units in the whole network.
    numbers: Vec<u32>,
    pub data: DataShape,
    engine: Engine,
    data_buffers: DataBuffers,
    order: Order,
    centre: Centre,
    /// Steps of the run before fine-tuning.
    steps: u32,
    /// Steps done.
    step: u32,
    rows_ready: u32,
    /// Most batches that a submit of an evaluation holds: a face that must stay responsive lowers it where a batch takes long.
    pub batches_a_submit: u32,
    diverged: Option<TrainError>,
    evaluations: u32,
    /// Steps that were timed so far: each draws masks of its own.
    measured: u32,
    /// The step before which the mask was chosen last.
    chosen_at: Option<u32>,
    cost: Cost,
    /// The network with gates, for methods that ask it now and then.
    microscope: Option<(Model, Engine)>,
    /// The schedules' row of the last step and the bits it drew of the whole network's units: evaluations and measurements overwrite those on the device.
    last: Option<(Step, Vec<u32>)>,
}

impl Trainer {
    /// Allocates the run and draws its first weights and scores.
    ///
    /// # Errors
    /// A contradictory configuration, a data set smaller than a batch, a network too large for the device.
    pub fn new(machine: &Rc<Machine>, config: Config, data: DataShape) -> Result<Self, TrainError> {
        Self::holding(machine, config, data, true)
    }

    /// The same with the data set in the memory of the program, from where each submit's rows are sent: what [`Trainer::new`] does where
    /// the device cannot hold the set.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn streaming(machine: &Rc<Machine>, config: Config, data: DataShape) -> Result<Self, TrainError> {
        Self::holding(machine, config, data, false)
    }

    fn holding(machine: &Rc<Machine>, config: Config, data: DataShape, resident: bool) -> Result<Self, TrainError> {
        config.check()?;
        let data_buffers = DataBuffers::new(&machine.gpu, data.train_rows + data.test_rows, data.inputs, resident)?;
        Self::on(machine, config, data, data_buffers)
    }

    /// A second run on the data of this one, from its own first step: the dense opponent of a measurement, say.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn beside(&self, config: Config) -> Result<Self, TrainError> {
        let mut other = Self::on(&self.engine.machine, config, self.data.clone(), self.data_buffers.clone())?;
        other.rows_ready = self.rows_ready;
        Ok(other)
    }

    fn on(machine: &Rc<Machine>, config: Config, data: DataShape, data_buffers: DataBuffers) -> Result<Self, TrainError> {
        let whole =
            Model::new(&config.model, data.image(), data.classes, config.gate_inputs).map_err(|error| ConfigError(error.to_string()))?;
        let (groups, allocated) = (whole.gated().count(), config.allocation_counts().len());
        if allocated > 0 && allocated != groups {
            let text = format!("allocation names {allocated} groups of units, but {} has {groups}", config.model);
            return Err(ConfigError(text).into());
        }
        let (model, numbers) = built(&config, &whole);
        if data.train_rows < config.batch_size {
            let text = format!("batch_size {} is larger than the training set of {} rows", config.batch_size, data.train_rows);
            return Err(ConfigError(text).into());
        }
        let order = Order::new(config.seed, data.train_rows, config.batch_size);
        let steps = if config.steps > 0 { config.steps } else { config.epochs * order.steps_per_epoch() };
        let centre = Centre::new(&data);
        let engine = Engine::new(machine, &model, params_of(&config, &model, &data), &data_buffers)?;
        engine.write(&engine.buffers.weights, &initial_weights(&model, config.seed));
        engine.write(&engine.buffers.scores, &method(config.method).initial_scores(&config, &model));
        engine.write(&engine.buffers.numbers, &numbers);
        let run = Self {
            config,
            numbers,
            whole,
            model,
            data,
            engine,
            data_buffers,
            order,
            centre,
            steps,
            step: 0,
            rows_ready: 0,
            batches_a_submit: u32::MAX,
            diverged: None,
            evaluations: 0,
            measured: 0,
            chosen_at: None,
            cost: Cost::default(),
            microscope: None,
            last: None,
        };
        Ok(run)
    }

    /// Sends rows of the data set, training rows first and test rows after them. `inputs` is `[n, I]`, `labels` `[n]`; either may be
    /// empty. `first_row * I` and lengths other than the last piece's must be multiples of 4 bytes.
    ///
    /// The training rows must come in order: the first [`BLOCK`] of them, which are there before any step, centre the features.
    pub fn load(&mut self, first_row: u32, inputs: &[u8], labels: &[u8]) {
        if let Some(means) = self.centre.take(first_row, inputs) {
            let scale = self.engine.params.scale;
            let shifts: Vec<f32> = means.iter().map(|mean| -scale * mean).collect();
            self.engine.write(&self.data_buffers.shifts, &shifts);
        }
        let queue = &self.engine.machine.gpu.queue;
        let write = |buffer: &wgpu::Buffer, offset: u64, bytes: &[u8]| {
            let whole = bytes.len() & !3;
            if whole > 0 {
                queue.write_buffer(buffer, offset, &bytes[..whole]);
            }
            if whole < bytes.len() {
                let mut last = [0; 4];
                last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
                queue.write_buffer(buffer, offset + whole as u64, &last);
            }
        };
        let offset = u64::from(first_row) * u64::from(self.data.inputs);
        match &self.data_buffers.inputs {
            Inputs::Resident(buffer) => write(buffer, offset, inputs),
            Inputs::Streamed(set) => set.borrow_mut()[offset as usize..][..inputs.len()].copy_from_slice(inputs),
        }
        write(&self.data_buffers.labels, first_row.into(), labels);
    }

    /// Sends a whole data set.
    pub fn load_all(&mut self, set: &Dataset) {
        // Test rows follow the training rows without a gap, so that one piece is aligned whatever the row's width.
        let inputs = [&set.train.inputs[..], &set.test.inputs[..]].concat();
        let labels = [&set.train.labels[..], &set.test.labels[..]].concat();
        self.load(0, &inputs, &labels);
        self.set_rows_ready(set.train.len());
    }

    /// Says that the training rows before `rows` are there, and for `rows` = all, the test rows too.
    pub fn set_rows_ready(&mut self, rows: u32) {
        self.rows_ready = rows;
    }

    #[must_use]
    pub fn rows_ready(&self) -> u32 {
        self.rows_ready
    }

    /// Steps of the run, without fine-tuning.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Steps done.
    #[must_use]
    pub fn step(&self) -> u32 {
        self.step
    }

    #[must_use]
    pub fn steps_per_epoch(&self) -> u32 {
        self.order.steps_per_epoch()
    }

    /// `[U]` numbers of the device's units in the whole network.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How many steps can be done now, at most `most` and at most what a submit holds.
    #[must_use]
    pub fn steps_possible(&self, most: u32) -> u32 {
        let most = most.min(self.engine.steps_a_submit()).min(self.steps - self.step.min(self.steps));
        // A submit ends where the mask is to be chosen anew.
        let chooses = |step: u32| method(self.config.method).looks(&self.config, step, self.steps).is_some();
        let most = (1..most).find(|ahead| chooses(self.step + ahead)).unwrap_or(most);
        (0..most).take_while(|ahead| self.order.rows_needed(self.step + ahead) <= self.rows_ready).count() as u32
    }

    /// Trains up to `most` steps in one submit; fewer at the end of the run, or where rows are still on their way.
    ///
    /// # Errors
    /// The run diverged, now or before, or the device is gone.
    pub async fn advance(&mut self, most: u32) -> Result<Snapshot, TrainError> {
        self.check_finite()?;
        let count = self.steps_possible(most);
        let first = self.step;
        if count > 0 {
            self.choose().await?;
        }
        let schedule: Vec<Step> = (0..count).map(|ahead| self.step_now(first + ahead)).collect();
        self.run(&schedule).await
    }

    /// A run that diverged stays where it stopped: nothing more is computed from its losses.
    fn check_finite(&self) -> Result<(), TrainError> {
        self.diverged.clone().map_or(Ok(()), Err)
    }

    /// The schedules' row for a step of this run, as it stands after live changes.
    fn step_now(&self, step: u32) -> Step {
        step_at(&self.config, self.whole.units(), step, self.steps)
    }

    /// The `[B]` images that `step` learns from: rows of the training set, each with the way it is shown.
    pub fn batch(&mut self, step: u32) -> Vec<Sample> {
        let (seed, changes) = (self.config.seed, self.config.augment && self.data.augment);
        let shown = |index: u32| if changes { view(seed, step, index) } else { Sample::PLAIN };
        self.order.batch(step).iter().zip(0..).map(|(&row, index)| Sample { row, view: shown(index) }).collect()
    }

    fn images_of(&mut self, schedule: &[Step]) -> Vec<Sample> {
        schedule.iter().flat_map(|step| self.batch(step.step)).collect()
    }

    async fn run(&mut self, schedule: &[Step]) -> Result<Snapshot, TrainError> {
        let Some(&last) = schedule.last() else { return self.snapshot().await };
        let images = self.images_of(schedule);
        let outcome = self.engine.train(schedule, &images).await?;
        if outcome.state.halted == 1 {
            let slot = (outcome.state.slot as usize).min(outcome.records.len() - 1);
            let record: &Record = &outcome.records[slot];
            let error = TrainError::Diverged { step: outcome.state.step, loss: record.loss, probe_loss: record.probe_loss };
            self.step = outcome.state.step;
            self.diverged = Some(error.clone());
            return Err(error);
        }
        self.step += schedule.len() as u32;
        for record in &outcome.records {
            self.cost = self.cost + self.cost_of(record);
        }
        let outcome = self.in_whole(outcome);
        self.last = Some((last, outcome.units.clone()));
        Ok(self.snapshot_of(outcome))
    }

    /// The state now, without a step.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn snapshot(&mut self) -> Result<Snapshot, TrainError> {
        let look = self.engine.look().await?;
        let mut outcome = self.in_whole(look);
        if let Some((_, units)) = &self.last {
            outcome.units.clone_from(units);
        }
        Ok(self.snapshot_of(outcome))
    }

    fn snapshot_of(&self, outcome: Outcome) -> Snapshot {
        let budget = self.last.as_ref().map_or_else(|| self.step_now(0), |(step, _)| *step).budget;
        let probed = method(self.config.method).forwards() == 2 && self.engine.params.learn_scores == 1;
        Snapshot::new(&self.whole, self.config.batch_size, self.step, self.steps, self.steps_per_epoch(), probed, budget, outcome)
    }

    /// What the device says of its units, said of those of the whole network: what was dropped has score 0 and is off.
    fn in_whole(&self, outcome: Outcome) -> Outcome {
        let units = self.whole.units() as usize;
        let (mut scores, mut bits) = (vec![0.0; units], vec![0; units]);
        for (&number, (score, bit)) in self.numbers.iter().zip(outcome.scores.iter().zip(&outcome.units)) {
            scores[number as usize] = *score;
            bits[number as usize] = *bit;
        }
        Outcome { scores, units: bits, ..outcome }
    }

    /// Multiply-adds of a step, with the units that it kept.
    fn cost_of(&self, record: &Record) -> Cost {
        let groups = self.model.groups.len();
        let batch = u64::from(self.config.batch_size);
        let own = self.model.multiply_adds(&record.kept[..groups], None);
        let probe = if self.engine.params.masks == 2 { self.model.multiply_adds(&record.probe_kept[..groups], None).forward } else { 0 };
        let dense = self.whole.multiply_adds(&self.whole.sizes(), None);
        let near_dense = over_half(own.forward, dense.forward) + over_half(probe, dense.forward) + over_half(own.backward, dense.backward);
        Cost { forward: (own.forward + probe) * batch, backward: own.backward * batch, structure: 0, near_dense: near_dense * batch }
    }

    /// Multiply-adds of all steps so far, and of what choosing masks took beside them.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Bytes on the device that grow with the units of the network, those of the copy that choosing masks asks among them; the data set is
    /// not counted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let asked = self.microscope.as_ref().map_or(0, |(model, _)| model.bytes(self.config.batch_size, 2).total());
        self.model.bytes(self.config.batch_size, 2).total() + asked
    }

    /// Chooses the mask anew where the method does so before the next step and it has not been done. [`Trainer::advance`] asks for it
    /// itself; whoever wants to time it, asks before.
    ///
    /// # Errors
    /// The device is gone or cannot hold the copy that is asked.
    pub async fn choose(&mut self) -> Result<(), TrainError> {
        let (name, step) = (self.config.method, self.step);
        let Some(knowledge) = method(name).looks(&self.config, step, self.steps) else { return Ok(()) };
        if self.chosen_at == Some(step) {
            return Ok(());
        }
        let weights: Vec<f32> = self.engine.read(&self.engine.buffers.weights).await?;
        let mut scores: Vec<f32> = self.engine.read(&self.engine.buffers.scores).await?;
        scores.truncate(self.model.units() as usize);
        let norms = unit_norms(&self.model, &weights);
        let gates = if knowledge == Knowledge::Gates { self.gate_gradients().await? } else { Vec::new() };
        // The mask stands until the next choice: the budget is that of the last step before it.
        let next = (step + 1..self.steps).find(|&next| method(name).looks(&self.config, next, self.steps).is_some()).unwrap_or(self.steps);
        let budget = if name.starts_whole() {
            self.step_now(next - 1).budget
        } else {
            (self.config.keep_ratio * f64::from(self.whole.units())) as f32
        };
        let look = Look {
            config: &self.config,
            model: &self.model,
            step,
            steps: self.steps,
            budget: budget as u32,
            scores: &scores,
            norms: &norms,
            gates: &gates,
        };
        let chosen = method(name).choose(&look);
        self.engine.write(&self.engine.buffers.scores, &chosen);
        self.chosen_at = Some(step);
        Ok(())
    }

    /// `[U]` dL/dm of every unit under the mask as it stands, on the next step's batch: a dense forward and backward pass of a copy of the
    /// network that has gates. The run is not touched; the work is counted as structure's.
    ///
    /// # Errors
    /// The device is gone or cannot hold the copy.
    pub async fn gate_gradients(&mut self) -> Result<Vec<f64>, TrainError> {
        if self.microscope.is_none() {
            self.microscope = Some(self.copy(true)?);
        }
        let images = self.batch(self.step);
        let schedule = [Step { learning_rate: 0.0, scores_rate: 0.0, ..self.step_now(self.step) }];
        let Some((model, engine)) = &mut self.microscope else { unreachable!("it was just made") };
        for (from, to) in [(&self.engine.buffers.weights, &engine.buffers.weights), (&self.engine.buffers.scores, &engine.buffers.scores)] {
            engine.copy(from, to);
        }
        engine.train(&schedule, &images).await?;
        let gates: Vec<f32> = engine.read(&engine.buffers.d_scores).await?;
        let (asked, batch) = (model.multiply_adds(&model.sizes(), None).total(), u64::from(self.config.batch_size));
        let dense = self.whole.multiply_adds(&self.whole.sizes(), None).total();
        let cost = Cost { structure: asked * batch, near_dense: over_half(asked, dense) * batch, ..Cost::default() };
        self.cost = self.cost + cost;
        Ok(gates[..model.units() as usize].iter().map(|&gate| f64::from(gate)).collect())
    }

    /// The network as it stands on an engine of its own, with this run's weights, scores and data: what is done there leaves the run alone.
    /// It draws two masks a step; with `gates`, one, and every unit is computed. Velocity, moments and running statistics are those of a
    /// first step.
    ///
    /// # Errors
    /// The device cannot hold the copy.
    pub fn copy(&self, gates: bool) -> Result<(Model, Engine), TrainError> {
        let model = if gates && !self.model.is_gated() { self.model.with_gates() } else { self.model.clone() };
        let params = Params { mode: Mode::Train as u32, learn_scores: 0, ..params_of(&self.config, &model, &self.data) };
        let params = if gates { Params { estimator: 3, masks: 1, ..params } } else { Params { masks: 2, ..params } };
        let engine = Engine::new(&self.engine.machine, &model, params, &self.data_buffers)?;
        engine.write(&engine.buffers.numbers, &self.numbers);
        for (from, to) in [(&self.engine.buffers.weights, &engine.buffers.weights), (&self.engine.buffers.scores, &engine.buffers.scores)] {
            engine.copy(from, to);
        }
        Ok((model, engine))
    }

    /// Whether the rows of the next step's batch are there.
    #[must_use]
    pub fn has_next_batch(&self) -> bool {
        self.order.rows_needed(self.step) <= self.rows_ready
    }

    /// Changes a live knob from the next step on.
    ///
    /// # Errors
    /// A knob that is fixed during a run, or a value it refuses; the run goes on unchanged.
    pub fn change(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        if !crate::config::knob(name)?.live {
            return Err(ConfigError(format!("{name} cannot change during a run: restart with the new value")));
        }
        if name == "keep_ratio" && !method(self.config.method).learns_scores() {
            return Err(ConfigError(format!("the mask of method {} is fixed: restart to change keep_ratio", self.config.method.name())));
        }
        let mut config = self.config.clone();
        config.set(name, value)?;
        config.check()?;
        self.config = config;
        let Params { learn_scores, masks, streamed, .. } = self.engine.params;
        self.engine.params = Params { masks, learn_scores, streamed, ..params_of(&self.config, &self.model, &self.data) };
        self.engine.write_params();
        Ok(())
    }

    /// Loss and accuracy of `count` of the rows in `rows`, evenly spread, under the decided mask and one sampled mask. The run is not
    /// touched.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn evaluate_rows(&mut self, rows: Range<u32>, count: u32) -> Result<Evaluation, TrainError> {
        self.evaluations += 1;
        self.evaluate_draw(rows, count, self.evaluations).await
    }

    async fn evaluate_draw(&mut self, rows: Range<u32>, count: u32, draw: u32) -> Result<Evaluation, TrainError> {
        let batch = self.config.batch_size;
        let span = rows.end - rows.start;
        let count = count.min(span);
        let training = self.engine.params;
        self.engine.params = Params { mode: Mode::Evaluate as u32, draw, masks: 2, ..training };
        self.engine.write_params();
        let mut sum = Evaluation { images: count, ..Evaluation::default() };
        let batches = count.div_ceil(batch);
        let mut result = Ok(());
        let most = self.engine.steps_a_submit().min(self.batches_a_submit);
        for first in (0..batches).step_by(most as usize) {
            let now = (batches - first).min(most);
            let spread = |index: u32| (u64::from(index) * u64::from(span) / u64::from(count)) as u32;
            let row = |index: u32| if index < count { rows.start + spread(index) } else { MISSING };
            let images = plain((first * batch..(first + now) * batch).map(row));
            match self.engine.evaluate(now, &images).await {
                Ok(outcome) => {
                    for record in &outcome.records {
                        sum.loss += f64::from(record.loss) * f64::from(batch) / f64::from(count);
                        sum.sampled_loss += f64::from(record.probe_loss) * f64::from(batch) / f64::from(count);
                        sum.decided += f64::from(record.correct) / f64::from(count);
                        sum.sampled += f64::from(record.probe_correct) / f64::from(count);
                    }
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        self.engine.params = training;
        self.engine.write_params();
        result?;
        Ok(sum)
    }

    /// Accuracy on the test rows, or on `most` of them spread over all.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn evaluate(&mut self, most: u32) -> Result<Evaluation, TrainError> {
        self.evaluate_rows(self.data.train_rows..self.data.train_rows + self.data.test_rows, most).await
    }

    /// Ends the search: draws `select_masks` masks, keeps the one with the least loss on `rows` training rows, and freezes the scores to
    /// it (the authors' code draws 10). What follows trains its weights alone.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn select_mask(&mut self, rows: u32) -> Result<Evaluation, TrainError> {
        let scores: Vec<f32> = self.engine.look().await?.scores;
        let all = 0..self.data.train_rows;
        // Draws of their own, never those of the evaluations along the way.
        let mut chosen = u32::MAX;
        let mut evaluation = self.evaluate_draw(all.clone(), rows, chosen).await?;
        for candidate in (1..self.config.select_masks).map(|index| u32::MAX - index) {
            let next = self.evaluate_draw(all.clone(), rows, candidate).await?;
            if next.sampled_loss < evaluation.sampled_loss {
                (chosen, evaluation) = (candidate, next);
            }
        }
        let mut mask: Vec<f32> = (0..self.model.units())
            .map(|unit| {
                f32::from(u8::from(draw(self.config.seed, Stream::Evaluation, chosen, self.numbers[unit as usize], scores[unit as usize])))
            })
            .collect();
        for group in self.model.gated() {
            let units = group.first_unit as usize..(group.first_unit + group.size) as usize;
            if mask[units.clone()].iter().all(|&kept| kept == 0.0) {
                mask[crate::reference::highest_score(&scores, units)] = 1.0;
            }
        }
        self.engine.write(&self.engine.buffers.scores, &mask);
        self.engine.params.learn_scores = 0;
        self.engine.params.masks = 1;
        self.engine.write_params();
        Ok(evaluation)
    }

    /// Drops the units whose score is 0 for good from the device: the run goes on with smaller tensors, the same draws and the same values.
    /// A score of 0 stays where it is unless Adam's momentum still lifts it; where the method brings units back, nothing is dropped. Gives
    /// the numbers of units before and after.
    ///
    /// # Errors
    /// The device is gone or cannot hold the smaller network beside the whole one.
    pub async fn compact(&mut self) -> Result<(u32, u32), TrainError> {
        let before = self.model.units();
        if method(self.config.method).brings_back() {
            return Ok((before, before));
        }
        let buffers = &self.engine.buffers;
        let scores: Vec<f32> = self.engine.read(&buffers.scores).await?;
        let moments: Vec<f32> = self.engine.read(&buffers.moments).await?;
        let mut kept: Vec<bool> = (0..before as usize).map(|unit| scores[unit] > 0.0 || moments[2 * unit] < 0.0).collect();
        for group in self.model.gated() {
            let units = group.first_unit as usize..(group.first_unit + group.size) as usize;
            if kept[units.clone()].iter().all(|kept| !kept) {
                kept[crate::reference::highest_score(&scores, units)] = true;
            }
        }
        if kept.iter().all(|&kept| kept) {
            return Ok((before, before));
        }
        let (model, remaining) = self.model.compacted(&kept);
        let engine = Engine::new(&self.engine.machine, &model, params_of(&self.config, &model, &self.data), &self.data_buffers)?;
        let units = |values: &[f32], width: usize| -> Vec<f32> {
            let each = values.chunks_exact(width).zip(&kept).filter(|(_, kept)| **kept);
            each.flat_map(|(values, _)| values.to_vec()).collect()
        };
        engine.write(&engine.buffers.scores, &units(&scores, 1));
        engine.write(&engine.buffers.moments, &units(&moments, 2));
        let weights: Vec<f32> = self.engine.read(&buffers.weights).await?;
        let velocity: Vec<f32> = self.engine.read(&buffers.velocity).await?;
        engine.write(&engine.buffers.weights, &remaining_weights(&self.model, &remaining, &weights));
        engine.write(&engine.buffers.velocity, &remaining_weights(&self.model, &remaining, &velocity));
        let running: Vec<[f32; 2]> = self.engine.read(&buffers.running).await?;
        let normalised = self.model.layers.iter().filter(|layer| layer.is_normalised());
        let statistics: Vec<[f32; 2]> = normalised
            .flat_map(|layer| remaining[layer.groups[1]].iter().map(|&unit| running[(layer.first_statistic + unit) as usize]))
            .collect();
        engine.write(&engine.buffers.running, &statistics);
        self.numbers = self.numbers.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(&number, _)| number).collect();
        engine.write(&engine.buffers.numbers, &self.numbers);
        let (learn_scores, masks) = (self.engine.params.learn_scores, self.engine.params.masks);
        self.engine = engine;
        (self.engine.params.learn_scores, self.engine.params.masks) = (learn_scores, masks);
        self.engine.write_params();
        self.model = model;
        // The copy that choosing masks asks is one of the larger network.
        self.microscope = None;
        Ok((before, self.model.units()))
    }

    /// Steps of fine-tuning after [`Trainer::select_mask`].
    #[must_use]
    pub fn finetune_steps(&self) -> u32 {
        self.config.finetune_epochs * self.steps_per_epoch()
    }

    /// Trains the weights of the selected mask for up to `most` steps at `finetune_rate`.
    ///
    /// # Errors
    /// The run diverged or the device is gone.
    pub async fn finetune(&mut self, most: u32) -> Result<Snapshot, TrainError> {
        self.check_finite()?;
        let end = self.steps + self.finetune_steps();
        let count = most.min(self.engine.steps_a_submit()).min(end - self.step);
        let schedule: Vec<Step> = (0..count)
            .map(|ahead| Step { step: self.step + ahead, learning_rate: self.config.finetune_rate as f32, ..self.step_now(self.steps) })
            .collect();
        self.run(&schedule).await
    }

    /// Times `repeats` submits of `steps` real steps each with the network's scores as they stand: rates are 0 and the scores rest, so
    /// that neither weights nor masks move, but every kernel does its work. The run's tensors other than the velocity stay as they are.
    ///
    /// # Errors
    /// The run diverged before, or the device is gone.
    pub async fn measure(&mut self, steps: u32, repeats: u32, clock: &dyn Fn() -> f64, phases: bool) -> Result<Timing, TrainError> {
        self.check_finite()?;
        let mut timing = Timing::default();
        let velocity: Vec<f32> = self.engine.read(&self.engine.buffers.velocity).await?;
        let running: Vec<f32> = self.engine.read(&self.engine.buffers.running).await?;
        let moments: Vec<f32> = self.engine.read(&self.engine.buffers.moments).await?;
        let scores: Vec<f32> = self.engine.look().await?.scores;
        // A budget a hair below the sum makes the projection do its whole work.
        let budget = scores.iter().sum::<f32>() * (1.0 - 1e-6);
        let steps = steps.clamp(1, self.engine.steps_a_submit());
        let images = plain((0..steps * self.config.batch_size).map(|index| index % self.rows_ready.max(1)));
        for _ in 0..repeats {
            let schedule = self.measured_steps(steps, budget);
            let begin = clock();
            let outcome = self.engine.train(&schedule, &images).await?;
            timing.step_ms.push((clock() - begin) / schedule.len() as f64);
            let work: f64 = outcome.records.iter().map(|record| self.work(record) as f64).sum();
            timing.multiply_adds.push(work / schedule.len() as f64);
        }
        if phases {
            let schedule = self.measured_steps(steps, budget);
            timing.phases = self.engine.profile(&schedule, &images).await?;
        }
        self.engine.write(&self.engine.buffers.velocity, &velocity);
        self.engine.write(&self.engine.buffers.running, &running);
        self.engine.write(&self.engine.buffers.moments, &moments);
        self.engine.write(&self.engine.buffers.scores, &scores);
        Ok(timing)
    }

    /// The next steps to be timed: masks of their own, rates of 0.
    fn measured_steps(&mut self, steps: u32, budget: f32) -> Vec<Step> {
        let first = self.step.wrapping_add(self.measured);
        self.measured = self.measured.wrapping_add(steps);
        let resting = |step| Step { step, learning_rate: 0.0, scores_rate: 0.0, budget, ..self.step_now(self.step) };
        (0..steps).map(|ahead| resting(first.wrapping_add(ahead))).collect()
    }

    /// Multiply-adds an image of a step, with the units that it kept.
    #[must_use]
    pub fn work(&self, record: &Record) -> u64 {
        let groups = self.model.groups.len();
        let probe = (self.engine.params.masks == 2).then_some(&record.probe_kept[..groups]);
        self.model.multiply_adds(&record.kept[..groups], probe).total()
    }
}

/// The work of a pass that takes more than half of what the dense one takes, otherwise 0.
fn over_half(work: u64, dense: u64) -> u64 {
    if 2 * work > dense { work } else { 0 }
}

/// The mean of each feature over the first rows, as they arrive: sums of integers, so that it is the same natively and in the page. Where
/// images may be shifted, a channel's pixels have one mean in common.
#[derive(Debug)]
struct Centre {
    sums: Vec<u64>,
    rows: u32,
    wanted: u32,
    /// Features with one mean in common, side by side.
    together: usize,
}

impl Centre {
    fn new(data: &DataShape) -> Self {
        let together = if data.augment { data.height * data.width } else { 1 } as usize;
        Self { sums: vec![0; data.inputs as usize], rows: 0, wanted: data.train_rows.min(BLOCK), together }
    }

    /// Adds the rows from `first_row` on that are wanted and next; the means, of bytes, once the last one is there.
    fn take(&mut self, first_row: u32, inputs: &[u8]) -> Option<Vec<f32>> {
        if first_row != self.rows || self.rows == self.wanted || inputs.is_empty() {
            return None;
        }
        for row in inputs.chunks_exact(self.sums.len()).take((self.wanted - self.rows) as usize) {
            for (sum, &byte) in self.sums.iter_mut().zip(row) {
                *sum += u64::from(byte);
            }
            self.rows += 1;
        }
        let count = f64::from(self.wanted) * self.together as f64;
        let means = |sums: &[u64]| vec![(sums.iter().sum::<u64>() as f64 / count) as f32; sums.len()];
        (self.rows == self.wanted).then(|| self.sums.chunks(self.together).flat_map(means).collect())
    }
}

/// The weights of a network's layers between the units that remain of each group.
fn remaining_weights(model: &Model, remaining: &[Vec<u32>], weights: &[f32]) -> Vec<f32> {
    let mut left = Vec::new();
    for layer in &model.layers {
        let [from, to] = layer.groups;
        let taps = (0..layer.taps).flat_map(|tap| remaining[from].iter().map(move |&input| tap * layer.inputs + input));
        let extra = (0..layer.extra.rows()).map(|row| layer.taps * layer.inputs + row);
        for row in taps.chain(extra) {
            left.extend(remaining[to].iter().map(|&output| weights[(layer.first_weight + row * layer.outputs + output) as usize]));
        }
    }
    left
}

/// The network that a method trains, of the whole one, and the numbers of its units there.
fn built(config: &Config, whole: &Model) -> (Model, Vec<u32>) {
    let method = method(config.method);
    let (model, numbers) = match method.built_of(config, whole) {
        Some(kept) => (whole.compacted(&kept).0, (0..).zip(&kept).filter(|(_, kept)| **kept).map(|(number, _)| number).collect()),
        None => (whole.clone(), (0..whole.units()).collect()),
    };
    (if method.has_gates() { model.with_gates() } else { model }, numbers)
}

/// `[U]` root mean square of the weights that lead to each gated unit; of an input, of those that lead away.
fn unit_norms(model: &Model, weights: &[f32]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u32); model.units() as usize];
    for layer in &model.layers {
        let [from, to] = layer.groups;
        for row in 0..layer.taps * layer.inputs {
            for output in 0..layer.outputs {
                let weight = f64::from(weights[(layer.first_weight + row * layer.outputs + output) as usize]);
                let mut add = |unit: u32| {
                    let (sum, count) = &mut sums[unit as usize];
                    *sum += weight * weight;
                    *count += 1;
                };
                if model.groups[to].gated {
                    add(model.groups[to].first_unit + output);
                }
                if from == 0 && model.groups[0].gated {
                    add(row % layer.inputs);
                }
            }
        }
    }
    sums.into_iter().map(|(sum, count)| (sum / f64::from(count.max(1))).sqrt()).collect()
}

fn params_of(config: &Config, model: &Model, data: &DataShape) -> Params {
    let method = method(config.method);
    Params {
        seed: config.seed,
        mode: Mode::Train as u32,
        masks: method.forwards(),
        estimator: method.estimator(config),
        optimizer: match config.scores_optimizer {
            ScoresOptimizer::Adam => 0,
            ScoresOptimizer::Sgd => 1,
        },
        learn_scores: u32::from(method.learns_scores()),
        alpha: config.alpha as f32,
        momentum: config.momentum as f32,
        weight_decay: config.weight_decay as f32,
        clip_norm: config.clip_norm as f32,
        scale: 1.0 / (255.0 * data.deviation),
        ..model.params(config.batch_size)
    }
}

/// He's uniform distribution for the weights (He et al. 2015), 0 for biases and shifts, 1 for scales: layers of
/// `[taps · inputs + extra, outputs]`.
#[must_use]
pub fn initial_weights(model: &Model, seed: u32) -> Vec<f32> {
    let mut weights = Vec::with_capacity(model.weights() as usize);
    for (layer, turn) in model.layers.iter().zip(0..) {
        let own = layer.taps * layer.inputs;
        let bound = (6.0 / own as f32).sqrt();
        let mut random = Threefry::new(seed, Stream::Weights, turn);
        weights.extend((0..own * layer.outputs).map(|_| (2.0 * random.unit_interval() - 1.0) * bound));
        let row = |value: f32| std::iter::repeat_n(value, layer.outputs as usize);
        match layer.extra {
            Extra::None => {}
            Extra::Bias => weights.extend(row(0.0)),
            Extra::Normalisation => weights.extend(row(1.0).chain(row(0.0))),
        }
    }
    weights
}
