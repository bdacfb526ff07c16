//! What hangs on a record, beside its form: what is to be done, notes, files, and who changed what.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use fondaco_kernel::audit::Change;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::schema::{Kind, Model};
use fondaco_kernel::shared::{Activity, Attachment, Note};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::timeline::{self as kernel, Timeline};
use fondaco_kernel::values::{AnyId, Date, Decimal, Timestamp};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

use super::{go_to, settings};
use crate::App;
use crate::address::{Pairs, Sent};
use crate::visitor::Visitor;
use crate::widgets::{label, moment};

/// Changes that are shown.
const CHANGES: i64 = 60;

/// What was read of it.
pub(crate) struct Hanging {
    timeline: Timeline,
    changes: Vec<Change>,
    /// The names of whoever wrote and changed, and of what links led to.
    people: BTreeMap<AnyId, String>,
    linked: BTreeMap<AnyId, String>,
    today: Date,
}

pub(crate) async fn read(tx: &mut Tx, model: &str, id: AnyId) -> Result<Hanging, Error> {
    let timeline = kernel::of_record(tx, model, id).await?;
    let changes = records::history(tx, model, id, CHANGES).await?;
    let mut people: Vec<AnyId> = changes.iter().filter_map(|change| change.user).collect();
    people.extend(timeline.notes.iter().filter_map(|note| note.created_by).map(|id| id.any()));
    people.extend(timeline.activities.iter().filter_map(|one| one.assigned).map(|id| id.any()));
    let people = named(tx, "user", people).await?;
    let meta = tx.schema().model(model).cloned();
    let mut linked = BTreeMap::new();
    if let Some(meta) = meta {
        for (target, ids) in links(&meta, &changes) {
            linked.extend(named(tx, &target, ids).await?);
        }
    }
    Ok(Hanging { timeline, changes, people, linked, today: tx.today() })
}

async fn named(
    tx: &mut Tx,
    model: &str,
    ids: Vec<AnyId>,
) -> Result<BTreeMap<AnyId, String>, Error> {
    let title = tx.schema().model(model).map(|model| model.title.clone());
    let show = Select { fields: title.into_iter().collect(), expand: Vec::new() };
    let found = records::get_many(tx, model, &ids, &show).await?;
    Ok(found.iter().map(|rec| (rec.id, rec.title())).collect())
}

/// The records that links of a model led from and to, by model.
fn links(model: &Model, changes: &[Change]) -> BTreeMap<String, Vec<AnyId>> {
    let mut links: BTreeMap<String, Vec<AnyId>> = BTreeMap::new();
    let pairs = changes.iter().filter_map(|change| change.changes.as_object()).flatten();
    for (name, change) in pairs {
        let Some(target) = model.field(name).and_then(|field| field.kind.target()) else {
            continue;
        };
        let both = change.as_array().into_iter().flatten().filter_map(Json::as_str);
        let ids = both.filter_map(|id| id.parse::<AnyId>().ok());
        links.entry(target.to_owned()).or_default().extend(ids);
    }
    links
}

pub(crate) fn side(visitor: &Visitor, rec: &Rec, hanging: &Hanging) -> Markup {
    let words = &visitor.words;
    let files = &hanging.timeline.attachments;
    let open: Vec<&Activity> = hanging.timeline.activities.iter().filter(|one| !one.done).collect();
    html! {
        h2 { (words.say("timeline")) }
        form.note method="post" action="/do/note" {
            (of(rec))
            label.away for="note" { (words.say("timeline-note-add")) }
            textarea id="note" name="text" rows="2" required placeholder=(words.say("timeline-note-add")) {}
            button.small { (words.say("timeline-note-do")) }
        }
        (plan(visitor, rec))
        @if !open.is_empty() { ul.due { @for one in open { (activity(visitor, hanging, one)) } } }
        file-drop data-model=(rec.model.name) data-record=(rec.id) {
            @if !files.is_empty() { ul.files { @for one in files { (file(visitor, one)) } } }
            label.drop.scripted { (words.say("timeline-drop")) input.away type="file" multiple; }
        }
        ol.events { (events(visitor, rec, hanging)) }
    }
}

fn of(rec: &Rec) -> Markup {
    html! {
        input type="hidden" name="model" value=(rec.model.name);
        input type="hidden" name="record" value=(rec.id);
    }
}

fn plan(visitor: &Visitor, rec: &Rec) -> Markup {
    let words = &visitor.words;
    let Some(model) = visitor.schema().model("activity") else { return html! {} };
    let field = |name: &str| {
        model
            .field(name)
            .map(|field| words.field("activity", field).into_owned())
            .unwrap_or_default()
    };
    html! {
        details.plan {
            summary { (words.say("timeline-activity")) }
            form method="post" action="/do/activity" {
                (of(rec))
                label for="act-title" { (field("title")) }
                input type="text" id="act-title" name="title" required autocomplete="off";
                label for="act-kind" { (field("kind")) }
                select id="act-kind" name="kind" {
                    @if let Some(kind) = model.field("kind") {
                        @for choice in crate::widgets::values(kind) {
                            option value=(choice.value) { (label(visitor, "activity", kind, &choice.value)) }
                        }
                    }
                }
                label for="act-due" { (field("due")) }
                input type="date" id="act-due" name="due";
                button.small { (words.say("form-save")) }
            }
        }
    }
}

fn activity(visitor: &Visitor, hanging: &Hanging, one: &Activity) -> Markup {
    let words = &visitor.words;
    let tone = one.due.map(|due| {
        if due < hanging.today {
            "late"
        } else if due == hanging.today {
            "today"
        } else {
            "later"
        }
    });
    let who = one.assigned.and_then(|id| hanging.people.get(&id.any()));
    html! {
        li {
            form method="post" action="/do/activity-done" {
                button.small name="id" value={ (one.id) ":" (one.version) } { (words.say("timeline-activity-done")) }
            }
            div {
                strong { (one.title) }
                p.soft {
                    @if let (Some(due), Some(tone)) = (one.due, tone) {
                        span.when data-tone=(tone) { (words.say_of("timeline-due", &[("date", Arg::Text(&words.locale.date(due)))])) }
                    }
                    @if let Some(who) = who { " · " (who) }
                }
            }
        }
    }
}

fn file(visitor: &Visitor, one: &Attachment) -> Markup {
    html! {
        li {
            a href={ "/api/attachment/" (one.id) "/content" } download=(one.name) { (one.name) }
            " " span.soft { (visitor.words.locale.bytes(one.size)) }
        }
    }
}

/// Notes and changes, the newest first.
fn events(visitor: &Visitor, rec: &Rec, hanging: &Hanging) -> Markup {
    let notes =
        hanging.timeline.notes.iter().map(|one| {
            (one.created_at.unwrap_or(Timestamp::UNIX_EPOCH), note(visitor, hanging, one))
        });
    let changes = hanging.changes.iter().map(|one| (one.at, change(visitor, rec, hanging, one)));
    let mut all: Vec<(Timestamp, Markup)> = notes.chain(changes).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    html! {
        @if all.is_empty() { li.soft { (visitor.words.say("timeline-none")) } }
        @for (_, event) in all { (event) }
    }
}

fn when(visitor: &Visitor, at: Timestamp) -> Markup {
    moment(visitor.words.locale.time(at), at)
}

fn note(visitor: &Visitor, hanging: &Hanging, one: &Note) -> Markup {
    let who = one.created_by.and_then(|id| hanging.people.get(&id.any()));
    html! {
        li.note {
            p.soft { @if let Some(who) = who { b { (who) } " " } @if let Some(at) = one.created_at { (when(visitor, at)) } }
            p.long { (one.text) }
        }
    }
}

fn change(visitor: &Visitor, rec: &Rec, hanging: &Hanging, one: &Change) -> Markup {
    let words = &visitor.words;
    let who = one.user.and_then(|id| hanging.people.get(&id)).unwrap_or(&one.actor);
    let did = match one.action.as_str() {
        "create" => words.say("timeline-created").into_owned(),
        "update" => words.say("timeline-updated").into_owned(),
        action => {
            let known = rec.model.actions.get(action);
            known.map_or_else(
                || action.to_owned(),
                |known| words.action(&rec.model.name, known).into_owned(),
            )
        }
    };
    let fields: Vec<(&String, &Json)> = one.changes.as_object().into_iter().flatten().collect();
    html! {
        li {
            p.soft { b { (who) } " " (did) " " (when(visitor, one.at)) }
            @if !fields.is_empty() {
                ul.changed { @for (name, change) in fields { (changed(visitor, rec, hanging, (name, change))) } }
            }
        }
    }
}

fn changed(
    visitor: &Visitor,
    rec: &Rec,
    hanging: &Hanging,
    (name, change): (&str, &Json),
) -> Markup {
    let words = &visitor.words;
    let Some(field) = rec.model.field(name) else { return html! {} };
    if crate::widgets::is_of_the_machine(field) {
        return html! {};
    }
    let title = words.field(&rec.model.name, field);
    let Some([from, to]) = change.as_array().map(Vec::as_slice) else {
        let lines = change.as_object().map_or(0, Map::len);
        return html! { li { (title) ": " (lines) " × " (words.say("timeline-lines")) } };
    };
    let said = |value: &Json| match (value, &field.kind) {
        (Json::Null, _) => words.say("timeline-empty-value").into_owned(),
        (Json::String(id), Kind::Link { .. }) => {
            let named = id.parse::<AnyId>().ok().and_then(|id| hanging.linked.get(&id));
            named.cloned().unwrap_or_else(|| format!("#{id}"))
        }
        (Json::String(value), Kind::Choice { .. }) => label(visitor, &rec.model.name, field, value),
        (Json::String(number), kind) if kind.is_number() => match (number.parse::<Decimal>(), kind)
        {
            (Ok(share), Kind::Percent) => words.locale.percent(share),
            (Ok(number), _) => words.locale.decimal(number, 0),
            (Err(_), _) => number.clone(),
        },
        (Json::String(day), Kind::Date) => {
            day.parse::<Date>().map_or_else(|_| day.clone(), |day| words.locale.date(day))
        }
        (Json::Bool(is), _) => words.say(if *is { "yes" } else { "no" }).into_owned(),
        (Json::String(text), _) => text.chars().take(200).collect(),
        (other, _) => other.to_string().chars().take(200).collect(),
    };
    html! { li { (title) ": " span.from { (said(from)) } " → " span { (said(to)) } } }
}

pub(crate) async fn add_note(
    State(app): State<App>,
    visitor: Visitor,
    Sent(form): Sent,
) -> Response {
    let fields = ["model", "record", "text"];
    keep(&app, &visitor, "note", &form, &fields).await
}

pub(crate) async fn add_activity(
    State(app): State<App>,
    visitor: Visitor,
    Sent(form): Sent,
) -> Response {
    let fields = ["model", "record", "title", "kind", "due"];
    keep(&app, &visitor, "activity", &form, &fields).await
}

/// Keeps something on a record that the visitor sees.
async fn keep(
    app: &App,
    visitor: &Visitor,
    kind: &'static str,
    form: &Pairs,
    fields: &[&str],
) -> Response {
    let given = fields.iter().filter_map(|name| Some((*name, form.filled(name)?)));
    let wanted: Map<String, Json> =
        given.map(|(name, text)| (name.to_owned(), json!(text))).collect();
    let (Some(model), Some(Ok(id))) =
        (form.filled("model").map(str::to_owned), form.filled("record").map(str::parse::<AnyId>))
    else {
        return visitor.answer(Err(Error::not_found("page", "")));
    };
    let place = format!("/{model}/{id}");
    let kept = app.kernel.run(&visitor.ctx, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move {
            let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
            records::get(tx, &model, id, &alone).await?;
            let draft = records::draft_of(tx, kind, &wanted)?;
            records::create(tx, kind, vec![draft]).await
        })
    });
    let kept = kept.await.map(|_| go_to(&place));
    visitor.answer(kept)
}

pub(crate) async fn activity_done(
    State(app): State<App>,
    visitor: Visitor,
    Sent(form): Sent,
) -> Response {
    let wish = form.get("id").and_then(|id| id.split_once(':'));
    let wish =
        wish.and_then(|(id, version)| Some((id.parse::<AnyId>().ok()?, version.parse().ok())));
    let Some((id, version)) = wish else {
        return visitor.answer(Err(Error::not_found("activity", "")));
    };
    let done = app.kernel.run(&visitor.ctx, move |tx| {
        Box::pin(async move {
            let mut draft = records::draft(tx, "activity")?;
            draft.set("done", true);
            records::update(tx, "activity", vec![records::Change { id, version, draft }]).await
        })
    });
    let done = done.await.map(|_| go_to(settings::back(&visitor)));
    visitor.answer(done)
}
