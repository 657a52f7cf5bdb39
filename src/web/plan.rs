//! The plan of a link, computed before any memory is allocated: the shape of the data, the network, and the memory of a run.

use wasm_bindgen::prelude::*;

use super::js::{Js, words};
use super::types::{Bytes, DatasetShape, Described, Filters, Group, Layer, Plan};
use super::user_data::{about_own, own, times_taken};
use crate::config::{Config, DatasetName, MethodName};
use crate::data::Dataset;
use crate::data::catalogue::{Known, known};
use crate::data::planted::{self, planted};
use crate::device::DeviceError;
use crate::engine::SLOTS;
use crate::model::{self, Model, Tensor};
use crate::trainer::{DataShape, pins_of, tensors_of};

/// The files of a link's data set; `None` if the data are made here.
///
/// # Errors
/// Only the terminal can read the set.
pub(super) fn files_of(config: &Config) -> Result<Option<&'static Known>, JsError> {
    let name = config.dataset.name();
    match config.dataset {
        DatasetName::Planted | DatasetName::Own => Ok(None),
        DatasetName::Mnist | DatasetName::FashionMnist | DatasetName::Cifar10 => known(name).map(Some).map_err(words),
        DatasetName::Cifar100 | DatasetName::Idx => {
            Err(JsError::new(&format!("this set is for the terminal: lacuna train --dataset {name} --data-dir DIR")))
        }
    }
}

/// The data set, if it needs no files of the server: planted data, or the visitor's own.
///
/// # Errors
/// The visitor's own data are not loaded.
pub(super) fn set_of(config: &Config) -> Result<Option<Dataset>, JsError> {
    match config.dataset {
        DatasetName::Planted => Ok(Some(planted(config.seed))),
        DatasetName::Own => Ok(Some(own()?.dataset(config.seed))),
        _ => Ok(None),
    }
}

/// Identifies the data of an experiment: two runs with the same key learn from the same rows.
pub(super) fn data_key(config: &Config) -> String {
    let name = config.dataset.name();
    match config.dataset {
        DatasetName::Planted => format!("{name} {}", config.seed),
        DatasetName::Own => format!("{name} {} {}", config.seed, times_taken()),
        _ => name.to_owned(),
    }
}

/// The shape of a link's data, without the data.
///
/// # Errors
/// The visitor's own data are not loaded.
pub(super) fn shape_of(config: &Config) -> Result<DataShape, JsError> {
    if config.dataset == DatasetName::Own {
        let own = own()?;
        let (train_rows, test_rows) = own.counts();
        return Ok(DataShape {
            train_rows,
            test_rows,
            inputs: own.channels * own.height * own.width,
            channels: own.channels,
            height: own.height,
            width: own.width,
            classes: own.classes.len() as u32,
            augment: false,
            // Computed later from the training rows, which depend on the seed. No shape depends on it.
            deviation: 1.0,
        });
    }
    let planted = DataShape {
        train_rows: planted::TRAIN_ROWS,
        test_rows: planted::TEST_ROWS,
        inputs: planted::INPUTS,
        channels: 1,
        height: 1,
        width: planted::INPUTS,
        classes: planted::CLASSES,
        augment: false,
        deviation: 1.0,
    };
    let read = |known| DataShape::of_known(known).ok_or_else(|| JsError::new("the shape of this data set is not known before it is read"));
    files_of(config)?.map_or(Ok(planted), read)
}

/// Bytes of the data on the device: the whole set, or the rows of a submit if the set is larger than a buffer.
fn data_bytes(data: &DataShape, batch_size: u32, most: u64) -> u64 {
    let features = u64::from(data.inputs);
    let all = u64::from(data.train_rows + data.test_rows);
    let rows = if all * features <= most { all } else { (most / features).min(u64::from(SLOTS * batch_size)) };
    rows * features + all + 4 * features
}

/// The first tensor, in the order of allocation, that is larger than `limit`.
fn too_large(tensors: Vec<Tensor>, batch_size: u32, limit: u64) -> Option<DeviceError> {
    let tensor = tensors.into_iter().find(|tensor| tensor.bytes(batch_size) > limit)?;
    Some(DeviceError::TooLarge { bytes: tensor.bytes(batch_size), what: tensor.name, limit })
}

/// The network and the memory of a run. `most` is the size of the device's largest buffer in bytes.
#[cold]
#[inline(never)]
pub(super) fn plan(model: &Model, data: &DataShape, config: &Config, most: u64) -> Plan {
    let group = |(index, group): (usize, &model::Group)| {
        let is_image = index == 0 && data.height > 1 && group.size == data.inputs;
        let map = model.maps.iter().find(|map| map.group == index).expect("every group has a map");
        Group {
            name: group.name.clone(),
            size: group.size,
            gated: group.gated,
            first_unit: group.first_unit,
            price: group.price,
            width: if is_image { data.width } else { 0 },
            height: if is_image { data.channels * data.height } else { 0 },
            channels: if is_image { data.channels } else { 0 },
            union_of: group.union_of.map(|[a, b]| (a as u32, b as u32)),
            map_width: map.width,
            map_height: map.height,
        }
    };
    let layer = |layer: &model::Layer| {
        let [from, to] = layer.groups.map(|group| group as u32);
        Layer { taps: layer.taps, extra: layer.extra.rows(), pixels: layer.pixels, from, to }
    };
    let first = &model.layers[0];
    let filters = Filters { group: first.groups[1] as u32, side: first.taps.isqrt(), channels: first.inputs, count: first.outputs };
    let bytes_of = |config: &Config| model::Bytes::of(&tensors_of(config, model, data.train_rows), config.batch_size);
    let (bytes, dense) = (bytes_of(config), bytes_of(&Config { method: MethodName::Dense, ..config.clone() }));
    Plan {
        model: model.name.clone(),
        batch_size: config.batch_size,
        units: model.units(),
        weights: model.weights(),
        multiply_adds: (model.multiply_adds(&model.sizes(), None).total() * u64::from(config.batch_size)) as f64,
        bytes: Bytes {
            data: data_bytes(data, config.batch_size, most) as f64,
            activations: bytes.activations as f64,
            weights: bytes.weights as f64,
            optimiser: bytes.optimiser as f64,
        },
        dense_bytes: dense.total() as f64,
        groups: model.groups.iter().enumerate().map(group).collect(),
        layers: model.layers.iter().map(layer).collect(),
        filters: (first.taps > 1).then_some(filters),
        dataset: DatasetShape {
            name: config.dataset.name().to_owned(),
            train: data.train_rows,
            test: data.test_rows,
            classes: data.classes,
            channels: data.channels,
            width: data.width,
            height: data.height,
            own: if config.dataset == DatasetName::Own { about_own() } else { None },
        },
    }
}

/// The size of the largest buffer in bytes, if it does not depend on the adapter.
#[must_use]
#[wasm_bindgen]
pub fn most_bytes() -> Option<f64> {
    #[cfg(feature = "cpu")]
    let most = Some(crate::device::CPU_BUFFER_LIMIT as f64);
    #[cfg(not(feature = "cpu"))]
    let most = None;
    most
}

/// The network of a link and the memory of its run. No GPU is used. `most_bytes` is the size of the device's largest buffer, if it is known. If a
/// tensor is larger, `refused` is the message.
///
/// # Errors
/// The link cannot be read, or the network does not fit the data set.
#[wasm_bindgen]
pub fn describe(query: &str, most_bytes: Option<f64>) -> Result<Js<Described>, JsError> {
    let config = Config::from_link(query).map_err(words)?;
    let data = shape_of(&config)?;
    let model = config.network(data.image(), data.classes).map_err(words)?;
    pins_of(&config, &model).map_err(words)?;
    let limit = most_bytes.map_or(u64::MAX, |bytes| bytes as u64);
    let tensors = tensors_of(&config, &model, data.train_rows);
    let refused = too_large(tensors, config.batch_size, limit).map(|error| error.to_string());
    Ok(Js::of(&Described { plan: plan(&model, &data, &config, limit), refused }))
}
