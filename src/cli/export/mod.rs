//! `lacuna export`.

mod measure;

use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table};

use lacuna::config::DatasetName;
use lacuna::data::Dataset;
use lacuna::device::Machine;
use lacuna::export::{About, ExportError, Extent, Network, difference, masked_logits, onnx, torch};
use lacuna::random::{Stream, Threefry};
use lacuna::run_file::RunFile;
use lacuna::trainer::{Centring, DataShape};

use super::arguments::{DatasetFlag, Export, Format};
use super::data::{class_names, load_again_with_names};
use super::files::write_whole;
use super::format::{grouped, size};
use super::record::{fits, read};
use super::{CliError, milliseconds, say};
use measure::{MeasureError, Measured, Request, measure};

/// The largest difference of the exported network's outputs to the masked network's.
const TOLERANCE: f64 = 1e-5;
/// Multiply-adds that the comparison may take, about, and its rows.
const MOST_WORK: u64 = 400_000_000;
const MOST_ROWS: u64 = 64;

/// The data of a run, as far as it is here.
struct Data {
    set: Option<Dataset>,
    classes: Option<Vec<String>>,
    /// Why there is no set.
    why: String,
}

/// The data of the run. Data that are not here are no error, unless the user named them.
fn data_of(arguments: &Export, saved: &RunFile) -> Result<Data, CliError> {
    let is_own = saved.config.dataset == DatasetName::Own;
    if is_own && arguments.data.dataset.is_none() {
        let why = "the run is of your own data, and --dataset PATH was not given".to_owned();
        return Ok(Data { set: None, classes: None, why });
    }
    match load_again_with_names(&arguments.data, &saved.config) {
        Ok((set, classes)) => {
            fits(saved, &set, &DataShape::of(&set))?;
            Ok(Data { set: Some(set), classes, why: String::new() })
        }
        Err(CliError::Data(error)) if !matches!(arguments.data.dataset, Some(DatasetFlag::Path(_))) => {
            Ok(Data { set: None, classes: class_names(saved.config.dataset), why: error.to_string() })
        }
        Err(error) => Err(error),
    }
}

/// `[count, I]` bytes: test rows evenly spread, or random ones.
fn rows_of(data: &Data, features: u32, count: u32) -> Vec<u8> {
    let features = features as usize;
    if let Some(test) = data.set.as_ref().map(|set| &set.test).filter(|test| !test.is_empty()) {
        let rows = (0..u64::from(count)).map(|row| (row * u64::from(test.len()) / u64::from(count)) as usize);
        return rows.flat_map(|row| test.inputs[row * features..][..features].to_vec()).collect();
    }
    let mut random = Threefry::new(0, Stream::Data, 0);
    (0..features * count as usize).map(|_| (random.unit_interval() * 256.0) as u8).collect()
}

fn encode(format: Format, network: &Network, about: &About) -> Result<Vec<u8>, ExportError> {
    match format {
        Format::Onnx => onnx::to_bytes(network, about),
        Format::Safetensors => torch::to_bytes(network, about),
    }
}

/// Refuses a file that is there, before anything is computed.
fn check_free(path: &Path, replace: bool) -> Result<(), CliError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !replace || !found.is_file() => Err(CliError::Exists { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Dense over compact.
fn times(dense: f64, compact: f64) -> String {
    let ratio = dense / compact;
    if ratio < 9.95 { format!("{ratio:.1} ×") } else { format!("{ratio:.0} ×") }
}

fn table(bytes: [u64; 2], about: &About, measured: Option<&Measured>) -> Table {
    let mut table = Table::new();
    table.load_style(super::model::STYLE);
    table.set_header(["", "dense", "compact", "dense / compact"]);
    let mut add = |what: String, [dense, compact]: [String; 2], ratio: String| {
        table.add_row([what, dense, compact, ratio]);
    };
    add("bytes".to_owned(), bytes.map(size), times(bytes[0] as f64, bytes[1] as f64));
    let work = about.multiply_adds;
    add("multiply-adds of an image".to_owned(), work.map(grouped), times(work[0] as f64, work[1] as f64));
    for batch in measured.iter().flat_map(|measured| &measured.batches) {
        let what = format!("ms of a batch of {}, one thread", batch.batch);
        add(what, batch.ms.map(|ms| format!("{ms:.3}")), times(batch.ms[0], batch.ms[1]));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

pub(super) fn run(arguments: &Export) -> Result<(), CliError> {
    for path in [Some(&arguments.to), arguments.dense.as_ref()].into_iter().flatten() {
        check_free(path, arguments.replace)?;
    }
    let saved = read(&arguments.file)?;
    let refuse = |error| CliError::NoExport { path: arguments.file.clone(), error };
    if saved.state.is_none() {
        return Err(refuse(ExportError::Recording));
    }
    if saved.step < saved.steps && !arguments.unfinished {
        return Err(refuse(ExportError::Unfinished { step: saved.step, steps: saved.steps }));
    }
    let data = data_of(arguments, &saved)?;
    let centring = saved.centring.clone().or_else(|| data.set.as_ref().map(Centring::of)).ok_or(refuse(ExportError::NoCentring))?;
    let network = |extent| -> Result<Network, CliError> {
        let network = Network::of(&saved, extent, &centring).map_err(refuse)?;
        Ok(if arguments.fold { network.folded() } else { network })
    };
    let extent = Extent::Kept { multiple: arguments.multiple };
    let (dense, compact) = (network(Extent::Whole)?, network(extent)?);
    let about = About::of(&saved, extent, data.classes.clone(), arguments.fold).map_err(refuse)?;

    let count = (MOST_WORK / about.multiply_adds[1].max(1)).clamp(1, MOST_ROWS) as u32;
    let rows = rows_of(&data, saved.dataset.image.features(), count);
    let expected = pollster::block_on(masked_logits(&Machine::of_cpu(milliseconds), &saved, &centring, &rows)).map_err(refuse)?;
    let differs = difference(&compact.logits(&rows), &expected);
    if differs.is_nan() || differs > TOLERANCE {
        return Err(CliError::ExportDiffers { difference: differs });
    }

    let (dense_file, compact_file) =
        (encode(arguments.format, &dense, &about).map_err(refuse)?, encode(arguments.format, &compact, &about).map_err(refuse)?);
    write_whole(&arguments.to, &compact_file)?;
    if let Some(path) = &arguments.dense {
        write_whole(path, &dense_file)?;
    }
    let kept = about.kept.iter().map(|(name, kept, all)| format!("{name} {kept}/{all}")).collect::<Vec<_>>().join(", ");
    say(format_args!("{}: {}, step {} of {}, {kept}", arguments.to.display(), compact.name, saved.step, saved.steps));
    let of_rows = if data.set.is_some() {
        format!("{count} test rows of {}", saved.dataset.name)
    } else {
        format!("{count} random rows, since {}", data.why)
    };
    say(format_args!("outputs equal those of the masked network within {differs:.1e} of the largest, on {of_rows}"));
    let input = compact.input.clone();
    let time = |dense: &[u8], compact: &[u8]| {
        measure(arguments.python.as_deref(), &Request { dense, compact, shape: &input, rows: &rows, logits: &expected })
    };
    let measured = match arguments.format {
        Format::Onnx => time(&dense_file, &compact_file),
        Format::Safetensors => match [&dense, &compact].map(|network| onnx::to_bytes(network, &about)) {
            [Ok(dense), Ok(compact)] => time(&dense, &compact),
            [Err(error), _] | [_, Err(error)] => Err(MeasureError::NoFile(error)),
        },
    };
    if let Ok(Measured { version, differences, .. }) = &measured {
        let [dense, compact] = differences;
        say(format_args!(
            "outputs of onnxruntime {version} equal them within {compact:.1e}, those of the dense network within {dense:.1e}"
        ));
    }
    say(table([&dense_file, &compact_file].map(|file| file.len() as u64), &about, measured.as_ref().ok()));
    if let Err(error) = &measured {
        say(format_args!(
            "milliseconds were not measured: {error}; pip install onnxruntime, and give --python PATH if it is another Python"
        ));
    }
    Ok(())
}
