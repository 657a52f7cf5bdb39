//! Compares the results of a dispatch with those of its reference.

use bytemuck::cast_slice;

use crate::engine::Dispatch;
use crate::reference::Memory;
use crate::shared::{Record, State};

use super::Report;
use super::scene::Scene;

/// Updates the report's worst error with this dispatch.
pub(super) fn compare(expected: &Memory, found: &Memory, scene: &Scene, dispatch: &Dispatch, report: &mut Report) {
    report.dispatches += 1;
    let mut raise = |error: f64, buffer: &str, index: usize| {
        if error > report.worst {
            report.worst = error;
            let map = dispatch.line.operation.map_or_else(String::new, |_| format!(", map {}", dispatch.line.operands.output));
            report.place = format!("{buffer}[{index}], scene \"{}\"{map}", scene.name);
        }
    };
    // Errors are relative to the largest number of the buffer, so that errors of small gradients are visible beside a score of 1.
    let mut floats = |buffer: &str, expected: &[f64], found: &[f64]| {
        assert_eq!(expected.len(), found.len(), "{buffer} was read whole, or on neither side");
        // Most dispatches do not change most buffers.
        if cast_slice::<f64, u64>(expected) == cast_slice::<f64, u64>(found) {
            return;
        }
        let scale = expected.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
        for (index, (&expected, &found)) in expected.iter().zip(found).enumerate() {
            // Bits are compared, not values: poison equals poison, and a NaN differs from every number.
            if (expected as f32).to_bits() != (found as f32).to_bits() {
                let error = (expected - found).abs() / scale;
                raise(if error.is_nan() { f64::INFINITY } else { error }, buffer, index);
            }
        }
    };
    floats("scores", &expected.scores, &found.scores);
    floats("score_state", expected.score_state.as_flattened(), found.score_state.as_flattened());
    floats("d_scores", &expected.d_scores, &found.d_scores);
    floats("d_masks", &expected.d_masks, &found.d_masks);
    floats("information", &expected.information, &found.information);
    floats("weights", &expected.weights, &found.weights);
    floats("velocity", &expected.velocity, &found.velocity);
    floats("packed_weights", &expected.packed_weights, &found.packed_weights);
    floats("d_weights", &expected.d_weights, &found.d_weights);
    floats("statistics", expected.statistics.as_flattened(), found.statistics.as_flattened());
    floats("d_statistics", expected.d_statistics.as_flattened(), found.d_statistics.as_flattened());
    floats("running", expected.running.as_flattened(), found.running.as_flattened());
    for (expected, found) in expected.values.iter().zip(&found.values) {
        floats("a map or gradient", expected, found);
    }
    // Only the sum of a kernel's squares matters, not how it splits them over workgroups.
    let sums = |memory: &Memory| {
        let mut rest = &memory.squares[..];
        let mut sums: Vec<f64> = Vec::new();
        for &start in memory.square_starts.iter().rev() {
            let (before, own) = rest.split_at(start as usize);
            sums.push(own.iter().sum());
            rest = before;
        }
        sums
    };
    floats("squares", &sums(expected), &sums(found));
    let state = |state: &State| {
        [
            ("loss", state.loss),
            ("probe_loss", state.probe_loss),
            ("learning_rate", state.learning_rate),
            ("scores_rate", state.scores_rate),
            ("budget", state.budget),
            ("first_correction", state.first_correction),
            ("second_correction", state.second_correction),
            ("clip_scale", state.clip_scale),
        ]
    };
    for ((name, expected), (_, found)) in state(&expected.state).into_iter().zip(state(&found.state)) {
        floats(name, &[expected.into()], &[found.into()]);
    }
    for (expected, found) in expected.records.iter().zip(&found.records) {
        for (name, expected, found) in [
            ("record.loss", expected.loss, found.loss),
            ("record.probe_loss", expected.probe_loss, found.probe_loss),
            ("record.sum_scores", expected.sum_scores, found.sum_scores),
            ("record.gradient_norm", expected.gradient_norm, found.gradient_norm),
        ] {
            floats(name, &[expected.into()], &[found.into()]);
        }
        // The threshold is a difference of scores, so its error is relative to a score of 1.
        floats("record.threshold", &[expected.threshold.into(), 1.0], &[found.threshold.into(), 1.0]);
    }

    let mut integers = |buffer: &str, expected: &[u32], found: &[u32]| {
        if let Some(index) = expected.iter().zip(found).position(|(expected, found)| expected != found) {
            raise(f64::INFINITY, buffer, index);
        }
    };
    integers("units", &expected.units, &found.units);
    integers("lists", &expected.lists, &found.lists);
    integers("rows", &expected.rows, &found.rows);
    integers("joins", expected.joins.as_flattened(), found.joins.as_flattened());
    integers("counts", &expected.counts, &found.counts);
    let state = |state: &State| [state.next, state.slot, state.halted, state.step];
    integers("state", &state(&expected.state), &state(&found.state));
    let record = |record: &Record| {
        let numbers = [record.step, record.correct, record.probe_correct];
        numbers.into_iter().chain(record.kept).chain(record.probe_kept).collect::<Vec<u32>>()
    };
    let records = |records: &[Record]| records.iter().flat_map(record).collect::<Vec<u32>>();
    integers("records", &records(&expected.records), &records(&found.records));
    let untouched = expected.schedule == found.schedule
        && expected.batch_rows == found.batch_rows
        && expected.inputs == found.inputs
        && expected.labels == found.labels
        && expected.shifts == found.shifts
        && expected.numbers == found.numbers
        && expected.sources == found.sources;
    integers("read-only buffers", &[1], &[u32::from(untouched)]);
}
