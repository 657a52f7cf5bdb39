//! The interface between Rust and the page: functions that the page's workers call, and the structures that they return. It only converts
//! between Rust and JavaScript.
//!
//! `scripts/wasm.mjs` builds four WebAssembly modules from it, with different features of cargo: `page` trains runs, on a GPU (`gpu`) or the CPU
//! (`cpu`); `self-check` and `own-files` are each for one panel. The signature of a function has the type that it returns, such as `Js<Plan>`. So
//! a unit test of `generate.rs` can write the page's types of structures and functions.

#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod between_runs;
#[cfg(all(target_arch = "wasm32", feature = "self-check"))]
pub mod check;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod classify;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod dense_step;
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
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod tuning;
pub mod types;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod user_data;
