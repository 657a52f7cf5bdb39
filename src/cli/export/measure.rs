//! Milliseconds in onnxruntime, where a Python has it.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lacuna::export::ExportError;
use serde_json::{Value, json};

const SCRIPT: &str = include_str!("measure.py");
/// Names of Python, in the order in which they are tried.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// Least milliseconds of the processor for a run of a batch, on one thread: of the dense network and of the compact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timed {
    pub(super) batch: u64,
    pub(super) ms: [f64; 2],
}

/// What onnxruntime made of the two networks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) version: String,
    /// Of the dense network's and the compact one's logits to those of the masked network, as [`lacuna::export::difference`] has them.
    pub(super) differences: [f64; 2],
    pub(super) batches: Vec<Timed>,
}

/// Why nothing was measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum MeasureError {
    #[error(transparent)]
    NoFile(ExportError),
    #[error("there is no Python here")]
    NoPython,
    #[error("{} cannot be run: {words}", python.display())]
    NotRun { python: PathBuf, words: String },
    #[error("{} lacks onnxruntime ({words})", python.display())]
    NoRuntime { python: PathBuf, words: String },
    #[error("onnxruntime of {} failed: {words}", python.display())]
    Failed { python: PathBuf, words: String },
}

/// The networks as ONNX files, and rows on which they are compared.
pub(super) struct Request<'a> {
    pub(super) dense: &'a [u8],
    pub(super) compact: &'a [u8],
    /// `[features]` or `[channels, height, width]`
    pub(super) shape: &'a [u32],
    /// `[rows, I]`
    pub(super) rows: &'a [u8],
    /// `[rows, classes]`
    pub(super) logits: &'a [f64],
}

fn read(answer: &Value) -> Option<Measured> {
    let two = |value: &Value| Some([value[0].as_f64()?, value[1].as_f64()?]);
    let batches = answer["batches"].as_array()?.iter();
    Some(Measured {
        version: answer["version"].as_str()?.to_owned(),
        differences: two(&answer["differences"])?,
        batches: batches.map(|one| Some(Timed { batch: one["batch"].as_u64()?, ms: two(&one["ms"])? })).collect::<Option<_>>()?,
    })
}

fn ask(python: &Path, request: &Request<'_>) -> Result<Measured, MeasureError> {
    let not_run = |error: std::io::Error| MeasureError::NotRun { python: python.to_owned(), words: error.to_string() };
    let failed = |words: &str| MeasureError::Failed { python: python.to_owned(), words: words.trim().to_owned() };
    let floats = |values: &mut dyn Iterator<Item = f32>| values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
    let rows = floats(&mut request.rows.iter().map(|&byte| f32::from(byte)));
    let logits = floats(&mut request.logits.iter().map(|&logit| logit as f32));
    let parts = [request.dense, request.compact, &rows, &logits];
    let head = json!({"lengths": parts.map(<[u8]>::len), "shape": request.shape}).to_string();
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_run)?;
    if let Some(mut input) = child.stdin.take() {
        // The script reads all of it before it answers. If it has ended before, its last words say why.
        let all = [head.as_bytes(), b"\n"].into_iter().chain(parts);
        let _ended = all.into_iter().try_for_each(|part| input.write_all(part));
    }
    let output = child.wait_with_output().map_err(not_run)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let answer: Option<Value> = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    match answer {
        Some(answer) if answer["missing"].is_string() => {
            Err(MeasureError::NoRuntime { python: python.to_owned(), words: answer["missing"].as_str().unwrap_or_default().to_owned() })
        }
        Some(answer) => read(&answer).ok_or_else(|| failed("its answer cannot be read")),
        None => Err(failed(String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or("it said nothing"))),
    }
}

/// Times both networks in the onnxruntime of `python`, or of the first Python that is found and has it.
pub(super) fn measure(python: Option<&Path>, request: &Request<'_>) -> Result<Measured, MeasureError> {
    if let Some(python) = python {
        return ask(python, request);
    }
    let mut result = Err(MeasureError::NoPython);
    for name in PYTHONS {
        match ask(Path::new(name), request) {
            Ok(measured) => return Ok(measured),
            // The next one may have it, and the first that runs says what is missing.
            Err(error) if matches!(result, Err(MeasureError::NoPython)) && !is_absent(name, &error) => result = Err(error),
            Err(_) => {}
        }
    }
    result
}

/// Whether there is no program of that name.
fn is_absent(name: &str, error: &MeasureError) -> bool {
    matches!(error, MeasureError::NotRun { .. })
        && matches!(Command::new(name).arg("--version").output(), Err(error) if error.kind() == ErrorKind::NotFound)
}
