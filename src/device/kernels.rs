//! The compiled kernels. Each is compiled when it is first needed.

use std::cell::OnceCell;

use super::shaders::KernelSource;
use super::table::{Entry, TABLE, entry};
use super::{DeviceError, Gpu};

/// The kernels compiled so far, in the order of the table.
#[derive(Debug)]
pub(super) struct Kernels([OnceCell<wgpu::ComputePipeline>; TABLE.len()]);

impl Default for Kernels {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceCell::new()))
    }
}

impl Gpu {
    /// The kernel with this name, compiled now if it was not yet.
    pub(super) fn kernel(&self, name: &str) -> &wgpu::ComputePipeline {
        let (place, entry) = entry(name);
        self.kernels.0[place].get_or_init(|| self.compile(entry))
    }

    /// The entries of `names` that are not compiled yet.
    fn missing<'a>(&self, names: &'a [&'static str]) -> impl Iterator<Item = &'static Entry> + use<'a, '_> {
        let is_missing = |name: &&&'static str| self.kernels.0[entry(name).0].get().is_none();
        names.iter().filter(is_missing).map(|name| entry(name).1)
    }

    /// Label and source of those of `names` that are not compiled yet, for callers that can compile several at a time.
    pub fn sources(&self, names: &[&'static str]) -> Vec<(&'static str, String)> {
        self.missing(names).map(|entry| (entry.name, self.source(entry).text())).collect()
    }

    /// Compiles those of `names` that are not compiled yet.
    ///
    /// # Errors
    /// A shader that the device refuses.
    pub(super) async fn prepare(&self, names: &[&'static str]) -> Result<(), DeviceError> {
        for entry in self.missing(names) {
            let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
            self.kernel(entry.name);
            if let Some(error) = scope.pop().await {
                let mut said = error.to_string();
                // Browsers report lines in their own formats.
                if cfg!(not(target_arch = "wasm32")) {
                    said = self.source(entry).with_places(&said);
                }
                return Err(DeviceError::Kernel { kernel: entry.name, said });
            }
        }
        Ok(())
    }

    /// The source of a kernel for this adapter.
    fn source(&self, entry: &'static Entry) -> KernelSource {
        entry.source(self.adapter.software)
    }

    fn compile(&self, entry: &'static Entry) -> wgpu::ComputePipeline {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(entry.name),
            source: wgpu::ShaderSource::Wgsl(self.source(entry).text().into()),
        });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry.name),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants: &[], zero_initialize_workgroup_memory: false },
            cache: None,
        })
    }
}
