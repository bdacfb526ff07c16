//! Reports over opportunities: the pipeline by stage, the forecast by month, the losses by reason.
//! They count what the caller may see. Amounts are in the company's currency, at today's rates.

use std::collections::BTreeMap;

use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::shared::{Currency, User};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::values::{AnyId, Date, Id, Money, Timestamp, Value};
use fondaco_kernel::{Args, Result, Table, Tx, store};

use crate::exchange::Exchange;
use crate::opportunity::{OPPORTUNITY, Stage};

const DAY_S: i64 = 86_400;

/// An opportunity as reports look at it, in the company's currency.
struct Seen {
    stage: Option<Id<Stage>>,
    expected: Money,
    weighted: Money,
    expected_close: Option<Date>,
    stage_since: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    lost_reason: Option<(AnyId, String)>,
    won: bool,
}

/// All opportunities that fit a condition and that the caller may see.
async fn all(tx: &mut Tx, conditions: &[String]) -> Result<Vec<Seen>> {
    let fields = [
        "state",
        "stage",
        "currency",
        "expected_revenue",
        "weighted_revenue",
        "expected_close",
        "stage_since",
        "closed_at",
        "lost_reason",
    ];
    let mut query = Query {
        filter: Some(conditions.join(" && ")),
        sort: vec!["id".to_owned()],
        limit: Some(PAGE_SIZE_MAX),
        show: Select { fields: fields.map(str::to_owned).to_vec(), expand: Vec::new() },
        ..Query::default()
    };
    let today = tx.today();
    let mut exchange = Exchange::on(tx, today).await?;
    let mut all = Vec::new();
    loop {
        let page = records::list(tx, OPPORTUNITY, &query).await?;
        for rec in &page.rows {
            all.push(seen(tx, rec, &mut exchange).await?);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(all),
        }
    }
}

async fn seen(tx: &mut Tx, rec: &Rec, exchange: &mut Exchange) -> Result<Seen> {
    let currency = rec.link::<Currency>("currency").unwrap_or_default();
    let expected = rec.money("expected_revenue").unwrap_or(Money::ZERO);
    let weighted = rec.money("weighted_revenue").unwrap_or(Money::ZERO);
    let reason = rec.link::<fondaco_kernel::values::Any>("lost_reason");
    let name = rec.title_of("lost_reason").unwrap_or("?").to_owned();
    Ok(Seen {
        stage: rec.link("stage"),
        expected: exchange.amount(tx, expected, currency).await?,
        weighted: exchange.amount(tx, weighted, currency).await?,
        expected_close: rec.date("expected_close"),
        stage_since: rec.get("stage_since").as_time(),
        closed_at: rec.get("closed_at").as_time(),
        lost_reason: reason.map(|reason| (reason, name)),
        won: rec.state() == Some("won"),
    })
}

fn of_salesperson(args: &Args) -> Option<String> {
    args.link::<User>("salesperson").map(|user| format!("salesperson == {user}"))
}

pub(crate) async fn pipeline(tx: &mut Tx, args: Args) -> Result<Table> {
    let mut conditions = vec!["state == 'open'".to_owned()];
    conditions.extend(of_salesperson(&args));
    conditions.extend(args.date("from").map(|day| format!("expected_close >= date('{day}')")));
    conditions.extend(args.date("until").map(|day| format!("expected_close <= date('{day}')")));
    let open = all(tx, &conditions).await?;
    let stages = store::find::<Stage>(tx, Filter::new().sort("sequence")).await?;
    let (today, now) = (tx.today(), tx.now());
    let mut rows = Vec::new();
    for stage in &stages {
        let own: Vec<&Seen> = open.iter().filter(|one| one.stage == Some(stage.id)).collect();
        if stage.active || !own.is_empty() {
            rows.push(of_stage(&stage.name, &own, today, now));
        }
    }
    let none: Vec<&Seen> = open.iter().filter(|one| one.stage.is_none()).collect();
    if !none.is_empty() {
        rows.push(of_stage("None", &none, today, now));
    }
    let everything: Vec<&Seen> = open.iter().collect();
    Ok(Table { rows, totals: of_stage("All", &everything, today, now) })
}

fn of_stage(name: &str, own: &[&Seen], today: Date, now: Timestamp) -> Vec<Value> {
    let days = own.iter().filter_map(|one| one.stage_since);
    let days: Vec<i64> =
        days.map(|since| (now.as_second() - since.as_second()).max(0) / DAY_S).collect();
    let overdue = own.iter().filter(|one| one.expected_close.is_some_and(|day| day < today));
    vec![
        Value::from(name),
        count(own.len()),
        own.iter().map(|one| one.expected).sum::<Money>().into(),
        own.iter().map(|one| one.weighted).sum::<Money>().into(),
        average(&days).into(),
        count(overdue.count()),
    ]
}

/// Rounded down; `None` of nothing.
fn average(days: &[i64]) -> Option<i64> {
    let number = i64::try_from(days.len()).ok()?;
    days.iter().sum::<i64>().checked_div(number)
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What a month brings.
#[derive(Clone, Debug, Default)]
struct Month {
    won: Money,
    opportunities: usize,
    expected: Money,
    weighted: Money,
}

impl Month {
    fn add(&mut self, one: &Seen) {
        if one.won {
            self.won += one.expected;
            return;
        }
        self.opportunities += 1;
        self.expected += one.expected;
        self.weighted += one.weighted;
    }

    fn row(&self, name: &str) -> Vec<Value> {
        vec![
            Value::from(name),
            self.won.into(),
            count(self.opportunities),
            self.expected.into(),
            self.weighted.into(),
            (self.won + self.weighted).into(),
        ]
    }
}

/// Where something stands in a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// Expected before the first month, and still open.
    Overdue,
    /// Year and month.
    In(i16, i8),
    Unknown,
}

impl When {
    fn name(self) -> String {
        match self {
            When::Overdue => "Overdue".to_owned(),
            When::In(year, month) => format!("{year}-{month:02}"),
            When::Unknown => "No date".to_owned(),
        }
    }
}

/// When an opportunity was won or may be; `None` when that is not among the months.
fn when(one: &Seen, months: &[When]) -> Option<When> {
    let day = if one.won {
        one.closed_at.and_then(|at| at.in_tz("UTC").ok()).map(|at| at.date())
    } else {
        one.expected_close
    };
    let Some(day) = day else { return (!one.won).then_some(When::Unknown) };
    let month = When::In(day.year(), day.month());
    if months.contains(&month) {
        return Some(month);
    }
    (!one.won && months.first().is_some_and(|first| month < *first)).then_some(When::Overdue)
}

/// So many months from the one of a day on.
fn months(from: Date, number: i64) -> Vec<When> {
    let mut months = Vec::new();
    let (mut year, mut month) = (from.year(), from.month());
    for _ in 0..number {
        months.push(When::In(year, month));
        (year, month) = if month == 12 { (year.saturating_add(1), 1) } else { (year, month + 1) };
    }
    months
}

pub(crate) async fn forecast(tx: &mut Tx, args: Args) -> Result<Table> {
    const MONTHS: i64 = 12;
    let from = args.date("from").unwrap_or(tx.today()).first_of_month();
    let months = months(from, args.int("months").unwrap_or(MONTHS));
    let won = format!("state == 'won' && closed_at >= time('{from}')");
    let mut conditions = vec![format!("(state == 'open' || {won})")];
    conditions.extend(of_salesperson(&args));
    let found = all(tx, &conditions).await?;
    let mut by_month: BTreeMap<When, Month> =
        months.iter().map(|month| (*month, Month::default())).collect();
    let mut total = Month::default();
    for one in &found {
        let Some(when) = when(one, &months) else { continue };
        by_month.entry(when).or_default().add(one);
        total.add(one);
    }
    let rows = by_month.iter().map(|(when, month)| month.row(&when.name())).collect();
    Ok(Table { rows, totals: total.row("All") })
}

pub(crate) async fn losses(tx: &mut Tx, args: Args) -> Result<Table> {
    let mut conditions = vec!["state == 'lost'".to_owned()];
    conditions.extend(of_salesperson(&args));
    conditions.extend(args.date("from").map(|day| format!("closed_at >= time('{day}')")));
    let after = args.date("until").and_then(|until| until.tomorrow().ok());
    conditions.extend(after.map(|day| format!("closed_at < time('{day}')")));
    let lost = all(tx, &conditions).await?;
    let mut reasons: BTreeMap<(String, Option<AnyId>), (usize, Money)> = BTreeMap::new();
    for one in &lost {
        let (id, name) = match &one.lost_reason {
            Some((id, name)) => (Some(*id), name.clone()),
            None => (None, "None".to_owned()),
        };
        let (number, amount) = reasons.entry((name, id)).or_default();
        *number += 1;
        *amount += one.expected;
    }
    let row = |name: &str, number: usize, amount: Money| {
        vec![Value::from(name), count(number), amount.into()]
    };
    let mut rows: Vec<_> = reasons.into_iter().collect();
    rows.sort_by_key(|(_, (_, amount))| std::cmp::Reverse(*amount));
    let rows = rows.iter().map(|((name, _), (number, amount))| row(name, *number, *amount));
    let sum = lost.iter().map(|one| one.expected).sum();
    Ok(Table { rows: rows.collect(), totals: row("All", lost.len(), sum) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(day: Option<&str>) -> Seen {
        Seen {
            stage: None,
            expected: "1000".parse().unwrap(),
            weighted: "250".parse().unwrap(),
            expected_close: day.map(|day| day.parse().unwrap()),
            stage_since: None,
            closed_at: None,
            lost_reason: None,
            won: false,
        }
    }

    fn won(at: &str) -> Seen {
        Seen { won: true, closed_at: Some(at.parse().unwrap()), ..open(Some("2026-11-01")) }
    }

    #[test]
    fn months_go_over_the_year() {
        let names: Vec<String> =
            months(Date::constant(2026, 11, 1), 3).into_iter().map(When::name).collect();
        assert_eq!(names, ["2026-11", "2026-12", "2027-01"]);
    }

    #[test]
    fn what_counts_where() {
        let months = months(Date::constant(2026, 3, 1), 3);
        for (one, expected) in [
            (open(Some("2026-03-31")), Some("2026-03")),
            (open(Some("2026-02-28")), Some("Overdue")),
            (open(Some("2026-06-01")), None),
            (open(None), Some("No date")),
            (won("2026-05-31T23:59:59Z"), Some("2026-05")),
            (won("2026-02-28T23:59:59Z"), None),
            (won("2026-06-01T00:00:00Z"), None),
        ] {
            let found = when(&one, &months).map(When::name);
            assert_eq!(found.as_deref(), expected);
        }
    }

    #[test]
    fn a_month_holds_what_is_won_and_what_may_come() {
        let mut month = Month::default();
        for one in [open(None), open(None), won("2026-03-09T10:00:00Z")] {
            month.add(&one);
        }
        let money = |text: &str| Value::from(text.parse::<Money>().unwrap());
        let expected = vec![
            "2026-03".into(),
            money("1000"),
            Value::Int(2),
            money("2000"),
            money("500"),
            money("1500"),
        ];
        assert_eq!(month.row("2026-03"), expected);
    }

    #[test]
    fn a_stage_in_figures() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().unwrap();
        let since = |text: &str| Some(text.parse().unwrap());
        let one = Seen { stage_since: since("2026-03-01T00:00:00Z"), ..open(Some("2026-03-08")) };
        let other = Seen { stage_since: since("2026-03-07T13:00:00Z"), ..open(Some("2026-03-09")) };
        let row = of_stage("New", &[&one, &other], Date::constant(2026, 3, 9), now);
        assert_eq!(row[1], Value::Int(2));
        assert_eq!((&row[4], &row[5]), (&Value::Int(4), &Value::Int(1)));
        assert_eq!(of_stage("New", &[], Date::constant(2026, 3, 9), now)[4], Value::Null);
    }
}
