//! HTTP: the API. The only crate that knows axum. It holds no rule of business: each handler turns
//! a request into one call of the kernel and its answer into JSON.
//! Read on: `routes` (everything on one screen), `caller` (credentials → Ctx), `api`.

pub mod routes;
mod caller;
mod api;
mod query;
mod batch;
mod reports;
mod ledger;
mod session;
mod live;
mod openapi;
mod health;
mod metrics;
mod problem;
mod respond;

use std::future::Future;
use std::sync::Arc;

use fondaco_kernel::Kernel;
use tokio::net::TcpListener;

pub use metrics::Metrics;

/// What every handler gets.
#[derive(Clone)]
pub struct App {
    pub kernel: Kernel,
    pub(crate) metrics: Arc<Metrics>,
}

impl App {
    pub fn new(kernel: Kernel) -> App {
        App { kernel, metrics: Arc::new(Metrics::default()) }
    }
}

/// Serves until `stop` is ready, then lets the requests in flight end.
///
/// # Errors
/// What the operating system says of the socket.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = routes::all(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, routes).with_graceful_shutdown(stop).await
}
