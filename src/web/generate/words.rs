//! Writes `www/words/engine.json`: the English texts of the engine that the page shows, in order, for the tables of other languages. Values are
//! {0}, {1} and so on. Names come from the tables of the program; messages are read from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, Block, Expr, ExprCall, ExprIf, ExprLit, ExprMethodCall, ImplItemFn, ItemConst, ItemEnum, ItemFn, ItemMod, Lit, LitStr,
    Macro, Stmt, Token, Variant,
};

use super::{has, root};
use crate::check::scene_names;
use crate::config::{Kind, SETTINGS};
use crate::engine::Phase;
use crate::estimator_lab::{Rule, Verdict};
use crate::model::{Image, Model};

/// Sources whose texts the page shows: all of them, or those of errors only.
const SOURCES: [(&str, Part); 30] = [
    ("src/animation.rs", Part::Errors),
    ("src/check/compare.rs", Part::All),
    ("src/check/mod.rs", Part::All),
    ("src/config.rs", Part::All),
    ("src/data/error/mod.rs", Part::All),
    ("src/data/error/own.rs", Part::All),
    ("src/data/own/files.rs", Part::All),
    ("src/data/own/foreign.rs", Part::All),
    ("src/data/own/import.rs", Part::All),
    ("src/data/own/mod.rs", Part::All),
    ("src/data/own/plan.rs", Part::All),
    ("src/data/own/words.rs", Part::All),
    ("src/data/photos.rs", Part::All),
    ("src/data/picture.rs", Part::All),
    ("src/data/table/levels.rs", Part::All),
    ("src/data/table/mod.rs", Part::All),
    ("src/data/table/notes.rs", Part::All),
    ("src/data/table/survey.rs", Part::All),
    ("src/data/table/text.rs", Part::All),
    ("src/device/adapter.rs", Part::All),
    ("src/device/gpu.rs", Part::All),
    ("src/device/variants.rs", Part::Errors),
    ("src/engine/buffers.rs", Part::All),
    ("src/model/counts.rs", Part::All),
    ("src/model/error.rs", Part::All),
    ("src/model/places.rs", Part::All),
    ("src/pins.rs", Part::All),
    ("src/run_file/error.rs", Part::All),
    ("src/trainer/error.rs", Part::All),
    ("src/web", Part::All),
];

/// Sources of the terminal alone.
const OF_THE_TERMINAL: [&str; 3] = ["src/cli/", "src/export/", "src/data/error/native.rs"];

/// Networks that have every name of a group of units.
const NETWORKS: [&str; 6] = ["mlp-8-8", "cnn-8-8", "vgg16", "resnet8", "wrn-10-1", "mobilenet-8"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Errors,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A value, by its name if it has one: the same name twice is one value.
    Value(Option<String>),
}

/// A text and its values.
type Template = Vec<Piece>;

fn value() -> Vec<Template> {
    vec![vec![Piece::Value(None)]]
}

fn text(words: &str) -> Template {
    if words.is_empty() { Vec::new() } else { vec![Piece::Text(words.to_owned())] }
}

/// Every way to begin with one of the first and go on with one of the second.
fn product(first: &[Template], second: &[Template]) -> Vec<Template> {
    first.iter().flat_map(|before| second.iter().map(|after| before.iter().chain(after).cloned().collect())).collect()
}

fn key(template: &Template) -> String {
    let (mut key, mut names, mut count) = (String::new(), BTreeMap::new(), 0);
    for piece in template {
        match piece {
            Piece::Text(text) => key.push_str(text),
            Piece::Value(name) => {
                let number = name.as_ref().and_then(|name| names.get(name).copied()).unwrap_or(count);
                if number == count {
                    count += 1;
                    names.extend(name.clone().map(|name| (name, number)));
                }
                write!(key, "{{{number}}}").unwrap();
            }
        }
    }
    key
}

/// The texts that an expression can be: those of its branches. What is not written in the source is a value.
fn texts_of(expression: &Expr) -> Vec<Template> {
    let mut found = match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(words), .. }) => vec![text(&words.value())],
        Expr::Paren(inner) => texts_of(&inner.expr),
        Expr::Reference(inner) => texts_of(&inner.expr),
        Expr::MethodCall(call) if call.method == "noun" => vec![text("images"), text("labels")],
        Expr::MethodCall(call) if ["to_owned", "to_string"].iter().any(|name| call.method == name) => texts_of(&call.receiver),
        Expr::Call(call) => texts_of_call(call),
        Expr::Macro(call) if call.mac.path.is_ident("format") => texts_of_format(&call.mac).map_or_else(value, |(found, _)| found),
        Expr::If(branches) => match &branches.else_branch {
            Some((_, otherwise)) => [texts_of_block(&branches.then_branch), texts_of(otherwise)].concat(),
            None => value(),
        },
        Expr::Match(branches) => branches.arms.iter().filter(|arm| !is_native(&arm.attrs)).flat_map(|arm| texts_of(&arm.body)).collect(),
        Expr::Block(block) => texts_of_block(&block.block),
        _ => value(),
    };
    found.dedup();
    found
}

fn texts_of_block(block: &Block) -> Vec<Template> {
    match &block.stmts[..] {
        [Stmt::Expr(only, None)] => texts_of(only),
        // A macro with braces or at the end of a block is no expression for the parser.
        [Stmt::Macro(only)] if only.mac.path.is_ident("format") => texts_of_format(&only.mac).map_or_else(value, |(found, _)| found),
        _ => value(),
    }
}

fn texts_of_call(call: &ExprCall) -> Vec<Template> {
    let Expr::Path(function) = &*call.func else { return value() };
    let name: Vec<String> = function.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let name: Vec<&str> = name.iter().map(String::as_str).collect();
    match (&name[..], &call.args.iter().collect::<Vec<_>>()[..]) {
        (["String", "new"], _) => vec![Vec::new()],
        (["plural"], [_, Expr::Lit(ExprLit { lit: Lit::Str(noun), .. })]) => {
            vec![text(&format!("1 {}", noun.value())), vec![Piece::Value(None), Piece::Text(format!(" {}s", noun.value()))]]
        }
        _ => value(),
    }
}

/// The texts of `format!` and its like, and its arguments.
fn texts_of_format(call: &Macro) -> Option<(Vec<Template>, Vec<Expr>)> {
    let arguments: Vec<Expr> = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated).ok()?.into_iter().collect();
    let skipped = usize::from(!call.path.is_ident("format"));
    let Some(Expr::Lit(ExprLit { lit: Lit::Str(words), .. })) = arguments.get(skipped) else { return None };
    Some((texts_of_words(&words.value(), &arguments[skipped + 1..]), arguments))
}

/// The texts of a format and its arguments.
fn texts_of_words(words: &str, arguments: &[Expr]) -> Vec<Template> {
    let (mut found, mut next) = (vec![Vec::new()], 0);
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        assert!(!after.starts_with('{') && !before.contains('}'), "{words}: a brace in a text cannot be told from a value");
        let (place, after) = after.split_once('}').expect("a format closes its braces");
        let name = place.split(':').next().unwrap_or_default();
        let named = arguments.iter().find_map(|argument| match argument {
            Expr::Assign(pair) if matches!(&*pair.left, Expr::Path(path) if path.path.is_ident(name)) => Some(&*pair.right),
            _ => None,
        });
        let argument = if name.is_empty() {
            next += 1;
            arguments.get(next - 1)
        } else {
            named
        };
        let texts = argument.map_or_else(value, texts_of);
        let named = [vec![Piece::Value((!name.is_empty()).then(|| name.to_owned()))]];
        found = product(&product(&found, &[text(before)]), if texts == value() { &named } else { &texts });
        rest = after;
    }
    product(&found, &[text(rest)])
}

/// Whether an item is compiled for tests or for the terminal only.
fn is_native(attributes: &[Attribute]) -> bool {
    let conditions =
        attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).filter_map(|attribute| attribute.meta.require_list().ok());
    let mut conditions = conditions.map(|list| list.tokens.to_string().replace(' ', ""));
    has(attributes, "test") || conditions.any(|condition| condition == "test" || condition == "not(target_arch=\"wasm32\")")
}

/// Collects the texts of a source.
struct Texts {
    part: Part,
    keys: BTreeSet<String>,
}

impl Texts {
    /// A message: it has a word, or its values stand between punctuation, as in "{0}: {1}. {2}.".
    fn add(&mut self, template: &Template) {
        let key = key(template);
        let between: String = template.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "" }).collect();
        let letters = between.chars().filter(|letter| letter.is_alphabetic()).count();
        if letters > 1 || letters == 0 && [", ", ": ", ". "].iter().any(|mark| between.contains(mark)) {
            assert_eq!(key, key.trim(), "a text for translators begins and ends with a word or a value");
            self.keys.insert(key);
        }
    }

    /// The texts of a format, and those that are made in its arguments.
    fn add_format(&mut self, templates: &[Template], arguments: &[Expr]) {
        for template in templates {
            self.add(template);
        }
        arguments.iter().filter(|argument| texts_of(argument) == value()).for_each(|value| self.visit_expr(value));
    }
}

/// Visits an item unless it is of tests or of the terminal.
macro_rules! unless_native {
    ($($visit:ident: $type:ty;)+) => {
        $(fn $visit(&mut self, item: &'ast $type) {
            if !is_native(&item.attrs) {
                visit::$visit(self, item);
            }
        })+
    };
}

impl<'ast> Visit<'ast> for Texts {
    unless_native! {
        visit_item_mod: ItemMod;
        visit_item_fn: ItemFn;
        visit_item_const: ItemConst;
        visit_item_enum: ItemEnum;
        visit_impl_item_fn: ImplItemFn;
        visit_variant: Variant;
        visit_arm: Arm;
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if !attribute.path().is_ident("error") || attribute.parse_args::<syn::Ident>().is_ok() {
            return;
        }
        let all = |input: ParseStream<'_>| {
            let words: LitStr = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok((words, Punctuated::<Expr, Token![,]>::parse_terminated(input)?.into_iter().collect::<Vec<_>>()))
        };
        // An argument such as `.0` is no expression: then all are values.
        let words_alone = |input: ParseStream<'_>| {
            let words: LitStr = input.parse()?;
            while !input.is_empty() {
                input.step(|cursor| Ok(((), cursor.token_tree().expect("the input is not at its end").1)))?;
            }
            Ok((words, Vec::new()))
        };
        let (words, arguments) =
            attribute.parse_args_with(all).or_else(|_| attribute.parse_args_with(words_alone)).expect("a message begins with its words");
        self.add_format(&texts_of_words(&words.value(), &arguments), &arguments);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let is = |names: &[&str]| names.iter().any(|name| call.path.is_ident(name));
        if self.part == Part::Errors {
            return;
        }
        if is(&["format", "write", "writeln"]) {
            let (templates, arguments) = texts_of_format(call).expect("a format has its words in its place");
            self.add_format(&templates, &arguments);
        } else if is(&["vec"])
            && let Ok(values) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            values.iter().for_each(|value| self.visit_expr(value));
        }
    }

    /// A literal of several words is a message; one of a single word may be a name of anything.
    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        let words = literal.value();
        if self.part == Part::All && words.trim().contains(' ') && words == words.trim() {
            self.add(&text(&words));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "expect" {
            self.visit_expr(&call.receiver);
        } else {
            visit::visit_expr_method_call(self, call);
        }
    }

    /// The stages of work, which a progress bar names, may be single words.
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("report")) && self.part == Part::All {
            call.args.iter().flat_map(texts_of).for_each(|template| self.add(&template));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_if(&mut self, branches: &'ast ExprIf) {
        let of_page = matches!(&*branches.cond, Expr::Macro(condition)
            if condition.mac.path.is_ident("cfg") && condition.mac.tokens.to_string().replace(' ', "") == "target_arch=\"wasm32\"");
        if of_page {
            self.visit_block(&branches.then_branch);
        } else {
            visit::visit_expr_if(self, branches);
        }
    }
}

fn texts_of_source(source: &str, part: Part) -> BTreeSet<String> {
    let mut texts = Texts { part, keys: BTreeSet::new() };
    texts.visit_file(&syn::parse_file(source).unwrap());
    texts.keys
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rs")
}

/// The files of `SOURCES`.
fn files() -> Vec<(String, Part)> {
    let mut files = Vec::new();
    for (path, part) in SOURCES {
        if root().join(path).is_dir() {
            let entries = fs::read_dir(root().join(path)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let sources = entries.filter(|name| is_rust(Path::new(name)) && name != "generate.rs");
            files.extend(sources.map(|name| (format!("{path}/{name}"), part)));
        } else {
            files.push((path.to_owned(), part));
        }
    }
    files
}

/// The names that the page shows as the program gives them.
fn names() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = SETTINGS.iter().flat_map(|setting| [setting.label, setting.help]).map(str::to_owned).collect();
    for setting in SETTINGS {
        if let Kind::Choice(choices) = setting.kind {
            names.extend(choices.iter().map(|(_, label)| (*label).to_owned()));
        }
    }
    names.extend(Phase::ALL.map(|phase| phase.name().to_owned()));
    names.extend(Rule::ALL.map(|rule| rule.name().to_owned()));
    names.extend(Verdict::ALL.map(|verdict| verdict.words().to_owned()));
    names.extend(scene_names().map(str::to_owned));
    for network in NETWORKS {
        let model = Model::new(network, Image { channels: 3, height: 32, width: 32 }, 10, true).unwrap();
        names.extend(model.groups.iter().map(|group| numbered(&group.name)));
    }
    names
}

/// The name of a group with a value for each of its numbers: `1.2 conv 3` is `{0} conv {1}`.
fn numbered(name: &str) -> String {
    let is_number = |word: &&str| word.starts_with(|letter: char| letter.is_ascii_digit());
    let mut numbers = 0..;
    let words = name.split(' ').map(|word| if is_number(&word) { format!("{{{}}}", numbers.next().unwrap_or(0)) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_texts_of_the_engine_for_translators_are_current() {
    let mut keys = names();
    for (file, part) in files() {
        keys.extend(texts_of_source(&fs::read_to_string(root().join(file)).unwrap(), part));
    }
    let lines: Vec<String> = keys.iter().map(|key| format!("  {}", serde_json::to_string(key).unwrap())).collect();
    super::compare("www/words/engine.json", &format!("[\n{}\n]\n", lines.join(",\n")));
}

#[test]
fn every_error_of_the_library_has_its_texts_for_translators() {
    let listed: BTreeSet<String> = files().into_iter().map(|(file, _)| file).collect();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if is_rust(&path) && !name.starts_with("src/web/generate") && !OF_THE_TERMINAL.iter().any(|each| name.starts_with(each))
            {
                let has_errors = fs::read_to_string(path).unwrap().contains("#[error(");
                assert!(!has_errors || listed.contains(&name), "{name} has errors: name it in SOURCES of src/web/generate/words.rs");
            }
        }
    }
}

#[test]
fn texts_are_found_in_messages_branches_and_formats() {
    let source = r#"
        #[error("model \"{model}\" {problem}")]
        struct A;
        enum B {
            #[error("{a} of {b} in {a}: {}", if *x { "one" } else { "two" })]
            One,
            #[error("it has {}", plural(rows - 1, "row"))]
            Two,
            #[error("{rows} records are {} bytes", .0.bytes())]
            Three,
            #[error(transparent)]
            Four(C),
            #[error("{0}")]
            Five(String),
            #[cfg(not(target_arch = "wasm32"))]
            #[error("only in the terminal")]
            Six,
        }
        fn f() {
            let _ = ("single", "two words", x.expect("no message"));
            let _ = format!("{}: {}. {}.", a(), match b { C => "unpack it".to_owned(), D => d() }, e.map(|e| format!("column {e}")));
            let _ = if cfg!(target_arch = "wasm32") { "for the page" } else { "for the terminal" };
            report(&progress, "testing", done, of);
        }
        #[cfg(test)]
        mod tests { fn g() { h("of a test"); } }
    "#;
    let all = [
        "column {0}",
        "for the page",
        "it has 1 row",
        "it has {0} rows",
        "model \"{0}\" {1}",
        "testing",
        "two words",
        "{0} of {1} in {0}: one",
        "{0} of {1} in {0}: two",
        "{0} records are {1} bytes",
        "{0}: unpack it. {1}.",
        "{0}: {1}. {2}.",
    ];
    assert_eq!(texts_of_source(source, Part::All).iter().map(String::as_str).collect::<Vec<_>>(), all);
    let of_errors = texts_of_source(source, Part::Errors);
    assert!(of_errors.contains("it has 1 row") && !of_errors.contains("two words") && !of_errors.contains("column {0}"), "{of_errors:?}");
    assert_eq!(["1.2 conv 3", "inputs"].map(numbered), ["{0} conv {1}", "inputs"]);
}
