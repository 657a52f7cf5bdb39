//! The estimator lab on this machine's adapter: compared with an enumeration by the references, and with the run, which must not change.

use std::path::Path;
use std::rc::Rc;

use pollster::block_on;

use lacuna::check;
use lacuna::config::{Config, MethodName, Schedule};
use lacuna::data::load;
use lacuna::device::Machine;
use lacuna::estimator_lab::{self, ALPHAS, BATCHES, COLUMNS, Lab, Rule, Truth, Verdict};
use lacuna::estimators::Estimator;
use lacuna::mask::{self, Bits};
use lacuna::random::{Stream, Threefry};
use lacuna::reference::{self, Memory};
use lacuna::shared::{State, Step};
use lacuna::trainer::{DataShape, Trainer};

use crate::adapter::machine;

/// A run on a small set in which each class has its own mean in every feature, so that it can be learned.
fn start(machine: &Rc<Machine>, config: Config, (channels, height, width): (u32, u32, u32), rows: u32) -> Trainer {
    let (inputs, classes) = (channels * height * width, 3);
    let mut random = Threefry::new(17, Stream::Data, 0);
    let mut uniform = |below: u32| (random.unit_interval() * below as f32) as u32;
    let centres: Vec<u32> = (0..classes * inputs).map(|_| uniform(150)).collect();
    let shape = DataShape { train_rows: rows, test_rows: 0, inputs, channels, height, width, classes, augment: false, deviation: 0.25 };
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let class = uniform(classes);
        labels.push(class as u8);
        features.extend((0..inputs).map(|input| (centres[(class * inputs + input) as usize] + uniform(100)) as u8));
    }
    let mut run = Trainer::new(machine, config, shape).unwrap();
    run.load(0, &features, &labels);
    run.set_rows_ready(rows);
    run
}

fn tensor(run: &Trainer, name: &str) -> Vec<u32> {
    block_on(run.engine().read(run.engine().buffers.get(name).unwrap())).unwrap()
}

const SCORES: [f32; 8] = [0.5, 0.3, 0.05, 0.8, 0.6, 0.15, 0.9, 0.4];

/// A network that was trained with everything kept, under scores of all sizes: its loss depends strongly on the mask.
fn learnt(machine: &Rc<Machine>) -> Trainer {
    let config = Config {
        model: "mlp-4".to_owned(),
        gate_inputs: true,
        method: MethodName::Dense,
        schedule: Schedule::Constant,
        learning_rate: 0.1,
        weight_decay: 0.0,
        batch_size: 24,
        steps: 1_000_000,
        ..Config::default()
    };
    let mut run = start(machine, config, (1, 1, 4), 24);
    for _ in 0..4 {
        block_on(run.advance(64)).unwrap();
    }
    run.engine().write(&run.engine().buffers.scores, &SCORES);
    run
}

/// D of each unit over the 256 masks, with losses by the references in f64.
fn enumerated(run: &mut Trainer, lab: &Lab) -> Vec<f64> {
    let mut reference = Memory { state: State::default(), ..block_on(check::memory(lab.engine())).unwrap() };
    reference.batch_rows[..24].copy_from_slice(&run.batch(run.step()));
    reference.params.masks = 2;
    let losses: Vec<f64> = (0..256usize)
        .map(|mask| {
            let mut kept: Vec<bool> = (0..8).map(|unit| mask >> unit & 1 == 1).collect();
            mask::keep_one_of_each_group(&run.model, &SCORES, &mut kept);
            reference.state = State::default();
            for (score, kept) in reference.scores.iter_mut().zip(kept) {
                *score = f64::from(u8::from(kept));
            }
            for dispatch in lab.engine().evaluation_step() {
                reference::run(dispatch.line.name, &dispatch.work, dispatch.masks, &mut reference);
            }
            f64::from(reference.records[0].loss)
        })
        .collect();
    let probability = |mask: usize| -> f64 {
        (0..8).map(|unit| if mask >> unit & 1 == 1 { f64::from(SCORES[unit]) } else { 1.0 - f64::from(SCORES[unit]) }).product()
    };
    (0..8)
        .map(|unit| {
            let with = (0..256usize).filter(|mask| mask >> unit & 1 == 1);
            with.map(|mask| probability(mask) / f64::from(SCORES[unit]) * (losses[mask] - losses[mask & !(1 << unit)])).sum()
        })
        .collect()
}

#[test]
fn means_equal_the_enumerated_gradient_and_the_chain_rule_is_biased() {
    let machine = machine();
    let mut run = learnt(&machine);
    let mut lab = block_on(Lab::new(&mut run, true)).unwrap();
    assert!(matches!(lab.truth(), Truth::Enumerated(_)) && lab.free().len() == 8);
    // There is no report while masks are left to enumerate.
    block_on(lab.draw(20)).unwrap();
    assert!(lab.report().is_none());
    block_on(lab.draw(2480)).unwrap();
    let report = lab.report().unwrap();
    assert_eq!((report.pairs, report.enumerated, report.undecided), (2500, Some(256), 8));

    let expected = enumerated(&mut run, &lab);
    for alpha in ALPHAS {
        // The run has no control variate.
        for rule in Rule::ALL.into_iter().filter(|&rule| rule != Rule::ControlVariate) {
            for (index, unit) in lab.units(rule, alpha).unwrap().iter().enumerate() {
                let truth = unit.score.mul_add(-unit.score, unit.score).powf(alpha) * expected[index];
                assert!((unit.truth - truth).abs() < 1e-4 * (1.0 + truth.abs()), "{alpha}, unit {index}: {} {truth}", unit.truth);
                if rule.is_unbiased() {
                    let error = 4.0 * unit.mean_error + 1e-4;
                    assert!((unit.mean - truth).abs() < error, "{rule:?} {alpha}, unit {index}: {unit:?}");
                    let exact = unit.exact_variance.unwrap();
                    assert!(
                        (unit.variance - exact).abs() < 4.0 * unit.variance_error + 1e-3 * exact,
                        "{rule:?} {alpha}, unit {index}: {unit:?}"
                    );
                    assert!(exact <= unit.bound.unwrap(), "{rule:?} {alpha}, unit {index}: {unit:?}");
                }
            }
        }
    }
    for row in &report.rows {
        let verdict = if row.rule.is_unbiased() { Verdict::None } else { Verdict::Biased };
        assert_eq!(row.verdict, verdict, "{row:?}");
    }
    let at = |estimator, alpha| report.rows.iter().find(|row| row.rule == Rule::Of(estimator) && row.alpha == alpha).unwrap();
    let [two, one, plain] = [Estimator::TwoSided, Estimator::OneSided, Estimator::Plain].map(|estimator| at(estimator, 0.5));
    assert!(two.summary.variance < one.summary.variance && one.summary.variance < plain.summary.variance);
    assert!(two.cosine > plain.cosine && two.summary.signal_to_noise > plain.summary.signal_to_noise);
}

/// On planted data, in the middle of a run, one batch would say more of itself than of the units: the lab has several.
#[test]
fn the_control_variate_lowers_the_variance_and_the_second_order_has_the_direction_that_the_first_lacks() {
    let config = Config::from_link(
        "dataset=planted&model=mlp-32&gate_inputs=true&keep_ratio=0.2&batch_size=128&steps=600&scores_rate=0.1&keep_start=0.5",
    )
    .unwrap();
    let set = load(config.dataset, Path::new("unused"), config.seed).unwrap();
    let machine = machine();
    let mut run = Trainer::new(&machine, config, DataShape::of(&set)).unwrap();
    run.load_all(&set);
    while run.step() < 192 {
        block_on(run.advance(64)).unwrap();
    }
    let mut lab = block_on(Lab::new(&mut run, true)).unwrap();
    block_on(lab.draw(1000)).unwrap();
    let report = lab.report().unwrap();
    assert_eq!((report.batches, lab.batches()), (BATCHES, BATCHES));
    let at = |rule| report.rows.iter().find(|row| row.rule == rule && row.alpha == 0.5).unwrap();
    for rule in Rule::ALL {
        let row = at(rule);
        let what = [row.cosine, row.mean_cosine, row.variance_ratio.unwrap_or(f64::NAN)];
        println!("{}: {:?}, cosine, of the mean, variance ratio {what:.3?}", rule.name(), row.verdict);
    }
    println!("c: {:?}, truth {}", report.control_cosine, report.truth_error);
    let [two_sided, control] = [Rule::Of(Estimator::TwoSided), Rule::ControlVariate].map(at);
    for row in [two_sided, control] {
        assert_eq!(row.verdict, Verdict::None, "{row:?}");
    }
    assert!(control.variance_ratio.unwrap() < 0.6 && control.cosine > 2.0 * two_sided.cosine, "{control:?} {two_sided:?}");
    assert!(report.control_cosine.unwrap() > 0.4, "{:?}", report.control_cosine);
    let [first, second] = [Rule::FirstOrder, Rule::SecondOrder].map(at);
    // The true gradient has an error too, which lowers every cosine. The bias of the second order may be within what so many masks can show.
    assert_eq!(first.verdict, Verdict::Biased, "{first:?}");
    assert!(second.mean_cosine > 0.5 && first.mean_cosine < 0.5 * second.mean_cosine, "{first:?} {second:?}");
    assert!(second.cosine > 4.0 * two_sided.cosine, "{second:?} {two_sided:?}");
}

#[test]
fn masks_on_the_cpu_are_those_of_the_kernel_and_nothing_of_the_run_changes() {
    const TENSORS: [&str; 7] = ["weights", "velocity", "scores", "score_state", "running", "units", "d_scores"];
    let machine = machine();
    for (model, image) in [("mlp-17-9", (1, 1, 13)), ("cnn-6-9", (2, 8, 8))] {
        let config = Config { model: model.to_owned(), gate_inputs: true, keep_ratio: 0.4, batch_size: 11, steps: 24, ..Config::default() };
        let (mut run, mut alone) = (start(&machine, config.clone(), image, 101), start(&machine, config, image, 101));
        for run in [&mut run, &mut alone] {
            block_on(run.advance(12)).unwrap();
        }
        let before = TENSORS.map(|name| tensor(&run, name));
        let mut lab = block_on(Lab::new(&mut run, true)).unwrap();
        assert!(matches!(lab.truth(), Truth::LongRun(_)), "{model}");
        for pairs in [1u32, 2, 70] {
            block_on(lab.draw(pairs)).unwrap();
        }
        assert_eq!(lab.pairs(), 73);
        let report = lab.report().unwrap();
        assert_eq!((report.step, report.truth_masks), (12, 4 * 73));
        assert!(report.rows.iter().all(|row| row.summary.variance.is_finite() && row.cosine.is_finite()), "{model}: {report:?}");
        assert_eq!(TENSORS.map(|name| tensor(&run, name)), before, "{model}");
        // Steps may come between draws, and are those of a run without a lab.
        for _ in 0..6 {
            block_on(lab.draw(3)).unwrap();
            block_on(run.advance(2)).unwrap();
        }
        block_on(alone.advance(12)).unwrap();
        assert_eq!(TENSORS.map(|name| tensor(&run, name)), TENSORS.map(|name| tensor(&alone, name)), "{model}");

        // The lab's last submit is that of its pairs: the kernel's draws are still in the buffer.
        let mut lab = block_on(Lab::new(&mut alone, false)).unwrap();
        for counter in [0u32, 1, 2] {
            assert_eq!(lab.pair(counter).1, None);
            block_on(lab.draw(1)).unwrap();
            let ([mask, probe], losses) = lab.pair(counter);
            let found: Vec<u32> = block_on(lab.engine().read(&lab.engine().buffers.units)).unwrap();
            let expected: Vec<u8> = mask.iter().zip(&probe).map(|(&m, &probe)| mask::pair(m, probe)).collect();
            let found: Vec<u8> = found[..expected.len()].iter().map(|&bits| Bits(bits).drawn()).collect();
            assert_eq!(found, expected, "{model}, pair {counter}");
            assert!(losses.is_some_and(|losses| losses.iter().all(|loss| loss.is_finite())));
        }
    }
}

#[test]
fn the_gradient_at_the_masks_is_bit_for_bit_that_of_method_ste() {
    let machine = machine();
    for (model, image) in [("mlp-5", (1, 1, 9)), ("cnn-5", (1, 6, 6))] {
        let config =
            Config { method: MethodName::Ste, model: model.to_owned(), keep_ratio: 0.5, batch_size: 16, steps: 40, ..Config::default() };
        let mut run = start(&machine, config, image, 64);
        block_on(run.advance(10)).unwrap();
        let (_, gates) = run.copy(true).unwrap();
        let images = run.batch(10);
        let (_, found) = block_on(gates.gates(&[Step { step: 10, ..Step::default() }], &images)).unwrap();
        block_on(run.advance(1)).unwrap();
        let found: Vec<u32> = found.into_iter().map(f32::to_bits).collect();
        assert_eq!(found, tensor(&run, "d_scores")[..found.len()], "{model}");
        // A lab of such a run, whose network has gates already.
        let mut lab = block_on(Lab::new(&mut run, true)).unwrap();
        block_on(lab.draw(300)).unwrap();
        let report = lab.report().unwrap();
        assert_eq!(report.rows.len(), (Rule::ALL.len() - 1) * ALPHAS.len(), "all but the control variate");
        let unbiased: Vec<_> = report.rows.iter().filter(|row| row.rule.is_unbiased()).collect();
        assert!(unbiased.len() >= 15 && unbiased.iter().all(|row| row.verdict != Verdict::Biased), "{report:?}");
    }
}

#[test]
fn a_network_whose_units_are_all_decided_is_refused_with_an_explanation() {
    let machine = machine();
    let config = Config { method: MethodName::Static, model: "mlp-9".to_owned(), batch_size: 16, ..Config::default() };
    let mut run = start(&machine, config.clone(), (1, 1, 9), 64);
    let message = block_on(Lab::new(&mut run, true)).unwrap_err().to_string();
    assert!(message.contains("every unit is decided"), "{message}");
    let mut run = start(&machine, Config { method: MethodName::Vrpge, ..config }, (1, 1, 9), 64);
    run.set_rows_ready(0);
    let message = block_on(Lab::new(&mut run, true)).unwrap_err().to_string();
    assert!(message.contains("still loading"), "{message}");
}

#[test]
fn the_published_table_is_reproduced_in_pattern() {
    let rows = block_on(estimator_lab::table(&machine(), 3000, |_, _| {})).unwrap();
    for row in &rows {
        for ((estimator, alpha), cell) in COLUMNS.iter().zip(&row.cells) {
            println!("s {:.3} {estimator:?} {alpha}: {:.5} +- {:.5}, exact {:.5}", row.score, cell.variance, cell.error, cell.exact);
            assert!((cell.variance - cell.exact).abs() < 4.0 * cell.error, "s {}, {estimator:?}, alpha {alpha}: {cell:?}", row.score);
        }
    }
    // Each row's variance divided by the first row's, compared with the prediction from h = s(1-s): exact except for h^2a D^2, the square of the
    // mean, which is a part of the variance at s = 1/2 and vanishes after that; measured values within the errors of both.
    let h = |row: usize| rows[row].score * (1.0 - rows[row].score);
    for (row, from, tolerance) in [(1, 0, 0.5), (2, 0, 0.5), (2, 1, 0.03)] {
        let growth = h(from) / h(row);
        for (column, expected) in [(0, growth), (1, 1.0), (2, 1.0 / growth), (3, 1.0)] {
            let (cell, first) = (rows[row].cells[column], rows[from].cells[column]);
            let exact = cell.exact / first.exact;
            assert!((exact / expected - 1.0).abs() < tolerance, "row {row} over {from}, column {column}: {exact}, {expected}");
            let ratio = cell.variance / first.variance;
            let error = ratio * (cell.error / cell.variance).hypot(first.error / first.variance);
            assert!((ratio - exact).abs() < 4.0 * error, "row {row} over {from}, column {column}: {ratio} +- {error}, exactly {exact}");
        }
    }
    for row in &rows {
        let [_, two, _, one, plain] = row.cells[..] else { panic!("five columns") };
        let below =
            |a: estimator_lab::Cell, b: estimator_lab::Cell| a.exact < b.exact && a.variance < b.variance + 4.0 * a.error.hypot(b.error);
        assert!(below(two, one) && below(one, plain), "s {}: {row:?}", row.score);
    }
}
