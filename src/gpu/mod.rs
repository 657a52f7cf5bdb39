//! The device, its buffers and the table of kernels. Knows no learning: what the kernels mean stands in their files and in `engine`.

mod device;
mod kernels;
mod readback;

pub use device::{Adapter, Gpu, GpuError};
pub use kernels::{Entry, Kernels, TABLE};
pub use readback::Readback;
