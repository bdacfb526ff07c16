//! Backups under load, restores, the portable form and moves, with the program as operators run it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fondaco_cluster::Cluster;
use fondaco_kernel::{Clock, Database, Kernel};
use fondaco_server::commands::demo;
use fondaco_server::config::Company;
use fondaco_server::story::{self, People};
use fondaco_tests::program::{binary, run};
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::{PASSWORD, Shop};
use fondaco_tests::{Client, Folder, Program};
use serde_json::json;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Runs a command that must end well; answers what it said.
fn well(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}\n{}", said(&output));
    said(&output)
}

/// Runs a command that must fail; answers what it said.
fn refused(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}\n{}", said(&output));
    said(&output)
}

/// What lies in a folder and ends so, oldest first.
fn backups(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|p| text(p).ends_with(end)).collect();
    found.sort();
    found
}

/// The names of all parties and how often each is there.
fn parties(client: &Client) -> BTreeMap<String, usize> {
    let (mut found, mut after) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("/api/party?limit=500&sort=id&fields=name{after}");
        let page = client.get(&path).unwrap().expect(200);
        for party in page.body["items"].as_array().unwrap() {
            *found.entry(party["name"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// Makes a party; its name, once it is acknowledged.
fn make(client: &Client) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("Party {}", NEXT.fetch_add(1, Ordering::Relaxed));
    client.post("/api/party", &json!({ "name": name })).unwrap().expect(201);
    name
}

fn keep_making(client: &Client, on: &AtomicBool, known: &Mutex<Vec<String>>) {
    while on.load(Ordering::Relaxed) {
        let name = make(client);
        known.lock().unwrap().push(name);
    }
}

/// A second folder of the same company, without a database.
fn another(of: &Folder, name: &str) -> Folder {
    let other = Folder::lay(name, &[], &[]);
    for file in ["fondaco.toml", "data/company.toml"] {
        other.write(file, &std::fs::read_to_string(of.path().join(file)).unwrap());
    }
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_in_it() {
    let folder = Folder::lay("backup", &["sales", "accounting"], &[]);
    let token = folder.user_token(&["administrator"]).await;
    let program = Program::serve(folder.path());
    let client = program.client(&token);
    let on = AtomicBool::new(true);
    let known = Mutex::new(Vec::new());
    let mut rounds: Vec<Vec<String>> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| keep_making(&client, &on, &known));
        }
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(1100));
            rounds.push(known.lock().unwrap().clone());
            let told = well(&["backup", "--keep", "2", "--company", text(folder.path())]);
            assert!(told.contains("the chain holds and both sides are even"), "{told}");
        }
        on.store(false, Ordering::Relaxed);
    });
    assert!(rounds[2].len() > rounds[0].len(), "nothing was written meanwhile");
    let kept = backups(&folder.path().join("backups"), ".db");
    assert_eq!(kept.len(), 2, "of three, two are kept: {kept:?}");
    assert!(backups(&folder.path().join("backups"), ".part").is_empty());

    for (backup, before) in kept.iter().zip(&rounds[1..]) {
        let other = another(&folder, "restored");
        well(&["restore", text(backup), "--company", text(other.path())]);
        let program = Program::serve(other.path());
        let found = parties(&program.client(&token));
        let lost: Vec<_> = before.iter().filter(|name| found.get(*name) != Some(&1)).collect();
        assert!(lost.is_empty(), "of {} acknowledged: {lost:?}", before.len());
        program.kill();
        let told = refused(&["restore", text(backup), "--company", text(other.path())]);
        assert!(told.contains("nothing was overwritten"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_does_not_hold_is_none() {
    let veloce = Veloce::lay("damaged").await;
    well(&["backup", "--company", veloce.text()]);
    let backup = backups(&veloce.path().join("backups"), ".db").remove(0);
    // A page in the middle, as a bad disk would leave it.
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xA5);
    let damaged = veloce.path().join("damaged.db");
    std::fs::write(&damaged, &bytes).unwrap();
    std::fs::remove_file(veloce.path().join("veloce.db")).unwrap();
    let told = refused(&["restore", text(&damaged), "--company", veloce.text()]);
    assert!(!veloce.path().join("veloce.db").exists(), "{told}");

    // An amount that somebody changed behind the program's back.
    well(&["restore", text(&backup), "--company", veloce.text()]);
    let database = rusqlite::Connection::open(veloce.path().join("veloce.db")).unwrap();
    database.execute("drop trigger ledger_line_no_update", []).unwrap();
    let changed = database.execute(
        "update ledger_line set functional = functional + 100 \
         where id = (select min(id) from ledger_line where functional > 0)",
        [],
    );
    assert_eq!(changed, Ok(1));
    drop(database);
    for args in [&["backup"][..], &["backup", "--portable"][..]] {
        let told = refused(&[args, &["--company", veloce.text()]].concat());
        assert!(told.contains("The chain is broken at entry"), "{told}");
        assert!(told.contains("The trial balance has"), "{told}");
    }
    let left = std::fs::read_dir(veloce.path().join("backups")).unwrap().count();
    assert_eq!(left, 1, "only the first backup is there");
}

/// The bicycle maker's company folder, with the database that the main job leaves.
struct Veloce(Scratch);

impl Veloce {
    async fn lay(name: &str) -> Veloce {
        let veloce = Veloce::folder(name);
        let clock = Clock::at("2026-03-02T09:00:00Z".parse().unwrap());
        let database = Database::Sqlite(veloce.path().join("veloce.db"));
        let shop = Shop::on_clock(demo::setup(database, clock.clone()), clock.clone()).await;
        let people = People::hire(&shop.admin, PASSWORD).await.unwrap();
        story::tell(&shop.kernel, &clock, &people, |_| {}).await.unwrap();
        shop.kernel.run_due_jobs().await.unwrap();
        veloce
    }

    /// Without a database.
    fn folder(name: &str) -> Veloce {
        let veloce = Veloce(Scratch::new(name));
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/veloce-cycles");
        std::fs::create_dir_all(veloce.path().join("data")).unwrap();
        std::fs::copy(example.join("fondaco.toml"), veloce.path().join("fondaco.toml")).unwrap();
        for file in std::fs::read_dir(example.join("data")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), veloce.path().join("data").join(file.file_name())).unwrap();
        }
        veloce
    }

    /// Names this database in its settings.
    fn settle(&self, database: &str) {
        let path = self.path().join("fondaco.toml");
        let config = std::fs::read_to_string(&path).unwrap();
        let lines = config.lines().map(|line| match line {
            line if line.starts_with("file = ") || line.starts_with("url = ") => database,
            line => line,
        });
        std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    }

    async fn kernel(&self) -> Kernel {
        let company = Company::read(self.path()).unwrap();
        Kernel::open(company.setup().unwrap()).await.unwrap()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self) -> &str {
        text(self.path())
    }

    fn trial_balance(&self) -> String {
        well(&["ledger", "trial-balance", "--company", self.text()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portable_form_takes_everything_along() {
    let veloce = Veloce::lay("portable").await;
    let balance = veloce.trial_balance();
    well(&["backup", "--portable", "--company", veloce.text()]);
    let export = backups(&veloce.path().join("backups"), ".portable").remove(0);

    let other = Veloce::folder("received");
    well(&["restore", text(&export), "--company", other.text()]);
    assert_eq!(other.trial_balance(), balance);
    let told = well(&["ledger", "verify", "--company", other.text()]);
    assert!(told.contains("The chain holds"), "{told}");
    let again = refused(&["restore", text(&export), "--company", veloce.text()]);
    assert!(again.contains("not empty") && again.contains("nothing was overwritten"), "{again}");
    // Searches find, and what comes next follows on.
    let found = Command::new(binary())
        .args(["export", "party", "--company", other.text()])
        .output()
        .unwrap();
    assert!(found.status.success(), "{}", said(&found));

    // A row that somebody changed in the files.
    let file = export.join("tables/party.jsonl");
    let rows = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, rows.replacen('e', "x", 1)).unwrap();
    let third = Veloce::folder("forged");
    let told = refused(&["restore", text(&export), "--company", third.text()]);
    assert!(told.contains("party.jsonl was changed since it was written"), "{told}");
    let told = refused(&["ledger", "verify", "--company", third.text()]);
    assert!(told.contains("this database is not whole"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_on_where_it_was_interrupted_and_closes_the_old_database() {
    let veloce = Veloce::lay("moved").await;
    let balance = veloce.trial_balance();
    let to = format!("sqlite:{}", text(&veloce.path().join("new/veloce.db")));
    let args = ["move", "--to", &to, "--company", veloce.text()];
    // Somebody has it open meanwhile, of whom the command knows nothing.
    let open = veloce.kernel().await;
    let mut killed = 0;
    let longer = |wait: &Duration| Some(*wait * 3 / 2);
    for wait in std::iter::successors(Some(Duration::from_millis(150)), longer) {
        let mut child = Command::new(binary())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while begun.elapsed() < wait && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        killed += 1;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("killed {killed} times on the way");
    assert!(killed > 2);
    assert!(!veloce.path().join("moving").exists());
    // The old one is read as before, and nobody writes to it.
    assert_eq!(veloce.trial_balance(), balance);
    let late = open.run_due_jobs().await.unwrap_err().to_string();
    assert!(late.contains("This database has moved to sqlite:"), "{late}");
    let add = ["user", "add", "bob@veloce.example", "--name", "Bob", "--roles", "sales_user"];
    let closed = refused(&[&add[..], &["--company", veloce.text()]].concat());
    assert!(closed.contains("it has moved to sqlite:"), "{closed}");

    veloce.settle("file = \"new/veloce.db\"");
    assert_eq!(veloce.trial_balance(), balance);
    well(&["ledger", "verify", "--company", veloce.text()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_moves_to_postgres_and_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let veloce = Veloce::lay("to-postgres").await;
    let balance = veloce.trial_balance();
    let database = cluster.database();
    let told = well(&["move", "--to", &database.url(), "--company", veloce.text()]);
    assert!(told.contains("the chain holds and both sides are even"), "{told}");
    veloce.settle(&format!("url = {:?}", database.url()));
    assert_eq!(veloce.trial_balance(), balance);
    // It goes on there: a record, and the sequence of the ledger follows on.
    let add = ["user", "add", "bob@veloce.example", "--name", "Bob", "--roles", "sales_user"];
    well(&[&add[..], &["--company", veloce.text()]].concat());
    well(&["ledger", "verify", "--company", veloce.text()]);
    let last =
        database.sql("select last_value = (select max(seq) from ledger_entry) from ledger_seq");
    assert_eq!(last.trim(), "t");
    assert_eq!(
        database.sql("select count(*) > 20 from pg_constraint where contype = 'f'").trim(),
        "t"
    );

    let to = format!("sqlite:{}", text(&veloce.path().join("back.db")));
    well(&["move", "--to", &to, "--company", veloce.text()]);
    let closed = refused(&[&add[..], &["--company", veloce.text()]].concat());
    assert!(closed.contains("it has moved to sqlite:"), "{closed}");
    veloce.settle("file = \"back.db\"");
    assert_eq!(veloce.trial_balance(), balance);
    well(&["ledger", "verify", "--company", veloce.text()]);
    let users = well(&["user", "list", "--company", veloce.text()]);
    assert!(users.contains("bob@veloce.example"), "{users}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_begun_can_be_given_up() {
    let veloce = Veloce::lay("given-up").await;
    well(&["backup", "--company", veloce.text()]);
    let taken = backups(&veloce.path().join("backups"), ".db").remove(0);
    let to = format!("sqlite:{}", text(&taken));
    let told = refused(&["move", "--to", &to, "--company", veloce.text()]);
    assert!(told.contains("not empty"), "{told}");
    let elsewhere = refused(&["move", "--to", "sqlite:/else.db", "--company", veloce.text()]);
    assert!(elsewhere.contains("it is moving or has moved to"), "{elsewhere}");
    well(&["move", "--cancel", "--company", veloce.text()]);
    let program = Program::serve(veloce.path());
    let told = refused(&["move", "--to", "sqlite:/else.db", "--company", veloce.text()]);
    assert!(told.contains("the server is running"), "{told}");
    program.kill();
    let none = refused(&["move", "--cancel", "--company", veloce.text()]);
    assert!(none.contains("no move was begun"), "{none}");
}
