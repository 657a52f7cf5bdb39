//! The table of kernels, one line each. A kernel's name is that of its file, of its label on the GPU and of its reference in `reference`. Its buffers
//! are in the order of their bindings and have the names of the shader. `input`, `output` and `shortcut` are the maps of the dispatch's operation;
//! with `d_` they are the gradients of the loss at these maps.

#[cfg(feature = "gpu")]
use super::shaders::{ShaderFile, file};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub name: &'static str,
    /// `shaders/NAME.wgsl`, which has its imports.
    #[cfg(feature = "gpu")]
    pub file: ShaderFile,
    /// Buffers of bind group 0.
    pub buffers: &'static [&'static str],
    /// Whether bind group 1 has the operation.
    pub per_operation: bool,
}

macro_rules! kernels {
    ($($name:ident: [$($buffer:ident),+], $per_operation:literal;)+) => {
        /// Every kernel, in the order of a step.
        pub const TABLE: &[Entry] = &[$(Entry {
            name: stringify!($name),
            #[cfg(feature = "gpu")]
            file: file!("shaders/", $name),
            buffers: &[$(stringify!($buffer)),+],
            per_operation: $per_operation,
        }),+];
    };
}

kernels! {
    sample: [params, state, schedule, scores, numbers, units, lists, rows, counts], false;
    list_all: [params, lists, rows, counts], false;
    unite: [params, sources, lists, rows, counts, joins], false;
    pack_weights: [params, lists, counts, weights, packed_weights], true;
    gather_inputs: [params, state, lists, counts, numbers, inputs, batch_rows, shifts, output], true;
    convolve: [params, counts, packed_weights, input, output], true;
    statistics: [params, lists, counts, running, input, statistics], true;
    normalise: [params, counts, joins, statistics, packed_weights, input, shortcut, output], true;
    depthwise: [params, counts, packed_weights, input, output], true;
    pool: [params, counts, input, output], true;
    gate: [params, lists, counts, units, input, output], true;
    loss: [params, state, schedule, counts, labels, batch_rows, output, d_output, records], false;
    d_gate: [params, lists, counts, units, input, d_output, d_input, d_scores], true;
    d_pool: [params, counts, input, d_output, d_input], true;
    d_statistics: [params, counts, joins, statistics, input, d_output, d_statistics, d_weights, squares], true;
    d_normalise: [params, counts, joins, statistics, d_statistics, packed_weights, input, d_output, d_input], true;
    d_shortcut: [params, counts, joins, shortcut, d_output, d_shortcut], true;
    d_weights: [params, counts, input, d_output, d_weights, squares], true;
    d_activations: [params, counts, packed_weights, input, d_output, d_input], true;
    d_depthwise_weights: [params, counts, input, d_output, d_weights, squares], true;
    d_depthwise_activations: [params, counts, packed_weights, input, d_output, d_input], true;
    information: [params, lists, counts, joins, statistics, packed_weights, input, d_output, information], true;
    sum_gradients: [params, counts, d_weights, squares], false;
    d_masks: [params, state, lists, counts, packed_weights, d_weights, d_masks, score_state, information], false;
    update_scores: [params, state, squares, units, scores, score_state, d_scores, records, pins], false;
    update_weights: [params, state, lists, counts, d_weights, weights, velocity], false;
    update_statistics: [params, state, lists, counts, statistics, running], false;
}

/// The line with this name, and its place in the table.
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
    use super::super::Kernel;

    /// The errors of a kernel's source, and of its bindings.
    fn failures(kernel: Kernel, software: bool) -> Vec<String> {
        let (entry, source) = (kernel.entry(), kernel.source(software));
        let text = source.text();
        let module = match naga::front::wgsl::parse_str(&text) {
            Ok(module) => module,
            Err(error) => return vec![source.with_places(&error.emit_to_string(&text))],
        };
        let mut failures = Vec::new();
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), kernel.capabilities());
        if let Err(error) = validator.validate(&module) {
            failures.push(source.with_places(&error.emit_to_string(&text)));
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
            failures.push(format!("the shader binds {bound:?}, the table {expected:?}"));
        }
        if !module.entry_points.iter().any(|point| point.name == "main") {
            failures.push("no entry point main".to_owned());
        }
        if !module.overrides.is_empty() {
            failures
                .push("a constant that depends on the adapter or the variant is one of src/device/variants.rs, not an override".to_owned());
        }
        failures
    }

    /// Validates every shader in every variant and in both versions, lists all failures at once, and compares the bindings with the table.
    #[test]
    fn shaders_are_valid_and_agree_with_the_table() {
        let mut all_failures = Vec::new();
        for kernel in Kernel::all() {
            for (software, version) in [(false, "for a GPU"), (true, "for a CPU")] {
                all_failures
                    .extend(failures(kernel, software).into_iter().map(|failure| format!("{} {version}: {failure}", kernel.label())));
            }
        }
        assert!(all_failures.is_empty(), "{}", all_failures.join("\n"));
    }
}
