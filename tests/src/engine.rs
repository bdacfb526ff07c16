//! Databases for the tests of the program: on the engine of the running test. PostgreSQL needs
//! longer to make a company's tables than to copy them, so what was opened once the same way is
//! copied from then on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::SystemTime;

use fondaco_cluster::engine;
use fondaco_kernel::{Database, Error, Kernel, PostgresSettings, Setup};
use fondaco_server::modules;

pub use fondaco_cluster::engine::is_postgres;

/// Connections of a kernel at most: many tests share one server.
const CONNECTIONS: u32 = 8;

/// A new, empty database on the engine of the running test.
pub fn database() -> Database {
    engine::database().map_or(Database::Memory, on_server)
}

/// The address of a new, empty database of the server; `None` where the test runs over SQLite.
pub fn database_url() -> Option<String> {
    engine::database()
}

/// A new, empty database that can be opened again: this file, or one of the server's.
pub fn lasting(file: &Path) -> Database {
    engine::database().map_or_else(|| Database::Sqlite(file.to_owned()), on_server)
}

fn on_server(url: String) -> Database {
    let mut settings = PostgresSettings::new(url);
    settings.connections = CONNECTIONS;
    Database::Postgres(settings)
}

/// Opens a kernel. A database in memory stands for a new one on the engine of the running test.
///
/// # Errors
/// As [`Kernel::open`].
pub async fn open(mut setup: Setup) -> Result<Kernel, Error> {
    if !matches!(setup.database, Database::Memory) || !is_postgres() {
        return Kernel::open(setup).await;
    }
    // A module of a test's own is made once and cannot be opened twice.
    let Some(modules) = same_modules(&setup) else {
        setup.database = database();
        return Kernel::open(setup).await;
    };
    let name = template_of(&setup);
    if let Some(template) = engine::template(&name) {
        let mut first = Setup::new(on_server(template.url()), modules);
        first.company.clone_from(&setup.company);
        first.data.clone_from(&setup.data);
        first.clock = setup.clock.clone();
        first.seed = setup.seed;
        first.adopt = setup.adopt;
        first.cheap_passwords = setup.cheap_passwords;
        drop(Kernel::open(first).await?);
        template.keep();
    }
    setup.database = engine::copy(&name).map_or(Database::Memory, on_server);
    Kernel::open(setup).await
}

/// The program's own modules once more; `None` when there are others, or more to switch on.
fn same_modules(setup: &Setup) -> Option<Vec<fondaco_kernel::Module>> {
    if !setup.available.is_empty() {
        return None;
    }
    let names: Vec<String> = setup.modules.iter().map(|module| module.name().to_owned()).collect();
    modules::named(&names).ok()
}

/// The name of what was opened the same way, by this same program.
fn template_of(setup: &Setup) -> String {
    let mut hash = DefaultHasher::new();
    let program = std::env::current_exe().and_then(|path| path.metadata()?.modified());
    program.unwrap_or(SystemTime::UNIX_EPOCH).hash(&mut hash);
    for module in &setup.modules {
        module.name().hash(&mut hash);
    }
    for source in &setup.company {
        (&source.path, &source.text).hash(&mut hash);
    }
    setup.data.hash(&mut hash);
    setup.seed.hash(&mut hash);
    let day = setup.clock.now().as_second() / 86_400;
    day.hash(&mut hash);
    format!("fo_as_{:016x}", hash.finish())
}
