//! `fondaco serve`: the server of a company, until it is told to stop.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use fondaco_kernel::{Kernel, identity};
use fondaco_web::App;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CompanyFolder;
use crate::End;
use crate::config::{Company, Config};
use crate::folder::Folder;
use crate::progress::say;
use crate::running::{self, Running};
use crate::{log, trace, wishes};

/// Serve a company over HTTP.
///
/// Example:
///   fondaco serve --company acme
///
/// At the first start it prints a one-time code with which the first administrator is made.
/// SIGINT or SIGTERM lets the requests in flight end and then stops it. SIGHUP, or `fondaco reload`,
/// has it read its settings again.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Serve {
    #[command(flatten)]
    company: CompanyFolder,
    /// Address and port, instead of the configured ones.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

pub async fn run(args: Serve) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    log::follow(&company.config.log)?;
    let kernel = Kernel::open(company.setup()?).await?;
    wishes::at_start(&kernel, &company).await?;
    let listen = args.listen.unwrap_or_else(|| company.config.server.listen.clone());
    let listener = listen_on(&listen).await?;
    let address = listener.local_addr()?;
    say(&format!("{} is open at http://{address}", company.folder.display()));
    if let Some(code) = identity::first_code(&kernel).await? {
        say("There is no user yet. Make the first administrator in the browser, with this code:");
        say(&format!("  {}", code.reveal()));
        say(&format!(
            "  or here: fondaco user first <code> --login you@example.com --name You --company {}",
            company.folder.display()
        ));
    }
    let folder = Arc::new(Folder::new(&company.folder));
    let app = App::new(kernel).with_fonts(vec![company.fonts()]).with_folder(folder);
    set_limits(&app, &company.config);
    // From here on SIGHUP ends nobody, and `fondaco reload` finds this process.
    let hangup = signal(SignalKind::hangup()).context("listening to signals")?;
    let _running = here(&company);
    running::tell_manager("READY=1");
    let end = tokio::select! {
        end = serve(app.clone(), listener, stop_signal()) => end,
        () = reread(&app, &company, hangup) => Ok(End::Well),
        () = trace::send(&company.config.trace) => Ok(End::Well),
    };
    running::tell_manager("STOPPING=1");
    end
}

fn set_limits(app: &App, config: &Config) {
    app.limits.set(config.limits.requests, config.log.slow_ms);
}

/// A folder that cannot be written to is no reason not to serve it.
fn here(company: &Company) -> Option<Running> {
    let running = Running::here(&company.folder);
    if let Err(error) = &running {
        let error = format!("{error:#}");
        tracing::warn!(error, "`fondaco reload` will not find this server; send SIGHUP");
    }
    running.ok()
}

/// At each SIGHUP: takes up what may change, and tells what waits for the next start.
async fn reread(app: &App, started: &Company, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        let again = Company::read(&started.folder)
            .and_then(|company| log::follow(&company.config.log).map(|()| company));
        match again {
            Ok(company) => {
                set_limits(app, &company.config);
                let waits = waits_for_a_start(started, &company).join(", ");
                tracing::warn!(waits_for_the_next_start = waits, "the settings were read again");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the settings were not taken up");
            }
        }
    }
    std::future::pending().await
}

fn waits_for_a_start(started: &Company, now: &Company) -> Vec<String> {
    let pairs = started.settings.iter().zip(&now.settings);
    let fixed = pairs.filter(|(before, _)| !before.key.live);
    fixed.filter(|(old, new)| old.value != new.value).map(|(old, _)| old.key.path()).collect()
}

pub async fn listen_on(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("nobody can listen on {address}: is another server running?"))
}

/// Serves, works off jobs, hears other servers and takes up their plugins until `stop`.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<End> {
    let kernel = app.kernel.clone();
    tokio::select! {
        served = fondaco_web::serve(app, listener, stop) => served.context("serving")?,
        () = kernel.work() => {}
        () = kernel.hear() => {}
        () = kernel.follow_plugins() => {}
    }
    kernel.leave().await;
    Ok(End::Well)
}

/// Ready when the operator wants the server to stop.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    tracing::info!("stopping: requests in flight are let to end");
}
