//! The native program: the commands of the terminal.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    restart_without_device_selection();
    match cli::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lacuna: {}", cli::printable(&error));
            error.exit_status().into()
        }
    }
}

/// Without a desktop session, Mesa's Vulkan layer that asks the desktop for its preferred GPU prints an error that does not concern this program. An
/// environment variable turns the layer off. It must be set before the process starts, so the process replaces itself by the same program with the
/// variable set. If that fails, the program continues and only the message appears.
#[cfg(target_os = "linux")]
fn restart_without_device_selection() {
    use std::os::unix::process::CommandExt as _;
    const OFF: &str = "NODEVICE_SELECT";
    let mut arguments = std::env::args_os();
    if std::env::var_os("XDG_RUNTIME_DIR").is_some() || std::env::var_os(OFF).is_some() {
        return;
    }
    if let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) {
        // `exec` returns only if it fails.
        let _error = std::process::Command::new(program).arg0(name).args(arguments).env(OFF, "1").exec();
    }
}

/// In a browser the page is the program, but cargo needs a `main` when it builds everything for wasm.
#[cfg(target_arch = "wasm32")]
fn main() {}
