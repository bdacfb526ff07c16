//! `fondaco demo`: the story of Veloce Cycles, then a year of livelier history, then the server.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use fondaco_kernel::identity::{self, NewToken, NewUser};
use fondaco_kernel::plugins::lifecycle::{self, Grant};
use fondaco_kernel::values::Timestamp;
use fondaco_kernel::{Clock, Database, Kernel, Setup};
use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use fondaco_web::App;

use super::serve::{listen_on, serve, stop_signal};
use crate::authoring::house::{self, Packed};
use crate::config::cache;
use crate::desk::Desk;
use crate::progress::{note, say};
use crate::story::{self, People, Scene};
use crate::{End, history, modules};

/// Run the main job at a demo company and serve it.
///
/// Example:
///   fondaco demo
///   fondaco demo --keep veloce.db --listen 127.0.0.1:9000
///
/// Tells the way from a lead to the ledger with its figures, adds a year of history, then serves
/// the company on loopback and says where to look and as whom. Two plugins work in it, approval-matrix
/// and credit-guard: they are built first, with cargo and its target wasm32-wasip2; where that cannot be
/// done, the demo says why and goes without them.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Demo {
    /// Address and port to serve on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8069")]
    listen: String,
    /// Keep the database in this file; by default it lives in memory.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Customers in the year of history; 0 leaves it out.
    #[arg(long, default_value_t = 400)]
    customers: u32,
    /// Tell the story and end, without a server.
    #[arg(long)]
    no_serve: bool,
    /// Leave out the plugins: the large order is then confirmed without an approval.
    #[arg(long)]
    without_plugins: bool,
}

/// The company folder of the demo, inside the program.
const DATA: &[(&str, &str)] = &[
    ("1-company.toml", include_str!("../../../../examples/veloce-cycles/data/1-company.toml")),
    ("2-products.toml", include_str!("../../../../examples/veloce-cycles/data/2-products.toml")),
    ("3-options.toml", include_str!("../../../../examples/veloce-cycles/data/3-options.toml")),
    (
        "4-production.toml",
        include_str!("../../../../examples/veloce-cycles/data/4-production.toml"),
    ),
    ("5-partners.toml", include_str!("../../../../examples/veloce-cycles/data/5-partners.toml")),
];

/// Veloce Cycles with all modules, on a clock that the story moves.
pub fn setup(database: Database, clock: Clock) -> Setup {
    let mut setup = Setup::new(database, modules::all());
    setup.clock = clock;
    setup.data = DATA.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    setup
}

pub async fn run(args: Demo) -> Result<End> {
    if let Some(path) = args.keep.as_ref().filter(|path| path.exists()) {
        anyhow::bail!("{} is there already; name another file", path.display());
    }
    let clock = Clock::at(first_day()?);
    let database = args.keep.clone().map_or(Database::Memory, Database::Sqlite);
    let plugins = if args.without_plugins { Vec::new() } else { built() };
    note("Opening Veloce Cycles …");
    let mut setup = setup(database, clock.clone());
    setup.plugins = Arc::new(host());
    let kernel = Kernel::open(setup).await?;
    let password = fresh_password(&kernel).await?;
    let admin = first_administrator(&kernel, &password).await?;
    put_in_force(&admin, plugins).await?;
    let people = People::hire(&admin, &password).await?;
    story::tell(&kernel, &clock, &people, print).await?;
    history::live(&kernel, &clock, &people, args.customers).await?;
    clock.set(Clock::system().now());
    if args.no_serve {
        return Ok(End::Well);
    }
    open_doors(kernel, &people, &args.listen, &password, &clock).await
}

/// Who runs plugins: this program, once more, compiles them into the user's cache.
fn host() -> Host {
    let program = std::env::current_exe().unwrap_or_else(|_| "fondaco".into());
    let cache = cache().join("compiled");
    Host::new(Options { cache, compiler: Compiler::Child(program), metering: Metering::Time })
}

/// The plugins of the demo; none, after a loud line, where they cannot be built.
fn built() -> Vec<Packed> {
    note("Building the plugins of the demo (the first time takes a minute) …");
    house::packed().unwrap_or_else(|why| {
        say("THE DEMO GOES WITHOUT ITS PLUGINS approval-matrix and credit-guard: they cannot be built here.");
        say(&format!("  {}", format!("{why:#}").replace('\n', "\n  ")));
        say("  The large order is confirmed without an approval; all else is the same.");
        Vec::new()
    })
}

/// Installs, grants and enables, as an administrator does.
///
/// # Errors
/// What the kernel refuses of it.
pub async fn put_in_force(admin: &Desk, plugins: Vec<Packed>) -> Result<()> {
    for Packed { id, package } in plugins {
        let (kernel, ctx) = (&admin.kernel, &admin.ctx);
        lifecycle::install(kernel, ctx, package)
            .await
            .with_context(|| format!("installing {id}"))?;
        lifecycle::grant(kernel, ctx, id, Grant::default()).await?;
        let stands = lifecycle::enable(kernel, ctx, id, None).await?;
        note(&format!("{} {} is enabled", stands.id, stands.version));
    }
    Ok(())
}

async fn open_doors(
    kernel: Kernel,
    people: &People,
    listen: &str,
    password: &str,
    clock: &Clock,
) -> Result<End> {
    let token = token(&people.manager).await?;
    let listener = listen_on(listen).await?;
    let address = listener.local_addr()?;
    say(&format!("\nVeloce Cycles is open at http://{address} (Ctrl-C ends it)"));
    say(&format!(
        "  Open it in a browser and sign in as chiara@veloce.example (manager), password: {password}"
    ));
    say("  the others, with the same password: marco (sales), paolo (purchasing),");
    say("  sofia (stock), elena (production), giulia (accounting), each @veloce.example");
    say("  The same by the API, with curl:");
    say(&format!("    TOKEN={token}"));
    let curl = format!("    curl -s -H \"Authorization: Bearer $TOKEN\" http://{address}");
    say(&format!("{curl}/api/sales.order?limit=3"));
    say(&format!("{curl}/api/ledger/trial-balance"));
    say(&format!("{curl}/api/openapi.json"));
    let clock = clock.clone();
    let tick = async move {
        loop {
            clock.set(Clock::system().now());
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        end = serve(App::new(kernel), listener, stop_signal()) => end,
        () = tick => Ok(End::Well),
    }
}

/// Nine o'clock of a Monday thirteen months ago: the story and the year after it end before today.
fn first_day() -> Result<Timestamp> {
    let today = Clock::system().now().to_zoned(jiff::tz::TimeZone::UTC);
    let then = today.date().checked_sub(jiff::Span::new().months(13))?;
    let monday =
        then.checked_sub(jiff::Span::new().days(then.weekday().to_monday_zero_offset()))?;
    Ok(monday.at(9, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
}

/// A scene as one reads it.
fn print(scene: &Scene) {
    say(&format!("\n{}", scene.title));
    for (what, figure) in &scene.figures {
        match what.as_str() {
            "" => say(&format!("  {figure}")),
            // Accounts by code are in the lines above.
            code if code.bytes().all(|b| b.is_ascii_digit()) => {}
            what => say(&format!("  {what:<60}{figure:>16}")),
        }
    }
}

/// Nobody knows it before; it is printed once.
async fn fresh_password(kernel: &Kernel) -> Result<String> {
    let code = identity::first_code(kernel).await?.context("the demo begins without users")?;
    Ok(format!("veloce-{}", code.reveal()))
}

async fn first_administrator(kernel: &Kernel, password: &str) -> Result<Desk> {
    let code = identity::first_code(kernel).await?.context("the demo begins without users")?;
    let login = "admin@veloce.example";
    let new = NewUser {
        login: login.to_owned(),
        name: "Admin".to_owned(),
        password: Some(password.to_owned()),
        ..NewUser::default()
    };
    identity::first_administrator(kernel, code.reveal(), new).await?;
    let (_, ctx) = identity::sign_in(kernel, login, password, "console").await?;
    Ok(Desk::new(kernel.clone(), ctx))
}

/// An API token of a user, for a month.
async fn token(desk: &Desk) -> Result<String> {
    let expires_at: Timestamp =
        desk.kernel.clock().now().checked_add(MONTH).context("the clock is at its end")?;
    let new = NewToken {
        name: "demo".to_owned(),
        scopes: vec!["*:*".to_owned()],
        read_only: false,
        expires_at,
    };
    let made = desk.kernel.run(&desk.ctx, move |tx| {
        let new = new.clone();
        Box::pin(async move { identity::create_token(tx, new).await })
    });
    let (secret, _) = made.await?;
    Ok(secret.reveal().to_owned())
}

const MONTH: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);
