//! Settings that let each method show its best, where a comparison would otherwise lend all of them those of one.
//!
//! They were found by `lacuna compare --search`, which spends the same on every method: six settings each, of which the one with the
//! highest accuracy on a part of the training set that it was not trained on wins. The test set has no say. A setting that a person names
//! on the command line, or a link, stands above its preset.

use crate::config::MethodName;

/// One knob's name and value, as the command line has them.
pub type Setting = (&'static str, &'static str);

/// What `method` is given beside the settings that all have in common; a knob that is not named keeps its default.
///
/// Printed on MNIST, 50,000 rows trained on and 10,000 held out, seed 1, by
/// `lacuna compare --search --methods vrpge,set,rigl,snip,static,small-dense,reinforce,ste,magnitude,dense --gate-inputs
/// --keep-ratio 0.1 --epochs 2`. They are settings for runs of about that length: scores that have longer to learn want a lower rate.
#[must_use]
pub fn of(method: MethodName) -> &'static [Setting] {
    match method {
        // 92.71, 85.92 and 91.55 %
        MethodName::Vrpge | MethodName::Reinforce | MethodName::Ste => &[("learning_rate", "0.1"), ("scores_rate", "0.1")],
        // 93.80 and 94.77 %
        MethodName::Set | MethodName::Rigl => &[("learning_rate", "0.2"), ("drop_fraction", "0.3")],
        MethodName::Snip => &[("learning_rate", "0.2"), ("momentum", "0.9")], // 92.92 %
        MethodName::Static => &[("learning_rate", "0.1"), ("momentum", "0.95")], // 89.83 %
        MethodName::Magnitude => &[("learning_rate", "0.2"), ("structure_every", "100")], // 94.58 %
        // 97.65 and 97.98 %
        MethodName::SmallDense | MethodName::Dense => &[("learning_rate", "0.1"), ("momentum", "0.9")],
    }
}

/// What the narrower `small-dense-final` is given: the winner of the same search at its width, 92.10 %.
pub const SMALL_DENSE_FINAL: &[Setting] = &[("learning_rate", "0.05"), ("momentum", "0.9")];

/// The settings that a search tries for `method`: as many for each, over its learning rate and, where it has one, over the knob that is
/// its own.
#[must_use]
pub fn grid(method: MethodName) -> [[Setting; 2]; 6] {
    const RATE: &str = "learning_rate";
    let own = |name: &'static str, values: [&'static str; 3]| {
        std::array::from_fn(|index| [(RATE, ["0.1", "0.2"][index / 3]), (name, values[index % 3])])
    };
    match method {
        MethodName::Vrpge | MethodName::Reinforce | MethodName::Ste => own("scores_rate", ["0.02", "0.05", "0.1"]),
        MethodName::Set | MethodName::Rigl => own("drop_fraction", ["0.1", "0.3", "0.5"]),
        MethodName::Magnitude => own("structure_every", ["25", "100", "400"]),
        MethodName::Snip | MethodName::Static | MethodName::SmallDense | MethodName::Dense => {
            std::array::from_fn(|index| [(RATE, ["0.05", "0.1", "0.2"][index % 3]), ("momentum", ["0.9", "0.95"][index / 3])])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_setting_is_one_that_its_knob_takes_and_a_search_tries_each_once() {
        for method in MethodName::ALL {
            let mut config = Config { method, ..Config::default() };
            for (name, value) in of(method).iter().chain(SMALL_DENSE_FINAL).chain(grid(method).as_flattened()) {
                config.set(name, value).unwrap();
            }
            for settings in [of(method), SMALL_DENSE_FINAL].into_iter().chain(grid(method).iter().map(<[Setting; 2]>::as_slice)) {
                let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
                assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?} of {method:?}");
            }
            let tried: std::collections::BTreeSet<_> = grid(method).into_iter().collect();
            assert_eq!(tried.len(), 6, "{method:?}");
        }
    }
}
