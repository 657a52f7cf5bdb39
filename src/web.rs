//! The wasm face: a handful of functions that the page's worker calls. Plain numbers and words cross it, no GPU object and no formula.

use std::rc::Rc;

use js_sys::{Array, Float32Array, Function, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use crate::config::{Config, DatasetName, KNOBS, Kind, MethodName};
use crate::data::catalogue::{Known, known};
use crate::data::planted::{self, planted};
use crate::data::stream::Arrival;
use crate::engine::{MASKS, Machine, SLOTS};
use crate::estimator::{Lab, Summary};
use crate::gpu::GpuError;
use crate::model::Model;
use crate::pace::Pace;
use crate::schedule::step_at;
use crate::shared::Record;
use crate::snapshot::Snapshot;
use crate::speed::Opponent;
use crate::trainer::{DataShape, SELECTION_ROWS, TrainError, Trainer};

/// A plain object of named values.
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let object = Object::new();
        $(set(&object, $name, &JsValue::from($value));)+
        object
    }};
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("a new object takes any property");
}

fn words(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// As [`words`], with a name by which the page tells what this device has no room for from every other trouble.
fn named(error: &TrainError) -> JsValue {
    let told = js_sys::Error::new(&error.to_string());
    if let TrainError::Gpu(GpuError::TooLarge { .. } | GpuError::TooManyWorkgroups { .. }) = error {
        told.set_name("TooLarge");
    }
    told.into()
}

fn report(progress: &Function, stage: &str, done: usize, of: usize) {
    // What the page does with news of progress must not end the work: its own errors are its own.
    drop(progress.call3(&JsValue::NULL, &stage.into(), &(done as f64).into(), &(of as f64).into()));
}

fn plural(steps: u32) -> String {
    format!("{steps} step{}", if steps == 1 { "" } else { "s" })
}

/// Milliseconds by the clock of the worker or the page.
fn clock() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).expect("every browser scope has performance");
    performance.unchecked_into::<web_sys::Performance>().now()
}

/// Readable panics in the console; a panic is a bug.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Data sets that the page does not offer: it has no folder of the user's, and nobody packages CIFAR-100 for it to be served.
const NATIVE_ONLY: [DatasetName; 2] = [DatasetName::Idx, DatasetName::Cifar100];

/// The table of settings.
#[must_use]
#[wasm_bindgen]
pub fn knobs() -> Array {
    let defaults = Config::default();
    let one = |knob: &crate::config::Knob| {
        let kind = match knob.kind {
            Kind::Number { min, max, logarithmic } => object! {"type": "number", "min": min, "max": max, "logarithmic": logarithmic},
            Kind::Count { min, max } => object! {"type": "count", "min": min as f64, "max": max as f64},
            Kind::Choice(names) => {
                let offered =
                    names.iter().filter(|(name, _)| knob.name != "dataset" || NATIVE_ONLY.iter().all(|only| only.name() != *name));
                let choices: Array = offered.map(|(name, label)| Array::of2(&(*name).into(), &(*label).into())).collect();
                object! {"type": "choice", "choices": choices}
            }
            Kind::Switch => object! {"type": "switch"},
            Kind::Text => object! {"type": "text"},
        };
        let value = defaults.get(knob.name).expect("every knob of the table has a value");
        object! {"name": knob.name, "label": knob.label, "help": knob.help, "live": knob.live, "value": value, "kind": kind}
    };
    KNOBS.iter().map(one).collect()
}

/// Every setting's value for a link.
///
/// # Errors
/// A link that cannot be read, in words.
#[wasm_bindgen]
pub fn read_link(query: &str) -> Result<Object, JsError> {
    let config = Config::from_link(query).map_err(words)?;
    let values = Object::new();
    for knob in KNOBS {
        set(&values, knob.name, &config.get(knob.name).map_err(words)?.into());
    }
    Ok(values)
}

/// The query of the experiment with these values: what differs from the defaults.
///
/// # Errors
/// A value that its setting refuses, in words.
#[wasm_bindgen]
pub fn write_link(values: &Object) -> Result<String, JsError> {
    let mut config = Config::default();
    for pair in Object::entries(values).iter() {
        let pair: Array = pair.unchecked_into();
        let (name, value) = (pair.get(0).as_string().unwrap_or_default(), pair.get(1).as_string().unwrap_or_default());
        config.set(&name, &value).map_err(words)?;
    }
    config.check().map_err(words)?;
    Ok(config.to_query())
}

/// The files that a link's data set is read from; none where it is made here.
fn files_of(config: &Config) -> Result<Option<&'static Known>, JsError> {
    let name = config.dataset.name();
    match config.dataset {
        DatasetName::Planted => Ok(None),
        DatasetName::Mnist | DatasetName::FashionMnist | DatasetName::Cifar10 => known(name).map(Some).map_err(words),
        DatasetName::Cifar100 | DatasetName::Idx => {
            Err(JsError::new(&format!("this set is for the terminal: lacuna train --dataset {name} --data-dir DIR")))
        }
    }
}

/// The shape of a link's data, without the data.
fn shape_of(config: &Config) -> Result<DataShape, JsError> {
    let planted = DataShape {
        train_rows: planted::TRAIN_ROWS,
        test_rows: planted::TEST_ROWS,
        inputs: planted::INPUTS,
        channels: 1,
        height: 1,
        width: planted::INPUTS,
        classes: planted::CLASSES,
        augment: false,
        deviation: 1.0,
    };
    let read = |known| DataShape::of_known(known).ok_or_else(|| JsError::new("this set must be read before its shape is known"));
    files_of(config)?.map_or(Ok(planted), read)
}

/// Bytes of the data on the device: the whole set, or the rows of a submit where a buffer cannot hold it.
fn data_bytes(data: &DataShape, batch_size: u32, most: u64) -> u64 {
    let features = u64::from(data.inputs);
    let all = u64::from(data.train_rows + data.test_rows);
    let rows = if all * features <= most { all } else { (most / features).min(u64::from(SLOTS * batch_size)) };
    rows * features + all + 4 * features
}

/// The first of a network's tensors, in the order in which the engine takes them, that is larger than `limit`.
fn too_large(model: &Model, batch_size: u32, limit: u64) -> Option<GpuError> {
    let tensor = model.tensors(MASKS).into_iter().find(|tensor| tensor.bytes(batch_size) > limit)?;
    Some(GpuError::TooLarge { bytes: tensor.bytes(batch_size), what: tensor.name, limit })
}

/// What a network is and what it takes; `most` is what the device lets a buffer hold.
fn plan(model: &Model, data: &DataShape, config: &Config, most: u64) -> Object {
    let group = |(index, group): (usize, &crate::model::Group)| {
        let is_image = index == 0 && data.height > 1 && group.size == data.inputs;
        let map = model.maps.iter().find(|map| map.group == index).expect("every group has a map");
        let parents = |[a, b]: [usize; 2]| Array::of2(&(a as u32).into(), &(b as u32).into()).into();
        object! {
            "name": group.name.as_str(), "size": group.size, "gated": group.gated, "first_unit": group.first_unit,
            "width": if is_image { data.width } else { 0 },
            "height": if is_image { data.channels * data.height } else { 0 },
            "channels": if is_image { data.channels } else { 0 },
            "union_of": group.union_of.map_or(JsValue::NULL, parents),
            "map_width": map.width, "map_height": map.height,
        }
    };
    let layer = |layer: &crate::model::Layer| {
        let [from, to] = layer.groups.map(|group| group as u32);
        object! {"taps": layer.taps, "extra": layer.extra.rows(), "pixels": layer.pixels, "from": from, "to": to}
    };
    let first = &model.layers[0];
    let filters = if first.taps > 1 {
        object! {"group": first.groups[1] as u32, "side": first.taps.isqrt(), "channels": first.inputs, "count": first.outputs}.into()
    } else {
        JsValue::NULL
    };
    let bytes = model.bytes(config.batch_size, MASKS);
    object! {
        "model": model.name.as_str(),
        "batch_size": config.batch_size,
        "units": model.units(),
        "weights": model.weights(),
        "multiply_adds": (model.multiply_adds(&model.sizes(), None).total() * u64::from(config.batch_size)) as f64,
        "bytes": object! {
            "data": data_bytes(data, config.batch_size, most) as f64, "activations": bytes.activations as f64,
            "weights": bytes.weights as f64, "optimiser": bytes.optimiser as f64,
        },
        "groups": model.groups.iter().enumerate().map(group).collect::<Array>(),
        "layers": model.layers.iter().map(layer).collect::<Array>(),
        "filters": filters,
        "dataset": object! {
            "name": config.dataset.name(), "train": data.train_rows, "test": data.test_rows, "classes": data.classes,
            "channels": data.channels, "width": data.width, "height": data.height,
        },
    }
}

/// The network of a link and what it would take, before anything is taken: no GPU is asked. `most_bytes` is what the device lets a buffer
/// hold, where that is known; `refused` says in words what is larger.
///
/// # Errors
/// A link that cannot be read, or a network that does not fit its data, in words.
#[wasm_bindgen]
pub fn describe(query: &str, most_bytes: Option<f64>) -> Result<Object, JsError> {
    let config = Config::from_link(query).map_err(words)?;
    let data = shape_of(&config)?;
    let model = Model::new(&config.model, data.image(), data.classes, config.gate_inputs).map_err(words)?;
    let limit = most_bytes.map_or(u64::MAX, |bytes| bytes as u64);
    let plan = plan(&model, &data, &config, limit);
    let refused = too_large(&model, config.batch_size, limit).map(|error| JsValue::from(error.to_string()));
    set(&plan, "refused", &refused.unwrap_or(JsValue::NULL));
    Ok(plan)
}

/// Every kernel against its CPU twin on this adapter.
///
/// # Errors
/// No adapter, or one that is lost on the way.
#[wasm_bindgen]
pub async fn check(progress: Function, adapter_name: Option<String>) -> Result<Array, JsError> {
    let machine =
        Machine::open(None, adapter_name.as_deref(), |done, of| report(&progress, "compiling kernels", done, of)).await.map_err(words)?;
    let reports = crate::check::check(&machine, |done, of| report(&progress, "comparing kernels", done, of)).await.map_err(words)?;
    let one = |report: &crate::check::Report| {
        object! {
            "name": report.kernel, "passed": report.passed(), "worst": report.worst, "tolerance": report.tolerance,
            "dispatches": report.dispatches, "place": report.place.as_str(),
        }
    };
    Ok(reports.iter().map(one).collect())
}

/// One run in the page.
#[wasm_bindgen]
pub struct Session {
    machine: Rc<Machine>,
    run: Trainer,
    informative: Option<Vec<bool>>,
    /// The files of a known set.
    arrival: Option<Arrival>,
    pace: Pace,
    opponent: Option<Opponent>,
    /// A frozen copy of the network, whose estimators are measured.
    lab: Option<Lab>,
    /// What all submits took, from the end of the first step on, which also compiles.
    training_ms: f64,
    finished: bool,
}

#[wasm_bindgen]
impl Session {
    /// Opens the adapter, compiles, allocates, draws the first weights. Browsers tell the page more of the adapter's name than the engine.
    ///
    /// # Errors
    /// A link that cannot be read, no adapter, a network too large for it: in words.
    pub async fn open(query: String, progress: Function, adapter_name: Option<String>) -> Result<Session, JsValue> {
        let config = Config::from_link(&query).map_err(words)?;
        let known = files_of(&config)?;
        let machine = Machine::open(None, adapter_name.as_deref(), |done, of| report(&progress, "compiling kernels", done, of))
            .await
            .map_err(words)?;
        let set = known.is_none().then(|| planted(config.seed));
        let shape = set.as_ref().map_or_else(|| shape_of(&config), |set| Ok(DataShape::of(set)))?;
        let mut run = Trainer::new(&machine, config, shape).map_err(|error| named(&error))?;
        let informative = set.as_ref().and_then(|set| set.informative.clone());
        if let Some(set) = &set {
            run.load_all(set);
        }
        Ok(Self {
            machine,
            informative,
            arrival: known.map(Arrival::new),
            run,
            pace: Pace::new(SLOTS),
            opponent: None,
            lab: None,
            training_ms: 0.0,
            finished: false,
        })
    }

    /// What does not change during the run.
    #[must_use]
    pub fn description(&self) -> Object {
        let (run, adapter) = (&self.run, &self.machine.gpu.adapter);
        let informative = match &self.informative {
            Some(informative) => Uint8Array::from(&informative.iter().map(|&carries| u8::from(carries)).collect::<Vec<u8>>()[..]).into(),
            None => JsValue::NULL,
        };
        let described = object! {
            "adapter": adapter.name.as_str(),
            "backend": adapter.backend.as_str(),
            "software": adapter.software,
            "steps": run.steps() + run.finetune_steps(),
            "steps_per_epoch": run.steps_per_epoch(),
            "has_timestamps": self.machine.gpu.timestamp_period.is_some(),
            "informative": informative,
        };
        Object::assign(&plan(&run.whole, &run.data, &run.config, self.most_bytes()), &described)
    }

    /// The files to feed, in the order to fetch them.
    #[must_use]
    pub fn files(&self) -> Array {
        let one = |(name, bytes): (String, u64)| object! {"name": name, "bytes": bytes as f64};
        self.arrival.iter().flat_map(Arrival::files).map(one).collect()
    }

    /// Takes the next unpacked bytes of a file and sends whole rows to the GPU.
    ///
    /// # Errors
    /// A file that is not what it should be, in words.
    pub fn feed(&mut self, name: &str, bytes: &[u8]) -> Result<(), JsError> {
        let arrival = self.arrival.as_mut().ok_or_else(|| JsError::new("this data set has no files"))?;
        let rows = arrival.feed(name, bytes).map_err(words)?;
        self.run.load(rows.first_row, rows.inputs, rows.labels);
        self.run.set_rows_ready(arrival.rows_ready());
        Ok(())
    }

    /// Checks a file's length and checksum once nothing more comes.
    ///
    /// # Errors
    /// A file that is cut or changed, in words with the mend.
    pub fn feed_end(&mut self, name: &str) -> Result<(), JsError> {
        let arrival = self.arrival.as_mut().ok_or_else(|| JsError::new("this data set has no files"))?;
        arrival.end(name).map_err(words)
    }

    /// Training rows that may be used already.
    #[must_use]
    pub fn rows_ready(&self) -> u32 {
        self.run.rows_ready()
    }

    /// One submit of at most `most_steps` steps, fewer where rows are missing or the device is slow. Where the experiment asks for that,
    /// an epoch that ends takes the units that are off for good out of memory.
    ///
    /// # Errors
    /// The device is gone. A run that diverged is a snapshot that says so.
    pub async fn advance(&mut self, most_steps: u32) -> Result<Object, JsError> {
        let epoch = self.run.steps_per_epoch();
        let epoch_left = epoch - self.run.step() % epoch;
        let most = if self.run.config.compact { epoch_left } else { u32::MAX };
        let steps = self.pace.steps().min(most_steps.max(1)).min(most);
        let begin = clock();
        match self.run.advance(steps).await {
            Ok(snapshot) => {
                let ms = clock() - begin;
                let done = snapshot.records.len() as u32;
                if done > 0 {
                    self.pace.took(done, ms);
                }
                if self.run.step() > done {
                    self.training_ms += ms;
                }
                if self.run.config.compact && done == epoch_left && self.run.step() < self.run.steps() {
                    self.run.compact().await.map_err(words)?;
                }
                Ok(self.plain(&snapshot, None, ms / f64::from(done.max(1))))
            }
            Err(error @ TrainError::Diverged { .. }) => {
                let snapshot = self.run.snapshot().await.map_err(words)?;
                Ok(self.plain(&snapshot, Some(error.to_string()), 0.0))
            }
            Err(error) => Err(words(error)),
        }
    }

    /// `[count, channels, side, side]` the weights of the first convolution as they are now, those of filters that are gone as 0; null where
    /// the network does not begin with one.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn filters(&self) -> Result<JsValue, JsError> {
        let (run, now, whole) = (&self.run, &self.run.model.layers[0], &self.run.whole.layers[0]);
        if whole.taps == 1 {
            return Ok(JsValue::NULL);
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
        Ok(Float32Array::from(&filters[..]).into())
    }

    /// The state now.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn snapshot(&mut self) -> Result<Object, JsError> {
        let snapshot = self.run.snapshot().await.map_err(words)?;
        Ok(self.plain(&snapshot, None, 0.0))
    }

    /// Changes a live setting from the next step on.
    ///
    /// # Errors
    /// A setting that is fixed during a run, or a value that it refuses.
    pub fn change(&mut self, name: &str, value: &str) -> Result<(), JsError> {
        self.run.change(name, value).map_err(words)
    }

    /// Test accuracy under the decided mask and a sampled one, over at most `most_images` images.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn evaluate(&mut self, most_images: u32) -> Result<Object, JsError> {
        // A batch of both forwards costs less than a step.
        self.run.batches_a_submit = self.pace.steps();
        let evaluation = self.run.evaluate(most_images, |_, _| {}).await.map_err(words)?;
        Ok(object! {
            "step": self.run.step(), "images": evaluation.images, "decided": evaluation.decided, "sampled": evaluation.sampled,
            "loss": evaluation.loss,
        })
    }

    /// Times this run's step against a dense one, in turns; the run is left as it was.
    ///
    /// # Errors
    /// The device is gone or cannot hold the opponent.
    pub async fn measure_speed(&mut self) -> Result<Object, JsError> {
        if self.opponent.is_none() {
            self.opponent = Some(Opponent::new(&self.run).map_err(words)?);
        }
        let opponent = self.opponent.as_mut().expect("it was just made");
        let speed = opponent.measure(&mut self.run, &clock).await.map_err(words)?;
        let phase = |(phase, ms, dense_ms): &(crate::engine::Phase, f64, f64)| object! {"name": phase.name(), "sparse_ms": *ms, "dense_ms": *dense_ms};
        let (steps, dense_steps) = speed.steps;
        Ok(object! {
            "sparse_ms": speed.step_ms,
            "dense_ms": speed.dense_ms,
            "ratio": speed.dense_ms / speed.step_ms,
            "predicted": speed.predicted,
            "steps": steps,
            "phases": speed.phases.iter().map(phase).collect::<Array>(),
            "adapter": self.machine.gpu.adapter.name.as_str(),
            "how": format!("Median of 3 bursts each, in turns, of {} of this run and of {} dense; all work to the last read-back counted.", plural(steps), plural(dense_steps)),
        })
    }

    /// Selects a mask and fine-tunes under it, where the experiment asks for that.
    ///
    /// # Errors
    /// The run diverged or the device is gone.
    pub async fn finish(&mut self, progress: Function) -> Result<JsValue, JsError> {
        if self.run.config.finetune_epochs == 0 || self.finished {
            return Ok(JsValue::NULL);
        }
        self.finished = true;
        self.run.batches_a_submit = self.pace.steps();
        let evaluation = self.run.select_mask(SELECTION_ROWS, |_, _| {}).await.map_err(words)?;
        let (first, all) = (self.run.step(), self.run.finetune_steps());
        while self.run.step() < first + all {
            let begin = clock();
            let snapshot = self.run.finetune(self.pace.steps()).await.map_err(words)?;
            self.pace.took(snapshot.records.len() as u32, clock() - begin);
            report(&progress, "fine-tuning", (self.run.step() - first) as usize, all as usize);
        }
        Ok(object! {"selected_accuracy": evaluation.sampled}.into())
    }

    /// Why the device is gone, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.machine.gpu.lost()
    }

    /// What the device lets a buffer hold.
    fn most_bytes(&self) -> u64 {
        let limits = self.machine.gpu.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// Which units of a group are still on the device, by their places in the whole network's group.
    fn remaining(&self, group: usize) -> Vec<u32> {
        let (now, whole) = (&self.run.model.groups[group], &self.run.whole.groups[group]);
        if !now.gated {
            return (0..now.size).collect();
        }
        self.run.numbers()[now.first_unit as usize..][..now.size as usize].iter().map(|number| number - whole.first_unit).collect()
    }

    /// K as the method has it: only one that starts whole has a budget that falls.
    fn budget(&self, scheduled: f32) -> f64 {
        let (config, units) = (&self.run.config, f64::from(self.run.whole.units()));
        match config.method {
            MethodName::Dense => units,
            MethodName::SmallDense => f64::from(self.run.model.units()),
            MethodName::Static | MethodName::Set | MethodName::Rigl if !config.allocation.is_empty() => {
                config.allocation_counts().into_iter().map(f64::from).sum()
            }
            method if method.starts_whole() => scheduled.into(),
            _ => config.keep_ratio * units,
        }
    }

    fn plain(&self, snapshot: &Snapshot, halted: Option<String>, step_ms: f64) -> Object {
        let (run, units) = (&self.run, self.run.whole.units());
        // Multiply-adds and time up to and including each step, from the last one backwards.
        let (mut work, mut ms) = (run.cost().total() as f64, self.training_ms);
        let mut record = |record: &Record| {
            let now = step_at(&run.config, units, record.step.min(run.steps()), run.steps());
            let object = object! {
                "step": record.step,
                "epoch": f64::from(record.step) / f64::from(run.steps_per_epoch()),
                "loss": record.loss,
                "probe_loss": if snapshot.probed { record.probe_loss } else { f32::NAN },
                "accuracy": f64::from(record.correct) / f64::from(snapshot.batch_size),
                "sum_scores": record.sum_scores,
                "budget": self.budget(now.budget),
                "threshold": record.threshold,
                "gradient_norm": record.gradient_norm,
                "learning_rate": now.learning_rate,
                "scores_rate": now.scores_rate,
                "multiply_adds": work,
                "seconds": ms.max(0.0) / 1e3,
            };
            work -= (run.work(record) * u64::from(snapshot.batch_size)) as f64;
            ms -= step_ms;
            object
        };
        let records: Array = snapshot.records.iter().rev().map(&mut record).collect();
        let cost = run.cost();
        // Of a method with one forward only m means anything, whatever else was drawn.
        let probe = if snapshot.probed { 2 } else { 1 };
        let mask: Vec<u8> = snapshot.mask.iter().map(|&bits| (bits & 1) | if bits & probe == 0 { 0 } else { 2 }).collect();
        object! {
            "step": snapshot.step,
            "steps": snapshot.steps,
            "epoch": snapshot.epoch,
            "finished": snapshot.step >= snapshot.steps,
            "halted": halted.map_or(JsValue::NULL, JsValue::from),
            "scores": Float32Array::from(&snapshot.scores[..]),
            "mask": Uint8Array::from(&mask[..]),
            "kept": Uint32Array::from(&snapshot.mask_kept(&run.whole, 1)[..]),
            "probe_kept": Uint32Array::from(&snapshot.mask_kept(&run.whole, probe)[..]),
            "budget": self.budget(snapshot.budget),
            "sum_scores": snapshot.sum_scores,
            "threshold": snapshot.threshold,
            "records": records.reverse(),
            "cost": object! {"forward": cost.forward as f64, "backward": cost.backward as f64, "structure": cost.structure as f64, "near_dense": cost.near_dense as f64},
            "step_ms": step_ms,
            "units_held": run.model.units(),
            "network_bytes": run.model.bytes(run.config.batch_size, MASKS).total() as f64,
        }
    }
}

#[wasm_bindgen]
impl Session {
    /// Freezes the network as it stands for the estimators' panel; what was drawn before is dropped. The run may go on. Gives the step.
    ///
    /// # Errors
    /// Every unit is decided, rows are missing, or the device cannot hold two more copies: in words.
    pub async fn estimator_freeze(&mut self) -> Result<u32, JsError> {
        // The old copies go first, so that the new ones find room.
        self.lab = None;
        let lab = Lab::new(&mut self.run, true).await.map_err(words)?;
        let step = lab.step();
        self.lab = Some(lab);
        Ok(step)
    }

    /// Draws `pairs` more pairs of masks of the frozen network, which it freezes if it is not; where all masks are to be tried, some of these
    /// instead, until none is left. How many pairs there are now, and how long it took.
    ///
    /// # Errors
    /// As `estimator_freeze`; a loss that is not finite; the device is gone.
    pub async fn estimator_draw(&mut self, pairs: u32) -> Result<Object, JsError> {
        if self.lab.is_none() {
            self.estimator_freeze().await?;
        }
        let lab = self.lab.as_mut().expect("it was just frozen");
        let begin = clock();
        let mut masks_left = lab.enumerate(0).await.map_err(words)?;
        if masks_left > 0 {
            masks_left = lab.enumerate(4 * pairs).await.map_err(words)?;
        } else {
            lab.draw(pairs).await.map_err(words)?;
        }
        Ok(object! {"step": lab.step(), "pairs": lab.pairs(), "masks_left": masks_left, "ms": clock() - begin})
    }

    /// Gives the frozen copies' memory back.
    pub fn estimator_release(&mut self) {
        self.lab = None;
    }

    /// What the pairs drawn so far say of each estimator; null before there is anything to say.
    #[must_use]
    pub fn estimator_report(&self) -> JsValue {
        let Some(report) = self.lab.as_ref().and_then(Lab::report) else { return JsValue::NULL };
        let or_null = |value: Option<f64>| value.map_or(JsValue::NULL, JsValue::from);
        let summarise = |object: &Object, summary: &Summary| {
            set(object, "bias", &summary.bias.into());
            set(object, "bias_chance", &summary.bias_chance.into());
            set(object, "variance", &summary.variance.into());
            set(object, "bound", &or_null(summary.bound));
            set(object, "signal_to_noise", &summary.signal_to_noise.into());
        };
        let bin = |bin: &crate::estimator::Bin| {
            let object = object! {"low": bin.low, "high": bin.high, "units": bin.units};
            if let Some(summary) = &bin.summary {
                summarise(&object, summary);
            }
            object
        };
        let row = |row: &crate::estimator::Row| {
            let object = object! {
                "estimator": row.rule.name(), "alpha": row.alpha, "samples": row.samples,
                "scale": or_null(row.scale.map(|[scale, _]| scale)), "scale_error": or_null(row.scale.map(|[_, error]| error)),
                "chi_square": row.chi_square, "judged_units": row.judged, "verdict": row.verdict.words(),
                "cosine": row.cosine, "cosine_error": row.cosine_error, "bins": row.bins.iter().map(bin).collect::<Array>(),
            };
            summarise(&object, &row.summary);
            object
        };
        let report = object! {
            "step": report.step, "pairs": report.pairs, "units": report.units, "undecided_units": report.undecided,
            "enumerated_masks": report.enumerated.map_or(JsValue::NULL, JsValue::from), "truth_masks": report.truth_masks as f64,
            "truth_error": report.truth_error, "loss": report.loss[0], "loss_deviation": report.loss[1],
            "largest_loss": report.largest_loss, "largest_difference": report.largest_difference,
            "rows": report.rows.iter().map(row).collect::<Array>(),
        };
        report.into()
    }
}
