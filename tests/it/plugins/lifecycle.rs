//! The life of a plugin in a company at work: from a signed package to code in force and out of it again,
//! at one server and at two.

use std::sync::Arc;

use fondaco_kernel::plugins::lifecycle::{self, Grant, Need, Standing, State};
use fondaco_kernel::{Clock, Database, Error, Kernel, Setup};
use fondaco_plugin_host::package::SecretKey;
use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use fondaco_server::desk::Desk;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::{COMPANY, problems};
use fondaco_tests::{Shop, both, engine, guests};
use serde_json::json;

use super::versions::setting;

both! {
    from_a_package_to_code_in_force_and_out_again,
    an_upgrade_that_asks_for_more_waits_and_the_old_one_goes_on,
    what_does_not_belong_here_is_refused_with_the_cure,
    settings_are_in_force_with_the_next_call,
    another_server_takes_it_up,
}

const ID: &str = "acme.coder";

/// A plugin that writes a note on each party.
fn manifest(version: &str, writes: &str) -> String {
    format!(
        r#"
manifest = 1
[plugin]
id = "{ID}"
version = "{version}"
api = "0.2"
kernel = "*"
name = "Coder"
license = "Apache-2.0"
[hooks.code]
on = "save"
models = ["party"]
select = ["name"]
[capabilities]
read = [{{ model = "party", fields = ["name"], why = "to look at it" }}]
write = [{{ model = "party", fields = [{writes}], why = "to give it a code" }}]
[settings.prefix]
type = "text"
default = "C"
help = "What codes begin with."
"#
    )
}

/// A package whose plugin writes this note.
fn package(version: &str, code: &str, key: &SecretKey) -> Vec<u8> {
    guests::packed(&manifest(version, "\"note\""), &setting("0.2", b"note", code), key)
}

struct House {
    shop: Shop,
    key: SecretKey,
}

impl House {
    async fn open() -> House {
        let host = guests::host();
        House { shop: super::shop(&[], &[], &host).await, key: guests::key() }
    }

    fn admin(&self) -> (&Kernel, &fondaco_kernel::Ctx) {
        (&self.shop.kernel, &self.shop.admin.ctx)
    }

    async fn install(&self, package: Vec<u8>) -> Result<lifecycle::InstallPlan, Error> {
        let (kernel, ctx) = self.admin();
        lifecycle::install(kernel, ctx, package).await
    }

    async fn grant(&self) -> Result<Standing, Error> {
        let (kernel, ctx) = self.admin();
        lifecycle::grant(kernel, ctx, ID, Grant::default()).await
    }

    async fn enable(&self, version: Option<&str>) -> Result<Standing, Error> {
        let (kernel, ctx) = self.admin();
        lifecycle::enable(kernel, ctx, ID, version.map(str::to_owned)).await
    }

    async fn coded(&self) -> String {
        coded(&self.shop.admin).await.unwrap()
    }
}

/// The note that a new party gets; empty without.
async fn coded(desk: &Desk) -> Result<String, Error> {
    let id = desk.create("party", json!({ "name": "Bolt" })).await?;
    Ok(desk.get("party", id).await?["note"].as_str().unwrap_or_default().to_owned())
}

fn code(refused: Result<Standing, Error>) -> &'static str {
    match refused {
        Err(Error::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

async fn from_a_package_to_code_in_force_and_out_again() {
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    let first = package("1.0.0", "ONE", &house.key);
    let plan = house.install(first.clone()).await.unwrap();
    assert_eq!((plan.need, plan.key_is_known, plan.from.as_deref()), (Need::Grant, false, None));
    let told = plan.to_string();
    for part in [
        "acme.coder 1.0.0 (Coder)",
        "new: it is pinned from now on",
        "+ read      party.name — to look at it",
        "+ write     party.note — to give it a code",
        "+ hook      before party is saved — code: without its answer, it is refused",
        "+ limit     20 ms of processor time a call",
        "setting   prefix = C  What codes begin with.",
        "It waits for a grant",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(code(house.enable(None).await), "not_granted");
    assert_eq!(house.coded().await, "", "installed is not in force");

    assert_eq!(house.grant().await.unwrap().state, State::Granted);
    assert_eq!(house.coded().await, "", "granted is not in force");
    assert_eq!(house.enable(None).await.unwrap().state, State::Enabled);
    assert_eq!(house.coded().await, "ONE");
    // The same package again changes nothing.
    house.install(first).await.unwrap();

    let plan = house.install(package("1.1.0", "TWO", &house.key)).await.unwrap();
    assert_eq!((plan.need, plan.key_is_known), (Need::Nothing, true));
    assert!(plan.lines.iter().all(|line| line.change == "same"), "{plan}");
    assert_eq!(house.coded().await, "ONE", "installed is not in force");
    let stands = house.enable(None).await.unwrap();
    assert_eq!((stands.version.as_str(), stands.previous.as_deref()), ("1.1.0", Some("1.0.0")));
    assert_eq!(house.coded().await, "TWO");
    assert_eq!(code(house.enable(Some("1.0.0")).await), "downgrade");

    let stands = lifecycle::rollback(kernel, ctx, ID).await.unwrap();
    assert_eq!((stands.version.as_str(), stands.previous.as_deref()), ("1.0.0", Some("1.1.0")));
    assert_eq!(house.coded().await, "ONE");
    assert_eq!(
        code(lifecycle::uninstall(kernel, ctx, ID, false).await.map(|()| stands)),
        "enabled"
    );
    lifecycle::disable(kernel, ctx, ID).await.unwrap();
    assert_eq!(house.coded().await, "");
    assert_eq!(code(lifecycle::disable(kernel, ctx, ID).await), "not_enabled");
    lifecycle::uninstall(kernel, ctx, ID, false).await.unwrap();
    let left = lifecycle::one(kernel, ctx, ID).await.unwrap();
    assert_eq!((left.state, left.versions.len()), (State::Uninstalled, 0));

    let history = kernel.read(ctx, |tx| Box::pin(lifecycle::history(tx, ID))).await.unwrap();
    let done: Vec<&str> = history.iter().rev().map(|change| change.action.as_str()).collect();
    assert_eq!(
        done,
        [
            "installed",
            "granted",
            "enabled",
            "upgrade_installed",
            "enabled",
            "rolled_back",
            "disabled",
            "uninstalled"
        ]
    );
    assert!(history.iter().all(|change| change.actor == "admin@works.example"), "{history:?}");
    lifecycle::uninstall(kernel, ctx, ID, true).await.unwrap();
    assert!(lifecycle::list(kernel, ctx).await.unwrap().is_empty());
}

async fn an_upgrade_that_asks_for_more_waits_and_the_old_one_goes_on() {
    let house = House::open().await;
    house.install(package("1.0.0", "ONE", &house.key)).await.unwrap();
    house.grant().await.unwrap();
    house.enable(None).await.unwrap();
    let more = guests::packed(
        &manifest("1.1.0", "\"note\", \"name\"")
            .replace("[settings.prefix]", "[limits]\ncpu_ms = 50\n[settings.prefix]"),
        &setting("0.2", b"name", "Renamed"),
        &house.key,
    );
    let plan = house.install(more).await.unwrap();
    assert_eq!(plan.need, Need::Grant);
    let new: Vec<String> = plan
        .lines
        .iter()
        .filter(|line| line.change == "more")
        .map(|line| format!("{} {}", line.kind, line.what))
        .collect();
    assert_eq!(new, ["write party.name", "limit 50 ms of processor time a call"]);
    assert_eq!(code(house.enable(Some("1.1.0")).await), "not_granted");
    // The newest that was granted is the one in force.
    assert_eq!(house.enable(None).await.unwrap().version, "1.0.0");
    assert_eq!(house.coded().await, "ONE");
    house.grant().await.unwrap();
    assert_eq!(house.coded().await, "ONE", "granted is not in force");
    assert_eq!(house.enable(None).await.unwrap().version, "1.1.0");
    assert_eq!(house.coded().await, "");
    // Less needs nobody.
    let plan = house.install(package("1.2.0", "LESS", &house.key)).await.unwrap();
    assert_eq!(plan.need, Need::Nothing);
    assert!(plan.to_string().contains("- write     party.name"), "{plan}");
}

async fn what_does_not_belong_here_is_refused_with_the_cure() {
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    house.install(package("1.1.0", "ONE", &house.key)).await.unwrap();
    let stranger = guests::key();
    let text = || manifest("1.2.0", "\"note\"");
    let own = |text: &str, component: &[u8]| guests::packed(text, component, &house.key);
    let code = setting("0.2", b"note", "X");
    for (package, wanted, cure) in [
        (package("1.2.0", "X", &stranger), "package: key", "fondaco plugin trust acme"),
        (package("1.1.0", "X", &house.key), "package: version", "a higher version"),
        (package("1.0.0", "X", &house.key), "package: downgrade", "plugin rollback"),
        (
            own(&text().replace("license", "publisher_key = \"RWno\"\nlicense"), &code),
            "plugin.toml: key",
            "sign it with that key",
        ),
        (
            own(&text().replace("kernel = \"*\"", "kernel = \">=9\""), &code),
            "plugin.toml: manifest",
            "made for this kernel",
        ),
        (
            own(&text().replace("[\"name\"]", "[\"nmae\"]"), &code),
            "plugin.toml: manifest",
            "did you mean `name`",
        ),
        (
            own(&text().replace("models = [\"party\"]", "models = [\"parti\"]"), &code),
            "plugin.toml: manifest",
            "there is no model `parti`",
        ),
        (
            own(&text(), &setting("0.1", b"note", "X")),
            "plugin.wasm: unfit",
            "change one of the two",
        ),
        (
            own(
                &text().replace(
                    "[hooks.code]\non = \"save\"\nmodels = [\"party\"]\nselect = [\"name\"]",
                    "[hooks.code]\non = \"job\"",
                ),
                &code,
            ),
            "plugin.wasm: unfit",
            "does not export",
        ),
    ] {
        let refused = house.install(package).await;
        let Err(Error::Invalid(found)) = &refused else { panic!("{wanted}: {refused:?}") };
        assert!(found.iter().any(|problem| problem.message.contains(cure)), "{wanted}: {found:?}");
        assert!(problems(refused).iter().any(|problem| problem == wanted), "{wanted}");
    }
    lifecycle::trust(kernel, ctx, "acme", &stranger.public()).await.unwrap();
    house.install(package("1.2.0", "X", &stranger)).await.unwrap();

    // Who is no administrator sees nothing and does nothing.
    let rep = house.shop.user("Rita", &["employee"]).await;
    let of = (&rep.kernel, &rep.ctx);
    for refused in [
        lifecycle::list(of.0, of.1).await.map(drop),
        lifecycle::install(of.0, of.1, Vec::new()).await.map(drop),
        lifecycle::grant(of.0, of.1, ID, Grant::default()).await.map(drop),
        lifecycle::disable(of.0, of.1, ID).await.map(drop),
        lifecycle::trust(of.0, of.1, "acme", &stranger.public()).await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    }
}

async fn settings_are_in_force_with_the_next_call() {
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    house.install(package("1.0.0", "ONE", &house.key)).await.unwrap();
    let wrong = Grant {
        settings: [("prefx".to_owned(), "D".to_owned())].into(),
        runs_as: Some(fondaco_kernel::schema::plugin::RunsAs::Role("boss".to_owned())),
        on_failure: [("cod".to_owned(), fondaco_kernel::schema::plugin::OnFailure::Flag)].into(),
        ..Grant::default()
    };
    let refused = problems(lifecycle::grant(kernel, ctx, ID, wrong).await);
    assert_eq!(refused, ["runs_as: unknown", "on_failure: unknown", "settings.prefx: unknown"]);
    house.grant().await.unwrap();
    house.enable(None).await.unwrap();
    let set = |value: Option<&str>| [("prefix".to_owned(), value.map(str::to_owned))].into();
    let stands = lifecycle::set(kernel, ctx, ID, set(Some("D"))).await.unwrap();
    assert_eq!(stands.settings["prefix"], "D");
    // They outlive the versions, until they are purged.
    lifecycle::disable(kernel, ctx, ID).await.unwrap();
    lifecycle::uninstall(kernel, ctx, ID, false).await.unwrap();
    house.install(package("0.9.0", "OLD", &house.key)).await.unwrap();
    let stands = lifecycle::one(kernel, ctx, ID).await.unwrap();
    assert_eq!((stands.state, stands.settings["prefix"].as_str()), (State::Installed, "D"));
    let stands = lifecycle::set(kernel, ctx, ID, set(None)).await.unwrap();
    assert!(stands.settings.is_empty());
}

fn setup(database: &Database, host: &Arc<Host>) -> Setup {
    let mut setup = Setup::new(database.clone(), Vec::new());
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    setup.cheap_passwords = true;
    guests::with(setup, host)
}

async fn another_server_takes_it_up() {
    let scratch = Scratch::new("two-hosts");
    let database = engine::lasting(&scratch.path().join("works.db"));
    let shop = Shop::on_clock(setup(&database, &guests::host()), Clock::system()).await;
    let (here, ctx) = (&shop.kernel, &shop.admin.ctx);
    let elsewhere = Kernel::open(setup(&database, &guests::host())).await.unwrap();
    let there = Desk::new(elsewhere.clone(), ctx.clone());
    let key = guests::key();
    lifecycle::install(here, ctx, package("1.0.0", "ONE", &key)).await.unwrap();
    lifecycle::grant(here, ctx, ID, Grant::default()).await.unwrap();
    lifecycle::enable(here, ctx, ID, None).await.unwrap();
    assert_eq!(coded(&shop.admin).await.unwrap(), "ONE");
    elsewhere.take_up_plugins().await.unwrap();
    assert_eq!(coded(&there).await.unwrap(), "ONE");

    // One that opens later has it from its start; one that cannot compile says so, and lets nothing
    // through that the plugin is to look at.
    let later = Kernel::open(setup(&database, &guests::host())).await.unwrap();
    assert_eq!(coded(&Desk::new(later, ctx.clone())).await.unwrap(), "ONE");
    let cache = scratch.path().join("empty");
    let compiler = Compiler::Child("/nowhere/fondaco".into());
    let broken = Arc::new(Host::new(Options { cache, compiler, metering: Metering::Time }));
    let broken = Kernel::open(setup(&database, &broken)).await.unwrap();
    let stands = lifecycle::one(&broken, ctx, ID).await.unwrap();
    assert!(stands.unfit.unwrap().contains("the compiler did not start"));
    let refused = coded(&Desk::new(broken, ctx.clone())).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "plugin_failed", .. })), "{refused:?}");

    // What the other one changes is in force here as soon as it is taken up.
    lifecycle::disable(&elsewhere, ctx, ID).await.unwrap();
    assert_eq!(coded(&there).await.unwrap(), "");
    here.take_up_plugins().await.unwrap();
    assert_eq!(coded(&shop.admin).await.unwrap(), "");
}
