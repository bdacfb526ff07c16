//! Records by their days, a month or a week at a time, as `[views.calendar]` says: where they begin, where they
//! end, how they are called. A table, so that it prints and is read aloud; one statement a page.
//! Not here: moving them, which is done in their forms.

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::permissions::{self, Right, may_read_field};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{Date, Value, limits};
use maud::{Markup, html};

use super::ask::Ask;
use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::visitor::Visitor;
use crate::widgets::name_of;

/// Records that a day of a month shows; of more it says how many there are.
const SHOWN: usize = 4;
pub(super) const WEEKDAYS: [&str; 7] = [
    "calendar-mon",
    "calendar-tue",
    "calendar-wed",
    "calendar-thu",
    "calendar-fri",
    "calendar-sat",
    "calendar-sun",
];

/// A calendar with the days that it shows.
struct Calendar<'a> {
    visitor: &'a Visitor,
    model: &'a Model,
    ask: Ask,
    start: &'a Field,
    end: Option<&'a Field>,
    title: String,
    /// A day of the month or the week that is looked at.
    day: Date,
    by_week: bool,
    today: Date,
}

/// Whether a model has one that the reader may look at.
pub(crate) fn has(visitor: &Visitor, model: &Model) -> bool {
    field(visitor, model, "start").is_some()
}

/// A field of dates that the view names and the reader may read.
fn field<'m>(visitor: &Visitor, model: &'m Model, key: &str) -> Option<&'m Field> {
    let field = model.field(model.views["calendar"][key].as_str()?)?;
    let is_day = matches!(field.kind, Kind::Date) && field.has_column();
    (is_day && may_read_field(&visitor.ctx, visitor.schema(), field)).then_some(field)
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
    let model = visitor.model(model)?;
    let none = || Error::not_found("page", &model.name);
    let work = app.kernel.read(&visitor.ctx, |tx| {
        let today = tx.today();
        Box::pin(async move { Ok(today) })
    });
    let today = work.await?;
    let day = asked.filled("day").and_then(|day| day.parse().ok()).unwrap_or(today);
    let title = model.views["calendar"]["title"].as_str().unwrap_or(&model.title).to_owned();
    let readable = |name: &String| {
        let field = model.field(name);
        field.is_some_and(|field| may_read_field(&visitor.ctx, visitor.schema(), field))
    };
    let calendar = Calendar {
        start: field(visitor, &model, "start").ok_or_else(none)?,
        end: field(visitor, &model, "end"),
        title: Some(title).filter(readable).unwrap_or_else(|| model.title.clone()),
        ask: Ask { words: asked.get("q").unwrap_or_default().trim().to_owned(), ..Ask::default() },
        by_week: asked.get("by") == Some("week"),
        visitor,
        model: &model,
        day,
        today,
    };
    let (found, more) = calendar.read(app).await?;
    let words = &visitor.words;
    let plural = words.plural(&model);
    let body = html! {
        (calendar.head(&plural))
        div.scroll.listing { (calendar.table(&found)) }
        @if more { p.soft { (words.say("calendar-more")) } }
    };
    let shows = Some((model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

impl Calendar<'_> {
    /// The first day that is shown, a Monday, and how many weeks.
    fn span(&self) -> (Date, usize) {
        if self.by_week {
            return (monday(self.day), 1);
        }
        let (first, last) = (self.day.first_of_month(), self.day.last_of_month());
        let begin = monday(first);
        let mut weeks = 1;
        while days_after(begin, weeks * 7 - 1) < last {
            weeks += 1;
        }
        (begin, weeks)
    }

    /// Where the days that are meant begin and end: of a month without those of its neighbours.
    fn meant(&self) -> (Date, Date) {
        match self.by_week {
            true => (monday(self.day), days_after(monday(self.day), 6)),
            false => (self.day.first_of_month(), self.day.last_of_month()),
        }
    }

    async fn read(&self, app: &App) -> Result<(Vec<Rec>, bool), Error> {
        let (begin, weeks) = self.span();
        let last = days_after(begin, weeks * 7 - 1);
        let start = &self.start.name;
        let within = format!("{start} >= date(\"{begin}\") && {start} <= date(\"{last}\")");
        let filter = match self.end.map(|end| &end.name) {
            Some(end) => {
                format!("({within}) || ({start} < date(\"{begin}\") && {end} >= date(\"{begin}\"))")
            }
            None => within,
        };
        let mut names = vec![start.clone(), self.title.clone(), self.model.title.clone()];
        names.extend(self.end.map(|end| end.name.clone()));
        names.extend(self.model.field("state").map(|field| field.name.clone()));
        names.sort();
        names.dedup();
        let wanted = Query {
            filter: Some(filter),
            search: Some(self.ask.words.clone()).filter(|words| !words.is_empty()),
            sort: vec![start.clone(), "id".to_owned()],
            limit: Some(limits::PAGE_SIZE_MAX),
            show: Select { fields: names, expand: Vec::new() },
            ..Query::default()
        };
        let model = self.model.name.clone();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let (model, wanted) = (model.clone(), wanted.clone());
            Box::pin(async move { records::list(tx, &model, &wanted).await })
        });
        let page = work.await?;
        Ok((page.rows, page.next.is_some()))
    }

    fn address(&self, day: Date, by_week: bool) -> String {
        let day = day.to_string();
        let mut pairs = vec![("day", day.as_str())];
        if by_week {
            pairs.push(("by", "week"));
        }
        if !self.ask.words.is_empty() {
            pairs.push(("q", self.ask.words.as_str()));
        }
        format!("/{}/calendar?{}", self.model.name, query(pairs))
    }

    fn head(&self, plural: &str) -> Markup {
        let words = &self.visitor.words;
        let say = |key: &str| words.say(key).into_owned();
        let (from, to) = self.meant();
        let search = words.say_of("search-list", &[("model", Arg::Text(plural))]);
        let before = from.yesterday().unwrap_or(from);
        let after = to.tomorrow().unwrap_or(to);
        html! {
            div.head {
                h1 { (plural) }
                nav.turns aria-label=(say("calendar-view")) {
                    a.button href=(self.address(before, self.by_week)) aria-label=(say("calendar-before")) rel="prev" { "‹" }
                    a.button href=(self.address(self.today, self.by_week)) { (say("home-today")) }
                    a.button href=(self.address(after, self.by_week)) aria-label=(say("calendar-after")) rel="next" { "›" }
                }
                strong.n { (words.locale.date(from)) " – " (words.locale.date(to)) }
                div.ways {
                    form.words action={ "/" (self.model.name) "/calendar" } {
                        input type="hidden" name="day" value=(self.day);
                        @if self.by_week { input type="hidden" name="by" value="week"; }
                        input type="search" name="q" value=(self.ask.words) placeholder=(search) aria-label=(search) data-key="/";
                    }
                    a.button href=(self.address(self.day, !self.by_week)) {
                        (say(if self.by_week { "calendar-month" } else { "calendar-week" }))
                    }
                    a.button href={ "/" (self.model.name) } { (say("list-list")) }
                    @if self.creates() { a.button.primary href=(self.new_on(self.day)) data-key="n" { (say("list-new")) } }
                }
            }
        }
    }

    fn creates(&self) -> bool {
        permissions::may(&self.visitor.ctx, self.model, Right::Create)
    }

    /// The form of a record that begins on this day.
    fn new_on(&self, day: Date) -> String {
        let day = day.to_string();
        format!("/{}/new?{}", self.model.name, query([(self.start.name.as_str(), day.as_str())]))
    }

    fn table(&self, found: &[Rec]) -> Markup {
        let (begin, weeks) = self.span();
        html! {
            table.calendar .week[self.by_week] {
                thead { tr { @for key in WEEKDAYS { th scope="col" { (self.visitor.words.say(key)) } } } }
                tbody { @for week in 0..weeks { tr {
                    @for weekday in 0..7 { (self.day(days_after(begin, week * 7 + weekday), found)) }
                } } }
            }
        }
    }

    fn day(&self, day: Date, found: &[Rec]) -> Markup {
        let words = &self.visitor.words;
        let (from, to) = self.meant();
        let own: Vec<&Rec> = found.iter().filter(|rec| self.holds(rec, day)).collect();
        let most = if self.by_week { usize::MAX } else { SHOWN };
        let rest = own.len().saturating_sub(most);
        let label = words.locale.date(day);
        html! {
            td .other[day < from || day > to] .today[day == self.today] aria-label=(label) {
                @if self.creates() {
                    a.day href=(self.new_on(day)) title=(words.say("list-new")) { span.away { (words.say("list-new")) ", " (label) ": " } (day.day()) }
                } @else { span.day { (day.day()) } }
                ul { @for rec in own.iter().take(most) { (self.item(rec)) } }
                @if rest > 0 { a.rest href=(self.address(day, true)) { "+ " (rest) } }
            }
        }
    }

    /// Whether a record is of this day; one that ends before it begins is of the day of its beginning.
    fn holds(&self, rec: &Rec, day: Date) -> bool {
        let Some(start) = rec.date(&self.start.name) else { return false };
        let end = self.end.and_then(|end| rec.date(&end.name)).unwrap_or(start);
        start == day || (start < day && day <= end)
    }

    fn item(&self, rec: &Rec) -> Markup {
        let at = self.model.field_index(&self.title).unwrap_or_default();
        let named = match &rec.values[at] {
            Value::Text(text) if !text.is_empty() => text.clone(),
            Value::Link(_) => rec.title_of(&self.title).unwrap_or_default().to_owned(),
            _ => name_of(self.visitor, rec),
        };
        html! { li { a.event href={ "/" (self.model.name) "/" (rec.id) } data-state=[rec.state()] title=(named) { (named) } } }
    }
}

pub(super) fn monday(day: Date) -> Date {
    let back = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
    (0..back).fold(day, |day, _| day.yesterday().unwrap_or(day))
}

pub(super) fn days_after(day: Date, many: usize) -> Date {
    (0..many).fold(day, |day, _| day.tomorrow().unwrap_or(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        for (day, found) in [
            ("2026-03-02", "2026-03-02"),
            ("2026-03-08", "2026-03-02"),
            ("2026-03-01", "2026-02-23"),
        ] {
            let day: Date = day.parse().unwrap();
            assert_eq!(monday(day).to_string(), found);
        }
        assert_eq!(days_after("2026-02-27".parse().unwrap(), 2).to_string(), "2026-03-01");
    }
}
