//! The ledger over HTTP: trial balance, lines of an account, one entry, the chain. Who may read
//! journals may read what stands in them.

use axum::Json;
use axum::extract::{Path, State};
use fondaco_kernel::ledger::{self, Line, PageAsk, Verdict};
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::values::Money;
use fondaco_kernel::{Error, Tx, shared, store};
use serde_json::{Value, json};

use crate::App;
use crate::address::{Asked, Reading};
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;

/// How a day and how a place in the ledger are written, for whoever wrote them otherwise.
const DAY: &str = "2026-12-31";
const NUMBER: &str = "1234";

/// `?as_of=2026-12-31&known_at=1234`
pub(crate) async fn trial_balance(
    State(app): State<App>,
    Caller(ctx): Caller,
    Asked(given): Asked,
) -> Result<Json<Value>, Refusal> {
    let mut read = Reading::of(&given);
    let (as_of, known_at) = (read.get("as_of", DAY), read.get("known_at", NUMBER));
    read.done()?;
    let work = app.kernel.read(&ctx, move |tx| {
        Box::pin(async move {
            may_read(tx)?;
            let exponent = functional_exponent(tx).await?;
            let balance = ledger::trial_balance(tx, as_of, known_at).await?;
            let amount = |minor: i64| Money::from_minor(minor, exponent).to_string();
            let row = |row: &ledger::TrialRow| {
                json!({
                    "account": row.account.to_string(),
                    "code": row.code,
                    "name": row.name,
                    "kind": row.kind,
                    "turnover_debit": amount(row.turnover_debit),
                    "turnover_credit": amount(row.turnover_credit),
                    "balance": amount(row.balance),
                })
            };
            Ok(json!({
                "rows": balance.rows.iter().map(row).collect::<Vec<_>>(),
                "debit": amount(balance.debit),
                "credit": amount(balance.credit),
            }))
        })
    });
    Ok(Json(work.await?))
}

/// `?from=…&to=…&unit=…&subsidiary=…&known_at=…`: lines of an account with running balances.
pub(crate) async fn lines(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
    Asked(given): Asked,
) -> Result<Json<Value>, Refusal> {
    let mut ask = PageAsk::of(id_of("account", &id)?.cast());
    let mut read = Reading::of(&given);
    (ask.from, ask.to) = (read.get("from", DAY), read.get("to", DAY));
    (ask.unit, ask.subsidiary) = (read.get("unit", NUMBER), read.get("subsidiary", NUMBER));
    ask.known_at = read.get("known_at", NUMBER);
    read.done()?;
    let work = app.kernel.read(&ctx, move |tx| {
        let ask = ask.clone();
        Box::pin(async move {
            may_read(tx)?;
            let page = ledger::general_ledger(tx, &ask).await?;
            let row = |row: &ledger::LedgerRow| {
                json!({
                    "entry": row.line.entry().to_string(),
                    "date": row.date.to_string(),
                    "number": row.number,
                    "text": row.text,
                    "source": row.source,
                    "unit": row.unit.to_string(),
                    "subsidiary": row.subsidiary.map(|id| id.to_string()),
                    "amount_minor": row.amount.to_string(),
                    "functional_minor": row.functional.to_string(),
                    "balance_functional_minor": row.balance_functional.to_string(),
                })
            };
            Ok(json!({
                "opening_functional_minor": page.opening_functional.to_string(),
                "rows": page.rows.iter().map(row).collect::<Vec<_>>(),
                "more": page.next.is_some(),
            }))
        })
    });
    Ok(Json(work.await?))
}

/// One entry with its lines, in minor units.
pub(crate) async fn entry(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let id = id_of("entry", &id)?;
    let work = app.kernel.read(&ctx, move |tx| {
        Box::pin(async move {
            may_read(tx)?;
            let entry = ledger::entry(tx, id.cast()).await?;
            Ok(json!({
                "id": entry.id.to_string(),
                "journal": entry.journal.to_string(),
                "number": entry.number,
                "date": entry.date.to_string(),
                "text": entry.text,
                "source": entry.source,
                "reverses": entry.reverses.map(|id| id.to_string()),
                "actor": entry.actor,
                "posted_at": entry.posted_at.to_string(),
                "lines": entry.lines.iter().map(line).collect::<Vec<_>>(),
            }))
        })
    });
    Ok(Json(work.await?))
}

fn line(line: &Line) -> Value {
    json!({
        "account": line.account.to_string(),
        "unit": line.unit.to_string(),
        "amount_minor": line.amount.to_string(),
        "subsidiary": line.subsidiary.map(|id| id.to_string()),
        "due": line.due.map(|due| due.to_string()),
        "tag": line.tag,
    })
}

/// Walks the chain of the whole ledger.
pub(crate) async fn verify(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    let work = app.kernel.read(&ctx, |tx| {
        Box::pin(async move {
            may_read(tx)?;
            ledger::verify(tx, None, None).await
        })
    });
    Ok(Json(match work.await? {
        Verdict::Sound { entries, seals } => {
            json!({ "sound": true, "entries": entries, "seals": seals })
        }
        Verdict::FirstBad { seq, why } => {
            json!({ "sound": false, "seq": seq, "why": why.sentence() })
        }
    }))
}

pub(crate) fn may_read(tx: &Tx) -> fondaco_kernel::Result<()> {
    let journal = tx.schema().model("journal");
    let journal = journal.ok_or_else(|| Error::not_found("model", "journal"))?;
    permissions::require(tx.ctx(), journal, Right::Read)
}

async fn functional_exponent(tx: &mut Tx) -> fondaco_kernel::Result<u8> {
    let company = tx.ctx().company();
    let company: shared::Company = store::get(tx, company).await?;
    Ok(store::get(tx, company.currency).await?.decimals())
}
