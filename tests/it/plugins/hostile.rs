//! Plugins that mean ill, each with what stops it. After each of them the host lives, nothing of the deed is
//! left, the administrator sees why, and the next deed goes as if nothing had been.

pub(crate) mod image;
mod unfit;

use std::sync::Arc;

use fondaco_kernel::Error;
use fondaco_kernel::plugins::Failed;
use fondaco_kernel::schema::plugin::Manifest;
use fondaco_plugin_host::Host;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::AnyId;
use image::{Image, Laid};
use serde_json::{Value as Json, json};

both! {
    what_a_plugin_does_in_a_save,
    what_a_plugin_wants_done,
    what_goes_on_and_is_flagged,
    nothing_is_kept_between_calls,
    a_plugin_that_falls_again_and_again_is_left_alone,
}

/// Asked before parties are saved, with small limits.
const SAVES: &str = r#"
manifest = 1
[plugin]
id = "evil.saves"
version = "1.0.0"
api = "0.2"
kernel = "*"
license = "none"
[hooks.check]
on = "save"
models = ["party"]
select = ["name"]
[capabilities]
read = [{ model = "party", fields = ["name"], why = "to look at it" }]
write = [{ model = "party", fields = ["name", "credit_limit", "created_at"], why = "to change it" }]
[limits]
cpu_ms = 20
memory_mib = 4
host_calls = 100
"#;

/// What a guest does before a save, and what stops it.
struct Attack {
    name: &'static str,
    module: String,
    stopped: Failed,
    says: &'static str,
}

fn attack(name: &'static str, body: &str, stopped: Failed, says: &'static str) -> Attack {
    answering(name, |image| (image.verdicts(1, &[]), body.to_owned()), stopped, says)
}

/// An attack whose answer stands in its memory; `$answer` in the body is its address.
fn answering(
    name: &'static str,
    lay: impl FnOnce(&mut Image) -> (u32, String),
    stopped: Failed,
    says: &'static str,
) -> Attack {
    let mut image = Image::default();
    let (answer, body) = lay(&mut image);
    let body = body.replace("$answer", &format!("(i32.const {answer})"));
    Attack { name, module: image.saves("0.2", &body), stopped, says }
}

fn changing(
    name: &'static str,
    field: &'static [u8],
    value: impl FnOnce(&mut Image) -> Laid,
    stopped: Failed,
    says: &'static str,
) -> Attack {
    let lay = |image: &mut Image| {
        let value = value(image);
        (image.verdicts(1, &[(field, value)]), "$answer".to_owned())
    };
    answering(name, lay, stopped, says)
}

/// Those that end while they work.
#[expect(clippy::too_many_lines, reason = "a table: one attack an entry")]
fn at_work() -> Vec<Attack> {
    use Failed::{Deadline, HostCalls, Memory, Output, Trap};
    const NOW: &str = "(import \"fondaco:plugin/context@0.2.0\" \"now\" (func $now (result i64)))";
    const LOG: &str =
        "(import \"fondaco:plugin/log@0.2.0\" \"write\" (func $log (param i32 i32 i32)))";
    vec![
        attack("endless loop", "(loop $l (br $l)) (unreachable)", Deadline, "20 ms"),
        attack(
            "endless loop before it is asked",
            "(func $spin (loop $l (br $l))) (start $spin) --- $answer",
            Deadline,
            "20 ms",
        ),
        attack(
            "endless loop in its allocator",
            "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
               (loop $l (br $l)) (unreachable)) --- $answer",
            Deadline,
            "20 ms",
        ),
        attack(
            "memory without end",
            "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)",
            Memory,
            "4 MiB of memory",
        ),
        attack(
            "a table without end",
            "(table $t 1 funcref)
             --- (loop $l (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $l)) (unreachable)",
            Memory,
            "a table of more than 20000 elements",
        ),
        attack(
            "recursion without end",
            "(func $deeper (param i64) (result i64)
               (i64.add (call $deeper (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
             --- (drop (call $deeper (i64.const 0))) $answer",
            Trap,
            "used its stack",
        ),
        attack("a panic", "(unreachable)", Trap, "unreachable"),
        attack(
            "a division by zero",
            "(drop (i32.div_u (i32.const 1) (i32.const 0))) $answer",
            Trap,
            "divide by zero",
        ),
        attack(
            "reading beyond its memory",
            "(drop (i32.load (i32.const -4))) $answer",
            Trap,
            "out of bounds",
        ),
        attack(
            "calling what is no function",
            "(table $t 1 funcref) (type $f (func))
             --- (call_indirect $t (type $f) (i32.const 0)) $answer",
            Trap,
            "uninitialized element",
        ),
        attack(
            "a storm of host calls",
            &format!("{NOW} --- (loop $l (drop (call $now)) (br $l)) (unreachable)"),
            HostCalls,
            "more than 100 times",
        ),
        attack(
            "a flood of log",
            &format!(
                "{LOG} --- (loop $l (call $log (i32.const 1) (i32.const 65536) (i32.const 60000)) (br $l))
                 (unreachable)"
            ),
            HostCalls,
            "more than 100 times",
        ),
        attack(
            "a log from beyond its memory",
            &format!("{LOG} --- (call $log (i32.const 1) (i32.const 0) (i32.const -1)) $answer"),
            Output,
            "out of bounds",
        ),
        attack(
            "a level of log that there is not",
            &format!("{LOG} --- (call $log (i32.const 77) (i32.const 0) (i32.const 1)) $answer"),
            Output,
            "",
        ),
        attack(
            "an allocator that points outside",
            "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const -16))
             --- $answer",
            Output,
            "",
        ),
        attack(
            "an allocator that points between",
            "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 4097))
             --- $answer",
            Output,
            "",
        ),
        attack("an answer beyond its memory", "(i32.const -16)", Output, ""),
        attack("an answer between two places", "(i32.const 1025)", Output, ""),
    ]
}

/// Those that end with what they answer.
#[expect(clippy::too_many_lines, reason = "a table: one attack an entry")]
fn answers() -> Vec<Attack> {
    use Failed::{Gave, Output, Rights};
    let plain = || "$answer".to_owned();
    let long = |payload: Vec<u8>| move |image: &mut Image| (image.well(&payload), plain());
    let pair = |at: u32, len: u32| [at.to_le_bytes(), len.to_le_bytes()].concat();
    let aliased = move |image: &mut Image| {
        // One text of 100 KB, two thousand times: small in the guest, 200 MB when it is read.
        let body = "(local $i i32) (drop (memory.grow (i32.const 2))) (loop $l
            (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 32))) (i32.const 131072))
            (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $i) (i32.const 32))) (i32.const 100000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 2000)))) $answer";
        let verdict = image.put(&[pair(65_536, 2_000), pair(0, 0)].concat(), 8);
        (image.well(&pair(verdict, 1)), body.to_owned())
    };
    vec![
        answering("a list of two thousand million", long(pair(0, 0x7fff_ffff)), Output, ""),
        answering("one text two thousand times", aliased, Output, "fuel"),
        answering(
            "no verdict",
            |i| (i.verdicts(0, &[]), plain()),
            Output,
            "0 answers to 1 records",
        ),
        answering(
            "two verdicts",
            |i| (i.verdicts(2, &[]), plain()),
            Output,
            "2 answers to 1 records",
        ),
        answering("an outcome that there is not", |i| (i.put(&[7; 16], 8), plain()), Output, ""),
        answering("it gives up", |i| (i.badly("I cannot go on"), plain()), Gave, "I cannot go on"),
        changing("a name that is no text", b"\xff\xfe", |i| i.words("x"), Output, "utf-8"),
        changing(
            "a kind of value that there is not",
            b"name",
            |_| Laid { case: 99, payload: vec![] },
            Output,
            "",
        ),
        changing("a field that there is not", b"nope", |i| i.words("x"), Output, "no such field"),
        changing(
            "a field that the kernel keeps",
            b"created_at",
            |i| i.words("x"),
            Output,
            "not written",
        ),
        changing(
            "a field that it did not ask for",
            b"code",
            |i| i.words("x"),
            Rights,
            "write party.code",
        ),
        changing(
            "a number for a name",
            b"name",
            |_| Laid { case: 2, payload: vec![1; 8] },
            Output,
            "no text",
        ),
        changing(
            "a number with 200 decimals",
            b"credit_limit",
            |_| Laid { case: 3, payload: [vec![1, 0, 0, 0, 0, 0, 0, 0], vec![200]].concat() },
            Output,
            "200 decimals",
        ),
        changing(
            "a date in the year 5 million",
            b"credit_limit",
            |_| Laid { case: 5, payload: i32::MAX.to_le_bytes().to_vec() },
            Output,
            "a date",
        ),
        changing(
            "a time that no clock shows",
            b"credit_limit",
            |_| Laid { case: 6, payload: i64::MAX.to_le_bytes().to_vec() },
            Output,
            "a time",
        ),
        changing(
            "JSON that is none",
            b"credit_limit",
            |i| Laid { case: 10, payload: i.text(b"{\"a\":") },
            Output,
            "no JSON",
        ),
    ]
}

struct Scene {
    shop: Shop,
    host: Arc<Host>,
}

impl Scene {
    async fn open(company: &[(&str, &str)]) -> Scene {
        let host = guests::host();
        let shop = super::shop_of(&[], &[], company, &host).await;
        Scene { shop, host }
    }

    fn manifest(&self, text: &str) -> Manifest {
        guests::read_manifest(text, Some(self.shop.kernel.registry().schema.as_ref()))
    }

    fn put(&self, manifest: &str, world: &str, module: &str) {
        let component =
            guests::component("0.2", world, module).unwrap_or_else(|e| panic!("{e}\n{module}"));
        guests::install(&self.host, self.manifest(manifest), &component, |_| {});
    }

    async fn party(&self, name: &str) -> Result<AnyId, Error> {
        self.shop.admin.create("party", json!({ "name": name })).await
    }

    async fn parties(&self) -> usize {
        self.shop.admin.list("party", "", "").await.unwrap().len()
    }

    /// The refusal and what the administrator reads of it.
    fn refused<T: std::fmt::Debug>(
        &self,
        name: &str,
        outcome: Result<T, Error>,
    ) -> (Failed, String) {
        let Err(Error::Conflict { code: "plugin_failed", message }) = &outcome else {
            panic!("{name}: {outcome:?}")
        };
        let trouble = self.shop.kernel.plugin_troubles().pop().unwrap();
        assert!(message.contains(trouble.reason.trim_end_matches('.')), "{name}: {message}");
        (trouble.kind, trouble.reason)
    }
}

async fn what_a_plugin_does_in_a_save() {
    let scene = Scene::open(&[]).await;
    let before = scene.parties().await;
    let mut wrong = Vec::new();
    for Attack { name, module, stopped, says } in at_work().into_iter().chain(answers()) {
        scene.put(SAVES, "with-records", &module);
        let outcome = scene.party("Nobody").await;
        let (kind, why) = scene.refused(name, outcome);
        if kind != stopped || !why.to_lowercase().contains(&says.to_lowercase()) {
            wrong.push(format!("{name}: {} by {why}", kind.name()));
        }
        assert!(scene.host.withdraw("evil.saves"));
        assert_eq!(scene.parties().await, before, "{name}: nothing of it is left");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    scene.party("Somebody").await.unwrap();
    assert_eq!(scene.parties().await, before + 1);
}

/// A model with an action that leads nowhere, and what the plugin may do with it.
const THING: (&str, &str) = (
    "models/thing.toml",
    r#"
model = "acme.thing"
title = "name"
[fields]
name = { type = "text", required = true }
secret = { type = "text", class = "cost" }
[actions.ping]
label = "Ping"
[access.administrator]
read = "true"
create = "true"
write = "true"
delete = "true"
actions = ["ping"]
"#,
);

const FOLLOWS: &str = r#"
manifest = 1
[plugin]
id = "evil.follows"
version = "1.0.0"
api = "0.2"
kernel = "*"
license = "none"
[hooks.after]
on = "effect"
models = ["acme.thing"]
actions = ["ping"]
select = ["name"]
again = true
[capabilities]
emit = ["sales.order.confirmed"]
read = [{ model = "acme.thing", fields = ["name"], why = "to look at it" }]
create = [
  { model = "acme.thing", fields = ["name", "secret"], why = "to make more" },
]
write = [{ model = "acme.thing", fields = ["*"], why = "to change it" }]
act = [{ model = "acme.thing", actions = ["ping"], why = "to do it again" }]
"#;

/// Lays out effects.
type Lay = Box<dyn Fn(&mut Image) -> Vec<Vec<u8>>>;

/// What a plugin wants done that it may not, and how it is told. `own` is a record that it may work on.
#[expect(clippy::too_many_lines, reason = "a table: one wish an entry")]
fn wishes(own: (&'static str, i64)) -> Vec<(&'static str, Lay, &'static str)> {
    vec![
        (
            "a model that it did not ask for",
            Box::new(|i| vec![i.create("party", "name", "x")]),
            "does not ask for it in its manifest",
        ),
        (
            "a user of its own",
            Box::new(|i| vec![i.create("user", "name", "x")]),
            "does not ask for it in its manifest",
        ),
        (
            "a field of a class that the caller may not write",
            Box::new(move |i| vec![i.update(own, "secret", "x")]),
            "may not write",
        ),
        (
            "the state of the kernel",
            Box::new(move |i| vec![i.update(own, "created_by", "1")]),
            "not written from outside",
        ),
        (
            "a record that there is not",
            Box::new(|i| vec![i.update(("acme.thing", 1), "name", "x")]),
            "There is no acme.thing 1",
        ),
        (
            "a model that there is not",
            Box::new(|i| vec![i.update(("acme.nothing", 1), "name", "x")]),
            "does not ask for it",
        ),
        (
            "what was not created",
            Box::new(|i| vec![i.update_created(5, "name", "x")]),
            "created nothing before",
        ),
        (
            "itself, before it is there",
            Box::new(|i| vec![i.update_created(0, "name", "x")]),
            "created nothing before",
        ),
        (
            "an action that it did not ask for",
            Box::new(|i| vec![i.act(("party", 1), "delete")]),
            "does not ask for it",
        ),
        (
            "an event of somebody else",
            Box::new(move |i| vec![i.emit("sales.order.confirmed", own)]),
            "begin with `evil.follows.`",
        ),
        (
            "a job that it does not have",
            Box::new(|i| vec![i.schedule("nightly", "{}")]),
            "has no job `nightly`",
        ),
        (
            "half of it",
            Box::new(|i| {
                vec![i.create("acme.thing", "name", "two"), i.create("party", "name", "x")]
            }),
            "does not ask for it",
        ),
        (
            "a record without what it needs",
            Box::new(|i| vec![i.create("acme.thing", "name", "")]),
            "Name is required",
        ),
        (
            "a hundred and one things",
            Box::new(|i| (0..101).map(|_| i.create("acme.thing", "name", "n")).collect()),
            "101 effects",
        ),
    ]
}

async fn what_a_plugin_wants_done() {
    let scene = Scene::open(&[THING]).await;
    let thing = scene.shop.admin.create("acme.thing", json!({ "name": "one" })).await.unwrap();
    let own = ("acme.thing", thing.raw());
    for (name, lay, says) in wishes(own) {
        let mut image = Image::default();
        let effects = lay(&mut image);
        let answer = image.effects(&effects);
        scene.put(FOLLOWS, "with-effects", &image.follows(&format!("(i32.const {answer})")));
        let outcome = scene.shop.admin.act("acme.thing", thing, "ping", Json::Null).await;
        let (_, why) = scene.refused(name, outcome);
        assert!(why.contains(says), "{name}: {why}");
        let things = scene.shop.admin.list("acme.thing", "", "").await.unwrap();
        assert_eq!(things.len(), 1, "{name}: nothing of it is left");
        assert_eq!(things[0]["version"], 1, "{name}");
    }
    // Effects that set off the same plugin, and so on: an end is made of the whole.
    let mut image = Image::default();
    let again = image.act(own, "ping");
    let answer = image.effects(&[again]);
    scene.put(FOLLOWS, "with-effects", &image.follows(&format!("(i32.const {answer})")));
    let endless = scene.shop.admin.act("acme.thing", thing, "ping", Json::Null).await;
    let Err(Error::Conflict { code: "plugins_limit", message }) = &endless else {
        panic!("{endless:?}")
    };
    assert!(message.contains("set each other off without end"), "{message}");
    // Unless it wants to be asked again, it is not asked about its own doing.
    scene.put(
        &FOLLOWS.replace("again = true", ""),
        "with-effects",
        &image.follows(&format!("(i32.const {answer})")),
    );
    scene.shop.admin.act("acme.thing", thing, "ping", Json::Null).await.unwrap();
}

async fn what_goes_on_and_is_flagged() {
    let scene = Scene::open(&[]).await;
    let flagged =
        SAVES.replace("select = [\"name\"]", "select = [\"name\"]\non_failure = \"flag\"");
    let module = Image::default().saves("0.2", "(loop $l (br $l)) (unreachable)");
    scene.put(&flagged, "with-records", &module);
    let id = scene.party("Acme").await.unwrap();
    let said = super::audit(&scene.shop.admin, "party", id).await;
    assert_eq!(said, ["plugin_failed deadline: it used its 20 ms of processor time"]);
    let tallies = scene.shop.kernel.plugin_tallies();
    let tally = &tallies[&("evil.saves".to_owned(), "check".to_owned())];
    assert_eq!((tally.calls, tally.failed[&Failed::Deadline]), (1, 1));
    assert!((20_000..200_000).contains(&tally.cpu_us), "{} µs", tally.cpu_us);
}

async fn nothing_is_kept_between_calls() {
    let scene = Scene::open(&[]).await;
    let mut image = Image::default();
    let (clean, answer) = (image.verdicts(1, &[]), image.badly("it remembers"));
    let body = format!(
        "(if (i32.load (i32.const 40000)) (then (return (i32.const {answer}))))
         (i32.store (i32.const 40000) (i32.const 42)) (i32.const {clean})"
    );
    scene.put(SAVES, "with-records", &image.saves("0.2", &body));
    for n in 0..5 {
        scene.party(&format!("Party {n}")).await.unwrap();
    }
}

async fn a_plugin_that_falls_again_and_again_is_left_alone() {
    let scene = Scene::open(&[]).await;
    scene.put(SAVES, "with-records", &Image::default().saves("0.2", "(unreachable)"));
    for n in 0..3 {
        let (kind, _) = scene.refused("falls", scene.party("Nobody").await);
        assert_eq!(kind, Failed::Trap, "{n}");
    }
    let (kind, why) = scene.refused("rests", scene.party("Nobody").await);
    assert_eq!(kind, Failed::Paused);
    assert!(why.contains("failed 3 times in a row") && why.contains("09:00:30"), "{why}");
    scene.shop.clock.set("2026-03-02T09:00:31Z".parse().unwrap());
    let (kind, _) = scene.refused("has one try", scene.party("Nobody").await);
    assert_eq!(kind, Failed::Trap);
    let (_, why) = scene.refused("rests longer", scene.party("Nobody").await);
    assert!(why.contains("09:01:31"), "{why}");
}
