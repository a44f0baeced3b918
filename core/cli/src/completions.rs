//! `switchhook completions`.

use clap_complete::Shell;
use switchhook_api::program_name;

use super::{Failed, named, output};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, for Bash:
  switchhook completions bash > ~/.local/share/bash-completion/completions/switchhook")]
pub(super) struct Args {
    /// The shell to print the script for
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), Failed> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut named::command(), program_name(), &mut script);
    Ok(output::line(String::from_utf8_lossy(&script).trim_end())?)
}
