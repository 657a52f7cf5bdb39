use super::CliError;
use clap::ArgMatches;
pub(super) fn run(_arguments: &ArgMatches) -> Result<(), CliError> {
    todo!()
}
