//! `fondaco plugin-compile`: how the program compiles a plugin in a child of its own; nobody types it.
//! A component comes in at one end and machine code goes out at the other.

use fondaco_plugin_host::run_as_compiler;

use crate::End;

#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct PluginCompile {
    tier: String,
    metering: String,
}

pub fn run(args: PluginCompile) -> anyhow::Result<End> {
    run_as_compiler(&[args.tier, args.metering])?;
    Ok(End::Well)
}
