use super::CliError;
use lacuna::{data::Dataset, snapshot::Snapshot, trainer::Trainer};
use std::path::Path;
pub(super) fn step(_run: &mut Trainer, _set: &Dataset, _directory: &Path) -> Result<Snapshot, CliError> {
    todo!()
}
