//! Summaries of runs: means over seeds at equal steps, equal multiply-adds and equal seconds.

use super::record::{Finished, Point};
use crate::cli::seconds::PHASES;

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) mean: f64,
    /// With at least two values.
    pub(super) deviation: Option<f64>,
}

impl Spread {
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, deviation: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()) })
    }

    /// As `mean ± deviation` with `digits` decimals.
    pub(super) fn words(self, digits: usize) -> String {
        let Self { mean, deviation } = self;
        deviation.map_or_else(|| format!("{mean:.digits$}"), |deviation| format!("{mean:.digits$} \u{b1} {deviation:.digits$}"))
    }
}

/// The accuracy of a run at a given cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reached {
    /// Interpolated between two of its points.
    At(f64),
    /// At its end: the whole run cost less.
    Ended(f64),
    /// No value: the cost is below that of the first point.
    Before,
}

/// Accuracy of a run of at least one point where `axis`, which rises along it, is `x`.
pub(super) fn reached(points: &[Point], axis: impl Fn(&Point) -> f64, x: f64) -> Reached {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Reached::Before };
    if axis(last) < x {
        return Reached::Ended(last.accuracy);
    }
    if axis(first) > x {
        return Reached::Before;
    }
    for pair in points.windows(2) {
        let (low, high) = (axis(&pair[0]), axis(&pair[1]));
        if x <= high {
            let share = if high > low { (x - low) / (high - low) } else { 1.0 };
            return Reached::At(pair[0].accuracy + share * (pair[1].accuracy - pair[0].accuracy));
        }
    }
    Reached::At(last.accuracy)
}

/// The multiply-adds and the seconds at which all are compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) multiply_adds: f64,
    pub(super) seconds: f64,
    /// Which run has that cost, on average.
    pub(super) whose: String,
}

impl Mark {
    /// The cost of a run of vrpge; without one, the least cost of any entrant.
    pub(super) fn of(rows: &[Row<'_>]) -> Option<Self> {
        let ended: Vec<&Row<'_>> = rows.iter().filter(|row| row.mean(|end| end.seconds).is_some()).collect();
        let least = |of: fn(&Point) -> f64| ended.iter().filter_map(|row| row.mean(of)).map(|spread| spread.mean).min_by(f64::total_cmp);
        let mark = |row: &Row<'_>| {
            Some(Self {
                multiply_adds: row.mean(|end| end.multiply_adds() as f64)?.mean,
                seconds: row.mean(|end| end.seconds)?.mean,
                whose: "the cost of a whole run of vrpge".to_owned(),
            })
        };
        match ended.iter().find(|row| row.name == "vrpge") {
            Some(row) => mark(row),
            None => Some(Self {
                multiply_adds: least(|end| end.multiply_adds() as f64)?,
                seconds: least(|end| end.seconds)?,
                whose: "the least cost of a whole run of any of them".to_owned(),
            }),
        }
    }
}

/// The runs of one entrant, one for each seed.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) runs: Vec<&'a Finished>,
}

impl Row<'_> {
    pub(super) fn ends(&self) -> Vec<&Point> {
        self.runs.iter().filter_map(|run| run.end()).collect()
    }

    pub(super) fn diverged(&self) -> usize {
        self.runs.iter().filter(|run| run.diverged.is_some()).count()
    }

    /// Over the seeds whose run has ended.
    pub(super) fn mean(&self, of: impl Fn(&Point) -> f64) -> Option<Spread> {
        Spread::of(&self.ends().into_iter().map(of).collect::<Vec<_>>())
    }

    /// Accuracy in percent where `axis` is `x`, as text.
    pub(super) fn reached(&self, axis: impl Fn(&Point) -> f64, x: f64) -> String {
        let found: Vec<Reached> = self.runs.iter().filter(|run| run.end().is_some()).map(|run| reached(&run.points, &axis, x)).collect();
        let values: Vec<f64> = found
            .iter()
            .filter_map(|reached| match reached {
                Reached::At(accuracy) | Reached::Ended(accuracy) => Some(100.0 * accuracy),
                Reached::Before => None,
            })
            .collect();
        if values.len() < found.len() {
            return "not tested yet".to_owned();
        }
        let ended = found.iter().all(|reached| matches!(reached, Reached::Ended(_)));
        Spread::of(&values).map_or_else(|| "-".to_owned(), |spread| format!("{}{}", spread.words(2), if ended { " (end)" } else { "" }))
    }

    /// Share of the multiply-adds in passes of more than half the work of a dense one.
    pub(super) fn near_dense(&self) -> Option<f64> {
        self.mean(|end| end.near_dense as f64 / end.multiply_adds().max(1) as f64).map(|spread| spread.mean)
    }

    /// Units of each gated group that the decided mask keeps, on average.
    pub(super) fn kept(&self) -> Vec<f64> {
        let ends = self.ends();
        let groups = ends.first().map_or(0, |end| end.kept.len());
        (0..groups).map(|group| ends.iter().map(|end| end.kept[group] as f64).sum::<f64>() / ends.len() as f64).collect()
    }

    pub(super) fn bytes(&self) -> f64 {
        self.runs.iter().map(|run| run.bytes as f64).sum::<f64>() / self.runs.len().max(1) as f64
    }

    /// Seconds of each phase, the mean over seeds; `None` if the adapter has no clock.
    pub(super) fn phases(&self) -> Option<Vec<f64>> {
        (0..PHASES.len())
            .map(|phase| {
                let seconds: Vec<f64> = self.ends().into_iter().filter_map(|end| end.phases.get(phase).copied()).collect();
                Spread::of(&seconds).map(|spread| spread.mean)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(forward: u64, accuracy: f64) -> Point {
        Point { forward, accuracy, seconds: forward as f64, kept: vec![1], ..Point::default() }
    }

    #[test]
    fn accuracy_is_interpolated_only_within_a_run() {
        let points = [point(10, 0.5), point(20, 0.7), point(40, 0.8)];
        let at = |x| reached(&points, |point| point.forward as f64, x);
        assert_eq!(at(9.0), Reached::Before);
        assert_eq!(at(10.0), Reached::At(0.5));
        assert!(matches!(at(15.0), Reached::At(value) if (value - 0.6).abs() < 1e-12));
        assert_eq!(at(40.0), Reached::At(0.8));
        assert_eq!(at(41.0), Reached::Ended(0.8));
        assert_eq!(reached(&[], |point| point.seconds, 1.0), Reached::Before);
    }

    #[test]
    fn the_standard_deviation_is_that_of_a_sample() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[2.0]).unwrap().words(1), "2.0");
        assert_eq!(Spread::of(&[1.0, 2.0, 3.0]).unwrap(), Spread { mean: 2.0, deviation: Some(1.0) });
    }

    #[test]
    fn all_are_compared_at_the_cost_of_vrpge_or_at_the_least_cost() {
        let run = |forward| Finished { points: vec![point(1, 0.1), point(forward, 0.9)], ..Finished::default() };
        let (cheap, dear, diverged) = (run(10), run(30), Finished { diverged: Some(String::new()), ..run(1) });
        let rows = |name| vec![Row { name, runs: vec![&dear] }, Row { name: "set", runs: vec![&cheap, &diverged] }];
        assert_eq!(Mark::of(&rows("vrpge")).unwrap().multiply_adds, 30.0);
        assert_eq!(Mark::of(&rows("dense")).unwrap().seconds, 10.0);
        assert_eq!(Mark::of(&[]), None);
        let rows = rows("vrpge");
        assert_eq!((rows[1].diverged(), rows[1].reached(|point| point.seconds, 30.0).as_str()), (1, "90.00 (end)"));
        assert_eq!(rows[0].reached(|point| point.seconds, 0.5), "not tested yet");
    }
}
