//! What a plugin costs: the same saves of the same records of twenty fields with and without a hook in Rust
//! before the save, one by one and in batches of five hundred, which is the most that one request has. Both
//! sides write to a database in memory, so that what is measured is not the disk. Prints ratios.
//!
//!     cargo bench --bench plugins
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it fails"
)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use fondaco_kernel::records::{self, Draft};
use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::values::Value;
use fondaco_kernel::{Database, Result, Setup, Tx};
use fondaco_tests::shop::COMPANY;
use fondaco_tests::{Shop, guests};

const ROUNDS: usize = 9;
const BATCH: usize = 500;
const SINGLE: usize = 300;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let Some((component, text)) = guests::of_tests("every-point") else { return };
    let (host, model) = (guests::host(), model());
    let mut shops = Vec::new();
    for plugins in [false, true] {
        let mut setup = Setup::new(Database::Memory, Vec::new());
        setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
        for (path, text) in [("models/thing.toml", model.as_str()), ("models/part.toml", PART)] {
            setup.company.push(Source::new(Origin::Company, path, text));
        }
        let setup = if plugins { guests::with(setup, &host) } else { setup };
        shops.push(Shop::of(setup).await);
    }
    let began = Instant::now();
    let schema = shops[1].kernel.registry().schema.clone();
    let manifest = guests::read_manifest(&text, Some(&schema));
    guests::install(&host, manifest, &component, |_| {});
    println!("install (compiled before, or now): {:?}", began.elapsed());
    for (name, count, times) in [("one record a save", 1, SINGLE), ("500 records a save", BATCH, 4)]
    {
        // In turns, so that what else the machine does meets both.
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
