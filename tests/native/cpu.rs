//! The CPU engine: its kernels compared with the f64 references, and its runs with those of a graphics adapter.

use std::cell::Cell;
use std::rc::Rc;

use pollster::block_on;

use crate::adapter::machine;
use lacuna::check;
use lacuna::config::{BudgetUnit, Config, MethodName};
use lacuna::data::Dataset;
use lacuna::data::planted::planted_rows;
use lacuna::device::{Machine, TABLE};
use lacuna::engine::SLOTS;
use lacuna::snapshot::Snapshot;
use lacuna::speed::{DenseBaseline, dense_step_ms, for_dense_step};
use lacuna::trainer::{Checkpoint, DataShape, Trainer};

/// A clock that advances by a millisecond at each call.
fn ticks() -> f64 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LOOKS: AtomicU32 = AtomicU32::new(0);
    f64::from(LOOKS.fetch_add(1, Ordering::Relaxed))
}

fn cpu() -> Rc<Machine> {
    Machine::of_cpu(ticks)
}

fn planted_set() -> Dataset {
    planted_rows(3, 600, 200)
}

fn start(machine: &Rc<Machine>, config: &Config, set: &Dataset) -> Trainer {
    let mut run = Trainer::new(machine, config.clone(), DataShape::of(set)).unwrap();
    run.load_all(set);
    run
}

fn small() -> Config {
    Config { model: "mlp-23-11".to_owned(), gate_inputs: true, keep_ratio: 0.2, steps: 80, batch_size: 20, seed: 5, ..Config::default() }
}

/// Every step's snapshot, one step a submit.
fn train(run: &mut Trainer, steps: u32) -> Vec<Snapshot> {
    (0..steps).map(|_| block_on(run.advance(1)).unwrap()).collect()
}

fn state(run: &mut Trainer) -> Checkpoint {
    block_on(run.checkpoint()).unwrap()
}

#[test]
fn every_kernel_in_f32_agrees_with_its_reference_in_f64() {
    let scenes = block_on(check::check(&cpu(), true, |_, _, _| {})).unwrap();
    let reports = check::by_kernel(&scenes);
    assert_eq!(reports.len(), TABLE.len());
    let failed: Vec<_> = reports.iter().filter(|report| !report.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_masks_of_a_run_are_those_of_a_graphics_adapter_bit_for_bit() {
    let set = planted_set();
    for config in [
        small(),
        Config { model: "mlp-40".to_owned(), gate_inputs: false, seed: 9, ..small() },
        Config { budget_unit: BudgetUnit::MultiplyAdds, ..small() },
    ] {
        let [mut here, mut there] = [cpu(), machine()].map(|machine| start(&machine, &config, &set));
        for (here, there) in train(&mut here, config.steps).into_iter().zip(train(&mut there, config.steps)) {
            assert_eq!((here.step, &here.mask, &here.kept, &here.probe_kept), (there.step, &there.mask, &there.kept, &there.probe_kept));
            let (ours, theirs) = (here.records[0].loss, there.records[0].loss);
            assert!((ours - theirs).abs() < 1e-4 * theirs.abs().max(1.0), "step {}: {ours} and {theirs}", here.step);
            assert!(here.sum_scores <= f64::from(here.budget) * (1.0 + 1e-6), "step {}: {} of {}", here.step, here.sum_scores, here.budget);
        }
    }
}

#[test]
fn a_dense_step_is_timed_before_there_are_data() {
    let shape = DataShape { train_rows: 600, ..DataShape::of(&planted_set()) };
    let (dense, batch) = for_dense_step(&small(), &shape);
    assert_eq!((dense.method, &*dense.model, batch.train_rows, batch.test_rows), (MethodName::Dense, "mlp-23-11", 20, 0));
    // A submit takes ten milliseconds whatever its length, as in a browser that looks seldom: its steps are no slower than the longest submit shows.
    let time = Cell::new(0.0);
    let clock = || time.replace(time.get() + 10.0);
    let ms = block_on(dense_step_ms(&cpu(), dense, batch, &clock)).unwrap();
    assert_eq!(ms, 10.0 / f64::from(SLOTS));
}

#[test]
fn a_run_repeats_bit_for_bit_for_any_submits_and_continues_from_a_checkpoint() {
    let (machine, set) = (cpu(), planted_set());
    let config = small();
    let mut whole = start(&machine, &config, &set);
    train(&mut whole, 60);
    let mut grouped = start(&machine, &config, &set);
    while grouped.step() < 60 {
        block_on(grouped.advance(7.min(60 - grouped.step()))).unwrap();
    }
    assert_eq!(state(&mut whole), state(&mut grouped));
    let mut first = start(&machine, &config, &set);
    train(&mut first, 25);
    let mut resumed = start(&machine, &config, &set);
    resumed.restore(state(&mut first)).unwrap();
    train(&mut resumed, 35);
    assert_eq!(state(&mut resumed), state(&mut whole));
}

#[test]
fn a_step_in_parts_equals_a_whole_step() {
    let (machine, set) = (cpu(), planted_set());
    let [mut whole, mut parts] = [0; 2].map(|_| start(&machine, &small(), &set));
    train(&mut whole, 3);
    let mut taken = 0;
    while parts.step() < 3 {
        taken += u32::from(block_on(parts.next_part()).unwrap().is_some());
    }
    assert_eq!(taken, 3 * 6);
    assert_eq!(state(&mut whole), state(&mut parts));
}

#[test]
fn networks_share_data_and_a_run_is_timed_beside_a_dense_one() {
    let (machine, set) = (cpu(), planted_set());
    let mut run = start(&machine, &small(), &set);
    train(&mut run, 5);
    let before = state(&mut run);
    let speed = block_on(DenseBaseline::new(&run).unwrap().measure(&mut run, &ticks)).unwrap();
    assert!(speed.step_ms > 0.0 && speed.dense_ms > 0.0 && speed.predicted > 0.0, "{speed:?}");
    assert!(speed.phases.iter().all(|(_, ms, dense_ms)| *ms > 0.0 && *dense_ms > 0.0) && speed.phases.len() == 6, "{speed:?}");
    assert_eq!(state(&mut run), before);
    let config = Config { method: MethodName::Dense, ..small() };
    let mut other = Trainer::on_data(&machine, config.clone(), run.data.clone(), run.data_buffers().clone()).unwrap();
    let mut own = start(&machine, &config, &set);
    train(&mut other, 10);
    train(&mut own, 10);
    assert_eq!(state(&mut other), state(&mut own));
}

#[test]
fn every_method_and_a_convolutional_network_train() {
    let set = planted_set();
    for &method in MethodName::ALL {
        let config = Config { method, steps: 12, batch_size: 40, structure_every: 4, ..small() };
        let mut run = start(&cpu(), &config, &set);
        let end = train(&mut run, 12).pop().unwrap();
        assert!(end.records[0].loss.is_finite(), "{}: {}", method.name(), end.records[0].loss);
    }
    let mut images = lacuna::data::planted::planted_rows(3, 60, 20);
    (images.channels, images.height, images.width) = (1, 16, 16);
    let config = Config { model: "resnet8".to_owned(), gate_inputs: false, keep_ratio: 0.5, steps: 2, batch_size: 6, ..Config::default() };
    let [mut here, mut there] = [cpu(), machine()].map(|machine| start(&machine, &config, &images));
    let (here, there) = (train(&mut here, 2), train(&mut there, 2));
    for (here, there) in here.iter().zip(&there) {
        assert_eq!(here.mask, there.mask);
        let (ours, theirs) = (here.records[0].loss, there.records[0].loss);
        assert!((ours - theirs).abs() < 1e-3 * theirs.abs().max(1.0), "step {}: {ours} and {theirs}", here.step);
    }
}
