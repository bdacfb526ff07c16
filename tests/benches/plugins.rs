//! What plugins cost: a hook before a save, alone and in batches; a thousand calls a second beside 64 clients;
//! what others feel of one that means ill; hooks in JavaScript and Python. Both sides of a comparison run in
//! turns, so that what else the machine does meets both. Prints medians and ratios.
//!
//!     cargo bench --bench plugins
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::excessive_nesting,
    reason = "a benchmark prints, ends where it fails, and has its units of work where they are timed"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fondaco_kernel::plugins::{Ask, Call, Entity, Installed, Plugins, Told};
use fondaco_kernel::records::{self, Draft, Line, Query};
use fondaco_kernel::schema::plugin::{Grants, Manifest};
use fondaco_kernel::schema::{Origin, Source, fixture};
use fondaco_kernel::values::Value;
use fondaco_kernel::{Database, Result, Setup, Tx};
use fondaco_plugin_host::Host;
use fondaco_server::modules;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::COMPANY;
use fondaco_tests::{Shop, guests};
use tokio::task::JoinSet;

const ROUNDS: usize = 9;
const BATCH: usize = 500;
const SINGLE: usize = 300;

/// How long a rate or a percentile is looked at.
const SPAN: Duration = Duration::from_secs(3);
const CLIENTS: usize = 64;
const CALLS_A_SECOND: u64 = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let Some((component, text)) = guests::of_tests("every-point") else { return };
    let host = guests::host();
    let shops = [open(Database::Memory, None).await, open(Database::Memory, Some(&host)).await];
    let began = Instant::now();
    let schema = shops[1].kernel.registry().schema.clone();
    let manifest = guests::read_manifest(&text, Some(&schema));
    let plugin = guests::install(&host, manifest, &component, |_| {});
    println!("install (compiled before, or now): {:?}", began.elapsed());
    a_hook(&shops, &host, &plugin).await;
    beside_clients(&shops[1], &host, &plugin).await;
    beside_an_attack().await;
    for (name, tool) in [("lead-scoring", "JavaScript"), ("freight-rates", "Python")] {
        in_a_script(name, tool).await;
    }
}

async fn open(database: Database, host: Option<&Arc<Host>>) -> Shop {
    let mut setup = Setup::new(database, Vec::new());
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    let thing = model();
    let models = [("thing", thing.as_str()), ("part", PART), ("crate", CRATE), ("item", ITEM)];
    for (name, text) in models {
        let path = format!("models/{name}.toml");
        setup.company.push(Source::new(Origin::Company, path, text));
    }
    Shop::of(match host {
        Some(host) => guests::with(setup, host),
        None => setup,
    })
    .await
}

/// The same saves with and without a hook, and what a call is by itself.
async fn a_hook(shops: &[Shop; 2], host: &Arc<Host>, plugin: &Arc<Installed>) {
    for (name, count, times) in [("one record a save", 1, SINGLE), ("500 records a save", BATCH, 4)]
    {
        let mut medians = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (shop, taken) in shops.iter().zip(&mut medians) {
                taken.push(saves(shop, count, times).await);
            }
        }
        let [without, with] = medians.map(median);
        let more = with.saturating_sub(without);
        println!(
            "{name}: {without:?} without, {with:?} with a hook: {} % more, {more:?} a record",
            more.as_nanos() * 100 / without.as_nanos().max(1)
        );
    }
    let tallies = shops[1].kernel.plugin_tallies();
    let tally = &tallies[&("test.every-point".to_owned(), "check".to_owned())];
    println!("{} calls, {} µs of processor time in each", tally.calls, tally.cpu_us / tally.calls);
    let (call, mut taken) = (question(1), Vec::new());
    for _ in 0..3_000 {
        let began = Instant::now();
        host.call(plugin, &call, None).await.outcome.unwrap();
        taken.push(began.elapsed());
    }
    println!("a call by itself, one after the other: {:?}", median(taken));
}

/// A question as the kernel asks it, about so many things.
fn question(count: usize) -> Call {
    let texts = ["name", "note"].map(|name| (name.to_owned(), Value::Text("wheel".to_owned())));
    let parts = vec![("parts".to_owned(), Vec::new())];
    let model = "acme.thing".to_owned();
    let after = Entity { model, fields: texts.to_vec(), lines: parts, ..Entity::default() };
    let ask = Ask::Save(vec![Told { before: None, after }; count]);
    let now = "2026-03-02T09:00:00Z".parse().unwrap();
    Call { hook: "check".to_owned(), ask, now, seed: 1, language: "en".to_owned() }
}

/// Documents of ten lines that 64 clients save in a second, and how many are left of them beside a thousand
/// calls.
async fn beside_clients(shop: &Shop, host: &Arc<Host>, plugin: &Arc<Installed>) {
    let (mut alone, mut beside, mut calls) = (0, 0, 0);
    for _ in 0..3 {
        alone += documents(shop).await;
        let counted = Arc::new(AtomicU64::new(0));
        let mut callers = JoinSet::new();
        let (host, plugin, done) = (host.clone(), plugin.clone(), counted.clone());
        callers.spawn(async move {
            let (call, mut tick) = (question(1), tokio::time::interval(Duration::from_millis(10)));
            loop {
                tick.tick().await;
                for _ in 0..CALLS_A_SECOND / 100 {
                    host.call(&plugin, &call, None).await.outcome.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        beside += documents(shop).await;
        callers.shutdown().await;
        calls += counted.load(Ordering::Relaxed);
    }
    let seconds = 3 * SPAN.as_secs();
    println!(
        "{CLIENTS} clients: {} documents of ten lines a second, {} beside {} calls a second: {} %",
        alone / seconds,
        beside / seconds,
        calls / seconds,
        beside * 100 / alone.max(1)
    );
}

async fn documents(shop: &Shop) -> u64 {
    let (ends, mut clients) = (Instant::now() + SPAN, JoinSet::new());
    for _ in 0..CLIENTS {
        let (kernel, ctx) = (shop.kernel.clone(), shop.admin.ctx.clone());
        clients.spawn(async move {
            let mut saved = 0;
            while Instant::now() < ends {
                let work = kernel.run(&ctx, |tx| {
                    Box::pin(async move {
                        let draft = crate_of_ten(tx)?;
                        records::create(tx, "acme.crate", vec![draft]).await.map(drop)
                    })
                });
                work.await.unwrap();
                saved += 1;
            }
            saved
        });
    }
    clients.join_all().await.into_iter().sum()
}

fn crate_of_ten(tx: &Tx) -> Result<Draft> {
    let mut draft = records::draft(tx, "acme.crate")?.with("name", "crate");
    for n in 0..10 {
        let line = draft.new_line("items").with("label", format!("item {n}"));
        draft.lines_mut("items").push(Line { id: None, draft: line });
    }
    Ok(draft)
}

const EVIL: &str = r#"
manifest = 1
[plugin]
id = "evil.spins"
version = "1.0.0"
api = "0.2"
kernel = "*"
license = "none"
[hooks.check]
on = "save"
models = ["acme.thing"]
select = ["name"]
[capabilities]
read = [{ model = "acme.thing", fields = ["name"], why = "to look at it" }]
"#;
const SPIN: &str = r#"(module (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "fondaco:plugin/records@0.2.0#before-save")
    (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (unreachable)))"#;

/// The slowest hundredth of what others read and save, alone and beside two users whose every save meets a
/// plugin that never answers.
async fn beside_an_attack() {
    let (scratch, host) = (Scratch::new("attack"), guests::host());
    let shop = open(Database::Sqlite(scratch.path().join("db.sqlite")), Some(&host)).await;
    let schema = shop.kernel.registry().schema.clone();
    let manifest = guests::read_manifest(EVIL, Some(&schema));
    let component = guests::component("0.2", "with-records", SPIN).unwrap();
    let (mut alone, mut beside, mut refused) = ([0; 2], [0; 2], 0);
    for round in 0..3 {
        let quiet = slowest(&shop).await;
        // Another component each time: what failed before is left alone.
        let spin = [component.as_slice(), &[0, 3, 2, b'r', round]].concat();
        guests::install(&host, manifest.clone(), &spin, |_| {});
        let mut attack = JoinSet::new();
        for _ in 0..2 {
            let (kernel, ctx) = (shop.kernel.clone(), shop.admin.ctx.clone());
            attack.spawn(async move {
                let (began, mut refused) = (Instant::now(), 0_u64);
                while began.elapsed() < SPAN {
                    let work = kernel.run(&ctx, |tx| {
                        Box::pin(async move {
                            let draft = thing(tx, 1)?;
                            records::create(tx, "acme.thing", vec![draft]).await.map(drop)
                        })
                    });
                    refused += u64::from(work.await.is_err());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                refused
            });
        }
        let busy = slowest(&shop).await;
        refused += attack.join_all().await.into_iter().sum::<u64>();
        for at in 0..2 {
            alone[at] += quiet[at].as_micros();
            beside[at] += busy[at].as_micros();
        }
    }
    for (at, what) in ["reads", "saves"].into_iter().enumerate() {
        println!(
            "p99 of {what} of others: {} µs alone, {} µs beside {refused} attacks: {} %",
            alone[at] / 3,
            beside[at] / 3,
            beside[at] * 100 / alone[at].max(1)
        );
    }
}

/// Of reads and of saves, in [`SPAN`], by four users who think a little in between.
async fn slowest(shop: &Shop) -> [Duration; 2] {
    let (ends, mut users) = (Instant::now() + SPAN, JoinSet::new());
    for _ in 0..4 {
        let (kernel, ctx) = (shop.kernel.clone(), shop.admin.ctx.clone());
        users.spawn(async move {
            let mut taken = [Vec::new(), Vec::new()];
            while Instant::now() < ends {
                let began = Instant::now();
                let query = || Query { limit: Some(20), ..Query::default() };
                let read = kernel.read(&ctx, move |tx| {
                    Box::pin(
                        async move { records::list(tx, "acme.crate", &query()).await.map(drop) },
                    )
                });
                read.await.unwrap();
                taken[0].push(began.elapsed());
                let began = Instant::now();
                let save = kernel.run(&ctx, |tx| {
                    Box::pin(async move {
                        let draft = crate_of_ten(tx)?;
                        records::create(tx, "acme.crate", vec![draft]).await.map(drop)
                    })
                });
                save.await.unwrap();
                taken[1].push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            taken
        });
    }
    let all = users.join_all().await;
    [0, 1].map(|of| {
        let mut taken: Vec<Duration> = all.iter().flat_map(|own| own[of].clone()).collect();
        taken.sort_unstable();
        taken[taken.len() * 99 / 100]
    })
}

/// What a hook of a plugin with an interpreter takes, by its own fixtures.
async fn in_a_script(name: &str, language: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("plugins").join(name);
    let mut fondaco = Command::new(guests::build().join("fondaco"));
    let built = fondaco.args(["plugin", "build"]).arg(&folder).output();
    if !built.is_ok_and(|output| output.status.success()) {
        println!("{language}: SKIPPED, its tools are not there");
        return;
    }
    let component = std::fs::read(folder.join("plugin.wasm")).unwrap();
    let text = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let mut setup = Setup::new(Database::Memory, modules::all());
    let own = std::fs::read_dir(folder.join("schema"));
    for file in own.into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let origin = Origin::Plugin(format!("fondaco.{name}"));
        setup.company.push(Source::new(origin, file.path().display().to_string(), text));
    }
    let schema = fondaco_kernel::Kernel::check(&setup).unwrap();
    let (host, manifest) = (guests::host(), guests::read_manifest(&text, Some(&schema)));
    let plugin = kept(&host, manifest, &component);
    let mut medians = Vec::new();
    for file in std::fs::read_dir(folder.join("fixtures")).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let source = Source::new(Origin::Company, file.path().display().to_string(), text);
        let fixture = fixture(&source, &plugin.manifest, Some(&schema)).unwrap();
        let mut taken = Vec::new();
        for _ in 0..30 {
            let began = Instant::now();
            host.say(&plugin, &fixture).await.0.unwrap();
            taken.push(began.elapsed());
        }
        medians.push(median(taken));
    }
    println!(
        "{language}: a call of {name} in a fresh instance takes {:?}, of {} ms that it may take",
        median(medians),
        plugin.limits().cpu_ms
    );
}

fn kept(host: &Host, manifest: Manifest, component: &[u8]) -> Arc<Installed> {
    let grants = Grants::all_of(&manifest);
    host.install(manifest, grants, component).unwrap()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// The time that one record takes.
async fn saves(shop: &Shop, count: usize, times: usize) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        let saved = shop.kernel.run(&shop.admin.ctx, move |tx| {
            Box::pin(async move {
                let drafts = (0..count).map(|n| thing(tx, n)).collect::<Result<_>>()?;
                records::create(tx, "acme.thing", drafts).await.map(drop)
            })
        });
        saved.await.unwrap();
    }
    began.elapsed() / u32::try_from(count * times).unwrap()
}

fn thing(tx: &Tx, n: usize) -> Result<Draft> {
    let mut draft = records::draft(tx, "acme.thing")?.with("name", "wheel");
    for field in 0..18 {
        let value = format!("some value number {n}");
        draft.set(&format!("text_{field}"), Value::Text(value));
    }
    Ok(draft)
}

const PART: &str = "model = \"acme.part\"\ntitle = \"label\"\n[fields]\n\
                    thing = { type = \"link\", to = \"acme.thing\", required = true }\n\
                    label = { type = \"text\" }\n";

const CRATE: &str = "model = \"acme.crate\"\ntitle = \"name\"\n[fields]\n\
                     name = { type = \"text\", required = true }\n\
                     items = { type = \"lines\", of = \"acme.item\" }\n\
                     [access.administrator]\nread = \"true\"\ncreate = \"true\"\n";
const ITEM: &str = "model = \"acme.item\"\ntitle = \"label\"\n[fields]\n\
                    crate = { type = \"link\", to = \"acme.crate\", required = true }\n\
                    label = { type = \"text\" }\n";

/// What the plugin of the tests expects of a thing, and eighteen texts.
fn model() -> String {
    let mut text = "model = \"acme.thing\"\ntitle = \"name\"\n[fields]\n\
                    name = { type = \"text\", required = true }\n\
                    size = { type = \"decimal\", scale = 4 }\n\
                    owner = { type = \"link\", to = \"party\" }\nnote = { type = \"text\" }\n\
                    parts = { type = \"lines\", of = \"acme.part\" }\n"
        .to_owned();
    for field in 0..18 {
        writeln!(text, "text_{field} = {{ type = \"text\" }}").unwrap();
    }
    text.push_str(
        "[actions.ping]\n[actions.measure]\n[actions.measure.args]\n\
         by = { type = \"decimal\", scale = 4, required = true }\n\
         [access.administrator]\nread = \"true\"\ncreate = \"true\"\nwrite = \"true\"\n\
         actions = [\"ping\", \"measure\"]\n",
    );
    text
}
