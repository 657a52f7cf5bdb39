//! `lacuna model`.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde_json::{Value, json};

use lacuna::config::{Config, ConfigError, MethodName};
use lacuna::data::catalogue::{CIFAR10, Known, MNIST};
use lacuna::data::planted;
use lacuna::engine::MASKS;
use lacuna::model::{Bytes, Image, Model, Op, Pooling};

use super::arguments::{self, InputShape};
use super::format::{bytes_json, grouped, size};
use super::{CliError, say};

/// As the other tables, but without lines between the many rows.
pub(super) const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('\u{2500}').junction('\u{2500}'))
    .header_separator(LineStyle::none().fill('\u{2550}').junction('\u{2550}'))
    .bottom_border(LineStyle::none().fill('\u{2500}').junction('\u{2500}'));

/// The images that a network is built for by default: like CIFAR-10's, for a fully connected network like MNIST's.
pub(super) fn usual_set(model: &str) -> &'static Known {
    if model.starts_with("mlp") { &MNIST } else { &CIFAR10 }
}

/// Shape, classes, and the set that has them, if there is one.
fn shape(arguments: &arguments::Model) -> (Image, u32, Option<&'static str>) {
    let of_known = |known: &Known| {
        let image = Image { channels: known.channels, height: known.height, width: known.width };
        (image, known.classes, Some(known.name))
    };
    match arguments.input_shape {
        InputShape::Usual => of_known(usual_set(&arguments.config.model)),
        InputShape::Known(known) => of_known(known),
        InputShape::Planted => (Image::flat(planted::INPUTS), planted::CLASSES, Some("planted")),
        InputShape::Image { image, classes } => (image, classes, None),
    }
}

/// The description of a network.
struct Description {
    model: Model,
    config: Config,
    classes: u32,
    set: Option<&'static str>,
    /// Expected share of kept units of each group.
    shares: Vec<f64>,
    /// The average network once the units that are off have been dropped.
    left: Model,
}

pub(super) fn run(arguments: &arguments::Model) -> Result<(), CliError> {
    let config = arguments.config.clone();
    let (image, classes, set) = shape(arguments);
    let model = config.network(image, classes).map_err(ConfigError::from)?;
    let (shares, left) = (model.shares(|_| config.keep_ratio), model.of_expected_sizes(config.keep_ratio));
    let account = Description { model, config, classes, set, shares, left };
    if arguments.json {
        say(account.json());
    } else {
        say(account.text());
    }
    Ok(())
}

impl Description {
    fn dense_step(&self) -> u64 {
        self.model.multiply_adds(&self.model.sizes(), None).total()
    }

    fn forward(&self) -> u64 {
        self.model.multiply_adds(&self.model.sizes(), None).forward
    }

    fn predicted_ratio(&self) -> f64 {
        self.model.predicted_ratio(self.config.keep_ratio, MethodName::Vrpge.facts().forwards)
    }

    /// Memory of a dense run, of a sparse run at its start, at the keep ratio, and of a sparse run once its units have been dropped.
    fn memory(&self) -> [(String, &'static str, Bytes); 4] {
        let (model, batch, keep) = (&self.model, self.config.batch_size, self.config.keep_ratio);
        let passes = |model: &Model| model.clone().with_passes(MethodName::Vrpge.facts().forwards, batch);
        let sparse = passes(model);
        let left = Model { saves_memory: true, ..passes(&self.left) };
        [
            ("dense".to_owned(), "dense", model.bytes(batch, MethodName::Dense.facts().masks())),
            ("sparse, first step".to_owned(), "sparse", sparse.drawn_at(self.config.budget().at_first()).bytes(batch, MASKS)),
            (format!("at {keep}"), "at_keep_ratio", sparse.drawn_at(keep).bytes(batch, MASKS)),
            (format!("at {keep} with --compact"), "compacted", left.bytes(batch, MASKS)),
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
             memory with --batch-size {batch}, without the data set\n\
             {memory}\n\
             A sparse run has room for the units that its scores let a step keep, so that its memory falls with the budget.\n\
             rigl and snip also store a copy with all units. `lacuna train` prints the memory of its own run.",
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
        let mut listed = vec![false; self.model.groups.len()];
        let mut kept = |group: usize| {
            if std::mem::replace(&mut listed[group], true) { String::new() } else { self.kept(group) }
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
            let same_group = maps[first.input()].group == maps[last.output()].group;
            let weights: u32 = stretch.iter().map(|op| self.model.op_weights(op)).sum();
            let work: u64 = stretch.iter().map(|op| self.model.op_multiply_adds(op)).sum();
            let number = |number: u64| if number == 0 { String::new() } else { grouped(number) };
            table.add_row([
                if same_group { "" } else { self.name(last.output()) },
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
            Op::Depthwise { kernel, stride, .. } => {
                let stride = if stride > 1 { format!(" by {stride}") } else { String::new() };
                vec![format!("{kernel}\u{d7}{kernel} depthwise convolution{stride}")]
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
        let memory = self.memory().map(|(_, name, bytes)| (name.to_owned(), bytes_json(bytes)));
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
            Op::Depthwise { kernel, stride, .. } => ("depthwise", Some(kernel), Some(stride)),
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
