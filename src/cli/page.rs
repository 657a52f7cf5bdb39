//! What the reports have in common: one self-contained page each, without requests and without scripts.

use std::fmt::Write as _;

/// The colours of every page in light and dark mode.
const LIGHT: &str = "--paper:#fbfaf8;--card:#fff;--ink:#1b1f24;--muted:#6a717c;--line:#e3e1dc;--accent:#d1350f;";
const DARK: &str = "--paper:#131518;--card:#1a1d21;--ink:#e9ebee;--muted:#9098a3;--line:#2d3137;--accent:#ff7a52;";

const STYLE: &str = "
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
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The variables of all colours: those of every page, and `--series-N` from the colours of each series in light and dark mode.
pub(super) fn palette(series: &[(&str, &str)]) -> String {
    let of = |is_dark: bool| {
        let colour = |(index, (light, dark)): (usize, &(&str, &str))| format!("--series-{index}:{};", if is_dark { dark } else { light });
        series.iter().enumerate().map(colour).collect::<String>()
    };
    format!(":root{{color-scheme:light dark;{LIGHT}{}}}\n@media(prefers-color-scheme:dark){{:root{{{DARK}{}}}}}\n", of(false), of(true))
}

/// A page up to the end of its header. `eyebrow`: the line above the title.
pub(super) fn begin(title: &str, eyebrow: &str, lead: &str, series: &[(&str, &str)]) -> String {
    let (title, lead) = (escaped(title), escaped(lead));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title>\n<style>\n{}{STYLE}</style></head>\n<body><main>\n\
         <header><p class=\"eyebrow\">{eyebrow}</p><h1>{title}</h1><p class=\"lead\">{lead}</p></header>\n",
        palette(series)
    )
}

/// The end of a page.
pub(super) const END: &str = "\n</main></body></html>\n";

/// A list of sentences.
pub(super) fn list(class: &str, items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
    format!("<ul class=\"{class}\">{}</ul>", items.concat())
}

/// The start of a table up to its body. All columns but the first are right-aligned, and their names may wrap.
pub(super) fn table_head(header: &[&str]) -> String {
    let mut text = "<div class=\"scroll\"><table><thead><tr>".to_owned();
    for (index, name) in header.iter().enumerate() {
        let _ = write!(text, "<th{}>{name}</th>", if index > 0 { " class=\"wrap\"" } else { "" });
    }
    text + "</tr></thead><tbody>"
}

/// Names and values. The values are HTML.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let rows: Vec<String> = facts.into_iter().map(|(name, value)| format!("<dt>{}</dt><dd>{value}</dd>", escaped(name))).collect();
    format!("<dl>{}</dl>", rows.concat())
}

/// A row of [`bars`].
pub(super) struct Bar {
    /// The page's colour `--series-N` of its mark.
    pub(super) series: usize,
    pub(super) name: String,
    /// One number for each part.
    pub(super) parts: Vec<f64>,
}

/// A bar for each row, divided into named parts in shades of grey. `words` writes a number with its unit.
pub(super) fn bars(parts: &[&str], rows: &[Bar], words: &dyn Fn(f64) -> String) -> String {
    // From the ink to the paper.
    let share = |index: usize| 100.0 - 86.0 * index as f64 / (parts.len().max(2) - 1) as f64;
    let grey = |index: usize| format!("background:color-mix(in oklab,var(--ink) {:.0}%,var(--card))", share(index));
    let mut text = "<ul class=\"legend\">".to_owned();
    for (index, name) in parts.iter().enumerate() {
        let _ = write!(text, "<li><i style=\"height:12px;top:0;{}\"></i>{name}</li>", grey(index));
    }
    text.push_str("</ul><div class=\"scroll\"><table><tbody>");
    for Bar { series, name, parts: own } in rows {
        let all: f64 = own.iter().sum();
        let _ = write!(
            text,
            "<tr><td><i style=\"background:var(--series-{series})\"></i>{}</td><td style=\"width:100%\"><div class=\"bar\">",
            escaped(name)
        );
        for (index, &part) in own.iter().enumerate().filter(|(_, part)| **part > 0.0) {
            let (name, share) = (parts[index], 100.0 * part / all);
            let _ =
                write!(text, "<span title=\"{name} {}, {share:.0} %\" style=\"width:{share:.2}%;{}\"></span>", words(part), grey(index));
        }
        let _ = write!(text, "</div></td><td>{}</td></tr>", words(all));
    }
    text + "</tbody></table></div>"
}
