//! Plots accuracy over steps, work or time: the mean of each entrant as a line, its seeds as a band.

use super::record::Point;
use super::summary::Row;
use crate::cli::format::large;
use crate::cli::plot::{self, Curve, Marks, Plot, PlotError, Stroke};

/// What a plot has along its horizontal axis.
#[derive(Clone, Copy, Debug)]
pub(super) enum Axis {
    Steps,
    MultiplyAdds,
    Seconds,
}

impl Axis {
    pub(super) const ALL: [Self; 3] = [Self::Steps, Self::MultiplyAdds, Self::Seconds];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Steps => "over steps",
            Self::MultiplyAdds => "over multiply-adds",
            Self::Seconds => "over seconds of training",
        }
    }

    fn of(self, point: &Point) -> f64 {
        match self {
            Self::Steps => point.step as f64,
            Self::MultiplyAdds => point.multiply_adds() as f64,
            Self::Seconds => point.seconds,
        }
    }

    /// All runs have the same steps; work and time differ by factors, which a logarithmic axis shows.
    fn is_logarithmic(self) -> bool {
        !matches!(self, Self::Steps)
    }

    fn words(self, x: f64) -> String {
        match self {
            Self::Seconds if x < 0.095 => format!("{x:.3} s"),
            Self::Seconds if x < 0.995 => format!("{x:.2} s"),
            Self::Seconds if x < 9.95 => format!("{x:.1} s"),
            Self::Seconds => format!("{x:.0} s"),
            Self::Steps => format!("{x:.0}"),
            Self::MultiplyAdds => large(x),
        }
    }
}

/// An entrant's curve: its mean, and the lowest and the highest of its seeds at each evaluation.
fn curve(row: &Row<'_>, series: usize, axis: Axis) -> Curve {
    let runs: Vec<&[Point]> = row.runs.iter().filter(|run| run.end().is_some()).map(|run| run.points.as_slice()).collect();
    let tests = runs.iter().map(|points| points.len()).min().unwrap_or(0);
    let mean = |test: usize, of: &dyn Fn(&Point) -> f64| runs.iter().map(|points| of(&points[test])).sum::<f64>() / runs.len() as f64;
    let x = |test: usize| mean(test, &|point| axis.of(point));
    let seeds = |test: usize| {
        let values = runs.iter().map(|points| 100.0 * points[test].accuracy);
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], value| [least.min(value), most.max(value)])
    };
    Curve {
        series,
        stroke: Stroke::Solid,
        width: if row.name == "vrpge" { 3 } else { 2 },
        marks: Marks::End,
        name: None,
        points: (0..tests).map(|test| (x(test), mean(test, &|point| 100.0 * point.accuracy))).collect(),
        band: (0..tests).map(|test| (x(test), seeds(test))).collect(),
    }
}

/// The lowest accuracy of the plot. Lower values are cut off, so that the ends of the curves differ visibly.
fn floor(rows: &[Row<'_>]) -> f64 {
    let ends: Vec<f64> = rows.iter().flat_map(Row::ends).map(|end| 100.0 * end.accuracy).collect();
    let least = ends.iter().copied().fold(100.0, f64::min);
    let most = ends.iter().copied().fold(0.0, f64::max);
    (least - 0.8 * (most - least).max(2.0)).max(0.0).floor()
}

/// One plot.
///
/// # Errors
/// An error of the drawing library.
pub(super) fn svg(rows: &[Row<'_>], axis: Axis) -> Result<String, PlotError> {
    let curves: Vec<Curve> = rows.iter().enumerate().map(|(index, row)| curve(row, index, axis)).collect();
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let (least, most) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &(x, _)| (least.min(x), most.max(x)));
    let floor = floor(rows);
    let highest = curves.iter().flat_map(|curve| &curve.band).map(|(_, [_, most])| *most).fold(floor, f64::max);
    let from = if axis.is_logarithmic() { least } else { 0.0 };
    Plot {
        label: format!("Accuracy {}", axis.title()),
        heading: None,
        x: plot::Axis {
            is_logarithmic: axis.is_logarithmic(),
            range: if least > most { [1.0, 10.0] } else { [from, most] },
            ticks: None,
            words: &|x| axis.words(x),
        },
        y: plot::Axis {
            is_logarithmic: false,
            range: [floor, (highest + 0.04 * (highest - floor).max(1.0)).min(100.0)],
            ticks: None,
            words: &|y| format!("{y:.0} %"),
        },
        curves,
    }
    .svg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::compare::record::Finished;

    #[test]
    fn a_plot_takes_its_colours_from_the_page() {
        let at = |step: u64, accuracy: f64| Point { step, forward: step, seconds: step as f64, accuracy, ..Point::default() };
        let run = Finished { points: vec![at(10, 0.2), at(20, 0.9), at(30, 0.95)], ..Finished::default() };
        let rows = [Row { name: "vrpge", runs: vec![&run] }, Row { name: "dense", runs: vec![&run] }];
        for axis in Axis::ALL {
            let svg = svg(&rows, axis).unwrap();
            assert!(svg.starts_with("<svg role") && svg.trim_end().ends_with("</svg>"), "{svg}");
            assert!(svg.contains("var(--series-0)") && svg.contains("var(--series-1)") && svg.contains("var(--muted)"), "{svg}");
            assert!(!svg.contains("\"#0"), "{svg}");
        }
        svg(&[], Axis::Steps).unwrap();
    }
}
