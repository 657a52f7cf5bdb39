//! `bindgen INPUT.wasm OUT_DIR NAME` writes `NAME.js` and `NAME_bg.wasm` into `OUT_DIR`.
//!
//! A program of the workspace rather than the published command, because its version must equal that of the
//! `wasm-bindgen` crate in the lock file to the last digit: one lock file then holds both.

use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, out_dir, name] = arguments.as_slice() else {
        eprintln!("usage: bindgen INPUT.wasm OUT_DIR NAME");
        return ExitCode::from(2);
    };
    match generate(Path::new(input), Path::new(out_dir), name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bindgen: {message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &Path, out_dir: &Path, name: &str) -> Result<(), String> {
    if !input.is_file() {
        return Err(format!(
            "there is no {}; make it with `cargo build --profile wasm --lib --target wasm32-unknown-unknown`",
            input.display()
        ));
    }
    std::fs::create_dir_all(out_dir).map_err(|error| format!("cannot make the folder {}: {error}", out_dir.display()))?;
    let mut bindgen = Bindgen::new();
    // The modules' types are written from the sources (`src/web/generate.rs`), so that the page has them before a module is built.
    bindgen.input_path(input).out_name(name).typescript(false);
    // Left to itself the library omits the module's own address, and every caller of `init` would have to know it.
    bindgen.omit_default_module_path(false);
    // Names of functions and of the tools that made them help nobody who downloads the page.
    bindgen.remove_name_section(true).remove_producers_section(true);
    // The alternate form prints the whole chain of causes; the last of them is the one that can be mended.
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(out_dir))
        .map_err(|error| format!("cannot make the JavaScript module from {}: {error:#}", input.display()))
}
