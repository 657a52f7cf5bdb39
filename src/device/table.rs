//! The table of kernels: one line each. A kernel's name is its file, its label on the GPU and its reference in `reference`; its buffers stand in the
//! order of their bindings and carry the names that the shader gives them. `input`, `output` and `shortcut` are the maps of the dispatch's
//! operation, and `d_` before them the loss's gradient there.

/// The text of `shaders/NAME.wgsl`.
#[cfg(feature = "gpu")]
macro_rules! shader {
    ($name:ident) => {
        include_str!(concat!("../../shaders/", stringify!($name), ".wgsl"))
    };
}

#[cfg(feature = "gpu")]
mod pieces {
    pub(super) const SHARED: &str = shader!(shared);
    pub(super) const THREEFRY: &str = shader!(threefry);
    pub(super) const SHARES: &str = shader!(shares);
    pub(super) const SPLITS: &str = shader!(splits);
    pub(super) const TILES: &str = shader!(tiles);
    pub(super) const PIECES: &str = shader!(pieces);
    pub(super) const NORMALISATION: &str = shader!(normalisation);
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub name: &'static str,
    /// Pieces of the WGSL source, in order.
    #[cfg(feature = "gpu")]
    pub source: &'static [&'static str],
    /// Buffers of bind group 0.
    pub buffers: &'static [&'static str],
    /// Whether bind group 1 says which operation.
    pub per_operation: bool,
}

macro_rules! kernels {
    ($($name:ident: [$($piece:ident),*], [$($buffer:ident),+], $per_operation:literal;)+) => {
        /// Every kernel, in the order of a step.
        pub const TABLE: &[Entry] = &[$(Entry {
            name: stringify!($name),
            #[cfg(feature = "gpu")]
            source: &[pieces::SHARED, $(pieces::$piece,)* shader!($name)],
            buffers: &[$(stringify!($buffer)),+],
            per_operation: $per_operation,
        }),+];
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

/// The line of that name, and its place in the table.
///
/// # Panics
/// A name that no kernel has.
#[cfg(feature = "gpu")]
#[must_use]
pub fn entry(name: &str) -> (usize, &'static Entry) {
    TABLE.iter().enumerate().find(|(_, entry)| entry.name == name).expect("a step names kernels of the table")
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
