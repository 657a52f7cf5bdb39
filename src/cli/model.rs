//! `lacuna model`, and what the other commands say of a network before they allocate it.

use std::fmt::Write as _;
use std::fs;

use clap::ArgMatches;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde_json::{Value, json};

use lacuna::config::{Config, ConfigError, MethodName};
use lacuna::data::catalogue::{CIFAR10, KNOWN, Known, MNIST};
use lacuna::data::planted;
use lacuna::device::{Adapter, Machine};
use lacuna::engine::MASKS;
use lacuna::model::{Bytes, Image, Model, Op, Pooling, Tensor};
use lacuna::trainer::{holds_copy, tensors_of};

use super::{CliError, arguments, say};

/// As the other tables, without a line between rows: there are many.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('\u{2500}').junction('\u{2500}'))
    .header_separator(LineStyle::none().fill('\u{2550}').junction('\u{2550}'))
    .bottom_border(LineStyle::none().fill('\u{2500}').junction('\u{2500}'));

/// What a network is shown where nothing says otherwise: images like CIFAR-10's, a fully connected one images like MNIST's.
pub(super) fn usual_set(model: &str) -> &'static Known {
    if model.starts_with("mlp") { &MNIST } else { &CIFAR10 }
}

fn image_of(known: &Known) -> Image {
    Image { channels: known.channels, height: known.height, width: known.width }
}

/// Shape, classes, and the set that has them, if one is meant.
fn shown(arguments: &ArgMatches, config: &Config) -> (Image, u32, Option<&'static str>) {
    if let Some(&image) = arguments.get_one::<Image>("image") {
        return (image, arguments.get_one::<u32>("classes").copied().unwrap_or(10), None);
    }
    let name = arguments.get_one::<String>("dataset");
    if name.is_some_and(|name| name == "planted") {
        return (Image::flat(planted::INPUTS), planted::CLASSES, Some("planted"));
    }
    let named = name.and_then(|name| KNOWN.into_iter().find(|known| known.name == name));
    let known = named.unwrap_or_else(|| usual_set(&config.model));
    (image_of(known), known.classes, Some(known.name))
}

/// What `lacuna model` says of a network.
struct Account {
    model: Model,
    config: Config,
    classes: u32,
    set: Option<&'static str>,
    /// Share of each group that is expected to be kept.
    shares: Vec<f64>,
    /// What is left on average once the units that are off have been dropped.
    left: Model,
}

pub(super) fn run(arguments: &ArgMatches) -> Result<(), CliError> {
    let config = arguments::model_settings(arguments)?;
    let (image, classes, set) = shown(arguments, &config);
    let model = Model::new(&config.model, image, classes, config.gate_inputs).map_err(|error| ConfigError(error.to_string()))?;
    let (shares, left) = (model.shares(|_| config.keep_ratio), model.of_expected_sizes(config.keep_ratio));
    let account = Account { model, config, classes, set, shares, left };
    if arguments.get_flag("json") {
        say(account.json());
    } else {
        say(account.text());
    }
    Ok(())
}

impl Account {
    fn dense_step(&self) -> u64 {
        self.model.multiply_adds(&self.model.sizes(), None).total()
    }

    fn forward(&self) -> u64 {
        self.model.multiply_adds(&self.model.sizes(), None).forward
    }

    fn predicted_ratio(&self) -> f64 {
        self.model.predicted_ratio(self.config.keep_ratio, MethodName::Vrpge.facts().forwards)
    }

    /// Memory of a dense run, of one whose scores learn at its start, and of one whose dropped units are gone.
    fn memory(&self) -> [(String, &'static str, Bytes); 3] {
        let (model, batch) = (&self.model, self.config.batch_size);
        [
            ("dense".to_owned(), "dense", model.bytes(batch, MethodName::Dense.facts().masks())),
            ("sparse, nothing dropped".to_owned(), "sparse", model.bytes(batch, MASKS)),
            (format!("at {} with --compact", self.config.keep_ratio), "compacted", self.left.bytes(batch, MASKS)),
        ]
    }

    fn text(&self) -> String {
        let Self { model, config, classes, .. } = self;
        let Image { channels, height, width } = model.image;
        let set = self.set.map_or_else(String::new, |set| format!(", as of {set}"));
        let keep = config.keep_ratio;
        let either = if model.groups.iter().any(|group| group.union_of.is_some()) {
            "either's: a sum keeps every channel that one of its two branches keeps\n"
        } else {
            ""
        };
        let groups = model.gated().count();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{name} for images of {channels}\u{d7}{height}\u{d7}{width} in {classes} classes{set}\n\
             {layers}\n\
             gated: units with a keep-probability, of which this share is kept if --keep-ratio {keep} is spread evenly\n\
             {either}\n\
             weights        {weights}, of which {left} are left at {keep}\n\
             gated units    {units} in {groups} group{s}\n\
             multiply-adds  {forward} forward for an image, {step} in a dense training step\n\
             {indent}at {keep} a sparse step, two forwards and one backward, is expected to take {ratio:.3} of the dense step's\n\n\
             memory with --batch-size {batch}, the data set excepted\n\
             {memory}\n\
             Where scores learn a run holds the values of two masks, otherwise those of one, as dense; rigl and snip hold a\n\
             copy with all units beside it. `lacuna train` says what a run of its method takes.",
            name = model.name,
            layers = self.layers(),
            weights = grouped(model.weights().into()),
            left = grouped(self.left.weights().into()),
            units = grouped(model.units().into()),
            s = if groups == 1 { "" } else { "s" },
            forward = grouped(self.forward()),
            step = grouped(self.dense_step()),
            indent = " ".repeat(15),
            ratio = self.predicted_ratio(),
            batch = config.batch_size,
            memory = self.memory_table(),
        );
        text
    }

    fn layers(&self) -> Table {
        let mut table = Table::new();
        table.load_style(STYLE);
        table.set_header(["layer", "operation", "output", "weights", "multiply-adds", "kept"]);
        let mut told = vec![false; self.model.groups.len()];
        let mut kept = |group: usize| {
            if std::mem::replace(&mut told[group], true) { String::new() } else { self.kept(group) }
        };
        table.add_row([self.name(0), "", &self.shape(0), "", "", &kept(self.model.maps[0].group)]);
        let mut previous = 0;
        for stretch in self.stretches() {
            let (first, last) = (&stretch[0], &stretch[stretch.len() - 1]);
            let mut words: Vec<String> = stretch.iter().flat_map(|op| self.words(op)).collect();
            if first.input() != previous && first.shortcut().is_none() {
                words[0] = format!("{} of {}", words[0], self.name(first.input()));
            }
            previous = last.output();
            let maps = &self.model.maps;
            let goes_on = maps[first.input()].group == maps[last.output()].group;
            let weights: u32 = stretch.iter().map(|op| self.model.op_weights(op)).sum();
            let work: u64 = stretch.iter().map(|op| self.model.op_multiply_adds(op)).sum();
            let number = |number: u64| if number == 0 { String::new() } else { grouped(number) };
            table.add_row([
                if goes_on { "" } else { self.name(last.output()) },
                &words.join(", "),
                &self.shape(last.output()),
                &number(weights.into()),
                &number(work),
                &kept(self.model.maps[last.output()].group),
            ]);
        }
        for index in [2, 3, 4, 5] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// The operations, a convolution with its own normalisation together.
    fn stretches(&self) -> Vec<&[Op]> {
        let belongs = |a: &Op, b: &Op| {
            let (Op::Convolve { layer, output, .. }, Op::Normalise { layer: Some(own), input, shortcut: None, .. }) = (a, b) else {
                return false;
            };
            layer == own && output == input
        };
        self.model.ops.chunk_by(belongs).collect()
    }

    fn words(&self, op: &Op) -> Vec<String> {
        let mut words = match *op {
            Op::Convolve { kernel, .. } if self.model.maps[op.input()].ones && kernel == 1 => vec!["fully connected".to_owned()],
            Op::Convolve { kernel, stride, .. } => {
                let stride = if stride > 1 { format!(" by {stride}") } else { String::new() };
                vec![format!("{kernel}\u{d7}{kernel} convolution{stride}")]
            }
            Op::Normalise { layer, input, shortcut: Some(shortcut), .. } => {
                let branch = format!("{}{}", self.name(input), if layer.is_some() { " normalised" } else { "" });
                vec![format!("{branch} + {}", self.name(shortcut))]
            }
            Op::Normalise { .. } => vec!["normalised".to_owned()],
            Op::Pool { pooling, window, .. } => {
                let how = match pooling {
                    Pooling::Max => "maximum",
                    Pooling::Mean => "mean",
                };
                vec![format!("{how} of {window}\u{d7}{window}")]
            }
            Op::Gate { .. } => vec!["times the mask".to_owned()],
        };
        if self.model.maps[op.output()].rectified {
            words.push("relu".to_owned());
        }
        words
    }

    /// Of the group of a map.
    fn name(&self, map: usize) -> &str {
        &self.model.groups[self.model.maps[map].group].name
    }

    fn shape(&self, map: usize) -> String {
        let map = &self.model.maps[map];
        let size = self.model.groups[map.group].size;
        if map.pixels() == 1 { size.to_string() } else { format!("{size}\u{d7}{}\u{d7}{}", map.height, map.width) }
    }

    fn kept(&self, group: usize) -> String {
        let share = 100.0 * self.shares[group];
        let group = &self.model.groups[group];
        match group.union_of {
            Some(_) => format!("either's, {share:.0} %"),
            None if group.gated => format!("gated, {share:.0} %"),
            None => "all".to_owned(),
        }
    }

    fn memory_table(&self) -> Table {
        let memory = self.memory();
        let mut table = Table::new();
        table.load_style(STYLE);
        table.set_header([""].into_iter().chain(memory.iter().map(|(words, ..)| &words[..])));
        let mut row = |name: &str, of: fn(Bytes) -> u64| {
            table.add_row([name.to_owned()].into_iter().chain(memory.iter().map(|(_, _, bytes)| size(of(*bytes)))));
        };
        row("weights, packed, gradients", |bytes| bytes.weights);
        row("activations, gradients", |bytes| bytes.activations);
        row("optimiser, masks, statistics", |bytes| bytes.optimiser);
        row("all", Bytes::total);
        for index in 1..=memory.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    fn json(&self) -> Value {
        let Self { model, config, classes, .. } = self;
        let groups = model.groups.iter().zip(&self.shares).map(|(group, share)| {
            json!({
                "name": group.name,
                "size": group.size,
                "gated": group.gated,
                "union_of": group.union_of.map(|parents| parents.map(|parent| &model.groups[parent].name)),
                "share_kept": share,
            })
        });
        let memory = self.memory().map(|(_, name, bytes)| (name.to_owned(), in_json(bytes)));
        json!({
            "model": model.name,
            "dataset": self.set,
            "image": [model.image.channels, model.image.height, model.image.width],
            "classes": classes,
            "gate_inputs": config.gate_inputs,
            "batch_size": config.batch_size,
            "keep_ratio": config.keep_ratio,
            "groups": groups.collect::<Vec<_>>(),
            "operations": model.ops.iter().map(|op| self.operation(op)).collect::<Vec<_>>(),
            "weights": model.weights(),
            "weights_left": self.left.weights(),
            "units": model.units(),
            "multiply_adds_forward": self.forward(),
            "multiply_adds_dense_step": self.dense_step(),
            "predicted_ratio": self.predicted_ratio(),
            "bytes": Value::Object(memory.into_iter().collect()),
        })
    }

    fn operation(&self, op: &Op) -> Value {
        let output = &self.model.maps[op.output()];
        let (name, kernel, stride) = match *op {
            Op::Convolve { kernel, stride, .. } => ("convolve", Some(kernel), Some(stride)),
            Op::Normalise { layer: Some(_), .. } => ("normalise", None, None),
            Op::Normalise { layer: None, .. } => ("add", None, None),
            Op::Pool { pooling: Pooling::Max, window, .. } => ("max_pool", Some(window), Some(window)),
            Op::Pool { pooling: Pooling::Mean, window, .. } => ("mean_pool", Some(window), Some(window)),
            Op::Gate { .. } => ("gate", None, None),
        };
        json!({
            "operation": name,
            "input": self.name(op.input()),
            "shortcut": op.shortcut().map(|map| self.name(map)),
            "output": self.name(op.output()),
            "shape": [self.model.groups[output.group].size, output.height, output.width],
            "kernel": kernel,
            "stride": stride,
            "relu": output.rectified,
            "weights": self.model.op_weights(op),
            "multiply_adds": self.model.op_multiply_adds(op),
        })
    }
}

/// Bytes by purpose, and their sum.
pub(super) fn in_json(bytes: Bytes) -> Value {
    json!({"weights": bytes.weights, "activations": bytes.activations, "optimiser": bytes.optimiser, "total": bytes.total()})
}

/// 36479194 as 36,479,194.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    let tail = tail.as_bytes().chunks(3).flat_map(|three| [",", str::from_utf8(three).expect("digits are ASCII")]);
    std::iter::once(head).chain(tail).collect()
}

/// Bytes in words, three digits or so.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(amount < 9.95);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// What the runs of a network and its data set take, before anything is allocated.
#[derive(Clone, Debug)]
pub(super) struct Need {
    name: String,
    batch_size: u32,
    /// Of all runs that stand side by side.
    tensors: Vec<Tensor>,
    /// How many these are.
    runs: usize,
    /// The method that asks a copy of the network.
    asks: Option<&'static str>,
    pub(super) data_set: u64,
    /// Whether the data set stays in the memory of the program and is sent batch by batch: what the engine does where no buffer holds it.
    pub(super) streamed: bool,
    /// What a buffer of the adapter may hold.
    pub(super) buffer_limit: u64,
}

impl Need {
    /// Of runs of these experiments at once, all of one network and one batch size, on so many training and test rows.
    pub(super) fn new(machine: &Machine, model: &Model, runs: &[&Config], train_rows: u32, test_rows: u32) -> Self {
        let buffer_limit = machine.buffer_limit();
        let data_set = u64::from(train_rows + test_rows) * u64::from(model.image.features());
        let streamed = data_set.next_multiple_of(16) > buffer_limit;
        Self {
            name: model.name.clone(),
            batch_size: runs[0].batch_size,
            tensors: runs.iter().flat_map(|config| tensors_of(config, model, train_rows)).collect(),
            runs: runs.len(),
            asks: runs.iter().find(|config| holds_copy(config, train_rows)).map(|config| config.method.name()),
            data_set,
            streamed,
            buffer_limit,
        }
    }

    pub(super) fn network(&self) -> Bytes {
        Bytes::of(&self.tensors, self.batch_size)
    }

    /// One line.
    pub(super) fn words(&self) -> String {
        let network = self.network();
        let Bytes { weights, activations, optimiser } = network;
        let set = size(self.data_set);
        let data_set = if self.streamed {
            format!("the data set ({set}) is streamed, since a buffer of this adapter holds {}", size(self.buffer_limit))
        } else {
            format!("the data set {set} more")
        };
        let takes =
            self.asks.map_or_else(|| "takes".to_owned(), |method| format!("and the copy that {method} asks which units to keep take"));
        format!(
            "on the device the network {takes} {} (weights {}, activations {}, optimiser {}); {data_set}",
            size(network.total()),
            size(weights),
            size(activations),
            size(optimiser)
        )
    }

    /// What all of it takes.
    fn total(&self) -> u64 {
        self.network().total() + if self.streamed { 0 } else { self.data_set }
    }

    /// Refuses what cannot be allocated, in words that say what can.
    pub(super) fn check(&self, adapter: &Adapter) -> Result<(), CliError> {
        self.refusal(adapter, machine_memory()).map_or(Ok(()), |words| Err(CliError::Failed(words)))
    }

    /// A tensor that no buffer of the adapter holds, or, where the adapter computes in the memory of this machine, more than there is of it.
    /// How much a GPU of its own has cannot be known before it is asked for.
    fn refusal(&self, adapter: &Adapter, free: Option<u64>) -> Option<String> {
        let Self { name, batch_size, tensors, .. } = self;
        let batch_size = *batch_size;
        let fits = |batch: u32| tensors.iter().all(|tensor| tensor.bytes(batch) <= self.buffer_limit);
        if !fits(batch_size) {
            // What no batch makes small enough is said first.
            let fixed = tensors.iter().find(|tensor| tensor.bytes(0) > self.buffer_limit);
            let tensor = fixed.or_else(|| tensors.iter().max_by_key(|tensor| tensor.bytes(batch_size)))?;
            let choose = (1..batch_size).rev().find(|&batch| fits(batch)).map_or_else(
                || "choose a narrower network (no batch is small enough)".to_owned(),
                |batch| format!("choose --batch-size {batch} or less, a narrower network"),
            );
            return Some(format!(
                "{name}: {} take {} in batches of {batch_size}, but a buffer of {} holds {}: {choose}, or another adapter",
                tensor.name,
                size(tensor.bytes(batch_size)),
                adapter.name,
                size(self.buffer_limit)
            ));
        }
        let free = free.filter(|&free| adapter.software && self.total() > free)?;
        let networks = if self.runs == 1 { String::new() } else { format!("{} networks of ", self.runs) };
        Some(format!(
            "{networks}{name} and the data take {} in batches of {batch_size}, but {} computes in this machine's memory, of which {} are free: \
             choose a smaller --batch-size, a narrower network, or another adapter",
            size(self.total()),
            adapter.name,
            size(free)
        ))
    }

    /// Refuses a network that the GPU could not hold after all, or whatever else it said while the network was allocated.
    pub(super) fn check_allocated(&self, machine: &Machine) -> Result<(), CliError> {
        machine.check().map_err(|error| {
            CliError::Failed(format!(
                "{}: {} in batches of {} could not be allocated: {error}. If the adapter's memory is too small, choose a smaller \
                 --batch-size or a narrower network",
                self.name,
                size(self.total()),
                self.batch_size
            ))
        })
    }
}

/// Bytes of memory that this program can still have: what the system says is available, and no more than a control group allows. `None`
/// where the system does not say.
fn machine_memory() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/cgroup").map(|text| group_limits(&text)).unwrap_or_default();
    fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available).into_iter().chain(limits).min()
}

/// What `/proc/meminfo` says can be had without pressing other programs out, and the free swap.
fn available(meminfo: &str) -> Option<u64> {
    let kib = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((kib("MemAvailable")? + kib("SwapFree").unwrap_or(0)) * 1024)
}

/// The limits of a control group and of those around it; `text` is what `/proc/self/cgroup` says.
fn group_limits(text: &str) -> Vec<u64> {
    let Some(path) = text.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
    let folders = std::path::Path::new("/sys/fs/cgroup").join(path);
    let limit = |folder: &std::path::Path| fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok();
    folders.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup")).filter_map(limit).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lacuna::device::TABLE;
    use lacuna::trainer::{DataShape, Trainer};

    use super::*;

    #[test]
    fn numbers_and_sizes_are_readable() {
        for (number, words) in [(0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (36_479_194, "36,479,194"), (100_000, "100,000")] {
            assert_eq!(grouped(number), words);
        }
        let mib = 1 << 20;
        for (bytes, words) in [(0, "0.0 KiB"), (5 * 1024, "5.0 KiB"), (12 * 1024, "12 KiB"), (mib, "1.0 MiB"), (mib * 999, "999 MiB")] {
            assert_eq!(size(bytes), words);
        }
        assert_eq!((size(mib * 1000), size(mib * 1024 * 12), size(u64::MAX)), ("1.0 GiB".into(), "12 GiB".into(), "16777216 TiB".into()));
    }

    #[test]
    fn what_cannot_be_allocated_is_refused_with_what_can() {
        let adapter = |software| Adapter { name: "an adapter".into(), backend: "vulkan".into(), driver: String::new(), software };
        let mib = 1 << 20;
        let need = |model: &Model, batch_size| Need {
            name: model.name.clone(),
            batch_size,
            tensors: model.tensors(MASKS),
            runs: 1,
            asks: None,
            data_set: 10 * mib,
            streamed: false,
            buffer_limit: 128 * mib,
        };
        let model = |name: &str| Model::new(name, Image { channels: 3, height: 32, width: 32 }, 10, false).unwrap();
        let vgg16 = model("vgg16");
        let words = |batch| need(&vgg16, batch).refusal(&adapter(false), Some(0)).unwrap_or_default();
        let message = words(512);
        for part in ["vgg16: the values of conv", "256 MiB in batches of 512", "an adapter holds 128 MiB", "--batch-size 256 or less"] {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert_eq!(words(256), "", "the memory of a GPU of its own is not known");
        let wide = model("wrn-28-10");
        let message = need(&wide, 64).refusal(&adapter(true), None).unwrap();
        assert!(
            message.contains("the weights take 139 MiB") && message.contains("narrower network (no batch is small enough)"),
            "{message}"
        );
        let total = need(&vgg16, 128).total();
        let crowded = |need: Need, free| need.refusal(&adapter(true), free);
        assert_eq!(total, vgg16.bytes(128, MASKS).total() + 10 * mib);
        assert_eq!((crowded(need(&vgg16, 128), Some(total)), crowded(need(&vgg16, 128), None)), (None, None));
        let message =
            crowded(Need { runs: 2, tensors: [vgg16.tensors(1), vgg16.tensors(MASKS)].concat(), ..need(&vgg16, 128) }, Some(total))
                .unwrap();
        assert!(message.starts_with("2 networks of vgg16 and the data take") && message.contains("smaller --batch-size"), "{message}");
    }

    /// With room for two masks, for one, of a smaller network, with gates of its own, and with a copy that has them.
    const ROOMS: [MethodName; 5] = [MethodName::Vrpge, MethodName::Static, MethodName::SmallDense, MethodName::Ste, MethodName::Rigl];

    /// What is said before a network is allocated is what its buffers take, but for the rounding of each and for tables of one size.
    #[test]
    fn the_bytes_that_are_told_are_those_of_the_buffers() {
        let machine = super::super::open(None).unwrap();
        let networks = [("mlp-9-7", true), ("mlp-9-7", false), ("cnn-4-8", false), ("resnet8", true), ("wrn-10-1", false)];
        for ((name, gate_inputs), method) in networks.into_iter().flat_map(|network| ROOMS.map(|method| (network, method))) {
            let config = Config { model: name.to_owned(), gate_inputs, batch_size: 6, method, structure_every: 2, ..Config::default() };
            let (channels, height, width, rows) = (2, 8, 8, 12);
            let (inputs, classes) = (channels * height * width, 3);
            let data =
                DataShape { train_rows: rows, test_rows: 0, inputs, channels, height, width, classes, augment: false, deviation: 0.3 };
            let run = Trainer::new(&machine, config, data).unwrap();
            let copy = (method == MethodName::Rigl).then(|| run.copy(true).unwrap().1);
            let networks = std::iter::once(run.engine()).chain(&copy).map(|engine| &engine.buffers);
            let tables = ["params", "state", "schedule", "batch_rows", "records", "counts", "squares", "inputs", "labels", "shifts"];
            let names: BTreeSet<&str> =
                TABLE.iter().flat_map(|entry| entry.buffers).copied().filter(|name| !tables.contains(name)).collect();
            let all = networks.flat_map(|buffers| {
                let alone: Vec<_> = names.iter().filter_map(|name| buffers.get(name)).collect();
                alone.into_iter().chain(&buffers.maps).chain(&buffers.gradients)
            });
            let (count, held) = all.fold((0, 0), |(count, held), buffer| (count + 1, held + buffer.size()));
            let told = run.bytes();
            assert!(told <= held && held < told + 16 * count, "{name}, {method:?}: told {told}, held {held}");
        }
    }

    #[test]
    fn available_memory_is_read() {
        let text = "MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:   60 kB\nSwapTotal: 9 kB\nSwapFree:  4 kB\n";
        assert_eq!(available(text), Some(64 * 1024));
        assert_eq!(available("MemAvailable: 60 kB"), Some(60 * 1024));
        for text in ["", "MemTotal: 100 kB", "MemAvailable: much"] {
            assert_eq!(available(text), None);
        }
        assert!(group_limits("").is_empty() && group_limits("1:memory:/a\n0::/../../no/such/group").len() < 9);
    }
}
