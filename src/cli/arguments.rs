//! The command line, made from the one table of knobs.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use lacuna::config::{Config, ConfigError, DatasetName, KNOBS, Kind, Knob, knob};
use lacuna::data::catalogue::KNOWN;
use lacuna::data::table::Label;
use lacuna::data::{self, Dataset, disk};
use lacuna::model::Image;

use super::{CliError, say};

/// The knobs that `lacuna model` takes as flags.
const MODEL_KNOBS: [&str; 3] = ["gate_inputs", "batch_size", "keep_ratio"];

fn flag_name(knob: &Knob) -> String {
    knob.name.replace('_', "-")
}

fn flag(knob: &'static Knob) -> Arg {
    let default = Config::default().get(knob.name).expect("every knob of the table has a value");
    let bounds = match knob.kind {
        Kind::Number { min, max, .. } => format!(" From {min} to {max}."),
        Kind::Count { min, max } => format!(" From {min} to {max}."),
        Kind::Choice(_) | Kind::Switch | Kind::Text => String::new(),
    };
    let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
    let arg = Arg::new(knob.name).long(flag_name(knob)).help(format!("{}{bounds}{default}", knob.help));
    match knob.kind {
        Kind::Choice(names) if knob.name == DATASET => arg
            .value_name("NAME|PATH")
            .value_parser(move |text: &str| known_or_path(names, text))
            .help(format!("{} Or your own, by its path: a CSV file, a folder of idx files, or a folder with a folder of pictures (PNG, JPEG) for each class.{default} [possible values: {}]", knob.help, names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))),
        Kind::Choice(names) => {
            arg.value_name("NAME").value_parser(PossibleValuesParser::new(names.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
        }
        Kind::Switch => {
            arg.value_name("true|false").num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(["true", "false"])
        }
        Kind::Number { .. } | Kind::Count { .. } => arg.value_name("N").allow_negative_numbers(true),
        Kind::Text if knob.name == "pins" => arg.value_name("UNITS"),
        Kind::Text if knob.name == "allocation" => arg.value_name("N,N,..."),
        Kind::Text => arg.value_name("NAME"),
    }
}

/// The knob that takes the path of a user's own data too.
const DATASET: &str = "dataset";

fn known_or_path(names: &[(&str, &str)], text: &str) -> Result<String, String> {
    if names.iter().any(|(name, _)| *name == text) || Path::new(text).exists() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    Err(format!("there is no file or folder of that name, nor is it one of [possible values: {}]", names.join(", ")))
}

fn experiment_flags() -> impl Iterator<Item = Arg> {
    KNOBS.iter().map(flag)
}

/// The flag of one knob, for a command that takes few of them.
fn flag_of(name: &str) -> Arg {
    flag(knob(name).expect("it is a knob of the table"))
}

/// Reads the shape of an image.
fn image(text: &str) -> Result<Image, String> {
    let refuse = || "it must be channels x height x width, as in 3x32x32".to_owned();
    let numbers: Option<Vec<u32>> = text.split(['x', '\u{d7}']).map(|number| number.trim().parse().ok()).collect();
    let Some(&[channels, height, width]) = numbers.as_deref() else { return Err(refuse()) };
    Ok(Image { channels, height, width })
}

fn adapter() -> Arg {
    Arg::new("adapter")
        .long("adapter")
        .value_name("NAME")
        .help("What computes: part of a GPU's name, its number in `lacuna adapters`, or cpu for this program's own CPU engine. Without it, the fastest GPU.")
}

fn link() -> Arg {
    Arg::new("url").long("url").value_name("LINK").help("Take the experiment from a link copied from the page; other flags then change it.")
}

fn data_directory() -> Arg {
    Arg::new("data_dir")
        .long("data-dir")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .default_value("data")
        .help("Where the data sets are: DIR/mnist and so on, or the folder of your own idx files with --dataset idx.")
}

fn label() -> Arg {
    Arg::new("label")
        .long("label")
        .value_name("COLUMN")
        .value_parser(["auto", "first", "last"])
        .default_value("auto")
        .help("Of a CSV file with --dataset PATH: the column that holds the class. auto goes by the header's words and by the values.")
}

fn path(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).value_parser(value_parser!(PathBuf)).help(help)
}

/// The command that trains methods side by side.
fn compare() -> Command {
    Command::new("compare")
        .about("Train several methods side by side, and say what each reached and what it took")
        .after_help(
            "Is it really faster, and against what?\n  lacuna compare --methods dense,small-dense,static,vrpge --seeds 3 --gate-inputs --keep-ratio 0.1\n\n\
             Every method trains with every seed, one after another, under the same settings but for the few that let each show its best (see \
             --plain). A run that was finished is kept in --out and not run again: a comparison that was interrupted goes on. There too: \
             results.csv, results.json, and report.html, a page that needs nothing else.\n\n\
             --search tries twelve settings of each method, with the inputs gated and without, on training rows of which the last sixth is held \
             out, and prints the winners.",
        )
        .args(experiment_flags().filter(|arg| arg.get_id() != "method"))
        .arg(
            Arg::new("methods")
                .long("methods")
                .value_name("NAME,NAME,...")
                .value_delimiter(',')
                .default_value("dense,small-dense,static,vrpge")
                .help(
                    "The methods, each once: those of train's --method, and vrpge-one-sided, vrpge with --estimator one-sided, static-allocated, \
                     a random mask with as many units of each group as vrpge ended with, and small-dense-final, as wide as a step of vrpge at \
                     the keep ratio pays for.",
                ),
        )
        .arg(
            Arg::new("seeds")
                .long("seeds")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=1000))
                .default_value("3")
                .help("How many seeds, from --seed on."),
        )
        .arg(link())
        .arg(data_directory())
        .arg(label())
        .arg(path("out", "DIR", "Where runs and results are kept. Without it, a folder of compare/ named after network and settings."))
        .arg(
            Arg::new("plain")
                .long("plain")
                .action(ArgAction::SetTrue)
                .help("The same settings for all, without the presets that were searched for each method."),
        )
        .arg(
            Arg::new("search")
                .long("search")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["plain", "seeds"])
                .help("Search for each method's best settings instead, with as many tries for each, on held-out training rows."),
        )
        .arg(adapter())
}

/// The command that measures the estimators.
fn estimator() -> Command {
    Command::new("estimator")
        .about("Measure bias, variance and direction of every structure gradient on a network as it stands")
        .after_help(
            "Trains --after-steps steps of the experiment, then freezes it and draws pairs of masks on one mini-batch. Every estimator at \
             every alpha is computed from the same pairs and held against the true gradient: from all masks where at most 14 units are \
             undecided, otherwise from other masks, with its standard error.\n\n\
             With few units all is exact; this one runs in seconds:\n  lacuna estimator --dataset planted --model mlp-12 --keep-ratio 0.5\n\n\
             Why alpha 1/2 is the default:\n  lacuna estimator --table",
        )
        .args(experiment_flags())
        .arg(link())
        .arg(data_directory())
        .arg(label())
        .arg(
            Arg::new("after-steps")
                .long("after-steps")
                .value_name("N")
                .value_parser(value_parser!(u32))
                .default_value("100")
                .help("Steps that are trained before the network is frozen."),
        )
        .arg(
            Arg::new("pairs")
                .long("pairs")
                .value_name("P")
                .value_parser(value_parser!(u32).range(100..=10_000_000))
                .help("Pairs of masks; of --table, for each row. [default: 4000, of --table 20000]"),
        )
        .arg(
            Arg::new("table")
                .long("table")
                .action(ArgAction::SetTrue)
                .help("Instead, the variance of one unit's gradient as its score goes to 0, on a small frozen network of its own."),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object instead of tables."))
        .arg(adapter())
}

fn train() -> Command {
    Command::new("train")
        .about("Train a network and watch its mask settle")
        .after_help(
            "A first run:\n  lacuna data fetch mnist\n  lacuna train --gate-inputs --keep-ratio 0.1\n\n\
             The run behind a link copied from the page:\n  lacuna train --url 'https://.../?keep_ratio=0.1&seed=7'\n\n\
             --log writes one JSON object a line: first {\"event\":\"run\"} with the experiment and the adapter, then one for each step \
             (step, epoch, loss, probe_loss, accuracy, keep, kept and probe_kept per group, budget, sum_scores, threshold, gradient_norm, learning_rate, \
             scores_rate, step_ms), {\"event\":\"evaluation\"} after each epoch, with --compact {\"event\":\"compact\"} after it with units and \
             bytes before and after, and last {\"event\":\"result\"} with test_accuracy under the decided mask. docs/file-formats.md lists \
             the keys of logs and traces.",
        )
        .args(experiment_flags())
        .arg(link())
        .arg(data_directory())
        .arg(label())
        .arg(path("log", "FILE", "Write one JSON object a line: every step, every evaluation, the result."))
        .arg(path("save", "FILE", "Keep the run in this file, now and then, on Ctrl-C and at the end: to go on with --resume, to replay, to open in the page."))
        .arg(
            path("resume", "FILE", "Go on with the run in this file, bit for bit as if it had not stopped; with --save it is kept again. A run on your own data takes --dataset PATH beside it.")
                .conflicts_with_all(KNOBS.iter().map(|knob| knob.name).filter(|name| *name != DATASET).chain(["url", "trace"])),
        )
        .arg(path("record", "FILE", "At the end write the run to be looked at, masks, scores and curves without weights; packed where FILE ends in .gz."))
        .arg(
            path("trace", "DIR", "Write everything that the first steps computed from and to, one safetensors file a step.")
                .conflicts_with_all(["save", "record"]),
        )
        .arg(
            Arg::new("trace-steps")
                .long("trace-steps")
                .value_name("N")
                .value_parser(value_parser!(u32))
                .default_value("1")
                .requires("trace")
                .help("How many of the first steps are traced."),
        )
        .arg(adapter())
}

/// The command that shows a kept run.
fn replay() -> Command {
    Command::new("replay")
        .about("Show a run that was kept, by --save or by the page, without training")
        .after_help(
            "Prints what the run printed: its tests on the way, where it stood at the end, which units it kept.\n\n\
             --again trains it anew, with what was changed on the way, and says where the two differ, if they do. On the adapter of the \
             recording they are equal bit for bit; another one differs in the last bits of its sums, and after many steps in more.",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A run: .safetensors, or .safetensors.gz."),
        )
        .arg(Arg::new("again").long("again").action(ArgAction::SetTrue).help("Train it anew and compare."))
        .arg(flag_of(DATASET).value_name("PATH").help("Of a run on your own data, with --again: where they are."))
        .arg(data_directory())
        .arg(label())
        .arg(adapter())
}

fn model() -> Command {
    Command::new("model")
        .about("Say what a network is made of, what it costs and how much memory it takes")
        .after_help(
            "Without --dataset and --image the network is shown images like CIFAR-10's, a fully connected one images like MNIST's. \
             No GPU is used and no data is read: a large network can be looked at before it is trained.",
        )
        .arg(Arg::new("name").value_name("NAME").required(true).help(knob("model").expect("it is a knob of the table").help))
        .arg(
            Arg::new("dataset")
                .long("dataset")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(KNOWN.iter().map(|known| known.name).chain(["planted"])))
                .conflicts_with("image")
                .help("The data set whose shape the network is shown."),
        )
        .arg(
            Arg::new("image")
                .long("image")
                .value_name("CxHxW")
                .value_parser(image)
                .help("The shape it is shown: channels, height and width, as in 3x32x32; features without a shape are 1x1xN."),
        )
        .arg(
            Arg::new("classes")
                .long("classes")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=256))
                .requires("image")
                .help("How many classes it tells apart, beside --image. [default: 10]"),
        )
        .args(MODEL_KNOBS.map(flag_of))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object instead of tables."))
}

fn check() -> Command {
    Command::new("check")
        .about("Run every kernel against its CPU twin on this adapter")
        .after_help("Prints the worst error of each kernel beside its tolerance; the exit status is not 0 if one fails.")
        .arg(adapter())
}

fn bench() -> Command {
    Command::new("bench")
        .about("Measure a sparse step against a dense one, beside what the multiply-adds predict")
        .after_help(
            "Steps are timed in turns, dense and each keep ratio, many a submit where they are short; phases come from the GPU's own clock \
             where it has one. The data is random, since no value changes a kernel's work.",
        )
        .arg(Arg::new("model").long("model").value_name("NAME").default_value("mlp-1024-1024").help("The network."))
        .arg(flag_of("batch_size"))
        .arg(flag_of("gate_inputs"))
        .arg(
            Arg::new("keep_ratio")
                .long("keep-ratio")
                .value_name("R,R,...")
                .value_delimiter(',')
                .value_parser(value_parser!(f64))
                .default_value("0.05,0.1,0.2,0.5,0.9")
                .help("The keep ratios to measure beside dense."),
        )
        .arg(
            Arg::new("repeats")
                .long("repeats")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=1000))
                .help("How often each is timed. [default: 9, fewer where a step takes long]"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object a line instead of a table."))
        .arg(adapter())
}

fn fetch() -> Command {
    Command::new("fetch")
        .about("Fetch a data set, check its sums, and put it where train looks for it")
        .arg(Arg::new("name").value_name("NAME").required(true).value_parser(KNOWN.map(|known| known.name)))
        .arg(data_directory())
}

/// The whole command line.
pub(super) fn command() -> Command {
    Command::new("lacuna")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Trains sparse neural networks: forward and backward through the kept units only (Zhou et al., NeurIPS 2021)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(train())
        .subcommand(replay())
        .subcommand(compare())
        .subcommand(model())
        .subcommand(check())
        .subcommand(bench())
        .subcommand(estimator())
        .subcommand(Command::new("data").about("Data sets").subcommand_required(true).arg_required_else_help(true).subcommand(fetch()))
        .subcommand(Command::new("adapters").about("List this machine's GPUs"))
}

/// A flag's text that clap guarantees.
pub(super) fn text<'a>(arguments: &'a ArgMatches, name: &str) -> &'a str {
    arguments.get_one::<String>(name).expect("clap requires it or gives its default")
}

/// `--data-dir`.
pub(super) fn data_dir(arguments: &ArgMatches) -> PathBuf {
    arguments.get_one::<PathBuf>("data_dir").expect("it has a default").clone()
}

/// The path of the user's own data, where `--dataset` names one.
fn own_path(arguments: &ArgMatches) -> Option<PathBuf> {
    let given = arguments.try_get_one::<String>(DATASET).ok()??;
    let Kind::Choice(names) = knob(DATASET).ok()?.kind else { return None };
    names.iter().all(|(name, _)| name != given).then(|| PathBuf::from(given))
}

/// The data set of an experiment: a known one, or the user's own, of which it says what it is.
pub(super) fn load(arguments: &ArgMatches, config: &Config) -> Result<Dataset, CliError> {
    let Some(path) = own_path(arguments).filter(|_| config.dataset == DatasetName::Own) else {
        return Ok(data::load(config.dataset, &data_dir(arguments), config.seed)?);
    };
    let label = arguments.get_one::<String>("label").and_then(|name| Label::named(name)).unwrap_or_default();
    let own = disk::load(&path, label)?;
    say(format_args!("{}: {}{}{}", own.name, own.words(), if own.note.is_empty() { "" } else { ". " }, own.note.trim_end_matches('.')));
    Ok(own.dataset(config.seed))
}

/// The data set of a kept run: the files know which, but not where a user's own are.
pub(super) fn load_kept(arguments: &ArgMatches, config: &Config) -> Result<Dataset, CliError> {
    let given = arguments.get_one::<String>(DATASET).is_some();
    if given && (config.dataset != DatasetName::Own || own_path(arguments).is_none()) {
        let own = if config.dataset == DatasetName::Own { "data of its owner" } else { config.dataset.name() };
        return Err(ConfigError(format!(
            "--{DATASET}: the run learned from {own}; here the flag only says by PATH where data of your own are"
        ))
        .into());
    }
    load(arguments, config)
}

/// The experiment: the link's, then every flag that was given.
pub(super) fn experiment(arguments: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = match arguments.get_one::<String>("url") {
        Some(link) => Config::from_link(link)?,
        None => Config::default(),
    };
    set(&mut config, arguments, KNOBS)?;
    config.check()?;
    Ok(config)
}

/// What `lacuna model` asks of an experiment.
pub(super) fn model_settings(arguments: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = Config { model: text(arguments, "name").to_owned(), ..Config::default() };
    set(&mut config, arguments, MODEL_KNOBS.iter().map(|name| knob(name).expect("it is a knob of the table")))?;
    Ok(config)
}

/// Takes over the flags of these knobs that were given.
pub(super) fn set(config: &mut Config, arguments: &ArgMatches, knobs: impl IntoIterator<Item = &'static Knob>) -> Result<(), ConfigError> {
    for knob in knobs {
        // A command may leave a knob out.
        if let Ok(Some(value)) = arguments.try_get_one::<String>(knob.name) {
            let value = if knob.name == DATASET && own_path(arguments).is_some() { DatasetName::Own.name() } else { value };
            config.set(knob.name, value).map_err(|error| ConfigError(format!("--{}: {error}", flag_name(knob))))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

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
    fn every_knob_is_a_flag_and_flags_override_a_link() {
        let link = "https://example.org/?keep_ratio=0.1&seed=3";
        let matches =
            command().get_matches_from(["lacuna", "train", "--url", link, "--seed", "9", "--gate-inputs", "--scores-rate", "0.03"]);
        let config = experiment(matches.subcommand_matches("train").unwrap()).unwrap();
        assert_eq!((config.keep_ratio, config.seed, config.gate_inputs, config.scores_rate), (0.1, 9, true, 0.03));
        let matches = command().get_matches_from(["lacuna", "train", "--gate-inputs=false"]);
        assert_eq!(experiment(matches.subcommand_matches("train").unwrap()).unwrap(), Config::default());
    }
}
