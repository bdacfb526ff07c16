//! Accounting, alone: with every other module switched off. Only goods of before need inventory.

mod bank;
mod books;

use fondaco_kernel::module::DocRef;
use fondaco_kernel::ports::billing::{Billed, InvoiceAsk, InvoiceLineAsk};
use fondaco_kernel::ports::books::{Place, ValueMove};
use fondaco_kernel::ports::credit::Standing;
use fondaco_kernel::{Result, Table, ledger, records};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Money, Quantity, Value};
use serde_json::{Map, Value as Json, json};

both! {
    the_story_of_the_bicycle_maker,
    an_invoice_is_summed_posted_and_kept,
    what_is_worth_nothing_is_paid_at_once,
    payments_in_part_too_much_and_taken_back,
    payments_are_refused_that_do_not_fit,
    a_proposal_pays_what_is_due_first,
    invoices_and_credit_notes_are_numbered_apart,
    credit_notes_take_back_and_are_used,
    what_is_lost_is_written_off,
    bills_are_booked_once_paid_and_taken_back,
    exchange_differences_come_to_light_at_payment,
    the_order_of_payments_does_not_matter,
    no_rate_no_invoice,
    instalments_age_by_their_own_day_as_of_any_day,
    orders_hold_the_limit_of_a_customer,
    tax_that_is_half_deductible_or_owed_by_the_company,
    a_long_invoice_takes_no_statement_a_line,
    goods_of_before_come_into_the_books,
    who_may_what,
}

/// A company with accounting alone: its clerk, its accountant, a customer and a supplier.
struct Office {
    shop: Shop,
    clerk: Desk,
    accountant: Desk,
    customer: AnyId,
    supplier: AnyId,
    tax_out: AnyId,
    tax_in: AnyId,
}

impl Office {
    async fn open() -> Office {
        Office::with(&[]).await
    }

    async fn with(data: &[&str]) -> Office {
        Office::of(&["accounting"], data).await
    }

    async fn of(names: &[&str], data: &[&str]) -> Office {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let modules = modules::named(&names).unwrap();
        let shop = Shop::with(modules, data).await;
        let clerk = shop.user("Clara", &["accounting_clerk"]).await;
        let accountant = shop.user("Ines", &["accountant"]).await;
        let party = |name: &str, customer: bool| json!({ "name": name, "customer": customer, "supplier": !customer });
        let customer = shop.admin.create("party", party("Acme", true)).await.unwrap();
        let supplier = shop.admin.create("party", party("Carbonio", false)).await.unwrap();
        let tax_out = shop.admin.by_key("tax_code", "vat_out_20").await.unwrap();
        let tax_in = shop.admin.by_key("tax_code", "vat_in_20").await.unwrap();
        Office { shop, clerk, accountant, customer, supplier, tax_out, tax_in }
    }

    /// A draft invoice over one line with tax.
    async fn draft(&self, quantity: &str, price: &str) -> AnyId {
        let line = json!({
            "description": "Bicycle", "quantity": quantity, "unit_price": price,
            "tax_code": self.tax_out,
        });
        let invoice = json!({ "party": self.customer, "lines": [line] });
        self.clerk.create("accounting.invoice", invoice).await.unwrap()
    }

    async fn invoice(&self, quantity: &str, price: &str) -> AnyId {
        let id = self.draft(quantity, price).await;
        self.post("accounting.invoice", id).await;
        id
    }

    async fn bill(&self, reference: &str, price: &str) -> AnyId {
        let line = json!({
            "description": "Rent", "unit_price": price, "tax_code": self.tax_in,
        });
        let bill = json!({ "party": self.supplier, "reference": reference, "lines": [line] });
        let id = self.clerk.create("accounting.bill", bill).await.unwrap();
        self.post("accounting.bill", id).await;
        id
    }

    async fn post(&self, model: &str, id: AnyId) {
        self.accountant.act(model, id, "post", Json::Null).await.unwrap();
    }

    /// Money of the customer, for these documents.
    async fn paid(&self, amount: &str, allocations: Json) -> AnyId {
        let payment = json!({
            "party": self.customer, "amount": amount, "allocations": allocations,
        });
        let id = self.clerk.create("accounting.payment", payment).await.unwrap();
        self.post("accounting.payment", id).await;
        id
    }

    async fn field(&self, model: &str, id: AnyId, field: &str) -> String {
        let record = self.accountant.get(model, id).await.unwrap();
        match &record[field] {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    async fn open_of(&self, model: &str, id: AnyId) -> String {
        let (state, open) =
            (self.field(model, id, "state").await, self.field(model, id, "open_amount").await);
        format!("{state} {open}")
    }

    /// `code debit credit`, one line an account, and the totals.
    async fn trial(&self) -> Vec<String> {
        let table = self.accountant.report("accounting.trial_balance", &[]).await.unwrap();
        let word = |row: &Vec<Value>| {
            format!("{} {} {}", text(&row[1]), text(&row[6]), text(&row[7])).trim().to_owned()
        };
        let rows = table.rows.iter().chain([&table.totals]).map(word);
        rows.filter(|row| !row.ends_with(" 0.00 0.00")).collect()
    }

    async fn balance(&self, code: &str) -> String {
        let table = self.accountant.report("accounting.trial_balance", &[]).await.unwrap();
        let row = table.rows.iter().find(|row| text(&row[1]) == code);
        row.map_or("none".to_owned(), |row| format!("{} {}", text(&row[6]), text(&row[7])))
    }

    async fn aging(&self, params: &[(&str, &str)]) -> Vec<String> {
        let table = self.accountant.report("accounting.aging", params).await.unwrap();
        rows(&table, &[1, 2, 3, 4, 5, 6, 7, 8])
    }

    /// Works with the ports as another module would, with the accountant's hand.
    async fn with_ports<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t mut fondaco_kernel::Tx) -> fondaco_kernel::Fut<'t, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T> {
        self.shop.kernel.run(&self.accountant.ctx, work).await
    }

    async fn standing(&self) -> Standing {
        let party = self.customer.cast();
        self.with_ports(move |tx| {
            Box::pin(async move { tx.ports().credit.unwrap().standing(tx, party).await })
        })
        .await
        .unwrap()
    }
}

fn text(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn rows(table: &Table, columns: &[usize]) -> Vec<String> {
    let word = |row: &Vec<Value>| {
        let words: Vec<String> = columns.iter().map(|at| text(&row[*at])).collect();
        words.join(" ").trim().to_owned()
    };
    table.rows.iter().map(word).collect()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Step 3 to 5 of the main job, as far as the books are concerned: other modules' part is played
/// through the ports.
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn the_story_of_the_bicycle_maker() {
    let office = Office::open().await;
    let accounts = office.accountant.list("account", "book == 'general'", "code").await.unwrap();
    let account = |code: &str| {
        let found = accounts.iter().find(|account| account["code"] == code).unwrap();
        found["id"].clone()
    };
    let opening = json!({
        "kind": "opening", "text": "Opening balance",
        "lines": [
            { "account": account("1000"), "debit": "20000" },
            { "account": account("3000"), "credit": "20000" },
        ],
    });
    let entry = office.accountant.create("accounting.entry", opening).await.unwrap();
    office.post("accounting.entry", entry).await;

    let unit = office.shop.admin.by_key("unit", "piece").await.unwrap();
    let product = json!({ "code": "FRAME", "name": "Carbon frame", "unit": unit });
    let frame = office.shop.admin.create("product", product).await.unwrap();
    let moves = move |from, to, value: &str| ValueMove {
        product: frame.cast(),
        party: None,
        from,
        to,
        value: money(value),
    };
    let supplier = office.supplier;
    let bought =
        ValueMove { party: Some(supplier.cast()), ..moves(Place::Supplier, Place::Stock, "1720") };
    let story = vec![
        moves(Place::Opening, Place::Stock, "6780"),
        bought,
        moves(Place::Stock, Place::Production, "5578.57"),
        moves(Place::Work, Place::Production, "500"),
        moves(Place::Production, Place::Stock, "6078.57"),
        moves(Place::Stock, Place::Customer, "3647.14"),
        moves(Place::Stock, Place::Customer, "2431.43"),
    ];
    office
        .with_ports(move |tx| {
            let story = story.clone();
            Box::pin(async move {
                let books = tx.ports().books.unwrap();
                let lines = books.lines(tx, &story).await?;
                let today = tx.today();
                ledger::post(tx, ledger::Draft::new("misc", today, "Goods").lines(lines)).await
            })
        })
        .await
        .unwrap();

    let order = DocRef { model: "purchasing.order".to_owned(), id: AnyId::new(77) };
    let (customer, tax_in, tax_out) = (office.customer, office.tax_in, office.tax_out);
    let euro = office.shop.admin.by_key("currency", "EUR").await.unwrap();
    let ask =
        move |party: AnyId, source: &DocRef, tax: AnyId, quantity: &str, price: &str| InvoiceAsk {
            party: party.cast(),
            source: source.clone(),
            on: "2026-03-02".parse().unwrap(),
            currency: euro.cast(),
            payment_term: None,
            reference: None,
            lines: vec![InvoiceLineAsk {
                key: AnyId::new(1),
                product: Some(frame.cast()),
                description: "As ordered".to_owned(),
                quantity: quantity.parse::<Quantity>().unwrap(),
                unit_price: price.parse().unwrap(),
                tax_code: Some(tax.cast()),
                received_value: None,
            }],
        };
    office
        .with_ports(move |tx| {
            let mut bill = ask(supplier, &order, tax_in, "4", "430");
            bill.lines[0].received_value = Some(money("1720"));
            Box::pin(async move { tx.ports().billing.unwrap().bill(tx, bill).await })
        })
        .await
        .unwrap();

    let order = DocRef { model: "sales.order".to_owned(), id: AnyId::new(78) };
    let mut invoices = Vec::new();
    for quantity in ["3", "2"] {
        let order = order.clone();
        let invoice = office
            .with_ports(move |tx| {
                let invoice = ask(customer, &order, tax_out, quantity, "2565");
                Box::pin(async move { tx.ports().billing.unwrap().invoice(tx, invoice).await })
            })
            .await
            .unwrap();
        invoices.push(invoice.id);
    }
    assert_eq!(office.field("accounting.invoice", invoices[0], "net").await, "7695.00");
    assert_eq!(office.field("accounting.invoice", invoices[0], "tax").await, "1539.00");
    assert_eq!(office.field("accounting.invoice", invoices[1], "tax").await, "1026.00");
    office.paid("9234", json!([{ "invoice": invoices[0], "amount": "9234" }])).await;
    office.paid("3000", json!([{ "invoice": invoices[1], "amount": "3000" }])).await;

    assert_eq!(
        office.trial().await,
        [
            "1000 32234.00 0.00",
            "1200 3156.00 0.00",
            "1300 2921.43 0.00",
            "1400 344.00 0.00",
            "2000 0.00 2064.00",
            "2100 0.00 2565.00",
            "3000 0.00 26780.00",
            "4000 0.00 12825.00",
            "4200 0.00 500.00",
            "5000 6078.57 0.00",
            "44734.00 44734.00",
        ]
    );
    assert_eq!(office.open_of("accounting.invoice", invoices[0]).await, "paid 0.00");
    assert_eq!(office.open_of("accounting.invoice", invoices[1]).await, "posted 3156.00");
    assert_eq!(office.field("accounting.invoice", invoices[1], "number").await, "INV-2026-00002");

    let source = order.clone();
    let billed: Billed = office
        .with_ports(move |tx| {
            let source = source.clone();
            Box::pin(async move { tx.ports().billing.unwrap().billed(tx, &source).await })
        })
        .await
        .unwrap();
    assert_eq!((billed.total, billed.paid), (money("15390"), money("12234")));
    assert_eq!(billed.lines[0].quantity, "5".parse().unwrap());
    assert_eq!(billed.lines[0].amount, money("12825"));

    let sheet = office.accountant.report("accounting.balance_sheet", &[]).await.unwrap();
    assert_eq!(text(&sheet.totals[4]), "0.00");
    let earned = office.accountant.report("accounting.profit_and_loss", &[]).await.unwrap();
    assert_eq!(text(&earned.totals[4]), "7246.43");
    let tax = [("from", "2026-03-01"), ("to", "2026-03-31")];
    let tax = office.accountant.report("accounting.tax_report", &tax).await.unwrap();
    assert_eq!(rows(&tax, &[1, 4, 5]), ["I20 1720.00 344.00", "V20 12825.00 2565.00"]);
    assert_eq!(text(&tax.totals[5]), "2221.00");
}

async fn an_invoice_is_summed_posted_and_kept() {
    let office = Office::open().await;
    let id = office.draft("3", "0.333").await;
    assert_eq!(office.field("accounting.invoice", id, "net").await, "1.00");
    assert_eq!(office.field("accounting.invoice", id, "total").await, "1.20");
    let more = json!({ "lines": [
        { "description": "One", "quantity": "2", "unit_price": "10", "discount": "0.1", "tax_code": office.tax_out },
        { "description": "Two", "unit_price": "5" },
    ] });
    office.clerk.update("accounting.invoice", id, more).await.unwrap();
    assert_eq!(office.field("accounting.invoice", id, "net").await, "23.00");
    assert_eq!(office.field("accounting.invoice", id, "tax").await, "3.60");
    let invoice = office.clerk.get("accounting.invoice", id).await.unwrap();
    assert_eq!(invoice["taxes"].as_array().unwrap().len(), 1);
    assert_eq!(invoice["number"], Json::Null);
    office.post("accounting.invoice", id).await;
    assert_eq!(office.field("accounting.invoice", id, "number").await, "INV-2026-00001");
    assert_eq!(office.open_of("accounting.invoice", id).await, "posted 26.60");

    let change = office.clerk.update("accounting.invoice", id, json!({ "note": "x" })).await;
    assert!(change.is_err(), "a posted invoice is not changed");
    let again = office.accountant.act("accounting.invoice", id, "post", Json::Null).await;
    assert_eq!(problems(again), ["state: wrong_state"]);
    let empty = json!({ "party": office.customer });
    let empty = office.clerk.create("accounting.invoice", empty).await.unwrap();
    let refused = office.clerk.act("accounting.invoice", empty, "post", Json::Null).await;
    assert_eq!(problems(refused), [": refused"]);
    let negative = office.draft("-1", "5").await;
    let refused = office.clerk.act("accounting.invoice", negative, "post", Json::Null).await;
    assert_eq!(problems(refused), ["total: negative"]);
}

async fn what_is_worth_nothing_is_paid_at_once() {
    let office = Office::open().await;
    let free = office.invoice("1", "0").await;
    assert_eq!(office.open_of("accounting.invoice", free).await, "paid 0.00");
    assert_eq!(office.field("accounting.invoice", free, "number").await, "INV-2026-00001");
    assert_eq!(office.field("accounting.invoice", free, "entry").await, "null");
}

async fn payments_in_part_too_much_and_taken_back() {
    let office = Office::open().await;
    let (one, two) = (office.invoice("1", "100").await, office.invoice("1", "50").await);
    let partly = office.paid("30", json!([{ "invoice": one, "amount": "30" }])).await;
    assert_eq!(office.open_of("accounting.invoice", one).await, "posted 90.00");
    assert_eq!(office.open_of("accounting.payment", partly).await, "posted 0.00");

    // Too much stays as a credit, and is used later for what is due first.
    let much = office.paid("200", json!([{ "invoice": one, "amount": "90" }])).await;
    assert_eq!(office.open_of("accounting.invoice", one).await, "paid 0.00");
    assert_eq!(office.open_of("accounting.payment", much).await, "posted 110.00");
    assert_eq!(office.standing().await.receivable, money("-50"));
    office.clerk.act("accounting.payment", much, "allocate", Json::Null).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", two).await, "paid 0.00");
    assert_eq!(office.open_of("accounting.payment", much).await, "posted 50.00");

    // A settlement that is taken back opens both sides.
    let settlements =
        office.clerk.list("accounting.settlement", "amount == 90.0", "").await.unwrap();
    let id: AnyId = settlements[0]["id"].as_str().unwrap().parse().unwrap();
    office.clerk.act("accounting.settlement", id, "undo", Json::Null).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", one).await, "posted 90.00");
    assert_eq!(office.open_of("accounting.payment", much).await, "posted 140.00");
    let again = office.clerk.act("accounting.settlement", id, "undo", Json::Null).await;
    assert_eq!(problems(again), ["state: wrong_state"]);

    // A payment that is cancelled opens what it paid.
    let reason = json!({ "reason": "Returned by the bank" });
    let refused = office.clerk.act("accounting.payment", partly, "cancel", reason.clone()).await;
    assert!(refused.unwrap_err().to_string().contains("accountant"));
    office.accountant.act("accounting.payment", partly, "cancel", reason).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", one).await, "posted 120.00");
    assert_eq!(office.open_of("accounting.payment", partly).await, "cancelled 0.00");
    assert_eq!(office.balance("1000").await, "200.00 0.00");
    assert_eq!(office.balance("1200").await, "0.00 20.00");
}

async fn payments_are_refused_that_do_not_fit() {
    let office = Office::open().await;
    let one = office.invoice("1", "100").await;
    let other = json!({ "name": "Other", "customer": true });
    let other = office.shop.admin.create("party", other).await.unwrap();
    for (party, amount, allocations, said) in [
        (
            office.customer,
            "10",
            json!([{ "invoice": one, "amount": "11" }]),
            "allocations: too_much",
        ),
        (
            office.customer,
            "300",
            json!([{ "invoice": one, "amount": "121" }]),
            "allocations[0].amount: too_much",
        ),
        (
            other,
            "10",
            json!([{ "invoice": one, "amount": "10" }]),
            "allocations[0].amount: too_much",
        ),
        (
            office.customer,
            "10",
            json!([{ "amount": "10" }]),
            "allocations[0].invoice: one_document",
        ),
        (office.customer, "0", json!([]), ": refused"),
    ] {
        let payment = json!({ "party": party, "amount": amount, "allocations": allocations });
        let id = office.clerk.create("accounting.payment", payment).await.unwrap();
        let refused = office.clerk.act("accounting.payment", id, "post", Json::Null).await;
        assert_eq!(problems(refused), [said]);
    }
    let out = json!({ "direction": "out", "party": office.supplier, "amount": "10" });
    let out = office.clerk.create("accounting.payment", out).await.unwrap();
    let refused = office.clerk.act("accounting.payment", out, "post", Json::Null).await;
    assert!(refused.is_err(), "a clerk does not send money");
    office.post("accounting.payment", out).await;
    assert_eq!(office.open_of("accounting.payment", out).await, "posted 10.00");
}

async fn a_proposal_pays_what_is_due_first() {
    let office = Office::open().await;
    let late = office.invoice("1", "100").await;
    office.shop.on("2026-03-05");
    let early = office.draft("1", "50").await;
    let due = json!({ "due_on": "2026-03-01" });
    office.clerk.update("accounting.invoice", early, due).await.unwrap();
    office.post("accounting.invoice", early).await;
    let payment = json!({ "party": office.customer, "amount": "100" });
    let id = office.clerk.create("accounting.payment", payment).await.unwrap();
    office.clerk.act("accounting.payment", id, "propose", Json::Null).await.unwrap();
    let proposed = office.clerk.get("accounting.payment", id).await.unwrap();
    let lines: Vec<String> = proposed["allocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {}", line["invoice"], line["amount"]))
        .collect();
    assert_eq!(lines, [format!("\"{early}\" \"60.00\""), format!("\"{late}\" \"40.00\"")]);
    office.post("accounting.payment", id).await;
    assert_eq!(office.open_of("accounting.invoice", early).await, "paid 0.00");
    assert_eq!(office.open_of("accounting.invoice", late).await, "posted 80.00");
}

async fn invoices_and_credit_notes_are_numbered_apart() {
    let office = Office::open().await;
    let reason = json!({ "reason": "wrong colour" });
    let number = async |id| office.field("accounting.invoice", id, "number").await;
    for seq in 1..=3 {
        let invoice = office.invoice("1", "100").await;
        assert_eq!(number(invoice).await, format!("INV-2026-0000{seq}"));
        let credit = || office.clerk.act("accounting.invoice", invoice, "credit", reason.clone());
        let note = credit().await.unwrap().open.unwrap().id;
        assert_eq!(number(note).await, format!("CN-2026-0000{seq}"));
        // What is refused draws no number.
        assert_eq!(problems(credit().await), ["state: credited"]);
    }
}

async fn credit_notes_take_back_and_are_used() {
    let office = Office::open().await;
    let one = office.invoice("1", "100").await;
    office.paid("20", json!([{ "invoice": one, "amount": "20" }])).await;
    let reason = json!({ "reason": "Broken" });
    let outcome =
        office.clerk.act("accounting.invoice", one, "credit", reason.clone()).await.unwrap();
    let note = outcome.open.unwrap().id;
    assert_eq!(office.open_of("accounting.invoice", one).await, "paid 0.00");
    // 120.00 were credited, 100.00 were open.
    assert_eq!(office.open_of("accounting.invoice", note).await, "posted 20.00");
    assert_eq!(office.balance("4000").await, "0.00 0.00");
    let twice = office.clerk.act("accounting.invoice", one, "credit", reason.clone()).await;
    assert_eq!(problems(twice), ["state: credited"]);
    let of_note = office.clerk.act("accounting.invoice", note, "credit", reason).await;
    assert_eq!(problems(of_note), [": refused"]);

    let two = office.invoice("1", "10").await;
    let args = json!({ "invoice": two, "amount": "5" });
    office.clerk.act("accounting.invoice", note, "allocate", args).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", two).await, "posted 7.00");
    assert_eq!(office.open_of("accounting.invoice", note).await, "posted 15.00");
    // The rest of the credit is paid out.
    let out = json!({
        "direction": "out", "role": "customer", "party": office.customer, "amount": "15",
        "allocations": [{ "invoice": note, "amount": "15" }],
    });
    let out = office.clerk.create("accounting.payment", out).await.unwrap();
    office.post("accounting.payment", out).await;
    assert_eq!(office.open_of("accounting.invoice", note).await, "paid 0.00");
}

async fn what_is_lost_is_written_off() {
    let office = Office::open().await;
    let one = office.invoice("1", "100").await;
    office.paid("119.50", json!([{ "invoice": one, "amount": "119.50" }])).await;
    let reason = json!({ "reason": "Bank charge of the customer" });
    let refused = office.clerk.act("accounting.invoice", one, "write_off", reason.clone()).await;
    assert!(refused.is_err(), "a clerk writes nothing off");
    office.accountant.act("accounting.invoice", one, "write_off", reason).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", one).await, "paid 0.00");
    assert_eq!(office.balance("6700").await, "0.50 0.00");
    assert_eq!(office.balance("1200").await, "0.00 0.00");
}

async fn bills_are_booked_once_paid_and_taken_back() {
    let office = Office::open().await;
    let bill = office.bill("R-1", "100").await;
    assert_eq!(office.balance("6000").await, "100.00 0.00");
    let line = json!({ "description": "Rent", "unit_price": "100" });
    let same = json!({ "party": office.supplier, "reference": "R-1", "lines": [line] });
    let same = office.clerk.create("accounting.bill", same).await.unwrap();
    let refused = office.clerk.act("accounting.bill", same, "post", Json::Null).await;
    assert_eq!(problems(refused), ["reference: taken"]);

    let adjusted = json!({ "reference": "R-2", "tax_adjustment": "0.01" });
    let refused = office.clerk.update("accounting.bill", same, adjusted).await;
    assert_eq!(problems(refused), ["tax_adjustment: too_large"]);
    let lines =
        json!([{ "description": "Rent", "unit_price": "99.99", "tax_code": office.tax_in }]);
    let adjusted = json!({ "reference": "R-2", "tax_adjustment": "0.01", "lines": lines });
    office.clerk.update("accounting.bill", same, adjusted).await.unwrap();
    assert_eq!(office.field("accounting.bill", same, "tax").await, "20.01");
    office.post("accounting.bill", same).await;

    let payment = json!({
        "direction": "out", "party": office.supplier, "amount": "120",
        "allocations": [{ "bill": bill, "amount": "120" }],
    });
    let payment = office.clerk.create("accounting.payment", payment).await.unwrap();
    office.post("accounting.payment", payment).await;
    assert_eq!(office.open_of("accounting.bill", bill).await, "paid 0.00");
    assert_eq!(office.balance("1000").await, "0.00 120.00");

    let reason = json!({ "reason": "Wrong amount" });
    office.clerk.act("accounting.bill", same, "refund", reason).await.unwrap();
    assert_eq!(office.open_of("accounting.bill", same).await, "paid 0.00");
    assert_eq!(office.balance("2000").await, "0.00 0.00");
    assert_eq!(office.balance("1400").await, "20.00 0.00");
}

const DOLLARS: &str = r#"
[[exchange_rate]]
key = "usd_1"
date = "2026-03-01"
from_currency = "USD"
to_currency = "EUR"
rate = "0.90"

[[exchange_rate]]
key = "usd_2"
date = "2026-03-10"
from_currency = "USD"
to_currency = "EUR"
rate = "0.95"
"#;

async fn exchange_differences_come_to_light_at_payment() {
    let office = Office::with(&[DOLLARS]).await;
    let dollar = office.shop.admin.by_key("currency", "USD").await.unwrap();
    let euro = office.shop.admin.by_key("currency", "EUR").await.unwrap();
    let line =
        json!({ "description": "Bicycle", "unit_price": "33.33", "tax_code": office.tax_out });
    let invoice = json!({ "party": office.customer, "currency": dollar, "lines": [line] });
    let id = office.clerk.create("accounting.invoice", invoice).await.unwrap();
    office.post("accounting.invoice", id).await;
    // 40.00 dollars at 0.90.
    assert_eq!(office.field("accounting.invoice", id, "total").await, "40.00");
    assert_eq!(office.balance("1200").await, "36.00 0.00");

    office.shop.on("2026-03-10");
    let pay = |amount: &str, more: Json| {
        let mut payment = json!({
            "party": office.customer, "currency": dollar, "amount": amount,
            "allocations": [{ "invoice": id, "amount": amount }],
        });
        payment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payment
    };
    // 15.00 dollars stay dollars at the bank: 14.25 for 13.50.
    let partly = office.clerk.create("accounting.payment", pay("15", json!({}))).await.unwrap();
    office.post("accounting.payment", partly).await;
    assert_eq!(office.balance("6900").await, "0.00 0.75");
    assert_eq!(office.balance("1200").await, "22.50 0.00");
    // The rest came as 22.00 euros, less a charge of 0.40: a loss of 0.50.
    let at_bank = json!({ "bank_currency": euro, "bank_amount": "22", "charge": "0.40" });
    let rest = office.clerk.create("accounting.payment", pay("25", at_bank)).await.unwrap();
    office.post("accounting.payment", rest).await;
    assert_eq!(office.open_of("accounting.invoice", id).await, "paid 0.00");
    assert_eq!(office.balance("1200").await, "0.00 0.00");
    assert_eq!(office.balance("6900").await, "0.00 0.25");
    assert_eq!(office.balance("6800").await, "0.40 0.00");
    assert_eq!(office.balance("1000").await, "35.85 0.00");

    // Taking a settlement back takes its difference back.
    let found = office.clerk.list("accounting.settlement", "amount == 15.0", "").await.unwrap();
    assert_eq!(found[0]["difference"], "-0.75");
    let settlement: AnyId = found[0]["id"].as_str().unwrap().parse().unwrap();
    office.clerk.act("accounting.settlement", settlement, "undo", Json::Null).await.unwrap();
    assert_eq!(office.open_of("accounting.invoice", id).await, "posted 15.00");
    assert_eq!(office.balance("6900").await, "0.50 0.00");
    office
        .clerk
        .act("accounting.payment", partly, "allocate", json!({ "invoice": id }))
        .await
        .unwrap();
    assert_eq!(office.balance("6900").await, "0.00 0.25");
}

/// The same payments in any order leave the same gain, and nothing on the account.
async fn the_order_of_payments_does_not_matter() {
    let mut gains = Vec::new();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let office = Office::with(&[DOLLARS]).await;
        let dollar = office.shop.admin.by_key("currency", "USD").await.unwrap();
        let line = json!({ "description": "Bicycle", "unit_price": "99.97" });
        let invoice = json!({ "party": office.customer, "currency": dollar, "lines": [line] });
        let id = office.clerk.create("accounting.invoice", invoice).await.unwrap();
        office.post("accounting.invoice", id).await;
        office.shop.on("2026-03-10");
        for part in order {
            let amount = ["33.33", "0.01", "66.63"][part];
            let payment = json!({
                "party": office.customer, "currency": dollar, "amount": amount,
                "allocations": [{ "invoice": id, "amount": amount }],
            });
            let payment = office.clerk.create("accounting.payment", payment).await.unwrap();
            office.post("accounting.payment", payment).await;
        }
        assert_eq!(office.open_of("accounting.invoice", id).await, "paid 0.00");
        assert_eq!(office.balance("1200").await, "0.00 0.00");
        gains.push(office.balance("6900").await);
    }
    assert_eq!(gains, ["0.00 5.00"; 3]);
}

async fn no_rate_no_invoice() {
    let office = Office::open().await;
    let dollar = office.shop.admin.by_key("currency", "USD").await.unwrap();
    let line = json!({ "description": "Bicycle", "unit_price": "33.33" });
    let invoice = json!({ "party": office.customer, "currency": dollar, "lines": [line] });
    let id = office.clerk.create("accounting.invoice", invoice).await.unwrap();
    let refused = office.clerk.act("accounting.invoice", id, "post", Json::Null).await;
    assert_eq!(problems(refused), ["currency: no_rate"]);
}

async fn instalments_age_by_their_own_day_as_of_any_day() {
    let office = Office::open().await;
    let term = office.shop.admin.by_key("payment_term", "half_half").await.unwrap();
    let id = office.draft("1", "1000").await;
    office.clerk.update("accounting.invoice", id, json!({ "payment_term": term })).await.unwrap();
    office.post("accounting.invoice", id).await;
    assert_eq!(office.field("accounting.invoice", id, "due_on").await, "2026-04-01");
    let known = office.field("accounting.invoice", id, "entry").await;

    office.shop.on("2026-04-15");
    let past = "Acme 0.00 600.00 600.00 0.00 0.00 0.00 1200.00";
    assert_eq!(office.aging(&[]).await, ["Acme 0.00 600.00 600.00 0.00 0.00 0.00 1200.00"]);
    let half = "Acme 600.00 600.00 0.00 0.00 0.00 0.00 1200.00";
    assert_eq!(office.aging(&[("as_of", "2026-03-20")]).await, [half]);
    assert_eq!(office.standing().await.overdue, money("1200"));

    // What is paid later is still open as of then, and as it was known then.
    office.paid("700", json!([{ "invoice": id, "amount": "700" }])).await;
    office.paid("50", json!([])).await;
    let now = "Acme 0.00 500.00 0.00 0.00 0.00 -50.00 450.00";
    assert_eq!(office.aging(&[]).await, [now]);
    assert_eq!(office.aging(&[("as_of", "2026-03-20")]).await, [half]);
    assert_eq!(office.aging(&[("known_at", &known)]).await, [past]);
    assert_eq!(office.standing().await.receivable, money("450"));
    assert_eq!(office.standing().await.overdue, money("450"));

    // A settlement taken back tomorrow was in force today.
    office.shop.on("2026-04-16");
    let found = office.clerk.list("accounting.settlement", "amount == 700.0", "").await.unwrap();
    let settlement: AnyId = found[0]["id"].as_str().unwrap().parse().unwrap();
    office.clerk.act("accounting.settlement", settlement, "undo", Json::Null).await.unwrap();
    assert_eq!(office.aging(&[("as_of", "2026-04-15")]).await, [now]);
    assert_eq!(office.aging(&[]).await, ["Acme 0.00 600.00 600.00 0.00 0.00 -750.00 450.00"]);
    let none: [&str; 0] = [];
    assert_eq!(office.aging(&[("side", "payable")]).await, none);
}

async fn orders_hold_the_limit_of_a_customer() {
    let office = Office::open().await;
    let limit = json!({ "credit_limit": "1000" });
    office.accountant.update("party", office.customer, limit).await.unwrap();
    office.invoice("1", "500").await;
    let party = office.customer;
    let order = |id| DocRef { model: "sales.order".to_owned(), id: AnyId::new(id) };
    let hold = |id, amount: &str| {
        let (source, amount) = (order(id), money(amount));
        office.with_ports(move |tx| {
            let source = source.clone();
            Box::pin(async move {
                let credit = tx.ports().credit.unwrap();
                credit.hold(tx, party.cast(), source, amount).await
            })
        })
    };
    let release = |id, amount: Option<&str>| {
        let (source, amount) = (order(id), amount.map(money));
        office.with_ports(move |tx| {
            let source = source.clone();
            Box::pin(async move { tx.ports().credit.unwrap().release(tx, &source, amount).await })
        })
    };
    hold(1, "400").await.unwrap();
    assert_eq!(problems(hold(2, "0.01").await), ["customer: credit_limit"]);
    let standing = office.standing().await;
    assert_eq!((standing.receivable, standing.held), (money("600"), money("400")));
    assert_eq!(standing.free(), Some(Money::ZERO));
    // Confirmed anew, an order holds what it comes to now, once.
    hold(1, "300").await.unwrap();
    assert_eq!(office.standing().await.held, money("300"));
    release(1, Some("100")).await.unwrap();
    assert_eq!(office.standing().await.held, money("200"));
    release(1, Some("500")).await.unwrap();
    assert_eq!(office.standing().await.held, Money::ZERO);
    release(1, None).await.unwrap();
    hold(2, "400").await.unwrap();

    let credit = office.clerk.report("accounting.credit", &[]).await.unwrap();
    assert_eq!(rows(&credit, &[1, 2, 3, 4, 5, 6]), ["Acme 1000.00 600.00 0.00 400.00 0.00"]);
    let blocked = json!({ "credit_limit": null, "credit_blocked": true });
    office.accountant.update("party", office.customer, blocked).await.unwrap();
    assert_eq!(problems(hold(3, "1").await), ["customer: credit_blocked"]);
    let open = json!({ "credit_blocked": false });
    office.accountant.update("party", office.customer, open).await.unwrap();
    hold(3, "1000000").await.unwrap();
    assert_eq!(office.standing().await.free(), None);
}

async fn tax_that_is_half_deductible_or_owed_by_the_company() {
    let office = Office::open().await;
    for (code, more) in
        [("CAR", json!({ "deductible": "0.5" })), ("EU", json!({ "reverse_charge": true }))]
    {
        let mut fields = json!({ "code": code, "name": code, "kind": "purchase", "rate": "0.2" });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let tax = office.accountant.create("tax_code", fields).await.unwrap();
        let line = json!({ "description": code, "unit_price": "100", "tax_code": tax });
        let bill = json!({ "party": office.supplier, "lines": [line] });
        let id = office.clerk.create("accounting.bill", bill).await.unwrap();
        office.post("accounting.bill", id).await;
    }
    assert_eq!(office.balance("2000").await, "0.00 220.00");
    assert_eq!(office.balance("6000").await, "210.00 0.00");
    assert_eq!(office.balance("1400").await, "30.00 0.00");
    assert_eq!(office.balance("2100").await, "0.00 20.00");
    let span = [("from", "2026-03-01"), ("to", "2026-03-31")];
    let tax = office.accountant.report("accounting.tax_report", &span).await.unwrap();
    assert_eq!(rows(&tax, &[1, 4, 5, 6]), ["CAR 100.00 10.00 0.00", "EU 100.00 20.00 20.00"]);
    assert_eq!(text(&tax.totals[5]), "-10.00");
}

async fn a_long_invoice_takes_no_statement_a_line() {
    let office = Office::open().await;
    let mut counts = Vec::new();
    for lines in [1, 100] {
        let line =
            json!({ "description": "Bolt", "unit_price": "0.07", "tax_code": office.tax_out });
        let lines: Vec<Json> = std::iter::repeat_n(line, lines).collect();
        let invoice = json!({ "party": office.customer, "lines": lines });
        let id = office.clerk.create("accounting.invoice", invoice).await.unwrap();
        let count = office
            .with_ports(move |tx| {
                Box::pin(async move {
                    let before = tx.statements();
                    let model = "accounting.invoice";
                    let args = records::arguments(tx, model, "post", &Map::new())?;
                    records::act(tx, model, id, "post", args).await?;
                    Ok(tx.statements() - before)
                })
            })
            .await
            .unwrap();
        counts.push(count);
    }
    assert_eq!(counts[0], counts[1]);
}

async fn goods_of_before_come_into_the_books() {
    let office = Office::open().await;
    let entry = json!({ "kind": "opening", "text": "Goods" });
    let id = office.accountant.create("accounting.entry", entry).await.unwrap();
    let without = office.accountant.act("accounting.entry", id, "take_stock", Json::Null).await;
    assert_eq!(problems(without), ["lines: no_stock"]);

    // Received goods and one of them sold, in the stock book alone.
    let office = Office::of(&["inventory", "accounting"], &[]).await;
    let unit = office.shop.admin.by_key("unit", "piece").await.unwrap();
    let product = json!({ "code": "FRAME", "name": "Carbon frame", "unit": unit });
    let frame = office.shop.admin.create("product", product).await.unwrap();
    let euro = office.shop.admin.by_key("currency", "EUR").await.unwrap();
    office
        .with_ports(move |tx| {
            Box::pin(async move {
                let mut lines = Vec::new();
                for (place, cents) in [
                    ("value_stock", 129_000),
                    ("value_customer", 43_000),
                    ("value_supplier", -172_000),
                ] {
                    let account = ledger::accounts::by_purpose(tx, place).await?;
                    lines.push(ledger::Line::signed(account, euro, cents).for_(frame));
                }
                let draft = ledger::Draft::new("misc", tx.today(), "Before the books");
                ledger::post(tx, draft.lines(lines)).await
            })
        })
        .await
        .unwrap();
    let entry = json!({ "kind": "opening", "text": "Goods" });
    let id = office.accountant.create("accounting.entry", entry).await.unwrap();
    office.accountant.act("accounting.entry", id, "take_stock", Json::Null).await.unwrap();
    office.post("accounting.entry", id).await;
    assert_eq!(
        office.trial().await,
        ["1300 1290.00 0.00", "2050 0.00 1720.00", "3000 430.00 0.00", "1720.00 1720.00"]
    );
    let entry = json!({ "kind": "opening", "text": "Once more" });
    let id = office.accountant.create("accounting.entry", entry).await.unwrap();
    let again = office.accountant.act("accounting.entry", id, "take_stock", Json::Null).await;
    assert_eq!(problems(again), ["lines: nothing"]);
}

async fn who_may_what() {
    let office = Office::open().await;
    let id = office.invoice("1", "100").await;
    let seller = office.shop.user("Sam", &["accounting_reader"]).await;
    assert!(seller.get("accounting.invoice", id).await.is_ok());
    assert!(
        seller.act("accounting.invoice", id, "credit", json!({ "reason": "x" })).await.is_err()
    );
    assert!(seller.report("accounting.trial_balance", &[]).await.is_err());
    assert!(seller.report("accounting.aging", &[]).await.is_err());
    let nobody = office.shop.user("Nick", &[]).await;
    assert!(nobody.get("accounting.invoice", id).await.is_err());
    let entry = json!({ "text": "x", "lines": [] });
    assert!(office.clerk.create("accounting.entry", entry).await.is_err());
    let settle = office.accountant.act("accounting.invoice", id, "settle", Json::Null).await;
    assert!(settle.is_err(), "an internal action is nobody's");
}
