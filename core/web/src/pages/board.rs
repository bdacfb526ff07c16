//! The board of a model: its records in columns by a state, a choice or a link, as `[views.kanban]`
//! says. A card is moved with the mouse or by a select; a state is moved by the action that leads
//! there. Figures of a column are those of a thousand records at most.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Page as Rows, Query, Select, Summed, Totals};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

use super::ask::Ask;
use super::shell::{self, Page};
use super::{go_saying, go_to, good};
use crate::App;
use crate::address::{Asked, Pairs, Sent};
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, is_entered, label, name_of, show as value, values};

/// Cards of a column; the rest are in the list.
const CARDS: usize = 20;
const COLUMNS: usize = 12;

/// One column: what its records have in the field, and how it is called.
#[derive(Clone)]
struct Column {
    value: String,
    title: String,
    rows: Rows,
    figures: Summed,
}

/// What `[views.kanban]` says.
struct Board<'a> {
    visitor: &'a Visitor,
    model: Arc<Model>,
    by: Field,
    title: String,
    subtitle: Option<String>,
    fields: Vec<String>,
    sums: Vec<String>,
    ask: Ask,
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
    let board = Board::of(visitor, model, Ask::read(asked))?;
    let columns = board.read(app).await?;
    let words = &visitor.words;
    let plural = words.plural(&board.model);
    let search = words.say_of("search-list", &[("model", Arg::Text(&plural))]);
    let body = html! {
        div.head {
            h1 { (plural) }
            div.ways {
                form.words action={ "/" (model) "/board" } {
                    input type="search" name="q" value=(board.ask.words) placeholder=(search) aria-label=(search) data-key="/";
                }
                a.button href={ "/" (model) } { (words.say("list-list")) }
                @if permissions::may(&visitor.ctx, &board.model, Right::Create) {
                    a.button.primary href={ "/" (model) "/new" } data-key="n" { (words.say("list-new")) }
                }
            }
        }
        kan-ban data-model=(model) { @for column in &columns { (board.column(column, &columns)) } }
    };
    let shows = Some((model, String::new()));
    Ok(good(shell::page(visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

impl Board<'_> {
    fn of<'a>(visitor: &'a Visitor, model: &str, ask: Ask) -> Result<Board<'a>, Error> {
        let model = visitor.model(model)?;
        let view = model.views["kanban"].clone();
        let text = |key: &str| view[key].as_str().map(str::to_owned);
        let by = text("group").and_then(|name| model.field(&name).cloned());
        let by = by.ok_or_else(|| Error::not_found("page", &model.name))?;
        let may_read = |name: &str| {
            let field = model.field(name);
            field.is_some_and(|f| permissions::may_read_field(&visitor.ctx, visitor.schema(), f))
        };
        let list = |key: &str| -> Vec<String> {
            let names = view[key].as_array().into_iter().flatten().filter_map(Json::as_str);
            names.filter(|name| may_read(name)).map(str::to_owned).collect()
        };
        let mut sums = list("sum");
        sums.extend(text("sum").filter(|name| may_read(name)));
        Ok(Board {
            title: text("title").unwrap_or_else(|| model.title.clone()),
            subtitle: text("subtitle").filter(|name| may_read(name)),
            fields: list("fields"),
            sums,
            visitor,
            by,
            ask,
            model,
        })
    }

    async fn read(&self, app: &App) -> Result<Vec<Column>, Error> {
        let (model, by) = (self.model.clone(), self.by.clone());
        let asked = self.ask.expression(self.visitor, &self.model)?;
        let own = self.model.views["kanban"]["filter"].as_str().map(|text| format!("({text})"));
        let parts: Vec<String> = own.into_iter().chain(asked).collect();
        let base = (!parts.is_empty()).then(|| parts.join(" && "));
        let mut names = vec![self.title.clone(), self.by.name.clone()];
        names.extend(self.subtitle.iter().chain(&self.fields).cloned());
        names.extend(model.field("currency").map(|field| field.name.clone()));
        names.retain(|name| model.field(name).is_some());
        let (words, sums) = (self.ask.words.clone(), self.sums.clone());
        let known: Vec<(String, String)> = values(&self.by)
            .iter()
            .map(|choice| {
                let title = label(self.visitor, &self.model.name, &self.by, &choice.value);
                (choice.value.clone(), title)
            })
            .collect();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let (model, by, base) = (model.clone(), by.clone(), base.clone());
            let (names, words, sums, known) =
                (names.clone(), words.clone(), sums.clone(), known.clone());
            Box::pin(async move {
                let columns = match known.is_empty() {
                    true => linked(tx, &by).await?,
                    false => known,
                };
                let mut read = Vec::new();
                for (value, title) in columns {
                    let own = match by.kind {
                        Kind::Link { .. } => format!("{} == {value}", by.name),
                        _ => format!("{} == \"{value}\"", by.name),
                    };
                    let filter =
                        base.as_ref().map_or(own.clone(), |base| format!("{own} && {base}"));
                    let search = Some(words.clone()).filter(|words| !words.is_empty());
                    let query = Query {
                        filter: Some(filter.clone()),
                        search: search.clone(),
                        limit: Some(CARDS),
                        show: Select { fields: names.clone(), expand: Vec::new() },
                        ..Query::default()
                    };
                    let rows = records::list(tx, &model.name, &query).await?;
                    let asked = Totals {
                        filter: Some(filter),
                        search,
                        sums: sums.clone(),
                        rows_max: Some(limits::COUNT_MAX),
                        ..Totals::default()
                    };
                    let figures = records::totals(tx, &model.name, &asked).await?;
                    read.push(Column { value, title, rows, figures });
                }
                Ok(read)
            })
        });
        work.await
    }

    fn column(&self, column: &Column, all: &[Column]) -> Markup {
        let words = &self.visitor.words;
        let count: usize = column.figures.groups.iter().map(|group| group.count).sum();
        let shown = match column.figures.capped {
            true => format!("{}+", words.locale.int(limits::COUNT_MAX as i64)),
            false => words.locale.int(i64::try_from(count).unwrap_or(i64::MAX)),
        };
        let more = count.saturating_sub(column.rows.rows.len());
        html! {
            section.column data-value=(column.value) aria-label=(column.title) {
                header { h2 { (column.title) } span.count { (shown) }
                    @for at in 0..self.sums.len() {
                        @if !column.figures.capped { (super::list::amounts(self.visitor, &column.figures.groups, at, &[])) }
                    }
                }
                ul.cards { @for rec in &column.rows.rows { (self.card(rec, column, all)) } }
                @if column.rows.rows.is_empty() { p.soft.none { (words.say("board-none")) } }
                @if more > 0 && !column.figures.capped {
                    a.soft href={ "/" (self.model.name) "?f." (self.by.name) "=" (column.value) } {
                        (words.say_of("board-more", &[("count", Arg::Count(more))]))
                    }
                }
                @if column.figures.capped { a.soft href={ "/" (self.model.name) "?f." (self.by.name) "=" (column.value) } { (words.say("list-next")) } }
                (self.quick(column))
            }
        }
    }

    /// A new card by its name alone, where that is enough for a record to begin with.
    fn quick(&self, column: &Column) -> Markup {
        let words = &self.visitor.words;
        let creates = permissions::may(&self.visitor.ctx, &self.model, Right::Create);
        let first = self.model.states.as_ref().is_none_or(|states| states.initial == column.value);
        if !creates || (self.by.name == "state" && !first) {
            return html! {};
        }
        let preset = if self.by.name == "state" {
            String::new()
        } else {
            format!("?{}={}", self.by.name, column.value)
        };
        html! { a.link.add href={ "/" (self.model.name) "/new" (preset) } { "+ " (words.say("board-add")) } }
    }

    fn card(&self, rec: &Rec, column: &Column, all: &[Column]) -> Markup {
        let exponent = exponent_of(self.visitor, rec);
        let shown = |name: &str| {
            self.model.field_index(name).map(|at| Shown::of(self.visitor, rec, at, exponent))
        };
        let reached: Vec<&Column> = all
            .iter()
            .filter(|to| to.value != column.value && self.leads(rec, &to.value))
            .collect();
        let reaches: Vec<&str> = reached.iter().map(|to| to.value.as_str()).collect();
        html! {
            li.card data-id=(rec.id) data-version=(rec.version) data-to=(reaches.join(" ")) draggable=[(!reached.is_empty()).then_some("true")] {
                a.title href={ "/" (self.model.name) "/" (rec.id) } draggable="false" {
                    @match shown(&self.title) { Some(shown) if !shown.value.is_null() => (plain(shown)), _ => (name_of(self.visitor, rec)) }
                }
                @if let Some(shown) = self.subtitle.as_deref().and_then(shown) { p { (plain(shown)) } }
                @if !self.fields.is_empty() {
                    p.facts { @for name in &self.fields { @if let Some(shown) = shown(name) { span title=(self.visitor.words.field(&self.model.name, shown.field)) { (value(shown)) } } } }
                }
                @if !reached.is_empty() { (self.mover(rec, &reached)) }
            }
        }
    }

    /// The way without a mouse.
    fn mover(&self, rec: &Rec, reached: &[&Column]) -> Markup {
        let words = &self.visitor.words;
        html! {
            form.mover method="post" action={ "/do/move/" (self.model.name) } {
                input type="hidden" name="id" value=(rec.id);
                input type="hidden" name="version" value=(rec.version);
                label { span.away { (words.say("board-move")) ": " (name_of(self.visitor, rec)) }
                    select name="to" {
                        option value="" { (words.say("board-move")) }
                        @for to in reached { option value=(to.value) { (to.title) } }
                    }
                }
                button.small.unscripted { (words.say("list-apply")) }
            }
        }
    }

    /// Whether a card can get there: by writing the field, or by an action from its state.
    fn leads(&self, rec: &Rec, to: &str) -> bool {
        match self.by.name.as_str() {
            "state" => action_to(self.visitor, &self.model, rec.state(), to).is_some(),
            _ => {
                is_entered(self.visitor, &self.by)
                    && permissions::may(&self.visitor.ctx, &self.model, Right::Write)
            }
        }
    }
}

/// On a card a link does not lead away from it.
fn plain(shown: Shown<'_>) -> Markup {
    match shown.title {
        Some(title) => html! { (title) },
        None => value(shown),
    }
}

/// The action that leads from a state to another, asks for nothing, and may be done by the visitor.
fn action_to(visitor: &Visitor, model: &Model, from: Option<&str>, to: &str) -> Option<String> {
    let from = from?;
    let fits = |action: &&fondaco_kernel::schema::Action| {
        let asks = action.args.values().any(|arg| arg.required);
        let here = action.from.is_empty() || action.from.iter().any(|own| own == from);
        action.to.as_deref() == Some(to)
            && here
            && !asks
            && !action.internal
            && permissions::may(&visitor.ctx, model, Right::Act(&action.name))
    };
    model.actions.values().find(fits).map(|action| action.name.clone())
}

/// The records of the model that a board is by, in their order.
async fn linked(tx: &mut Tx, by: &Field) -> Result<Vec<(String, String)>, Error> {
    let Some(target) = by.kind.target() else { return Ok(Vec::new()) };
    let query = Query { limit: Some(COLUMNS), ..Query::default() };
    let rows = records::list(tx, target, &query).await?.rows;
    Ok(rows.iter().map(|rec| (rec.id.to_string(), rec.title())).collect())
}

pub(crate) async fn shift(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(form): Sent,
) -> Response {
    let board = format!("/{model}/board");
    if form.filled("to").is_none() {
        return go_to(&board);
    }
    match shifted(&app, &visitor, &model, &form).await {
        Ok(said) => go_saying(&board, &said),
        Err(error) if visitor.around.html => go_saying(&board, &error.public()),
        Err(error) => visitor.answer(Err(error)),
    }
}

async fn shifted(app: &App, visitor: &Visitor, model: &str, form: &Pairs) -> Result<String, Error> {
    let board = Board::of(visitor, model, Ask::default())?;
    let none = || Error::not_found(model, form.get("id").unwrap_or_default());
    let id = form.get("id").and_then(|id| id.parse::<AnyId>().ok()).ok_or_else(none)?;
    let version = form.get("version").and_then(|version| version.parse::<i64>().ok());
    let to = form.filled("to").unwrap_or_default().to_owned();
    let (name, by) = (board.model.name.clone(), board.by.clone());
    let actions: Vec<(String, Option<String>)> = board
        .model
        .states
        .iter()
        .flat_map(|states| &states.values)
        .map(|state| (state.clone(), action_to(visitor, &board.model, Some(state), &to)))
        .collect();
    let wish = to.clone();
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let (name, by, wish, actions) = (name.clone(), by.clone(), wish.clone(), actions.clone());
        Box::pin(async move {
            let rec = records::get(tx, &name, id, &Select::default()).await?;
            if by.name != "state" {
                let wanted: Map<String, Json> =
                    [(by.name.clone(), json!(wish))].into_iter().collect();
                let draft = records::draft_of(tx, &name, &wanted)?;
                records::update(tx, &name, vec![Change { id, version, draft }]).await?;
                return Ok(rec.title());
            }
            let action = actions.iter().find(|(from, _)| Some(from.as_str()) == rec.state());
            let action = action.and_then(|(_, action)| action.clone());
            let action = action.ok_or_else(|| {
                Error::problem(
                    "state",
                    "wrong_state",
                    format!("No action leads from here to {wish}."),
                )
            })?;
            let args = records::arguments(tx, &name, &action, &Map::new())?;
            records::act(tx, &name, id, &action, args).await?;
            tx.draw_numbers().await?;
            Ok(rec.title())
        })
    });
    let title = work.await?;
    let column = match board.by.kind {
        Kind::Choice { .. } => label(visitor, &board.model.name, &board.by, &to),
        _ => to,
    };
    let args = [("title", Arg::Text(&title)), ("column", Arg::Text(&column))];
    Ok(visitor.words.say_of("board-moved", &args).into_owned())
}
