//! Every setting of an experiment: its name, range, default and one line of help.
//!
//! One table makes the flags of the command line (`keep_ratio` is `--keep-ratio`), the controls of the page and the query of a link, so that a link
//! reproduces a run anywhere. No other module has a default.

use std::fmt;

use crate::budget::Budget;
use crate::link;
use crate::methods::{self, MethodConfig};
use crate::model::{Image, Model, ModelError};
use crate::pins::{PinError, Pins};

/// The types of the settings `estimator` and `method`. Each of their choices is a file of these modules.
pub use crate::estimators::Estimator;
pub use crate::methods::MethodName;

/// The values that a setting may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A real number between two bounds, both allowed. `logarithmic`: equal moves of a slider multiply the value by equal factors.
    Number { min: f64, max: f64, logarithmic: bool },
    /// A whole number between two bounds, both allowed.
    Count { min: u64, max: u64 },
    /// One of several names, each with its label on the page.
    Choice(&'static [(&'static str, &'static str)]),
    /// On or off: `true` or `false`.
    Switch,
    /// Free text, checked by the module that reads it.
    Text,
}

/// One setting, as the terminal and the page show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in a link; with hyphens, the flag.
    pub name: &'static str,
    /// Two or three words for a label.
    pub label: &'static str,
    /// One sentence for `--help` and for a tooltip.
    pub help: &'static str,
    pub kind: Kind,
    /// Whether it may change during a run.
    pub live: bool,
}

impl fmt::Display for Kind {
    /// What a value must be, to complete the sentence "NAME must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { min, max, .. } => write!(f, "a number from {min} to {max}"),
            Self::Count { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Choice(names) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                write!(f, "one of {}", names.join(", "))
            }
            Self::Switch => f.write_str("true or false"),
            Self::Text => f.write_str("text"),
        }
    }
}

/// Why an experiment is refused: a value outside the range of its setting, or settings that contradict each other, the network or the data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    #[error("there is no setting \"{name}\"; {}", meant(name))]
    UnknownSetting { name: String },
    #[error("{setting} must be {kind}, not \"{text}\"")]
    BadValue { setting: &'static str, kind: Kind, text: String },
    #[error("the link sets {setting} twice")]
    SetTwice { setting: String },
    #[error("allocation must be whole numbers with commas between them, as in 9,9,20, not \"{count}\"")]
    BadAllocation { count: String },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Pins(#[from] PinError),
    #[error("allocation names {named} groups of units, but {model} has {groups}")]
    AllocationGroups { named: usize, groups: usize, model: String },
    #[error("batch_size {batch_size} is larger than the training set of {rows} rows: give {rows} or less")]
    BatchTooLarge { batch_size: u32, rows: u32 },
    #[error("pins fix scores, and method {} has none: choose {} or {}, or remove the pins", method.name(), methods::learning()[0], methods::learning()[1])]
    PinsWithoutScores { method: MethodName },
}

impl Setting {
    fn refuse(&self, text: &str) -> ConfigError {
        ConfigError::BadValue { setting: self.name, kind: self.kind, text: text.to_owned() }
    }
}

/// A type that a setting can hold: read from text against the setting's `Kind`, written back as text.
trait Value: Sized {
    fn read(text: &str, setting: &Setting) -> Result<Self, ConfigError>;
    fn write(&self) -> String;
}

impl Value for f64 {
    fn read(text: &str, setting: &Setting) -> Result<Self, ConfigError> {
        let Kind::Number { min, max, .. } = setting.kind else { unreachable!("{} is a number", setting.name) };
        let value: f64 = text.trim().parse().map_err(|_| setting.refuse(text))?;
        if value.is_finite() && (min..=max).contains(&value) { Ok(value) } else { Err(setting.refuse(text)) }
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    fn read(text: &str, setting: &Setting) -> Result<Self, ConfigError> {
        let Kind::Count { min, max } = setting.kind else { unreachable!("{} is a count", setting.name) };
        let value: u64 = text.trim().parse().map_err(|_| setting.refuse(text))?;
        if (min..=max).contains(&value) { Self::try_from(value).map_err(|_| setting.refuse(text)) } else { Err(setting.refuse(text)) }
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for bool {
    fn read(text: &str, setting: &Setting) -> Result<Self, ConfigError> {
        match text.trim() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(setting.refuse(text)),
        }
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(text: &str, _: &Setting) -> Result<Self, ConfigError> {
        Ok(text.trim().to_owned())
    }
    fn write(&self) -> String {
        self.clone()
    }
}

/// Makes an enumeration whose variants have a name in links and a label on the page.
macro_rules! choice {
    ($(#[$meta:meta])* $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal, $label:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$variant_meta])* $variant,)+ }

        impl $type {
            const NAMES: &'static [(&'static str, &'static str)] = &[$(($name, $label),)+];

            /// Every variant, in the order of the controls.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in a link and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        named!($type);
    };
}

/// Makes a setting's type of an enumeration with `ALL`, `name` and `NAMES` (the names that the setting offers).
macro_rules! named {
    ($type:ident) => {
        impl Value for $type {
            fn read(text: &str, setting: &Setting) -> Result<Self, ConfigError> {
                let offered = |name: &str| Self::NAMES.iter().any(|(offered, _)| *offered == name);
                let of_name = Self::ALL.iter().copied().find(|of| of.name() == text.trim() && offered(of.name()));
                of_name.ok_or_else(|| setting.refuse(text.trim()))
            }
            fn write(&self) -> String {
                self.name().to_owned()
            }
        }
    };
}

named!(Estimator);
named!(MethodName);

choice! {
    /// What the network is trained on.
    DatasetName {
        Mnist = "mnist", "MNIST digits";
        FashionMnist = "fashion-mnist", "Fashion-MNIST";
        Cifar10 = "cifar10", "CIFAR-10";
        Cifar100 = "cifar100", "CIFAR-100";
        /// Synthetic data: a known set of inputs carries all the information.
        Planted = "planted", "planted features";
        /// The user's own idx files, from `--data-dir`.
        Idx = "idx", "your own idx files";
        /// The user's own data: chosen in the page, or given by its path on the command line.
        Own = "own", "your data";
    }
}

choice! {
    /// How the budget K goes from `keep_start` to `keep_ratio`.
    Schedule {
        Constant = "constant", "constant";
        Cubic = "cubic", "cubic";
    }
}

choice! {
    /// What the budget counts.
    BudgetUnit {
        Units = "units", "units";
        MultiplyAdds = "multiply-adds", "multiply-adds";
    }
}

choice! {
    /// The method whose multiply-adds `small-dense` matches.
    WorkOf {
        Vrpge = "vrpge", "VR-PGE";
        Fisher = "fisher", "Fisher";
    }
}

choice! {
    /// The optimiser of the scores.
    ScoresOptimizer {
        Adam = "adam", "Adam";
        Sgd = "sgd", "SGD";
    }
}

choice! {
    /// How the learning rates change over the run.
    RateSchedule {
        Cosine = "cosine", "cosine";
        Constant = "constant", "constant";
    }
}

/// The table. An entry has: field, type, default; kind; live or fixed; label; help.
macro_rules! settings {
    ($($field:ident: $type:ty = $default:expr, $kind:expr, $live:literal, $label:literal, $help:literal;)+) => {
        /// The settings of one experiment. Build it with [`Config::default`] and [`Config::set`], or from a link.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config { $(#[doc = $help] pub $field: $type,)+ }

        /// Every setting, in the order in which they are shown.
        pub const SETTINGS: &[Setting] = &[$(Setting { name: stringify!($field), label: $label, help: $help, kind: $kind, live: $live },)+];

        impl Default for Config {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl Config {
            /// Sets one setting from its text on the command line, in a link or in a control.
            ///
            /// # Errors
            /// An unknown name or a value outside the setting's range; the configuration is unchanged.
            pub fn set(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
                let setting = setting(name)?;
                match setting.name {
                    $(stringify!($field) => self.$field = <$type as Value>::read(text, setting)?,)+
                    _ => unreachable!("every setting has a field"),
                }
                Ok(())
            }

            /// The value of a setting as text, the inverse of [`Config::set`].
            ///
            /// # Errors
            /// An unknown name.
            pub fn get(&self, name: &str) -> Result<String, ConfigError> {
                Ok(match setting(name)?.name {
                    $(stringify!($field) => self.$field.write(),)+
                    _ => unreachable!("every setting has a field"),
                })
            }
        }
    };
}

settings! {
    dataset: DatasetName = DatasetName::Mnist, Kind::Choice(DatasetName::NAMES), false,
        "Data", "The data set that the network is trained on.";
    model: String = "mlp-512-256".to_owned(), Kind::Text, false,
        "Network", "The network: mlp- and hidden widths (mlp-512-256), cnn- and widths (cnn-32-64-128), vgg16, resnet20, resnet32, wrn-28-10, mobilenet.";
    gate_inputs: bool = false, Kind::Switch, false,
        "Gate inputs", "Give every input a keep-probability, not only every hidden unit.";
    method: MethodName = MethodName::Vrpge, Kind::Choice(MethodName::NAMES), false,
        "Method", "How the mask is chosen: learned from two losses by the variance-reduced policy gradient estimator, VR-PGE (vrpge), from one loss (reinforce) or by the chain rule (ste); pruned by the norms of weights (magnitude), with new units at random (set) or by their gradients (rigl); by the Fisher information of their masks, from sampled masks (fisher) or without sampling (fisher-pruning); chosen before the first step (snip); random (static); every unit (dense), or a narrower dense network with vrpge's multiply-adds (small-dense).";
    keep_ratio: f64 = 0.2, Kind::Number { min: 0.01, max: 1.0, logarithmic: true }, true,
        "Keep ratio", "The share of gated units that the budget K allows at the end of the schedule.";
    budget_unit: BudgetUnit = BudgetUnit::Units, Kind::Choice(BudgetUnit::NAMES), false,
        "Budget counts", "What the budget K counts: kept units, all alike (units), or the multiply-adds of a forward pass that each of them adds (multiply-adds).";
    schedule: Schedule = Schedule::Cubic, Kind::Choice(Schedule::NAMES), false,
        "Schedule", "Whether the budget is at the keep ratio from the first step (constant) or falls to it (cubic).";
    keep_start: f64 = 0.999, Kind::Number { min: 0.01, max: 1.0, logarithmic: false }, false,
        "Keep at start", "The share of gated units that K allows at the first step of the cubic schedule. If the keep ratio is larger, the budget is constant.";
    anneal_fraction: f64 = 0.5, Kind::Number { min: 0.0, max: 1.0, logarithmic: false }, false,
        "Anneal until", "The fraction of the run after which the cubic schedule has reached the keep ratio.";
    estimator: Estimator = Estimator::TwoSided, Kind::Choice(Estimator::NAMES), true,
        "Estimator", "The policy gradient that trains the scores: two masks (two-sided, one-sided) or one (plain).";
    alpha: f64 = 0.5, Kind::Number { min: 0.0, max: 1.0, logarithmic: false }, true,
        "Preconditioner \u{3b1}", "Exponent of the preconditioner (s(1-s))^alpha. From one half on the variance is bounded.";
    control_variate: bool = true, Kind::Switch, false,
        "Control variate", "For vrpge: subtract the part of the losses' difference that the estimated effects of the units explain. This lowers the variance. Off is the paper's estimator.";
    effect_rate: f64 = 0.1, Kind::Number { min: 1e-3, max: 1.0, logarithmic: true }, false,
        "Effect rate", "For the control variate, fisher and fisher-pruning: the weight of the newest value in the running estimate of a unit's effect.";
    exact_information: bool = false, Kind::Switch, false,
        "Exact information", "For the control variate, fisher and fisher-pruning: compute the Fisher information of a unit's mask from the gradient of each image. It takes more work than the estimate from the gradient of the batch.";
    fill_budget: bool = true, Kind::Switch, false,
        "Fill the budget", "For vrpge, reinforce and ste: if the scores sum to less than the budget, raise those above 0 by the same amount until they reach it.";
    scores_optimizer: ScoresOptimizer = ScoresOptimizer::Adam, Kind::Choice(ScoresOptimizer::NAMES), false,
        "Score optimiser", "The optimiser of the scores.";
    scores_rate: f64 = 0.05, Kind::Number { min: 1e-4, max: 10.0, logarithmic: true }, true,
        "Structure rate", "Learning rate of the scores.";
    structure_every: u32 = 100, Kind::Count { min: 1, max: 1_000_000 }, false,
        "Structure every", "For magnitude, fisher-pruning, set and rigl: steps between two choices of the mask.";
    drop_fraction: f64 = 0.3, Kind::Number { min: 0.0, max: 1.0, logarithmic: false }, false,
        "Drop fraction", "For set and rigl: the share of the kept units that is exchanged at first; it falls to 0 along a cosine.";
    allocation: String = String::new(), Kind::Text, false,
        "Allocation", "For static, set and rigl: how many units of each gated group are kept at first, as in 9,9,20. Empty keeps the same share of each.";
    work_of: WorkOf = WorkOf::Vrpge, Kind::Choice(WorkOf::NAMES), false,
        "Work of", "For small-dense: the method whose multiply-adds under the same schedule it takes.";
    pins: String = String::new(), Kind::Text, true,
        "Pinned units", "For vrpge, reinforce, ste and fisher: gated units held on or off, by their numbers from 0, as in 12on,40off.";
    learning_rate: f64 = 0.1, Kind::Number { min: 0.0, max: 10.0, logarithmic: true }, true,
        "Learning rate", "Learning rate of the weights.";
    rate_schedule: RateSchedule = RateSchedule::Cosine, Kind::Choice(RateSchedule::NAMES), false,
        "Rate schedule", "Whether both learning rates fall along a cosine or are constant.";
    momentum: f64 = 0.9, Kind::Number { min: 0.0, max: 0.999, logarithmic: false }, true,
        "Momentum", "Momentum of the weights.";
    weight_decay: f64 = 5e-4, Kind::Number { min: 0.0, max: 1.0, logarithmic: false }, true,
        "Weight decay", "Weight decay of the kept weights.";
    clip_norm: f64 = 3.0, Kind::Number { min: 0.0, max: 1e6, logarithmic: false }, true,
        "Gradient clip", "The largest norm of the gradient of all weights; 0 never clips.";
    augment: bool = true, Kind::Switch, false,
        "Augment", "Shift and mirror training images at random, where that does not change their class (CIFAR).";
    compact: bool = false, Kind::Switch, false,
        "Compact", "After each epoch, drop from memory the units whose score is 0 for good.";
    batch_size: u32 = 128, Kind::Count { min: 1, max: 4096 }, false,
        "Batch size", "Images a step.";
    epochs: u32 = 9, Kind::Count { min: 1, max: 10_000 }, false,
        "Epochs", "Passes over the training set; they set the length of the schedules.";
    steps: u32 = 0, Kind::Count { min: 0, max: 100_000_000 }, false,
        "Steps", "Length of the run in steps; 0 uses epochs instead.";
    select_masks: u32 = 10, Kind::Count { min: 1, max: 1000 }, false,
        "Masks drawn", "Before fine-tuning: how many masks are drawn; the best one on training data is selected.";
    finetune_epochs: u32 = 0, Kind::Count { min: 0, max: 1000 }, false,
        "Fine-tune epochs", "Passes over the training set under the mask selected at the end; 0 skips fine-tuning.";
    finetune_rate: f64 = 1e-3, Kind::Number { min: 0.0, max: 10.0, logarithmic: true }, false,
        "Fine-tune rate", "Learning rate of the weights while fine-tuning.";
    seed: u32 = 1, Kind::Count { min: 0, max: 4_294_967_295 }, false,
        "Seed", "Fixes the first weights, the order of the images and every mask.";
}

/// The setting of that name.
///
/// # Errors
/// An unknown name.
pub fn setting(name: &str) -> Result<&'static Setting, ConfigError> {
    SETTINGS.iter().find(|setting| setting.name == name).ok_or_else(|| ConfigError::UnknownSetting { name: name.to_owned() })
}

impl Config {
    /// Checks what no single setting can: that the network's name, its allocation and its pins can be read.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), ConfigError> {
        Model::check_name(&self.model)?;
        let counts = self.allocation.split(',').filter(|count| !count.is_empty());
        if let Some(count) = counts.clone().find(|count| count.trim().parse::<u32>().is_err()) {
            return Err(ConfigError::BadAllocation { count: count.to_owned() });
        }
        Pins::read(&self.pins)?;
        Ok(())
    }

    /// The network that the settings name, for images of this shape: with prices by multiply-adds, if the method reads `budget_unit` and the budget
    /// counts those. The prices are those of the keep ratio at the start of a run; they do not change with it.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn network(&self, image: Image, classes: u32) -> Result<Model, ModelError> {
        let model = Model::new(&self.model, image, classes, self.gate_inputs)?;
        let is_priced = self.method.facts().has_setting("budget_unit") && self.budget_unit == BudgetUnit::MultiplyAdds;
        Ok(if is_priced { model.with_prices(self.keep_ratio) } else { model })
    }

    /// The budget over the run, as the settings give it. A method may use it in another way.
    #[must_use]
    pub fn budget(&self) -> Budget {
        let first = match self.schedule {
            Schedule::Constant => self.keep_ratio,
            // The budget only falls.
            Schedule::Cubic => self.keep_start.max(self.keep_ratio),
        };
        Budget { first, last: self.keep_ratio, until: self.anneal_fraction }
    }

    /// The settings that a method reads.
    #[must_use]
    pub fn plan(&self) -> MethodConfig {
        MethodConfig {
            seed: self.seed,
            budget: self.budget(),
            structure_every: self.structure_every,
            drop_fraction: self.drop_fraction,
            allocation: self.allocation_counts(),
            forwards_matched: match self.work_of {
                WorkOf::Vrpge => MethodName::Vrpge,
                WorkOf::Fisher => MethodName::Fisher,
            }
            .facts()
            .forwards,
        }
    }

    /// The estimator that trains the scores: the method's own, or the one that the settings choose.
    #[must_use]
    pub fn structure_estimator(&self) -> Estimator {
        self.method.facts().estimator.unwrap_or(self.estimator)
    }

    /// Units of each gated group that `allocation` names.
    #[must_use]
    pub fn allocation_counts(&self) -> Vec<u32> {
        self.allocation.split(',').filter_map(|count| count.trim().parse().ok()).collect()
    }

    /// The experiment as the query of a link: the settings that differ from their defaults, in the order of the table.
    #[must_use]
    pub fn to_query(&self) -> String {
        let defaults = Self::default();
        let pairs = SETTINGS.iter().filter_map(|setting| {
            let value = self.get(setting.name).ok()?;
            (defaults.get(setting.name).ok()? != value).then(|| format!("{}={value}", setting.name))
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The defaults of version 0.1: the paper's estimator and projection.
    #[must_use]
    pub fn first_defaults() -> Self {
        Self { control_variate: false, fill_budget: false, ..Self::default() }
    }

    /// Reads a link copied from the page, or its query alone. The part after `#` belongs to the page and is ignored, as are names that others add to
    /// a link.
    ///
    /// # Errors
    /// As [`Config::with_link`].
    pub fn from_link(link: &str) -> Result<Self, ConfigError> {
        Self::default().with_link(link)
    }

    /// These settings with those that a link names.
    ///
    /// # Errors
    /// An unknown or repeated setting, a value outside its setting's range, or a contradiction between settings.
    pub fn with_link(self, link: &str) -> Result<Self, ConfigError> {
        let mut config = self;
        let mut seen = Vec::new();
        for (name, value) in link::named_in(link) {
            if seen.contains(&name) {
                return Err(ConfigError::SetTwice { setting: name.to_owned() });
            }
            seen.push(name);
            config.set(name, value)?;
        }
        config.check()?;
        Ok(config)
    }
}

/// Which setting a name that is none is close to; all settings if it is close to none.
fn meant(name: &str) -> String {
    let nearest = SETTINGS.iter().map(|setting| (strsim::jaro(setting.name, name), setting.name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, setting)) if likeness > 0.85 => format!("is {setting} meant?"),
        _ => format!("the settings are {}", SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_default_passes_its_own_setting_and_a_default_link_is_empty() {
        let mut config = Config::default();
        for setting in SETTINGS {
            let text = config.get(setting.name).unwrap();
            config.set(setting.name, &text).unwrap();
        }
        assert_eq!(config, Config::default());
        assert_eq!(config.to_query(), "");
        config.check().unwrap();
    }

    #[test]
    fn a_link_gives_back_the_experiment_whole() {
        let mut config = Config::default();
        for (name, value) in
            [("keep_ratio", "0.1"), ("gate_inputs", "true"), ("model", "mlp-32"), ("seed", "4294967295"), ("method", "static")]
        {
            config.set(name, value).unwrap();
        }
        let link = format!("https://example.org/lacuna/?{}#theme=dark", config.to_query());
        assert_eq!(Config::from_link(&link).unwrap(), config);
        assert_eq!(Config::from_link(&config.to_query()).unwrap(), config);
        assert_eq!(Config::from_link("https://example.org/").unwrap(), Config::default());
    }

    #[test]
    fn what_others_add_to_a_link_is_ignored() {
        let link = "https://example.org/?utm_source=a&model=mlp-8&fbclid=x&keep_ratio=0.2&utm_source=b&gclid&mc_cid=1#tour";
        let config = Config { model: "mlp-8".to_owned(), keep_ratio: 0.2, ..Config::default() };
        assert_eq!(Config::from_link(link).unwrap(), config);
        assert_eq!(Config::from_link("?fbclid=x").unwrap(), Config::default());
        assert!(SETTINGS.iter().all(|setting| !link::names_nothing(setting.name)));
        for mistake in ["?utm=1", "?clid=x", "?=x", "?fbclid2=x"] {
            assert!(Config::from_link(mistake).is_err(), "{mistake}");
        }
    }

    #[test]
    fn bad_links_are_refused_with_an_explanation() {
        for (link, words) in [
            ("?keep_ratio=2", "from 0.01 to 1"),
            ("?keep_ratio=NaN", "from 0.01 to 1"),
            ("?seed=-1", "whole number"),
            ("?method=magic", "vrpge, reinforce, ste, fisher, magnitude"),
            ("?keep-ratio=0.1", "there is no setting \"keep-ratio\"; is keep_ratio meant?"),
            ("?sede=1", "is seed meant?"),
            ("?qqq=1", "the settings are dataset, model"),
            ("?seed=1&seed=2", "twice"),
            ("?model=mlp-0", "mlp-0"),
            ("?pins=3", "as in 12on,40off"),
        ] {
            let message = Config::from_link(link).unwrap_err().to_string();
            assert!(message.contains(words), "{link}: {message}");
        }
    }

    #[test]
    fn facts_of_methods_name_existing_settings() {
        for method in MethodName::ALL {
            for name in method.facts().settings {
                setting(name).unwrap();
            }
        }
    }

    #[test]
    fn the_estimator_of_a_method_cannot_be_chosen_and_overrides_the_setting() {
        let of = |method, estimator| Config { method, estimator, ..Config::default() }.structure_estimator().id();
        let chosen = [Estimator::TwoSided, Estimator::OneSided].map(|estimator| of(MethodName::Vrpge, estimator));
        assert_eq!(chosen, [0, 1]);
        assert_eq!([MethodName::Reinforce, MethodName::Ste].map(|method| of(method, Config::default().estimator)), [2, 3]);
        let message = Config::default().set("estimator", "ste").unwrap_err().to_string();
        assert!(
            message.starts_with("estimator must be one of two-sided, one-sided, plain") && message.ends_with("not \"ste\""),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn no_link_panics(link in ".{0,80}") {
            drop(Config::from_link(&link));
        }

        #[test]
        fn numbers_survive_the_link(keep in 0.01f64..=1.0, rate in 1e-4f64..=10.0, seed: u32) {
            let config = Config { keep_ratio: keep, keep_start: 1.0, scores_rate: rate, seed, ..Config::default() };
            prop_assert_eq!(Config::from_link(&config.to_query()).unwrap(), config);
        }
    }
}
