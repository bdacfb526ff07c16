//! A module, or a file of the company folder, that is there for some first: the others see and are
//! affected by nothing.

use fondaco_kernel::records::Query;
use fondaco_kernel::views::Pilot;
use fondaco_kernel::{Database, Error, Kernel, Setup, records};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::both;
use fondaco_tests::shop::{COMPANY, PASSWORD, Shop};
use serde_json::{Value as Json, json};

both! {
    it_is_there_for_those_who_are_named,
    the_others_are_affected_by_nothing,
    what_is_wrong_with_a_pilot_is_said_at_once,
    in_the_end_it_is_there_for_all,
}

const SECOND: &str = "[[company]]\nkey = \"second\"\nname = \"Second Works\"\ncurrency = \"EUR\"\n";
const SIZE: &str = "extends = \"party\"\n[fields]\nsize = { type = \"integer\", default = \"7\" }\n\
     label = { type = \"text\", compute = \"upper(name)\", stored = true }\n";

fn setup(pilot: Pilot) -> Setup {
    let mut setup = Setup::new(Database::Memory, modules::all());
    setup.data.push(("data/1.toml".to_owned(), COMPANY.to_owned()));
    setup.data.push(("data/2.toml".to_owned(), SECOND.to_owned()));
    let source = fondaco_kernel::schema::Source::new(
        fondaco_kernel::schema::Origin::Company,
        "models/party.toml",
        SIZE,
    );
    setup.company.push(source);
    setup.pilots.insert("trial".to_owned(), pilot);
    setup
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What one user finds of a pilot of inventory and crm and of the own file.
async fn finds(desk: &Desk) -> Vec<&'static str> {
    let mut found = Vec::new();
    let registry = desk.kernel.seen_by(&desk.ctx);
    for (what, is) in [
        ("menu", registry.schema.modules.contains_key("crm")),
        ("model", registry.schema.models.contains_key("crm.lead")),
        ("role", registry.schema.roles.contains_key("crm_user")),
        ("report", registry.schema.reports.contains_key("crm.pipeline")),
        ("field of the module", registry.schema.field("party", "salesperson").is_some()),
        ("field of the file", registry.schema.field("party", "size").is_some()),
        ("port", registry.ports.stock.is_some()),
    ] {
        found.extend(is.then_some(what));
    }
    let lead = desk.create("crm.lead", json!({ "name": "A lead" })).await;
    match lead {
        Ok(_) => found.push("api"),
        Err(Error::NotFound { model, .. }) => assert_eq!(model, "model"),
        Err(error) => panic!("{error}"),
    }
    found
}

const ALL: [&str; 8] =
    ["menu", "model", "role", "report", "field of the module", "field of the file", "port", "api"];

fn trial() -> Pilot {
    Pilot {
        modules: words(&["crm", "inventory"]),
        files: words(&["models/party.toml"]),
        ..Pilot::default()
    }
}

async fn it_is_there_for_those_who_are_named() {
    for (pilot, who) in [
        (Pilot { users: words(&["anna@works.example"]), ..trial() }, "anna"),
        (Pilot { roles: words(&["sales_manager"]), ..trial() }, "bert"),
        (Pilot { companies: words(&["second"]), ..trial() }, "carl"),
        (Pilot { companies: words(&["Second Works"]), ..trial() }, "carl"),
    ] {
        let shop = Shop::of(setup(pilot.clone())).await;
        let anna = shop.user("Anna", &["crm_user", "sales_user"]).await;
        let bert = shop.user("Bert", &["crm_user", "sales_manager"]).await;
        let carl = shop.user("Carl", &["crm_user", "sales_user"]).await;
        let second = shop.admin.by_key("company", "second").await.unwrap();
        let carl = in_company(&shop, &carl, second).await;
        for (name, desk) in [("anna", anna), ("bert", bert), ("carl", carl)] {
            let wanted: &[&str] = if name == who { &ALL } else { &[] };
            assert_eq!(finds(&desk).await, wanted, "{name}, {pilot:?}");
        }
    }
}

/// The same user at work in another company, in which he has the same roles.
async fn in_company(shop: &Shop, desk: &Desk, company: fondaco_values::AnyId) -> Desk {
    let user = desk.ctx.actor().user().unwrap().any();
    let fields = json!({ "companies": [company.to_string()] });
    shop.admin.update("user", user, fields).await.unwrap();
    let login = desk.ctx.actor().name().to_owned();
    let signed = fondaco_kernel::identity::sign_in(&shop.kernel, &login, PASSWORD, "test").await;
    Desk::new(shop.kernel.clone(), signed.unwrap().1)
}

/// Two worlds: what somebody does who is not in the pilot comes out as if there were none.
async fn the_others_are_affected_by_nothing() {
    let mut without = setup(Pilot { users: words(&["nobody"]), ..trial() });
    without.pilots.clear();
    without.company.clear();
    without.modules.retain(|module| !["crm", "inventory"].contains(&module.name()));
    let with = setup(Pilot { users: words(&["anna@works.example"]), ..trial() });
    let mut worlds = Vec::new();
    for setup in [without, with] {
        let shop = Shop::of(setup).await;
        let bert = shop.user("Bert", &["sales_manager"]).await;
        worlds.push((work(&bert).await, shop));
    }
    assert_eq!(worlds[0].0, worlds[1].0);

    // Who is in it sees what they did, complete.
    let shop = &worlds[1].1;
    let anna = shop.user("Anna", &["crm_user", "sales_user"]).await;
    let party = &anna.list("party", "name == 'Acme'", "id").await.unwrap()[0];
    assert_eq!((&party["size"], &party["label"]), (&json!(7), &json!("ACME")));
    let orders = anna.list("sales.order", "true", "id").await.unwrap();
    assert_eq!(orders[0]["delivery_state"], "untracked", "no delivery was opened by it");
}

/// An order, confirmed; what is told of it and of its customer, without ids and times.
async fn work(desk: &Desk) -> Vec<Json> {
    let piece = desk.by_key("unit", "piece").await.unwrap().to_string();
    let bolt = json!({ "name": "Bolt", "code": "B", "kind": "goods", "unit": piece });
    let bolt = desk.create("product", bolt).await.unwrap();
    let acme = desk.create("party", json!({ "name": "Acme", "customer": true })).await.unwrap();
    let order = json!({
        "customer": acme.to_string(),
        "lines": [{ "product": bolt.to_string(), "quantity": "2", "unit_price": "5" }],
    });
    let order = desk.create("sales.order", order).await.unwrap();
    desk.act("sales.order", order, "confirm", json!({})).await.unwrap();
    let mut seen =
        vec![desk.get("party", acme).await.unwrap(), desk.get("sales.order", order).await.unwrap()];
    for record in &mut seen {
        let fields = record.as_object_mut().unwrap();
        fields.retain(|name, value| {
            !name.ends_with("_at")
                && value.as_str().is_none_or(|text| text.parse::<i64>().is_err())
                && !value.is_array()
        });
    }
    seen
}

async fn what_is_wrong_with_a_pilot_is_said_at_once() {
    let wrong = Pilot {
        modules: words(&["crmm"]),
        files: words(&["models/prty.toml"]),
        roles: words(&["crm_usr"]),
        ..Pilot::default()
    };
    let error = Kernel::open(setup(wrong)).await.err().unwrap().to_string();
    for part in ["module \"crmm\" is not on", "no file \"models/prty.toml\"", "no role \"crm_usr\""]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    let error = Kernel::open(setup(trial())).await.err().unwrap().to_string();
    assert!(error.contains("pilot trial: say for whom"), "{error}");
}

/// A pilot that is over: what happened meanwhile without it is taken up.
async fn in_the_end_it_is_there_for_all() {
    let pilot = Pilot { users: words(&["anna@works.example"]), ..trial() };
    let shop = Shop::of(setup(pilot.clone())).await;
    let bert = shop.user("Bert", &["sales_manager", "inventory_manager"]).await;
    work(&bert).await;
    let mut whole = setup(pilot);
    whole.pilots.clear();
    let desired = whole.desired();
    let plan = fondaco_kernel::plan::make(&shop.kernel, &desired).await.unwrap();
    let silent = fondaco_kernel::plan::silent();
    fondaco_kernel::plan::apply(&shop.kernel, &desired, &plan, Default::default(), &silent)
        .await
        .unwrap();
    let orders = bert.list("sales.order", "true", "id").await.unwrap();
    assert_eq!(orders[0]["delivery_state"], "waiting");
    let ctx = bert.ctx.clone();
    let deliveries = shop.kernel.read(&ctx, |tx| {
        Box::pin(async move { records::list(tx, "inventory.delivery", &Query::default()).await })
    });
    assert_eq!(deliveries.await.unwrap().rows.len(), 1);
}
