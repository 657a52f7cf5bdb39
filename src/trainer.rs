//! A run: one experiment on one device, from the first weights to the last evaluation.
//!
//! The phases of a step stand in `engine::step`; here stands what happens between submits: schedules, live changes, the choice of masks,
//! what it all cost, fine-tuning. What else is done with a run has a room of its own below.

mod checkpoint;
mod compaction;
mod error;
mod evaluation;
mod measurement;
mod memory;
mod phases;
mod pinning;
mod rows;

pub use checkpoint::Checkpoint;
pub use error::{CheckpointMismatch, TrainError, UnitCostError};
pub use evaluation::Evaluation;
pub use measurement::{SetAside, Timing};
pub use memory::{holds_copy, tensors_of};
pub use phases::{Stage, Walked};
pub use pinning::{UnitCost, pins_of};
pub use rows::DataShape;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use crate::config::{Config, ConfigError, MethodName, ScoresOptimizer};
use crate::device::{DeviceError, Machine};
use crate::engine::{DataBuffers, Engine, MASKS, Outcome, kernels};
use crate::methods::{Knowledge, Look, method};
use crate::model::{Bytes, Extra, Model};
use crate::pins::Pins;
use crate::random::{Stream, Threefry, unit_interval};
use crate::schedule::{Order, step_at, view};
use crate::shared::{Mode, Params, Record, Sample, Step};
use crate::snapshot::Snapshot;

use memory::{COPY_MASKS, asks_copy};
use phases::Walk;
use pinning::Base;
use rows::Centre;

/// Training rows that the faces let the final selection of a mask look at.
pub const SELECTION_ROWS: u32 = 10_000;

/// Multiply-adds that were executed, counted from the units that each step kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub forward: u64,
    pub backward: u64,
    /// Of passes that only served to choose a mask, the final selection among them.
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

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), std::ops::Add::add)
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

/// What is awaited in many places, once in the program.
/// Gives what is to be waited for.
pub type Wait = fn() -> Pin<Box<dyn Future<Output = ()>>>;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, TrainError>> + 'a>>;

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
    /// Once it is set, tests, fine-tuning and measurements of speed end after the submit at hand, with [`TrainError::Stopped`]: who closes a run waits for
    /// no more.
    pub stop: Rc<Cell<bool>>,
    /// What lasts waits for this between two submits, where nothing else would let the caller's thread hear that it shall stop.
    pub between_submits: Option<Wait>,
    diverged: Option<TrainError>,
    evaluations: u32,
    /// Steps that were timed so far: each draws masks of its own.
    measured: u32,
    /// The step before which the mask was chosen last.
    chosen_at: Option<u32>,
    /// Whether the scores are frozen to a mask.
    selected: bool,
    cost: Cost,
    /// The network with gates, for methods that ask it now and then.
    microscope: Option<(Model, Engine)>,
    /// The schedules' row of the last step and the bits it drew of the whole network's units: evaluations and measurements overwrite those on the device.
    last: Option<(Step, Vec<u32>)>,
    /// A step of which some parts are done.
    walk: Option<Walk>,
    /// As they stand on the device.
    pins: Pins,
    pins_settled: bool,
    /// `[U]` of the whole network: the scores that pinned units had before.
    unpinned: Vec<f32>,
    /// How all that stood when the last step was done: pins that change several times between two steps are settled from there each time.
    base: Option<Base>,
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
        let data_buffers = DataBuffers::new(machine, data.train_rows + data.test_rows, data.inputs, resident)?;
        Self::on(machine, config, data, data_buffers)
    }

    /// The same on data that stand on the device already, whole: those of a run of the same data set.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn on_data(machine: &Rc<Machine>, config: Config, data: DataShape, buffers: DataBuffers) -> Result<Self, TrainError> {
        config.check()?;
        let rows = data.train_rows;
        let mut run = Self::on(machine, config, data, buffers)?;
        run.rows_ready = rows;
        Ok(run)
    }

    /// The data as they stand on the device.
    #[must_use]
    pub fn data_buffers(&self) -> &DataBuffers {
        &self.data_buffers
    }

    /// Names of the kernels that the steps of such a run need.
    ///
    /// # Errors
    /// A contradictory configuration, or a network too large for the device.
    pub fn kernels(machine: &Machine, config: &Config, data: &DataShape) -> Result<Vec<&'static str>, TrainError> {
        config.check()?;
        let (model, _) = built(config, &whole_of(config, data)?);
        Ok(kernels(machine, &model, &params_of(config, &model, data))?)
    }

    /// A second run on the data of this one, from its own first step: the dense opponent of a measurement, say.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn beside(&self, config: Config) -> Result<Self, TrainError> {
        let pins = if method(config.method).learns_scores() { config.pins.clone() } else { String::new() };
        let config = Config { pins, ..config };
        let mut other = Self::on(&self.engine.machine, config, self.data.clone(), self.data_buffers.clone())?;
        other.rows_ready = self.rows_ready;
        other.stop = Rc::clone(&self.stop);
        other.between_submits = self.between_submits;
        Ok(other)
    }

    fn on(machine: &Rc<Machine>, config: Config, data: DataShape, data_buffers: DataBuffers) -> Result<Self, TrainError> {
        let whole = whole_of(&config, &data)?;
        let (groups, allocated) = (whole.gated().count(), config.allocation_counts().len());
        if allocated > 0 && allocated != groups {
            return Err(ConfigError::AllocationGroups { named: allocated, groups, model: config.model }.into());
        }
        let (model, numbers) = built(&config, &whole);
        if data.train_rows < config.batch_size {
            return Err(ConfigError::BatchTooLarge { batch_size: config.batch_size, rows: data.train_rows }.into());
        }
        let pins = pins_of(&config, &whole)?;
        let order = Order::new(config.seed, data.train_rows, config.batch_size);
        let steps = steps_of(&config, data.train_rows);
        let centre = Centre::new(&data);
        let engine = engine_of(machine, &config, &model, &data, &data_buffers)?;
        engine.write(&engine.buffers.weights, &initial_weights(&model, config.seed));
        let mut scores = method(config.method).initial_scores(&config, &model);
        let mut unpinned = vec![0.0; whole.units() as usize];
        if !pins.is_empty() {
            for (score, &number) in scores.iter_mut().zip(&numbers) {
                unpinned[number as usize] = *score;
                *score = pins.score(number).unwrap_or(*score);
            }
            pinning::make_room(&pins, &mut scores, &numbers, step_at(&config, whole.units(), 0, steps).budget.into());
        }
        engine.write(&engine.buffers.scores, &scores);
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
            stop: Rc::default(),
            between_submits: None,
            diverged: None,
            evaluations: 0,
            measured: 0,
            chosen_at: None,
            selected: false,
            cost: Cost::default(),
            microscope: None,
            last: None,
            walk: None,
            pins,
            pins_settled: true,
            unpinned,
            base: None,
        };
        run.write_pins();
        Ok(run)
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
        // A submit ends where units are dropped, and where the mask is to be chosen anew.
        let epoch = self.steps_per_epoch();
        let most = if self.config.compact { most.min(epoch - self.step % epoch) } else { most };
        let chooses = |step: u32| method(self.config.method).looks(&self.config, step, self.steps).is_some();
        let most = (1..most).find(|ahead| chooses(self.step + ahead)).unwrap_or(most);
        (0..most).take_while(|ahead| self.order.rows_needed(self.step + ahead) <= self.rows_ready).count() as u32
    }

    /// Trains up to `most` steps in one submit; fewer at the end of the run, or where rows are still on their way. A step that was begun in parts
    /// is finished, and nothing else done.
    ///
    /// # Errors
    /// The run diverged, now or before, or the device is gone.
    pub async fn advance(&mut self, most: u32) -> Result<Snapshot, TrainError> {
        self.check_finite()?;
        if let Some(snapshot) = self.finish_step().await? {
            return Ok(snapshot);
        }
        self.settle_pins().await?;
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

    async fn check_going(&self) -> Result<(), TrainError> {
        if let Some(wait) = self.between_submits {
            wait().await;
        }
        if self.stop.get() { Err(TrainError::Stopped) } else { Ok(()) }
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
        if schedule.is_empty() {
            return self.snapshot().await;
        }
        let images = self.images_of(schedule);
        let outcome = self.engine.train(schedule, &images).await?;
        if outcome.state.halted == 1 { Err(self.diverge(&outcome)) } else { Ok(self.finished(schedule, outcome)) }
    }

    /// Remembers where and why the run ended by itself.
    fn diverge(&mut self, outcome: &Outcome) -> TrainError {
        let slot = (outcome.state.slot as usize).min(outcome.records.len() - 1);
        let record: &Record = &outcome.records[slot];
        let error = TrainError::Diverged { step: outcome.state.step, loss: record.loss, probe_loss: record.probe_loss };
        self.step = outcome.state.step;
        self.diverged = Some(error.clone());
        error
    }

    /// Counts steps that are done.
    fn finished(&mut self, schedule: &[Step], outcome: Outcome) -> Snapshot {
        self.step += schedule.len() as u32;
        for record in &outcome.records {
            self.cost = self.cost + self.cost_of(record);
        }
        let outcome = self.in_whole(outcome);
        self.last = schedule.last().map(|&last| (last, outcome.units.clone()));
        self.snapshot_of(outcome)
    }

    /// The state now, without a step.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn snapshot(&mut self) -> Result<Snapshot, TrainError> {
        self.settle_pins().await?;
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
        let batch = u64::from(self.config.batch_size);
        let own = self.model.multiply_adds(&record.kept[..self.model.groups.len()], None).backward;
        let near_dense = over_half(own, self.whole.multiply_adds(&self.whole.sizes(), None).backward);
        self.forward_of(record) + Cost { backward: own * batch, near_dense: near_dense * batch, ..Cost::default() }
    }

    /// Multiply-adds of a batch that only goes forward, under as many masks as are forwarded now.
    fn forward_of(&self, record: &Record) -> Cost {
        let (groups, batch) = (self.model.groups.len(), u64::from(self.config.batch_size));
        let dense = self.whole.multiply_adds(&self.whole.sizes(), None).forward;
        let masks = [&record.kept, &record.probe_kept];
        let passes =
            masks.iter().take(self.engine.params.masks as usize).map(|kept| self.model.multiply_adds(&kept[..groups], None).forward);
        passes.map(|pass| Cost { forward: pass * batch, near_dense: over_half(pass, dense) * batch, ..Cost::default() }).sum()
    }

    /// Multiply-adds of all steps so far, and of what choosing masks took beside them.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Bytes on the device that grow with the units of the network, by purpose; the copy that is asked for masks counts from the beginning, and
    /// the data set not.
    #[must_use]
    pub fn held(&self) -> Bytes {
        let copied = self.microscope.is_some() || asks_copy(&self.config, self.step..self.steps, self.steps);
        Bytes::of(&memory::tensors(&self.model, self.engine.masks, copied), self.config.batch_size)
    }

    /// All of [`Trainer::held`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.held().total()
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
        let params = if gates { Params { estimator: 3, masks: COPY_MASKS, ..params } } else { Params { masks: MASKS, ..params } };
        let engine = Engine::new(&self.engine.machine, &model, params, params.masks, &self.data_buffers)?;
        engine.write(&engine.buffers.numbers, &self.numbers);
        for (from, to) in [(&self.engine.buffers.weights, &engine.buffers.weights), (&self.engine.buffers.scores, &engine.buffers.scores)] {
            engine.copy(from, to);
        }
        Ok((model, engine))
    }

    /// Changes a live knob from the next step on; answers with that step's number, which is one later where a step is begun.
    ///
    /// # Errors
    /// A knob that is fixed during a run, or a value it refuses; the run goes on unchanged.
    pub fn change(&mut self, name: &str, value: &str) -> Result<u32, TrainError> {
        let knob = crate::config::knob(name)?;
        if !knob.live {
            return Err(TrainError::SettingIsFixed { setting: knob.name });
        }
        if name == "keep_ratio" && !method(self.config.method).learns_scores() {
            return Err(TrainError::MaskIsFixed { method: self.config.method });
        }
        let mut config = self.config.clone();
        config.set(name, value)?;
        config.check()?;
        if name == "pins" && self.engine.params.learn_scores == 0 {
            return Err(TrainError::TooLateToPin);
        }
        let pins = pins_of(&config, &self.whole)?;
        if name == "pins"
            && let Some(gone) = pins.units_on().find(|unit| !self.numbers.contains(unit))
        {
            return Err(TrainError::PinnedUnitWasDropped { unit: gone });
        }
        // Pins that were settled since the last step are settled once more where the budget changes that they made room under.
        self.pins_settled &= pins == self.pins && self.base.as_ref().is_none_or(|base| base.step != self.step);
        self.config = config;
        // A step that is begun ends as it began.
        if self.walk.is_some() {
            return Ok(self.step + 1);
        }
        self.take_over();
        Ok(self.step)
    }

    /// Sends the live knobs to the device.
    fn take_over(&mut self) {
        let Params { learn_scores, masks, streamed, .. } = self.engine.params;
        self.engine.params = Params { masks, learn_scores, streamed, ..params_of(&self.config, &self.model, &self.data) };
        self.engine.write_params();
    }

    /// K as the method has it, of what the schedule says: only one that starts whole has a budget that falls.
    #[must_use]
    pub fn budget(&self, scheduled: f32) -> f64 {
        let (config, units) = (&self.config, f64::from(self.whole.units()));
        match config.method {
            MethodName::Dense => units,
            MethodName::SmallDense => f64::from(self.model.units()),
            MethodName::Static | MethodName::Set | MethodName::Rigl if !config.allocation.is_empty() => {
                config.allocation_counts().into_iter().map(f64::from).sum()
            }
            method if method.starts_whole() => scheduled.into(),
            _ => config.keep_ratio * units,
        }
    }

    /// Whether [`Trainer::select_mask`] has frozen the scores: only weights are trained from there on.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        self.selected
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
        self.check_going().await?;
        self.check_finite()?;
        self.finish_step().await?;
        let end = self.steps + self.finetune_steps();
        let count = most.min(self.engine.steps_a_submit()).min(end - self.step);
        let schedule: Vec<Step> = (0..count)
            .map(|ahead| Step { step: self.step + ahead, learning_rate: self.config.finetune_rate as f32, ..self.step_now(self.steps) })
            .collect();
        self.run(&schedule).await
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

/// The network that the experiment names, on these data.
fn whole_of(config: &Config, data: &DataShape) -> Result<Model, ConfigError> {
    Ok(Model::new(&config.model, data.image(), data.classes, config.gate_inputs)?)
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

/// `[U]` root mean square of how far the weights that lead to each gated unit moved; of an input, of those that lead away.
fn unit_changes(model: &Model, old: &[f32], new: &[f32]) -> Vec<f32> {
    let moved: Vec<f32> = old.iter().zip(new).map(|(old, new)| new - old).collect();
    unit_norms(model, &moved).into_iter().map(|norm| norm as f32).collect()
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

/// Steps of an experiment before fine-tuning, on so many training rows.
fn steps_of(config: &Config, train_rows: u32) -> u32 {
    if config.steps > 0 { config.steps } else { config.epochs.saturating_mul(train_rows / config.batch_size) }
}

/// The engine that trains a network, with the room that its method needs.
fn engine_of(machine: &Rc<Machine>, config: &Config, model: &Model, data: &DataShape, rows: &DataBuffers) -> Result<Engine, DeviceError> {
    Engine::new(machine, model, params_of(config, model, data), method(config.method).masks(), rows)
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

/// Uniform in [-bound, bound). A function of its own for a browser's sake: see `data::planted`.
#[inline(never)]
fn draw_weights(weights: &mut [f32], bound: f32, random: &mut Threefry) {
    let mut words = [0; 256];
    let words = &mut words[..weights.len()];
    random.fill(words);
    for (weight, &word) in weights.iter_mut().zip(&*words) {
        *weight = (2.0 * unit_interval(word) - 1.0) * bound;
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
        let first = weights.len();
        weights.resize(first + (own * layer.outputs) as usize, 0.0);
        for piece in weights[first..].chunks_mut(256) {
            draw_weights(piece, bound, &mut random);
        }
        let row = |value: f32| std::iter::repeat_n(value, layer.outputs as usize);
        match layer.extra {
            Extra::None => {}
            Extra::Bias => weights.extend(row(0.0)),
            Extra::Normalisation => weights.extend(row(1.0).chain(row(0.0))),
        }
    }
    weights
}
