//! The device that a module computes on.

use std::rc::Rc;

use crate::device::{DeviceError, Machine};

/// A device of this module's kind: a GPU where the module has code for one and the browser offers one, otherwise the CPU engine. `name` is
/// what the browser told the page of the adapter.
///
/// # Errors
/// No adapter, or a device that cannot be had.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "a GPU has a name and is waited for"))]
pub(super) async fn open(name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    #[cfg(feature = "gpu")]
    let machine = Machine::open(None, name).await;
    #[cfg(not(feature = "gpu"))]
    let machine = Err(DeviceError::NoAdapter);
    #[cfg(feature = "cpu")]
    let machine = if let Err(DeviceError::NoAdapter) = machine { Ok(Machine::of_cpu(super::js::clock)) } else { machine };
    machine
}
