//! `lacuna export`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, value_parser};

use super::super::error::ArgumentError;
use super::settings::{DATASET, flag_of};
use super::train::is_same;
use super::{DataArguments, optional, path, required, switch};

/// The kind of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Onnx,
    Safetensors,
}

impl Format {
    const ALL: [Self; 2] = [Self::Onnx, Self::Safetensors];

    /// Its name for `--format`, and the ending of its files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }

    fn of_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| ending == OsStr::new(format.name()))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Export {
    pub(crate) file: PathBuf,
    pub(crate) to: PathBuf,
    /// Where the dense masked network is written.
    pub(crate) dense: Option<PathBuf>,
    pub(crate) format: Format,
    /// Whether normalisations are folded into convolutions.
    pub(crate) fold: bool,
    /// Units of each layer are a multiple of this number.
    pub(crate) multiple: u32,
    /// Whether a run that has not ended is exported too.
    pub(crate) unfinished: bool,
    /// Whether existing files are replaced.
    pub(crate) replace: bool,
    /// The Python that has onnxruntime.
    pub(crate) python: Option<PathBuf>,
    pub(crate) data: DataArguments,
}

/// The file beside the run's: `run.safetensors.gz` gives `run.compact.onnx`.
fn beside(run: &Path, format: Format) -> PathBuf {
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = [".gz", ".safetensors"].into_iter().fold(name.as_str(), |name, ending| name.strip_suffix(ending).unwrap_or(name));
    run.with_file_name(format!("{stem}.compact.{}", format.name()))
}

impl Export {
    pub(super) fn command() -> clap::Command {
        clap::Command::new("export")
            .about("Write the network of a saved run for other programs, without the units that are off")
            .after_help(
                "Two kinds of files: ONNX, and safetensors with the names and the layout of PyTorch. docs/export.md has the Python that loads them, \
                 and what the network takes and gives.\n\n\
                 The command compares the outputs with those of the masked network, and prints bytes, multiply-adds and, where a Python has \
                 onnxruntime, milliseconds of the dense network and of the one without the units.",
            )
            .arg(
                Arg::new("file")
                    .value_name("RUN")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help("A saved run: .safetensors, or .safetensors.gz."),
            )
            .arg(path("to", "FILE", "The file to write; its ending decides the format. [default: RUN with the ending .compact.onnx]"))
            .arg(
                Arg::new("format")
                    .long("format")
                    .value_name("NAME")
                    .value_parser(PossibleValuesParser::new(Format::ALL.map(Format::name)))
                    .help("The format, if there is no --to FILE that ends in it. [default: onnx]"),
            )
            .arg(switch("fold", "Fold each normalisation that follows a convolution into its weights."))
            .arg(
                Arg::new("multiple")
                    .long("multiple")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(1..=64))
                    .default_value("1")
                    .help("Add units with weights of 0 until their number in each layer is a multiple of N: with 8 or 16 some programs compute convolutions faster."),
            )
            .arg(path("dense", "FILE", "Also write the dense network: all units, with weights of 0 where the mask is 0."))
            .arg(switch("unfinished", "Export a run that has not reached its last step."))
            .arg(switch("replace", "Replace existing files."))
            .arg(path("python", "PATH", "The Python whose onnxruntime measures milliseconds. [default: python3 or python]"))
            .arg(flag_of(DATASET).value_name("PATH").help("For a run on your own data: where the data is. The outputs are then compared on its rows, and the file has the names of the classes."))
            .args(DataArguments::flags())
    }

    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        let named = optional::<String>(matches, "format").and_then(|name| Format::ALL.into_iter().find(|format| format.name() == name));
        let file: PathBuf = required(matches, "file");
        let to: Option<PathBuf> = optional(matches, "to");
        let ending = to.as_deref().and_then(Format::of_ending);
        let format = match (&to, named, ending) {
            (Some(path), Some(named), Some(ending)) if named != ending => {
                return Err(ArgumentError::OtherEnding { path: path.clone(), format: named.name() });
            }
            (Some(path), None, None) => return Err(ArgumentError::NoEnding { path: path.clone() }),
            (_, named, ending) => named.or(ending).unwrap_or(Format::Onnx),
        };
        let to = to.unwrap_or_else(|| beside(&file, format));
        let dense: Option<PathBuf> = optional(matches, "dense");
        if let Some(path) = dense.clone().filter(|path| Format::of_ending(path).is_some_and(|ending| ending != format)) {
            return Err(ArgumentError::OtherEnding { path, format: format.name() });
        }
        let files = [Some(("to", &to)), dense.as_ref().map(|path| ("dense", path))];
        for (flag, path) in files.into_iter().flatten() {
            if is_same(path, &file) {
                return Err(ArgumentError::IsRun { path: path.clone(), flag });
            }
        }
        if let Some(path) = dense.clone().filter(|path| is_same(path, &to)) {
            return Err(ArgumentError::SamePath { path, flag: "dense", other: "to" });
        }
        Ok(Self {
            file,
            to,
            dense,
            format,
            fold: matches.get_flag("fold"),
            multiple: required(matches, "multiple"),
            unfinished: matches.get_flag("unfinished"),
            replace: matches.get_flag("replace"),
            python: optional(matches, "python"),
            data: DataArguments::from_matches(matches),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::super::tests::read;
    use super::*;

    fn export(words: &[&str]) -> Result<Export, ArgumentError> {
        read(&[&["export", "a/run.safetensors.gz"], words].concat()).map(|command| match command {
            Command::Export(export) => export,
            other => panic!("unexpected: {other:?}"),
        })
    }

    #[test]
    fn the_format_is_that_of_the_flag_or_of_the_ending() {
        let found = |words: &[&str]| export(words).map(|export| (export.format, export.to)).unwrap();
        assert_eq!(found(&[]), (Format::Onnx, "a/run.compact.onnx".into()));
        assert_eq!(found(&["--format", "safetensors"]), (Format::Safetensors, "a/run.compact.safetensors".into()));
        assert_eq!(found(&["--to", "b.safetensors"]), (Format::Safetensors, "b.safetensors".into()));
        assert_eq!(found(&["--to", "b.ONNX"]), (Format::Onnx, "b.ONNX".into()));
        assert_eq!(found(&["--to", "b", "--format", "onnx"]), (Format::Onnx, "b".into()));
    }

    #[test]
    fn no_file_has_the_wrong_ending_or_is_written_over_another() {
        let refused = |words: &[&str]| export(words).map(drop).unwrap_err().to_string();
        assert_eq!(refused(&["--to", "b.pt"]), "b.pt ends neither in .onnx nor in .safetensors: rename it, or give --format");
        assert_eq!(
            refused(&["--to", "b.onnx", "--format", "safetensors"]),
            "b.onnx is to hold safetensors: give it the ending .safetensors"
        );
        assert!(refused(&["--dense", "b.safetensors"]).contains("ending .onnx"));
        assert!(refused(&["--to", "a.onnx", "--dense", "a.onnx"]).contains("would overwrite"));
        assert_eq!(
            refused(&["--to", "a/run.safetensors.gz", "--format", "onnx"]),
            "--to a/run.safetensors.gz is the run itself: give another path"
        );
    }
}
