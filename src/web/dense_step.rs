//! Times a dense step before the first run, so that the page can size its first experiment for the device.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::between_runs;
#[cfg(feature = "gpu")]
use super::js::report;
use super::js::{clock, words};
#[cfg(feature = "gpu")]
use super::kernels;
use super::plan::shape_of;
use crate::config::Config;
use crate::speed;
#[cfg(feature = "gpu")]
use crate::trainer::Trainer;

/// Milliseconds of a dense step of a link's network on the device of the page's runs. It also compiles the kernels of the link's own run. The device
/// and the kernels stay for the next run. `adapter_name` is that of `Session.open`.
///
/// # Errors
/// The link cannot be read, there is no adapter, or the network is too large for it.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only kernels of a GPU are compiled"))]
#[wasm_bindgen]
pub async fn dense_step_ms(
    query: String,
    #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
    adapter_name: Option<String>,
) -> Result<f64, JsError> {
    let config = Config::from_link(&query).map_err(words)?;
    let machine = between_runs::machine(adapter_name.as_deref()).await.map_err(words)?;
    let shape = shape_of(&config)?;
    let (dense, batch) = speed::for_dense_step(&config, &shape);
    #[cfg(feature = "gpu")]
    {
        let mut needed = Trainer::kernels_of(&machine, &config, &shape).map_err(words)?;
        for kernel in Trainer::kernels_of(&machine, &dense, &batch).map_err(words)? {
            if !needed.contains(&kernel) {
                needed.push(kernel);
            }
        }
        kernels::compile(&machine, &needed, |done, of| report(&progress, "compiling kernels", done, of)).await.map_err(words)?;
    }
    speed::dense_step_ms(&machine, dense, batch, &clock).await.map_err(words)
}
