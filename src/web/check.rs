//! The self-check: every kernel against its reference in f64, for a worker of the page that does nothing else. A module of its own where a GPU
//! computes, a part of the CPU engine's otherwise.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::js::{Js, words};
use super::types::{CheckKernel, CheckResult, CheckScene};
use crate::check::{self, Report, SceneReport};
use crate::device::{DeviceError, Machine};

/// Compares every kernel with its reference on this adapter, scene by scene. `progress` is told how far the kernels are compiled, `told` each
/// scene as it ends, how many are done, and of how many. Gives the adapter and what each kernel showed over all scenes. Browsers tell the
/// page more of the adapter's name than the engine.
///
/// # Errors
/// No adapter, or one that is lost on the way, in words.
#[wasm_bindgen]
pub async fn check(
    #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
    #[wasm_bindgen(unchecked_param_type = "(scene: CheckScene, done: number, of: number) => void")] told: Function,
    adapter_name: Option<String>,
) -> Result<Js<CheckResult>, JsError> {
    let machine = open(&progress, adapter_name.as_deref()).await.map_err(words)?;
    let tell = |scene: &SceneReport, done: usize, of: usize| {
        let passed = scene.passed();
        let scene = CheckScene { scene: scene.scene, network: scene.network.clone(), passed, kernels: plain(&scene.kernels) };
        // As with progress: what the page does with the news must not end the work.
        drop(told.call3(&JsValue::NULL, &Js::of(&scene).into(), &(done as f64).into(), &(of as f64).into()));
    };
    let scenes = check::check(&machine, tell).await.map_err(words)?;
    let adapter = &machine.adapter;
    Ok(Js::of(&CheckResult {
        adapter: adapter.name.clone(),
        backend: adapter.backend.clone(),
        driver: adapter.driver.clone(),
        software: adapter.software,
        kernels: plain(&check::by_kernel(&scenes)),
    }))
}

/// The device with all kernels.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only kernels of a GPU are waited for"))]
async fn open(progress: &Function, name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    let machine = super::machine::open(name).await?;
    #[cfg(feature = "gpu")]
    {
        let names: Vec<&'static str> = crate::device::TABLE.iter().map(|entry| entry.name).collect();
        let progress = |done, of| super::js::report(progress, "compiling kernels", done, of);
        super::kernels::compile(&machine, &names, progress).await?;
    }
    Ok(machine)
}

fn plain(reports: &[Report]) -> Vec<CheckKernel> {
    let one = |report: &Report| CheckKernel {
        name: report.kernel,
        passed: report.passed(),
        worst: report.worst,
        tolerance: report.tolerance,
        dispatches: report.dispatches,
        place: report.place.clone(),
    };
    reports.iter().map(one).collect()
}
