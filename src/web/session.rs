//! One run in the page: opening it, loading its data, training, testing and measuring it.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::between_runs::{self, DeviceData};
use super::js::{Js, TypedArray, clock, report, words};
#[cfg(feature = "gpu")]
use super::kernels;
use super::plan::{data_key, files_of, plan, set_of, shape_of};
use super::run_files::{dataset_identity, evaluation_of};
use super::snapshots::Spent;
use super::types::{
    Computes, DataFile, Description, Evaluated, Halted, NextPart, PartialStep, PhaseTime, RunFacts, Snapshot, Speed, UnitCost,
};
use crate::classifier::{Classifier, MOST_BATCHES};
use crate::config::Config;
use crate::data::stream::DatasetStream;
use crate::device::{DeviceError, Machine};
use crate::engine::{Phase, SLOTS};
use crate::estimator_lab::Lab;
use crate::run_file::{Change, Recorder};
use crate::speed::DenseBaseline;
use crate::submit_size::Pace;
use crate::trainer::{self, DataShape, SELECTION_ROWS, TrainError, Trainer};

/// Converts an error as [`words`] does. If the network is too large for this device, the error gets a name, by which the page recognises it.
fn named(error: &TrainError) -> JsValue {
    let converted = js_sys::Error::new(&error.to_string());
    if let TrainError::Gpu(DeviceError::TooLarge { .. } | DeviceError::TooManyWorkgroups { .. }) = error {
        converted.set_name("TooLarge");
    }
    converted.into()
}

fn plural(steps: u32) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

/// One run in the page.
#[wasm_bindgen]
pub struct Session {
    pub(super) machine: Rc<Machine>,
    pub(super) run: Trainer,
    /// Identifies the data ([`data_key`]).
    data_key: String,
    informative: Option<Vec<bool>>,
    /// Reads the files of a known data set.
    arrival: Option<DatasetStream>,
    pace: Pace,
    baseline: Option<DenseBaseline>,
    /// A frozen copy of the network, for measuring estimators.
    pub(super) lab: Option<Lab>,
    /// A copy of the network, for classifying single images.
    pub(super) classifier: Option<Classifier>,
    /// Chooses how many batches of the classifier are in a submit.
    pub(super) classifier_pace: Pace,
    /// The contents of the run file. The time of training begins with the end of the first submit, which also compiles kernels.
    pub(super) recorder: Recorder,
}

/// Interrupts a long call of a session.
#[wasm_bindgen]
pub struct Stopper(Rc<Cell<bool>>);

#[wasm_bindgen]
impl Stopper {
    /// Makes a test, a choice of a mask, fine-tuning or a measurement of speed fail after the current submit. Later ones fail as well.
    pub fn stop(&self) {
        self.0.set(true);
    }
}

#[wasm_bindgen]
impl Session {
    /// Opens the adapter, compiles the kernels, allocates the network and draws its first weights. `adapter_name` is the name that the browser gave
    /// the page; browsers give an engine less of it.
    ///
    /// # Errors
    /// The link cannot be read, there is no adapter, or the network is too large for it.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only kernels of a GPU are compiled"))]
    pub async fn open(
        query: String,
        #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
        adapter_name: Option<String>,
    ) -> Result<Session, JsValue> {
        let config = Config::from_link(&query).map_err(words)?;
        let known = files_of(&config)?;
        let machine = between_runs::machine(adapter_name.as_deref()).await.map_err(words)?;
        let key = data_key(&config);
        let left = between_runs::data_of(&key);
        let set = if left.is_some() { None } else { set_of(&config)? };
        let shape = match (&left, &set) {
            (Some(left), _) => left.shape.clone(),
            (None, Some(set)) => DataShape::of(set),
            (None, None) => shape_of(&config)?,
        };
        #[cfg(feature = "gpu")]
        let kernels = Trainer::kernels_of(&machine, &config, &shape).map_err(|error| named(&error))?;
        #[cfg(feature = "gpu")]
        kernels::compile(&machine, &kernels, |done, of| report(&progress, "compiling kernels", done, of)).await.map_err(words)?;
        let buffers = left.as_ref().map(|left| left.buffers.clone());
        let mut run = match buffers {
            Some(buffers) => Trainer::on_data(&machine, config, shape, buffers),
            None => Trainer::new(&machine, config, shape),
        }
        .map_err(|error| named(&error))?;
        let informative = match (&left, &set) {
            (Some(left), _) => left.informative.clone(),
            (None, set) => set.as_ref().and_then(|set| set.informative.clone()),
        };
        // The CPU engine never waits for a device. Between submits it lets the worker receive the messages of the page.
        run.between_submits = machine.cpu_clock().map(|_| between_runs::turn_of_events as trainer::Wait);
        if let Some(set) = &set {
            run.load_all(set);
        }
        let arrival = if left.is_some() { None } else { known.map(DatasetStream::new) };
        let first = run.snapshot().await.map_err(|error| named(&error))?;
        let recorder = Recorder::new(&run, dataset_identity(&run.config, &run.data), informative.clone(), &first);
        let session = Self {
            machine,
            data_key: key,
            informative,
            arrival,
            run,
            pace: Pace::new(SLOTS),
            baseline: None,
            lab: None,
            classifier: None,
            classifier_pace: Pace::new(MOST_BATCHES),
            recorder,
        };
        if set.is_some() {
            session.cache_data();
        }
        Ok(session)
    }

    /// Caches the data, which are complete, on the device for the next run.
    fn cache_data(&self) {
        let Self { data_key, informative, run, .. } = self;
        let (key, informative) = (data_key.clone(), informative.clone());
        between_runs::cache(DeviceData { key, shape: run.data.clone(), buffers: run.data_buffers().clone(), informative });
    }

    /// The facts of the run that do not change.
    #[must_use]
    pub fn description(&self) -> Js<Description> {
        let (run, adapter) = (&self.run, &self.machine.adapter);
        let informative = |informative: &Vec<bool>| TypedArray(informative.iter().map(|&carries| u8::from(carries)).collect());
        let facts = RunFacts {
            adapter: adapter.name.clone(),
            backend: adapter.backend.clone(),
            software: adapter.software,
            computes: if self.machine.cpu_clock().is_some() { Computes::Cpu } else { Computes::Gpu },
            steps: run.steps() + run.finetune_steps(),
            steps_per_epoch: run.steps_per_epoch(),
            has_timestamps: self.machine.has_clock(),
            informative: self.informative.as_ref().map(informative),
            kernels: run.kernels(),
            history_columns: self.recorder.file().history.capacity() as u32,
        };
        Js::of(&Description(plan(&run.whole, &run.data, &run.config, self.machine.buffer_limit()), facts))
    }

    /// Interrupts a long call when the run is closed. It is an object of its own, because a session allows one call at a time.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Rc::clone(&self.run.stop))
    }

    /// The files for `feed`, in the order in which to fetch them.
    #[must_use]
    pub fn files(&self) -> Js<Vec<DataFile>> {
        let one = |(name, bytes): (String, u64)| DataFile { name, bytes: bytes as f64 };
        Js::of(&self.arrival.iter().flat_map(DatasetStream::files).map(one).collect())
    }

    /// Reads the next unpacked bytes of a file and sends complete rows to the GPU.
    ///
    /// # Errors
    /// The file is not the expected one.
    pub fn feed(&mut self, name: &str, bytes: &[u8]) -> Result<(), JsError> {
        let arrival = self.arrival.as_mut().ok_or_else(|| JsError::new("this data set has no files"))?;
        let rows = arrival.feed(name, bytes).map_err(words)?;
        self.run.load(rows.first_row, rows.inputs, rows.labels);
        self.run.set_rows_ready(arrival.rows_ready());
        Ok(())
    }

    /// Checks the length and checksum of a file after its last bytes.
    ///
    /// # Errors
    /// The file is cut or changed; the message says what helps.
    pub fn feed_end(&mut self, name: &str) -> Result<(), JsError> {
        let arrival = self.arrival.as_mut().ok_or_else(|| JsError::new("this data set has no files"))?;
        arrival.end(name).map_err(words)?;
        if arrival.is_whole() {
            self.cache_data();
        }
        Ok(())
    }

    /// Training rows that have arrived.
    #[must_use]
    pub fn rows_ready(&self) -> u32 {
        self.run.rows_ready()
    }

    /// Trains one submit of at most `most_steps` steps; fewer if rows are missing or the device is slow. If the experiment compacts, units whose score
    /// is 0 for good are dropped from memory at the end of an epoch.
    ///
    /// # Errors
    /// The device is lost. If the run diverged, the result is a snapshot with the reason.
    pub async fn advance(&mut self, most_steps: u32) -> Result<Js<Snapshot>, JsError> {
        let steps = self.pace.steps().min(most_steps.max(1));
        let begin = clock();
        match self.run.advance(steps).await {
            Ok(snapshot) => {
                let ms = clock() - begin;
                let done = snapshot.records.len() as u32;
                if done > 0 {
                    self.pace.took(done, ms);
                }
                let spent = Spent { step_ms: ms / f64::from(done.max(1)), training_ms: if self.run.step() > done { ms } else { 0.0 } };
                let mut recorded = self.record_snapshot(snapshot, None, spent);
                self.drop_units(done, &mut recorded).await?;
                Ok(Js::of(&recorded))
            }
            Err(error) => Ok(Js::of(&self.halted(error).await?)),
        }
    }

    /// Executes the next part of a step. Null if rows are missing or the run is over.
    ///
    /// # Errors
    /// The device is lost. If the run diverged, the result is `Halted`.
    pub async fn phase(&mut self) -> Result<Js<Option<NextPart>>, JsError> {
        let begin = clock();
        let done = match self.run.next_part().await {
            Ok(Some(done)) => done,
            Ok(None) => return Ok(Js::of(&None)),
            Err(error) => return Ok(Js::of(&Some(NextPart::Halted(Box::new(Halted { snapshot: self.halted(error).await? }))))),
        };
        let step_ms = clock() - begin;
        if self.run.step() > 0 {
            self.recorder.add_time(step_ms);
        }
        let spent = Spent { step_ms, training_ms: 0.0 };
        let snapshot = if done.left.is_empty() {
            let mut recorded = self.record_snapshot(done.snapshot, None, spent);
            self.drop_units(1, &mut recorded).await?;
            recorded
        } else {
            self.partial_snapshot(done.snapshot, spent)
        };
        let units = |values: Vec<f32>| (!values.is_empty()).then_some(TypedArray(values));
        Ok(Js::of(&Some(NextPart::PartialStep(Box::new(PartialStep {
            stage: done.part,
            left: done.left,
            snapshot,
            values: units(done.values),
            before: units(done.before),
            stepped: units(done.stepped),
        })))))
    }

    /// The difference of the loss with a unit on and off, on at most `batches` batches: see `UnitCost`.
    ///
    /// # Errors
    /// The unit cannot be switched off, or the device is lost.
    pub async fn unit_cost(&mut self, unit: u32, batches: u32) -> Result<Js<UnitCost>, JsError> {
        self.run.batches_a_submit = self.pace.steps();
        let trainer::UnitCost { difference, error, on, off, batches } = Box::pin(self.run.unit_cost(unit, batches)).await.map_err(words)?;
        Ok(Js::of(&UnitCost { unit, difference, error, on, off, batches }))
    }

    /// `[count, channels, side, side]` the current weights of the first convolution. The weights of dropped filters are 0. Null if the network does not
    /// begin with a convolution.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn filters(&self) -> Result<Js<Option<TypedArray<f32>>>, JsError> {
        let (run, now, whole) = (&self.run, &self.run.model.layers[0], &self.run.whole.layers[0]);
        if whole.taps == 1 {
            return Ok(Js::of(&None));
        }
        let engine = run.engine();
        let weights: Vec<f32> = engine.read_first(&engine.buffers.weights, u64::from(now.weights()) * 4).await.map_err(words)?;
        let [inputs, outputs] = now.groups.map(|group| self.remaining(group));
        let mut filters = vec![0.0; (whole.outputs * whole.inputs * whole.taps) as usize];
        for (row, values) in weights.chunks_exact(outputs.len()).take((now.taps * now.inputs) as usize).enumerate() {
            let (tap, input) = (row / inputs.len(), inputs[row % inputs.len()]);
            for (&output, &weight) in outputs.iter().zip(values) {
                filters[((output * whole.inputs + input) * whole.taps) as usize + tap] = weight;
            }
        }
        Ok(Js::of(&Some(TypedArray(filters))))
    }

    /// The current state.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn snapshot(&mut self) -> Result<Js<Snapshot>, JsError> {
        let snapshot = self.run.snapshot().await.map_err(words)?;
        Ok(Js::of(&self.record_snapshot(snapshot, None, Spent::default())))
    }

    /// Changes a live setting from the next step on. Returns the number of that step.
    ///
    /// # Errors
    /// The setting is fixed during a run, or it refuses the value.
    pub fn change(&mut self, name: &str, value: &str) -> Result<u32, JsError> {
        let step = self.run.change(name, value).map_err(words)?;
        self.recorder.change(Change { step, name: name.to_owned(), value: value.to_owned() });
        Ok(step)
    }

    /// Tests the network under the decided mask and a sampled one, on at most `most_images` images.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn evaluate(&mut self, most_images: u32) -> Result<Js<Evaluated>, JsError> {
        // A batch of both forwards costs less than a step.
        self.run.batches_a_submit = self.pace.steps();
        let found = self.run.evaluate(most_images, |_, _| {}).await.map_err(words)?;
        let decided = self.run.snapshot().await.map_err(words)?.decided;
        let evaluation = evaluation_of(self.recorder.test(&self.run, &decided, found));
        Ok(Js::of(&Evaluated { evaluation, tests: self.recorder.file().tests.len() as u32 }))
    }

    /// Measures the time of this run's step and of a dense step, in turns. The run does not change.
    ///
    /// # Errors
    /// The device is lost, or it cannot hold the dense network.
    pub async fn measure_speed(&mut self) -> Result<Js<Speed>, JsError> {
        if self.baseline.is_none() {
            self.baseline = Some(DenseBaseline::new(&self.run).map_err(words)?);
        }
        let baseline = self.baseline.as_mut().expect("it was just made");
        let speed = baseline.measure(&mut self.run, &clock).await.map_err(words)?;
        let phase = |(phase, ms, dense_ms): &(Phase, f64, f64)| PhaseTime { name: phase.name(), sparse_ms: *ms, dense_ms: *dense_ms };
        let (steps, dense_steps) = speed.steps;
        Ok(Js::of(&Speed {
            sparse_ms: speed.step_ms,
            dense_ms: speed.dense_ms,
            ratio: speed.dense_ms / speed.step_ms,
            predicted: speed.predicted,
            steps,
            phases: speed.phases.iter().map(phase).collect(),
            adapter: self.machine.adapter.name.clone(),
            how: format!(
                "Median of 3 bursts each, in turns, of {} of this run and of {} dense; all work to the last read-back counted.",
                plural(steps),
                plural(dense_steps)
            ),
        }))
    }

    /// If the experiment fine-tunes, selects a mask and fine-tunes under it. Returns the accuracy under the selected mask, or null if none was
    /// selected.
    ///
    /// # Errors
    /// The run diverged, or the device is lost.
    pub async fn finish(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
    ) -> Result<Js<Option<f64>>, JsError> {
        let (first, all) = (self.run.steps(), self.run.finetune_steps());
        let mut selected = None;
        if all > 0 && !self.run.is_selected() {
            self.run.batches_a_submit = self.pace.steps();
            let begin = clock();
            selected = Some(self.run.select_mask(SELECTION_ROWS, |_, _| {}).await.map_err(words)?.sampled);
            if self.run.config.compact {
                self.run.compact().await.map_err(words)?;
            }
            self.recorder.add_time(clock() - begin);
        }
        while self.run.step() < first + all {
            let begin = clock();
            let snapshot = self.run.finetune(self.pace.steps()).await.map_err(words)?;
            let ms = clock() - begin;
            self.pace.took(snapshot.records.len() as u32, ms);
            self.recorder.push(&self.run, &snapshot, ms);
            report(&progress, "fine-tuning", (self.run.step() - first) as usize, all as usize);
        }
        Ok(Js::of(&selected))
    }

    /// Why the device is lost, or null.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.machine.lost()
    }

    /// If the experiment compacts and the `done` steps ended an epoch, drops units whose score is 0 for good from memory, and corrects `snapshot`.
    async fn drop_units(&mut self, done: u32, snapshot: &mut Snapshot) -> Result<(), JsError> {
        if done > 0 && self.run.is_compact_due() {
            self.run.compact().await.map_err(words)?;
            (snapshot.units_in_memory, snapshot.network_bytes) = (self.run.model.units(), self.run.bytes() as f64);
        }
        Ok(())
    }

    /// The snapshot of a run that diverged, with the reason; other errors are returned.
    async fn halted(&mut self, error: TrainError) -> Result<Snapshot, JsError> {
        if !matches!(error, TrainError::Diverged { .. }) {
            return Err(words(error));
        }
        let snapshot = self.run.snapshot().await.map_err(words)?;
        Ok(self.record_snapshot(snapshot, Some(error.to_string()), Spent::default()))
    }

    /// The units of a group that are still on the device, as indices into the group of the whole network.
    fn remaining(&self, group: usize) -> Vec<u32> {
        let (now, whole) = (&self.run.model.groups[group], &self.run.whole.groups[group]);
        if !now.gated {
            return (0..now.size).collect();
        }
        self.run.numbers()[now.first_unit as usize..][..now.size as usize].iter().map(|number| number - whole.first_unit).collect()
    }
}
