//! The self-check's WebAssembly module: every kernel against its CPU twin, for a worker of the page that does nothing else.

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use crate::check::{self, Report, SceneReport};
use crate::engine::Machine;
use crate::web_values::{object, report, words};

/// Compares every kernel with its twin on this adapter, scene by scene. `progress` is told how far the kernels are compiled, `told` each
/// scene as it ends, how many are done, and of how many. Gives the adapter and what each kernel showed over all scenes. Browsers tell the
/// page more of the adapter's name than the engine.
///
/// # Errors
/// No adapter, or one that is lost on the way, in words.
#[wasm_bindgen]
pub async fn check(progress: Function, told: Function, adapter_name: Option<String>) -> Result<Object, JsError> {
    let machine =
        Machine::open(None, adapter_name.as_deref(), |done, of| report(&progress, "compiling kernels", done, of)).await.map_err(words)?;
    let tell = |scene: &SceneReport, done: usize, of: usize| {
        let scene = object! {
            "scene": scene.scene, "network": scene.network.as_str(), "passed": scene.passed(), "kernels": plain(&scene.kernels),
        };
        // As with progress: what the page does with the news must not end the work.
        drop(told.call3(&JsValue::NULL, &scene, &(done as f64).into(), &(of as f64).into()));
    };
    let scenes = check::check(&machine, tell).await.map_err(words)?;
    let adapter = &machine.gpu.adapter;
    Ok(object! {
        "adapter": adapter.name.as_str(), "backend": adapter.backend.as_str(), "driver": adapter.driver.as_str(),
        "software": adapter.software, "kernels": plain(&check::by_kernel(&scenes)),
    })
}

fn plain(reports: &[Report]) -> Array {
    let one = |report: &Report| {
        object! {
            "name": report.kernel, "passed": report.passed(), "worst": report.worst, "tolerance": report.tolerance,
            "dispatches": report.dispatches, "place": report.place.as_str(),
        }
    };
    reports.iter().map(one).collect()
}
