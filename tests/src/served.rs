//! The API of a shop in this process, spoken to over real HTTP on loopback: quicker to open than
//! the program itself, and its clock is the test's.
//! Not here: what only a process has, such as signals and a power cut (`program`).

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fondaco_kernel::identity::{self, NewToken};
use fondaco_server::desk::Desk;
use fondaco_server::folder::Folder;
use fondaco_web::App;
use tokio::sync::oneshot;

use crate::Shop;
use crate::program::Client;
use crate::shop::PASSWORD;

/// How long the tokens of a test live; longer than any story that a test tells.
const TOKEN_LIFE: Duration = Duration::from_secs(300 * 24 * 60 * 60);

/// A shop behind a socket. Closed on drop, with whatever is still in flight.
pub struct Served {
    pub shop: Shop,
    pub address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves a shop on a free port of loopback, on a thread and a runtime of its own.
    pub fn open(shop: Shop) -> Served {
        let app = App::new(shop.kernel.clone());
        Served::of(shop, app)
    }

    /// The same with a company folder, to which changes of the configuration are written.
    pub fn on_folder(shop: Shop, folder: &Path) -> Served {
        let folder = Arc::new(Folder::new(folder));
        let app = App::new(shop.kernel.clone()).with_folder(folder);
        Served::of(shop, app)
    }

    fn of(shop: Shop, app: App) -> Served {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap_or_else(|e| unreachable!("no runtime: {e}"));
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
                let listener = listener.unwrap_or_else(|e| unreachable!("no socket: {e}"));
                let address = listener.local_addr();
                let address = address.unwrap_or_else(|e| unreachable!("no address: {e}"));
                let _ = tell.send(address.to_string());
                tokio::select! {
                    _ = fondaco_web::serve(app, listener, std::future::pending()) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().unwrap_or_else(|e| unreachable!("the server ended: {e}"));
        Served { shop, address, stop: Some(stop), thread: Some(thread) }
    }

    /// A client with all the rights of this user, by an API token.
    pub async fn client(&self, desk: &Desk) -> Client {
        Client::new(&self.address, &token(desk, &["*:*"]).await)
    }

    /// The cookie of this user's browser, in which he is in person.
    pub async fn cookie(&self, login: &str) -> String {
        let signed = identity::sign_in(&self.shop.kernel, login, PASSWORD, "browser").await;
        let (token, _) = signed.unwrap_or_else(|e| unreachable!("{login}: {e}"));
        format!("fondaco={}", token.reveal())
    }

    /// A client that says nothing of who it is.
    pub fn stranger(&self) -> Client {
        Client::new(&self.address, "")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A new API token of this user with these scopes.
pub async fn token(desk: &Desk, scopes: &[&str]) -> String {
    let expires_at = desk.kernel.clock().now().checked_add(TOKEN_LIFE);
    let new = NewToken {
        name: "test".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        read_only: false,
        expires_at: expires_at.unwrap_or_else(|e| unreachable!("the clock is at its end: {e}")),
    };
    let made = desk.kernel.run(&desk.ctx, move |tx| {
        let new = new.clone();
        Box::pin(async move { identity::create_token(tx, new).await })
    });
    let (secret, _) = made.await.unwrap_or_else(|e| unreachable!("no token: {e}"));
    secret.reveal().to_owned()
}
