//! The ways of choosing masks, all under the same budget: one file a method. A method's file has its facts, which say what a step of it is
//! made of, and its behaviour: which scores a run starts from and, where it chooses its mask by ranking units, when and how. The step itself
//! is the same for all.
//!
//! To add one: its file, its two lines here, and what the page says of it.

mod choosing;
mod dense;
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

/// The name and value of a setting, as the command line has them.
pub type SettingValue = (&'static str, &'static str);

/// By what a method that chooses its mask ranks the units: what has to be known of the network then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// The norms of their weights.
    Norms,
    /// How the loss changes with the mask of each unit, those that are off too: a dense forward and backward pass, which is counted.
    Gradients,
}

/// What a step of a method is made of, and which settings are the method's own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of independent answers, each asked for by its name")]
pub struct Facts {
    /// In links, flags, logs and reports.
    pub name: &'static str,
    /// The word of the page's control.
    pub label: &'static str,
    /// Forward passes of a training step: 1 under m, or 2 under m and m′.
    pub forwards: u32,
    /// Whether the scores learn.
    pub learns_scores: bool,
    /// What the scores learn from, where the setting `estimator` has no say.
    pub estimator: Option<Estimator>,
    /// Whether its budget comes down along the schedule; the others begin with the one they end with.
    pub starts_whole: bool,
    /// Whether every unit is computed and multiplied by its mask.
    pub computes_all: bool,
    /// Whether it keeps every unit of the network that it trains.
    pub keeps_all: bool,
    /// Whether a unit whose score is 0 may be kept again.
    pub brings_back: bool,
    /// By what units are ranked, where the mask is chosen now and then.
    pub ranks_by: Option<Criterion>,
    /// The settings that mean something to it and not to every method, in the order in which they are shown.
    pub settings: &'static [&'static str],
    /// What a comparison gives it beside the settings that all have in common: see `entrants`.
    pub presets: &'static [SettingValue],
    /// The setting that a search tries three values of, beside the learning rate.
    pub search: (&'static str, [&'static str; 3]),
}

impl Facts {
    /// Masks that its network has room for. Scores that learn stand between 0 and 1, where an evaluation compares the decided mask with a sampled
    /// one; of scores of 0 and 1 the two are the same.
    #[must_use]
    pub fn masks(&self) -> u32 {
        if self.learns_scores { 2 } else { 1 }
    }

    /// Whether the setting means something to it and not to every method.
    #[must_use]
    pub fn has_setting(&self, name: &str) -> bool {
        self.settings.contains(&name)
    }
}

/// What an experiment says to its method.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodConfig {
    pub seed: u32,
    pub budget: Budget,
    /// Steps between two choices of the mask.
    pub structure_every: u32,
    /// Share of the kept units that are exchanged at first.
    pub drop_fraction: f64,
    /// Units of each gated group that are kept at first; empty for the same share of each.
    pub allocation: Vec<u32>,
}

/// What is known when a mask is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub plan: &'a MethodConfig,
    pub model: &'a Model,
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
    /// Units that may be kept until the mask is chosen again: ⌊K⌋ of the last step before that.
    pub budget: u32,
    /// `[U]` the mask, 0 or 1.
    pub scores: &'a [f32],
    /// `[U]` root mean square of the weights that lead to a unit, of an input of those that lead away.
    pub norms: &'a [f64],
    /// `[U]` dL/dm under the mask; empty unless units are ranked by it.
    pub gradients: &'a [f64],
}

/// A way of choosing masks.
pub trait Method {
    /// `[U]` the scores of the first step; a score of 0 or 1 is a decision.
    fn initial_scores(&self, plan: &MethodConfig, model: &Model) -> Vec<f32>;

    /// Which units the network is built of: `[U]`, or all.
    fn built_of(&self, _: &MethodConfig, _: &Model) -> Option<Vec<bool>> {
        None
    }

    /// Whether the mask is chosen anew before `step` of a run of `steps`. Only asked of one that ranks units.
    fn chooses_before(&self, _: &MethodConfig, _step: u32, _steps: u32) -> bool {
        false
    }

    /// `[U]` the mask that is trained from here on, 0 or 1.
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

            /// Every one, in the order of the controls.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What its file says of it.
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
    Magnitude = magnitude;
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

/// The names of the methods whose scores learn, in words, with `last` before the last one: "vrpge, reinforce or ste".
#[must_use]
pub fn learning(last: &str) -> String {
    let learns = |name: &&MethodName| name.facts().learns_scores;
    let names: Vec<&str> = MethodName::ALL.iter().filter(learns).map(|name| name.name()).collect();
    match &names[..] {
        [others @ .., name] if !others.is_empty() => format!("{} {last} {name}", others.join(", ")),
        _ => names.concat(),
    }
}

/// `[U]` every score alike: at what the budget begins with.
fn at_the_budget(plan: &MethodConfig, model: &Model) -> Vec<f32> {
    vec![plan.budget.at_first() as f32; model.units() as usize]
}

/// `[U]` every unit kept.
fn everything(model: &Model) -> Vec<f32> {
    vec![1.0; model.units() as usize]
}
