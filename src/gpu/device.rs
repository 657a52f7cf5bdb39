//! One adapter and its device.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

const MIB: f64 = 1_048_576.0;

/// What went wrong on the way to or on the GPU, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuError {
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

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAdapter if cfg!(target_arch = "wasm32") => {
                f.write_str("this browser offers no WebGPU adapter: update the browser and the graphics driver, or switch WebGPU on in its settings")
            }
            Self::NoAdapter => f.write_str(
                "no graphics adapter was found: install the GPU's Vulkan driver, or a software one (Debian and Ubuntu: apt install mesa-vulkan-drivers)",
            ),
            Self::NoSuchAdapter { wanted, found } => {
                write!(f, "no adapter matches \"{wanted}\"; there is {}", if found.is_empty() { "none".to_owned() } else { found.join(", ") })
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

impl std::error::Error for GpuError {}

/// Which adapter computes; every figure is printed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    pub name: String,
    pub backend: String,
    pub driver: String,
    /// Computes on the CPU.
    pub software: bool,
}

impl Adapter {
    fn new(info: &wgpu::AdapterInfo, name: Option<&str>) -> Self {
        let told = [&info.name, &info.driver_info, &info.driver].into_iter().map(String::as_str).chain(name).find(|text| !text.is_empty());
        let name = told.unwrap_or("an adapter that does not say its name").to_owned();
        let known_software = ["swiftshader", "llvmpipe", "lavapipe", "warp"].iter().any(|software| name.to_lowercase().contains(software));
        Self {
            backend: info.backend.to_string(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            software: info.device_type == wgpu::DeviceType::Cpu || known_software,
            name,
        }
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}{})", self.name, self.backend, if self.software { ", in software" } else { "" })
    }
}

type Slot = Arc<Mutex<Option<String>>>;

/// Keeps the first message; later ones are consequences.
fn keep_first(slot: &Slot, message: String) {
    slot.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

fn read(slot: &Slot) -> Option<String> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A device with its queue.
#[derive(Debug)]
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub adapter: Adapter,
    /// Nanoseconds of a tick where passes can be timed on the GPU.
    pub timestamp_period: Option<f32>,
    lost: Slot,
    refused: Slot,
}

impl Gpu {
    /// Opens the adapter that `choice` names (part of its name or its number in [`Gpu::adapters`]), otherwise the fastest. `name` is what a
    /// face knows of its name where the library tells none, as in browsers.
    ///
    /// # Errors
    /// No adapter, none that matches, or a device that cannot be had.
    pub async fn open(choice: Option<&str>, name: Option<&str>) -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = if let Some(wanted) = choice {
            Self::find(&instance, wanted).await?
        } else {
            let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
            instance.request_adapter(&options).await.map_err(|_| GpuError::NoAdapter)?
        };
        let offered = adapter.limits();
        let required_limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let required_features = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        let descriptor =
            wgpu::DeviceDescriptor { label: Some("lacuna"), required_features, required_limits, ..wgpu::DeviceDescriptor::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| GpuError::Device(error.to_string()))?;
        let (lost, refused) = (Slot::default(), Slot::default());
        let slot = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| keep_first(&slot, format!("{message} ({reason:?})")));
        let slot = Arc::clone(&refused);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| keep_first(&slot, error.to_string())));
        let timestamp_period = required_features.contains(wgpu::Features::TIMESTAMP_QUERY).then(|| queue.get_timestamp_period());
        Ok(Self { adapter: Adapter::new(&adapter.get_info(), name), device, queue, timestamp_period, lost, refused })
    }

    /// Every adapter of this machine, in the order of their numbers.
    pub async fn adapters() -> Vec<Adapter> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        instance.enumerate_adapters(wgpu::Backends::all()).await.iter().map(|adapter| Adapter::new(&adapter.get_info(), None)).collect()
    }

    async fn find(instance: &wgpu::Instance, wanted: &str) -> Result<wgpu::Adapter, GpuError> {
        let mut adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let names: Vec<String> = adapters.iter().map(|adapter| Adapter::new(&adapter.get_info(), None).to_string()).collect();
        let matches = |name: &String| name.to_lowercase().contains(&wanted.to_lowercase());
        // So short, digits are a number of the list and no part of a name or of a driver's version.
        let found = match wanted.parse::<usize>() {
            Ok(number) if wanted.len() <= 2 => Some(number).filter(|&number| number < adapters.len()),
            _ => names.iter().position(matches),
        };
        match found {
            Some(index) => Ok(adapters.swap_remove(index)),
            None => Err(GpuError::NoSuchAdapter { wanted: wanted.to_owned(), found: names }),
        }
    }

    /// Why the device is gone, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        read(&self.lost)
    }

    /// # Errors
    /// The first thing that went wrong since the device was opened.
    pub fn check(&self) -> Result<(), GpuError> {
        match (read(&self.lost), read(&self.refused)) {
            (Some(reason), _) => Err(GpuError::Lost(reason)),
            (None, Some(message)) => Err(GpuError::Device(message)),
            (None, None) => Ok(()),
        }
    }

    /// Most bytes of a buffer that a kernel works on.
    #[must_use]
    pub fn buffer_limit(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// A buffer of `bytes` bytes, all 0, for storage, copies and whatever `usage` adds.
    ///
    /// # Errors
    /// More bytes than the device lets a buffer have.
    pub fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        let limit = self.buffer_limit();
        let size = bytes.max(16).next_multiple_of(16);
        if size > limit {
            return Err(GpuError::TooLarge { what: label.to_owned(), bytes, limit });
        }
        let usage = usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false }))
    }
}
