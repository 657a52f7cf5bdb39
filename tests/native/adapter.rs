//! The adapter that all tests share.

use std::rc::Rc;

use pollster::block_on;

use lacuna::device::DeviceError;
use lacuna::device::Machine;

/// Without an adapter the test fails with this message; nothing is skipped.
pub(crate) fn machine() -> Rc<Machine> {
    match block_on(Machine::open(None, None)) {
        Ok(machine) => machine,
        Err(DeviceError::NoAdapter) => {
            panic!("these tests need a Vulkan adapter; a software one is in Debian's package mesa-vulkan-drivers")
        }
        Err(error) => panic!("{error}"),
    }
}
