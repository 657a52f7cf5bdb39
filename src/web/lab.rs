//! The panel *Estimators*: draws pairs of masks on a frozen copy of the network.

use wasm_bindgen::prelude::*;

use super::js::{Js, clock, words};
use super::session::Session;
use super::types::{Drawn, Estimate, LabBin, LabReport, LabRow, ScoreRange, Summary};
use crate::estimator_lab::{self, Bin, Lab, Row};

#[wasm_bindgen]
impl Session {
    /// Draws `pairs` more pairs of masks of the frozen network; the first call freezes it. If the network has so few undecided units that all masks
    /// are enumerated, the first calls enumerate some masks each instead.
    ///
    /// # Errors
    /// Every unit is decided, rows are missing, a loss is not finite, or the device cannot hold two more copies of the network.
    pub async fn estimator_draw(&mut self, pairs: u32) -> Result<Js<Drawn>, JsError> {
        if self.lab.is_none() {
            self.lab = Some(Lab::new(&mut self.run, true).await.map_err(words)?);
        }
        let lab = self.lab.as_mut().expect("it was just frozen");
        let begin = clock();
        let mut masks_left = lab.enumerate(0).await.map_err(words)?;
        if masks_left > 0 {
            masks_left = lab.enumerate(4 * pairs).await.map_err(words)?;
        } else {
            lab.draw(pairs).await.map_err(words)?;
        }
        Ok(Js::of(&Drawn { step: lab.step(), pairs: lab.pairs(), masks_left, ms: clock() - begin }))
    }

    /// Frees the copies of the network.
    pub fn estimator_release(&mut self) {
        self.lab = None;
    }

    /// The measurements of each estimator from the pairs so far; null if there are too few.
    #[must_use]
    pub fn estimator_report(&self) -> Js<Option<LabReport>> {
        let report = |report: estimator_lab::Report| LabReport {
            step: report.step,
            batches: report.batches,
            pairs: report.pairs,
            units: report.units,
            undecided_units: report.undecided,
            enumerated_masks: report.enumerated,
            truth_masks: report.truth_masks as f64,
            truth_error: report.truth_error,
            control_cosine: report.control_cosine,
            rows: report.rows.iter().map(row).collect(),
        };
        Js::of(&self.lab.as_ref().and_then(Lab::report).map(report))
    }
}

fn summary(summary: &estimator_lab::Summary) -> Summary {
    let &estimator_lab::Summary { bias, bias_chance, variance, bound, signal_to_noise } = summary;
    Summary { bias, bias_chance, variance, bound, signal_to_noise }
}

fn bin(bin: &Bin) -> LabBin {
    LabBin(ScoreRange { low: bin.low, high: bin.high, units: bin.units }, bin.summary.as_ref().map(summary))
}

fn row(row: &Row) -> LabRow {
    let estimate = Estimate {
        estimator: row.rule.name(),
        alpha: row.alpha,
        samples: row.samples,
        verdict: row.verdict.words(),
        cosine: row.cosine,
        cosine_error: row.cosine_error,
        mean_cosine: row.mean_cosine,
        variance_ratio: row.variance_ratio,
        bins: row.bins.iter().map(bin).collect(),
    };
    LabRow(estimate, summary(&row.summary))
}
