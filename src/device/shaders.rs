//! The source of a kernel: its file of `shaders/`, after each file that it imports, once.
//!
//! A line `// #import NAME` imports `shaders/shared/NAME.wgsl`, which may import others. WGSL treats the line as a comment. So editors read every
//! file as plain WGSL, no line has to be removed, and a line of the source is a line of a file. (`naga_oil` and vello write `#import` without the
//! comment and remove the lines.)
//!
//! Other comments are removed at compile time, because a page downloads the sources; lines keep their numbers. For the page the indentation and spaces
//! beside operators are removed too: there, places in messages are numbers of lines only.
//!
//! On an adapter that computes on the CPU, a file of `shaders/software/` replaces the one with the same name. A variant of a kernel has files that replace
//! others, and constants that come first.

use std::fmt;

use super::variants::{Variant, constants};

/// A file of `shaders/`.
#[derive(Clone, Copy, Debug)]
pub struct ShaderFile {
    pub folder: &'static str,
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! file {
    ($folder:literal, $name:ident) => {
        $crate::device::shaders::ShaderFile {
            folder: $folder,
            name: stringify!($name),
            text: {
                const FILE: &str = include_str!(concat!("../../", $folder, stringify!($name), ".wgsl"));
                const CODE: [u8; $crate::device::shaders::code_length(FILE)] = $crate::device::shaders::code(FILE);
                match std::str::from_utf8(&CODE) {
                    Ok(code) => code,
                    Err(_) => unreachable!(),
                }
            },
        }
    };
}
pub(super) use file;

macro_rules! files {
    ($folder:literal: $($name:ident)+) => { &[$(file!($folder, $name)),+] };
}

/// The files that kernels import.
const SHARED: &[ShaderFile] = files!("shaders/shared/":
    candidate_sums cell_rows cells convolve_store convolve_tap d_activations_store d_weights_store dealing dispatch finite four_rows gradient_parts
    gradient_rows multiply_add normalisation quads squares structs sums_narrow sums_square sums_wide tap threefry tile_images tiles
);

/// The files that replace a file with the same name on an adapter that computes on the CPU.
const SOFTWARE: &[ShaderFile] = files!("shaders/software/":
    candidate_sums dealing squares
);

const IMPORT: &str = "// #import ";

/// Where the code of the line that begins at `start` ends: before its comment and the spaces before that. An import is code. And where the line ends.
const fn line_ends(text: &[u8], start: usize) -> [usize; 2] {
    let import = IMPORT.as_bytes();
    let (mut end, mut comment) = (start, None);
    while end < text.len() && text[end] != b'\n' {
        if comment.is_none() && text[end] == b'/' && end + 1 < text.len() && text[end + 1] == b'/' {
            comment = Some(end);
        }
        end += 1;
    }
    let Some(mut code) = comment else { return [end, end] };
    let mut same = 0;
    while code == start && same < import.len() && start + same < end && text[start + same] == import[same] {
        same += 1;
    }
    if same == import.len() {
        return [end, end];
    }
    while code > start && text[code - 1] == b' ' {
        code -= 1;
    }
    [code, end]
}

/// Where the code of the line that begins at `start` and ends at `end` begins.
const fn line_begins(text: &[u8], start: usize, end: usize) -> usize {
    let mut begin = start;
    while cfg!(target_arch = "wasm32") && begin < end && text[begin] == b' ' {
        begin += 1;
    }
    begin
}

/// Whether the space at `at` in a line from `begin` to `end` stands between two tokens that are told apart without it. Two equal signs are not: `a - -b`.
const fn is_needless(text: &[u8], begin: usize, at: usize, end: usize) -> bool {
    // An import stays as it is.
    if text[at] != b' ' || text[begin] == b'/' || at + 1 >= end {
        return false;
    }
    let (before, after) = (text[at - 1], text[at + 1]);
    !(is_word(before) && is_word(after)) && before != after
}

const fn is_word(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || letter == b'_'
}

/// Bytes of a source without its comments.
pub(super) const fn code_length(source: &str) -> usize {
    let text = source.as_bytes();
    let (mut length, mut start) = (0, 0);
    while start < text.len() {
        let [code, end] = line_ends(text, start);
        let begin = line_begins(text, start, code);
        let mut at = begin;
        while at < code {
            length += if cfg!(target_arch = "wasm32") && is_needless(text, begin, at, code) { 0 } else { 1 };
            at += 1;
        }
        length += if end < text.len() { 1 } else { 0 };
        start = end + 1;
    }
    length
}

/// A source without its comments, of [`code_length`] bytes.
pub(super) const fn code<const LENGTH: usize>(source: &str) -> [u8; LENGTH] {
    let text = source.as_bytes();
    let (mut found, mut length, mut start) = ([0; LENGTH], 0, 0);
    while start < text.len() {
        let [code, end] = line_ends(text, start);
        let begin = line_begins(text, start, code);
        let mut at = begin;
        while at < code {
            if !(cfg!(target_arch = "wasm32") && is_needless(text, begin, at, code)) {
                found[length] = text[at];
                length += 1;
            }
            at += 1;
        }
        if end < text.len() {
            found[length] = b'\n';
            length += 1;
        }
        start = end + 1;
    }
    found
}

/// The characters before a place in a message of wgpu or naga.
const PLACE: &str = "┌─ ";

impl ShaderFile {
    /// The names that it imports.
    fn imports(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().filter_map(|line| line.strip_prefix(IMPORT))
    }
}

/// Its path in the repository.
impl fmt::Display for ShaderFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.wgsl", self.folder, self.name)
    }
}

/// An import that cannot be resolved.
#[derive(Debug)]
enum ImportError {
    /// There is no shared file of that name.
    Unknown { file: &'static ShaderFile, name: &'static str },
    /// The file of that name needs `file` itself.
    Circle { file: &'static ShaderFile, name: &'static str },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { file, name } => write!(f, "{file} imports {name}, and there is no shaders/shared/{name}.wgsl"),
            Self::Circle { file, name } => write!(f, "{file} imports {name}, which needs {file}"),
        }
    }
}

/// The source of a kernel: its files in order, each with a different name.
#[derive(Clone, Debug)]
pub struct KernelSource {
    /// The first line: constants of the adapter and of the variant.
    constants: String,
    files: Vec<&'static ShaderFile>,
}

/// The files that an import is looked for in, in this order.
#[derive(Clone, Copy)]
struct Lists {
    /// Those of a variant, which replace the files of these names.
    variant: &'static [(&'static str, ShaderFile)],
    software: &'static [ShaderFile],
    shared: &'static [ShaderFile],
}

impl Lists {
    /// The file that replaces the one with this name.
    fn replacing(&self, name: &str) -> Option<&'static ShaderFile> {
        let variant = self.variant.iter().find(|(replaced, _)| *replaced == name).map(|(_, file)| file);
        variant.or_else(|| self.software.iter().find(|file| file.name == name))
    }
}

impl KernelSource {
    /// The source of the kernel in the file `kernel`, in a variant if it has several. `software`: for an adapter that computes on the CPU.
    pub(super) fn new(kernel: &'static ShaderFile, software: bool, variant: Option<&Variant>) -> Self {
        let lists = Lists {
            variant: variant.map_or(&[], |variant| variant.files),
            software: if software { SOFTWARE } else { &[] },
            shared: SHARED,
        };
        let constants = constants(software, variant);
        let Ok(source) = Self::resolve(kernel, constants, lists) else { unreachable!("a test resolves the imports of every kernel") };
        source
    }

    fn resolve(kernel: &'static ShaderFile, constants: String, lists: Lists) -> Result<Self, ImportError> {
        let mut source = Self { constants, files: Vec::new() };
        source.add(lists.replacing(kernel.name).unwrap_or(kernel), lists, &mut Vec::new())?;
        Ok(source)
    }

    /// Adds the imports of `file` and then the file. `open` has the names of the files whose imports are being added.
    fn add(&mut self, file: &'static ShaderFile, lists: Lists, open: &mut Vec<&'static str>) -> Result<(), ImportError> {
        open.push(file.name);
        for name in file.imports() {
            if open.contains(&name) {
                return Err(ImportError::Circle { file, name });
            }
            let shared = || lists.shared.iter().find(|file| file.name == name);
            let imported = lists.replacing(name).or_else(shared).ok_or(ImportError::Unknown { file, name })?;
            if !self.files.iter().any(|added| std::ptr::eq(*added, imported)) {
                self.add(imported, lists, open)?;
            }
        }
        open.pop();
        self.files.push(file);
        Ok(())
    }

    /// The WGSL.
    #[must_use]
    pub fn text(&self) -> String {
        std::iter::once(self.constants.as_str()).chain(self.files.iter().map(|file| file.text)).collect()
    }

    /// A message of wgpu or naga in which each place in the source, `┌─ NAME:LINE`, is replaced by the file and its line.
    #[must_use]
    pub fn with_places(&self, message: &str) -> String {
        let mut parts = message.split(PLACE);
        let first = parts.next().unwrap_or_default().to_owned();
        let others = parts.map(|part| {
            let (_, place) = part.split_once(':').unwrap_or_default();
            let rest = place.trim_start_matches(|c: char| c.is_ascii_digit());
            match place[..place.len() - rest.len()].parse().ok().and_then(|line| self.place(line)) {
                Some((file, line)) => format!("{PLACE}{file}:{line}{rest}"),
                None => format!("{PLACE}{part}"),
            }
        });
        std::iter::once(first).chain(others).collect()
    }

    /// The file of a line of the source, and its number in the file; both counted from 1.
    fn place(&self, line: usize) -> Option<(&'static ShaderFile, usize)> {
        let mut left = line.checked_sub(1 + self.constants.lines().count())?;
        for file in &self.files {
            let lines = file.text.lines().count();
            if left < lines {
                return Some((file, left + 1));
            }
            left -= lines;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kernel;
    use super::super::table::TABLE;
    use super::super::variants::Product;
    use super::*;

    const fn made(folder: &'static str, name: &'static str, text: &'static str) -> ShaderFile {
        ShaderFile { folder, name, text }
    }

    static SHARED_HERE: [ShaderFile; 4] = [
        made("shared/", "a", "// #import b\n// #import c\na\n"),
        made("shared/", "b", "// #import c\nb\n"),
        made("shared/", "c", "c\n"),
        made("shared/", "d", "// #import e\nd\n"),
    ];

    static KERNELS: [ShaderFile; 5] = [
        made("", "no_import", "none\n"),
        made("", "of_a", "// #import a\n"),
        made("", "of_c_and_b", "// #import c\n// #import b\n"),
        made("", "of_d", "// #import d\n"),
        made("", "of_f", "// #import f\n"),
    ];

    fn resolve(kernel: &str, software: &'static [ShaderFile]) -> Result<KernelSource, ImportError> {
        let lists = Lists { variant: &[], software, shared: &SHARED_HERE };
        KernelSource::resolve(KERNELS.iter().find(|file| file.name == kernel).unwrap(), "constants\n".to_owned(), lists)
    }

    fn places(kernel: &str, software: &'static [ShaderFile]) -> Vec<String> {
        resolve(kernel, software).unwrap().files.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn comments_are_removed_but_imports_and_the_numbers_of_lines_stay() {
        const FILE: &str =
            "// what it does\n// #import quads\n\nlet a = 1; // one\nlet b = a / 2;\n    // alone\n  // #import none\nlet c = 3;";
        const CODE: [u8; code_length(FILE)] = code(FILE);
        assert_eq!(std::str::from_utf8(&CODE).unwrap(), "\n// #import quads\n\nlet a = 1;\nlet b = a / 2;\n\n\nlet c = 3;");
        for file in SHARED.iter().chain(SOFTWARE).chain(&of_variants()) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file.to_string());
            let whole = std::fs::read_to_string(path).unwrap();
            assert_eq!(file.text.lines().count(), whole.lines().count(), "{file}");
            assert!(file.text.lines().all(|line| !line.contains("//") || line.starts_with(IMPORT)), "{file}");
        }
    }

    /// The sources of the page mean the same: they differ from the others in needless spaces alone.
    #[test]
    fn a_source_without_needless_spaces_is_the_same_module() {
        let tight = |line: &str| {
            let begin = line.len() - line.trim_start().len();
            let kept = (begin..line.len()).filter(|&at| !is_needless(line.as_bytes(), begin, at, line.len()));
            kept.map(|at| char::from(line.as_bytes()[at])).collect::<String>()
        };
        assert_eq!(tight("    let a = b - -c < d_1;"), "let a=b- -c<d_1;");
        assert_eq!(tight("// #import quads"), "// #import quads");
        let module = |text: &str, capabilities: naga::valid::Capabilities| {
            let module = naga::front::wgsl::parse_str(text).unwrap();
            let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities);
            let info = validator.validate(&module).unwrap();
            naga::back::wgsl::write_string(&module, &info, naga::back::wgsl::WriterFlags::empty()).unwrap()
        };
        for kernel in Kernel::all() {
            let text = kernel.source(false).text();
            let without: Vec<String> = text.lines().map(tight).collect();
            let capabilities = kernel.capabilities();
            assert!(module(&text, capabilities) == module(&without.join("\n"), capabilities), "{}", kernel.label());
        }
    }

    #[test]
    fn imports_come_once_and_before_what_imports_them() {
        assert_eq!(places("no_import", &[]), ["no_import.wgsl"]);
        assert_eq!(places("of_a", &[]), ["shared/c.wgsl", "shared/b.wgsl", "shared/a.wgsl", "of_a.wgsl"]);
        assert_eq!(places("of_c_and_b", &[]), ["shared/c.wgsl", "shared/b.wgsl", "of_c_and_b.wgsl"]);
    }

    #[test]
    fn a_software_file_replaces_the_one_of_its_name_with_its_imports() {
        static SOFTWARE_HERE: [ShaderFile; 3] =
            [made("software/", "b", "b\n"), made("software/", "d", "d\n"), made("software/", "of_a", "// #import b\n")];
        assert_eq!(places("of_a", &SOFTWARE_HERE[..2]), ["software/b.wgsl", "shared/c.wgsl", "shared/a.wgsl", "of_a.wgsl"]);
        assert_eq!(places("of_a", &SOFTWARE_HERE), ["software/b.wgsl", "software/of_a.wgsl"]);
    }

    #[test]
    fn an_unknown_import_and_a_cycle_are_refused_with_the_file() {
        static CIRCLE: [ShaderFile; 1] = [made("software/", "c", "// #import a\n")];
        let refused = |kernel, software| resolve(kernel, software).unwrap_err().to_string();
        assert_eq!(refused("of_f", &[]), "of_f.wgsl imports f, and there is no shaders/shared/f.wgsl");
        assert_eq!(refused("of_d", &[]), "shared/d.wgsl imports e, and there is no shaders/shared/e.wgsl");
        assert_eq!(refused("of_a", &CIRCLE), "software/c.wgsl imports a, which needs software/c.wgsl");
    }

    #[test]
    fn a_message_names_the_file_and_its_line() {
        let source = resolve("of_a", &[]).unwrap();
        assert_eq!(source.text(), "constants\nc\n// #import c\nb\n// #import b\n// #import c\na\n// #import a\n");
        let places: Vec<String> =
            (0..10).map(|line| source.place(line).map_or_else(String::new, |(file, line)| format!("{} {line}", file.name))).collect();
        assert_eq!(places, ["", "", "c 1", "b 1", "b 2", "a 1", "a 2", "a 3", "of_a 1", ""]);
        assert_eq!(source.with_places("┌─ wgsl:4:7, ┌─ wgsl:7:1, ┌─ wgsl:8"), "┌─ shared/b.wgsl:2:7, ┌─ shared/a.wgsl:3:1, ┌─ of_a.wgsl:1");
        assert_eq!(source.with_places("wgsl:4 ┌─ wgsl"), "wgsl:4 ┌─ wgsl");
        let refused = naga::front::wgsl::parse_str(&source.text()).unwrap_err().emit_to_string(&source.text());
        assert!(refused.contains(":1:1") && !source.with_places(&refused).contains(".wgsl"), "the first line is of no file: {refused}");
    }

    #[test]
    fn a_file_of_a_variant_replaces_the_one_of_its_name() {
        static VARIANT: [(&str, ShaderFile); 2] =
            [("c", made("tiles/", "c_large", "large\n")), ("of_a", made("tiles/", "own", "// #import c\n"))];
        static SOFTWARE_HERE: [ShaderFile; 1] = [made("software/", "c", "c\n")];
        let lists = Lists { variant: &VARIANT, software: &SOFTWARE_HERE, shared: &SHARED_HERE };
        let source = KernelSource::resolve(&KERNELS[1], String::new(), lists).unwrap();
        assert_eq!(source.text(), "large\n// #import c\n");
        let source = KernelSource::resolve(&KERNELS[2], String::new(), lists).unwrap();
        assert_eq!(source.text(), "large\n// #import c\nb\n// #import c\n// #import b\n");
    }

    /// Every kernel's imports, in every variant and both versions.
    #[test]
    fn every_import_is_found() {
        let mut failures = Vec::new();
        for kernel in Kernel::all() {
            for software in [&[][..], SOFTWARE] {
                let lists = Lists { variant: kernel.variant().map_or(&[], |variant| variant.files), software, shared: SHARED };
                failures.extend(KernelSource::resolve(&kernel.entry().file, String::new(), lists).err().map(|error| error.to_string()));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// The files of variants, each once.
    fn of_variants() -> Vec<ShaderFile> {
        let all = Product::ALL.into_iter().flat_map(|product| product.variants().iter().flat_map(|variant| variant.files));
        let mut files: Vec<ShaderFile> = Vec::new();
        for (_, file) in all {
            if files.iter().all(|known| known.to_string() != file.to_string()) {
                files.push(*file);
            }
        }
        files
    }

    /// A misspelt import would be a comment and import nothing.
    #[test]
    fn imports_are_written_in_one_way() {
        for file in TABLE.iter().map(|entry| &entry.file).chain(SHARED).chain(SOFTWARE).chain(&of_variants()) {
            for (line, number) in file.text.lines().zip(1..) {
                let name = line.strip_prefix(IMPORT).unwrap_or_default();
                let is_import = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                assert!(is_import || !line.contains("#import"), "{file}:{number}: an import is written as in // #import quads");
            }
            assert!(
                file.text.ends_with('\n'),
                "{file} does not end with a line's end, so that the next file's first line would join its last"
            );
        }
    }

    /// Every file of `shaders/` is listed, and used.
    #[test]
    fn no_file_is_unused() {
        let places = |files: &[ShaderFile]| files.iter().map(ToString::to_string).collect::<Vec<_>>();
        let kernels: Vec<ShaderFile> = TABLE.iter().map(|entry| entry.file).collect();
        let listed = [places(&kernels), places(SHARED), places(SOFTWARE), places(&of_variants())].concat();
        let sources = Kernel::all().flat_map(|kernel| [kernel.source(false), kernel.source(true)]);
        let used: Vec<String> = sources.flat_map(|source| source.files.iter().map(ToString::to_string).collect::<Vec<_>>()).collect();
        for file in &listed {
            assert!(used.contains(file), "no kernel uses {file}");
        }
        for folder in ["shaders/", "shaders/shared/", "shaders/software/", "shaders/subgroup/", "shaders/tiles/", "shaders/workgroup/"] {
            for entry in std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
                let place = format!("{folder}{}", entry.unwrap().file_name().into_string().unwrap());
                let is_known = listed.contains(&place)
                    || ["shared", "software", "subgroup", "tiles", "workgroup"].iter().any(|folder| place == format!("shaders/{folder}"));
                assert!(is_known, "{place} is in no list of src/device");
            }
        }
        for file in SOFTWARE {
            assert!(SHARED.iter().chain(&kernels).any(|other| other.name == file.name), "{file} replaces no file");
        }
        for file in SHARED {
            assert!(kernels.iter().all(|kernel| kernel.name != file.name), "{file} has the name of a kernel");
        }
    }
}
