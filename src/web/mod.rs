//! The border between Rust and the page: functions that the page's workers call, and the structures that cross. It translates, and does
//! nothing else.
//!
//! Four WebAssembly modules are made of it, by cargo's features (`scripts/wasm.mjs`): `page` offers runs, on a GPU (`gpu`) or the CPU (`cpu`);
//! `self-check` and `own-files` what only a panel asks for. A function says in its signature what it gives, `Js<Plan>`; so a unit test
//! of `generate.rs` can write the page's types of both structures and functions.

#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod between_runs;
#[cfg(all(target_arch = "wasm32", feature = "self-check"))]
pub mod check;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod classify;
#[cfg(test)]
mod generate;
mod js;
#[cfg(all(target_arch = "wasm32", feature = "gpu", any(feature = "page", feature = "self-check")))]
mod kernels;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod lab;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod links;
#[cfg(all(target_arch = "wasm32", any(feature = "page", feature = "self-check")))]
mod machine;
#[cfg(all(target_arch = "wasm32", feature = "own-files"))]
pub mod own_files;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod plan;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod run_files;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod session;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod snapshots;
pub mod types;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod user_data;
