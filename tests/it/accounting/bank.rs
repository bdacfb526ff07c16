//! What the bank says: imported once, set against what it pays, taken back whole.

use fondaco_kernel::proposals::{self, Proposal};
use fondaco_tests::both;

use fondaco_tests::Served;

use super::*;

const MODEL: &str = "accounting.bank_transaction";

both! {
    the_bank_is_matched_line_by_line,
    a_number_of_the_bank_is_taken_once,
    what_a_clerk_may_do_with_the_bank,
    the_worklist_shows_what_is_likely_and_takes_it_up,
}

impl Office {
    async fn transaction(&self, amount: &str, text: &str, more: Json) -> AnyId {
        let mut fields = json!({ "amount": amount, "text": text });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.clerk.create(MODEL, fields).await.unwrap()
    }

    async fn proposals(&self, desk: &Desk, id: AnyId) -> Vec<Proposal> {
        let work = self.shop.kernel.read(&desk.ctx, move |tx| {
            Box::pin(async move { proposals::of(tx, MODEL, &[id]).await })
        });
        work.await.unwrap().remove(0).1
    }

    /// The first proposal in words, and it is taken up.
    async fn taken(&self, id: AnyId) -> String {
        let first = self.proposals(&self.accountant, id).await.remove(0);
        let sure = if first.sure { "!" } else { "" };
        let args = Json::Object(first.args);
        self.accountant.act(MODEL, id, first.action, args).await.unwrap();
        format!("{}{sure} {}", first.reason.code, first.label)
    }
}

async fn the_bank_is_matched_line_by_line() {
    let office = Office::open().await;
    let first = office.invoice("1", "100").await;
    let second = office.invoice("2", "100").await;
    let bill = office.bill("R-9912", "50").await;
    assert_eq!(office.standing().await.receivable, money("360"));

    // The number is in the text; the account is known from then on.
    let account = json!({ "counterparty_account": "DE02 1203" });
    let by_number = office.transaction("120.00", "inv 2026 00001 thank you", account.clone()).await;
    assert_eq!(office.taken(by_number).await, "bank_named! Acme · INV-2026-00001 120.00");
    assert_eq!(office.open_of("accounting.invoice", first).await, "paid 0.00");
    let by_account = office.transaction("100.00", "in part", account).await;
    assert_eq!(office.taken(by_account).await, "bank_oldest Acme · INV-2026-00002 100.00");
    assert_eq!(office.open_of("accounting.invoice", second).await, "posted 140.00");
    // What goes out pays the bill by the supplier's own number.
    let out = office.transaction("-60.00", "R9912", json!({})).await;
    assert_eq!(office.taken(out).await, "bank_named! Carbonio · R-9912 60.00");
    assert_eq!(office.open_of("accounting.bill", bill).await, "paid 0.00");
    // Somebody was quicker than the bank: nothing is booked twice.
    let by_hand = office.paid("140", json!([{ "invoice": second, "amount": "140" }])).await;
    let confirmed = office.transaction("140.00", "thanks", json!({})).await;
    assert_eq!(office.taken(confirmed).await, "bank_recorded! PAY-2026-00004 · Acme");
    assert_eq!(office.balance("1000").await, "300.00 0.00");

    // More than came in is not given out, however it is split.
    let (more, third) = (office.invoice("1", "100").await, office.invoice("1", "50").await);
    let short = office.transaction("100.00", "two of them", json!({})).await;
    let split = json!([{ "invoice": more, "amount": "105.00" }, { "invoice": third }]);
    let refused = office.accountant.act(MODEL, short, "match", json!({ "documents": split })).await;
    let fields = problems(refused);
    assert!(fields.contains(&"allocations: too_much".to_owned()), "{fields:?}");
    assert_eq!(office.field(MODEL, short, "state").await, "open");
    assert_eq!(office.open_of("accounting.invoice", more).await, "posted 120.00");

    // Interest goes straight to an account.
    let accounts = office.accountant.list("account", "purpose == 'bank_charges'", "code").await;
    let charges = accounts.unwrap()[0].clone();
    let fee = office.transaction("-3.50", "Fee", json!({})).await;
    assert!(office.proposals(&office.accountant, fee).await.is_empty());
    let to = json!({ "account": charges["id"] });
    office.accountant.act(MODEL, fee, "book", to).await.unwrap();
    assert_eq!(office.balance("1000").await, "296.50 0.00");
    assert_eq!(office.balance(charges["code"].as_str().unwrap()).await, "3.50 0.00");

    // What the bank confirms is not taken back behind it.
    let because = json!({ "reason": "Wrong" });
    let payment = office.field(MODEL, by_number, "payment").await.parse().unwrap();
    let refused =
        office.accountant.act("accounting.payment", payment, "cancel", because.clone()).await;
    assert_eq!(problems(refused), [": bank_confirms"]);
    for id in [by_number, fee, confirmed] {
        office.accountant.act(MODEL, id, "undo", because.clone()).await.unwrap();
        assert_eq!(office.field(MODEL, id, "state").await, "open");
        assert_eq!(office.field(MODEL, id, "payment").await, "null");
    }
    // The payment that was made goes, the one that was there stays.
    assert_eq!(office.open_of("accounting.invoice", first).await, "posted 120.00");
    assert_eq!(office.field("accounting.payment", payment, "state").await, "cancelled");
    assert_eq!(office.field("accounting.payment", by_hand, "state").await, "posted");
    assert_eq!(office.balance("1000").await, "180.00 0.00");
    assert_eq!(office.balance(charges["code"].as_str().unwrap()).await, "0.00 0.00");
}

async fn a_number_of_the_bank_is_taken_once() {
    let office = Office::open().await;
    let number = json!({ "reference": "20260302-7" });
    office.transaction("10.00", "First", number.clone()).await;
    let again = json!({ "amount": "10.00", "text": "First", "reference": "20260302-7" });
    let refused = problems(office.clerk.create(MODEL, again).await);
    assert_eq!(refused, ["reference: taken"]);
    let nothing = json!({ "amount": "0", "text": "Nothing" });
    assert_eq!(problems(office.clerk.create(MODEL, nothing).await), ["amount: required"]);
    // Without a number the bank may say the same twice.
    office.transaction("10.00", "Coffee", json!({})).await;
    office.transaction("10.00", "Coffee", json!({})).await;
}

async fn what_a_clerk_may_do_with_the_bank() {
    let office = Office::open().await;
    office.invoice("1", "100").await;
    let id = office.transaction("120.00", "INV-2026-00001", json!({})).await;
    let seen: Vec<&str> =
        office.proposals(&office.clerk, id).await.iter().map(|one| one.action).collect();
    assert_eq!(seen, ["match"]);
    let nobody = office.shop.user("Nora", &["employee"]).await;
    let work = office.shop.kernel.read(&nobody.ctx, move |tx| {
        Box::pin(async move { proposals::of(tx, MODEL, &[id]).await })
    });
    assert!(work.await.unwrap().is_empty(), "who may not read them is told nothing");
    // Money that leaves is an accountant's.
    office.bill("R-1", "50").await;
    let out = office.transaction("-60.00", "R-1", json!({})).await;
    let refused = office.clerk.act(MODEL, out, "match", json!({ "party": office.supplier })).await;
    assert!(refused.is_err());
    office.clerk.act(MODEL, id, "match", json!({ "party": office.customer })).await.unwrap();
    assert_eq!(office.standing().await.receivable, money("0"));
}

async fn the_worklist_shows_what_is_likely_and_takes_it_up() {
    let office = Office::open().await;
    for _ in 0..3 {
        office.invoice("1", "100").await;
    }
    for (text, amount) in [
        ("INV-2026-00001", "120.00"),
        ("INV-2026-00002", "120.00"),
        // Two say that they pay the same: the second finds nothing left.
        ("INV-2026-00002 again", "120.00"),
        ("INV-2026-00003 in part", "20.00"),
        ("<b>who</b>", "7.00"),
    ] {
        office.transaction(amount, text, json!({})).await;
    }
    let Office { shop, accountant, .. } = office;
    let served = Served::open(shop);
    let page = served.client(&accountant).await;
    let html = [("accept", "text/html")];
    let look = |path: &str| {
        let answer = page.send("GET", path, None, &html).unwrap().expect(200);
        answer.body.as_str().unwrap_or_default().to_owned()
    };
    assert!(look("/accounting.bank_transaction").contains("/accounting.bank_transaction/worklist"));
    let list = look("/accounting.bank_transaction/worklist");
    for part in [
        "5 to decide",
        "Take up the 3 that are sure",
        "Acme · INV-2026-00001 120.00",
        "It is named, and the amount agrees.",
        "It is named; it is paid in part.",
        "Nothing here fits it.",
        "&lt;b&gt;who&lt;/b&gt;",
    ] {
        assert!(list.contains(part), "{part} is not in\n{list}");
    }
    assert!(!list.contains("<b>who"));
    let done = page.send("POST", "/do/worklist/accounting.bank_transaction", Some(""), &html);
    let said = done.unwrap().expect(303);
    let said = said.header("set-cookie").to_owned();
    assert!(said.contains("INV-2026-00002"), "who was refused is named: {said}");
    let rest = accountant.list(MODEL, "state == 'open'", "id").await.unwrap();
    assert_eq!(rest.len(), 3, "{rest:?}");
    // One that is taken up by hand leads back to the list.
    let list = look("/accounting.bank_transaction/worklist");
    assert!(list.contains("name=\"_back\" value=\"/accounting.bank_transaction/worklist\""));
}
