//! Notes, activities and files on a record: for whoever may see the record, and for nobody else.

use fondaco_server::modules;
use fondaco_tests::{Served, Shop, both};
use serde_json::{Value as Json, json};

both! {
    what_hangs_on_a_record_is_seen_by_who_sees_the_record,
}

async fn what_hangs_on_a_record_is_seen_by_who_sees_the_record() {
    let shop = Shop::open(modules::named(&["sales".to_owned()]).unwrap()).await;
    let seller = shop.user("Sam", &["sales_user"]).await;
    let colleague = shop.user("Col", &["sales_user"]).await;
    let employee = shop.user("Emil", &["employee"]).await;
    let customer = shop.admin.create("party", json!({ "name": "Acme" })).await.unwrap();
    let order = json!({ "customer": customer.to_string() });
    let order = seller.create("sales.order", order).await.unwrap();
    let served = Served::open(shop);
    let (own, other) = (served.client(&seller).await, served.client(&colleague).await);
    let stranger = served.client(&employee).await;

    let on = |mut fields: Json| {
        fields["model"] = json!("sales.order");
        fields["record"] = json!(order.to_string());
        fields
    };
    own.post("/api/note", &on(json!({ "text": "Wants blue" }))).unwrap().expect(201);
    let call = on(json!({ "title": "Call back", "kind": "call", "due": "2026-03-09" }));
    own.post("/api/activity", &call).unwrap().expect(201);
    let path = format!("/api/attachment/content?name=plan.json&model=sales.order&record={order}");
    let kept = own.post(&path, &json!({ "colour": "blue" })).unwrap().expect(201).body;
    let file = kept["id"].as_str().unwrap().to_owned();

    let timeline = format!("/api/sales.order/{order}/timeline");
    for client in [&own, &other] {
        let seen = client.get(&timeline).unwrap().expect(200).body;
        assert_eq!(seen["notes"][0]["text"], "Wants blue");
        assert_eq!(seen["activities"][0]["due"], "2026-03-09");
        assert_eq!(seen["attachments"][0]["name"], "plan.json");
        let content = client.get(&format!("/api/attachment/{file}/content")).unwrap().expect(200);
        assert_eq!(content.body, json!({ "colour": "blue" }));
    }
    stranger.get(&timeline).unwrap().expect(404);
    stranger.get(&format!("/api/attachment/{file}/content")).unwrap().expect(404);
    stranger.post(&path, &json!({})).unwrap().expect(404);
    // What hangs on a record goes with it, and is in the audit.
    let note = own.get(&timeline).unwrap().body["notes"][0]["id"].as_str().unwrap().to_owned();
    own.delete(&format!("/api/sales.order/{order}")).unwrap().expect(204);
    own.get(&timeline).unwrap().expect(404);
    own.get(&format!("/api/note/{note}")).unwrap().expect(404);
    own.get(&format!("/api/attachment/{file}/content")).unwrap().expect(404);
    let left = own.get("/api/activity").unwrap().expect(200).body;
    assert_eq!(left["items"], json!([]));
    // A file without a name is refused, and so is half of a place.
    own.post("/api/attachment/content", &json!({})).unwrap().expect(422);
    let half = own.post("/api/attachment/content?name=x&model=party", &json!({})).unwrap();
    assert_eq!(half.expect(422).body["errors"][0]["field"], "record");
}
