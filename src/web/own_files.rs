//! The WebAssembly module that reads the visitor's own files and draws saved runs, in workers of its own. The page passes a data set to the module
//! that trains.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, words};
use super::types::{OwnData, OwnSet};
use crate::animation::animation;
use crate::data::own::Import;
use crate::data::table::{Label, Missing, Reading};
use crate::run_file::RunFile;

/// A saved run, with weights or without, as the bytes of an animated GIF.
///
/// # Errors
/// It is no run, or there is nothing to animate.
#[wasm_bindgen]
pub fn animate(file: &[u8]) -> Result<Vec<u8>, JsError> {
    RunFile::from_bytes(file).map_err(words).and_then(|saved| animation(&saved).map_err(words))
}

/// Makes a data set of files.
#[wasm_bindgen]
pub struct FileImporter(Import);

#[wasm_bindgen]
impl FileImporter {
    /// Chooses among files with these paths. Folders are separated by `/`.
    ///
    /// # Errors
    /// No file, pictures without folders, several tables.
    #[wasm_bindgen(constructor)]
    pub fn new(paths: Vec<String>) -> Result<Self, JsError> {
        Import::new(paths).map(Self).map_err(words)
    }

    /// The files to read, as places in the list of paths, in order.
    #[must_use]
    pub fn wanted(&self) -> Vec<u32> {
        self.0.wanted().iter().map(|&file| file as u32).collect()
    }

    /// Takes the unpacked content of the next file.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or a table in another format.
    pub fn take(&mut self, file: u32, bytes: Vec<u8>) -> Result<(), JsError> {
        self.0.take(file as usize, bytes).map_err(words)
    }

    /// The columns of a table that was refused, for a choice of the class.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.0.columns()
    }

    /// Makes the data set. `label`: the column with the class, as `--label` names it. `missing`: what happens to missing values, as `--missing`
    /// says it.
    ///
    /// # Errors
    /// The files are no data set; the message has file, line, column and reason.
    pub fn finish(&mut self, label: &str, missing: &str) -> Result<Js<OwnSet>, JsError> {
        let reading = Reading { label: Label::named(label), missing: Missing::named(missing).unwrap_or_default() };
        let own = self.0.finish(&reading).map_err(words)?;
        let (train, test) = own.counts();
        let about = OwnData {
            name: own.name.clone(),
            words: own.words(),
            notes: own.notes.clone(),
            train,
            test,
            has_test: own.test.is_some(),
            is_image: own.height > 1,
            columns: own.columns.clone(),
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
