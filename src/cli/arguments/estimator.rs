//! `lacuna estimator`: measures estimators of the structure gradient.

use clap::{Arg, ArgMatches, value_parser};

use super::super::error::ArgumentError;
use super::{Experiment, adapter, json, optional, required, switch};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Estimator {
    pub(crate) measured: Measured,
    pub(crate) json: bool,
    pub(crate) adapter: Option<String>,
}

/// The network on which the estimators are measured, and over how many pairs of masks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measured {
    /// The network of an experiment after some steps.
    Network { experiment: Box<Experiment>, after_steps: u32, pairs: u32 },
    /// A small network that this program defines, as one score goes to 0; so many pairs for each row of the table.
    Table { pairs: u32 },
}

/// The default number of pairs of masks.
const PAIRS: u32 = 4000;
const PAIRS_A_ROW: u32 = 20_000;

impl Estimator {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("estimator")
            .about("Measure bias, variance and direction of every estimator of the structure gradient on a frozen network")
            .after_help(
                "Trains --after-steps steps of the experiment, then freezes it and draws pairs of masks. Every estimator at \
                 every alpha is computed from the same pairs and compared with the true gradient. That is computed from all masks if at most 14 \
                 units are undecided, all on one mini-batch, otherwise from other masks, with a standard error, on up to 32 mini-batches in turn. \
                 \"two-sided, c\" has the run's running effects as its control variate. \"first order\" and \"second order\" are G and G - F/2 of the \
                 kept units, from a sparse backward pass; both are biased. one-sided is the paper's VR-PGE, the variance-reduced \
                 policy gradient estimator; two-sided, the default, is its mean over both orders of a pair.\n\n\
                 With few units all is exact. This example runs in seconds:\n  lacuna estimator --dataset planted --model mlp-12 --keep-ratio 0.5\n\n\
                 Why alpha 1/2 is the default:\n  lacuna estimator --table",
            )
            .args(Experiment::flags(|_| true))
            .arg(
                Arg::new("after-steps")
                    .long("after-steps")
                    .value_name("N")
                    .value_parser(value_parser!(u32))
                    .default_value("100")
                    .help("Training steps before the network is frozen."),
            )
            .arg(
                Arg::new("pairs")
                    .long("pairs")
                    .value_name("P")
                    .value_parser(value_parser!(u32).range(100..=10_000_000))
                    .help(format!("Pairs of masks; with --table, for each row. [default: {PAIRS}, with --table {PAIRS_A_ROW}]")),
            )
            .arg(switch("table", "Instead measure the variance of one unit's gradient as its score goes to 0, on a small frozen network."))
            .arg(json("Print one JSON object instead of tables."))
            .arg(adapter())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let pairs: Option<u32> = optional(matches, "pairs");
        let measured = if matches.get_flag("table") {
            Measured::Table { pairs: pairs.unwrap_or(PAIRS_A_ROW) }
        } else {
            Measured::Network {
                experiment: Box::new(Experiment::from_matches(matches)?),
                after_steps: required(matches, "after-steps"),
                pairs: pairs.unwrap_or(PAIRS),
            }
        };
        Ok(Self { measured, json: matches.get_flag("json"), adapter: optional(matches, "adapter") })
    }
}
