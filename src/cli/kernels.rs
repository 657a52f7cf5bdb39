//! `--kernels`: which variants of the kernels a run uses.
//!
//! On a GPU they are timed for the shapes of the run, and the choice is remembered. An adapter that computes on the CPU takes longer to compile the
//! variants than they can save, so there the usual ones run unless the user asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};

use lacuna::device::{Product, Variants};
use lacuna::engine::{Tuned, limit_ms};
use lacuna::trainer::{TrainError, Trainer};

use super::milliseconds;

/// How the variants are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kernels {
    /// On a GPU those that were found for such a run before, or measured now; otherwise the usual ones.
    #[default]
    Auto,
    /// Those that run where nothing was measured.
    Usual,
    /// Measured now.
    Measured,
    Named(Variants),
}

/// Chooses the variants of a run before its first step. The result has the times, if they were measured now.
///
/// # Errors
/// The device is lost.
pub(super) fn choose(kernels: Kernels, run: &mut Trainer) -> Result<Option<Tuned>, TrainError> {
    let software = run.engine().machine.adapter.software;
    match kernels {
        Kernels::Named(variants) => {
            run.use_variants(variants)?;
            return Ok(None);
        }
        Kernels::Usual => return Ok(None),
        Kernels::Auto if software => return Ok(None),
        Kernels::Auto => {
            if let Some(variants) = Remembered::read().of(&run.kernels_key()) {
                run.use_variants(variants)?;
                return Ok(None);
            }
        }
        Kernels::Measured => {}
    }
    let tuned = pollster::block_on(run.tune(limit_ms(software), &milliseconds))?;
    if tuned.timed.is_empty() {
        return Ok(None);
    }
    Remembered::read().store(run.kernels_key(), tuned.variants);
    Ok(Some(tuned))
}

/// The variants that were chosen before, by what they depend on.
struct Remembered {
    /// `None` if there is no folder for such a file.
    path: Option<PathBuf>,
    known: BTreeMap<String, String>,
}

impl Remembered {
    /// A file that cannot be read has nothing.
    fn read() -> Self {
        let path = etcetera::choose_base_strategy().ok().map(|base| {
            let folder = etcetera::BaseStrategy::cache_dir(&base);
            folder.join("lacuna").join("kernels.json")
        });
        let known = path.as_ref().and_then(|path| fs::read(path).ok()).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let known: serde_json::Map<String, serde_json::Value> = known.unwrap_or_default();
        let known = known.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect();
        Self { path, known }
    }

    /// A name of another version is as good as none.
    fn of(&self, key: &str) -> Option<Variants> {
        self.known.get(key)?.parse().ok()
    }

    /// If the file cannot be written, the next run measures again.
    fn store(mut self, key: String, variants: Variants) {
        self.known.insert(key, variants.to_string());
        if let Some(path) = self.path {
            let text = serde_json::json!(self.known).to_string();
            drop(path.parent().map(fs::create_dir_all));
            drop(fs::write(path, text));
        }
    }
}

/// One line on the choice. `names`: those of the run's variants, or none.
pub(super) fn words(names: &str, tuned: Option<&Tuned>) -> String {
    if names.is_empty() {
        return "kernels: the CPU engine has one version of each".to_owned();
    }
    let measured =
        tuned.map_or_else(String::new, |tuned| format!(" (the fastest of {} that were timed in {:.0} ms)", tuned.timed.len(), tuned.ms));
    format!("kernels: {names}{measured}")
}

/// The times of the variants.
pub(super) fn table(tuned: &Tuned) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["kernel", "variant", "ms a step", ""]);
    for timed in &tuned.timed {
        let is_chosen = tuned.variants.of(timed.product).name == timed.variant;
        let name = if is_first(tuned, timed.product, timed.variant) { timed.product.name() } else { "" };
        let chosen = if is_chosen { "chosen" } else { "" };
        table.add_row([name.to_owned(), timed.variant.to_owned(), format!("{:.3}", timed.ms), chosen.to_owned()]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn is_first(tuned: &Tuned, product: Product, variant: &str) -> bool {
    tuned.timed.iter().find(|timed| timed.product == product).is_some_and(|timed| timed.variant == variant)
}
