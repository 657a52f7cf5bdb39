//! The table of kernels: one line each. A kernel's name is its file, its field in [`Kernels`], its label on the GPU and its twin in
//! `reference`; its buffers stand in the order of their bindings and carry the names that the shader gives them. `input`, `output` and
//! `shortcut` are the maps of the dispatch's operation, and `d_` before them the loss's gradient there.

use super::{Gpu, GpuError};

/// The text of `shaders/NAME.wgsl`. In the page, where somebody waits for every byte, it is [`stripped`].
macro_rules! shader {
    ($name:ident) => {{
        const TEXT: &str = include_str!(concat!("../../shaders/", stringify!($name), ".wgsl"));
        const LENGTH: usize = stripped::<0>(TEXT).1;
        const STRIPPED: [u8; LENGTH] = stripped(TEXT).0;
        if cfg!(target_arch = "wasm32") {
            match std::str::from_utf8(&STRIPPED) {
                Ok(text) => text,
                Err(_) => panic!("whole characters are dropped"),
            }
        } else {
            TEXT
        }
    }};
}

/// A shader without comments, and with blanks only where words would run together: as many of its bytes as there is room for, and how many there
/// are.
const fn stripped<const ROOM: usize>(text: &str) -> ([u8; ROOM], usize) {
    let (text, mut kept, mut length) = (text.as_bytes(), [0; ROOM], 0);
    let (mut at, mut last, mut comment, mut blank) = (0, b';', false, false);
    while at < text.len() {
        let byte = text[at];
        comment = byte != b'\n' && (comment || byte == b'/' && at + 1 < text.len() && text[at + 1] == b'/');
        if comment || byte == b' ' || byte == b'\n' {
            blank = true;
        } else {
            if blank && needs_blank(last, byte) {
                if length < ROOM {
                    kept[length] = b' ';
                }
                length += 1;
            }
            if length < ROOM {
                kept[length] = byte;
            }
            (length, last, blank) = (length + 1, byte, false);
        }
        at += 1;
    }
    (kept, length)
}

/// Whether two characters of a shader that are apart must stay so. Of the signs, those that could make another one with their neighbour do.
const fn needs_blank(last: u8, next: u8) -> bool {
    const fn is_free(byte: u8) -> bool {
        matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b':' | b'=' | b'+' | b'*' | b'%' | b'&' | b'|' | b'!')
    }
    last == b'>' || !is_free(last) && !is_free(next)
}

const SHARED: &str = shader!(shared);
const THREEFRY: &str = shader!(threefry);
const SHARES: &str = shader!(shares);
const SPLITS: &str = shader!(splits);
const TILES: &str = shader!(tiles);
const PIECES: &str = shader!(pieces);
const NORMALISATION: &str = shader!(normalisation);

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub name: &'static str,
    /// Pieces of the WGSL source, in order.
    pub source: &'static [&'static str],
    /// Buffers of bind group 0.
    pub buffers: &'static [&'static str],
    /// Whether bind group 1 says which operation.
    pub per_operation: bool,
}

macro_rules! kernels {
    ($($name:ident: [$($piece:expr),*], [$($buffer:ident),+], $per_operation:literal;)+) => {
        /// Every kernel, in the order of a step.
        pub const TABLE: &[Entry] = &[$(Entry {
            name: stringify!($name),
            source: &[SHARED, $($piece,)* shader!($name)],
            buffers: &[$(stringify!($buffer)),+],
            per_operation: $per_operation,
        }),+];

        /// The compiled kernels.
        #[derive(Debug)]
        pub struct Kernels {
            $(pub $name: wgpu::ComputePipeline,)+
        }

        impl Kernels {
            /// Compiles every kernel; `progress` is told how many are done, of how many.
            ///
            /// # Errors
            /// A shader that the device refuses.
            pub async fn compile(gpu: &Gpu, mut progress: impl FnMut(usize, usize)) -> Result<Self, GpuError> {
                let mut done = 0;
                $(
                    progress(done, TABLE.len());
                    let $name = compile(gpu, &TABLE[done]).await?;
                    done += 1;
                )+
                progress(done, TABLE.len());
                Ok(Self { $($name),+ })
            }

            /// The kernel of that name, with its line of the table.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<(&'static Entry, &wgpu::ComputePipeline)> {
                let entry = TABLE.iter().find(|entry| entry.name == name)?;
                match name {
                    $(stringify!($name) => Some((entry, &self.$name)),)+
                    _ => None,
                }
            }
        }
    };
}

kernels! {
    sample: [THREEFRY], [params, state, schedule, scores, numbers, units, lists, rows, counts], false;
    list_all: [], [params, lists, rows, counts], false;
    unite: [], [params, sources, lists, rows, counts, joins], false;
    pack_weights: [SHARES], [params, lists, counts, weights, packed_weights], false;
    gather_inputs: [SHARES], [params, state, lists, counts, numbers, inputs, batch_rows, shifts, output], true;
    convolve: [SHARES, TILES], [params, counts, packed_weights, input, output], true;
    statistics: [SHARES], [params, lists, counts, running, input, statistics], true;
    normalise: [SHARES, PIECES, NORMALISATION], [params, counts, joins, statistics, packed_weights, input, shortcut, output], true;
    pool: [SHARES, PIECES], [params, counts, input, output], true;
    gate: [SHARES, PIECES], [params, lists, counts, units, input, output], true;
    loss: [], [params, state, schedule, counts, labels, batch_rows, output, d_output, records], false;
    d_gate: [], [params, lists, counts, units, input, d_output, d_input, d_scores], true;
    d_pool: [SHARES, PIECES], [params, counts, input, d_output, d_input], true;
    d_statistics: [SHARES, NORMALISATION], [params, counts, joins, statistics, input, d_output, d_statistics, d_weights, squares], true;
    d_normalise: [SHARES, PIECES, NORMALISATION], [params, counts, joins, statistics, d_statistics, packed_weights, input, d_output, d_input], true;
    d_shortcut: [SHARES, PIECES], [params, counts, joins, shortcut, d_output, d_shortcut], true;
    d_weights: [SHARES, SPLITS], [params, counts, input, d_output, d_weights, squares], true;
    d_activations: [SHARES, TILES], [params, counts, packed_weights, input, d_output, d_input], true;
    sum_gradients: [SPLITS], [params, counts, d_weights, squares], false;
    update_scores: [], [params, state, squares, units, scores, moments, d_scores, records, pins], false;
    update_weights: [SHARES], [params, state, lists, counts, d_weights, weights, velocity], false;
    update_statistics: [], [params, state, lists, counts, statistics, running], false;
}

async fn compile(gpu: &Gpu, entry: &'static Entry) -> Result<wgpu::ComputePipeline, GpuError> {
    let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(entry.name),
        source: wgpu::ShaderSource::Wgsl(entry.source.concat().into()),
    });
    let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry.name),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &[("SOFTWARE", f64::from(u8::from(gpu.adapter.software)))],
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    // Waiting for the scope also gives the event loop of a page its turn between two kernels.
    match scope.pop().await {
        Some(error) => Err(GpuError::Device(format!("kernel {}: {error}", entry.name))),
        None => Ok(pipeline),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every shader is validated, all failures listed at once, and its bindings are those of the table.
    #[test]
    fn shaders_are_valid_and_agree_with_the_table() {
        let mut failures = Vec::new();
        for entry in TABLE {
            let source = entry.source.concat();
            let module = match naga::front::wgsl::parse_str(&source) {
                Ok(module) => module,
                Err(error) => {
                    failures.push(format!("{}: {}", entry.name, error.emit_to_string(&source)));
                    continue;
                }
            };
            let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
            if let Err(error) = validator.validate(&module) {
                failures.push(format!("{}: {}", entry.name, error.emit_to_string(&source)));
            }
            let mut bound: Vec<(u32, u32, String)> = module
                .global_variables
                .iter()
                .filter_map(|(_, variable)| {
                    let binding = variable.binding?;
                    Some((binding.group, binding.binding, variable.name.clone().unwrap_or_default()))
                })
                .collect();
            bound.sort();
            let mut expected: Vec<(u32, u32, String)> =
                entry.buffers.iter().zip(0..).map(|(name, binding)| (0, binding, (*name).to_owned())).collect();
            if entry.per_operation {
                expected.push((1, 0, "op".to_owned()));
            }
            if bound != expected {
                failures.push(format!("{}: the shader binds {bound:?}, the table {expected:?}", entry.name));
            }
            if !module.entry_points.iter().any(|point| point.name == "main") {
                failures.push(format!("{}: no entry point main", entry.name));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// What a module says, without the places in the text that it was read from.
    fn said(source: &str) -> String {
        let text = format!("{:?}", naga::front::wgsl::parse_str(source).unwrap());
        let mut parts = text.split("Span {");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |said, part| said + part.split_once('}').unwrap().1)
    }

    #[test]
    fn a_stripped_shader_is_the_same_module_without_a_comment() {
        for entry in TABLE {
            let whole = entry.source.concat();
            let (bytes, length) = stripped::<32_768>(&whole);
            let text = std::str::from_utf8(&bytes[..length]).unwrap();
            assert_eq!(said(text), said(&whole), "{}", entry.name);
            assert!(!text.contains("//") && !text.contains('\n') && !text.contains("  "), "{text}");
            assert!(3 * length < 2 * whole.len(), "{}: {length} of {} bytes", entry.name, whole.len());
        }
        assert_ne!(said("const A = 1u;"), said("const A = 2u;"));
        let short = |text: &str| {
            let (bytes, length) = stripped::<64>(text);
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        };
        assert_eq!(short("\n// \u{2211}\n  a  / b; // c\n\n    d;\n"), "a / b;d;");
        assert_eq!(short("let  a: vec2<f32> = b - -c; // d\nif a >= b {\n}\n"), "let a:vec2<f32> =b - -c;if a >=b{}");
        assert_eq!(stripped::<2>("abc"), (*b"ab", 3));
    }

    /// Every .wgsl file is in the table or a piece of one that is.
    #[test]
    fn no_shader_stands_outside_the_table() {
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders")).unwrap() {
            let text = std::fs::read_to_string(file.as_ref().unwrap().path()).unwrap();
            let used = TABLE.iter().any(|entry| entry.source.contains(&text.as_str()));
            assert!(used, "{:?} is not in the table of kernels", file.unwrap().file_name());
        }
    }
}
