//! The compiled kernels. Each is compiled when it is first needed.

use std::cell::OnceCell;

use super::shaders::KernelSource;
use super::table::{Entry, TABLE, entry};
#[cfg(test)]
use super::variants::Needs;
use super::variants::{MOST_VARIANTS, Product, Variant, Variants};
use super::{DeviceError, Gpu};

/// A kernel of the table in one of its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its place in the table.
    place: usize,
    /// The place of its variant among those of its product; 0 if it has none.
    variant: usize,
}

impl Kernel {
    /// The kernel with this name, in the variant that is among `variants`.
    ///
    /// # Panics
    /// A name that no kernel has.
    #[must_use]
    pub fn new(name: &str, variants: Variants) -> Self {
        Self { place: entry(name).0, variant: Product::of(name).map_or(0, |product| variants.index(product)) }
    }

    /// Every kernel in every variant.
    pub fn all() -> impl Iterator<Item = Self> {
        let of = |name: &str| Product::of(name).map_or(1, |product| product.variants().len());
        (0..TABLE.len()).flat_map(move |place| (0..of(TABLE[place].name)).map(move |variant| Self { place, variant }))
    }

    /// Its line in the table.
    #[must_use]
    pub fn entry(self) -> &'static Entry {
        &TABLE[self.place]
    }

    /// Its variant, if it has several.
    #[must_use]
    pub fn variant(self) -> Option<&'static Variant> {
        Product::of(self.entry().name).map(|product| &product.variants()[self.variant])
    }

    /// Its name, with that of its variant if it has several.
    #[must_use]
    pub fn label(self) -> String {
        let name = self.entry().name;
        self.variant().map_or_else(|| name.to_owned(), |variant| format!("{name} {}", variant.name))
    }

    /// What a validator of its source must allow beyond WebGPU's defaults.
    #[cfg(test)]
    pub(super) fn capabilities(self) -> naga::valid::Capabilities {
        let uses_subgroups = self.variant().is_some_and(|variant| variant.needs == Needs::Subgroups);
        if uses_subgroups { naga::valid::Capabilities::SUBGROUP } else { naga::valid::Capabilities::empty() }
    }

    /// Its source. `software`: for an adapter that computes on the CPU.
    #[must_use]
    pub fn source(self, software: bool) -> KernelSource {
        KernelSource::new(&self.entry().file, software, self.variant())
    }
}

/// The kernels compiled so far, in the order of the table, each with its variants.
#[derive(Debug)]
pub(super) struct Kernels([[OnceCell<wgpu::ComputePipeline>; MOST_VARIANTS]; TABLE.len()]);

impl Default for Kernels {
    fn default() -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| OnceCell::new())))
    }
}

impl Kernels {
    fn cell(&self, kernel: Kernel) -> &OnceCell<wgpu::ComputePipeline> {
        &self.0[kernel.place][kernel.variant]
    }
}

impl Gpu {
    /// The compiled kernel, compiled now if it was not yet.
    pub(super) fn kernel(&self, kernel: Kernel) -> &wgpu::ComputePipeline {
        self.kernels.cell(kernel).get_or_init(|| self.compile(kernel))
    }

    /// Those of `kernels` that are not compiled yet.
    fn missing<'a>(&self, kernels: &'a [Kernel]) -> impl Iterator<Item = Kernel> + use<'a, '_> {
        kernels.iter().copied().filter(|&kernel| self.kernels.cell(kernel).get().is_none())
    }

    /// Label and source of those of `kernels` that are not compiled yet, for callers that can compile several at a time.
    pub fn sources(&self, kernels: &[Kernel]) -> Vec<(String, String)> {
        self.missing(kernels).map(|kernel| (kernel.label(), self.source(kernel).text())).collect()
    }

    /// Compiles those of `kernels` that are not compiled yet. Other kernels are compiled when a network first needs them.
    ///
    /// # Errors
    /// A shader that the device refuses.
    pub async fn prepare(&self, kernels: &[Kernel]) -> Result<(), DeviceError> {
        for kernel in self.missing(kernels) {
            let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
            self.kernel(kernel);
            if let Some(error) = scope.pop().await {
                let mut said = error.to_string();
                // Browsers report lines in their own formats.
                if cfg!(not(target_arch = "wasm32")) {
                    said = self.source(kernel).with_places(&said);
                }
                return Err(DeviceError::Kernel { kernel: kernel.label(), said });
            }
        }
        Ok(())
    }

    /// The source of a kernel for this adapter.
    fn source(&self, kernel: Kernel) -> KernelSource {
        kernel.source(self.adapter.software)
    }

    fn compile(&self, kernel: Kernel) -> wgpu::ComputePipeline {
        let label = kernel.label();
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(&label),
            source: wgpu::ShaderSource::Wgsl(self.source(kernel).text().into()),
        });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&label),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants: &[], zero_initialize_workgroup_memory: false },
            cache: None,
        })
    }
}
