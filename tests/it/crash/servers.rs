//! Three servers on one PostgreSQL under load; one of them is killed (SIGKILL), and one change of the
//! schema is applied meanwhile. Clients whose server is gone go on with another one, under the same
//! keys.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fondaco_cluster::Cluster;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Client, Folder, Program, program, served};
use serde_json::json;

use super::{FILES, Goods, Known, check, server, tell, verified};
use crate::api::{listen, told};

const MODULES: &[&str] = &["sales", "accounting", "crm"];
const CLIENTS: usize = 9;
/// Acknowledged before, between and after what happens.
const ORDERS: usize = 30;
const JOBS: i64 = 400;
const FIELD: &str = "extends = \"party\"\n[fields]\nshoe_size = { type = \"integer\" }\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// What the clients share.
struct Load<'a> {
    servers: Vec<Client>,
    goods: &'a Goods,
    known: Mutex<Known>,
    enough: AtomicBool,
    next: AtomicU64,
    /// Sent again to another server, of which so many after no answer.
    repeated: AtomicU64,
    moved: AtomicU64,
}

impl Load<'_> {
    /// One client, who begins at this server.
    fn work(&self, client: usize) {
        let mut at = client % self.servers.len();
        while !self.enough.load(Ordering::Relaxed) {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let key = format!("order-{n}");
            let answer = self.until_acknowledged(&mut at, &key);
            self.known.lock().unwrap().acknowledged.insert(key.clone(), answer.clone());
            if n.is_multiple_of(5) {
                let mut other = (at + 1) % self.servers.len();
                let again = self.until_acknowledged(&mut other, &key);
                assert_eq!(again, answer, "{key} at another server");
                self.repeated.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until some more orders are acknowledged.
    fn goes_on(&self) {
        let known = || self.known.lock().unwrap().acknowledged.len();
        let wanted = known() + ORDERS;
        wait_for("orders are acknowledged", || known() >= wanted);
    }

    /// Refusals there are none; a server that is gone is left for the next one.
    fn until_acknowledged(&self, at: &mut usize, key: &str) -> (String, String) {
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < PATIENCE, "{key} is not taken");
            match self.goods.placed(&self.servers[*at], key) {
                Ok(answer) => return answer,
                Err(Some(refused)) => panic!("{key}: {} {}", refused.status, refused.body),
                Err(None) => {
                    *at = (*at + 1) % self.servers.len();
                    self.moved.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Jobs that no event asks for, as many as a busy hour has.
fn queue(cluster: &Cluster, from: i64, count: i64, lease: &str) {
    let to = from + count - 1;
    let sql = format!(
        "insert into job (id, name, payload, company, run_at, lease_until) \
         select n, 'crm.phone_keys', 'null', (select min(id) from company), 0, {lease} \
         from generate_series({from}, {to}) as n"
    );
    cluster.sql("works", &sql);
}

fn count(cluster: &Cluster, what: &str) -> i64 {
    let sql = format!("select count(*) from {what}");
    cluster.sql("works", &sql).trim().parse().unwrap()
}

/// The hour, in microseconds since 1970.
fn micros(cluster: &Cluster) -> i64 {
    let sql = "select cast(extract(epoch from now()) * 1000000 as bigint)";
    cluster.sql("works", sql).trim().parse().unwrap()
}

fn wait_for(what: &str, mut is: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
    since.elapsed()
}

/// What an administrator does at one server is so at the other one with its next request.
fn in_force_at_once(admin: &Client, other: &Client, rep: &Client, rep_id: &str) {
    rep.get("/api/party?limit=1").unwrap().expect(200);
    let path = format!("/api/user/{rep_id}");
    admin.patch(&path, &json!({ "roles": [{ "role": "crm_user" }] }), &[]).unwrap().expect(200);
    rep.get("/api/sales.order?limit=1").unwrap().expect(403);
    let party = json!({ "name": "Pied", "shoe_size": 44 });
    let id = admin.post("/api/party", &party).unwrap().expect(201).id();
    let seen = other.get(&format!("/api/party/{id}")).unwrap().expect(200);
    assert_eq!(seen.body["shoe_size"], 44, "{}", seen.body);
    admin.patch(&path, &json!({ "active": false }), &[]).unwrap().expect(200);
    rep.get("/api/party?limit=1").unwrap().expect(401);
}

/// Every job is done, those of the server that was killed too, and none while its lease ran.
fn jobs_end(cluster: &Cluster, lease_until: i64) {
    // The leases of the one that was killed end early, so that nobody waits for a minute.
    cluster.sql(
        "works",
        &format!("update job set lease_until = 0 where done_at is null and id <= {JOBS}"),
    );
    let took = wait_for("all jobs are done", || count(cluster, "job where done_at is null") == 0);
    println!("the last job was done {took:?} after the load");
    assert_eq!(count(cluster, "job where dead_at is not null"), 0);
    let early = format!("job where id = {} and done_at < {lease_until}", JOBS + 1);
    assert_eq!(count(cluster, &early), 0, "nobody runs a job whose lease runs");
}

/// The tokens of the administrator and of who orders, his id, and what he orders.
async fn people(folder: &Folder) -> (String, String, String, Goods) {
    let shop = folder.shop().await;
    let admin = served::token(&shop.admin, &["*:*"]).await;
    let rita = shop.user("Rita", &["sales_user", "accountant"]).await;
    let token = served::token(&rita, &["*:*"]).await;
    let rep_id = rita.ctx.actor().user().unwrap().to_string();
    let goods = Goods {
        customer: rita.by_key("party", "verdi").await.unwrap().to_string(),
        product: rita.by_key("product", "frame").await.unwrap().to_string(),
    };
    (admin, token, rep_id, goods)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_go_on() {
    let place = Scratch::new("three");
    let Some(cluster) = Cluster::own(place.path()) else { return };
    let database = server(&cluster);
    let folders: Vec<Folder> = ["one", "two", "three"]
        .iter()
        .map(|name| Folder::lay_on(&database, name, MODULES, FILES))
        .collect();
    let (admin, token, rep_id, goods) = people(&folders[0]).await;
    let mut programs: Vec<Program> = folders.iter().map(|f| Program::serve(f.path())).collect();
    let load = Load {
        servers: programs.iter().map(|program| program.client(&token)).collect(),
        goods: &goods,
        known: Mutex::default(),
        enough: AtomicBool::new(false),
        next: AtomicU64::new(1),
        repeated: AtomicU64::new(0),
        moved: AtomicU64::new(0),
    };
    queue(&cluster, 1, JOBS, "null");
    let killed = programs.pop().unwrap();
    let mut lease_until = 0;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let load = &load;
            scope.spawn(move || load.work(client));
        }
        load.goes_on();
        killed.kill();
        // What it had taken and not done; and one that it took just before, whose lease still runs.
        let left = count(&cluster, "job where done_at is null and lease_until is not null");
        println!("{left} jobs were in hand");
        lease_until = micros(&cluster) + 4_000_000;
        queue(&cluster, JOBS + 1, 1, &lease_until.to_string());
        load.goes_on();
        folders[0].write("models/party.toml", FIELD);
        let path = folders[0].path().to_str().unwrap();
        let since = Instant::now();
        let applied = program::run(&["apply", "--yes", "--company", path]);
        println!("applied in {:?}", since.elapsed());
        assert!(applied.status.success(), "{applied:?}");
        load.goes_on();
        load.enough.store(true, Ordering::Relaxed);
    });
    jobs_end(&cluster, lease_until);
    let (one, other) = (programs[0].client(&token), programs[1].client(&token));
    let known = &mut load.known.lock().unwrap();
    check(&one, &goods, known, 1);
    check(&other, &goods, known, 2);
    let (repeated, moved) =
        (load.repeated.load(Ordering::Relaxed), load.moved.load(Ordering::Relaxed));
    println!("{repeated} orders sent again to another server, {moved} changes of server");
    assert!(repeated > 5 && moved > 0);
    tell(known, "one of three servers killed");
    assert_eq!(
        count(&cluster, "process where holder > 0"),
        count(&cluster, "process"),
        "each has a holder"
    );
    let numbers = "(select distinct (id >> 15) & 63 from sales_order) as n";
    assert_eq!(count(&cluster, numbers), 3, "three numbers of processes in the ids");
    let mut stream = listen(&programs[1].address, &admin);
    let party = programs[0].client(&admin);
    let id = party.post("/api/party", &json!({ "name": "Heard" })).unwrap().expect(201).id();
    let event = told(&mut stream);
    assert_eq!((&event["id"], &event["event"]), (&json!(id), &json!("create")));
    in_force_at_once(&party, &programs[1].client(&admin), &other, &rep_id);
    programs.clear();
    verified(&folders[0]);
}
