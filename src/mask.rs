//! Rules about masks, on the CPU: every group keeps at least one unit, which units the decided mask keeps, and which bits of a word hold a unit's two
//! masks. `shaders/sample.wgsl` has the same rules for a GPU; `lacuna check` compares the two, and a test the bits.

use std::cmp::Ordering;
use std::ops::Range;

use crate::model::{Group, Model};

/// Bits of a unit's word in the buffer `units`, which [`Bits`] reads: whether the unit was drawn, and whether it is kept. The two differ where a
/// group would have been left without a unit.
pub const DRAWN_IN_MASK: u32 = 1;
pub const DRAWN_IN_PROBE: u32 = 2;
pub const KEPT_BY_MASK: u32 = 4;
pub const KEPT_BY_PROBE: u32 = 8;

/// Bits of a pair, which says whether a unit is in m and in m′ (the probe). [`Bits`] holds the pair that was drawn and the pair that is kept.
pub const IN_MASK: u8 = DRAWN_IN_MASK as u8;
pub const IN_PROBE: u8 = DRAWN_IN_PROBE as u8;
pub const BOTH: u8 = IN_MASK | IN_PROBE;

/// The pair of a unit that is in m, in m′, in both or in neither.
#[must_use]
pub fn pair(m: bool, probe: bool) -> u8 {
    (u8::from(m) * IN_MASK) | (u8::from(probe) * IN_PROBE)
}

/// The pair of a unit if there is only m: m′ equals m.
#[must_use]
pub fn same(pair_of: u8) -> u8 {
    let m = pair_of & IN_MASK != 0;
    pair(m, m)
}

/// m and m′ of a pair; higher bits are ignored.
#[must_use]
pub fn split(pair: u8) -> [bool; 2] {
    [IN_MASK, IN_PROBE].map(|bit| pair & bit != 0)
}

/// A unit's word in the buffer `units`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub u32);

impl Bits {
    /// The word of a unit that is kept as it was drawn.
    #[must_use]
    pub fn of_drawn(pair: u8) -> Self {
        Self(u32::from(pair) * (DRAWN_IN_MASK | KEPT_BY_MASK))
    }

    /// The same word with the unit kept by mask `z` (0: m, 1: m′).
    #[must_use]
    pub fn kept_by(self, z: usize) -> Self {
        Self(self.0 | [KEPT_BY_MASK, KEPT_BY_PROBE][z])
    }

    /// The pair that was drawn: estimators learn from it.
    #[must_use]
    pub fn drawn(self) -> u8 {
        (self.0 / DRAWN_IN_MASK) as u8 & BOTH
    }

    /// The pair that is kept: forward passes compute it.
    #[must_use]
    pub fn kept(self) -> u8 {
        (self.0 / KEPT_BY_MASK) as u8 & BOTH
    }
}

/// The first of the units with the highest score: the unit that a group keeps if none of it was drawn.
#[must_use]
pub fn first_highest<T: PartialOrd + Copy>(scores: &[T], units: Range<usize>) -> usize {
    units.clone().fold(units.start, |best, unit| if scores[unit] > scores[best] { unit } else { best })
}

/// Makes every gated group keep at least one unit: where `kept` (`[U]`) has none of a group, it adds the unit with the highest of `scores` (`[U]`).
pub fn keep_one_of_each_group<T: PartialOrd + Copy>(model: &Model, scores: &[T], kept: &mut [bool]) {
    for units in model.gated().map(Group::units) {
        if !kept[units.clone()].contains(&true) {
            kept[first_highest(scores, units)] = true;
        }
    }
}

/// Whether `kept` (`[U]`) has no unit of some gated group.
#[must_use]
pub fn closes_a_group(model: &Model, kept: &[bool]) -> bool {
    model.gated().any(|group| !kept[group.units()].contains(&true))
}

/// Whether `kept` has no other unit of the group of `unit`.
#[must_use]
pub fn is_alone(model: &Model, kept: &[bool], unit: usize) -> bool {
    let mut group = model.gated().map(Group::units).find(|units| units.contains(&unit)).expect("every unit belongs to a gated group");
    !group.any(|other| other != unit && kept[other])
}

/// `[U]` the mask of the units with the highest values in `order` that `budget` allows: in descending order, of equal ones the first, up to the first
/// whose price no longer fits. Every gated group keeps at least its highest unit, and these count first. If every price is 1, they are ⌊`budget`⌋.
///
/// No cheaper unit takes what is left after that, so that one score divides the units that are kept from the others ([`Decision`]), and a larger
/// budget keeps every unit that a smaller one keeps. What is left is less than the price of one unit.
#[must_use]
pub fn highest<T: PartialOrd + Copy>(model: &Model, order: &[T], budget: f64) -> Vec<bool> {
    let mut kept = vec![false; order.len()];
    keep_one_of_each_group(model, order, &mut kept);
    for unit in highest_others(model, &kept, order, budget) {
        kept[unit] = true;
    }
    kept
}

/// The units, of those that are not kept, that [`highest`] adds. The last one is the lowest. They are not sorted: this runs for every snapshot.
fn highest_others<T: PartialOrd + Copy>(model: &Model, kept: &[bool], order: &[T], budget: f64) -> Vec<usize> {
    let prices = model.prices();
    // Exact, and so in any order: f64 has room for the sum of any prices in f32.
    let sum = |units: &[usize]| units.iter().map(|&unit| f64::from(prices[unit])).sum::<f64>();
    let (own, mut others): (Vec<usize>, Vec<usize>) = (0..kept.len()).partition(|&unit| kept[unit]);
    let mut left = budget - sum(&own);
    // Those before `low` fit the budget; those from `high` on do not.
    let (mut low, mut high) = (0, others.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let descending = |&a: &usize, &b: &usize| order[b].partial_cmp(&order[a]).unwrap_or(Ordering::Equal).then(a.cmp(&b));
        others[low..high].select_nth_unstable_by(middle - low, descending);
        let half = sum(&others[low..=middle]);
        if half <= left {
            left -= half;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    others.truncate(low);
    others
}

/// The decided mask as a condition on each unit's own score, for the kernel `sample`. A group that it leaves without a unit keeps the one with its
/// highest score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Units with a higher score are kept.
    pub score: f32,
    /// Of the units with this score, those before this one.
    pub units: u32,
}

impl Decision {
    /// The decision that makes [`decided`] of these scores.
    #[must_use]
    pub fn new(model: &Model, scores: &[f32], budget: f64) -> Self {
        let mut kept = vec![false; scores.len()];
        keep_one_of_each_group(model, scores, &mut kept);
        match highest_others(model, &kept, scores, budget).last() {
            None => Self { score: f32::INFINITY, units: 0 },
            Some(&last) if scores[last] > 0.0 => Self { score: scores[last], units: last as u32 + 1 },
            // No unit of score 0.
            Some(_) => Self { score: 0.0, units: 0 },
        }
    }

    /// Whether the unit with this number and score is kept.
    #[must_use]
    pub fn keeps(self, unit: usize, score: f32) -> bool {
        score > self.score || (score == self.score && (unit as u32) < self.units)
    }
}

/// `[U]` the decided mask: the [highest] scores, as many as the budget allows and none of 0. Every gated group keeps at least its highest unit.
#[must_use]
pub fn decided(model: &Model, scores: &[f32], budget: f64) -> Vec<bool> {
    let mut kept = highest(model, scores, budget);
    kept.iter_mut().zip(scores).for_each(|(kept, &score)| *kept &= score > 0.0);
    keep_one_of_each_group(model, scores, &mut kept);
    kept
}

/// `[U]` the scores that always draw this mask: 1 and 0.
#[must_use]
pub fn certain(kept: &[bool]) -> Vec<f32> {
    kept.iter().map(|&kept| f32::from(u8::from(kept))).collect()
}

/// `[gated groups]` the number of kept units of each.
#[must_use]
pub fn counts(model: &Model, kept: &[bool]) -> Vec<u32> {
    model.gated().map(|group| kept[group.units()].iter().filter(|&&kept| kept).count() as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Image;
    use proptest::prelude::*;

    /// Inputs 4, hidden 3, all gated: units 0 to 3 and 4 to 6.
    fn network() -> Model {
        Model::new("mlp-3", Image::flat(4), 2, true).unwrap()
    }

    /// The decided mask as the kernel `sample` finds it: a condition on each unit's own score, and the highest of a group that has none.
    fn by_condition(model: &Model, scores: &[f32], budget: f64) -> Vec<bool> {
        let decision = Decision::new(model, scores, budget);
        let mut kept: Vec<bool> = scores.iter().enumerate().map(|(unit, &score)| decision.keeps(unit, score)).collect();
        keep_one_of_each_group(model, scores, &mut kept);
        kept
    }

    #[test]
    fn a_word_has_the_drawn_pair_and_the_kept_pair() {
        for m in [false, true] {
            for probe in [false, true] {
                let drawn = pair(m, probe);
                assert_eq!(split(drawn), [m, probe]);
                assert_eq!(split(same(drawn)), [m, m]);
                let bits = Bits::of_drawn(drawn);
                assert_eq!((bits.drawn(), bits.kept()), (drawn, drawn));
                for (z, kept) in [(0, pair(true, probe)), (1, pair(m, true))] {
                    assert_eq!((bits.kept_by(z).drawn(), bits.kept_by(z).kept()), (drawn, kept));
                }
            }
        }
        let each = [DRAWN_IN_MASK, DRAWN_IN_PROBE, KEPT_BY_MASK, KEPT_BY_PROBE].map(Bits);
        assert_eq!(each.map(Bits::drawn), [IN_MASK, IN_PROBE, 0, 0]);
        assert_eq!(each.map(Bits::kept), [0, 0, IN_MASK, IN_PROBE]);
    }

    #[test]
    fn the_decided_mask_keeps_the_highest_scores_and_the_first_highest_of_each_group() {
        let model = network();
        let kept = decided(&model, &[0.5, 0.49, 0.9, 0.0, 0.2, 0.4, 0.4], 3.0);
        assert_eq!(kept, [true, false, true, false, false, true, false]);
        assert_eq!((counts(&model, &kept), certain(&kept)), (vec![2, 1], vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]));
        assert!(is_alone(&model, &kept, 5) && !is_alone(&model, &kept, 0) && !is_alone(&model, &kept, 4));
    }

    proptest! {
        #[test]
        fn the_decided_mask_uses_the_budget_and_equals_its_condition_on_each_score(
            tenths in prop::collection::vec(0u8..=10, 7),
            quarters in 0u32..=32,
        ) {
            let (model, scores) = (network(), tenths.iter().map(|&tenths| f32::from(tenths) / 10.0).collect::<Vec<f32>>());
            let (budget, whole) = (f64::from(quarters) / 4.0, quarters as usize / 4);
            let kept = decided(&model, &scores, budget);
            let positive = scores.iter().filter(|&&score| score > 0.0).count();
            let empty = model.gated().filter(|group| scores[group.units()].iter().all(|&score| score == 0.0)).count();
            let count = kept.iter().filter(|&&kept| kept).count();
            prop_assert!(count <= whole.max(2));
            prop_assert!(count >= whole.clamp(2, (positive + empty).max(2)), "{count} of {budget}");
            prop_assert_eq!(&kept, &by_condition(&model, &scores, budget));
        }

        #[test]
        fn with_prices_the_highest_that_fit_are_kept_and_the_decision_is_one_score(
            tenths in prop::collection::vec(0u8..=10, 14),
            keep in 0.05f64..1.0,
            share in 0.0f64..1.1,
            more in 0.0f64..0.5,
        ) {
            let model = Model::new("mlp-6-3", Image::flat(5), 2, true).unwrap().with_prices(keep);
            let scores: Vec<f32> = tenths.iter().map(|&tenths| f32::from(tenths) / 10.0).collect();
            let prices = model.prices();
            let price = |kept: &[bool]| kept.iter().zip(&prices).filter(|(kept, _)| **kept).map(|(_, &price)| f64::from(price)).sum::<f64>();
            let budget = share * f64::from(model.units());
            let kept = highest(&model, &scores, budget);
            // As it is defined: one unit after another, and none after the first that does not fit.
            let mut expected = vec![false; scores.len()];
            keep_one_of_each_group(&model, &scores, &mut expected);
            let forced = price(&expected);
            let mut others: Vec<usize> = (0..scores.len()).filter(|&unit| !expected[unit]).collect();
            others.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            for unit in others {
                expected[unit] = true;
                if price(&expected) > budget {
                    expected[unit] = false;
                    break;
                }
            }
            prop_assert_eq!(&kept, &expected);
            prop_assert!(price(&kept) <= budget.max(forced));
            let decided = decided(&model, &scores, budget);
            prop_assert_eq!(&decided, &by_condition(&model, &scores, budget));
            prop_assert!(price(&decided) <= budget.max(forced));
            let wider = highest(&model, &scores, budget + more);
            prop_assert!(kept.iter().zip(&wider).all(|(kept, wider)| *wider || !kept));
        }

        #[test]
        fn every_group_keeps_a_unit_and_one_that_has_a_unit_is_not_changed(scores in prop::collection::vec(0.0f32..1.0, 7), mask in prop::collection::vec(any::<bool>(), 7)) {
            let model = network();
            let mut kept = mask.clone();
            keep_one_of_each_group(&model, &scores, &mut kept);
            prop_assert!(!closes_a_group(&model, &kept));
            for units in model.gated().map(Group::units) {
                if mask[units.clone()].contains(&true) {
                    prop_assert_eq!(&kept[units.clone()], &mask[units]);
                } else {
                    let highest = scores[units.clone()].iter().copied().fold(0.0, f32::max);
                    let first = units.clone().find(|&unit| scores[unit] == highest).unwrap();
                    prop_assert!(units.clone().all(|unit| kept[unit] == (unit == first)));
                }
            }
        }
    }
}
