//! `fondaco serve`: the server of a company, until it is told to stop.

use std::future::Future;

use anyhow::{Context, Result};
use fondaco_kernel::{Kernel, identity};
use fondaco_web::App;
use tokio::net::TcpListener;

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::say;

/// Serve a company over HTTP.
///
/// Example:
///   fondaco serve --company acme
///
/// At the first start it prints a one-time code with which the first administrator is made.
/// SIGINT or SIGTERM lets the requests in flight end and then stops it.
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
    let kernel = Kernel::open(company.setup()?).await?;
    let listen = args.listen.unwrap_or_else(|| company.config.server.listen.clone());
    let listener = listen_on(&listen).await?;
    let address = listener.local_addr()?;
    say(&format!("{} is open at http://{address}", company.folder.display()));
    if let Some(code) = identity::first_code(&kernel).await? {
        say("There is no user yet. Make the first administrator with this code, once:");
        say(&format!("  {}", code.reveal()));
        say(&format!(
            "  fondaco user first <code> --login you@example.com --name You --company {}",
            company.folder.display()
        ));
    }
    serve(kernel, listener, stop_signal()).await
}

pub async fn listen_on(address: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("nobody can listen on {address}: is another server running?"))
}

/// Serves and works off jobs until `stop`.
pub async fn serve(
    kernel: Kernel,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<End> {
    let app = App::new(kernel.clone());
    tokio::select! {
        served = fondaco_web::serve(app, listener, stop) => served.context("serving")?,
        () = kernel.work() => {}
    }
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
