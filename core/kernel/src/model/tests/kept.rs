//! What a transaction remembers of what it read and wrote is what the database would answer.

use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

use super::world::{World, draft};
use crate::records::{self, Change};
use crate::testing::both;
use crate::{Error, Result, Tx, audit, store};

both! {
    a_record_read_after_it_was_written_is_the_one_in_the_database,
    what_was_taken_back_is_not_remembered,
}

const ORDER: &str = "kernel_orders.order";

/// The whole record with its lines, as a module reads it.
async fn whole(tx: &mut Tx, id: AnyId) -> Result<Json> {
    let meta = tx.registry().catalog.meta(ORDER)?.clone();
    Ok(store::whole(tx, &meta, &[id]).await?[0].to_json())
}

async fn change(tx: &mut Tx, id: AnyId, json: &Json) -> Result<()> {
    let draft = draft(tx, json)?;
    records::update(tx, ORDER, vec![Change { id, version: None, draft }]).await.map(drop)
}

async fn a_record_read_after_it_was_written_is_the_one_in_the_database() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee", "everyone"]);
    let (acme, bolt, nut) = (world.acme.to_string(), world.bolt.to_string(), world.nut.to_string());
    let line = |product: &str, quantity: &str| json!({"product": product, "quantity": quantity});
    let order = json!({
        "customer": acme, "reference": "R1", "discount": "0.10", "tags": ["b", "a"],
        "watchers": [acme], "extra": {"k": [1]}, "at": "2026-01-02T03:04:05.5Z",
        "lines": [line(&bolt, "3.00"), line(&nut, "0.333")],
    });
    let id = world.create(&ann, order.clone()).await.unwrap();
    for json in [
        json!({"reference": "R2", "note": "x"}),
        json!({"tags": [], "discount": "0.2500"}),
        json!({"lines": [line(&nut, "7.10"), line(&bolt, "1"), line(&bolt, "2")]}),
        json!({"lines": []}),
    ] {
        let told = json.clone();
        let written = world.run(&ann, move |tx| {
            let json = told.clone();
            Box::pin(async move {
                let before = whole(tx, id).await?;
                change(tx, id, &json).await?;
                let statements = tx.statements();
                let after = whole(tx, id).await?;
                // Tags and watchers are read from their own tables, if they were not read before.
                assert!(tx.statements() <= statements + 2, "{json}");
                assert_ne!(before, after, "{json}");
                Ok(after)
            })
        });
        let written = written.await.unwrap();
        let read = world.run(&ann, move |tx| Box::pin(whole(tx, id))).await.unwrap();
        assert_eq!(written, read, "{json}");
    }
    let made = world.run(&ann, move |tx| {
        let order = order.clone();
        Box::pin(async move {
            let mut order = order;
            order["reference"] = json!("R9");
            let draft = draft(tx, &order)?;
            let id = records::create(tx, ORDER, vec![draft]).await?[0];
            Ok((id, whole(tx, id).await?))
        })
    });
    let (id, made) = made.await.unwrap();
    let read = world.run(&ann, move |tx| Box::pin(whole(tx, id))).await.unwrap();
    assert_eq!(made, read);
}

async fn what_was_taken_back_is_not_remembered() {
    let world = World::new().await;
    let ann = world.ann(&["seller", "employee", "everyone"]);
    let order = json!({"customer": world.acme.to_string(), "reference": "R1"});
    let id = world.create(&ann, order).await.unwrap();
    let actions = world.run(&ann, move |tx| {
        Box::pin(async move {
            change(tx, id, &json!({"note": "first"})).await?;
            let tried = tx.attempt(move |tx| {
                Box::pin(async move {
                    change(tx, id, &json!({"reference": "R2"})).await?;
                    assert_eq!(whole(tx, id).await?["reference"], "R2");
                    assert_eq!(audit::of_record(tx, ORDER, id, 10, |_| true).await?.len(), 3);
                    Err::<(), Error>(Error::internal("on second thoughts"))
                })
            });
            assert!(tried.await?.is_err());
            let order = whole(tx, id).await?;
            assert_eq!((&order["reference"], &order["note"]), (&json!("R1"), &json!("first")));
            let log = audit::of_record(tx, ORDER, id, 10, |_| true).await?;
            Ok(log.into_iter().map(|change| change.action).collect::<Vec<_>>())
        })
    });
    assert_eq!(actions.await.unwrap(), ["update", "create"]);
    let log =
        world.run(&ann, move |tx| Box::pin(audit::of_record(tx, ORDER, id, 10, |_| true))).await;
    assert_eq!(log.unwrap().len(), 2, "what was noted before the part that failed is still there");
}
