//! Floors and ceilings: balances that are kept in the transaction because something must be refused.
//! An account that needs a subsidiary is limited for each subsidiary alone; any other as a whole
//! and in each of its subsidiaries. What is reserved to go out counts as gone, what is reserved to
//! come in counts only against a ceiling.
//! Not here: balances of all other accounts (`balance`), which are rolled up.
//! INVARIANT: floor ≤ posted − reserved out, posted + reserved in ≤ ceiling, at every commit; a
//! posting that makes a broken limit no worse passes.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{AnyId, Decimal, Id, Problem};

use super::account::{Account, Chart, LIMIT_SCALE};
use super::post::Freed;
use super::reason::{Reason, Ruled};
use super::{among, balance};
use crate::db::{Row, Sql};
use crate::error::Result;
use crate::{Error, Tx};

/// Account, unit, subsidiary (0 = the account as a whole).
type Key = (i64, i64, i64);

/// What a posting or a reservation does to kept balances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) posted: i64,
    pub(crate) reserved_out: i64,
    pub(crate) reserved_in: i64,
}

/// The changes of one unit of work, by the rows they touch, in the order they are locked.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    rows: BTreeMap<Key, Change>,
    /// The line that first touched each row, to name it in a problem.
    lines: BTreeMap<Key, String>,
}

/// One movement of a line, before it is known which rows keep it.
pub(crate) struct Movement<'f> {
    pub(crate) account: Id<Account>,
    pub(crate) unit: AnyId,
    pub(crate) subsidiary: Option<AnyId>,
    pub(crate) change: Change,
    /// The path of the line in what was asked.
    pub(crate) field: &'f dyn Fn() -> String,
}

impl Change {
    pub(crate) fn posted(amount: i64) -> Change {
        Change { posted: amount, ..Change::default() }
    }

    pub(crate) fn reserved(amount: i64) -> Change {
        let (reserved_out, reserved_in) = (amount.min(0).saturating_neg(), amount.max(0));
        Change { posted: 0, reserved_out, reserved_in }
    }

    pub(crate) fn freed(amount: i64) -> Change {
        let kept = Change::reserved(amount);
        Change { posted: 0, reserved_out: -kept.reserved_out, reserved_in: -kept.reserved_in }
    }

    /// `None` when a sum leaves 64 bits.
    fn plus(self, other: Change) -> Option<Change> {
        Some(Change {
            posted: self.posted.checked_add(other.posted)?,
            reserved_out: self.reserved_out.checked_add(other.reserved_out)?,
            reserved_in: self.reserved_in.checked_add(other.reserved_in)?,
        })
    }

    fn available(self) -> i128 {
        i128::from(self.posted) - i128::from(self.reserved_out)
    }

    fn expected(self) -> i128 {
        i128::from(self.posted) + i128::from(self.reserved_in)
    }
}

impl Changes {
    /// Adds a movement to the rows that keep it; on an account without limits there are none.
    pub(crate) fn add(&mut self, chart: &Chart, movement: &Movement<'_>) -> Result<()> {
        let Some(account) = chart.account(movement.account).filter(|a| a.is_limited()) else {
            return Ok(());
        };
        let subsidiary = movement.subsidiary.map(Id::raw);
        let whole = (!account.needs_subsidiary).then_some(0);
        for place in [whole, subsidiary].into_iter().flatten() {
            let key = (account.id.raw(), movement.unit.raw(), place);
            let row = self.rows.entry(key).or_default();
            let out_of_range = || Reason::OutOfRange { account: account.code.clone() };
            let sum = row.plus(movement.change);
            *row = sum.ok_or_else(|| out_of_range().refusal((movement.field)()))?;
            self.lines.entry(key).or_insert_with(movement.field);
        }
        Ok(())
    }

    /// Adds what is taken back of promises.
    pub(crate) fn free(&mut self, chart: &Chart, frees: &[Freed]) -> Result<()> {
        let field = || "amount".to_owned();
        for (account, unit, subsidiary, amount) in frees {
            let (account, unit, subsidiary) = (*account, *unit, *subsidiary);
            let change = Change::freed(*amount);
            self.add(chart, &Movement { account, unit, subsidiary, change, field: &field })?;
        }
        Ok(())
    }

    /// Checks every row against its limits, then writes them all: two statements, or none.
    pub(crate) async fn apply(self, tx: &mut Tx, chart: &Chart) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = self.rows.keys().copied().collect();
        let before = read(tx, &keys).await?;
        let mut problems = Vec::new();
        for (key, change) in &self.rows {
            let was = before.get(key).copied().unwrap_or_default();
            if let Err(reason) = judge(chart, *key, was, *change) {
                problems.push(reason.at(self.lines.get(key).cloned().unwrap_or_default()));
            }
        }
        // The account as a whole and its lot break together: one sentence is enough.
        problems
            .dedup_by(|a: &mut Problem, b: &mut Problem| a.field == b.field && a.code == b.code);
        crate::error::refuse_if_any(problems)?;
        let rows: Vec<(Key, Change)> = self.rows.into_iter().collect();
        let after = write(tx, &rows).await?;
        for (key, change) in &rows {
            let was = before.get(key).copied().unwrap_or_default();
            // Where writers race, the row may have moved between the two statements.
            if after.get(key).copied() != was.plus(*change) {
                let message = "a balance moved meanwhile; try again".to_owned();
                return Err(Error::Storage { kind: crate::error::StorageKind::Retry, message });
            }
        }
        Ok(())
    }
}

/// Whether a row may change so.
fn judge(chart: &Chart, key: Key, was: Change, change: Change) -> Ruled<Change> {
    let Some(account) = chart.account(Id::new(key.0)) else { return Ok(was) };
    let unit = AnyId::new(key.1);
    let code = || account.code.clone();
    let now = was.plus(change).ok_or_else(|| Reason::OutOfRange { account: code() })?;
    let scale = chart.scale(unit);
    let floor = account.floor.map(|floor| minor(floor, scale, Bound::Floor));
    if let Some(floor) = floor
        && now.available() < floor
        && now.available() < was.available()
    {
        let left = decimal((was.available() - floor).max(0), scale);
        let asked = decimal(was.available() - now.available(), scale);
        return Err(Reason::BelowFloor { account: code(), unit, left, asked });
    }
    let ceiling = account.ceiling.map(|ceiling| minor(ceiling, scale, Bound::Ceiling));
    if let Some(ceiling) = ceiling
        && now.expected() > ceiling
        && now.expected() > was.expected()
    {
        let room = decimal((ceiling - was.expected()).max(0), scale);
        let asked = decimal(now.expected() - was.expected(), scale);
        return Err(Reason::AboveCeiling { account: code(), unit, room, asked });
    }
    Ok(now)
}

enum Bound {
    Floor,
    Ceiling,
}

/// A limit in minor units of its unit; what falls between two of them goes to the strict side.
fn minor(limit: i64, scale: u8, bound: Bound) -> i128 {
    let per_minor = 10_i128.pow(u32::from(LIMIT_SCALE - scale.min(LIMIT_SCALE)));
    let limit = i128::from(limit);
    match bound {
        Bound::Floor => -(-limit).div_euclid(per_minor),
        Bound::Ceiling => limit.div_euclid(per_minor),
    }
}

fn decimal(minor: i128, scale: u8) -> Decimal {
    Decimal::try_from_i128_with_scale(minor, u32::from(scale)).unwrap_or(Decimal::MAX).normalize()
}

/// Rows of one statement: six values each, and SQLite binds 32,766.
const ROWS_MAX: usize = 4_000;

async fn read(tx: &mut Tx, keys: &[Key]) -> Result<BTreeMap<Key, Change>> {
    let mut found = BTreeMap::new();
    for keys in keys.chunks(ROWS_MAX) {
        let mut sql = Sql::new().lit(
            "select account, unit, subsidiary, posted, reserved_out, reserved_in \
             from ledger_limited where (account, unit, subsidiary) in (values ",
        );
        for (n, (account, unit, subsidiary)) in keys.iter().enumerate() {
            sql = sql.lit(if n == 0 { "(" } else { ", (" }).arg(*account).lit(", ").arg(*unit);
            sql = sql.lit(", ").arg(*subsidiary).lit(")");
        }
        found.extend(tx.rows(sql.lit(")")).await?.iter().map(from_row));
    }
    Ok(found)
}

/// Adds the changes to their rows; answers the rows as they are now.
async fn write(tx: &mut Tx, rows: &[(Key, Change)]) -> Result<BTreeMap<Key, Change>> {
    let mut written = BTreeMap::new();
    for rows in rows.chunks(ROWS_MAX) {
        let mut sql = Sql::new().lit(
            "insert into ledger_limited \
             (account, unit, subsidiary, posted, reserved_out, reserved_in) values ",
        );
        for (n, ((account, unit, subsidiary), change)) in rows.iter().enumerate() {
            sql = sql.lit(if n == 0 { "(" } else { ", (" }).arg(*account).lit(", ").arg(*unit);
            sql = sql.lit(", ").arg(*subsidiary).lit(", ").arg(change.posted).lit(", ");
            sql = sql.arg(change.reserved_out).lit(", ").arg(change.reserved_in).lit(")");
        }
        let sql = sql.lit(
            " on conflict (account, unit, subsidiary) do update set \
             posted = ledger_limited.posted + excluded.posted, \
             reserved_out = ledger_limited.reserved_out + excluded.reserved_out, \
             reserved_in = ledger_limited.reserved_in + excluded.reserved_in \
             returning account, unit, subsidiary, posted, reserved_out, reserved_in",
        );
        written.extend(tx.rows(sql).await?.iter().map(from_row));
    }
    Ok(written)
}

fn from_row(row: &Row) -> (Key, Change) {
    let key = (row.int(0), row.int(1), row.int(2));
    (key, Change { posted: row.int(3), reserved_out: row.int(4), reserved_in: row.int(5) })
}

/// Brings the kept rows in line with the rules that accounts have now: one that got its first limit
/// since it was last posted to has its rows built, one that lost its last has them dropped, one
/// that is limited in another way has them built anew.
pub(crate) async fn attune(tx: &mut Tx, chart: &Chart) -> Result<()> {
    let changed = |account: &&Account| !account.is_kept();
    let (mut build, mut drop) = (BTreeSet::new(), BTreeSet::new());
    for account in chart.accounts().filter(changed) {
        if account.watched.is_some() {
            drop.insert(account.id.raw());
        }
        if account.is_limited() {
            build.insert(account.id.raw());
        }
    }
    if !drop.is_empty() {
        forget(tx, &drop).await?;
    }
    if !build.is_empty() {
        watch(tx, chart, &build).await?;
    }
    Ok(())
}

async fn forget(tx: &mut Tx, accounts: &BTreeSet<i64>) -> Result<()> {
    for delete in
        ["delete from ledger_limited where account", "delete from ledger_watched where account"]
    {
        tx.exec(among(Sql::new().lit(delete), tx.dialect(), accounts)).await?;
    }
    Ok(())
}

async fn watch(tx: &mut Tx, chart: &Chart, accounts: &BTreeSet<i64>) -> Result<()> {
    let mut rows: BTreeMap<Key, Change> = BTreeMap::new();
    let mut add = |account: i64, unit: i64, subsidiary: Option<i64>, change: Change| {
        let single = chart.account(Id::new(account)).is_some_and(|a| a.needs_subsidiary);
        for place in [(!single).then_some(0), subsidiary].into_iter().flatten() {
            let row = rows.entry((account, unit, place)).or_default();
            *row = row.plus(change).unwrap_or(*row);
        }
    };
    for (account, unit, subsidiary, amount) in balance::of_accounts(tx, accounts).await? {
        add(account, unit, subsidiary, Change::posted(amount));
    }
    for (account, unit, subsidiary, out, into) in reserved(tx, accounts).await? {
        add(account, unit, subsidiary, Change { posted: 0, reserved_out: out, reserved_in: into });
    }
    let rows: Vec<(Key, Change)> = rows.into_iter().collect();
    write(tx, &rows).await?;
    let alone = |id: &i64| chart.account(Id::new(*id)).is_some_and(|a| a.needs_subsidiary);
    let marks: Vec<_> = accounts.iter().map(|id| vec![(*id).into(), alone(id).into()]).collect();
    tx.insert_rows("ledger_watched", &["account", "alone"], &marks).await
}

/// What is promised on those accounts, by unit and subsidiary: going out, coming in. With zeros
/// where something was promised once, so that rows built anew equal rows kept.
async fn reserved(
    tx: &mut Tx,
    accounts: &BTreeSet<i64>,
) -> Result<Vec<(i64, i64, Option<i64>, i64, i64)>> {
    let sql = Sql::new().lit(
        "select account, unit, subsidiary, \
         cast(-sum(case when remaining < 0 then remaining else 0 end) as bigint), \
         cast(sum(case when remaining > 0 then remaining else 0 end) as bigint) \
         from ledger_pending_line where account",
    );
    let sql = among(sql, tx.dialect(), accounts).lit(" group by account, unit, subsidiary");
    let read = |r: &Row| (r.int(0), r.int(1), r.opt_int(2), r.int(3), r.int(4));
    Ok(tx.rows(sql).await?.iter().map(read).collect())
}

/// What an account has to give: posted, less what is reserved to go out. With a subsidiary, at
/// most what the account as a whole has to give.
pub async fn available(
    tx: &mut Tx,
    account: Id<Account>,
    unit: AnyId,
    subsidiary: Option<AnyId>,
) -> Result<i64> {
    let account = super::account::get(tx, account).await?;
    if !account.is_kept() {
        return summed(tx, &account, unit, subsidiary).await;
    }
    let whole = (account.id.raw(), unit.raw(), 0);
    let part = subsidiary.map(|s| (account.id.raw(), unit.raw(), s.raw()));
    let keys: Vec<Key> = match (account.needs_subsidiary, part) {
        (true, None) => return summed(tx, &account, unit, None).await,
        (true, Some(part)) => vec![part],
        (false, part) => [Some(whole), part].into_iter().flatten().collect(),
    };
    let rows = read(tx, &keys).await?;
    let left = |key: &Key| rows.get(key).copied().unwrap_or_default().available();
    let least = keys.iter().map(left).min().unwrap_or_default();
    Ok(i64::try_from(least).unwrap_or(i64::MIN))
}

/// The same from the sums, for accounts that are not limited.
async fn summed(
    tx: &mut Tx,
    account: &Account,
    unit: AnyId,
    subsidiary: Option<AnyId>,
) -> Result<i64> {
    let only = BTreeSet::from([account.id.raw()]);
    let (unit, wanted) = (unit.raw(), subsidiary.map(Id::raw));
    let counts = |u: i64, s: Option<i64>| u == unit && (wanted.is_none() || wanted == s);
    let posted = balance::of_accounts(tx, &only).await?;
    let posted = posted.iter().filter(|(_, u, s, _)| counts(*u, *s)).map(|(.., amount)| amount);
    let posted: i64 = posted.sum();
    let out = reserved(tx, &only).await?;
    let out: i64 = out.iter().filter(|(_, u, s, ..)| counts(*u, *s)).map(|(.., out, _)| out).sum();
    Ok(posted - out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_between_two_minor_units_go_to_the_strict_side() {
        assert_eq!(minor(5_000, 2, Bound::Floor), 1, "0.005 of a euro is more than nothing");
        assert_eq!(minor(-5_000, 2, Bound::Floor), 0);
        assert_eq!(minor(5_000, 2, Bound::Ceiling), 0);
        assert_eq!(minor(20_000_000_000, 2, Bound::Ceiling), 2_000_000);
        assert_eq!(minor(3_000_000, 6, Bound::Floor), 3_000_000);
    }

    /// What a row (posted, reserved out, reserved in) says to a change of an account with limits.
    fn check(was: (i64, i64, i64), change: Change) -> &'static str {
        let mut account = Account::sample(1, "stock");
        (account.floor, account.ceiling) = (Some(0), Some(10));
        let chart = Chart::sample(Id::new(9), &[], [account].into_iter());
        let was = Change { posted: was.0, reserved_out: was.1, reserved_in: was.2 };
        match judge(&chart, (1, 7, 0), was, change) {
            Ok(_) => "ok",
            Err(reason) => reason.code(),
        }
    }

    #[test]
    fn promises_count_at_once() {
        assert_eq!(check((5, 0, 0), Change::posted(-5)), "ok");
        assert_eq!(check((5, 0, 0), Change::posted(-6)), "ledger_below_floor");
        assert_eq!(check((5, 3, 0), Change::posted(-3)), "ledger_below_floor");
        assert_eq!(check((5, 3, 0), Change::reserved(-2)), "ok");
        assert_eq!(check((5, 3, 4), Change::reserved(-3)), "ledger_below_floor");
        assert_eq!(check((5, 0, 5), Change::posted(1)), "ledger_above_ceiling");
        assert_eq!(check((5, 5, 0), Change::reserved(6)), "ledger_above_ceiling");
        assert_eq!(check((5, 3, 0), Change::freed(-3)), "ok");
        assert_eq!(check((i64::MAX, 0, 0), Change::posted(1)), "ledger_out_of_range");
    }

    #[test]
    fn what_makes_a_broken_limit_no_worse_passes() {
        assert_eq!(check((-5, 0, 0), Change::posted(2)), "ok");
        assert_eq!(check((-5, 0, 0), Change::posted(-1)), "ledger_below_floor");
        assert_eq!(check((15, 0, 0), Change::posted(-2)), "ok");
        assert_eq!(check((15, 0, 0), Change::posted(1)), "ledger_above_ceiling");
    }
}
