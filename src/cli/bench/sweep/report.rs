//! The plots of a sweep, and its report as one self-contained page.

use std::fmt::Write as _;

use lacuna::engine::Phase;

use super::points::{self, value_words};
use super::results::{Measurement, Results};
use crate::cli::arguments::Sweep;
use crate::cli::format::size;
use crate::cli::page::{self, Bar, escaped};
use crate::cli::plot::{Axis, Curve, Marks, Plot, PlotError, Stroke};

/// The colours of sparse and dense steps, in light and dark mode.
pub(super) const COLOURS: [(&str, &str); 2] = [("#d1350f", "#ff7a52"), ("#1f2733", "#e8ecf2")];
const SPARSE: usize = 0;
const DENSE: usize = 1;
/// Room above and below the curves, as a factor.
const ROOM: f64 = 1.3;
/// Most ticks of an axis of bytes.
const MOST_TICKS: usize = 7;

fn series(one: &Measurement) -> usize {
    if one.is_dense { DENSE } else { SPARSE }
}

/// One line of the plot of a sweep: `of` gives its height at each point.
fn curve(results: &Results<'_>, sweep: Sweep, of: &dyn Fn(&Measurement) -> f64, line: Curve) -> Curve {
    let values = || results.of(sweep).filter(|one| !one.is_dense).map(|one| one.value);
    let own = results.of(sweep).filter(|one| series(one) == line.series);
    let points = if sweep == Sweep::KeepRatio && line.series == DENSE {
        // The dense step does not depend on the keep ratio.
        let ends = [values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max)];
        own.flat_map(|one| ends.map(|x| (x, of(one)))).collect()
    } else {
        own.map(|one| (one.value, of(one))).collect()
    };
    Curve { points, ..line }
}

fn line(series: usize, stroke: Stroke, name: &str) -> Curve {
    let is_measured = stroke == Stroke::Solid;
    Curve {
        series,
        stroke,
        width: if is_measured { 2 } else { 1 },
        marks: if is_measured { Marks::All } else { Marks::None },
        name: Some(name.to_owned()),
        points: Vec::new(),
        band: Vec::new(),
    }
}

/// Least and largest value of the curves, with some room.
fn range(curves: &[Curve]) -> [f64; 2] {
    let all = || curves.iter().flat_map(|curve| &curve.points).map(|(_, y)| *y).filter(|y| *y > 0.0);
    [all().fold(f64::INFINITY, f64::min) / ROOM, all().fold(0.0, f64::max) * ROOM]
}

/// Round numbers of bytes in a range: powers of two, with the numbers halfway between them if there are few, at most [`MOST_TICKS`].
fn bytes_between([from, to]: [f64; 2]) -> Vec<f64> {
    let mut found = Vec::new();
    for digits in [&[1.0][..], &[1.0, 1.5]] {
        let all = (0..63).flat_map(|power| digits.iter().map(move |digit| digit * 2f64.powi(power)));
        found = all.filter(|value| (from..=to).contains(value)).collect();
        if found.len() >= 3 {
            break;
        }
    }
    let hop = found.len().div_ceil(MOST_TICKS).max(1);
    found.into_iter().step_by(hop).collect()
}

/// Milliseconds on an axis, without zeros at the end.
fn short(value: f64) -> String {
    let digits = (2 - value.max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn svg(
    results: &Results<'_>,
    sweep: Sweep,
    heading: &str,
    curves: Vec<Curve>,
    words: &dyn Fn(f64) -> String,
    is_bytes: bool,
) -> Result<String, PlotError> {
    let mut values: Vec<f64> = results.of(sweep).filter(|one| !one.is_dense).map(|one| one.value).collect();
    values.dedup();
    let range = range(&curves);
    Plot {
        label: format!("{heading} over {}", sweep.words()),
        heading: Some(format!("{heading} over {}", sweep.words())),
        x: Axis {
            is_logarithmic: true,
            range: [values.first().copied().unwrap_or(1.0), values.last().copied().unwrap_or(1.0)],
            ticks: Some(values),
            words: &value_words,
        },
        y: Axis { is_logarithmic: true, range, ticks: is_bytes.then(|| bytes_between(range)), words },
        curves,
    }
    .svg()
}

/// Time of a step over what changes, with the floors.
fn time(results: &Results<'_>, sweep: Sweep) -> Result<String, PlotError> {
    let curves = [SPARSE, DENSE].into_iter().flat_map(|series| {
        let name = if series == DENSE { "dense" } else { "sparse" };
        [
            curve(results, sweep, &|one| one.times.step_ms, line(series, Stroke::Solid, name)),
            curve(
                results,
                sweep,
                &|one| results.floors(one).multiply_adds_ms,
                line(series, Stroke::Dashed, &format!("{name}, multiply-add floor")),
            ),
            curve(
                results,
                sweep,
                &|one| results.floors(one).bandwidth_ms,
                line(series, Stroke::Dotted, &format!("{name}, bandwidth floor")),
            ),
        ]
    });
    svg(results, sweep, "Milliseconds a step", curves.collect(), &short, false)
}

/// Memory over what changes.
fn memory(results: &Results<'_>, sweep: Sweep) -> Result<String, PlotError> {
    let curves = [SPARSE, DENSE].into_iter().flat_map(|series| {
        let name = if series == DENSE { "dense" } else { "sparse" };
        [
            curve(results, sweep, &|one| one.allocated as f64, line(series, Stroke::Solid, &format!("{name}, allocated"))),
            curve(results, sweep, &|one| one.planned as f64, line(series, Stroke::Dashed, &format!("{name}, planned"))),
        ]
    });
    svg(results, sweep, "Memory", curves.collect(), &|bytes| size(bytes as u64), true)
}

/// The plots by the names of their files.
///
/// # Errors
/// A plot that could not be drawn.
pub(super) fn plots(results: &Results<'_>) -> Result<Vec<(String, String)>, PlotError> {
    let mut plots = Vec::new();
    for sweep in results.sweeps() {
        plots.push((format!("{}-time.svg", sweep.name()), time(results, sweep)?));
        plots.push((format!("{}-memory.svg", sweep.name()), memory(results, sweep)?));
    }
    Ok(plots)
}

/// The page.
///
/// # Errors
/// A plot that could not be drawn.
pub(super) fn html(results: &Results<'_>) -> Result<String, PlotError> {
    let names: Vec<&str> = results.sweeps().map(Sweep::words).collect();
    let title = format!("Time and memory of a step over {}", names.join(", "));
    let lead = format!(
        "Measured on {}, dense and sparse steps in turns. Solid lines are measured. Dashed lines are the time that the multiply-adds of a step take at \
         the highest rate of a dense step of this sweep. Dotted lines are the time that its bytes take at the rate of a copy between buffers.",
        results.adapter
    );
    let mut page = page::begin(&title, "Lacuna, sweep", &lead, &COLOURS);
    for sweep in results.sweeps() {
        let _ = write!(page, "<h2>{}</h2>\n<div class=\"plots\">", escaped(&results.title(sweep)));
        for plot in [time(results, sweep)?, memory(results, sweep)?] {
            let _ = writeln!(page, "<figure>{plot}</figure>");
        }
        page.push_str("</div>\n");
        let why = results.explanations(sweep);
        if !why.is_empty() {
            page.push_str(&page::list("notes", &why));
        }
        page.push_str("<p></p>\n");
        page.push_str(&table(results, sweep));
        page.push_str(&phases(results, sweep));
    }
    page.push_str("\n<h2>How these figures were found</h2>\n");
    page.push_str(&page::list("limits", &results.notes()));
    page.push_str("\n<h2>What this does not show</h2>\n");
    page.push_str(&page::list("limits", &results.limits()));
    if !results.left_out.is_empty() {
        page.push_str("\n<h2>Points that are left out</h2>\n");
        let words: Vec<String> = results.left_out.iter().map(points::LeftOut::words).collect();
        page.push_str(&page::list("limits", &words));
    }
    page.push_str("\n<h2>Settings</h2>\n");
    let query = results.base.to_query();
    let settings = if query.is_empty() { "every default".to_owned() } else { query.replace('&', "  ") };
    page.push_str(&page::facts([
        ("Settings", format!("<code>{}</code>; every other setting at its default", escaped(&settings))),
        ("Adapter", escaped(&results.adapter)),
        ("Program", format!("lacuna {}", env!("CARGO_PKG_VERSION"))),
    ]));
    page.push_str(page::END);
    Ok(page)
}

fn table(results: &Results<'_>, sweep: Sweep) -> String {
    let mut text = page::table_head(&Results::header(sweep));
    for one in results.of(sweep) {
        text.push_str("<tr>");
        for (column, cell) in results.cells(one).iter().enumerate() {
            let mark = if column == 0 { format!("<i style=\"background:var(--series-{})\"></i>", series(one)) } else { String::new() };
            let _ = write!(text, "<td>{mark}{}</td>", escaped(cell));
        }
        text.push_str("</tr>");
    }
    text + "</tbody></table></div>\n"
}

/// A bar for each step with the milliseconds of its phases; empty if the adapter has no clock.
fn phases(results: &Results<'_>, sweep: Sweep) -> String {
    let bar = |one: &Measurement| {
        let of = |phase: Phase| one.times.phases.iter().filter(|(name, _)| *name == phase).map(|(_, ms)| ms).sum();
        let value = if sweep == Sweep::KeepRatio && one.is_dense { String::new() } else { format!("{} ", value_words(one.value)) };
        Bar { series: series(one), name: format!("{value}{}", one.kind()), parts: Phase::ALL.map(of).to_vec() }
    };
    let rows: Vec<Bar> = results.of(sweep).filter(|one| !one.times.phases.is_empty()).map(bar).collect();
    if rows.is_empty() {
        return String::new();
    }
    page::bars(&Phase::ALL.map(Phase::name), &rows, &|ms| format!("{} ms", crate::cli::bench::in_ms(ms)))
}

#[cfg(test)]
mod tests {
    use lacuna::config::Config;

    use super::*;
    use crate::cli::arguments::{Named, Request};
    use crate::cli::bench::sweep::floors::Rates;
    use crate::cli::bench::sweep::results::sample;

    #[test]
    fn a_report_has_a_plot_of_time_and_of_memory_for_each_sweep() {
        let base = Config { model: "mlp-32".to_owned(), ..Config::default() };
        let request = Request::new(Named::read("keep-ratio").unwrap(), &base.model, None, None).unwrap();
        let dense = Measurement { is_dense: true, keep_ratio: 1.0, ..sample(Sweep::KeepRatio, 1.0) };
        let measurements = [dense, sample(Sweep::KeepRatio, 0.1), sample(Sweep::KeepRatio, 0.5)];
        let rates = Rates { multiply_adds: 1e9, reached_by: "mlp-32, batch 16".to_owned(), bytes: 1e9, copied: 1 << 28 };
        let results = Results {
            base: &base,
            request: &request,
            measurements: &measurements,
            rates,
            left_out: &[],
            adapter: "A".to_owned(),
            turns: 1,
        };
        let plots = plots(&results).unwrap();
        assert_eq!(plots.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["keep-ratio-time.svg", "keep-ratio-memory.svg"]);
        for words in ["sparse, multiply-add floor", "dense, bandwidth floor", "Milliseconds a step over keep ratio"] {
            assert!(plots[0].1.contains(words), "{words:?} is not in {}", plots[0].1);
        }
        assert!(plots[1].1.contains("sparse, planned") && plots[1].1.contains("1.0 MiB"), "{}", plots[1].1);
        let page = html(&results).unwrap();
        assert!(page.matches("<svg ").count() == 2 && page.contains("What this does not show") && !page.contains("<script"), "{page}");
        assert!(!page.contains("Points that are left out"));
    }

    #[test]
    fn numbers_of_an_axis_are_short() {
        assert_eq!([0.05, 0.5, 2.0, 20.0, 2000.0, 1234.5].map(short).join(" "), "0.05 0.5 2 20 2000 1234");
        assert_eq!(bytes_between([3.0, 40.0]), [4.0, 8.0, 16.0, 32.0]);
        assert_eq!(bytes_between([5.0, 20.0]), [6.0, 8.0, 12.0, 16.0]);
        assert!(bytes_between([1.0, 1e15]).len() <= MOST_TICKS);
    }
}
