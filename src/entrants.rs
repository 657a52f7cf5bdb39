//! The entries of `lacuna compare`: every method with settings that were tuned for it, so that each shows its best, and variants of three of
//! them. The settings themselves stand with the methods, as [`Facts::presets`].
//!
//! They were found by `lacuna compare --search`, which spends the same on every method: twelve settings each, four learning rates by three values
//! of a setting of its own, of which the one with the highest accuracy on a part of the training set that it was not trained on wins, on average
//! over two problems, with inputs gated and with hidden neurons only. The test set has no say. Printed on MNIST, 50,000 rows trained on and 10,000
//! held out, seed 1, by `lacuna compare --search --methods
//! vrpge,set,rigl,snip,static,small-dense,small-dense-final,reinforce,magnitude,dense,ste --keep-ratio 0.1 --epochs 2`; beside each preset stands
//! the accuracy with inputs gated and with hidden neurons only. They are settings for runs of about that length: scores that have longer to learn
//! want a lower rate. A setting that a person names on the command line, or in a link, stands above its preset.
//!
//! [`Facts::presets`]: crate::methods::Facts::presets

use crate::methods::{MethodName, SettingValue};

/// An entry of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entrant {
    /// The method's own name, or that of a variant.
    pub name: &'static str,
    pub method: MethodName,
    /// What it is given beside the settings that all have in common; a setting that is not named keeps its default.
    pub presets: &'static [SettingValue],
    /// What makes it this variant, above anything that is asked for.
    pub made_by: &'static [SettingValue],
    /// Whether it keeps as many units of each gated group as the run of `vrpge` with the same seed ended with.
    pub is_allocated: bool,
}

impl Entrant {
    const fn of(method: MethodName) -> Self {
        Self { name: method.name(), method, presets: method.facts().presets, made_by: &[], is_allocated: false }
    }

    /// All of them, variants behind the methods.
    pub fn all() -> impl Iterator<Item = Self> {
        MethodName::ALL.iter().copied().map(Self::of).chain(VARIANTS)
    }

    /// Whether its settings are those that were found for another one.
    #[must_use]
    pub fn borrows_settings(&self) -> bool {
        self.name != self.method.name() && self.presets == self.method.facts().presets
    }
}

/// The entrants beside the methods themselves.
const VARIANTS: [Entrant; 3] = [
    Entrant { name: "vrpge-one-sided", made_by: &[("estimator", "one-sided")], ..Entrant::of(MethodName::Vrpge) },
    Entrant { name: "static-allocated", is_allocated: true, ..Entrant::of(MethodName::Static) },
    // A step takes the multiply-adds of vrpge's last steps, not of its average one. Its presets are the winner of the same search at its
    // widths: 92.46 and 97.44 %.
    Entrant {
        name: "small-dense-final",
        made_by: &[("schedule", "constant")],
        presets: &[("learning_rate", "0.1"), ("momentum", "0.8")],
        ..Entrant::of(MethodName::SmallDense)
    },
];

/// The settings that a search tries for `method`: as many for each, four learning rates by three values of [`Facts::search`].
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
            for settings in [entrant.presets, entrant.made_by].into_iter().chain(searched.iter().map(<[SettingValue; 2]>::as_slice)) {
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
    fn every_method_takes_part_and_names_are_told_apart() {
        let names: Vec<&str> = Entrant::all().map(|entrant| entrant.name).collect();
        let told: std::collections::BTreeSet<&&str> = names.iter().collect();
        assert_eq!((names.len(), told.len()), (MethodName::ALL.len() + VARIANTS.len(), names.len()));
        let borrowed: Vec<&str> = Entrant::all().filter(Entrant::borrows_settings).map(|entrant| entrant.name).collect();
        assert_eq!(borrowed, ["vrpge-one-sided", "static-allocated"]);
    }
}
