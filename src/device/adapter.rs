//! Which adapter computes, and what can go wrong with it.

use std::fmt;

/// What went wrong on the way to or on a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is no adapter at all.
    #[error("{NO_ADAPTER}")]
    NoAdapter,
    /// None of that name; the names that there are, of which the CPU engine is always one.
    #[error("no adapter matches \"{wanted}\"; there is {}", found.join(", "))]
    NoSuchAdapter { wanted: String, found: Vec<String> },
    /// The device could not be had or refused a command; what it said.
    #[error("the GPU refused: {0}")]
    Device(String),
    /// The device refused a kernel; what it said.
    #[error("the GPU refused: kernel {kernel}: {said}")]
    Kernel { kernel: &'static str, said: String },
    /// The device is gone; what it said.
    #[error("the GPU was lost: {0}")]
    Lost(String),
    /// A tensor is larger than the device lets a buffer be.
    #[error(
        "{what} would take {:.0} MiB, but this adapter's buffers end at {:.0} MiB: choose a narrower network or a smaller batch",
        mib(*bytes),
        mib(*limit)
    )]
    TooLarge { what: String, bytes: u64, limit: u64 },
    /// A kernel would need more workgroups than WebGPU promises.
    #[error(
        "batch_size is too large for a network this wide: kernel {kernel} would need {count} workgroups where WebGPU allows {limit}; \
         choose a smaller batch or a narrower network"
    )]
    TooManyWorkgroups { kernel: &'static str, count: u32, limit: u32 },
}

const NO_ADAPTER: &str = if cfg!(target_arch = "wasm32") {
    "this browser offers no WebGPU adapter: update the browser and the graphics driver, or switch WebGPU on in its settings"
} else {
    "no graphics adapter was found: install the GPU's Vulkan driver, or a software one (Debian and Ubuntu: apt install mesa-vulkan-drivers), or \
     compute on the processor with --adapter cpu"
};

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Which adapter computes; every figure is printed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    pub name: String,
    pub backend: String,
    pub driver: String,
    /// Computes on the CPU.
    pub software: bool,
}

/// What `--adapter` calls the CPU engine.
pub const CPU: &str = "cpu";

impl Adapter {
    /// The CPU engine.
    #[must_use]
    pub fn cpu() -> Self {
        Self { name: "CPU".to_owned(), backend: "no GPU".to_owned(), driver: "this program's own kernels".to_owned(), software: true }
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}{})", self.name, self.backend, if self.software { ", in software" } else { "" })
    }
}
