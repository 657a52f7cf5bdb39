//! Compiles every WGSL file of a folder with the Vulkan driver's compiler and prints one JSON object a file: registers, spills, workgroup memory,
//! occupancy and instructions as the compiler reports them, and what the assembly of the innermost loop multiplies and loads. The same module is also
//! written as MSL and HLSL, so that nothing unsupported by Metal or Direct3D passes unseen.
//!
//! Mesa's driver for AMD (RADV) opens a device that is not there if `RADV_FORCE_FAMILY` names one. It compiles for it and runs nothing.

mod assembly;
mod driver;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use naga::back::{hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use serde_json::{Map, Value, json};

use driver::{Driver, Statistic};

/// The words of the error if something fails.
type Failure = String;

fn main() {
    if let Err(failure) = run() {
        eprintln!("shader-report: {failure}");
        process::exit(1);
    }
}

fn run() -> Result<(), Failure> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: shader-report FOLDER, a folder of WGSL files")?);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wgsl"))
        .collect();
    files.sort();
    let driver = Driver::open()?;
    println!("{}", json!({"device": driver.name, "driver": driver.version}));
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let line = report(&driver, &name, &file).map_err(|failure| format!("{name}: {failure}"))?;
        println!("{line}");
    }
    Ok(())
}

/// What the compilers say of one file.
fn report(driver: &Driver, name: &str, file: &Path) -> Result<Value, Failure> {
    let source = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let module = naga::front::wgsl::parse_str(&source).map_err(|error| error.emit_to_string(&source))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    let info = validator.validate(&module).map_err(|error| error.emit_to_string(&source))?;
    write_msl(&module, &info)?;
    write_hlsl(&module, &info)?;
    let words = spirv(&module, &info)?;
    let compiled = driver.compile(&module, &words)?;
    let mut line = Map::new();
    line.insert("kernel".to_owned(), json!(name));
    for Statistic { name, value } in &compiled.statistics {
        line.insert(name.clone(), json!(value));
    }
    if let Some(found) = assembly::inner_loop(&compiled.assembly) {
        line.insert(
            "inner_loop".to_owned(),
            json!({"fmas": found.fmas, "other_vector": found.vector, "bytes": found.bytes, "workgroup_bytes": found.workgroup_bytes, "instructions": found.instructions}),
        );
    }
    Ok(Value::Object(line))
}

fn spirv(module: &naga::Module, info: &ModuleInfo) -> Result<Vec<u32>, Failure> {
    let options = spv::Options { lang_version: (1, 3), ..Default::default() };
    let point = spv::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: "main".to_owned() };
    spv::write_vec(module, info, &options, Some(&point)).map_err(|error| format!("SPIR-V: {error}"))
}

fn write_msl(module: &naga::Module, info: &ModuleInfo) -> Result<(), Failure> {
    let options = msl::Options { lang_version: (2, 1), fake_missing_bindings: true, ..Default::default() };
    let (text, _) = msl::write_string(module, info, &options, &msl::PipelineOptions::default()).map_err(|error| format!("MSL: {error}"))?;
    if text.contains("kernel void") { Ok(()) } else { Err("MSL: no kernel was written".to_owned()) }
}

fn write_hlsl(module: &naga::Module, info: &ModuleInfo) -> Result<(), Failure> {
    let options = hlsl::Options { shader_model: hlsl::ShaderModel::V6_0, fake_missing_bindings: true, ..Default::default() };
    let mut text = String::new();
    let point = hlsl::PipelineOptions::default();
    hlsl::Writer::new(&mut text, &options, &point).write(module, info, None).map_err(|error| format!("HLSL: {error}"))?;
    if text.contains("numthreads") { Ok(()) } else { Err("HLSL: no kernel was written".to_owned()) }
}
