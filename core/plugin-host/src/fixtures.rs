//! Runs fixtures (`schema::fixture`) against a component, on the engine of the server and within its limits,
//! without kernel or database: each as it is written, once more at another hour and with other chance, with
//! ten and a hundred times the lines, and against a host that refuses what it can. Costs are counted in fuel,
//! which is the same on every run and machine; the clock on the wall fails nothing.
//! In reading order: `told` (what the plugin is told), `table` (a desk over what is given), `written` (its
//! answer written down), `trial` (how one fixture is run), `report` (what came of it).

mod report;
mod table;
mod told;
mod trial;
mod written;

use std::path::PathBuf;
use std::sync::Arc;

use fondaco_kernel::plugins::{Answer, Ask, Call, Called, Desk, Effect, Installed, Plugins, Word};
use fondaco_schema::fixture::Fixture;
use fondaco_schema::plugin::{Grants, Limits, Manifest};

use crate::engine::Metering;
use crate::host::{Host, Options};
use crate::{Compiler, Unfit};

pub use report::{Difference, Reach, Report, Scaled};

/// Fuel that counts as a millisecond of processor time: about one instruction of a guest a nanosecond, which
/// a machine of some years reaches also where its memory is slow.
pub const FUEL_PER_MS: u64 = 1_000_000;
/// A trial may use so many times its time, so that it can be told how far beyond its limit it is.
const PATIENCE: u32 = 40;

/// A plugin that is tried: by a host that counts, or at the server that is about to take it.
pub struct Tester<'h> {
    host: By<'h>,
    plugin: Arc<Installed>,
}

enum By<'h> {
    Own(Box<Host>),
    Server(&'h Host),
}

/// Holds a plugin that is loaded against fixtures, as they are written: what differs, by the file of the
/// fixture.
pub(crate) async fn hold(
    host: &Host,
    plugin: &Arc<Installed>,
    fixtures: &[Fixture],
) -> Vec<(String, String)> {
    let tester = Tester { host: By::Server(host), plugin: plugin.clone() };
    let mut wrong = Vec::new();
    for fixture in fixtures {
        let report = trial::plainly(&tester, fixture).await;
        if !report.passed() {
            wrong.push((report.path.clone(), report.to_string().trim_end().to_owned()));
        }
    }
    wrong
}

/// What a plugin that is loaded says to a fixture, whatever is wanted of it.
pub(crate) async fn say(
    host: &Host,
    plugin: &Arc<Installed>,
    fixture: &Fixture,
) -> (Word<Answer>, Vec<Effect>) {
    let tester = Tester { host: By::Server(host), plugin: plugin.clone() };
    trial::said(&tester, fixture).await
}

impl Tester<'_> {
    /// Holds the component against its manifest and compiles it.
    ///
    /// # Errors
    /// `Unfit` with every reason and its cure.
    pub fn new(
        cache: PathBuf,
        compiler: Compiler,
        (manifest, component): (Manifest, &[u8]),
    ) -> Result<Tester<'static>, Unfit> {
        let host = Host::new(Options { cache, compiler, metering: Metering::Fuel });
        let grants = Grants::all_of(&manifest);
        let plugin = host.install(manifest, grants, component)?;
        Ok(Tester { host: By::Own(Box::new(host)), plugin })
    }

    /// Runs a fixture in all its ways.
    pub async fn run(&self, fixture: &Fixture) -> Report {
        trial::run(self, fixture).await
    }

    fn manifest(&self) -> &Manifest {
        &self.plugin.manifest
    }

    /// The plugin as a fixture has it set, with more time than it will be allowed.
    fn set(&self, fixture: &Fixture) -> Arc<Installed> {
        let mut plugin = (*self.plugin).clone();
        plugin.grants.settings.extend(fixture.given.settings.iter().cloned());
        plugin.manifest.limits.cpu_ms = self.limits().cpu_ms.saturating_mul(PATIENCE);
        plugin.grants.limits = plugin.manifest.limits;
        Arc::new(plugin)
    }

    fn limits(&self) -> Limits {
        self.plugin.limits()
    }

    /// The question of a fixture at some hour.
    fn question(&self, fixture: &Fixture, (ask, chance): (Ask, Chance)) -> Call {
        let after = jiff::SignedDuration::from_secs(chance.seconds);
        let now = fixture.given.now.checked_add(after).unwrap_or(fixture.given.now);
        let language = fixture.given.language.clone();
        Call { hook: fixture.hook.clone(), ask, now, seed: chance.seed, language }
    }

    async fn call<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        call: &'t Call,
        desk: Option<&'t mut dyn Desk>,
    ) -> Called {
        let host = match &self.host {
            By::Own(host) => host,
            By::Server(host) => *host,
        };
        host.call(plugin, call, desk).await
    }
}

/// What a plugin may take from outside its question: the hour, later by so many seconds, and chance.
#[derive(Clone, Copy, Debug)]
struct Chance {
    seconds: i64,
    seed: u64,
}

const USUAL: Chance = Chance { seconds: 0, seed: 1 };
/// Another day, hour and year.
const OTHER: Chance = Chance { seconds: 40_000_000, seed: 0x5eed };
