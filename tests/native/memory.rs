//! The memory of a run follows its budget, and what a run computes does not depend on it.

use pollster::block_on;

use lacuna::config::{Config, MethodName, Schedule};
use lacuna::device::Machine;
use lacuna::model::{Bytes, Image, Model};
use lacuna::trainer::{Evaluation, Trainer, tensors_of};

use crate::adapter::machine;
use crate::small_set::{Data, data, images};

/// How much room a run has before each submit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Room {
    /// As the scores say.
    Usual,
    /// For hardly any unit.
    Little,
    /// For all units.
    All,
}

/// All that a run computes, as bits: the records and units of each submit, its tensors at the end, and an evaluation.
#[derive(Debug, PartialEq)]
struct Computed {
    records: Vec<u32>,
    units: Vec<Vec<u32>>,
    tensors: Vec<Vec<u32>>,
    evaluation: Evaluation,
}

fn fit(run: &mut Trainer, room: Room) {
    let score = match room {
        Room::Usual => return,
        Room::Little => 0.0,
        Room::All => 1.0,
    };
    run.fit_memory(&vec![score; run.model.units() as usize]).unwrap();
}

fn finish(run: &mut Trainer, room: Room, submits: &[u32], by_parts: bool) -> Computed {
    let (mut records, mut units) = (Vec::new(), Vec::new());
    let mut turn = 0;
    while run.step() < run.steps() {
        fit(run, room);
        let snapshot = if by_parts {
            let mut done = block_on(run.next_part()).unwrap().unwrap();
            while !done.left.is_empty() {
                done = block_on(run.next_part()).unwrap().unwrap();
            }
            done.snapshot
        } else {
            block_on(run.advance(submits[turn % submits.len()])).unwrap()
        };
        records.extend_from_slice(bytemuck::cast_slice::<_, u32>(&snapshot.records));
        units.push(block_on(run.engine().read::<u32>(&run.engine().buffers.units)).unwrap());
        turn += 1;
    }
    let buffers = &run.engine().buffers;
    let of = [&buffers.scores, &buffers.score_state, &buffers.weights, &buffers.velocity, &buffers.running];
    let tensors = of.map(|buffer| block_on(run.engine().read(buffer)).unwrap()).to_vec();
    fit(run, room);
    let evaluation = block_on(run.evaluate(u32::MAX, |_, _| {})).unwrap();
    Computed { records, units, tensors, evaluation }
}

fn networks() -> Vec<(Config, Data)> {
    let config = |model: &str, gate_inputs, batch_size| Config {
        model: model.to_owned(),
        gate_inputs,
        keep_ratio: 0.2,
        keep_start: 0.6,
        anneal_fraction: 0.7,
        steps: 16,
        batch_size,
        learning_rate: 0.03,
        scores_rate: 0.1,
        seed: 5,
        ..Config::default()
    };
    vec![
        (config("mlp-23-14", true, 14), data(101, 20, 19, 4)),
        (config("cnn-14-20", true, 6), images(60, 9, (2, 7, 7), 4, true)),
        (config("resnet8", false, 6), images(60, 9, (3, 5, 5), 3, false)),
        (config("wrn-10-1", false, 6), images(60, 9, (1, 6, 6), 3, true)),
    ]
}

#[test]
fn a_run_with_little_room_equals_one_with_room_for_everything_bit_for_bit() {
    for machine in [machine(), Machine::of_cpu(|| 0.0)] {
        for (config, data) in networks() {
            let run = |room, submits: &[u32], by_parts| {
                let mut run = data.start(&machine, config.clone());
                let result = finish(&mut run, room, submits, by_parts);
                (result, run.repeats())
            };
            let submits = [5, 1, 7, 3];
            let (whole, never) = run(Room::All, &submits, false);
            assert_eq!(never, 0, "{}: there is room for every draw", config.model);
            let (usual, _) = run(Room::Usual, &submits, false);
            assert!(usual == whole, "{}: the usual room changes the run", config.model);
            let (little, repeats) = run(Room::Little, &submits, false);
            assert!(little == whole, "{}: too little room changes the run", config.model);
            assert!(repeats >= 3, "{}: {repeats} submits were repeated", config.model);
            let (parts, repeats) = run(Room::Little, &[], true);
            assert!(parts.tensors == whole.tensors && parts.records == whole.records, "{}: a step in parts differs", config.model);
            assert!(repeats >= 6, "{}: {repeats} steps were repeated", config.model);
        }
    }
}

#[test]
fn the_memory_of_a_run_falls_with_its_budget() {
    let machine = machine();
    for (config, data) in networks() {
        let config = Config { keep_start: 0.999, keep_ratio: 0.1, steps: 60, anneal_fraction: 0.5, ..config };
        let mut run = data.start(&machine, config.clone());
        let whole = run.model.bytes(config.batch_size, 2);
        let first = run.memory();
        assert!(first.total() <= whole.total());
        while run.step() < run.steps() {
            block_on(run.advance(4)).unwrap();
            assert!(run.memory().total() <= whole.total());
            let buffers = &run.engine().buffers;
            let values: u64 = buffers.values.iter().map(lacuna::device::Buffer::size).sum();
            let [packed, gradients] = [&buffers.packed_weights, &buffers.d_weights].map(lacuna::device::Buffer::size);
            let (weights, slack) = (u64::from(run.model.weights()) * 4, 16 * buffers.values.len() as u64);
            let Bytes { weights: stated, activations, .. } = run.memory();
            assert!(activations <= values && values <= activations + slack, "{}: the stated memory is that of the buffers", config.model);
            assert!(stated <= weights + packed + gradients && weights + packed + gradients <= stated + 48, "{}", config.model);
        }
        let last = run.memory();
        let scaled = |bytes: Bytes| bytes.activations + bytes.weights - u64::from(run.model.weights()) * 4;
        assert!(scaled(last) * 2 < scaled(first), "{}: {} bytes of {}", config.model, scaled(last), scaled(first));
    }
}

/// A wide network, and one whose dense form has maps that no buffer of this size can hold.
#[test]
fn a_network_opens_if_its_sparse_form_fits() {
    let limit = 128 << 20;
    let sparse = |model: &str, batch_size, keep| Config {
        model: model.to_owned(),
        batch_size,
        keep_ratio: keep,
        schedule: Schedule::Constant,
        steps: 1,
        ..Config::default()
    };
    let machine = machine();
    assert!(machine.buffer_limit() >= limit);
    for (config, data, dense_fits) in [
        (Config { schedule: Schedule::Cubic, keep_start: 0.3, ..sparse("mlp-4096-4096", 32, 0.1) }, data(32, 0, 784, 10), true),
        (sparse("cnn-64", 1024, 0.05), images(1024, 0, (3, 32, 32), 10, false), false),
    ] {
        let whole = Model::new(&config.model, data.shape.image(), data.shape.classes, false).unwrap();
        let fits = |config: &Config| {
            tensors_of(config, &whole, data.shape.train_rows).iter().all(|tensor| tensor.bytes(config.batch_size) <= limit)
        };
        assert!(fits(&config), "{}", config.model);
        assert_eq!(fits(&Config { method: MethodName::Dense, ..config.clone() }), dense_fits, "{}", config.model);
        let mut run = data.start(&machine, config);
        let snapshot = block_on(run.advance(1)).unwrap();
        assert!(snapshot.records[0].loss.is_finite());
    }
}

/// The aim: from a keep ratio of 0.3 on, vgg16 takes at most 0.4 of the memory of dense training, weights and their velocities included.
#[test]
fn vgg16_takes_at_most_two_fifths_of_the_memory_of_dense_training() {
    let whole = Model::new("vgg16", Image { channels: 3, height: 32, width: 32 }, 10, false).unwrap();
    let bytes = |config: &Config| Bytes::of(&tensors_of(config, &whole, 50_000), config.batch_size);
    let sparse = Config { model: "vgg16".to_owned(), keep_start: 0.3, keep_ratio: 0.1, ..Config::default() };
    let dense = bytes(&Config { method: MethodName::Dense, ..sparse.clone() }).total();
    let share = |config: &Config| bytes(config).total() as f64 / dense as f64;
    let first = share(&sparse);
    let last = share(&Config { keep_start: 0.1, ..sparse.clone() });
    println!("vgg16: {dense} bytes dense, {first:.3} of that at keep 0.3, {last:.3} at keep 0.1");
    assert!(first <= 0.4 && last < 0.32, "{first} {last}");
}
