//! The self-check: compares every kernel with its reference in f64, in a worker of its own. For a GPU it is a WebAssembly module of its own. For
//! the CPU it is part of the module of the CPU engine.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::js::{Js, words};
use super::types::{CheckKernel, CheckResult, CheckScene};
use crate::check::{self, Report, SceneReport};
use crate::device::{DeviceError, Machine};
#[cfg(feature = "gpu")]
use crate::device::{Kernel, Variants};

/// Compares every kernel with its reference on this adapter, scene by scene. Calls `progress` while kernels are compiled, and `report` after each
/// scene, with the number of scenes done and of all. Returns the adapter and the result of each kernel over all scenes. `adapter_name` is the
/// name that the browser gave the page; browsers give an engine less of it.
///
/// # Errors
/// There is no adapter, or it is lost during the check.
#[wasm_bindgen]
pub async fn check(
    #[wasm_bindgen(unchecked_param_type = "Progress")] progress: Function,
    #[wasm_bindgen(unchecked_param_type = "(scene: CheckScene, done: number, of: number) => void")] report: Function,
    adapter_name: Option<String>,
) -> Result<Js<CheckResult>, JsError> {
    let machine = open(&progress, adapter_name.as_deref()).await.map_err(words)?;
    let finished = |scene: &SceneReport, done: usize, of: usize| {
        let passed = scene.passed();
        let scene = CheckScene { scene: scene.scene.clone(), network: scene.network.clone(), passed, kernels: plain(&scene.kernels) };
        // An error in the page's function must not end the check.
        drop(report.call3(&JsValue::NULL, &Js::of(&scene).into(), &(done as f64).into(), &(of as f64).into()));
    };
    let scenes = check::check(&machine, all_variants(&machine), finished).await.map_err(words)?;
    let adapter = &machine.adapter;
    Ok(Js::of(&CheckResult {
        adapter: adapter.name.clone(),
        backend: adapter.backend.clone(),
        driver: adapter.driver.clone(),
        software: adapter.software,
        kernels: plain(&check::by_kernel(&scenes)),
    }))
}

/// Opens the device and compiles all kernels.
#[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only kernels of a GPU are compiled"))]
async fn open(progress: &Function, name: Option<&str>) -> Result<Rc<Machine>, DeviceError> {
    let machine = super::machine::open(name).await?;
    #[cfg(feature = "gpu")]
    {
        let kernels = kernels_of(&machine);
        let progress = |done, of| super::js::report(progress, "compiling kernels", done, of);
        super::kernels::compile(&machine, &kernels, progress).await?;
    }
    Ok(machine)
}

/// Whether the check runs every variant of the kernels. An adapter that computes on the CPU takes seconds to compile one.
fn all_variants(machine: &Machine) -> bool {
    !machine.adapter.software
}

/// The kernels that the check runs.
#[cfg(feature = "gpu")]
fn kernels_of(machine: &Machine) -> Vec<Kernel> {
    let usual = Variants::usual(&machine.adapter);
    let can_run = |kernel: Kernel| kernel.variant().is_none_or(|variant| variant.runs_on(&machine.adapter));
    Kernel::all().filter(|&kernel| all_variants(machine) && can_run(kernel) || kernel == Kernel::new(kernel.entry().name, usual)).collect()
}

fn plain(reports: &[Report]) -> Vec<CheckKernel> {
    let one = |report: &Report| CheckKernel {
        name: report.name(),
        passed: report.passed(),
        worst: report.worst,
        tolerance: report.tolerance,
        dispatches: report.dispatches,
        place: report.place.clone(),
    };
    reports.iter().map(one).collect()
}
