//! Records that wait for a decision, one beneath another, each with what could be done with it and why:
//! a kind of view (`[views.worklist]`) for models of which a module proposes something.
//! Not here: what is proposed (`kernel::proposals`), doing it (`act`).

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::proposals::{self, Proposal};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Count, Query, Select};
use fondaco_kernel::schema::{Field, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::ask::is_column;
use super::bulk::{self, Done};
use super::shell::{self, Page};
use super::{go_saying, good};
use crate::App;
use crate::address::Asked;
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, show as shown};

/// Records of one page: as many as one decides about at a sitting.
const ROWS: usize = 25;

/// Whether a model has one for whoever looks.
pub(crate) fn has(visitor: &Visitor, model: &Model) -> bool {
    model.views["worklist"].is_object() && visitor.registry.proposes(&model.name)
}

/// `GET /api/{model}/proposals?id=1&id=2`
pub(crate) async fn api(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model): Path<String>,
    Asked(asked): Asked,
) -> Result<Json<Value>, Refusal> {
    let ids: Vec<AnyId> = asked.all("id").map(|id| id_of(&model, id)).collect::<Result<_, _>>()?;
    let work = app.kernel.read(&ctx, move |tx| {
        let (model, ids) = (model.clone(), ids.clone());
        Box::pin(async move { proposals::of(tx, &model, &ids).await })
    });
    let items: Vec<Value> = work
        .await?
        .into_iter()
        .map(|(id, own)| json!({ "id": id.to_string(), "proposals": own }))
        .collect();
    Ok(Json(json!({ "items": items })))
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &model).await;
    visitor.answer(page)
}

/// Takes up whatever is sure of what the page shows.
pub(crate) async fn take_all(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
) -> Response {
    let done = all_sure(&app, &visitor, &model).await;
    let back = format!("/{model}/worklist");
    visitor.answer(done.map(|done| go_saying(&back, &bulk::said(&visitor, &done))))
}

/// What there is to decide, with what is proposed for each.
struct Read {
    rows: Vec<(Rec, Vec<Proposal>)>,
    count: Option<Count>,
}

async fn read(tx: &mut Tx, model: &str, query: &Query) -> Result<Read, Error> {
    let page = records::list(tx, model, query).await?;
    let ids: Vec<AnyId> = page.rows.iter().map(|rec| rec.id).collect();
    let mut proposed = proposals::of(tx, model, &ids).await?;
    let rows = page.rows.into_iter().map(|rec| {
        let own = proposed.iter_mut().find(|(id, _)| *id == rec.id);
        let own = own.map(|(_, own)| std::mem::take(own)).unwrap_or_default();
        (rec, own)
    });
    Ok(Read { rows: rows.collect(), count: page.count })
}

/// The question of a worklist, in the order and with the columns of its view.
fn query(visitor: &Visitor, model: &Model) -> Result<(Query, Vec<String>), Error> {
    if !has(visitor, model) {
        return Err(Error::not_found("page", &model.name));
    }
    let view = &model.views["worklist"];
    let names = |key: &str| {
        let several = view[key].as_array().into_iter().flatten();
        several.chain([&view[key]]).filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let readable =
        |name: &String| model.field(name).is_some_and(|field: &Field| is_column(visitor, field));
    let columns: Vec<String> = names("columns").into_iter().filter(readable).collect();
    let mut fields = columns.clone();
    fields.extend(["currency".to_owned(), model.title.clone()].into_iter().filter(readable));
    fields.sort();
    fields.dedup();
    let query = Query {
        filter: view["filter"].as_str().map(str::to_owned),
        sort: names("sort"),
        limit: Some(ROWS),
        count: true,
        show: Select { fields, expand: Vec::new() },
        ..Query::default()
    };
    Ok((query, columns))
}

async fn page(app: &App, visitor: &Visitor, model: &str) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let (query, columns) = query(visitor, &model)?;
    let name = model.name.clone();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, query) = (name.clone(), query.clone());
        Box::pin(async move { read(tx, &name, &query).await })
    });
    let list = Worklist { visitor, model: &model, columns, read: work.await? };
    let plural = visitor.words.plural(&model);
    let title = visitor.words.say_of("worklist-title", &[("model", Arg::Text(&plural))]);
    let crumbs = vec![(format!("/{}", model.name), plural.into_owned())];
    let shows = Some((model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &title, crumbs, shows, body: list.body(&title) })))
}

struct Worklist<'a> {
    visitor: &'a Visitor,
    model: &'a Model,
    columns: Vec<String>,
    read: Read,
}

impl Worklist<'_> {
    fn body(&self, title: &str) -> Markup {
        let words = &self.visitor.words;
        let sure = self.read.rows.iter().filter(|(_, own)| own.iter().any(|one| one.sure)).count();
        let count = self.read.count.map_or(0, |count| count.number);
        html! {
            div.head {
                h1 { (title) }
                span.count { (words.say_of("worklist-count", &[("count", Arg::Count(count))])) }
                div.ways {
                    a.button href={ "/" (self.model.name) } { (words.say("list-list")) }
                    @if sure > 0 {
                        form method="post" action={ "/do/worklist/" (self.model.name) } {
                            button.primary { (words.say_of("worklist-all", &[("count", Arg::Count(sure))])) }
                        }
                    }
                }
            }
            @if self.read.rows.is_empty() { section.empty { p.soft { (words.say("worklist-none")) } } }
            ol.worklist {
                @for (rec, proposed) in &self.read.rows { (self.row(rec, proposed)) }
            }
            @if count > self.read.rows.len() { p.soft { (words.say("worklist-more")) } }
        }
    }

    fn row(&self, rec: &Rec, proposed: &[Proposal]) -> Markup {
        let words = &self.visitor.words;
        let address = format!("/{}/{}", self.model.name, rec.id);
        html! {
            li id={ "r-" (rec.id) } {
                div.asked {
                    h2 { a href=(address) { (rec.title()) } }
                    dl {
                        @for name in &self.columns {
                            @if let Some(at) = rec.model.field_index(name).filter(|at| !rec.values[*at].is_null()) {
                                @let field = &rec.model.fields[at];
                                div {
                                    dt { (words.field(&self.model.name, field)) }
                                    dd { (shown(Shown::of(self.visitor, rec, at, exponent_of(self.visitor, rec)))) }
                                }
                            }
                        }
                    }
                }
                div.proposed {
                    @if proposed.is_empty() { p.soft { (words.say("worklist-unknown")) } }
                    @for one in proposed { (self.proposal(rec, one)) }
                    p { a.link href=(address) { (words.say("worklist-other")) } }
                }
            }
        }
    }

    fn proposal(&self, rec: &Rec, one: &Proposal) -> Markup {
        let words = &self.visitor.words;
        let action = self.model.actions.get(one.action);
        let name = action.map(|action| words.action(&self.model.name, action)).unwrap_or_default();
        html! {
            form.proposal .sure[one.sure] method="post" action={ "/" (self.model.name) "/" (rec.id) "/" (one.action) } {
                input type="hidden" name="_back" value={ "/" (self.model.name) "/worklist" };
                @for (arg, value) in &one.args { input type="hidden" name=(arg) value=(plain(value)); }
                button .primary[one.sure] { (name) }
                span { b { (one.label) } small { (words.problem(&one.reason, "")) } }
            }
        }
    }
}

/// A value as an input holds it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn all_sure(app: &App, visitor: &Visitor, model: &str) -> Result<Done, Error> {
    let model = visitor.model(model)?;
    let (query, _) = query(visitor, &model)?;
    let name = model.name.clone();
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let (name, query) = (name.clone(), query.clone());
        Box::pin(async move { take_up(tx, &name, &query).await })
    });
    work.await
}

/// Each by itself: what one takes another may no longer have.
async fn take_up(tx: &mut Tx, model: &str, query: &Query) -> Result<Done, Error> {
    let mut done = Done::default();
    for (rec, proposed) in read(tx, model, query).await?.rows {
        let Some(one) = proposed.into_iter().find(|one| one.sure) else { continue };
        let model = model.to_owned();
        let taken = tx.attempt(move |tx| {
            Box::pin(async move {
                let args = records::arguments(tx, &model, one.action, &one.args)?;
                records::act(tx, &model, rec.id, one.action, args).await.map(drop)
            })
        });
        done.add(rec.title(), taken.await?);
    }
    tx.draw_numbers().await?;
    Ok(done)
}
