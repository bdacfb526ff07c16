//! Somebody else has saved the record meanwhile: what is there now beside what one has sent, field by
//! field, to be chosen from. Nothing is lost and nothing is overwritten unseen.

use axum::http::StatusCode;
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::schema::{Kind, Model};
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::form;
use super::shell::{self, Page};
use crate::App;
use crate::address::Pairs;
use crate::entered;
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, show};

pub(crate) async fn page(
    app: &App,
    visitor: &Visitor,
    (model, id): (&Model, AnyId),
    sent: &Pairs,
    wanted: Map<String, Value>,
) -> Result<Response, Error> {
    let (name, asked) = (model.name.clone(), wanted.clone());
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, asked) = (name.clone(), asked.clone());
        Box::pin(async move {
            let now = records::get(tx, &name, id, &Select::default()).await?;
            let draft = records::draft_of(tx, &name, &asked)?;
            // Lines that are gone meanwhile cannot be laid over what is there.
            let mine = match records::outlook(tx, &name, Some(id), draft).await {
                Ok(mine) => Some(mine.rec),
                Err(Error::Invalid(_)) => None,
                Err(error) => return Err(error),
            };
            let Some(mut mine) = mine else { return Ok((now, None)) };
            form::titles(tx, &mut mine).await?;
            Ok((now, Some(mine)))
        })
    });
    let (now, mine) = work.await?;
    let body = comparison(visitor, model, (&now, mine.as_ref()), sent, &wanted);
    let words = &visitor.words;
    let crumbs = vec![(format!("/{}", model.name), words.plural(model).into_owned())];
    let title = words.say("conflict-title");
    let page = Page { title: &title, crumbs, shows: None, body };
    Ok(super::html(StatusCode::CONFLICT, shell::page(visitor, page)))
}

fn comparison(
    visitor: &Visitor,
    model: &Model,
    (now, mine): (&Rec, Option<&Rec>),
    sent: &Pairs,
    wanted: &Map<String, Value>,
) -> Markup {
    let words = &visitor.words;
    let address = format!("/{}/{}", model.name, now.id);
    let was = entered::was(visitor, visitor.schema(), now);
    let was = serde_json::to_string(&was).unwrap_or_default();
    html! {
        h1 { (words.say("conflict-title")) ": " (crate::widgets::name_of(visitor, now)) }
        p { (words.say("conflict-lead")) }
        form.sheet.conflict method="post" action=(address) {
            input type="hidden" name="_version" value=(now.version);
            input type="hidden" name="_was" value=(was);
            table.list {
                thead { tr {
                    th scope="col" { (words.say("conflict-field")) }
                    th scope="col" { (words.say("conflict-theirs")) }
                    th scope="col" { (words.say("conflict-mine")) }
                } }
                tbody {
                    @for (at, field) in model.fields.values().enumerate().filter(|(_, f)| wanted.contains_key(&f.name)) {
                        tr {
                            th scope="row" { (words.field(&model.name, field)) }
                            @if let Kind::Lines { .. } = field.kind { (lines(visitor, (now, mine), at, sent)) }
                            @else { (choice(visitor, (now, mine), at, sent)) }
                        }
                    }
                }
            }
            p.deeds {
                button.primary { (words.say("conflict-save")) }
                a.button href=(address) { (words.say("conflict-drop")) }
            }
        }
    }
}

/// Two values to choose from. What is chosen is what the form sends: the input of the other one has
/// no part in it.
fn choice(visitor: &Visitor, (now, mine): (&Rec, Option<&Rec>), at: usize, sent: &Pairs) -> Markup {
    let field = &now.model.fields[at];
    let exponent = exponent_of(visitor, now);
    let theirs = crate::widgets::held_in(&field.kind, &now.values[at], exponent);
    let own = sent.get(&field.name).unwrap_or_default();
    html! {
        td { label.tick {
            input type="radio" name=(field.name) value=(theirs);
            (show(Shown::of(visitor, now, at, exponent)))
        } }
        td { label.tick {
            input type="radio" name=(field.name) value=(own) checked;
            @if let Some(mine) = mine { (show(Shown::of(visitor, mine, at, exponent))) } @else { (own) }
        } }
    }
}

/// Lines are chosen as a whole, and only where each of one's own is still there.
fn lines(visitor: &Visitor, (now, mine): (&Rec, Option<&Rec>), at: usize, sent: &Pairs) -> Markup {
    let field = &now.model.fields[at];
    let start = format!("{}.", field.name);
    let count =
        |rec: &Rec| rec.lines.iter().find(|(own, _)| *own == at).map_or(0, |(_, l)| l.len());
    let words = &visitor.words;
    let said = |count: usize| format!("{} × {}", count, words.say("timeline-lines"));
    html! {
        td { (said(count(now))) }
        td {
            @if let Some(mine) = mine {
                (said(count(mine)))
                @for (name, value) in sent.0.iter().filter(|(name, _)| name.starts_with(&start)) {
                    input type="hidden" name=(name) value=(value);
                }
            }
        }
    }
}
