//! A planner as a table: a column a day, a body a row, a line of it a lane of bars; what a row holds
//! and could hold stands below its bars. The form that moves one without scripts.

use std::collections::BTreeMap;

use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::Kind;
use fondaco_kernel::shared::Calendar;
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Date, Decimal, Rounding, Value, round};
use maud::{Markup, html};

use super::Planner;
use super::lanes::{Load, Work, lanes, loads};
use super::read::Read;
use super::window::{Scale, is_off};
use crate::pages::calendar::WEEKDAYS;
use crate::widgets::{label, name_of, tone};

/// A record where it stands among the columns.
struct Bar<'r> {
    rec: &'r Rec,
    from: Date,
    until: Date,
    place: (usize, usize),
    text: String,
    /// The record that is opened and changed.
    document: &'r Rec,
}

/// One row of the table.
struct Row<'r> {
    id: Option<AnyId>,
    name: String,
    calendar: Option<&'r Calendar>,
    bars: Vec<Bar<'r>>,
    loads: Vec<Load>,
}

impl Planner<'_> {
    pub(super) fn table(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        let rows = self.sorted(read);
        html! {
            table.timeline .weeks[self.window.scale == Scale::Quarter] .few[self.window.scale == Scale::Week] {
                caption.away { (self.name()) }
                thead { tr {
                    th.who scope="col" { (words.field(&self.model.name, &self.rows)) }
                    @for column in &self.window.columns { (self.heading(*column, read.usual.as_ref())) }
                } }
                @for row in &rows { (self.row(row, read)) }
                @if rows.is_empty() {
                    tbody { tr { td.soft colspan=(self.window.columns.len() + 1) { (words.say("planner-no-rows")) } } }
                }
                @if !rows.is_empty() { (self.counts(&rows)) }
            }
        }
    }

    fn heading(&self, (first, last): (Date, Date), usual: Option<&Calendar>) -> Markup {
        let words = &self.visitor.words;
        let weekday = usize::try_from(first.weekday().to_monday_zero_offset()).unwrap_or_default();
        let off = is_off(usual, (first, last));
        let title = match first == last {
            true => words.locale.date(first),
            false => format!("{} – {}", words.locale.date(first), words.locale.date(last)),
        };
        let week = i64::from(first.iso_week_date().week());
        html! {
            th scope="col" .unworked[off] .today[first <= self.today && self.today <= last]
                data-from=(first) data-until=(last) title=(title) {
                @if self.window.scale == Scale::Quarter {
                    small { (words.say_of("planner-week", &[("number", Arg::Text(&week.to_string()))])) }
                } @else {
                    small { (words.say(WEEKDAYS[weekday])) }
                }
                span.n { (first.day()) }
                @if off { span.away { " " (words.say("planner-off")) } }
            }
        }
    }

    /// The rows with what stands in each; first what stands in none.
    fn sorted<'r>(&self, read: &'r Read) -> Vec<Row<'r>> {
        let mut held: BTreeMap<Option<AnyId>, Vec<Bar<'r>>> = BTreeMap::new();
        for bar in read.bars.iter().filter_map(|rec| self.bar(rec, read)) {
            held.entry(bar.rec.link(&self.rows.name)).or_default().push(bar);
        }
        let none = held.remove(&None).map(|bars| Row {
            id: None,
            name: self.visitor.words.say("planner-none").into_owned(),
            calendar: read.usual.as_ref(),
            bars,
            loads: Vec::new(),
        });
        let rows = read.rows.rows.iter().map(|rec| {
            let bars = held.remove(&Some(rec.id)).unwrap_or_default();
            self.of_record(rec, bars, read)
        });
        none.into_iter().chain(rows.collect::<Vec<_>>()).collect()
    }

    fn of_record<'r>(&self, rec: &Rec, bars: Vec<Bar<'r>>, read: &'r Read) -> Row<'r> {
        let own = self.calendar.as_ref().and_then(|field| rec.link::<Calendar>(field));
        let own = own.and_then(|id| read.calendars.get(&id.any()));
        let calendar = own.or(read.usual.as_ref());
        // A row that says nothing can do what its calendar's hours are.
        let said = self.capacity.as_ref().map(|field| rec.decimal(field));
        let capacity = said.and_then(|own| own.or(calendar.map(|of| of.hours_per_day)));
        let works = |load: &fondaco_kernel::schema::Field| -> Vec<Work> {
            let work = |bar: &Bar<'_>| Work {
                from: bar.from,
                until: bar.until,
                load: bar.rec.decimal(&load.name).unwrap_or_default(),
            };
            bars.iter().map(work).collect()
        };
        let loads = match (&self.load, capacity) {
            (Some(load), Some(capacity)) => loads(&self.window, &works(load), calendar, capacity),
            _ => Vec::new(),
        };
        Row { id: Some(rec.id), name: name_of(self.visitor, rec), calendar, bars, loads }
    }

    fn bar<'r>(&self, rec: &'r Rec, read: &'r Read) -> Option<Bar<'r>> {
        let from = rec.date(&self.start.name)?;
        let until = self.end.as_ref().and_then(|end| rec.date(&end.name)).unwrap_or(from);
        let place = self.window.place(from, until)?;
        let by = self.model.owner.as_ref().map(|owner| owner.by.as_str());
        let document = match by {
            Some(by) => read.documents.get(&rec.link::<()>(by)?.any())?,
            None => rec,
        };
        let own = self.called(rec);
        let text = match by {
            Some(_) => format!("{own} · {}", name_of(self.visitor, document)),
            None => own,
        };
        Some(Bar { rec, from, until: until.max(from), place, text, document })
    }

    fn called(&self, rec: &Rec) -> String {
        let title = self.title.as_ref();
        let named = title.and_then(|field| match (&field.kind, rec.get(&field.name)) {
            (Kind::Link { .. }, _) => rec.title_of(&field.name).map(str::to_owned),
            (_, Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        });
        named.unwrap_or_else(|| name_of(self.visitor, rec))
    }

    fn row(&self, row: &Row<'_>, read: &Read) -> Markup {
        let spans: Vec<(usize, usize)> = row.bars.iter().map(|bar| bar.place).collect();
        let mut lanes = lanes(&spans);
        if lanes.is_empty() {
            lanes.push(Vec::new());
        }
        let over = row.loads.iter().filter(|load| load.is_over()).count();
        let height = lanes.len() + usize::from(!row.loads.is_empty());
        html! {
            tbody data-row=[row.id] .none[row.id.is_none()] {
                @for (n, lane) in lanes.iter().enumerate() { tr {
                    @if n == 0 {
                        th.who scope="rowgroup" rowspan=(height) {
                            @match row.id {
                                Some(id) => { a href={ "/" (self.row_model.name) "/" (id) } { (row.name) } },
                                None => { (row.name) },
                            }
                            @if over > 0 {
                                span.over { (self.visitor.words.say_of("planner-over", &[("count", Arg::Count(over))])) }
                            }
                        }
                    }
                    (self.lane(row, lane, read))
                } }
                @if !row.loads.is_empty() {
                    tr.load { @for (load, column) in row.loads.iter().zip(&self.window.columns) { (self.load(*load, is_off(row.calendar, *column))) } }
                }
            }
        }
    }

    /// Empty days, and bars over the days that they take.
    fn lane(&self, row: &Row<'_>, lane: &[usize], read: &Read) -> Markup {
        let mut cells = Vec::new();
        let mut at = 0;
        for bar in lane.iter().map(|n| &row.bars[*n]) {
            cells.push(self.empty(row, at..bar.place.0));
            cells.push(self.cell(bar, row.id, read));
            at = bar.place.1 + 1;
        }
        cells.push(self.empty(row, at..self.window.columns.len()));
        html! { @for cell in &cells { (cell) } }
    }

    fn empty(&self, row: &Row<'_>, places: std::ops::Range<usize>) -> Markup {
        let columns = self.window.columns.get(places).unwrap_or_default();
        html! {
            @for (first, last) in columns {
                td .unworked[is_off(row.calendar, (*first, *last))] .today[*first <= self.today && self.today <= *last] {}
            }
        }
    }

    fn cell(&self, bar: &Bar<'_>, row: Option<AnyId>, read: &Read) -> Markup {
        let words = &self.visitor.words;
        let document = bar.document;
        let movable = read.movable.contains(&document.id) && self.changes(&self.start);
        let state = document.state().map(|state| {
            let field = document.model.field("state");
            let named = field.map(|field| label(self.visitor, &document.model.name, field, state));
            named.unwrap_or_default()
        });
        let days = match bar.from == bar.until {
            true => words.locale.date(bar.from),
            false => format!("{} – {}", words.locale.date(bar.from), words.locale.date(bar.until)),
        };
        let said: Vec<String> =
            [Some(bar.text.clone()), Some(days), state].into_iter().flatten().collect();
        let said = said.join(", ");
        let id = bar.rec.id.to_string();
        html! {
            td.held colspan=(bar.place.1 - bar.place.0 + 1) {
                div.span {
                    a.bar data-tone=(document.state().map_or("busy", tone))
                        href={ "/" (document.model.name) "/" (document.id) } draggable="false"
                        title=(said) aria-label=(said) data-id=(id) data-version=(document.version)
                        data-start=(bar.from) data-end=(bar.until) data-row=[row]
                        data-move=[movable.then_some(if self.changes(&self.rows) { "both" } else { "days" })]
                        .before[bar.from < self.window.from] .goes-on[bar.until > self.window.until] { (bar.text) }
                    @if movable {
                        a.shift href=(self.address(&[("move", &id)])) aria-label={ (words.say("planner-move")) ": " (said) } { "↔" }
                    }
                }
            }
        }
    }

    fn load(&self, load: Load, off: bool) -> Markup {
        let words = &self.visitor.words;
        let short = |number: Decimal| words.locale.decimal(round(number, 1, Rounding::HalfUp), 0);
        let (own, most) = (short(load.load), short(load.most));
        let said =
            words.say_of("planner-load", &[("load", Arg::Text(&own)), ("most", Arg::Text(&most))]);
        html! {
            td .unworked[off] .over[load.is_over()] title=[(!load.load.is_zero()).then_some(&*said)] {
                @if !load.load.is_zero() {
                    span.n aria-hidden="true" { (own) }
                    span.away { (said) @if load.is_over() { ", " (words.say("planner-over-one")) } }
                }
            }
        }
    }

    /// How many there are on a day, in all rows that are shown.
    fn counts(&self, rows: &[Row<'_>]) -> Markup {
        let mut counts = vec![0_usize; self.window.columns.len()];
        for bar in rows.iter().flat_map(|row| &row.bars) {
            counts[bar.place.0..=bar.place.1].iter_mut().for_each(|count| *count += 1);
        }
        html! {
            tfoot { tr {
                th.who scope="row" { (self.visitor.words.say("planner-count")) }
                @for count in counts { td { @if count > 0 { span.n { (count) } } } }
            } }
        }
    }

    /// More rows.
    pub(super) fn next(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        html! {
            @if let Some(next) = &read.rows.next {
                p.next { a.button href=(self.address(&[("after", next)])) { (words.say("planner-next")) } }
            }
            @if self.after.is_some() {
                p.next { a.button href=(self.address(&[("after", "")])) { (words.say("planner-first")) } }
            }
        }
    }

    /// The way to move a bar without scripts, and by touch.
    pub(super) fn mover(&self, read: &Read, id: AnyId) -> Markup {
        let words = &self.visitor.words;
        let found = read.bars.iter().find(|rec| rec.id == id).and_then(|rec| self.bar(rec, read));
        let found = found.filter(|bar| read.movable.contains(&bar.document.id));
        let Some(bar) = found else {
            return html! { p.note { (words.say("planner-fixed")) } };
        };
        let row = bar.rec.link::<()>(&self.rows.name).map(|row| row.any());
        let end = self.end.as_ref().filter(|end| self.changes(end));
        html! {
            form.panel.asking.inline.mover method="post" action={ "/do/plan/" (self.model.name) } {
                input type="hidden" name="id" value=(id);
                input type="hidden" name="version" value=(bar.document.version);
                input type="hidden" name="back" value=(self.address(&[]));
                h2 { (words.say("planner-move")) ": " (bar.text) }
                div.asked { label for="m-start" { (words.field(&self.model.name, &self.start)) }
                    input type="date" id="m-start" name="start" value=(bar.from) required autofocus; }
                @if let Some(end) = end {
                    div.asked { label for="m-end" { (words.field(&self.model.name, end)) }
                        input type="date" id="m-end" name="end" value=(bar.until); }
                }
                @if self.changes(&self.rows) { (self.places(read, row)) }
                p.deeds {
                    button.primary { (words.say("planner-move")) }
                    a.button href=(self.address(&[])) { (words.say("cancel")) }
                }
            }
        }
    }

    /// The rows that a bar could go to.
    fn places(&self, read: &Read, now: Option<AnyId>) -> Markup {
        let words = &self.visitor.words;
        html! {
            div.asked {
                label for="m-row" { (words.field(&self.model.name, &self.rows)) }
                select id="m-row" name="row" {
                    @if !self.rows.required { option value="" selected[now.is_none()] { (words.say("planner-none")) } }
                    @for rec in &read.rows.rows {
                        option value=(rec.id) selected[now == Some(rec.id)] { (name_of(self.visitor, rec)) }
                    }
                }
            }
        }
    }
}
