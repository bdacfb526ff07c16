//! The way of a unit of work into the database and out of it, committed or not.

use std::sync::Arc;

use super::{Kind, Purpose, Work, postgres, sqlite};
use crate::error::Result;
use crate::kernel::Shared;
use crate::{Ctx, Database};

pub(crate) enum Door {
    Sqlite(sqlite::Door),
    Postgres(postgres::Door),
}

impl Door {
    /// Opens the database and, where it is to be worked with, brings the kernel's own tables up to date.
    pub(crate) async fn open(
        database: &Database,
        shared: Arc<Shared>,
        purpose: Purpose,
    ) -> Result<Door> {
        match database {
            Database::Memory => sqlite::Door::open(None, shared, purpose).map(Door::Sqlite),
            Database::Sqlite(path) => {
                if purpose != Purpose::Look {
                    sqlite::make_folder(path)?;
                }
                sqlite::Door::open(Some(path), shared, purpose).map(Door::Sqlite)
            }
            Database::Postgres(server) => {
                postgres::Door::open(server, shared, purpose).await.map(Door::Postgres)
            }
        }
    }

    /// Builds an index beside the work that goes on.
    pub(crate) async fn build_index(&self, name: &str, text: &str) -> Result<()> {
        match self {
            Door::Sqlite(_) => unreachable!("the embedded engine builds indexes with the change"),
            Door::Postgres(door) => door.build_index(name, text).await,
        }
    }

    /// Runs a unit of work to its end, also when nobody waits for the answer any more.
    pub(crate) async fn run(&self, kind: Kind, ctx: Ctx, work: Work) -> Result<()> {
        match self {
            Door::Sqlite(door) => door.run(kind, ctx, work).await,
            Door::Postgres(door) => door.run(kind, ctx, work).await,
        }
    }
}
