//! What the page keeps from run to run: the device with its compiled kernels, and the data that the last run learned from.

use std::cell::RefCell;
#[cfg(not(feature = "gpu"))]
use std::pin::Pin;
use std::rc::Rc;

#[cfg(not(feature = "gpu"))]
use wasm_bindgen::{JsCast, JsValue};
#[cfg(not(feature = "gpu"))]
use wasm_bindgen_futures::JsFuture;

use crate::device::{DeviceError, Machine};
use crate::engine::DataBuffers;
use crate::trainer::DataShape;

/// Data as they stand on a device, whole.
#[derive(Clone)]
pub(crate) struct Held {
    /// What tells them from other data.
    pub(crate) key: String,
    pub(crate) shape: DataShape,
    pub(crate) buffers: DataBuffers,
    /// Planted data only: which inputs carry the class.
    pub(crate) informative: Option<Vec<bool>>,
}

thread_local! {
    static MACHINE: RefCell<Option<Rc<Machine>>> = const { RefCell::new(None) };
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// The device of the page's runs: opened when it is first wanted, and anew after one that was lost or refused something. `name` is what the
/// browser told the page of the adapter.
///
/// # Errors
/// No adapter, or a device that cannot be had.
pub(crate) async fn machine(name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    if let Some(machine) = MACHINE.with_borrow(|machine| machine.clone().filter(|machine| machine.check().is_ok())) {
        return Ok(machine);
    }
    MACHINE.set(None);
    HELD.set(None);
    let machine = open(name).await?;
    MACHINE.set(Some(Rc::clone(&machine)));
    Ok(machine)
}

#[cfg(feature = "gpu")]
async fn open(name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    Machine::open(None, name).await
}

#[cfg(not(feature = "gpu"))]
#[expect(clippy::unused_async, reason = "a GPU is waited for")]
async fn open(_name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    Ok(Machine::of_cpu(crate::web_values::clock))
}

/// Lets the worker hear what the page said meanwhile: the CPU engine waits for nothing by itself.
#[cfg(not(feature = "gpu"))]
pub(crate) fn turn_of_events() -> Pin<Box<dyn Future<Output = ()>>> {
    let turn = js_sys::Promise::new(&mut |resolve, _| {
        let later = js_sys::Reflect::get(&js_sys::global(), &"setTimeout".into()).expect("every worker has timers");
        drop(later.unchecked_into::<js_sys::Function>().call1(&JsValue::NULL, &resolve));
    });
    Box::pin(async move { drop(JsFuture::from(turn).await) })
}

/// The data of that key, if they still stand on the device. Others make room.
pub(crate) fn held(key: &str) -> Option<Held> {
    HELD.with_borrow_mut(|held| held.take_if(|held| held.key != key).map_or_else(|| held.clone(), |_| None))
}

/// Keeps data on the device for the next run.
pub(crate) fn hold(data: Held) {
    HELD.set(Some(data));
}
