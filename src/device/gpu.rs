//! A GPU behind wgpu: one adapter and its device.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::kernels::{Kernel, Kernels};
use super::{Adapter, DeviceError};

impl Adapter {
    fn new(adapter: &wgpu::Adapter, name: Option<&str>) -> Self {
        let info = adapter.get_info();
        let name_found =
            [&info.name, &info.driver_info, &info.driver].into_iter().map(String::as_str).chain(name).find(|text| !text.is_empty());
        let name = name_found.unwrap_or("an unnamed adapter").to_owned();
        let known_software =
            ["swiftshader", "llvmpipe", "lavapipe", "warp"].iter().any(|software| name.to_ascii_lowercase().contains(software));
        let software = info.device_type == wgpu::DeviceType::Cpu || known_software;
        let is_of_eight = (info.subgroup_min_size, info.subgroup_max_size) == (8, 8);
        Self {
            backend: info.backend.to_string(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            software,
            has_subgroups_of_eight: software && is_of_eight && adapter.features().contains(wgpu::Features::SUBGROUP),
            name,
        }
    }
}

type Slot = Arc<Mutex<Option<String>>>;

/// Stores the first message; later ones are consequences of it.
fn keep_first(slot: &Slot, message: String) {
    slot.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

fn read(slot: &Slot) -> Option<String> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A device with its queue and its kernels.
#[derive(Debug)]
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub adapter: Adapter,
    /// Nanoseconds of a tick, if the GPU can time passes.
    pub timestamp_period: Option<f32>,
    pub(super) kernels: Kernels,
    lost: Slot,
    refused: Slot,
}

/// A kernel with its buffers.
#[derive(Clone, Debug)]
pub struct Binding {
    kernel: Kernel,
    buffers: wgpu::BindGroup,
    operation: Option<Rc<OnOperation>>,
}

/// An operation's parameters. They are destroyed with the last dispatch that reads them.
#[derive(Debug)]
struct OnOperation {
    group: wgpu::BindGroup,
    parameters: wgpu::Buffer,
}

impl Drop for OnOperation {
    fn drop(&mut self) {
        self.parameters.destroy();
    }
}

impl Gpu {
    /// Opens the adapter that `choice` names (part of its name or its number in [`Gpu::adapters`]), otherwise the fastest. `name` is the adapter's
    /// name for libraries that do not give one, as in browsers.
    ///
    /// # Errors
    /// No adapter, none that matches, or a device that cannot be opened.
    pub async fn open(choice: Option<&str>, name: Option<&str>) -> Result<Self, DeviceError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = if let Some(wanted) = choice {
            Self::find(&instance, wanted).await?
        } else {
            let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
            instance.request_adapter(&options).await.map_err(|_| DeviceError::NoAdapter)?
        };
        let offered = adapter.limits();
        let required_limits = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let described = Adapter::new(&adapter, name);
        let mut required_features = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        required_features.set(wgpu::Features::SUBGROUP, described.has_subgroups_of_eight);
        let descriptor =
            wgpu::DeviceDescriptor { label: Some("lacuna"), required_features, required_limits, ..wgpu::DeviceDescriptor::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| DeviceError::Device(error.to_string()))?;
        let (lost, refused) = (Slot::default(), Slot::default());
        let slot = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| keep_first(&slot, format!("{message} ({reason:?})")));
        let slot = Arc::clone(&refused);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| keep_first(&slot, error.to_string())));
        let timestamp_period = required_features.contains(wgpu::Features::TIMESTAMP_QUERY).then(|| queue.get_timestamp_period());
        Ok(Self { adapter: described, device, queue, timestamp_period, kernels: Kernels::default(), lost, refused })
    }

    /// Every adapter of this machine, in the order of their numbers.
    pub async fn adapters() -> Vec<Adapter> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        instance.enumerate_adapters(wgpu::Backends::all()).await.iter().map(|adapter| Adapter::new(adapter, None)).collect()
    }

    async fn find(instance: &wgpu::Instance, wanted: &str) -> Result<wgpu::Adapter, DeviceError> {
        let mut adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let mut names: Vec<String> = adapters.iter().map(|adapter| Adapter::new(adapter, None).to_string()).collect();
        let matches = |name: &String| name.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase());
        // A number this short is a place in the list, not part of a name or of a driver's version.
        let found = match wanted.parse::<usize>() {
            Ok(number) if wanted.len() <= 2 => Some(number).filter(|&number| number < adapters.len()),
            _ => names.iter().position(matches),
        };
        if let Some(index) = found {
            return Ok(adapters.swap_remove(index));
        }
        names.push(Adapter::cpu().to_string());
        Err(DeviceError::NoSuchAdapter { wanted: wanted.to_owned(), found: names })
    }

    /// Why the device is lost, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        read(&self.lost)
    }

    /// # Errors
    /// The first thing that went wrong since the device was opened.
    pub fn check(&self) -> Result<(), DeviceError> {
        match (read(&self.lost), read(&self.refused)) {
            (Some(reason), _) => Err(DeviceError::Lost(reason)),
            (None, Some(message)) => Err(DeviceError::Device(message)),
            (None, None) => Ok(()),
        }
    }

    pub(super) fn buffer_limit(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// Binds a kernel to `buffers`, in the order of its bindings, and to the operation in these bytes.
    pub(super) fn bind(&self, kernel: Kernel, buffers: &[wgpu::BufferBinding<'_>], operation: Option<&[u8]>) -> Binding {
        let pipeline = self.kernel(kernel);
        let group = |index: u32, buffers: &[wgpu::BufferBinding<'_>]| {
            let layout = pipeline.get_bind_group_layout(index);
            let entries = buffers.iter().zip(0..);
            let entries =
                entries.map(|(buffer, binding)| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(buffer.clone()) });
            let entries: Vec<_> = entries.collect();
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(kernel.entry().name),
                layout: &layout,
                entries: &entries,
            })
        };
        let operation = operation.map(|bytes| {
            let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("op"),
                size: bytes.len() as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.queue.write_buffer(&buffer, 0, bytes);
            Rc::new(OnOperation { group: group(1, &[buffer.as_entire_buffer_binding()]), parameters: buffer })
        });
        Binding { kernel, buffers: group(0, buffers), operation }
    }

    /// Adds a kernel to a pass.
    pub(super) fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>, binding: &Binding, workgroups: u32, masks: u32) {
        pass.set_pipeline(self.kernel(binding.kernel));
        pass.set_bind_group(0, &binding.buffers, &[]);
        if let Some(operation) = &binding.operation {
            pass.set_bind_group(1, &operation.group, &[]);
        }
        pass.dispatch_workgroups(workgroups, 1, masks);
    }
}
