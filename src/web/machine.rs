//! The device of a WebAssembly module.

use std::rc::Rc;

use crate::device::{DeviceError, Machine};

/// Opens a GPU if this module has code for one and the browser offers one, otherwise the CPU engine if this module has it. `name` is the name of
/// the adapter that the browser gave the page.
///
/// # Errors
/// There is no adapter, or the device cannot be opened.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only a GPU has a name and is opened asynchronously"))]
pub(super) async fn open(name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    #[cfg(feature = "gpu")]
    let machine = Machine::open(None, name).await;
    #[cfg(not(feature = "gpu"))]
    let machine = Err(DeviceError::NoAdapter);
    #[cfg(feature = "cpu")]
    let machine = if let Err(DeviceError::NoAdapter) = machine { Ok(Machine::of_cpu(super::js::clock)) } else { machine };
    machine
}
