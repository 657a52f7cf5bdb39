//! The variants of a run's kernels: measured on a GPU, and remembered by the page.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::session::Session;
#[cfg(feature = "gpu")]
use super::{
    js::{clock, report, words},
    kernels,
};
#[cfg(feature = "gpu")]
use crate::{
    device::{Kernel, Product},
    engine::limit_ms,
};

#[wasm_bindgen]
impl Session {
    /// What a choice of variants depends on, for the page to remember it by. `undefined` if there is nothing to choose: the CPU engine has one version of
    /// each kernel, and an adapter that computes on the CPU takes longer to compile others than they save.
    #[must_use]
    pub fn kernels_key(&self) -> Option<String> {
        #[cfg(feature = "gpu")]
        if !self.machine.adapter.software && self.run.step() == 0 {
            return Some(self.run.kernels_key());
        }
        None
    }

    /// Uses the variants of the kernels that the page remembers or, without any, measures which are the fastest. Returns their names.
    ///
    /// # Errors
    /// The device is lost.
    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, clippy::unused_async, reason = "only kernels of a GPU have variants"))]
    pub async fn choose_kernels(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
        known: Option<String>,
    ) -> Result<String, JsError> {
        #[cfg(feature = "gpu")]
        if let Some(variants) = known.and_then(|names| names.parse().ok()) {
            self.run.use_variants(variants).map_err(words)?;
        } else {
            let adapter = &self.machine.adapter;
            let usual = self.run.variants();
            let candidates = Product::ALL
                .into_iter()
                .flat_map(|product| product.candidates(adapter).map(move |index| Kernel::new(product.name(), usual.with(product, index))));
            let kernels: Vec<Kernel> = candidates.collect();
            // A variant that the device refuses is left out later.
            let compiled = kernels::compile(&self.machine, &kernels, |done, of| report(&progress, "choosing kernels", done, of)).await;
            drop(compiled);
            self.run.tune(limit_ms(self.machine.adapter.software), &clock).await.map_err(words)?;
        }
        #[cfg(feature = "gpu")]
        self.recorder.uses(self.run.kernels());
        Ok(self.run.kernels())
    }
}
