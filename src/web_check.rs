//! The self-check: every kernel against its reference in f64, for a worker of the page that does nothing else. A module of its own where a GPU
//! computes, a part of the CPU engine's otherwise.

use std::rc::Rc;

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use crate::check::{self, Report, SceneReport};
use crate::device::{DeviceError, Machine};
use crate::web_values::{object, words};

/// Compares every kernel with its reference on this adapter, scene by scene. `progress` is told how far the kernels are compiled, `told` each
/// scene as it ends, how many are done, and of how many. Gives the adapter and what each kernel showed over all scenes. Browsers tell the
/// page more of the adapter's name than the engine.
///
/// # Errors
/// No adapter, or one that is lost on the way, in words.
#[wasm_bindgen]
pub async fn check(progress: Function, told: Function, adapter_name: Option<String>) -> Result<Object, JsError> {
    let machine = open(&progress, adapter_name.as_deref()).await.map_err(words)?;
    let tell = |scene: &SceneReport, done: usize, of: usize| {
        let scene = object! {
            "scene": scene.scene, "network": scene.network.as_str(), "passed": scene.passed(), "kernels": plain(&scene.kernels),
        };
        // As with progress: what the page does with the news must not end the work.
        drop(told.call3(&JsValue::NULL, &scene, &(done as f64).into(), &(of as f64).into()));
    };
    let scenes = check::check(&machine, tell).await.map_err(words)?;
    let adapter = &machine.adapter;
    Ok(object! {
        "adapter": adapter.name.as_str(), "backend": adapter.backend.as_str(), "driver": adapter.driver.as_str(),
        "software": adapter.software, "kernels": plain(&check::by_kernel(&scenes)),
    })
}

/// The adapter with all kernels, or the CPU engine.
#[cfg(feature = "gpu")]
async fn open(progress: &Function, name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    use crate::web_values::report;
    let machine = Machine::open(None, name).await?;
    let names: Vec<&'static str> = crate::device::TABLE.iter().map(|entry| entry.name).collect();
    crate::web_kernels::compile(&machine, &names, |done, of| report(progress, "compiling kernels", done, of)).await?;
    Ok(machine)
}

#[cfg(not(feature = "gpu"))]
#[expect(clippy::unused_async, reason = "a GPU is waited for")]
async fn open(_progress: &Function, _name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    Ok(Machine::of_cpu(crate::web_values::clock))
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
