//! What both WebAssembly modules say to JavaScript with: objects of plain values, errors in words.

#[cfg(any(feature = "page", feature = "self-check"))]
use js_sys::Function;
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

/// A plain object of named values.
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let object = js_sys::Object::new();
        $($crate::web_values::set(&object, $name, &wasm_bindgen::JsValue::from($value));)+
        object
    }};
}
pub(crate) use object;

pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("a new object takes any property");
}

pub(crate) fn words(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// Tells the page how far something is.
#[cfg(any(feature = "page", feature = "self-check"))]
pub(crate) fn report(progress: &Function, stage: &str, done: usize, of: usize) {
    // What the page does with news of progress must not end the work: its own errors are its own.
    drop(progress.call3(&JsValue::NULL, &stage.into(), &(done as f64).into(), &(of as f64).into()));
}

/// Milliseconds by the clock of the worker or the page.
#[cfg(any(feature = "page", all(feature = "self-check", not(feature = "gpu"))))]
pub(crate) fn clock() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).expect("every browser scope has performance");
    performance.unchecked_into::<web_sys::Performance>().now()
}

/// Readable panics in the console; a panic is a bug.
#[wasm_bindgen(start)]
pub(crate) fn start() {
    console_error_panic_hook::set_once();
}
