//! What a plugin adds to a company at work: a field, a model, a role, a menu, a report and texts, come and go
//! with it, and the data in them stays until it is purged; at two servers, and over a restart.

use fondaco_kernel::plan;
use fondaco_kernel::plugins::lifecycle::{self, Grant, Need};
use fondaco_kernel::{Clock, Database, Error, Kernel, Setup};
use fondaco_plugin_host::package::SecretKey;
use fondaco_server::desk::Desk;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::{COMPANY, problems};
use fondaco_tests::{Shop, both, engine, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

use super::versions::setting;

both! {
    what_it_adds_comes_with_it_and_rests_without_it,
    what_it_adds_is_told_in_words_and_more_waits,
    what_does_not_fit_the_company_is_refused_at_once,
    fixtures_are_run_here_before_anything_is_installed,
    servers_agree_and_a_folder_knows_nothing_of_it,
}

const ID: &str = "acme.marker";

fn manifest(version: &str) -> String {
    format!(
        r#"
manifest = 1
[plugin]
id = "{ID}"
version = "{version}"
api = "0.2"
kernel = "*"
name = "Marker"
license = "Apache-2.0"
[hooks.mark]
on = "save"
models = ["party"]
select = ["name"]
[capabilities]
read = [{{ model = "party", fields = ["name"], why = "to look at it" }}]
write = [{{ model = "party", fields = ["mark"], why = "to mark it" }}]
"#
    )
}

const FIELDS: (&str, &str) = (
    "schema/party.toml",
    r#"
extends = "party"
[fields]
mark = { type = "text", index = true, search = true, help = "What the marker says." }
"#,
);

const RULE: (&str, &str) = (
    "schema/rule.toml",
    r#"
model = "marker.rule"
label = "Marking rule"
title = "name"
[fields]
name = { type = "text", required = true }
points = { type = "integer" }
party = { type = "link", to = "party" }
[access.marker_keeper]
read = "true"
[access.administrator]
read = "true"
create = "true"
"#,
);

const ROLE: (&str, &str) =
    ("schema/marker_keeper.toml", "role = \"marker_keeper\"\nlabel = \"Keeper of marks\"\n");

const REST: &[(&str, &str)] = &[
    ROLE,
    (
        "schema/module.toml",
        "module = \"marker\"\ntitle = \"Marks\"\nversion = \"1.0.0\"\n[[menu]]\nmodel = \"marker.rule\"\n",
    ),
    (
        "schema/high.toml",
        r#"
report = "marker.high"
label = "High marks"
roles = ["marker_keeper"]
rows = { of = "marker.rule", filter = "points > 10", sort = ["-points"] }
columns = [{ name = "name" }, { name = "points" }]
"#,
    ),
    ("locales/pl.ftl", "party--mark = Znak\n    .help = Co mówi znacznik.\nmarker-rule = Reguła\n"),
];

/// A plugin that marks parties, with what it adds.
fn package(version: &str, own: &[(&str, &str)], key: &SecretKey) -> Vec<u8> {
    let files: Vec<(&str, &str)> = own.iter().chain(REST).copied().collect();
    guests::packed_with(&manifest(version), &files, &setting("0.2", b"mark", "ONE"), key)
}

fn whole(version: &str, key: &SecretKey) -> Vec<u8> {
    package(version, &[FIELDS, RULE], key)
}

async fn come(kernel: &Kernel, ctx: &fondaco_kernel::Ctx, package: Vec<u8>) {
    lifecycle::install(kernel, ctx, package).await.unwrap();
    lifecycle::grant(kernel, ctx, ID, Grant::default()).await.unwrap();
    lifecycle::enable(kernel, ctx, ID, None).await.unwrap();
}

async fn party(desk: &Desk) -> AnyId {
    desk.create("party", json!({ "name": "Bolt" })).await.unwrap()
}

/// The mark of a party; `None` where there is no such field.
async fn mark(desk: &Desk, id: AnyId) -> Option<Json> {
    desk.get("party", id).await.unwrap().get("mark").cloned()
}

async fn rules(desk: &Desk) -> Result<Vec<Json>, Error> {
    desk.list("marker.rule", "true", "name").await
}

async fn what_it_adds_comes_with_it_and_rests_without_it() {
    let shop = super::shop(&[], &[], &guests::host()).await;
    let (kernel, ctx, key) = (&shop.kernel, &shop.admin.ctx, guests::key());
    let before = party(&shop.admin).await;
    come(kernel, ctx, whole("1.0.0", &key)).await;

    // It is there: in records, rights, reports, menus and words, and the plugin writes it.
    let bolt = party(&shop.admin).await;
    assert_eq!(mark(&shop.admin, bolt).await, Some(json!("ONE")));
    assert_eq!(mark(&shop.admin, before).await, Some(Json::Null), "it was there before");
    let keeper = shop.user("Kim", &["marker_keeper"]).await;
    for (name, points) in [("low", 5), ("high", 50), ("higher", 70)] {
        let rule = json!({ "name": name, "points": points, "party": bolt });
        shop.admin.create("marker.rule", rule).await.unwrap();
    }
    let high = keeper.report("marker.high", &[]).await.unwrap();
    let names: Vec<&str> = high.rows.iter().map(|row| row[0].as_text().unwrap()).collect();
    assert_eq!(names, ["higher", "high"]);
    let registry = kernel.registry();
    assert_eq!(registry.schema.modules["marker"].menu[0].label, "Marking rules");
    let texts = registry.texts(&[]).unwrap();
    assert_eq!(texts.label("pl", "party--mark", "Mark"), "Znak");

    // Out of force it is out of sight, and nothing of it is lost.
    lifecycle::disable(kernel, ctx, ID).await.unwrap();
    assert_eq!(mark(&shop.admin, bolt).await, None);
    assert!(matches!(rules(&keeper).await, Err(Error::NotFound { .. })));
    assert!(!kernel.registry().schema.roles.contains_key("marker_keeper"));
    let meanwhile = party(&shop.admin).await;
    lifecycle::enable(kernel, ctx, ID, None).await.unwrap();
    assert_eq!(mark(&shop.admin, bolt).await, Some(json!("ONE")));
    assert_eq!(mark(&shop.admin, meanwhile).await, Some(Json::Null));
    assert_eq!(rules(&keeper).await.unwrap().len(), 3);

    // So it is when it was uninstalled; only a purge takes it away.
    lifecycle::disable(kernel, ctx, ID).await.unwrap();
    lifecycle::uninstall(kernel, ctx, ID, false).await.unwrap();
    come(kernel, ctx, whole("1.0.0", &key)).await;
    assert_eq!(mark(&shop.admin, bolt).await, Some(json!("ONE")));
    lifecycle::disable(kernel, ctx, ID).await.unwrap();
    lifecycle::uninstall(kernel, ctx, ID, true).await.unwrap();
    come(kernel, ctx, whole("1.0.0", &key)).await;
    assert_eq!(mark(&shop.admin, bolt).await, Some(Json::Null));
    assert_eq!(rules(&keeper).await.unwrap().len(), 0);
    assert_eq!(party_names(&shop.admin).await, 3, "what is the company's stays");
}

async fn party_names(desk: &Desk) -> usize {
    desk.list("party", "name == 'Bolt'", "id").await.unwrap().len()
}

async fn what_it_adds_is_told_in_words_and_more_waits() {
    let shop = super::shop(&[], &[], &guests::host()).await;
    let (kernel, ctx, key) = (&shop.kernel, &shop.admin.ctx, guests::key());
    let plan = lifecycle::install(kernel, ctx, whole("1.0.0", &key)).await.unwrap();
    let told = plan.to_string();
    for line in [
        "+ adds      model marker.rule",
        "+ adds      field party.mark",
        "+ adds      role marker_keeper",
        "+ adds      report marker.high",
        "+ adds      module marker",
        "+ role      administrator: create, read of marker.rule",
        "+ role      marker_keeper: read of marker.rule",
        "+ role      marker_keeper: the report marker.high",
    ] {
        assert!(told.contains(line), "{line}:\n{told}");
    }
    assert!(!kernel.registry().schema.models.contains_key("marker.rule"), "installed only");
    lifecycle::grant(kernel, ctx, ID, Grant::default()).await.unwrap();
    assert!(!kernel.registry().schema.models.contains_key("marker.rule"), "granted only");
    lifecycle::enable(kernel, ctx, ID, None).await.unwrap();
    let bolt = party(&shop.admin).await;

    // The same again needs nobody; a right more is a right more; a field less is told and rests.
    let same = lifecycle::install(kernel, ctx, whole("1.1.0", &key)).await.unwrap();
    assert_eq!(same.need, Need::Nothing, "{same}");
    let wider = RULE.1.replace(
        "[access.marker_keeper]",
        "[access.everyone]\nread = \"true\"\n[access.marker_keeper]",
    );
    let wider = package("1.2.0", &[FIELDS, (RULE.0, &wider)], &key);
    let plan = lifecycle::install(kernel, ctx, wider).await.unwrap();
    assert_eq!(plan.need, Need::Grant);
    assert!(plan.to_string().contains("+ role      everyone: read of marker.rule"), "{plan}");
    let less = RULE.1.replace("party = { type = \"link\", to = \"party\" }\n", "");
    let narrower = package("1.3.0", &[FIELDS, (RULE.0, &less)], &key);
    lifecycle::install(kernel, ctx, narrower).await.unwrap();
    lifecycle::grant(kernel, ctx, ID, Grant::default()).await.unwrap();
    lifecycle::enable(kernel, ctx, ID, None).await.unwrap();
    assert!(kernel.registry().schema.field("marker.rule", "party").is_none());
    lifecycle::rollback(kernel, ctx, ID).await.unwrap();
    assert!(kernel.registry().schema.field("marker.rule", "party").is_some());
    assert_eq!(mark(&shop.admin, bolt).await, Some(json!("ONE")));
}

async fn what_does_not_fit_the_company_is_refused_at_once() {
    let own =
        [("models/party.toml", "extends = \"party\"\n[fields]\nmark = { type = \"text\" }\n")];
    let shop = super::shop_of(&["sales"], &[], &own, &guests::host()).await;
    let (kernel, ctx, key) = (&shop.kernel, &shop.admin.ctx, guests::key());
    let sales = RULE.1.replace("marker.rule", "sales.rule");
    for (files, wanted, cure) in [
        (vec![FIELDS], "party.toml: schema", "has a field `mark`"),
        (
            vec![("schema/rule.toml", sales.as_str())],
            "schema/rule.toml: schema",
            "belongs to the module `sales`",
        ),
        (
            vec![("schema/x.toml", "extends = \"party\"\n[fields]\nx = { type = \"txt\" }\n")],
            "schema/x.toml: schema",
            "text",
        ),
        (
            vec![RULE, ROLE, ("locales/th.ftl", "sales-order = x\n")],
            "locales/th.ftl: locales",
            "the key of nothing that the plugin adds",
        ),
        (
            vec![RULE, ROLE, ("locales/xx.ftl", "marker-rule = x\n")],
            "locales/xx.ftl: locales",
            "none of vi, th, pl, zh",
        ),
    ] {
        let alone: Vec<(&str, &str)> = files;
        let text = manifest("1.0.0").replace("[\"mark\"]", "[\"note\"]");
        let package = guests::packed_with(&text, &alone, &setting("0.2", b"note", "ONE"), &key);
        let refused = lifecycle::install(kernel, ctx, package).await;
        let Err(Error::Invalid(found)) = &refused else { panic!("{wanted}: {refused:?}") };
        assert!(found.iter().any(|problem| problem.message.contains(cure)), "{cure}: {found:?}");
        let places = problems(refused.map(drop));
        assert!(places.iter().any(|problem| problem.ends_with(wanted)), "{wanted}: {places:?}");
    }
    assert!(lifecycle::list(kernel, ctx).await.unwrap().is_empty());
}

async fn fixtures_are_run_here_before_anything_is_installed() {
    let shop = super::shop(&[], &[], &guests::host()).await;
    let (kernel, ctx, key) = (&shop.kernel, &shop.admin.ctx, guests::key());
    let fixture = |mark: &str| {
        format!(
            r#"
fixture = 1
name = "It marks whoever comes"
[given.records.party.bolt]
name = "Bolt"
[when]
hook = "mark"
record = "bolt"
[then.changes.bolt]
mark = "{mark}"
"#
        )
    };
    let with = |text: &str| package("1.0.0", &[FIELDS, RULE, ("fixtures/marks.toml", text)], &key);
    for (text, parts) in [
        (fixture("TWO"), &["It marks whoever comes", "mark", "TWO", "ONE"][..]),
        (fixture("ONE").replace("party.bolt", "partie.bolt"), &["there is no model `partie`"]),
    ] {
        let refused = lifecycle::install(kernel, ctx, with(&text)).await;
        let Err(Error::Invalid(found)) = &refused else { panic!("{refused:?}") };
        assert_eq!(
            (found[0].field.as_str(), found[0].code.as_str()),
            ("fixtures/marks.toml", "fixture")
        );
        for part in parts {
            assert!(found[0].message.contains(part), "{part}: {}", found[0].message);
        }
    }
    assert!(lifecycle::list(kernel, ctx).await.unwrap().is_empty());
    lifecycle::install(kernel, ctx, with(&fixture("ONE"))).await.unwrap();
}

fn setup(database: &Database) -> Setup {
    let mut setup = Setup::new(database.clone(), Vec::new());
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    setup.cheap_passwords = true;
    guests::with(setup, &guests::host())
}

async fn servers_agree_and_a_folder_knows_nothing_of_it() {
    let scratch = Scratch::new("added");
    let database = engine::lasting(&scratch.path().join("works.db"));
    let shop = Shop::on_clock(setup(&database), Clock::system()).await;
    let (here, ctx) = (&shop.kernel, &shop.admin.ctx);
    let elsewhere = Kernel::open(setup(&database)).await.unwrap();
    let there = Desk::new(elsewhere.clone(), ctx.clone());
    come(here, ctx, whole("1.0.0", &guests::key())).await;
    let bolt = party(&shop.admin).await;
    // The other one has it with its next unit of work, and asks the plugin once it has taken that up.
    assert_eq!(mark(&there, bolt).await, Some(json!("ONE")));
    elsewhere.take_up_plugins().await.unwrap();
    assert_eq!(mark(&there, party(&there).await).await, Some(json!("ONE")));

    // A folder says nothing of plugins, and wants nothing changed.
    let plan = plan::make(here, &setup(&database).desired()).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
    let later = Kernel::open(setup(&database)).await.unwrap();
    assert_eq!(mark(&Desk::new(later, ctx.clone()), bolt).await, Some(json!("ONE")));

    // Switched off there, it is gone here with the next unit of work, though the plugin is still loaded.
    lifecycle::disable(&elsewhere, ctx, ID).await.unwrap();
    let meanwhile = party(&shop.admin).await;
    assert_eq!(mark(&shop.admin, meanwhile).await, None);
    let plan = plan::make(here, &setup(&database).desired()).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
}
