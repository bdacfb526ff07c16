//! Entries by hand, periods and years, the pages of an account and of a party.

use super::*;
use fondaco_tests::both;

both! {
    entries_by_hand_open_the_books_and_are_reversed,
    periods_close_and_years_end,
    the_result_of_a_year_goes_to_equity_and_comes_back,
    the_page_of_an_account_and_of_a_party,
}

async fn entries_by_hand_open_the_books_and_are_reversed() {
    let office = Office::open().await;
    let accounts = office.accountant.list("account", "book == 'general'", "code").await.unwrap();
    let account =
        |code: &str| accounts.iter().find(|account| account["code"] == code).unwrap()["id"].clone();
    let entry = |lines: Json| json!({ "kind": "opening", "text": "Opening", "lines": lines });
    let refused = |lines: Json| {
        let entry = entry(lines);
        let desk = office.accountant.clone();
        async move {
            let id = desk.create("accounting.entry", entry).await.unwrap();
            problems(desk.act("accounting.entry", id, "post", Json::Null).await)
        }
    };
    let debit = |code: &str, amount: &str| json!({ "account": account(code), "debit": amount });
    let credit = |code: &str, amount: &str| json!({ "account": account(code), "credit": amount });
    assert_eq!(refused(json!([debit("1000", "5")])).await, [": refused"]);
    assert_eq!(
        refused(json!([debit("1000", "5"), credit("3000", "4")])).await,
        ["lines: unbalanced"]
    );
    let both = json!({ "account": account("1000"), "debit": "5", "credit": "5" });
    assert_eq!(
        refused(json!([both, debit("1000", "5"), credit("3000", "5")])).await,
        ["lines[0].debit: one_side"]
    );
    assert_eq!(
        refused(json!([debit("1200", "5"), credit("3000", "5")])).await,
        ["lines[0].subsidiary: ledger_subsidiary_missing"]
    );

    let owed = json!({
        "account": account("1200"), "debit": "500", "party": office.customer, "due_on": "2026-01-31",
    });
    let id = entry(json!([owed, credit("3000", "500")]));
    let id = office.accountant.create("accounting.entry", id).await.unwrap();
    office.post("accounting.entry", id).await;
    assert_eq!(office.field("accounting.entry", id, "number").await, "JE-2026-00001");
    assert_eq!(office.aging(&[]).await, ["Acme 0.00 500.00 0.00 0.00 0.00 0.00 500.00"]);
    // What was owed before is paid like an invoice.
    let payment = office.paid("200", json!([{ "opening": id, "amount": "200" }])).await;
    assert_eq!(office.standing().await.receivable, money("300"));

    let wrong = json!({ "reason": "Entered twice" });
    office.accountant.act("accounting.entry", id, "reverse", wrong).await.unwrap();
    assert_eq!(office.field("accounting.entry", id, "state").await, "reversed");
    assert_eq!(office.open_of("accounting.payment", payment).await, "posted 200.00");
    assert_eq!(office.standing().await.receivable, money("-200"));
    assert_eq!(office.balance("3000").await, "0.00 0.00");
}

async fn periods_close_and_years_end() {
    let office = Office::open().await;
    let year = json!({ "name": "2026", "starts_on": "2026-02-01" });
    let year = office.accountant.create("accounting.fiscal_year", year).await.unwrap();
    let refused = office.accountant.act("accounting.fiscal_year", year, "open", Json::Null).await;
    assert_eq!(problems(refused), ["starts_on: wrong_start"]);
    let right = json!({ "starts_on": "2026-01-01" });
    office.accountant.update("accounting.fiscal_year", year, right).await.unwrap();
    office.accountant.act("accounting.fiscal_year", year, "open", Json::Null).await.unwrap();
    let periods = office.accountant.list("accounting.period", "true", "starts_on").await.unwrap();
    assert_eq!(periods.len(), 12);
    let id = |n: usize| periods[n]["id"].as_str().unwrap().parse::<AnyId>().unwrap();

    // March closes when no draft waits; what comes late goes to April.
    let draft = office.draft("1", "100").await;
    let close = |n| office.accountant.act("accounting.period", id(n), "close", Json::Null);
    assert_eq!(problems(close(2).await), ["state: drafts"]);
    office.post("accounting.invoice", draft).await;
    close(2).await.unwrap();
    let late = office.invoice("1", "7").await;
    assert_eq!(office.field("accounting.invoice", late, "booked_on").await, "2026-04-01");
    assert_eq!(office.field("accounting.invoice", late, "dated_on").await, "2026-03-02");
    let why = json!({ "reason": "A bill was missing" });
    office.accountant.act("accounting.period", id(2), "reopen", why.clone()).await.unwrap();
    close(2).await.unwrap();
    office.accountant.act("accounting.period", id(2), "lock", Json::Null).await.unwrap();
    let locked = office.accountant.act("accounting.period", id(2), "reopen", why.clone()).await;
    assert_eq!(problems(locked), ["state: wrong_state"]);
    let clerk = office.clerk.act("accounting.period", id(3), "close", Json::Null).await;
    assert!(clerk.is_err(), "a clerk closes no period");

    let early = office.accountant.act("accounting.fiscal_year", year, "close", Json::Null).await;
    assert_eq!(problems(early), ["year: ledger_year_not_over"]);
}

async fn the_result_of_a_year_goes_to_equity_and_comes_back() {
    let office = Office::open().await;
    let year = json!({ "name": "2026", "starts_on": "2026-01-01" });
    let year = office.accountant.create("accounting.fiscal_year", year).await.unwrap();
    office.accountant.act("accounting.fiscal_year", year, "open", Json::Null).await.unwrap();
    office.invoice("1", "100").await;
    office.bill("R-1", "30").await;
    let before = office.trial().await;

    office.shop.on("2027-01-10");
    office.accountant.act("accounting.fiscal_year", year, "close", Json::Null).await.unwrap();
    assert_eq!(office.field("accounting.fiscal_year", year, "result").await, "70.00");
    assert_eq!(office.balance("3100").await, "0.00 70.00");
    assert_eq!(office.balance("4000").await, "0.00 0.00");
    let open = office.accountant.list("accounting.period", "state == 'open'", "").await.unwrap();
    assert!(open.is_empty());
    // The year's own statement still shows what was earned in it.
    let span = [("from", "2026-01-01"), ("to", "2026-12-31")];
    let earned = office.accountant.report("accounting.profit_and_loss", &span).await.unwrap();
    assert_eq!(text(&earned.totals[4]), "70.00");

    let why = json!({ "reason": "A bill was missing" });
    office.accountant.act("accounting.fiscal_year", year, "reopen", why).await.unwrap();
    assert_eq!(office.trial().await, before);
    let open = office.accountant.list("accounting.period", "state == 'open'", "").await.unwrap();
    assert_eq!(open.len(), 12);
}

async fn the_page_of_an_account_and_of_a_party() {
    let office = Office::open().await;
    let id = office.invoice("1", "100").await;
    office.shop.on("2026-03-20");
    office.paid("50", json!([{ "invoice": id, "amount": "50" }])).await;
    let account = office.shop.admin.by_key("account", "receivable").await.unwrap().to_string();
    let ask = [("account", account.as_str()), ("from", "2026-03-10")];
    let page = office.accountant.report("accounting.general_ledger", &ask).await.unwrap();
    assert_eq!(
        rows(&page, &[0, 3, 5, 9, 10, 11]),
        [
            "2026-03-10 Opening balance    120.00",
            "2026-03-20 Payment from Acme accounting.payment 0.00 50.00 70.00",
        ]
    );
    let party = office.customer.to_string();
    let open = office.accountant.report("accounting.party_statement", &[("party", &party)]).await;
    assert_eq!(
        rows(&open.unwrap(), &[0, 2, 3, 5, 8, 9]),
        ["receivable 2026-03-02 18 accounting.invoice 120.00 70.00"]
    );
    let section = office
        .with_ports(move |tx| {
            let party: AnyId = party.parse().unwrap();
            Box::pin(async move {
                let overview = tx.ports().overview.pop().unwrap();
                overview.section(tx, party.cast()).await
            })
        })
        .await
        .unwrap();
    let figures: Vec<String> = section.figures.iter().map(|(l, f)| format!("{l} {f}")).collect();
    assert_eq!(figures, ["Receivable 70.00 EUR", "Overdue 70.00 EUR", "Open invoices 1"]);
    assert_eq!(section.documents.len(), 1);
}
