//! A run: one experiment on one device, from the first weights to the last evaluation.
//!
//! The kernels of a step are in `engine::step`; this module does what happens between submits. This file trains; each other file adds one operation
//! on a run.

mod changes;
mod checkpoint;
mod choice;
mod compaction;
mod construction;
mod cost;
mod error;
mod evaluation;
mod measurement;
mod memory;
mod pinning;
mod rows;
mod step_through;

pub use checkpoint::Checkpoint;
pub(crate) use compaction::to_whole;
pub use construction::initial_weights;
pub use cost::Cost;
pub use error::{CheckpointMismatch, TrainError, UnitCostError};
pub use evaluation::Evaluation;
pub use measurement::{SavedBuffers, Timing};
pub use memory::{holds_copy, tensors_of};
pub use pinning::{UnitCost, pins_of};
pub use rows::{Centring, DataShape};
pub use step_through::{PartDone, StepPart};

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use crate::config::{Config, ConfigError};
#[cfg(feature = "gpu")]
use crate::device::Kernel;
use crate::device::Machine;
#[cfg(feature = "gpu")]
use crate::engine::kernels;
use crate::engine::{DataBuffers, Engine, Outcome, usual_variants};
use crate::mask;
use crate::methods::method;
use crate::model::Model;
use crate::pins::Pins;
use crate::schedule::{Order, step_at, view};
use crate::shared::{Record, Sample, Step, part};
use crate::snapshot::Snapshot;

#[cfg(feature = "gpu")]
use construction::params_of;
use construction::{built, engine_of, first_scores, kept_at_end, steps_of, whole_of};
use pinning::Base;
use rows::Centre;
use step_through::StepThrough;

/// Training rows on which the terminal and the page compare masks in the final selection.
pub const SELECTION_ROWS: u32 = 10_000;

/// Makes a future to wait for.
pub type Wait = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// A future that many places await. It is boxed so that its code is in the program once.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, TrainError>> + 'a>>;

/// One run.
#[derive(Debug)]
pub struct Trainer {
    pub config: Config,
    /// The network that the settings name.
    pub whole: Model,
    /// The network on the device: without the units that [`Trainer::compact`] dropped.
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
    /// Most batches of an evaluation's submit. A page, which must stay responsive, lowers it if a batch is slow.
    pub batches_a_submit: u32,
    /// Set it to end tests, fine-tuning and measurements of speed after the current submit, with [`TrainError::Stopped`], so that closing a run does
    /// not wait for them.
    pub stop: Rc<Cell<bool>>,
    /// Slow operations wait for this between two submits, so that the caller's thread can receive a request to stop.
    pub between_submits: Option<Wait>,
    diverged: Option<TrainError>,
    evaluations: u32,
    /// Timed steps so far: each draws its own masks.
    measured: u32,
    /// The step before which the mask was last chosen.
    chosen_at: Option<u32>,
    /// Whether the scores are frozen to a mask.
    selected: bool,
    cost: Cost,
    /// A copy of the network that computes every unit, for methods that rank units by their gradients.
    dense_copy: Option<(Model, Engine)>,
    /// Repeated submits of engines that this run had before.
    earlier_repeats: u32,
    /// The scheduled values of the last step and its masks' bits for the units of the whole network: evaluations and measurements overwrite those on
    /// the device.
    last: Option<(Step, Vec<u32>)>,
    /// A step in progress, of which some parts are done.
    step_through: Option<StepThrough>,
    /// The pins that the device has.
    pins: Pins,
    pins_applied: bool,
    /// `[U]` of the whole network: the scores that pinned units had before.
    unpinned: Vec<f32>,
    /// The state after the last step. Pins that change several times between two steps are applied to it each time.
    base: Option<Base>,
}

impl Trainer {
    /// Allocates the run and draws its first weights and scores.
    ///
    /// # Errors
    /// A contradictory configuration, a data set smaller than a batch, a network too large for the device.
    pub fn new(machine: &Rc<Machine>, config: Config, data: DataShape) -> Result<Self, TrainError> {
        Self::with_data(machine, config, data, true)
    }

    /// As [`Trainer::new`], with the data set in the memory of the program, from which the rows of each submit are sent. [`Trainer::new`] does this
    /// if the device cannot hold the set.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn streaming(machine: &Rc<Machine>, config: Config, data: DataShape) -> Result<Self, TrainError> {
        Self::with_data(machine, config, data, false)
    }

    fn with_data(machine: &Rc<Machine>, config: Config, data: DataShape, resident: bool) -> Result<Self, TrainError> {
        config.check()?;
        let data_buffers = DataBuffers::new(machine, data.train_rows + data.test_rows, data.inputs, resident)?;
        Self::on(machine, config, data, data_buffers)
    }

    /// As [`Trainer::new`], on data that is on the device already: that of a run of the same data set.
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

    /// The data on the device.
    #[must_use]
    pub fn data_buffers(&self) -> &DataBuffers {
        &self.data_buffers
    }

    /// The kernels that the steps of such a run need, with the variants that run where nothing was measured.
    ///
    /// # Errors
    /// A contradictory configuration, or a network too large for the device.
    #[cfg(feature = "gpu")]
    pub fn kernels_of(machine: &Machine, config: &Config, data: &DataShape) -> Result<Vec<Kernel>, TrainError> {
        config.check()?;
        let (model, _) = built(config, &whole_of(config, data)?);
        let variants = usual_variants(&machine.adapter, &model, || kept_at_end(config, &model), config.batch_size);
        Ok(kernels(machine, &model, &params_of(config, &model, data), variants)?)
    }

    /// A second run on the same data, from its own first step: for example the dense baseline of a measurement.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn on_same_data(&self, config: Config) -> Result<Self, TrainError> {
        let pins = if config.method.facts().learns_scores { config.pins.clone() } else { String::new() };
        let config = Config { pins, ..config };
        let mut other = Self::on(&self.engine.machine, config, self.data.clone(), self.data_buffers.clone())?;
        other.rows_ready = self.rows_ready;
        other.stop = Rc::clone(&self.stop);
        other.between_submits = self.between_submits;
        Ok(other)
    }

    fn on(machine: &Rc<Machine>, config: Config, data: DataShape, data_buffers: DataBuffers) -> Result<Self, TrainError> {
        let whole = whole_of(&config, &data)?;
        let plan = config.plan();
        let (groups, allocated) = (whole.gated().count(), plan.allocation.len());
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
        let [scores, unpinned] = first_scores(&config, &whole, &model, &numbers, &pins, steps);
        let variants = usual_variants(&machine.adapter, &model, || kept_at_end(&config, &model), config.batch_size);
        let engine = engine_of(machine, &config, &model, &scores, &data, &data_buffers, variants)?;
        engine.write(&engine.buffers.weights, &initial_weights(&model, config.seed));
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
            dense_copy: None,
            earlier_repeats: 0,
            last: None,
            step_through: None,
            pins,
            pins_applied: true,
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

    /// `[U]` numbers in the whole network of the units on the device.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Submits of the run that were repeated because a mask kept more units of a group than the device had room for. Repetitions do not change what a
    /// run computes.
    #[must_use]
    pub fn repeats(&self) -> u32 {
        self.earlier_repeats + self.engine.repeats()
    }

    /// How many steps can be done now: at most `most`, and at most what fits in a submit.
    #[must_use]
    pub fn steps_possible(&self, most: u32) -> u32 {
        let most = most.min(self.engine.steps_a_submit()).min(self.steps - self.step.min(self.steps));
        // A submit ends where units are dropped, and where the mask is to be chosen.
        let epoch = self.steps_per_epoch();
        let most = if self.config.compact { most.min(epoch - self.step % epoch) } else { most };
        let (method, plan) = (method(self.config.method), self.config.plan());
        let most = (1..most).find(|ahead| method.chooses_before(&plan, self.step + ahead, self.steps)).unwrap_or(most);
        (0..most).take_while(|ahead| self.order.rows_needed(self.step + ahead) <= self.rows_ready).count() as u32
    }

    /// Trains up to `most` steps in one submit: fewer at the end of the run, or where rows are still loading. If a step is in progress, it is
    /// finished and nothing else is done.
    ///
    /// # Errors
    /// The run diverged, now or before, or the device is lost.
    pub async fn advance(&mut self, most: u32) -> Result<Snapshot, TrainError> {
        self.check_finite()?;
        if let Some(snapshot) = self.finish_step().await? {
            return Ok(snapshot);
        }
        self.apply_pins().await?;
        let count = self.steps_possible(most);
        let first = self.step;
        if count > 0 {
            self.choose().await?;
        }
        let schedule: Vec<Step> = (0..count).map(|ahead| self.step_now(first + ahead)).collect();
        self.run(&schedule).await
    }

    /// A run that diverged does not continue: nothing is computed from its losses.
    fn check_finite(&self) -> Result<(), TrainError> {
        self.diverged.clone().map_or(Ok(()), Err)
    }

    async fn check_going(&self) -> Result<(), TrainError> {
        if let Some(wait) = self.between_submits {
            wait().await;
        }
        if self.stop.get() { Err(TrainError::Stopped) } else { Ok(()) }
    }

    /// The scheduled values of a step of this run, with live changes of settings.
    fn step_now(&self, step: u32) -> Step {
        step_at(&self.config, self.whole.units(), step, self.steps)
    }

    /// The `[B]` images of `step`: rows of the training set, each with its augmentation.
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
        if outcome.state.halted != 0 {
            return Err(self.diverge(&outcome));
        }
        self.fit_after(schedule.len() as u32, &outcome.scores)?;
        Ok(self.finished(schedule, outcome))
    }

    /// Stores where and why the run diverged.
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
        let outcome = self.outcome_of_whole(outcome);
        self.last = schedule.last().map(|&last| (last, outcome.units.clone()));
        self.snapshot_of(outcome)
    }

    /// The current state, without a step.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn snapshot(&mut self) -> Result<Snapshot, TrainError> {
        self.apply_pins().await?;
        let found = self.engine.look().await?;
        let mut outcome = self.outcome_of_whole(found);
        if let Some((_, units)) = &self.last {
            outcome.units.clone_from(units);
        }
        Ok(self.snapshot_of(outcome))
    }

    fn snapshot_of(&self, outcome: Outcome) -> Snapshot {
        let budget = self.last.as_ref().map_or_else(|| self.step_now(0), |(step, _)| *step).budget;
        let probed = self.config.method.facts().forwards == 2 && self.engine.params.learn_scores == 1;
        let decided = self.decided(&outcome.scores);
        Snapshot::new(&self.whole, self.config.batch_size, self.step, self.steps, self.steps_per_epoch(), probed, budget, decided, outcome)
    }

    /// `[U]` the decided mask of these scores, `[U]` of the whole network.
    #[must_use]
    pub fn decided(&self, scores: &[f32]) -> Vec<bool> {
        mask::decided(&self.whole, scores, self.decided_budget())
    }

    /// What the decided mask may take of the budget: K of the last step, or of the first before it, where scores are trained. Other scores are a mask
    /// already.
    fn decided_budget(&self) -> f64 {
        if self.engine.params.learn_scores == part::REST {
            return f64::INFINITY;
        }
        let scheduled = self.last.as_ref().map_or_else(|| self.step_now(0), |(step, _)| *step).budget;
        self.budget(scheduled)
    }

    /// Converts the values of the units on the device to the units of the whole network: a dropped unit has score 0 and is off.
    fn outcome_of_whole(&self, outcome: Outcome) -> Outcome {
        let scores = to_whole(&self.numbers, &outcome.scores, self.whole.units());
        let bits = to_whole(&self.numbers, &outcome.units, self.whole.units());
        Outcome { scores, units: bits, ..outcome }
    }

    /// Whether [`Trainer::select_mask`] has frozen the scores: from then on only weights train.
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
    /// The run diverged or the device is lost.
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
}
