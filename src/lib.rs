//! Lacuna trains sparse neural networks, forward and backward through the kept units only. One core runs in a WebGPU page and natively. Its
//! default method is VR-PGE, the variance-reduced policy gradient estimator of the paper below.
//!
//! # The method
//!
//! Zhou, Zhang, Chen, Diao, Zhang, "Efficient Neural Network Training via Forward and Backward Propagation Sparsification",
//! NeurIPS 2021, arXiv 2111.05685. Every gated unit (an input, a hidden neuron) has a keep-probability s. One training step:
//!
//! 1. *Sample* a batch and two masks m, m′ ~ Bernoulli(s), by a counter-based generator, so that a mask is a pure function of
//!    (seed, step, s) on every device.
//! 2. *Forward* twice on the same batch: L = L(w, m) and L′ = L(w, m′). Both compute kept units only.
//! 3. *Structure gradient* without a backward pass: g = ½ (L − L′) (m − m′) / (s(1−s))^(1−α), whose mean is (s(1−s))^α ∇ₛ E L.
//! 4. *Structure step*: s ← s − η Adam(g), then the projection s ← clamp(s − v, 0, 1) with the least v ≥ 0 that keeps Σs ≤ K.
//! 5. *Backward* under m only, over kept units only.
//! 6. *Weights*: momentum SGD on the weights of kept units. The weights and velocities of units that are off do not change.
//!
//! # Glossary
//!
//! | symbol | name | meaning |
//! |---|---|---|
//! | s | `scores` | keep-probability of each gated unit, `[U]` |
//! | m, m′ | `mask`, `probe` | the mask under which the weights are trained; the second mask, for the forward pass only |
//! | L, L′ | `loss`, `probe_loss` | mean cross-entropy of one batch under each |
//! | K | `budget` | `keep_ratio` · U, the bound on Σs |
//! | v | `threshold` | the projection's shift |
//! | α | `alpha` | exponent of the preconditioner |
//! | B, I, O, U | | images in a batch; inputs and outputs of a layer; gated units |
//!
//! # The modules, by level
//!
//! A module imports its own level and lower ones; a test reads the `use` lines.
//!
//! * Level 0, plain arithmetic: [`config`] every setting; [`model`] groups, layers and their counts; [`mask`] rules about masks;
//!   [`projection`] of scores onto the budget; [`estimators`] one file for each structure gradient; [`methods`] one file for each method of
//!   choosing masks; [`budget`] the budget over a run; [`random`] Threefry; [`schedule`] rates, budget and rows of each step;
//!   [`submit_size`] steps of a submit; [`pins`] units held on or off; [`entrants`] the entrants of a comparison; [`data`] the data sets;
//!   [`shared`] the structs that the kernels share; [`reference`](mod@reference) the reference of every kernel, in f64, which only the CPU
//!   engine and [`check`] run.
//! * Level 1: [`device`] a GPU or the CPU engine, and the table of kernels; it knows nothing of training.
//! * Level 2: [`engine`] which kernels run, in which order, on which buffers; [`trainer`] a run; [`snapshot`] the state of a run for views;
//!   [`speed`] times a run's step and a dense one; [`estimator_lab`] measures estimators; [`check`] compares every kernel with its reference;
//!   [`classifier`] classifies any image with the current network; [`run_file`] a run as one file;
//!   `animation` a saved run as an animated picture; `export` its network without the units that are off, as a file for other programs.
//! * Level 3, the interfaces: `main.rs` with `cli/` natively; `web/` in the page.

#[cfg(any(not(target_arch = "wasm32"), feature = "own-files"))]
pub mod animation;
pub mod budget;
#[cfg(any(not(target_arch = "wasm32"), feature = "self-check"))]
pub mod check;
pub mod classifier;
pub mod config;
pub mod data;
pub mod device;
pub mod engine;
pub mod entrants;
pub mod estimator_lab;
pub mod estimators;
#[cfg(not(target_arch = "wasm32"))]
pub mod export;
pub mod link;
pub mod mask;
pub mod methods;
pub mod model;
pub mod pins;
pub mod projection;
pub mod random;
pub mod reference;
pub mod run_file;
pub mod schedule;
pub mod shared;
pub mod snapshot;
pub mod speed;
pub mod submit_size;
pub mod trainer;
#[cfg(any(target_arch = "wasm32", test))]
pub mod web;
