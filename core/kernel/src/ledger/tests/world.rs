//! A company with a handful of accounts, and a language of one line a step to tell cases in:
//!
//! ```text
//! post INV 2026-01-05 receivable/acme 120 revenue -120     entry 1, as numbered by the journal
//! reserve R1 shop -3 customer 3                            a promise by the name of R1
//! settle R1 2 shop -2 customer 2 keep
//! balance shop = 3 -> refused: the code of the reason, without its prefix
//! ```
//! Amounts are minor units. Accounts of the book `general` count euros unless `usd` follows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fondaco_values::{AnyId, Date, Id, Timestamp};

use crate::ctx::{Actor, ActorKind, Scopes};
use crate::db::{Cell, Sql};
use crate::error::{Error, Result};
use crate::ledger::*;
use crate::shared::{Company, User};
use crate::store;
use crate::testing::is_postgres;
use crate::tx::{Fut, Tx};
use crate::{Clock, Ctx, Kernel, Record, Setup};

pub(super) const EUR: AnyId = Id::new(1);
pub(super) const USD: AnyId = Id::new(2);
pub(super) const BOLT: AnyId = Id::new(3);
pub(super) const NUT: AnyId = Id::new(4);
pub(super) const COMPANY: Id<Company> = Id::new(10);
pub(super) const OTHER: Id<Company> = Id::new(11);

/// Name, book, kind, currency, floor, ceiling, needs a subsidiary, keeps open items. Limits are in
/// millionths, so that a limit on euros counts hundredths of ten thousand.
pub(super) type Given =
    (&'static str, &'static str, &'static str, Option<i64>, Option<i64>, Option<i64>, bool, bool);

pub(super) const ACCOUNTS: &[Given] = &[
    ("bank", "general", "asset", None, None, None, false, false),
    ("cash", "general", "asset", Some(1), Some(0), None, false, false),
    ("receivable", "general", "asset", None, None, None, true, true),
    ("payable", "general", "liability", None, None, None, true, true),
    ("equity", "general", "equity", None, None, None, false, false),
    ("revenue", "general", "income", None, None, None, false, false),
    ("expense", "general", "expense", None, None, None, false, false),
    ("fx", "general", "expense", None, None, None, false, false),
    ("shop", "stock", "location", None, Some(0), None, false, false),
    ("shelf", "stock", "location", None, Some(0), Some(100), false, false),
    ("supplier", "stock", "location", None, None, None, false, false),
    ("customer", "stock", "location", None, None, None, false, false),
    ("leave", "time", "pool", None, Some(-2), None, true, false),
    ("taken", "time", "pool", None, None, None, false, false),
];

pub(super) const SUBSIDIARIES: &[&str] = &["acme", "bolt-works", "lot1", "lot2", "ann", "bob"];

pub(super) fn account_id(name: &str) -> Id<Account> {
    let at = ACCOUNTS.iter().position(|given| given.0 == name);
    Id::new(100 + at.unwrap_or_else(|| panic!("no account {name}")) as i64)
}

fn subsidiary_id(name: &str) -> AnyId {
    let at = SUBSIDIARIES.iter().position(|given| *given == name);
    Id::new(200 + at.unwrap_or_else(|| panic!("no subsidiary {name}")) as i64)
}

pub(super) fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|_| panic!("not a day: {text}"))
}

pub(super) fn time(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().unwrap()
}

pub(super) fn ctx_of(company: Id<Company>, user: i64) -> Ctx {
    let actor = Actor {
        kind: ActorKind::User,
        user: Some(Id::<User>::new(user)),
        name: format!("user {user}"),
        party: None,
        roles: Vec::new(),
        companies: vec![COMPANY, OTHER],
        scopes: Scopes::All,
    };
    Ctx::new(actor, company, "en")
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) kernel: Kernel,
    pub(super) clock: Clock,
    pub(super) ctx: Ctx,
}

impl World {
    pub(super) async fn new() -> World {
        let clock = Clock::at(time("2027-06-01"));
        let setup =
            Setup { clock: clock.clone(), ..Setup::new(crate::testing::database(), Vec::new()) };
        let kernel = Kernel::open(setup).await.unwrap();
        let world = World { kernel, clock, ctx: ctx_of(COMPANY, 7) };
        world.run(|tx| Box::pin(furnish(tx))).await.unwrap();
        world
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        self.kernel.run(&self.ctx, work).await
    }

    /// As one does who has the database and a tool.
    pub(super) async fn as_owner<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        self.kernel.run(&crate::identity::kernel_itself(), work).await
    }

    /// Takes back sequences that were drawn in vain, where the engine does not, so that a test can
    /// say which comes next.
    pub(super) async fn close_gaps(&self) {
        const BACK: &str = "select setval('ledger_seq', greatest(max(seq), 1), count(*) > 0) \
                            from ledger_entry";
        if is_postgres() {
            self.as_owner(|tx| Box::pin(tx.row(Sql::text(BACK)))).await.unwrap();
        }
    }

    pub(super) async fn exec(&self, sql: Sql) -> u64 {
        self.as_owner(move |tx| {
            let sql = sql.clone();
            Box::pin(async move { tx.exec(sql).await })
        })
        .await
        .unwrap()
    }
}

/// Rows of models, straight into their tables: what tests of the ledger need of them.
async fn furnish(tx: &mut Tx) -> Result<()> {
    for (id, code, exponent) in [(EUR, "QEU", 2_i64), (USD, "QUS", 2)] {
        let cells = [("id", id.into()), ("code", code.into()), ("name", code.into())];
        row(
            tx,
            "currency",
            cells.into_iter().chain([("exponent", exponent.into()), ("active", true.into())]),
        )
        .await?;
    }
    let user = [("id", 7_i64.into()), ("login", "seven".into()), ("name", "Seven".into())];
    row(tx, "user", user.into_iter().chain([("active", true.into())])).await?;
    for company in [COMPANY, OTHER] {
        let name = format!("company {company}");
        let cells = [
            ("id", company.into()),
            ("name", name.into()),
            ("currency", EUR.into()),
            ("fiscal_year_start", 1_i64.into()),
            ("active", true.into()),
        ];
        row(tx, "company", cells.into_iter()).await?;
        let journals = [("M", false), ("INV", true), ("BILL", true)];
        for (n, (code, gapless)) in journals.into_iter().enumerate() {
            let template = gapless.then(|| format!("{code}/{{year}}/{{seq:4}}"));
            let cells = [
                ("id", (company.raw() * 10 + n as i64).into()),
                ("company", company.into()),
                ("code", code.into()),
                ("name", code.into()),
                ("book", GENERAL.into()),
                ("gapless", gapless.into()),
                ("template", template.into()),
            ];
            row(tx, "journal", cells.into_iter()).await?;
        }
    }
    for given in ACCOUNTS {
        account(tx, COMPANY, account_id(given.0), given).await?;
        account(tx, OTHER, Id::new(account_id(given.0).raw() + 1000), given).await?;
    }
    Ok(())
}

async fn account(tx: &mut Tx, company: Id<Company>, id: Id<Account>, given: &Given) -> Result<()> {
    let (name, book, kind, currency, floor, ceiling, needs_subsidiary, open) = *given;
    let millionths = |limit: i64| limit * 1_000_000;
    let cells = [
        ("id", id.into()),
        ("company", company.into()),
        ("book", book.into()),
        ("code", name.into()),
        ("name", name.into()),
        ("kind", kind.into()),
        ("currency", currency.into()),
        ("floor", floor.map(millionths).into()),
        ("ceiling", ceiling.map(millionths).into()),
        ("needs_subsidiary", needs_subsidiary.into()),
        ("open", open.into()),
        ("postable", true.into()),
        ("closed", false.into()),
        ("purpose", Cell::from(name)),
    ];
    row(tx, "account", cells.into_iter()).await
}

async fn row(
    tx: &mut Tx,
    table: &str,
    cells: impl Iterator<Item = (&'static str, Cell)>,
) -> Result<()> {
    let system =
        [("version", Cell::Int(1)), ("created_at", Cell::Int(0)), ("updated_at", Cell::Int(0))];
    let cells: Vec<_> = cells.chain(system).collect();
    let mut sql = Sql::new().lit("insert into ").ident(table).lit(" (");
    for (n, (column, _)) in cells.iter().enumerate() {
        sql = if n == 0 { sql } else { sql.lit(", ") }.ident(column);
    }
    for (n, (_, cell)) in cells.into_iter().enumerate() {
        sql = sql.lit(if n == 0 { ") values (" } else { ", " }).arg(cell);
    }
    tx.exec(sql.lit(")")).await.map(drop)
}

/// What a refusal says: its code without prefix, and the field.
pub(super) fn said(error: &Error) -> String {
    match error {
        Error::Invalid(problems) => {
            let first = problems.first().map(|p| (p.code.as_str(), p.field.as_str()));
            let (code, field) = first.unwrap_or_default();
            format!("refused: {} {field}", code.trim_start_matches("ledger_"))
        }
        Error::Conflict { message, .. } => format!("conflict: {message}"),
        Error::NotFound { model, .. } => format!("no {model}"),
        other => format!("{other:?}"),
    }
}

/// What a case has named so far.
#[derive(Default)]
pub(super) struct Names {
    promises: BTreeMap<String, Id<Pending>>,
    matches: BTreeMap<String, Id<Matched>>,
    exceptions: BTreeMap<String, Id<period::Exception>>,
}

/// Plays a case; every line must say what stands behind its arrow, and without one, succeed.
pub(super) async fn play(script: &'static str) -> World {
    let world = World::new().await;
    let names = Arc::new(Mutex::new(Names::default()));
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (step, wanted) = line.split_once(" -> ").unwrap_or((line, "ok"));
        let words: Vec<&'static str> = step.split_whitespace().collect();
        let names = names.clone();
        if let ["now", when] = words[..] {
            world.clock.set(time(when));
            continue;
        }
        // The transaction is committed also when the step is refused: refusals leave nothing.
        let ran = world.run(move |tx| {
            let (words, names) = (words.clone(), names.clone());
            Box::pin(async move { Ok(step_of(tx, &words, &names).await) })
        });
        let answer = match ran.await.unwrap() {
            Ok(answer) if answer.is_empty() => "ok".to_owned(),
            Ok(answer) => answer,
            Err(error) => said(&error),
        };
        let fine = if wanted == "ok" {
            !answer.starts_with("refused") && !answer.starts_with("conflict")
        } else {
            answer.trim() == wanted.trim()
        };
        assert!(fine, "{line}\n  said: {answer}");
    }
    world
}

async fn step_of(tx: &mut Tx, words: &[&str], names: &Mutex<Names>) -> Result<String> {
    match words {
        ["post", journal, date, rest @ ..] => {
            let posted = post(tx, draft(journal, date, rest)).await?;
            let moved = (posted.date != day(date)).then(|| format!(" on {}", posted.date));
            Ok(format!("{}{}", posted.number.unwrap_or_default(), moved.unwrap_or_default()))
        }
        ["reserve", name, rest @ ..] => {
            let (until, rest) = match rest {
                [rest @ .., "until", until] => (Some(time(until)), rest),
                rest => (None, rest),
            };
            let id = reserve(tx, draft("M", "2026-01-01", rest), until).await?;
            names.lock().unwrap().promises.insert((*name).to_owned(), id);
            Ok(String::new())
        }
        ["settle", name, amount, rest @ .., keep] => {
            let id = names.lock().unwrap().promises[*name];
            let rest_of = if *keep == "keep" { Rest::Keep } else { Rest::Return };
            let draft = draft("M", "2026-01-01", rest);
            settle(tx, id, amount.parse().unwrap(), draft, rest_of).await?;
            Ok(String::new())
        }
        ["release", name] => {
            let id = names.lock().unwrap().promises[*name];
            release(tx, id).await.map(|()| String::new())
        }
        ["promise", name] => {
            let id = names.lock().unwrap().promises[*name];
            let promise = pending(tx, id).await?;
            Ok(format!(
                "{} {} of {} {:?}",
                promise.state,
                promise.left(),
                promise.total,
                promise.remaining
            ))
        }
        ["expire"] => expire_due(tx).await.map(|n| n.to_string()),
        ["reverse", entry, date, mode] => {
            let mode = if *mode == "storno" { Mode::Storno } else { Mode::Opposite };
            let entry = Id::new(entry.parse().unwrap());
            reverse(tx, entry, day(date), "a mistake", mode).await.map(|_| String::new())
        }
        ["match" | "unmatch" | "open", ..] => matching_step(tx, words, names).await,
        [
            "year" | "close" | "reopen" | "lock" | "soft" | "hard" | "grant" | "revoke" | "under",
            ..,
        ] => calendar_step(tx, words, names).await,
        _ => question(tx, words).await,
    }
}

async fn matching_step(tx: &mut Tx, words: &[&str], names: &Mutex<Names>) -> Result<String> {
    match words {
        ["match", name, parts @ ..] => {
            let parts: Vec<Part> = parts.iter().map(|word| part(word)).collect();
            let matched = match_items(tx, &parts).await?;
            names.lock().unwrap().matches.insert((*name).to_owned(), matched.id);
            Ok(if matched.difference == 0 { String::new() } else { matched.difference.to_string() })
        }
        ["unmatch", name] => {
            let id = names.lock().unwrap().matches[*name];
            unmatch(tx, id).await.map(|()| String::new())
        }
        ["open", account] => {
            let (account, subsidiary) = place(account);
            let items = open_items(tx, account, subsidiary).await?;
            let each = items.iter().map(|item| {
                let line = item.line.raw();
                format!("{}.{} {}/{}", line / 65536, line % 65536, item.residual, item.functional)
            });
            Ok(each.collect::<Vec<_>>().join(", "))
        }
        other => panic!("no step {other:?}"),
    }
}

/// `1.2:50` is 50 of the second line of entry 1; without an amount it is the rest.
fn part(word: &str) -> Part {
    let (line, amount) = word.split_once(':').unwrap_or((word, ""));
    let (entry, position) = line.split_once('.').unwrap();
    let line = LineRef::new(Id::new(entry.parse().unwrap()), position.parse().unwrap());
    amount.parse().map_or(Part::rest(line), |amount| Part::of(line, amount))
}

async fn calendar_step(tx: &mut Tx, words: &[&str], names: &Mutex<Names>) -> Result<String> {
    let month = |text: &str| day(&format!("{text}-01"));
    match words {
        ["close", m] => period::close(tx, GENERAL, month(m)).await?,
        ["close", book, m] => period::close(tx, book, month(m)).await?,
        ["reopen", m] => period::reopen(tx, GENERAL, month(m)).await?,
        ["lock", m] => period::lock(tx, GENERAL, month(m)).await?,
        ["soft", d] => period::lock_softly(tx, GENERAL, d.parse().ok()).await?,
        ["hard", d] => period::lock_hard(tx, GENERAL, day(d)).await?,
        ["grant", name, user, until, reason @ ..] => {
            let exception = period::Exception {
                book: GENERAL.to_owned(),
                user: Id::new(user.parse().unwrap()),
                reason: reason.join(" "),
                expires_at: time(until),
            };
            let id = period::grant(tx, &exception).await?;
            names.lock().unwrap().exceptions.insert((*name).to_owned(), id);
        }
        ["revoke", name] => {
            let id = names.lock().unwrap().exceptions[*name];
            period::revoke(tx, id).await?;
        }
        ["under", name] => {
            let id = names.lock().unwrap().exceptions[*name];
            return Ok(format!("{:?}", period::entries_under(tx, id).await?));
        }
        ["year", "close", d, result] => {
            close_year(tx, day(d), account_id(result), "M").await?;
        }
        ["year", "reopen", d] => {
            reopen_year(tx, day(d), "late bills").await?;
        }
        other => panic!("no step {other:?}"),
    }
    Ok(String::new())
}

async fn question(tx: &mut Tx, words: &[&str]) -> Result<String> {
    match words {
        ["balance", what, unit, rest @ ..] => {
            let (account, subsidiary) = place(what);
            let as_of = rest.first().map(|d| day(d));
            let unit = Some(unit_of(unit));
            let filter = Filter { unit, subsidiary, as_of, ..Filter::account(account) };
            Ok(amount(tx, &filter).await?.to_string())
        }
        ["available", what, unit] => {
            let (account, subsidiary) = place(what);
            Ok(available(tx, account, unit_of(unit), subsidiary).await?.to_string())
        }
        ["trial", rest @ ..] => {
            let trial = trial_balance(tx, rest.first().map(|d| day(d)), None).await?;
            let rows = trial.rows.iter().filter(|row| row.balance != 0);
            let rows = rows.map(|row| format!("{} {}", row.code, row.balance));
            Ok(rows.collect::<Vec<_>>().join(", "))
        }
        ["turnover", account] => {
            let sums = balance(tx, &Filter::account(account_id(account)), &[]).await?;
            Ok(format!("{} {}", sums[0].debit, sums[0].credit))
        }
        ["limit", account, floor, ceiling] => {
            let cell = |text: &str| text.parse::<i64>().ok().map(|limit| limit * 1_000_000);
            let sql = Sql::text("update account set floor = $1, ceiling = $2 where id = $3");
            tx.exec(sql.bind(cell(floor)).bind(cell(ceiling)).bind(account_id(account))).await?;
            Ok(String::new())
        }
        ["set", account, column, value] => {
            let sql = Sql::new().lit("update account set ").ident(column).lit(" = ");
            let sql = sql.arg(value.parse::<i64>().unwrap()).lit(" where id = ");
            tx.exec(sql.arg(account_id(account))).await?;
            Ok(String::new())
        }
        ["items", account, on] => {
            let mut account: Kept = store::get(tx, account_id(account).cast()).await?;
            account.open = *on == "on";
            store::update(tx, &mut account).await.map(|()| String::new())
        }
        ["delete", account] => {
            store::delete::<Kept>(tx, account_id(account).cast()).await.map(|()| String::new())
        }
        ["upkeep"] => upkeep(tx).await.map(|()| String::new()),
        ["rebuild"] => {
            let kept = open_rows(tx).await?;
            rebuild(tx).await?;
            let same = kept == open_rows(tx).await?;
            Ok(if same { "the same" } else { "other open items" }.to_owned())
        }
        ["verify"] => Ok(format!("{:?}", verify(tx, None, None).await?)),
        other => panic!("no step {other:?}"),
    }
}

/// An account as records change it.
#[derive(Record, Clone, Debug)]
#[record("account")]
struct Kept {
    id: Id<Kept>,
    version: i64,
    open: bool,
}

async fn open_rows(tx: &mut Tx) -> Result<Vec<Vec<Cell>>> {
    let rows = tx.rows(Sql::text("select * from ledger_open order by line")).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

fn unit_of(name: &str) -> AnyId {
    match name {
        "eur" => EUR,
        "usd" => USD,
        "bolt" | "day" => BOLT,
        "nut" => NUT,
        other => panic!("no unit {other}"),
    }
}

fn place(word: &str) -> (Id<Account>, Option<AnyId>) {
    let (account, subsidiary) = word.split_once('/').unwrap_or((word, ""));
    (account_id(account), (!subsidiary.is_empty()).then(|| subsidiary_id(subsidiary)))
}

/// `receivable/acme 120 revenue -120 [key k] [exchange]`; `120usd=100` is 120 dollars worth 100.
fn draft(journal: &str, date: &str, words: &[&str]) -> Draft {
    let mut draft = Draft::new(journal, day(date), "a case");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "key" => draft.key = words.next().map(|key| (*key).to_owned()),
            "exchange" => draft.exchange = true,
            "storno" => {
                if let Some(line) = draft.lines.last_mut() {
                    line.storno = true;
                }
            }
            what => draft.lines.push(line(what, words.next().unwrap())),
        }
    }
    draft
}

fn line(what: &str, amount: &str) -> Line {
    let (account, subsidiary) = place(what);
    let money = ACCOUNTS[(account.raw() - 100) as usize].1 == GENERAL;
    let (number, functional) = match amount.split_once("usd=") {
        Some((number, functional)) => (number, functional.parse().ok()),
        None => (amount.trim_end_matches("nut"), None),
    };
    let unit = match (money, functional, amount.ends_with("nut")) {
        (true, None, _) => EUR,
        (true, Some(_), _) => USD,
        (false, _, true) => NUT,
        (false, _, false) => BOLT,
    };
    let line = Line::signed(account, unit, number.parse().unwrap());
    Line { subsidiary, functional, ..line }
}
