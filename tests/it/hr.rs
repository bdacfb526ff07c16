//! People, alone: with every other module switched off.

use fondaco_kernel::Table;
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Date, Money, Value};
use serde_json::{Value as Json, json};

both! {
    leave_is_asked_for_approved_and_counted,
    refused_and_cancelled_leave_comes_back,
    half_days_weekends_and_holidays,
    nobody_takes_what_he_does_not_have,
    requests_are_refused_that_make_no_sense,
    nobody_decides_for_himself,
    everybody_sees_his_own,
    departments_and_managers_make_no_circle,
    other_modules_ask_about_people,
    heads_are_counted_by_department,
}

/// A company with people alone: an officer, a manager and one of hers.
struct Firm {
    shop: Shop,
    officer: Desk,
    boss: Desk,
    worker: Desk,
    workshop: AnyId,
    bea: AnyId,
    will: AnyId,
    holidays: AnyId,
}

impl Firm {
    async fn open() -> Firm {
        let modules = modules::named(&["hr".to_owned()]).unwrap();
        let shop = Shop::open(modules).await;
        let officer = shop.user("Olga", &["hr_officer"]).await;
        let boss = shop.user("Bea", &["employee"]).await;
        let worker = shop.user("Will", &[]).await;
        let workshop = json!({ "name": "Workshop" });
        let workshop = officer.create("hr.department", workshop).await.unwrap();
        let bea = hire(&shop, &officer, "Bea", json!({ "user": user(&boss) })).await;
        let place =
            json!({ "user": user(&worker), "department": workshop, "hired_on": "2026-01-01" });
        let will = hire(&shop, &officer, "Will", place).await;
        officer.update("hr.department", workshop, json!({ "manager": bea })).await.unwrap();
        let holidays = shop.admin.by_key("hr.leave_type", "holidays").await.unwrap();
        Firm { shop, officer, boss, worker, workshop, bea, will, holidays }
    }

    async fn grant(&self, employee: AnyId, days: &str) -> AnyId {
        let allocation = json!({
            "employee": employee, "leave_type": self.holidays, "days": days, "reason": "2026",
        });
        let id = self.officer.create("hr.allocation", allocation).await.unwrap();
        self.officer.act("hr.allocation", id, "grant", Json::Null).await.unwrap();
        id
    }

    /// Leave that the worker writes down for himself.
    async fn draft(&self, from: &str, to: &str) -> AnyId {
        let leave = json!({ "leave_type": self.holidays, "from_day": from, "to_day": to });
        self.worker.create("hr.leave", leave).await.unwrap()
    }

    async fn asked(&self, from: &str, to: &str) -> AnyId {
        let id = self.draft(from, to).await;
        self.worker.act("hr.leave", id, "request", Json::Null).await.unwrap();
        id
    }

    async fn field(&self, id: AnyId, field: &str) -> String {
        let record = self.officer.get("hr.leave", id).await.unwrap();
        match &record[field] {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// `name granted taken asked available`.
    async fn balances(&self, desk: &Desk) -> Vec<String> {
        let table = desk.report("hr.leave_balances", &[]).await.unwrap();
        rows(&table, &[1, 4, 5, 6, 7])
    }
}

fn user(desk: &Desk) -> String {
    desk.ctx.actor().user().unwrap().to_string()
}

async fn hire(shop: &Shop, officer: &Desk, name: &str, more: Json) -> AnyId {
    let party = json!({ "name": name, "kind": "person" });
    let party = shop.admin.create("party", party).await.unwrap();
    let mut fields = json!({ "party": party });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    officer.create("hr.employee", fields).await.unwrap()
}

fn rows(table: &Table, columns: &[usize]) -> Vec<String> {
    let text = |value: &Value| match value.to_json() {
        Json::String(text) => text.strip_suffix(".00").map_or(text.clone(), str::to_owned),
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let word =
        |row: &Vec<Value>| columns.iter().map(|at| text(&row[*at])).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(word).collect()
}

async fn leave_is_asked_for_approved_and_counted() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "20").await;
    assert_eq!(firm.balances(&firm.worker).await, ["Will 20 0 0 20"]);

    // Thursday to Tuesday: four working days.
    let leave = firm.draft("2026-03-12", "2026-03-17").await;
    assert_eq!(firm.field(leave, "days").await, "4");
    assert_eq!(firm.field(leave, "employee").await, firm.will.to_string());
    firm.worker.act("hr.leave", leave, "request", Json::Null).await.unwrap();
    assert_eq!(firm.field(leave, "state").await, "requested");
    assert_eq!(firm.field(leave, "number").await, "L-2026-00001");
    assert_eq!(firm.balances(&firm.worker).await, ["Will 20 0 4 16"]);

    firm.boss.act("hr.leave", leave, "approve", Json::Null).await.unwrap();
    assert_eq!(firm.field(leave, "state").await, "approved");
    assert_eq!(firm.field(leave, "decided_by").await, user(&firm.boss));
    assert_eq!(firm.balances(&firm.worker).await, ["Will 20 4 0 16"]);
    let again = firm.boss.act("hr.leave", leave, "approve", Json::Null).await;
    assert_eq!(problems(again), ["state: wrong_state"]);
}

async fn refused_and_cancelled_leave_comes_back() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "10").await;
    let refused = firm.asked("2026-03-09", "2026-03-10").await;
    let silent = firm.boss.act("hr.leave", refused, "refuse", Json::Null).await;
    assert_eq!(problems(silent), ["answer: required"]);
    let answer = json!({ "answer": "Too much to do" });
    firm.boss.act("hr.leave", refused, "refuse", answer).await.unwrap();
    assert_eq!(firm.field(refused, "answer").await, "Too much to do");
    assert_eq!(firm.balances(&firm.worker).await, ["Will 10 0 0 10"]);

    let withdrawn = firm.asked("2026-03-09", "2026-03-10").await;
    firm.worker.act("hr.leave", withdrawn, "cancel", Json::Null).await.unwrap();
    assert_eq!(firm.balances(&firm.worker).await, ["Will 10 0 0 10"]);

    // Approved leave can be cancelled until it begins; then by an officer.
    let taken = firm.asked("2026-03-09", "2026-03-11").await;
    firm.boss.act("hr.leave", taken, "approve", Json::Null).await.unwrap();
    assert_eq!(firm.balances(&firm.worker).await, ["Will 10 3 0 7"]);
    firm.shop.on("2026-03-09");
    let late = firm.worker.act("hr.leave", taken, "cancel", Json::Null).await;
    assert_eq!(problems(late), ["from_day: begun"]);
    let reason = json!({ "reason": "Fell ill" });
    firm.officer.act("hr.leave", taken, "cancel", reason).await.unwrap();
    assert_eq!(firm.balances(&firm.worker).await, ["Will 10 0 0 10"]);
    let over = firm.officer.act("hr.leave", taken, "cancel", Json::Null).await;
    assert_eq!(problems(over), ["state: wrong_state"]);
}

async fn half_days_weekends_and_holidays() {
    let firm = Firm::open().await;
    let calendar = firm.shop.admin.by_key("calendar", "standard").await.unwrap();
    let closed = json!({ "holidays": [{ "date": "2026-03-19", "name": "Saint Joseph" }] });
    firm.shop.admin.update("calendar", calendar, closed).await.unwrap();
    for (from, to, from_noon, to_noon, days) in [
        ("2026-03-16", "2026-03-20", false, false, "4"),
        ("2026-03-16", "2026-03-20", true, true, "3"),
        ("2026-03-18", "2026-03-18", false, true, "0.5"),
        ("2026-03-18", "2026-03-19", false, true, "1"),
        ("2026-03-21", "2026-03-22", false, false, "0"),
    ] {
        let leave = json!({
            "leave_type": firm.holidays, "from_day": from, "to_day": to,
            "from_noon": from_noon, "to_noon": to_noon,
        });
        let id = firm.worker.create("hr.leave", leave).await.unwrap();
        assert_eq!(firm.field(id, "days").await, days, "{from} to {to}");
    }
    let whole = json!({ "name": "Move", "code": "MOVE", "half_days": false, "counted": false });
    let whole = firm.officer.create("hr.leave_type", whole).await.unwrap();
    let half = json!({
        "leave_type": whole, "from_day": "2026-03-16", "to_day": "2026-03-16", "to_noon": true,
    });
    assert_eq!(problems(firm.worker.create("hr.leave", half).await), ["from_noon: whole_days"]);
}

async fn nobody_takes_what_he_does_not_have() {
    let firm = Firm::open().await;
    let granted = firm.grant(firm.will, "3").await;
    let much = firm.draft("2026-03-09", "2026-03-12").await;
    let refused = firm.worker.act("hr.leave", much, "request", Json::Null).await;
    assert_eq!(problems(refused), ["days: not_enough"]);
    // What was asked for and what is over it do not fit together.
    firm.asked("2026-03-16", "2026-03-17").await;
    let more = firm.draft("2026-03-18", "2026-03-19").await;
    let refused = firm.worker.act("hr.leave", more, "request", Json::Null).await;
    assert_eq!(problems(refused), ["days: not_enough"]);
    let reason = json!({ "reason": "Wrong year" });
    let revoked = firm.officer.act("hr.allocation", granted, "revoke", reason.clone()).await;
    assert_eq!(problems(revoked), ["days: taken"]);

    // A type that may be overdrawn gives one more day, and no more.
    let overdraft = json!({ "overdraft": "1" });
    firm.officer.update("hr.leave_type", firm.holidays, overdraft).await.unwrap();
    firm.worker.act("hr.leave", more, "request", Json::Null).await.unwrap();
    assert_eq!(firm.balances(&firm.worker).await, ["Will 3 0 4 -1"]);
    let last = firm.draft("2026-03-24", "2026-03-24").await;
    let refused = firm.worker.act("hr.leave", last, "request", Json::Null).await;
    assert_eq!(problems(refused), ["days: not_enough"]);

    // Sickness needs no allocation.
    let sickness = firm.shop.admin.by_key("hr.leave_type", "sickness").await.unwrap();
    let ill = json!({ "leave_type": sickness, "from_day": "2026-03-25", "to_day": "2026-03-27" });
    let ill = firm.worker.create("hr.leave", ill).await.unwrap();
    firm.worker.act("hr.leave", ill, "request", Json::Null).await.unwrap();
    firm.boss.act("hr.leave", ill, "approve", Json::Null).await.unwrap();
    let nothing = json!({
        "employee": firm.will, "leave_type": sickness, "days": "5", "reason": "x",
    });
    let nothing = firm.officer.create("hr.allocation", nothing).await.unwrap();
    let refused = firm.officer.act("hr.allocation", nothing, "grant", Json::Null).await;
    assert_eq!(problems(refused), ["leave_type: not_counted"]);

    // What nobody has touched can be revoked, and shows as never granted.
    let second = firm.grant(firm.bea, "5").await;
    firm.officer.act("hr.allocation", second, "revoke", reason).await.unwrap();
    let balances = firm.balances(&firm.officer).await;
    assert_eq!(balances, ["Bea 0 0 0 0", "Will 3 0 4 -1", "Will 0 3 0 -3"]);
}

async fn requests_are_refused_that_make_no_sense() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "20").await;
    let ask = |from: &str, to: &str, more: Json| {
        let mut leave = json!({ "leave_type": firm.holidays, "from_day": from, "to_day": to });
        leave.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let desk = firm.worker.clone();
        async move {
            let id = match desk.create("hr.leave", leave).await {
                Ok(id) => id,
                refused => return problems(refused),
            };
            match desk.act("hr.leave", id, "request", Json::Null).await {
                Ok(_) => Vec::new(),
                refused => problems(refused),
            }
        }
    };
    assert_eq!(ask("2026-03-10", "2026-03-09", json!({})).await, ["to_day: before_start"]);
    assert_eq!(ask("2026-03-10", "2027-03-11", json!({})).await, ["to_day: too_long"]);
    assert_eq!(ask("2026-03-14", "2026-03-15", json!({})).await, ["to_day: no_working_day"]);
    assert_eq!(ask("2025-12-30", "2025-12-31", json!({})).await, ["from_day: not_employed"]);
    let noon = json!({ "from_noon": true, "to_noon": true });
    assert_eq!(ask("2026-03-10", "2026-03-10", noon).await, ["to_noon: nothing"]);
    let none: [String; 0] = [];
    assert_eq!(ask("2026-03-10", "2026-03-12", json!({ "to_noon": true })).await, none);
    assert_eq!(ask("2026-03-12", "2026-03-13", json!({})).await, ["from_day: overlap"]);
    assert_eq!(ask("2026-03-12", "2026-03-13", json!({ "from_noon": true })).await, none);
    let gone = json!({ "left_on": "2026-04-15" });
    firm.officer.update("hr.employee", firm.will, gone).await.unwrap();
    assert_eq!(ask("2026-04-15", "2026-04-16", json!({})).await, ["to_day: not_employed"]);
}

async fn nobody_decides_for_himself() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "20").await;
    firm.grant(firm.bea, "20").await;
    let own = firm.asked("2026-03-10", "2026-03-10").await;
    assert!(firm.worker.act("hr.leave", own, "approve", Json::Null).await.is_err());
    let of_boss = json!({
        "leave_type": firm.holidays, "from_day": "2026-03-10", "to_day": "2026-03-10",
    });
    let of_boss = firm.boss.create("hr.leave", of_boss).await.unwrap();
    firm.boss.act("hr.leave", of_boss, "request", Json::Null).await.unwrap();
    assert!(firm.boss.act("hr.leave", of_boss, "approve", Json::Null).await.is_err());
    assert!(firm.worker.get("hr.leave", of_boss).await.is_err(), "not his business");
    firm.officer.act("hr.leave", of_boss, "approve", Json::Null).await.unwrap();

    // An officer who asks for another does not approve that herself.
    let for_will = json!({
        "employee": firm.will, "leave_type": firm.holidays,
        "from_day": "2026-03-16", "to_day": "2026-03-16",
    });
    let for_will = firm.officer.create("hr.leave", for_will).await.unwrap();
    firm.officer.act("hr.leave", for_will, "request", Json::Null).await.unwrap();
    let refused = firm.officer.act("hr.leave", for_will, "approve", Json::Null).await;
    assert_eq!(problems(refused), ["decided_by: own_request"]);
    firm.boss.act("hr.leave", for_will, "approve", Json::Null).await.unwrap();

    // Asking for somebody else is an officer's right.
    let for_bea = json!({
        "employee": firm.bea, "leave_type": firm.holidays,
        "from_day": "2026-03-17", "to_day": "2026-03-17",
    });
    assert!(firm.worker.create("hr.leave", for_bea).await.is_err());
    let grant = json!({
        "employee": firm.will, "leave_type": firm.holidays, "days": "1", "reason": "x",
    });
    assert!(firm.boss.create("hr.allocation", grant).await.is_err());
}

async fn everybody_sees_his_own() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "20").await;
    firm.grant(firm.bea, "25").await;
    let leave = firm.asked("2026-03-10", "2026-03-11").await;
    assert_eq!(firm.balances(&firm.worker).await, ["Will 20 0 2 18"]);
    assert_eq!(firm.balances(&firm.boss).await, ["Bea 25 0 0 25", "Will 20 0 2 18"]);
    let other = firm.shop.user("Nora", &["employee"]).await;
    hire(&firm.shop, &firm.officer, "Nora", json!({ "user": user(&other) })).await;
    assert!(other.get("hr.leave", leave).await.is_err());
    let none: [&str; 0] = [];
    assert_eq!(firm.balances(&other).await, none);
    let away = |desk: &Desk| {
        let desk = desk.clone();
        async move { rows(&desk.report("hr.absences", &[]).await.unwrap(), &[1, 2, 3, 5, 6]) }
    };
    assert_eq!(away(&other).await, none);
    firm.boss.act("hr.leave", leave, "approve", Json::Null).await.unwrap();
    assert_eq!(away(&other).await, ["Will 2026-03-10 2026-03-11 approved -"]);
    assert_eq!(away(&firm.boss).await, ["Will 2026-03-10 2026-03-11 approved Holidays"]);

    // What an hour costs is for officers.
    let paid = json!({ "hour_cost": "41.50" });
    firm.officer.update("hr.employee", firm.will, paid).await.unwrap();
    let seen = firm.officer.get("hr.employee", firm.will).await.unwrap();
    assert_eq!(seen["hour_cost"], "41.50");
    let seen = other.get("hr.employee", firm.will).await.unwrap();
    assert_eq!(seen.get("hour_cost"), None);
}

async fn departments_and_managers_make_no_circle() {
    let firm = Firm::open().await;
    let line = json!({ "name": "Line 1", "parent": firm.workshop });
    let line = firm.officer.create("hr.department", line).await.unwrap();
    let circle = json!({ "parent": line });
    let refused = firm.officer.update("hr.department", firm.workshop, circle).await;
    assert_eq!(problems(refused), ["parent: circle"]);
    firm.officer.update("hr.employee", firm.will, json!({ "manager": firm.bea })).await.unwrap();
    let refused =
        firm.officer.update("hr.employee", firm.bea, json!({ "manager": firm.will })).await;
    assert_eq!(problems(refused), ["manager: circle"]);
    let refused =
        firm.officer.update("hr.employee", firm.bea, json!({ "manager": firm.bea })).await;
    assert_eq!(problems(refused), ["manager: circle"]);
    let refused = json!({ "left_on": "2025-12-31" });
    let refused = firm.officer.update("hr.employee", firm.will, refused).await;
    assert_eq!(problems(refused), ["left_on: before_start"]);
    let party = firm.officer.get("hr.employee", firm.will).await.unwrap()["party"].clone();
    let party: AnyId = party.as_str().unwrap().parse().unwrap();
    assert_eq!(firm.shop.admin.get("party", party).await.unwrap()["employee"], true);
}

async fn other_modules_ask_about_people() {
    let firm = Firm::open().await;
    firm.grant(firm.will, "20").await;
    let leave = firm.asked("2026-03-10", "2026-03-11").await;
    firm.boss.act("hr.leave", leave, "approve", Json::Null).await.unwrap();
    for (employee, cost) in [(firm.will, "41"), (firm.bea, "40")] {
        let place = json!({ "work_centre": "ASSEMBLY", "hour_cost": cost });
        firm.officer.update("hr.employee", employee, place).await.unwrap();
    }
    let will = firm.worker.ctx.actor().user().unwrap();
    let boss = firm.boss.ctx.actor().user();
    let answers = firm.shop.kernel.read(&firm.officer.ctx, move |tx| {
        Box::pin(async move {
            let people = tx.ports().people.unwrap();
            let day = |text: &str| text.parse::<Date>().unwrap();
            Ok((
                people.manager_of(tx, will).await?,
                people.is_away(tx, will, day("2026-03-10")).await?,
                people.is_away(tx, will, day("2026-03-12")).await?,
                people.hour_cost(tx, "ASSEMBLY", day("2026-03-10")).await?,
                people.hour_cost(tx, "PAINT", day("2026-03-10")).await?,
            ))
        })
    });
    let (manager, away, later, assembly, paint) = answers.await.unwrap();
    assert_eq!(manager, boss);
    assert_eq!((away, later), (true, false));
    assert_eq!((assembly, paint), (Some("40.50".parse::<Money>().unwrap()), None));
}

async fn heads_are_counted_by_department() {
    let firm = Firm::open().await;
    let gone =
        json!({ "left_on": "2026-03-31", "department": firm.workshop, "hired_on": "2025-01-01" });
    hire(&firm.shop, &firm.officer, "Gus", gone).await;
    let ask = [("as_of", "2026-04-01")];
    let table = firm.officer.report("hr.headcount", &ask).await.unwrap();
    assert_eq!(rows(&table, &[1, 2, 3, 4]), ["Workshop 1 1 1", "No department 1 1 0"]);
    assert_eq!(table.totals[2], Value::Int(2));
    assert!(firm.boss.report("hr.headcount", &ask).await.is_err());
}
