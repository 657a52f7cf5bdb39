//! The behaviour of each method on the CPU: which units it chooses from given norms and gradients.

use proptest::prelude::*;

use super::choosing::{exchange, exchange_count};
use super::*;
use crate::estimators::Reads;
use crate::mask;
use crate::model::{Group, Image};
use crate::random::{Stream, Threefry};

const STEPS: u32 = 1000;

/// Inputs 12, hidden 20 and 8, all gated: 40 units.
fn network() -> Model {
    Model::new("mlp-20-8", Image::flat(12), 3, true).unwrap()
}

/// A budget that falls to two in five in the first half of a run.
const FALLING: Budget = Budget { first: 0.999, last: 0.4, until: 0.5 };
const STANDING: Budget = Budget { first: 0.4, ..FALLING };

fn plan() -> MethodConfig {
    MethodConfig { seed: 1, budget: FALLING, structure_every: 50, drop_fraction: 0.3, allocation: Vec::new(), forwards_matched: 2 }
}

/// The budget of a step in units.
fn units_at(budget: Budget, step: u32, units: u32) -> f32 {
    (budget.keep_at(step, STEPS) * f64::from(units)) as f32
}

/// Numbers in no order, no two equal.
fn scattered(units: usize, seed: u32) -> Vec<f64> {
    let mut random = Threefry::new(seed, Stream::Data, 0);
    (0..units).map(|unit| f64::from(random.unit_interval()) - 0.5 + 1e-9 * unit as f64).collect()
}

fn kept(mask: &[f32]) -> Vec<usize> {
    assert!(mask.iter().all(|&score| score == 0.0 || score == 1.0), "{mask:?}");
    (0..mask.len()).filter(|&unit| mask[unit] == 1.0).collect()
}

fn evidence<'a>(
    plan: &'a MethodConfig,
    model: &'a Model,
    step: u32,
    scores: &'a [f32],
    norms: &'a [f64],
    gradients: &'a [f64],
) -> Evidence<'a> {
    Evidence { plan, model, step, steps: STEPS, budget: 16.0, scores, norms, effects: &[], gradients }
}

/// Units that went and units that came.
fn changes(before: &[f32], after: &[f32]) -> (Vec<usize>, Vec<usize>) {
    let units = |from: f32| (0..before.len()).filter(|&unit| before[unit] == from && after[unit] != from).collect();
    (units(1.0), units(0.0))
}

fn every_group_is_open(model: &Model, mask: &[f32]) -> bool {
    counts(model, mask).into_iter().all(|kept| kept > 0)
}

/// Units of each gated group that a mask keeps.
fn counts(model: &Model, mask: &[f32]) -> Vec<u32> {
    mask::counts(model, &mask.iter().map(|&score| score == 1.0).collect::<Vec<bool>>())
}

proptest! {
    #[test]
    fn the_highest_are_as_many_as_the_budget_and_one_a_group(seed: u32, budget in 0u32..60) {
        let model = network();
        let order = scattered(40, seed);
        let mask = highest(&model, &order, budget.into());
        prop_assert_eq!(kept(&mask).len() as u32, budget.clamp(3, 40));
        prop_assert!(every_group_is_open(&model, &mask));
        // A kept unit may rank below a unit that is off only if it is the best of its group.
        for unit in kept(&mask) {
            let group = model.gated().find(|group| (group.first_unit..group.first_unit + group.size).contains(&(unit as u32))).unwrap();
            let best = (group.first_unit..group.first_unit + group.size).all(|other| order[other as usize] <= order[unit]);
            prop_assert!(best || (0..40).all(|other| mask[other] == 1.0 || order[other] < order[unit]));
        }
    }

    #[test]
    fn an_exchange_grows_as_many_as_it_drops_and_none_that_it_just_dropped(seed: u32, budget in 3u32..40, count in 0usize..50) {
        let model = network();
        let before = highest(&model, &scattered(40, seed), budget.into());
        let (keep, grow) = (scattered(40, seed.wrapping_add(1)), scattered(40, seed.wrapping_add(2)));
        let after = exchange(&model, &before, &keep, &grow, count, budget.into());
        let (gone, came) = changes(&before, &after);
        prop_assert_eq!(gone.len(), came.len());
        prop_assert_eq!(kept(&after).len(), kept(&before).len());
        prop_assert!(gone.len() <= count && every_group_is_open(&model, &after));
        // The units that came rank highest among all that were off.
        let lowest = came.iter().map(|&unit| grow[unit]).fold(f64::INFINITY, f64::min);
        prop_assert!((0..40).all(|unit| before[unit] == 1.0 || came.contains(&unit) || grow[unit] < lowest));
    }
}

#[test]
fn set_drops_the_smallest_norms_and_grows_at_random_alike_for_a_seed() {
    let (model, plan) = (network(), plan());
    let set = method(MethodName::Set);
    let scores = set.initial_scores(&plan, &model);
    let norms: Vec<f64> = scattered(40, 5).iter().map(|value| value.abs()).collect();
    let after = set.choose(&evidence(&plan, &model, 50, &scores, &norms, &[]));
    let (gone, came) = changes(&scores, &after);
    // 30 % of 15, a little less along the cosine.
    assert_eq!((kept(&scores).len(), gone.len(), came.len()), (15, 4, 4));
    let highest_gone = gone.iter().map(|&unit| norms[unit]).fold(0.0, f64::max);
    let alone = |unit: usize| {
        let mut groups = model.gated().map(Group::units).zip(counts(&model, &after));
        groups.any(|(units, kept)| units.contains(&unit) && kept == 1)
    };
    assert!(kept(&scores).iter().all(|&unit| gone.contains(&unit) || norms[unit] > highest_gone || alone(unit)));
    assert_eq!(after, set.choose(&evidence(&plan, &model, 50, &scores, &norms, &[])));
    let other = MethodConfig { seed: 2, ..plan.clone() };
    assert_ne!(came, changes(&scores, &set.choose(&evidence(&other, &model, 50, &scores, &norms, &[]))).1);
    assert_ne!(came, changes(&scores, &set.choose(&evidence(&plan, &model, 100, &scores, &norms, &[]))).1);
}

#[test]
fn rigl_grows_the_largest_gradients_of_either_sign() {
    let (model, plan) = (network(), plan());
    let rigl = method(MethodName::Rigl);
    let scores = rigl.initial_scores(&plan, &model);
    let (norms, gates) = (scattered(40, 6), scattered(40, 7));
    let (gone, came) = changes(&scores, &rigl.choose(&evidence(&plan, &model, 50, &scores, &norms, &gates)));
    let mut absent: Vec<usize> = (0..40).filter(|&unit| scores[unit] == 0.0).collect();
    absent.sort_by(|&a, &b| gates[b].abs().total_cmp(&gates[a].abs()));
    let mut wanted = absent[..gone.len()].to_vec();
    wanted.sort_unstable();
    assert_eq!((gone.len(), came), (4, wanted));
    assert!(gates.iter().any(|&gate| gate < 0.0));
}

#[test]
fn snip_keeps_those_that_the_loss_is_most_sensitive_to_and_chooses_once() {
    let (model, plan) = (network(), plan());
    let snip = method(MethodName::Snip);
    let gates = scattered(40, 8);
    let mask = snip.choose(&evidence(&plan, &model, 0, &snip.initial_scores(&plan, &model), &[], &gates));
    let size: Vec<f64> = gates.iter().map(|gate| gate.abs()).collect();
    assert_eq!((mask.clone(), kept(&mask).len()), (highest(&model, &size, 16.0), 16));
    let choices: Vec<u32> = (0..STEPS).filter(|&step| snip.chooses_before(&plan, step, STEPS)).collect();
    assert_eq!(choices, [0]);
}

#[test]
fn magnitude_keeps_the_largest_norms_and_brings_nothing_back() {
    let magnitude = method(MethodName::Magnitude);
    let model = network();
    for budget in [FALLING, STANDING] {
        let plan = MethodConfig { budget, ..plan() };
        let mut scores = magnitude.initial_scores(&plan, &model);
        assert_eq!(kept(&scores).len(), 40);
        let mut choices = 0;
        for step in (0..STEPS).filter(|&step| magnitude.chooses_before(&plan, step, STEPS)) {
            let norms: Vec<f64> = scattered(40, step).iter().map(|value| value.abs()).collect();
            let budget = units_at(budget, step, 40) as u32;
            let after = magnitude.choose(&Evidence { budget: budget.into(), ..evidence(&plan, &model, step, &scores, &norms, &[]) });
            let (gone, came) = changes(&scores, &after);
            assert!(came.is_empty() && kept(&after).len() as u32 <= budget.max(3), "step {step}");
            let largest_gone = gone.iter().map(|&unit| norms[unit]).fold(0.0, f64::max);
            let below = kept(&after).into_iter().filter(|&unit| norms[unit] < largest_gone).count();
            // The best unit of each group is kept, even if its norm is small.
            assert!(below <= 3 && every_group_is_open(&model, &after), "step {step}");
            scores = after;
            choices += 1;
        }
        assert_eq!(kept(&scores).len(), 16);
        // Once if the budget is constant; otherwise each time that it has fallen.
        assert_eq!(choices, if budget == STANDING { 1 } else { 11 });
    }
}

#[test]
fn fisher_pruning_drops_the_smallest_effects_of_a_random_mask_and_brings_nothing_back() {
    let (pruning, model, plan) =
        (method(MethodName::FisherPruning), network(), MethodConfig { budget: Budget { first: 0.8, ..FALLING }, ..plan() });
    let mut scores = pruning.initial_scores(&plan, &model);
    assert_eq!(counts(&model, &scores), [9, 16, 6]);
    for step in (0..STEPS).filter(|&step| pruning.chooses_before(&plan, step, STEPS)) {
        // The effects of units that are off are out of date, and may be the largest.
        let effects: Vec<f64> =
            scattered(40, step).iter().zip(&scores).map(|(value, &s)| if s == 0.0 { -9.0 } else { -value.abs() }).collect();
        let budget = units_at(plan.budget, step, 40).into();
        let after = pruning.choose(&Evidence { budget, effects: &effects, ..evidence(&plan, &model, step, &scores, &[], &[]) });
        let (gone, came) = changes(&scores, &after);
        assert!(came.is_empty() && every_group_is_open(&model, &after), "step {step}");
        let least_gone = gone.iter().map(|&unit| effects[unit]).fold(0.0, f64::min);
        let above = kept(&after).into_iter().filter(|&unit| effects[unit] > least_gone).count();
        assert!(above <= 3, "step {step}: the best unit of each group is kept, even if its effect is small");
        scores = after;
    }
    assert_eq!(kept(&scores).len(), 16);
}

#[test]
fn fisher_chooses_once_where_the_fall_ends_and_keeps_the_highest_scores() {
    let (fisher, model, plan) = (method(MethodName::Fisher), network(), plan());
    let choices: Vec<u32> = (0..STEPS).filter(|&step| fisher.chooses_before(&plan, step, STEPS)).collect();
    assert_eq!(choices, [500]);
    let scores: Vec<f32> = scattered(40, 12).iter().map(|value| *value as f32 + 0.5).collect();
    let mask = fisher.choose(&evidence(&plan, &model, 500, &scores, &[], &[]));
    let wide: Vec<f64> = scores.iter().map(|&score| score.into()).collect();
    assert_eq!(mask, highest(&model, &wide, 16.0));
    assert_eq!(kept(&mask).len(), 16);
}

#[test]
fn masks_are_exchanged_at_intervals_but_neither_first_nor_near_the_end() {
    for name in [MethodName::Set, MethodName::Rigl] {
        let plan = plan();
        let choices: Vec<u32> = (0..STEPS).filter(|&step| method(name).chooses_before(&plan, step, STEPS)).collect();
        assert_eq!(choices, (1..15).map(|turn| 50 * turn).collect::<Vec<_>>());
        let scores = [1.0; 100];
        let counts: Vec<usize> = choices.iter().map(|&step| exchange_count(&plan, &scores, step, STEPS)).collect();
        assert!(counts[0] == 30 && counts.windows(2).all(|pair| pair[1] <= pair[0]) && counts[13] <= 1, "{counts:?}");
        assert!(name.facts().brings_back);
    }
}

#[test]
fn only_those_that_rank_units_choose_a_mask() {
    for &name in MethodName::ALL {
        let chooses = (0..STEPS).any(|step| method(name).chooses_before(&plan(), step, STEPS));
        assert_eq!(name.facts().ranks_by.is_some(), chooses, "{name:?}");
    }
    let asks = |name: &MethodName| name.facts().ranks_by == Some(Criterion::Gradients);
    let asking: Vec<MethodName> = MethodName::ALL.iter().copied().filter(asks).collect();
    assert_eq!(asking, [MethodName::Rigl, MethodName::Snip]);
}

#[test]
fn a_static_mask_has_its_share_of_each_group_or_its_allocation() {
    let model = network();
    let kept = |plan: &MethodConfig| counts(&model, &method(MethodName::Static).initial_scores(plan, &model));
    let uniform = plan();
    assert_eq!(kept(&uniform), [4, 8, 3]);
    assert_eq!(kept(&MethodConfig { budget: Budget { last: 0.01, ..FALLING }, ..uniform.clone() }), [1, 1, 1]);
    assert_eq!(kept(&MethodConfig { allocation: vec![12, 0, 5], ..uniform.clone() }), [12, 1, 5]);
    let mask = |seed| method(MethodName::Static).initial_scores(&MethodConfig { seed, ..uniform.clone() }, &model);
    assert!(mask(1) == mask(1) && mask(1) != mask(2));
}

#[test]
fn a_small_dense_run_takes_at_most_the_multiply_adds_of_a_run_of_vrpge_and_nearly_as_many() {
    let forwards = MethodName::Vrpge.facts().forwards;
    let picture = Image { channels: 3, height: 32, width: 32 };
    for (name, image, gate_inputs) in [
        ("mlp-512-256", Image::flat(784), true),
        ("mlp-512-256", Image::flat(784), false),
        ("mlp-1024-1024", Image::flat(784), true),
        ("cnn-32-64-128", picture, false),
        ("vgg16", picture, false),
        ("resnet20", picture, false),
    ] {
        let model = Model::new(name, image, 10, gate_inputs).unwrap();
        for (first, last) in [(0.1, 0.1), (0.2, 0.2), (0.5, 0.5), (0.999, 0.1), (0.999, 0.5)] {
            let budget = Budget { first, last, until: 0.5 };
            let kept = method(MethodName::SmallDense).built_of(&MethodConfig { budget, ..plan() }, &model).unwrap();
            let (narrow, _) = model.compacted(&kept);
            let work = narrow.multiply_adds(&narrow.sizes(), None).total() as f64;
            let steps: Vec<f64> =
                (0..STEPS).map(|step| model.predicted_ratio(f64::from(units_at(budget, step, 10_000)) / 10_000.0, forwards)).collect();
            let mean = steps.iter().sum::<f64>() / f64::from(STEPS);
            let allowed = mean * model.multiply_adds(&model.sizes(), None).total() as f64;
            let label = format!("{name}, keep {first} to {last}");
            println!("{label}: {:.3}", work / allowed);
            assert!(work <= allowed * 1.001, "{label}: {work} over {allowed}");
            // One unit more of the narrowest layer is a step of work.
            let least = narrow.gated().map(|group| group.size).min().unwrap();
            assert!(work > allowed * (1.0 - 3.0 / f64::from(least)), "{label}: {work} of {allowed}, {least} wide");
            assert!(!gate_inputs || narrow.groups[0].size == model.groups[0].size, "it sees every input");
        }
    }
    // If the budget allows nearly every unit, two forward passes take more than dense training does.
    let model = Model::new("mlp-512-256", Image::flat(784), 10, true).unwrap();
    let plan = MethodConfig { budget: Budget { first: 0.999, last: 0.95, until: 0.5 }, ..plan() };
    assert!(method(MethodName::SmallDense).built_of(&plan, &model).unwrap().iter().all(|&kept| kept));
}

#[test]
fn only_vrpge_takes_two_forwards_and_only_four_learn_scores() {
    for &name in MethodName::ALL {
        let facts = name.facts();
        assert_eq!(facts.forwards, 1 + u32::from(name == MethodName::Vrpge), "{name:?}");
        let learns = matches!(name, MethodName::Vrpge | MethodName::Reinforce | MethodName::Ste | MethodName::Fisher);
        assert_eq!(facts.learns_scores, learns, "{name:?}");
        assert_eq!(facts.computes_all, name == MethodName::Ste, "{name:?}");
    }
    let estimators = [MethodName::Vrpge, MethodName::Reinforce, MethodName::Ste].map(|name| name.facts().estimator);
    assert_eq!(estimators, [None, Some(Estimator::Plain), Some(Estimator::Ste)]);
    assert_eq!(learning().join(" or "), "vrpge, reinforce, ste or fisher");
}

/// The page and the comparison show these facts as they are, so that a contradiction would be visible.
#[test]
fn the_facts_of_a_method_agree_with_each_other_and_with_what_it_does() {
    let model = network();
    let falls = ["schedule", "keep_start", "anneal_fraction"];
    let of_scores = ["scores_rate", "pins"];
    let of_gradients = ["scores_optimizer", "select_masks", "fill_budget"];
    for &name in MethodName::ALL {
        let facts = name.facts();
        assert!(!facts.name.is_empty() && !facts.label.is_empty() && facts.name == name.name(), "{facts:?}");
        let repeated = facts.settings.iter().enumerate().any(|(index, setting)| facts.settings[..index].contains(setting));
        assert!(!repeated, "{facts:?}");
        // A method that keeps every unit has no budget of units, except small-dense, whose width follows from that of vrpge.
        assert_eq!(facts.has_setting("keep_ratio"), !facts.keeps_all || name == MethodName::SmallDense, "{facts:?}");
        assert_eq!(falls.map(|setting| facts.has_setting(setting)), [facts.starts_whole || name == MethodName::SmallDense; 3], "{facts:?}");
        assert_eq!(of_scores.map(|setting| facts.has_setting(setting)), [facts.learns_scores; 2], "{facts:?}");
        // Scores driven by effects always use their budget, take no scaled step, and are a mask in the end.
        let has_gradient = facts.learns_scores && facts.estimator != Some(Estimator::Fisher);
        assert_eq!(of_gradients.map(|setting| facts.has_setting(setting)), [has_gradient; 3], "{facts:?}");
        assert_eq!(facts.has_setting("control_variate"), facts.forwards == 2, "{facts:?}");
        let has_effects = facts.has_setting("control_variate") || [MethodName::Fisher, MethodName::FisherPruning].contains(&name);
        let of_effects = ["effect_rate", "exact_information"];
        assert_eq!(of_effects.map(|setting| facts.has_setting(setting)), [has_effects; 2], "{facts:?}");
        // The setting `estimator` applies to methods that have none of their own; the chain rule through the mask has no preconditioner.
        assert_eq!(facts.has_setting("estimator"), facts.learns_scores && facts.estimator.is_none(), "{facts:?}");
        let reads_losses = facts.estimator.is_none_or(|of| of.reads() == Reads::Losses);
        assert_eq!(facts.has_setting("alpha"), facts.learns_scores && reads_losses, "{facts:?}");
        assert_eq!(facts.computes_all, facts.estimator.is_some_and(|of| of.reads() == Reads::Derivative), "{facts:?}");
        // A unit that may come back must not be dropped for good; of scores that are a mask in the end, none comes back then.
        let ends_as_mask = facts.ranks_by == Some(Criterion::Scores);
        assert!(!(facts.brings_back && facts.has_setting("compact")) || ends_as_mask, "{facts:?}");
        let scores = method(name).initial_scores(&plan(), &model);
        let is_mask = scores.iter().all(|&score| score == 0.0 || score == 1.0) && scores.contains(&0.0);
        assert!(!facts.has_setting("allocation") || is_mask, "{facts:?}: only a mask can be divided among the groups");
        assert!(!facts.keeps_all || scores.iter().all(|&score| score == 1.0), "{facts:?}");
        let ranks_often = facts.ranks_by.is_some() && ![MethodName::Snip, MethodName::Fisher].contains(&name);
        assert_eq!(facts.has_setting("structure_every"), ranks_often, "{facts:?}");
        let (setting, values) = facts.search;
        assert!(facts.has_setting(setting) || setting == "momentum", "{facts:?}");
        for presets in std::iter::once(facts.presets).chain(facts.convolutional_presets) {
            assert!(presets.iter().any(|(preset, value)| *preset == setting && values.contains(value)), "{facts:?}");
        }
    }
}
