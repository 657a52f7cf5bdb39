//! Reading buffers of a GPU back without blocking the caller's thread on the web.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{DeviceError, Gpu};

/// A staging buffer for copies of parts of buffers, made in a submit and read after it.
#[derive(Debug)]
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    used: u64,
}

#[derive(Default)]
struct Mapped {
    result: Option<Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
}

/// Resolves once the staging buffer is mapped.
struct Mapping(Arc<Mutex<Mapped>>);

impl Future for Mapping {
    type Output = Result<(), wgpu::BufferAsyncError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut mapped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mapped.waker = Some(context.waker().clone());
        mapped.result.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Staging {
    /// A staging buffer for `bytes` bytes at a time.
    pub(super) fn new(gpu: &Gpu, bytes: u64) -> Self {
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes.max(16).next_multiple_of(16),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { buffer, used: 0 }
    }

    /// Appends a copy of `bytes` bytes of `buffer` from byte `offset` on, both multiples of 4, after the commands of the encoder so far.
    pub(super) fn copy(&mut self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer, offset: u64, bytes: u64) {
        encoder.copy_buffer_to_buffer(buffer, offset, &self.buffer, self.used, Some(bytes));
        self.used += bytes;
    }

    /// Waits for the submits so far and returns the copies, in order.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub(super) async fn read(&mut self, gpu: &Gpu) -> Result<Vec<u8>, DeviceError> {
        let shared = Arc::new(Mutex::new(Mapped::default()));
        let slice = self.buffer.slice(..std::mem::take(&mut self.used));
        let callback = Arc::clone(&shared);
        slice.map_async(wgpu::MapMode::Read, move |result| {
            let mut mapped = callback.lock().unwrap_or_else(PoisonError::into_inner);
            mapped.result = Some(result);
            if let Some(waker) = mapped.waker.take() {
                waker.wake();
            }
        });
        // On the web this does nothing and the event loop resolves the mapping.
        gpu.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| DeviceError::Device(error.to_string()))?;
        let mapped = Mapping(shared).await;
        gpu.check()?;
        mapped.map_err(|error| DeviceError::Device(error.to_string()))?;
        let bytes = slice.get_mapped_range().map_err(|error| DeviceError::Device(error.to_string()))?.to_vec();
        self.buffer.unmap();
        Ok(bytes)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.buffer.destroy();
    }
}
