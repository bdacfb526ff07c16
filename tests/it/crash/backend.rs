//! A backend of PostgreSQL is killed under load (SIGKILL), five times: its postmaster then ends all
//! the others too and recovers. The program stays up, refuses cleanly meanwhile, and goes on.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fondaco_cluster::Cluster;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Client, Folder, Program};

use super::{Chance, FILES, Goods, Known, MODULES, check, furnish, order, server, tell, verified};

const ROUNDS: u64 = 5;
const CLIENTS: u64 = 8;
/// How long PostgreSQL may need to be back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Orders one after the other; what is refused is refused cleanly.
fn work(client: &Client, goods: &Goods, known: &Mutex<Known>, enough: &AtomicBool) {
    while !enough.load(Ordering::Relaxed) {
        if let Err(Some(refused)) = order(client, goods, known) {
            assert_eq!(refused.status, 503, "{}", refused.body);
        }
    }
}

/// Clients at work while something happens.
fn load(client: &Client, goods: &Goods, known: &Mutex<Known>, meanwhile: impl FnOnce()) {
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| work(client, goods, known, &enough));
        }
        meanwhile();
        enough.store(true, Ordering::Relaxed);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_outlives_a_backend() {
    let place = Scratch::new("backend");
    let Some(cluster) = Cluster::own(place.path()) else { return };
    let folder = Folder::lay_on(&server(&cluster), "backend", MODULES, FILES);
    let (token, goods) = furnish(folder.shop().await).await;
    let program = Program::serve(folder.path());
    let client = program.client(&token);
    let (mut chance, known) = (Chance::new(), Mutex::new(Known::default()));
    for round in 1..=ROUNDS {
        load(&client, &goods, &known, || {
            std::thread::sleep(Duration::from_millis(100 + chance.below(400)));
            let one = "select pid from pg_stat_activity where datname = 'works' limit 1";
            let pid = cluster.sql("postgres", one);
            let killed = Command::new("kill").args(["-9", pid.trim()]).status();
            assert!(killed.is_ok_and(|status| status.success()), "no backend was killed");
            let since = Instant::now();
            while order(&client, &goods, &known).is_err() {
                assert!(since.elapsed() < PATIENCE, "round {round}: it does not come back");
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        check(&client, &goods, &mut known.lock().unwrap(), round);
    }
    program.kill();
    tell(&known.lock().unwrap(), "five backends killed");
    verified(&folder);
}
