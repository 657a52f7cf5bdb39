//! The device, its buffers and the table of kernels: a GPU behind wgpu (feature `gpu`), or this program's CPU engine (feature `cpu`). This module
//! knows nothing of training: the kernels are described in their files and in `engine`.

mod adapter;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod kernels;
mod machine;
#[cfg(feature = "gpu")]
mod readback;
#[cfg(feature = "gpu")]
mod shaders;
mod table;
mod variants;

pub use adapter::{Adapter, CPU, DeviceError};
#[cfg(feature = "gpu")]
pub use gpu::{Binding, Gpu};
#[cfg(feature = "gpu")]
pub use kernels::Kernel;
#[cfg(feature = "gpu")]
pub use machine::Bound;
#[cfg(feature = "cpu")]
pub use machine::CPU_BUFFER_LIMIT;
pub use machine::{Buffer, Encoder, Machine, Readback, Usage};
#[cfg(feature = "gpu")]
pub use shaders::{KernelSource, ShaderFile};
#[cfg(feature = "gpu")]
pub use table::entry;
pub use table::{Entry, TABLE};
#[cfg(feature = "gpu")]
pub use variants::VariantsError;
pub use variants::{Needs, Product, Sizes, Tile, Variant, Variants};
