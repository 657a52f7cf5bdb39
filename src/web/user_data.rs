//! The visitor's own data. They are only in the memory of this module; they are never sent anywhere.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::js::Js;
use super::types::OwnData;
use crate::config::DatasetName;
use crate::data::Split;
use crate::data::own::Own;

/// The visitor's own data, with their description in the page.
struct Taken {
    own: Rc<Own>,
    about: Js<OwnData>,
}

thread_local! {
    static TAKEN: RefCell<Option<Taken>> = const { RefCell::new(None) };
    /// How often data were set. It distinguishes the current data from earlier ones.
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

/// The current data.
///
/// # Errors
/// There are none.
pub(super) fn own() -> Result<Rc<Own>, JsError> {
    TAKEN.with_borrow(|taken| taken.as_ref().map(|taken| Rc::clone(&taken.own))).ok_or_else(|| {
        JsError::new("this experiment is of data that stayed with its owner, in the browser it was opened in: give the same files, or choose other data")
    })
}

/// The page's description of the current data.
pub(super) fn about_own() -> Option<Js<OwnData>> {
    TAKEN.with_borrow(|taken| taken.as_ref().map(|taken| taken.about.clone()))
}

/// A text field of that description, by its name.
pub(super) fn text_of(name: &str) -> Option<String> {
    js_sys::Reflect::get(&about_own()?.into(), &name.into()).ok()?.as_string()
}

/// How often data were set.
pub(super) fn times_taken() -> u32 {
    TIMES.get()
}

/// The description of the visitor's own data that `take_own` was given; null if there are no data.
#[must_use]
#[wasm_bindgen]
pub fn own_data() -> Js<Option<OwnData>> {
    Js::given(about_own().map_or(JsValue::NULL, JsValue::from))
}

/// Sets the visitor's own data, which the module `own_files` made; they replace earlier ones. `shape` is `[channels, height, width]`. `inputs`,
/// `[N, I]`, and `labels`, `[N]`, are those of the training rows. If there are no test inputs, test rows are drawn from them. `about` describes the
/// data for the page.
///
/// # Errors
/// The lengths contradict one another.
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
        return Err(JsError::new("rows, labels and classes of the data contradict one another"));
    }
    let own = Own {
        name: DatasetName::Own.name().to_owned(),
        channels,
        height,
        width,
        classes: vec![String::new(); classes as usize],
        rows: Split { inputs, labels },
        test: (!test_labels.is_empty()).then_some(Split { inputs: test_inputs, labels: test_labels }),
        columns: Vec::new(),
        notes: Vec::new(),
    };
    TAKEN.set(Some(Taken { own: Rc::new(own), about: Js::given(about) }));
    TIMES.set(TIMES.get() + 1);
    Ok(())
}
