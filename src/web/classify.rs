//! The panel *Try it*: classifies one image with the current network.

use wasm_bindgen::prelude::*;

use super::js::{Js, TypedArray, clock, words};
use super::session::Session;
use super::types::{Classified, Contributions, Example};
use crate::classifier::Classifier;

/// Most multiply-adds for the contributions of one image, on an adapter in software and on others. They take some seconds in software, and a
/// fraction of a second on others.
const EXPLAINED_WORK: [u64; 2] = [4_000_000_000, 400_000_000_000];

fn floats<'a>(values: impl IntoIterator<Item = &'a f64>) -> TypedArray<f32> {
    TypedArray(values.into_iter().map(|&value| value as f32).collect())
}

#[wasm_bindgen]
impl Session {
    /// The test image of that number.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn example(&self, index: u32) -> Result<Js<Example>, JsError> {
        let row = self.run.data.train_rows + index.min(self.run.data.test_rows.saturating_sub(1));
        let (inputs, label) = self.run.engine().row(row).await.map_err(words)?;
        Ok(Js::of(&Example { inputs: TypedArray(inputs), label }))
    }

    /// Begins to classify an image of `[I]` bytes with the current network.
    ///
    /// # Errors
    /// The image has another size, or the device cannot hold a copy of the network.
    pub async fn classify(&mut self, image: &[u8]) -> Result<(), JsError> {
        if image.len() != self.run.data.inputs as usize {
            return Err(JsError::new(&format!("the image has {} bytes, but the network takes {}", image.len(), self.run.data.inputs)));
        }
        if self.classifier.as_ref().is_none_or(|classifier| !classifier.is_of(&self.run)) {
            // The old copy is freed first, because there may be no memory for both.
            self.classifier = None;
            let [software, other] = EXPLAINED_WORK;
            let work = if self.machine.adapter.software { software } else { other };
            self.classifier = Some(Classifier::new(&self.run, work).map_err(words)?);
        }
        self.classifier.as_mut().expect("it was just made").begin(&self.run, image).await.map_err(words)
    }

    /// Continues with the image: one submit of sampled masks. After all masks, with `explain`, one submit of contributions. Returns the results so
    /// far, or null if everything was done before.
    ///
    /// # Errors
    /// The device is lost.
    pub async fn classify_more(&mut self, explain: bool) -> Result<Js<Option<Classified>>, JsError> {
        let Some(classifier) = &mut self.classifier else { return Ok(Js::of(&None)) };
        let begin = clock();
        let mut done = classifier.sample(self.classifier_pace.steps()).await.map_err(words)?;
        if done == 0 && explain {
            done = classifier.explain(self.classifier_pace.steps()).await.map_err(words)?;
        }
        if done == 0 {
            return Ok(Js::of(&None));
        }
        self.classifier_pace.took(done, clock() - begin);
        let contributions = classifier.contributions().map(|found| Contributions {
            class: found.class,
            side: found.side,
            across: found.across,
            down: found.down,
            values: floats(&found.values),
        });
        Ok(Js::of(&Some(Classified {
            step: classifier.step(),
            decided: floats(classifier.decided()),
            sampled: floats(classifier.sampled().iter().flatten()),
            contributions,
        })))
    }

    /// Frees the copy of the network.
    pub fn classify_release(&mut self) {
        self.classifier = None;
    }
}
