//! What the next run reuses: the device with its compiled kernels, and the data of the last run.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::machine::open;
use crate::device::{DeviceError, Machine};
use crate::engine::DataBuffers;
use crate::trainer::DataShape;

/// A whole data set on a device.
#[derive(Clone)]
pub(super) struct DeviceData {
    /// Identifies the data ([`super::plan::data_key`]).
    pub(super) key: String,
    pub(super) shape: DataShape,
    pub(super) buffers: DataBuffers,
    /// For planted data: which inputs carry the class.
    pub(super) informative: Option<Vec<bool>>,
}

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
    static DATA: RefCell<Option<DeviceData>> = const { RefCell::new(None) };
}

/// The device of the page's runs. It is opened for the first run, and opened again after it was lost or had an error. `name` is that of [`open`].
///
/// # Errors
/// There is no adapter, or the device cannot be opened.
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

/// Lets the worker receive the messages that the page sent meanwhile.
pub(super) fn turn_of_events() -> Pin<Box<dyn Future<Output = ()>>> {
    let turn = js_sys::Promise::new(&mut |resolve, _| {
        let later = js_sys::Reflect::get(&js_sys::global(), &"setTimeout".into()).expect("every worker has timers");
        drop(later.unchecked_into::<js_sys::Function>().call1(&JsValue::NULL, &resolve));
    });
    Box::pin(async move { drop(JsFuture::from(turn).await) })
}

/// The data of that key, if they are still on the device. Other data are freed.
pub(super) fn data_of(key: &str) -> Option<DeviceData> {
    DATA.with_borrow_mut(|data| data.take_if(|data| data.key != key).map_or_else(|| data.clone(), |_| None))
}

/// Caches the data on the device for the next run.
pub(super) fn cache(data: DeviceData) {
    DATA.set(Some(data));
}
