//! Tables follow the schema: data is kept, an interruption changes nothing, running again changes
//! nothing more, and a table that was brought up to date equals one that is new.

use std::collections::BTreeSet;
use std::sync::Arc;

use fondaco_values::AnyId;
use serde_json::json;

use super::world::{ORDER, World, module, setup};
use crate::db::{Dialect, Sql};
use crate::identity::kernel_itself;
use crate::model::{Query, Select, migrate};
use crate::module::Registry;
use crate::plan::Desired;
use crate::testing::both;
use crate::{Error, Kernel, Result, Tx, plan, records};

both! {
    an_interrupted_change_is_no_change_and_a_repeated_one_neither,
    what_the_data_does_not_allow_is_refused_whole,
}

const NAME: &str = "kernel_orders.order";

/// The order a version later: fields added, renamed, taken away, counted more finely, searched.
fn later() -> &'static str {
    let toml = ORDER
        .replace(
            "urgent = { type = \"bool\" }",
            "hurry = { type = \"bool\", renamed_from = \"urgent\" }",
        )
        .replace(
            "note = { type = \"long_text\" }",
            "note = { type = \"long_text\", search = true }",
        )
        .replace("margin = { type = \"money\", class = \"cost\" }\n", "")
        .replace(
            "extra = { type = \"json\" }",
            "weight = { type = \"decimal\", scale = 3, required = true, default = \"1.5\" }\n\
             double = { type = \"money\", compute = \"total * 2\", stored = true }\n\
             discount2 = { type = \"integer\", index = true }",
        );
    Box::leak(toml.into_boxed_str())
}

/// Columns, indexes and triggers, and what refers to what.
async fn shape(tx: &mut Tx) -> Result<BTreeSet<String>> {
    const SQLITE: &[&str] = &[
        "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_schema \
         where type <> 'table' and name not like '%\\_\\_search\\_%' escape '\\'",
        "select m.name || '.' || c.name || ' ' || c.type from sqlite_schema as m \
         join pragma_table_info(m.name) as c \
         where m.type = 'table' and m.name not like '%\\_\\_search\\_%' escape '\\'",
    ];
    const POSTGRES: &[&str] = &[
        "select indexdef from pg_indexes where schemaname = current_schema()",
        "select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint \
         where contype = 'f'",
        "select table_name || '.' || column_name || ' ' || data_type \
         from information_schema.columns where table_schema = current_schema()",
    ];
    let mut shape = BTreeSet::new();
    let texts = if tx.dialect() == Dialect::Sqlite { SQLITE } else { POSTGRES };
    for text in texts {
        let rows = tx.rows(Sql::text(text)).await?;
        shape.extend(rows.iter().map(|row| row.str(0).to_owned()));
    }
    shape.retain(|line| !line.contains("_old_"));
    Ok(shape)
}

async fn shape_of(kernel: &Kernel, world: &World) -> BTreeSet<String> {
    kernel.run(&world.own(), |tx| Box::pin(shape(tx))).await.unwrap()
}

async fn one_order(world: &World) -> AnyId {
    let chief = world.ann(&["chief", "seller", "employee"]);
    let order = json!({
        "customer": world.acme.to_string(), "reference": "R1", "urgent": true, "margin": "1.25",
        "note": "Żółw", "lines": [{"product": world.bolt.to_string(), "quantity": "2"}],
    });
    world.create(&chief, order).await.unwrap()
}

fn later_registry() -> Arc<Registry> {
    Arc::new(Registry::new(Desired::of(vec![module(later())])).unwrap())
}

/// Goes over to the later version; how many statements that took. Or breaks off after the last.
async fn upgrade(world: &World, breaks_off: bool) -> Result<u64> {
    let taken = world
        .run(&kernel_itself(), move |tx| {
            tx.adopt(later_registry());
            Box::pin(async move {
                migrate::run(tx, &|_, _| {}).await?;
                if breaks_off { Err(Error::Closed) } else { Ok(tx.statements()) }
            })
        })
        .await?;
    plan::build_indexes(&world.kernel, &|_, _| {}).await?;
    Ok(taken)
}

async fn an_interrupted_change_is_no_change_and_a_repeated_one_neither() {
    let world = World::new().await;
    let order = one_order(&world).await;
    let before = shape_of(&world.kernel, &world).await;
    let crashed = upgrade(&world, true).await;
    assert!(matches!(crashed, Err(Error::Closed)), "{crashed:?}");
    assert_eq!(shape_of(&world.kernel, &world).await, before);
    let first = upgrade(&world, false).await.unwrap();
    let after = shape_of(&world.kernel, &world).await;
    assert_ne!(after, before);
    let again = upgrade(&world, false).await.unwrap();
    assert!(again <= 2 && again < first, "{again} statements to find nothing to do");
    assert_eq!(shape_of(&world.kernel, &world).await, after);

    let chief = world.ann(&["chief", "seller", "employee"]);
    let rec = world
        .run(&chief, move |tx| {
            tx.adopt(later_registry());
            Box::pin(async move { records::get(tx, NAME, order, &Select::default()).await })
        })
        .await
        .unwrap()
        .to_json();
    assert_eq!(
        (&rec["hurry"], &rec["weight"], &rec["double"]),
        (&json!(true), &json!("1.5"), &json!("10.00"))
    );
    let found = world
        .run(&chief, |tx| {
            tx.adopt(later_registry());
            Box::pin(async move {
                let query = Query { search: Some("zolw".into()), ..Query::default() };
                Ok(records::list(tx, NAME, &query).await?.rows.len())
            })
        })
        .await;
    assert_eq!(found.unwrap(), 1, "what is searched anew is found in old records too");
    let own = world.own();
    let kept = world.run(&own, |tx| {
        let sql = Sql::text("select margin_old_1, extra_old_1 from kernel_orders_order");
        Box::pin(async move { Ok(tx.row(sql).await?.unwrap().opt_int(0)) })
    });
    assert_eq!(kept.await.unwrap(), Some(12_500), "what is taken away is put aside");

    let fresh = Kernel::open(setup(crate::testing::database(), later())).await.unwrap();
    let fresh = shape_of(&fresh, &world).await;
    assert_eq!(after, fresh, "brought up to date as if it were new");
}

async fn what_the_data_does_not_allow_is_refused_whole() {
    let world = World::new().await;
    for _ in 0..2 {
        let chief = world.ann(&["chief", "seller", "employee"]);
        let order = json!({"customer": world.acme.to_string(), "note": "same"});
        world.create(&chief, order).await.unwrap();
    }
    let before = shape_of(&world.kernel, &world).await;
    for (from, to, says) in [
        (
            "note = { type = \"long_text\" }",
            "note = { type = \"text\", unique = true }",
            "two records have the same value",
        ),
        (
            "urgent = { type = \"bool\" }",
            "urgent = { type = \"bool\", required = true }",
            "2 records have no value",
        ),
    ] {
        let toml: &'static str = Box::leak(ORDER.replace(from, to).into_boxed_str());
        let refused = world
            .run(&kernel_itself(), move |tx| {
                let registry = Registry::new(Desired::of(vec![module(toml)])).unwrap();
                tx.adopt(Arc::new(registry));
                Box::pin(migrate::run(tx, &|_, _| {}))
            })
            .await
            .unwrap_err();
        assert!(matches!(&refused, Error::Startup(text) if text.contains(says)), "{refused}");
        assert_eq!(shape_of(&world.kernel, &world).await, before);
    }
}
