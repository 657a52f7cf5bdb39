//! Which adapter computes, and what can go wrong with it.

use std::fmt;

const MIB: f64 = 1_048_576.0;

/// What went wrong on the way to or on a device, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// There is no adapter at all.
    NoAdapter,
    /// None of that name; the names that there are.
    NoSuchAdapter { wanted: String, found: Vec<String> },
    /// The device could not be had or refused a command.
    Device(String),
    /// The device is gone.
    Lost(String),
    /// A tensor is larger than the device lets a buffer be.
    TooLarge { what: String, bytes: u64, limit: u64 },
    /// A kernel would need more workgroups than WebGPU promises.
    TooManyWorkgroups { kernel: &'static str, count: u32, limit: u32 },
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAdapter if cfg!(target_arch = "wasm32") => f.write_str(
                "this browser offers no WebGPU adapter: update the browser and the graphics driver, or switch WebGPU on in its settings",
            ),
            Self::NoAdapter => f.write_str(
                "no graphics adapter was found: install the GPU's Vulkan driver, or a software one (Debian and Ubuntu: apt install \
                 mesa-vulkan-drivers), or compute on the processor with --adapter cpu",
            ),
            Self::NoSuchAdapter { wanted, found } => {
                write!(
                    f,
                    "no adapter matches \"{wanted}\"; there is {}",
                    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
                )
            }
            Self::Device(message) => write!(f, "the GPU refused: {message}"),
            Self::Lost(reason) => write!(f, "the GPU was lost: {reason}"),
            Self::TooLarge { what, bytes, limit } => write!(
                f,
                "{what} would take {:.0} MiB, but this adapter's buffers end at {:.0} MiB: choose a narrower network or a smaller batch",
                *bytes as f64 / MIB,
                *limit as f64 / MIB
            ),
            Self::TooManyWorkgroups { kernel, count, limit } => write!(
                f,
                "batch_size is too large for a network this wide: kernel {kernel} would need {count} workgroups where WebGPU allows {limit}; \
                 choose a smaller batch or a narrower network"
            ),
        }
    }
}

impl std::error::Error for DeviceError {}

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
