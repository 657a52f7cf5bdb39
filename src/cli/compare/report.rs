//! The comparison as one self-contained page: no request, no script.

use std::fmt::Write as _;

use crate::cli::seconds::PHASES;

use super::error::CompareError;
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

const STYLE: &str = "
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1b1f24;--muted:#6a717c;--line:#e3e1dc;--accent:#d1350f}
@media(prefers-color-scheme:dark){:root{--paper:#131518;--card:#1a1d21;--ink:#e9ebee;--muted:#9098a3;--line:#2d3137;--accent:#ff7a52}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 ui-sans-serif,system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;-webkit-font-smoothing:antialiased}
main{max-width:1240px;margin:0 auto;padding:56px 28px 72px}
header p{margin:0}
.eyebrow{color:var(--accent);font-weight:600;font-size:13px;letter-spacing:.02em}
h1{font-size:31px;line-height:1.2;letter-spacing:-.018em;font-weight:650;margin:6px 0 10px;text-wrap:balance}
.lead{color:var(--muted);max-width:76ch}
h2{font-size:18px;letter-spacing:-.01em;font-weight:650;margin:52px 0 14px}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;margin:34px 0 12px;padding:0;list-style:none;font-size:14px}
.legend i,td i{display:inline-block;width:16px;height:3px;border-radius:2px;margin-right:8px;vertical-align:middle;position:relative;top:-1px}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:16px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 12px 8px}
figcaption{font-size:14px;font-weight:600;padding:0 6px 6px}
svg{display:block;width:100%;height:auto;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:9px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th{font-weight:500;color:var(--muted);vertical-align:bottom;line-height:1.3}
th.wrap{white-space:normal;min-width:64px}
th:first-child,td:first-child{text-align:left;padding-left:16px;position:sticky;left:0;background:var(--card)}
tr:last-child td{border-bottom:0}
td.main{font-weight:650}
td.quiet{color:var(--muted)}
.notes{color:var(--muted);font-size:13.5px;max-width:88ch;padding-left:18px;margin:14px 0 0}
.notes li,.limits li{margin:5px 0}
.limits{max-width:82ch;padding-left:18px;margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 24px;margin:0;font-size:14px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.bar{display:flex;height:14px;border-radius:4px;overflow:hidden;min-width:260px;gap:1px}
.bar span{display:block;height:100%}
@media(max-width:640px){main{padding:32px 16px 48px}h1{font-size:25px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:10px}}
";

/// Escapes text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn list(class: &str, items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
    format!("<ul class=\"{class}\">{}</ul>", items.concat())
}

/// The page.
///
/// # Errors
/// A plot that could not be drawn.
pub(super) fn html(table: &Table<'_>) -> Result<String, CompareError> {
    let mut page = String::new();
    let title = escaped(&table.title());
    let series = |dark: bool| {
        let of = |(index, row): (usize, &super::summary::Row<'_>)| {
            let (light_colour, dark_colour) = colours(row.name);
            format!("--series-{index}:{};", if dark { dark_colour } else { light_colour })
        };
        table.rows.iter().enumerate().map(of).collect::<String>()
    };
    let _ = writeln!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title>\n<style>{STYLE}:root{{{}}}\n@media(prefers-color-scheme:dark){{:root{{{}}}}}\n</style></head>\n<body><main>",
        series(false),
        series(true)
    );
    let _ = writeln!(
        page,
        "<header><p class=\"eyebrow\">Lacuna, comparison of methods</p><h1>{title}</h1>\
         <p class=\"lead\">Trained one after another on {}, by the same kernels. Lines are means over seeds, bands reach from the lowest to \
         the highest seed; accuracy is that of the decided mask on the test rows.</p></header>",
        escaped(table.adapter)
    );
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
    page.push_str(&list("notes", &table.notes()));
    page.push_str("\n<h2>What this does not show</h2>\n");
    page.push_str(&list("limits", &table.limits()));
    page.push_str(&phases(table));
    page.push_str("\n<h2>Settings of each</h2>\n<dl>");
    for (name, own) in table.settings {
        let _ = write!(page, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(own));
    }
    page.push_str("</dl>\n<h2>Settings of all</h2>\n<dl>");
    let query = lacuna::config::Config { method: lacuna::config::Config::default().method, ..table.base.clone() }.to_query();
    let settings = if query.is_empty() { "every default".to_owned() } else { query.replace('&', "  ") };
    for (name, value) in [
        ("Settings", format!("<code>{}</code>; every other setting at its default", escaped(&settings))),
        ("Data", escaped(table.data)),
        ("Adapter", escaped(table.adapter)),
        ("Program", format!("lacuna {}", env!("CARGO_PKG_VERSION"))),
    ] {
        let _ = write!(page, "<dt>{name}</dt><dd>{value}</dd>");
    }
    page.push_str("</dl>\n</main></body></html>\n");
    Ok(page)
}

fn cells(table: &Table<'_>) -> String {
    let mut text = "<div class=\"scroll\"><table><thead><tr>".to_owned();
    for (index, name) in Table::header().iter().enumerate() {
        let _ = write!(text, "<th{}>{name}</th>", if index > 0 { " class=\"wrap\"" } else { "" });
    }
    text.push_str("</tr></thead><tbody>");
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
    const SHADES: [u32; PHASES.len()] = [100, 82, 66, 50, 37, 25, 14];
    let grey = |index: usize| format!("background:color-mix(in oklab,var(--ink) {}%,var(--card))", SHADES[index]);
    let phases = table.phases();
    if phases.is_empty() {
        return String::new();
    }
    let mut text = "\n<h2>Seconds by phase</h2>\n<ul class=\"legend\">".to_owned();
    for (index, name) in PHASES.iter().enumerate() {
        let _ = write!(text, "<li><i style=\"height:12px;top:0;{}\"></i>{name}</li>", grey(index));
    }
    text.push_str("</ul><div class=\"scroll\"><table><tbody>");
    for (name, seconds) in &phases {
        let series = table.rows.iter().position(|row| row.name == *name).unwrap_or(0);
        let all: f64 = seconds.iter().sum();
        let _ = write!(
            text,
            "<tr><td><i style=\"background:var(--series-{series})\"></i>{}</td><td style=\"width:100%\"><div class=\"bar\">",
            escaped(name)
        );
        for (phase, &own) in seconds.iter().enumerate().filter(|(_, own)| **own > 0.0) {
            let (name, share) = (PHASES[phase], 100.0 * own / all);
            let _ = write!(text, "<span title=\"{name} {own:.1} s, {share:.0} %\" style=\"width:{share:.2}%;{}\"></span>", grey(phase));
        }
        let _ = write!(text, "</div></td><td>{all:.1} s</td></tr>");
    }
    let _ = write!(text, "</tbody></table></div><p class=\"notes\" style=\"padding:0\">{}</p>", escaped(Table::PHASES_NOTE));
    text
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
