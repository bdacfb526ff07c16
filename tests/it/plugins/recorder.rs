//! The flight recorder: calls of a plugin are kept, say the same when they are made once more, and are
//! shown without what is not for everybody; a shadow is compared on what really happens.

use std::sync::Arc;

use fondaco_kernel::plugins::lifecycle::{self, Grant};
use fondaco_kernel::plugins::specimen;
use fondaco_kernel::plugins::telling::{self, CallLine};
use fondaco_kernel::schema::plugin::RunsAs;
use fondaco_kernel::schema::{Origin, Source, fixture};
use fondaco_kernel::{Ctx, Error, Kernel};
use fondaco_plugin_host::Host;
use fondaco_plugin_host::fixtures::Tester;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

use super::hostile::image::Image;
use super::points::COMPANY;
use super::versions::setting;

both! {
    what_is_recorded_says_the_same_again,
    a_call_is_a_fixture_and_nobody_is_in_it,
    a_failure_is_kept_unasked,
    a_shadow_is_counted_and_changes_nothing,
}

const EVERY: &str = "test.every-point";

struct House {
    shop: Shop,
    _host: Arc<Host>,
}

impl House {
    /// A company whose names of things are personal.
    async fn open() -> House {
        let host = guests::host();
        let text = "name = { type = \"text\", required = true }";
        let personal = "name = { type = \"text\", required = true, class = \"personal\" }";
        let note =
            ("note = { type = \"text\" }", "note = { type = \"text\", class = \"personal\" }");
        let own = |of: &str| of.replace(text, personal).replace(note.0, note.1);
        let texts: Vec<(&str, String)> =
            COMPANY.iter().map(|(path, text)| (*path, own(text))).collect();
        let mut company: Vec<(&str, &str)> =
            texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
        company.retain(|(path, _)| !path.contains("robot"));
        company.push((
            "roles/robot.toml",
            "role = \"robot\"\nclasses = [\"personal\"]\n\
            write_classes = [\"personal\"]\n",
        ));
        company.push(("roles/sorter.toml", "role = \"sorter\"\n"));
        company
            .push(("models/party.toml", "extends = \"party\"\n[access.robot]\nread = \"true\"\n"));
        let shop = super::shop_of(&[], &[], &company, &host).await;
        House { shop, _host: host }
    }

    fn admin(&self) -> (&Kernel, &Ctx) {
        (&self.shop.kernel, &self.shop.admin.ctx)
    }

    /// Installs, grants and enables.
    async fn put_in_force(&self, package: Vec<u8>, id: &str, runs_as: RunsAs) {
        let (kernel, ctx) = self.admin();
        lifecycle::install(kernel, ctx, package).await.unwrap();
        let grant = Grant { runs_as: Some(runs_as), ..Grant::default() };
        lifecycle::grant(kernel, ctx, id, grant).await.unwrap();
        lifecycle::enable(kernel, ctx, id, None).await.unwrap();
    }

    /// What is kept of a plugin, the oldest first.
    async fn kept(&self, id: &'static str) -> Vec<CallLine> {
        let (kernel, ctx) = self.admin();
        kernel.keep_plugin_calls().await.unwrap();
        let read = kernel.read(ctx, move |tx| Box::pin(telling::calls(tx, id, None)));
        let mut lines = read.await.unwrap();
        lines.reverse();
        lines
    }

    async fn shown(&self, plugin: &'static str, call: AnyId) -> Json {
        let (kernel, ctx) = self.admin();
        let read = kernel.read(ctx, move |tx| Box::pin(telling::call(tx, plugin, call)));
        read.await.unwrap()
    }
}

async fn what_is_recorded_says_the_same_again() {
    let Some((component, text)) = guests::of_tests("every-point") else { return };
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    let package = guests::packed(&text, &component, &guests::key());
    house.put_in_force(package, EVERY, RunsAs::Role("robot".to_owned())).await;
    let make = |name: &'static str| {
        house.shop.admin.create("acme.thing", json!({ "name": name, "size": "2.25" }))
    };
    make("silence").await.unwrap();
    assert!(house.kept(EVERY).await.is_empty(), "what answers is not kept unasked");
    lifecycle::record(kernel, ctx, EVERY, true).await.unwrap();
    let wheel = make("wheel").await.unwrap();
    house.shop.admin.act("acme.thing", wheel, "ping", Json::Null).await.unwrap();
    kernel.run_due_jobs().await.unwrap();
    let kept = house.kept(EVERY).await;
    let told: Vec<(&str, &str)> =
        kept.iter().map(|call| (call.hook.as_str(), call.outcome.as_str())).collect();
    assert_eq!(told, [("check", "answered"), ("ping", "answered"), ("heard", "answered")]);

    // Days later, with other records, and with another setting: what was told then is told again.
    house.shop.on("2026-04-01");
    make("another").await.unwrap();
    let other = [("fee".to_owned(), Some("9".to_owned()))].into();
    lifecycle::set(kernel, ctx, EVERY, other).await.unwrap();
    for call in &kept {
        let again = telling::replay(kernel, ctx, EVERY, call.id).await.unwrap();
        assert!(again.same && again.then == again.now, "{call:?}: {again:?}");
    }

    let shown = house.shown(EVERY, kept[0].id).await.to_string();
    assert!(shown.contains("2.25") && shown.contains("•••"), "{shown}");
    assert!(!shown.contains("wheel"), "{shown}");
    let heard = house.shown(EVERY, kept[2].id).await.to_string();
    assert!(heard.contains("acme.thing") && !heard.contains("wheel"), "{heard}");

    // Nobody but administrators.
    let rep = house.shop.user("Rita", &["robot"]).await;
    let refused = telling::replay(kernel, &rep.ctx, EVERY, kept[0].id).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    assert_eq!(house.kept(EVERY).await.len(), 4, "three, and the other thing");
    lifecycle::record(kernel, ctx, EVERY, false).await.unwrap();
    make("silence").await.unwrap();
    assert_eq!(house.kept(EVERY).await.len(), 4);
}

/// Every call that is kept of a plugin is a fixture that holds, as `fondaco plugin test` tries it; answers their
/// texts, the oldest first.
pub(super) async fn as_fixtures(
    (kernel, ctx): (&Kernel, &Ctx),
    id: &'static str,
    (manifest, component): (&str, &[u8]),
) -> Vec<String> {
    kernel.keep_plugin_calls().await.unwrap();
    let read = kernel.read(ctx, move |tx| Box::pin(telling::calls(tx, id, None)));
    let mut calls = read.await.unwrap();
    calls.reverse();
    let schema = kernel.registry().schema.clone();
    let manifest = guests::read_manifest(manifest, Some(&schema));
    let (cache, compiler) = guests::compiled();
    let tester = Tester::new(cache, compiler, (manifest.clone(), component)).unwrap();
    let mut texts = Vec::new();
    for call in calls {
        let text = specimen::fixture_of(kernel, ctx, id, call.id).await.unwrap();
        let source = Source::new(Origin::Company, "call.toml", text.as_str());
        let fixture = fixture(&source, &manifest, Some(&schema)).unwrap();
        let report = tester.run(&fixture).await;
        assert!(report.passed(), "{report}\n{text}");
        texts.push(text);
    }
    texts
}

async fn a_call_is_a_fixture_and_nobody_is_in_it() {
    let Some((component, text)) = guests::of_tests("every-point") else { return };
    // Its notes say the hour.
    let text = text.replace("[hooks.check]\n", "[hooks.check]\nclock = true\n");
    let house = House::open().await;
    let package = guests::packed(&text, &component, &guests::key());
    house.put_in_force(package, EVERY, RunsAs::Role("robot".to_owned())).await;
    let (kernel, ctx) = house.admin();
    lifecycle::record(kernel, ctx, EVERY, true).await.unwrap();
    let admin = &house.shop.admin;
    let owner = admin.create("party", json!({ "name": "Ottavia Verdi" })).await.unwrap();
    let parts = json!([{ "label": "spoke" }, { "label": "hub" }]);
    let wheel = json!({ "name": "wheel", "size": "2.25", "owner": owner, "parts": parts });
    let wheel = admin.create("acme.thing", wheel).await.unwrap();
    admin.update("acme.thing", wheel, json!({ "name": "great wheel" })).await.unwrap();
    let refused = admin.create("acme.thing", json!({ "name": "forbidden" })).await;
    assert!(refused.is_err());
    admin.act("acme.thing", wheel, "ping", Json::Null).await.unwrap();
    admin.act("acme.thing", wheel, "measure", json!({ "by": "0.5" })).await.unwrap();
    kernel.run_due_jobs().await.unwrap();
    let texts = as_fixtures(house.admin(), EVERY, (&text, &component)).await;
    // Made, changed, refused, pinged, measured and heard; what the plugin itself made is a save, too.
    assert!(texts.len() >= 6, "{}", texts.len());
    for text in &texts {
        for personal in ["wheel", "forbidden"] {
            assert!(!text.contains(personal), "{personal}:\n{text}");
        }
    }
    let made = &texts[0];
    for line in [
        "# A call of test.every-point 1.0.0 on ",
        "[given.records.\"acme.thing\".thing_1]",
        "name = \"redacted 1\"",
        "size = 2.25",
        "owner = { record = \"party_1\" }",
        "label = \"spoke\" }",
        "changes.thing_1 = { ",
    ] {
        assert!(made.contains(line), "{line}:\n{made}");
    }
    // Nobody but administrators.
    let rita = house.shop.user("Rita", &["robot"]).await;
    let call = house.kept(EVERY).await[0].id;
    let refused = specimen::fixture_of(kernel, &rita.ctx, EVERY, call).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

/// The manifest of a plugin that looks at things.
fn manifest(id: &str, version: &str) -> String {
    format!(
        r#"
manifest = 1
[plugin]
id = "{id}"
version = "{version}"
api = "0.2"
kernel = "*"
license = "none"
[hooks.check]
on = "save"
models = ["acme.thing"]
select = ["name", "size"]
on_failure = "flag"
[capabilities]
read = [{{ model = "acme.thing", fields = ["name", "size"], why = "to look at it" }}]
write = [{{ model = "acme.thing", fields = ["note"], why = "to change it" }}]
"#
    )
}

async fn a_failure_is_kept_unasked() {
    const ID: &str = "test.falls";
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    let falls = Image::default().saves("0.2", "unreachable");
    let falls = guests::component("0.2", "with-records", &falls).unwrap();
    let package = guests::packed(&manifest(ID, "1.0.0"), &falls, &guests::key());
    house.put_in_force(package, ID, RunsAs::Caller).await;
    house.shop.admin.create("acme.thing", json!({ "name": "wheel" })).await.unwrap();
    let kept = house.kept(ID).await;
    assert_eq!((kept.len(), kept[0].outcome.as_str()), (1, "trap"));
    let again = telling::replay(kernel, ctx, ID, kept[0].id).await.unwrap();
    assert!(again.same, "{again:?}");
    // As a fixture it falls too, and the file says what is left to do.
    let text = specimen::fixture_of(kernel, ctx, ID, kept[0].id).await.unwrap();
    for line in ["# It fails here as well: its code ended", "[when]\nhook = \"check\"", "[then]\n"]
    {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    assert!(!text.contains("wheel"), "{text}");
}

async fn a_shadow_is_counted_and_changes_nothing() {
    const ID: &str = "test.notes";
    let house = House::open().await;
    let (kernel, ctx) = house.admin();
    let key = guests::key();
    let says = |version: &str, word: &str| {
        guests::packed(&manifest(ID, version), &setting("0.2", b"note", word), &key)
    };
    house.put_in_force(says("1.0.0", "old"), ID, RunsAs::Caller).await;
    for (version, word) in [("1.1.0", "old"), ("1.2.0", "new")] {
        lifecycle::install(kernel, ctx, says(version, word)).await.unwrap();
        lifecycle::shadow(kernel, ctx, ID, Some(version.to_owned())).await.unwrap();
        for _ in 0..3 {
            let fields = json!({ "name": "wheel", "size": "1" });
            let id = house.shop.admin.create("acme.thing", fields).await.unwrap();
            assert_eq!(house.shop.admin.get("acme.thing", id).await.unwrap()["note"], "old");
        }
        kernel.keep_plugin_calls().await.unwrap();
    }
    let read = kernel.read(ctx, |tx| Box::pin(telling::shadow_report(tx, ID)));
    let report = read.await.unwrap();
    let hooks: Vec<(&str, [i64; 3])> = report
        .hooks
        .iter()
        .map(|line| (line.version.as_str(), [line.same, line.different, line.skipped]))
        .collect();
    assert_eq!(hooks, [("1.1.0", [3, 0, 0]), ("1.2.0", [0, 3, 0])]);
    assert_eq!(report.differences.len(), 3);
    assert_eq!(report.differences[0].reason, "1.2.0 says something else");
    // Whoever is in force has no shadow of itself.
    let stands = lifecycle::enable(kernel, ctx, ID, Some("1.2.0".to_owned())).await.unwrap();
    assert_eq!((stands.version.as_str(), stands.shadow), ("1.2.0", None));
}
