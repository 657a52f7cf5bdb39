//! The comparison as one self-contained page: no request, no script.

use std::fmt::Write as _;

use crate::cli::page::{self, Bar, escaped};
use crate::cli::plot::PlotError;
use crate::cli::seconds::PHASES;

use super::plot::{Axis, svg};
use super::table::Table;

/// An entrant's colour in light and dark mode. An entrant always has the same colour.
fn colours(name: &str) -> (&'static str, &'static str) {
    match name {
        "vrpge" => ("#d1350f", "#ff7a52"),
        "vrpge-one-sided" => ("#8f4a2e", "#d9a58c"),
        "dense" => ("#1f2733", "#e8ecf2"),
        "small-dense" => ("#7b8494", "#98a2b3"),
        "small-dense-final" => ("#a9907a", "#c9b29c"),
        "static" => ("#0e8fb0", "#38c4e6"),
        "static-allocated" => ("#2150c8", "#7aa2ff"),
        "magnitude" => ("#16803c", "#4fd07f"),
        "set" => ("#a87400", "#efbf3a"),
        "rigl" => ("#7a34d8", "#bf94ff"),
        "snip" => ("#c01f73", "#ff7ebd"),
        "reinforce" => ("#5d8c0b", "#aede4f"),
        "fisher" => ("#004d40", "#7fe0b2"),
        "fisher-pruning" => ("#6d4c41", "#d7b19d"),
        "vrpge-paper" => ("#e57a44", "#ffb593"),
        "small-dense-fisher" => ("#455a64", "#b0c4ce"),
        "small-dense-static" => ("#8d8f2a", "#d9db7a"),
        // ste
        _ => ("#0d7a6f", "#3fd6c5"),
    }
}

/// The page.
///
/// # Errors
/// A plot that could not be drawn.
pub(super) fn html(table: &Table<'_>) -> Result<String, PlotError> {
    let series: Vec<_> = table.rows.iter().map(|row| colours(row.name)).collect();
    let lead = format!(
        "Trained one after another on {}, by the same kernels. Lines are means over seeds, bands reach from the lowest to the highest seed; \
         accuracy is that of the decided mask on the test rows.",
        table.adapter
    );
    let mut page = page::begin(&table.title(), "Lacuna, comparison of methods", &lead, &series);
    page.push_str("<ul class=\"legend\">");
    for (index, row) in table.rows.iter().enumerate() {
        let _ = write!(page, "<li><i style=\"background:var(--series-{index})\"></i>{}</li>", escaped(row.name));
    }
    page.push_str("</ul>\n<div class=\"plots\">");
    for axis in Axis::ALL {
        let plot = svg(table.rows, axis)?;
        let _ = writeln!(page, "<figure><figcaption>Accuracy {}</figcaption>{plot}</figure>", axis.title());
    }
    page.push_str("</div>\n<h2>Accuracy and cost of each</h2>\n");
    page.push_str(&cells(table));
    page.push_str(&page::list("notes", &table.notes()));
    page.push_str("\n<h2>What this does not show</h2>\n");
    page.push_str(&page::list("limits", &table.limits()));
    page.push_str(&phases(table));
    page.push_str("\n<h2>Settings of each</h2>\n");
    page.push_str(&page::facts(table.settings.iter().map(|(name, own)| (*name, escaped(own)))));
    page.push_str("\n<h2>Settings of all</h2>\n");
    let query = lacuna::config::Config { method: lacuna::config::Config::default().method, ..table.base.clone() }.to_query();
    let settings = if query.is_empty() { "every default".to_owned() } else { query.replace('&', "  ") };
    page.push_str(&page::facts([
        ("Settings", format!("<code>{}</code>; every other setting at its default", escaped(&settings))),
        ("Data", escaped(table.data)),
        ("Adapter", escaped(table.adapter)),
        ("Program", format!("lacuna {}", env!("CARGO_PKG_VERSION"))),
    ]));
    page.push_str(page::END);
    Ok(page)
}

fn cells(table: &Table<'_>) -> String {
    let mut text = page::table_head(&Table::header());
    for (index, cells) in table.cells().iter().enumerate() {
        text.push_str("<tr>");
        for (column, cell) in cells.iter().enumerate() {
            let (class, mark) = match column {
                0 => ("", format!("<i style=\"background:var(--series-{index})\"></i>")),
                1 => (" class=\"main\"", String::new()),
                4 | 6 | 9 => (" class=\"quiet\"", String::new()),
                _ => ("", String::new()),
            };
            let _ = write!(text, "<td{class}>{mark}{}</td>", escaped(cell));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>\n");
    text
}

/// The seconds of each phase; empty if the adapter has no clock.
fn phases(table: &Table<'_>) -> String {
    let phases = table.phases();
    if phases.is_empty() {
        return String::new();
    }
    let place = |name: &str| table.rows.iter().position(|row| row.name == name).unwrap_or(0);
    let bar = |(name, parts): (&str, Vec<f64>)| Bar { series: place(name), name: name.to_owned(), parts };
    let rows: Vec<Bar> = phases.into_iter().map(bar).collect();
    let bars = page::bars(&PHASES, &rows, &|seconds| format!("{seconds:.1} s"));
    format!("\n<h2>Seconds by phase</h2>\n{bars}<p class=\"notes\" style=\"padding:0\">{}</p>", escaped(Table::PHASES_NOTE))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use lacuna::entrants::Entrant;

    #[test]
    fn every_entrant_has_its_own_colours() {
        let all: Vec<_> = Entrant::all().map(|entrant| colours(entrant.name)).collect();
        let [light, dark]: [BTreeSet<_>; 2] = [all.iter().map(|(light, _)| light).collect(), all.iter().map(|(_, dark)| dark).collect()];
        assert_eq!((light.len(), dark.len()), (all.len(), all.len()));
    }
}
