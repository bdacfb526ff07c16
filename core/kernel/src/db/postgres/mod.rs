//! The database server: a pool of connections, and units of work that run there as if each were
//! alone. Two of them that cannot both have been are told apart by the server, and one runs again.
//! INVARIANT: nobody is answered before the server has said that his work is committed, and no unit
//! that a statement has failed in is ever committed.

mod aside;
mod cells;
mod conn;
mod copy;
mod door;
mod many;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;
mod wall;

pub(crate) use cells::held;
pub(crate) use conn::Conn;
pub(crate) use door::Door;
pub(super) use refusal::storage;
pub use settings::PostgresSettings;
pub(super) use wall::RAISE;
