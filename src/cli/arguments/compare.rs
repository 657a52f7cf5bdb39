//! `lacuna compare`: trains several methods under the same settings.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};

use super::super::error::ArgumentError;
use super::{Experiment, adapter, optional, path, required, switch};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compare {
    pub(crate) experiment: Experiment,
    /// Names of entrants, each once.
    pub(crate) methods: Vec<String>,
    /// How many seeds, from the experiment's seed on.
    pub(crate) seeds: u32,
    /// Whether each entrant has the settings that were tuned for it.
    pub(crate) presets: bool,
    /// Whether to search for each method's settings instead.
    pub(crate) search: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) adapter: Option<String>,
}

impl Compare {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("compare")
            .about("Train several methods under the same settings and compare accuracy, work and time")
            .after_help(
                "Is it really faster, and against what?\n  lacuna compare --methods dense,small-dense,static,vrpge --seeds 3 --gate-inputs --keep-ratio 0.1\n\n\
                 Every method trains with every seed, one after another, under the same settings, except for a few that were tuned for each method \
                 (see --plain). A finished run is saved in --out and not run again. The run in progress is saved there after each evaluation. The same \
                 command continues an interrupted comparison, from within that run too. --out also gets results.csv, results.json, and report.html, a self-contained page.\n\n\
                 Variants of methods:\n  \
                 vrpge-paper         vrpge as the paper has it: no control variate, no filled budget, all units at the start\n  \
                 vrpge-one-sided     vrpge with --estimator one-sided\n  \
                 static-allocated    a random mask with as many units of each group as vrpge ended with\n  \
                 small-dense-final   a dense network; a step takes the multiply-adds of one of vrpge's last steps\n  \
                 small-dense-fisher  a dense network; its run takes the multiply-adds of a run of fisher\n  \
                 small-dense-static  a dense network; its run takes the multiply-adds of a run of static\n\
                 vrpge is VR-PGE, the variance-reduced policy gradient estimator.\n\n\
                 --search tries twelve settings of each method: four learning rates by three values of one other setting. The rest of its presets stays. \
                 It trains on five sixths of the training rows, tests on the held-out last sixth, and prints the winners by the mean over two problems, \
                 inputs gated and hidden units only. --gate-inputs takes one of the two.",
            )
            .args(Experiment::flags(|setting| setting.name != "method"))
            .arg(
                Arg::new("methods")
                    .long("methods")
                    .value_name("NAME,NAME,...")
                    .value_delimiter(',')
                    .default_value("dense,small-dense,static,vrpge")
                    .help(
                        "The methods, each once: those of train's --method, and the variants that are listed below.",
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
            .arg(path("out", "DIR", "The folder for runs and results. [default: a folder of compare/ named after network and settings]"))
            .arg(switch("plain", "The same settings for all, without the presets that were tuned for each method."))
            .arg(
                switch("search", "Search for each method's best settings instead, with as many runs for each, on held-out training rows.")
                    .conflicts_with_all(["plain", "seeds"]),
            )
            .arg(adapter())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        Ok(Self {
            experiment: Experiment::from_matches(matches)?,
            methods: matches.get_many("methods").expect("it has a default").cloned().collect(),
            seeds: required(matches, "seeds"),
            presets: !matches.get_flag("plain"),
            search: matches.get_flag("search"),
            out: optional(matches, "out"),
            adapter: optional(matches, "adapter"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::super::tests::read;

    #[test]
    fn methods_are_named_with_commas_between_them() {
        let Ok(Command::Compare(found)) = read(&["compare", "--methods", "set,rigl", "--plain", "--seeds", "2"]) else {
            panic!("not a comparison")
        };
        assert_eq!(
            (&found.methods[..], found.seeds, found.presets, found.search),
            (&["set".to_owned(), "rigl".to_owned()][..], 2, false, false)
        );
    }
}
