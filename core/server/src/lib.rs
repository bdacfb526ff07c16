//! The binary's inside: configuration, commands, wiring. The only crate that knows all the others.
//! Read on: `commands` (one file each), `modules` (all modules on one screen), `config`.

pub mod commands;
pub mod config;
pub mod folder;
pub mod settings;
pub mod wishes;
pub mod running;
pub mod log;
pub mod trace;
pub mod desk;
pub mod checkup;
pub mod modules;
pub mod profile;
pub mod progress;
pub mod authoring;
pub mod import;
pub mod story;
pub mod history;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{
    apply, backup, check, demo, doctor, export, init, ledger, module, moving, plan, plugin,
    plugin_compile, rehearse, reload, restore, schema, serve, user,
};

/// One platform for customers, orders, goods, production, people and books.
#[derive(Debug, Parser)]
#[command(name = "fondaco", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    Reload(reload::Reload),
    Check(check::Check),
    Module(module::Module),
    Plugin(plugin::Plugin),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Rehearse(rehearse::Rehearse),
    Config(commands::config::Config),
    Schema(schema::SchemaOf),
    User(user::User),
    Ledger(ledger::Ledger),
    Import(commands::import::Import),
    Export(export::Export),
    Doctor(doctor::Doctor),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Move(moving::Move),
    PluginCompile(plugin_compile::PluginCompile),
}

/// What ended well, badly, or with findings (such as faults in a company folder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Well,
    Found,
    /// With findings of a kind that has an exit code of its own.
    Code(u8),
}

/// Runs one command to its end. Exit codes: 0 done, 1 failed, 2 wrong usage (from the parser),
/// 3 the check found something, 10 and above what the doctor found (its `--help` lists them).
pub fn run(cli: Cli) -> ExitCode {
    let logging = config::Config::without_folder().and_then(|config| log::start(&config.log.level));
    if let Err(error) = logging {
        return failed(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!("no runtime: {error}")),
    };
    match runtime.block_on(dispatch(cli.command)) {
        Ok(End::Well) => ExitCode::SUCCESS,
        Ok(End::Found) => ExitCode::from(3),
        Ok(End::Code(code)) => ExitCode::from(code),
        Err(error) => failed(&error),
    }
}

async fn dispatch(command: Command) -> anyhow::Result<End> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Init(args) => init::run(args),
        Command::Serve(args) => serve::run(args).await,
        Command::Reload(args) => reload::run(&args),
        Command::Check(args) => check::run(args),
        Command::Module(args) => module::run(args).await,
        Command::Plugin(args) => plugin::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::Rehearse(args) => rehearse::run(args).await,
        Command::Config(args) => commands::config::run(&args),
        Command::Schema(args) => schema::run(args),
        Command::User(args) => user::run(args).await,
        Command::Ledger(args) => ledger::run(args).await,
        Command::Import(args) => commands::import::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Move(args) => moving::run(args).await,
        Command::PluginCompile(args) => plugin_compile::run(args),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    progress::note(&format!("fondaco: {error:#}"));
    ExitCode::FAILURE
}
