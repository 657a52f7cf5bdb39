//! The architecture: modules import downwards only, what two languages share is the same in both, every kernel stands in all of its four places, and
//! no source is long.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::offset_of;
use std::path::{Path, PathBuf};

use lacuna::device::{Kernel, TABLE};
use lacuna::estimators::Estimator;
use lacuna::mask::{DRAWN_IN_MASK, DRAWN_IN_PROBE, KEPT_BY_MASK, KEPT_BY_PROBE};
use lacuna::random::Stream;
use lacuna::schedule::{BETA1, BETA2};
use lacuna::shared::{ABSENT, Group, Layer, MISSING, MOST_GROUPS, Mode, Operation, Params, Record, Sample, State, Step, flags, halted};

/// From the lowest up: a module may use its own level and those before it.
const LEVELS: [&[&str]; 4] = [
    &[
        "budget",
        "config",
        "data",
        "entrants",
        "estimators",
        "link",
        "mask",
        "methods",
        "model",
        "pins",
        "projection",
        "random",
        "reference",
        "schedule",
        "shared",
        "submit_size",
    ],
    &["device"],
    &["animation", "engine", "trainer", "snapshot", "check", "classifier", "speed", "estimator_lab", "run_file", "export"],
    &["cli", "main", "web"],
];

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file under `folder` with that ending, relative to the repository.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The module of `lib.rs` or `main.rs` that a file of `src/` belongs to, and how deep in it the file stands.
fn module_of(file: &Path) -> (String, usize) {
    let parts: Vec<String> = file.strip_prefix("src").unwrap().iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let inner = usize::from(parts.last().unwrap() != "mod.rs");
    (parts[0].trim_end_matches(".rs").to_owned(), parts.len() - 1 + inner)
}

/// The longest source, its tests left out. A longer one has more than one subject.
const LONGEST: usize = 500;

#[test]
fn no_source_is_longer_than_500_lines_without_its_tests() {
    let sources = [files("src", "rs"), files("shaders", "wgsl"), files("www", "ts"), files("www", "css")].concat();
    let is_counted = |file: &PathBuf| {
        let name = file.to_string_lossy();
        !(name.ends_with("tests.rs") || name.ends_with(".test.ts") || name.ends_with("generated.ts") || name.contains("/pkg"))
    };
    let long: Vec<_> = sources
        .iter()
        .filter(|file| is_counted(file))
        .map(|file| (file, text(file).split("#[cfg(test)]\nmod tests {").next().unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(sources.len() > 300 && long.is_empty(), "{} sources, too long: {long:?}", sources.len());
}

/// Source without its comments: a link in a comment is no import.
fn code(source: &str) -> String {
    source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate's root that `source` names after `prefix`: one, or those of a `{...}`.
fn named_after(source: &str, prefix: &str) -> BTreeSet<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in source.match_indices(prefix) {
        // Not the end of a longer name.
        if source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &source[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(identifier(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (index, c) in list.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && !c.is_whitespace() => {
                    names.insert(identifier(&list[index..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The modules of the crate that a file uses, its own left out. Names of the root that are no module (a macro's) have no level and are kept
/// for the caller to judge.
fn uses(file: &Path) -> BTreeSet<String> {
    let (module, depth) = module_of(file);
    let source = code(&text(file));
    let mut names = named_after(&source, "crate::");
    names.extend(named_after(&source, "lacuna::"));
    // So many `super` lead to the crate's root. Within a module of tests one more is needed, so that these name the module itself.
    let without_tests = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    names.extend(named_after(without_tests, &"super::".repeat(depth)).into_iter().filter(|name| level(name).is_some()));
    names.remove(&module);
    names
}

#[test]
fn every_module_has_a_level() {
    let mut modules: Vec<String> = Vec::new();
    for file in ["src/lib.rs", "src/main.rs"] {
        let source = code(&text(file));
        let declared = source.lines().filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
        modules.extend(declared.map(str::to_owned));
    }
    assert!(modules.len() > 15, "{modules:?}");
    for module in &modules {
        assert!(level(module).is_some(), "module {module} is on no level: name it in LEVELS of tests/architecture.rs");
    }
    for module in LEVELS.concat() {
        assert!(module == "main" || modules.iter().any(|known| known == module), "LEVELS names {module}, which is no module");
    }
}

#[test]
fn modules_import_their_own_level_and_lower_ones_only() {
    let mut failures = Vec::new();
    for file in files("src", "rs") {
        let (module, _) = module_of(&file);
        if module == "lib" {
            continue;
        }
        let own = level(&module).unwrap_or_else(|| panic!("{} is on no level", file.display()));
        for used in uses(&file) {
            match level(&used) {
                Some(other) if other > own => {
                    failures.push(format!("{} (level {own}) uses {used} (level {other})", file.display()));
                }
                None => failures.push(format!("{} uses {used}, which is on no level", file.display())),
                Some(_) => {}
            }
        }
    }
    assert!(failures.is_empty(), "a module imports from its own level and lower ones only:\n{}", failures.join("\n"));
}

/// A kernel has two implementations, its shader and its reference. What neither is the CPU engine nor compares the two, uses no reference: rules
/// that more than a kernel needs stand in modules of their own.
#[test]
fn only_the_cpu_engine_and_the_check_use_references() {
    let may = |file: &Path| file == Path::new("src/engine/cpu.rs") || file.starts_with("src/check") || file.starts_with("src/reference");
    let users: Vec<PathBuf> = files("src", "rs").into_iter().filter(|file| uses(file).contains("reference")).collect();
    assert!(users.contains(&PathBuf::from("src/engine/cpu.rs")), "the uses are found: {users:?}");
    let others: Vec<&PathBuf> = users.iter().filter(|file| !may(file)).collect();
    assert!(others.is_empty(), "src/reference is for the CPU engine and src/check alone, but these use it: {others:?}");
}

#[test]
fn no_two_modules_need_each_other() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files("src", "rs") {
        graph.entry(module_of(&file).0).or_default().extend(uses(&file));
    }
    graph.remove("lib");
    assert!(graph["reference"].contains("model") && graph["trainer"].contains("engine"), "the imports are found: {graph:?}");
    // Modules that use no module that is still there go, until none can: what is left stands on or in a cycle.
    while let Some(free) = graph.iter().find(|(_, uses)| !uses.iter().any(|used| graph.contains_key(used))).map(|(name, _)| name.clone()) {
        graph.remove(&free);
    }
    assert!(graph.is_empty(), "these modules use each other in a circle: {graph:?}");
}

#[test]
fn imports_are_found_in_every_way_of_writing_them() {
    let source = code(
        "use crate::random::{Stream, draw}; // crate::web\nuse crate::{config::{Config, SETTINGS}, device,\n model::Model};\nlet x = crate::speed::y();\nmy_crate::z",
    );
    let names: Vec<String> = named_after(&source, "crate::").into_iter().collect();
    assert_eq!(names, ["config", "device", "model", "random", "speed"]);
    assert_eq!(module_of(Path::new("src/model.rs")), ("model".to_owned(), 1));
    assert_eq!(module_of(Path::new("src/data/mod.rs")), ("data".to_owned(), 1));
    assert_eq!(module_of(Path::new("src/data/idx.rs")), ("data".to_owned(), 2));
    assert!(uses(Path::new("src/engine/step.rs")).contains("device"));
}

/// Name, offset and size of a field.
type Field = (String, usize, usize);

/// A struct's fields as this compiler lays them out.
macro_rules! layout {
    ($type:ident: $($field:ident),+) => {{
        fn size<F>(_: fn(&$type) -> &F) -> usize {
            size_of::<F>()
        }
        let fields: Vec<Field> =
            vec![$((stringify!($field).to_owned(), offset_of!($type, $field), size(|value: &$type| &value.$field))),+];
        // Names every field, so that one that is missing above does not compile.
        let _ = |value: $type| { let $type { $($field: _),+ } = value; };
        (stringify!($type), fields, size_of::<$type>())
    }};
}

fn wgsl(source: &str) -> naga::Module {
    naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)))
}

#[test]
fn shared_structs_are_laid_out_alike_in_both_languages() {
    let module = wgsl(&text("shaders/shared/structs.wgsl"));
    let mut known = Vec::new();
    for (name, rust, rust_size) in [
        layout!(
            Group: size, gated, first_unit, first_row, united, first_group, second_group, mask_terms, capacity, unused_x, unused_y, unused_z
        ),
        layout!(
            Layer: taps, extra, group_in, group_out, inputs, outputs, first_weight, first_packed, first_gradient, split, pixels,
            first_statistic
        ),
        layout!(
            Operation: layer, group_in, group_out, group_shortcut, height_in, width_in, height_out, width_out, kernel, stride, padding,
            flags, first_square, mask, apart_in, apart_out, apart_shortcut, apart_packed, unused_x, unused_y
        ),
        layout!(
            Params: seed, mode, draw, masks, group_count, units, rows, packed, batch_size, batch_stride, layer_count, statistics, channels,
            height, width, estimator, optimizer, learn_scores, alpha, momentum, weight_decay, clip_norm, scale, streamed, effects, effect_rate, decided_score, decided_units, fill_budget, exact_information, unused_y, highest_rise, groups, layers
        ),
        layout!(Sample: row, view),
        layout!(Step: step, learning_rate, scores_rate, budget, first_correction, second_correction),
        layout!(
            State: next, slot, halted, step, loss, probe_loss, learning_rate, scores_rate, budget, first_correction, second_correction,
            clip_scale
        ),
        layout!(
            Record: step, loss, probe_loss, correct, probe_correct, sum_scores, threshold, gradient_norm, kept, probe_kept
        ),
    ] {
        let (_, found) = module.types.iter().find(|(_, found)| found.name.as_deref() == Some(name)).unwrap_or_else(|| {
            panic!("shaders/shared/structs.wgsl has no struct {name}");
        });
        let naga::TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is no struct in shaders/shared/structs.wgsl") };
        let shader: Vec<Field> = members
            .iter()
            .map(|member| {
                let size = module.types[member.ty].inner.size(module.to_ctx());
                (member.name.clone().unwrap_or_default(), member.offset as usize, size as usize)
            })
            .collect();
        assert_eq!(rust, shader, "{name}: (name, offset, size) of each field in src/shared.rs and in shaders/shared/structs.wgsl");
        assert_eq!(rust_size, *span as usize, "{name}: size, and so the stride of an array of it");
        known.push(name);
    }
    for (_, found) in module.types.iter() {
        if let (naga::TypeInner::Struct { .. }, Some(name)) = (&found.inner, &found.name) {
            assert!(known.contains(&name.as_str()), "src/shared.rs, or this test, lacks struct {name} of shaders/shared/structs.wgsl");
        }
    }
}

/// The scalar constants of a shader, by name.
fn constants(source: &str) -> BTreeMap<String, f64> {
    let module = wgsl(source);
    let value = |constant: &naga::Constant| match module.global_expressions[constant.init] {
        naga::Expression::Literal(naga::Literal::U32(value)) => Some(f64::from(value)),
        naga::Expression::Literal(naga::Literal::F32(value)) => Some(f64::from(value)),
        _ => None,
    };
    module.constants.iter().filter_map(|(_, constant)| Some((constant.name.clone()?, value(constant)?))).collect()
}

#[test]
fn constants_have_one_value_in_both_languages() {
    let estimators = Estimator::ALL.map(|of| (format!("ESTIMATOR_{}", of.name().replace('-', "_").to_uppercase()), f64::from(of.id())));
    let mut expected: BTreeMap<&str, f64> = [
        ("MOST_GROUPS", MOST_GROUPS as f64),
        ("TRAIN", f64::from(Mode::Train as u32)),
        ("EVALUATE", f64::from(Mode::Evaluate as u32)),
        ("MISSING", f64::from(MISSING)),
        ("ABSENT", f64::from(ABSENT)),
        ("RECTIFIED", f64::from(flags::RECTIFIED)),
        ("ONES", f64::from(flags::ONES)),
        ("ACCUMULATE", f64::from(flags::ACCUMULATE)),
        ("NORMALISE", f64::from(flags::NORMALISE)),
        ("JOINED", f64::from(flags::JOINED)),
        ("MEAN", f64::from(flags::MEAN)),
        ("DIVERGED", f64::from(halted::DIVERGED)),
        ("OVERFLOWED", f64::from(halted::OVERFLOWED)),
        ("BETA1", f64::from(BETA1 as f32)),
        ("BETA2", f64::from(BETA2 as f32)),
        ("DRAWN_IN_MASK", f64::from(DRAWN_IN_MASK)),
        ("DRAWN_IN_PROBE", f64::from(DRAWN_IN_PROBE)),
        ("KEPT_BY_MASK", f64::from(KEPT_BY_MASK)),
        ("KEPT_BY_PROBE", f64::from(KEPT_BY_PROBE)),
        ("STREAM_MASK", f64::from(Stream::Mask as u32)),
        ("STREAM_PROBE", f64::from(Stream::Probe as u32)),
        ("STREAM_EVALUATION", f64::from(Stream::Evaluation as u32)),
    ]
    .into();
    expected.extend(estimators.iter().map(|(name, id)| (name.as_str(), *id)));
    let whole = ["STREAM_", "ESTIMATOR_", "DRAWN_", "KEPT_"];
    let mut seen = BTreeSet::new();
    for kernel in Kernel::all() {
        let entry = kernel.entry();
        for (name, value) in [false, true].into_iter().flat_map(|software| constants(&kernel.source(software).text())) {
            if let Some((name, expected)) = expected.get_key_value(name.as_str()) {
                assert_eq!(value, *expected, "{name} in shaders/{}.wgsl or in what it imports", entry.name);
                seen.insert(*name);
            } else {
                let missing = whole.iter().any(|of| name.starts_with(of));
                assert!(
                    !missing,
                    "{name} in shaders/{}.wgsl or in what it imports has no counterpart in Rust, or not in this test",
                    entry.name
                );
            }
        }
    }
    let missing: Vec<_> = expected.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "no shader has {missing:?}");
}

#[test]
fn a_kernel_stands_in_all_of_its_four_places() {
    let table: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
    // What stands in a folder of `shaders/` is no kernel of its own; src/device/shaders.rs tests that it is in use.
    let kernels = files("shaders", "wgsl").into_iter().filter(|path| path.parent() == Some(Path::new("shaders")));
    let shaders: Vec<String> = kernels.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let reference: String = files("src/reference", "rs").iter().map(|path| code(&text(path))).collect();
    let run = code(&text("src/reference/mod.rs"));
    let step = code(&text("src/engine/step.rs"));
    let mut failures = Vec::new();
    for name in &table {
        if !shaders.iter().any(|shader| shader == name) {
            failures.push(format!("{name}: no shaders/{name}.wgsl"));
        }
        if !run.contains(&format!("\"{name}\" =>")) || !reference.contains(&format!("pub fn {name}<F: Real>(")) {
            failures.push(format!("{name}: no reference: a function of that name in src/reference/ and its line in reference::run"));
        }
        if !step.contains(&format!("(\"{name}\", Phase::")) {
            failures.push(format!("{name}: no line in the step, src/engine/step.rs"));
        }
    }
    // The other way round: what stands anywhere stands in the table.
    failures.extend(
        shaders
            .iter()
            .filter(|shader| !table.contains(&shader.as_str()))
            .map(|shader| format!("{shader}: no line in the kernels' table, src/device/table.rs")),
    );
    let quoted = |source: &str, before: &str, after: &str| -> Vec<String> {
        let starts = source.match_indices(before).map(|(at, _)| &source[at + before.len()..]);
        starts
            .filter_map(|rest| rest.split_once('"'))
            .filter(|(_, rest)| rest.starts_with(after))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    for (name, place) in quoted(&run, "\"", " =>")
        .into_iter()
        .map(|name| (name, "src/reference/mod.rs"))
        .chain(quoted(&step, "(\"", ", Phase::").into_iter().map(|name| (name, "src/engine/step.rs")))
    {
        if !table.contains(&name.as_str()) {
            failures.push(format!("{name}: named in {place}, but no line in the kernels' table, src/device/table.rs"));
        }
    }
    assert!(
        failures.is_empty(),
        "a kernel has a shader, a line in the table, a reference and a line in the step:\n{}",
        failures.join("\n")
    );
}
