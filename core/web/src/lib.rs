//! HTTP: the API and the pages. The only crate that knows axum. It holds no rule of business: each
//! handler turns a request into calls of the kernel and their answers into JSON or HTML.
//! Read on: `routes` (everything on one screen), `caller` (credentials → Ctx), `api`, `pages`.

pub mod routes;
pub mod words;
mod caller;
mod api;
mod query;
mod batch;
mod timeline;
mod reports;
mod papers;
mod ledger;
mod plugins;
mod session;
mod live;
mod openapi;
mod health;
mod metrics;
mod limits;
mod problem;
mod respond;
mod assets;
mod address;
mod visitor;
mod entered;
mod widgets;
mod pages;
mod plugin;

use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use fondaco_documents::Fonts;
use fondaco_kernel::Kernel;
use fondaco_kernel::module::Registry;
use fondaco_kernel::texts::Texts;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use limits::Limits;
pub use metrics::Metrics;
use words::Words;

/// What every handler gets.
#[derive(Clone)]
pub struct App {
    pub kernel: Kernel,
    pub(crate) metrics: Arc<Metrics>,
    /// What the operator may change while the server runs.
    pub limits: Arc<Limits>,
    texts: Arc<RwLock<Said>>,
    /// Where the company keeps fonts of its own.
    own_fonts: Vec<PathBuf>,
    /// Looked for when the first document is printed.
    fonts: Arc<OnceLock<Fonts>>,
    /// Whether the server is ending; streams end with it.
    closing: Arc<watch::Sender<bool>>,
}

impl App {
    pub fn new(kernel: Kernel) -> App {
        let closing = Arc::new(watch::Sender::new(false));
        let (metrics, limits) = (Arc::new(Metrics::default()), Arc::new(Limits::default()));
        let texts = Arc::new(RwLock::new(Said::of(&kernel.registry())));
        App {
            kernel,
            metrics,
            limits,
            texts,
            own_fonts: Vec::new(),
            fonts: Arc::default(),
            closing,
        }
    }

    /// Prints with the fonts of these folders first.
    pub fn with_fonts(self, own_fonts: Vec<PathBuf>) -> App {
        App { own_fonts, ..self }
    }

    pub(crate) fn fonts(&self) -> &Fonts {
        self.fonts.get_or_init(|| Fonts::find(&self.own_fonts))
    }

    /// The words of a language, as a browser wants figures to be written.
    pub(crate) fn words(&self, language: &str, look: visitor::Look) -> Words {
        Words::new(self.texts(), visitor::locale(language, look))
    }

    /// The texts of all that is in force; those of plugins come and go.
    pub(crate) fn texts(&self) -> Arc<Texts> {
        let registry = self.kernel.registry();
        let plugins = registry.texts_of_plugins();
        {
            let said = self.texts.read().unwrap_or_else(PoisonError::into_inner);
            if said.is_of(&plugins) {
                return said.texts.clone();
            }
        }
        let said = Said::of(&registry);
        let texts = said.texts.clone();
        *self.texts.write().unwrap_or_else(PoisonError::into_inner) = said;
        texts
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }
}

/// All texts, and the plugins whose texts are among them.
struct Said {
    texts: Arc<Texts>,
    plugins: Vec<(String, String)>,
}

impl Said {
    fn of(registry: &Registry) -> Said {
        let words: Vec<_> = words::SHELL.iter().chain(fondaco_documents::WORDS).copied().collect();
        let texts = registry.texts(&words).unwrap_or_else(|error| {
            tracing::error!(%error, "texts are missing");
            Texts::default()
        });
        let own = |(plugin, version): (&str, &str)| (plugin.to_owned(), version.to_owned());
        let plugins = registry.texts_of_plugins().into_iter().map(own).collect();
        Said { texts: Arc::new(texts), plugins }
    }

    fn is_of(&self, plugins: &[(&str, &str)]) -> bool {
        let own = self.plugins.iter().map(|(plugin, version)| (plugin.as_str(), version.as_str()));
        own.eq(plugins.iter().copied())
    }
}

/// How long the requests in flight have to end. A client that never sends the rest of its request
/// does not keep the server from ending.
const DRAIN: Duration = Duration::from_secs(20);

/// Serves until `stop` is ready, then takes no new request and lets those in flight end.
///
/// # Errors
/// What the operating system says of the socket.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (closing, mut closed) = (app.closing.clone(), app.closing());
    let routes = routes::all(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopped = async move {
        stop.await;
        closing.send_replace(true);
    };
    let patience = async move {
        // An error says that nobody will ever stop it.
        match closed.wait_for(|closing| *closing).await.is_ok() {
            true => tokio::time::sleep(DRAIN).await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        served = axum::serve(listener, routes).with_graceful_shutdown(stopped).into_future() => served,
        () = patience => {
            tracing::warn!("requests in flight were cut off");
            Ok(())
        }
    }
}
