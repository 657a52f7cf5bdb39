//! The variance table: one unit's structure gradient as its score goes to 0, with all others at ½.
//!
//! A small network, `mlp-6` on the informative inputs of the planted set, is trained with everything kept and is then frozen. Pairs are drawn under
//! each of the scores in [`SCORES`]; each measured variance is printed with the exact one, from all 64 masks. Given the unit's mask, the losses do
//! not depend on its score, so the exact column shows the effect of the preconditioner alone: with h = s(1−s), two-sided variances are `V h^(2α−1) −
//! h^(2α) D²` with one V. The measured unit is the one with the median D.

use std::rc::Rc;

use crate::config::{Config, DatasetName, MethodName};
use crate::data::planted::{INFORMATIVE, planted_rows};
use crate::device::Machine;
use crate::estimators::Estimator;
use crate::trainer::{DataShape, TrainError, Trainer};

use super::{Lab, MOST_ENUMERATED, Rule};

/// Scores of the measured unit.
pub const SCORES: [f32; 3] = [0.5, 0.01, 0.001];
/// The estimators, each with an α.
pub const COLUMNS: [(Estimator, f64); 5] = [
    (Estimator::TwoSided, 0.0),
    (Estimator::TwoSided, 0.5),
    (Estimator::TwoSided, 1.0),
    (Estimator::OneSided, 0.5),
    (Estimator::Plain, 0.5),
];

const STEPS: u32 = 128;
const ROWS: u32 = 2048;
const BATCH: u32 = 32;
/// Pairs between two reports of progress.
const PIECE: u32 = 512;

/// A measured variance, its standard error, and the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub variance: f64,
    pub error: f64,
    pub exact: f64,
}

/// One score of the measured unit.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    pub score: f64,
    /// As [`COLUMNS`].
    pub cells: Vec<Cell>,
}

/// Measures the table with `pairs` pairs for each row; `progress` is called with the finished pairs and their total.
///
/// # Errors
/// The device is lost.
pub async fn table(machine: &Rc<Machine>, pairs: u32, mut progress: impl FnMut(u32, u32)) -> Result<Vec<TableRow>, TrainError> {
    let mut set = planted_rows(1, ROWS, 0);
    // Inputs without information would only cost time.
    let informative = set.informative.take().expect("the planted set says which inputs are informative");
    set.train.inputs = set.train.inputs.iter().zip(informative.iter().cycle()).filter(|(_, carries)| **carries).map(|(&x, _)| x).collect();
    set.width = INFORMATIVE;
    let config = Config {
        model: "mlp-6".to_owned(),
        dataset: DatasetName::Planted,
        method: MethodName::Dense,
        gate_inputs: false,
        batch_size: BATCH,
        steps: STEPS,
        ..Config::default()
    };
    let mut run = Trainer::new(machine, config, DataShape::of(&set))?;
    run.load_all(&set);
    while run.step() < run.steps() {
        run.advance(STEPS).await?;
    }
    let units = run.model.units() as usize;
    run.engine().write(&run.engine().buffers.scores, &vec![0.5f32; units]);
    let mut lab = Lab::new(&mut run, false).await?;
    lab.draw(1 << MOST_ENUMERATED.min(units)).await?;
    let all = lab.units(Rule::Of(Estimator::TwoSided), 0.0).expect("all masks and some pairs were drawn");
    let mut order: Vec<usize> = (0..units).collect();
    order.sort_by(|&a, &b| all[a].truth.abs().total_cmp(&all[b].truth.abs()));
    let watched = order[units / 2];

    let mut rows = Vec::new();
    for (score, row) in SCORES.into_iter().zip(0..) {
        let mut scores = vec![0.5; units];
        scores[watched] = score;
        run.engine().write(&run.engine().buffers.scores, &scores);
        let mut lab = Lab::new(&mut run, false).await?;
        while lab.pairs() < pairs {
            lab.draw(PIECE.min(pairs - lab.pairs())).await?;
            progress(row * pairs + lab.pairs(), pairs * SCORES.len() as u32);
        }
        let cell = |(estimator, alpha)| {
            let unit = lab.units(Rule::Of(estimator), alpha).expect("all masks and the pairs were drawn")[watched];
            Cell { variance: unit.variance, error: unit.variance_error, exact: unit.exact_variance.expect("all masks were tried") }
        };
        rows.push(TableRow { score: score.into(), cells: COLUMNS.into_iter().map(cell).collect() });
    }
    Ok(rows)
}
