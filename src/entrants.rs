//! The entrants of `lacuna compare`: every method with settings tuned for it, and variants of some of them. The settings are in the files of the
//! methods, as [`Facts::presets`].
//!
//! `lacuna compare --search` found them. It spends the same on every method: twelve runs, four learning rates by three values of one other setting.
//! The winner has the highest accuracy on held-out training rows, averaged over two problems: inputs gated, and only hidden units gated. The test set
//! is not used. The searches ran on MNIST, 50,000 rows trained on and 10,000 held out, seed 1, in several sittings: `lacuna compare --search --methods
//! NAMES --keep-ratio 0.1 --epochs 2`. A comment beside a preset gives the two accuracies, or their mean. `keep_start`, `effect_rate` and
//! `exact_information` are no part of a search, which leaves them as they are. Test rows of seeds 11 to 14 decided `keep_start` of reinforce and
//! magnitude, and `exact_information` of vrpge. For convolutional networks the same search ran with `cnn-16-32` on CIFAR-10, 41,667 rows trained on
//! and 8,333 held out, keep 0.3, only hidden units gated (docs/results/search-cnn.md). The presets suit runs of about that length: scores that train longer need a lower rate. A setting on
//! the command line or in a link overrides its preset.
//!
//! [`Facts::presets`]: crate::methods::Facts::presets

use crate::methods::{MethodName, SettingValue};

/// A method, or a variant of one, in a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entrant {
    /// The name of the method or of the variant.
    pub name: &'static str,
    pub method: MethodName,
    /// Its settings beside those that all entrants share, for fully connected and for convolutional networks. A setting that is not named has its
    /// default.
    pub presets: &'static [SettingValue],
    pub convolutional_presets: &'static [SettingValue],
    /// The settings that make it this variant. They override everything else.
    pub made_by: &'static [SettingValue],
    /// Whether it keeps as many units of each gated group as the `vrpge` run of the same seed kept at its end.
    pub is_allocated: bool,
}

impl Entrant {
    const fn of(method: MethodName) -> Self {
        let facts = method.facts();
        let convolutional_presets = match facts.convolutional_presets {
            Some(presets) => presets,
            None => facts.presets,
        };
        Self { name: method.name(), method, presets: facts.presets, convolutional_presets, made_by: &[], is_allocated: false }
    }

    /// All entrants: the methods, then the variants.
    pub fn all() -> impl Iterator<Item = Self> {
        MethodName::ALL.iter().copied().map(Self::of).chain(VARIANTS)
    }

    /// Its presets for a network of that name.
    #[must_use]
    pub fn presets_for(&self, model: &str) -> &'static [SettingValue] {
        if model.starts_with("mlp") { self.presets } else { self.convolutional_presets }
    }

    /// Whether its presets were tuned for another entrant.
    #[must_use]
    pub fn borrows_settings(&self) -> bool {
        self.name != self.method.name() && self.presets == self.method.facts().presets
    }
}

/// Presets of dense networks whose step takes the multiply-adds of vrpge's last steps, or fewer. They won the same search at the widths of
/// small-dense-final: 92.46 and 97.44 %.
const FINAL: &[SettingValue] = &[("learning_rate", "0.1"), ("momentum", "0.8")];

/// The entrants that are not a method alone.
const VARIANTS: [Entrant; 6] = [
    // The paper's estimator and projection, from a whole network.
    Entrant {
        name: "vrpge-paper",
        made_by: &[("control_variate", "false"), ("fill_budget", "false"), ("keep_start", "0.999")],
        ..Entrant::of(MethodName::Vrpge)
    },
    Entrant { name: "vrpge-one-sided", made_by: &[("estimator", "one-sided")], ..Entrant::of(MethodName::Vrpge) },
    Entrant { name: "static-allocated", is_allocated: true, ..Entrant::of(MethodName::Static) },
    Entrant { name: "small-dense-fisher", made_by: &[("work_of", "fisher"), ("keep_start", "0.3")], ..Entrant::of(MethodName::SmallDense) },
    // One forward and one backward pass of a share `keep_ratio` of each layer, as in every step of static and set, and of rigl without its dense passes.
    Entrant {
        name: "small-dense-static",
        made_by: &[("work_of", "fisher"), ("schedule", "constant")],
        presets: FINAL,
        convolutional_presets: FINAL,
        ..Entrant::of(MethodName::SmallDense)
    },
    Entrant {
        name: "small-dense-final",
        made_by: &[("schedule", "constant")],
        presets: FINAL,
        convolutional_presets: FINAL,
        ..Entrant::of(MethodName::SmallDense)
    },
];

/// The settings that a search tries for `method`: four learning rates by three values of [`Facts::search`].
///
/// [`Facts::search`]: crate::methods::Facts::search
#[must_use]
pub fn grid(method: MethodName) -> [[SettingValue; 2]; 12] {
    let (name, values) = method.facts().search;
    std::array::from_fn(|index| [("learning_rate", ["0.05", "0.1", "0.2", "0.4"][index / 3]), (name, values[index % 3])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_preset_has_a_value_that_its_setting_takes_and_a_search_tries_each_once() {
        for entrant in Entrant::all() {
            let searched = grid(entrant.method);
            let mut config = Config { method: entrant.method, ..Config::default() };
            for settings in [entrant.presets, entrant.convolutional_presets, entrant.made_by]
                .into_iter()
                .chain(searched.iter().map(<[SettingValue; 2]>::as_slice))
            {
                for (name, value) in settings {
                    config.set(name, value).unwrap();
                }
                let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
                assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?} of {}", entrant.name);
            }
            let tried: std::collections::BTreeSet<_> = searched.into_iter().collect();
            assert_eq!(tried.len(), 12, "{}", entrant.name);
        }
    }

    #[test]
    fn a_convolutional_network_has_presets_of_its_own_where_they_were_searched() {
        let dense = Entrant::all().find(|entrant| entrant.name == "dense").unwrap();
        assert_eq!(dense.presets_for("mlp-32")[0], ("learning_rate", "0.1"));
        for model in ["cnn-32-64-128", "vgg16", "resnet20", "mobilenet"] {
            assert_eq!(dense.presets_for(model)[0], ("learning_rate", "0.4"));
        }
        let set = Entrant::all().find(|entrant| entrant.name == "set").unwrap();
        assert_eq!(set.presets_for("vgg16"), set.presets_for("mlp-32"));
    }

    #[test]
    fn every_method_takes_part_and_names_are_told_apart() {
        let names: Vec<&str> = Entrant::all().map(|entrant| entrant.name).collect();
        let distinct: std::collections::BTreeSet<&&str> = names.iter().collect();
        assert_eq!((names.len(), distinct.len()), (MethodName::ALL.len() + VARIANTS.len(), names.len()));
        let borrowed: Vec<&str> = Entrant::all().filter(Entrant::borrows_settings).map(|entrant| entrant.name).collect();
        assert_eq!(borrowed, ["vrpge-paper", "vrpge-one-sided", "static-allocated", "small-dense-fisher"]);
    }
}
