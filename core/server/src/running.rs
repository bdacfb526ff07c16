//! Which servers of a company folder are running: each holds the lock of a file that is named after
//! its process, so that no other process can ever be taken for it. `fondaco reload` finds them here.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::config;

const FOLDER: &str = "run";

/// Held while a server runs; gone with it.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    _lock: File,
}

impl Running {
    /// Says that this process serves the folder.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn here(company: &Path) -> Result<Running> {
        let folder = company.join(FOLDER);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let path = folder.join(format!("{}.lock", std::process::id()));
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
        lock.try_lock().with_context(|| format!("locking {}", path.display()))?;
        Ok(Running { path, _lock: lock })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that stays is seen to be free by the next who looks.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The processes that serve the folder now; what others left behind is cleared away.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn servers(company: &Path) -> Result<Vec<i32>> {
    let folder = company.join(FOLDER);
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(found) };
    for entry in entries {
        let path = entry.with_context(|| format!("reading {}", folder.display()))?.path();
        let is_lock = path.extension().is_some_and(|e| e == "lock");
        let pid = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok());
        let (true, Some(pid)) = (is_lock, pid) else { continue };
        let lock = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => found.push(pid),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Ok(()) => drop(std::fs::remove_file(&path)),
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Tells the service manager, where there is one, how it stands: `READY=1`, `STOPPING=1`.
pub fn tell_manager(state: &str) {
    let Some(socket) = config::service_manager() else { return };
    let told = UnixDatagram::unbound().and_then(|s| s.send_to(state.as_bytes(), &socket));
    if let Err(error) = told {
        tracing::warn!(%error, socket = %socket.display(), "the service manager was not told");
    }
}
