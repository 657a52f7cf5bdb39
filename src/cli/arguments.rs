//! The command line, made from the one table of knobs.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use lacuna::config::{Config, ConfigError, KNOBS, Kind, Knob};
use lacuna::data::catalogue::KNOWN;

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
    let arg = Arg::new(knob.name).long(flag_name(knob)).help(format!("{}{bounds} [default: {default}]", knob.help));
    match knob.kind {
        Kind::Choice(names) => {
            arg.value_name("NAME").value_parser(PossibleValuesParser::new(names.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
        }
        Kind::Switch => {
            arg.value_name("true|false").num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(["true", "false"])
        }
        Kind::Number { .. } | Kind::Count { .. } => arg.value_name("N").allow_negative_numbers(true),
        Kind::Text => arg.value_name("NAME"),
    }
}

fn experiment_flags() -> impl Iterator<Item = Arg> {
    KNOBS.iter().map(flag)
}

fn adapter() -> Arg {
    Arg::new("adapter")
        .long("adapter")
        .value_name("NAME")
        .help("The GPU to use: part of its name, or its number in `lacuna adapters`. Without it, the fastest.")
}

fn url() -> Arg {
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

fn path(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).value_parser(value_parser!(PathBuf)).help(help)
}

fn estimator() -> Command {
    Command::new("estimator")
        .about("Measure bias, variance and direction of every structure gradient on a network as it stands")
        .after_help(
            "Trains --after-steps steps of the experiment, then freezes it and draws pairs of masks on one mini-batch. Every estimator at\n\
             every alpha is computed from the same pairs and held against the true gradient: from all masks where at most 14 units are\n\
             undecided, otherwise from other masks, with its standard error.\n\n\
             With few units all is exact; this one runs in seconds:\n  lacuna estimator --dataset planted --model mlp-12 --keep-ratio 0.5\n\n\
             Why alpha 1/2 is the default:\n  lacuna estimator --table",
        )
        .args(experiment_flags())
        .arg(url())
        .arg(data_directory())
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

/// The whole command line.
pub(super) fn command() -> Command {
    let train = Command::new("train")
        .about("Train a network and watch its mask settle")
        .after_help(
            "A first run:\n  lacuna data fetch mnist\n  lacuna train --gate-inputs --keep-ratio 0.1\n\n\
             The run behind a link copied from the page:\n  lacuna train --url 'https://.../?keep_ratio=0.1&seed=7'\n\n\
             --log writes one JSON object a line: first {\"event\":\"run\"} with the experiment and the adapter, then one for each step\n\
             (step, epoch, loss, probe_loss, accuracy, keep, kept per group, budget, sum_scores, threshold, gradient_norm, learning_rate,\n\
             scores_rate, step_ms), {\"event\":\"evaluation\"} after each epoch, and last {\"event\":\"result\"} with test_accuracy under the\n\
             decided mask. The keys of a trace file stand in the README.",
        )
        .args(experiment_flags())
        .arg(url())
        .arg(data_directory())
        .arg(path("log", "FILE", "Write one JSON object a line: every step, every evaluation, the result."))
        .arg(path("trace", "DIR", "Write everything that the first steps computed from and to, one safetensors file a step."))
        .arg(
            Arg::new("trace-steps")
                .long("trace-steps")
                .value_name("N")
                .value_parser(value_parser!(u32))
                .default_value("1")
                .requires("trace")
                .help("How many of the first steps are traced."),
        )
        .arg(adapter());
    let check = Command::new("check")
        .about("Run every kernel against its CPU twin on this adapter")
        .after_help("Prints the worst error of each kernel beside its tolerance; the exit status is not 0 if one fails.")
        .arg(adapter());
    let bench = Command::new("bench")
        .about("Measure a sparse step against a dense one, beside what the multiply-adds predict")
        .after_help(
            "Steps are timed in turns, dense and each keep ratio, many a submit; phases come from the GPU's own clock where it has one.",
        )
        .arg(Arg::new("model").long("model").value_name("NAME").default_value("mlp-1024-1024").help("The network."))
        .arg(
            Arg::new("batch_size")
                .long("batch-size")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=4096))
                .default_value("128")
                .help("Images a step."),
        )
        .arg(Arg::new("gate_inputs").long("gate-inputs").action(ArgAction::SetTrue).help("Gate the inputs too."))
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
                .default_value("9")
                .help("How often each is timed."),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object a line instead of a table."))
        .arg(adapter());
    let fetch = Command::new("fetch")
        .about("Fetch a data set, check its sums, and put it where train looks for it")
        .arg(Arg::new("name").value_name("NAME").required(true).value_parser(KNOWN.map(|known| known.name)))
        .arg(data_directory());
    Command::new("lacuna")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Trains sparse neural networks: forward and backward through the kept units only (Zhou et al., NeurIPS 2021)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(train)
        .subcommand(check)
        .subcommand(bench)
        .subcommand(estimator())
        .subcommand(Command::new("data").about("Data sets").subcommand_required(true).arg_required_else_help(true).subcommand(fetch))
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

/// The experiment: the link's, then every flag that was given.
pub(super) fn experiment(arguments: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = match arguments.get_one::<String>("url") {
        Some(link) => Config::from_link(link)?,
        None => Config::default(),
    };
    for knob in KNOBS {
        if let Some(value) = arguments.get_one::<String>(knob.name) {
            config.set(knob.name, value).map_err(|error| ConfigError(format!("--{}: {error}", flag_name(knob))))?;
        }
    }
    config.check()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
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
