//! The native face.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    match cli::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lacuna: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// In a browser the page is the program; cargo still asks for a `main` when it builds everything for wasm.
#[cfg(target_arch = "wasm32")]
fn main() {}
