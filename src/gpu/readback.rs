//! Reading buffers back without blocking the caller's thread on the web.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Gpu, GpuError};

/// Copies of pieces of buffers, made within a submit and read after it.
#[derive(Debug)]
pub struct Readback {
    staging: wgpu::Buffer,
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

impl Readback {
    /// Room for `bytes` bytes at a time.
    #[must_use]
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes.max(16).next_multiple_of(16),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { staging, used: 0 }
    }

    /// Appends a copy of the first `bytes` bytes (a multiple of 4) of `buffer`, after what the encoder holds so far.
    pub fn copy(&mut self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer, bytes: u64) {
        self.copy_from(encoder, buffer, 0, bytes);
    }

    /// The same from the byte `offset` on, a multiple of 4.
    pub fn copy_from(&mut self, encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer, offset: u64, bytes: u64) {
        encoder.copy_buffer_to_buffer(buffer, offset, &self.staging, self.used, Some(bytes));
        self.used += bytes;
    }

    /// Waits for the submits so far and returns what was copied, in order.
    ///
    /// # Errors
    /// The device is gone or refused a command.
    ///
    /// Boxed: it is awaited in many places, and each would hold the whole of it, which the page would have to load.
    pub fn read<'a>(&'a mut self, gpu: &'a Gpu) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, GpuError>> + 'a>> {
        Box::pin(self.map(gpu))
    }

    async fn map(&mut self, gpu: &Gpu) -> Result<Vec<u8>, GpuError> {
        let shared = Arc::new(Mutex::new(Mapped::default()));
        let slice = self.staging.slice(..std::mem::take(&mut self.used));
        let callback = Arc::clone(&shared);
        slice.map_async(wgpu::MapMode::Read, move |result| {
            let mut mapped = callback.lock().unwrap_or_else(PoisonError::into_inner);
            mapped.result = Some(result);
            if let Some(waker) = mapped.waker.take() {
                waker.wake();
            }
        });
        // On the web this does nothing and the event loop resolves the mapping.
        gpu.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| GpuError::Device(error.to_string()))?;
        let mapped = Mapping(shared).await;
        gpu.check()?;
        mapped.map_err(|error| GpuError::Device(error.to_string()))?;
        let bytes = slice.get_mapped_range().map_err(|error| GpuError::Device(error.to_string()))?.to_vec();
        self.staging.unmap();
        Ok(bytes)
    }
}
