//! The binary's inside: configuration, commands, wiring. The only crate that knows all the others.
//! Read on: `commands` (one file each), `modules` (all modules on one screen), `config`.

pub mod commands;
pub mod config;
pub mod desk;
pub mod modules;
pub mod profile;
pub mod progress;
pub mod import;
pub mod story;
pub mod history;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{
    apply, check, demo, export, init, ledger, module, plan, rehearse, schema, serve, user,
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
    Check(check::Check),
    Module(module::Module),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Rehearse(rehearse::Rehearse),
    Schema(schema::SchemaOf),
    User(user::User),
    Ledger(ledger::Ledger),
    Import(commands::import::Import),
    Export(export::Export),
}

/// What ended well, badly, or with findings (such as faults in a company folder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Well,
    Found,
}

/// Runs one command to its end. Exit codes: 0 done, 1 failed, 2 wrong usage (from the parser),
/// 3 the check found something.
pub fn run(cli: Cli) -> ExitCode {
    let log_json = matches!(cli.command, Command::Serve(_)) && !progress::is_terminal();
    start_log(log_json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!("no runtime: {error}")),
    };
    match runtime.block_on(dispatch(cli.command)) {
        Ok(End::Well) => ExitCode::SUCCESS,
        Ok(End::Found) => ExitCode::from(3),
        Err(error) => failed(&error),
    }
}

async fn dispatch(command: Command) -> anyhow::Result<End> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Init(args) => init::run(args),
        Command::Serve(args) => serve::run(args).await,
        Command::Check(args) => check::run(args),
        Command::Module(args) => module::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::Rehearse(args) => rehearse::run(args).await,
        Command::Schema(args) => schema::run(args),
        Command::User(args) => user::run(args).await,
        Command::Ledger(args) => ledger::run(args).await,
        Command::Import(args) => commands::import::run(args).await,
        Command::Export(args) => export::run(args).await,
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    progress::note(&format!("fondaco: {error:#}"));
    ExitCode::FAILURE
}

/// Logs go to stderr: for people on a terminal, as JSON lines otherwise.
fn start_log(json: bool) {
    use tracing_subscriber::EnvFilter;
    let wish = config::environment("FONDACO_LOG").unwrap_or_else(|| "warn".to_owned());
    let filter = EnvFilter::try_new(&wish).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first log.
    let _ = if json { log.json().try_init() } else { log.try_init() };
}
