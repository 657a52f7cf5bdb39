//! Functions shared by the methods that choose their mask by ranking units.

use std::f64::consts::PI;

use crate::mask;
use crate::model::Model;

use super::static_mask::price_of_random;
use super::{Evidence, MethodConfig};

/// The mask of the units with the [highest](mask::highest) values in `order` that `budget` allows.
#[must_use]
pub fn highest(model: &Model, order: &[f64], budget: f64) -> Vec<f32> {
    mask::certain(&mask::highest(model, order, budget))
}

/// Of the units that the mask has, those with the highest `worth` that the budget allows. A unit that is off does not come back.
#[must_use]
pub(super) fn highest_of_kept(evidence: &Evidence<'_>, worth: impl Fn(usize) -> f64) -> Vec<f32> {
    let scores = evidence.scores.iter().enumerate();
    let order: Vec<f64> = scores.map(|(unit, &score)| if score == 0.0 { f64::NEG_INFINITY } else { worth(unit) }).collect();
    let mut kept = mask::highest(evidence.model, &order, evidence.budget);
    // The budget may allow more than the mask has.
    kept.iter_mut().zip(evidence.scores).for_each(|(kept, &score)| *kept &= score > 0.0);
    mask::certain(&kept)
}

/// The kept units, or those that are not kept, by ascending rank. Of equal ones the first comes first.
fn ranked(mask: &[bool], kept: bool, rank: &dyn Fn(usize) -> f64) -> Vec<usize> {
    let mut units: Vec<usize> = (0..mask.len()).filter(|&unit| mask[unit] == kept).collect();
    units.sort_by(|&a, &b| rank(a).total_cmp(&rank(b)));
    units
}

/// The exchange of `set` and `rigl`: the units with the smallest norms go, those with the highest values in `grow` come, and all together cost no more
/// than the first mask.
#[must_use]
pub(super) fn exchanged(evidence: &Evidence<'_>, grow: &[f64]) -> Vec<f32> {
    let Evidence { plan, model, scores, norms, .. } = *evidence;
    let count = exchange_count(plan, scores, evidence.step, evidence.steps);
    exchange(model, scores, norms, grow, count, price_of_random(plan, plan.budget.last, model))
}

/// Exchanges `count` units of the mask: those with the lowest values in `keep` go, and of the others those with the highest values in `grow` come, as
/// long as `budget` allows them. Every group keeps at least one unit, and a unit that goes does not come back in the same exchange.
#[must_use]
pub(super) fn exchange(model: &Model, scores: &[f32], keep: &[f64], grow: &[f64], count: usize, budget: f64) -> Vec<f32> {
    let mut kept: Vec<bool> = scores.iter().map(|&score| score == 1.0).collect();
    let lowest = ranked(&kept, true, &|unit| keep[unit]);
    let absent = ranked(&kept, false, &|unit| -grow[unit]);
    let (mut dropped, count) = (0, count.min(absent.len()));
    for unit in lowest {
        if dropped == count {
            break;
        }
        if !mask::is_alone(model, &kept, unit) {
            kept[unit] = false;
            dropped += 1;
        }
    }
    let prices = model.prices();
    let price = |unit: usize| f64::from(prices[unit]);
    let mut sum: f64 = (0..kept.len()).filter(|&unit| kept[unit]).map(price).sum();
    for unit in absent {
        sum += price(unit);
        if sum > budget {
            break;
        }
        kept[unit] = true;
    }
    mask::certain(&kept)
}

/// Share of the run after which the mask no longer changes.
const LAST_EXCHANGE: f64 = 0.75;

/// Whether the mask is exchanged at `step`: every `structure_every` steps, not at the beginning and not near the end.
pub(super) fn exchanges(plan: &MethodConfig, step: u32, steps: u32) -> bool {
    step > 0 && step.is_multiple_of(plan.structure_every) && f64::from(step) < LAST_EXCHANGE * f64::from(steps)
}

/// Units exchanged at `step`: `drop_fraction` of the kept ones, falling along a cosine (Evci et al. 2020).
pub(super) fn exchange_count(plan: &MethodConfig, scores: &[f32], step: u32, steps: u32) -> usize {
    let progress = f64::from(step) / (LAST_EXCHANGE * f64::from(steps));
    let share = plan.drop_fraction / 2.0 * (1.0 + (PI * progress.min(1.0)).cos());
    (share * scores.iter().map(|&score| f64::from(score)).sum::<f64>()).round() as usize
}
