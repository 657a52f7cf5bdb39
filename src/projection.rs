//! The exact projection of scores onto the budget (arXiv 2111.05685, section 4), with prices p: s ← clamp(s − v p, 0, 1) with the least v ≥ 0 that
//! keeps Σ p s ≤ K. Every p is 1 if the budget counts units.
//!
//! It is the nearest point of {Σ p s ≤ K, 0 ≤ s ≤ 1}: where the budget binds, the derivative of ½ |s′ − s|² + v (Σ p s′ − K) is 0 at s′ = s − v p.
//! [`rise`] is the same point on the other side, of the scores above 0: s ← min(s + v p, 1) is the nearest point with Σ p s = K.

/// The least v ≥ 0 with Σ p clamp(s − v p, 0, 1) ≤ `budget`, with the prices p > 0 of the scores; NaN if a score is. The sum is linear in v between
/// the breakpoints s / p and (s − 1) / p. A budget below 0 acts as 0.
#[must_use]
pub fn threshold(scores: &[f64], prices: &[f64], budget: f64) -> f64 {
    if scores.iter().any(|s| s.is_nan()) {
        return f64::NAN;
    }
    let budget = budget.max(0.0);
    let sum = |v: f64| scores.iter().zip(prices).map(|(s, p)| p * (s - v * p).clamp(0.0, 1.0)).sum::<f64>();
    if sum(0.0) <= budget {
        return 0.0;
    }
    let mut breaks: Vec<f64> = scores.iter().zip(prices).flat_map(|(s, p)| [s / p, (s - 1.0) / p]).filter(|&v| v > 0.0).collect();
    breaks.push(0.0);
    breaks.sort_unstable_by(f64::total_cmp);
    // The sum does not rise with v, so the solution is on the piece that ends at the first breakpoint within the budget.
    let end = breaks.partition_point(|&v| sum(v) > budget);
    // At the last one the sum is 0, up to the rounding of a score divided by its price.
    let Some(&high) = breaks.get(end) else { return breaks[end - 1] };
    let low = breaks[end - 1];
    let (above, below) = (sum(low), sum(high));
    low + (high - low) * (above - budget) / (above - below)
}

/// v of the scores that `is_free` selects, under the budget that the others leave. The others do not change.
#[must_use]
pub fn threshold_of_free(scores: &[f64], prices: &[f64], is_free: impl Fn(usize) -> bool, budget: f64) -> f64 {
    let (free, prices, budget) = free_part(scores, prices, is_free, budget);
    threshold(&free, &prices, budget)
}

/// The free scores, their prices, and the budget that the others leave them.
fn free_part(scores: &[f64], prices: &[f64], is_free: impl Fn(usize) -> bool, budget: f64) -> (Vec<f64>, Vec<f64>, f64) {
    let places = 0..scores.len();
    let pinned_sum: f64 = places.clone().filter(|&unit| !is_free(unit)).map(|unit| prices[unit] * scores[unit]).sum();
    let (free, prices) = places.filter(|&unit| is_free(unit)).map(|unit| (scores[unit], prices[unit])).unzip();
    (free, prices, budget - pinned_sum)
}

/// The greatest v ≤ `most` with Σ p min(s + v p, 1) ≤ `budget` over the scores above 0, with their prices p: what a budget that is not used up leaves
/// to each of them. 0 if the scores use up the budget. `most` is at least 1 / p for every p, so that it raises every score to 1.
#[must_use]
pub fn rise(scores: &[f64], prices: &[f64], budget: f64, most: f64) -> f64 {
    let raised: Vec<(f64, f64)> = scores.iter().zip(prices).filter(|&(&s, _)| s > 0.0).map(|(s, &p)| (s.min(1.0), p)).collect();
    let sum = |v: f64| raised.iter().map(|(s, p)| p * (s + v * p).min(1.0)).sum::<f64>();
    if sum(0.0) >= budget || raised.iter().all(|&(s, _)| s == 1.0) {
        return 0.0;
    }
    let mut breaks: Vec<f64> = raised.iter().map(|(s, p)| (1.0 - s) / p).chain([0.0, most]).collect();
    breaks.sort_unstable_by(f64::total_cmp);
    // The sum does not fall with v, so the solution is on the piece that begins at the last breakpoint within the budget.
    let end = breaks.partition_point(|&v| sum(v) <= budget);
    let Some(&high) = breaks.get(end) else { return most };
    let low = breaks[end - 1];
    let (within, over) = (sum(low), sum(high));
    low + (high - low) * (budget - within) / (over - within)
}

/// [`rise`] of the scores that `is_free` selects, under the budget that the others leave.
#[must_use]
pub fn rise_of_free(scores: &[f64], prices: &[f64], is_free: impl Fn(usize) -> bool, budget: f64, most: f64) -> f64 {
    let (free, prices, budget) = free_part(scores, prices, is_free, budget);
    rise(&free, &prices, budget, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, Threefry};
    use proptest::prelude::*;

    /// Scores and their prices.
    type Priced = (Vec<f64>, Vec<f64>);

    fn clamped(scores: &[f64], prices: &[f64], v: f64) -> Vec<f64> {
        scores.iter().zip(prices).map(|(s, p)| (s - v * p).clamp(0.0, 1.0)).collect()
    }

    /// The scores above 0 raised, the others at 0.
    fn raised(scores: &[f64], prices: &[f64], v: f64) -> Vec<f64> {
        scores.iter().zip(prices).map(|(&s, p)| if s > 0.0 { (s + v * p).clamp(0.0, 1.0) } else { 0.0 }).collect()
    }

    fn sum(values: &[f64], prices: &[f64]) -> f64 {
        values.iter().zip(prices).map(|(value, p)| value * p).sum()
    }

    fn units(count: usize) -> Vec<f64> {
        vec![1.0; count]
    }

    /// At least 1 / p for each price p.
    fn most(prices: &[f64]) -> f64 {
        prices.iter().map(|p| 1.0 / p).fold(1.0, f64::max)
    }

    /// Scores after an optimiser's step, some outside 0 to 1; coarse ones have ties. All prices are 1, or each is one of three, or they are all
    /// different.
    fn stepped() -> impl Strategy<Value = Priced> {
        let fine = prop::collection::vec(-0.6f64..1.6, 1..120);
        let coarse = prop::collection::vec((-4i32..=12).prop_map(|eighths| f64::from(eighths) / 8.0), 1..120);
        (prop_oneof![fine, coarse], 0..3u8, any::<u32>()).prop_map(|(scores, kind, seed)| {
            let mut random = Threefry::new(seed, Stream::Data, 1);
            let price = |_: &f64| match kind {
                0 => 1.0,
                1 => [0.25, 1.0, 2.5][(3.0 * f64::from(random.unit_interval())) as usize % 3],
                _ => 0.05 + 4.0 * f64::from(random.unit_interval()),
            };
            let prices = scores.iter().map(price).collect();
            (scores, prices)
        })
    }

    /// The variational inequality of a projection p of s, for another feasible point q: (s - p)(q - p) <= 0.
    fn angle(scores: &[f64], nearest: &[f64], other: &[f64]) -> f64 {
        scores.iter().zip(nearest).zip(other).map(|((s, p), q)| (s - p) * (q - p)).sum()
    }

    proptest! {
        #[test]
        fn the_projection_is_the_nearest_feasible_point((scores, prices) in stepped(), share in 0.0f64..1.2, other in any::<u32>()) {
            let budget = share * sum(&units(scores.len()), &prices);
            let v = threshold(&scores, &prices, budget);
            let nearest = clamped(&scores, &prices, v);
            let spent = sum(&nearest, &prices);
            prop_assert!(v >= 0.0);
            prop_assert!(spent <= budget + 1e-9, "{spent} over {budget}");
            if sum(&clamped(&scores, &prices, 0.0), &prices) > budget {
                prop_assert!((spent - budget).abs() < 1e-9, "an active budget is used up: {spent} of {budget}");
            } else {
                prop_assert_eq!(v, 0.0);
            }
            // The conditions of Karush, Kuhn and Tucker: a coordinate inside (0, 1) moved by v p; one at a bound moved no further than to that bound.
            for ((s, price), p) in scores.iter().zip(&prices).zip(&nearest) {
                let moves = v * price;
                if *p > 0.0 && *p < 1.0 {
                    prop_assert!((s - p - moves).abs() < 1e-12);
                } else if *p == 0.0 {
                    prop_assert!(*s <= moves + 1e-12);
                } else {
                    prop_assert!(*s >= 1.0 + moves - 1e-12);
                }
            }
            let mut random = Threefry::new(other, Stream::Data, 0);
            let free: Vec<f64> = scores.iter().map(|_| f64::from(random.unit_interval())).collect();
            let scale = (budget / sum(&free, &prices).max(1e-12)).min(1.0);
            let angle = angle(&scores, &nearest, &free.iter().map(|q| q * scale).collect::<Vec<f64>>());
            prop_assert!(angle <= 1e-9, "a feasible point lies nearer: {angle}");
        }

        #[test]
        fn the_threshold_rises_as_the_budget_falls_and_keeps_the_order_of_equal_prices(
            (scores, prices) in stepped(), a in 0.0f64..1.0, b in 0.0f64..1.0,
        ) {
            let all = sum(&units(scores.len()), &prices);
            let (small, large) = (a.min(b) * all, a.max(b) * all);
            prop_assert!(threshold(&scores, &prices, small) >= threshold(&scores, &prices, large) - 1e-12);
            let projected = clamped(&scores, &prices, threshold(&scores, &prices, small));
            for i in 0..scores.len() {
                for j in 0..i {
                    prop_assert!(prices[i] != prices[j] || scores[i] < scores[j] || projected[i] >= projected[j]);
                }
            }
        }

        #[test]
        fn a_budget_of_all_units_changes_nothing_and_one_of_none_leaves_nothing((scores, prices) in stepped(), more in 0.0f64..5.0) {
            prop_assert_eq!(threshold(&scores, &prices, sum(&units(scores.len()), &prices) + more + 1e-9), 0.0);
            let nothing = clamped(&scores, &prices, threshold(&scores, &prices, 0.0));
            prop_assert!(nothing.iter().all(|&s| s.abs() < 1e-12), "{nothing:?}");
        }

        #[test]
        fn feasible_scores_do_not_change(scores in prop::collection::vec(0.0f64..=1.0, 1..120), more in 0.0f64..1.0) {
            let prices = units(scores.len());
            let budget = sum(&scores, &prices) + more + 1e-9;
            prop_assert_eq!(threshold(&scores, &prices, budget), 0.0);
            prop_assert_eq!(clamped(&scores, &prices, 0.0), scores);
        }

        #[test]
        fn a_rise_uses_up_the_budget_and_raises_no_score_of_0((scores, prices) in stepped(), share in 0.0f64..1.2, other in any::<u32>()) {
            let budget = share * sum(&units(scores.len()), &prices);
            let most = most(&prices);
            let v = rise(&scores, &prices, budget, most);
            let nearest = raised(&scores, &prices, v);
            prop_assert!((0.0..=most).contains(&v));
            let start = clamped(&scores, &prices, 0.0);
            let (before, spent) = (sum(&start, &prices), sum(&nearest, &prices));
            let possible: f64 = scores.iter().zip(&prices).filter(|&(&s, _)| s > 0.0).map(|(_, p)| p).sum();
            if before >= budget {
                prop_assert_eq!(v, 0.0);
                return Ok(());
            }
            prop_assert!((spent - budget.min(possible)).abs() < 1e-9, "{spent} of {budget}");
            // It is the nearest point that uses up the budget: a raised score is at 1 or moved by v p.
            for ((s, price), p) in start.iter().zip(&prices).zip(&nearest) {
                prop_assert!((*s == 0.0 && *p == 0.0) || (*p == 1.0 && 1.0 - s <= v * price + 1e-12) || (p - s - v * price).abs() < 1e-12);
            }
            // Another point that uses it up: shares of what is left up to 1.
            let mut random = Threefry::new(other, Stream::Data, 0);
            let room: Vec<f64> = start.iter().map(|&s| if s > 0.0 { (1.0 - s) * f64::from(random.unit_interval()) } else { 0.0 }).collect();
            let scale = (budget - before) / sum(&room, &prices).max(1e-12);
            if scale <= 1.0 {
                let point: Vec<f64> = start.iter().zip(&room).map(|(s, room)| s + room * scale).collect();
                let angle = angle(&start, &nearest, &point);
                prop_assert!(angle <= 1e-9, "a point of the same sum lies nearer: {angle}");
            }
        }

        #[test]
        fn ties_share_the_budget_alike(score in 0.05f64..1.5, count in 1usize..200, share in 0.0f64..1.0) {
            let (scores, prices) = (vec![score; count], units(count));
            let budget = share * sum(&clamped(&scores, &prices, 0.0), &prices);
            let projected = clamped(&scores, &prices, threshold(&scores, &prices, budget));
            for p in &projected {
                prop_assert!((p - budget / count as f64).abs() < 1e-9, "{p} instead of {}", budget / count as f64);
            }
        }

        #[test]
        fn only_the_free_scores_share_what_the_others_leave((scores, prices) in stepped(), share in 0.1f64..1.0) {
            let is_free = |unit: usize| !unit.is_multiple_of(3);
            let scores: Vec<f64> = scores.iter().enumerate().map(|(unit, &s)| if is_free(unit) { s } else { f64::from(u8::from(s > 0.5)) }).collect();
            let budget = share * sum(&units(scores.len()), &prices);
            let held: f64 = (0..scores.len()).filter(|&unit| !is_free(unit)).map(|unit| prices[unit] * scores[unit]).sum();
            let free = |values: &[f64]| values.iter().enumerate().filter(|(unit, _)| is_free(*unit)).map(|(_, &value)| value).collect::<Vec<f64>>();
            let left = budget - held;
            prop_assert_eq!(threshold_of_free(&scores, &prices, is_free, budget), threshold(&free(&scores), &free(&prices), left));
            let most = most(&prices);
            prop_assert_eq!(rise_of_free(&scores, &prices, is_free, budget, most), rise(&free(&scores), &free(&prices), left, most));
        }
    }
}
