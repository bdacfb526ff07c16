//! Who changed what, over all records that the reader may see: filters in the address, page by page.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::audit::{self, Found};
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::{Sheet, choose, further, labelled, models, open_model};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::desk;
use crate::visitor::Visitor;
use crate::widgets::moment;

const PLACE: &str = "/settings/audit";
/// The filters, as they stand in the address.
const FILTERS: [&str; 6] = ["actor", "model", "record", "action", "from", "to"];
/// Fields of one change that are shown.
const SHOWN: usize = 8;

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let sheet = Sheet { app: &app, visitor: &visitor, section: "office-audit" };
    let page = page(&sheet, &asked).await;
    visitor.answer(page)
}

async fn page(sheet: &Sheet<'_>, asked: &Pairs) -> Result<Response, Error> {
    let visitor = sheet.visitor;
    permissions::administers(&visitor.ctx, Office::Audit, Right::Read)?;
    let filters = filters(visitor, asked);
    let ask = match desk::ask_of(asked) {
        Ok(ask) => ask,
        Err(error) => return Ok(sheet.refuse(&error, filters)),
    };
    let read = sheet.app.kernel.read(&visitor.ctx, move |tx| {
        let ask = ask.clone();
        Box::pin(async move {
            let (found, next) = audit::search(tx, &ask).await?;
            let names = names(tx, &found).await?;
            Ok((found, next, names))
        })
    });
    let (found, next, names) = read.await?;
    let say = |key: &str| visitor.words.say(key).into_owned();
    let kept = FILTERS.iter().filter_map(|name| Some((*name, asked.filled(name)?)));
    let next = next.map(|next| next.to_string());
    Ok(sheet.show(html! {
        (filters)
        @if found.is_empty() { p { (say("office-audit-none")) } }
        @else { div.scroll.listing { table.list {
            thead { tr {
                th scope="col" { (say("office-when")) } th scope="col" { (say("office-who")) }
                th scope="col" { (say("office-did")) } th scope="col" { (say("office-record")) }
                th scope="col" { (say("office-changes")) }
            } }
            tbody { @for one in &found { (row(visitor, one, &names)) } }
        } } }
        (further(visitor, PLACE, &query(kept), next.as_deref()))
        p.soft { (say("office-audit-help")) }
    }))
}

fn filters(visitor: &Visitor, asked: &Pairs) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let held = |name: &str| asked.get(name).unwrap_or_default().to_owned();
    let all = models(visitor, |model| permissions::may(&visitor.ctx, model, Right::Read));
    html! {
        form.asking.inline action=(PLACE) role="search" {
            (labelled(&say("office-who"), "a-actor", html! { input type="text" id="a-actor" name="actor" value=(held("actor")) placeholder=(say("sign-in-login")) autocomplete="off"; }))
            (labelled(&say("office-model"), "a-model", choose("model", "a-model", &all, &held("model"), Some(&say("office-models-any")))))
            (labelled(&say("office-record"), "a-record", html! { input type="text" inputmode="numeric" id="a-record" name="record" value=(held("record")) autocomplete="off"; }))
            (labelled(&say("office-did"), "a-action", html! { input type="text" id="a-action" name="action" value=(held("action")) placeholder="update" autocomplete="off"; }))
            (labelled(&say("office-day-from"), "a-from", html! { input type="date" id="a-from" name="from" value=(held("from")) max="9999-12-31"; }))
            (labelled(&say("office-day-to"), "a-to", html! { input type="date" id="a-to" name="to" value=(held("to")) max="9999-12-31"; }))
            p.deeds { button.primary { (say("search")) } a.button href=(PLACE) { (say("list-clear")) } }
        }
    }
}

/// Names of records, by model and id.
type Names = HashMap<(String, AnyId), String>;

/// How the records are called, as far as they are still there: one statement a model.
async fn names(tx: &mut Tx, found: &[Found]) -> Result<Names, Error> {
    let mut asked: BTreeMap<&str, Vec<AnyId>> = BTreeMap::new();
    for one in found {
        asked.entry(&one.model).or_default().push(one.record);
    }
    let mut names = Names::new();
    for (model, mut ids) in asked {
        ids.sort_unstable();
        ids.dedup();
        let Some(title) = tx.schema().model(model).map(|model| model.title.clone()) else {
            continue;
        };
        let show = Select { fields: vec![title], expand: Vec::new() };
        for rec in records::get_many(tx, model, &ids, &show).await? {
            names.insert((model.to_owned(), rec.id), rec.title());
        }
    }
    Ok(names)
}

fn row(visitor: &Visitor, one: &Found, names: &Names) -> Markup {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let model = visitor.schema().model(&one.model);
    let named = model.map_or_else(|| one.model.clone(), |model| words.model(model).into_owned());
    let did = match (one.action.as_str(), model) {
        ("create", _) => say("office-right-create"),
        ("update", _) => say("office-right-write"),
        ("delete", _) => say("office-right-delete"),
        (action, model) => {
            let known = model.and_then(|model| Some((model, model.actions.get(action)?)));
            known.map_or_else(
                || action.to_owned(),
                |(model, action)| words.action(&model.name, action).into_owned(),
            )
        }
    };
    let title = names.get(&(one.model.clone(), one.record));
    html! {
        tr {
            td { (moment(words.locale.time(one.at), one.at)) }
            td data-label=(say("office-who")) { a href={ (PLACE) "?" (query([("actor", one.actor.as_str())])) } { (one.actor) } }
            td data-label=(say("office-did")) { (did) }
            td data-label=(say("office-record")) {
                @if model.is_some_and(|model| !model.is_line()) && open_model(visitor, &one.model) {
                    a href={ "/" (one.model) "/" (one.record) } {
                        (title.map_or_else(|| format!("#{}", one.record), String::clone))
                    }
                }
                " " span.soft { (named) }
            }
            td.many data-label=(say("office-changes")) { (changes(visitor, one)) }
        }
    }
}

fn changes(visitor: &Visitor, one: &Found) -> Markup {
    let model = visitor.schema().model(&one.model);
    let label = |name: &str| {
        let field = model.and_then(|model| Some((model, model.field(name)?)));
        field.map_or_else(
            || name.to_owned(),
            |(model, field)| visitor.words.field(&model.name, field).into_owned(),
        )
    };
    let mut all: Vec<(&String, &Json)> = one.changes.as_object().into_iter().flatten().collect();
    // How it is called first; what was nothing and is nothing is no change.
    all.retain(|(_, change)| {
        change.as_array().is_none_or(|pair| pair.iter().any(|v| !v.is_null()))
    });
    let title = model.map_or("", |model| model.title.as_str());
    all.sort_by_key(|(name, _)| name.as_str() != title);
    let rest = all.len().saturating_sub(SHOWN);
    html! {
        ul.changed {
            @for (name, change) in all.into_iter().take(SHOWN) {
                li { (label(name)) ": "
                    @match change.as_array().map(Vec::as_slice) {
                        Some([from, to]) => { span.from { (short(from)) } " → " span { (short(to)) } }
                        _ => { (visitor.words.say("timeline-lines")) }
                    }
                }
            }
            @if rest > 0 { li.soft { "+ " (rest) } }
        }
    }
}

fn short(value: &Json) -> String {
    let text = match value {
        Json::Null => "–".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().take(80).collect()
}
