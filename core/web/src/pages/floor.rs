//! Work to be done, as large cards for a screen beside the machine, as `[views.floor]` says: what comes
//! next at a place, how far it is, what goes into it, and the actions that report it. Their buttons are
//! plain forms and large enough for a thumb.
//! Not here: doing it; the forms go where those of the record's own page go (`act`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right, may_read_field};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::schema::{Action, Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Decimal, Value, limits};
use fondaco_kernel::{Error, Tx, offers};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::ask::{self, Ask};
use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::visitor::Visitor;
use crate::widgets::{Shown, asked as ask_for, exponent_of, name_of, show as value, state_badge};

/// Cards of a page, and places to choose from.
const CARDS: usize = 24;
const PLACES: usize = 40;

/// Lines of a record that the view names: where it is worked on, or what goes into it.
struct Lines {
    /// The field of the record.
    lines: String,
    model: Arc<Model>,
    title: Option<Field>,
    quantity: Option<Field>,
    done: Option<Field>,
    /// The link to the place.
    field: Option<Field>,
}

/// What `[views.floor]` says, as far as the reader may know it.
struct Floor<'a> {
    visitor: &'a Visitor,
    model: Arc<Model>,
    title: Option<Field>,
    subtitle: Option<Field>,
    fields: Vec<Field>,
    quantity: Option<Field>,
    done: Option<Field>,
    place: Option<Lines>,
    parts: Option<Lines>,
    actions: Vec<Action>,
    /// The place whose work is shown.
    at: Option<AnyId>,
}

#[derive(Clone)]
struct Question {
    model: String,
    query: Query,
    /// The lines that stand at the place: their model, a condition, the link to the record.
    at: Option<(String, String, String)>,
    places: Option<(String, Query)>,
    actions: Vec<String>,
}

struct Read {
    works: Vec<Rec>,
    more: bool,
    places: Vec<Rec>,
    /// By action: with which records it can be done.
    possible: HashMap<String, HashSet<AnyId>>,
}

pub(crate) fn has(model: &Model) -> bool {
    model.views["floor"].is_object()
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let page = page(&app, &visitor, &model, &asked).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, model: &str, asked: &Pairs) -> Result<Response, Error> {
    let floor = Floor::of(visitor, model, asked)?;
    let read = floor.read(app).await?;
    let (name, words) = (floor.name(), &visitor.words);
    let body = html! {
        div.head { h1 { (name) } div.ways { a.button href={ "/" (model) } { (words.say("list-list")) } } }
        (floor.places(&read))
        div.floor {
            @if read.works.is_empty() { p.soft.note { (words.say("floor-none")) } }
            @for rec in &read.works { (floor.card(rec, &read)) }
            @if read.more { p.soft { (words.say("floor-more")) } }
        }
    };
    let shows = Some((model, String::new()));
    Ok(good(shell::page(visitor, Page { title: &name, crumbs: Vec::new(), shows, body })))
}

async fn found(tx: &mut Tx, asked: &Question) -> Result<Read, Error> {
    let places = match &asked.places {
        Some((model, query)) => records::list(tx, model, query).await?.rows,
        None => Vec::new(),
    };
    let mut query = asked.query.clone();
    if let Some((lines, filter, by)) = &asked.at {
        let here = Query {
            filter: Some(filter.clone()),
            limit: Some(IDS),
            show: Select { fields: vec![by.clone()], expand: Vec::new() },
            ..Query::default()
        };
        let here = records::list(tx, lines, &here).await?.rows;
        let mut ids: Vec<AnyId> = here.iter().filter_map(|line| line.link(by)).collect();
        ids.sort_unstable();
        ids.dedup();
        let ids: Vec<String> = ids.iter().map(AnyId::to_string).collect();
        let own =
            if ids.is_empty() { "false".to_owned() } else { format!("id in [{}]", ids.join(", ")) };
        query.filter = Some(query.filter.map_or(own.clone(), |other| format!("{own} && {other}")));
    }
    let page = records::list(tx, &asked.model, &query).await?;
    let ids: Vec<AnyId> = page.rows.iter().map(|rec| rec.id).collect();
    let mut possible = HashMap::new();
    for action in &asked.actions {
        let can = offers::possible(tx, &asked.model, &ids, Right::Act(action)).await?;
        possible.insert(action.clone(), can);
    }
    Ok(Read { more: page.next.is_some(), works: page.rows, places, possible })
}

/// Lines of one place that are looked at; a condition holds no more of their records.
const IDS: usize = 150;

impl Lines {
    fn of(visitor: &Visitor, model: &Model, said: &Json) -> Option<Lines> {
        let name = said["lines"].as_str()?;
        let (_, of, _) = model.lines().find(|(field, _, _)| field.name == name)?;
        let child = visitor.schema().model(of)?.clone();
        let field = |key: &str| {
            let field = said[key].as_str().and_then(|name| child.field(name));
            field.filter(|f| may_read_field(&visitor.ctx, visitor.schema(), f)).cloned()
        };
        Some(Lines {
            title: field("title"),
            quantity: field("quantity"),
            done: field("done"),
            field: field("field"),
            lines: name.to_owned(),
            model: child,
        })
    }

    /// What a line is called, and how far it is: so many of so many.
    fn told(&self, line: &Rec) -> (String, Decimal, Decimal) {
        let named = self.title.as_ref().map(|field| match line.get(&field.name) {
            Value::Link(_) => line.title_of(&field.name).unwrap_or_default().to_owned(),
            Value::Text(text) => text.clone(),
            _ => line.title(),
        });
        let number = |field: &Option<Field>| {
            field.as_ref().and_then(|field| line.decimal(&field.name)).unwrap_or_default()
        };
        (named.unwrap_or_else(|| line.title()), number(&self.done), number(&self.quantity))
    }
}

impl Floor<'_> {
    fn of<'a>(visitor: &'a Visitor, name: &str, asked: &Pairs) -> Result<Floor<'a>, Error> {
        let model = visitor.model(name)?;
        if !has(&model) {
            return Err(Error::not_found("page", name));
        }
        let view = &model.views["floor"];
        let named = |name: &str| {
            let field = model.field(name);
            field.filter(|f| may_read_field(&visitor.ctx, visitor.schema(), f)).cloned()
        };
        let list = |key: &str| view[key].as_array().into_iter().flatten().filter_map(Json::as_str);
        let field = |key: &str| view[key].as_str().and_then(named);
        let actions = list("actions").filter_map(|name| model.actions.get(name));
        Ok(Floor {
            title: field("title"),
            subtitle: field("subtitle"),
            fields: list("fields").filter_map(named).collect(),
            quantity: field("quantity"),
            done: field("done"),
            place: Lines::of(visitor, &model, &view["place"]),
            parts: Lines::of(visitor, &model, &view["parts"]),
            actions: actions.cloned().collect(),
            at: asked.filled("at").and_then(|id| id.parse().ok()),
            visitor,
            model,
        })
    }

    fn name(&self) -> String {
        super::menu::name_of_view(self.visitor, &self.model, "floor")
    }

    fn address(&self, at: Option<AnyId>) -> String {
        let at = at.map_or(String::new(), |id| format!("?at={id}"));
        format!("/{}/floor{at}", self.model.name)
    }

    /// The states from which one of the actions leads.
    fn states(&self) -> String {
        let mut states: Vec<&str> =
            self.actions.iter().flat_map(|action| &action.from).map(String::as_str).collect();
        states.sort_unstable();
        states.dedup();
        states.iter().map(|state| format!("'{state}'")).collect::<Vec<_>>().join(", ")
    }

    async fn read(&self, app: &App) -> Result<Read, Error> {
        let question = self.question();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let question = question.clone();
            Box::pin(async move { found(tx, &question).await })
        });
        work.await
    }

    fn question(&self) -> Question {
        let states = self.states();
        let is_open = |by: &str| (!states.is_empty()).then(|| format!("{by}state in [{states}]"));
        let sort = self.model.views["floor"]["sort"].as_array().into_iter().flatten();
        let mut sort: Vec<String> = sort.filter_map(Json::as_str).map(str::to_owned).collect();
        sort.push("id".to_owned());
        let lines = [&self.place, &self.parts].into_iter().flatten();
        let query = Query {
            filter: is_open(""),
            sort,
            limit: Some(CARDS),
            show: Select {
                fields: Vec::new(),
                expand: lines.map(|lines| lines.lines.clone()).collect(),
            },
            ..Query::default()
        };
        let field = self.place.as_ref().and_then(|place| Some((place, place.field.as_ref()?)));
        let at = field.zip(self.at).and_then(|((place, field), id)| {
            let by = &place.model.owner.as_ref()?.by;
            let here = format!("{} == {id}", field.name);
            let open = is_open(&format!("{by}."));
            let filter = open.map_or(here.clone(), |open| format!("{here} && {open}"));
            Some((place.model.name.clone(), filter, by.clone()))
        });
        let target = field.and_then(|(_, field)| field.kind.target());
        let target = target.and_then(|name| self.visitor.schema().model(name));
        let may = |model: &&Arc<Model>| permissions::may(&self.visitor.ctx, model, Right::Read);
        let places = target.filter(may).map(|model| {
            let query = Query {
                sort: ask::order(model, &Ask::default()),
                limit: Some(PLACES.min(limits::PAGE_SIZE_MAX)),
                show: Select { fields: vec![model.title.clone()], expand: Vec::new() },
                ..Query::default()
            };
            (model.name.clone(), query)
        });
        let actions = self.actions.iter().map(|action| action.name.clone()).collect();
        Question { model: self.model.name.clone(), query, at, places, actions }
    }

    /// Where one works.
    fn places(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        html! {
            @if !read.places.is_empty() {
                nav.stations aria-label=(words.say("floor-places")) {
                    a.button href=(self.address(None)) aria-current=[self.at.is_none().then_some("true")] { (words.say("floor-all")) }
                    @for rec in &read.places {
                        a.button href=(self.address(Some(rec.id))) aria-current=[(self.at == Some(rec.id)).then_some("true")] { (name_of(self.visitor, rec)) }
                    }
                }
            }
        }
    }

    fn card(&self, rec: &Rec, read: &Read) -> Markup {
        let address = format!("/{}/{}", self.model.name, rec.id);
        let title = self.title.as_ref().map(|field| self.plain(rec, field));
        let subtitle = self.subtitle.as_ref().map(|field| self.plain(rec, field));
        html! {
            section.work.panel data-id=(rec.id) aria-label=(name_of(self.visitor, rec)) {
                header {
                    h2 { @match title { Some(title) => { (title) }, None => { (name_of(self.visitor, rec)) } } }
                    (state_badge(self.visitor, rec))
                    p.soft {
                        a href=(address) { @match subtitle { Some(subtitle) => { (subtitle) }, None => { (name_of(self.visitor, rec)) } } }
                        @for field in &self.fields { (self.fact(rec, field)) }
                    }
                }
                (self.progress(rec))
                div.sides { (self.steps(rec)) (self.needs(rec)) }
                div.tasks { @for (n, action) in self.possible(rec, read).enumerate() { (self.task(rec, action, n == 0)) } }
            }
        }
    }

    fn plain(&self, rec: &Rec, field: &Field) -> Markup {
        let at = self.model.field_index(&field.name).unwrap_or_default();
        let shown = Shown::of(self.visitor, rec, at, exponent_of(self.visitor, rec));
        match (&field.kind, shown.title) {
            (Kind::Link { .. }, Some(title)) => html! { (title) },
            _ => value(shown),
        }
    }

    fn fact(&self, rec: &Rec, field: &Field) -> Markup {
        let words = &self.visitor.words;
        html! {
            @if !rec.get(&field.name).is_null() {
                span.fact { (words.field(&self.model.name, field)) ": " (self.plain(rec, field)) }
            }
        }
    }

    fn number(&self, rec: &Rec, field: Option<&Field>) -> Decimal {
        field.and_then(|field| rec.decimal(&field.name)).unwrap_or_default()
    }

    fn progress(&self, rec: &Rec) -> Markup {
        let words = &self.visitor.words;
        let done = self.number(rec, self.done.as_ref());
        let all = self.number(rec, self.quantity.as_ref());
        let (own, most) = (words.locale.decimal(done, 0), words.locale.decimal(all, 0));
        let said =
            words.say_of("planner-load", &[("load", Arg::Text(&own)), ("most", Arg::Text(&most))]);
        let name =
            self.done.as_ref().map(|field| words.field(&self.model.name, field).into_owned());
        html! {
            p.so-far {
                strong.n { (said) } " " span.soft { (name.clone().unwrap_or_default()) }
                progress value=(done.normalize()) max=(all.normalize()) aria-label=(name.unwrap_or_default()) { (said) }
            }
        }
    }

    /// Where it is worked on, those at this place marked.
    fn steps(&self, rec: &Rec) -> Markup {
        let Some(place) = &self.place else { return html! {} };
        let at = |line: &Rec| place.field.as_ref().and_then(|field| line.link(&field.name));
        html! { (self.lines(rec, place, |line| self.at.is_some() && at(line) == self.at)) }
    }

    /// What goes into it, and of what something is still to be taken.
    fn needs(&self, rec: &Rec) -> Markup {
        html! { @if let Some(parts) = &self.parts { (self.lines(rec, parts, |_| false)) } }
    }

    fn lines(&self, rec: &Rec, lines: &Lines, is_here: impl Fn(&Rec) -> bool) -> Markup {
        let words = &self.visitor.words;
        let head = self.model.field(&lines.lines);
        let head = head.map(|field| words.field(&self.model.name, field).into_owned());
        let own = rec.lines(&lines.lines);
        html! {
            @if !own.is_empty() {
                div.side-of {
                    h3 { (head.unwrap_or_default()) @if let Some(done) = &lines.done { span.soft { " · " (words.field(&lines.model.name, done)) } } }
                    ol { @for line in own {
                        @let (name, done, all) = lines.told(line);
                        li .here[is_here(line)] .open[done < all] {
                            span { (name) }
                            @if let Some(title) = lines.field.as_ref().and_then(|field| line.title_of(&field.name)) { span.soft { (title) } }
                            span.n { (words.locale.decimal(done, 0)) " / " (words.locale.decimal(all, 0)) }
                        }
                    } }
                }
            }
        }
    }

    /// What can be done with a record now, in the view's order.
    fn possible<'f>(&'f self, rec: &'f Rec, read: &'f Read) -> impl Iterator<Item = &'f Action> {
        self.actions.iter().filter(|action| {
            read.possible.get(&action.name).is_some_and(|ids| ids.contains(&rec.id))
        })
    }

    /// An action as a button, or as a form that opens. The first brings the work on.
    fn task(&self, rec: &Rec, action: &Action, leading: bool) -> Markup {
        let words = &self.visitor.words;
        let name = words.action(&self.model.name, action);
        let address = format!("/{}/{}/{}", self.model.name, rec.id, action.name);
        let back = html! { input type="hidden" name="_back" value=(self.address(self.at)); };
        let asked: Vec<&Field> = action.args.values().filter(|a| !a.kind.is_json()).collect();
        html! {
            @if asked.is_empty() {
                form method="post" action=(address) { (back) button.big .primary[leading] { (name) } }
            } @else {
                details.task {
                    summary.button.big .primary[leading] { (name) }
                    form method="post" action=(address) {
                        (back)
                        @for arg in asked {
                            (ask_for(self.blank(rec, arg), action, &format!("a-{}-{}-{}", rec.id, action.name, arg.name)))
                        }
                        button.primary.big { (name) }
                    }
                }
            }
        }
    }

    fn blank<'f>(&'f self, rec: &Rec, arg: &'f Field) -> Shown<'f> {
        Shown::blank(self.visitor, &self.model, arg, exponent_of(self.visitor, rec))
    }
}
