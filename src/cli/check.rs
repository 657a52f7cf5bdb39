//! `lacuna check`.

use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};

use lacuna::check::{Report, by_kernel, check};
use lacuna::device::{Kernel, Needs, TABLE};

use super::arguments::Check;
use super::{CliError, open, say, terminal};

pub(super) fn run(arguments: &Check) -> Result<(), CliError> {
    if let Some(folder) = &arguments.sources {
        return write_sources(folder);
    }
    let machine = open(arguments.adapter.as_deref())?;
    let line = terminal::spinner("comparing kernels");
    let progress = |done: usize, of: usize| line.set_message(format!("comparing kernels, {done} of {of} scenes done"));
    let scenes = pollster::block_on(check(&machine, true, |_, done, of| progress(done, of)))?;
    let reports = by_kernel(&scenes);
    line.finish_and_clear();
    say(format_args!("every kernel compared with its reference in f64 on the CPU, on {}", machine.adapter));
    say(table(&reports));
    let failed: Vec<String> = reports.iter().filter(|report| !report.passed()).map(Report::name).collect();
    if failed.is_empty() {
        let with_variants = if reports.len() > TABLE.len() { format!(", {} with their variants,", reports.len()) } else { String::new() };
        say(format_args!("{} kernels passed{with_variants} in {} scenes", TABLE.len(), scenes.len()));
        Ok(())
    } else {
        Err(CliError::KernelsDiffer { failed, kernels: reports.len() })
    }
}

/// Writes the WGSL of every kernel, in every variant that a GPU may get.
fn write_sources(folder: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    let mut count = 0;
    for kernel in Kernel::all().filter(|kernel| kernel.variant().is_none_or(|variant| variant.needs == Needs::Nothing)) {
        let path = folder.join(format!("{}.wgsl", kernel.label().replace(' ', "-")));
        fs::write(&path, kernel.source(false).text()).map_err(CliError::file(&path))?;
        count += 1;
    }
    say(format_args!("{count} sources are in {}", folder.display()));
    Ok(())
}

fn table(reports: &[Report]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["kernel", "", "worst error", "tolerance", "dispatches", "where"]);
    for report in reports {
        table.add_row([
            report.name(),
            if report.passed() { "passed" } else { "FAILED" }.to_owned(),
            format!("{:.1e}", report.worst),
            if report.tolerance == 0.0 { "exact".to_owned() } else { format!("{:.0e}", report.tolerance) },
            report.dispatches.to_string(),
            report.place.clone(),
        ]);
    }
    for index in [2, 3, 4] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
