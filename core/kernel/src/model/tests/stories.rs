//! Records made, read, listed, changed, acted on and deleted, as callers and modules do it.

use fondaco_values::{AnyId, Decimal, Money, Value};
use serde_json::{Value as Json, json};

use super::world::{Line, Order, World, draft, refusal};
use crate::model::{Query, Select};
use crate::records::{self, Change};
use crate::store::{self, Filter};
use crate::testing::both;
use crate::{Args, Ctx, Record, Result};

both! {
    an_order_is_made_with_defaults_and_totals,
    all_problems_are_told_at_once,
    every_double_of_a_batch_is_told,
    orders_are_found_sorted_and_paged,
    no_list_and_no_document_asks_row_by_row,
    an_order_is_changed_acted_on_and_deleted,
    what_one_may_not_see_is_not_there,
    a_computed_field_tells_no_more_than_its_reader_may_see,
    a_module_works_on_its_own_structs,
}

const ORDER: &str = "kernel_orders.order";

async fn read(world: &World, ctx: &Ctx, id: AnyId) -> Result<Json> {
    let rec = world.run(ctx, move |tx| {
        Box::pin(async move { records::get(tx, ORDER, id, &Select::default()).await })
    });
    Ok(rec.await?.to_json())
}

async fn list(world: &World, ctx: &Ctx, query: Query) -> Result<crate::model::Page> {
    world
        .run(ctx, move |tx| {
            let query = query.clone();
            Box::pin(async move { records::list(tx, ORDER, &query).await })
        })
        .await
}

fn filter(text: &str) -> Query {
    Query { filter: Some(text.to_owned()), ..Query::default() }
}

async fn found(world: &World, ctx: &Ctx, query: Query) -> Vec<String> {
    let page = list(world, ctx, query).await.unwrap();
    page.rows.iter().map(|rec| rec.text("reference").unwrap_or("-").to_owned()).collect()
}

async fn change(
    world: &World,
    ctx: &Ctx,
    (id, version): (AnyId, Option<i64>),
    json: Json,
) -> Result<Vec<(AnyId, i64)>> {
    world
        .run(ctx, move |tx| {
            let json = json.clone();
            Box::pin(async move {
                let draft = draft(tx, &json)?;
                records::update(tx, ORDER, vec![Change { id, version, draft }]).await
            })
        })
        .await
}

async fn act(world: &World, ctx: &Ctx, id: AnyId, action: &'static str) -> Result<()> {
    world
        .run(ctx, move |tx| {
            Box::pin(async move {
                let args = records::arguments(tx, ORDER, action, &serde_json::Map::new())?;
                records::act(tx, ORDER, id, action, args).await.map(drop)
            })
        })
        .await
}

async fn delete(world: &World, ctx: &Ctx, id: AnyId) -> Result<()> {
    world
        .run(ctx, move |tx| {
            Box::pin(async move { records::delete(tx, ORDER, &[(id, None)]).await })
        })
        .await
}

async fn an_order_is_made_with_defaults_and_totals() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee", "everyone"]);
    let order = json!({
        "customer": world.acme.to_string(), "reference": "R1", "tags": ["a", "b", "a"],
        "watchers": [world.acme.to_string()], "extra": {"k": [1]},
        "lines": [
            {"product": world.bolt.to_string(), "quantity": "3"},
            {"product": world.nut.to_string(), "quantity": "0.333", "text": "small", "price": 1},
        ],
    });
    let id = world.create(&ann, order).await.unwrap();
    let order = read(&world, &ann, id).await.unwrap();
    let expect = |path: &str| order.pointer(path).cloned().unwrap_or(Json::Null);
    assert_eq!(expect("/state"), "draft");
    assert_eq!(expect("/ordered_on"), "2025-11-21");
    assert_eq!(expect("/due"), "2025-12-21");
    assert_eq!(expect("/language"), "pl");
    assert_eq!(expect("/place"), "PL");
    assert_eq!(expect("/heavy"), false);
    assert_eq!(expect("/total"), "7.83");
    assert_eq!(expect("/lines/0/amount"), "7.50");
    assert_eq!(expect("/lines/0/text"), "Bolt");
    assert_eq!(expect("/lines/1/amount"), "0.33");
    assert_eq!(expect("/tags"), json!(["a", "b"]));
    assert_eq!(expect("/watchers/0"), world.acme.to_string());
    assert_eq!(expect("/extra/k/0"), 1);
    assert_eq!(expect("/_titles/customer"), "Ácme Łódź");
    assert_eq!(expect("/_titles/seller"), "Ann");
    assert_eq!(expect("/lines/0/_titles/product"), "Bolt");
    assert!(order.get("margin").is_none(), "its class is not one that a seller reads");
}

async fn all_problems_are_told_at_once() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee"]);
    let acme = world.acme.to_string();
    for (order, refused) in [
        (json!({}), "required@customer"),
        (json!({"customer": "77"}), "unknown_link@customer"),
        (json!({"customer": "x"}), "wrong_type@customer"),
        (json!({"customer": acme, "colour": 1}), "unknown_field@colour"),
        (json!({"customer": acme, "total": "1"}), "readonly@total"),
        (json!({"customer": acme, "state": "done"}), "readonly@state"),
        (json!({"customer": acme, "margin": "1"}), "forbidden@margin"),
        (
            json!({"customer": acme, "discount": "1.5", "lines": [{"quantity": "-1"}]}),
            "too_large@discount required@lines[0].product too_small@lines[0].quantity",
        ),
        (
            json!({"customer": acme, "lines": [
                {"product": world.bolt.to_string(), "quantity": "1", "price": "0.001"}
            ]}),
            "too_fine@lines[0].price",
        ),
    ] {
        assert_eq!(refusal(world.create(&ann, order.clone()).await), refused, "{order}");
    }
    let big = json!({"customer": acme, "lines": [{"product": world.bolt.to_string(), "quantity": "4001"}]});
    assert_eq!(refusal(world.create(&ann, big).await), "forbidden");
    world.create(&ann, json!({"customer": acme, "reference": "R"})).await.unwrap();
    let again = world.create(&ann, json!({"customer": acme, "reference": "R"})).await;
    assert_eq!(refusal(again), "taken@reference");
    let nobody = world.ann(&[]);
    assert_eq!(refusal(world.create(&nobody, json!({"customer": acme})).await), "forbidden");
}

/// One reference is there already; in the batch stand others, empty ones and doubles.
async fn every_double_of_a_batch_is_told() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee"]);
    let order = |reference: Option<&str>| json!({"customer": world.acme.to_string(), "reference": reference});
    world.create(&ann, order(Some("R"))).await.unwrap();
    for (references, refused) in [
        (
            vec![Some("S"), Some("R"), Some("S"), Some("R")],
            "taken@[1].reference taken@[2].reference taken@[3].reference",
        ),
        (vec![Some("S"), None, None, Some("T")], ""),
        (vec![Some("U"), Some("T")], "taken@[1].reference"),
    ] {
        let orders: Vec<Json> = references.iter().map(|reference| order(*reference)).collect();
        let made = world.run(&ann, move |tx| {
            let orders = orders.clone();
            Box::pin(async move {
                let drafts = orders.iter().map(|order| draft(tx, order)).collect::<Result<_>>()?;
                records::create(tx, ORDER, drafts).await
            })
        });
        let found = made.await.map_or_else(|error| refusal::<()>(Err(error)), |_| String::new());
        assert_eq!(found, refused, "{references:?}");
    }
}

async fn orders_are_found_sorted_and_paged() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee", "everyone"]);
    for (reference, quantity, on, urgent) in [
        ("A1", 1, "2026-01-01", Some(true)),
        ("B2", 2, "2026-01-02", Some(false)),
        ("Ć3", 30, "2026-01-02", None),
        ("D4", 4, "2026-01-04", Some(true)),
    ] {
        let order = json!({
            "customer": world.acme.to_string(), "reference": reference, "ordered_on": on,
            "urgent": urgent, "tags": [reference],
            "lines": [{"product": world.bolt.to_string(), "quantity": quantity}],
        });
        world.create(&chief, order).await.unwrap();
    }
    for (condition, expected) in [
        ("total > 5", vec!["D4", "Ć3"]),
        ("!urgent", vec!["Ć3", "B2"]),
        ("urgent == null", vec!["Ć3"]),
        ("heavy", vec!["Ć3"]),
        ("place == 'PL' && customer.name.matches('ŁÓDŹ')", vec!["D4", "Ć3", "B2", "A1"]),
        ("'B2' in tags", vec!["B2"]),
        ("ordered_on in ['2026-01-01', '2026-01-04']", vec!["D4", "A1"]),
        ("lines.exists(l, l.quantity * l.price == 10.0)", vec!["D4"]),
        ("sum(lines.map(l, l.quantity * 2)) >= 8.0", vec!["D4", "Ć3"]),
        ("total / 3 > 3.3333", vec!["D4", "Ć3"]),
        ("size(lines) == 1 && state != 'done'", vec!["D4", "Ć3", "B2", "A1"]),
    ] {
        assert_eq!(found(&world, &chief, filter(condition)).await, expected, "{condition}");
    }
    for (words, expected) in [
        ("c3", vec!["Ć3"]),
        ("lodz", vec!["D4", "Ć3", "B2", "A1"]),
        ("lodz b2", vec!["B2"]),
        ("bolt d4", vec!["D4"]),
        ("xyz", vec![]),
    ] {
        let query = Query { search: Some(words.to_owned()), ..Query::default() };
        assert_eq!(found(&world, &chief, query).await, expected, "{words}");
    }
    for sort in [
        vec!["reference"],
        vec!["-urgent", "total"],
        vec!["urgent", "-total"],
        vec!["customer", "-ordered_on"],
        vec!["heavy"],
        vec![],
    ] {
        let sort: Vec<String> = sort.into_iter().map(str::to_owned).collect();
        let whole = found(&world, &chief, Query { sort: sort.clone(), ..Query::default() }).await;
        let paged = found_row_by_row(&world, &chief, &sort).await;
        assert_eq!((whole.len(), &paged), (4, &whole), "{sort:?}");
    }
    for (query, refused) in [
        (filter("colour == 1"), "expression@filter"),
        (Query { sort: vec!["x".into()], ..Query::default() }, "unknown_field@sort"),
        (Query { after: Some("00".into()), ..Query::default() }, "cursor@after"),
    ] {
        assert_eq!(refusal(list(&world, &chief, query).await), refused);
    }
    let seller = world.ann(&["seller", "employee"]);
    for query in [filter("margin > 1"), Query { sort: vec!["margin".into()], ..Query::default() }] {
        let refused = refusal(list(&world, &seller, query).await);
        assert!(refused.starts_with("unknown_field@"), "{refused}");
    }
}

/// The references of all orders, in pages of one.
async fn found_row_by_row(world: &World, ctx: &Ctx, sort: &[String]) -> Vec<String> {
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let sort = sort.to_vec();
        let query = Query { sort, limit: Some(1), after, count: true, ..Query::default() };
        let page = list(world, ctx, query).await.unwrap();
        assert_eq!(page.count.unwrap().number, 4);
        paged.extend(page.rows.iter().map(|rec| rec.text("reference").unwrap().to_owned()));
        after = page.next;
        if after.is_none() {
            return paged;
        }
    }
}

async fn no_list_and_no_document_asks_row_by_row() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee", "everyone"]);
    let (acme, bolt) = (world.acme, world.bolt);
    let line = json!({"product": bolt.to_string(), "quantity": 1});
    let mut made = Vec::new();
    // Each in a transaction of its own, which has read nothing yet.
    for (orders, lines) in [(1, 1), (80, 1), (1, 100)] {
        let order = json!({"customer": acme.to_string(), "lines": vec![line.clone(); lines]});
        let counted = world.run(&chief, move |tx| {
            let order = order.clone();
            Box::pin(async move {
                let drafts = (0..orders).map(|_| draft(tx, &order)).collect::<Result<_>>()?;
                let ids = records::create(tx, ORDER, drafts).await?;
                let created = tx.statements();
                records::get(tx, ORDER, ids[0], &Select::default()).await?;
                Ok((created, tx.statements() - created))
            })
        });
        made.push(counted.await.unwrap());
    }
    let counts = world.run(&chief, |tx| {
        Box::pin(async move {
            let page = records::list(tx, ORDER, &Query::default()).await?;
            assert_eq!(page.rows.len(), 80);
            assert!(page.rows.iter().all(|rec| rec.title_of("customer").is_some()));
            let listed = tx.statements();
            let expand = vec!["lines.product".to_owned(), "customer".to_owned()];
            let query = Query { show: Select { expand, ..Select::default() }, ..Query::default() };
            records::list(tx, ORDER, &query).await?;
            Ok((listed, tx.statements() - listed))
        })
    });
    let ((listed, expanded), one) = (counts.await.unwrap(), 3);
    assert_eq!(made[0], made[1], "80 orders in the statements of one");
    assert_eq!(made[0], made[2], "100 lines in the statements of one");
    assert!(listed <= one, "{listed} statements for a list");
    // One of them is for the computed fields of the lines.
    assert!(expanded <= 10, "{expanded} statements for a list with lines and links");
}

async fn an_order_is_changed_acted_on_and_deleted() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee"]);
    let (acme, bolt, nut) = (world.acme.to_string(), world.bolt.to_string(), world.nut.to_string());
    let order = json!({"customer": acme, "reference": "R", "lines": [
        {"product": bolt, "quantity": "1"}, {"product": nut, "quantity": "2"},
    ]});
    let id = world.create(&ann, order).await.unwrap();
    let before = read(&world, &ann, id).await.unwrap();
    let keep = before.pointer("/lines/1/id").cloned().unwrap();
    let lines =
        json!({"lines": [{"product": bolt, "quantity": "5"}, {"id": keep, "quantity": "3"}]});
    let done = change(&world, &ann, (id, Some(1)), lines).await.unwrap();
    assert_eq!(done, [(id, 2)]);
    let after = read(&world, &ann, id).await.unwrap();
    assert_eq!(after["total"], "12.80");
    assert_eq!(
        (after["lines"][1]["id"].clone(), after["lines"][1]["version"].clone()),
        (keep, json!(2))
    );
    let stale = change(&world, &ann, (id, Some(1)), json!({"note": "x"})).await;
    assert_eq!(refusal(stale), "conflict version");
    let same = change(&world, &ann, (id, Some(2)), json!({"reference": "R"})).await.unwrap();
    assert_eq!(same, [(id, 2)], "nothing changed, so no new version");
    assert_eq!(refusal(act(&world, &ann, id, "finish").await), "forbidden");
    act(&world, &ann, id, "confirm").await.unwrap();
    let confirmed = read(&world, &ann, id).await.unwrap();
    assert_eq!((&confirmed["state"], &confirmed["number"]), (&json!("confirmed"), &json!("O-001")));
    assert_eq!(refusal(act(&world, &ann, id, "confirm").await), "wrong_state@state");
    assert_eq!(refusal(change(&world, &ann, (id, None), json!({"note": "x"})).await), "forbidden");
    assert_eq!(refusal(delete(&world, &ann, id).await), "forbidden");
    let chief = world.ann(&["chief", "seller"]);
    delete(&world, &chief, id).await.unwrap();
    assert_eq!(refusal(read(&world, &chief, id).await), "not found");
    let log =
        world.run(&chief, move |tx| Box::pin(crate::audit::of_record(tx, ORDER, id, 10, |_| true)));
    let log: Vec<String> = log.await.unwrap().into_iter().map(|change| change.action).collect();
    assert_eq!(log, ["delete", "confirm", "update", "create"]);
}

async fn what_one_may_not_see_is_not_there() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee"]);
    let order = json!({"customer": world.acme.to_string(), "seller": null, "reference": "X"});
    let own = world.create(&chief, order).await.unwrap();
    let stranger = super::world::ctx(fondaco_values::Id::new(99), None, &["chief"]);
    assert_eq!(refusal(read(&world, &stranger, own).await), "not found");
    assert!(list(&world, &stranger, Query::default()).await.unwrap().rows.is_empty());
    // Without any right on parties the customer's name is unknown, also to a filter.
    let blind = world.ann(&["chief"]);
    let page = list(&world, &blind, Query::default()).await.unwrap();
    assert_eq!(page.rows[0].title_of("customer"), None);
    assert!(found(&world, &blind, filter("customer.name != null")).await.is_empty());
    assert_eq!(found(&world, &chief, filter("customer.name != null")).await, ["X"]);
    let other = json!({"customer": world.acme.to_string()});
    assert_eq!(refusal(world.create(&blind, other).await), "unknown_link@customer");
}

async fn a_computed_field_tells_no_more_than_its_reader_may_see() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee"]);
    let line = json!({"product": world.bolt.to_string(), "quantity": 1});
    let order = json!({"customer": world.acme.to_string(), "reference": "X", "lines": [line]});
    let id = world.create(&chief, order).await.unwrap();
    // Parties and products are seen by employees.
    for (roles, place, letter, there) in [
        (&["chief", "employee"][..], json!("PL"), json!("b"), vec!["X"]),
        (&["chief"], Json::Null, Json::Null, vec![]),
    ] {
        let reader = world.ann(roles);
        let order = read(&world, &reader, id).await.unwrap();
        assert_eq!(order["place"], place, "{roles:?}");
        assert_eq!(order["lines"][0]["letter"], letter, "{roles:?}");
        let page = list(&world, &reader, Query::default()).await.unwrap();
        assert_eq!(page.rows[0].to_json()["place"], place, "{roles:?}");
        assert_eq!(found(&world, &reader, filter("place == 'PL'")).await, there, "{roles:?}");
        let in_lines = filter("exists(lines, l, l.letter == 'b')");
        assert_eq!(found(&world, &reader, in_lines).await, there, "{roles:?}");
    }
    // To the module it is what it is.
    let blind = world.ann(&["chief"]);
    let own = world.run(&blind, move |tx| {
        Box::pin(async move {
            let wanted = Filter::new().eq("place", "PL");
            store::count::<Order>(tx, wanted).await
        })
    });
    assert_eq!(own.await.unwrap(), 1);
}

async fn a_module_works_on_its_own_structs() {
    let world = World::new().await;
    let (acme, bolt, nut) = (world.acme, world.bolt, world.nut);
    world
        .run(&world.own(), move |tx| {
            Box::pin(async move {
                let mut order = Order::of(acme, vec![Line::of(bolt, 2), Line::of(nut, 10)]);
                order.tags = vec!["x".into()];
                let id = store::insert(tx, &mut order).await?;
                assert_eq!(
                    (order.total.to_string(), order.state.as_str()),
                    ("6.00".into(), "draft")
                );
                assert_eq!(
                    order.lines[0].price.map(|price| price.to_string()),
                    Some("2.50".into())
                );
                order.lines.remove(0);
                order.lines[0].quantity = Decimal::from(20);
                order.reference = Some("R9".into());
                let mut stale = order.clone();
                store::update(tx, &mut order).await?;
                assert_eq!((order.total.to_string(), order.version), ("2.00".into(), 2));
                assert!(matches!(
                    store::update(tx, &mut stale).await,
                    Err(crate::Error::Conflict { .. })
                ));
                let found = store::find::<Order>(tx, Filter::new().eq("reference", "R9")).await?;
                assert_eq!(
                    (found.len(), found[0].lines.len(), &found[0].tags[..]),
                    (1, 1, &["x".to_owned()][..])
                );
                for (filter, expected) in [
                    (Filter::new().eq("customer", acme).eq("state", "draft"), 1),
                    (Filter::new().gt("total", Money::from_minor(200, 2)), 0),
                    (Filter::new().ge("total", Money::from_minor(200, 2)), 1),
                    (Filter::new().is_in("id", [id.any(), acme]), 1),
                    (Filter::new().eq("customer.country", "PL").not_null("reference"), 1),
                    (Filter::new().when("sum(lines.quantity) > 19.0"), 1),
                    (Filter::new().eq("reference", Value::Null), 0),
                ] {
                    assert_eq!(
                        store::count::<Order>(tx, filter.clone()).await?,
                        expected,
                        "{filter:?}"
                    );
                }
                store::perform::<Order>(tx, id, "confirm", Args::default()).await?;
                assert_eq!(store::get(tx, id).await?.state, "confirmed");
                let other = store::insert(tx, &mut Order::of(acme, Vec::new())).await?;
                store::delete(tx, other).await?;
                assert!(store::try_get(tx, other).await?.is_none());
                Ok(())
            })
        })
        .await
        .unwrap();
}

#[derive(Record, Clone, Debug)]
#[record("kernel_orders.order")]
struct Wrong {
    id: fondaco_values::Id<Wrong>,
    reference: String,
    customer: fondaco_values::Id<Order>,
    total: String,
    colour: i64,
}

#[test]
fn a_struct_that_differs_from_its_model_is_refused() {
    let sources = crate::model::sources()
        .into_iter()
        .chain(super::world::module(super::world::ORDER).sources());
    let schema = fondaco_schema::load(&sources.collect::<Vec<_>>()).unwrap();
    let declared = crate::record::Declared::of::<Wrong>();
    let error = crate::model::Catalog::new(schema.into(), &[declared]).unwrap_err().to_string();
    for part in [
        "Wrong.reference: it is not required, so Rust needs Option",
        "Wrong.customer: the TOML links to party, Rust to kernel_orders.order",
        "Wrong.total: the TOML says money, Rust Text",
        "Wrong.colour: kernel_orders.order has no such field",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}
