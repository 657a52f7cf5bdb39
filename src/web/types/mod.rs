//! Every structure that Rust passes to the page. A unit test of `generate.rs` writes the same types for TypeScript into
//! `www/protocol/generated.ts`, and compares them.
//!
//! Counts that can be larger than a `u32` are `f64` here, as all numbers are in the page. `[U]` are gated units, `[G]` groups.

#[cfg(target_arch = "wasm32")]
use js_sys::Object;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::JsValue;

use crate::config::MethodName;
use crate::trainer::StepPart;
#[cfg(target_arch = "wasm32")]
use crate::web::js::{Cross, object, set};
use crate::web::js::{cross_as_names, crossing};

mod network;
mod panels;
mod run;
mod run_file;

pub use network::*;
pub use panels::*;
pub use run::*;
pub use run_file::*;

/// The bit of a unit's byte that is 1 if m keeps the unit.
pub const KEPT: u8 = 1;
/// The bit that is 1 if m′ keeps the unit.
pub const PROBE_KEPT: u8 = 2;

/// What trains the run: a GPU with WebGPU, or the CPU engine.
#[derive(Clone, Copy)]
pub enum Computes {
    Gpu,
    Cpu,
}

impl Computes {
    pub const ALL: [Self; 2] = [Self::Gpu, Self::Cpu];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
        }
    }
}

cross_as_names!(Computes, MethodName, StepPart);

/// The values that a setting allows.
#[cfg_attr(test, derive(ts_rs::TS), ts(tag = "type", rename_all = "lowercase"))]
pub enum SettingKind {
    Number {
        min: f64,
        max: f64,
        logarithmic: bool,
    },
    Count {
        min: f64,
        max: f64,
    },
    /// Names, each with its label in the page.
    Choice {
        choices: Vec<(&'static str, &'static str)>,
    },
    Switch,
    Text,
}

#[cfg(target_arch = "wasm32")]
impl Cross for SettingKind {
    fn cross(&self) -> JsValue {
        match self {
            Self::Number { min, max, logarithmic } => {
                object! { type: "number", min: min, max: max, logarithmic: logarithmic }
            }
            Self::Count { min, max } => object! { type: "count", min: min, max: max },
            Self::Choice { choices } => object! { type: "choice", choices: choices },
            Self::Switch => object! { type: "switch" },
            Self::Text => object! { type: "text" },
        }
    }
}

/// Values of settings as text, by name.
#[cfg_attr(test, derive(ts_rs::TS), ts(type = "Record<string, string>"))]
pub struct Values(pub Vec<(&'static str, String)>);

#[cfg(target_arch = "wasm32")]
impl Cross for Values {
    fn cross(&self) -> JsValue {
        let values = Object::new();
        for (name, value) in &self.0 {
            set(&values, name, value.cross());
        }
        values.into()
    }
}

crossing! {
    /// One setting of an experiment, as `config::SETTINGS` describes it.
    pub struct Setting {
        pub name: &'static str,
        pub label: &'static str,
        pub help: &'static str,
        /// Whether it may change during a run.
        pub live: bool,
        /// The default.
        pub value: String,
        pub kind: SettingKind,
    }

    /// A method, or a variant of one, that takes part in a comparison.
    pub struct Entrant {
        pub name: &'static str,
        pub method: MethodName,
        /// Settings with which a comparison runs it, unless it uses the same for all.
        pub presets: Values,
        /// The same for convolutional networks.
        pub convolutional_presets: Values,
        /// Settings that make it this variant.
        pub made_by: Values,
        /// Whether its numbers of kept units in each gated group are those at the end of the run of vrpge before it.
        pub is_allocated: bool,
    }
}
