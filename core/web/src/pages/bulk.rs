//! The same deed with several records: an action without arguments, or away with them. Each is done
//! or refused on its own, and what was refused is named.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Error, Tx};
use serde_json::Map;

use super::{go_saying, settings};
use crate::App;
use crate::address::{Pairs, Sent, on_this_site};
use crate::visitor::Visitor;

/// Refusals that are named; of more it is said how many there were.
const NAMED: usize = 5;

/// What came of it: how many were done, and which were refused, with the reason.
#[derive(Default)]
pub(super) struct Done {
    done: usize,
    refused: Vec<(String, String)>,
}

impl Done {
    pub(super) fn add(&mut self, name: String, came: Result<(), Error>) {
        match came {
            Ok(()) => self.done += 1,
            Err(error) => self.refused.push((name, error.public())),
        }
    }
}

pub(crate) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(form): Sent,
) -> Response {
    let done = run_all(&app, &visitor, model, &form).await;
    let back = form.get("back").and_then(on_this_site).unwrap_or_else(|| settings::back(&visitor));
    visitor.answer(done.map(|done| go_saying(back, &said(&visitor, &done))))
}

async fn run_all(app: &App, visitor: &Visitor, model: String, form: &Pairs) -> Result<Done, Error> {
    let wanted = form.get("do").unwrap_or_default().to_owned();
    let one = |text: &str| {
        let (id, version) = text.split_once(':').unwrap_or((text, ""));
        Some((id.parse::<AnyId>().ok()?, version.parse::<i64>().ok()))
    };
    let ids: Vec<(AnyId, Option<i64>)> = form.all("id").filter_map(one).collect();
    if ids.len() > limits::BATCH_DOCUMENTS_MAX {
        let message = format!("At most {} records at once.", limits::BATCH_DOCUMENTS_MAX);
        return Err(Error::problem("", "too_many", message));
    }
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let (model, wanted, ids) = (model.clone(), wanted.clone(), ids.clone());
        Box::pin(async move { each(tx, &model, &wanted, ids).await })
    });
    work.await
}

async fn each(
    tx: &mut Tx,
    model: &str,
    wanted: &str,
    ids: Vec<(AnyId, Option<i64>)>,
) -> Result<Done, Error> {
    let all: Vec<AnyId> = ids.iter().map(|(id, _)| *id).collect();
    let found = records::get_many(tx, model, &all, &Select::default()).await?;
    let mut done = Done::default();
    for (id, version) in ids {
        let (model, wanted) = (model.to_owned(), wanted.to_owned());
        let one = tx.attempt(move |tx| {
            Box::pin(async move {
                if wanted == "delete" {
                    return records::delete(tx, &model, &[(id, version)]).await;
                }
                let args = records::arguments(tx, &model, &wanted, &Map::new())?;
                records::act(tx, &model, id, &wanted, args).await.map(drop)
            })
        });
        let name = found.iter().find(|rec| rec.id == id).map(|rec| rec.title());
        done.add(name.unwrap_or_else(|| format!("#{id}")), one.await?);
    }
    tx.draw_numbers().await?;
    Ok(done)
}

pub(super) fn said(visitor: &Visitor, done: &Done) -> String {
    let words = &visitor.words;
    let mut lines = Vec::new();
    if done.done > 0 || done.refused.is_empty() {
        lines.push(words.say_of("list-done", &[("count", Arg::Count(done.done))]).into_owned());
    }
    if !done.refused.is_empty() {
        let count = [("count", Arg::Count(done.refused.len()))];
        lines.push(words.say_of("list-failed", &count).into_owned());
        let named = done.refused.iter().take(NAMED);
        lines.extend(named.map(|(name, why)| format!("{name}: {why}")));
    }
    lines.join("\n")
}
