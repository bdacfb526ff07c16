//! A plugin that does what it is told: it asks somebody outside, keeps data, posts entries, runs at its hours
//! and answers requests; and how far each of them goes.

use std::net::IpAddr;
use std::sync::Arc;

use fondaco_kernel::plugins::secrets;
use fondaco_kernel::schema::plugin::{Grants, Manifest, RunsAs};
use fondaco_kernel::{Tx, jobs, ledger, portable};
use fondaco_plugin_host::{Host, WayOut};
use fondaco_tests::peer::Said;
use fondaco_tests::{Client, Peer, Served, Shop, both, guests};
use serde_json::{Value as Json, json};

both! {
    a_job_asks_somebody_outside,
    nobody_within_the_network_is_asked,
    what_the_other_side_may_say,
    secrets_go_out_and_nowhere_else,
    a_plugin_keeps_data_of_its_own_within_its_bytes,
    what_a_job_did_at_once_is_done_once,
    entries_go_to_accounts_that_were_granted,
    a_job_runs_at_its_hours_once_in_each_company,
    requests_are_answered_for_users_and_for_those_who_know_the_secret,
    what_a_plugin_says_over_http_is_held_in_bounds,
}

const THING: (&str, &str) = (
    "models/thing.toml",
    r#"
model = "acme.thing"
title = "name"
[fields]
name = { type = "text", required = true }
note = { type = "long_text" }
[access.administrator]
read = "true"
[access.everyone]
create = "name != 'forbidden'"
[access.robot]
read = "true"
create = "true"
"#,
);
const ROLE: (&str, &str) = ("roles/robot.toml", "role = \"robot\"\n");
const ACCOUNT: (&str, &str) =
    ("models/account.toml", "extends = \"account\"\n[access.robot]\nread = \"true\"\n");

struct Scene {
    shop: Shop,
    host: Arc<Host>,
    manifest: Manifest,
}

impl Scene {
    async fn open(peer: &Peer, modules: &[&str], way_out: WayOut) -> Option<Scene> {
        let (component, text) = guests::of_tests("errand")?;
        let text = text
            .replace("http://127.0.0.1:80", &peer.origin())
            .replace("http://peer.test:80", &format!("http://peer.test:{}", peer.address.port()));
        let host = Arc::into_inner(guests::host()).unwrap().with_way_out(way_out);
        let host = Arc::new(host);
        let company = [THING, ROLE, ACCOUNT];
        let shop = super::shop_of(modules, &[], &company, &host).await;
        let manifest = guests::read_manifest(&text, Some(shop.kernel.registry().schema.as_ref()));
        let robot = |grants: &mut Grants| grants.runs_as = RunsAs::Role("robot".to_owned());
        guests::install(&host, manifest.clone(), &component, robot);
        Some(Scene { shop, host, manifest })
    }

    /// One that speaks with itself over loopback.
    async fn home(peer: &Peer) -> Option<Scene> {
        Scene::open(peer, &[], WayOut::default().with_loopback()).await
    }

    /// What came of a job that does this, each line by itself.
    async fn run(&self, lines: &str) -> String {
        self.begin(lines).await;
        self.shop.kernel.run_due_jobs().await.unwrap();
        self.notes("said").await.pop().unwrap_or_default()
    }

    async fn begin(&self, lines: &str) {
        let lines = lines.to_owned();
        let asked = self.shop.kernel.run(&self.shop.admin.ctx, move |tx: &mut Tx| {
            let lines = json!(lines);
            Box::pin(async move {
                jobs::enqueue(tx, "plugin:test.errand:run", lines, tx.now()).await.map(drop)
            })
        });
        asked.await.unwrap();
    }

    async fn notes(&self, name: &str) -> Vec<String> {
        let filter = format!("name == '{name}'");
        let found = self.shop.admin.list("acme.thing", &filter, "id").await.unwrap();
        found.iter().map(|thing| thing["note"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn secret(&self, name: &'static str, value: &'static str) {
        let manifest = self.manifest.clone();
        let set = self.shop.kernel.run(&self.shop.admin.ctx, move |tx: &mut Tx| {
            let manifest = manifest.clone();
            Box::pin(async move { secrets::set(tx, &manifest, name, Some(value)).await })
        });
        set.await.unwrap();
    }

    /// Takes back what was granted.
    fn regrant(&self, change: impl FnOnce(&mut Grants)) {
        use fondaco_kernel::plugins::Plugins;
        let (component, _) = guests::of_tests("errand").unwrap();
        let mut grants = self.host.installed()[0].grants.clone();
        change(&mut grants);
        self.host.install(self.manifest.clone(), grants, &component).unwrap();
    }

    fn at(&self, time: &str) {
        self.shop.clock.set(time.parse().unwrap());
    }
}

fn echo() -> Peer {
    Peer::open(|heard| Said::ok(&format!("{} {} you are heard", heard.method, heard.path)))
}

async fn a_job_asks_somebody_outside() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    let at = peer.origin();
    let said = scene.run(&format!("fetch GET {at}/a?b=c#d\nfetch POST {at}/e x-own: f")).await;
    assert_eq!(said, "200 GET /a?b=c you are heard | 200 POST /e you are heard");
    let heard = peer.heard();
    assert_eq!(heard[0].header("host"), Some(peer.address.to_string().as_str()));
    assert_eq!(heard[1].header("x-own"), Some("f"));
    let many = scene.run(&format!("fetch-many 21 {at}/")).await;
    assert_eq!(many, "refused: at most 20 requests in one call");
    scene.regrant(|grants| grants.capabilities.http.clear());
    let before = peer.heard().len();
    let refused = format!("refused: it may not ask at {at}: the administrator has not granted it");
    assert_eq!(scene.run(&format!("fetch GET {at}/")).await, refused);
    assert_eq!(peer.heard().len(), before);
}

async fn nobody_within_the_network_is_asked() {
    let peer = echo();
    let port = peer.address.port();
    // A name that is open when it is looked at first, and within the network ever after.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let names = move |name: &str| -> Vec<IpAddr> {
        let first = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        match (name, first) {
            ("peer.test", true) => vec!["192.0.2.77".parse().unwrap()],
            ("peer.test", false) => vec!["1.1.1.1".parse().unwrap(), "127.0.0.1".parse().unwrap()],
            _ => Vec::new(),
        }
    };
    let Some(scene) = Scene::open(&peer, &[], WayOut::default().with_names(names)).await else {
        return;
    };
    let inside = "leads into this machine or its network, which no plugin asks";
    for (url, says) in [
        (format!("http://127.0.0.1:{port}/"), format!("127.0.0.1 {inside}")),
        (format!("http://2130706433:{port}/"), format!("127.0.0.1 {inside}")),
        (format!("http://peer.test:{port}/"), format!("peer.test {inside}")),
        (format!("http://peer.test:{port}/"), format!("peer.test {inside}")),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "does not ask for it".to_owned()),
        (format!("http://[::1]:{port}/"), "does not ask for it".to_owned()),
        (format!("http://peer.test.evil.test:{port}/"), "does not ask for it".to_owned()),
        (format!("https://127.0.0.1:{port}/"), "does not ask for it".to_owned()),
        (format!("http://user@127.0.0.1:{port}/"), "a name or a password in it".to_owned()),
        ("file:///etc/passwd".to_owned(), "begins with https:// or http://".to_owned()),
        ("gopher://127.0.0.1/".to_owned(), "begins with https:// or http://".to_owned()),
    ] {
        let said = scene.run(&format!("fetch GET {url}")).await;
        assert!(said.starts_with("refused: ") && said.contains(&says), "{url}: {said}");
    }
    assert!(peer.heard().is_empty(), "nothing came through");
}

async fn what_the_other_side_may_say() {
    let (evil, elsewhere) = ("http://169.254.169.254/", "http://localhost:1/");
    let peer = Peer::open(move |heard| {
        let to = |to: &str| Said::Answer(302, vec![format!("location: {to}")], String::new());
        match heard.path.as_str() {
            "/there" => Said::ok("there"),
            "/moved" => to("/there"),
            "/round" => to("/round"),
            "/evil" => to(evil),
            "/elsewhere" => to(elsewhere),
            "/file" => to("file:///etc/passwd"),
            "/nothing" => Said::Nothing,
            "/hangs-up" => Said::HangUp,
            "/huge" => Said::ok(&"x".repeat((1 << 20) + 1)),
            "/half" => Said::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf".to_vec()),
            "/noise" => Said::Bytes(b"\x16\x03\x01 no http at all\r\n\r\n".to_vec()),
            "/headers" => {
                let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
                Said::Bytes(format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes())
            }
            "/long" => {
                let long = "y".repeat(100 << 10);
                Said::Bytes(format!("HTTP/1.1 200 OK\r\nx-a: {long}\r\n\r\n").into_bytes())
            }
            _ => Said::Answer(503, Vec::new(), "later".to_owned()),
        }
    });
    let Some(scene) = Scene::home(&peer).await else { return };
    for (path, says) in [
        ("/there", "200 there"),
        ("/moved", "200 there"),
        ("/round", "lost: more than 3 redirects"),
        ("/evil", "refused: it may not ask at http://169.254.169.254:80"),
        ("/elsewhere", "refused: it may not ask at http://localhost:1"),
        ("/file", "refused: an address begins with https"),
        ("/nothing", "lost: no answer within 2 s"),
        ("/hangs-up", "lost: no answer: connection closed"),
        ("/huge", "lost: an answer of more than 1048576 bytes"),
        ("/half", "lost: half an answer"),
        ("/noise", "lost: no answer"),
        ("/headers", "lost: no answer"),
        ("/long", "lost: an answer with more than 65536 bytes of headers"),
        ("/other", "503 later"),
    ] {
        let said = scene.run(&format!("fetch GET {}{path}", peer.origin())).await;
        assert!(said.starts_with(says), "{path}: {said}");
    }
    let said = scene.run(&format!("fetch POST {}/moved", peer.origin())).await;
    assert_eq!(said, "302 ", "what changes something is not sent twice");
    // Nobody is there any more.
    let gone = peer.origin();
    drop(peer);
    std::thread::sleep(std::time::Duration::from_millis(50));
    let said = scene.run(&format!("fetch GET {gone}/")).await;
    assert!(said.starts_with("unreachable: "), "{said}");
}

async fn secrets_go_out_and_nowhere_else() {
    let peer = Peer::open(|heard| {
        let said = heard.header("authorization").unwrap_or("nothing").to_owned();
        match heard.path.as_str() {
            "/away" => {
                let port = heard.header("host").and_then(|h| h.split(':').nth(1)).unwrap_or("0");
                let to = format!("location: http://peer.test:{port}/echo");
                Said::Answer(302, vec![to], String::new())
            }
            _ => Said::ok(&format!("you said {said}, {}", heard.path)),
        }
    });
    let home = |_: &str| vec!["127.0.0.1".parse().unwrap()];
    let way_out = WayOut::default().with_loopback().with_names(home);
    let Some(scene) = Scene::open(&peer, &[], way_out).await else { return };
    let at = peer.origin();
    let bearer = "authorization: Bearer {secret:key}";
    let unset = scene.run(&format!("fetch GET {at}/ {bearer}")).await;
    assert_eq!(unset, "refused: the secret `key` has no value yet: an administrator sets it");

    scene.secret("key", "hush-hush-4711").await;
    assert_eq!(scene.run("setting key").await, "{secret:key}", "all that it ever sees");
    let said = scene.run(&format!("fetch GET {at}/ {bearer}")).await;
    assert_eq!(said, "200 you said Bearer {secret:key}, /");
    assert_eq!(peer.heard()[0].header("authorization"), Some("Bearer hush-hush-4711"));
    // Elsewhere it does not follow a redirect, though both origins were granted.
    let said = scene.run(&format!("fetch GET {at}/away {bearer}")).await;
    assert_eq!(said, "200 you said nothing, /echo");
    for (line, says) in [
        (format!("fetch GET {at}/?key={{secret:key}}"), "refused: an address has"),
        (format!("fetch GET {at}/ x-a: {{secret:nobody}}"), "refused: `nobody` is no secret"),
        (format!("fetch GET {at}/ x-a: {{secret:other}}"), "refused: the secret `other` has no"),
        (format!("fetch GET {at}/ host: evil.test"), "refused: the header `host` is not"),
        (format!("fetch GET {at}/ x-a: a\\r\\tx-b: c"), "refused: a header with letters"),
        ("log {secret:key}".to_owned(), "logged"),
    ] {
        let said = scene.run(&line).await;
        assert!(said.starts_with(says), "{line}: {said}");
    }
    // Nor is it in what is taken out of the database, and only an administrator sets one.
    let exported = exported(&scene).await;
    assert!(!exported.contains("hush-hush-4711") && exported.contains("acme_thing"));
    let sue = scene.shop.user("Sue", &["robot"]).await;
    let manifest = scene.manifest.clone();
    let refused = scene.shop.kernel.run(&sue.ctx, move |tx: &mut Tx| {
        let manifest = manifest.clone();
        Box::pin(async move { secrets::set(tx, &manifest, "key", Some("mine")).await })
    });
    assert!(refused.await.unwrap_err().to_string().contains("administrator"));
}

/// All files of an export, as one text.
async fn exported(scene: &Scene) -> String {
    let scratch = fondaco_tests::scratch::Scratch::new("exported");
    let folder = scratch.path().join("all");
    portable::export(&scene.shop.kernel, &folder, Arc::new(|_, _, _| {})).await.unwrap();
    let files = std::fs::read_dir(&folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default())
        .fold(String::new(), |all, bytes| all + &String::from_utf8_lossy(&bytes))
}

async fn a_plugin_keeps_data_of_its_own_within_its_bytes() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    assert_eq!(
        scene.run("kept a\nkeep a one\nkept a\nkeep b two\nkeys ").await,
        "nothing | ok | one | ok | a,b"
    );
    assert_eq!(
        scene.run("kept a\nkeep a three\nkept a\ndrop b\nkeys \nlater c").await,
        "one | ok | three | ok | a"
    );
    assert_eq!(scene.run("kept c\nkeys c").await, "by effect | c");
    let key = "k".repeat(201);
    assert!(scene.run(&format!("keep {key} x")).await.contains("1 to 200 bytes"));
    let said = scene.run("flood 100000").await;
    assert!(said.starts_with("9 kept: ") && said.contains("may keep 1000000 bytes"), "{said}");
    scene.regrant(|grants| grants.capabilities.kv_bytes = 0);
    assert!(scene.run("kept a").await.contains("it may not keep data of its own"));
}

async fn what_a_job_did_at_once_is_done_once() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    let at = peer.origin();
    scene.begin(&format!("fetch GET {at}/ x-key: 1\nmake wheel\nmake wheel\nfail")).await;
    for (minute, tries) in [(0, 1), (1, 2), (2, 3)] {
        scene.at(&format!("2026-03-02T09:0{minute}:00Z"));
        scene.shop.kernel.run_due_jobs().await.unwrap();
        assert_eq!(peer.heard().len(), tries, "it was tried again");
        assert_eq!(scene.notes("wheel").await.len(), 2, "each of both once");
    }
    assert_eq!(scene.shop.kernel.job_load().await.unwrap().failing, 1);
    let (one, other) = (scene.run("key\nkey").await, scene.run("key").await);
    let (first, second) = one.split_once(" | ").unwrap();
    assert_eq!((first.len(), first), (16, second));
    assert_ne!(first, other, "another job, another name");
}

async fn entries_go_to_accounts_that_were_granted() {
    let peer = echo();
    let Some(scene) = Scene::open(&peer, &["accounting"], WayOut::default()).await else { return };
    for (lines, posted) in [
        ("misc a 1010 10.00 4010 -10.00", Ok(())),
        ("misc a 1010 10.00 4010 -10.00", Ok(())),
        ("misc b 1010 10.00 4010 -9.99", Err("")),
        ("misc c 1010 10.00 5100 -10.00", Err("may not post to the account 5100")),
        ("sale d 1010 10.00 4010 -10.00", Err("in the journal sale")),
        ("misc e 1010 10.001 4010 -10.001", Err("more digits than the currency")),
    ] {
        let said = scene.run(&format!("post {lines}")).await;
        match posted {
            Ok(()) => assert_eq!(said, "ok", "{lines}"),
            Err(says) => assert!(said != "ok" && said.contains(says), "{lines}: {said}"),
        }
    }
    assert_eq!(balance(&scene, "4010").await, -1_000, "once, for the same key is the same entry");
    // As effects of the job's answer: all or nothing of it.
    scene.begin("book misc f 1010 5.00 4010 -5.00\nbook misc g 1010 5.00 5100 -5.00").await;
    scene.shop.kernel.run_due_jobs().await.unwrap();
    assert_eq!(balance(&scene, "4010").await, -1_000);
    assert_eq!(scene.run("book misc f 1010 5.00 4010 -5.00").await, "");
    assert_eq!(balance(&scene, "4010").await, -1_500);
}

/// In cents.
async fn balance(scene: &Scene, account: &'static str) -> i64 {
    let read = scene.shop.kernel.read(&scene.shop.admin.ctx, move |tx: &mut Tx| {
        Box::pin(async move {
            let id = ledger::accounts::by_code(tx, account).await?;
            ledger::amount(tx, &ledger::Filter::account(id)).await
        })
    });
    read.await.unwrap()
}

async fn a_job_runs_at_its_hours_once_in_each_company() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    let rome = json!({ "time_zone": "Europe/Rome" });
    let company = scene.shop.admin.ctx.company().any();
    scene.shop.admin.update("company", company, rome).await.unwrap();
    let wrong = json!({ "time_zone": "Europe/Atlantis" });
    assert!(scene.shop.admin.update("company", company, wrong).await.is_err());
    // 02:15 in Rome is 01:15, and from the 29th of March 00:15.
    for (time, runs) in [
        ("2026-03-02T09:00:00Z", 0),
        ("2026-03-03T01:14:59Z", 0),
        ("2026-03-03T01:15:00Z", 1),
        ("2026-03-03T01:15:30Z", 1),
        ("2026-03-03T23:00:00Z", 1),
        ("2026-03-04T01:15:01Z", 2),
        // Nobody was there for three weeks: one run makes up for all.
        ("2026-03-27T09:00:00Z", 3),
        ("2026-03-30T00:15:00Z", 4),
        ("2026-03-31T00:14:00Z", 4),
        ("2026-03-31T00:15:00Z", 5),
    ] {
        scene.at(time);
        // Several servers look at the same moment.
        let (one, other) =
            tokio::join!(scene.shop.kernel.run_due_jobs(), scene.shop.kernel.run_due_jobs());
        one.and(other).unwrap();
        scene.shop.kernel.run_due_jobs().await.unwrap();
        assert_eq!(scene.notes("nightly").await.len(), runs, "{time}");
    }
    let notes = scene.notes("nightly").await;
    assert_eq!(notes[0], r#"{"scheduled_at":"2026-03-03T01:15:00Z"}"#);
    assert_eq!(notes[2], r#"{"scheduled_at":"2026-03-05T01:15:00Z"}"#);
}

fn words(body: &Json) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}

async fn requests_are_answered_for_users_and_for_those_who_know_the_secret() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    scene.secret("key", "hush-hush-4711").await;
    let sue = scene.shop.user("Sue", &[]).await;
    let served = Served::open(scene.shop);
    let (user, stranger) = (served.client(&sue).await, served.stranger());
    let knower = Client::new(&served.address, "hush-hush-4711");
    let wrong = Client::new(&served.address, "hush-hush-4712");
    for (client, path, status, says) in [
        (&user, "/x/test.errand/a/b?c=d", 200, "GET a/b?c=d by sue@works.example with"),
        (&user, "/x/test.errand", 200, "GET ? by sue@works.example with"),
        (&stranger, "/x/test.errand/a", 401, "sign in"),
        (&knower, "/x/test.errand/a", 401, ""),
        (&knower, "/x/test.errand/inbox/a", 200, "GET a? by nobody with"),
        (&stranger, "/x/test.errand/inbox", 401, "Send the secret"),
        (&wrong, "/x/test.errand/inbox", 401, "Send the secret"),
        (&user, "/x/test.errand/inbox", 401, "Send the secret"),
        (&user, "/x/test.nobody/a", 404, ""),
        (&user, "/x/test.errand/missing", 404, r#"{"no":"such"}"#),
        (&user, "/x/test.errand/trap", 409, "Errand (test.errand 1.0.0)"),
        (&user, "/x/test.errand/make", 409, "it wants something done by a GET"),
        (&user, "/x/test.errand/write", 200, "it answers with"),
        (&user, "/x/test.errand/fetch", 200, "refused: somebody waits for this answer"),
        (&user, "/x/test.errand/users", 200, "it may not read user.login"),
        (&knower, "/x/test.errand/inbox/things", 200, "0 things"),
    ] {
        let answer = client.get(path).unwrap();
        let text = words(&answer.body);
        assert_eq!(answer.status, status, "{path}: {text}");
        assert!(text.contains(says), "{path}: {text}");
        assert!(
            !text.contains("with authorization,") && !text.contains(",authorization"),
            "{text}"
        );
    }
    let made = user.post("/x/test.errand/make", &json!("by Sue")).unwrap();
    assert_eq!((made.status, made.body), (201, json!({ "made": true })));
    let things = served.shop.admin.list("acme.thing", "", "id").await.unwrap();
    assert_eq!(things[0]["note"], "\"by Sue\"");
}

async fn what_a_plugin_says_over_http_is_held_in_bounds() {
    let peer = echo();
    let Some(scene) = Scene::home(&peer).await else { return };
    let sue = scene.shop.user("Sue", &[]).await;
    let served = Served::open(scene.shop);
    let user = served.client(&sue).await;
    for (path, status) in [
        ("cookie", 200),
        ("policy", 200),
        ("away", 409),
        ("split", 409),
        ("twice", 409),
        ("huge", 409),
    ] {
        let answer = user.get(&format!("/x/test.errand/{path}")).unwrap();
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        for name in ["set-cookie", "location", "x-a"] {
            assert_eq!(answer.header(name), "", "{path}");
        }
        if status == 200 {
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("sandbox; default-src 'none'"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        }
    }
}
