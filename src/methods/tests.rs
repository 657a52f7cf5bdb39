//! What defines each method, on the CPU: which units it chooses when it is told what a network is like.

use proptest::prelude::*;

use super::*;
use crate::config::Schedule;
use crate::model::Image;
use crate::random::{Stream, Threefry};
use crate::schedule::step_at;

const STEPS: u32 = 1000;

/// Inputs 12, hidden 20 and 8, all gated: 40 units.
fn network() -> Model {
    Model::new("mlp-20-8", Image::flat(12), 3, true).unwrap()
}

fn config(name: MethodName) -> Config {
    Config { method: name, keep_ratio: 0.4, gate_inputs: true, structure_every: 50, ..Config::default() }
}

/// Numbers without order, of which no two are equal.
fn scattered(units: usize, seed: u32) -> Vec<f64> {
    let mut random = Threefry::new(seed, Stream::Data, 0);
    (0..units).map(|unit| f64::from(random.unit_interval()) - 0.5 + 1e-9 * unit as f64).collect()
}

fn kept(mask: &[f32]) -> Vec<usize> {
    assert!(mask.iter().all(|&score| score == 0.0 || score == 1.0), "{mask:?}");
    (0..mask.len()).filter(|&unit| mask[unit] == 1.0).collect()
}

fn look<'a>(config: &'a Config, model: &'a Model, step: u32, scores: &'a [f32], norms: &'a [f64], gates: &'a [f64]) -> Look<'a> {
    Look { config, model, step, steps: STEPS, budget: 16, scores, norms, gates }
}

/// Units that went and units that came.
fn changes(before: &[f32], after: &[f32]) -> (Vec<usize>, Vec<usize>) {
    let units = |from: f32| (0..before.len()).filter(|&unit| before[unit] == from && after[unit] != from).collect();
    (units(1.0), units(0.0))
}

fn every_group_is_open(model: &Model, mask: &[f32]) -> bool {
    model.gated().all(|group| kept_of(mask, group.first_unit, group.size) > 0)
}

proptest! {
    #[test]
    fn the_highest_are_as_many_as_the_budget_and_one_a_group(seed: u32, budget in 0u32..60) {
        let model = network();
        let order = scattered(40, seed);
        let mask = highest(&model, &order, budget);
        prop_assert_eq!(kept(&mask).len() as u32, budget.clamp(3, 40));
        prop_assert!(every_group_is_open(&model, &mask));
        // Of what is kept, only the best of its group may stand below what is not.
        for unit in kept(&mask) {
            let group = model.gated().find(|group| (group.first_unit..group.first_unit + group.size).contains(&(unit as u32))).unwrap();
            let best = (group.first_unit..group.first_unit + group.size).all(|other| order[other as usize] <= order[unit]);
            prop_assert!(best || (0..40).all(|other| mask[other] == 1.0 || order[other] < order[unit]));
        }
    }

    #[test]
    fn an_exchange_grows_as_many_as_it_drops_and_none_that_it_just_dropped(seed: u32, budget in 3u32..40, count in 0usize..50) {
        let model = network();
        let before = highest(&model, &scattered(40, seed), budget);
        let (keep, grow) = (scattered(40, seed.wrapping_add(1)), scattered(40, seed.wrapping_add(2)));
        let after = exchange(&model, &before, &keep, &grow, count);
        let (gone, came) = changes(&before, &after);
        prop_assert_eq!(gone.len(), came.len());
        prop_assert_eq!(kept(&after).len(), kept(&before).len());
        prop_assert!(gone.len() <= count && every_group_is_open(&model, &after));
        // Those that came stand highest among all that were off.
        let lowest = came.iter().map(|&unit| grow[unit]).fold(f64::INFINITY, f64::min);
        prop_assert!((0..40).all(|unit| before[unit] == 1.0 || came.contains(&unit) || grow[unit] < lowest));
    }
}

#[test]
fn set_drops_the_smallest_norms_and_grows_at_random_alike_for_a_seed() {
    let (model, config) = (network(), config(MethodName::Set));
    let set = method(MethodName::Set);
    let scores = set.initial_scores(&config, &model);
    let norms: Vec<f64> = scattered(40, 5).iter().map(|value| value.abs()).collect();
    let after = set.choose(&look(&config, &model, 50, &scores, &norms, &[]));
    let (gone, came) = changes(&scores, &after);
    // 30 % of 15, a little less along the cosine.
    assert_eq!((kept(&scores).len(), gone.len(), came.len()), (15, 4, 4));
    let highest_gone = gone.iter().map(|&unit| norms[unit]).fold(0.0, f64::max);
    let alone = |unit: usize| {
        model.gated().any(|group| {
            (group.first_unit..group.first_unit + group.size).contains(&(unit as u32)) && kept_of(&after, group.first_unit, group.size) == 1
        })
    };
    assert!(kept(&scores).iter().all(|&unit| gone.contains(&unit) || norms[unit] > highest_gone || alone(unit)));
    assert_eq!(after, set.choose(&look(&config, &model, 50, &scores, &norms, &[])));
    let other = Config { seed: 2, ..config.clone() };
    assert_ne!(came, changes(&scores, &set.choose(&look(&other, &model, 50, &scores, &norms, &[]))).1);
    assert_ne!(came, changes(&scores, &set.choose(&look(&config, &model, 100, &scores, &norms, &[]))).1);
}

#[test]
fn rigl_grows_where_the_loss_asks_most_whatever_the_sign() {
    let (model, config) = (network(), config(MethodName::Rigl));
    let rigl = method(MethodName::Rigl);
    let scores = rigl.initial_scores(&config, &model);
    let (norms, gates) = (scattered(40, 6), scattered(40, 7));
    let (gone, came) = changes(&scores, &rigl.choose(&look(&config, &model, 50, &scores, &norms, &gates)));
    let mut absent: Vec<usize> = (0..40).filter(|&unit| scores[unit] == 0.0).collect();
    absent.sort_by(|&a, &b| gates[b].abs().total_cmp(&gates[a].abs()));
    let mut wanted = absent[..gone.len()].to_vec();
    wanted.sort_unstable();
    assert_eq!((gone.len(), came), (4, wanted));
    assert!(gates.iter().any(|&gate| gate < 0.0));
}

#[test]
fn snip_keeps_those_that_the_loss_is_most_sensitive_to_and_looks_once() {
    let (model, config) = (network(), config(MethodName::Snip));
    let snip = method(MethodName::Snip);
    let gates = scattered(40, 8);
    let mask = snip.choose(&look(&config, &model, 0, &snip.initial_scores(&config, &model), &[], &gates));
    let size: Vec<f64> = gates.iter().map(|gate| gate.abs()).collect();
    assert_eq!((mask.clone(), kept(&mask).len()), (highest(&model, &size, 16), 16));
    let looks: Vec<u32> = (0..STEPS).filter(|&step| snip.looks(&config, step, STEPS).is_some()).collect();
    assert_eq!(looks, [0]);
}

#[test]
fn magnitude_keeps_the_largest_norms_and_brings_nothing_back() {
    let magnitude = method(MethodName::Magnitude);
    let model = network();
    for schedule in [Schedule::Cubic, Schedule::Constant] {
        let config = Config { schedule, ..config(MethodName::Magnitude) };
        let mut scores = magnitude.initial_scores(&config, &model);
        assert_eq!(kept(&scores).len(), 40);
        let mut looks = 0;
        for step in (0..STEPS).filter(|&step| magnitude.looks(&config, step, STEPS).is_some()) {
            let norms: Vec<f64> = scattered(40, step).iter().map(|value| value.abs()).collect();
            let budget = step_at(&config, 40, step, STEPS).budget as u32;
            let after = magnitude.choose(&Look { budget, ..look(&config, &model, step, &scores, &norms, &[]) });
            let (gone, came) = changes(&scores, &after);
            assert!(came.is_empty() && kept(&after).len() as u32 <= budget.max(3), "step {step}");
            let largest_gone = gone.iter().map(|&unit| norms[unit]).fold(0.0, f64::max);
            let below = kept(&after).into_iter().filter(|&unit| norms[unit] < largest_gone).count();
            // The best of each group stays, whatever the others'.
            assert!(below <= 3 && every_group_is_open(&model, &after), "step {step}");
            scores = after;
            looks += 1;
        }
        assert_eq!(kept(&scores).len(), 16);
        // Once and for all where the budget stands; each time that it has come down, otherwise.
        assert_eq!(looks, if schedule == Schedule::Constant { 1 } else { 11 });
    }
}

#[test]
fn masks_are_exchanged_every_so_often_but_neither_first_nor_near_the_end() {
    for name in [MethodName::Set, MethodName::Rigl] {
        let config = config(name);
        let looks: Vec<u32> = (0..STEPS).filter(|&step| method(name).looks(&config, step, STEPS).is_some()).collect();
        assert_eq!(looks, (1..15).map(|turn| 50 * turn).collect::<Vec<_>>());
        let scores = [1.0; 100];
        let counts: Vec<usize> = looks.iter().map(|&step| exchange_count(&config, &scores, step, STEPS)).collect();
        assert!(counts[0] == 30 && counts.windows(2).all(|pair| pair[1] <= pair[0]) && counts[13] <= 1, "{counts:?}");
        assert!(method(name).brings_back());
    }
}

#[test]
fn only_those_that_say_so_ask_how_the_loss_changes_with_each_unit() {
    for &name in MethodName::ALL {
        let (method, config) = (method(name), config(name));
        let asks = (0..STEPS).any(|step| method.looks(&config, step, STEPS) == Some(Knowledge::Gates));
        assert_eq!(method.asks_gates(), asks, "{name:?}");
    }
}

#[test]
fn a_static_mask_has_its_share_of_each_group_or_what_it_is_told() {
    let model = network();
    let counts = |config: &Config| {
        let mask = method(MethodName::Static).initial_scores(config, &model);
        model.gated().map(|group| kept_of(&mask, group.first_unit, group.size)).collect::<Vec<_>>()
    };
    let uniform = config(MethodName::Static);
    assert_eq!(counts(&uniform), [4, 8, 3]);
    assert_eq!(counts(&Config { keep_ratio: 0.01, ..uniform.clone() }), [1, 1, 1]);
    assert_eq!(counts(&Config { allocation: "12,0,5".to_owned(), ..uniform.clone() }), [12, 1, 5]);
    let mask = |seed| method(MethodName::Static).initial_scores(&Config { seed, ..uniform.clone() }, &model);
    assert!(mask(1) == mask(1) && mask(1) != mask(2));
}

#[test]
fn a_small_dense_run_takes_at_most_the_multiply_adds_of_a_run_of_vrpge_and_nearly_as_many() {
    let vrpge = method(MethodName::Vrpge);
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
        for (keep_ratio, schedule) in [
            (0.1, Schedule::Constant),
            (0.2, Schedule::Constant),
            (0.5, Schedule::Constant),
            (0.1, Schedule::Cubic),
            (0.5, Schedule::Cubic),
        ] {
            let config = Config { method: MethodName::SmallDense, keep_ratio, schedule, gate_inputs, ..Config::default() };
            let kept = method(MethodName::SmallDense).built_of(&config, &model).unwrap();
            let (narrow, _) = model.compacted(&kept);
            let work = narrow.multiply_adds(&narrow.sizes(), None).total() as f64;
            let steps: Vec<f64> = (0..STEPS)
                .map(|step| model.predicted_ratio(f64::from(step_at(&config, 10_000, step, STEPS).budget) / 10_000.0, vrpge.forwards()))
                .collect();
            let mean = steps.iter().sum::<f64>() / f64::from(STEPS);
            let allowed = mean * model.multiply_adds(&model.sizes(), None).total() as f64;
            let label = format!("{name}, keep {keep_ratio} {schedule:?}");
            println!("{label}: {:.3}", work / allowed);
            assert!(work <= allowed * 1.001, "{label}: {work} over {allowed}");
            // One unit more of the narrowest layer is a step of work.
            let least = narrow.gated().map(|group| group.size).min().unwrap();
            assert!(work > allowed * (1.0 - 3.0 / f64::from(least)), "{label}: {work} of {allowed}, {least} wide");
            assert!(!gate_inputs || narrow.groups[0].size == model.groups[0].size, "it sees every input");
        }
    }
    // Where the budget pays for nearly everything, two forwards take more than dense training does.
    let model = Model::new("mlp-512-256", Image::flat(784), 10, true).unwrap();
    let config = Config { method: MethodName::SmallDense, keep_ratio: 0.95, ..Config::default() };
    assert!(method(MethodName::SmallDense).built_of(&config, &model).unwrap().iter().all(|&kept| kept));
}

#[test]
fn only_vrpge_takes_two_forwards_and_only_three_learn_scores() {
    for &name in MethodName::ALL {
        let of = method(name);
        assert_eq!(of.forwards(), 1 + u32::from(name == MethodName::Vrpge), "{name:?}");
        let learns = matches!(name, MethodName::Vrpge | MethodName::Reinforce | MethodName::Ste);
        assert_eq!(of.learns_scores(), learns, "{name:?}");
        assert_eq!(of.has_gates(), name == MethodName::Ste, "{name:?}");
    }
    let estimators = [Estimator::TwoSided, Estimator::OneSided]
        .map(|estimator| method(MethodName::Vrpge).estimator(&Config { estimator, ..Config::default() }));
    assert_eq!(estimators, [0, 1]);
    assert_eq!([MethodName::Reinforce, MethodName::Ste].map(|name| method(name).estimator(&Config::default())), [2, 3]);
}
