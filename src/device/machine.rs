//! One device for many networks: buffers, commands and copies that work on a GPU and on the CPU engine.
//!
//! On a GPU commands are recorded and submitted; the CPU engine executes each at once. In both cases everything submitted after a write to a buffer
//! sees it.

#[cfg(feature = "cpu")]
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

#[cfg(feature = "gpu")]
use super::gpu::{Binding, Gpu};
#[cfg(feature = "gpu")]
use super::kernels::Kernel;
#[cfg(feature = "gpu")]
use super::readback::Staging;
use super::{Adapter, DeviceError};

/// The largest buffer of the CPU engine, a size that browsers allow.
#[cfg(feature = "cpu")]
pub const CPU_BUFFER_LIMIT: u64 = 1 << 30;

/// A device with its kernels, shared by every network on it.
#[derive(Debug)]
pub struct Machine {
    pub adapter: Adapter,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    #[cfg(feature = "gpu")]
    Gpu(Box<Gpu>),
    /// The clock, in milliseconds.
    #[cfg(feature = "cpu")]
    Cpu(fn() -> f64),
}

/// The use of a buffer, besides copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Kernels read and write it.
    Storage,
    /// Kernels read it as parameters.
    Uniform,
    /// Only copies.
    Copies,
}

/// A part of a buffer that a kernel binds.
#[cfg(feature = "gpu")]
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    pub buffer: &'a Buffer,
    /// The first byte, a multiple of 256.
    pub first: u64,
    pub bytes: u64,
}

/// A buffer on a device. Its memory is freed when its last handle is dropped.
#[derive(Clone, Debug)]
pub struct Buffer(Rc<Memory>);

#[derive(Debug)]
enum Memory {
    #[cfg(feature = "gpu")]
    Gpu(wgpu::Buffer),
    #[cfg(feature = "cpu")]
    Cpu { words: RefCell<Vec<u32>>, bytes: u64 },
}

#[cfg(feature = "gpu")]
impl Drop for Memory {
    fn drop(&mut self) {
        // A page's garbage collector does not know how much device memory an object uses.
        #[cfg_attr(not(feature = "cpu"), expect(irrefutable_let_patterns, reason = "there is one kind of device"))]
        if let Self::Gpu(buffer) = self {
            buffer.destroy();
        }
    }
}

impl Buffer {
    /// Bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &*self.0 {
            #[cfg(feature = "gpu")]
            Memory::Gpu(buffer) => buffer.size(),
            #[cfg(feature = "cpu")]
            Memory::Cpu { bytes, .. } => *bytes,
        }
    }

    /// Moves the words out of a buffer of the CPU engine, for its kernels; [`Buffer::put`] moves them back.
    #[cfg(feature = "cpu")]
    pub(crate) fn take(&self) -> Vec<u32> {
        self.words().take()
    }

    #[cfg(feature = "cpu")]
    pub(crate) fn put(&self, words: Vec<u32>) {
        self.words().replace(words);
    }

    #[cfg(feature = "cpu")]
    fn words(&self) -> &RefCell<Vec<u32>> {
        match &*self.0 {
            #[cfg(feature = "gpu")]
            Memory::Gpu(_) => unreachable!("a network's buffers are on its own device"),
            Memory::Cpu { words, .. } => words,
        }
    }

    #[cfg(feature = "gpu")]
    fn on_gpu(&self) -> &wgpu::Buffer {
        match &*self.0 {
            Memory::Gpu(buffer) => buffer,
            #[cfg(feature = "cpu")]
            Memory::Cpu { .. } => unreachable!("a network's buffers are on its own device"),
        }
    }

    #[cfg(feature = "cpu")]
    fn bytes(&self, at: u64, bytes: u64) -> Vec<u8> {
        bytemuck::cast_slice(&self.words().borrow())[at as usize..(at + bytes) as usize].to_vec()
    }
}

impl Machine {
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn of_gpu(gpu: Gpu) -> Rc<Self> {
        Rc::new(Self { adapter: gpu.adapter.clone(), backend: Backend::Gpu(Box::new(gpu)) })
    }

    /// The CPU engine; `clock` gives milliseconds.
    #[cfg(feature = "cpu")]
    #[must_use]
    pub fn of_cpu(clock: fn() -> f64) -> Rc<Self> {
        Rc::new(Self { adapter: Adapter::cpu(), backend: Backend::Cpu(clock) })
    }

    /// Opens the adapter, as [`Gpu::open`] does.
    ///
    /// # Errors
    /// What [`Gpu::open`] refuses.
    #[cfg(feature = "gpu")]
    pub async fn open(choice: Option<&str>, name: Option<&str>) -> Result<Rc<Self>, DeviceError> {
        Ok(Self::of_gpu(Gpu::open(choice, name).await?))
    }

    /// The GPU, if this device is one.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn gpu(&self) -> Option<&Gpu> {
        match &self.backend {
            Backend::Gpu(gpu) => Some(gpu),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => None,
        }
    }

    /// The clock of the CPU engine, in milliseconds, if this device is one.
    #[must_use]
    pub fn cpu_clock(&self) -> Option<fn() -> f64> {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(_) => None,
            #[cfg(feature = "cpu")]
            Backend::Cpu(clock) => Some(*clock),
        }
    }

    /// Why the device is lost, if it is.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => gpu.lost(),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => None,
        }
    }

    /// # Errors
    /// The first thing that went wrong since the device was opened.
    pub fn check(&self) -> Result<(), DeviceError> {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => gpu.check(),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => Ok(()),
        }
    }

    /// Whether the parts of a step can be timed on the device.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => gpu.timestamp_period.is_some(),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => true,
        }
    }

    /// The largest buffer for kernels, in bytes.
    #[must_use]
    pub fn buffer_limit(&self) -> u64 {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => gpu.buffer_limit(),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => CPU_BUFFER_LIMIT,
        }
    }

    /// A buffer of `bytes` bytes, all 0, for `usage` and copies.
    ///
    /// # Errors
    /// More bytes than the largest buffer of the device.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "memory has no uses"))]
    pub fn buffer(&self, label: &str, bytes: u64, usage: Usage) -> Result<Buffer, DeviceError> {
        let limit = self.buffer_limit();
        let size = bytes.max(16).next_multiple_of(16);
        if size > limit {
            return Err(DeviceError::TooLarge { what: label.to_owned(), bytes, limit });
        }
        let memory = match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => {
                let usage = match usage {
                    Usage::Storage => wgpu::BufferUsages::STORAGE,
                    Usage::Uniform => wgpu::BufferUsages::UNIFORM,
                    Usage::Copies => wgpu::BufferUsages::empty(),
                };
                let usage = usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
                let descriptor = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
                Memory::Gpu(gpu.device.create_buffer(&descriptor))
            }
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => {
                let mut words = Vec::new();
                let refuse = |_| DeviceError::TooLarge { what: label.to_owned(), bytes, limit };
                words.try_reserve_exact(size as usize / 4).map_err(refuse)?;
                words.resize(size as usize / 4, 0);
                Memory::Cpu { words: RefCell::new(words), bytes: size }
            }
        };
        Ok(Buffer(Rc::new(memory)))
    }

    /// Overwrites bytes of a buffer from the byte `at` on: both multiples of 4.
    pub fn write(&self, buffer: &Buffer, at: u64, bytes: &[u8]) {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => gpu.queue.write_buffer(buffer.on_gpu(), at, bytes),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => {
                let mut words = buffer.words().borrow_mut();
                bytemuck::cast_slice_mut::<u32, u8>(&mut words)[at as usize..][..bytes.len()].copy_from_slice(bytes);
            }
        }
    }

    /// Binds a kernel to `buffers`, in the order of its bindings, and to the operation in these bytes. The CPU engine needs no
    /// binding, because it finds its buffers by their names.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn bind(&self, kernel: Kernel, buffers: &[Bound<'_>], operation: Option<&[u8]>) -> Option<Binding> {
        let buffers = |gpu: &Gpu| {
            let parts = buffers.iter().map(|&Bound { buffer, first, bytes }| wgpu::BufferBinding {
                buffer: buffer.on_gpu(),
                offset: first,
                size: std::num::NonZeroU64::new(bytes),
            });
            let buffers: Vec<wgpu::BufferBinding<'_>> = parts.collect();
            gpu.bind(kernel, &buffers, operation)
        };
        self.gpu().map(buffers)
    }

    /// A recorder of commands that run in order once they are submitted.
    #[must_use]
    pub fn encoder(&self, label: &str) -> Encoder<'_> {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => {
                let commands = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) });
                Encoder::Gpu { gpu, commands }
            }
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => {
                let _ = label;
                Encoder::Cpu(std::marker::PhantomData)
            }
        }
    }

    /// A staging area for copies of `bytes` bytes at a time.
    #[must_use]
    pub fn readback(&self, bytes: u64) -> Readback {
        match &self.backend {
            #[cfg(feature = "gpu")]
            Backend::Gpu(gpu) => Readback::Gpu(Staging::new(gpu, bytes)),
            #[cfg(feature = "cpu")]
            Backend::Cpu(_) => Readback::Cpu(Vec::with_capacity(bytes as usize)),
        }
    }
}

#[cfg(feature = "gpu")]
impl Gpu {
    /// Milliseconds of each of `stretches` for each step, from `steps` repetitions of the same dispatches; each is a kernel, its workgroups and its
    /// masks. `None` if the GPU has no clock.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub async fn time(&self, stretches: &[Vec<(&Binding, u32, u32)>], steps: usize) -> Result<Option<Vec<f64>>, DeviceError> {
        let Some(period) = self.timestamp_period else { return Ok(None) };
        let count = (steps * stretches.len() * 2) as u32;
        let queries =
            self.device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("phases"), ty: wgpu::QueryType::Timestamp, count });
        let resolved = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("phases"),
            size: u64::from(count) * 8,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("phases") });
        let mut query = 0;
        for stretch in std::iter::repeat_n(stretches, steps).flatten() {
            let timestamp_writes = Some(wgpu::ComputePassTimestampWrites {
                query_set: &queries,
                beginning_of_pass_write_index: Some(query),
                end_of_pass_write_index: Some(query + 1),
            });
            query += 2;
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
            add(self, &mut pass, stretch.iter().copied());
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        let mut staging = Staging::new(self, resolved.size());
        staging.copy(&mut encoder, &resolved, 0, resolved.size());
        self.queue.submit([encoder.finish()]);
        let found = staging.read(self).await;
        resolved.destroy();
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&found?);
        let mut times = vec![0.0; stretches.len()];
        for (index, pair) in ticks[..count as usize].chunks_exact(2).enumerate() {
            times[index % stretches.len()] += pair[1].saturating_sub(pair[0]) as f64 * f64::from(period) / 1e6 / steps as f64;
        }
        Ok(Some(times))
    }
}

#[cfg(feature = "gpu")]
fn add<'a>(gpu: &Gpu, pass: &mut wgpu::ComputePass<'_>, dispatches: impl Iterator<Item = (&'a Binding, u32, u32)>) {
    for (binding, workgroups, masks) in dispatches {
        gpu.dispatch(pass, binding, workgroups, masks);
    }
}

/// Commands of one submit.
#[derive(Debug)]
pub enum Encoder<'a> {
    #[cfg(feature = "gpu")]
    Gpu { gpu: &'a Gpu, commands: wgpu::CommandEncoder },
    /// Executes each command at once.
    #[cfg(feature = "cpu")]
    Cpu(std::marker::PhantomData<&'a ()>),
}

impl Encoder<'_> {
    /// Copies `bytes` bytes from one buffer to another one: offsets and length are multiples of 4.
    pub fn copy(&mut self, from: &Buffer, from_at: u64, to: &Buffer, to_at: u64, bytes: u64) {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu { commands, .. } => commands.copy_buffer_to_buffer(from.on_gpu(), from_at, to.on_gpu(), to_at, Some(bytes)),
            #[cfg(feature = "cpu")]
            Self::Cpu(_) => {
                let (from_word, to_word, words) = (from_at as usize / 4, to_at as usize / 4, bytes as usize / 4);
                let source = from.words().borrow();
                to.words().borrow_mut()[to_word..to_word + words].copy_from_slice(&source[from_word..from_word + words]);
            }
        }
    }

    /// Adds kernels, each with its workgroups and its masks, to a GPU's commands.
    #[cfg(feature = "gpu")]
    pub fn pass<'a>(&mut self, label: &str, dispatches: impl Iterator<Item = (&'a Binding, u32, u32)>) {
        match self {
            Self::Gpu { gpu, commands } => {
                let mut pass = commands.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes: None });
                add(gpu, &mut pass, dispatches);
            }
            #[cfg(feature = "cpu")]
            Self::Cpu(_) => unreachable!("the CPU engine runs its kernels itself"),
        }
    }

    pub fn submit(self) {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu { gpu, commands } => {
                gpu.queue.submit([commands.finish()]);
            }
            #[cfg(feature = "cpu")]
            Self::Cpu(_) => {}
        }
    }
}

/// Copies of parts of buffers, made in a submit and read after it.
#[derive(Debug)]
pub enum Readback {
    #[cfg(feature = "gpu")]
    #[expect(private_interfaces, reason = "made and read here alone")]
    Gpu(Staging),
    #[cfg(feature = "cpu")]
    Cpu(Vec<u8>),
}

impl Readback {
    /// Appends a copy of `bytes` bytes of `buffer` from byte `at` on, both multiples of 4, after the commands of the encoder so far.
    pub fn copy(&mut self, encoder: &mut Encoder<'_>, buffer: &Buffer, at: u64, bytes: u64) {
        match (self, encoder) {
            #[cfg(feature = "gpu")]
            (Self::Gpu(staging), Encoder::Gpu { commands, .. }) => staging.copy(commands, buffer.on_gpu(), at, bytes),
            #[cfg(feature = "cpu")]
            (Self::Cpu(copies), Encoder::Cpu(_)) => copies.extend_from_slice(&buffer.bytes(at, bytes)),
            #[cfg(all(feature = "gpu", feature = "cpu"))]
            _ => unreachable!("copies are made on one device"),
        }
    }

    /// Waits for the submits so far and returns the copies, in order.
    ///
    /// # Errors
    /// The device is lost or refused a command.
    pub fn read<'a>(&'a mut self, machine: &'a Machine) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, DeviceError>> + 'a>> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(staging) => Box::pin(staging.read(machine.gpu().expect("copies are made on one device"))),
            #[cfg(feature = "cpu")]
            Self::Cpu(copies) => {
                let _ = machine;
                Box::pin(std::future::ready(Ok(std::mem::take(copies))))
            }
        }
    }
}
