//! One test on both engines: `both!` names scenarios, and each runs once over SQLite and once over
//! PostgreSQL, where that is installed. A scenario opens its kernels over [`database`].

use std::cell::RefCell;

use fondaco_cluster::Cluster;

use crate::{Database, PostgresSettings};

enum Engine {
    Sqlite,
    /// The databases of this test, dropped at its end.
    Postgres(&'static Cluster, Vec<fondaco_cluster::Database>),
}

thread_local! {
    static ENGINE: RefCell<Engine> = const { RefCell::new(Engine::Sqlite) };
}

/// A new, empty database on the engine of the running test.
pub(crate) fn database() -> Database {
    ENGINE.with_borrow_mut(|engine| match engine {
        Engine::Sqlite => Database::Memory,
        Engine::Postgres(cluster, made) => {
            let cluster: &'static Cluster = cluster;
            let database = cluster.database();
            let mut settings = PostgresSettings::new(database.url());
            settings.connections = 6;
            made.push(database);
            Database::Postgres(settings)
        }
    })
}

pub(crate) fn is_postgres() -> bool {
    ENGINE.with_borrow(|engine| matches!(engine, Engine::Postgres(..)))
}

pub(crate) fn on_sqlite(scenario: impl Future<Output = ()>) {
    run(scenario);
}

pub(crate) fn on_postgres(scenario: impl Future<Output = ()>) {
    let Some(cluster) = Cluster::shared() else { return };
    ENGINE.set(Engine::Postgres(cluster, Vec::new()));
    run(scenario);
    // Their connections have ended with the runtime.
    ENGINE.set(Engine::Sqlite);
}

fn run(scenario: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(scenario);
}

/// Makes two tests of each named `async fn`: `name::sqlite` and `name::postgres`.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                crate::testing::on_sqlite(super::$name());
            }

            #[test]
            fn postgres() {
                crate::testing::on_postgres(super::$name());
            }
        }
    )+};
}

pub(crate) use both;
