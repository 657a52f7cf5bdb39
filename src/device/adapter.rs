//! The adapter that computes, and the errors of devices.

use std::fmt;

/// An error of finding, opening or using a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is no adapter.
    #[error("{NO_ADAPTER}")]
    NoAdapter,
    /// No adapter with this name. `found` always has the CPU engine.
    #[error("no adapter matches \"{wanted}\"; there is {}", found.join(", "))]
    NoSuchAdapter { wanted: String, found: Vec<String> },
    /// The device could not be opened or refused a command; its message.
    #[error("GPU error: {0}")]
    Device(String),
    /// The device refused a kernel; `said` is its message.
    #[error("GPU error: kernel {kernel}: {said}")]
    Kernel { kernel: String, said: String },
    /// The device is lost; its message.
    #[error("the GPU was lost: {0}")]
    Lost(String),
    /// A tensor is larger than the largest buffer of the device.
    #[error(
        "{what} would take {:.0} MiB, but this adapter's buffers end at {:.0} MiB: choose a narrower network or a smaller batch",
        mib(*bytes),
        mib(*limit)
    )]
    TooLarge { what: String, bytes: u64, limit: u64 },
    /// The adapter has no subgroups of eight invocations.
    #[cfg(not(target_arch = "wasm32"))]
    #[error(
        "{kernel}={variant} needs subgroups of eight invocations, which this adapter does not have: choose other variants with --kernels"
    )]
    NoSubgroups { kernel: &'static str, variant: &'static str },
    /// A kernel would need more workgroups than WebGPU guarantees.
    #[error(
        "batch_size is too large for a network this wide: kernel {kernel} would need {count} workgroups and WebGPU allows {limit}; \
         choose a smaller batch or a narrower network"
    )]
    TooManyWorkgroups { kernel: &'static str, count: u32, limit: u32 },
}

const NO_ADAPTER: &str = if cfg!(target_arch = "wasm32") {
    "this browser offers no WebGPU adapter: update the browser and the graphics driver, or enable WebGPU in its settings"
} else {
    "no graphics adapter was found: install the GPU's Vulkan driver, or a software driver (Debian and Ubuntu: apt install mesa-vulkan-drivers), or \
     compute on the processor with --adapter cpu"
};

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The adapter that computes. Every measured figure is printed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    pub name: String,
    pub backend: String,
    pub driver: String,
    /// Computes on the CPU.
    pub software: bool,
    /// Computes on the CPU, and kernels may use its subgroups, each of eight invocations: eight exchange values without memory.
    pub has_subgroups_of_eight: bool,
}

/// The name of the CPU engine for `--adapter`.
pub const CPU: &str = "cpu";

impl Adapter {
    /// The CPU engine.
    #[must_use]
    pub fn cpu() -> Self {
        Self {
            name: "CPU".to_owned(),
            backend: "no GPU".to_owned(),
            driver: "this program's own kernels".to_owned(),
            software: true,
            has_subgroups_of_eight: false,
        }
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}{})", self.name, self.backend, if self.software { ", in software" } else { "" })
    }
}
