//! The source of a kernel: its file of `shaders/`, and before it each file that it imports, once.
//!
//! A line `// #import NAME` imports `shaders/shared/NAME.wgsl`, which may import others. To WGSL the line is a comment. So every file is WGSL by
//! itself to an editor, no line has to be taken out, and a line of the source is a line of a file. (`naga_oil` and vello write `#import` without
//! the comment and take the lines out.)
//!
//! On an adapter that computes on the CPU, a file of `shaders/software/` replaces the one of the same name.

use std::fmt;

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
            text: include_str!(concat!("../../", $folder, stringify!($name), ".wgsl")),
        }
    };
}
pub(super) use file;

macro_rules! files {
    ($folder:literal: $($name:ident)+) => { &[$(file!($folder, $name)),+] };
}

/// What kernels import.
const SHARED: &[ShaderFile] = files!("shaders/shared/":
    candidate_sums cells convolve_tile d_activations_tile d_weights_tile dealing dispatch finite gradient_parts normalisation quads sizes squares
    structs threefry tiles
);

/// What replaces a file of the same name on an adapter that computes on the CPU.
const SOFTWARE: &[ShaderFile] = files!("shaders/software/":
    candidate_sums convolve_tile d_activations_tile d_weights_tile dealing sizes squares
);

const IMPORT: &str = "// #import ";

impl ShaderFile {
    /// The names that it imports.
    fn imports(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().filter_map(|line| line.strip_prefix(IMPORT))
    }
}

impl PartialEq for ShaderFile {
    /// A file is known by its place.
    fn eq(&self, other: &Self) -> bool {
        (self.folder, self.name) == (other.folder, other.name)
    }
}

/// Its place in the repository.
impl fmt::Display for ShaderFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.wgsl", self.folder, self.name)
    }
}

/// An import that cannot be.
#[derive(Debug)]
enum ImportError {
    /// There is no shared file of that name.
    Unknown { file: ShaderFile, name: &'static str },
    /// `imported` needs `file` itself.
    Circle { file: ShaderFile, imported: ShaderFile },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { file, name } => write!(f, "{file} imports {name}, and there is no shaders/shared/{name}.wgsl"),
            Self::Circle { file, imported } => write!(f, "{file} imports {imported}, which needs {file}"),
        }
    }
}

/// The source of a kernel.
#[derive(Clone, Debug)]
pub struct KernelSource(Vec<ShaderFile>);

impl KernelSource {
    /// That of the kernel whose file is `kernel`. `software`: for an adapter that computes on the CPU.
    pub(super) fn new(kernel: ShaderFile, software: bool) -> Self {
        let software = if software { SOFTWARE } else { &[] };
        let Ok(source) = Self::resolve(kernel, SHARED, software) else { unreachable!("a test resolves the imports of every kernel") };
        source
    }

    fn resolve(kernel: ShaderFile, shared: &[ShaderFile], software: &[ShaderFile]) -> Result<Self, ImportError> {
        let of_name = |files: &[ShaderFile], name: &str| files.iter().find(|file| file.name == name).copied();
        let mut source = Self(Vec::new());
        let kernel = of_name(software, kernel.name).unwrap_or(kernel);
        source.add(kernel, &|name| of_name(software, name).or_else(|| of_name(shared, name)), &mut Vec::new())?;
        Ok(source)
    }

    /// Adds what `file` imports, as `find` finds it, and then the file. `open` are the files whose imports are being added.
    fn add(&mut self, file: ShaderFile, find: &dyn Fn(&str) -> Option<ShaderFile>, open: &mut Vec<ShaderFile>) -> Result<(), ImportError> {
        open.push(file);
        for name in file.imports() {
            let imported = find(name).ok_or(ImportError::Unknown { file, name })?;
            if open.contains(&imported) {
                return Err(ImportError::Circle { file, imported });
            }
            if !self.0.contains(&imported) {
                self.add(imported, find, open)?;
            }
        }
        open.pop();
        self.0.push(file);
        Ok(())
    }

    /// The WGSL.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|file| file.text).collect()
    }

    /// A message of wgpu or naga, with each place `wgsl:LINE` in the source replaced by the file and its line.
    #[must_use]
    pub fn with_places(&self, message: &str) -> String {
        let mut parts = message.split("wgsl:");
        let first = parts.next().unwrap_or_default().to_owned();
        let others = parts.map(|part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            match part[..part.len() - rest.len()].parse().ok().and_then(|line| self.place(line)) {
                Some((file, line)) => format!("{file}:{line}{rest}"),
                None => format!("wgsl:{part}"),
            }
        });
        std::iter::once(first).chain(others).collect()
    }

    /// The file of a line of the source, and which of its lines that is; both counted from 1.
    fn place(&self, line: usize) -> Option<(ShaderFile, usize)> {
        let mut left = line.checked_sub(1)?;
        for file in &self.0 {
            let lines = file.text.lines().count();
            if left < lines {
                return Some((*file, left + 1));
            }
            left -= lines;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::TABLE;
    use super::*;

    const fn made(folder: &'static str, name: &'static str, text: &'static str) -> ShaderFile {
        ShaderFile { folder, name, text }
    }

    const SHARED_HERE: [ShaderFile; 4] = [
        made("shared/", "a", "// #import b\n// #import c\na\n"),
        made("shared/", "b", "// #import c\nb\n"),
        made("shared/", "c", "c\n"),
        made("shared/", "d", "// #import e\nd\n"),
    ];

    fn names(kernel: &'static str, software: &[ShaderFile]) -> Result<Vec<String>, String> {
        let kernel = made("", "kernel", kernel);
        let source = KernelSource::resolve(kernel, &SHARED_HERE, software).map_err(|error| error.to_string())?;
        Ok(source.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn imports_come_once_and_before_what_imports_them() {
        assert_eq!(names("none\n", &[]).unwrap(), ["kernel.wgsl"]);
        assert_eq!(names("// #import a\n", &[]).unwrap(), ["shared/c.wgsl", "shared/b.wgsl", "shared/a.wgsl", "kernel.wgsl"]);
        assert_eq!(names("// #import c\n// #import b\n", &[]).unwrap(), ["shared/c.wgsl", "shared/b.wgsl", "kernel.wgsl"]);
    }

    #[test]
    fn a_software_file_replaces_the_one_of_its_name_with_its_imports() {
        let software = [made("software/", "b", "b\n"), made("software/", "kernel", "// #import b\n"), made("software/", "d", "d\n")];
        assert_eq!(names("// #import a\n", &software).unwrap(), ["software/b.wgsl", "software/kernel.wgsl"]);
        assert_eq!(names("// #import a\n", &software[..1]).unwrap(), ["software/b.wgsl", "shared/c.wgsl", "shared/a.wgsl", "kernel.wgsl"]);
    }

    #[test]
    fn an_unknown_import_and_a_circle_are_refused_with_the_file() {
        assert_eq!(names("// #import f\n", &[]).unwrap_err(), "kernel.wgsl imports f, and there is no shaders/shared/f.wgsl");
        assert_eq!(names("// #import d\n", &[]).unwrap_err(), "shared/d.wgsl imports e, and there is no shaders/shared/e.wgsl");
        let circle = [made("software/", "c", "// #import a\n")];
        assert_eq!(names("// #import a\n", &circle).unwrap_err(), "software/c.wgsl imports shared/a.wgsl, which needs software/c.wgsl");
    }

    #[test]
    fn a_message_names_the_file_and_its_line() {
        let source = KernelSource::resolve(made("", "kernel", "// #import a\n"), &SHARED_HERE, &[]).unwrap();
        assert_eq!(source.text(), "c\n// #import c\nb\n// #import b\n// #import c\na\n// #import a\n");
        let places: Vec<String> =
            (0..9).map(|line| source.place(line).map_or_else(String::new, |(file, line)| format!("{} {line}", file.name))).collect();
        assert_eq!(places, ["", "c 1", "b 1", "b 2", "a 1", "a 2", "a 3", "kernel 1", ""]);
        assert_eq!(source.with_places("at wgsl:3:7 and wgsl:7, not wgsl:8"), "at shared/b.wgsl:2:7 and kernel.wgsl:1, not wgsl:8");
        assert_eq!(source.with_places("nothing: wgsl:"), "nothing: wgsl:");
    }

    /// Every kernel's imports, in both versions.
    #[test]
    fn every_import_is_found() {
        let mut failures = Vec::new();
        for entry in TABLE {
            for software in [&[][..], SOFTWARE] {
                failures.extend(KernelSource::resolve(entry.file, SHARED, software).err().map(|error| error.to_string()));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// A line that is almost an import would be a comment, and nothing would be imported.
    #[test]
    fn imports_are_written_in_one_way() {
        for file in TABLE.iter().map(|entry| &entry.file).chain(SHARED).chain(SOFTWARE) {
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

    /// Every file of `shaders/` is in a list, and in use.
    #[test]
    fn no_file_is_idle() {
        let used: Vec<ShaderFile> =
            TABLE.iter().flat_map(|entry| [false, true].map(|software| entry.source(software).0)).flatten().collect();
        for (folder, listed) in [
            ("shaders/", TABLE.iter().map(|entry| entry.file).collect()),
            ("shaders/shared/", SHARED.to_vec()),
            ("shaders/software/", SOFTWARE.to_vec()),
        ] {
            for entry in std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap();
                if path.is_dir() {
                    assert!(["shared", "software"].contains(&name), "{} is no folder of shaders", path.display());
                    continue;
                }
                assert!(listed.iter().any(|file| file.name == name), "{folder}{name}.wgsl is in no list of src/device");
            }
            for file in listed {
                assert!(used.contains(&file), "no kernel uses {file}");
            }
        }
        for file in SOFTWARE {
            let replaced = SHARED.iter().chain(TABLE.iter().map(|entry| &entry.file)).any(|other| other.name == file.name);
            assert!(replaced, "{file} replaces no file");
        }
        for file in SHARED {
            assert!(TABLE.iter().all(|entry| entry.name != file.name), "{file} has the name of a kernel");
        }
    }
}
