//! Every native test in one program, so that its tests use both cores to the end and it is linked once.

#![cfg(not(target_arch = "wasm32"))]

mod adapter;
mod budget_unit;
mod claims;
mod classifier;
mod cli;
mod compare;
mod contracts;
mod cpu;
mod data;
mod estimator_lab;
mod export;
mod gpu;
mod kernels;
mod learning;
mod memory;
mod methods;
mod program;
mod run_file;
mod small_set;
mod sweep;
mod trace;
