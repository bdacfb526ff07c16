//! The end of the shared server: each test process holds a lock while it lives, and a small shell
//! script stops the server when nobody has held it for a while. So nothing is left running, however
//! the tests ended, and one test binary after the other finds the server up.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// In the folder of the server: at most one watcher; nobody uses the server; nobody starts it.
const WATCHER: &str = r#"
exec 7<watch.lock 8<start.lock 9<users.lock
flock --nonblock 7 || exit 0
while sleep 4; do
  flock 8
  if flock --nonblock 9; then
    "$PATH_OF_POSTGRES/pg_ctl" stop --wait --mode=fast -D data
    exit 0
  fi
  flock --unlock 8
done
"#;

/// Says, until the end of this process, that it uses the server.
pub(crate) fn use_until_the_end(folder: &Path) -> Result<(), String> {
    static USED: OnceLock<File> = OnceLock::new();
    let file = lock_file(&folder.join("users.lock")).map_err(|e| e.to_string())?;
    file.lock_shared().map_err(|e| e.to_string())?;
    let _ = USED.set(file);
    Ok(())
}

/// Starts the watcher; where there is one already the new one ends at once.
pub(crate) fn stop_when_unused(folder: &Path, mut shell: Command) -> Result<(), String> {
    lock_file(&folder.join("watch.lock")).map_err(|e| e.to_string())?;
    shell.args(["-c", WATCHER]).process_group(0);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().map(drop).map_err(|e| e.to_string())
}

/// A file that is locked and never written, which every user may open.
pub(crate) fn lock_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}
