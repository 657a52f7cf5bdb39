//! The WebAssembly module that reads the visitor's own files, in a worker of its own. The page passes the resulting data set to the module that
//! trains.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::types::{OwnData, OwnSet};
use crate::data::own::{Own, of_idx};
use crate::data::photos::Photos;
use crate::data::table::{Label, of_table};

/// Collects files and makes a data set of them.
#[wasm_bindgen]
#[derive(Default)]
pub struct FileImporter {
    photos: Photos,
    idx: Vec<(String, Vec<u8>)>,
    table: Option<Own>,
}

#[wasm_bindgen]
impl FileImporter {
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a decoded picture, `[height, width, 4]` bytes. Its folder is its class.
    ///
    /// # Errors
    /// The picture is in no folder.
    pub fn picture(&mut self, path: &str, width: u32, height: u32, rgba: &[u8]) -> Result<(), JsError> {
        self.photos.take(path, width, height, rgba).map_err(words)
    }

    /// Adds an unpacked idx file.
    pub fn idx(&mut self, path: &str, bytes: Vec<u8>) {
        self.idx.push((path.to_owned(), bytes));
    }

    /// Adds a table. `label` names the column with the class: auto, first or last.
    ///
    /// # Errors
    /// The table is malformed; the message has line, column and reason.
    pub fn table(&mut self, name: &str, bytes: &[u8], label: &str) -> Result<(), JsError> {
        self.table = Some(of_table(name, bytes, Label::named(label).unwrap_or_default()).map_err(words)?);
        Ok(())
    }

    /// Makes the data set.
    ///
    /// # Errors
    /// The files are no data set.
    pub fn finish(self, name: &str) -> Result<Js<OwnSet>, JsError> {
        let own = match self.table {
            Some(table) => table,
            None if self.photos.is_empty() => of_idx(name, &self.idx).map_err(words)?,
            None => self.photos.finish(name).map_err(words)?,
        };
        let (train, test) = own.counts();
        let about = OwnData {
            name: own.name.clone(),
            words: own.words(),
            note: own.note.clone(),
            train,
            test,
            has_test: own.test.is_some(),
            is_image: own.height > 1,
            classes: own.classes.clone(),
            sum: own.sum(),
        };
        let tested = own.test.unwrap_or_default();
        Ok(Js::of(&OwnSet {
            about,
            shape: [own.channels, own.height, own.width],
            inputs: TypedArray(own.rows.inputs),
            labels: TypedArray(own.rows.labels),
            test_inputs: TypedArray(tested.inputs),
            test_labels: TypedArray(tested.labels),
        }))
    }
}
