//! A budget that counts multiply-adds: prices of units in whole runs, on this machine's adapter.

use pollster::block_on;

use lacuna::config::{BudgetUnit, Config, MethodName, Schedule};
use lacuna::engine::Engine;
use lacuna::model::Model;
use lacuna::run_file::{Change, DatasetIdentity, Recorder, RunFile, restore};
use lacuna::shared::part;
use lacuna::trainer::Trainer;

use crate::adapter::machine;
use crate::small_set::{Data, data, images};

/// A fully connected network with gated inputs, and a convolutional one whose late channels are cheap.
fn networks() -> [(Config, Data); 2] {
    let config = |model: &str, gate_inputs| Config {
        model: model.to_owned(),
        gate_inputs,
        budget_unit: BudgetUnit::MultiplyAdds,
        keep_ratio: 0.4,
        keep_start: 0.9,
        scores_rate: 0.2,
        batch_size: 16,
        steps: 60,
        structure_every: 5,
        learning_rate: 0.02,
        seed: 3,
        ..Config::default()
    };
    [(config("mlp-17-9", true), data(80, 10, 14, 4)), (config("cnn-6-9", false), images(80, 10, (2, 8, 8), 4, false))]
}

/// The methods whose mask depends on what the budget counts.
fn priced() -> impl Iterator<Item = MethodName> {
    MethodName::ALL.iter().copied().filter(|name| name.facts().has_setting("budget_unit"))
}

fn price(model: &Model, kept: &[bool]) -> f64 {
    kept.iter().zip(model.prices()).filter(|(kept, _)| **kept).map(|(_, price)| f64::from(price)).sum()
}

fn scores(run: &Trainer) -> Vec<f32> {
    let engine: &Engine = run.engine();
    block_on(engine.read_first(&engine.buffers.scores, u64::from(run.model.units()) * 4)).unwrap()
}

/// Trains to the end in submits of at most `most` steps.
fn train(run: &mut Trainer, most: u32) {
    while run.step() < run.steps() {
        block_on(run.advance(most)).unwrap();
    }
}

#[test]
fn no_mask_takes_more_multiply_adds_than_the_budget_counts() {
    let machine = machine();
    for (config, data) in networks() {
        for name in priced() {
            let label = format!("{} on {}", name.name(), config.model);
            let mut run = data.start(&machine, Config { method: name, ..config.clone() });
            let whole = run.whole.clone();
            let prices = whole.prices();
            let dearest = f64::from(prices.iter().copied().fold(0.0, f32::max));
            assert!(prices.iter().any(|&price| price < 0.9) && dearest > 1.1, "{label}: {prices:?}");
            while run.step() < run.steps() {
                let snapshot = block_on(run.advance(1)).unwrap();
                let budget = run.budget(snapshot.budget);
                let spent: f64 = snapshot.scores.iter().zip(&prices).map(|(&s, &price)| f64::from(s) * f64::from(price)).sum();
                assert_eq!(snapshot.sum_scores, spent, "{label}");
                assert!((f64::from(snapshot.records[0].sum_scores) - spent).abs() < 1e-4, "{label}: the device sums the same");
                assert!(spent <= budget * (1.0 + 1e-6), "{label}, step {}: {spent} of {budget}", snapshot.step);
                let decided = price(&whole, &snapshot.decided);
                assert!(decided <= budget, "{label}, step {}: the decided mask takes {decided} of {budget}", snapshot.step);
            }
            let snapshot = block_on(run.snapshot()).unwrap();
            let (decided, budget) = (price(&whole, &snapshot.decided), run.budget(snapshot.budget));
            // The first mask of set and rigl is rounded down in each group, and no later one takes more.
            let rounded = if name.facts().starts_whole || name == MethodName::Snip { 0.0 } else { prices_of_one_unit_each(&whole) };
            assert!(decided > budget - dearest - rounded, "{label}: the decided mask takes {decided} of {budget}");
            let work = |kept: &[u32]| whole.multiply_adds(kept, None).forward as f64;
            let kept: Vec<u32> =
                whole.kept_units(&snapshot.decided).iter().map(|units| units.iter().filter(|&&kept| kept).count() as u32).collect();
            let aimed: Vec<u32> = whole.expected(config.keep_ratio).iter().map(|expected| expected.round() as u32).collect();
            // The budget bounds their tangent, so that this may be above 1.
            println!("{label}: {kept:?}, {:.3} of the multiply-adds at equal shares", work(&kept) / work(&aimed));
        }
    }
}

fn prices_of_one_unit_each(model: &Model) -> f64 {
    model.price_of(model.gated().map(|_| 1))
}

#[test]
fn the_unit_of_the_budget_changes_the_masks_and_only_of_methods_that_read_it() {
    let machine = machine();
    for &name in MethodName::ALL {
        // A network as small as these may end with the same mask by chance.
        let cases = networks();
        let differs = (1..9).flat_map(|seed| cases.iter().map(move |case| (seed, case))).any(|(seed, (config, data))| {
            let [units, multiply_adds] = [BudgetUnit::Units, BudgetUnit::MultiplyAdds].map(|budget_unit| {
                let mut run = data.start(&machine, Config { method: name, budget_unit, seed, steps: 30, ..config.clone() });
                train(&mut run, 64);
                block_on(run.checkpoint()).unwrap()
            });
            units != multiply_adds
        });
        assert_eq!(differs, name.facts().has_setting("budget_unit"), "{name:?}");
    }
}

#[test]
fn a_run_does_not_depend_on_its_submits_and_continues_from_a_checkpoint() {
    let machine = machine();
    for (config, data) in networks() {
        for name in priced() {
            let config = Config { method: name, ..config.clone() };
            let [mut single, mut grouped, mut resumed] = [0; 3].map(|_| data.start(&machine, config.clone()));
            train(&mut single, 1);
            train(&mut grouped, 13);
            let whole = block_on(single.checkpoint()).unwrap();
            assert_eq!(whole, block_on(grouped.checkpoint()).unwrap(), "{name:?} on {}", config.model);
            let mut half = data.start(&machine, config.clone());
            while half.step() < 30 {
                block_on(half.advance(30 - half.step())).unwrap();
            }
            resumed.restore(block_on(half.checkpoint()).unwrap()).unwrap();
            train(&mut resumed, 13);
            assert_eq!(whole, block_on(resumed.checkpoint()).unwrap(), "{name:?} on {}", config.model);
        }
    }
}

#[test]
fn prices_stay_where_units_are_dropped_and_where_the_keep_ratio_changes() {
    let machine = machine();
    for (config, data) in networks() {
        let config = Config { anneal_fraction: 0.3, steps: 120, ..config };
        let (mut whole, mut compacted) = (data.start(&machine, config.clone()), data.start(&machine, config));
        let prices = whole.whole.prices();
        for run in [&mut whole, &mut compacted] {
            while run.step() < 60 {
                block_on(run.advance(60 - run.step())).unwrap();
            }
        }
        let (before, after) = block_on(compacted.compact()).unwrap();
        assert!(after < before, "{}: nothing was dropped", whole.model.name);
        for run in [&mut whole, &mut compacted] {
            run.change("keep_ratio", "0.45").unwrap();
        }
        let left: Vec<f32> = compacted.numbers().iter().map(|&number| prices[number as usize]).collect();
        assert_eq!((compacted.model.prices(), whole.whole.prices()), (left.clone(), prices));
        let pins: Vec<f32> = block_on(compacted.engine().read_first(&compacted.engine().buffers.pins, 4 * left.len() as u64)).unwrap();
        assert_eq!(pins, left, "the device has them too");
        for _ in 0..10 {
            let [expected, found] = [&mut whole, &mut compacted].map(|run| block_on(run.advance(1)).unwrap());
            assert_eq!((&expected.mask, &expected.decided, expected.budget), (&found.mask, &found.decided, found.budget));
            assert!((expected.sum_scores - found.sum_scores).abs() < 1e-3 * expected.sum_scores);
            assert!(expected.sum_scores <= f64::from(expected.budget) * (1.0 + 1e-6));
        }
    }
}

#[test]
fn a_run_file_continues_with_the_prices_that_the_run_began_with() {
    let machine = machine();
    let [_, (config, data)] = networks();
    let identity = DatasetIdentity::of("planted", None, &data.shape);
    let start = |config: &Config| data.start(&machine, config.clone());
    let mut run = start(&config);
    let first = block_on(run.snapshot()).unwrap();
    let mut recorder = Recorder::new(&run, identity, None, &first);
    for _ in 0..20 {
        let snapshot = block_on(run.advance(1)).unwrap();
        recorder.push(&run, &snapshot, 1.0);
    }
    run.change("keep_ratio", "0.25").unwrap();
    recorder.change(Change { step: 20, name: "keep_ratio".to_owned(), value: "0.25".to_owned() });
    let bytes = block_on(recorder.checkpoint(&mut run)).unwrap().to_bytes();
    let mut file = RunFile::from_bytes(&bytes).unwrap();
    assert_eq!((file.config.budget_unit, file.config.keep_ratio), (BudgetUnit::MultiplyAdds, 0.4));
    assert_eq!(file.model().unwrap(), run.whole);
    let mut resumed = start(&file.config);
    restore(&mut resumed, &mut file).unwrap();
    for run in [&mut run, &mut resumed] {
        train(run, 7);
    }
    assert_eq!(block_on(run.checkpoint()).unwrap(), block_on(resumed.checkpoint()).unwrap());
}

#[test]
fn pinned_units_count_at_their_prices() {
    let machine = machine();
    let [_, (config, data)] = networks();
    let config = Config { pins: "0on,5off,20on".to_owned(), schedule: Schedule::Constant, ..config };
    let mut run = data.start(&machine, config.clone());
    let prices = run.whole.prices();
    let spent = |scores: &[f32]| scores.iter().zip(&prices).map(|(&s, &price)| f64::from(s) * f64::from(price)).sum::<f64>();
    let budget = config.keep_ratio * f64::from(run.whole.units());
    assert!(spent(&scores(&run)) <= budget * (1.0 + 1e-6), "before the first step too");
    for _ in 0..20 {
        let snapshot = block_on(run.advance(1)).unwrap();
        assert_eq!([0, 5, 20].map(|unit: usize| snapshot.scores[unit]), [1.0, 0.0, 1.0]);
        assert!(spent(&snapshot.scores) <= budget * (1.0 + 1e-6), "{} of {budget}", spent(&snapshot.scores));
    }
    run.change("pins", "1on,0off").unwrap();
    let now = block_on(run.snapshot()).unwrap();
    assert!(now.scores[1] == 1.0 && spent(&now.scores) <= budget * (1.0 + 1e-6), "{} of {budget}", spent(&now.scores));
    assert_eq!(run.engine().params.learn_scores, part::LEARN);
    // The dearest units: the budget does not allow all of them.
    let dearest = run.whole.gated().max_by(|a, b| a.price.total_cmp(&b.price)).unwrap();
    let all: Vec<String> = dearest.units().map(|unit| format!("{unit}on")).collect();
    let fits = f64::from(dearest.size) * f64::from(dearest.price) <= budget;
    assert_eq!(run.change("pins", &all.join(",")).is_ok(), fits);
}
