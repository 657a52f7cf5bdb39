//! The memory that the runs of a command need: printed, and refused if it is not available, before anything is allocated.

use std::fs;

use lacuna::config::Config;
use lacuna::device::{Adapter, DeviceError, Machine};
use lacuna::model::{Bytes, Model, Tensor};
use lacuna::trainer::{holds_copy, tensors_of};

use super::format::size;

/// The memory that the runs of a network and its data set need.
#[derive(Clone, Debug)]
pub(super) struct Need {
    name: String,
    batch_size: u32,
    /// Of all runs that are in memory at once.
    tensors: Vec<Tensor>,
    /// The number of these runs.
    runs: usize,
    /// The method that needs a copy of the network.
    asks: Option<&'static str>,
    pub(super) data_set: u64,
    /// Whether the data set stays in the memory of the program and is sent batch by batch: the engine does so if no buffer can hold it.
    pub(super) streamed: bool,
    /// The largest buffer of the adapter.
    pub(super) buffer_limit: u64,
}

impl Need {
    /// For runs of these experiments at once, all of one network and one batch size, on so many training and test rows.
    pub(super) fn new(machine: &Machine, model: &Model, runs: &[&Config], train_rows: u32, test_rows: u32) -> Self {
        let buffer_limit = machine.buffer_limit();
        let data_set = u64::from(train_rows + test_rows) * u64::from(model.image.features());
        let streamed = data_set.next_multiple_of(16) > buffer_limit;
        Self {
            name: model.name.clone(),
            batch_size: runs[0].batch_size,
            tensors: runs.iter().flat_map(|config| tensors_of(config, model, train_rows)).collect(),
            runs: runs.len(),
            asks: runs.iter().find(|config| holds_copy(config, train_rows)).map(|config| config.method.name()),
            data_set,
            streamed,
            buffer_limit,
        }
    }

    pub(super) fn network(&self) -> Bytes {
        Bytes::of(&self.tensors, self.batch_size)
    }

    /// The needed memory as one line.
    pub(super) fn words(&self) -> String {
        let network = self.network();
        let Bytes { weights, activations, optimiser } = network;
        let set = size(self.data_set);
        let data_set = if self.streamed {
            format!("the data set ({set}) is streamed, since the largest buffer of this adapter holds {}", size(self.buffer_limit))
        } else {
            format!("the data set takes {set} more")
        };
        let takes = self.asks.map_or_else(|| "takes".to_owned(), |method| format!("and the copy with which {method} ranks units take"));
        format!(
            "on the device the network {takes} {} (weights {}, activations {}, optimiser {}); {data_set}",
            size(network.total()),
            size(weights),
            size(activations),
            size(optimiser)
        )
    }

    /// The sum of all.
    fn total(&self) -> u64 {
        self.network().total() + if self.streamed { 0 } else { self.data_set }
    }

    /// Refuses what cannot be allocated.
    pub(super) fn check(&self, adapter: &Adapter) -> Result<(), MemoryError> {
        self.check_with(adapter, free_memory())
    }

    /// Refuses a tensor that is larger than the largest buffer of the adapter or, if the adapter computes in the memory of this machine, more memory
    /// than is `free`. The memory of a separate GPU is not known before it is allocated.
    fn check_with(&self, adapter: &Adapter, free: Option<u64>) -> Result<(), MemoryError> {
        let fits = |batch: u32| self.tensors.iter().all(|tensor| tensor.bytes(batch) <= self.buffer_limit);
        if !fits(self.batch_size) {
            // First the tensors that are too large for any batch size.
            let fixed = self.tensors.iter().find(|tensor| tensor.bytes(0) > self.buffer_limit);
            let largest = || self.tensors.iter().max_by_key(|tensor| tensor.bytes(self.batch_size));
            let tensor = fixed.or_else(largest).expect("one of them does not fit");
            return Err(MemoryError::TensorTooLarge {
                model: self.name.clone(),
                tensor: tensor.name.clone(),
                bytes: tensor.bytes(self.batch_size),
                batch_size: self.batch_size,
                adapter: adapter.name.clone(),
                limit: self.buffer_limit,
                fitting: (1..self.batch_size).rev().find(|&batch| fits(batch)),
            });
        }
        match free.filter(|&free| adapter.software && self.total() > free) {
            None => Ok(()),
            Some(free) => Err(MemoryError::TooLittle {
                networks: self.runs,
                model: self.name.clone(),
                bytes: self.total(),
                batch_size: self.batch_size,
                adapter: adapter.name.clone(),
                free,
            }),
        }
    }

    /// Refuses a network that the GPU could not allocate, with any other error of the device during the allocation.
    pub(super) fn check_allocated(&self, machine: &Machine) -> Result<(), MemoryError> {
        machine.check().map_err(|error| MemoryError::NotAllocated {
            model: self.name.clone(),
            bytes: self.total(),
            batch_size: self.batch_size,
            error,
        })
    }
}

/// Why a network cannot be allocated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MemoryError {
    /// `fitting`: the largest batch size with which every tensor fits.
    #[error(
        "{model}: {tensor} take {} in batches of {batch_size}, but the largest buffer of {adapter} holds {}: {}, or another adapter",
        size(*bytes),
        size(*limit),
        match fitting {
            Some(batch) => format!("choose --batch-size {batch} or less, a narrower network"),
            None => "choose a narrower network (no batch is small enough)".to_owned(),
        }
    )]
    TensorTooLarge { model: String, tensor: String, bytes: u64, batch_size: u32, adapter: String, limit: u64, fitting: Option<u32> },
    #[error(
        "{}{model} and the data take {} in batches of {batch_size}, but {adapter} computes in this machine's memory, and {} of it are free: choose a \
         smaller --batch-size, a narrower network, or another adapter",
        if *networks == 1 { String::new() } else { format!("{networks} networks of ") },
        size(*bytes),
        size(*free)
    )]
    TooLittle { networks: usize, model: String, bytes: u64, batch_size: u32, adapter: String, free: u64 },
    #[error(
        "{model}: {} in batches of {batch_size} could not be allocated: {error}. If the adapter's memory is too small, choose a smaller \
         --batch-size or a narrower network",
        size(*bytes)
    )]
    NotAllocated { model: String, bytes: u64, batch_size: u32, error: DeviceError },
}

/// Bytes of memory that this program can still allocate: what the system says is available, and no more than a control group allows. `None` if the
/// system does not say.
pub(super) fn free_memory() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/cgroup").map(|text| group_limits(&text)).unwrap_or_default();
    fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available).into_iter().chain(limits).min()
}

/// The memory that `/proc/meminfo` says is available to new programs, and the free swap.
fn available(meminfo: &str) -> Option<u64> {
    let kib = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((kib("MemAvailable")? + kib("SwapFree").unwrap_or(0)) * 1024)
}

/// The limits of a control group and its parents; `text` is the content of `/proc/self/cgroup`.
fn group_limits(text: &str) -> Vec<u64> {
    let Some(path) = text.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
    let folders = std::path::Path::new("/sys/fs/cgroup").join(path);
    let limit = |folder: &std::path::Path| fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok();
    folders.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup")).filter_map(limit).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lacuna::config::MethodName;
    use lacuna::device::TABLE;
    use lacuna::engine::MASKS;
    use lacuna::model::Image;
    use lacuna::trainer::{DataShape, Trainer};

    use super::*;

    #[test]
    fn a_network_that_is_too_large_is_refused_with_a_size_that_fits() {
        let adapter = |software| Adapter {
            name: "an adapter".into(),
            backend: "vulkan".into(),
            driver: String::new(),
            software,
            has_subgroups_of_eight: false,
        };
        let mib = 1 << 20;
        let need = |model: &Model, batch_size| Need {
            name: model.name.clone(),
            batch_size,
            tensors: model.tensors(MASKS),
            runs: 1,
            asks: None,
            data_set: 10 * mib,
            streamed: false,
            buffer_limit: 128 * mib,
        };
        let model = |name: &str| Model::new(name, Image { channels: 3, height: 32, width: 32 }, 10, false).unwrap();
        let vgg16 = model("vgg16");
        let words = |need: Need, software, free| need.check_with(&adapter(software), free).err().map(|error| error.to_string());
        let message = words(need(&vgg16, 1024), false, Some(0)).unwrap();
        for part in [
            "vgg16: the gradients at a layer's values",
            "256 MiB in batches of 1024",
            "largest buffer of an adapter holds 128 MiB",
            "--batch-size 512 or less",
        ] {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert_eq!(words(need(&vgg16, 512), false, Some(0)), None, "the memory of a GPU of its own is not known");
        let wide = model("wrn-28-10");
        let message = words(need(&wide, 64), true, None).unwrap();
        assert!(
            message.contains("the weights take 139 MiB") && message.contains("narrower network (no batch is small enough)"),
            "{message}"
        );
        let total = need(&vgg16, 128).total();
        let crowded = |need: Need, free| words(need, true, free);
        assert_eq!(total, vgg16.bytes(128, MASKS).total() + 10 * mib);
        assert_eq!((crowded(need(&vgg16, 128), Some(total)), crowded(need(&vgg16, 128), None)), (None, None));
        let message =
            crowded(Need { runs: 2, tensors: [vgg16.tensors(1), vgg16.tensors(MASKS)].concat(), ..need(&vgg16, 128) }, Some(total))
                .unwrap();
        assert!(message.starts_with("2 networks of vgg16 and the data take") && message.contains("smaller --batch-size"), "{message}");
    }

    /// With buffers for two masks, for one, of a smaller network, with gates, and with a copy that has gates.
    const METHODS: [MethodName; 5] = [MethodName::Vrpge, MethodName::Static, MethodName::SmallDense, MethodName::Ste, MethodName::Rigl];

    /// The memory that is printed equals that of the buffers, except for rounding and for tables of a fixed size.
    #[test]
    fn the_predicted_bytes_are_those_of_the_buffers() {
        let machine = super::super::open(None).unwrap();
        let networks = [("mlp-9-7", true), ("mlp-9-7", false), ("cnn-4-8", false), ("resnet8", true), ("wrn-10-1", false)];
        for ((name, gate_inputs), method) in networks.into_iter().flat_map(|network| METHODS.map(|method| (network, method))) {
            let config = Config { model: name.to_owned(), gate_inputs, batch_size: 6, method, structure_every: 2, ..Config::default() };
            let (channels, height, width, rows) = (2, 8, 8, 12);
            let (inputs, classes) = (channels * height * width, 3);
            let data =
                DataShape { train_rows: rows, test_rows: 0, inputs, channels, height, width, classes, augment: false, deviation: 0.3 };
            let run = Trainer::new(&machine, config, data).unwrap();
            let copy = (method == MethodName::Rigl).then(|| run.copy(true).unwrap().1);
            let networks = std::iter::once(run.engine()).chain(&copy).map(|engine| &engine.buffers);
            let tables = ["params", "state", "schedule", "batch_rows", "records", "counts", "squares", "inputs", "labels", "shifts"];
            let names: BTreeSet<&str> =
                TABLE.iter().flat_map(|entry| entry.buffers).copied().filter(|name| !tables.contains(name)).collect();
            let all = networks.flat_map(|buffers| {
                let alone: Vec<_> = names.iter().filter_map(|name| buffers.get(name)).collect();
                alone.into_iter().chain(&buffers.values)
            });
            let (count, allocated) = all.fold((0, 0), |(count, allocated), buffer| (count + 1, allocated + buffer.size()));
            let predicted = run.bytes();
            assert!(
                predicted <= allocated && allocated < predicted + 16 * count,
                "{name}, {method:?}: predicted {predicted}, allocated {allocated}"
            );
        }
    }

    #[test]
    fn available_memory_is_read() {
        let text = "MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:   60 kB\nSwapTotal: 9 kB\nSwapFree:  4 kB\n";
        assert_eq!(available(text), Some(64 * 1024));
        assert_eq!(available("MemAvailable: 60 kB"), Some(60 * 1024));
        for text in ["", "MemTotal: 100 kB", "MemAvailable: much"] {
            assert_eq!(available(text), None);
        }
        assert!(group_limits("").is_empty() && group_limits("1:memory:/a\n0::/../../no/such/group").len() < 9);
    }
}
