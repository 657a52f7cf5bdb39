//! The Vulkan device whose driver compiles.
#![allow(unsafe_code, reason = "Vulkan has an interface of C")]

use std::ffi::CStr;

use ash::vk;

use super::Failure;

/// A number that the compiler reports.
pub(crate) struct Statistic {
    pub(crate) name: String,
    pub(crate) value: u64,
}

/// What a compiled kernel is.
pub(crate) struct Compiled {
    pub(crate) statistics: Vec<Statistic>,
    pub(crate) assembly: String,
}

pub(crate) struct Driver {
    device: ash::Device,
    executables: ash::khr::pipeline_executable_properties::Device,
    pub(crate) name: String,
    pub(crate) version: String,
    // Dropped last: the device needs them.
    _instance: ash::Instance,
    _entry: ash::Entry,
}

fn words(error: impl std::fmt::Display) -> Failure {
    format!("Vulkan: {error}")
}

/// The text of an array that ends with a 0.
fn text(characters: &[std::ffi::c_char]) -> String {
    // SAFETY: Vulkan ends these arrays with a 0.
    unsafe { CStr::from_ptr(characters.as_ptr()) }.to_string_lossy().into_owned()
}

impl Driver {
    /// The first device of the first driver.
    pub(crate) fn open() -> Result<Self, Failure> {
        // SAFETY: every handle below is used only while the objects that it came from exist.
        unsafe {
            let entry = ash::Entry::load().map_err(words)?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_2);
            let instance = entry.create_instance(&vk::InstanceCreateInfo::default().application_info(&application), None).map_err(words)?;
            let found = instance.enumerate_physical_devices().map_err(words)?;
            let physical = *found.first().ok_or("no Vulkan device: is Mesa's driver for AMD installed, and RADV_FORCE_FAMILY set?")?;
            let mut driver = vk::PhysicalDeviceDriverProperties::default();
            let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut driver);
            instance.get_physical_device_properties2(physical, &mut properties);
            let name = text(&properties.properties.device_name);
            let version = text(&driver.driver_info);
            let priorities = [1.0];
            let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&priorities)];
            let extensions = [ash::khr::pipeline_executable_properties::NAME.as_ptr()];
            let mut feature = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default().pipeline_executable_info(true);
            let wanted =
                vk::DeviceCreateInfo::default().queue_create_infos(&queues).enabled_extension_names(&extensions).push_next(&mut feature);
            let device = instance.create_device(physical, &wanted, None).map_err(words)?;
            let executables = ash::khr::pipeline_executable_properties::Device::new(&instance, &device);
            Ok(Self { device, executables, name, version, _instance: instance, _entry: entry })
        }
    }

    /// Compiles a compute shader.
    pub(crate) fn compile(&self, module: &naga::Module, spirv: &[u32]) -> Result<Compiled, Failure> {
        let mut sets = [Vec::new(), Vec::new()];
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else { continue };
            let kind = match variable.space {
                naga::AddressSpace::Uniform => vk::DescriptorType::UNIFORM_BUFFER,
                _ => vk::DescriptorType::STORAGE_BUFFER,
            };
            sets[binding.group as usize].push(
                vk::DescriptorSetLayoutBinding::default()
                    .binding(binding.binding)
                    .descriptor_type(kind)
                    .descriptor_count(1)
                    .stage_flags(vk::ShaderStageFlags::COMPUTE),
            );
        }
        let flags = vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR;
        // SAFETY: the program ends soon after; what is created here is never destroyed before the device.
        unsafe {
            let shader = self.device.create_shader_module(&vk::ShaderModuleCreateInfo::default().code(spirv), None).map_err(words)?;
            let layouts: Vec<vk::DescriptorSetLayout> = sets
                .iter()
                .map(|set| self.device.create_descriptor_set_layout(&vk::DescriptorSetLayoutCreateInfo::default().bindings(set), None))
                .collect::<Result<_, _>>()
                .map_err(words)?;
            let layout =
                self.device.create_pipeline_layout(&vk::PipelineLayoutCreateInfo::default().set_layouts(&layouts), None).map_err(words)?;
            let stage = vk::PipelineShaderStageCreateInfo::default().stage(vk::ShaderStageFlags::COMPUTE).module(shader).name(c"main");
            let wanted = [vk::ComputePipelineCreateInfo::default().stage(stage).layout(layout).flags(flags)];
            let made = self.device.create_compute_pipelines(vk::PipelineCache::null(), &wanted, None);
            let pipeline = made.map_err(|(_, error)| words(error))?[0];
            let of = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline);
            let statistics = self.executables.get_pipeline_executable_statistics(&of).map_err(words)?;
            // Every statistic of this driver is an unsigned number.
            let statistics = statistics.iter().map(|found| Statistic { name: text(&found.name), value: found.value.u64 }).collect();
            Ok(Compiled { statistics, assembly: self.assembly(&of)? })
        }
    }

    /// The text of the internal representation that is called assembly.
    unsafe fn assembly(&self, of: &vk::PipelineExecutableInfoKHR<'_>) -> Result<String, Failure> {
        let get = self.executables.fp().get_pipeline_executable_internal_representations_khr;
        let mut count = 0;
        // SAFETY: the first call counts, the second one tells sizes, the third one fills buffers of these sizes.
        unsafe {
            get(self.device.handle(), of, &mut count, std::ptr::null_mut()).result().map_err(words)?;
            let mut found = vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
            get(self.device.handle(), of, &mut count, found.as_mut_ptr()).result().map_err(words)?;
            let mut texts: Vec<Vec<u8>> = found.iter().map(|one| vec![0; one.data_size]).collect();
            for (one, text) in found.iter_mut().zip(&mut texts) {
                one.p_data = text.as_mut_ptr().cast();
            }
            get(self.device.handle(), of, &mut count, found.as_mut_ptr()).result().map_err(words)?;
            let at = found.iter().position(|one| text(&one.name).to_lowercase().contains("assembly"));
            let at = at.ok_or("the driver gives no assembly")?;
            Ok(String::from_utf8_lossy(&texts[at]).trim_end_matches('\0').to_owned())
        }
    }
}
