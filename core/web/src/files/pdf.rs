//! A report on paper: the company's head, what was asked, the table with its headings on each page.
//! Drawn as a document of one table (`fondaco-documents`).

use std::collections::HashMap;

use fondaco_documents::{self as documents, Cell, Data, Own, Row, Words};
use fondaco_kernel::Error;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::reports::{Answer, Names};
use fondaco_kernel::schema::template::{Block, Column, Fact, Page, Shows, Table, Template};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{Timestamp, Value};

use super::reports::heading;
use crate::App;
use crate::pages::report::as_model;
use crate::sheet::{Rank, Sheet, figure};
use crate::visitor::Visitor;
use crate::words::Words as Said;

/// Columns that a sheet has room for when it stands upright.
const UPRIGHT_COLUMNS: usize = 5;
/// From so many on the letters are smaller.
const MANY_COLUMNS: usize = 9;
/// The longest text, in letters, that decides how wide its column is.
const SHORT: usize = 26;
/// A letter's width and what stands around a cell, in thousandths of a millimetre.
const LETTER: i64 = 1_750;
const AROUND: i64 = 5_000;
/// The field of the one table.
const ROWS: &str = "rows";

/// Everything that is drawn, apart from any transaction.
pub(super) struct Paper {
    template: Template,
    data: Data,
    words: Said,
}

impl Paper {
    pub(super) async fn of(
        app: &App,
        visitor: &Visitor,
        answer: &Answer,
        names: &Names,
        sheet: &Sheet,
    ) -> Result<Paper, Error> {
        let (company, now) = company(app, visitor).await?;
        let facts = facts(visitor, answer, names);
        let (labels, texts): (Vec<String>, Vec<String>) = facts.into_iter().unzip();
        let template = template(visitor, answer, sheet, labels);
        let mut values: HashMap<String, String> =
            texts.into_iter().enumerate().map(|(at, text)| (format!("asked.{at}"), text)).collect();
        values.insert("company.name".to_owned(), company);
        let data = Data {
            language: visitor.words.language().to_owned(),
            locale: visitor.words.locale,
            exponent: visitor.exponent(),
            currency: visitor.currency().to_owned(),
            values,
            address: Vec::new(),
            lines: HashMap::from([(ROWS.to_owned(), rows(sheet))]),
            logo: None,
            draft: false,
            printed_at: now,
        };
        Ok(Paper { template, data, words: visitor.words.clone() })
    }

    pub(super) fn print(&self, app: &App) -> Result<Vec<u8>, Error> {
        match documents::print(&self.template, &self.data, &Speaker(&self.words), app.fonts()) {
            Ok(printed) => Ok(printed.pdf),
            Err(none @ documents::Error::NoFonts) => {
                let message = format!("It cannot be printed: {none}.");
                Err(Error::problem("document", "no_fonts", message))
            }
            Err(other) => Err(Error::Internal(other.to_string())),
        }
    }
}

async fn company(app: &App, visitor: &Visitor) -> Result<(String, Timestamp), Error> {
    let id = visitor.ctx.company().any();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        Box::pin(async move {
            let select = Select { fields: vec!["name".to_owned()], expand: Vec::new() };
            let found = records::get_many(tx, "company", &[id], &select).await?.pop();
            Ok((found.map(|company| company.title()).unwrap_or_default(), tx.now()))
        })
    });
    work.await
}

/// What was asked, as one reads it: label and value.
fn facts(visitor: &Visitor, answer: &Answer, names: &Names) -> Vec<(String, String)> {
    let model = as_model(&answer.report);
    let words = &visitor.words;
    let said = |field: &Field, value: &Value| match (&field.kind, value) {
        (Kind::Link { to }, Value::Link(id)) => {
            names.get(&(to.clone(), *id)).cloned().unwrap_or_else(|| format!("#{id}"))
        }
        (Kind::Choice { .. }, Value::Text(text)) => {
            crate::widgets::label(visitor, &model.name, field, text)
        }
        (kind, value) => figure(visitor, kind, value),
    };
    let mut facts: Vec<(String, String)> = Vec::new();
    for field in model.fields.values() {
        if let Some(value) = answer.params.get(&field.name) {
            facts.push((words.field(&model.name, field).into_owned(), said(field, value)));
        }
    }
    if let (Some(before), Some(comparison)) = (&answer.before, &answer.report.compare) {
        let days = comparison.dates.iter().filter_map(|name| before.date(name));
        let days: Vec<String> = days.map(|day| words.locale.date(day)).collect();
        facts.push((words.say("report-against").into_owned(), days.join(" – ")));
    }
    facts.push((words.say("report-currency").into_owned(), visitor.currency().to_owned()));
    facts
}

fn template(visitor: &Visitor, answer: &Answer, sheet: &Sheet, labels: Vec<String>) -> Template {
    let fact =
        |(at, label)| Fact { label: Some(label), value: format!("asked.{at}"), ..Fact::default() };
    let asked = labels.into_iter().enumerate().map(fact).collect();
    let own = Fact { value: "company.name".to_owned(), ..Fact::default() };
    let mut page = Page::default();
    if sheet.heads.len() > UPRIGHT_COLUMNS {
        page.size.reverse();
    }
    page.font_size = if sheet.heads.len() >= MANY_COLUMNS { 7_000 } else { 8_500 };
    Template {
        name: answer.report.name.clone(),
        label: visitor.words.report(&answer.report).into_owned(),
        page,
        letterhead: vec![own],
        blocks: vec![
            Block::Facts { title: None, rows: asked },
            Block::Table(Table {
                title: None,
                lines: ROWS.to_owned(),
                columns: columns(visitor, sheet),
            }),
        ],
        ..Template::default()
    }
}

fn columns(visitor: &Visitor, sheet: &Sheet) -> Vec<Column> {
    let longest = |at: usize| {
        let cells = sheet.lines.iter().filter(|line| line.rank != Rank::Group);
        let cells = cells.filter_map(|line| line.cells.get(at));
        cells.map(|cell| cell.text.chars().count()).max().unwrap_or_default()
    };
    let texts = (0..sheet.heads.len()).filter(|at| !sheet.heads[*at].is_figure());
    let widest = texts.max_by_key(|at| longest(*at));
    let width = |at: usize| {
        // The longest text takes what is left.
        let short = Some(at) != widest && longest(at) <= SHORT;
        short.then(|| i64::try_from(longest(at)).unwrap_or_default() * LETTER + AROUND)
    };
    let column = |(at, head): (usize, &crate::sheet::Head)| Column {
        label: heading(visitor, head),
        shows: Shows::Value(path(at)),
        width: if head.is_figure() { None } else { width(at) },
        ..Column::default()
    };
    sheet.heads.iter().enumerate().map(column).collect()
}

fn path(at: usize) -> String {
    format!("c{at}")
}

fn rows(sheet: &Sheet) -> Vec<Row> {
    let row = |cells: &[crate::sheet::Cell], indent: u8, strong: bool| -> Row {
        let all = cells.iter().zip(&sheet.heads).enumerate();
        all.map(|(at, (cell, head))| {
            let step = if at == 0 { "\u{2003}".repeat(usize::from(indent)) } else { String::new() };
            let cell = Cell {
                text: format!("{step}{}", cell.text),
                figure: head.is_figure(),
                blank: cell.text.is_empty(),
                strong,
                amount: None,
            };
            (path(at), cell)
        })
        .collect()
    };
    let lines =
        sheet.lines.iter().map(|line| row(&line.cells, line.indent, line.rank != Rank::Row));
    lines.chain(sheet.totals.iter().map(|totals| row(totals, 0, true))).collect()
}

/// Everything has been said in the reader's language already.
struct Speaker<'w>(&'w Said);

impl Words for Speaker<'_> {
    fn say(&self, english: &str) -> String {
        english.to_owned()
    }

    fn own(&self, word: Own) -> String {
        let words = self.0;
        match word {
            Own::Page { page, pages } => {
                let args = [("page", Arg::Count(page)), ("pages", Arg::Count(pages))];
                words.say_of("printed-page", &args).into_owned()
            }
            Own::CarriedForward => words.say("printed-carried").into_owned(),
            Own::BroughtForward => words.say("printed-brought").into_owned(),
            Own::Draft => words.say("printed-draft").into_owned(),
        }
    }
}
