//! A plugin that is asked at every point: what it is told, what comes of it, with whose rights.

use std::sync::Arc;

use fondaco_kernel::Tx;
use fondaco_kernel::plugins::Failed;
use fondaco_kernel::ports::pricing::{self, PriceAsk, StepKind};
use fondaco_kernel::records::{self, Draft};
use fondaco_kernel::schema::plugin::{Grants, RunsAs};
use fondaco_kernel::shared::Company;
use fondaco_kernel::store;
use fondaco_plugin_host::Host;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::{AnyId, Quantity, Value};
use serde_json::{Value as Json, json};

both! {
    records_are_changed_and_refused_before_they_are_saved,
    a_batch_is_one_question,
    an_action_of_a_plugin_is_an_action_like_any_other,
    what_follows_an_action_is_heard_and_done_after_the_commit,
    a_price_has_a_step_of_a_plugin,
    the_rights_are_the_callers_or_those_of_a_role,
}

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi"
customer = true

[[product]]
key = "chain"
code = "CH"
name = "Chain"
unit = "piece"
list_price = "25.00"
"#;

/// Things with parts, of the company's own: the robot may see their owners, the sorter may not.
pub(super) const COMPANY: [(&str, &str); 3] = [
    (
        "models/thing.toml",
        r#"
model = "acme.thing"
title = "name"
[fields]
name = { type = "text", required = true }
size = { type = "decimal", scale = 4 }
owner = { type = "link", to = "party" }
note = { type = "text" }
parts = { type = "lines", of = "acme.part" }
[actions.ping]
[actions.measure]
[actions.measure.args]
by = { type = "decimal", scale = 4, required = true }
[access.administrator]
read = "true"
create = "true"
write = "true"
delete = "true"
actions = ["ping", "measure"]
[access.robot]
read = "true"
create = "true"
write = "true"
[access.sorter]
read = "true"
create = "true"
"#,
    ),
    (
        "models/part.toml",
        r#"
model = "acme.part"
title = "label"
[fields]
thing = { type = "link", to = "acme.thing", required = true }
label = { type = "text" }
"#,
    ),
    (
        "roles/robot.toml",
        r#"
role = "robot"
"#,
    ),
];

struct Scene {
    shop: Shop,
    host: Arc<Host>,
}

impl Scene {
    async fn open(change: impl FnOnce(&mut Grants)) -> Option<Scene> {
        let (component, text) = guests::of_tests("every-point")?;
        let host = guests::host();
        let sorter = ("roles/sorter.toml", "role = \"sorter\"\n");
        let reads = "extends = \"party\"\n[access.robot]\nread = \"true\"\n";
        let more = [sorter, ("models/party.toml", reads)];
        let company: Vec<_> = COMPANY.into_iter().chain(more).collect();
        let shop = super::shop_of(&[], &[DATA], &company, &host).await;
        let manifest = guests::read_manifest(&text, Some(shop.kernel.registry().schema.as_ref()));
        guests::install(&host, manifest, &component, change);
        Some(Scene { shop, host })
    }

    async fn thing(&self, fields: Json) -> AnyId {
        self.shop.admin.create("acme.thing", fields).await.unwrap()
    }

    async fn note(&self, id: AnyId) -> String {
        let thing = self.shop.admin.get("acme.thing", id).await.unwrap();
        thing["note"].as_str().unwrap_or("nothing").to_owned()
    }

    /// Notes of the things of this name.
    async fn notes(&self, name: &str) -> Vec<String> {
        let filter = format!("name == '{name}'");
        let found = self.shop.admin.list("acme.thing", &filter, "id").await.unwrap();
        found.iter().map(|thing| thing["note"].as_str().unwrap().to_owned()).collect()
    }
}

async fn records_are_changed_and_refused_before_they_are_saved() {
    let Some(scene) = Scene::open(|_| {}).await else { return };
    let verdi = scene.shop.admin.by_key("party", "verdi").await.unwrap();
    let parts = json!([{ "label": "hub" }, { "label": "rim" }]);
    let fields = json!({ "name": "wheel", "size": "2.25", "owner": verdi, "parts": parts });
    let id = scene.thing(fields).await;
    assert_eq!(scene.note(id).await, "new wheel of Verdi with hub+rim at 2026-03-02T09:00:00Z");
    let thing = scene.shop.admin.get("acme.thing", id).await.unwrap();
    assert_eq!(thing["size"], "2.3", "rounded to one place");

    let change = json!({ "name": "disc", "owner": null });
    scene.shop.admin.update("acme.thing", id, change).await.unwrap();
    assert_eq!(scene.note(id).await, "wheel disc of nobody with hub+rim at 2026-03-02T09:00:00Z");
    let refused = scene.shop.admin.update("acme.thing", id, json!({ "name": "forbidden" })).await;
    assert_eq!(problems(refused), ["name: forbidden"]);
}

fn owned(tx: &Tx, name: String, owner: AnyId) -> fondaco_kernel::Result<Draft> {
    let draft = records::draft(tx, "acme.thing")?;
    Ok(draft.with("name", name).with("owner", Value::Link(owner)))
}

async fn a_batch_is_one_question() {
    let Some(scene) = Scene::open(|_| {}).await else { return };
    let verdi = scene.shop.admin.by_key("party", "verdi").await.unwrap();
    let create = |names: Vec<String>| {
        let ctx = scene.shop.admin.ctx.clone();
        let kernel = scene.shop.kernel.clone();
        async move {
            kernel
                .run(&ctx, move |tx| {
                    let names = names.clone();
                    Box::pin(async move {
                        let drafts = names.into_iter().map(|name| owned(tx, name, verdi));
                        let drafts = drafts.collect::<fondaco_kernel::Result<Vec<_>>>()?;
                        let before = tx.statements();
                        records::create(tx, "acme.thing", drafts).await?;
                        Ok(tx.statements() - before)
                    })
                })
                .await
        }
    };
    let names = |count: usize| (0..count).map(|n| format!("thing {n}")).collect::<Vec<_>>();
    let few = create(names(2)).await.unwrap();
    let many = create(names(200)).await.unwrap();
    assert_eq!(few, many, "as many statements for two records as for two hundred");
    let tallies = scene.shop.kernel.plugin_tallies();
    let tally = &tallies[&("test.every-point".to_owned(), "check".to_owned())];
    assert_eq!((tally.calls, tally.failed.len()), (2, 0), "one question a batch");
    let mut third = names(3);
    third[2] = "forbidden".to_owned();
    assert_eq!(problems(create(third).await), ["[2].name: forbidden"]);
}

async fn an_action_of_a_plugin_is_an_action_like_any_other() {
    let Some(scene) = Scene::open(|_| {}).await else { return };
    let id = scene.thing(json!({ "name": "wheel", "size": "2.5" })).await;
    let by = |by: &str| json!({ "by": by });
    let done = scene.shop.admin.act("acme.thing", id, "measure", by("1.25")).await.unwrap();
    assert_eq!(done.message.as_deref(), Some("It is 3.75 now."));
    let thing = scene.shop.admin.get("acme.thing", id).await.unwrap();
    assert_eq!(thing["size"], "3.75", "its own effects are not asked about again");
    let stranger = scene.shop.user("Stan", &[]).await;
    let refused = stranger.act("acme.thing", id, "measure", by("1")).await;
    assert!(refused.unwrap_err().to_string().starts_with("There is no acme.thing"));
}

async fn what_follows_an_action_is_heard_and_done_after_the_commit() {
    let role = |grants: &mut Grants| grants.runs_as = RunsAs::Role("robot".to_owned());
    let Some(scene) = Scene::open(role).await else { return };
    let id = scene.thing(json!({ "name": "wheel" })).await;
    scene.shop.admin.act("acme.thing", id, "ping", Json::Null).await.unwrap();
    assert!(scene.notes("heard").await.is_empty(), "not before the commit");
    assert_eq!(scene.shop.kernel.run_due_jobs().await.unwrap(), 1, "the job is for later");
    assert_eq!(scene.notes("heard").await, [r#"heard {"by":"wheel"} of wheel, one of 1"#]);
    scene.shop.clock.set("2026-03-02T09:01:01Z".parse().unwrap());
    assert_eq!(scene.shop.kernel.run_due_jobs().await.unwrap(), 1);
    assert_eq!(scene.notes("later").await, [format!(r#"{{"thing":{id}}}"#)]);
    // Taken out of force, its jobs wait and say so.
    scene.shop.admin.act("acme.thing", id, "ping", Json::Null).await.unwrap();
    scene.host.withdraw("test.every-point");
    scene.shop.kernel.run_due_jobs().await.unwrap();
    assert_eq!(scene.shop.kernel.job_load().await.unwrap().failing, 1);
}

async fn a_price_has_a_step_of_a_plugin() {
    let Some(scene) = Scene::open(|grants| {
        grants.settings.insert("fee".to_owned(), "-2.125".to_owned());
    })
    .await
    else {
        return;
    };
    let verdi = scene.shop.admin.by_key("party", "verdi").await.unwrap();
    let chain = scene.shop.admin.by_key("product", "chain").await.unwrap();
    let asked = scene.shop.kernel.run(&scene.shop.admin.ctx, move |tx| {
        Box::pin(async move {
            let company = tx.ctx().company();
            let currency = store::get::<Company>(tx, company).await?.currency;
            let ask = PriceAsk {
                product: chain.cast(),
                party: Some(verdi.cast()),
                quantity: Quantity::exact("3".parse().unwrap()).unwrap(),
                on: tx.today(),
                currency,
                choice: None,
            };
            pricing::prices(tx, &[ask]).await
        })
    });
    let price = asked.await.unwrap().pop().unwrap();
    assert_eq!((price.list.to_string(), price.net.to_string()), ("25.00".into(), "22.875".into()));
    let last = price.steps.last().unwrap();
    assert_eq!(last.kind, StepKind::Plugin);
    assert_eq!(last.label, "Every point: Fee on CH for Verdi, 3 of them");
    assert_eq!((last.change.to_string(), last.unit_price), ("-2.125".into(), price.net));
}

async fn the_rights_are_the_callers_or_those_of_a_role() {
    let Some(scene) = Scene::open(|_| {}).await else { return };
    let sorter = scene.shop.user("Sue", &["sorter"]).await;
    let create = || sorter.create("acme.thing", json!({ "name": "wheel" }));
    let plugin = {
        use fondaco_kernel::plugins::Plugins;
        scene.host.installed()[0].clone()
    };
    let (component, _) = guests::of_tests("every-point").unwrap();
    let run_as =
        |role: &str| Grants { runs_as: RunsAs::Role(role.to_owned()), ..plugin.grants.clone() };
    let reads = "it may not read party.name:";
    for (grants, says) in [
        (plugin.grants.clone(), "sue@works.example, for whom it works, may not read party"),
        (run_as("robot"), ""),
        (run_as("sorter"), "the role sorter, which it runs as, may not read party"),
    ] {
        scene.host.install(plugin.manifest.clone(), grants, &component).unwrap();
        match (create().await, says) {
            (Ok(_), "") => {}
            (Ok(made), says) => panic!("{made} was made, not refused: {says}"),
            (Err(error), "") => panic!("{error}"),
            (Err(error), says) => {
                assert!(error.to_string().contains(&format!("{reads} {says}")), "{error}");
                assert_eq!(scene.shop.kernel.plugin_troubles().pop().unwrap().kind, Failed::Rights);
            }
        }
    }
}
