//! `lacuna bench --sweep` as a user sees it: every point in the table, in the lines of JSON and in the files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{lacuna, prints};

/// A sweep of a very small network on the CPU engine; each step is timed once.
const SWEEP: [&str; 9] = ["bench", "--adapter", "cpu", "--model", "mlp-16", "--batch-size", "8", "--repeats", "1"];

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The value and the kind of each step of a sweep.
fn steps(lines: &[Value], sweep: &str) -> Vec<(f64, String)> {
    let of = |line: &&Value| line["sweep"] == sweep && line.get("left_out").is_none();
    lines.iter().filter(of).map(|line| (line["value"].as_f64().unwrap(), line["step"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_sweep_of_everything_has_every_point_in_lines_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new").join("sweep");
    let found = lines(&prints(&[&SWEEP[..], &["--sweep", "--json", "--out", out.to_str().unwrap()]].concat()));
    let both =
        |values: &[f64]| values.iter().flat_map(|&value| [(value, "dense".to_owned()), (value, "sparse".to_owned())]).collect::<Vec<_>>();
    assert_eq!(steps(&found, "width"), both(&[2.0, 4.0, 8.0, 16.0, 32.0]));
    assert_eq!(steps(&found, "depth"), both(&[1.0, 2.0, 4.0, 8.0]));
    assert_eq!(steps(&found, "batch"), both(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]));
    let keeps = steps(&found, "keep-ratio");
    assert_eq!(
        keeps.iter().map(|(value, _)| *value).collect::<Vec<_>>(),
        [1.0, 0.05, 0.1, 0.2, 0.5, 0.9],
        "one dense step, then each keep ratio"
    );
    assert_eq!(found.len(), keeps.len() + 2 * (5 + 4 + 6), "nothing else");

    for line in &found {
        let number = |key: &str| line[key].as_f64().unwrap_or_else(|| panic!("{key} is no number in {line}"));
        for key in
            ["step_ms", "multiply_adds", "bytes_moved", "multiply_add_floor_ms", "bandwidth_floor_ms", "over_floor", "bytes_per_second"]
        {
            assert!(number(key) > 0.0, "{key}: {line}");
        }
        let higher = number("multiply_add_floor_ms").max(number("bandwidth_floor_ms"));
        assert!((number("over_floor") * higher / number("step_ms") - 1.0).abs() < 1e-9, "{line}");
        let from_rates =
            [1e3 * number("multiply_adds") / number("multiply_adds_per_second"), 1e3 * number("bytes_moved") / number("bytes_per_second")];
        for (floor, key) in from_rates.into_iter().zip(["multiply_add_floor_ms", "bandwidth_floor_ms"]) {
            assert!((floor / number(key) - 1.0).abs() < 1e-3, "{key}: {line}");
        }
        // A sentence where the step is clearly above its floors, and only there. The CPU engine has a clock.
        assert_eq!(line["why"].is_string(), number("over_floor") > 1.5, "{line}");
        assert!(line["why"].as_str().is_none_or(|why| why.contains(" phase") && !why.contains("no clock")), "{line}");
        let planned = line["bytes"]["total"].as_f64().unwrap();
        assert!(number("allocated_bytes") > planned, "the tables of a submit come to the planned tensors: {line}");
    }
    // The dense step that reached the most multiply-adds is on its floor, and no other one is below it.
    let dense: Vec<f64> = found
        .iter()
        .filter(|line| line["step"] == "dense")
        .map(|line| line["step_ms"].as_f64().unwrap() / line["multiply_add_floor_ms"].as_f64().unwrap())
        .collect();
    assert!((dense.iter().copied().fold(f64::INFINITY, f64::min) - 1.0).abs() < 1e-9, "{dense:?}");
    // Multiply-adds and bytes do not depend on the clock.
    let of = |sweep: &str, step: &str, key: &str| {
        let own = found.iter().filter(|line| line["sweep"] == sweep && line["step"] == step);
        own.map(|line| line[key].as_f64().unwrap()).collect::<Vec<_>>()
    };
    for (sweep, step) in [("width", "dense"), ("depth", "dense"), ("batch", "dense"), ("batch", "sparse"), ("keep-ratio", "sparse")] {
        for key in ["multiply_adds", "bytes_moved"] {
            let values = of(sweep, step, key);
            assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{sweep}, {step}, {key}: {values:?}");
        }
    }

    let files: BTreeSet<String> = fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let plots = ["keep-ratio", "width", "depth", "batch"]
        .into_iter()
        .flat_map(|sweep| [format!("{sweep}-time.svg"), format!("{sweep}-memory.svg")]);
    let expected: BTreeSet<String> = plots.chain(["sweep.csv", "sweep.json", "report.html"].map(str::to_owned)).collect();
    assert_eq!(files, expected);
    let csv = fs::read_to_string(out.join("sweep.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + found.len());
    assert!(csv.starts_with("sweep,value,step,model,batch_size,keep_ratio,step_ms,"), "{csv}");
    let whole = json(&out.join("sweep.json"));
    assert_eq!(whole["steps"].as_array().unwrap(), &found);
    assert!(
        whole["left_out"].as_array().unwrap().is_empty() && whole["rates"]["reached_by"].as_str().is_some_and(|by| by.starts_with("mlp-"))
    );
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    let namespaces = page.matches("xmlns=\"http").count();
    assert_eq!(
        (page.matches("<svg ").count(), page.contains("<script"), page.matches("http").count()),
        (8, false, namespaces),
        "self-contained"
    );
    for file in files.iter().filter(|file| file.contains('-')) {
        let svg = fs::read_to_string(out.join(file)).unwrap();
        assert!(
            svg.starts_with("<svg ") && svg.contains("prefers-color-scheme:dark") && svg.trim_end().ends_with("</svg>"),
            "{file}: {svg}"
        );
    }
}

#[test]
fn a_sweep_prints_its_plan_a_table_and_where_the_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let text = prints(&[&SWEEP[..], &["--sweep", "width", "--keep-ratio", "0.25", "--out", out]].concat());
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("5 points of width on CPU") && first.contains("5 networks, each dense and sparse, the smallest first; about "),
        "{first}"
    );
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words:?} is not in {text}"));
    assert!(at("mlp-2, batch 8: dense") < at("mlp-32, batch 8: dense"), "{text}");
    for words in [
        "Sweep of width: networks like mlp-16, keep 0.25, batch 8, on CPU",
        "multiply-add floor: milliseconds that",
        "bandwidth floor: milliseconds that",
        "One turn.",
        "What this does not show:",
        "report.html and the plots are in",
    ] {
        at(words);
    }
    assert!(text.lines().all(|line| line.chars().count() <= 160), "{text}");
    assert!(fs::read_to_string(folder.path().join("width-time.svg")).unwrap().contains("sparse, multiply-add floor"));
}

#[test]
fn points_that_cannot_be_measured_are_named_and_left_out() {
    let arguments = ["bench", "--adapter", "cpu", "--sweep", "batch", "--model", "mlp-4", "--batch-size", "1", "--repeats", "1", "--json"];
    assert_eq!(steps(&lines(&prints(&arguments)), "batch").len(), 2 * 3, "batch sizes below 1 are the same point");
    // The widest layer is too wide for the kernels.
    let output = lacuna(&[
        "bench",
        "--adapter",
        "cpu",
        "--sweep",
        "width",
        "--model",
        "mlp-1-32768",
        "--batch-size",
        "1",
        "--repeats",
        "1",
        "--json",
    ]);
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && !errors.contains("panicked"), "{errors}");
    let found = lines(&text);
    let left_out: Vec<&Value> = found.iter().filter(|line| line.get("left_out").is_some()).collect();
    assert_eq!(left_out.len(), 1, "{text}");
    assert_eq!(
        (&left_out[0]["sweep"], &left_out[0]["value"], &left_out[0]["model"]),
        (&"width".into(), &65536.0.into(), &"mlp-2-65536".into())
    );
    assert!(left_out[0]["left_out"].as_str().is_some_and(|reason| reason.contains("65536") || reason.contains("32768")), "{}", left_out[0]);
    assert_eq!(steps(&found, "width").len(), 2 * 4, "{text}");
}

// The CPU engine has buffers of at most a gibibyte.
#[test]
fn a_sweep_of_networks_that_are_all_too_large_is_refused_with_the_reasons() {
    let output = lacuna(&["bench", "--adapter", "cpu", "--sweep", "keep-ratio", "--model", "mlp-32768-32768"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for words in
        ["no point of the sweep could be measured", "left out: keep ratio all (mlp-32768-32768, batch 128)", "the weights take 4.1 GiB"]
    {
        assert!(errors.contains(words), "{words:?} is not in {errors}");
    }
}
