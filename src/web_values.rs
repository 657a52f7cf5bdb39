//! What both WebAssembly modules say to JavaScript with: objects of plain values, errors in words.

use js_sys::{Function, Object, Reflect};
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
pub(crate) fn report(progress: &Function, stage: &str, done: usize, of: usize) {
    // What the page does with news of progress must not end the work: its own errors are its own.
    drop(progress.call3(&JsValue::NULL, &stage.into(), &(done as f64).into(), &(of as f64).into()));
}

/// Readable panics in the console; a panic is a bug.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
