//! How many bytes an adapter moves in a second, measured by copies from buffer to buffer.

use lacuna::device::{DeviceError, Machine, Usage};

use crate::cli::memory::free_memory;
use crate::cli::milliseconds;

/// Bytes of each of the two buffers, if the adapter can hold them: together more than the caches of most devices.
const BYTES: u64 = 256 << 20;
/// On an adapter in software each buffer takes at most this part of the free memory.
const PART: u64 = 8;
/// A timed submit has so many copies that it takes this long, in milliseconds, so that the submit itself hardly counts.
const SUBMIT_MS: f64 = 50.0;
const MOST_COPIES: u64 = 1 << 12;
const SUBMITS: usize = 5;

/// Bytes of a buffer, and the bytes that were read and written together in a second: the most of several submits.
///
/// # Errors
/// The device is lost, or refuses the buffers.
pub(super) fn copy_rate(machine: &Machine) -> Result<(u64, f64), DeviceError> {
    let free = free_memory().filter(|_| machine.adapter.software).map_or(BYTES, |free| free / PART);
    let bytes = BYTES.min(machine.buffer_limit()).min(free).max(16) & !15;
    let [a, b] = [machine.buffer("the source of a copy", bytes, Usage::Copies)?, machine.buffer("its target", bytes, Usage::Copies)?];
    let submit = |copies: u64| -> Result<f64, DeviceError> {
        let begin = milliseconds();
        let mut encoder = machine.encoder("copies");
        for copy in 0..copies {
            let (from, to) = if copy % 2 == 0 { (&a, &b) } else { (&b, &a) };
            encoder.copy(from, 0, to, 0, bytes);
        }
        // Reading a few bytes waits for the copies before them.
        let mut readback = machine.readback(16);
        readback.copy(&mut encoder, &b, 0, 16);
        encoder.submit();
        pollster::block_on(readback.read(machine))?;
        Ok((milliseconds() - begin).max(1e-3))
    };
    // The first submit also makes the memory of the buffers.
    submit(2)?;
    let mut copies = 2;
    let mut ms = submit(copies)?;
    while ms < SUBMIT_MS && copies < MOST_COPIES {
        copies *= 2;
        ms = submit(copies)?;
    }
    for _ in 1..SUBMITS {
        ms = ms.min(submit(copies)?);
    }
    Ok((bytes, 1e3 * 2.0 * (copies * bytes) as f64 / ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_engine_copies_whole_buffers() {
        let machine = Machine::of_cpu(milliseconds);
        let (bytes, rate) = copy_rate(&machine).unwrap();
        assert!((16..=BYTES).contains(&bytes) && bytes % 16 == 0, "{bytes}");
        assert!(rate.is_finite() && rate > 0.0, "{rate}");
    }
}
