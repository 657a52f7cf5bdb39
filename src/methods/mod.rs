//! One file per way of choosing masks. A method says which scores a run starts from, how many forwards a step makes, and whether the
//! scores learn; the step itself is the same for all.

mod dense;
mod random_mask;
mod vrpge;

use crate::config::{Config, MethodName};
use crate::model::Model;

/// A way of choosing masks.
pub trait Method {
    /// `[U]` the scores of the first step; a score of 0 or 1 is a decision.
    fn initial_scores(&self, config: &Config, model: &Model) -> Vec<f32>;

    /// Forward passes of a training step: 1 under m, or 2 under m and m′.
    fn forwards(&self) -> u32;

    /// Whether the scores learn from the two losses.
    fn learns_scores(&self) -> bool;
}

/// The method of that name.
#[must_use]
pub fn method(name: MethodName) -> &'static dyn Method {
    match name {
        MethodName::Vrpge => &vrpge::Vrpge,
        MethodName::Static => &random_mask::RandomMask,
        MethodName::Dense => &dense::Dense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;

    #[test]
    fn every_method_starts_within_its_budget() {
        let model = Model::new("mlp-33-7", Image::flat(29), 10, true).unwrap();
        for (keep_ratio, seed) in [(0.1, 1), (0.2, 2), (0.73, 3), (1.0, 4)] {
            let config = Config { keep_ratio, keep_start: 1.0, seed, ..Config::default() };
            let budget = keep_ratio * f64::from(model.units());
            let random = method(MethodName::Static).initial_scores(&config, &model);
            assert!(random.iter().all(|&score| score == 0.0 || score == 1.0));
            assert!(random.iter().map(|&score| f64::from(score)).sum::<f64>() <= budget.max(3.0));
            for group in model.gated() {
                let kept = random[group.first_unit as usize..][..group.size as usize].iter().filter(|&&score| score == 1.0).count() as u32;
                assert_eq!(kept, ((keep_ratio * f64::from(group.size)).floor() as u32).max(1), "{}", group.name);
            }
            assert!(method(MethodName::Dense).initial_scores(&config, &model).iter().all(|&score| score == 1.0));
            assert!(method(MethodName::Vrpge).initial_scores(&config, &model).iter().all(|&score| score == 1.0));
        }
        let config = |seed| Config { seed, ..Config::default() };
        let random = |seed| method(MethodName::Static).initial_scores(&config(seed), &model);
        assert_eq!(random(1), random(1));
        assert_ne!(random(1), random(2));
    }
}
