//! The WebAssembly module that reads the visitor's own files, for a worker of the page that does nothing else. What it makes of them goes to
//! the module of the runs.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::types::{OwnData, OwnSet};
use crate::data::own::{Own, of_idx};
use crate::data::photos::Photos;
use crate::data::table::{Label, of_table};

/// Takes files until they make a set.
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

    /// Takes a decoded picture, `[height, width, 4]` bytes; its folder is its class.
    ///
    /// # Errors
    /// A picture in no folder, in words.
    pub fn picture(&mut self, path: &str, width: u32, height: u32, rgba: &[u8]) -> Result<(), JsError> {
        self.photos.take(path, width, height, rgba).map_err(words)
    }

    /// Takes an idx file, unpacked.
    pub fn idx(&mut self, path: &str, bytes: Vec<u8>) {
        self.idx.push((path.to_owned(), bytes));
    }

    /// Takes a table with its class in the column that `label` names: auto, first or last.
    ///
    /// # Errors
    /// A malformed table: line, column and why.
    pub fn table(&mut self, name: &str, bytes: &[u8], label: &str) -> Result<(), JsError> {
        self.table = Some(of_table(name, bytes, Label::named(label).unwrap_or_default()).map_err(words)?);
        Ok(())
    }

    /// The set that the files make.
    ///
    /// # Errors
    /// Files that make no set, in words.
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
