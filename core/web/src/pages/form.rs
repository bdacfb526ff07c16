//! The form of one record: where it stands, what can be done with it, its fields by groups, its
//! lines, what hangs on it. The same form makes a new one.
//! Not here: what becomes of it when it is sent (`save`), actions (`act`), the timeline (`timeline`).

mod deeds;
mod fields;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use fondaco_kernel::offers::{self, Offers};
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Draft, Select};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Problem};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};
use serde_json::{Map, Value as Json};

use super::shell::{self, Page};
use super::timeline::{self, Hanging};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::api::id_of;
use crate::entered::{self, Was};
use crate::visitor::Visitor;
use crate::widgets::{blank, held, is_entered, is_of_the_machine, name_of};

/// A form with everything on it.
pub(crate) struct Form<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) model: Arc<Model>,
    /// What is there; of a new record what it begins with.
    pub(crate) rec: Rec,
    pub(crate) offers: Offers,
    pub(crate) hanging: Option<Hanging>,
    /// What was sent and not kept, with what stands in its way.
    pub(crate) sent: Option<(&'a Pairs, Vec<Problem>)>,
    pub(crate) is_new: bool,
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((model, id)): Path<(String, String)>,
) -> Response {
    let page = match id_of(&model, &id) {
        Ok(id) => existing(&app, &visitor, &model, id, None).await,
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(page)
}

/// The form of a record that is there, as it is or as somebody has sent it.
pub(crate) async fn existing(
    app: &App,
    visitor: &Visitor,
    model: &str,
    id: AnyId,
    sent: Option<(&Pairs, Vec<Problem>)>,
) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let name = model.name.clone();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move {
            let rec = records::get(tx, &name, id, &Select::default()).await?;
            let offers = offers::of(tx, &name, id).await?;
            let hanging = timeline::read(tx, &name, id).await?;
            Ok((rec, offers, hanging))
        })
    });
    let (rec, offers, hanging) = work.await?;
    let form = Form { visitor, model, rec, offers, hanging: Some(hanging), sent, is_new: false };
    Ok(form.answer())
}

pub(crate) async fn new(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(query): Asked,
) -> Response {
    // Lines that the address names stand in the form as if somebody had entered them.
    let has_lines = query.0.iter().any(|(name, _)| name.contains('.'));
    let entered = has_lines.then(|| (&query, Vec::new()));
    let page = fresh(&app, &visitor, &model, &query, entered).await;
    visitor.answer(page)
}

/// The form of a record to be: with defaults, with what the address says of its fields, or like
/// another one (`from`).
pub(crate) async fn fresh(
    app: &App,
    visitor: &Visitor,
    model: &str,
    query: &Pairs,
    sent: Option<(&Pairs, Vec<Problem>)>,
) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    permissions::require(&visitor.ctx, &model, Right::Create)?;
    let given = query.0.iter().filter(|(name, _)| model.field(name).is_some());
    let given: Vec<(String, String)> = given.cloned().collect();
    let from = query.get("from").and_then(|id| id.parse::<AnyId>().ok());
    let name = model.name.clone();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, given) = (name.clone(), given.clone());
        Box::pin(async move {
            let texts = given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>();
            let draft = match from {
                Some(id) => like(tx, &name, id).await?,
                None => records::draft_of_texts(tx, &name, &texts)?,
            };
            let mut rec = records::outlook(tx, &name, None, draft).await?.rec;
            titles(tx, &mut rec).await?;
            Ok(rec)
        })
    });
    let mut rec = work.await?;
    forget_ids(&mut rec);
    let offers = Offers { write: true, ..Offers::default() };
    let form = Form { visitor, model, rec, offers, hanging: None, sent, is_new: true };
    Ok(form.answer())
}

/// A draft of a record like another: what somebody enters, without what only one record has.
async fn like(tx: &mut Tx, model: &str, id: AnyId) -> Result<Draft, Error> {
    let rec = records::get(tx, model, id, &Select::default()).await?;
    let schema = tx.schema().clone();
    let ctx = tx.ctx().clone();
    let copies = |field: &Field| {
        let own = field.system || field.readonly || field.compute.is_some() || field.unique;
        !own && permissions::may_write_field(&ctx, &schema, field)
    };
    let plain = |rec: &Rec| -> Map<String, Json> {
        let by = rec.model.owner.as_ref().map(|owner| owner.by.clone());
        let fields = rec.model.fields.iter().enumerate().filter(|(_, (name, field))| {
            copies(field) && !matches!(field.kind, Kind::Lines { .. }) && by.as_ref() != Some(name)
        });
        let known = fields.filter(|(at, _)| !rec.values[*at].is_null());
        known.map(|(at, (name, _))| (name.clone(), rec.values[at].to_json())).collect()
    };
    let mut own = plain(&rec);
    for (at, lines) in &rec.lines {
        let field = &rec.model.fields[*at];
        if copies(field) {
            let lines = lines.iter().map(|line| Json::Object(plain(line))).collect();
            own.insert(field.name.clone(), lines);
        }
    }
    records::draft_of(tx, model, &own)
}

/// The names of the records that the links of a record to be lead to.
pub(crate) async fn titles(tx: &mut Tx, rec: &mut Rec) -> Result<(), Error> {
    let mut wanted: Vec<(String, AnyId)> = Vec::new();
    for_each_link(rec, &mut |target, id, _| wanted.push((target.to_owned(), id)));
    wanted.sort();
    wanted.dedup();
    let mut names: Vec<(String, AnyId, String)> = Vec::new();
    let mut targets: Vec<&str> = wanted.iter().map(|(target, _)| target.as_str()).collect();
    targets.dedup();
    for target in targets {
        let own = wanted.iter().filter(|(model, _)| model == target).map(|(_, id)| *id);
        let ids: Vec<AnyId> = own.collect();
        let title = tx.schema().model(target).map(|model| model.title.clone());
        let show = Select { fields: title.into_iter().collect(), expand: Vec::new() };
        for found in records::get_many(tx, target, &ids, &show).await? {
            names.push((target.to_owned(), found.id, found.title()));
        }
    }
    for_each_link(rec, &mut |target, id, titles| {
        let found = names.iter().find(|(model, own, _)| model == target && *own == id);
        if let (Some((_, _, name)), Some((titles, at))) = (found, titles) {
            titles.retain(|(link, _)| *link != at);
            titles.push((at, name.clone()));
        }
    });
    Ok(())
}

type Titles<'t> = Option<(&'t mut Vec<(usize, String)>, usize)>;

fn for_each_link(rec: &mut Rec, each: &mut dyn FnMut(&str, AnyId, Titles<'_>)) {
    let model = rec.model.clone();
    for (at, field) in model.fields.values().enumerate() {
        if let (Kind::Link { to }, Some(id), false) =
            (&field.kind, rec.values[at].as_link(), field.system)
        {
            each(to, id, Some((&mut rec.titles, at)));
        }
    }
    for (_, lines) in &mut rec.lines {
        lines.iter_mut().for_each(|line| for_each_link(line, each));
    }
}

/// A record to be has no id, and its lines have none.
fn forget_ids(rec: &mut Rec) {
    rec.id = AnyId::default();
    for (_, lines) in &mut rec.lines {
        lines.iter_mut().for_each(forget_ids);
    }
}

impl Form<'_> {
    fn answer(self) -> Response {
        let status = match &self.sent {
            Some((_, problems)) if !problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::OK,
        };
        super::html(status, self.page())
    }

    fn page(&self) -> Markup {
        let words = &self.visitor.words;
        let name = words.model(&self.model);
        let title = match self.is_new {
            true => words.say_of("form-new", &[("model", Arg::Text(&name))]).into_owned(),
            false => name_of(self.visitor, &self.rec),
        };
        let shows = (!self.is_new).then(|| (self.model.name.as_str(), self.rec.id.to_string()));
        let body = html! {
            div.head {
                h1 { (title) @if !self.is_new && title != name { span.kind { (name) } } }
                (self.state_bar())
            }
            @if !self.is_new {
                (self.deeds())
                div id="related" data-src={ "/" (self.model.name) "/" (self.rec.id) "/related" } {
                    noscript { a href={ "/" (self.model.name) "/" (self.rec.id) "/related" } { (words.say("form-related")) } }
                }
            }
            div.record .alone[self.hanging.is_none()] {
                (self.sheet())
                @if let Some(hanging) = &self.hanging {
                    aside.side { (timeline::side(self.visitor, &self.rec, hanging)) }
                }
            }
        };
        let crumbs = vec![(self.back(), words.plural(&self.model).into_owned())];
        shell::page(self.visitor, Page { title: &title, crumbs, shows, body })
    }

    /// The list that one came from, with its filters.
    fn back(&self) -> String {
        let list = format!("/{}", self.model.name);
        let before = self.visitor.around.before.as_deref();
        let same = |address: &&str| {
            address
                .strip_prefix(list.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
        };
        before.filter(same).map_or(list.clone(), str::to_owned)
    }

    fn state_bar(&self) -> Markup {
        let Some(states) = &self.model.states else { return html! {} };
        let Some(field) = self.model.field("state") else { return html! {} };
        let now = self.rec.state().unwrap_or(&states.initial);
        let is_on_the_way = |state: &&String| {
            let end =
                ["cancelled", "lost", "rejected", "refused", "expired"].contains(&state.as_str());
            !end || state.as_str() == now
        };
        html! {
            ol.states {
                @for state in states.values.iter().filter(is_on_the_way) {
                    li aria-current=[(state == now).then_some("step")] {
                        (crate::widgets::label(self.visitor, &self.model.name, field, state))
                    }
                }
            }
        }
    }

    pub(crate) fn edits(&self) -> bool {
        self.offers.write
    }

    fn sheet(&self) -> Markup {
        let words = &self.visitor.words;
        let problems = self.sent.as_ref().map_or(&[][..], |(_, problems)| problems.as_slice());
        let address = match self.is_new {
            true => format!("/{}/new", self.model.name),
            false => format!("/{}/{}", self.model.name, self.rec.id),
        };
        html! {
            form.sheet id="record" method="post" action=(address) novalidate
                data-version=(self.rec.version) data-outlook={ "/" (self.model.name) "/outlook" } {
                @if !problems.is_empty() { (self.summary(problems)) }
                @if self.edits() {
                    input type="hidden" name="_version" value=(self.version());
                    input type="hidden" name="_was" value=(self.was());
                    (self.origin())
                    // Enter in a field saves; the first button of a form is the one it presses.
                    button.away type="submit" tabindex="-1" aria-hidden="true" { (words.say("form-save")) }
                } @else if !self.is_new { p.note { (words.say("form-read-only")) } }
                (self.groups())
                @if self.edits() {
                    div.save {
                        button.primary type="submit" data-key="save" { (words.say("form-save")) }
                        a.button href=(if self.is_new { self.back() } else { address.clone() }) { (words.say("form-discard")) }
                        span.unsaved hidden { (words.say("form-unsaved")) }
                    }
                }
            }
        }
    }

    /// What the record came from, as the address or the record says.
    fn origin(&self) -> Markup {
        let fields = self.model.fields.values().enumerate();
        let own =
            fields.filter(|(_, field)| is_of_the_machine(field) && is_entered(self.visitor, field));
        html! {
            @for (at, field) in own {
                @let value = self.raw(&field.name).unwrap_or_else(|| held(&field.kind, &self.rec.values[at]));
                @if !value.is_empty() { input type="hidden" name=(field.name) value=(value); }
            }
        }
    }

    fn version(&self) -> String {
        let sent = self.sent.as_ref().and_then(|(pairs, _)| pairs.get("_version"));
        sent.map_or_else(|| self.rec.version.to_string(), str::to_owned)
    }

    fn was(&self) -> String {
        if let Some(sent) = self.sent.as_ref().and_then(|(pairs, _)| pairs.get("_was")) {
            return sent.to_owned();
        }
        let was: Was = match self.is_new && self.is_like_another() {
            // What was copied from another record is wanted, not there already.
            true => Was::from_iter([]),
            false => entered::was(self.visitor, self.visitor.schema(), &self.rec),
        };
        let lines = self.model.lines().filter(|(field, _, _)| is_entered(self.visitor, field));
        let lines = lines.map(|(field, _, _)| (field.name.clone(), String::new()));
        let was: Was = lines.chain(was).collect();
        serde_json::to_string(&was).unwrap_or_default()
    }

    /// Whether the record to be begins with more than its defaults.
    fn is_like_another(&self) -> bool {
        !self.visitor.around.query.is_empty()
    }

    fn summary(&self, problems: &[Problem]) -> Markup {
        let words = &self.visitor.words;
        html! {
            div.alert role="alert" tabindex="-1" {
                p { strong { (words.say_of("form-problems", &[("count", Arg::Count(problems.len()))])) } }
                ul { @for problem in problems {
                    li { a href={ "#f-" (self.input_of(&problem.field)) } { (self.said(problem)) } }
                } }
            }
        }
    }

    /// What is wrong, in the words of the reader.
    fn said(&self, problem: &Problem) -> String {
        let last = problem.field.rsplit('.').next().unwrap_or_default();
        let lines = problem.field.split('[').next().unwrap_or_default();
        let of = match self.model.field(lines).map(|field| &field.kind) {
            Some(Kind::Lines { of, .. }) if last != lines => {
                self.visitor.schema().model(of).cloned()
            }
            _ => Some(self.model.clone()),
        };
        let label = of.as_ref().and_then(|of| {
            let field = of.field(last)?;
            Some(self.visitor.words.field(&of.name, field).into_owned())
        });
        self.visitor.words.problem(problem, &label.unwrap_or_else(|| problem.field.clone()))
    }

    /// The name of the input that a problem is about: `lines[1].product` is that of the second row.
    fn input_of(&self, path: &str) -> String {
        let Some((lines, rest)) = path.split_once('[') else { return path.to_owned() };
        let Some((order, field)) = rest.split_once(']') else { return path.to_owned() };
        let places = self.rows(lines);
        let place =
            order.parse::<usize>().ok().and_then(|order| places.get(order).map(|(p, _)| *p));
        format!("{lines}.{}{field}", place.unwrap_or_default())
    }

    /// What is said of an input by its path.
    pub(crate) fn problem(&self, path: &str) -> Option<String> {
        let (_, problems) = self.sent.as_ref()?;
        problems.iter().find(|problem| problem.field == path).map(|problem| self.said(problem))
    }

    pub(crate) fn raw(&self, name: &str) -> Option<String> {
        let (pairs, _) = self.sent.as_ref()?;
        pairs.get(name).map(str::to_owned)
    }

    /// The rows of a field of lines: those that were sent, else those that are there.
    pub(crate) fn rows(&self, field: &str) -> Vec<(usize, Rec)> {
        let at = self.model.field_index(field).unwrap_or_default();
        let saved = self.rec.lines.iter().find(|(own, _)| *own == at).map_or(&[][..], |(_, l)| l);
        let Some((pairs, _)) = &self.sent else {
            return saved.iter().cloned().enumerate().collect();
        };
        let Kind::Lines { of, .. } = &self.model.fields[at].kind else { return Vec::new() };
        let Some(child) = self.visitor.schema().model(of) else { return Vec::new() };
        let sent = entered::Form::read(self.visitor, &self.model, pairs);
        let row = |place: usize| {
            let id = pairs
                .filled(&format!("{field}.{place}.id"))
                .and_then(|id| id.parse::<AnyId>().ok());
            let line = saved.iter().find(|line| Some(line.id) == id).cloned();
            (place, line.unwrap_or_else(|| blank(child)))
        };
        sent.places(field).into_iter().map(row).collect()
    }
}
