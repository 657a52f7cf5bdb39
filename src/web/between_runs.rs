//! What outlasts a run: the device with its compiled kernels, and the data that the last run learned from.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::machine::open;
use crate::device::{DeviceError, Machine};
use crate::engine::DataBuffers;
use crate::trainer::DataShape;

/// Data as they stand on a device, whole.
#[derive(Clone)]
pub(super) struct DeviceData {
    /// What tells them from other data.
    pub(super) key: String,
    pub(super) shape: DataShape,
    pub(super) buffers: DataBuffers,
    /// Planted data only: which inputs carry the class.
    pub(super) informative: Option<Vec<bool>>,
}

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
    static DATA: RefCell<Option<DeviceData>> = const { RefCell::new(None) };
}

/// The device of the page's runs: opened when it is first wanted, and anew after one that was lost or refused something. `name` as in [`open`].
///
/// # Errors
/// No adapter, or a device that cannot be had.
pub(super) async fn machine(name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    if let Some(machine) = MACHINE.with_borrow(|machine| machine.clone().filter(|machine| machine.check().is_ok())) {
        return Ok(machine);
    }
    MACHINE.set(None);
    DATA.set(None);
    let machine = open(name).await?;
    MACHINE.set(Some(Rc::clone(&machine)));
    Ok(machine)
}

/// Lets the worker hear what the page said meanwhile.
pub(super) fn turn_of_events() -> Pin<Box<dyn Future<Output = ()>>> {
    let turn = js_sys::Promise::new(&mut |resolve, _| {
        let later = js_sys::Reflect::get(&js_sys::global(), &"setTimeout".into()).expect("every worker has timers");
        drop(later.unchecked_into::<js_sys::Function>().call1(&JsValue::NULL, &resolve));
    });
    Box::pin(async move { drop(JsFuture::from(turn).await) })
}

/// The data of that key, if they still stand on the device. Others make room.
pub(super) fn data_of(key: &str) -> Option<DeviceData> {
    DATA.with_borrow_mut(|data| data.take_if(|data| data.key != key).map_or_else(|| data.clone(), |_| None))
}

/// Leaves data on the device for the next run.
pub(super) fn leave(data: DeviceData) {
    DATA.set(Some(data));
}
