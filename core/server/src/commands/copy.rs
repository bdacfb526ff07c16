//! A copy of a company's database to try things on: a file of the embedded engine, whatever engine
//! the company has. It lies beside the original, where the same people may read it, and goes away
//! when it is done with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use fondaco_kernel::{Database, Kernel, Setup, portable};

use crate::config::Company;

pub(super) struct Copy(PathBuf);

impl Copy {
    /// Copies what this kernel has open. `purpose` is part of the file's name.
    pub(super) async fn of(company: &Company, kernel: &Kernel, purpose: &str) -> Result<Copy> {
        let name = format!("{purpose}-{}.db", std::process::id());
        let copy = Copy(company.database_path().with_file_name(name));
        match company.database() {
            Database::Postgres(_) if company.is_there() => {
                copy.receive(kernel).await.context("copying the database of the server")?;
            }
            _ => kernel.copy_to(&copy.0).await.context("copying the database")?,
        }
        Ok(copy)
    }

    pub(super) fn database(&self) -> Database {
        Database::Sqlite(self.0.clone())
    }

    /// Through the portable form, which every engine writes and reads.
    async fn receive(&self, kernel: &Kernel) -> Result<()> {
        let rows = self.rows();
        portable::export(kernel, &rows, Arc::new(|_, _, _| {})).await?;
        let vessel = Kernel::vessel(Setup::new(self.database(), Vec::new())).await?;
        portable::receive(&vessel, &rows, Arc::new(|_, _, _| {})).await?;
        Ok(())
    }

    fn rows(&self) -> PathBuf {
        self.0.with_extension("rows")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed, or was never made, is named like what it is.
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&self.0, suffix));
        }
        let _ = std::fs::remove_dir_all(self.rows());
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
