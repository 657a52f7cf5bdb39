//! Compiles kernels in parallel. Browsers do this for pipelines that are created asynchronously, but wgpu always creates them synchronously.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::device::{DeviceError, Kernel, Machine};

/// A plain object of named values.
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {{
        let object = Object::new();
        $(set(&object, $name, &JsValue::from($value));)+
        object
    }};
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("a new object takes any property");
}

/// The function of the device that wgpu calls for a pipeline.
const CREATE_PIPELINE: &str = "createComputePipeline";

/// Compiles in parallel those of these kernels that are not compiled yet. `progress` gets the number of kernels done and of all.
///
/// # Errors
/// The device refuses a shader.
pub(super) async fn compile(machine: &Machine, kernels: &[Kernel], progress: impl Fn(usize, usize)) -> Result<(), DeviceError> {
    let Some(gpu) = machine.gpu() else { return Ok(()) };
    let sources = gpu.sources(kernels);
    if sources.is_empty() {
        return Ok(());
    }
    let refused = |error: &JsValue| {
        let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
        DeviceError::Device(message.unwrap_or_else(|| format!("{error:?}")))
    };
    let device: &JsValue = gpu.device.as_webgpu().expect("in a page a device is one of the browser").as_ref();
    let method = |name: &str| -> Result<Function, DeviceError> {
        Ok(Reflect::get(device, &name.into()).map_err(|error| refused(&error))?.unchecked_into())
    };
    let (module, pipeline) = (method("createShaderModule")?, method("createComputePipelineAsync")?);
    progress(0, sources.len());
    let mut promises = Vec::new();
    for (label, code) in &sources {
        let shader = object! {"label": label.as_str(), "code": code.as_str()};
        let module = module.call1(device, &shader).map_err(|error| refused(&error))?;
        let compute = object! {"module": module, "entryPoint": "main"};
        let wanted = object! {"label": label.as_str(), "layout": "auto", "compute": compute};
        let promise = pipeline.call1(device, &wanted).map_err(|error| refused(&error))?;
        promises.push(JsFuture::from(promise.unchecked_into::<Promise>()));
    }
    let ready = Object::new();
    for (done, (promise, (label, _))) in promises.into_iter().zip(&sources).enumerate() {
        let pipeline = promise.await.map_err(|error| refused(&error))?;
        set(&ready, label, &pipeline);
        progress(done + 1, sources.len());
    }
    // While wgpu prepares the kernels, the device's function returns the finished pipelines.
    let original = method(CREATE_PIPELINE)?;
    let owner = device.clone();
    let find = Closure::<dyn Fn(JsValue) -> Result<JsValue, JsValue>>::new(move |wanted: JsValue| {
        let label = Reflect::get(&wanted, &"label".into())?;
        let made = Reflect::get(&ready, &label)?;
        if made.is_undefined() { original.call1(&owner, &wanted) } else { Ok(made) }
    });
    Reflect::set(device, &CREATE_PIPELINE.into(), find.as_ref()).map_err(|error| refused(&error))?;
    let prepared = gpu.prepare(kernels).await;
    Reflect::delete_property(device.unchecked_ref::<Object>(), &CREATE_PIPELINE.into()).map_err(|error| refused(&error))?;
    prepared
}
