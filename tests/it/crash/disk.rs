//! The disk of the database is full, three times: writing is refused cleanly and says why, reading
//! goes on, and writing too as soon as there is room. PostgreSQL has its log on another disk, as it
//! should: without room for that it stops by itself.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fondaco_cluster::Cluster;
use fondaco_tests::program::Answer;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Client, Folder, Program};

use super::{FILES, Goods, Known, MODULES, check, furnish, order, server, tell, verified};

const ROUNDS: u64 = 3;
/// How long it may take until the last free page is written.
const PATIENCE: Duration = Duration::from_secs(120);

/// A small disk in memory. Unmounted on drop.
struct Disk(std::path::PathBuf);

impl Disk {
    /// `None`, after a loud line, where one may not mount.
    fn mount(path: &Path, megabytes: u32) -> Option<Disk> {
        std::fs::create_dir_all(path).unwrap();
        let size = format!("size={megabytes}m");
        let mount = ["-t", "tmpfs", "-o", &size, "tmpfs"];
        let mounted = Command::new("mount").args(mount).arg(path).output();
        if mounted.is_ok_and(|out| out.status.success()) {
            return Some(Disk(path.to_owned()));
        }
        let line = b"\nPASSED OVER: no right to mount a small disk; a full one was not tested\n";
        let _ = std::io::stderr().write_all(line);
        None
    }

    /// Takes all the room that is left; given back on drop.
    fn fill(&self) -> Filled {
        let path = self.0.join("filled");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Filled(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

struct Filled(std::path::PathBuf);

impl Drop for Filled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Orders until one is refused: how. What room there is inside of files is used up first.
fn until_refused(client: &Client, goods: &Goods, known: &Mutex<Known>) -> Answer {
    let since = Instant::now();
    loop {
        match order(client, goods, known) {
            Ok(()) => assert!(since.elapsed() < PATIENCE, "it is never full"),
            Err(refused) => return refused.expect("the server is up"),
        }
    }
}

async fn full(folder: &Folder, disk: &Disk) {
    let (token, goods) = furnish(folder.shop().await).await;
    let known = Mutex::new(Known::default());
    let program = Program::serve(folder.path());
    let client = program.client(&token);
    for round in 1..=ROUNDS {
        for _ in 0..20 {
            order(&client, &goods, &known).expect("there is room");
        }
        let filled = disk.fill();
        for _ in 0..3 {
            let refused = until_refused(&client, &goods, &known);
            assert_eq!(refused.status, 507, "{}", refused.body);
            let why = refused.body["detail"].as_str().unwrap_or_default();
            assert!(why.contains("full"), "round {round}: {}", refused.body);
            // Who reads does not notice.
            client.get("/api/sales.order?sort=-id&limit=20").unwrap().expect(200);
        }
        drop(filled);
        check(&client, &goods, &mut known.lock().unwrap(), round);
    }
    program.kill();
    let known = known.into_inner().unwrap();
    tell(&known, "full three times");
    assert!(known.cut > 0, "nobody was refused");
    verified(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_no_more() {
    let place = Scratch::new("full");
    let Some(disk) = Disk::mount(&place.path().join("disk"), 24) else { return };
    let file = format!("file = {:?}", disk.0.join("works.db"));
    let folder = Folder::lay_on(&file, "full", MODULES, FILES);
    full(&folder, &disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_postgres_refuses_and_no_more() {
    let place = Scratch::new("full-pg");
    let Some(disk) = Disk::mount(&place.path().join("disk"), 160) else { return };
    let Some(cluster) = Cluster::on_disk(place.path(), &disk.0) else { return };
    let folder = Folder::lay_on(&server(&cluster), "full-pg", MODULES, FILES);
    full(&folder, &disk).await;
}
