//! The visitor's own data. They stay in the memory of this module, and go nowhere else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::js::Js;
use super::types::OwnData;
use crate::config::DatasetName;
use crate::data::Split;
use crate::data::own::Own;

/// Data of the visitor's, and what the page says about them.
struct Taken {
    own: Rc<Own>,
    about: Js<OwnData>,
}

thread_local! {
    static TAKEN: RefCell<Option<Taken>> = const { RefCell::new(None) };
    /// How often data of the visitor's were taken: tells those of now from those before.
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

/// The data that were taken last.
///
/// # Errors
/// There are none.
pub(super) fn own() -> Result<Rc<Own>, JsError> {
    TAKEN.with_borrow(|taken| taken.as_ref().map(|taken| Rc::clone(&taken.own))).ok_or_else(|| {
        JsError::new("this experiment is of data that stayed with its owner, in the browser it was opened in: give the same files, or choose other data")
    })
}

/// What the page says about the data that were taken last.
pub(super) fn about_own() -> Option<Js<OwnData>> {
    TAKEN.with_borrow(|taken| taken.as_ref().map(|taken| taken.about.clone()))
}

/// A text of what the page says about them, by its name.
pub(super) fn told(name: &str) -> Option<String> {
    js_sys::Reflect::get(&about_own()?.into(), &name.into()).ok()?.as_string()
}

/// How often data were taken.
pub(super) fn times_taken() -> u32 {
    TIMES.get()
}

/// What the page says about the visitor's own data, as it was told; null where there are none.
#[must_use]
#[wasm_bindgen]
pub fn own_data() -> Js<Option<OwnData>> {
    Js::given(about_own().map_or(JsValue::NULL, JsValue::from))
}

/// Takes the visitor's own data, as the module that reads files made them, in place of those before: `shape` is `[channels, height, width]`,
/// inputs `[N, I]` and labels `[N]`, of the training or all rows and of the test rows, none where these are to be drawn; `about` is what the
/// page says about them.
///
/// # Errors
/// Lengths that do not belong together.
#[wasm_bindgen]
pub fn take_own(
    #[wasm_bindgen(unchecked_param_type = "OwnData")] about: JsValue,
    classes: u32,
    shape: &[u32],
    inputs: Vec<u8>,
    labels: Vec<u8>,
    test_inputs: Vec<u8>,
    test_labels: Vec<u8>,
) -> Result<(), JsError> {
    let &[channels, height, width] = shape else { return Err(JsError::new("a shape has three numbers")) };
    let features = channels as usize * height as usize * width as usize;
    let whole =
        |inputs: &[u8], labels: &[u8]| inputs.len() == features * labels.len() && labels.iter().all(|&label| u32::from(label) < classes);
    if features == 0 || labels.is_empty() || !whole(&inputs, &labels) || !whole(&test_inputs, &test_labels) {
        return Err(JsError::new("rows, labels and classes of the data do not belong together"));
    }
    let own = Own {
        name: DatasetName::Own.name().to_owned(),
        channels,
        height,
        width,
        classes: vec![String::new(); classes as usize],
        rows: Split { inputs, labels },
        test: (!test_labels.is_empty()).then_some(Split { inputs: test_inputs, labels: test_labels }),
        note: String::new(),
    };
    TAKEN.set(Some(Taken { own: Rc::new(own), about: Js::given(about) }));
    TIMES.set(TIMES.get() + 1);
    Ok(())
}
