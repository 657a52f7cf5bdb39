//! Draws curves as SVG. The colours are variables of the page that shows the plot, so that they differ in light and dark mode.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::RGBColor;

use super::page;

/// The size of a plot without its legend, in its own units; a page scales it.
const SIZE: (u32, u32) = (400, 300);
/// The height of a line of the legend and of the heading.
const LINE: u32 = 19;
const FONT: u32 = 13;
/// Most ticks of an axis.
const MOST_TICKS: usize = 8;
/// Placeholder colours, replaced by the page's own colours.
const INK: RGBColor = RGBColor(2, 0, 1);
const GRID: RGBColor = RGBColor(2, 0, 2);
const TITLE: RGBColor = RGBColor(2, 0, 3);

/// A plot that could not be drawn; `said` is the error of the drawing library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plot {title} could not be drawn: {said}")]
pub(crate) struct PlotError {
    title: String,
    said: String,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

impl Stroke {
    const ALL: [Self; 3] = [Self::Solid, Self::Dashed, Self::Dotted];

    /// The attribute of a line in SVG.
    fn attribute(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => " stroke-dasharray=\"7 4\"",
            Self::Dotted => " stroke-dasharray=\"1.5 3.5\"",
        }
    }
}

/// Which points of a line have a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    None,
    End,
    All,
}

/// One line of a plot.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// The page's colour `--series-N`.
    pub(super) series: usize,
    pub(super) stroke: Stroke,
    pub(super) width: u32,
    pub(super) marks: Marks,
    /// Its name in the legend of the plot; a page may have a legend of its own.
    pub(super) name: Option<String>,
    pub(super) points: Vec<(f64, f64)>,
    /// Lowest and highest value at each x, drawn as a band; empty without one.
    pub(super) band: Vec<(f64, [f64; 2])>,
}

/// One axis of a plot.
pub(super) struct Axis<'a> {
    pub(super) is_logarithmic: bool,
    /// From and to. Lines are cut at the lower end of the vertical axis.
    pub(super) range: [f64; 2],
    /// Where the ticks are; `None`: at round numbers.
    pub(super) ticks: Option<Vec<f64>>,
    pub(super) words: &'a dyn Fn(f64) -> String,
}

impl Axis<'_> {
    /// Where a value is on the axis.
    fn at(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    fn label(&self, at: f64) -> String {
        (self.words)(if self.is_logarithmic { 10f64.powf(at) } else { at })
    }

    /// From and to on the axis; never of length 0.
    fn span(&self) -> Range<f64> {
        let [from, to] = self.range.map(|value| self.at(value));
        from..if to > from { to } else { from + 1.0 }
    }

    fn ticks(&self) -> Vec<f64> {
        let span = self.span();
        match &self.ticks {
            Some(ticks) => ticks.iter().map(|&tick| self.at(tick)).collect(),
            None if self.is_logarithmic => round_logarithms(span.start, span.end),
            None => round_numbers(span.start, span.end),
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten from `from` to `to`.
fn round_numbers(from: f64, to: f64) -> Vec<f64> {
    let rough = (to - from) / (MOST_TICKS - 2) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let (first, last) = ((from / step).ceil() as i64, (to / step + 1e-9).floor() as i64);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// Logarithms of round numbers from 10^`from` to 10^`to`: of powers of ten, or of finer steps where there are few of them.
fn round_logarithms(from: f64, to: f64) -> Vec<f64> {
    let tenths: Vec<f64> = (10..100).map(|tenth| f64::from(tenth) / 10.0).collect();
    let units: Vec<f64> = (1..10).map(f64::from).collect();
    let mut found = Vec::new();
    for digits in [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0], &units, &tenths] {
        let powers = from.floor() as i32..=to.ceil() as i32;
        let all = powers.flat_map(|power| digits.iter().map(move |digit| f64::from(power) + digit.log10()));
        found = all.filter(|at| (from - 1e-9..=to + 1e-9).contains(at)).collect();
        if found.len() >= 4 {
            break;
        }
    }
    let hop = found.len().div_ceil(MOST_TICKS).max(1);
    found.into_iter().step_by(hop).collect()
}

/// An axis as the drawing library sees it: linear, with ticks at given places.
struct Ticked {
    span: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.span.start) / (self.span.end - self.span.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light lines are between the ticks, and there are none.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.span.clone()
    }
}

/// Everything that is drawn.
pub(super) struct Plot<'a> {
    /// What it shows, for those who cannot see it.
    pub(super) label: String,
    /// A heading inside the plot; a page may have one of its own.
    pub(super) heading: Option<String>,
    pub(super) x: Axis<'a>,
    pub(super) y: Axis<'a>,
    pub(super) curves: Vec<Curve>,
}

fn colour(series: usize, stroke: Stroke) -> RGBColor {
    RGBColor(1, stroke as u8, series as u8)
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

impl Plot<'_> {
    /// The plot as an element of a page.
    ///
    /// # Errors
    /// An error of the drawing library.
    pub(super) fn svg(&self) -> Result<String, PlotError> {
        let mut text = String::new();
        self.draw(&mut text).map_err(|error| PlotError { title: self.label.clone(), said: error.to_string() })?;
        // The library writes colours; the page defines variables for them.
        for series in self.curves.iter().map(|curve| curve.series) {
            for stroke in Stroke::ALL {
                let placeholder = format!("\"#01{:02X}{series:02X}\"", stroke as u8);
                text = text.replace(&placeholder, &format!("\"var(--series-{series})\"{}", stroke.attribute()));
            }
        }
        let label = format!("<svg role=\"img\" aria-label=\"{}\" ", page::escaped(&self.label));
        Ok(text
            .replace("\"#020001\"", "\"var(--muted)\"")
            .replace("\"#020002\"", "\"var(--line)\"")
            .replace("\"#020003\"", "\"var(--ink)\"")
            .replace("font-family=\"sans-serif\"", "font-family=\"inherit\"")
            .replacen("<svg ", &label, 1))
    }

    fn draw(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let named: Vec<&Curve> = self.curves.iter().filter(|curve| curve.name.is_some()).collect();
        let lines = u32::from(self.heading.is_some()) + named.len().div_ceil(2) as u32;
        let above_it = if lines > 0 { lines * LINE + 8 } else { 0 };
        let area = SVGBackend::with_string(text, (SIZE.0, SIZE.1 + above_it)).into_drawing_area();
        let (legend, below) = area.split_vertically(above_it);
        self.draw_legend(&legend, &named)?;

        let style = ("sans-serif", FONT).into_font().color(&INK);
        let ticked = |axis: &Axis<'_>| Ticked { span: axis.span(), ticks: axis.ticks() };
        let floor = self.y.span().start;
        let mut chart = ChartBuilder::on(&below)
            .margin(8)
            .margin_right(18)
            .x_label_area_size(26)
            .y_label_area_size(52)
            .build_cartesian_2d(ticked(&self.x), ticked(&self.y))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(style)
            .x_label_formatter(&|at| self.x.label(*at))
            .y_label_formatter(&|at| self.y.label(*at))
            .draw()?;
        for curve in self.curves.iter().filter(|curve| !curve.band.is_empty()) {
            let side = |of: usize| curve.band.iter().map(move |(x, ends)| (self.x.at(*x), self.y.at(ends[of]).max(floor)));
            let band: Vec<(f64, f64)> = side(1).chain(side(0).rev()).collect();
            chart.draw_series([Polygon::new(band, colour(curve.series, Stroke::Solid).mix(0.13))])?;
        }
        for curve in &self.curves {
            let line: Vec<(f64, f64)> = curve.points.iter().map(|&(x, y)| (self.x.at(x), self.y.at(y))).collect();
            let stroke = colour(curve.series, curve.stroke).stroke_width(curve.width);
            chart.draw_series(above(&line, floor).into_iter().map(|piece| PathElement::new(piece, stroke)))?;
            let marked = match curve.marks {
                Marks::None => &[],
                Marks::End => &line[line.len().saturating_sub(1)..],
                Marks::All => &line[..],
            };
            let filled = colour(curve.series, Stroke::Solid).filled();
            let marks = marked.iter().filter(|(_, y)| *y >= floor);
            chart.draw_series(marks.map(|&at| Circle::new(at, curve.width + 1, filled)))?;
        }
        area.present()?;
        Ok(())
    }

    /// The heading, and below it the named curves in two columns, each column from above to below.
    fn draw_legend<D: DrawingBackend>(
        &self,
        area: &DrawingArea<D, plotters::coord::Shift>,
        named: &[&Curve],
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        D::ErrorType: 'static,
    {
        let style = |of: &RGBColor| ("sans-serif", FONT).into_font().color(of);
        if let Some(heading) = &self.heading {
            area.draw(&Text::new(heading.clone(), (10, 8), style(&TITLE)))?;
        }
        let first = 8 + i32::from(self.heading.is_some()) * LINE as i32;
        let rows = named.len().div_ceil(2).max(1);
        for (index, curve) in named.iter().enumerate() {
            let (x, y) = (10 + (index / rows) as i32 * (SIZE.0 as i32 / 2), first + (index % rows) as i32 * LINE as i32);
            let stroke = colour(curve.series, curve.stroke).stroke_width(curve.width);
            area.draw(&PathElement::new(vec![(x, y + 5), (x + 22, y + 5)], stroke))?;
            area.draw(&Text::new(curve.name.clone().unwrap_or_default(), (x + 29, y), style(&INK)))?;
        }
        Ok(())
    }
}

/// A plot as a file of its own: it has the colours of its series, in light and dark mode, and a background.
pub(super) fn standalone(svg: &str, colours: &[(&str, &str)]) -> String {
    let style = format!(
        "<style>{}svg{{background:var(--card);font-family:ui-sans-serif,system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif}}</style>",
        page::palette(colours)
    );
    let end = svg.find('>').map_or(0, |at| at + 1);
    format!("{}\n{style}{}\n", &svg[..end], svg[end..].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_crosses_the_floor() {
        let pieces = above(&[(0.0, 0.0), (1.0, 2.0), (2.0, 4.0), (3.0, 0.0)], 1.0);
        assert_eq!(pieces, [vec![(0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (2.75, 1.0)]]);
        assert!(above(&[(0.0, 0.0)], 1.0).is_empty());
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(round_numbers(0.0, 18.0), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(round_numbers(81.0, 99.0), [85.0, 90.0, 95.0]);
        let powers = |from: f64, to: f64| round_logarithms(from.log10(), to.log10()).iter().map(|at| 10f64.powf(*at)).collect::<Vec<_>>();
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a / b - 1.0).abs() < 1e-9), "{found:?}");
        };
        close(powers(0.5, 2e4), &[1.0, 10.0, 100.0, 1e3, 1e4]);
        close(powers(1.0, 40.0), &[1.0, 3.0, 10.0, 30.0]);
        close(powers(2.0, 30.0), &[2.0, 5.0, 10.0, 20.0]);
        close(powers(3.1, 9.2), &[4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert!(powers(3.1, 3.9).len() >= 4 && powers(1.0, 1e20).len() <= MOST_TICKS);
    }

    #[test]
    fn a_plot_has_its_colours_its_strokes_and_its_names() {
        let curve = |series, stroke, name: &str| Curve {
            series,
            stroke,
            width: 2,
            marks: Marks::All,
            name: Some(name.to_owned()),
            points: vec![(1.0, 2.0), (4.0, 8.0)],
            band: Vec::new(),
        };
        let axis = |range| Axis { is_logarithmic: true, range, ticks: None, words: &|value| format!("{value:.0}") };
        let plot = Plot {
            label: "Time & more".to_owned(),
            heading: Some("Time".to_owned()),
            x: axis([1.0, 4.0]),
            y: axis([1.0, 9.0]),
            curves: vec![curve(0, Stroke::Solid, "sparse"), curve(1, Stroke::Dotted, "floor")],
        };
        let svg = plot.svg().unwrap();
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"Time &amp; more\"") && !svg.contains("\"#0"), "{svg}");
        assert!(svg.contains("\"var(--series-1)\" stroke-dasharray=\"1.5 3.5\"") && svg.contains("var(--series-0)"), "{svg}");
        for words in ["Time\n", "sparse", "floor"] {
            assert!(svg.contains(words), "{words:?} is not in {svg}");
        }
        let alone = standalone(&svg, &[("#111111", "#eeeeee"), ("#222222", "#dddddd")]);
        assert!(alone.starts_with("<svg ") && alone.contains("--series-1:#222222") && alone.contains("--series-1:#dddddd"), "{alone}");
        assert!(alone.contains("prefers-color-scheme:dark") && alone.trim_end().ends_with("</svg>"), "{alone}");
    }
}
