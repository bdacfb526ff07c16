//! An action of a record, asked for by a button; and its deletion.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::schema::{ByLine, Field, Model, Schema};
use fondaco_kernel::values::{AnyId, Problem};
use fondaco_kernel::{DocRef, Error, Outcome, Tx};
use serde_json::{Map, Value as Json};

use super::{go_saying, wrong};
use crate::App;
use crate::address::{Pairs, Sent, on_this_site};
use crate::api::id_of;
use crate::entered::{json_of, rows_of};
use crate::visitor::Visitor;

pub(crate) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Path((model, id, action)): Path<(String, String, String)>,
    Sent(pairs): Sent,
) -> Response {
    let id = match id_of(&model, &id) {
        Ok(id) => id,
        Err(refusal) => return visitor.answer(Err(refusal.0)),
    };
    let address = format!("/{model}/{id}");
    // Pages of several records come back to themselves.
    let back = pairs.get("_back").and_then(on_this_site);
    if action == "delete" {
        let gone = deleted(&app, &visitor, &model, id, &pairs).await;
        return match gone {
            Ok(()) => go_saying(&format!("/{model}"), &visitor.words.say("list-delete")),
            Err(error) => refused(&visitor, &address, error),
        };
    }
    match done(&app, &visitor, (&model, id, &action), &pairs).await {
        Ok(outcome) => {
            let said = outcome.message.unwrap_or_else(|| label(&visitor, &model, &action));
            let next = outcome.open.map(|open| format!("/{}/{}", open.model, open.id));
            go_saying(back.unwrap_or(&next.unwrap_or(address)), &said)
        }
        Err(error) => refused(&visitor, back.unwrap_or(&address), error),
    }
}

/// What stands in the way is said on the page that one comes back to.
pub(super) fn refused(visitor: &Visitor, address: &str, error: Error) -> Response {
    if !visitor.around.html {
        return visitor.answer(Err(error));
    }
    match &error {
        Error::Invalid(problems) => {
            let said = |problem: &Problem| visitor.words.problem(problem, &problem.field);
            go_saying(address, &problems.iter().map(said).collect::<Vec<_>>().join("\n"))
        }
        Error::Conflict { .. } | Error::Forbidden { .. } => go_saying(address, &error.public()),
        _ => wrong::page(visitor, error),
    }
}

fn label(visitor: &Visitor, model: &str, action: &str) -> String {
    let found = visitor.schema().model(model).and_then(|model| model.actions.get(action));
    found.map_or_else(|| action.to_owned(), |found| visitor.words.action(model, found).into_owned())
}

async fn done(
    app: &App,
    visitor: &Visitor,
    (model, id, action): (&str, AnyId, &str),
    pairs: &Pairs,
) -> Result<Outcome, Error> {
    let known = visitor.model(model)?;
    let given = arguments(visitor, &known, action, pairs)?;
    let (model, action) = (model.to_owned(), action.to_owned());
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let (model, action, given) = (model.clone(), action.clone(), given.clone());
        Box::pin(async move {
            let args = records::arguments(tx, &model, &action, &given)?;
            let mut outcome = records::act(tx, &model, id, &action, args).await?;
            tx.draw_numbers().await?;
            outcome.open = seen(tx, outcome.open).await?;
            Ok(outcome)
        })
    });
    work.await
}

/// What the form says for the arguments of an action.
///
/// # Errors
/// Every input that cannot be read.
fn arguments(
    visitor: &Visitor,
    known: &Model,
    action: &str,
    pairs: &Pairs,
) -> Result<Map<String, Json>, Error> {
    let model = &known.name;
    let none = || Error::not_found(&format!("action {action} on {model}"), "");
    let found = known.actions.get(action).filter(|action| !action.internal).ok_or_else(none)?;
    let point = visitor.words.locale.point();
    let (mut given, mut problems) = (Map::new(), Vec::new());
    for arg in found.args.values() {
        if let Some((rows, child)) = lines_of(visitor.schema(), known, arg) {
            match rows_of((&arg.name, rows, child), pairs, point) {
                Ok(told) => given.extend(told.map(|told| (arg.name.clone(), told))),
                Err(wrong) => problems.extend(wrong),
            }
            continue;
        }
        let Some(text) = pairs.filled(&arg.name) else { continue };
        match json_of(arg, text, point) {
            Ok(value) => drop(given.insert(arg.name.clone(), value)),
            Err(message) => problems.push(Problem::new(&arg.name, "unreadable", message)),
        }
    }
    refuse_if_any(problems)?;
    Ok(given)
}

/// The lines that an argument is told about, and of which model they are.
pub(super) fn lines_of<'s>(
    schema: &'s Schema,
    model: &Model,
    arg: &'s Field,
) -> Option<(&'s ByLine, &'s Model)> {
    let rows = arg.rows.as_ref()?;
    let (_, of, _) = model.lines().find(|(field, _, _)| field.name == rows.of)?;
    Some((rows, schema.model(of)?))
}

/// What an action leads to, if it is there for whoever did it.
async fn seen(tx: &mut Tx, open: Option<DocRef>) -> Result<Option<DocRef>, Error> {
    let Some(open) = open else { return Ok(None) };
    let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    match records::get_many(tx, &open.model, &[open.id], &alone).await {
        Ok(found) => Ok((!found.is_empty()).then_some(open)),
        Err(Error::Forbidden { .. } | Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn deleted(
    app: &App,
    visitor: &Visitor,
    model: &str,
    id: AnyId,
    pairs: &Pairs,
) -> Result<(), Error> {
    let model = visitor.model(model)?.name.clone();
    let version = pairs.get("_version").and_then(|version| version.parse().ok());
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let model = model.clone();
        Box::pin(async move { records::delete(tx, &model, &[(id, version)]).await })
    });
    work.await
}
