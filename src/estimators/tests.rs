//! The mean, the variance and the bound of each estimator, compared with an enumeration of every pair of masks.

use std::collections::BTreeSet;

use super::*;

/// A loss of six units with a mean of about 6 and unequal effects, some of them pairwise. Unit 0 has the weakest effect.
fn toy_loss(mask: usize) -> f64 {
    const ALONE: [f64; 6] = [0.9, 4.0, -3.8, 3.2, -4.4, 3.0];
    let centred = |unit: usize| f64::from((mask >> unit & 1) as u32) - 0.5;
    let alone: f64 = (0..6).map(|unit| ALONE[unit] * centred(unit)).sum();
    let pairs: f64 = (0..6)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| f64::from(((a * 7 + b * 5) % 11) as u32) / 11.0 * centred(a) * centred(b))
        .sum();
    6.0 + alone + pairs
}

/// The probability of a mask of six units.
fn probability(scores: &[f64; 6], mask: usize) -> f64 {
    scores.iter().enumerate().map(|(unit, s)| if mask >> unit & 1 == 1 { *s } else { 1.0 - s }).product()
}

/// ∂E[L]/∂s of each unit: the mean loss of the masks with the unit, less the mean loss of those without.
fn exact_gradient(scores: &[f64; 6]) -> [f64; 6] {
    std::array::from_fn(|unit| {
        let others = |mask: &usize| mask >> unit & 1 == 1;
        (0..64usize)
            .filter(others)
            .map(|mask| probability(scores, mask) / scores[unit] * (toy_loss(mask) - toy_loss(mask & !(1 << unit))))
            .sum()
    })
}

/// Mean and variance of each unit's g over all pairs of masks, without a control variate.
fn enumerate(estimator: Estimator, alpha: f64, scores: &[f64; 6]) -> ([f64; 6], [f64; 6]) {
    enumerate_with(estimator, alpha, scores, |_| [0.0; 6])
}

/// As [`enumerate`], with the control variate `effects` gives for each m.
fn enumerate_with(estimator: Estimator, alpha: f64, scores: &[f64; 6], effects: impl Fn(usize) -> [f64; 6]) -> ([f64; 6], [f64; 6]) {
    let (mut mean, mut square) = ([0.0; 6], [0.0; 6]);
    for mask in 0..64 {
        for probe in 0..64 {
            let weight = probability(scores, mask) * probability(scores, probe);
            let on = |mask: usize, unit: usize| f64::from((mask >> unit & 1) as u32);
            let other = |unit: usize| if estimator.definition().reads_probe { on(probe, unit) } else { scores[unit] };
            let effects = effects(mask);
            let explained = (0..6).map(|unit| effects[unit] * (on(mask, unit) - other(unit))).sum();
            for unit in 0..6 {
                let bit = |mask: usize| on(mask, unit);
                let observed = Observed {
                    score: scores[unit],
                    mask: bit(mask),
                    probe: bit(probe),
                    loss: toy_loss(mask),
                    probe_loss: toy_loss(probe),
                    effect: effects[unit],
                    explained,
                    ..Observed::default()
                };
                let g = estimator.gradient(alpha, &observed);
                mean[unit] += weight * g;
                square[unit] += weight * g * g;
            }
        }
    }
    let variance = std::array::from_fn(|unit| square[unit] - mean[unit] * mean[unit]);
    (mean, variance)
}

/// The estimators that read losses.
fn of_losses() -> impl Iterator<Item = Estimator> {
    Estimator::ALL.into_iter().filter(|estimator| estimator.reads() == Reads::Losses)
}

#[test]
fn every_unbiased_estimator_has_the_preconditioned_gradient_as_its_mean_over_all_pairs_of_masks() {
    for scores in [[0.5; 6], [0.01, 0.2, 0.37, 0.5, 0.85, 0.999], [0.001, 0.9, 0.6, 0.3, 0.999, 0.45]] {
        let gradient = exact_gradient(&scores);
        for estimator in of_losses().filter(|estimator| estimator.definition().is_unbiased) {
            for alpha in [0.0, 0.5, 0.75, 1.0] {
                let (mean, _) = enumerate(estimator, alpha, &scores);
                for unit in 0..6 {
                    let s = scores[unit];
                    let expected = (s * (1.0 - s)).powf(alpha) * gradient[unit];
                    assert!(
                        (mean[unit] - expected).abs() < 1e-10,
                        "{estimator:?}, alpha {alpha}, unit {unit} at {s}: mean {} and H^alpha grad {expected}",
                        mean[unit]
                    );
                }
            }
        }
    }
}

/// L with the unit less L without it, everything else as in `mask`.
fn effect(mask: usize, unit: usize) -> f64 {
    toy_loss(mask | 1 << unit) - toy_loss(mask & !(1 << unit))
}

#[test]
fn a_control_variate_of_past_steps_leaves_the_mean_and_lowers_the_variance() {
    let scores = [0.01, 0.2, 0.37, 0.5, 0.85, 0.999];
    let gradient = exact_gradient(&scores);
    let noisy: [f64; 6] = std::array::from_fn(|unit| gradient[unit] * [0.7, 1.2, 0.9, 1.1, 0.8, 1.3][unit]);
    for estimator in of_losses() {
        for alpha in [0.0, 0.5, 1.0] {
            let (_, without) = enumerate(estimator, alpha, &scores);
            for (what, effects) in [("far off", [5.0, -3.0, 2.0, 0.5, -7.0, 1.0]), ("near the gradient", noisy)] {
                let (mean, variance) = enumerate_with(estimator, alpha, &scores, |_| effects);
                for unit in 0..6 {
                    let expected = (scores[unit] * (1.0 - scores[unit])).powf(alpha) * gradient[unit];
                    assert!((mean[unit] - expected).abs() < 1e-9, "{estimator:?}, alpha {alpha}, {what}: {} and {expected}", mean[unit]);
                }
                let sum = |of: &[f64; 6]| of[1..5].iter().sum::<f64>();
                assert!(
                    what == "far off" || estimator == Estimator::Plain || sum(&variance) < 0.3 * sum(&without),
                    "{estimator:?}, alpha {alpha}"
                );
            }
        }
    }
}

/// The update of the effects must come after their use: effects of this step's mask depend on what the estimator multiplies them by.
#[test]
fn a_control_variate_of_the_same_step_is_biased() {
    let scores = [0.3, 0.2, 0.37, 0.5, 0.85, 0.7];
    let gradient = exact_gradient(&scores);
    // The running estimate with what this step's m shows of the units that it keeps.
    let (mean, _) = enumerate_with(Estimator::TwoSided, 0.5, &scores, |mask| {
        std::array::from_fn(|unit| if mask >> unit & 1 == 1 { effect(mask, unit) } else { 0.0 })
    });
    let bias = (0..6).map(|unit| (mean[unit] - (scores[unit] * (1.0 - scores[unit])).sqrt() * gradient[unit]).abs()).fold(0.0, f64::max);
    assert!(bias > 0.05, "{bias}");
}

#[test]
fn the_fisher_estimator_divides_effects_by_one_mean_also_for_decided_units() {
    for score in [0.0, 0.4, 1.0] {
        let observed = Observed { score, effect: -0.6, mean_effect: 0.2, ..Observed::default() };
        assert!((Estimator::Fisher.gradient(0.5, &observed) + 3.0).abs() < 1e-12);
    }
    assert!(Estimator::Fisher.gradient(0.5, &Observed { effect: 0.0, ..Observed::default() }).is_finite());
}

#[test]
fn variances_follow_the_published_table() {
    let columns = [
        ("two-sided, 0", Estimator::TwoSided, 0.0),
        ("two-sided, 1/2", Estimator::TwoSided, 0.5),
        ("two-sided, 1", Estimator::TwoSided, 1.0),
        ("one-sided, 1/2", Estimator::OneSided, 0.5),
        ("plain, 1/2", Estimator::Plain, 0.5),
    ];
    println!("variance of g of one unit, the others at 1/2, by enumeration");
    println!("{:>8} {}", "s", columns.map(|(name, ..)| format!("{name:>15}")).join(" "));
    let rows = [0.5, 0.01, 0.001].map(|s| {
        let scores = [s, 0.5, 0.5, 0.5, 0.5, 0.5];
        let row = columns.map(|(_, estimator, alpha)| enumerate(estimator, alpha, &scores).1[0]);
        println!("{s:>8} {}", row.map(|variance| format!("{variance:>15.4}")).join(" "));
        (s, row)
    });
    let near = |value: f64, expected: f64, share: f64| (value / expected - 1.0).abs() < share;
    let (_, half) = rows[0];
    for (s, [zero, flat, one, one_sided, plain]) in rows {
        let spread = 0.25 / (s * (1.0 - s));
        assert!(near(zero, half[0] * spread, 0.03), "alpha 0 grows like 1/(s(1-s)): {zero} at {s}, {} at 1/2", half[0]);
        assert!(near(flat, half[1], 0.03), "alpha 1/2 stays: {flat} at {s}, {} at 1/2", half[1]);
        assert!(near(one, half[2] / spread, 0.03), "alpha 1 falls like s(1-s): {one} at {s}, {} at 1/2", half[2]);
        assert!(near(one_sided, 2.0 * flat, 0.03), "two-sided is half of one-sided: {flat} and {one_sided} at {s}");
        assert!(plain > 1.2 * one_sided && near(plain, 3.0 * flat, 0.2), "the second sample cuts about three times: {plain} at {s}");
    }
}

#[test]
fn a_decided_unit_has_no_gradient() {
    for estimator in of_losses() {
        for alpha in [0.0, 0.5, 1.0] {
            for s in [0.0, 2f64.powi(-25), 1.0] {
                assert_eq!(
                    estimator
                        .gradient(alpha, &Observed { score: s, mask: 1.0, probe: 0.0, loss: 3.0, probe_loss: 1.0, ..Observed::default() }),
                    0.0,
                    "{estimator:?}, s {s}"
                );
            }
        }
    }
}

#[test]
fn variances_equal_those_over_all_pairs_and_are_within_their_bounds() {
    let scores = [0.01, 0.2, 0.37, 0.5, 0.85, 0.999];
    let losses: Vec<f64> = (0..64).map(toy_loss).collect();
    let (least, most) = losses.iter().fold((f64::INFINITY, 0.0f64), |(least, most), &loss| (least.min(loss), most.max(loss)));
    let largest = Largest { difference: most - least, loss: most };
    // Means over the masks that keep unit `unit`, or do not.
    let moments = |unit: usize| {
        let given = |on: bool| {
            let share = if on { scores[unit] } else { 1.0 - scores[unit] };
            let masks = (0..64usize).filter(|mask| (mask >> unit & 1 == 1) == on);
            masks.fold([0.0; 2], |[first, second], mask| {
                let weight = probability(&scores, mask) / share;
                [first + weight * losses[mask], second + weight * losses[mask] * losses[mask]]
            })
        };
        Moments { score: scores[unit], on: given(true), off: given(false) }
    };
    let mut bounded = 0;
    for estimator in of_losses() {
        for alpha in [0.0, 0.5, 1.0] {
            let (_, variances) = enumerate(estimator, alpha, &scores);
            for (unit, variance) in variances.into_iter().enumerate() {
                if let Some(exact) = estimator.variance(alpha, &moments(unit)) {
                    assert!((variance - exact).abs() < 1e-7 * exact, "{estimator:?}, alpha {alpha}, unit {unit}: {variance} and {exact}");
                }
                if let Some(bound) = estimator.bound(alpha, scores[unit], largest) {
                    assert!(variance <= bound, "{estimator:?}, alpha {alpha}, unit {unit}: {variance} over {bound}");
                    bounded += 1;
                }
            }
        }
    }
    assert!(bounded >= 3 * 3 * 6, "the policy gradients have bounds");
}

#[test]
fn a_derivative_is_taken_as_it_is_at_alpha_0_and_shrinks_with_h_beyond() {
    for estimator in Estimator::ALL.into_iter().filter(|estimator| estimator.reads() == Reads::Derivative) {
        for score in [0.0, 0.25, 1.0] {
            let observed = Observed { score, derivative: -3.5, ..Observed::default() };
            assert_eq!(estimator.gradient(0.0, &observed), -3.5, "{estimator:?} at {score}");
            assert_eq!(estimator.gradient(1.0, &observed), -3.5 * score * (1.0 - score), "{estimator:?} at {score}");
        }
    }
}

#[test]
fn ids_and_names_tell_estimators_apart_and_the_setting_offers_those_with_a_label() {
    let ids: BTreeSet<u32> = Estimator::ALL.into_iter().map(Estimator::id).collect();
    let names: BTreeSet<&str> = Estimator::ALL.into_iter().map(Estimator::name).collect();
    assert_eq!((ids.len(), names.len()), (Estimator::ALL.len(), Estimator::ALL.len()));
    assert!(Estimator::ALL.into_iter().all(|estimator| Estimator::of_id(estimator.id()) == Some(estimator)));
    assert_eq!(Estimator::of_id(u32::MAX), None);
    let offered: Vec<(&str, &str)> =
        Estimator::ALL.into_iter().filter_map(|estimator| Some((estimator.name(), estimator.definition().label?))).collect();
    assert_eq!(Estimator::NAMES, offered);
    assert!(Estimator::NAMES.iter().all(|(name, _)| *name != Estimator::Ste.name()), "it comes with method ste");
}
