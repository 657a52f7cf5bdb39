//! Writes the page's types. `generated.ts` has the structures of `types`, `columns.ts` the values of a row of the curves, and `modules.d.ts` the
//! functions of the WebAssembly modules, read from their sources. [`words`] writes the texts for translators. Tests compare them with the files in
//! `www/`.

mod words;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, FnArg, GenericArgument, ImplItem, Item, Lit, Meta, Pat, PathArguments, ReturnType, Signature, Token, Type};
use ts_rs::{Config, TS};

use super::types::{
    Bytes, CheckKernel, CheckResult, CheckScene, Checkpoint, Classified, Columns, Computes, Contributions, Cost, DataFile, DatasetIdentity,
    DatasetShape, Described, Description, Drawn, Entrant, Estimate, Evaluated, Evaluation, Example, Filters, Group, Halted, KEPT, LabBin,
    LabReport, LabRow, Layer, NextPart, OwnData, OwnSet, PROBE_KEPT, PartialStep, PhaseTime, Plan, ReadRun, Recorded, RunFacts, ScoreRange,
    Setting, SettingKind, Snapshot, Speed, StepRecord, Summary, UnitCost, Values,
};
use crate::config::{self, MethodName};
use crate::methods::Facts;
use crate::run_file::COLUMNS;
use crate::trainer::StepPart;

/// The modules of the page, as `scripts/wasm.mjs` builds them, and the features that decide which functions each has.
const MODULES: [(&str, &[&str]); 4] =
    [("lacuna", &["page"]), ("lacuna_cpu", &["page", "self-check"]), ("self_check", &["self-check"]), ("own_files", &["own-files"])];

const HEAD: &str = "// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares it.\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The facts about a method that the page needs before an engine is loaded: see `methods::Facts`.
#[derive(TS)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
struct MethodFacts {
    /// Forward passes of a training step: 1 under m, or 2 under m and m′.
    forwards: u32,
    learns_scores: bool,
    /// Whether it chooses its mask at intervals by ranking units.
    chooses: bool,
    /// Whether every unit is computed and multiplied by its mask.
    computes_all: bool,
    /// Whether its budget decreases along the schedule. Other methods have the final budget from the first step on.
    starts_whole: bool,
    /// The settings that only some methods use, this one among them.
    settings: Vec<&'static str>,
}

impl MethodFacts {
    fn of(name: MethodName) -> Self {
        let &Facts { forwards, learns_scores, computes_all, starts_whole, ranks_by, settings, .. } = name.facts();
        Self { forwards, learns_scores, chooses: ranks_by.is_some(), computes_all, starts_whole, settings: settings.to_vec() }
    }

    fn literal(&self) -> String {
        let Self { forwards, learns_scores, chooses, computes_all, starts_whole, settings } = self;
        let settings: Vec<String> = settings.iter().map(|name| format!("'{name}'")).collect();
        format!(
            "{{\n    forwards: {forwards},\n    learns_scores: {learns_scores},\n    chooses: {chooses},\n    computes_all: {computes_all},\n    \
             starts_whole: {starts_whole},\n    settings: [{}],\n  }}",
            settings.join(", ")
        )
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

/// Writes a comment in one line, or in several if it is too long for the page's sources.
fn comment(out: &mut String, depth: usize, text: &str) {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if line.len() + word.len() + 2 * depth > 150 {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    indent(out, depth);
    if let [line] = &lines[..] {
        writeln!(out, "/** {line} */").unwrap();
        return;
    }
    out.push_str("/**\n");
    for line in lines {
        indent(out, depth);
        writeln!(out, " * {line}").unwrap();
    }
    indent(out, depth);
    out.push_str(" */\n");
}

/// Formats the declaration that the derive made, with one field a line. The derive does not format it.
fn laid_out(declaration: &str) -> String {
    let (mut out, mut open, mut fresh) = (String::new(), Vec::new(), false);
    let mut rest = declaration;
    while let Some(c) = rest.chars().next() {
        if let Some((docs, after)) = rest.strip_prefix("/**").and_then(|docs| docs.split_once("*/")) {
            let text: Vec<&str> = docs.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
            if !fresh {
                out.push('\n');
            }
            comment(&mut out, open.len(), &text.join(" "));
            (rest, fresh) = (after, true);
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if fresh && c.is_whitespace() {
            continue;
        }
        if c == '}' {
            open.pop();
            if !fresh {
                out.truncate(out.trim_end().len());
                out.push('\n');
            }
            indent(&mut out, open.len());
            (out, fresh) = (out + "}", false);
            continue;
        }
        if fresh {
            indent(&mut out, open.len());
            fresh = false;
        }
        match c {
            '{' => {
                open.push(c);
                (out, fresh) = (out + "{\n", true);
            }
            ',' if open.last() == Some(&'{') => (out, fresh) = (out + ";\n", true),
            '[' | '(' | '<' => {
                open.push(c);
                out.push(c);
            }
            ']' | ')' | '>' => {
                open.pop();
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Names and declarations of these types.
macro_rules! declarations {
    ($config:expr, $($type:ty),+ $(,)?) => { [$((<$type as TS>::name($config), <$type as TS>::docs(), <$type as TS>::decl($config))),+] };
}

/// The text of `generated.ts`, and the names of its types.
fn types() -> (String, BTreeSet<String>) {
    let config = Config::new();
    #[rustfmt::skip]
    let declared = declarations!(
        &config,
        SettingKind, Setting, Values, Entrant, MethodName, MethodFacts,
        Group, Layer, Bytes, Filters, DatasetShape, Plan, Described, Computes, RunFacts, Description, DataFile,
        StepRecord, Cost, Snapshot, StepPart, PartialStep, Halted, NextPart, UnitCost, Evaluation, Evaluated, PhaseTime, Speed,
        Recorded, Checkpoint, DatasetIdentity, Columns, ReadRun,
        Drawn, Summary, ScoreRange, LabBin, Estimate, LabRow, LabReport, Example, Contributions, Classified,
        CheckKernel, CheckScene, CheckResult, OwnData, OwnSet,
    );
    let mut out = format!("{HEAD}\n");
    comment(&mut out, 0, "Bits of a unit's byte in a mask.");
    writeln!(out, "export const KEPT = {KEPT};\nexport const PROBE_KEPT = {PROBE_KEPT};\n").unwrap();
    comment(&mut out, 0, "The method of an experiment whose link has no method.");
    writeln!(out, "export const DEFAULT_METHOD: MethodName = '{}';\n", config::Config::default().method.name()).unwrap();
    comment(&mut out, 0, "The facts about each method, in the order of the controls.");
    out.push_str("export const METHOD_FACTS: Record<MethodName, MethodFacts> = {\n");
    for &name in MethodName::ALL {
        writeln!(out, "  '{}': {},", name.name(), MethodFacts::of(name).literal()).unwrap();
    }
    out.push_str("};\n\n");
    comment(&mut out, 0, "A function that receives the progress of a stage.");
    out.push_str("export type Progress = (stage: string, done: number, of: number) => void;\n");
    for (_, docs, declaration) in &declared {
        out.push('\n');
        if let Some(docs) = docs {
            let text: Vec<&str> = docs.lines().map(|line| line.trim().trim_matches(['*', '/']).trim()).collect();
            comment(&mut out, 0, &text.join(" "));
        }
        writeln!(out, "export {}", laid_out(declaration)).unwrap();
    }
    let names = declared.into_iter().map(|(name, ..)| name).chain(["Progress".to_owned()]).collect();
    (out, names)
}

/// The text of `columns.ts`. It is a file of its own, so that the bundler does not separate `generated.ts` from the modules that every page needs.
fn columns() -> String {
    let mut out = format!("{HEAD}\n");
    comment(
        &mut out,
        0,
        "The values of a row of the curves, in this order. `mean`: the mean over its steps; otherwise the value after its last step.",
    );
    let lines: Vec<String> = COLUMNS.iter().map(|(name, mean)| format!("  {{ name: '{name}', mean: {mean} }},\n")).collect();
    writeln!(out, "export const CURVES = [\n{}] as const;", lines.concat()).unwrap();
    out
}

/// A function of a module, a method of a class of it, or a constructor.
struct Function {
    docs: String,
    /// As TypeScript declares it, without `export function`.
    declaration: String,
}

#[derive(Default)]
struct Exports {
    functions: Vec<Function>,
    /// Classes with their methods, in the order of the sources.
    classes: Vec<(String, Vec<Function>)>,
    /// Types that the signatures use.
    named: BTreeSet<String>,
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// The arguments of `#[wasm_bindgen(...)]`.
fn options(attributes: &[Attribute]) -> Vec<Meta> {
    let of = |attribute: &Attribute| attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    attributes.iter().filter(|attribute| attribute.path().is_ident("wasm_bindgen")).flat_map(of).collect()
}

fn text_of(value: &Expr) -> Option<String> {
    let Expr::Lit(literal) = value else { return None };
    let Lit::Str(text) = &literal.lit else { return None };
    Some(text.value())
}

/// The documentation of an item, up to its first heading.
fn docs(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        pair.path.is_ident("doc").then(|| text_of(&pair.value)).flatten()
    };
    let lines: Vec<String> = attributes.iter().filter_map(line).take_while(|line| !line.trim_start().starts_with('#')).collect();
    lines.join(" ").trim().to_owned()
}

impl Exports {
    /// The TypeScript name of a Rust type in a signature. `in_js`: it is within `Js<...>`, so it is a type of `types`.
    fn typescript(&mut self, found: &Type, class: &str, in_js: bool) -> String {
        let array = |number: &str| {
            let name = match number {
                "u8" => "Uint8Array",
                "u32" => "Uint32Array",
                "f32" => "Float32Array",
                "f64" => "Float64Array",
                other => panic!("there is no typed array of {other}"),
            };
            name.to_owned()
        };
        let path = match found {
            Type::Tuple(tuple) if tuple.elems.is_empty() => return "void".to_owned(),
            Type::Reference(reference) => return self.typescript(&reference.elem, class, in_js),
            Type::Slice(slice) => return array(&plain_name(&slice.elem)),
            Type::Path(path) => path.path.segments.last().expect("a path has a segment"),
            _ => panic!("a type that cannot be converted to JavaScript"),
        };
        let name = path.ident.to_string();
        let inner = || match &path.arguments {
            PathArguments::AngleBracketed(list) => match list.args.first() {
                Some(GenericArgument::Type(inner)) => inner,
                _ => panic!("{name} of what?"),
            },
            _ => panic!("{name} of what?"),
        };
        match name.as_str() {
            "String" | "str" => "string".to_owned(),
            "bool" => "boolean".to_owned(),
            "u8" | "u32" | "f32" | "f64" => "number".to_owned(),
            "Self" => class.to_owned(),
            "Result" | "Box" => self.typescript(inner(), class, in_js),
            "Js" => self.typescript(inner(), class, true),
            "Vec" if in_js => format!("Array<{}>", self.typescript(inner(), class, true)),
            // wasm-bindgen passes strings in a plain array.
            "Vec" if plain_name(inner()) == "String" => "string[]".to_owned(),
            "TypedArray" | "Vec" => array(&plain_name(inner())),
            // A parameter may be omitted, so it is `undefined`.
            "Option" => format!("{} | {}", self.typescript(inner(), class, in_js), if in_js { "null" } else { "undefined" }),
            _ => {
                self.named.insert(name.clone());
                name
            }
        }
    }

    fn add(&mut self, class: Option<&str>, attributes: &[Attribute], signature: &Signature) {
        let own = class.unwrap_or_default();
        let mut is_static = class.is_some();
        let mut parameters = Vec::new();
        for input in &signature.inputs {
            let FnArg::Typed(input) = input else {
                is_static = false;
                continue;
            };
            let Pat::Ident(name) = &*input.pat else { panic!("{}: a parameter without a name", signature.ident) };
            let declared = options(&input.attrs).into_iter().find_map(|option| match option {
                Meta::NameValue(pair) if pair.path.is_ident("unchecked_param_type") => text_of(&pair.value),
                _ => None,
            });
            let found = declared.unwrap_or_else(|| self.typescript(&input.ty, own, false));
            self.named
                .extend(found.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned));
            parameters.push(match found.strip_suffix(" | undefined") {
                Some(found) => format!("{}?: {found}", name.ident),
                None => format!("{}: {found}", name.ident),
            });
        }
        let returned = match &signature.output {
            ReturnType::Default => "void".to_owned(),
            ReturnType::Type(_, found) => self.typescript(found, own, false),
        };
        let is_constructor = options(attributes).iter().any(|option| option.path().is_ident("constructor"));
        let declaration = if is_constructor {
            format!("constructor({});", parameters.join(", "))
        } else {
            let returned = if signature.asyncness.is_some() { format!("Promise<{returned}>") } else { returned };
            format!("{}{}({}): {returned};", if is_static { "static " } else { "" }, signature.ident, parameters.join(", "))
        };
        let function = Function { docs: docs(attributes), declaration };
        let Some(class) = class else {
            self.functions.push(function);
            return;
        };
        match self.classes.iter_mut().find(|(name, _)| name == class) {
            Some((_, methods)) => methods.push(function),
            None => self.classes.push((class.to_owned(), vec![function])),
        }
    }

    /// Adds the functions that a file of `src/web` exports to JavaScript.
    fn read(&mut self, file: &Path) {
        let source = syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap();
        for item in &source.items {
            match item {
                Item::Fn(item) if has(&item.attrs, "wasm_bindgen") => self.add(None, &item.attrs, &item.sig),
                Item::Impl(item) if has(&item.attrs, "wasm_bindgen") => {
                    let class = plain_name(&item.self_ty);
                    for item in &item.items {
                        match item {
                            ImplItem::Fn(item) if matches!(item.vis, syn::Visibility::Public(_)) => {
                                self.add(Some(&class), &item.attrs, &item.sig);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn write(&self, out: &mut String, module: &str, types: &BTreeSet<String>) {
        writeln!(out, "\ndeclare module '*/pkg/{module}.js' {{").unwrap();
        let arrays = ["Uint8Array", "Uint32Array", "Float32Array", "Float64Array"];
        for name in &self.named {
            if types.contains(name) {
                writeln!(out, "  type {name} = import('./generated').{name};").unwrap();
            } else {
                let is_class = self.classes.iter().any(|(class, _)| class == name);
                assert!(
                    is_class || arrays.contains(&name.as_str()),
                    "{name} is not a type of src/web/types: add it to `types` in generate.rs"
                );
            }
        }
        out.push('\n');
        comment(out, 1, "Loads the module.");
        out.push_str("  export default function init(options: { module_or_path: string }): Promise<unknown>;\n");
        for Function { docs, declaration } in &self.functions {
            comment(out, 1, docs);
            writeln!(out, "  export function {declaration}").unwrap();
        }
        for (class, methods) in &self.classes {
            writeln!(out, "  export class {class} {{").unwrap();
            if !methods.iter().any(|method| method.declaration.starts_with("constructor")) {
                out.push_str("    private constructor();\n");
            }
            for Function { docs, declaration } in methods {
                comment(out, 2, docs);
                writeln!(out, "    {declaration}").unwrap();
            }
            comment(out, 2, "Frees its memory. The object must not be used afterwards.");
            out.push_str("    free(): void;\n  }\n");
        }
        out.push_str("}\n");
    }
}

/// The name of a type without arguments.
fn plain_name(found: &Type) -> String {
    match found {
        Type::Path(path) => path.path.segments.last().expect("a path has a segment").ident.to_string(),
        Type::Slice(slice) => plain_name(&slice.elem),
        _ => panic!("a type without a name"),
    }
}

/// The text of `modules.d.ts`.
fn modules(types: &BTreeSet<String>) -> String {
    let folder = root().join("src/web");
    let interface = syn::parse_file(&fs::read_to_string(folder.join("mod.rs")).unwrap()).unwrap();
    let mut out = HEAD.to_owned();
    for (module, features) in MODULES {
        let mut exports = Exports::default();
        for item in &interface.items {
            let Item::Mod(item) = item else { continue };
            let conditions: String =
                item.attrs.iter().filter_map(|attribute| attribute.meta.require_list().ok()).map(|list| list.tokens.to_string()).collect();
            if features.iter().any(|feature| conditions.contains(&format!("\"{feature}\""))) {
                exports.read(&folder.join(format!("{}.rs", item.ident)));
            }
        }
        exports.write(&mut out, module, types);
    }
    out
}

#[test]
fn the_generated_types_of_the_page_are_current() {
    let (types, names) = types();
    let files =
        [("www/protocol/generated.ts", types), ("www/protocol/columns.ts", columns()), ("www/protocol/modules.d.ts", modules(&names))];
    for (file, text) in files {
        compare(file, &text);
    }
}

/// Compares a file with its sources, or writes it.
fn compare(file: &str, text: &str) {
    let path = root().join(file);
    if env::var_os("LACUNA_GENERATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{file} differs from the sources: write it again with `npm run generate`");
}

#[test]
fn a_declaration_is_formatted_with_one_field_a_line() {
    let declaration = "type A = { \n/**\n * One, or\n * two.\n */\nb: Array<[string, number]>, c: { d: number, }, };";
    let expected = "type A = {\n  /** One, or two. */\n  b: Array<[string, number]>;\n  c: {\n    d: number;\n  };\n};";
    assert_eq!(laid_out(declaration), expected);
}

#[test]
fn rust_signatures_are_converted_to_typescript() {
    let source = "#[wasm_bindgen] impl Run {
        /// Begins.
        ///
        /// # Errors
        /// None.
        pub async fn open(query: &str, #[wasm_bindgen(unchecked_param_type = \"Told\")] told: Function, name: Option<String>) -> Result<Run, E> {}
        pub fn feed(&mut self, bytes: &[u8], floats: Vec<f32>, sizes: Option<Box<[u32]>>) {}
        pub fn left(&self) -> Result<Js<Option<Vec<Part>>>, E> {}
        pub fn names(&self) -> Vec<String> {}
        fn own(&self) {}
    }";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.rs"), source).unwrap();
    let mut exports = Exports::default();
    exports.read(&folder.path().join("run.rs"));
    let (class, methods) = &exports.classes[0];
    let declared: Vec<&str> = methods.iter().map(|method| method.declaration.as_str()).collect();
    let expected = [
        "static open(query: string, told: Told, name?: string): Promise<Run>;",
        "feed(bytes: Uint8Array, floats: Float32Array, sizes?: Uint32Array): void;",
        "left(): Array<Part> | null;",
        "names(): string[];",
    ];
    assert_eq!((class.as_str(), methods[0].docs.as_str(), declared), ("Run", "Begins.", expected.to_vec()));
    assert!(["Part", "Run", "Told"].iter().all(|name| exports.named.contains(*name)), "{:?}", exports.named);
}
