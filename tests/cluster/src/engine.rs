//! One test on both engines. [`both!`](crate::both) names scenarios, and each runs once over SQLite
//! and once over PostgreSQL; what opens a database asks here for one of the running test's engine.
//! The engine belongs to the thread of the test.

use std::cell::RefCell;

use crate::{Cluster, Database, Template};

/// PostgreSQL, and the databases of the running test, dropped at its end.
struct OnPostgres {
    cluster: &'static Cluster,
    made: Vec<Database>,
}

thread_local! {
    static ENGINE: RefCell<Option<OnPostgres>> = const { RefCell::new(None) };
}

/// Whether the running test is the PostgreSQL one of the two.
pub fn is_postgres() -> bool {
    ENGINE.with_borrow(Option::is_some)
}

/// The address of a new, empty database; `None` where the test runs over SQLite.
pub fn database() -> Option<String> {
    keep(Cluster::database)
}

/// The address of a new copy of a template that was made before; `None` as [`database`].
pub fn copy(template: &str) -> Option<String> {
    keep(|cluster| cluster.copy(template))
}

/// As [`Cluster::template`]; `None` also where the test runs over SQLite.
pub fn template(name: &str) -> Option<Template> {
    let cluster = ENGINE.with_borrow(|engine| engine.as_ref().map(|on| on.cluster))?;
    cluster.template(name)
}

fn keep(make: impl FnOnce(&'static Cluster) -> Database) -> Option<String> {
    ENGINE.with_borrow_mut(|engine| {
        let on = engine.as_mut()?;
        let database = make(on.cluster);
        let url = database.url();
        on.made.push(database);
        Some(url)
    })
}

/// Runs the test over PostgreSQL, if that is installed. Its connections have ended with it.
pub fn on_postgres(test: impl FnOnce()) {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            // Dropped outside of the borrow.
            drop(ENGINE.take());
        }
    }
    let Some(cluster) = Cluster::shared() else { return };
    ENGINE.set(Some(OnPostgres { cluster, made: Vec::new() }));
    let _end = End;
    test();
}

/// Makes two tests of each named `async fn`: `name::sqlite` and `name::postgres`. One that is not
/// named is dead code, and said to be.
#[macro_export]
macro_rules! both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name().await;
            }

            #[test]
            fn postgres() {
                $crate::engine::on_postgres(|| {
                    let runtime = tokio::runtime::Builder::new_multi_thread()
                        .worker_threads(2)
                        .enable_all()
                        .build();
                    runtime.unwrap().block_on(super::$name());
                });
            }
        }
    )+};
}
