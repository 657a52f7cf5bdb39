//! The exact projection of scores onto the budget (arXiv 2111.05685, section 4): s ← clamp(s − v, 0, 1) with the least v ≥ 0 that keeps Σs ≤ K.

/// The least v ≥ 0 with Σ clamp(s − v, 0, 1) ≤ `budget`; NaN if a score is. The sum is linear in v between the breakpoints s and s − 1. A budget
/// below 0 acts as 0.
#[must_use]
pub fn threshold(scores: &[f64], budget: f64) -> f64 {
    if scores.iter().any(|s| s.is_nan()) {
        return f64::NAN;
    }
    let budget = budget.max(0.0);
    let sum = |v: f64| scores.iter().map(|s| (s - v).clamp(0.0, 1.0)).sum::<f64>();
    if sum(0.0) <= budget {
        return 0.0;
    }
    let mut breaks: Vec<f64> = scores.iter().flat_map(|&s| [s, s - 1.0]).filter(|&v| v > 0.0).collect();
    breaks.push(0.0);
    breaks.sort_by(f64::total_cmp);
    // The sum does not rise with v, so the solution is on the piece that ends at the first breakpoint within the budget.
    let end = breaks.partition_point(|&v| sum(v) > budget);
    let (low, high) = (breaks[end - 1], breaks[end]);
    let (above, below) = (sum(low), sum(high));
    low + (high - low) * (above - budget) / (above - below)
}

/// v of the scores that `is_free` selects, under the budget that the others leave. The others do not change.
#[must_use]
pub fn threshold_of_free(scores: &[f64], is_free: impl Fn(usize) -> bool, budget: f64) -> f64 {
    let (free, budget) = free_part(scores, is_free, budget);
    threshold(&free, budget)
}

/// The free scores, and the budget that the others leave them.
fn free_part(scores: &[f64], is_free: impl Fn(usize) -> bool, budget: f64) -> (Vec<f64>, f64) {
    let places = 0..scores.len();
    let pinned_sum: f64 = places.clone().filter(|&unit| !is_free(unit)).map(|unit| scores[unit]).sum();
    (places.filter(|&unit| is_free(unit)).map(|unit| scores[unit]).collect(), budget - pinned_sum)
}

/// The greatest v ≤ 1 with Σ min(s + v, 1) ≤ `budget` over the scores above 0: what a budget that is not used up leaves to each of them. 0 if the
/// scores use up the budget.
#[must_use]
pub fn rise(scores: &[f64], budget: f64) -> f64 {
    let raised: Vec<f64> = scores.iter().filter(|&&s| s > 0.0).map(|s| s.min(1.0)).collect();
    let sum = |v: f64| raised.iter().map(|s| (s + v).min(1.0)).sum::<f64>();
    if sum(0.0) >= budget || raised.iter().all(|&s| s == 1.0) {
        return 0.0;
    }
    let mut breaks: Vec<f64> = raised.iter().map(|s| 1.0 - s).chain([0.0, 1.0]).collect();
    breaks.sort_by(f64::total_cmp);
    // The sum does not fall with v, so the solution is on the piece that begins at the last breakpoint within the budget.
    let end = breaks.partition_point(|&v| sum(v) <= budget);
    let Some(&high) = breaks.get(end) else { return 1.0 };
    let low = breaks[end - 1];
    let (within, over) = (sum(low), sum(high));
    low + (high - low) * (budget - within) / (over - within)
}

/// [`rise`] of the scores that `is_free` selects, under the budget that the others leave.
#[must_use]
pub fn rise_of_free(scores: &[f64], is_free: impl Fn(usize) -> bool, budget: f64) -> f64 {
    let (free, budget) = free_part(scores, is_free, budget);
    rise(&free, budget)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, Threefry};
    use proptest::prelude::*;

    fn clamped(scores: &[f64], v: f64) -> Vec<f64> {
        scores.iter().map(|s| (s - v).clamp(0.0, 1.0)).collect()
    }

    fn sum(values: &[f64]) -> f64 {
        values.iter().sum()
    }

    /// Scores after an optimiser's step, some outside 0 to 1; coarse ones have ties.
    fn stepped_scores() -> impl Strategy<Value = Vec<f64>> {
        let fine = prop::collection::vec(-0.6f64..1.6, 1..120);
        let coarse = prop::collection::vec((-4i32..=12).prop_map(|eighths| f64::from(eighths) / 8.0), 1..120);
        prop_oneof![fine, coarse]
    }

    proptest! {
        #[test]
        fn the_projection_is_the_nearest_feasible_point(scores in stepped_scores(), share in 0.0f64..1.2, other in any::<u32>()) {
            let units = scores.len();
            let budget = share * units as f64;
            let v = threshold(&scores, budget);
            let nearest = clamped(&scores, v);
            prop_assert!(v >= 0.0);
            prop_assert!(sum(&nearest) <= budget + 1e-9, "{} over {budget}", sum(&nearest));
            if sum(&clamped(&scores, 0.0)) > budget {
                prop_assert!((sum(&nearest) - budget).abs() < 1e-9, "an active budget is used up: {} of {budget}", sum(&nearest));
            } else {
                prop_assert_eq!(v, 0.0);
            }
            // The conditions of Karush, Kuhn and Tucker: a coordinate inside (0, 1) moved by v; one at a bound moved no further than to that bound.
            for (s, p) in scores.iter().zip(&nearest) {
                if *p > 0.0 && *p < 1.0 {
                    prop_assert!((s - p - v).abs() < 1e-12);
                } else if *p == 0.0 {
                    prop_assert!(*s <= v);
                } else {
                    prop_assert!(*s >= 1.0 + v);
                }
            }
            // The variational inequality of a projection, for any other feasible point q: (s - p)(q - p) <= 0.
            let mut random = Threefry::new(other, Stream::Data, 0);
            let free: Vec<f64> = scores.iter().map(|_| f64::from(random.unit_interval())).collect();
            let scale = (budget / sum(&free).max(1e-12)).min(1.0);
            let angle: f64 = scores.iter().zip(&nearest).zip(&free).map(|((s, p), q)| (s - p) * (q * scale - p)).sum();
            prop_assert!(angle <= 1e-9, "a feasible point lies nearer: {angle}");
        }

        #[test]
        fn the_threshold_rises_as_the_budget_falls_and_keeps_the_order(scores in stepped_scores(), a in 0.0f64..1.0, b in 0.0f64..1.0) {
            let units = scores.len() as f64;
            let (small, large) = (a.min(b) * units, a.max(b) * units);
            prop_assert!(threshold(&scores, small) >= threshold(&scores, large) - 1e-12);
            let projected = clamped(&scores, threshold(&scores, small));
            for i in 0..scores.len() {
                for j in 0..i {
                    prop_assert!(scores[i] < scores[j] || projected[i] >= projected[j]);
                }
            }
        }

        #[test]
        fn a_budget_of_all_units_changes_nothing_and_one_of_none_leaves_nothing(scores in stepped_scores(), more in 0.0f64..5.0) {
            prop_assert_eq!(threshold(&scores, scores.len() as f64 + more), 0.0);
            let nothing = clamped(&scores, threshold(&scores, 0.0));
            prop_assert!(nothing.iter().all(|&s| s.abs() < 1e-12), "{nothing:?}");
        }

        #[test]
        fn feasible_scores_do_not_change(scores in prop::collection::vec(0.0f64..=1.0, 1..120), more in 0.0f64..1.0) {
            let budget = sum(&scores) + more + 1e-9;
            prop_assert_eq!(threshold(&scores, budget), 0.0);
            prop_assert_eq!(clamped(&scores, 0.0), scores);
        }

        #[test]
        fn a_rise_uses_up_the_budget_and_raises_no_score_of_0(scores in stepped_scores(), share in 0.0f64..1.2) {
            let budget = share * scores.len() as f64;
            let v = rise(&scores, budget);
            let raised: Vec<f64> = scores.iter().map(|&s| if s > 0.0 { (s + v).clamp(0.0, 1.0) } else { 0.0 }).collect();
            prop_assert!((0.0..=1.0).contains(&v));
            let before = sum(&clamped(&scores, 0.0));
            let most = scores.iter().filter(|&&s| s > 0.0).count() as f64;
            if before >= budget {
                prop_assert_eq!(v, 0.0);
            } else {
                prop_assert!((sum(&raised) - budget.min(most)).abs() < 1e-9, "{} of {budget}", sum(&raised));
            }
        }

        #[test]
        fn ties_share_the_budget_alike(score in 0.05f64..1.5, units in 1usize..200, share in 0.0f64..1.0) {
            let scores = vec![score; units];
            let budget = share * sum(&clamped(&scores, 0.0));
            let projected = clamped(&scores, threshold(&scores, budget));
            for p in &projected {
                prop_assert!((p - budget / units as f64).abs() < 1e-9, "{p} instead of {}", budget / units as f64);
            }
        }
    }
}
