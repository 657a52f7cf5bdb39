//! `lacuna model`, `lacuna bench` and `lacuna check`: describe a network, time steps, compare kernels.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, value_parser};

use lacuna::config::{Config, ConfigError, Schedule, setting};
use lacuna::data::catalogue::{KNOWN, Known};
use lacuna::model::Image;

use super::super::error::ArgumentError;
use super::super::kernels::Kernels;
use super::settings::{flag_of, set, set_one};
use super::sweep::{Named, Request};
use super::{adapter, json, kernels, optional, path, required};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    /// Network, gated inputs, batch size and keep ratio. The other settings have their defaults.
    pub(crate) config: Config,
    pub(crate) input_shape: InputShape,
    pub(crate) json: bool,
}

/// The shape of the images for which a network is described.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum InputShape {
    /// The usual images for a network of its kind.
    Usual,
    Known(&'static Known),
    /// The shape of the synthetic set.
    Planted,
    Image {
        image: Image,
        classes: u32,
    },
}

const PLANTED: &str = "planted";
const CLASSES: u32 = 10;

impl Model {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("model")
            .about("Print the layers of a network, its multiply-adds and its memory")
            .after_help(
                "Without --dataset and --image the network is built for images like CIFAR-10's, a fully connected one for images like MNIST's. \
                 No GPU is used and no data is read, so that a large network can be examined before it is trained.",
            )
            .arg(Arg::new("name").value_name("NAME").required(true).help(setting("model").expect("it is a setting of the table").help))
            .arg(
                Arg::new("shape")
                    .long("dataset")
                    .value_name("NAME")
                    .value_parser(PossibleValuesParser::new(KNOWN.iter().map(|known| known.name).chain([PLANTED])))
                    .conflicts_with("image")
                    .help("The data set whose images the network is built for."),
            )
            .arg(
                Arg::new("image")
                    .long("image")
                    .value_name("CxHxW")
                    .value_parser(image)
                    .help("The images it is built for: channels, height and width, as in 3x32x32; features without a shape are 1x1xN."),
            )
            .arg(
                Arg::new("classes")
                    .long("classes")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(1..=256))
                    .requires("image")
                    .help(format!("The number of classes, with --image. [default: {CLASSES}]")),
            )
            .args(["gate_inputs", "batch_size", "keep_ratio"].map(flag_of))
            .arg(json("Print one JSON object instead of tables."))
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let mut config = Config { model: required(matches, "name"), ..Config::default() };
        set(&mut config, matches)?;
        check_name(&config)?;
        let input_shape = match (optional(matches, "image"), optional::<String>(matches, "shape")) {
            (Some(image), _) => InputShape::Image { image, classes: optional(matches, "classes").unwrap_or(CLASSES) },
            (None, None) => InputShape::Usual,
            (None, Some(name)) => KNOWN.into_iter().find(|known| known.name == name).map_or(InputShape::Planted, InputShape::Known),
        };
        Ok(Self { config, input_shape, json: matches.get_flag("json") })
    }
}

/// Refuses a network whose name cannot be read.
fn check_name(config: &Config) -> Result<(), ConfigError> {
    Ok(lacuna::model::Model::check_name(&config.model)?)
}

/// Reads the shape of an image.
fn image(text: &str) -> Result<Image, String> {
    let refuse = || "it must be channels x height x width, as in 3x32x32".to_owned();
    let numbers: Option<Vec<u32>> = text.split(['x', '\u{d7}']).map(|number| number.trim().parse().ok()).collect();
    let Some(&[channels, height, width]) = numbers.as_deref() else { return Err(refuse()) };
    Ok(Image { channels, height, width })
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bench {
    /// Network, batch size and gated inputs, with a constant budget. The other settings have their defaults.
    pub(crate) config: Config,
    /// At least one.
    pub(crate) keep_ratios: Vec<f64>,
    /// How many times each step is timed.
    pub(crate) repeats: Option<u32>,
    pub(crate) json: bool,
    pub(crate) adapter: Option<String>,
    pub(crate) kernels: Kernels,
    pub(crate) sweep: Option<Request>,
}

impl Bench {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("bench")
            .about("Time sparse steps and a dense step, and compare with the ratio of their multiply-adds")
            .after_help(
                "The dense step and each keep ratio are timed in turns; short steps are timed many in a submit. Phases are timed by the GPU's \
                 clock, if it has one. The data is random, since no value changes a kernel's work.\n\n\
                 --sweep times the points of each curve, the smallest network first. A point that the adapter cannot hold is named and left out. \
                 Sweeps of width, depth and batch have one keep ratio, 0.1 unless --keep-ratio names another one. The widths of the network are \
                 multiplied by 1/8 to 2, the batch size by 1/8 to 4.",
            )
            .arg(Arg::new("model").long("model").value_name("NAME").default_value("mlp-1024-1024").help("The network."))
            .arg(flag_of("batch_size"))
            .arg(flag_of("gate_inputs"))
            .arg(
                Arg::new("ratios")
                    .long("keep-ratio")
                    .value_name("R,R,...")
                    .value_delimiter(',')
                    .default_value("0.05,0.1,0.2,0.5,0.9")
                    .help("The keep ratios to time, beside dense; the points of --sweep keep-ratio, or the one keep ratio of other sweeps."),
            )
            .arg(
                Arg::new("repeats")
                    .long("repeats")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(1..=1000))
                    .help("How many times each is timed. [default: 9, of a sweep 3; fewer for long steps]"),
            )
            .arg(
                Arg::new("sweep")
                    .long("sweep")
                    .value_name("NAME,NAME,...")
                    .num_args(0..=1)
                    .default_missing_value("all")
                    .value_parser(Named::read)
                    .help(
                        "Time steps over keep-ratio, width, depth or batch, beside the least time that their multiply-adds and their bytes take on this \
                         adapter. Without names: every one that the network has.",
                    ),
            )
            .arg(
                path("out", "DIR", "With --sweep, the folder for sweep.csv, sweep.json, the plots (SVG) and report.html, a self-contained page.")
                    .requires("sweep"),
            )
            .arg(json("Print one JSON object a line instead of a table."))
            .arg(adapter())
            .arg(kernels())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let mut config = Config { schedule: Schedule::Constant, ..Config::default() };
        set(&mut config, matches)?;
        check_name(&config)?;
        let read = |text: &String| {
            let mut one = Config::default();
            set_one(&mut one, setting("keep_ratio").expect("it is a setting of the table"), text)?;
            Ok(one.keep_ratio)
        };
        let keep_ratios: Result<Vec<f64>, ArgumentError> = matches.get_many("ratios").expect("it has a default").map(read).collect();
        let keep_ratios = keep_ratios?;
        let is_given = matches.value_source("ratios") == Some(ValueSource::CommandLine);
        let given = is_given.then_some(&keep_ratios[..]);
        let sweep = match optional(matches, "sweep") {
            Some(named) => Some(Request::new(named, &config.model, given, optional(matches, "out"))?),
            None => None,
        };
        Ok(Self {
            config,
            sweep,
            keep_ratios,
            repeats: optional(matches, "repeats"),
            json: matches.get_flag("json"),
            adapter: optional(matches, "adapter"),
            kernels: required(matches, "kernels"),
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) adapter: Option<String>,
    /// A folder for the sources of the kernels; nothing is compared then.
    pub(crate) sources: Option<PathBuf>,
}

impl Check {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("check")
            .about("Run every kernel on this adapter and compare it with its reference on the CPU")
            .after_help("Prints the worst error and the tolerance of each kernel; the exit status is not 0 if a kernel fails.")
            .arg(adapter())
            .arg(
                path("sources", "DIR", "Instead, write the WGSL of every kernel to this folder, in every variant that a GPU may get.")
                    .conflicts_with("adapter"),
            )
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        Self { adapter: optional(matches, "adapter"), sources: optional(matches, "sources") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::super::tests::read;
    use super::*;

    #[test]
    fn the_shape_of_an_image_is_read() {
        let read = |text| image(text).map(|image| (image.channels, image.height, image.width));
        assert_eq!(read("3x32x32"), Ok((3, 32, 32)));
        assert_eq!(read("1 \u{d7} 1 \u{d7} 256"), Ok((1, 1, 256)));
        for text in ["", "32x32", "3x32x32x1", "3,32,32", "axbxc", "3x-1x4", "3x32x4294967296"] {
            assert!(read(text).unwrap_err().contains("as in 3x32x32"), "{text}");
        }
    }

    #[test]
    fn a_network_is_built_for_the_images_that_are_named() {
        let input_shape = |words: &[&str]| match read(&[&["model", "mlp-8"], words].concat()).unwrap() {
            Command::Model(model) => model.input_shape,
            other => panic!("unexpected: {other:?}"),
        };
        assert_eq!((input_shape(&[]), input_shape(&["--dataset", "planted"])), (InputShape::Usual, InputShape::Planted));
        assert!(matches!(input_shape(&["--dataset", "cifar100"]), InputShape::Known(known) if known.classes == 100));
        let image = Image { channels: 1, height: 2, width: 3 };
        assert_eq!(input_shape(&["--image", "1x2x3"]), InputShape::Image { image, classes: 10 });
        assert_eq!(input_shape(&["--image", "1x2x3", "--classes", "4"]), InputShape::Image { image, classes: 4 });
    }

    #[test]
    fn keep_ratios_are_read_against_the_range_of_the_setting() {
        let bench = |words: &[&str]| match read(&[&["bench"], words].concat()) {
            Ok(Command::Bench(bench)) => Ok((bench.config.model, bench.keep_ratios)),
            Ok(other) => panic!("unexpected: {other:?}"),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(bench(&["--keep-ratio", "0.1,1"]), Ok(("mlp-1024-1024".to_owned(), vec![0.1, 1.0])));
        for ratios in ["0.1,7", "0.1,x", ""] {
            assert!(bench(&["--keep-ratio", ratios]).unwrap_err().contains("--keep-ratio: keep_ratio must be a number from 0.01 to 1"));
        }
    }
}
