//! The methods of choosing masks, all under the same budget: one file each. A file has the method's facts, which say what a step of it computes, and
//! its behaviour: the first scores of a run and, for a method that ranks units, when and how it chooses its mask. The rest of the step is the same
//! for all.
//!
//! To add one: its file, its two lines here, and its text on the page.

mod choosing;
mod dense;
mod fisher;
mod fisher_pruning;
mod magnitude;
mod reinforce;
mod rigl;
mod set;
mod small_dense;
mod snip;
mod static_mask;
mod straight_through;
#[cfg(test)]
mod tests;
mod vrpge;

use crate::budget::Budget;
use crate::estimators::Estimator;
use crate::model::Model;

pub use choosing::highest;

/// The name and value of a setting, as on the command line.
pub type SettingValue = (&'static str, &'static str);

/// What a method ranks units by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// The norms of their weights.
    Norms,
    /// The running estimates of their effects on the loss.
    Effects,
    /// Their scores, once these have been trained.
    Scores,
    /// How the loss changes with the mask of each unit, also of those that are off. It takes a dense forward and backward pass, whose work is
    /// counted.
    Gradients,
}

/// What a step of a method computes, and which settings the method reads.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of independent answers, each asked for by its name")]
pub struct Facts {
    /// Its name in links, flags, logs and reports.
    pub name: &'static str,
    /// The label of the page's control.
    pub label: &'static str,
    /// Forward passes of a training step: 1 under m, or 2 under m and m′.
    pub forwards: u32,
    /// Whether the scores are trained.
    pub learns_scores: bool,
    /// The estimator that trains the scores; `None` if the setting `estimator` chooses it.
    pub estimator: Option<Estimator>,
    /// Whether its budget falls along the schedule. The other methods use the final budget from the first step.
    pub starts_whole: bool,
    /// Whether every unit is computed and multiplied by its mask.
    pub computes_all: bool,
    /// Whether it keeps every unit of the network that it trains.
    pub keeps_all: bool,
    /// Whether a unit whose score is 0 may be kept again.
    pub brings_back: bool,
    /// What it ranks units by, if it chooses its mask that way.
    pub ranks_by: Option<Criterion>,
    /// The settings that only some methods read and this one reads, in the order in which they are shown.
    pub settings: &'static [&'static str],
    /// The settings that a comparison gives it, beside those that all entrants share: see `entrants`.
    pub presets: &'static [SettingValue],
    /// Those for convolutional networks, where a search with one found others; `None` where none was made.
    pub convolutional_presets: Option<&'static [SettingValue]>,
    /// The setting of which a search tries three values, beside the learning rate.
    pub search: (&'static str, [&'static str; 3]),
}

impl Facts {
    /// Masks whose logits its buffers hold. An evaluation compares the decided mask with a sampled one where scores are between 0 and 1. For scores of
    /// 0 and 1 the two are the same.
    #[must_use]
    pub fn masks(&self) -> u32 {
        if self.learns_scores { 2 } else { 1 }
    }

    /// Whether only some methods read the setting and this one reads it.
    #[must_use]
    pub fn has_setting(&self, name: &str) -> bool {
        self.settings.contains(&name)
    }
}

/// The settings that a method reads.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodConfig {
    pub seed: u32,
    pub budget: Budget,
    /// Steps between two choices of the mask.
    pub structure_every: u32,
    /// Share of the kept units that are exchanged at first.
    pub drop_fraction: f64,
    /// Units of each gated group that are kept at first; empty: the same share of each.
    pub allocation: Vec<u32>,
    /// Forward passes of a step of the method whose work `small-dense` matches.
    pub forwards_matched: u32,
}

/// What a method knows of the network when it chooses a mask.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub plan: &'a MethodConfig,
    pub model: &'a Model,
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
    /// The price of all units that may be kept until the next choice: K of the last step before it.
    pub budget: f64,
    /// `[U]` the mask, 0 or 1.
    pub scores: &'a [f32],
    /// `[U]` root mean square of the weights that lead to a unit; of an input, of the weights that lead away from it. Empty if the
    /// method ranks units by effects or scores.
    pub norms: &'a [f64],
    /// `[U]` the running estimate of each unit's effect L(1) − L(0); empty unless the method ranks units by it.
    pub effects: &'a [f64],
    /// `[U]` dL/dm under the mask; empty unless the method ranks units by it.
    pub gradients: &'a [f64],
}

/// A method of choosing masks.
pub trait Method {
    /// `[U]` the scores of the first step; a score of 0 or 1 decides the unit.
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32>;

    /// `[U]` which units the network is built of; `None`: all.
    fn built_of(&self, _: &MethodConfig, _: &Model) -> Option<Vec<bool>> {
        None
    }

    /// Whether the mask is chosen again before `step` of a run of `steps`. Called only for a method that ranks units.
    fn chooses_before(&self, _: &MethodConfig, _step: u32, _steps: u32) -> bool {
        false
    }

    /// `[U]` the next mask, 0 or 1.
    fn choose(&self, evidence: &Evidence<'_>) -> Vec<f32> {
        evidence.scores.to_vec()
    }
}

/// The table: variant, file.
macro_rules! methods {
    ($($variant:ident = $file:ident;)+) => {
        /// How the mask is chosen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum MethodName { $(#[doc = concat!("See `src/methods/", stringify!($file), ".rs`.")] $variant,)+ }

        impl MethodName {
            /// Names and labels, in the order of the controls.
            pub const NAMES: &'static [(&'static str, &'static str)] = &[$(($file::FACTS.name, $file::FACTS.label),)+];

            /// Every method, in the order of the controls.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its facts, from its file.
            #[must_use]
            pub const fn facts(self) -> &'static Facts {
                match self { $(Self::$variant => &$file::FACTS,)+ }
            }
        }

        /// The behaviour of the method of that name.
        #[must_use]
        pub fn method(name: MethodName) -> &'static dyn Method {
            match name { $(MethodName::$variant => &$file::$variant,)+ }
        }
    };
}

methods! {
    Vrpge = vrpge;
    Reinforce = reinforce;
    Ste = straight_through;
    Fisher = fisher;
    Magnitude = magnitude;
    FisherPruning = fisher_pruning;
    Set = set;
    Rigl = rigl;
    Snip = snip;
    Static = static_mask;
    SmallDense = small_dense;
    Dense = dense;
}

impl MethodName {
    /// The name in a link and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }
}

/// The names of the methods that train scores, for a sentence that has "and" or "or" before the last: "vrpge, reinforce, ste" and "fisher".
#[must_use]
pub fn learning() -> [String; 2] {
    let learns = |name: &&MethodName| name.facts().learns_scores;
    let names: Vec<&str> = MethodName::ALL.iter().filter(learns).map(|name| name.name()).collect();
    let (last, others) = names.split_last().expect("there are several");
    [others.join(", "), (*last).to_owned()]
}

/// `[U]` every score at the share of the first step's budget.
fn at_the_budget(plan: &MethodConfig, model: &Model) -> Vec<f32> {
    vec![plan.budget.at_first() as f32; model.units() as usize]
}

/// `[U]` every unit kept.
fn everything(model: &Model) -> Vec<f32> {
    vec![1.0; model.units() as usize]
}
