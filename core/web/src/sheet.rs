//! A table of figures as somebody reads it, whatever becomes of it: a page, a file, a sheet of paper.
//! Each cell has its text in the reader's language, its exact value, and what it opens.
//! Not here: how it looks (`pages/report`), how it is written to files (`files`).

use fondaco_kernel::permissions;
use fondaco_kernel::reports::{Answer, Part, Shown};
use fondaco_kernel::schema::{Kind, Opens, Report};
use fondaco_kernel::values::{AnyId, Value};

use crate::address::query;
use crate::pages::menu::is_open;
use crate::visitor::Visitor;
use crate::widgets::held;

/// Headings, rows, and the last row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) heads: Vec<Head>,
    pub(crate) lines: Vec<Line>,
    pub(crate) totals: Option<Vec<Cell>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) part: Part,
}

/// A row, and what it is among the others.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) rank: Rank,
    /// How far in its first cell stands.
    pub(crate) indent: u8,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// What the rows below it have in common; its only cell is the first.
    Group,
    Row,
    /// A sum of the rows above.
    Sum,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) value: Value,
    pub(crate) href: Option<String>,
}

impl Head {
    /// Whether it stands at the right of its column.
    pub(crate) fn is_figure(&self) -> bool {
        self.kind.is_number()
    }
}

/// How deep rows are shown to be.
const INDENT_MAX: i64 = 8;

impl Sheet {
    pub(crate) fn of(visitor: &Visitor, answer: &Answer) -> Sheet {
        let report = &answer.report;
        let is_shown = |(_, shown): &(usize, &Shown)| {
            !shown.column.hidden && report.group.as_ref() != Some(&shown.column.name)
        };
        let columns: Vec<(usize, &Shown)> =
            answer.columns.iter().enumerate().filter(is_shown).collect();
        let place = |name: &Option<String>| {
            let name = name.as_ref()?;
            answer.columns.iter().position(|shown| shown.column.name == *name)
        };
        let writer = Writer { visitor, answer };
        let cells = |row: &[Value]| {
            let cell = |(at, shown): &(usize, &Shown)| writer.cell(shown, row, *at);
            columns.iter().map(cell).collect::<Vec<Cell>>()
        };
        let (group, indent, sums) =
            (place(&report.group), place(&report.indent), place(&report.sums_without));
        let mut lines = Vec::with_capacity(answer.table.rows.len());
        let mut above: Option<&Value> = None;
        for row in &answer.table.rows {
            if let Some(at) = group
                && above != row.get(at)
            {
                above = row.get(at);
                lines.extend(writer.group(at, row));
            }
            let is_sum = sums.is_some_and(|at| row.get(at).is_none_or(Value::is_null));
            let depth = indent.and_then(|at| row.get(at)).and_then(Value::as_int).unwrap_or(0);
            let indent = u8::try_from(depth.clamp(0, INDENT_MAX)).unwrap_or(0);
            let rank = if is_sum { Rank::Sum } else { Rank::Row };
            lines.push(Line { rank, indent, cells: cells(row) });
        }
        let heads = columns.iter().map(|(_, shown)| head(visitor, report, shown)).collect();
        let totals = &answer.table.totals;
        let totals = (!totals.is_empty()).then(|| cells(totals));
        Sheet { heads, lines, totals }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

fn head(visitor: &Visitor, report: &Report, shown: &Shown) -> Head {
    let column = &shown.column;
    let (words, own) = (&visitor.words, column.name.as_str());
    let name = match shown.part {
        Part::Now => own,
        Part::Before => own.strip_suffix("_before").unwrap_or(own),
        Part::Change => own.strip_suffix("_change").unwrap_or(own),
    };
    let label = words.column(&report.name, name, &column.label).into_owned();
    Head { name: own.to_owned(), label, kind: column.kind.clone(), part: shown.part }
}

struct Writer<'a> {
    visitor: &'a Visitor,
    answer: &'a Answer,
}

impl Writer<'_> {
    fn group(&self, at: usize, row: &[Value]) -> Option<Line> {
        let cell = self.cell(&self.answer.columns[at], row, at);
        let said = !cell.text.is_empty();
        said.then(|| Line { rank: Rank::Group, indent: 0, cells: vec![cell] })
    }

    fn cell(&self, shown: &Shown, row: &[Value], at: usize) -> Cell {
        let value = row.get(at).cloned().unwrap_or_default();
        let text = self.text(shown, &value);
        let leads = shown.part == Part::Now && !text.is_empty();
        let href = if leads { self.opens(shown, &value, row) } else { None };
        Cell { text, value, href }
    }

    fn text(&self, shown: &Shown, value: &Value) -> String {
        let (column, words) = (&shown.column, &self.visitor.words);
        let report = &self.answer.report;
        match (&column.kind, value) {
            (_, Value::Null) => String::new(),
            (Kind::Link { to }, Value::Link(id)) => self.name(to, *id),
            (Kind::Choice { values }, Value::Text(text)) => {
                let english = values.iter().find(|choice| choice.value == *text);
                let english = english.map_or(text.as_str(), |choice| choice.label.as_str());
                let (of, name) = (format!("report.{}", report.name), &column.name);
                words.choice(&of, &format!("column-{name}"), text, english).into_owned()
            }
            (_, Value::Text(text)) => self.words(shown, text),
            (Kind::Integer, Value::Int(number)) if is_name(shown) => number.to_string(),
            (kind, value) => figure(self.visitor, kind, value),
        }
    }

    /// A text: that of a choice, the name of a model, or what the report says.
    fn words(&self, shown: &Shown, text: &str) -> String {
        let (visitor, report) = (self.visitor, &self.answer.report);
        if let Some([model, field]) = &shown.column.values_of {
            let found = visitor.schema().model(model).and_then(|model| model.field(field));
            return found.map_or_else(
                || text.to_owned(),
                |found| crate::widgets::label(visitor, model, found, text),
            );
        }
        let names_models = report.columns.iter().any(|column| {
            matches!(&column.opens, Some(Opens::Document { model, .. }) if *model == shown.column.name)
        });
        match visitor.schema().model(text).filter(|_| names_models) {
            Some(model) => visitor.words.model(model).into_owned(),
            None => visitor.words.in_report(report, text).into_owned(),
        }
    }

    /// Without a name it is what the reader may not see.
    fn name(&self, model: &str, id: AnyId) -> String {
        let found = self.answer.names.get(&(model.to_owned(), id));
        found.map_or_else(|| format!("#{id}"), String::clone)
    }

    fn opens(&self, shown: &Shown, value: &Value, row: &[Value]) -> Option<String> {
        let report = &self.answer.report;
        let found = match &shown.column.opens {
            None => None,
            Some(Opens::Entry(column)) => {
                let entry = self.cell_of(row, column)?.as_int()?;
                let journal = self.visitor.schema().model("journal")?;
                is_open(self.visitor, journal).then(|| format!("/entry/{entry}"))
            }
            Some(Opens::Record(column)) => {
                let id = self.cell_of(row, column)?.as_link()?;
                self.record(report.column(column)?.kind.target()?, id)
            }
            Some(Opens::Document { model, id }) => {
                let model = self.cell_of(row, model)?.as_text()?;
                let id = match self.cell_of(row, id)? {
                    Value::Int(id) => AnyId::new(*id),
                    other => other.as_text()?.parse().ok()?,
                };
                self.record(model, id)
            }
            Some(Opens::Report { report, with }) => self.report(report, with.iter(), row),
        };
        found.or_else(|| {
            let (to, id) = (shown.column.kind.target()?, value.as_link()?);
            let is_named = self.answer.names.contains_key(&(to.to_owned(), id));
            if is_named { self.record(to, id) } else { None }
        })
    }

    fn record(&self, model: &str, id: AnyId) -> Option<String> {
        let found = self.visitor.schema().model(model)?;
        is_open(self.visitor, found).then(|| format!("/{model}/{id}"))
    }

    /// The other report, if the reader may run it and this row says all that it asks for.
    fn report<'w>(
        &self,
        name: &str,
        with: impl Iterator<Item = (&'w String, &'w String)>,
        row: &[Value],
    ) -> Option<String> {
        let target = self.visitor.schema().reports.get(name)?;
        if !permissions::may_run_report(&self.visitor.ctx, target) {
            return None;
        }
        let mut pairs: Vec<(&str, String)> = Vec::new();
        for (param, from) in with {
            let wanted = target.params.get(param)?;
            let own = self.cell_of(row, from).or_else(|| self.answer.params.get(from));
            match own {
                Some(value) => pairs.push((param, held(&wanted.kind, value))),
                None if self.answer.report.column(from).is_some() => return None,
                None => {}
            }
        }
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        Some(format!("/report/{name}?{}", query(pairs)))
    }

    fn cell_of<'r>(&self, row: &'r [Value], name: &str) -> Option<&'r Value> {
        let at = self.answer.columns.iter().position(|shown| shown.column.name == name)?;
        row.get(at).filter(|value| !value.is_null())
    }
}

/// Numbers that name something are no amounts.
fn is_name(shown: &Shown) -> bool {
    let name = &shown.column.name;
    matches!(shown.column.opens, Some(Opens::Entry(_))) || name.ends_with("_id")
}

/// A value that needs no names, as the reader's language writes it.
pub(crate) fn figure(visitor: &Visitor, kind: &Kind, value: &Value) -> String {
    let locale = &visitor.words.locale;
    let number = value.as_decimal();
    match (kind, value, number) {
        (_, Value::Null, _) => String::new(),
        (Kind::Money, _, Some(amount)) => locale.money(amount, visitor.exponent()),
        (Kind::Percent, _, Some(share)) => locale.percent(share),
        (Kind::Decimal { .. }, _, Some(number)) => locale.decimal(number, 0),
        (Kind::Duration, Value::Int(seconds), _) => locale.duration(*seconds),
        (_, Value::Int(number), _) => locale.int(*number),
        (_, Value::Date(date), _) => locale.date(*date),
        (_, Value::Time(time), _) => locale.time(*time),
        (_, Value::Bool(yes), _) => visitor.words.say(if *yes { "yes" } else { "no" }).into_owned(),
        (kind, value, _) => held(kind, value),
    }
}
