//! Every structure that crosses from Rust to the page, once. TypeScript has the same in `www/protocol/generated.ts`, which a unit test of
//! `generate.rs` writes and compares.
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

/// The first bit of a unit's byte in a mask: kept by m.
pub const KEPT: u8 = 1;
/// The second: kept by m′.
pub const PROBE_KEPT: u8 = 2;

/// What computes: a GPU through WebGPU, or the page's own CPU engine.
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

/// What a setting may hold.
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
    /// Names, each with the word that the page shows.
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
        /// Whether it may change while a run goes on.
        pub live: bool,
        /// The default.
        pub value: String,
        pub kind: SettingKind,
    }

    /// What takes part in a comparison: a method or a variant of one.
    pub struct Entrant {
        pub name: &'static str,
        pub method: MethodName,
        /// Settings that let it show its best.
        pub presets: Values,
        /// Settings that make it this variant.
        pub made_by: Values,
        /// Whether it keeps as many units of each gated group as the run of vrpge before it ended with.
        pub is_allocated: bool,
    }
}
