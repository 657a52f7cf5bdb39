//! The wasm face: a handful of functions that the page's worker calls. Plain numbers and words cross it, no GPU object and no formula.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Float32Array, Function, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use crate::classifier::{Classifier, MOST_BATCHES};
use crate::config::{Config, DatasetName, KNOBS, Kind, MethodName};
use crate::data::catalogue::{Known, known};
use crate::data::own::Own;
use crate::data::planted::{self, planted};
use crate::data::stream::Arrival;
use crate::data::{Dataset, Split};
use crate::device::{DeviceError, Machine};
use crate::engine::SLOTS;
use crate::entrants::Entrant;
use crate::estimator_lab::{Lab, Summary};
use crate::methods::Setting;
use crate::model::{Bytes, Model, Tensor};
use crate::schedule::step_at;
use crate::shared::Record;
use crate::snapshot::Snapshot;
use crate::speed::DenseBaseline;
use crate::submit_size::Pace;
use crate::trainer::{Checkpoint, Cost, DataShape, SELECTION_ROWS, StepPart, TrainError, Trainer, pins_of, tensors_of};
#[cfg(feature = "gpu")]
use crate::web_kernels;
use crate::web_machine::{self, Held};
use crate::web_values::{clock, object, report, set, words};

/// As [`words`], with a name by which the page tells what this device has no room for from every other trouble.
fn named(error: &TrainError) -> JsValue {
    let told = js_sys::Error::new(&error.to_string());
    if let TrainError::Gpu(DeviceError::TooLarge { .. } | DeviceError::TooManyWorkgroups { .. }) = error {
        told.set_name("TooLarge");
    }
    told.into()
}

fn plural(steps: u32) -> String {
    format!("{steps} step{}", if steps == 1 { "" } else { "s" })
}

/// Data sets that the page does not offer: it has no folder of the user's, and nobody packages CIFAR-100 for it to be served.
const NATIVE_ONLY: [DatasetName; 2] = [DatasetName::Idx, DatasetName::Cifar100];

/// In place of a step: there was none.
const NEVER: u32 = u32::MAX;

/// Multiply-adds that the contributions of one image may take, on an adapter in software and on others: some seconds there, a fraction of one here.
const EXPLAINED_WORK: [u64; 2] = [4_000_000_000, 400_000_000_000];

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

/// Who takes part in a comparison: `name`, `method`, the settings that it is lent (`presets`) and those that make it what it is (`made_by`),
/// and whether it is divided as the run of vrpge ended up.
#[must_use]
#[wasm_bindgen]
pub fn contenders() -> Array {
    let settings = |found: &[Setting]| {
        let settings = Object::new();
        for (name, value) in found {
            set(&settings, name, &(*value).into());
        }
        settings
    };
    let one = |contender: Entrant| {
        object! {
            "name": contender.name, "method": contender.method.name(), "presets": settings(contender.presets),
            "made_by": settings(contender.made_by), "is_allocated": contender.is_allocated,
        }
    };
    Entrant::all().map(one).collect()
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
        DatasetName::Planted | DatasetName::Own => Ok(None),
        DatasetName::Mnist | DatasetName::FashionMnist | DatasetName::Cifar10 => known(name).map(Some).map_err(words),
        DatasetName::Cifar100 | DatasetName::Idx => {
            Err(JsError::new(&format!("this set is for the terminal: lacuna train --dataset {name} --data-dir DIR")))
        }
    }
}

thread_local! {
    /// The visitor's own data, once they were read, with what the page says of them. They stay here.
    static OWN: RefCell<Option<(Rc<Own>, JsValue)>> = const { RefCell::new(None) };
    /// How often data of the visitor's were taken: tells those of now from those before.
    static TAKEN: Cell<u32> = const { Cell::new(0) };
}

fn own() -> Result<Rc<Own>, JsError> {
    OWN.with_borrow(|own| own.as_ref().map(|(own, _)| Rc::clone(own))).ok_or_else(|| {
        JsError::new("this experiment is of data that stayed with its owner, in the browser it was opened in: give the same files, or choose other data")
    })
}

/// What the page says of the visitor's own data, as it was told; null where there are none.
#[must_use]
#[wasm_bindgen]
pub fn own_data() -> JsValue {
    OWN.with_borrow(|own| own.as_ref().map_or(JsValue::NULL, |(_, about)| about.clone()))
}

/// Takes the visitor's own data, as the module that reads files made them, in place of those before: `shape` is `[channels, height, width]`,
/// inputs `[N, I]` and labels `[N]`, of the training or all rows and of the test rows, none where these are to be drawn; `about` is what the
/// page says of them, the names of the classes among it.
///
/// # Errors
/// Lengths that do not belong together.
#[wasm_bindgen]
pub fn take_own(
    about: &JsValue,
    shape: &[u32],
    inputs: Vec<u8>,
    labels: Vec<u8>,
    test_inputs: Vec<u8>,
    test_labels: Vec<u8>,
) -> Result<(), JsError> {
    let classes = Reflect::get(about, &"classes".into()).map(|classes| Array::from(&classes).length()).unwrap_or_default();
    let &[channels, height, width] = shape else { return Err(JsError::new("a shape has three numbers")) };
    let features = channels as usize * height as usize * width as usize;
    let whole =
        |inputs: &[u8], labels: &[u8]| inputs.len() == features * labels.len() && labels.iter().all(|&label| u32::from(label) < classes);
    if features == 0 || labels.is_empty() || !whole(&inputs, &labels) || !whole(&test_inputs, &test_labels) {
        return Err(JsError::new("rows, labels and classes of the data do not belong together"));
    }
    let own = Own {
        name: DatasetName::Own.name().to_owned(),
        channels,
        height,
        width,
        classes: vec![String::new(); classes as usize],
        rows: Split { inputs, labels },
        test: (!test_labels.is_empty()).then_some(Split { inputs: test_inputs, labels: test_labels }),
        note: String::new(),
    };
    OWN.set(Some((Rc::new(own), about.clone())));
    TAKEN.set(TAKEN.get() + 1);
    Ok(())
}

/// The shape of a link's data, without the data.
fn shape_of(config: &Config) -> Result<DataShape, JsError> {
    if config.dataset == DatasetName::Own {
        let own = own()?;
        let (train_rows, test_rows) = own.counts();
        return Ok(DataShape {
            train_rows,
            test_rows,
            inputs: own.channels * own.height * own.width,
            channels: own.channels,
            height: own.height,
            width: own.width,
            classes: own.classes.len() as u32,
            augment: false,
            // Of the training rows that the seed leaves; no shape depends on it.
            deviation: 1.0,
        });
    }
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

/// The first of a run's tensors, in the order in which it takes them, that is larger than `limit`.
fn too_large(tensors: Vec<Tensor>, batch_size: u32, limit: u64) -> Option<DeviceError> {
    let tensor = tensors.into_iter().find(|tensor| tensor.bytes(batch_size) > limit)?;
    Some(DeviceError::TooLarge { bytes: tensor.bytes(batch_size), what: tensor.name, limit })
}

/// What a network is and what a run of it takes; `most` is what the device lets a buffer hold.
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
    let held = |config: &Config| Bytes::of(&tensors_of(config, model, data.train_rows), config.batch_size);
    let (bytes, dense) = (held(config), held(&Config { method: MethodName::Dense, ..config.clone() }));
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
        "dense_bytes": dense.total() as f64,
        "groups": model.groups.iter().enumerate().map(group).collect::<Array>(),
        "layers": model.layers.iter().map(layer).collect::<Array>(),
        "filters": filters,
        "dataset": object! {
            "name": config.dataset.name(), "train": data.train_rows, "test": data.test_rows, "classes": data.classes,
            "channels": data.channels, "width": data.width, "height": data.height,
            "own": if config.dataset == DatasetName::Own { own_data() } else { JsValue::NULL },
        },
    }
}

/// A set that needs no files from the server: made here, or the visitor's own.
fn set_of(config: &Config) -> Result<Option<Dataset>, JsError> {
    match config.dataset {
        DatasetName::Planted => Ok(Some(planted(config.seed))),
        DatasetName::Own => Ok(Some(own()?.dataset(config.seed))),
        _ => Ok(None),
    }
}

/// What tells the data of an experiment from others: two runs of the same key learn from the same rows.
fn data_key(config: &Config) -> String {
    let name = config.dataset.name();
    match config.dataset {
        DatasetName::Planted => format!("{name} {}", config.seed),
        DatasetName::Own => format!("{name} {} {}", config.seed, TAKEN.get()),
        _ => name.to_owned(),
    }
}

/// What a buffer of this engine holds at most, where that does not depend on an adapter.
#[must_use]
#[wasm_bindgen]
pub fn most_bytes() -> Option<f64> {
    #[cfg(feature = "cpu")]
    return Some(crate::device::CPU_BUFFER_LIMIT as f64);
    #[cfg(not(feature = "cpu"))]
    return None;
}

/// The network of a link and what it would take, before anything is taken: no GPU is asked. `most_bytes` is what the device lets a buffer
/// hold, where that is known; `refused` says in words what is larger. `shown` is the shape of data that are not here: training and test
/// rows, channels, height, width, classes.
///
/// # Errors
/// A link that cannot be read, or a network that does not fit its data, in words.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "what may be missing crosses the boundary only by value")]
pub fn describe(query: &str, most_bytes: Option<f64>, shown: Option<Box<[u32]>>) -> Result<Object, JsError> {
    let config = Config::from_link(query).map_err(words)?;
    let data = match shown.as_deref() {
        Some(&[train_rows, test_rows, channels, height, width, classes]) => {
            let inputs = channels.saturating_mul(height).saturating_mul(width);
            DataShape { train_rows, test_rows, inputs, channels, height, width, classes, augment: false, deviation: 1.0 }
        }
        _ => shape_of(&config)?,
    };
    let model = Model::new(&config.model, data.image(), data.classes, config.gate_inputs).map_err(words)?;
    pins_of(&config, &model).map_err(words)?;
    let limit = most_bytes.map_or(u64::MAX, |bytes| bytes as u64);
    let plan = plan(&model, &data, &config, limit);
    let refused =
        too_large(tensors_of(&config, &model, data.train_rows), config.batch_size, limit).map(|error| JsValue::from(error.to_string()));
    set(&plan, "refused", &refused.unwrap_or(JsValue::NULL));
    Ok(plan)
}

/// One run in the page.
#[wasm_bindgen]
pub struct Session {
    machine: Rc<Machine>,
    run: Trainer,
    /// What tells the data from others.
    data_key: String,
    informative: Option<Vec<bool>>,
    /// The files of a known set.
    arrival: Option<Arrival>,
    pace: Pace,
    opponent: Option<DenseBaseline>,
    /// A frozen copy of the network, whose estimators are measured.
    lab: Option<Lab>,
    /// A copy of the network for images of the visitor's, and how many of its batches a submit holds.
    classifier: Option<Classifier>,
    classifier_pace: Pace,
    /// What all submits took, from the end of the first step on, which also compiles.
    training_ms: f64,
}

/// Ends what lasts in a session, from outside.
#[wasm_bindgen]
pub struct Stopper(Rc<Cell<bool>>);

#[wasm_bindgen]
impl Stopper {
    /// A test, a choice of a mask, fine-tuning or a measurement of speed fails after the submit at hand, as all later ones do.
    pub fn stop(&self) {
        self.0.set(true);
    }
}

#[wasm_bindgen]
impl Session {
    /// Opens the adapter, compiles, allocates, draws the first weights. Browsers tell the page more of the adapter's name than the engine.
    ///
    /// # Errors
    /// A link that cannot be read, no adapter, a network too large for it: in words.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only kernels are waited for"))]
    pub async fn open(query: String, progress: Function, adapter_name: Option<String>) -> Result<Session, JsValue> {
        let config = Config::from_link(&query).map_err(words)?;
        let known = files_of(&config)?;
        let machine = web_machine::machine(adapter_name.as_deref()).await.map_err(words)?;
        let key = data_key(&config);
        let held = web_machine::held(&key);
        let set = if held.is_some() { None } else { set_of(&config)? };
        let shape = match (&held, &set) {
            (Some(held), _) => held.shape.clone(),
            (None, Some(set)) => DataShape::of(set),
            (None, None) => shape_of(&config)?,
        };
        #[cfg(feature = "gpu")]
        let kernels = Trainer::kernels(&machine, &config, &shape).map_err(|error| named(&error))?;
        #[cfg(feature = "gpu")]
        web_kernels::compile(&machine, &kernels, |done, of| report(&progress, "compiling kernels", done, of)).await.map_err(words)?;
        let buffers = held.as_ref().map(|held| held.buffers.clone());
        let mut run = match buffers {
            Some(buffers) => Trainer::on_data(&machine, config, shape, buffers),
            None => Trainer::new(&machine, config, shape),
        }
        .map_err(|error| named(&error))?;
        let informative = match (&held, &set) {
            (Some(held), _) => held.informative.clone(),
            (None, set) => set.as_ref().and_then(|set| set.informative.clone()),
        };
        #[cfg(not(feature = "gpu"))]
        {
            run.between_submits = Some(web_machine::turn_of_events);
        }
        if let Some(set) = &set {
            run.load_all(set);
        }
        let arrival = if held.is_some() { None } else { known.map(Arrival::new) };
        let session = Self {
            machine,
            data_key: key,
            informative,
            arrival,
            run,
            pace: Pace::new(SLOTS),
            opponent: None,
            lab: None,
            classifier: None,
            classifier_pace: Pace::new(MOST_BATCHES),
            training_ms: 0.0,
        };
        if set.is_some() {
            session.hold_data();
        }
        Ok(session)
    }

    /// Keeps the data, which are all there, on the device for the next run.
    fn hold_data(&self) {
        let Self { data_key, informative, run, .. } = self;
        let (key, informative) = (data_key.clone(), informative.clone());
        web_machine::hold(Held { key, shape: run.data.clone(), buffers: run.data_buffers().clone(), informative });
    }

    /// What does not change during the run.
    #[must_use]
    pub fn description(&self) -> Object {
        let (run, adapter) = (&self.run, &self.machine.adapter);
        let informative = match &self.informative {
            Some(informative) => Uint8Array::from(&informative.iter().map(|&carries| u8::from(carries)).collect::<Vec<u8>>()[..]).into(),
            None => JsValue::NULL,
        };
        let described = object! {
            "adapter": adapter.name.as_str(),
            "backend": adapter.backend.as_str(),
            "software": adapter.software,
            "computes": if self.machine.cpu_clock().is_some() { "cpu" } else { "gpu" },
            "steps": run.steps() + run.finetune_steps(),
            "steps_per_epoch": run.steps_per_epoch(),
            "has_timestamps": self.machine.has_clock(),
            "informative": informative,
        };
        Object::assign(&plan(&run.whole, &run.data, &run.config, self.machine.buffer_limit()), &described)
    }

    /// What ends a test, a choice of a mask or a measurement early, when the run is to be closed: a session takes one call at a time.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Rc::clone(&self.run.stop))
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
        arrival.end(name).map_err(words)?;
        if arrival.is_whole() {
            self.hold_data();
        }
        Ok(())
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
        let steps = self.pace.steps().min(most_steps.max(1));
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
                self.drop_units(done).await?;
                Ok(self.plain(&snapshot, None, ms / f64::from(done.max(1))))
            }
            Err(error) => self.halted(error).await,
        }
    }

    /// The next part of a step: which it was, which are left, the run as it stands, and what the part leaves for each unit (`[U]`, as
    /// `trainer::PartDone` has them; null where there is nothing). Null where rows are missing or the run is over.
    ///
    /// # Errors
    /// The device is gone. A run that diverged is a snapshot that says so, alone.
    pub async fn phase(&mut self) -> Result<JsValue, JsError> {
        let begin = clock();
        let done = match self.run.next_part().await {
            Ok(Some(done)) => done,
            Ok(None) => return Ok(JsValue::NULL),
            Err(error) => return Ok(object! {"snapshot": self.halted(error).await?}.into()),
        };
        let ms = clock() - begin;
        if self.run.step() > 0 {
            self.training_ms += ms;
        }
        if done.left.is_empty() {
            self.drop_units(1).await?;
        }
        let units = |values: &[f32]| if values.is_empty() { JsValue::NULL } else { Float32Array::from(values).into() };
        let object = object! {
            "stage": done.part.name(),
            "left": done.left.iter().map(|part: &StepPart| JsValue::from(part.name())).collect::<Array>(),
            "snapshot": self.plain(&done.snapshot, None, ms),
            "values": units(&done.values), "before": units(&done.before), "stepped": units(&done.stepped),
        };
        Ok(object.into())
    }

    /// What a unit is worth on at most `batches` batches: see `trainer::UnitCost`.
    ///
    /// # Errors
    /// A unit without which there is no loss to compare with, or the device is gone: in words.
    pub async fn unit_cost(&mut self, unit: u32, batches: u32) -> Result<Object, JsError> {
        self.run.batches_a_submit = self.pace.steps();
        let cost = Box::pin(self.run.unit_cost(unit, batches)).await.map_err(words)?;
        Ok(
            object! {"unit": unit, "difference": cost.difference, "error": cost.error, "on": cost.on, "off": cost.off, "batches": cost.batches},
        )
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

    /// Changes a live setting from the next step on, whose number it answers with.
    ///
    /// # Errors
    /// A setting that is fixed during a run, or a value that it refuses.
    pub fn change(&mut self, name: &str, value: &str) -> Result<u32, JsError> {
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
            self.opponent = Some(DenseBaseline::new(&self.run).map_err(words)?);
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
            "adapter": self.machine.adapter.name.as_str(),
            "how": format!("Median of 3 bursts each, in turns, of {} of this run and of {} dense; all work to the last read-back counted.", plural(steps), plural(dense_steps)),
        })
    }

    /// Selects a mask and fine-tunes under it, where the experiment asks for that.
    ///
    /// # Errors
    /// The run diverged or the device is gone.
    pub async fn finish(&mut self, progress: Function) -> Result<JsValue, JsError> {
        let (first, all) = (self.run.steps(), self.run.finetune_steps());
        let mut selected = JsValue::NULL;
        if all > 0 && !self.run.is_selected() {
            self.run.batches_a_submit = self.pace.steps();
            let begin = clock();
            selected = self.run.select_mask(SELECTION_ROWS, |_, _| {}).await.map_err(words)?.sampled.into();
            if self.run.config.compact {
                self.run.compact().await.map_err(words)?;
            }
            self.training_ms += clock() - begin;
        }
        while self.run.step() < first + all {
            let begin = clock();
            let snapshot = self.run.finetune(self.pace.steps()).await.map_err(words)?;
            let ms = clock() - begin;
            self.pace.took(snapshot.records.len() as u32, ms);
            self.training_ms += ms;
            report(&progress, "fine-tuning", (self.run.step() - first) as usize, all as usize);
        }
        Ok(selected)
    }

    /// What it takes to go on from here, as plain numbers: `counts` are steps, evaluations, whether the mask is selected, the step before
    /// which it was chosen, the multiply-adds of [`Cost`], milliseconds of training; `integers` the units on the device, then the bits of all;
    /// `floats` the tensors of [`Checkpoint`] and what stands behind the pins; `sizes` of the groups on the device.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn checkpoint(&mut self) -> Result<Object, JsError> {
        let state = self.run.checkpoint().await.map_err(words)?;
        let Cost { forward, backward, structure, near_dense } = state.cost;
        let chosen_at = state.chosen_at.unwrap_or(NEVER);
        let counts = [
            state.step.into(),
            state.evaluations.into(),
            state.selected.into(),
            chosen_at.into(),
            forward,
            backward,
            structure,
            near_dense,
        ];
        let counts = counts.map(|count: u64| count as f64);
        Ok(object! {
            "counts": js_sys::Float64Array::from(&[&counts[..], &[self.training_ms]].concat()[..]),
            "integers": Uint32Array::from(&[state.numbers, state.units].concat()[..]),
            "floats": Float32Array::from(&[state.tensors, state.unpinned].concat()[..]),
            "sizes": Uint32Array::from(&self.run.model.sizes()[..]),
        })
    }

    /// Takes up what [`Session::checkpoint`] said of another session of the same experiment.
    ///
    /// # Errors
    /// What is not of this experiment, in words; the session is then as it was.
    pub fn restore(&mut self, counts: &[f64], integers: &[u32], mut floats: Vec<f32>) -> Result<(), JsError> {
        let held = integers.len().saturating_sub(self.run.whole.units() as usize);
        let (numbers, units) = integers.split_at(held);
        let unpinned = floats.split_off(floats.len().saturating_sub(units.len()));
        let &[step, evaluations, selected, chosen_at, forward, backward, structure, near_dense, training_ms] = counts else {
            return Err(JsError::new("the kept run lacks its counts"));
        };
        let [forward, backward, structure, near_dense] = [forward, backward, structure, near_dense].map(|count| count as u64);
        let state = Checkpoint {
            step: step as u32,
            evaluations: evaluations as u32,
            selected: selected == 1.0,
            chosen_at: Some(chosen_at as u32).filter(|&step| step != NEVER),
            cost: Cost { forward, backward, structure, near_dense },
            numbers: numbers.to_vec(),
            units: units.to_vec(),
            unpinned,
            tensors: floats,
        };
        self.run.restore(state).map_err(words)?;
        self.training_ms = training_ms;
        Ok(())
    }

    /// Why the device is gone, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.machine.lost()
    }

    /// At the end of an epoch, which the `done` steps were the last of, units that are off for good go, where the experiment asks for that.
    async fn drop_units(&mut self, done: u32) -> Result<(), JsError> {
        if done > 0 && self.run.is_compact_due() {
            self.run.compact().await.map_err(words)?;
        }
        Ok(())
    }

    /// The last snapshot of a run that diverged.
    async fn halted(&mut self, error: TrainError) -> Result<Object, JsError> {
        if !matches!(error, TrainError::Diverged { .. }) {
            return Err(words(error));
        }
        let snapshot = self.run.snapshot().await.map_err(words)?;
        Ok(self.plain(&snapshot, Some(error.to_string()), 0.0))
    }

    /// Which units of a group are still on the device, by their places in the whole network's group.
    fn remaining(&self, group: usize) -> Vec<u32> {
        let (now, whole) = (&self.run.model.groups[group], &self.run.whole.groups[group]);
        if !now.gated {
            return (0..now.size).collect();
        }
        self.run.numbers()[now.first_unit as usize..][..now.size as usize].iter().map(|number| number - whole.first_unit).collect()
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
                "budget": self.run.budget(now.budget),
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
        let [kept, probe_kept] = snapshot.mask_kept(&run.whole);
        object! {
            "step": snapshot.step,
            "steps": snapshot.steps,
            "epoch": snapshot.epoch,
            "finished": snapshot.step >= snapshot.steps,
            "halted": halted.map_or(JsValue::NULL, JsValue::from),
            "scores": Float32Array::from(&snapshot.scores[..]),
            "mask": Uint8Array::from(&snapshot.masks()[..]),
            "kept": Uint32Array::from(&kept[..]),
            "probe_kept": Uint32Array::from(&probe_kept[..]),
            "budget": self.run.budget(snapshot.budget),
            "sum_scores": snapshot.sum_scores,
            "threshold": snapshot.threshold,
            "records": records.reverse(),
            "cost": object! {"forward": cost.forward as f64, "backward": cost.backward as f64, "structure": cost.structure as f64, "near_dense": cost.near_dense as f64},
            "step_ms": step_ms,
            "units_held": run.model.units(),
            "network_bytes": run.bytes() as f64,
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
        let bin = |bin: &crate::estimator_lab::Bin| {
            let object = object! {"low": bin.low, "high": bin.high, "units": bin.units};
            if let Some(summary) = &bin.summary {
                summarise(&object, summary);
            }
            object
        };
        let row = |row: &crate::estimator_lab::Row| {
            let object = object! {
                "estimator": row.estimator.name(), "alpha": row.alpha, "samples": row.samples,
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

#[wasm_bindgen]
impl Session {
    /// A test image, `inputs` of `[I]` bytes, and its `label`.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn example(&self, index: u32) -> Result<Object, JsError> {
        let row = self.run.data.train_rows + index.min(self.run.data.test_rows.saturating_sub(1));
        let (inputs, label) = self.run.engine().row(row).await.map_err(words)?;
        Ok(object! {"inputs": Uint8Array::from(&inputs[..]), "label": label})
    }

    /// Takes an image of `[I]` bytes to be classified by the network as it stands now.
    ///
    /// # Errors
    /// An image of another size, or a copy of the network that the device cannot hold: in words.
    pub fn classify(&mut self, image: &[u8]) -> Result<(), JsError> {
        if image.len() != self.run.data.inputs as usize {
            return Err(JsError::new(&format!("the image has {} bytes, but the network takes {}", image.len(), self.run.data.inputs)));
        }
        if self.classifier.as_ref().is_none_or(|classifier| !classifier.is_of(&self.run)) {
            // The old copy goes first, so that the new one finds room.
            self.classifier = None;
            let [software, other] = EXPLAINED_WORK;
            let work = if self.machine.adapter.software { software } else { other };
            self.classifier = Some(Classifier::new(&self.run, work).map_err(words)?);
        }
        self.classifier.as_mut().expect("it was just made").begin(&self.run, image);
        Ok(())
    }

    /// Goes on with the image: one submit of sampled masks or, with `explain` and once all are sampled, of contributions. What is known now;
    /// null where nothing was left to do. Probabilities are `[classes]` and `[masks, classes]`, contributions `[down, across]` with NaN
    /// where they are not known yet.
    ///
    /// # Errors
    /// The device is gone.
    pub async fn classify_more(&mut self, explain: bool) -> Result<JsValue, JsError> {
        let Some(classifier) = &mut self.classifier else { return Ok(JsValue::NULL) };
        let begin = clock();
        let mut done = classifier.sample(self.classifier_pace.steps()).await.map_err(words)?;
        if done == 0 && explain {
            done = classifier.explain(self.classifier_pace.steps()).await.map_err(words)?;
        }
        if done == 0 {
            return Ok(JsValue::NULL);
        }
        self.classifier_pace.took(done, clock() - begin);
        let floats =
            |values: &mut dyn Iterator<Item = f64>| Float32Array::from(&values.map(|value| value as f32).collect::<Vec<f32>>()[..]);
        let contributions = classifier.contributions().map_or(JsValue::NULL, |found| {
            object! {
                "class": found.class, "side": found.side, "across": found.across, "down": found.down,
                "values": floats(&mut found.values.iter().copied()),
            }
            .into()
        });
        let found = object! {
            "step": classifier.step(), "decided": floats(&mut classifier.decided().iter().copied()),
            "sampled": floats(&mut classifier.sampled().iter().flatten().copied()), "contributions": contributions,
        };
        Ok(found.into())
    }

    /// Gives the memory of the copy back.
    pub fn classify_release(&mut self) {
        self.classifier = None;
    }
}
