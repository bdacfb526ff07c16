//! The program `fondaco`: arguments in, a command run, an exit code out.
//! Not here: what the commands do (`commands`).

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = fondaco_server::Cli::parse();
    fondaco_server::run(cli)
}
