//! Plots accuracy over steps, work or time as SVG: the mean of each entrant as a line, its seeds as a band.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::RGBColor;

use super::error::CompareError;
use super::record::Point;
use super::summary::Row;
use crate::cli::format::large;

/// The plots' size in their own units; a page scales them.
const SIZE: (u32, u32) = (400, 300);
/// Placeholder colours, replaced by the page's own colours, which differ in light and dark mode.
const INK: RGBColor = RGBColor(2, 0, 1);
const GRID: RGBColor = RGBColor(2, 0, 2);

fn series(index: usize) -> RGBColor {
    RGBColor(1, 0, index as u8)
}

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
        let x = if self.is_logarithmic() { 10f64.powf(x) } else { x };
        match self {
            Self::Seconds if x < 0.995 => format!("{x:.2} s"),
            Self::Seconds if x < 9.95 => format!("{x:.1} s"),
            Self::Seconds => format!("{x:.0} s"),
            Self::Steps => format!("{x:.0}"),
            Self::MultiplyAdds => large(x),
        }
    }
}

/// An entrant's curve: x, mean, lowest and highest of the seeds at each evaluation.
struct Curve {
    series: usize,
    bold: bool,
    points: Vec<(f64, [f64; 3])>,
}

fn curve(row: &Row<'_>, series: usize, axis: Axis) -> Curve {
    let runs: Vec<&[Point]> = row.runs.iter().filter(|run| run.end().is_some()).map(|run| run.points.as_slice()).collect();
    let tests = runs.iter().map(|points| points.len()).min().unwrap_or(0);
    let at = |test: usize| {
        let mean = |of: &dyn Fn(&Point) -> f64| runs.iter().map(|points| of(&points[test])).sum::<f64>() / runs.len() as f64;
        let x = mean(&|point| axis.of(point));
        let values = runs.iter().map(|points| 100.0 * points[test].accuracy);
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        (if axis.is_logarithmic() { x.max(f64::MIN_POSITIVE).log10() } else { x }, [mean(&|point| 100.0 * point.accuracy), least, most])
    };
    Curve { series, bold: row.name == "vrpge", points: (0..tests).map(at).collect() }
}

/// The lowest accuracy of the plot. Lower values are cut off, so that the ends of the curves differ visibly.
fn floor(rows: &[Row<'_>]) -> f64 {
    let ends: Vec<f64> = rows.iter().flat_map(Row::ends).map(|end| 100.0 * end.accuracy).collect();
    let least = ends.iter().copied().fold(100.0, f64::min);
    let most = ends.iter().copied().fold(0.0, f64::max);
    (least - 0.8 * (most - least).max(2.0)).max(0.0).floor()
}

/// The parts of a line above `floor`, with the points where it crosses it.
fn above(points: &[(f64, f64)], floor: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (index, &(x, y)) in points.iter().enumerate() {
        if let Some(&(x0, y0)) = index.checked_sub(1).map(|before| &points[before])
            && (y0 < floor) != (y < floor)
        {
            let crossing = (x0 + (x - x0) * (floor - y0) / (y - y0), floor);
            pieces.last_mut().expect("there is at least one piece").push(crossing);
            if y < floor {
                pieces.push(Vec::new());
            }
        }
        if y >= floor {
            pieces.last_mut().expect("there is at least one piece").push((x, y));
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// One plot.
///
/// # Errors
/// An error of the drawing library.
pub(super) fn svg(rows: &[Row<'_>], axis: Axis) -> Result<String, CompareError> {
    let curves: Vec<Curve> = rows.iter().enumerate().map(|(index, row)| curve(row, index, axis)).collect();
    let mut text = String::new();
    draw(&mut text, &curves, axis, floor(rows)).map_err(|error| CompareError::Plot { title: axis.title(), said: error.to_string() })?;
    // The library writes colours; the page defines variables for them.
    for index in 0..rows.len() {
        text = text.replace(&format!("\"#0100{index:02X}\""), &format!("\"var(--series-{index})\""));
    }
    let mut label = String::new();
    let _ = write!(label, "<svg role=\"img\" aria-label=\"Accuracy {}\" ", axis.title());
    Ok(text
        .replace("\"#020001\"", "\"var(--muted)\"")
        .replace("\"#020002\"", "\"var(--line)\"")
        .replace("font-family=\"sans-serif\"", "font-family=\"inherit\"")
        .replacen("<svg ", &label, 1))
}

fn draw(text: &mut String, curves: &[Curve], axis: Axis, floor: f64) -> Result<(), Box<dyn std::error::Error>> {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let (least, most) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &(x, _)| (least.min(x), most.max(x)));
    let (least, most) = if least > most { (0.0, 1.0) } else { (if axis.is_logarithmic() { least } else { 0.0 }, most) };
    let most = if most > least { most } else { least + 1.0 };
    let ceiling = all().map(|(_, [_, _, highest])| *highest).fold(floor, f64::max);
    let ceiling = (ceiling + 0.04 * (ceiling - floor).max(1.0)).min(100.0);
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    let style = ("sans-serif", 13).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&area)
        .margin(8)
        .margin_right(16)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(least..most, floor..ceiling)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(style)
        .x_labels(5)
        .y_labels(6)
        .x_label_formatter(&|x| axis.words(*x))
        .y_label_formatter(&|y| format!("{y:.0} %"))
        .draw()?;
    for curve in curves {
        let colour = series(curve.series);
        let lower = curve.points.iter().rev().map(|(x, [_, least, _])| (*x, least.max(floor)));
        let band: Vec<(f64, f64)> = curve.points.iter().map(|(x, [_, _, most])| (*x, most.max(floor))).chain(lower).collect();
        chart.draw_series([Polygon::new(band, colour.mix(0.13))])?;
    }
    for curve in curves {
        let colour = series(curve.series);
        let line: Vec<(f64, f64)> = curve.points.iter().map(|(x, [mean, _, _])| (*x, *mean)).collect();
        let width = if curve.bold { 3 } else { 2 };
        let pieces = above(&line, floor).into_iter().map(|piece| PathElement::new(piece, colour.stroke_width(width)));
        chart.draw_series(pieces)?;
        chart.draw_series(line.last().filter(|(_, y)| *y >= floor).map(|&end| Circle::new(end, width + 1, colour.filled())))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::compare::record::Finished;

    #[test]
    fn a_line_is_cut_where_it_crosses_the_floor() {
        let pieces = above(&[(0.0, 0.0), (1.0, 2.0), (2.0, 4.0), (3.0, 0.0)], 1.0);
        assert_eq!(pieces, [vec![(0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (2.75, 1.0)]]);
        assert!(above(&[(0.0, 0.0)], 1.0).is_empty());
    }

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
