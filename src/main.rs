//! The native face.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    quiet_mesa();
    match cli::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lacuna: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Without a desktop session, Mesa's layer that would ask the desktop for its preferred GPU prints an error that is none of ours.
#[cfg(not(target_arch = "wasm32"))]
#[expect(unsafe_code, reason = "the environment is written before any other thread exists")]
fn quiet_mesa() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// In a browser the page is the program; cargo still asks for a `main` when it builds everything for wasm.
#[cfg(target_arch = "wasm32")]
fn main() {}
