//! Records as bars over time, by rows, as `[views.timeline]` says: where they begin and end, in whose
//! row they stand, and what that row can hold. A table, so that it prints, is read aloud and needs no
//! scripts. The word timeline in the shell is that of the notes beside a record (`timeline`).
//! Not here: hours of a day; a bar begins and ends with days.
//! Read on: `planner/read` (what is read), `planner/table` (how it looks), `planner/shift` (moving).

mod lanes;
mod read;
mod shift;
mod table;
mod window;

pub(crate) use shift::shift;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Right, may_read_field};
use fondaco_kernel::schema::{Action, Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Date};
use maud::{Markup, html};

use self::window::{Scale, Window};
use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::visitor::Visitor;
use crate::widgets::is_entered;

/// What `[views.timeline]` says, as far as the reader may know it, and what he looks at.
struct Planner<'a> {
    visitor: &'a Visitor,
    model: Arc<Model>,
    /// Whose rights decide and what is changed: the model itself, of lines their document.
    document: Arc<Model>,
    start: Field,
    end: Option<Field>,
    rows: Field,
    row_model: Arc<Model>,
    title: Option<Field>,
    /// How much work a record is, in the unit of `capacity`.
    load: Option<Field>,
    /// Fields of the row: how much fits into a day, and which days are worked.
    capacity: Option<String>,
    calendar: Option<String>,
    /// What moves a bar, where fields of it are not written.
    action: Option<Action>,
    window: Window,
    day: Date,
    today: Date,
    /// Of rows.
    words: String,
    after: Option<String>,
    /// The record whose form for moving is open.
    moving: Option<AnyId>,
}

/// Whether a model has one that the reader may look at.
pub(crate) fn has(visitor: &Visitor, model: &Model) -> bool {
    let view = &model.views["timeline"];
    let readable = |key: &str| {
        let field = view[key].as_str().and_then(|name| model.field(name));
        field.filter(|field| may_read_field(&visitor.ctx, visitor.schema(), field))
    };
    let target = readable("rows").and_then(|field| field.kind.target());
    let target = target.and_then(|name| visitor.schema().model(name));
    let may = |model: &&Arc<Model>| permissions::may(&visitor.ctx, model, Right::Read);
    readable("start").is_some() && target.filter(may).is_some()
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(pairs): Asked,
) -> Response {
    let page = page(&app, &visitor, &model, &pairs).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, model: &str, pairs: &Pairs) -> Result<Response, Error> {
    let work = app.kernel.read(&visitor.ctx, |tx| {
        let today = tx.today();
        Box::pin(async move { Ok(today) })
    });
    let planner = Planner::of(visitor, model, pairs, work.await?)?;
    let read = planner.read(app).await?;
    let name = planner.name();
    let words = &visitor.words;
    let body = html! {
        (planner.head(&name))
        @if let Some(id) = planner.moving { (planner.mover(&read, id)) }
        time-line data-model=(planner.model.name) data-step=(planner.window.scale.step())
            data-keep=(words.say("planner-keep")) data-moved=(words.say("planner-moved")) {
            div.scroll.listing { (planner.table(&read)) }
            @if read.more { p.soft { (words.say("planner-more")) } }
            (planner.next(&read))
        }
    };
    // Events are told of documents, not of their lines.
    let shows = Some((planner.document.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &name, crumbs: Vec::new(), shows, body })))
}

impl Planner<'_> {
    fn of<'a>(
        visitor: &'a Visitor,
        name: &str,
        pairs: &Pairs,
        today: Date,
    ) -> Result<Planner<'a>, Error> {
        let none = || Error::not_found("page", name);
        let found = visitor.schema().model(name).filter(|model| has(visitor, model));
        let model = found.cloned().ok_or_else(none)?;
        let document = permissions::document(visitor.schema(), &model).clone();
        let view = &model.views["timeline"];
        let field = |key: &str| {
            let field = view[key].as_str().and_then(|name| model.field(name));
            let may = |f: &&Field| may_read_field(&visitor.ctx, visitor.schema(), f);
            field.filter(may).cloned()
        };
        let (start, rows) = (field("start").ok_or_else(none)?, field("rows").ok_or_else(none)?);
        let target = rows.kind.target().and_then(|name| visitor.schema().model(name));
        let row_model = target.cloned().ok_or_else(none)?;
        // `work_centre.calendar` is the field `calendar` of the row.
        let of_row = |key: &str| {
            let path = view[key].as_str()?.strip_prefix(&rows.name)?.strip_prefix('.')?;
            let field = row_model.field(path)?;
            let may = may_read_field(&visitor.ctx, visitor.schema(), field);
            may.then(|| path.to_owned())
        };
        let action = view["move"].as_str().and_then(|name| document.actions.get(name));
        let day = pairs.filled("day").and_then(|day| day.parse().ok()).unwrap_or(today);
        Ok(Planner {
            end: field("end").filter(|end| matches!(end.kind, Kind::Date)),
            title: field("title"),
            load: field("load"),
            capacity: of_row("capacity"),
            calendar: of_row("calendar"),
            action: action.cloned(),
            window: Window::around(day, Scale::read(pairs.get("by"))),
            words: pairs.filled("q").unwrap_or_default().to_owned(),
            after: pairs.filled("after").map(str::to_owned),
            moving: pairs.filled("move").and_then(|id| id.parse().ok()),
            visitor,
            start,
            rows,
            row_model,
            document,
            model,
            day,
            today,
        })
    }

    /// A text of the view.
    fn view(&self, key: &str) -> Option<String> {
        self.model.views["timeline"][key].as_str().map(str::to_owned)
    }

    fn name(&self) -> String {
        super::menu::name_of_view(self.visitor, &self.model, "timeline")
    }

    fn is_readable(&self, name: &str) -> bool {
        let field = self.model.field(name);
        field.is_some_and(|field| may_read_field(&self.visitor.ctx, self.visitor.schema(), field))
    }

    /// Whether moving can change this: an argument of the action, or a field that one enters.
    fn changes(&self, field: &Field) -> bool {
        match &self.action {
            Some(action) => action.args.contains_key(&field.name),
            None => is_entered(self.visitor, field),
        }
    }

    /// The address of the same with something else.
    fn address(&self, more: &[(&str, &str)]) -> String {
        let day = self.day.to_string();
        let mut pairs =
            vec![("day", day.as_str()), ("by", self.window.scale.name()), ("q", &self.words)];
        pairs.extend(self.after.as_deref().map(|after| ("after", after)));
        pairs.retain(|(name, value)| !value.is_empty() && more.iter().all(|(own, _)| own != name));
        pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        format!("/{}/timeline?{}", self.model.name, query(pairs))
    }

    fn on(&self, day: Date) -> String {
        self.address(&[("day", &day.to_string())])
    }

    fn head(&self, name: &str) -> Markup {
        let words = &self.visitor.words;
        let plural = words.plural(&self.row_model);
        let search = words.say_of("search-list", &[("model", Arg::Text(&plural))]);
        let (from, until) = (self.window.from, self.window.until);
        html! {
            div.head {
                h1 { (name) }
                nav.turns aria-label=(words.say("planner-view")) {
                    a.button href=(self.on(self.window.before())) aria-label=(words.say("calendar-before")) rel="prev" { "‹" }
                    a.button href=(self.on(self.today)) { (words.say("home-today")) }
                    a.button href=(self.on(self.window.after())) aria-label=(words.say("calendar-after")) rel="next" { "›" }
                }
                strong.n { (words.locale.date(from)) " – " (words.locale.date(until)) }
                div.ways {
                    form.words action={ "/" (self.model.name) "/timeline" } {
                        input type="hidden" name="day" value=(self.day);
                        input type="hidden" name="by" value=(self.window.scale.name());
                        input type="search" name="q" value=(self.words) placeholder=(search) aria-label=(search) data-key="/";
                    }
                    (self.scales())
                    @if !self.document.is_line() {
                        a.button href={ "/" (self.document.name) } { (words.say("list-list")) }
                    }
                    @if permissions::may(&self.visitor.ctx, &self.document, Right::Create) {
                        a.button.primary href={ "/" (self.document.name) "/new" } data-key="n" { (words.say("list-new")) }
                    }
                }
            }
        }
    }

    fn scales(&self) -> Markup {
        let words = &self.visitor.words;
        let label = |scale: Scale| match scale {
            Scale::Week => words.say("calendar-week"),
            Scale::Month => words.say("calendar-month"),
            Scale::Quarter => words.say("planner-quarter"),
        };
        html! {
            nav.scales aria-label=(words.say("planner-scale")) {
                @for scale in Scale::ALL {
                    a.button href=(self.address(&[("by", scale.name())]))
                        aria-current=[(scale == self.window.scale).then_some("true")] { (label(scale)) }
                }
            }
        }
    }
}
