//! `--sweep` of `lacuna bench`: which steps are timed over which quantity.

use std::path::PathBuf;

use lacuna::config::ConfigError;
use lacuna::model::Model;

use super::super::error::ArgumentError;

/// The keep ratio of the sweeps of other sizes, if `--keep-ratio` is not given.
const KEEP_RATIO: f64 = 0.1;

/// What changes from point to point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sweep {
    KeepRatio,
    Width,
    Depth,
    Batch,
}

impl Sweep {
    pub(crate) const ALL: [Self; 4] = [Self::KeepRatio, Self::Width, Self::Depth, Self::Batch];

    /// Its name in the flag and in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KeepRatio => "keep-ratio",
            Self::Width => "width",
            Self::Depth => "depth",
            Self::Batch => "batch",
        }
    }

    /// Its name in a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::KeepRatio => "keep ratio",
            Self::Width => "width",
            Self::Depth => "depth",
            Self::Batch => "batch size",
        }
    }

    /// Whether networks of this form have the size that changes.
    fn is_of(self, model: &str) -> Result<bool, ArgumentError> {
        let sizes = match self {
            Self::KeepRatio | Self::Batch => return Ok(true),
            Self::Width => Model::of_widths(model, &[1.0]),
            Self::Depth => Model::of_depths(model),
        };
        Ok(!sizes.map_err(ConfigError::from)?.is_empty())
    }
}

/// The value of `--sweep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Those that the network has.
    All,
    These(Vec<Sweep>),
}

impl Named {
    /// Reads names with commas between them; `all` names all.
    ///
    /// # Errors
    /// A name of no sweep, or a name twice.
    pub(crate) fn read(text: &str) -> Result<Self, SweepError> {
        if text == "all" {
            return Ok(Self::All);
        }
        let mut sweeps = Vec::new();
        for name in text.split(',') {
            let found = Sweep::ALL.into_iter().find(|sweep| sweep.name() == name);
            let sweep = found.ok_or_else(|| SweepError::Unknown { name: name.to_owned() })?;
            if sweeps.contains(&sweep) {
                return Err(SweepError::Twice { sweep });
            }
            sweeps.push(sweep);
        }
        sweeps.sort_unstable();
        Ok(Self::These(sweeps))
    }
}

/// The sweeps that the arguments ask for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// At least one, in the order of [`Sweep::ALL`].
    pub(crate) sweeps: Vec<Sweep>,
    /// The keep ratio of the sweeps of other sizes.
    pub(crate) keep_ratio: f64,
    /// The folder for the results.
    pub(crate) out: Option<PathBuf>,
}

impl Request {
    /// `given`: the keep ratios of `--keep-ratio`, if it was given.
    ///
    /// # Errors
    /// Flags that contradict each other, or a sweep of a size that the network does not have.
    pub(crate) fn new(named: Named, model: &str, given: Option<&[f64]>, out: Option<PathBuf>) -> Result<Self, ArgumentError> {
        let sweeps = match named {
            Named::All => {
                let mut sweeps = Vec::new();
                for sweep in Sweep::ALL {
                    if sweep.is_of(model)? {
                        sweeps.push(sweep);
                    }
                }
                sweeps
            }
            Named::These(sweeps) => {
                for &sweep in &sweeps {
                    if !sweep.is_of(model)? {
                        return Err(SweepError::OneSize { sweep, model: model.to_owned() }.into());
                    }
                }
                sweeps
            }
        };
        let other = sweeps.iter().copied().find(|sweep| *sweep != Sweep::KeepRatio);
        let keep_ratio = match (sweeps.contains(&Sweep::KeepRatio), other, given) {
            (_, _, None) => KEEP_RATIO,
            (true, Some(other), Some(_)) => return Err(SweepError::KeepRatioForBoth { other }.into()),
            (true, None, Some(given)) if given.len() < 2 => return Err(SweepError::OneKeepRatio.into()),
            (false, Some(other), Some(given)) if given.len() > 1 => {
                return Err(SweepError::SeveralKeepRatios { other, count: given.len() }.into());
            }
            (_, _, Some(given)) => given[0],
        };
        Ok(Self { sweeps, keep_ratio, out })
    }
}

/// Why a sweep is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SweepError {
    #[error("there is no sweep \"{name}\"; the sweeps are {}", Sweep::ALL.map(Sweep::name).join(", "))]
    Unknown { name: String },
    #[error("it names {} twice", sweep.name())]
    Twice { sweep: Sweep },
    #[error(
        "--sweep {}: the {} of {model} {} fixed: choose an mlp, cnn or wrn network, or another sweep",
        sweep.name(),
        if *sweep == Sweep::Width { "widths" } else { "depth" },
        if *sweep == Sweep::Width { "are" } else { "is" }
    )]
    OneSize { sweep: Sweep, model: String },
    #[error("--sweep keep-ratio needs at least two keep ratios: name more with --keep-ratio, or leave it out")]
    OneKeepRatio,
    #[error("--sweep {} has one keep ratio, and --keep-ratio gives {count}: name one of them", other.name())]
    SeveralKeepRatios { other: Sweep, count: usize },
    #[error(
        "--keep-ratio would be both the points of --sweep keep-ratio and the one keep ratio of --sweep {}: leave it out, or make these sweeps one after the \
         other",
        other.name()
    )]
    KeepRatioForBoth { other: Sweep },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str, named: &str, given: Option<&[f64]>) -> Result<Request, String> {
        let named = Named::read(named).map_err(|error| error.to_string())?;
        Request::new(named, model, given, None).map_err(|error| error.to_string())
    }

    #[test]
    fn sweeps_are_read_and_contradictions_are_refused_in_words() {
        let sweeps = |model, named| request(model, named, None).map(|request| request.sweeps);
        assert_eq!(sweeps("mlp-8", "batch,width"), Ok(vec![Sweep::Width, Sweep::Batch]));
        assert_eq!(sweeps("mlp-8", "all"), Ok(Sweep::ALL.to_vec()));
        assert_eq!(sweeps("vgg16", "all"), Ok(vec![Sweep::KeepRatio, Sweep::Batch]), "it has one width and one depth");
        let refused = |model, named, given: Option<&[f64]>, words: &str| {
            let message = request(model, named, given).unwrap_err();
            assert!(message.contains(words), "{words:?} is not in {message:?}");
        };
        refused("mlp-8", "height", None, "there is no sweep \"height\"; the sweeps are keep-ratio, width, depth, batch");
        refused("mlp-8", "width,width", None, "names width twice");
        refused("vgg16", "width", None, "--sweep width: the widths of vgg16 are fixed");
        refused("vgg16", "depth", None, "--sweep depth: the depth of vgg16 is fixed");
        refused("mlp-8", "width", Some(&[0.1, 0.2]), "--sweep width has one keep ratio, and --keep-ratio gives 2");
        refused("mlp-8", "keep-ratio", Some(&[0.1]), "at least two keep ratios");
        refused(
            "mlp-8",
            "keep-ratio,batch",
            Some(&[0.1, 0.2]),
            "both the points of --sweep keep-ratio and the one keep ratio of --sweep batch",
        );
        assert_eq!(request("mlp-8", "width", Some(&[0.3])).unwrap().keep_ratio, 0.3);
    }
}
