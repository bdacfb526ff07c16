//! Plugins made of noise, and sound guests of which some bytes were changed.
//! The host refuses them or ends them; it does not fall, and nothing of what they do stays.
//! `FONDACO_RANDOM_PLUGINS` says how many, else as many as a few seconds hold.

use std::time::{Duration, Instant};

use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use fondaco_schema::plugin::Grants;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{both, guests};
use serde_json::json;

use super::hostile::image::Image;

both! {
    noise_is_refused,
    guests_with_changed_bytes_are_contained,
}

const SAVES: &str = r#"
manifest = 1
[plugin]
id = "random.saves"
version = "1.0.0"
api = "0.2"
kernel = "*"
license = "none"
[hooks.check]
on = "save"
models = ["party"]
select = ["name"]
on_failure = "flag"
[capabilities]
read = [{ model = "party", fields = ["name"], why = "to look at it" }]
write = [{ model = "party", fields = ["name"], why = "to change it" }]
[limits]
cpu_ms = 5
memory_mib = 2
host_calls = 20
"#;

/// How long it goes on when nobody says how many.
const SOME_TIME: Duration = Duration::from_secs(6);
const SOME: usize = 500;

/// SplitMix64: the same plugins on every run, so that one that falls can be found again.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn bytes(&mut self, many: usize) -> Vec<u8> {
        (0..many.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect()
    }
}

/// Whether one more is tried.
struct Budget {
    asked: Option<usize>,
    began: Instant,
}

impl Budget {
    #[expect(clippy::disallowed_methods, reason = "who runs the tests says how long they may take")]
    fn begin() -> Budget {
        let asked = std::env::var("FONDACO_RANDOM_PLUGINS").ok().and_then(|n| n.parse().ok());
        Budget { asked, began: Instant::now() }
    }

    fn has_room(&self, done: usize) -> bool {
        match self.asked {
            Some(asked) => done < asked,
            None => done < SOME && self.began.elapsed() < SOME_TIME,
        }
    }
}

/// Compiles in this process: what falls there is seen here.
fn host(scratch: &Scratch) -> Host {
    let cache = scratch.path().join("compiled");
    let options = Options { cache, compiler: Compiler::Here, metering: Metering::Time };
    Host::new(options)
}

async fn noise_is_refused() {
    let scratch = Scratch::new("random");
    let (host, manifest) = (host(&scratch), guests::read_manifest(SAVES, None));
    let (budget, mut chance, mut done) = (Budget::begin(), Chance(1), 0);
    while budget.has_room(done) {
        // As a module, as a component, and as nothing at all.
        let begin: &[u8] = match done % 3 {
            0 => b"\0asm\x01\0\0\0",
            1 => b"\0asm\x0d\0\x01\0",
            _ => b"",
        };
        let many = 1 + chance.below(2_048);
        let made = [begin, &chance.bytes(many)].concat();
        let outcome = host.install(manifest.clone(), Grants::all_of(&manifest), &made);
        assert!(!outcome.unwrap_err().reasons().is_empty(), "{done}");
        done += 1;
    }
    assert!(done > 20, "{done} in {SOME_TIME:?}");
}

async fn guests_with_changed_bytes_are_contained() {
    let scratch = Scratch::new("changed");
    let host = std::sync::Arc::new(host(&scratch));
    let shop = super::shop(&[], &[], &host).await;
    let manifest = guests::read_manifest(SAVES, Some(shop.kernel.registry().schema.as_ref()));
    let mut image = Image::default();
    let name = image.words("Changed");
    let answer = image.verdicts(1, &[(b"name", name)]);
    let text = image.saves("0.2", &format!("(i32.const {answer})"));
    let sound = guests::component("0.2", "with-records", &text).unwrap();
    let (budget, mut chance, mut done, mut ran) = (Budget::begin(), Chance(2), 0, 0);
    while budget.has_room(done) {
        let mut changed = sound.clone();
        for _ in 0..=chance.below(3) {
            let at = chance.below(changed.len());
            changed[at] ^= u8::try_from(1 + chance.below(255)).unwrap();
        }
        let grants = Grants::all_of(&manifest);
        if host.install(manifest.clone(), grants, &changed).is_ok() {
            ran += 1;
            // It goes on, changed or flagged, or is refused for the name that the guest gave.
            let _ = shop.admin.create("party", json!({ "name": format!("Party {done}") })).await;
        }
        done += 1;
    }
    assert!(ran > 5, "{ran} of {done} ran");
    host.install(manifest.clone(), Grants::all_of(&manifest), &sound).unwrap();
    let party = shop.admin.create("party", json!({ "name": "Verdi" })).await.unwrap();
    assert_eq!(shop.admin.get("party", party).await.unwrap()["name"], "Changed");
}
